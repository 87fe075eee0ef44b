//! `timeline`: how much, when.
//!
//! A continue or end tuple counts what passed since the flow's previous tuple, which may be weeks. With `spread` its
//! packets and bytes are spread evenly over that time, so that no bucket shows a spike that never was; tuples, flows
//! and denials always count when they were logged. Every counter keeps its sum to the unit. Spreading keeps something
//! of every tuple in memory (see `events`); the plain mode keeps one entry a bucket and key.
//!
//! # Since when
//!
//! The previous tuple is that of the same 5-tuple at the same NIC in the same direction. Where the data has none:
//!
//! * a continue counts about [`CONTINUE_MS`], the time between two of them: it is spread over that;
//! * an end may count anything: it is spread from the start of the data on, and over [`CONTINUE_MS`] at least.
//!
//! How much was spread over such an assumed time stands in the table's notes.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::events::{Event, Events, Kind, tell};
use crate::aggregate::building_blocks::key_table::KeyTable;
use crate::aggregate::building_blocks::keys::{Key, KeyValue};
use crate::aggregate::building_blocks::pasts::{Since, WindowPasts};
use crate::aggregate::building_blocks::recent::Sums;
use crate::aggregate::building_blocks::spreading::{MOST_BUCKETS, Nearby, TimeGrid, is_zero};
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::condensed::{CellMinute, Condensed, MINUTE_MS};
use crate::groups::Groups;
use crate::sorting::{sort_by, sort_by_key};
use crate::table::{Table, Values};
use crate::travel::travels;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// About how long it takes from one continue tuple of a flow to the next.
pub const CONTINUE_MS: i64 = 5 * 60_000;

/// How `timeline` shall count.
#[derive(Clone, Debug)]
pub struct TimelineOptions {
    /// Length of a bucket in milliseconds (default: a minute). Buckets start at multiples of it since 1970 UTC.
    pub every_ms: i64,
    /// What to group by besides time (default: nothing).
    pub by: Vec<Key>,
    /// Spread counters over the time they were counted in (default), or count all when it was logged.
    pub spread: bool,
    /// Names for networks, for keys by group.
    pub groups: Arc<Groups>,
}

impl Default for TimelineOptions {
    fn default() -> Self {
        TimelineOptions {
            every_ms: 60_000,
            by: Vec::new(),
            spread: true,
            groups: Arc::new(Groups::default()),
        }
    }
}

/// Totals of every bucket and key.
#[derive(Clone, Debug)]
pub struct Timeline {
    every_ms: i64,
    spread: bool,
    keys: KeyTable,
    buckets: Buckets,
    /// What is to be spread.
    events: Events,
    first_ms: Option<i64>,
    /// Tuples that were spread already, over less than their whole time.
    shortened: u64,
}

travels!(Timeline { every_ms, spread, keys, buckets, events, first_ms, shortened });

type Buckets = HashMap<(i64, u32), Totals, FixedState>;

/// What was spread over a time that nobody logged.
#[derive(Clone, Copy, Debug, Default)]
struct Assumed {
    /// Their number and bytes.
    totals: Totals,
    shortened: u64,
}

impl Timeline {
    /// A timeline with these options; buckets of less than a millisecond are taken as one millisecond.
    #[must_use]
    pub fn new(options: &TimelineOptions) -> Timeline {
        Timeline {
            every_ms: options.every_ms.max(1),
            spread: options.spread,
            keys: KeyTable::new(&options.by, Arc::clone(&options.groups)),
            buckets: Buckets::default(),
            events: Events::default(),
            first_ms: None,
            shortened: 0,
        }
    }

    /// Spreads the counters of one flow's events, which come in order of time.
    fn spread_flow(&self, of_flow: &[&Event], buckets: &mut Buckets, assumed: &mut Assumed) {
        let (first_ms, grid) = (self.first_ms.unwrap_or(0), self.grid());
        // Since when the next tuple counts, and the time of the tuple before it.
        let (mut since_ms, mut before): (Option<i64>, Option<(i64, bool)>) = (None, None);
        for event in of_flow {
            let counts = event.kind >= Kind::Continue;
            // Several ends at one millisecond count the same time; what follows a begin counts from there.
            match before {
                Some((time_ms, true)) if time_ms == event.time_ms && counts => {}
                _ => since_ms = before.map(|(time_ms, _)| time_ms),
            }
            before = Some((event.time_ms, counts));
            let counters = self.events.counters(event);
            if is_zero(counters) {
                // Nothing to spread, but a logged zero is a zero.
                self.add_counters(grid.start_ms(event.time_ms), event, counters, buckets);
                continue;
            }
            if !counts {
                self.add_counters(grid.start_ms(event.time_ms), event, counters, buckets);
                continue;
            }
            let from_ms = since_ms.unwrap_or_else(|| {
                assumed.totals.tuples += 1;
                assumed.totals.add_counters(counters, event.logged);
                let usual_ms = event.time_ms.saturating_sub(CONTINUE_MS);
                if event.kind == Kind::End { usual_ms.min(first_ms) } else { usual_ms }
            });
            let mut put = |bucket_ms, part| self.add_counters(bucket_ms, event, part, buckets);
            assumed.shortened += u64::from(grid.spread(counters, from_ms, event.time_ms, &mut put));
        }
    }

    /// Takes in rows whose pasts are told: all but a few are spread at once.
    fn add_spread(&mut self, condensed: &Condensed<'_>, rows: &Batch, pasts: WindowPasts<'_>) {
        let cells = condensed.cells;
        let codes = self.keys.codes(cells);
        let translation = self.events.flows.translate(cells);
        let mut events = core::mem::take(&mut self.events);
        let mut sums = Sums::default();
        let mut shortened = 0;
        let grid = self.grid();
        let mut bucket_ms = Nearby::default();
        condensed.for_each_row(|row, cell, time_ms| {
            let code = codes.get(cell).copied().unwrap_or(0);
            let logged_ms = bucket_ms.of(time_ms, grid);
            let (Some(kind), Some(logged), Some(counted)) =
                (Kind::of_row(rows, row), rows.logged.get(row), sums.of(key(logged_ms, code)))
            else {
                return;
            };
            counted.count(rows, row);
            let counters = rows.amounts(row);
            let is_spread = kind >= Kind::Continue && !is_zero(counters);
            let from_ms = match pasts.since(row, time_ms) {
                Since::Ms(since_ms) => time_ms.saturating_sub(since_ms),
                Since::Nothing if !is_spread => time_ms,
                Since::Unknown | Since::Nothing => {
                    let port = rows.src_port.get(row).copied().unwrap_or(0);
                    if let Some(flow) = translation.flow_of_cell(cells, cell, port) {
                        events.add_row(rows, row, flow, code);
                    }
                    return;
                }
            };
            if !is_spread || from_ms >= logged_ms {
                counted.add_counters(counters, *logged);
                return;
            }
            let mut put = |bucket_ms, part| {
                if let Some(totals) = sums.of(key(bucket_ms, code)) {
                    totals.add_counters(part, *logged);
                }
            };
            shortened += u64::from(grid.spread(counters, from_ms, time_ms, &mut put));
        });
        self.events = events;
        self.shortened += shortened;
        self.add_sums(&sums);
    }

    /// Takes in what cells counted in each minute, spread.
    fn add_minutes<'m>(&mut self, cells: &Batch, minutes: impl Iterator<Item = (usize, &'m CellMinute)>) {
        let (codes, grid) = (self.keys.codes(cells), self.grid());
        let mut sums = Sums::default();
        let mut bucket_ms = Nearby::default();
        for (cell, minute) in minutes {
            let code = codes.get(cell).copied().unwrap_or(0);
            if let Some(totals) = sums.of(key(bucket_ms.of(minute.start_ms, grid), code)) {
                minute.add_to(cells.action.get(cell).copied(), totals);
            }
        }
        self.add_sums(&sums);
    }

    /// Takes in rows with their counters when they were logged.
    fn add_as_logged(&mut self, condensed: &Condensed<'_>, rows: &Batch) {
        let (codes, grid) = (self.keys.codes(condensed.cells), self.grid());
        let mut sums = Sums::default();
        let mut bucket_ms = Nearby::default();
        condensed.for_each_row(|row, cell, time_ms| {
            let code = codes.get(cell).copied().unwrap_or(0);
            if let Some(totals) = sums.of(key(bucket_ms.of(time_ms, grid), code)) {
                totals.add(rows, row);
            }
        });
        self.add_sums(&sums);
    }

    fn add_counters(&self, bucket_ms: i64, event: &Event, counters: [u64; 4], buckets: &mut Buckets) {
        let totals = buckets.entry((bucket_ms, event.tag)).or_default();
        totals.add_counters(counters, event.logged);
    }

    /// Takes in sums by the start of their bucket (upper half) and their key.
    fn add_sums(&mut self, sums: &Sums) {
        for (key, totals) in sums.iter() {
            let bucket = ((key >> 64) as u64 as i64, key as u32);
            self.buckets.entry(bucket).or_default().merge(totals);
        }
    }

    fn grid(&self) -> TimeGrid {
        TimeGrid { every_ms: self.every_ms }
    }
}

impl Aggregate for Timeline {
    const NAME: &'static str = "timeline";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.first_ms = [self.first_ms, batch.time_ms.iter().min().copied()].into_iter().flatten().min();
        let (codes, grid) = (self.keys.codes(batch), self.grid());
        let mut sums = Sums::default();
        for (row, (time_ms, code)) in batch.time_ms.iter().zip(&codes).enumerate() {
            let Some(totals) = sums.of(key(grid.start_ms(*time_ms), *code)) else { continue };
            if self.spread {
                totals.count(batch, row);
            } else {
                totals.add(batch, row);
            }
        }
        self.add_sums(&sums);
        if self.spread {
            self.events.add(batch, |row| codes.get(row).copied().unwrap_or(0));
        }
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        if !self.keys.are_told_by_cells() {
            return false;
        }
        let minutes = condensed.minutes().filter(|_| self.every_ms % MINUTE_MS == 0);
        match (self.spread, condensed.rows, condensed.pasts, minutes) {
            (true, _, Some(_), Some((minutes, others))) => {
                self.add_minutes(condensed.cells, minutes);
                for others in others {
                    if let (Some(rows), Some(pasts)) = (others.rows, others.pasts) {
                        self.add_spread(&others, rows, pasts);
                    }
                }
            }
            (true, Some(rows), Some(pasts), None) => self.add_spread(condensed, rows, pasts),
            (false, Some(rows), ..) => self.add_as_logged(condensed, rows),
            _ => return false,
        }
        let earliest_ms = condensed.cells.time_ms.iter().min().copied();
        self.first_ms = [self.first_ms, earliest_ms].into_iter().flatten().min();
        true
    }

    fn merge(&mut self, other: Timeline) {
        self.first_ms = [self.first_ms, other.first_ms].into_iter().flatten().min();
        self.shortened += other.shortened;
        let mut codes: HashMap<u32, u32, FixedState> = HashMap::default();
        for ((bucket_ms, code), totals) in &other.buckets {
            let code = *codes.entry(*code).or_insert_with(|| self.keys.code_of(other.keys.values(*code)));
            self.buckets.entry((*bucket_ms, code)).or_default().merge(totals);
        }
        self.events.merge(&other.events, |tag| codes.get(&tag).copied().unwrap_or(0));
    }

    fn finish(mut self) -> Table {
        let mut buckets = core::mem::take(&mut self.buckets);
        let mut assumed = Assumed { shortened: self.shortened, ..Assumed::default() };
        let ordered = self.events.ordered();
        let mut of_flow = Vec::new();
        for flow in 0..self.events.flows.len() as u32 {
            tell(ordered.of_flow(flow, &self.events), &mut of_flow);
            self.spread_flow(&of_flow, &mut buckets, &mut assumed);
        }
        drop(ordered);

        let mut known: HashMap<u32, u32, FixedState> = HashMap::default();
        let mut keys: Vec<(Vec<KeyValue>, u32)> = buckets
            .keys()
            .filter(|(_, code)| known.insert(*code, 0).is_none())
            .map(|(_, code)| (self.keys.values(*code), *code))
            .collect();
        // Keys by their values, so that the order of rows never depends on the order in which tuples came.
        sort_by(&mut keys, Ord::cmp);
        known.extend((0..).zip(&keys).map(|(place, (_, code))| (*code, place)));
        let mut rows: Vec<(i64, u32, Totals)> = buckets
            .into_iter()
            .map(|((bucket_ms, code), totals)| (bucket_ms, known.get(&code).copied().unwrap_or(0), totals))
            .collect();
        sort_by_key(&mut rows, |(bucket_ms, place, _)| (*bucket_ms, *place));

        let mut table = Table::default();
        table.add("time", Values::TimeMs(rows.iter().map(|(bucket_ms, ..)| Some(*bucket_ms)).collect()));
        let key_rows =
            rows.iter().map(|(_, place, _)| keys.get(*place as usize).map(|(values, _)| values.as_slice()));
        self.keys.add_columns(&mut table, key_rows);
        let totals: Vec<Totals> = rows.into_iter().map(|(.., totals)| totals).collect();
        add_columns(&mut table, &totals);
        let bits = |totals: &Totals| Some(totals.bytes()? as f64 * 8000.0 / self.every_ms as f64);
        table.add("bits_per_second", Values::F64(totals.iter().map(bits).collect()));
        table.notes.extend(assumed.notes());
        table
    }
}

/// A bucket and a key in one number.
#[inline]
fn key(bucket_ms: i64, code: u32) -> u128 {
    u128::from(bucket_ms as u64) << 64 | u128::from(code)
}

impl Assumed {
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.totals.tuples > 0 {
            notes.push(format!(
                "{} tuples with {} bytes have no earlier tuple of their flow in the data: continues were spread over 5 \
                 minutes, ends from the start of the data on",
                self.totals.tuples,
                self.totals.bytes().unwrap_or(0)
            ));
        }
        if self.shortened > 0 {
            notes.push(format!(
                "{} tuples count more than {MOST_BUCKETS} buckets of time and were spread over the latest of them",
                self.shortened
            ));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
