//! What each row of a batch is told: how long ago its flow's tuple before it was, and whether a session starts with it.

use super::FirstTuple;
use crate::batch::Batch;
use std::borrow::Cow;

/// What came before each row of a batch.
#[derive(Clone, Debug, Default)]
pub struct Pasts {
    /// A bit whether a session starts with the row, and below it 0 for [`Since::Unknown`], 1 for [`Since::Nothing`], else one
    /// more than the milliseconds since the flow's tuple before it.
    rows: Vec<u32>,
    is_of_window: bool,
    has_untold_sessions: bool,
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
        Pasts { rows, ..Pasts::default() }
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
        Pasts { rows: rows.iter().filter_map(|row| self.rows.get(*row as usize)).copied().collect(), ..*self }
    }

    /// Where only what was logged from a time on counts (milliseconds since 1970 UTC, `i64::MIN` for all): then a tuple before
    /// it is none. The batch has at least times, actions and states.
    #[must_use]
    pub fn of_window(&self, from_ms: i64, batch: &Batch) -> Cow<'_, Pasts> {
        if from_ms == i64::MIN {
            return Cow::Borrowed(self);
        }
        let mut has_untold_sessions = false;
        let of_row = |((row, past), time_ms): ((usize, &u32), &i64)| match past & !STARTS_SESSION {
            UNKNOWN => {
                has_untold_sessions |= *time_ms >= from_ms;
                UNKNOWN
            }
            NOTHING => *past,
            more if time_ms.saturating_sub(i64::from(more - MORE)) >= from_ms => *past,
            _ if FirstTuple::of(batch, row).is_some_and(FirstTuple::goes_on) => NOTHING | STARTS_SESSION,
            _ => NOTHING,
        };
        let rows = self.rows.iter().enumerate().zip(&batch.time_ms).map(of_row).collect();
        Cow::Owned(Pasts { rows, is_of_window: true, has_untold_sessions })
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

    /// True where only part of the time counts: what was told of all of it is not true then.
    pub(crate) fn is_of_window(&self) -> bool {
        self.is_of_window
    }

    /// True where of rows whose past is unknown nobody told either whether a session starts with them.
    pub(crate) fn has_untold_sessions(&self) -> bool {
        self.has_untold_sessions
    }

    /// True where a session starts with that row whose begin is not in the data.
    #[inline]
    pub(crate) fn starts_session(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|past| past & STARTS_SESSION != 0)
    }

    #[inline]
    pub(crate) fn since(&self, row: usize) -> Since {
        match self.rows.get(row).map_or(0, |past| past & !STARTS_SESSION) {
            UNKNOWN => Since::Unknown,
            NOTHING => Since::Nothing,
            more => Since::Ms(i64::from(more - MORE)),
        }
    }
}
