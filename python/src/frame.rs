//! The one thing that crosses to Python: columns as an Arrow C stream.

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use arrow_schema::{Schema, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::sync::Arc;

/// Columns of the same length, handed over without a copy, in one piece or several.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Debug)]
pub(crate) struct Frame {
    schema: SchemaRef,
    pieces: Vec<RecordBatch>,
}

impl Frame {
    /// A frame of these pieces, which all have the same columns.
    pub(crate) fn of_pieces(pieces: Vec<RecordBatch>) -> Frame {
        let schema = pieces.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
        Frame { schema, pieces }
    }
}

impl From<RecordBatch> for Frame {
    fn from(batch: RecordBatch) -> Frame {
        Frame::of_pieces(vec![batch])
    }
}

#[pymethods]
impl Frame {
    fn __len__(&self) -> usize {
        self.pieces.iter().map(RecordBatch::num_rows).sum()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // The protocol lets a producer keep its own schema; the consumer casts.
        drop(requested_schema);
        let pieces = self.pieces.clone().into_iter().map(Ok);
        let batches = RecordBatchIterator::new(pieces, Arc::clone(&self.schema));
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }
}
