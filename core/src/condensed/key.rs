//! What tells cells apart.

use crate::batch::{Batch, Group, Record};
use crate::origin::RuleOrigin;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// What tells flow groups apart: all but which record they stand in, of which file.
pub(super) type GroupKind =
    (Option<u32>, Option<u32>, Option<u32>, Option<RuleOrigin>, Option<u32>, Option<u32>);

pub(super) fn kind_of(batch: &Batch, group: &Group) -> GroupKind {
    let record = batch.records.get(group.record as usize);
    let of_record = |code: fn(&Record) -> Option<u32>| record.and_then(code);
    (
        group.rule,
        group.acl_id,
        group.mac,
        group.rule_origin,
        of_record(|record| record.target_resource_id),
        of_record(|record| record.flow_log_resource_id),
    )
}

/// A number for each flow group, the same for those that differ in their record alone.
pub(super) fn kinds_of(batch: &Batch) -> Vec<u32> {
    let mut kinds: HashMap<GroupKind, u32, FixedState> = HashMap::default();
    let mut kind = |group: &Group| {
        let next = kinds.len() as u32;
        *kinds.entry(kind_of(batch, group)).or_insert(next)
    };
    batch.groups.iter().map(&mut kind).collect()
}

/// All that the rows of a cell have in common, in one number; `kinds`: of each flow group.
#[inline]
pub(super) fn key(batch: &Batch, kinds: &[u32], row: usize) -> Option<u128> {
    let encryption = batch.encryption.get(row)?.map_or(0, |value| value as u8 + 1);
    // Versions are 1, 2 and 4.
    let version = *batch.version.get(row)?;
    let flags = (*batch.direction.get(row)? as u8)
        | (*batch.action.get(row)? as u8) << 1
        | encryption << 2
        | (version - version / 4) << 6;
    Some(
        u128::from(*batch.src_ip.get(row)?) << 96
            | u128::from(*batch.dst_ip.get(row)?) << 64
            | u128::from(*kinds.get(*batch.group.get(row)? as usize)?) << 32
            | u128::from(*batch.dst_port.get(row)?) << 16
            | u128::from(*batch.protocol.get(row)?) << 8
            | u128::from(flags),
    )
}
