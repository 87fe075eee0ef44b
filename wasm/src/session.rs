//! A session: sources go in by chunks, issues, results and pages come out.

use crate::columns;
use crate::options::{Options, top_options};
use crate::results;
use std::sync::Arc;
use vnetflow_core::aggregate::{Aggregate, Summary, Top};
use vnetflow_core::batch::Batch;
use vnetflow_core::columns::COLUMNS;
use vnetflow_core::decode::Decoder;
use vnetflow_core::groups::Groups;
use vnetflow_core::issue::Issue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError};

#[wasm_bindgen]
extern "C" {
    /// Options of a session.
    #[wasm_bindgen(typescript_type = "SessionOptions")]
    pub type SessionOptions;
    /// Options of `top`.
    #[wasm_bindgen(typescript_type = "TopOptions")]
    pub type JsTopOptions;
    /// A list of issues.
    #[wasm_bindgen(typescript_type = "Issue[]")]
    pub type Issues;
    /// A list of rows.
    #[wasm_bindgen(typescript_type = "Row[]")]
    pub type Rows;
    /// One row.
    #[wasm_bindgen(typescript_type = "Row")]
    pub type Row;
    /// A page's columns.
    #[wasm_bindgen(typescript_type = "Page")]
    pub type Page;
}

/// Reads any number of sources, one after the other, and answers from what it read.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    groups: Arc<Groups>,
    pages: Vec<Batch>,
    issues: Vec<Issue>,
    files: u64,
}

#[wasm_bindgen]
impl Session {
    /// A session with these options. Throws where the filter or the groups can't be read.
    #[wasm_bindgen(constructor)]
    pub fn new(options: Option<SessionOptions>) -> Result<Session, JsError> {
        let options = Options::from_js(&options.map(Into::into).unwrap_or_default())?;
        let decoder = Decoder::new(options.decode);
        Ok(Session { decoder, groups: options.groups, pages: Vec::new(), issues: Vec::new(), files: 0 })
    }

    /// Begins a source. Its name is shown in issues; where it is a blob's path, it gives what the JSON lacks.
    pub fn start(&mut self, name: &str) {
        self.decoder.start(name);
    }

    /// Reads the next chunk of the source, of any length.
    pub fn push(&mut self, chunk: &[u8]) {
        self.decoder.push(chunk);
        self.pages.extend(core::iter::from_fn(|| self.decoder.next_batch()));
    }

    /// Ends the source.
    pub fn finish(&mut self) {
        self.decoder.finish();
        self.files += 1;
        self.issues.extend(self.decoder.take_issues());
        self.pages.extend(core::iter::from_fn(|| self.decoder.next_batch()));
    }

    /// What could not be read in the sources that are finished.
    pub fn issues(&self) -> Result<Issues, JsError> {
        results::issues(&self.issues).map(JsCast::unchecked_into)
    }

    /// What is in here: one row.
    pub fn summary(&mut self) -> Result<Row, JsError> {
        self.complete_page();
        let mut summary = Summary::of_logs();
        summary.add_files(self.files, &self.issues);
        self.pages.iter().for_each(|page| summary.add(page));
        let rows = results::rows(&summary.finish())?;
        Ok(JsCast::unchecked_into(rows.get(0)))
    }

    /// Who is biggest. Throws where a key or metric does not exist.
    pub fn top(&mut self, options: Option<JsTopOptions>) -> Result<Rows, JsError> {
        let options = top_options(&options.map(Into::into).unwrap_or_default(), Arc::clone(&self.groups))?;
        self.complete_page();
        let mut top = Top::new(options);
        self.pages.iter().for_each(|page| top.add(page));
        results::rows(&top.finish()).map(JsCast::unchecked_into)
    }

    /// How many pages there are.
    #[wasm_bindgen(js_name = pageCount)]
    pub fn page_count(&mut self) -> usize {
        self.complete_page();
        self.pages.len()
    }

    /// Columns of a page: those named, or all that come by default. Throws where there is no such column or page.
    pub fn columns(&mut self, page: usize, names: Option<Vec<String>>) -> Result<Page, JsError> {
        self.complete_page();
        let pages = self.pages.len();
        let Some(batch) = self.pages.get(page) else {
            return Err(JsError::new(&format!("expected a page below {pages}, found {page}")));
        };
        let by_default =
            || COLUMNS.iter().filter(|column| column.default).map(|column| column.name.to_owned());
        let names = names.unwrap_or_else(|| by_default().collect());
        columns::page(batch, &names).map(JsCast::unchecked_into)
    }
}

impl Session {
    /// Makes the rows of finished sources that fill no page a page of their own.
    fn complete_page(&mut self) {
        self.decoder.flush();
        self.pages.extend(core::iter::from_fn(|| self.decoder.next_batch()));
    }
}
