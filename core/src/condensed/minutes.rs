//! What cells counted in each minute, for analyses that ask when: a few entries in place of many rows.
//!
//! Counters are spread over the time they were counted in, as `timeline` spreads them. Of rows whose past does not tell that
//! time, and of those that count very long ones, nothing is summed: they stand beside.

use super::some::place_of;
use super::weight::Weight;
use super::{Cells, Condensed};
use crate::aggregate::spreading::{Nearby, TimeGrid, is_zero};
use crate::aggregate::{Kind, Pasts, Since, Totals};
use crate::batch::Batch;
use crate::tuple::Action;

/// Length of a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;

const MINUTES: TimeGrid = TimeGrid { every_ms: MINUTE_MS };

/// What a cell counted in a minute. There may be several of one cell and minute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CellMinute {
    pub(crate) start_ms: i64,
    /// In the order of the columns in `Batch`.
    counters: [u64; 4],
    /// Tuples that were logged in it.
    pub(crate) tuples: u32,
    flows: u32,
    /// Of its batch.
    cell: u16,
    /// As in `Batch::logged`.
    logged: u8,
}

impl CellMinute {
    /// Takes it into sums of its minute; all tuples of a cell have one verdict.
    #[inline]
    pub(crate) fn add_to(&self, action: Option<Action>, totals: &mut Totals) {
        totals.count_all(self.tuples, self.flows, action.unwrap_or(Action::Allow));
        totals.add_counters(self.counters, self.logged);
    }

    /// Takes in another one of its cell and minute; false where it is of others, or sums would not fit: then nothing is taken in.
    #[inline]
    fn take_in(&mut self, other: &CellMinute) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.counters, other.counters);
        if self.cell == other.cell
            && self.start_ms == other.start_ms
            && let (Some(a), Some(b), Some(c), Some(d)) =
                (a.checked_add(e), b.checked_add(f), c.checked_add(g), d.checked_add(h))
        {
            self.counters = [a, b, c, d];
            self.logged |= other.logged;
            self.tuples += other.tuples;
            self.flows += other.flows;
            return true;
        }
        false
    }
}

/// Rows by their cells and minutes, and those that are not summed.
#[derive(Clone, Debug)]
pub(super) struct Minutes {
    of_cells: Vec<CellMinute>,
    others: Batch,
    of_others: Vec<u16>,
    pasts_of_others: Pasts,
}

/// A row that counts longer is not summed: it alone would make hundreds of entries.
const MOST_MINUTES: i64 = 60;

/// Minutes are worth it where there are at least so many rows to each entry.
const LEAST_ROWS_A_MINUTE: usize = 2;

impl Minutes {
    /// Of a batch that has at least times, source ports, actions, states and counters; `None` where they are hardly fewer than
    /// its rows.
    pub(super) fn of(batch: &Batch, of_rows: &[u16], pasts: &Pasts) -> Option<Minutes> {
        Minutes::at_most(batch.len() / LEAST_ROWS_A_MINUTE, batch, of_rows, pasts)
    }

    pub(super) fn at_most(most: usize, batch: &Batch, of_rows: &[u16], pasts: &Pasts) -> Option<Minutes> {
        let of_window = pasts.of_all_time();
        let mut minutes = Latest::default();
        let mut others: Vec<u32> = Vec::new();
        let mut minute_ms = Nearby::default();
        for (row, (cell, time_ms)) in of_rows.iter().zip(&batch.time_ms).enumerate() {
            let (kind, logged) = (Kind::of_row(batch, row)?, *batch.logged.get(row)?);
            let counters = batch.amounts(row);
            let is_spread = kind >= Kind::Continue && !is_zero(counters);
            let minute_ms = minute_ms.of(*time_ms, MINUTES);
            let from_ms = match of_window.since(row, *time_ms) {
                Since::Unknown => i64::MIN,
                _ if !is_spread => *time_ms,
                Since::Ms(since_ms) => time_ms.saturating_sub(since_ms),
                Since::Nothing => i64::MIN,
            };
            let flows = u32::from(kind <= Kind::Begin);
            let tuple = CellMinute { start_ms: minute_ms, counters, tuples: 1, flows, cell: *cell, logged };
            if from_ms <= minute_ms.saturating_sub(MOST_MINUTES * MINUTE_MS) {
                others.push(row as u32);
            } else if from_ms >= minute_ms {
                minutes.add(tuple);
            } else {
                MINUTES.spread(counters, from_ms, *time_ms, &mut |start_ms, counters| {
                    // Each minute is told of once, also the one in which the tuple was logged.
                    let tuples = u32::from(start_ms == minute_ms);
                    minutes.add(CellMinute { start_ms, counters, tuples, flows: flows * tuples, ..tuple });
                });
            }
            if minutes.entries.len() + others.len() > most {
                return None;
            }
        }
        minutes.entries.shrink_to_fit();
        let mut rows = Batch::default();
        batch.gather(&others, &mut rows);
        Some(Minutes {
            of_cells: minutes.entries,
            of_others: others.iter().filter_map(|row| of_rows.get(*row as usize)).copied().collect(),
            pasts_of_others: pasts.of_rows(&others),
            others: rows,
        })
    }
}

impl Cells {
    /// Takes what they counted in each minute.
    pub(super) fn keep_minutes(&mut self, minutes: Option<Minutes>, batch: &Batch, pasts: &Pasts) {
        let is_complete = minutes.is_some() || !pasts.has_untold(batch);
        self.earliest_ms = if is_complete { pasts.earliest_ms(batch) } else { i64::MIN };
        self.minutes = minutes;
    }
}

/// Entries in the making, of which the latest ones of each cell are found at once.
#[derive(Debug, Default)]
struct Latest {
    entries: Vec<CellMinute>,
    /// By cell and minute, of which a few follow each other: the entry that was there last.
    places: Vec<u32>,
}

/// So many minutes of a cell are found.
const FOUND_MINUTES: usize = 8;

impl Latest {
    fn add(&mut self, part: CellMinute) {
        // A minute is 32 times an odd number of milliseconds: these bits tell neighbours apart without a division.
        let minute = (part.start_ms >> MINUTE_MS.trailing_zeros()) as usize % FOUND_MINUTES;
        let place = usize::from(part.cell) * FOUND_MINUTES + minute;
        if place >= self.places.len() {
            self.places.resize((place + 1).next_power_of_two(), u32::MAX);
        }
        let Some(place) = self.places.get_mut(place) else { return };
        if !self.entries.get_mut(*place as usize).is_some_and(|entry| entry.take_in(&part)) {
            *place = self.entries.len() as u32;
            self.entries.push(part);
        }
    }
}

/// The minutes of a batch, and the places of its cells among those that count; `None` where each is at its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartMinutes<'a> {
    pub(super) minutes: &'a Minutes,
    pub(super) places: Option<&'a [u32]>,
}

impl PartMinutes<'_> {
    /// Takes the sessions of flows of which nothing is told off the weights of their cells.
    pub(super) fn leave_out_sessions(&self, weights: &mut [Weight]) {
        let Minutes { others, of_others, pasts_of_others, .. } = self.minutes;
        let pasts = pasts_of_others.of_all_time();
        for (row, (cell, time_ms)) in of_others.iter().zip(&others.time_ms).enumerate() {
            if pasts.starts_session(others, row)
                && pasts.since(row, *time_ms) == Since::Unknown
                && let Some(place) = place_of(self.places, *cell)
                && let Some(weight) = weights.get_mut(place)
            {
                weight.sessions -= 1;
            }
        }
    }
}

impl<'a> Condensed<'a> {
    /// Where the weights are without the sessions of flows of which nothing is told: rows among which are those flows'.
    pub(crate) fn untold(&self) -> Vec<Condensed<'a>> {
        if self.has_untold_sessions {
            return self.minutes().map(|(_, others)| others).unwrap_or_default();
        }
        self.pasts.filter(|pasts| pasts.has_untold_sessions()).map(|_| *self).into_iter().collect()
    }

    /// What the cells that count counted in each minute, each with its cell, and the rows of which nothing is summed there;
    /// `None` where that is not known, or not all rows of these cells count.
    pub(crate) fn minutes(
        &self,
    ) -> Option<(impl Iterator<Item = (usize, &'a CellMinute)>, Vec<Condensed<'a>>)> {
        let parts = self.minutes;
        let of_cells = parts.iter().flat_map(|part| {
            let of_cells = part.minutes.of_cells.iter();
            of_cells.filter_map(|minute| Some((place_of(part.places, minute.cell)?, minute)))
        });
        let others = |part: &PartMinutes<'a>| {
            let minutes = part.minutes;
            Condensed {
                times_ms: &minutes.others.time_ms,
                rows: Some(&minutes.others),
                pasts: Some(minutes.pasts_of_others.of_all_time()),
                of_rows: Some(&minutes.of_others),
                places: part.places,
                minutes: &[],
                ..*self
            }
        };
        // Of most batches there are none.
        let some = parts.iter().filter(|part| !part.minutes.of_others.is_empty());
        (!parts.is_empty()).then(|| (of_cells, some.map(others).collect()))
    }
}
