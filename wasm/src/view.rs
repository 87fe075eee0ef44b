//! Which rows a filter and a vantage keep, page by page: asked once, then only read.
//!
//! Where few rows are kept their columns are copied out, so that every later answer costs what it shows. Where many
//! are, a bit a row is kept, and answers read the rows through one batch of scratch.

use crate::pages::Page;
use core::mem::swap;
use vnetflow_core::aggregate::{Aggregate, Overcount, Vantage, VantageChoice};
use vnetflow_core::batch::Batch;
use vnetflow_core::filter::Filter;

/// The rows of a page that are kept.
#[derive(Debug)]
pub(crate) enum Kept {
    All,
    /// Few: their numbers, and their columns without dictionaries.
    Few(Vec<u32>, Box<Batch>),
    /// Many: a bit a row, and how many.
    Many(Vec<u64>, usize),
}

/// Fewer than one row in so many is few: copies of them cost less memory than this part of a page.
const FEW: usize = 8;

/// So many rows of a view are copied even where they are many (64 MB): then only its first question reads through scratch.
const COPIED_ROWS: usize = 1_000_000;

/// What a filter and a vantage keep.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// `None` passes all.
    filter: Option<Filter>,
    choice: Option<VantageChoice>,
    /// What the choice left out.
    overcount: Overcount,
    kept: Vec<Option<Kept>>,
    copied: usize,
}

impl View {
    pub(crate) fn new(filter: Option<Filter>) -> View {
        View { filter, ..View::default() }
    }

    /// Forgets what is known of pages, as their numbers change.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
        self.copied = 0;
    }

    /// Forgets what is known of pages behind these, which are dropped.
    pub(crate) fn keep_pages(&mut self, pages: usize) {
        self.kept.truncate(pages);
    }

    /// Decides from now on where each flow counts.
    pub(crate) fn set_choice(&mut self, choice: VantageChoice) {
        self.choice = Some(choice);
        self.overcount = Overcount::default();
        self.kept.clear();
        self.copied = 0;
    }

    /// What the choice left out of the pages it was asked about.
    pub(crate) fn overcount(&self) -> &Overcount {
        &self.overcount
    }

    /// Gives back the choice's memory once it was asked about all pages; later pages count in full until the next one.
    pub(crate) fn forget_choice(&mut self) {
        self.choice = None;
    }

    /// How many rows of a page are kept.
    pub(crate) fn count(&mut self, number: usize, page: &mut Page) -> usize {
        match self.kept(number, page) {
            Kept::All => page.len(),
            Kept::Few(rows, _) => rows.len(),
            Kept::Many(_, count) => *count,
        }
    }

    /// The numbers of the rows that are kept.
    pub(crate) fn rows(&mut self, number: usize, page: &mut Page) -> Vec<u32> {
        let all = page.len() as u32;
        match self.kept(number, page) {
            Kept::All => (0..all).collect(),
            Kept::Few(rows, _) => rows.clone(),
            Kept::Many(bits, count) => rows_of(bits, *count),
        }
    }

    /// Hands over the rows of a page that are kept, as a batch.
    pub(crate) fn with_rows(
        &mut self,
        number: usize,
        page: &mut Page,
        scratch: &mut Batch,
        take: impl FnOnce(&Batch),
    ) {
        self.kept(number, page);
        match self.kept.get_mut(number).and_then(Option::as_mut) {
            None | Some(Kept::All) => page.with(|batch| take(batch)),
            // Records count even where none of their rows does.
            Some(Kept::Few(_, columns)) => lend_dictionaries(page.dictionaries_mut(), columns, take),
            Some(Kept::Many(bits, count)) => page.with(|batch| {
                gather(batch, &rows_of(bits, *count), scratch);
                lend_dictionaries(batch, scratch, take);
            }),
        }
    }

    /// Takes a page into the first pass that decides where flows count: what the filter alone keeps.
    pub(crate) fn add_to_first_pass(&self, page: &mut Page, scratch: &mut Batch, pass: &mut Vantage) {
        match &self.filter {
            None => page.with(|batch| pass.add(batch)),
            Some(filter) => page.with(|batch| {
                gather(batch, &numbers(&filter.mask(batch)), scratch);
                lend_dictionaries(batch, scratch, |batch| pass.add(batch));
            }),
        }
    }

    fn kept(&mut self, number: usize, page: &mut Page) -> &Kept {
        if self.kept.len() <= number {
            self.kept.resize_with(number + 1, || None);
        }
        let known = self.kept.get(number).is_some_and(Option::is_some);
        if !known {
            let found = page.with(|batch| self.find(batch));
            if let Some(kept) = self.kept.get_mut(number) {
                *kept = Some(found);
            }
        }
        self.kept.get(number).and_then(Option::as_ref).unwrap_or(&Kept::All)
    }

    fn find(&mut self, batch: &Batch) -> Kept {
        let mut mask = match &self.filter {
            Some(filter) => filter.mask(batch),
            None if self.choice.is_none() => return Kept::All,
            None => vec![true; batch.len()],
        };
        if let Some(choice) = &self.choice {
            self.overcount.merge(&choice.narrow(batch, &mut mask));
        }
        let count = mask.iter().filter(|keep| **keep).count();
        if count == batch.len() {
            return Kept::All;
        }
        if count * FEW < batch.len() || self.copied + count <= COPIED_ROWS {
            self.copied += count;
            let rows = numbers(&mask);
            let mut columns = Batch::default();
            gather(batch, &rows, &mut columns);
            return Kept::Few(rows, Box::new(columns));
        }
        let word = |rows: &[bool]| rows.iter().rev().fold(0, |word, keep| word << 1 | u64::from(*keep));
        Kept::Many(mask.chunks(64).map(word).collect(), count)
    }
}

fn numbers(mask: &[bool]) -> Vec<u32> {
    (0..).zip(mask).filter_map(|(row, keep)| keep.then_some(row)).collect()
}

fn rows_of(bits: &[u64], count: usize) -> Vec<u32> {
    let mut rows = Vec::with_capacity(count);
    for (place, word) in (0_u32..).zip(bits) {
        let mut word = *word;
        while word != 0 {
            rows.push(place * 64 + word.trailing_zeros());
            word &= word - 1;
        }
    }
    rows
}

/// Copies these rows' columns; dictionaries, groups and records stay where they are.
pub(crate) fn gather(from: &Batch, rows: &[u32], to: &mut Batch) {
    fn column<T: Copy>(from: &[T], rows: &[u32], to: &mut Vec<T>) {
        to.clear();
        to.extend(rows.iter().filter_map(|row| from.get(*row as usize)).copied());
    }
    column(&from.time_ms, rows, &mut to.time_ms);
    column(&from.src_ip, rows, &mut to.src_ip);
    column(&from.dst_ip, rows, &mut to.dst_ip);
    column(&from.src_port, rows, &mut to.src_port);
    column(&from.dst_port, rows, &mut to.dst_port);
    column(&from.protocol, rows, &mut to.protocol);
    column(&from.direction, rows, &mut to.direction);
    column(&from.action, rows, &mut to.action);
    column(&from.state, rows, &mut to.state);
    column(&from.encryption, rows, &mut to.encryption);
    column(&from.version, rows, &mut to.version);
    column(&from.packets_src_to_dst, rows, &mut to.packets_src_to_dst);
    column(&from.bytes_src_to_dst, rows, &mut to.bytes_src_to_dst);
    column(&from.packets_dst_to_src, rows, &mut to.packets_dst_to_src);
    column(&from.bytes_dst_to_src, rows, &mut to.bytes_dst_to_src);
    column(&from.logged, rows, &mut to.logged);
    column(&from.group, rows, &mut to.group);
    column(&from.offset, rows, &mut to.offset);
}

/// Lends a batch's dictionaries to columns that were copied out of it: copying them would cost more than the rows.
pub(crate) fn lend_dictionaries(owner: &mut Batch, columns: &mut Batch, take: impl FnOnce(&Batch)) {
    let exchange = |owner: &mut Batch, columns: &mut Batch| {
        swap(&mut owner.addresses, &mut columns.addresses);
        swap(&mut owner.texts, &mut columns.texts);
        swap(&mut owner.groups, &mut columns.groups);
        swap(&mut owner.records, &mut columns.records);
    };
    exchange(owner, columns);
    take(columns);
    exchange(owner, columns);
}
