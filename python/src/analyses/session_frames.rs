//! `sessions` in pieces: millions of rows are not held as the core's table, as Arrow's and as Polars' at once.

use super::{Pass, framed};
use crate::arguments::Options;
use crate::arrow;
use crate::batches::internal;
use crate::find::Source;
use crate::frame::Frame;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use std::sync::{Mutex, PoisonError};
use vnetflow_core::aggregate::{SessionTables, Sessions};
use vnetflow_core::export::zeek;

/// The lines above the connections of Zeek's `conn.log`.
#[pyfunction]
pub(crate) fn zeek_head() -> Vec<String> {
    zeek::head()
}

/// Rows of a piece.
const PIECE_ROWS: usize = 1 << 16;

/// All sessions, piece by piece; at least one piece.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Debug)]
pub(crate) struct SessionFrames {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// `None` once all are made, so that their memory is free by then.
    tables: Option<SessionTables>,
    notes: Vec<String>,
    /// Sessions that were handed out as lines of Zeek's `conn.log`; `None` where they are handed out as columns.
    lines: Option<u64>,
}

#[pymethods]
impl SessionFrames {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frame>> {
        let mut state = self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        let Some(tables) = &mut state.tables else { return Ok(None) };
        let Some(table) = py.detach(|| tables.next()) else {
            state.tables = None;
            return Ok(None);
        };
        let frame = match &mut state.lines {
            None => framed(&table)?,
            Some(before) => {
                let lines = py.detach(|| zeek::lines(&table, *before));
                *before += lines.len() as u64;
                arrow::lines(lines).map_err(internal)?.into()
            }
        };
        state.notes.extend(table.notes);
        Ok(Some(frame))
    }

    fn notes(&self, py: Python<'_>) -> Vec<String> {
        self.state.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner).notes.clone()
    }
}

/// The sessions of a source, and the issues; `zeek` gives them as lines of its `conn.log`.
#[pyfunction]
#[pyo3(signature = (source, options, *, zeek=false))]
pub(crate) fn sessions(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    zeek: bool,
) -> PyResult<(SessionFrames, Frame)> {
    let pass = Pass { py, source, options: &options.0 };
    let (aggregate, issues, note) = pass.aggregate(Sessions::new, |_, _, _| {})?;
    let tables = py.detach(|| aggregate.tables(PIECE_ROWS));
    let lines = zeek.then_some(0);
    let state = State { tables: Some(tables), notes: note.into_iter().collect(), lines };
    let issues = arrow::issues(&issues).map_err(internal)?;
    Ok((SessionFrames { state: Mutex::new(state) }, issues.into()))
}
