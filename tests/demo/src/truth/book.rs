//! The book: what every row that was written counts, kept in cells fine enough that every sum of the truth is
//! a sum of cells.
//!
//! A flow knows its cells, so a row costs an addition and no look-up. Not here: the sums (`tops`, `facts`).

use std::collections::BTreeMap;

use crate::address::{Address, GROUP_NAMES};
use crate::flow::{Amounts, Flow, State};
use crate::network::{Hop, Nic};
use crate::options::{HOUR_MS, LogFormat};
use crate::rules::Direction;

/// The most formats written at once.
pub(crate) const MOST_FORMATS: usize = 2;

/// The sums of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) tuples: u64,
    /// Rows that begin a flow or are denied.
    pub(crate) flows: u64,
    pub(crate) denied: u64,
    /// Rows that have counters at all.
    pub(crate) counted: u64,
    pub(crate) amounts: Amounts,
}

impl Tally {
    pub(crate) fn row(&mut self, state: State, logged: Option<&Amounts>) {
        self.tuples += 1;
        self.flows += u64::from(matches!(state, State::Begin | State::Denied));
        self.denied += u64::from(state == State::Denied);
        if let Some(amounts) = logged {
            self.counted += 1;
            self.amounts.add(amounts);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.tuples += other.tuples;
        self.flows += other.flows;
        self.denied += other.denied;
        self.counted += other.counted;
        self.amounts.add(&other.amounts);
    }
}

/// What the rows of one cell have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) port: u16,
    pub(crate) protocol: u8,
    pub(crate) nic: u8,
    pub(crate) rule: u8,
    pub(crate) encryption: u8,
    pub(crate) direction: Direction,
    pub(crate) counts_once: [bool; MOST_FORMATS],
}

impl Cell {
    fn of(flow: &Flow, hop: &Hop) -> Self {
        Self {
            source: flow.plan.tuple.source,
            destination: flow.plan.tuple.destination,
            port: flow.plan.tuple.destination_port,
            protocol: flow.plan.tuple.protocol,
            nic: hop.nic,
            rule: hop.rule as u8,
            encryption: flow.plan.encryption as u8,
            direction: hop.direction,
            counts_once: hop.counts_once,
        }
    }
}

/// What is kept for one format besides the cells.
#[derive(Clone, Debug, Default)]
pub(crate) struct FormatBook {
    tallies: Vec<Tally>,
    pub(crate) first_ms: Option<i64>,
    pub(crate) last_ms: Option<i64>,
    /// Sums of the vantage `once` by hour and pair of groups; hours that are told leave.
    matrix: BTreeMap<i64, Vec<Tally>>,
}

/// All sums.
pub(crate) struct Book {
    pub(crate) formats: &'static [LogFormat],
    cells: Vec<Cell>,
    pub(crate) by_format: [FormatBook; MOST_FORMATS],
    pub(crate) macs: Vec<String>,
}

impl Book {
    pub(crate) fn new(formats: &'static [LogFormat], nics: &[Nic]) -> Self {
        Self {
            formats,
            cells: Vec::new(),
            by_format: Default::default(),
            macs: nics.iter().map(|nic| nic.mac.clone()).collect(),
        }
    }

    /// Makes the cell where the rows of such flows at a hop are counted.
    pub(crate) fn cell(&mut self, flow: &Flow, hop: &Hop) -> u32 {
        self.cells.push(Cell::of(flow, hop));
        for book in &mut self.by_format {
            book.tallies.push(Tally::default());
        }
        (self.cells.len() - 1) as u32
    }

    /// Counts a row that was written.
    pub(crate) fn row(
        &mut self,
        format: usize,
        flow: &Flow,
        hop: &Hop,
        time_ms: i64,
        state: State,
        logged: Option<&Amounts>,
    ) {
        let Some(book) = self.by_format.get_mut(format) else { return };
        if let Some(tally) = book.tallies.get_mut(hop.cell as usize) {
            tally.row(state, logged);
        }
        if book.first_ms.is_none_or(|first_ms| time_ms < first_ms) {
            book.first_ms = Some(time_ms);
        }
        if book.last_ms.is_none_or(|last_ms| time_ms > last_ms) {
            book.last_ms = Some(time_ms);
        }
        if hop.counts_once.get(format) == Some(&true) {
            let hour_ms = time_ms - time_ms.rem_euclid(HOUR_MS);
            let hour = book.matrix.entry(hour_ms).or_insert_with(|| vec![Tally::default(); MATRIX_CELLS]);
            if let Some(tally) = hour.get_mut(usize::from(flow.area)) {
                tally.row(state, logged);
            }
        }
    }

    /// Takes out a format's first matrix that begins before a moment, with the start of its hour.
    pub(crate) fn take_matrix(&mut self, format: usize, before_ms: i64) -> Option<(i64, Vec<Tally>)> {
        let matrix = &mut self.by_format.get_mut(format)?.matrix;
        let first = matrix.first_entry().filter(|first| *first.key() < before_ms)?;
        Some(first.remove_entry())
    }

    /// The cells with rows in a format, and their sums.
    pub(crate) fn cells(&self, format: usize) -> impl Iterator<Item = (&Cell, &Tally)> {
        let tallies = self.by_format.get(format).map_or(&[][..], |book| book.tallies.as_slice());
        self.cells.iter().zip(tallies).filter(|(_, tally)| tally.tuples > 0)
    }

    /// The sums of those cells that are wanted: at every interface, and each flow once.
    pub(crate) fn sum(&self, format: usize, wanted: impl Fn(&Cell) -> bool) -> (Tally, Tally) {
        let (mut all, mut once) = (Tally::default(), Tally::default());
        for (cell, tally) in self.cells(format).filter(|(cell, _)| wanted(cell)) {
            all.merge(tally);
            if cell.counts_once.get(format) == Some(&true) {
                once.merge(tally);
            }
        }
        (all, once)
    }
}

/// Pairs of groups in an hour's matrix.
pub(crate) const MATRIX_CELLS: usize = GROUP_NAMES.len() * GROUP_NAMES.len();
