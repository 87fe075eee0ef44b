//! The one thing that crosses to Python: columns as an Arrow C stream.

use crate::arrow::Tuples;
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// Columns of the same length, handed over without a copy.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Debug)]
pub(crate) struct Frame {
    batch: RecordBatch,
    shared: Vec<(&'static str, RecordBatch)>,
}

impl From<RecordBatch> for Frame {
    fn from(batch: RecordBatch) -> Frame {
        Frame { batch, shared: Vec::new() }
    }
}

impl From<Tuples> for Frame {
    fn from(tuples: Tuples) -> Frame {
        Frame { batch: tuples.rows, shared: tuples.shared }
    }
}

#[pymethods]
impl Frame {
    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    #[getter]
    fn shared(&self) -> Vec<(&'static str, Frame)> {
        self.shared.iter().map(|(number, columns)| (*number, Frame::from(columns.clone()))).collect()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer keep its own schema; the consumer casts.
        drop(requested_schema);
        let schema = self.batch.schema();
        let batches = RecordBatchIterator::new([Ok(self.batch.clone())], schema);
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}
