//! The counter columns that every analysis shares.

use crate::batch::Batch;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::{Action, starts_flow};

/// Sums over tuples. A sum is null until a counter of it was logged, and where it does not fit 64 bits (no real log
/// comes near).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Tuples.
    pub tuples: u64,
    /// Tuples that stand for a flow of their own: it began, or was denied.
    pub flows: u64,
    /// Tuples with the verdict deny.
    pub denied: u64,
    /// In the order of the columns in `Batch`.
    sums: [u64; 4],
    /// Bits of the sums of which a counter was logged, as in `Batch::logged`.
    logged: u8,
    /// Bits of the sums that were too big. Counters are never below zero, so once too big is too big in any order.
    overflowed: u8,
}

travels!(Totals { tuples, flows, denied, sums, logged, overflowed });

impl Totals {
    /// Takes in one row of a batch.
    #[inline]
    pub fn add(&mut self, batch: &Batch, row: usize) {
        let Some(logged) = batch.logged.get(row) else { return };
        self.count(batch, row);
        // Where a counter is not logged its column holds 0.
        self.add_counters(batch.amounts(row), *logged);
        self.overflowed |= batch.weights.get(row).map_or(0, |weight| weight.overflowed);
    }

    /// Takes in one row of a batch without its packets and bytes.
    #[inline]
    pub(crate) fn count(&mut self, batch: &Batch, row: usize) {
        if let (Some(action), Some(weight)) = (batch.action.get(row), batch.weights.get(row)) {
            self.count_all(weight.tuples, weight.flows, *action);
        } else if let (Some(action), Some(state)) = (batch.action.get(row), batch.state.get(row)) {
            self.tuples += 1;
            self.flows += u64::from(starts_flow(*action, *state));
            self.denied += u64::from(*action == Action::Deny);
        }
    }

    /// Takes in so many tuples of one verdict without their packets and bytes.
    #[inline]
    pub(crate) fn count_all(&mut self, tuples: u32, flows: u32, action: Action) {
        let tuples = u64::from(tuples);
        self.tuples += tuples;
        self.flows += u64::from(flows);
        self.denied += if action == Action::Deny { tuples } else { 0 };
    }

    /// Takes in packets and bytes, 0 where not logged.
    #[inline]
    pub(crate) fn add_counters(&mut self, [a, b, c, d]: [u64; 4], logged: u8) {
        // One after the other and not in a loop, which stays one where code is made small.
        let Totals { sums: [sum_a, sum_b, sum_c, sum_d], overflowed, .. } = self;
        add(sum_a, a, 1, overflowed);
        add(sum_b, b, 1 << 1, overflowed);
        add(sum_c, c, 1 << 2, overflowed);
        add(sum_d, d, 1 << 3, overflowed);
        self.logged |= logged;
    }

    /// Takes in all that other totals have taken in.
    pub fn merge(&mut self, other: &Totals) {
        self.tuples += other.tuples;
        self.flows += other.flows;
        self.denied += other.denied;
        self.add_counters(other.sums, other.logged);
        self.overflowed |= other.overflowed;
    }

    /// Packets from source to destination.
    #[must_use]
    pub fn packets_src_to_dst(&self) -> Option<u64> {
        self.sum(0)
    }

    /// Bytes from source to destination.
    #[must_use]
    pub fn bytes_src_to_dst(&self) -> Option<u64> {
        self.sum(1)
    }

    /// Packets from destination to source.
    #[must_use]
    pub fn packets_dst_to_src(&self) -> Option<u64> {
        self.sum(2)
    }

    /// Bytes from destination to source.
    #[must_use]
    pub fn bytes_dst_to_src(&self) -> Option<u64> {
        self.sum(3)
    }

    /// Bytes in both directions.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.both(1, 3)
    }

    /// Packets in both directions.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        self.both(0, 2)
    }

    #[inline]
    fn sum(&self, place: usize) -> Option<u64> {
        let is_known = self.logged >> place & 1 == 1 && self.overflowed >> place & 1 == 0;
        self.sums.get(place).copied().filter(|_| is_known)
    }

    /// A sum that is not logged is 0 here, where the other one is.
    fn both(&self, one: usize, other: usize) -> Option<u64> {
        let places = 1 << one | 1 << other;
        if self.logged & places == 0 || self.overflowed & places != 0 {
            return None;
        }
        self.sums.get(one)?.checked_add(*self.sums.get(other)?)
    }
}

#[inline(always)]
fn add(sum: &mut u64, counter: u64, bit: u8, overflowed: &mut u8) {
    let (new, is_over) = sum.overflowing_add(counter);
    *sum = new;
    if is_over {
        *overflowed |= bit;
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
    table.add("packets_src_to_dst", column(&|row| row.packets_src_to_dst()));
    table.add("bytes_src_to_dst", column(&|row| row.bytes_src_to_dst()));
    table.add("packets_dst_to_src", column(&|row| row.packets_dst_to_src()));
    table.add("bytes_dst_to_src", column(&|row| row.bytes_dst_to_src()));
    table.add("bytes", column(&Totals::bytes));
}
