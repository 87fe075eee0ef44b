//! Analyses: options in, the core's aggregate over all batches, its table out.

use crate::arguments::{Groups, Options};
use crate::arrow;
use crate::batches::internal;
use crate::engine::fold;
use crate::errors::InputError;
use crate::find::Source;
use crate::frame::Frame;
use pyo3::prelude::*;
use std::sync::Arc;
use vnetflow_core::aggregate::{Aggregate, Key, Metric, Summary, Top, TopOptions};
use vnetflow_core::issue::Issue;

/// The summary's one row, and the issues.
#[pyfunction]
pub(crate) fn summary(py: Python<'_>, source: &Source, options: &Options) -> PyResult<(Frame, Frame)> {
    let new = if source.tuples.is_some() { Summary::of_tuples } else { Summary::of_logs };
    answer(fold(py, source, &options.0, new, Summary::add_files)?)
}

/// The ranked rows, and the issues.
#[pyfunction]
#[pyo3(signature = (source, options, *, by, metric, n, bottom, groups=None))]
#[expect(clippy::too_many_arguments, reason = "each is an argument of its own in Python")]
pub(crate) fn top(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    by: Vec<String>,
    metric: &str,
    n: usize,
    bottom: bool,
    groups: Option<&Groups>,
) -> PyResult<(Frame, Frame)> {
    let keys = by.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>();
    let by: Vec<Key> =
        keys.map_err(|error| InputError::new_err(error.to_string()))?.into_iter().flatten().collect();
    let metric = Metric::from_name(metric).ok_or_else(|| {
        let known = metric_names().join(", ");
        InputError::new_err(format!("unknown metric `{metric}`: expected one of {known}"))
    })?;
    let groups = groups.map(|groups| Arc::clone(&groups.inner)).unwrap_or_default();
    let top = TopOptions { by, metric, n, bottom, groups };
    answer(fold(py, source, &options.0, move || Top::new(top.clone()), |_, _, _| {})?)
}

/// What `top` can rank by.
pub(crate) fn metric_names() -> Vec<&'static str> {
    Metric::ALL.iter().map(|metric| metric.name()).collect()
}

fn answer<A: Aggregate>((aggregate, issues): (A, Vec<Issue>)) -> PyResult<(Frame, Frame)> {
    let table = arrow::table(&aggregate.finish()).map_err(internal)?;
    let issues = arrow::issues(&issues).map_err(internal)?;
    Ok((Frame { batch: table }, Frame { batch: issues }))
}
