//! `vantage="once"`: a first pass that finds where each flow counts, and what the second pass keeps of a batch.

use crate::arguments::RunOptions;
use crate::engine::fold;
use crate::errors::InputError;
use crate::find::{Input, Source};
use pyo3::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};
use vnetflow_core::aggregate::{Aggregate, Overcount, Vantage, VantageChoice};
use vnetflow_core::batch::Batch;

/// Where each flow counts, and what that leaves out so far; shared with the threads of the second pass.
#[derive(Debug)]
pub(crate) struct Once {
    choice: VantageChoice,
    count: Mutex<Overcount>,
}

impl Once {
    /// Reads the source where each flow shall count once; `None` where it shall count at every NIC.
    pub(crate) fn of(
        py: Python<'_>,
        source: &Source,
        options: &Arc<RunOptions>,
    ) -> PyResult<Option<Arc<Once>>> {
        if !options.once {
            return Ok(None);
        }
        if let Some(stream) = source.inputs.iter().find(|input| matches!(***input, Input::Object { .. })) {
            return Err(InputError::new_err(format!(
                "can't count `{}` with vantage `once`: it is read twice, and a stream can't be, so save it to a file first",
                stream.name()
            )));
        }
        let (first, _) = fold(py, source, options, None, Vantage::new, |_, _, _| {})?;
        let choice = py.detach(|| first.finish());
        Ok(Some(Arc::new(Once { choice, count: Mutex::default() })))
    }

    /// Drops the rows that count elsewhere.
    pub(crate) fn keep(&self, batch: &mut Batch) {
        let count = self.choice.keep(batch);
        self.count.lock().unwrap_or_else(PoisonError::into_inner).merge(&count);
    }

    /// By how much all NICs over-count, in a sentence.
    pub(crate) fn note(&self) -> Option<String> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner).note()
    }
}
