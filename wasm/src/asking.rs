//! Questions: an analysis over the rows of a view, page by page, so that a worker can look up in between.
//!
//! States of questions that are asked while logs are read stay here (`keepStates`): the next time only new pages are
//! taken in. Other workers' parts of an answer come as bytes.

use crate::pages::Page;
use crate::results::{object, rows};
use crate::session::Session;
use crate::tables::table;
use crate::view::View;
use crate::whole::Whole;
use serde_json::Value;
use vnetflow_core::aggregate::{Aggregate, Analysis, Overcount, Vantage};
use vnetflow_core::filter::Filter;
use vnetflow_core::issue::Issue;
use vnetflow_core::table::{Section, Table};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// A list of rows.
    #[wasm_bindgen(typescript_type = "Row[]")]
    pub type Rows;
    /// Tables by name.
    #[wasm_bindgen(typescript_type = "Record<string, Table>")]
    pub type Tables;
    /// Tables whose texts are in one string each.
    #[wasm_bindgen(typescript_type = "Record<string, PackedTable>")]
    pub type PackedTables;
    /// An analysis' parameters.
    #[wasm_bindgen(typescript_type = "Record<string, unknown>")]
    pub type Parameters;
}

/// A question in the making, or one that is kept.
#[derive(Debug)]
pub(crate) struct Standing {
    key: String,
    filter: String,
    is_once: bool,
    /// It takes what came before rows as it was told.
    is_told: bool,
    state: Analysis,
    /// It took in the cells of pages in one.
    is_joined: bool,
    pub(crate) pages: usize,
    files: u64,
    issues: usize,
    /// Rows that it has seen and the session no longer keeps.
    dropped: u64,
}

impl Standing {
    /// Only such a question can count rows that are no longer there: a view's rows are chosen from pages.
    pub(crate) fn is_about_everything(&self) -> bool {
        self.filter.trim().is_empty() && !self.is_once
    }

    /// Takes in all pages, of which those from `kept` on are then dropped.
    pub(crate) fn drop_pages(&mut self, pages: &mut [Page], kept: usize) {
        for page in pages.get_mut(self.pages..).unwrap_or_default() {
            page.with(|batch| self.state.add(batch));
        }
        self.dropped +=
            pages.get(kept..).unwrap_or_default().iter().map(|page| page.len() as u64).sum::<u64>();
        self.pages = kept;
    }
}

/// The analysis of which narrower answers are told.
const WHOLE: &str = "findings";

/// How many views of each vantage are remembered: the page's query, and what a few panels ask besides. Of those that count
/// each flow once more than the page takes for decided, however it asks them in turn.
const MOST_VIEWS: usize = 8;

/// The same where rows are so many that their pages are packed: a view of them may take 40 MB.
const MOST_VIEWS_OF_MANY: usize = 5;

/// Several questions over one view.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Job {
    filter: String,
    is_once: bool,
    is_told: bool,
    items: Vec<Result<Standing, String>>,
}

#[wasm_bindgen]
impl Session {
    /// The answer of an analysis as a list of objects. Throws where there is no such analysis or parameter.
    pub fn answer(&mut self, name: &str, parameters: Option<Parameters>) -> Result<Rows, JsError> {
        let tables = self.tables(name, parameters)?;
        let table = tables.first().map(|section| &section.table);
        rows(table.unwrap_or(&Table::default())).map(JsCast::unchecked_into)
    }

    /// The answer of an analysis as tables of typed columns, by name: of `host` several, else one under the analysis' name.
    pub fn ask(&mut self, name: &str, parameters: Option<Parameters>) -> Result<Tables, JsError> {
        let tables = self.tables(name, parameters)?;
        by_name(&tables, false).map(JsCast::unchecked_into)
    }

    /// Keeps the states of questions from now on, or no longer: then those that are known serve one more time, and are
    /// forgotten when this is said again.
    #[wasm_bindgen(js_name = keepStates)]
    pub fn keep_states(&mut self, keep: bool) {
        let kept = core::mem::replace(&mut self.keeps_states, keep || self.dropped_rows > 0);
        if !kept && !self.keeps_states {
            self.standing.clear();
        }
        if keep {
            self.whole = None;
        }
    }

    /// Begins questions, `[{"analysis": …, "parameters": {…}}, …]`, over the rows that a filter and a vantage keep.
    /// `told`: pasts were told (`tellPasts`) since the last row was read, here and in all other sessions that answer
    /// (default: no).
    pub fn begin(
        &mut self,
        questions: &str,
        filter: &str,
        once: bool,
        told: Option<bool>,
    ) -> Result<Job, JsError> {
        let told = told.unwrap_or(false);
        self.complete_page();
        self.view(filter, once)?;
        let questions: Vec<Value> = serde_json::from_str(questions)?;
        let items = questions.iter().map(|question| self.standing(question, filter, once, told)).collect();
        self.open_jobs += 1;
        Ok(Job { filter: filter.to_owned(), is_once: once, is_told: told, items })
    }

    /// Takes in one more page; true where there was none. Throws where the job expects pasts to be told, and that page is
    /// newer.
    pub fn step(&mut self, job: &mut Job) -> Result<bool, JsError> {
        let next = job.items.iter().flatten().map(|item| item.pages).min().unwrap_or(usize::MAX);
        let index = self.view(&job.filter, job.is_once)?;
        let Session { pages, joined, views, scratch, files, issues, .. } = self;
        let mut joined = joined.as_mut();
        let view = views.get_mut(index).map(|(_, _, view)| view);
        if let (0, true, Some(joined), Some(view)) = (next, job.is_told, &mut joined, view) {
            view.with_joined(joined, pages, |cells| {
                for item in job.items.iter_mut().flatten().filter(|item| item.pages == 0) {
                    item.is_joined = item.state.add_condensed(cells);
                }
            });
        }
        let (Some(page), Some((_, _, view))) = (pages.get_mut(next), views.get_mut(index)) else {
            for item in job.items.iter_mut().flatten() {
                let new_issues: &[Issue] = issues.get(item.issues..).unwrap_or_default();
                item.state.add_files(*files - item.files, new_issues);
                item.files = *files;
                item.issues = issues.len();
            }
            return Ok(true);
        };
        let is_gone = joined.is_none() && job.items.iter().flatten().any(|item| item.is_joined);
        if is_gone || job.is_told && !page.is_told() {
            return Err(JsError::new("more was read while the question was answered"));
        }
        let mut items: Vec<&mut Standing> =
            job.items.iter_mut().flatten().filter(|item| item.pages == next).collect();
        items.iter_mut().for_each(|item| item.pages += 1);
        items.retain(|item| !item.is_joined || !joined.as_ref().is_some_and(|joined| joined.has(next)));
        // Without rows first: packed ones take longer to unpack than most answers.
        for needs_rows in [false, true] {
            if !items.is_empty() && (needs_rows || !page.is_unpacked()) {
                view.with_cells(next, page, scratch, job.is_told, needs_rows, |cells| {
                    items.retain_mut(|item| !item.state.add_condensed(cells));
                });
            }
        }
        if !items.is_empty() {
            view.with_rows(next, page, scratch, |batch| {
                items.iter_mut().for_each(|item| item.state.add(batch));
            });
        }
        Ok(false)
    }

    /// This session's part of an answer, for another session's `complete`. Throws where the question is wrong.
    pub fn partial(&self, job: &Job, index: usize) -> Result<Vec<u8>, JsError> {
        Ok(item(job, index)?.state.to_bytes())
    }

    /// How many of the tuples read here the answer does not see.
    pub fn unseen(&self, job: &Job, index: usize) -> Result<f64, JsError> {
        Ok((self.dropped_rows - item(job, index)?.dropped) as f64)
    }

    /// The answer: this session's part and those of others. Of `findings` the answers of other analyses can be had too
    /// (`also`: `exposure`, `beacons` and `one_way`, with their usual parameters).
    pub fn complete(
        &mut self,
        job: &mut Job,
        index: usize,
        others: Vec<js_sys::Uint8Array>,
        notes: Option<Vec<String>>,
        also: Option<Vec<String>>,
    ) -> Result<PackedTables, JsError> {
        let standing = item(job, index)?;
        let may_be_kept = job.is_told
            && standing.is_about_everything()
            && !self.keeps_states
            && self.dropped_rows == 0
            && standing.state.name() == WHOLE;
        let question = serde_json::from_str(&standing.key)?;
        // A state that nobody will ask again need not be copied: the largest have hundreds of thousands of keys.
        let mut state = match self.keeps_states {
            true => item(job, index)?.state.clone(),
            false => taken(job, index)?.state,
        };
        for other in others {
            state.merge_bytes(&other.to_vec())?;
        }
        let also = also.unwrap_or_default();
        let mut tables = if may_be_kept || !also.is_empty() {
            let names: Vec<&str> =
                core::iter::once(state.name()).chain(also.iter().map(String::as_str)).collect();
            let tables = state.answers(None, &names);
            self.whole = may_be_kept.then_some(Whole { question, state });
            tables.ok_or_else(|| JsError::new("expected analyses that findings are made of"))?
        } else {
            state.finish()
        };
        for section in &mut tables {
            section.table.notes.extend(notes.iter().flatten().cloned());
        }
        by_name(&tables, true).map(JsCast::unchecked_into)
    }

    /// This session's part of deciding where each flow counts once, among the rows that a filter keeps.
    #[wasm_bindgen(js_name = firstPass)]
    pub fn first_pass(&mut self, filter: &str) -> Result<Vec<u8>, JsError> {
        self.complete_page();
        let index = self.any_view(filter, true)?;
        let Session { pages, views, scratch, .. } = self;
        let mut pass = Vantage::new();
        if let Some((_, _, view)) = views.get(index) {
            pages.iter_mut().for_each(|page| view.add_to_first_pass(page, scratch, &mut pass));
        }
        let bytes = pass.to_bytes();
        self.pass = Some((filter.to_owned(), pass));
        Ok(bytes)
    }

    /// Decides where each flow counts once, from this session's first pass and those of others. Gives this session's
    /// part of what that leaves out, for `overcountNote`.
    #[wasm_bindgen(js_name = setChoice)]
    pub fn set_choice(&mut self, filter: &str, others: Vec<js_sys::Uint8Array>) -> Result<Vec<u8>, JsError> {
        let Some((_, mut pass)) = self.pass.take().filter(|(known, _)| known == filter) else {
            return Err(JsError::new("expected a first pass before a choice"));
        };
        for other in others {
            pass.merge_bytes(&other.to_vec())?;
        }
        let index = self.any_view(filter, true)?;
        let is_about = |standing: &Standing| standing.filter == filter && standing.is_once;
        self.standing.retain(|standing| !is_about(standing));
        self.order = None;
        let Session { pages, views, .. } = self;
        let Some((_, _, view)) = views.get_mut(index) else { return Ok(Overcount::default().to_bytes()) };
        view.set_choice(pass.finish());
        for (number, page) in pages.iter_mut().enumerate() {
            view.count(number, page);
        }
        view.forget_choice();
        Ok(view.overcount().to_bytes())
    }

    /// By how much all NICs together over-count, in a sentence, from every session's part; `undefined` where they don't.
    #[wasm_bindgen(js_name = overcountNote)]
    pub fn overcount_note(&self, parts: Vec<js_sys::Uint8Array>) -> Result<Option<String>, JsError> {
        let mut whole = Overcount::default();
        for part in parts {
            whole.merge_bytes(&part.to_vec())?;
        }
        Ok(whole.note())
    }

    /// Ends a job, done or not: its states are kept where they may be asked for again.
    pub fn end(&mut self, job: Job) {
        self.open_jobs -= 1;
        if self.keeps_states {
            // With more pages there will be other cells in one.
            self.standing.extend(job.items.into_iter().flatten().filter(|item| !item.is_joined));
        }
    }
}

#[wasm_bindgen]
impl Session {
    /// Ends a job whose rows changed under it: nothing of it is of use.
    pub fn abandon(&mut self, job: Job) {
        self.open_jobs -= 1;
        drop(job);
    }
}

impl Session {
    /// The number of the view of that filter and vantage. An error where each flow is to count once and it was not decided
    /// where: all would count.
    pub(crate) fn view(&mut self, filter: &str, once: bool) -> Result<usize, JsError> {
        let index = self.any_view(filter, once)?;
        match self.views.get(index) {
            Some((_, true, view)) if !view.is_decided => {
                Err(JsError::new("expected a choice of where each flow counts before a question about it"))
            }
            _ => Ok(index),
        }
    }

    fn any_view(&mut self, filter: &str, once: bool) -> Result<usize, JsError> {
        if let Some(found) =
            self.views.iter().position(|(text, is_once, _)| text == filter && *is_once == once)
        {
            let view = self.views.remove(found);
            self.views.push(view);
            return Ok(self.views.len() - 1);
        }
        let parsed = match filter.trim() {
            "" => None,
            _ => Some(Filter::parse(filter, &self.groups)?),
        };
        let mut of_vantage =
            self.views.iter().enumerate().filter(|(_, (_, is_once, _))| *is_once == once).map(|(at, _)| at);
        let are_many = self.pages.first().is_some_and(|page| !page.is_unpacked());
        let most = if are_many { MOST_VIEWS_OF_MANY } else { MOST_VIEWS };
        if let Some(oldest) = of_vantage.next().filter(|_| of_vantage.count() + 1 >= most) {
            self.views.remove(oldest);
        }
        self.views.push((filter.to_owned(), once, View::new(parsed)));
        Ok(self.views.len() - 1)
    }

    fn standing(
        &mut self,
        question: &Value,
        filter: &str,
        once: bool,
        told: bool,
    ) -> Result<Standing, String> {
        let key = question.to_string();
        let is_same = |known: &Standing| {
            known.key == key && known.filter == filter && known.is_once == once && known.is_told == told
        };
        if let Some(found) = self.standing.iter().position(is_same) {
            return Ok(self.standing.swap_remove(found));
        }
        let name = question.get("analysis").and_then(Value::as_str).unwrap_or_default();
        let parameters = question.get("parameters").unwrap_or(&Value::Null);
        let mut state = Analysis::new(name, parameters, &self.groups).map_err(|error| error.to_string())?;
        // From logs, not from tuples of which nobody knows the files.
        state.add_files(0, &[]);
        let filter = filter.to_owned();
        Ok(Standing {
            key,
            filter,
            is_once: once,
            is_told: told,
            state,
            is_joined: false,
            pages: 0,
            files: 0,
            issues: 0,
            dropped: 0,
        })
    }

    fn tables(&mut self, name: &str, parameters: Option<Parameters>) -> Result<Vec<Section>, JsError> {
        let parameters: JsValue = parameters.map(Into::into).unwrap_or_default();
        let parameters = match parameters.is_undefined() || parameters.is_null() {
            true => Value::Null,
            false => {
                let text = js_sys::JSON::stringify(&parameters)
                    .map_err(|_| JsError::new("expected parameters that JSON can hold"))?;
                serde_json::from_str(&String::from(text))?
            }
        };
        self.complete_page();
        let mut state = Analysis::new(name, &parameters, &self.groups)?;
        state.add_files(self.files, &self.issues);
        self.pages.iter_mut().for_each(|page| page.with(|batch| state.add(batch)));
        Ok(state.finish())
    }
}

fn item(job: &Job, index: usize) -> Result<&Standing, JsError> {
    match job.items.get(index) {
        Some(Ok(item)) => Ok(item),
        Some(Err(message)) => Err(JsError::new(message)),
        None => Err(JsError::new("there is no such question")),
    }
}

fn taken(job: &mut Job, index: usize) -> Result<Standing, JsError> {
    let gone = || Err("the question is answered already".to_owned());
    let item = job.items.get_mut(index).map_or_else(gone, |item| core::mem::replace(item, gone()));
    item.map_err(|message| JsError::new(&message))
}

pub(crate) fn by_name(sections: &[Section], packed: bool) -> Result<JsValue, JsError> {
    let mut entries = Vec::new();
    for section in sections {
        entries.push((section.name, table(&section.table, packed)?));
    }
    object(entries)
}
