//! Errors of the core and of files in Python's own idiom.

use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyPermissionError, PyValueError};
use std::io;

create_exception!(
    vnetflow,
    FilterError,
    PyValueError,
    "A filter that can't be read; the message names the column and a near match."
);
create_exception!(
    vnetflow,
    InputError,
    PyValueError,
    "A source that is no flow log at all, or a setting that can't be used."
);

/// An error of the file system that names the path and says what to do.
pub(crate) fn file_error(path: &str, error: &io::Error) -> PyErr {
    match error.kind() {
        io::ErrorKind::NotFound => PyFileNotFoundError::new_err(format!(
            "`{path}` does not exist: give a file, a folder or a glob of logs"
        )),
        io::ErrorKind::PermissionDenied => PyPermissionError::new_err(format!(
            "no right to read `{path}`: change its permissions or copy it"
        )),
        _ => PyOSError::new_err(format!("can't read `{path}`: {error}")),
    }
}
