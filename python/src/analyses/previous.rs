//! `timeline` beside an earlier period of the same source.

use super::{Answer, Pass, answer};
use pyo3::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;
use vnetflow_core::aggregate::{Analysis, with_previous};
use vnetflow_core::issue::Issue;

/// How much earlier, in milliseconds: a parameter of the passes, not of what each of them counts.
pub(super) const PARAMETER: &str = "previous_ms";

/// Each bucket beside the one `previous_ms` before.
///
/// Where the data is cut at a start, what lies before it is read in a pass of its own; else the past is in the data.
pub(super) fn timeline(pass: &Pass<'_, '_>, timeline: &Analysis, previous_ms: i64) -> PyResult<Answer> {
    let (table, mut issues, note) = pass.table(timeline.clone())?;
    let mut notes: Vec<String> = note.into_iter().collect();
    if pass.options.decode.start_ms.is_none() {
        return answer(with_previous(&table, &table, previous_ms), &issues, notes);
    }
    let earlier_options = Arc::new(pass.options.earlier_by(pass.py, previous_ms));
    let earlier_pass = Pass { options: &earlier_options, ..*pass };
    let (earlier, found, earlier_note) = earlier_pass.table(timeline.clone())?;
    add_new(&mut issues, found);
    let earlier_notes = earlier_note.iter().chain(&earlier.notes);
    notes.extend(earlier_notes.map(|note| format!("the period before: {note}")));
    answer(with_previous(&table, &earlier, previous_ms), &issues, notes)
}

/// Adds issues that are not known: a file with tuples of both periods is read in both passes.
fn add_new(issues: &mut Vec<Issue>, found: Vec<Issue>) {
    let known: HashSet<(String, u64)> =
        issues.iter().map(|issue| (issue.source.clone(), issue.offset)).collect();
    issues.extend(found.into_iter().filter(|issue| !known.contains(&(issue.source.clone(), issue.offset))));
}
