//! What users pass: filters, groups, options.

use crate::errors::{FilterError, InputError};
use pyo3::prelude::*;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use vnetflow_core::decode::{DecodeOptions, normalised_mac};
use vnetflow_core::filter;
use vnetflow_core::groups;

/// Names for networks.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    pub(crate) inner: Arc<groups::Groups>,
}

#[pymethods]
impl Groups {
    #[staticmethod]
    fn from_text(text: &str, name: &str) -> PyResult<Groups> {
        let parsed = groups::Groups::from_text(text);
        let inner = parsed
            .map_err(|error| InputError::new_err(format!("can't read groups from `{name}`: {error}")))?;
        Ok(Groups { inner: Arc::new(inner) })
    }

    #[staticmethod]
    fn from_pairs(pairs: Vec<(String, String)>) -> PyResult<Groups> {
        let pairs = pairs.iter().map(|(prefix, name)| (prefix.as_str(), name.as_str()));
        let inner = groups::Groups::from_pairs(pairs)
            .map_err(|error| InputError::new_err(format!("can't read groups: {error}")))?;
        Ok(Groups { inner: Arc::new(inner) })
    }

    fn names(&self) -> Vec<String> {
        self.inner.names().iter().map(|name| (*name).to_owned()).collect()
    }
}

/// A parsed filter.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) inner: filter::Filter,
}

#[pymethods]
impl Filter {
    #[new]
    #[pyo3(signature = (text, groups=None))]
    fn new(text: &str, groups: Option<&Groups>) -> PyResult<Filter> {
        let none = groups::Groups::default();
        let inner = filter::Filter::parse(text, groups.map_or(&none, |groups| &groups.inner))
            .map_err(|error| FilterError::new_err(format!("in the filter: {error}")))?;
        Ok(Filter { inner })
    }

    fn explain(&self) -> String {
        self.inner.explain()
    }
}

/// Called about ten times a second with bytes read, tuples kept and issues so far.
pub(crate) type OnTick = Py<PyAny>;

/// What to keep, and how to read; shared with the threads of a pass.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Debug)]
pub(crate) struct Options(pub(crate) Arc<RunOptions>);

/// What `Options` holds.
#[derive(Debug)]
pub(crate) struct RunOptions {
    pub(crate) decode: DecodeOptions,
    pub(crate) drop_duplicates: bool,
    /// Count a flow at one of the NICs that logged it.
    pub(crate) once: bool,
    pub(crate) threads: usize,
    pub(crate) on_tick: Option<OnTick>,
}

#[pymethods]
impl Options {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "each is an argument of its own in Python")]
    #[pyo3(signature = (*, filter=None, start_ms=None, end_ms=None, macs=None, drop_duplicates=false, once=false, threads=None, on_tick=None))]
    fn new(
        filter: Option<&Filter>,
        start_ms: Option<i64>,
        end_ms: Option<i64>,
        macs: Option<Vec<String>>,
        drop_duplicates: bool,
        once: bool,
        threads: Option<usize>,
        on_tick: Option<OnTick>,
    ) -> Options {
        let decode = DecodeOptions {
            filter: filter.map(|filter| filter.inner.clone()),
            start_ms,
            end_ms,
            macs: macs.map(|macs| macs.iter().map(|mac| normalised_mac(mac)).collect()),
            ..DecodeOptions::default()
        };
        let threads = threads.unwrap_or_else(default_threads).max(1);
        Options(Arc::new(RunOptions { decode, drop_duplicates, once, threads, on_tick }))
    }
}

/// Threads that decode where nothing is said: the variable `VNETFLOW_THREADS`, else one a core.
fn default_threads() -> usize {
    let stated = std::env::var("VNETFLOW_THREADS").ok().and_then(|text| text.parse().ok());
    stated.unwrap_or_else(|| available_parallelism().map_or(1, NonZero::get))
}
