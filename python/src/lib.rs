//! The Python face: sources read in threads, columns handed to Polars, errors in Python's idiom.
//!
//! What is decoded and counted is the core's business. This crate knows files, archives, threads, Arrow and Python,
//! and each of its functions is options in, one call, columns out.

mod analyses;
mod arguments;
mod arrow;
mod batches;
mod demo;
mod engine;
mod errors;
mod find;
mod frame;
mod kinds;
mod memory;
mod pages;
mod progress;
mod unit;
mod unpack;

use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: pages::LargePages = pages::LargePages;

/// `vnetflow._core`: see `_core.pyi` for what each name does.
#[pymodule]
mod _core {
    use super::*;

    #[pymodule_export]
    use super::analyses::{analyse, check, diff, host, sessions, zeek_head};
    #[pymodule_export]
    use super::arguments::{Filter, Groups, Options};
    #[pymodule_export]
    use super::batches::{Batches, empty};
    #[pymodule_export]
    use super::demo::demo;
    #[pymodule_export]
    use super::errors::{FilterError, InputError};
    #[pymodule_export]
    use super::find::Source;
    #[pymodule_export]
    use super::frame::Frame;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("COLUMNS", arrow::described_columns())?;
        module.add("METRICS", analyses::metric_names())
    }
}
