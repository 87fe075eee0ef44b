//! The cells of many batches in one: conversations recur in every batch, and most questions need no more than sums over all.

use super::key::{GroupKind, key, kind_of, kinds_of};
use super::minutes::PartMinutes;
use super::ports::PortSet;
use super::some::NO_PLACE;
use super::weight::Sum;
use super::{Cells, Condensed, SomeCells};
use crate::aggregate::Pasts;
use crate::batch::{Batch, Group, Record};
use crate::filter::Filter;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Joined cells are worth it where there are at least this many of the batches' to each.
const LEAST_CELLS_EACH: f64 = 1.5;

/// The cells of all batches of a worker, once their pasts are told.
#[derive(Debug)]
pub struct Joined {
    /// Without rows.
    all: Cells,
    /// Their dictionaries, groups and records.
    batch: Batch,
    sums: Vec<Sum>,
    codes: HashMap<u128, u32, FixedState>,
    kinds: HashMap<GroupKind, u32, FixedState>,
    /// By batch: the number of each of its cells among all; none of a batch that is left out.
    of_batches: Vec<Vec<u32>>,
    /// What came before rows is told in the cells: they are not at hand.
    pasts: Pasts,
}

impl Default for Joined {
    fn default() -> Joined {
        let batch = Batch::default();
        let source_ports = PortSet::of_sources(&batch);
        Joined {
            all: Cells {
                cells: Batch::default(),
                of_rows: Vec::new(),
                source_ports,
                earliest_ms: i64::MAX,
                minutes: None,
            },
            batch,
            sums: Vec::new(),
            codes: HashMap::default(),
            kinds: HashMap::default(),
            of_batches: Vec::new(),
            pasts: Pasts::default(),
        }
    }
}

impl Joined {
    /// Takes in the cells of the next batch, which lends its dictionaries; to be called behind [`Cells::tell_pasts`]. A batch
    /// without cells is left out, and one of which it is not known what they counted in each minute.
    pub fn add(&mut self, batch: &mut Batch, cells: Option<&mut Cells>) {
        match cells.filter(|cells| cells.minutes.is_some()) {
            None => self.of_batches.push(Vec::new()),
            Some(cells) => {
                self.all.earliest_ms = self.all.earliest_ms.min(cells.earliest_ms);
                self.all.source_ports.join(&cells.source_ports);
                batch.lend_dictionaries(&mut cells.cells, |_, cells| self.add_cells(cells));
            }
        }
    }

    fn add_cells(&mut self, batch: &Batch) {
        fn translate(codes: &mut [u32], own: &[u32]) {
            codes.iter_mut().for_each(|code| *code = own.get(*code as usize).copied().unwrap_or(0));
        }
        let addresses = batch.addresses.values().iter();
        let addresses: Vec<u32> = addresses.map(|address| self.batch.addresses.intern(*address)).collect();
        // The first group of a kind stands for all of it.
        let mut groups = kinds_of(batch);
        let mut kinds: Vec<u32> = Vec::new();
        let first_record = self.add_records(batch);
        for (group, kind) in batch.groups.iter().zip(&groups) {
            if *kind as usize == kinds.len() {
                kinds.push(self.kind(batch, group, first_record));
            }
        }
        translate(&mut groups, &kinds);
        let mut columns = Batch::default();
        batch.gather(&(0..batch.len() as u32).collect::<Vec<_>>(), &mut columns);
        translate(&mut columns.src_ip, &addresses);
        translate(&mut columns.dst_ip, &addresses);
        let (mut of_batch, mut new) = (Vec::new(), Vec::new());
        for (row, weight) in columns.weights.iter().enumerate() {
            let Some(key) = key(&columns, &groups, row) else { continue };
            let next = self.sums.len() as u32;
            let cell = *self.codes.entry(key).or_insert(next);
            if cell == next {
                new.push(row as u32);
                self.sums.push(Sum::default());
            }
            if let Some(sum) = self.sums.get_mut(cell as usize) {
                sum.take_in(*weight, &columns, row);
            }
            of_batch.push(cell);
        }
        translate(&mut columns.group, &groups);
        columns.append_to(&new, &mut self.all.cells);
        self.of_batches.push(of_batch);
    }

    /// Takes in all records, which count even where none of their rows does; the answer is the first one's number.
    fn add_records(&mut self, batch: &Batch) -> u32 {
        let own = &mut self.batch;
        let first = own.records.len() as u32;
        let mut text = |code| Some(own.texts.intern(batch.text(code)?));
        own.records.extend(batch.records.iter().map(|record| Record {
            mac: text(record.mac),
            target_resource_id: text(record.target_resource_id),
            flow_log_resource_id: text(record.flow_log_resource_id),
            source: text(Some(record.source)).unwrap_or(0),
            ..*record
        }));
        first
    }

    /// The number of a group among those of all batches, which may be new.
    fn kind(&mut self, batch: &Batch, group: &Group, first_record: u32) -> u32 {
        let own = &mut self.batch;
        let mut text = |code| Some(own.texts.intern(batch.text(code)?));
        let group = Group {
            record: first_record + group.record,
            rule: text(group.rule),
            acl_id: text(group.acl_id),
            mac: text(group.mac),
            ..*group
        };
        let next = own.groups.len() as u32;
        let kind = *self.kinds.entry(kind_of(own, &group)).or_insert(next);
        if kind == next {
            own.groups.push(group);
        }
        kind
    }

    /// Makes ready for questions, behind the last batch; `None` where that is not worth it.
    #[must_use]
    pub fn finish(self) -> Option<Joined> {
        let cells: usize = self.of_batches.iter().map(Vec::len).sum();
        (cells as f64 >= self.sums.len() as f64 * LEAST_CELLS_EACH).then(|| self.summed())
    }

    pub(super) fn summed(mut self) -> Joined {
        for (cell, sum) in core::mem::take(&mut self.sums).iter().enumerate() {
            sum.write(&mut self.all.cells, cell);
        }
        (self.codes, self.kinds) = (HashMap::default(), HashMap::default());
        self
    }

    /// True where a batch, by its number, is not left out.
    #[must_use]
    pub fn has(&self, number: usize) -> bool {
        self.of_batches.get(number).is_some_and(|cells| !cells.is_empty())
    }

    /// The cells of those that a filter keeps, `of_batches` being the cells of every batch; `None` where it cannot be asked about
    /// them ([`Cells::are_enough_for`]). `is_of_window` as in [`Cells::some`].
    pub fn some<'c>(
        &mut self,
        filter: &Filter,
        is_of_window: bool,
        of_batches: impl Iterator<Item = Option<&'c Cells>>,
    ) -> Option<SomeCells> {
        let Joined { all, batch, of_batches: numbers, .. } = self;
        if !all.are_enough_for(filter) {
            return None;
        }
        let mut is_kept = Vec::new();
        batch.lend_dictionaries(&mut all.cells, |_, cells| is_kept = filter.mask(cells));
        let mut some = all.some(&is_kept, false);
        if is_of_window {
            some.has_untold_sessions = true;
            let places = places(numbers, Some(&some));
            parts(&places, of_batches).for_each(|part| part.leave_out_sessions(&mut some.cells.weights));
        }
        Some(some)
    }

    /// Hands over all cells, or some of them, without rows; `of_batches` as in [`Joined::some`].
    pub fn with<'c>(
        &mut self,
        some: Option<&mut SomeCells>,
        of_batches: impl Iterator<Item = Option<&'c Cells>>,
        take: impl FnOnce(&Condensed<'_>),
    ) {
        let places = places(&self.of_batches, some.as_deref());
        let minutes: Vec<PartMinutes<'_>> = parts(&places, of_batches).collect();
        let (cells, has_untold_sessions) = match some {
            None => (&mut self.all.cells, false),
            Some(SomeCells { cells, has_untold_sessions, .. }) => (cells, *has_untold_sessions),
        };
        let pasts = Some(self.pasts.of_all_time());
        self.batch.lend_dictionaries(cells, |_, cells| {
            take(&Condensed {
                cells,
                times_ms: &[],
                rows: None,
                pasts,
                of_rows: None,
                places: None,
                kept: None,
                has_untold_sessions,
                minutes: &minutes,
            });
        });
    }
}

/// By batch: the places of its cells among these.
fn places(of_batches: &[Vec<u32>], some: Option<&SomeCells>) -> Vec<Vec<u32>> {
    let place = |cell: &u32| match some {
        None => *cell,
        Some(some) => some.places.get(*cell as usize).copied().unwrap_or(NO_PLACE),
    };
    of_batches.iter().map(|cells| cells.iter().map(place).collect()).collect()
}

fn parts<'p, 'c: 'p>(
    places: &'p [Vec<u32>],
    of_batches: impl Iterator<Item = Option<&'c Cells>>,
) -> impl Iterator<Item = PartMinutes<'p>> {
    let part = |(cells, places): (Option<&'c Cells>, &'p Vec<u32>)| {
        Some(PartMinutes { minutes: cells?.minutes.as_ref()?, places: Some(places) })
    };
    of_batches.zip(places).filter_map(part)
}
