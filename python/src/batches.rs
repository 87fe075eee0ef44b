//! `Batches`: one pass over a source, as Python's iterator.

use crate::analyses::Once;
use crate::arguments::Options;
use crate::arrow::{self, AddressForm};
use crate::engine::{OrderedBatches, keep_wanted};
use crate::errors::InputError;
use crate::find::Source;
use crate::frame::Frame;
use arrow_schema::ArrowError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vnetflow_core::batch::Batch;
use vnetflow_core::columns::{COLUMNS, Column, column_named};
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::export::{EventSchema, event_lines};

/// One pass over a source, batch by batch, in the order of the files.
#[pyclass(frozen, module = "vnetflow._core")]
pub(crate) struct Batches {
    make: Make,
    pass: Mutex<Pass>,
    once: Option<Arc<Once>>,
}

/// Makes Arrow columns of a batch.
type Make = Arc<dyn Fn(Batch) -> Result<Frame, ArrowError> + Send + Sync>;

enum Pass {
    Logs(OrderedBatches<Result<Frame, ArrowError>>),
    Tuples(std::vec::IntoIter<Batch>, DecodeOptions),
}

#[pymethods]
impl Batches {
    #[new]
    #[pyo3(signature = (source, options, *, columns=None, batch_rows=131_072, ip="string", events=None))]
    fn new(
        py: Python<'_>,
        source: PyRef<'_, Source>,
        options: &Options,
        columns: Option<Vec<String>>,
        batch_rows: usize,
        ip: &str,
        events: Option<&str>,
    ) -> PyResult<Batches> {
        let schema = events.map(event_schema).transpose()?;
        let columns = chosen(columns)?;
        let form = address_form(ip)?;
        let options = Arc::clone(&options.0);
        let mut decode = options.decode.clone();
        decode.batch_rows = batch_rows.max(1);
        // A table has no column for them; they are for leaving out what is repeated.
        decode.identities = options.drop_duplicates;
        decode.offsets |= columns.iter().any(|column| column.name == "offset");
        let once = Once::of(py, &source, &options)?;
        let chosen_once = once.clone();
        let make: Make = Arc::new(move |mut batch| {
            if let Some(once) = &chosen_once {
                once.keep(&mut batch);
            }
            match schema {
                Some(schema) => arrow::lines(event_lines(&batch, schema)).map(Frame::from),
                None => arrow::tuples(batch, &columns, form).map(Frame::from),
            }
        });
        let pass = match &source.tuples {
            Some(batches) => Pass::Tuples(batches.clone().into_iter(), decode),
            None => Pass::Logs(OrderedBatches::start(&source, &options, decode, Arc::clone(&make))),
        };
        Ok(Batches { make, pass: Mutex::new(pass), once })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frame>> {
        let mut pass = self.locked(py);
        let made = match &mut *pass {
            Pass::Logs(batches) => batches.next(py)?,
            Pass::Tuples(batches, decode) => batches.next().map(|mut batch| {
                keep_wanted(&mut batch, decode);
                (self.make)(batch)
            }),
        };
        let Some(made) = made else {
            if let Pass::Logs(batches) = &*pass {
                batches.progress.check_any_readable(&batches.issues)?;
            }
            return Ok(None);
        };
        Ok(Some(made.map_err(internal)?))
    }

    fn close(&self, py: Python<'_>) {
        if let Pass::Logs(batches) = &mut *self.locked(py) {
            batches.close();
        }
    }

    fn issues(&self, py: Python<'_>) -> PyResult<Frame> {
        let pass = self.locked(py);
        let issues = match &*pass {
            Pass::Logs(batches) => batches.issues.as_slice(),
            Pass::Tuples(..) => &[],
        };
        Ok(arrow::issues(issues).map_err(internal)?.into())
    }

    fn note(&self) -> Option<String> {
        self.once.as_ref().and_then(|once| once.note())
    }
}

impl Batches {
    /// The pass, once no other thread is in it; meanwhile the interpreter is released, which that thread may need.
    fn locked(&self, py: Python<'_>) -> MutexGuard<'_, Pass> {
        self.pass.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// A tuple table without rows.
#[pyfunction]
#[pyo3(signature = (columns=None, *, ip="string"))]
pub(crate) fn empty(columns: Option<Vec<String>>, ip: &str) -> PyResult<Frame> {
    let batch = arrow::tuples(Batch::default(), &chosen(columns)?, address_form(ip)?);
    Ok(batch.map_err(internal)?.into())
}

/// An error of Arrow's: columns of one batch always fit, so this is a mistake of ours and says so.
pub(crate) fn internal(error: ArrowError) -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err(format!("columns do not fit: {error}; please report this"))
}

fn chosen(names: Option<Vec<String>>) -> PyResult<Vec<&'static Column>> {
    let Some(names) = names else { return Ok(COLUMNS.iter().filter(|column| column.default).collect()) };
    let column = |name: &String| {
        column_named(name).ok_or_else(|| {
            let known: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
            InputError::new_err(format!("unknown column `{name}`: expected one of {}", known.join(", ")))
        })
    };
    names.iter().map(column).collect()
}

fn event_schema(name: &str) -> PyResult<EventSchema> {
    EventSchema::from_name(name).ok_or_else(|| {
        InputError::new_err(format!("unknown schema `{name}` for events: expected `ecs` or `ocsf`"))
    })
}

fn address_form(ip: &str) -> PyResult<AddressForm> {
    match ip {
        "string" => Ok(AddressForm::Text),
        "categorical" => Ok(AddressForm::Dictionary),
        "binary" => Ok(AddressForm::Bytes),
        _ => Err(InputError::new_err(format!(
            "unknown form `{ip}` for addresses: expected `string`, `categorical` or `binary`"
        ))),
    }
}
