//! `summary`: what is in here.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::totals::{Totals, add_byte_columns};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::issue::Issue;
use crate::table::{Table, Values};
use crate::travel::travels;
use foldhash::fast::FixedState;
use std::collections::{BTreeSet, HashSet};

/// One row over everything: files, records, tuples, verdicts, times, NICs, versions, counters.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    records: u64,
    identities: HashSet<u128, FixedState>,
    /// `None` where the tuples come from memory, which has no files, records and issues.
    origin: Option<Origin>,
    totals: Totals,
    first_time_ms: Option<i64>,
    last_time_ms: Option<i64>,
    nics: BTreeSet<String>,
    /// In ascending order.
    versions: Vec<u8>,
}

travels!(Summary { records, identities, origin, totals, first_time_ms, last_time_ms, nics, versions });

#[derive(Clone, Copy, Debug, Default)]
struct Origin {
    files: u64,
    issues: u64,
}

travels!(Origin { files, issues });

impl Summary {
    fn add_versions(&mut self, versions: &[u8]) {
        for version in versions {
            if let Err(place) = self.versions.binary_search(version) {
                self.versions.insert(place, *version);
            }
        }
    }

    /// A summary of logs.
    #[must_use]
    pub fn of_logs() -> Summary {
        Summary { origin: Some(Origin::default()), ..Summary::of_tuples() }
    }

    /// A summary of tuples that were read before: it can't know files, records and issues, so these are null until
    /// [`Summary::add_files`] tells them.
    #[must_use]
    pub fn of_tuples() -> Summary {
        Summary::default()
    }

    /// Takes in that so many files were read, with these issues.
    pub fn add_files(&mut self, files: u64, issues: &[Issue]) {
        let origin = self.origin.get_or_insert_default();
        origin.files += files;
        origin.issues += issues.iter().map(|issue| issue.count).sum::<u64>();
    }
}

impl Aggregate for Summary {
    const NAME: &'static str = "summary";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.records += batch.records.len() as u64;
        self.identities.extend(batch.records.iter().map(|record| record.identity));
        for row in 0..batch.len() {
            self.totals.add(batch, row);
        }
        let (first, last) = (batch.time_ms.iter().min().copied(), batch.last_ms());
        self.first_time_ms = earlier(self.first_time_ms, first);
        self.last_time_ms = later(self.last_time_ms, last);

        let mut seen_groups = vec![false; batch.groups.len()];
        self.add_versions(&batch.version);
        for group in &batch.group {
            if let Some(seen) = seen_groups.get_mut(*group as usize) {
                *seen = true;
            }
        }
        let macs: HashSet<u32, FixedState> = batch
            .groups
            .iter()
            .zip(&seen_groups)
            .filter(|(_, seen)| **seen)
            .filter_map(|(group, _)| group.mac)
            .collect();
        for mac in macs {
            let mac = batch.texts.get(mac);
            if !self.nics.contains(mac) {
                self.nics.insert(mac.to_owned());
            }
        }
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.add(condensed.cells);
        true
    }

    fn merge(&mut self, other: Summary) {
        if let Some(other) = other.origin {
            let origin = self.origin.get_or_insert_default();
            origin.files += other.files;
            origin.issues += other.issues;
        }
        self.records += other.records;
        self.identities.extend(other.identities);
        self.totals.merge(&other.totals);
        self.first_time_ms = earlier(self.first_time_ms, other.first_time_ms);
        self.last_time_ms = later(self.last_time_ms, other.last_time_ms);
        self.nics.extend(other.nics);
        self.add_versions(&other.versions);
    }

    fn finish(self) -> Table {
        let mut table = Table::default();
        let one = |value: Option<u64>| Values::U64(vec![value]);
        let origin = self.origin.as_ref();
        table.add("files", one(origin.map(|origin| origin.files)));
        table.add("records", one(origin.map(|_| self.records)));
        let repeated = self.records.saturating_sub(self.identities.len() as u64);
        table.add("repeated_records", one(origin.map(|_| repeated)));
        table.add("tuples", one(Some(self.totals.tuples)));
        table.add("flows", one(Some(self.totals.flows)));
        table.add("allowed", one(Some(self.totals.tuples - self.totals.denied)));
        table.add("denied", one(Some(self.totals.denied)));
        table.add("issues", one(origin.map(|origin| origin.issues)));
        table.add("first_time", Values::TimeMs(vec![self.first_time_ms]));
        table.add("last_time", Values::TimeMs(vec![self.last_time_ms]));
        table.add("nics", one(Some(self.nics.len() as u64)));
        table.add("versions", Values::U8List(vec![self.versions]));
        add_byte_columns(&mut table, &[self.totals]);
        table
    }
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn later(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}
