//! The end of a record: its groups get what all of them share, and undecided rows are decided.

use super::record::{Envelope, FlowRecord, RecordBuilder};
use crate::filter::{Context, Verdict};
use crate::origin::RuleOrigin;

impl RecordBuilder {
    pub(super) fn close_envelope(&mut self, is_whole: bool) {
        let Some(envelope) = self.envelopes.pop() else { return };
        let Some(flows) = &envelope.flows else {
            if is_whole && !envelope.is_wrapper {
                self.foreign += 1;
                self.first_foreign.get_or_insert((envelope.offset, envelope.category));
            }
            return;
        };
        self.complete_record(&envelope, flows);
        if flows.is_undecided {
            self.decide(flows);
        }
        if self.batch.len() >= self.options.batch_rows {
            self.flush();
        }
    }

    /// Sets what all groups of a record share, now that all its keys were seen.
    fn complete_record(&mut self, envelope: &Envelope, flows: &FlowRecord) {
        let texts = &mut self.batch.texts;
        let mac = envelope.mac.as_ref().or(self.path.mac.as_ref()).map(|mac| texts.intern(mac));
        let mut intern = |stated: Option<&String>| stated.map(|text| texts.intern(text));
        let (acl_id, target_resource_id, flow_log_resource_id);
        if flows.is_nsg {
            acl_id = intern(envelope.resource_id.as_ref().or(self.path.nsg_resource_id.as_ref()));
            (target_resource_id, flow_log_resource_id) = (None, None);
        } else {
            acl_id = None;
            target_resource_id = intern(envelope.target_resource_id.as_ref());
            flow_log_resource_id = intern(
                envelope
                    .flow_log_resource_id
                    .as_ref()
                    .or(envelope.resource_id.as_ref())
                    .or(self.path.flow_log_resource_id.as_ref()),
            );
        }
        let identity = self.options.identities.then(|| {
            let mut body = flows.body;
            for field in [&envelope.time_text, &envelope.mac, &envelope.flow_log_guid] {
                body.add(field.as_deref().unwrap_or_default().as_bytes());
            }
            body.value()
        });
        if let Some(record) = self.batch.records.get_mut(flows.index as usize) {
            record.time_ms = envelope.time_ms;
            record.mac = mac;
            record.target_resource_id = target_resource_id;
            record.flow_log_resource_id = flow_log_resource_id;
            record.identity = identity.unwrap_or_default();
        }
        let (texts, groups) = (&self.batch.texts, &mut self.batch.groups);
        for group in groups.iter_mut().skip(flows.first_group).filter(|group| group.record == flows.index) {
            group.mac = group.mac.or(mac);
            group.acl_id = group.acl_id.or(acl_id);
            let text = |code: Option<u32>| code.map(|code| texts.get(code));
            group.rule_origin = RuleOrigin::of(text(group.rule), text(group.acl_id));
        }
    }

    /// Decides on the rows that were kept because the filter's answer hung on a key that came later.
    fn decide(&mut self, flows: &FlowRecord) {
        let mut keep = vec![true; self.batch.len().saturating_sub(flows.first_row)];
        let mut entered = None;
        for (row, keep) in (flows.first_row..).zip(&mut keep) {
            let Some((group, record)) = self.batch.place(row) else { continue };
            if group.record != flows.index {
                continue;
            }
            if let Some(macs) = &self.options.macs {
                let mac = self.batch.text(group.mac);
                *keep = mac.is_some_and(|mac| macs.iter().any(|wanted| wanted == mac));
            }
            let (true, Some(evaluator)) = (*keep, &mut self.evaluator) else { continue };
            if entered != self.batch.group.get(row).copied() {
                entered = self.batch.group.get(row).copied();
                evaluator.enter(&Context::of(&self.batch, group, record));
            }
            let Some(tuple) = self.batch.tuple(row) else { continue };
            let offset = self.batch.offset.get(row).copied().unwrap_or_default();
            *keep = evaluator.test(&tuple, offset) == Verdict::Keep;
        }
        let first_row = flows.first_row;
        self.batch.retain_from(first_row, |row| keep.get(row - first_row).copied().unwrap_or(false));
    }
}
