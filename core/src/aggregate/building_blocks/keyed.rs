//! Something for every key: the ground of analyses that are one entry a key and nothing else.

use super::key_table::KeyTable;
use super::keys::{Key, KeyValue};
use super::span::TimeSpan;
use super::totals::Totals;
use crate::batch::Batch;
use crate::groups::Groups;
use crate::sorting::{sort_by, sort_by_key};
use crate::table::Table;
use crate::travel::travels;
use std::sync::Arc;

/// What an analysis keeps for a key.
pub(crate) trait Entry: Clone + Default {
    fn add(&mut self, batch: &Batch, row: usize);

    fn merge(&mut self, other: &Self);
}

/// Sums, and from when to when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    pub(crate) totals: Totals,
    pub(crate) span: TimeSpan,
}

travels!(Traffic { totals, span });

/// An entry for each key, by the key's number.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<E> {
    keys: KeyTable,
    entries: Vec<E>,
}

travels!(Keyed<E> { keys, entries });

/// One key of an answer.
#[derive(Clone, Debug)]
pub(crate) struct KeyedRow<E> {
    /// The key's number while rows were taken in.
    pub(crate) code: u32,
    pub(crate) key: Vec<KeyValue>,
    pub(crate) entry: E,
}

impl<E: Entry> Keyed<E> {
    pub(crate) fn new(by: &[Key], groups: Arc<Groups>) -> Keyed<E> {
        Keyed { keys: KeyTable::new(by, groups), entries: Vec::new() }
    }

    /// Takes in all rows of a batch; the answer is the number of each row's key.
    pub(crate) fn add(&mut self, batch: &Batch) -> Vec<u32> {
        let codes = self.keys.codes(batch);
        for (row, code) in codes.iter().enumerate() {
            if let Some(entry) = self.entry(*code) {
                entry.add(batch, row);
            }
        }
        codes
    }

    /// Takes in other keys; the answer translates their numbers.
    pub(crate) fn merge(&mut self, other: &Keyed<E>) -> Vec<u32> {
        (0..)
            .zip(&other.entries)
            .map(|(other_code, theirs)| {
                let code = self.keys.code_of(other.keys.values(other_code));
                if let Some(entry) = self.entry(code) {
                    entry.merge(theirs);
                }
                code
            })
            .collect()
    }

    /// All keys in the order of their values; null is last.
    pub(crate) fn rows(&mut self) -> Vec<KeyedRow<E>> {
        let entries = core::mem::take(&mut self.entries);
        let mut rows: Vec<KeyedRow<E>> = (0..)
            .zip(entries)
            .map(|(code, entry)| KeyedRow { code, key: self.keys.values(code), entry })
            .collect();
        sort_by(&mut rows, |one, other| order(&one.key).cmp(order(&other.key)));
        rows
    }

    /// Adds the key columns of these rows.
    pub(crate) fn add_columns(&self, table: &mut Table, rows: &[KeyedRow<E>]) {
        self.keys.add_columns(table, rows.iter().map(|row| Some(row.key.as_slice())));
    }

    fn entry(&mut self, code: u32) -> Option<&mut E> {
        let code = code as usize;
        if code >= self.entries.len() {
            self.entries.resize(code + 1, E::default());
        }
        self.entries.get_mut(code)
    }
}

/// For sorting: known values first.
fn order(key: &[KeyValue]) -> impl Iterator<Item = (bool, &KeyValue)> {
    key.iter().map(|value| (*value == KeyValue::Null, value))
}

impl Entry for Totals {
    fn add(&mut self, batch: &Batch, row: usize) {
        Totals::add(self, batch, row);
    }

    fn merge(&mut self, other: &Totals) {
        Totals::merge(self, other);
    }
}

impl Entry for Traffic {
    fn add(&mut self, batch: &Batch, row: usize) {
        self.totals.add(batch, row);
        self.span.add_row(batch, row);
    }

    fn merge(&mut self, other: &Traffic) {
        self.totals.merge(&other.totals);
        self.span.merge(other.span);
    }
}

/// Sorts rows by a number, biggest first and null last; equals stay in the order of their keys.
pub(crate) fn biggest_first<T>(rows: &mut [T], number: impl Fn(&T) -> Option<u64>) {
    sort_by_key(rows, |row| core::cmp::Reverse(number(row)));
}
