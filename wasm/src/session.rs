//! A session: chunks of logs in; issues and pages of columns out. What it answers stands in the other files.

use crate::asking::Standing;
use crate::columns;
use crate::options::Options;
use crate::order::Order;
use crate::pages::{Page, Started, Tracker};
use crate::results;
use crate::view::View;
use crate::whole::Whole;
use std::sync::Arc;
use vnetflow_core::aggregate::Vantage;
use vnetflow_core::batch::Batch;
use vnetflow_core::columns::COLUMNS;
use vnetflow_core::condensed::Joined;
use vnetflow_core::decode::Decoder;
use vnetflow_core::groups::Groups;
use vnetflow_core::issue::{Issue, IssueKind};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// What to read.
    #[wasm_bindgen(typescript_type = "SessionOptions")]
    pub type SessionOptions;
    /// A list of issues.
    #[wasm_bindgen(typescript_type = "Issue[]")]
    pub type Issues;
    /// A page's columns.
    #[wasm_bindgen(typescript_type = "Page")]
    pub type JsPage;
}

/// Reads any number of sources, one after the other, and answers from what it read.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Session {
    pub(crate) decoder: Decoder,
    pub(crate) groups: Arc<Groups>,
    tracker: Tracker,
    pub(crate) pages: Vec<Page>,
    /// The cells of pages in one, once pasts are told, where that is worth it.
    pub(crate) joined: Option<Joined>,
    pub(crate) issues: Vec<Issue>,
    pub(crate) files: u64,
    /// By filter and vantage; the one used last stands last.
    pub(crate) views: Vec<(String, bool, View)>,
    pub(crate) standing: Vec<Standing>,
    pub(crate) keeps_states: bool,
    pub(crate) whole: Option<Whole>,
    pub(crate) scratch: Batch,
    pub(crate) order: Option<Order>,
    /// The first pass of the filter for which a choice is being made.
    pub(crate) pass: Option<(String, Vantage)>,
    /// From this page on pages are taken into the standing questions and then dropped.
    kept_pages: Option<usize>,
    /// Jobs that are under way: they hold states that belong to the standing questions.
    pub(crate) open_jobs: usize,
    pub(crate) dropped_rows: u64,
    tuples: u64,
    is_split: bool,
    /// So many rows fill a page other than the first.
    page_rows: usize,
}

#[wasm_bindgen]
impl Session {
    /// A session with these options. Throws where the filter or the groups can't be read.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Option<SessionOptions>) -> Result<Session, JsError> {
        let mut options = Options::from_js(&options.map(Into::into).unwrap_or_default())?;
        let page_rows = options.decode.batch_rows;
        options.decode.batch_rows = page_rows.min(FIRST_PAGE_ROWS);
        Ok(Session {
            decoder: Decoder::new(options.decode),
            groups: options.groups,
            tracker: Tracker::default(),
            pages: Vec::new(),
            joined: None,
            issues: Vec::new(),
            files: 0,
            views: Vec::new(),
            standing: Vec::new(),
            keeps_states: false,
            whole: None,
            scratch: Batch::default(),
            order: None,
            pass: None,
            kept_pages: None,
            open_jobs: 0,
            dropped_rows: 0,
            tuples: 0,
            is_split: false,
            page_rows,
        })
    }

    /// Begins a source. Its name is shown in issues; where it is a blob's path, it gives what the JSON lacks.
    /// `place` is its place among all sources (default: as they come).
    pub fn start(&mut self, name: &str, place: Option<u32>) {
        let source = place.unwrap_or(self.files as u32);
        self.open(Started { name: name.to_owned(), source, base: 0, is_split: false });
    }

    /// Begins a part of a source that starts at that byte, between two records. Whether the parts fit together is for
    /// the caller to see (`isBetweenRecords` at each part's end); until then `dropSplit` takes them back.
    #[wasm_bindgen(js_name = startPart)]
    pub fn start_part(&mut self, name: &str, place: u32, base: f64) {
        self.decoder.flush();
        self.take_batches();
        self.open(Started { name: name.to_owned(), source: place, base: base as u64, is_split: true });
    }

    /// Reads the next chunk of the source, of any length.
    pub fn push(&mut self, chunk: &[u8]) {
        self.decoder.push(chunk);
        self.take_batches();
    }

    /// True while the bytes so far do not end inside a record.
    #[wasm_bindgen(js_name = isBetweenRecords)]
    #[must_use]
    pub fn is_between_records(&self) -> bool {
        !self.decoder.has_partial_record()
    }

    /// Ends the source. `counts` says whether it counts as a file: of a file's parts only one does (default: true).
    /// Gives how many issues it had.
    pub fn finish(&mut self, counts: Option<bool>) -> usize {
        self.decoder.finish();
        self.files += u64::from(counts.unwrap_or(true));
        let issues = self.decoder.take_issues();
        let found = issues.len();
        self.issues.extend(issues);
        if self.is_split {
            self.decoder.flush();
        }
        self.take_batches();
        found
    }

    /// Takes back all that was read of a split source.
    #[wasm_bindgen(js_name = dropSplit)]
    pub fn drop_split(&mut self, name: &str, place: u32, counted: u32) {
        self.complete_page();
        self.pages.retain(|page| page.split_of != Some(place));
        self.issues.retain(|issue| issue.source != name);
        self.files -= u64::from(counted).min(self.files);
        self.tuples = self.dropped_rows + self.pages.iter().map(|page| page.len() as u64).sum::<u64>();
        self.forget_answers();
    }

    /// Notes that a source could not be opened, unpacked or read to its end. Ends it where it was begun.
    pub fn fail(&mut self, name: &str, offset: f64, message: &str) {
        self.issues.push(Issue {
            source: name.to_owned(),
            offset: offset as u64,
            record: None,
            tuple: None,
            kind: IssueKind::Unreadable,
            message: message.to_owned(),
            skipped: None,
            count: 1,
        });
    }

    /// How many tuples were read so far.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn tuples(&self) -> f64 {
        self.tuples as f64
    }

    /// How many tuples are no longer kept.
    #[wasm_bindgen(getter, js_name = droppedTuples)]
    #[must_use]
    pub fn dropped_tuples(&self) -> f64 {
        self.dropped_rows as f64
    }

    /// How many issues there are.
    #[wasm_bindgen(getter, js_name = issueCount)]
    #[must_use]
    pub fn issue_count(&self) -> f64 {
        self.issues.iter().map(|issue| issue.count).sum::<u64>() as f64
    }

    /// What could not be read in the sources that are finished.
    pub fn issues(&self) -> Result<Issues, JsError> {
        results::issues(&self.issues).map(JsCast::unchecked_into)
    }

    /// Keeps no more rows than those that are here at the first call: later ones only count in questions about everything
    /// that were asked while states are kept. Does nothing while a job is under way.
    #[wasm_bindgen(js_name = dropRows)]
    pub fn drop_rows(&mut self) {
        self.keeps_states = true;
        let kept = *self.kept_pages.get_or_insert(self.pages.len());
        if self.open_jobs > 0 || self.pages.len() <= kept {
            return;
        }
        // A question about some of the rows would find others the next time.
        self.standing.retain(|standing| standing.is_about_everything() || standing.pages <= kept);
        for standing in self.standing.iter_mut().filter(|standing| standing.is_about_everything()) {
            standing.drop_pages(&mut self.pages, kept);
        }
        self.dropped_rows += self.pages.drain(kept..).map(|page| page.len() as u64).sum::<u64>();
        self.views.iter_mut().for_each(|(_, _, view)| view.keep_pages(kept));
        self.order = None;
        self.joined = None;
    }

    /// Completes what was read: rows that fill no page become one of their own.
    pub fn settle(&mut self) {
        self.complete_page();
    }

    /// How many pages there are.
    #[wasm_bindgen(js_name = pageCount)]
    pub fn page_count(&mut self) -> usize {
        self.complete_page();
        self.pages.len()
    }

    /// Columns of a page: those named, or all that come by default. Throws where there is no such column or page.
    pub fn columns(&mut self, page: usize, names: Option<Vec<String>>) -> Result<JsPage, JsError> {
        self.complete_page();
        let pages = self.pages.len();
        let Some(page) = self.pages.get_mut(page) else {
            return Err(JsError::new(&format!("expected a page below {pages}, found {page}")));
        };
        let by_default =
            || COLUMNS.iter().filter(|column| column.default).map(|column| column.name.to_owned());
        let names = names.unwrap_or_else(|| by_default().collect());
        page.with(|batch| columns::page(batch, &names)).map(JsValue::unchecked_into)
    }
}

/// So many rows are kept as they are (63 bytes each), so that a change of the filter finds them ready; with more, all are packed.
const UNPACKED_ROWS: u64 = 2_000_000;

/// The first page is full sooner than others, so that there is something to ask about early.
const FIRST_PAGE_ROWS: usize = 16 * 1024;

impl Session {
    /// Makes the rows of finished sources that fill no page a page of their own.
    pub(crate) fn complete_page(&mut self) {
        self.decoder.flush();
        self.take_batches();
    }

    /// Forgets what was made of pages, as they changed.
    pub(crate) fn forget_answers(&mut self) {
        self.standing.clear();
        self.whole = None;
        self.joined = None;
        self.views.iter_mut().for_each(|(_, _, view)| view.forget());
        self.order = None;
    }

    fn open(&mut self, started: Started) {
        self.is_split = started.is_split;
        self.decoder.start(&started.name);
        self.tracker.start(started);
    }

    fn take_batches(&mut self) {
        while let Some(batch) = self.decoder.next_batch() {
            self.tuples += batch.len() as u64;
            self.whole = None;
            self.joined = None;
            self.pages.push(self.tracker.page(batch));
            self.decoder.set_batch_rows(self.page_rows);
        }
        if self.tuples - self.dropped_rows > UNPACKED_ROWS {
            // Those before are packed already; a page that is new is asked about next, but there is no telling how many follow.
            for page in self.pages.iter_mut().rev().take_while(|page| page.is_unpacked()) {
                // While its rows are at hand: everything will ask for them.
                page.cells();
                page.pack();
            }
        }
    }
}
