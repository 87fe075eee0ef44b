//! Which rows a filter and a vantage keep, page by page: asked once, then only read.
//!
//! A filter that keeps either all rows of a cell or none is asked about cells, and most answers are made of these. With others
//! a few rows that are kept are copied out, so that every later answer costs what it shows; of many a bit a row is kept,
//! and answers read them through one batch of scratch.

use crate::packed::Parts;
use crate::pages::Page;
use vnetflow_core::aggregate::{Aggregate, Overcount, Vantage, VantageChoice};
use vnetflow_core::batch::Batch;
use vnetflow_core::condensed::{Cells, Condensed, Joined, SomeCells, Weight, bits_of, numbers_of};
use vnetflow_core::filter::Filter;

/// The rows of a page that are kept.
#[derive(Debug)]
enum Kept {
    All,
    /// By their cells, where the page has any, else a bit a row; and how many they are.
    Some(Either, usize),
}

#[derive(Debug)]
enum Either {
    /// And from when on it counts what came before their rows, where that is told.
    Cells(Box<SomeCells>, i64),
    Bits(Vec<u64>),
}

/// Fewer than one row in so many is few: copies of them cost less memory than this part of a page.
const FEW: usize = 8;

/// So many rows of a view are copied even where they are many (64 MB): then only the first question that needs rows reads
/// them through scratch.
const COPIED_ROWS: usize = 1_000_000;

/// What a filter and a vantage keep.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// `None` passes all.
    filter: Option<Filter>,
    choice: Option<VantageChoice>,
    /// What the choice left out.
    overcount: Overcount,
    /// By page.
    kept: Vec<Option<Kept>>,
    /// Of the cells of pages in one.
    joined: Option<Box<SomeCells>>,
    /// By page: copies of the rows that are kept, without dictionaries.
    copies: Vec<Option<Box<Batch>>>,
    copied: usize,
    asks_cells: bool,
    /// The columns that the filter and the choice look at.
    parts: Parts,
    /// From when on it keeps flows whole; `None` where it does not.
    whole_from_ms: Option<i64>,
    /// It was decided where each flow counts once.
    pub(crate) is_decided: bool,
}

impl View {
    pub(crate) fn new(filter: Option<Filter>) -> View {
        let asks_cells = filter.as_ref().is_some_and(Cells::can_be_asked);
        let whole_from_ms = filter.as_ref().map_or(Some(i64::MIN), Cells::flows_are_whole_from);
        let parts = filter.as_ref().map_or(Parts::ALL, |filter| Parts::of(&filter.columns()));
        View { filter, asks_cells, whole_from_ms, parts, ..View::default() }
    }

    /// Forgets what is known of pages, as their numbers change.
    pub(crate) fn forget(&mut self) {
        self.is_decided = false;
        self.kept.clear();
        self.joined = None;
        self.copies.clear();
        self.copied = 0;
    }

    /// Forgets what was made of pages before their rows' pasts were told, where that would tell them.
    pub(crate) fn forget_untold(&mut self) {
        if self.whole_from_ms.is_some() {
            self.forget();
        }
    }

    /// Forgets what is known of pages behind these, which are dropped.
    pub(crate) fn keep_pages(&mut self, pages: usize) {
        self.kept.truncate(pages);
        self.copies.truncate(pages);
    }

    /// Decides from now on where each flow counts.
    pub(crate) fn set_choice(&mut self, choice: VantageChoice) {
        self.choice = Some(choice);
        (self.asks_cells, self.whole_from_ms, self.parts) = (false, None, Parts::ALL);
        self.overcount = Overcount::default();
        self.forget();
        self.is_decided = true;
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
            Kept::Some(_, count) => *count,
        }
    }

    /// The numbers of the rows that are kept.
    pub(crate) fn rows(&mut self, number: usize, page: &mut Page) -> Vec<u32> {
        match self.kept(number, page) {
            Kept::All => (0..page.len() as u32).collect(),
            Kept::Some(Either::Bits(bits), _) => numbers_of(bits).collect(),
            Kept::Some(Either::Cells(some, _), _) => {
                page.known_cells().map(|cells| cells.rows_of(some)).unwrap_or_default()
            }
        }
    }

    /// Hands over those of the cells of pages in one that are kept, once what came before their rows is told; does nothing where
    /// cells don't tell which are kept.
    pub(crate) fn with_joined(
        &mut self,
        joined: &mut Joined,
        pages: &[Page],
        take: impl FnOnce(&Condensed<'_>),
    ) {
        let (Some(from_ms), true) = (self.whole_from_ms, self.asks_cells || self.filter.is_none()) else {
            return;
        };
        let of_pages = || pages.iter().map(Page::known_cells);
        if let Some(filter) = &self.filter
            && self.joined.is_none()
        {
            self.joined = joined.some(filter, from_ms > i64::MIN, of_pages()).map(Box::new);
        }
        if self.filter.is_none() || self.joined.is_some() {
            joined.with(self.joined.as_deref_mut(), of_pages(), take);
        }
    }

    /// Hands over the rows of a page that are kept as cells, where there are any. `is_told`: what came before rows is told of
    /// all pages. Where that takes unpacking, the rows behind them only if they are needed.
    pub(crate) fn with_cells(
        &mut self,
        number: usize,
        page: &mut Page,
        scratch: &mut Batch,
        is_told: bool,
        needs_rows: bool,
        take: impl FnOnce(&Condensed<'_>),
    ) {
        let told_from_ms = self.whole_from_ms.filter(|_| is_told);
        if !self.is_known(number) && told_from_ms.is_some() && self.is_of_window() && page.cells().is_some() {
            // What is kept is found where rows are needed, with one unpacking for both.
            let found = match self.find_cells(page) {
                None if !needs_rows => return,
                None => return self.set_kept(number, self.find_window(page, take)),
                found => found,
            };
            self.set_kept(number, found);
        }
        self.kept(number, page);
        match self.kept.get_mut(number).and_then(Option::as_mut) {
            // Of a window every page needs its rows: unpacking times for the few answers that do without would come on top.
            Some(Kept::Some(Either::Cells(_, from_ms), _)) if *from_ms > i64::MIN && !needs_rows => {}
            Some(Kept::Some(Either::Cells(some, from_ms), _)) => {
                page.with_condensed(Some(some), told_from_ms.map(|_| *from_ms), needs_rows, take);
            }
            None | Some(Kept::All) if page.cells().is_some() => {
                page.with_condensed(None, told_from_ms.map(|_| i64::MIN), needs_rows, take);
            }
            _ if needs_rows && let Some(from_ms) = told_from_ms => {
                let rows = self.rows(number, page);
                let pasts = page.pasts.of_rows(&rows);
                let pasts = pasts.of_window(from_ms);
                self.with_rows(number, page, scratch, |batch| {
                    batch.weights = Weight::of_tuples(batch, pasts);
                    take(&Condensed::of_tuples(batch, Some(pasts)));
                    batch.weights = Vec::new();
                });
            }
            _ => {}
        }
    }

    /// Hands over the rows of a page that are kept, as a batch.
    pub(crate) fn with_rows(
        &mut self,
        number: usize,
        page: &mut Page,
        scratch: &mut Batch,
        take: impl FnOnce(&mut Batch),
    ) {
        let count = match self.kept(number, page) {
            Kept::All => return page.with(take),
            Kept::Some(_, count) => *count,
        };
        if self.copies.len() <= number {
            self.copies.resize_with(number + 1, || None);
        }
        if let Some(copy) = self.copies.get_mut(number).and_then(Option::as_mut) {
            // Records count even where none of their rows does.
            page.dictionaries_mut().lend_dictionaries(copy, |_, copy| take(copy));
            return;
        }
        let rows = self.rows(number, page);
        let is_copied = count * FEW < page.len() || self.copied + count <= COPIED_ROWS;
        let mut copy = Box::<Batch>::default();
        let columns = if is_copied { &mut *copy } else { scratch };
        page.with(|batch| {
            batch.gather(&rows, columns);
            batch.lend_dictionaries(columns, |_, columns| take(columns));
        });
        if let Some(place) = self.copies.get_mut(number).filter(|_| is_copied) {
            *place = Some(copy);
            self.copied += count;
        }
    }

    /// Takes a page into the first pass that decides where flows count: what the filter alone keeps.
    pub(crate) fn add_to_first_pass(&self, page: &mut Page, scratch: &mut Batch, pass: &mut Vantage) {
        match &self.filter {
            None => page.with(|batch| pass.add(batch)),
            Some(filter) => page.with(|batch| {
                let rows: Vec<u32> = numbers_of(&bits_of(&filter.mask(batch))).collect();
                batch.gather(&rows, scratch);
                batch.lend_dictionaries(scratch, |_, batch| pass.add(batch));
            }),
        }
    }

    fn kept(&mut self, number: usize, page: &mut Page) -> &Kept {
        if !self.is_known(number) {
            let found = self.find_cells(page).or_else(|| self.find_window(page, |_| ()));
            let found = found.unwrap_or_else(|| self.find(page));
            self.set_kept(number, Some(found));
        }
        self.kept.get(number).and_then(Option::as_ref).unwrap_or(&Kept::All)
    }

    fn is_known(&self, number: usize) -> bool {
        self.kept.get(number).is_some_and(Option::is_some)
    }

    fn set_kept(&mut self, number: usize, found: Option<Kept>) {
        if self.kept.len() <= number {
            self.kept.resize_with(number + 1, || None);
        }
        if let Some(kept) = self.kept.get_mut(number) {
            *kept = found;
        }
    }

    /// True where it keeps flows whole from some time on alone: sessions that begin before it begin anew.
    fn is_of_window(&self) -> bool {
        self.whole_from_ms.is_some_and(|from_ms| from_ms > i64::MIN)
    }

    /// What is kept of a page, if cells tell it.
    fn find_cells(&self, page: &mut Page) -> Option<Kept> {
        let filter = self.filter.as_ref().filter(|_| self.asks_cells)?;
        page.cells().filter(|cells| cells.are_enough_for(filter))?;
        let mask = page.with_cells(|cells| filter.mask(cells))?;
        if !self.is_of_window() && mask.iter().all(|keep| *keep) {
            return Some(Kept::All);
        }
        let some = page.known_cells()?.some(&mask, self.is_of_window());
        let count = some.rows();
        Some(Kept::Some(Either::Cells(Box::new(some), i64::MIN), count))
    }

    /// What a window keeps of a page that has cells, which are handed over.
    fn find_window(&self, page: &mut Page, take: impl FnOnce(&Condensed<'_>)) -> Option<Kept> {
        let from_ms = self.whole_from_ms.filter(|_| self.is_of_window())?;
        let some = page.cells_of_window(self.filter.as_ref()?, self.parts, from_ms, take)?;
        let count = some.rows();
        Some(Kept::Some(Either::Cells(Box::new(some), from_ms), count))
    }

    fn find(&mut self, page: &mut Page) -> Kept {
        let View { filter, choice, overcount, parts, .. } = self;
        if filter.is_none() && choice.is_none() {
            return Kept::All;
        }
        let is_kept = page.with_parts(*parts, |batch| {
            let mut is_kept =
                filter.as_ref().map_or_else(|| vec![true; batch.len()], |filter| filter.mask(batch));
            if let Some(choice) = choice {
                overcount.merge(&choice.narrow(batch, &mut is_kept));
            }
            is_kept
        });
        let count = is_kept.iter().filter(|keep| **keep).count();
        if count == page.len() {
            return Kept::All;
        }
        let either = match page.cells_of_kept(&is_kept) {
            Some(some) => Either::Cells(Box::new(some), i64::MIN),
            None => Either::Bits(bits_of(&is_kept)),
        };
        Kept::Some(either, count)
    }
}
