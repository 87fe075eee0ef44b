//! `diff` of two sources: each is read on its own, as one side.

use super::parameters::parsed_keys;
use super::{Answer, Pass, answer};
use crate::arguments::{Groups, Options};
use crate::find::Source;
use pyo3::prelude::*;
use std::sync::Arc;
use vnetflow_core::aggregate::{Aggregate, Diff, DiffOptions};

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
    let groups = groups.map(|groups| Arc::clone(&groups.inner)).unwrap_or_default();
    let second = DiffOptions { by: parsed_keys(&by)?, split_ms: None, groups };
    // All of the first source is before the end of all times.
    let first = DiffOptions { split_ms: Some(i64::MAX), ..second.clone() };
    let pass = |source| Pass { py, source, options: &options.0 };
    let (whole, mut issues, note) = pass(before).aggregate(move || Diff::new(&first), |_, _, _| {})?;
    let (other, found, other_note) = pass(after).aggregate(move || Diff::new(&second), |_, _, _| {})?;
    issues.extend(found);
    let table = py.detach(move || {
        let mut whole = whole;
        whole.merge(other);
        whole.finish()
    });
    let named = |side: &str, note: Option<String>| note.map(|note| format!("{side}: {note}"));
    let notes = [named("before", note), named("after", other_note)];
    answer(table, &issues, notes.into_iter().flatten().collect())
}
