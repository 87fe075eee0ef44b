//! Under what a tuple was logged: the tuples of an allowed flow at one place mostly say the same of it, and a filter by such a
//! thing tears apart only those flows that do not.

use crate::batch::{Batch, Group};
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// The label of each flow group, the same number with every worker: rule, its resource, and the resources of the log.
pub(super) fn labels_of(batch: &Batch) -> Vec<u64> {
    let label = |group: &Group| {
        let record = batch.records.get(group.record as usize);
        let target = record.and_then(|record| record.target_resource_id);
        let flow_log = record.and_then(|record| record.flow_log_resource_id);
        let texts = [group.rule, group.acl_id, target, flow_log].map(|code| batch.text(code));
        FixedState::default().hash_one(texts)
    };
    batch.groups.iter().map(label).collect()
}

/// The label of a row: its group's, and its encryption.
#[inline]
pub(super) fn label_of(batch: &Batch, groups: &[u64], row: usize) -> u64 {
    let group = batch.group.get(row).and_then(|group| groups.get(*group as usize)).copied().unwrap_or(0);
    let encryption = batch.encryption.get(row).copied().flatten().map_or(0, |value| value as u64 + 1);
    group.wrapping_add(encryption)
}
