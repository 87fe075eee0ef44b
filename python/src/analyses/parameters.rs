//! An analysis' own parameters: Python's dict as the JSON that the core takes.

use crate::arguments::Groups;
use crate::errors::InputError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use vnetflow_core::aggregate::{Analysis, Metric};

/// The analysis of that name with these parameters.
pub(super) fn analysis(
    name: &str,
    parameters: &Bound<'_, PyDict>,
    groups: Option<&Groups>,
) -> PyResult<Analysis> {
    let json = parameters.py().import("json")?;
    let text: String = json.call_method1("dumps", (parameters,))?.extract()?;
    let groups = groups.map(|groups| Arc::clone(&groups.inner)).unwrap_or_default();
    Analysis::from_json(name, &text, &groups).map_err(|error| InputError::new_err(error.to_string()))
}

/// What `top` can rank by.
pub(crate) fn metric_names() -> Vec<&'static str> {
    Metric::ALL.iter().map(|metric| metric.name()).collect()
}
