//! What users pass: filters, groups, options.

use crate::errors::{FilterError, InputError};
use crate::find::Source;
use pyo3::prelude::*;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use vnetflow_core::decode::{DecodeOptions, normalised_mac};
use vnetflow_core::filter;
use vnetflow_core::groups;

/// Names for networks.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    pub(crate) inner: Arc<groups::Groups>,
    made_of: Arc<MadeOf>,
}

/// What names were read from, so that they can be pickled: prefixes alone would not do, for service tags share some.
#[derive(Debug)]
enum MadeOf {
    Text(String, String),
    Pairs(Vec<(String, String)>),
}

#[pymethods]
impl Groups {
    #[staticmethod]
    fn from_text(text: &str, name: &str) -> PyResult<Groups> {
        let parsed = groups::Groups::from_text(text);
        let inner = parsed
            .map_err(|error| InputError::new_err(format!("can't read groups from `{name}`: {error}")))?;
        let made_of = MadeOf::Text(text.to_owned(), name.to_owned());
        Ok(Groups { inner: Arc::new(inner), made_of: Arc::new(made_of) })
    }

    #[staticmethod]
    fn from_pairs(pairs: Vec<(String, String)>) -> PyResult<Groups> {
        let texts = pairs.iter().map(|(prefix, name)| (prefix.as_str(), name.as_str()));
        let inner = groups::Groups::from_pairs(texts)
            .map_err(|error| InputError::new_err(format!("can't read groups: {error}")))?;
        Ok(Groups { inner: Arc::new(inner), made_of: Arc::new(MadeOf::Pairs(pairs)) })
    }

    /// Pickled as a call of the method that made it.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        let call = py.import("operator")?.getattr("methodcaller")?;
        let call = match &*self.made_of {
            MadeOf::Text(text, name) => call.call1(("from_text", text, name)),
            MadeOf::Pairs(pairs) => call.call1(("from_pairs", pairs.clone())),
        }?;
        Ok((call, (py.get_type::<Groups>().into_any(),)))
    }

    fn names(&self) -> Vec<String> {
        self.inner.names().iter().map(|name| (*name).to_owned()).collect()
    }

    fn pairs(&self) -> Vec<(String, String)> {
        let prefixes = self.inner.prefixes();
        prefixes.map(|(prefix, code)| (prefix.to_string(), self.inner.name(code).to_owned())).collect()
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
    /// Bytes of the passes before this one, so that progress goes on where they ended.
    bytes_before: AtomicU64,
}

impl RunOptions {
    /// The same options for another time: both bounds that much earlier.
    pub(crate) fn earlier_by(&self, py: Python<'_>, shift_ms: i64) -> RunOptions {
        let earlier = |bound: Option<i64>| bound.map(|bound| bound.saturating_sub(shift_ms));
        let mut decode = self.decode.clone();
        (decode.start_ms, decode.end_ms) = (earlier(decode.start_ms), earlier(decode.end_ms));
        RunOptions {
            decode,
            drop_duplicates: self.drop_duplicates,
            once: self.once,
            threads: self.threads,
            on_tick: self.on_tick.as_ref().map(|on_tick| on_tick.clone_ref(py)),
            bytes_before: AtomicU64::new(self.bytes_before()),
        }
    }

    /// A pass over that source is done.
    pub(crate) fn end_pass(&self, source: &Source) {
        self.bytes_before.fetch_add(source.total_bytes().unwrap_or(0), Ordering::Relaxed);
    }

    /// Bytes of the passes that are done.
    pub(crate) fn bytes_before(&self) -> u64 {
        self.bytes_before.load(Ordering::Relaxed)
    }
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
        let bytes_before = AtomicU64::new(0);
        Options(Arc::new(RunOptions { decode, drop_duplicates, once, threads, on_tick, bytes_before }))
    }
}

/// Threads that decode where nothing is said: the variable `VNETFLOW_THREADS`, else one a core.
fn default_threads() -> usize {
    let stated = std::env::var("VNETFLOW_THREADS").ok().and_then(|text| text.parse().ok());
    stated.unwrap_or_else(|| available_parallelism().map_or(1, NonZero::get))
}
