//! What a session keeps of its logs: pages of rows without spare room, and where in which source each run of rows stands.

use crate::packed::{Packed, Parts};
use std::collections::VecDeque;
use vnetflow_core::aggregate::Pasts;
use vnetflow_core::batch::Batch;
use vnetflow_core::condensed::{Cells, Condensed, Joined, SomeCells};
use vnetflow_core::filter::Filter;

/// Whether a page has cells.
#[derive(Debug, Default)]
enum Condensation {
    #[default]
    Unknown,
    NotWorthIt,
    Cells(Box<Cells>),
}

/// A decoded batch that is kept.
#[derive(Debug)]
pub(crate) struct Page {
    batch: Batch,
    /// Where the batch's columns are, unless they are in the batch.
    packed: Option<Packed>,
    cells: Condensation,
    /// What came before each row in its flow; empty until that is told.
    pub(crate) pasts: Pasts,
    /// The part of a split source it belongs to, which may turn out to be wrong; else `None`.
    pub(crate) split_of: Option<u32>,
    pub(crate) runs: Vec<Run>,
}

impl Page {
    /// How many rows it has.
    pub(crate) fn len(&self) -> usize {
        self.packed.as_ref().map_or(self.batch.len(), Packed::len)
    }

    pub(crate) fn is_unpacked(&self) -> bool {
        self.packed.is_none()
    }

    /// Keeps its rows in less room from now on; then they take longer to read.
    pub(crate) fn pack(&mut self) {
        if self.packed.is_none() {
            self.packed = Some(Packed::of(&mut self.batch));
        }
    }

    /// Addresses and texts alone.
    pub(crate) fn dictionaries(&self) -> &Batch {
        &self.batch
    }

    pub(crate) fn dictionaries_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Hands over some of its rows.
    pub(crate) fn with_some(&mut self, rows: &[u32], take: impl FnOnce(&Batch)) {
        let mut columns = Batch::default();
        match &self.packed {
            None => self.batch.gather(rows, &mut columns),
            Some(packed) => packed.gather(rows, &mut columns),
        }
        self.batch.lend_dictionaries(&mut columns, |_, columns| take(columns));
    }

    /// Its cells, which are made at the first call; `None` where they are not worth it.
    pub(crate) fn cells(&mut self) -> Option<&Cells> {
        if matches!(self.cells, Condensation::Unknown) {
            self.cells = match self.with(|batch| Cells::of(batch)) {
                None => Condensation::NotWorthIt,
                Some(cells) => Condensation::Cells(Box::new(cells)),
            };
        }
        self.known_cells()
    }

    /// Its cells, if they were made.
    pub(crate) fn known_cells(&self) -> Option<&Cells> {
        match &self.cells {
            Condensation::Cells(cells) => Some(cells),
            _ => None,
        }
    }

    /// Takes its cells, if it has any, into those of all pages.
    pub(crate) fn join(&mut self, joined: &mut Joined) {
        let cells = match &mut self.cells {
            Condensation::Cells(cells) => Some(&mut **cells),
            _ => None,
        };
        joined.add(&mut self.batch, cells);
    }

    /// Hands over its cells as rows; `None` where it has none.
    pub(crate) fn with_cells<R>(&mut self, take: impl FnOnce(&Batch) -> R) -> Option<R> {
        self.cells()?;
        let Condensation::Cells(cells) = &mut self.cells else { return None };
        let mut result = None;
        self.batch.lend_dictionaries(cells.batch_mut(), |_, cells| result = Some(take(cells)));
        result
    }

    /// Hands over its cells, or some of them, if it has any; from `told_from_ms` on with what came before its rows. Where that
    /// takes unpacking, the rows behind them only if they are needed.
    pub(crate) fn with_condensed(
        &mut self,
        some: Option<&mut SomeCells>,
        told_from_ms: Option<i64>,
        needs_rows: bool,
        take: impl FnOnce(&Condensed<'_>),
    ) {
        let Condensation::Cells(cells) = &mut self.cells else { return };
        let pasts = told_from_ms.map(|from_ms| self.pasts.of_window(from_ms));
        match &mut self.packed {
            None => cells.with(some, &mut self.batch, None, pasts, take),
            Some(packed) if needs_rows => packed.with(&mut self.batch, Parts::UNTOLD, |batch| {
                cells.with(some, batch, None, pasts, take);
            }),
            Some(packed) => cells.with(some, &mut self.batch, Some(&packed.times_ms()), pasts, take),
        }
    }

    /// The cells of some of its rows, a truth value for each row; `None` where it has no cells.
    pub(crate) fn cells_of_kept(&mut self, is_kept: &[bool]) -> Option<SomeCells> {
        self.cells()?;
        let Condensation::Cells(cells) = &self.cells else { return None };
        let Page { batch, packed, pasts, .. } = self;
        Some(cells.of_kept(is_kept, pasts.of_all_time(), |take| match packed {
            None => take(batch),
            Some(packed) => packed.with(batch, Parts::UNTOLD, |batch| take(batch)),
        }))
    }

    /// The same of the rows that a filter keeps, which looks at these columns, where only what was logged from a time on counts. Hands
    /// them over with what came before their rows: so these are unpacked once.
    pub(crate) fn cells_of_window(
        &mut self,
        filter: &Filter,
        parts: Parts,
        from_ms: i64,
        take: impl FnOnce(&Condensed<'_>),
    ) -> Option<SomeCells> {
        self.cells()?;
        let Condensation::Cells(cells) = &mut self.cells else { return None };
        let pasts = self.pasts.of_window(from_ms);
        let find = |batch: &mut Batch| {
            let mut some = cells.of_kept(&filter.mask(batch), pasts, |take| take(batch));
            cells.with(Some(&mut some), batch, None, Some(pasts), take);
            some
        };
        Some(match &mut self.packed {
            None => find(&mut self.batch),
            Some(packed) => packed.with(&mut self.batch, parts.and(Parts::UNTOLD), find),
        })
    }

    /// Tells what came before its rows.
    pub(crate) fn tell(&mut self, pasts: Pasts) {
        if self.cells().is_some()
            && let Page { batch, packed, cells: Condensation::Cells(cells), .. } = self
        {
            match packed {
                None => cells.tell_pasts(batch, &pasts),
                Some(packed) => packed.with(batch, Parts::COUNTED, |batch| cells.tell_pasts(batch, &pasts)),
            }
        }
        self.pasts = pasts;
    }

    /// True where that is told.
    pub(crate) fn is_told(&self) -> bool {
        self.pasts.len() == self.len()
    }

    /// Hands over its rows.
    pub(crate) fn with<R>(&mut self, take: impl FnOnce(&mut Batch) -> R) -> R {
        self.with_parts(Parts::ALL, take)
    }

    /// Hands over its rows; of packed ones these columns are enough.
    pub(crate) fn with_parts<R>(&mut self, parts: Parts, take: impl FnOnce(&mut Batch) -> R) -> R {
        match &mut self.packed {
            None => take(&mut self.batch),
            Some(packed) => packed.with(&mut self.batch, parts, take),
        }
    }
}

/// Rows of one source that follow each other in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// Place of the source among all sources, as its reader numbered it.
    pub(crate) source: u32,
    /// Byte of the source where the part starts that was read here.
    pub(crate) base: u64,
    pub(crate) first_row: usize,
    pub(crate) end_row: usize,
}

/// A source, or a part of one, that is being read.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) name: String,
    pub(crate) source: u32,
    pub(crate) base: u64,
    pub(crate) is_split: bool,
}

/// Tells which rows of a batch are whose: a batch runs on across sources, and only knows them by name.
#[derive(Debug, Default)]
pub(crate) struct Tracker {
    /// The source that the last row belongs to, and those after it.
    started: VecDeque<Started>,
    last_number: Option<u64>,
}

impl Tracker {
    pub(crate) fn start(&mut self, started: Started) {
        self.started.push_back(started);
    }

    /// Makes a page of a batch, with the offsets of records counted from the start of their source.
    pub(crate) fn page(&mut self, mut batch: Batch) -> Page {
        trim(&mut batch);
        let mut runs: Vec<Run> = Vec::new();
        let mut split_of = None;
        for index in 0..batch.records.len() {
            let Some(record) = batch.records.get(index).copied() else { break };
            self.advance(batch.texts.get(record.source), record.number);
            let Some(started) = self.started.front() else { continue };
            if started.is_split {
                split_of = Some(started.source);
            }
            let is_same =
                runs.last().is_some_and(|run| run.source == started.source && run.base == started.base);
            if !is_same {
                let first_row = batch.group.partition_point(|group| {
                    batch.groups.get(*group as usize).is_some_and(|group| (group.record as usize) < index)
                });
                if let Some(last) = runs.last_mut() {
                    last.end_row = first_row;
                }
                runs.push(Run { source: started.source, base: started.base, first_row, end_row: first_row });
            }
            let base = started.base;
            if let Some(record) = batch.records.get_mut(index) {
                record.offset += base;
            }
        }
        if let Some(last) = runs.last_mut() {
            last.end_row = batch.len();
        }
        Page { batch, packed: None, cells: Condensation::Unknown, pasts: Pasts::default(), split_of, runs }
    }

    /// Goes on to the source of a record: names change from source to source, and where they don't, numbers start anew.
    fn advance(&mut self, name: &str, number: u64) {
        let is_same_name = self.started.front().is_some_and(|started| started.name == name);
        let starts_anew = self.last_number.is_some_and(|last| number <= last);
        self.last_number = Some(number);
        if is_same_name && !starts_anew {
            return;
        }
        if let Some(place) = self.started.iter().skip(1).position(|started| started.name == name) {
            self.started.drain(..=place);
        }
    }
}

/// Gives back the room that a batch reserved and did not use.
fn trim(batch: &mut Batch) {
    batch.time_ms.shrink_to_fit();
    batch.src_ip.shrink_to_fit();
    batch.dst_ip.shrink_to_fit();
    batch.src_port.shrink_to_fit();
    batch.dst_port.shrink_to_fit();
    batch.protocol.shrink_to_fit();
    batch.direction.shrink_to_fit();
    batch.action.shrink_to_fit();
    batch.state.shrink_to_fit();
    batch.encryption.shrink_to_fit();
    batch.version.shrink_to_fit();
    batch.packets_src_to_dst.shrink_to_fit();
    batch.bytes_src_to_dst.shrink_to_fit();
    batch.packets_dst_to_src.shrink_to_fit();
    batch.bytes_dst_to_src.shrink_to_fit();
    batch.logged.shrink_to_fit();
    batch.group.shrink_to_fit();
    batch.offset.shrink_to_fit();
    batch.groups.shrink_to_fit();
    batch.records.shrink_to_fit();
}
