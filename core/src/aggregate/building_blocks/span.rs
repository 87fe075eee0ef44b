//! From when to when something was seen.

use crate::batch::Batch;
use crate::travel::travels;

/// First and last time, in milliseconds since 1970 UTC; empty until a time was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeSpan {
    first_ms: i64,
    /// Before the first time where nothing was taken in.
    last_ms: i64,
}

travels!(TimeSpan { first_ms, last_ms });

impl Default for TimeSpan {
    fn default() -> TimeSpan {
        TimeSpan { first_ms: i64::MAX, last_ms: i64::MIN }
    }
}

impl TimeSpan {
    #[inline]
    pub(crate) fn add(&mut self, time_ms: i64) {
        self.first_ms = self.first_ms.min(time_ms);
        self.last_ms = self.last_ms.max(time_ms);
    }

    /// Takes in the time of a row, of a cell the first and the last, if there is such a row.
    #[inline]
    pub(crate) fn add_row(&mut self, batch: &Batch, row: usize) {
        if let Some(time_ms) = batch.time_ms.get(row) {
            self.add(*time_ms);
        }
        if let Some(weight) = batch.weights.get(row) {
            self.add(weight.last_ms);
        }
    }

    pub(crate) fn merge(&mut self, other: TimeSpan) {
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
    }

    pub(crate) fn first_ms(self) -> Option<i64> {
        self.is_known().then_some(self.first_ms)
    }

    pub(crate) fn last_ms(self) -> Option<i64> {
        self.is_known().then_some(self.last_ms)
    }

    /// Milliseconds from the first to the last time; 0 where there are none.
    pub(crate) fn length_ms(self) -> i64 {
        if self.is_known() { self.last_ms.saturating_sub(self.first_ms) } else { 0 }
    }

    fn is_known(self) -> bool {
        self.first_ms <= self.last_ms
    }
}
