//! The counter columns that every analysis shares.

use crate::batch::Batch;
use crate::table::{Table, Values};
use crate::tuple::{Action, starts_flow};
use serde::{Deserialize, Serialize};

/// Sums over tuples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Tuples.
    pub tuples: u64,
    /// Tuples that stand for a flow of their own: it began, or was denied.
    pub flows: u64,
    /// Tuples with the verdict deny.
    pub denied: u64,
    /// Packets from source to destination.
    pub packets_src_to_dst: Sum,
    /// Bytes from source to destination.
    pub bytes_src_to_dst: Sum,
    /// Packets from destination to source.
    pub packets_dst_to_src: Sum,
    /// Bytes from destination to source.
    pub bytes_dst_to_src: Sum,
}

/// A sum of counters of which some may not be logged: null until one is. Wide enough never to overflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    sum: u128,
    is_logged: bool,
}

impl Sum {
    /// The sum; `None` where nothing was logged, or where it does not fit 64 bits (no real log comes near).
    #[must_use]
    pub fn value(self) -> Option<u64> {
        if self.is_logged { u64::try_from(self.sum).ok() } else { None }
    }

    /// Takes in one counter; where it is not logged its value is 0.
    #[inline]
    pub(crate) fn add(&mut self, value: u64, is_logged: bool) {
        self.sum += u128::from(value);
        self.is_logged |= is_logged;
    }

    fn merge(&mut self, other: Sum) {
        self.sum += other.sum;
        self.is_logged |= other.is_logged;
    }

    fn plus(mut self, other: Sum) -> Sum {
        self.merge(other);
        self
    }
}

impl Totals {
    /// Takes in one row of a batch.
    #[inline]
    pub fn add(&mut self, batch: &Batch, row: usize) {
        let Some(logged) = batch.logged.get(row) else { return };
        self.count(batch, row);
        // Where a counter is not logged its column holds 0.
        let value = |column: &[u64]| column.get(row).copied().unwrap_or(0);
        self.packets_src_to_dst.add(value(&batch.packets_src_to_dst), logged & 1 != 0);
        self.bytes_src_to_dst.add(value(&batch.bytes_src_to_dst), logged & 2 != 0);
        self.packets_dst_to_src.add(value(&batch.packets_dst_to_src), logged & 4 != 0);
        self.bytes_dst_to_src.add(value(&batch.bytes_dst_to_src), logged & 8 != 0);
    }

    /// Takes in one row of a batch without its packets and bytes.
    #[inline]
    pub(crate) fn count(&mut self, batch: &Batch, row: usize) {
        if let (Some(action), Some(state)) = (batch.action.get(row), batch.state.get(row)) {
            self.tuples += 1;
            self.flows += u64::from(starts_flow(*action, *state));
            self.denied += u64::from(*action == Action::Deny);
        }
    }

    /// Takes in all that other totals have taken in.
    pub fn merge(&mut self, other: &Totals) {
        self.tuples += other.tuples;
        self.flows += other.flows;
        self.denied += other.denied;
        self.packets_src_to_dst.merge(other.packets_src_to_dst);
        self.bytes_src_to_dst.merge(other.bytes_src_to_dst);
        self.packets_dst_to_src.merge(other.packets_dst_to_src);
        self.bytes_dst_to_src.merge(other.bytes_dst_to_src);
    }

    /// Bytes in both directions.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.bytes_src_to_dst.plus(self.bytes_dst_to_src).value()
    }

    /// Packets in both directions.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        self.packets_src_to_dst.plus(self.packets_dst_to_src).value()
    }
}

/// Adds the counter columns of `rows` to a table, under the names and in the order that all analyses share.
pub(crate) fn add_columns(table: &mut Table, rows: &[Totals]) {
    let column = |value: &dyn Fn(&Totals) -> Option<u64>| Values::U64(rows.iter().map(value).collect());
    table.add("tuples", column(&|row| Some(row.tuples)));
    table.add("flows", column(&|row| Some(row.flows)));
    table.add("denied", column(&|row| Some(row.denied)));
    add_byte_columns(table, rows);
}

/// Adds the packet and byte columns only.
pub(crate) fn add_byte_columns(table: &mut Table, rows: &[Totals]) {
    let column = |value: &dyn Fn(&Totals) -> Option<u64>| Values::U64(rows.iter().map(value).collect());
    table.add("packets_src_to_dst", column(&|row| row.packets_src_to_dst.value()));
    table.add("bytes_src_to_dst", column(&|row| row.bytes_src_to_dst.value()));
    table.add("packets_dst_to_src", column(&|row| row.packets_dst_to_src.value()));
    table.add("bytes_dst_to_src", column(&|row| row.bytes_dst_to_src.value()));
    table.add("bytes", column(&Totals::bytes));
}
