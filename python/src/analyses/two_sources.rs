//! `diff` of two sources: each is read on its own, as one side.

use super::{Answer, Pass, analysis, answer};
use crate::arguments::{Groups, Options};
use crate::find::Source;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vnetflow_core::aggregate::{Aggregate, Analysis};

/// What differs between two sources.
#[pyfunction]
#[pyo3(signature = (before, after, options, by, groups=None))]
pub(crate) fn diff(
    py: Python<'_>,
    before: &Source,
    after: &Source,
    options: &Options,
    by: Vec<String>,
    groups: Option<&Groups>,
) -> PyResult<Answer> {
    let parameters = PyDict::new(py);
    parameters.set_item("by", by)?;
    let side = |source, side| {
        parameters.set_item("side", side)?;
        let side = analysis("diff", &parameters, groups)?;
        let pass = Pass { py, source, options: &options.0 };
        pass.aggregate(move || side.clone(), Analysis::add_files)
    };
    let (mut whole, mut issues, note) = side(before, "before")?;
    let (other, found, other_note) = side(after, "after")?;
    issues.extend(found);
    let sections = py.detach(|| {
        whole.merge(other);
        whole.finish()
    });
    let table = sections.into_iter().next().map(|section| section.table).unwrap_or_default();
    let named = |side: &str, note: Option<String>| note.map(|note| format!("{side}: {note}"));
    let notes = [named("before", note), named("after", other_note)];
    answer(table, &issues, notes.into_iter().flatten().collect())
}
