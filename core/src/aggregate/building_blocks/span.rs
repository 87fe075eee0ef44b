//! From when to when something was seen.

use serde::{Deserialize, Serialize};

/// First and last time, in milliseconds since 1970 UTC; empty until a time was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TimeSpan {
    bounds: Option<(i64, i64)>,
}

impl TimeSpan {
    #[inline]
    pub(crate) fn add(&mut self, time_ms: i64) {
        self.bounds = Some(match self.bounds {
            Some((first, last)) => (first.min(time_ms), last.max(time_ms)),
            None => (time_ms, time_ms),
        });
    }

    /// Takes in the time of a row, if there is such a row.
    #[inline]
    pub(crate) fn add_row(&mut self, times_ms: &[i64], row: usize) {
        if let Some(time_ms) = times_ms.get(row) {
            self.add(*time_ms);
        }
    }

    pub(crate) fn merge(&mut self, other: TimeSpan) {
        if let Some((first, last)) = other.bounds {
            self.add(first);
            self.add(last);
        }
    }

    pub(crate) fn first_ms(self) -> Option<i64> {
        self.bounds.map(|(first, _)| first)
    }

    pub(crate) fn last_ms(self) -> Option<i64> {
        self.bounds.map(|(_, last)| last)
    }

    /// Milliseconds from the first to the last time; 0 where there are none.
    pub(crate) fn length_ms(self) -> i64 {
        self.bounds.map_or(0, |(first, last)| last.saturating_sub(first))
    }
}
