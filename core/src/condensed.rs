//! Rows summed into cells: what most questions need of a batch, in far fewer rows.
//!
//! Tuples of one conversation repeat everything but time, source port, state and counters. A cell stands for all of a
//! batch's tuples that differ in nothing else, with their sums and the first and last time. Analyses that ask for no more
//! take cells for rows; others look up what they need of each row and the rest at its cell ([`Condensed`]).

use crate::aggregate::{Pasts, WindowPasts};
use crate::batch::Batch;
use crate::filter::Filter;
use foldhash::fast::FixedState;
use key::{key, kinds_of};
use minutes::{Minutes, PartMinutes};
use some::{NO_PLACE, place_of};
use std::collections::HashMap;
use weight::Sum;

mod joined;
mod key;
mod minutes;
mod ports;
mod some;
#[cfg(test)]
mod tests;
mod weight;

pub use joined::Joined;
pub(crate) use minutes::{CellMinute, MINUTE_MS};
pub(crate) use ports::PortSet;
pub use some::SomeCells;
pub use weight::Weight;

/// Cells are worth it where there are at least this many rows to each.
const LEAST_ROWS_A_CELL: usize = 4;

/// The public columns in which the rows of a cell may differ, or those of cells that are joined.
const COLUMNS_OF_ROWS: [&str; 10] = [
    "source",
    "time",
    "record_time",
    "src_port",
    "state",
    "packets_src_to_dst",
    "bytes_src_to_dst",
    "packets_dst_to_src",
    "bytes_dst_to_src",
    "offset",
];

/// The public columns in which no two tuples of an allowed flow differ that was logged at one place.
const COLUMNS_OF_FLOWS: [&str; 9] = [
    "src_ip",
    "dst_ip",
    "src_port",
    "dst_port",
    "protocol",
    "direction",
    "action",
    "mac",
    "flow_log_version",
];

/// The public columns in which tuples of such a flow seldom differ: where they do, nothing is told of the flow.
const COLUMNS_OF_LABELS: [&str; 6] =
    ["rule", "acl_id", "rule_origin", "encryption", "target_resource_id", "flow_log_resource_id"];

/// Before every tuple: a window from here on is all time, but tears flows apart of which nothing is told.
const EARLIEST_MS: i64 = i64::MIN + 1;

/// True where all rows of a cell have the same value of that public column.
pub(crate) fn is_column_of_cells(name: &str) -> bool {
    !COLUMNS_OF_ROWS.contains(&name)
}

/// The cells of a batch.
#[derive(Clone, Debug)]
pub struct Cells {
    /// A row for each cell, with any source port of the batch; dictionaries, groups and records stay in the batch.
    cells: Batch,
    of_rows: Vec<u16>,
    source_ports: PortSet,
    /// Once pasts are told: the first time of a row, or of the tuple before it in its flow where that is known; `i64::MIN` where
    /// rows of which it is not known don't stand beside the minutes.
    earliest_ms: i64,
    /// Once pasts are told, where they are worth it.
    minutes: Option<Minutes>,
}

/// There are fewer cells to a batch.
const NO_CELL: u16 = u16::MAX;

/// Cells on their way into an aggregate, and the rows behind them.
#[derive(Clone, Copy, Debug)]
pub struct Condensed<'a> {
    /// The cells, with dictionaries, groups and records.
    pub cells: &'a Batch,
    /// The times of all rows of the batch, in milliseconds since 1970 UTC.
    pub times_ms: &'a [i64],
    /// All rows of the batch, `None` where they are not at hand: without dictionaries, and perhaps without the addresses,
    /// flow groups, directions and encryptions that cells tell.
    pub rows: Option<&'a Batch>,
    /// What came before each row, where that is told of all batches and the rows that count are whole flows, at least from some
    /// time on; then sessions are told in the weights, but for those of rows that have them untold.
    pub pasts: Option<WindowPasts<'a>>,
    /// The cell of each row; `None` where each is its own.
    of_rows: Option<&'a [u16]>,
    /// The places of these among `cells`; `None` where each is at its own.
    places: Option<&'a [u32]>,
    /// A bit a row: those that count; `None` where all rows of these cells do.
    kept: Option<&'a [u64]>,
    /// The weights are without the sessions of flows of which nothing is told.
    has_untold_sessions: bool,
    /// Where all rows of these cells count: what they counted in each minute, if that is known.
    minutes: &'a [PartMinutes<'a>],
}

impl Condensed<'_> {
    /// Rows that are tuples as cells, each for itself: with dictionaries, and with weights where `pasts` are given.
    #[must_use]
    pub fn of_tuples<'b>(batch: &'b Batch, pasts: Option<WindowPasts<'b>>) -> Condensed<'b> {
        Condensed {
            cells: batch,
            times_ms: &batch.time_ms,
            rows: Some(batch),
            pasts,
            of_rows: None,
            places: None,
            kept: None,
            has_untold_sessions: false,
            minutes: &[],
        }
    }

    /// Calls for each row that counts, in order: with its number, its cell and its time.
    #[inline(always)]
    pub(crate) fn for_each_row(&self, mut take: impl FnMut(usize, usize, i64)) {
        // One loop for all cases: what is taken in stands in it, and would stand in each.
        for (row, time_ms) in self.times_ms.iter().enumerate() {
            if self.kept.is_some_and(|kept| kept.get(row / 64).is_none_or(|word| word >> (row % 64) & 1 == 0))
            {
                continue;
            }
            let place = match self.of_rows {
                None => Some(row),
                Some(cells) => cells.get(row).and_then(|cell| place_of(self.places, *cell)),
            };
            if let Some(place) = place {
                take(row, place, *time_ms);
            }
        }
    }
}

impl Cells {
    /// The cells of a batch; `None` where they are hardly fewer than its rows.
    #[must_use]
    pub fn of(batch: &Batch) -> Option<Cells> {
        Cells::at_most(batch.len() / LEAST_ROWS_A_CELL, batch)
    }

    fn at_most(most: usize, batch: &Batch) -> Option<Cells> {
        let kinds = kinds_of(batch);
        let most = most.min(usize::from(NO_CELL));
        let mut recent = vec![(0_u128, NO_CELL); 1 << RECENT_BITS];
        let mut codes: HashMap<u128, u32, FixedState> = HashMap::default();
        let mut firsts: Vec<u32> = Vec::new();
        let mut of_rows = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            let key = key(batch, &kinds, row)?;
            let folded = (key as u64 ^ (key >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let place = recent.get_mut((folded >> (u64::BITS - RECENT_BITS)) as usize)?;
            if place.0 != key || place.1 == NO_CELL {
                let next = firsts.len() as u32;
                let code = *codes.entry(key).or_insert(next);
                if code == next {
                    if firsts.len() == most {
                        return None;
                    }
                    firsts.push(row as u32);
                }
                *place = (key, code as u16);
            }
            of_rows.push(place.1);
        }
        let mut cells = Batch::default();
        batch.gather(&firsts, &mut cells);
        cells.src_port.fill(*batch.src_port.first()?);
        cells.state.fill(None);
        cells.offset.clear();
        let mut sums = vec![Sum::default(); firsts.len()];
        for (row, cell) in of_rows.iter().enumerate() {
            if let Some(sum) = sums.get_mut(usize::from(*cell)) {
                sum.add(batch, row, false);
            }
        }
        cells.weights.resize(sums.len(), Weight::default());
        sums.iter().enumerate().for_each(|(cell, sum)| sum.write(&mut cells, cell));
        Some(Cells {
            cells,
            of_rows,
            source_ports: PortSet::of_sources(batch),
            earliest_ms: i64::MIN,
            minutes: None,
        })
    }

    /// From when on (milliseconds since 1970 UTC, `i64::MIN` for all time), up to some end, a filter keeps either all tuples of an
    /// allowed flow at one place or none, but for flows of which nothing is told where it is not for all time; `None` where it
    /// tears other flows apart.
    #[must_use]
    pub fn flows_are_whole_from(filter: &Filter) -> Option<i64> {
        let columns = filter.columns();
        let is_label = |name: &str| COLUMNS_OF_LABELS.contains(&name);
        let (first_ms, _) = filter.time_window()?;
        let are_whole =
            columns.iter().all(|name| *name == "time" || is_label(name) || COLUMNS_OF_FLOWS.contains(name));
        let earliest_ms = if columns.iter().any(|name| is_label(name)) { EARLIEST_MS } else { i64::MIN };
        are_whole.then_some(first_ms.max(earliest_ms))
    }

    /// True where a filter can be asked about cells ([`Cells::are_enough_for`]): it keeps either all rows of a cell or none, but for what
    /// source ports say, and one span of time.
    #[must_use]
    pub fn can_be_asked(filter: &Filter) -> bool {
        let are_told = |name| is_column_of_cells(name) || ["src_port", "time"].contains(&name);
        filter.columns().into_iter().all(are_told) && filter.time_window().is_some()
    }

    /// True where such a filter can be asked about these cells: all their times and source ports are one to it, and what came before
    /// their rows is the same as for all time.
    #[must_use]
    pub fn are_enough_for(&self, filter: &Filter) -> bool {
        let Some((from_ms, to_ms)) = filter.time_window() else { return false };
        let first_ms = self.cells.time_ms.iter().min();
        let last_ms = self.cells.weights.iter().map(|weight| weight.last_ms).max();
        let (Some(first_ms), Some(last_ms)) = (first_ms, last_ms) else { return false };
        let whole_from_ms = Cells::flows_are_whole_from(filter).unwrap_or(i64::MIN);
        let are_inside = from_ms <= *first_ms && last_ms <= to_ms && whole_from_ms <= self.earliest_ms;
        let are_outside = last_ms < from_ms || to_ms < *first_ms;
        (are_inside || are_outside) && !filter.tells_these_source_ports_apart(&self.source_ports)
    }

    /// Notes what came before each row: the sessions of all cells, and what they counted in each minute. Sessions that begin or
    /// are denied in a cell are its flows; to these come the ones whose begin is not in the data. The batch has at least times,
    /// source ports, actions, states and counters.
    pub fn tell_pasts(&mut self, batch: &Batch, pasts: &Pasts) {
        for weight in &mut self.cells.weights {
            weight.sessions = weight.flows;
        }
        let of_all_time = pasts.of_all_time();
        let rows = self.of_rows.iter().enumerate();
        for (_, cell) in rows.filter(|(row, _)| of_all_time.starts_session(batch, *row)) {
            if let Some(weight) = self.cells.weights.get_mut(usize::from(*cell)) {
                weight.sessions += 1;
            }
        }
        self.keep_minutes(Minutes::of(batch, &self.of_rows, pasts), batch, pasts);
    }

    /// The cells as rows; dictionaries, groups and records are missing (see [`Batch::lend_dictionaries`]).
    pub fn batch_mut(&mut self) -> &mut Batch {
        &mut self.cells
    }

    /// These cells alone, all their rows: a truth value for each cell. A window tears flows apart of which nothing is told.
    #[must_use]
    pub fn some(&self, is_kept: &[bool], is_of_window: bool) -> SomeCells {
        let mut some = self.chosen(is_kept);
        some.rows = some.cells.weights.iter().map(|weight| weight.tuples as usize).sum();
        if is_of_window && let Some(minutes) = &self.minutes {
            let SomeCells { cells, places, has_untold_sessions, .. } = &mut some;
            *has_untold_sessions = true;
            PartMinutes { minutes, places: Some(places) }.leave_out_sessions(&mut cells.weights);
        }
        some
    }

    /// The cells of these rows alone: a truth value for each row. `pasts` as in [`Cells::tell_pasts`], of a window where the
    /// rows are ([`Pasts::of_window`]), or empty where nobody told. `with_rows` is called where the batch's rows are needed,
    /// which must have the columns that cells don't tell.
    #[must_use]
    pub fn of_kept(
        &self,
        is_kept: &[bool],
        pasts: WindowPasts<'_>,
        with_rows: impl FnOnce(&mut dyn FnMut(&Batch)),
    ) -> SomeCells {
        let mut counts = vec![0_u32; self.cells.len()];
        for (cell, keep) in self.of_rows.iter().zip(is_kept) {
            if let Some(count) = counts.get_mut(usize::from(*cell)) {
                *count += u32::from(*keep);
            }
        }
        let mut some = self.chosen(&counts.iter().map(|count| *count > 0).collect::<Vec<_>>());
        // Of most cells all rows are kept, or none: only what is between is summed anew.
        let mut sums: Vec<Option<Sum>> = counts
            .iter()
            .zip(&self.cells.weights)
            .map(|(count, whole)| (*count > 0 && *count < whole.tuples).then(Sum::default))
            .collect();
        let is_of_window = pasts.is_of_window();
        if is_of_window {
            some.cells.weights.iter_mut().for_each(|weight| weight.sessions = weight.flows);
        }
        let are_whole = sums.iter().all(Option::is_none) && !is_of_window;
        if !are_whole {
            with_rows(&mut |rows| {
                let kept = self.of_rows.iter().zip(is_kept).enumerate().filter(|(_, (_, keep))| **keep);
                for (row, (cell, _)) in kept {
                    let starts_session = pasts.starts_session(rows, row);
                    if let Some(Some(sum)) = sums.get_mut(usize::from(*cell)) {
                        sum.add(rows, row, starts_session);
                    } else if is_of_window
                        && starts_session
                        && let Some(place) = place_of(Some(&some.places), *cell)
                        && let Some(weight) = some.cells.weights.get_mut(place)
                    {
                        weight.sessions += 1;
                    }
                }
            });
        }
        for (place, sum) in some.places.iter().zip(&sums) {
            if let Some(sum) = sum {
                sum.write(&mut some.cells, *place as usize);
            }
        }
        some.rows = counts.iter().map(|count| *count as usize).sum();
        some.kept = (!are_whole).then(|| bits_of(is_kept));
        some
    }

    /// These cells as they are.
    fn chosen(&self, is_kept: &[bool]) -> SomeCells {
        let mut numbers = Vec::new();
        let mut places = vec![NO_PLACE; is_kept.len()];
        for ((number, is_kept), place) in (0..).zip(is_kept).zip(&mut places) {
            if *is_kept {
                *place = numbers.len() as u32;
                numbers.push(number);
            }
        }
        let mut cells = Batch::default();
        self.cells.gather(&numbers, &mut cells);
        SomeCells { cells, places, kept: None, rows: 0, has_untold_sessions: false }
    }

    /// Hands over all cells, or some of them. The batch may lack its rows where `times_ms` has their times; `pasts` as in
    /// [`Condensed`].
    pub fn with(
        &mut self,
        some: Option<&mut SomeCells>,
        batch: &mut Batch,
        times_ms: Option<&[i64]>,
        pasts: Option<WindowPasts<'_>>,
        take: impl FnOnce(&Condensed<'_>),
    ) {
        let Cells { cells: all, of_rows, minutes, .. } = self;
        let (columns, places, kept, has_untold_sessions) = match some {
            None => (all, None, None, false),
            Some(SomeCells { cells, places, kept, has_untold_sessions, .. }) => {
                (cells, Some(places.as_slice()), kept.as_deref(), *has_untold_sessions)
            }
        };
        let part = minutes.as_ref().filter(|_| kept.is_none()).map(|minutes| PartMinutes { minutes, places });
        let (of_rows, minutes) = (Some(of_rows.as_slice()), part.as_slice());
        batch.lend_dictionaries(columns, |batch, cells| {
            let (rows, times_ms) = match times_ms {
                Some(times_ms) => (None, times_ms),
                None => (Some(batch), batch.time_ms.as_slice()),
            };
            take(&Condensed {
                cells,
                times_ms,
                rows,
                pasts,
                of_rows,
                places,
                kept,
                has_untold_sessions,
                minutes,
            });
        });
    }

    /// The numbers of the rows of some cells.
    #[must_use]
    pub fn rows_of(&self, some: &SomeCells) -> Vec<u32> {
        if let Some(kept) = &some.kept {
            return numbers_of(kept).collect();
        }
        let is_kept = |cell: &u16| place_of(Some(&some.places), *cell).is_some();
        (0..).zip(&self.of_rows).filter_map(|(row, cell)| is_kept(cell).then_some(row)).collect()
    }
}

/// A bit for each truth value.
#[must_use]
pub fn bits_of(truths: &[bool]) -> Vec<u64> {
    let word = |truths: &[bool]| truths.iter().rev().fold(0, |word, truth| word << 1 | u64::from(*truth));
    truths.chunks(64).map(word).collect()
}

/// The numbers of the bits that are set.
pub fn numbers_of(bits: &[u64]) -> impl Iterator<Item = u32> {
    (0_u32..).zip(bits).flat_map(|(place, word)| {
        let mut word = *word;
        core::iter::from_fn(move || {
            let number = (word != 0).then(|| place * 64 + word.trailing_zeros())?;
            word &= word - 1;
            Some(number)
        })
    })
}

/// Cells that were met lately are found without asking for them among all: so many bits of places.
const RECENT_BITS: u32 = 12;
