//! What a cell stands for: sums over its rows, and how they are made.

use crate::aggregate::WindowPasts;
use crate::aggregate::answer::Answer;
use crate::batch::Batch;
use crate::tuple::{Action, State, starts_flow};

/// What a row stands for that is a cell; its time is the first one, and its counters are sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Tuples.
    pub tuples: u32,
    /// Tuples that stand for a flow of their own.
    pub flows: u32,
    /// Those and the ones with which a session starts whose begin is not in the data; without these until they are told.
    pub sessions: u32,
    /// Allowed tuples that end a flow.
    pub ended: u32,
    /// Bits: some tuple tells that the destination answered (1), some that it did not (2).
    pub answers: u8,
    /// Time of the last tuple, in milliseconds since 1970 UTC.
    pub last_ms: i64,
    /// Bits of the counters whose sums do not fit 64 bits, as in `Batch::logged`.
    pub overflowed: u8,
}

impl Weight {
    /// True where some tuple tells that the destination answered.
    pub(crate) fn has_answer(&self) -> bool {
        self.answers & Answer::Came.bit() != 0
    }

    /// Of a row: what it says itself, or what is said of its cell.
    #[inline]
    pub(crate) fn of(batch: &Batch, row: usize) -> Option<Weight> {
        match batch.weights.get(row) {
            Some(weight) => Some(*weight),
            None => Weight::of_tuple(batch, row, false),
        }
    }

    /// Of a batch's rows that are tuples, each for itself; `pasts` as in [`Cells::tell_pasts`].
    #[must_use]
    pub fn of_tuples(batch: &Batch, pasts: WindowPasts<'_>) -> Vec<Weight> {
        let weight = |row| Weight::of_tuple(batch, row, pasts.starts_session(batch, row));
        (0..batch.len()).filter_map(weight).collect()
    }

    #[inline]
    fn of_tuple(batch: &Batch, row: usize, starts_session: bool) -> Option<Weight> {
        let (action, state) = (*batch.action.get(row)?, *batch.state.get(row)?);
        let flows = u32::from(starts_flow(action, state));
        Some(Weight {
            tuples: 1,
            flows,
            sessions: flows + u32::from(starts_session),
            ended: u32::from(action == Action::Allow && state == Some(State::End)),
            answers: Answer::of(batch, row).bit(),
            last_ms: *batch.time_ms.get(row)?,
            overflowed: 0,
        })
    }
}

/// A cell in the making.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sum {
    first_ms: i64,
    counters: [u64; 4],
    logged: u8,
    weight: Weight,
}

impl Default for Sum {
    fn default() -> Sum {
        let weight = Weight { last_ms: i64::MIN, ..Weight::default() };
        Sum { first_ms: i64::MAX, counters: [0; 4], logged: 0, weight }
    }
}

impl Sum {
    #[inline]
    pub(super) fn add(&mut self, rows: &Batch, row: usize, starts_session: bool) {
        if let Some(one) = Weight::of_tuple(rows, row, starts_session) {
            self.take_in(one, rows, row);
        }
    }

    /// Takes in a row that stands for so much, a tuple or a cell.
    #[inline]
    pub(super) fn take_in(&mut self, one: Weight, rows: &Batch, row: usize) {
        let (Some(first_ms), Some(logged)) = (rows.time_ms.get(row), rows.logged.get(row)) else { return };
        self.first_ms = self.first_ms.min(*first_ms);
        let weight = &mut self.weight;
        weight.last_ms = weight.last_ms.max(one.last_ms);
        weight.tuples += one.tuples;
        weight.flows += one.flows;
        weight.sessions += one.sessions;
        weight.ended += one.ended;
        weight.answers |= one.answers;
        weight.overflowed |= one.overflowed;
        self.logged |= logged;
        for (bit, (sum, counter)) in self.counters.iter_mut().zip(rows.amounts(row)).enumerate() {
            let (new, is_over) = sum.overflowing_add(counter);
            *sum = new;
            self.weight.overflowed |= u8::from(is_over) << bit;
        }
    }

    /// Writes it into the columns of a cell.
    pub(super) fn write(&self, cells: &mut Batch, cell: usize) {
        fn put<T: Copy>(column: &mut [T], cell: usize, value: T) {
            if let Some(place) = column.get_mut(cell) {
                *place = value;
            }
        }
        let [packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src] = self.counters;
        put(&mut cells.time_ms, cell, self.first_ms);
        put(&mut cells.logged, cell, self.logged);
        put(&mut cells.packets_src_to_dst, cell, packets_src_to_dst);
        put(&mut cells.bytes_src_to_dst, cell, bytes_src_to_dst);
        put(&mut cells.packets_dst_to_src, cell, packets_dst_to_src);
        put(&mut cells.bytes_dst_to_src, cell, bytes_dst_to_src);
        put(&mut cells.weights, cell, self.weight);
    }
}
