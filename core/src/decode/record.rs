//! Builds rows from what the decoder finds: flow groups, records, filters and fingerprints.
//!
//! Keys come in any order, so a row may stand before its rule, ACL or NIC is known. It then points to a group whose
//! fields are set when the object around it closes; a filter that hangs on them is decided at the end of the record.
//! Tuples become rows in `rows.rs`.

use super::addresses::AddressMemo;
use super::fingerprint::Fingerprint;
use super::options::DecodeOptions;
use super::rows::RowBlock;
use super::structure::{Key, Kind};
use super::text::normalised_mac;
use crate::batch::{Batch, Group, Record};
use crate::blob_path::BlobPath;
use crate::filter::{Context, Evaluator, Filter, Known};
use crate::issue::{Issue, IssueKind, IssueLog};
use crate::time::parse_time_ms;
use std::collections::VecDeque;

/// Rows, groups and records under construction.
#[derive(Debug)]
pub(super) struct RecordBuilder {
    pub(super) options: DecodeOptions,
    pub(super) ready: VecDeque<Batch>,
    pub(super) issues: IssueLog,
    pub(super) evaluator: Option<Evaluator>,
    pub(super) batch: Batch,
    /// The last rows, not in the batch yet.
    pub(super) rows: Box<RowBlock>,
    pub(super) memo: AddressMemo,
    pub(super) source: String,
    pub(super) path: BlobPath,
    pub(super) envelopes: Vec<Envelope>,
    /// Fields of the `flows` entry that is being read.
    pub(super) flow: FlowEntry,
    /// Fields of the group of tuples that is being read.
    pub(super) group: GroupEntry,
    /// Flow records of this source so far.
    pub(super) records: u64,
    /// Records of this source that are no flow records: how many, and the first one's place and category.
    pub(super) foreign: u64,
    pub(super) first_foreign: Option<(u64, Option<String>)>,
}

/// An object that is a wrapper or a record.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) offset: u64,
    pub(super) is_wrapper: bool,
    pub(super) time_ms: Option<i64>,
    pub(super) time_text: Option<String>,
    pub(super) mac: Option<String>,
    pub(super) flow_log_guid: Option<String>,
    pub(super) flow_log_resource_id: Option<String>,
    pub(super) resource_id: Option<String>,
    pub(super) target_resource_id: Option<String>,
    pub(super) category: Option<String>,
    /// Set once the object turned out to hold flows.
    pub(super) flows: Option<FlowRecord>,
}

/// A record's place in the batch.
#[derive(Debug)]
pub(super) struct FlowRecord {
    pub(super) is_nsg: bool,
    pub(super) number: u64,
    pub(super) index: u32,
    pub(super) first_row: usize,
    pub(super) first_group: usize,
    pub(super) tuples: u64,
    pub(super) body: Fingerprint,
    /// True where rows were kept although the filter could not decide yet.
    pub(super) is_undecided: bool,
}

#[derive(Debug, Default)]
pub(super) struct FlowEntry {
    pub(super) first_group: usize,
    /// The ACL (VNet) or the rule (NSG).
    pub(super) text: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct GroupEntry {
    pub(super) index: u32,
    /// The rule (VNet) or the NIC (NSG).
    pub(super) text: Option<u32>,
    /// Whether tuples of this group are kept, as far as the NIC says.
    pub(super) mac_verdict: Option<bool>,
    /// True where every tuple of this group is kept, whatever it says.
    pub(super) keeps_all: bool,
}

impl RecordBuilder {
    pub(super) fn new(mut options: DecodeOptions) -> RecordBuilder {
        // A filter on offsets may have to be decided at the end of a record.
        options.offsets |= options.filter.as_ref().is_some_and(|filter| filter.columns().contains(&"offset"));
        RecordBuilder {
            evaluator: options.filter.as_ref().map(Filter::evaluator),
            options,
            ready: VecDeque::new(),
            issues: IssueLog::default(),
            batch: Batch::default(),
            rows: Box::default(),
            memo: AddressMemo::default(),
            source: String::new(),
            path: BlobPath::default(),
            envelopes: Vec::new(),
            flow: FlowEntry::default(),
            group: GroupEntry::default(),
            records: 0,
            foreign: 0,
            first_foreign: None,
        }
    }

    pub(super) fn start_source(&mut self, source: &str) {
        source.clone_into(&mut self.source);
        self.path = BlobPath::parse(source);
        self.envelopes.clear();
        self.records = 0;
        self.foreign = 0;
        self.first_foreign = None;
    }

    /// Says so where the source holds records but no flows.
    pub(super) fn finish_source(&mut self) {
        let Some((offset, category)) = self.first_foreign.take() else { return };
        let records =
            if self.foreign == 1 { "1 record".to_owned() } else { format!("{} records", self.foreign) };
        let category = category.map_or_else(String::new, |category| format!(" of category `{category}`"));
        let verdict = match (self.records, self.foreign) {
            (0, _) => ": this is no flow log",
            (_, 1) => " was skipped",
            _ => " were skipped",
        };
        self.issues.add(Issue {
            source: self.source.clone(),
            offset,
            record: None,
            tuple: None,
            kind: IssueKind::NotFlowLog,
            message: format!("{records}{category} without flow tuples{verdict}"),
            skipped: Some(0),
            count: 1,
        });
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Number of the record that is being read.
    pub(super) fn record_number(&self) -> u64 {
        let open = self.envelopes.iter().rev().find_map(|envelope| envelope.flows.as_ref());
        open.map_or(self.records, |record| record.number)
    }

    /// Tuples so far of the record that is being read, readable or not.
    pub(super) fn tuples_of_open_record(&self) -> u64 {
        let open = self.envelopes.last().and_then(|envelope| envelope.flows.as_ref());
        open.map_or(0, |record| record.tuples)
    }

    pub(super) fn in_wrapper(&self) -> bool {
        self.envelopes.last().is_some_and(|envelope| envelope.is_wrapper)
    }

    /// A container of that kind opens.
    pub(super) fn open(&mut self, kind: Kind, offset: u64) {
        match kind {
            Kind::Envelope => {
                if let Some(parent) = self.envelopes.last_mut() {
                    parent.is_wrapper = true;
                }
                self.envelopes.push(Envelope { offset, ..Envelope::default() });
            }
            Kind::Records => {
                if let Some(parent) = self.envelopes.last_mut() {
                    parent.is_wrapper = true;
                }
            }
            Kind::FlowRecords => self.begin_record(false),
            Kind::NsgFlows => self.begin_record(true),
            Kind::VnetFlow | Kind::NsgRule => {
                self.flow = FlowEntry { first_group: self.batch.groups.len(), text: None };
            }
            Kind::FlowGroup | Kind::NsgMac => self.begin_group(),
            Kind::Tuples => self.prepare_filter(),
            Kind::VnetFlows | Kind::FlowGroups | Kind::Properties | Kind::NsgMacs => {}
        }
    }

    /// A container of that kind closes; not `is_whole` where the input was cut off or damaged inside of it.
    pub(super) fn close(&mut self, kind: Kind, is_whole: bool) {
        match kind {
            Kind::Envelope => {
                self.settle_rows();
                self.close_envelope(is_whole);
            }
            Kind::VnetFlow => {
                let acl_id = self.flow.text;
                self.fingerprint_text(acl_id);
                self.for_groups(self.flow.first_group, |group| group.acl_id = acl_id);
            }
            Kind::NsgRule => {
                let rule = self.flow.text;
                self.fingerprint_text(rule);
                self.for_groups(self.flow.first_group, |group| group.rule = rule);
            }
            Kind::FlowGroup | Kind::NsgMac => {
                let text = self.group.text;
                self.fingerprint_text(text);
                if let Some(group) = self.batch.groups.get_mut(self.group.index as usize) {
                    if kind == Kind::FlowGroup { group.rule = text } else { group.mac = text }
                }
            }
            _ => {}
        }
    }

    /// Takes the string value of a key; `false` where it should have been a time and is none.
    pub(super) fn set_text(&mut self, kind: Kind, key: Key, text: &str) -> bool {
        match (kind, key) {
            (Kind::VnetFlow, Key::Acl) | (Kind::NsgRule, Key::Rule) => {
                self.flow.text = Some(self.batch.texts.intern(text));
            }
            (Kind::FlowGroup, Key::Rule) => self.group.text = Some(self.batch.texts.intern(text)),
            (Kind::NsgMac, Key::Mac) => {
                self.group.text = Some(self.batch.texts.intern(&normalised_mac(text)));
            }
            (Kind::Envelope, key) => {
                let Some(envelope) = self.envelopes.last_mut() else { return true };
                let field = match key {
                    Key::Time => {
                        envelope.time_ms = parse_time_ms(text);
                        envelope.time_text = Some(text.to_owned());
                        return envelope.time_ms.is_some();
                    }
                    Key::Mac => {
                        envelope.mac = Some(normalised_mac(text));
                        return true;
                    }
                    Key::FlowLogGuid => &mut envelope.flow_log_guid,
                    Key::FlowLogResource => &mut envelope.flow_log_resource_id,
                    Key::Resource => &mut envelope.resource_id,
                    Key::TargetResource => &mut envelope.target_resource_id,
                    Key::Category => &mut envelope.category,
                    _ => return true,
                };
                *field = Some(text.to_owned());
            }
            _ => {}
        }
        true
    }

    /// Makes the rows so far a batch of their own. Not inside a record: its rows would lack what comes behind them.
    pub(super) fn flush(&mut self) {
        self.settle_rows();
        let is_open = self.envelopes.iter().any(|envelope| envelope.flows.is_some());
        if !is_open && !self.batch.records.is_empty() {
            self.ready.push_back(core::mem::take(&mut self.batch));
        }
    }

    fn begin_record(&mut self, is_nsg: bool) {
        self.settle_rows();
        let number = self.records;
        let Some(envelope) = self.envelopes.last_mut() else { return };
        if envelope.flows.is_some() {
            return;
        }
        if self.batch.time_ms.capacity() == 0 {
            // Once for the whole batch: growing by doubling would copy every column several times.
            self.batch.reserve(self.options.batch_rows.saturating_add(self.options.batch_rows / 8));
        }
        self.records += 1;
        envelope.flows = Some(FlowRecord {
            is_nsg,
            number,
            index: self.batch.records.len() as u32,
            first_row: self.batch.len(),
            first_group: self.batch.groups.len(),
            tuples: 0,
            body: Fingerprint::default(),
            is_undecided: false,
        });
        self.batch.records.push(Record {
            time_ms: None,
            mac: None,
            target_resource_id: None,
            flow_log_resource_id: None,
            source: self.batch.texts.intern(&self.source),
            number,
            offset: envelope.offset,
            identity: 0,
        });
    }

    fn begin_group(&mut self) {
        let Some(record) = self.envelopes.last().and_then(|envelope| envelope.flows.as_ref()) else { return };
        self.group = GroupEntry { index: self.batch.groups.len() as u32, ..GroupEntry::default() };
        self.batch.groups.push(Group {
            record: record.index,
            rule: None,
            acl_id: None,
            mac: None,
            rule_origin: None,
        });
    }

    /// Tells the filter what is known of the group before its tuples come.
    fn prepare_filter(&mut self) {
        let Some(envelope) = self.envelopes.last() else { return };
        let is_nsg = envelope.flows.as_ref().is_some_and(|record| record.is_nsg);
        let known =
            |code: Option<u32>| code.map_or(Known::Unknown, |code| Known::Value(self.batch.texts.get(code)));
        // An NSG's own NIC field wins over the record's, and may still follow.
        let mac = if is_nsg { known(self.group.text) } else { known_text(&envelope.mac) };
        self.group.mac_verdict = match (&self.options.macs, mac) {
            (None, _) => Some(true),
            (Some(macs), Known::Value(mac)) => Some(macs.iter().any(|wanted| wanted == mac)),
            (Some(_), _) => None,
        };
        let has_bounds = self.options.start_ms.is_some() || self.options.end_ms.is_some();
        self.group.keeps_all =
            self.evaluator.is_none() && !has_bounds && self.group.mac_verdict == Some(true);
        let Some(evaluator) = &mut self.evaluator else { return };
        let context = if is_nsg {
            Context {
                rule: known(self.flow.text),
                acl_id: known_text(&envelope.resource_id),
                mac,
                target_resource_id: Known::Null,
                flow_log_resource_id: Known::Null,
                source: Known::Value(&self.source),
                record_time_ms: envelope.time_ms.map_or(Known::Unknown, Known::Value),
            }
        } else {
            Context {
                rule: known(self.group.text),
                acl_id: known(self.flow.text),
                mac,
                target_resource_id: known_text(&envelope.target_resource_id),
                flow_log_resource_id: known_text(&envelope.flow_log_resource_id),
                source: Known::Value(&self.source),
                record_time_ms: envelope.time_ms.map_or(Known::Unknown, Known::Value),
            }
        };
        evaluator.enter(&context);
    }

    fn fingerprint_text(&mut self, code: Option<u32>) {
        let Some(record) = self.envelopes.last_mut().and_then(|envelope| envelope.flows.as_mut()) else {
            return;
        };
        record.body.add(code.map_or("", |code| self.batch.texts.get(code)).as_bytes());
    }

    fn for_groups(&mut self, first: usize, set: impl Fn(&mut Group)) {
        self.batch.groups.iter_mut().skip(first).for_each(set);
    }
}

/// A key that was not seen yet may still come.
fn known_text(text: &Option<String>) -> Known<&str> {
    text.as_deref().map_or(Known::Unknown, Known::Value)
}
