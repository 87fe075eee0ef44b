//! `timeline` beside an earlier period of the same source.

use super::{Answer, Pass, answer};
use pyo3::prelude::*;
use std::collections::HashSet;
use std::sync::Arc;
use vnetflow_core::aggregate::{Aggregate, Timeline, TimelineOptions, with_previous};
use vnetflow_core::issue::Issue;

/// Each bucket beside the one `previous_ms` before.
///
/// Where the data is cut at a start, what lies before it is read in a pass of its own; else the past is in the data.
pub(super) fn timeline(pass: &Pass<'_, '_>, options: &TimelineOptions, previous_ms: i64) -> PyResult<Answer> {
    let new = || {
        let options = options.clone();
        move || Timeline::new(&options)
    };
    let (own, mut issues, note) = pass.aggregate(new(), |_, _, _| {})?;
    let mut notes: Vec<String> = note.into_iter().collect();
    if pass.options.decode.start_ms.is_none() {
        let table = pass.py.detach(|| own.finish());
        return answer(with_previous(&table, &table, previous_ms), &issues, notes);
    }
    let earlier_options = Arc::new(pass.options.earlier_by(pass.py, previous_ms));
    let earlier_pass = Pass { options: &earlier_options, ..*pass };
    let (earlier, found, earlier_note) = earlier_pass.aggregate(new(), |_, _, _| {})?;
    add_new(&mut issues, found);
    notes.extend(earlier_note.map(|note| format!("the period before: {note}")));
    let (table, earlier) = pass.py.detach(|| (own.finish(), earlier.finish()));
    notes.extend(earlier.notes.iter().map(|note| format!("the period before: {note}")));
    answer(with_previous(&table, &earlier, previous_ms), &issues, notes)
}

/// Adds issues that are not known: a file with tuples of both periods is read in both passes.
fn add_new(issues: &mut Vec<Issue>, found: Vec<Issue>) {
    let known: HashSet<(String, u64)> =
        issues.iter().map(|issue| (issue.source.clone(), issue.offset)).collect();
    issues.extend(found.into_iter().filter(|issue| !known.contains(&(issue.source.clone(), issue.offset))));
}
