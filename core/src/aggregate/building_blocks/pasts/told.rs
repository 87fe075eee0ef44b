//! What each row of a batch is told: how long ago its flow's tuple before it was, and whether a session starts with it.

use super::FirstTuple;
use crate::batch::Batch;

/// What came before each row of a batch.
#[derive(Clone, Debug, Default)]
pub struct Pasts {
    /// A bit whether a session starts with the row, and below it 0 for [`Since::Unknown`], 1 for [`Since::Nothing`], else one
    /// more than the milliseconds since the flow's tuple before it.
    rows: Vec<u32>,
}

/// What came before each row where only what was logged from a time on counts: a tuple before it is none.
#[derive(Clone, Copy, Debug)]
pub struct WindowPasts<'a> {
    /// As in [`Pasts`].
    rows: &'a [u32],
    from_ms: i64,
}

/// The tuple of its flow before a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Only a look at all tuples of the flow tells.
    Unknown,
    /// There is none in the data.
    Nothing,
    /// It was logged so many milliseconds before.
    Ms(i64),
}

pub(super) const STARTS_SESSION: u32 = 1 << 31;
pub(super) const UNKNOWN: u32 = 0;
pub(super) const NOTHING: u32 = 1;
/// What is added to milliseconds.
pub(super) const MORE: u32 = 1;

/// A longer time between two tuples of a flow is left to a look at all of them.
pub(super) const MOST_MS: i64 = (STARTS_SESSION - 2) as i64;

impl Pasts {
    pub(super) fn of(rows: Vec<u32>) -> Pasts {
        Pasts { rows }
    }

    /// How many rows they are of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where they are of no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Those of these rows alone, in their order.
    #[must_use]
    pub fn of_rows(&self, rows: &[u32]) -> Pasts {
        Pasts { rows: rows.iter().filter_map(|row| self.rows.get(*row as usize)).copied().collect() }
    }

    /// Where only what was logged from a time on counts (milliseconds since 1970 UTC, `i64::MIN` for all).
    #[must_use]
    pub fn of_window(&self, from_ms: i64) -> WindowPasts<'_> {
        WindowPasts { rows: &self.rows, from_ms }
    }

    /// Where all rows count.
    #[must_use]
    pub fn of_all_time(&self) -> WindowPasts<'_> {
        self.of_window(i64::MIN)
    }

    /// The first time of these rows, or of the tuple that one of them goes on from, where that is told. A window that starts no
    /// later leaves those as they are. The batch has at least times, actions and states.
    pub(crate) fn earliest_ms(&self, batch: &Batch) -> i64 {
        let goes_on = |row| FirstTuple::of(batch, row).is_some_and(FirstTuple::goes_on);
        let of_row = |((row, past), time_ms): ((usize, &u32), &i64)| match past & !STARTS_SESSION {
            more if more > NOTHING && goes_on(row) => time_ms.saturating_sub(i64::from(more - MORE)),
            _ => *time_ms,
        };
        self.rows.iter().enumerate().zip(&batch.time_ms).map(of_row).min().unwrap_or(i64::MIN)
    }

    /// True where nothing is told of the flow of some row that has sessions. The batch has at least actions and states.
    pub(crate) fn has_untold(&self, batch: &Batch) -> bool {
        let is_untold = |(row, past): (usize, &u32)| {
            past & !STARTS_SESSION == UNKNOWN && FirstTuple::of(batch, row).is_some()
        };
        self.rows.iter().enumerate().any(is_untold)
    }
}

impl WindowPasts<'_> {
    /// True where only part of the time counts: what was told of all of it is not true then.
    pub(crate) fn is_of_window(self) -> bool {
        self.from_ms > i64::MIN
    }

    /// True where of rows whose past is unknown nobody told either whether a session starts with them.
    pub(crate) fn has_untold_sessions(self) -> bool {
        self.is_of_window() && self.rows.iter().any(|past| past & !STARTS_SESSION == UNKNOWN)
    }

    /// True where a session starts with that row whose begin is not in the data. The batch has at least times, actions and
    /// states.
    #[inline]
    pub(crate) fn starts_session(self, batch: &Batch, row: usize) -> bool {
        let past = self.past(row);
        let starts_session = past & STARTS_SESSION != 0;
        if !self.is_of_window() {
            return starts_session;
        }
        let time_ms = batch.time_ms.get(row).copied().unwrap_or(i64::MIN);
        match past & !STARTS_SESSION {
            UNKNOWN => false,
            more if self.is_before(more, time_ms) => {
                FirstTuple::of(batch, row).is_some_and(FirstTuple::goes_on)
            }
            _ => starts_session,
        }
    }

    /// The tuple before that row, which was logged at that time.
    #[inline]
    pub(crate) fn since(self, row: usize, time_ms: i64) -> Since {
        match self.past(row) & !STARTS_SESSION {
            UNKNOWN => Since::Unknown,
            more if more == NOTHING || self.is_before(more, time_ms) => Since::Nothing,
            more => Since::Ms(i64::from(more - MORE)),
        }
    }

    /// True where there is a tuple before, which does not count.
    #[inline]
    fn is_before(self, past: u32, time_ms: i64) -> bool {
        past > NOTHING && time_ms.saturating_sub(i64::from(past - MORE)) < self.from_ms
    }

    #[inline]
    fn past(self, row: usize) -> u32 {
        self.rows.get(row).copied().unwrap_or(UNKNOWN)
    }
}
