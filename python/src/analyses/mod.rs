//! Analyses: parameters in, the core's aggregate over all batches, its table out.

mod once;
mod parameters;
mod previous;
mod session_frames;
mod two_sources;

pub(crate) use once::Once;
pub(crate) use parameters::metric_names;
pub(crate) use session_frames::{sessions, zeek_head};
pub(crate) use two_sources::diff;

use crate::arguments::{Groups, Options, RunOptions};
use crate::arrow;
use crate::batches::internal;
use crate::engine::fold;
use crate::find::Source;
use crate::frame::Frame;
use parameters::analysis;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use vnetflow_core::aggregate::{Aggregate, Analysis, junit, sarif};
use vnetflow_core::issue::Issue;
use vnetflow_core::table::{Section, Table};

/// A table, the issues, and what a reader must know of the answer.
type Answer = (Frame, Frame, Vec<String>);

/// One pass over a source, or two where each flow counts once.
struct Pass<'a, 'py> {
    py: Python<'py>,
    source: &'a Source,
    options: &'a Arc<RunOptions>,
}

impl Pass<'_, '_> {
    /// An aggregate of all that counts, the issues, and the note of what does not count.
    fn aggregate<A>(
        &self,
        new: impl Fn() -> A + Send + Sync + 'static,
        add_files: impl Fn(&mut A, u64, &[Issue]),
    ) -> PyResult<(A, Vec<Issue>, Option<String>)>
    where
        A: Aggregate + Send + 'static,
    {
        let once = Once::of(self.py, self.source, self.options)?;
        let (aggregate, issues) = fold(self.py, self.source, self.options, once.as_ref(), new, add_files)?;
        self.options.end_pass(self.source);
        Ok((aggregate, issues, once.and_then(|once| once.note())))
    }

    /// The tables of an analysis, the issues, and the note of what does not count.
    fn sections(&self, analysis: Analysis) -> PyResult<(Vec<Section>, Vec<Issue>, Option<String>)> {
        let (whole, issues, note) = self.aggregate(move || analysis.clone(), Analysis::add_files)?;
        Ok((self.py.detach(|| whole.finish()), issues, note))
    }

    /// The same of an analysis that has one table.
    fn table(&self, analysis: Analysis) -> PyResult<(Table, Vec<Issue>, Option<String>)> {
        let (sections, issues, note) = self.sections(analysis)?;
        let table = sections.into_iter().next().map(|section| section.table);
        Ok((table.unwrap_or_default(), issues, note))
    }
}

/// The answer as Python gets it: the table's own notes first.
fn answer(table: Table, issues: &[Issue], notes: Vec<String>) -> PyResult<Answer> {
    let frame = framed(&table)?;
    let notes = table.notes.into_iter().chain(notes).collect();
    Ok((frame, arrow::issues(issues).map_err(internal)?.into(), notes))
}

fn framed(table: &Table) -> PyResult<Frame> {
    Ok(arrow::table(table).map_err(internal)?.into())
}

/// An analysis by its name: its table, the issues, and notes.
#[pyfunction]
#[pyo3(signature = (source, options, name, parameters, groups=None))]
pub(crate) fn analyse(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    name: &str,
    parameters: &Bound<'_, PyDict>,
    groups: Option<&Groups>,
) -> PyResult<Answer> {
    let pass = Pass { py, source, options: &options.0 };
    if name == "timeline"
        && let Some(previous_ms) = parameters.get_item(previous::PARAMETER)?
    {
        let others = parameters.copy()?;
        others.del_item(previous::PARAMETER)?;
        let timeline = analysis(name, &others, groups)?;
        return previous::timeline(&pass, &timeline, previous_ms.extract()?);
    }
    let (table, issues, note) = pass.table(analysis(name, parameters, groups)?)?;
    answer(table, &issues, note.into_iter().collect())
}

/// The traffic against a policy: the answer, as JUnit XML and as SARIF.
#[pyfunction]
#[pyo3(signature = (source, options, policy, groups=None))]
pub(crate) fn check(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    policy: &str,
    groups: Option<&Groups>,
) -> PyResult<(Answer, String, String)> {
    let parameters = PyDict::new(py);
    parameters.set_item("policy", policy)?;
    let pass = Pass { py, source, options: &options.0 };
    let (table, issues, note) = pass.table(analysis("check", &parameters, groups)?)?;
    let (junit, sarif) = (junit(&table), sarif(&table));
    Ok((answer(table, &issues, note.into_iter().collect())?, junit, sarif))
}

/// Tables by name.
type Sections = Vec<(&'static str, Frame)>;

/// A dossier: its tables by name, the issues, and notes.
#[pyfunction]
#[pyo3(signature = (source, options, ip, groups=None))]
pub(crate) fn host(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    ip: &str,
    groups: Option<&Groups>,
) -> PyResult<(Sections, Frame, Vec<String>)> {
    let parameters = PyDict::new(py);
    parameters.set_item("ip", ip)?;
    let pass = Pass { py, source, options: &options.0 };
    let (sections, issues, note) = pass.sections(analysis("host", &parameters, groups)?)?;
    let mut notes: Vec<String> = note.into_iter().collect();
    for section in &sections {
        notes.extend(
            section.table.notes.iter().filter(|note| !notes.contains(note)).cloned().collect::<Vec<_>>(),
        );
    }
    let tables = sections.iter().map(|section| Ok((section.name, framed(&section.table)?)));
    let tables = tables.collect::<PyResult<Vec<_>>>()?;
    Ok((tables, arrow::issues(&issues).map_err(internal)?.into(), notes))
}
