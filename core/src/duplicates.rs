//! Whole repeated records: re-reads of a growing blob and overlapping downloads write the same record twice.
//!
//! Identical tuples inside one record are separate events and always stay.

use crate::batch::Batch;
use foldhash::fast::FixedState;
use std::collections::HashSet;

/// Leaves out the tuples of records that came before. Their entries in `Batch::records` stay, so that they are
/// still counted.
#[derive(Clone, Debug, Default)]
pub struct DropRepeats {
    seen: HashSet<u128, FixedState>,
}

impl DropRepeats {
    /// Drops the rows of all records of this batch that were met before, here or in an earlier batch.
    pub fn apply(&mut self, batch: &mut Batch) {
        let is_repeat: Vec<bool> =
            batch.records.iter().map(|record| !self.seen.insert(record.identity)).collect();
        if !is_repeat.contains(&true) {
            return;
        }
        let keep: Vec<bool> = batch
            .group
            .iter()
            .map(|group| {
                let record = batch.groups.get(*group as usize).map(|group| group.record as usize);
                !record.and_then(|record| is_repeat.get(record)).copied().unwrap_or(false)
            })
            .collect();
        batch.retain_from(0, |row| keep.get(row).copied().unwrap_or(true));
    }
}
