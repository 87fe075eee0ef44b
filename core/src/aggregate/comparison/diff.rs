//! `diff`: what changed between two sources, or before and after a moment.
//!
//! One row a key (pairs by default) whose counters differ: `status` is `added` (after only), `removed` (before only)
//! or `changed`; then every counter twice, `tuples_before, tuples_after, flows_before …`. Keys without a difference
//! are left out. Added ones come first, then removed, then changed ones; among equals those with the greatest
//! difference in bytes, then in tuples.
//!
//! The counters are sums over all rows that were given: two periods of different length differ by that alone.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::key_table::KeyTable;
use crate::aggregate::building_blocks::keys::{Key, KeyValue};
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::groups::Groups;
use crate::sorting::sort_by;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::names;
use core::cmp::Reverse;
use core::fmt;
use std::sync::Arc;

/// What is compared.
#[derive(Clone, Debug)]
pub struct DiffOptions {
    /// What to group by (default: source and destination).
    pub by: Vec<Key>,
    /// Rows from then on are "after", in milliseconds since 1970 UTC (default: none, so all are). Of two sources the
    /// first one takes `i64::MAX`, the other one none; then they are merged.
    pub split_ms: Option<i64>,
    /// Names for networks, for keys by group.
    pub groups: Arc<Groups>,
}

impl Default for DiffOptions {
    fn default() -> DiffOptions {
        let by = vec![Key::Column("src_ip"), Key::Column("dst_ip")];
        DiffOptions { by, split_ms: None, groups: Arc::new(Groups::default()) }
    }
}

/// How a key changed; in the order of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiffStatus {
    /// After only.
    Added,
    /// Before only.
    Removed,
    /// On both sides, with other counters.
    Changed,
}

names!(DiffStatus { Added => "added", Removed => "removed", Changed => "changed" });

/// Counters of both sides by key.
#[derive(Clone, Debug)]
pub struct Diff {
    split_ms: Option<i64>,
    keys: KeyTable,
    totals: Vec<Sides>,
}

travels!(Diff { keys, totals } without split_ms);

/// Counters before and after.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    before: Totals,
    after: Totals,
}

travels!(Sides { before, after });

/// What decides the order of rows: status, difference in bytes and tuples, key.
type Order = (DiffStatus, Reverse<(u64, u64)>, Vec<KeyValue>);

impl Diff {
    /// An empty one with these options.
    #[must_use]
    pub fn new(options: &DiffOptions) -> Diff {
        let keys = KeyTable::new(&options.by, Arc::clone(&options.groups));
        Diff { split_ms: options.split_ms, keys, totals: Vec::new() }
    }

    /// The counters of a key, new or known.
    fn sides(&mut self, code: u32) -> Option<&mut Sides> {
        let code = code as usize;
        if code >= self.totals.len() {
            self.totals.resize(code + 1, Sides::default());
        }
        self.totals.get_mut(code)
    }
}

impl Sides {
    fn status(&self) -> Option<DiffStatus> {
        match (self.before.tuples > 0, self.after.tuples > 0) {
            (false, true) => Some(DiffStatus::Added),
            (true, false) => Some(DiffStatus::Removed),
            (true, true) if self.before != self.after => Some(DiffStatus::Changed),
            _ => None,
        }
    }

    fn difference(&self) -> (u64, u64) {
        let bytes = |totals: &Totals| totals.bytes().unwrap_or(0);
        (bytes(&self.before).abs_diff(bytes(&self.after)), self.before.tuples.abs_diff(self.after.tuples))
    }
}

impl Aggregate for Diff {
    const NAME: &'static str = "diff";
    type Answer = Table;

    /// Takes in all rows of a batch, each on its side of the moment; without one all are "after".
    fn add(&mut self, batch: &Batch) {
        let split_ms = self.split_ms;
        let codes = self.keys.codes(batch);
        for (row, (code, time_ms)) in codes.into_iter().zip(&batch.time_ms).enumerate() {
            let Some(sides) = self.sides(code) else { continue };
            let is_before = split_ms.is_some_and(|split_ms| *time_ms < split_ms);
            let side = if is_before { &mut sides.before } else { &mut sides.after };
            side.add(batch, row);
        }
    }

    fn merge(&mut self, other: Diff) {
        for (code, theirs) in (0..).zip(&other.totals) {
            let own = self.keys.code_of(other.keys.values(code));
            let Some(own) = self.sides(own) else { continue };
            own.before.merge(&theirs.before);
            own.after.merge(&theirs.after);
        }
    }

    fn finish(self) -> Table {
        let mut rows: Vec<(Order, Sides)> = (0..)
            .zip(&self.totals)
            .filter_map(|(code, sides)| {
                let order = (sides.status()?, Reverse(sides.difference()), self.keys.values(code));
                Some((order, *sides))
            })
            .collect();
        sort_by(&mut rows, |(one, _), (other, _)| one.cmp(other));
        let statuses = rows.iter().map(|((status, ..), _)| Some(status.name())).collect();
        let counters = |side: fn(&Sides) -> Totals| {
            let mut table = Table::default();
            add_columns(&mut table, &rows.iter().map(|(_, sides)| side(sides)).collect::<Vec<_>>());
            table.columns
        };
        let (before, after) = (counters(|sides| sides.before), counters(|sides| sides.after));
        let mut table = Table::default();
        self.keys.add_columns(&mut table, rows.iter().map(|((.., key), _)| Some(key.as_slice())));
        table.add("status", Values::Text(statuses));
        for (before, after) in before.into_iter().zip(after) {
            table.add(format!("{}_before", before.name), before.values);
            table.add(format!("{}_after", after.name), after.values);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{self, TestRow, batch_of, lawful, printed, row};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn two_sources_differ_in_what_came_went_and_changed() {
        let talk = |dst: &str, bytes: u64| {
            row(0, &format!("10.1.1.4,{dst},50000,443,6,O,E,NX,5,{bytes},4,0"), "UserRule_out", "A")
        };
        let mut diff = Diff::new(&DiffOptions { split_ms: Some(i64::MAX), ..DiffOptions::default() });
        diff.add(&batch_of(&[talk("10.1.1.1", 5), talk("10.1.1.2", 5), talk("10.1.1.3", 5)]));
        let mut after = Diff::new(&DiffOptions::default());
        after.add(&batch_of(&[talk("10.1.1.2", 5), talk("10.1.1.3", 7), talk("10.1.1.9", 1)]));
        diff.merge(after);
        let table = diff.finish();
        assert_eq!(
            printed(&table, &["dst_ip", "status", "tuples_before", "bytes_before", "bytes_after"]),
            [
                ["10.1.1.9", "added", "0", "-", "1"],
                ["10.1.1.1", "removed", "1", "5", "-"],
                ["10.1.1.3", "changed", "1", "5", "7"],
            ]
        );
    }

    proptest! {
        #[test]
        fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(60), seed in any::<u64>()) {
            let split_ms = trials::START_MS + 3_600_000;
            let options = DiffOptions { split_ms: Some(split_ms), ..DiffOptions::default() };
            let table = lawful(&rows, seed, || Diff::new(&options));
            let mut expected = Vec::new();
            let ends = |row: &TestRow| (row.tuple.src_ip, row.tuple.dst_ip);
            for pair in rows.iter().map(ends).collect::<BTreeSet<_>>() {
                let of_pair = |is_before: bool| -> Vec<&TestRow> {
                    rows.iter().filter(|row| ends(row) == pair && (row.tuple.time_ms < split_ms) == is_before).collect()
                };
                let (before, after) = (of_pair(true), of_pair(false));
                let sums = |rows: &[&TestRow]| {
                    let counters: Vec<_> = rows.iter().map(|row| row.tuple.counters).collect();
                    let sum = |values: Vec<Option<u64>>| {
                        values.iter().any(Option::is_some).then(|| values.into_iter().flatten().sum::<u64>())
                    };
                    (
                        rows.len(),
                        rows.iter().filter(|row| row.tuple.starts_flow()).count(),
                        rows.iter().filter(|row| row.tuple.action.name() == "deny").count(),
                        sum(counters.iter().map(|one| one.packets_src_to_dst).collect()),
                        sum(counters.iter().map(|one| one.bytes_src_to_dst).collect()),
                        sum(counters.iter().map(|one| one.packets_dst_to_src).collect()),
                        sum(counters.iter().map(|one| one.bytes_dst_to_src).collect()),
                    )
                };
                let status = match (before.is_empty(), after.is_empty()) {
                    (true, false) => "added",
                    (false, true) => "removed",
                    _ if sums(&before) != sums(&after) => "changed",
                    _ => continue,
                };
                let numbers = [before.len(), after.len()].map(|number| number.to_string());
                let [before, after] = numbers;
                expected.push(vec![pair.0.to_string(), pair.1.to_string(), status.to_owned(), before, after]);
            }
            let mut found = printed(&table, &["src_ip", "dst_ip", "status", "tuples_before", "tuples_after"]);
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
