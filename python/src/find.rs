//! Finds what to read: files, folders, globs, bytes, file objects, tuples in memory.

use crate::errors::{InputError, file_error};
use crate::memory;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vnetflow_core::batch::Batch;
use walkdir::WalkDir;

/// One thing that can be opened.
#[derive(Debug)]
pub(crate) enum Input {
    /// A file; logs in an archive are found when it is opened.
    File { path: PathBuf, size: u64 },
    /// Bytes in memory.
    Bytes(PyBackedBytes),
    /// A Python object with `read`.
    Object { object: Py<PyAny>, name: String },
}

impl Input {
    /// Name for issues and the column `source`.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::File { path, .. } => path.to_string_lossy().into_owned(),
            Input::Bytes(_) => "<bytes>".to_owned(),
            Input::Object { name, .. } => name.clone(),
        }
    }

    /// Bytes as stored, where that can be known.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Input::File { size, .. } => Some(*size),
            Input::Bytes(bytes) => Some(bytes.len() as u64),
            Input::Object { .. } => None,
        }
    }
}

/// What to read.
#[pyclass(frozen, module = "vnetflow._core")]
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) inputs: Vec<Arc<Input>>,
    /// Tuples in memory, in place of inputs.
    pub(crate) tuples: Option<Vec<Batch>>,
}

#[pymethods]
impl Source {
    #[new]
    fn new(py: Python<'_>, items: Vec<Bound<'_, PyAny>>) -> PyResult<Source> {
        let mut inputs = Vec::new();
        for item in items {
            // Not every file's name is UTF-8: a path is taken as the system has it.
            if let Ok(path) = item.extract::<PathBuf>() {
                find_path(py, &path, &mut inputs)?;
            } else if let Ok(bytes) = item.extract::<PyBackedBytes>() {
                inputs.push(Input::Bytes(bytes));
            } else {
                let name = item.getattr("name").ok().and_then(|name| name.extract::<String>().ok());
                inputs.push(Input::Object {
                    name: name.unwrap_or_else(|| "<stream>".to_owned()),
                    object: item.unbind(),
                });
            }
        }
        Ok(Source { inputs: inputs.into_iter().map(Arc::new).collect(), tuples: None })
    }

    #[staticmethod]
    fn of_tuples(frame: &Bound<'_, PyAny>) -> PyResult<Source> {
        Ok(Source { inputs: Vec::new(), tuples: Some(memory::batches_of(frame)?) })
    }

    fn files(&self) -> Vec<String> {
        self.inputs.iter().map(|input| input.name()).collect()
    }

    pub(crate) fn total_bytes(&self) -> Option<u64> {
        self.inputs.iter().map(|input| input.size()).sum()
    }
}

/// Endings of files that a folder is searched for.
const LOG_ENDINGS: [&str; 3] = [".json", ".json.gz", ".zip"];

/// True for names of logs, in folders and in archives.
pub(crate) fn is_log_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LOG_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

fn find_path(py: Python<'_>, path: &Path, inputs: &mut Vec<Input>) -> PyResult<()> {
    let text = &path.to_string_lossy();
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => search_folder(py, path, inputs),
        Ok(metadata) => {
            // A file that was named must open; one that was found may fail on its own.
            File::open(path).map_err(|error| file_error(text, &error))?;
            inputs.push(Input::File { path: path.to_owned(), size: metadata.len() });
            Ok(())
        }
        Err(error) => {
            if !text.contains(['*', '?', '[']) {
                return Err(file_error(text, &error));
            }
            search_glob(py, text, inputs)
        }
    }
}

fn search_folder(py: Python<'_>, folder: &Path, inputs: &mut Vec<Input>) -> PyResult<()> {
    py.check_signals()?;
    let shown = folder.to_string_lossy();
    let before = inputs.len();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                inputs.extend(unreadable_entry(&error, &shown)?);
                continue;
            }
        };
        if entry.file_type().is_file() && is_log_name(&entry.file_name().to_string_lossy()) {
            let size = entry.metadata().map_or(0, |metadata| metadata.len());
            inputs.push(Input::File { path: entry.into_path(), size });
        }
    }
    if inputs.len() == before {
        return Err(InputError::new_err(format!(
            "no *.json, *.json.gz or *.zip in `{shown}`: give the folder that holds the logs"
        )));
    }
    Ok(())
}

/// What is left of an entry that can't be visited: an input whose reading will say why, so that the others are read,
/// or nothing where no log is missed. Only the folder that was named itself is an error.
fn unreadable_entry(error: &walkdir::Error, folder: &str) -> PyResult<Option<Input>> {
    // A link to a folder above: what lies there is found without it.
    if error.loop_ancestor().is_some() {
        return Ok(None);
    }
    let (Some(path), Some(io_error)) = (error.path(), error.io_error()) else {
        return Err(InputError::new_err(format!("can't search `{folder}`: {error}")));
    };
    let name = path.to_string_lossy();
    if error.depth() == 0 {
        return Err(file_error(&name, io_error));
    }
    // A link to nowhere matters only where it is named like a log.
    let is_missed = io_error.kind() != std::io::ErrorKind::NotFound || is_log_name(&name);
    Ok(is_missed.then(|| Input::File { path: path.to_owned(), size: 0 }))
}

fn search_glob(py: Python<'_>, pattern: &str, inputs: &mut Vec<Input>) -> PyResult<()> {
    let found = glob::glob(pattern)
        .map_err(|error| InputError::new_err(format!("can't read the glob `{pattern}`: {error}")))?;
    let before = inputs.len();
    for path in found {
        let path = path.map_err(|error| file_error(&error.path().to_string_lossy(), error.error()))?;
        let metadata = fs::metadata(&path).map_err(|error| file_error(&path.to_string_lossy(), &error))?;
        if metadata.is_dir() {
            search_folder(py, &path, inputs)?;
        } else {
            inputs.push(Input::File { size: metadata.len(), path });
        }
    }
    if inputs.len() == before {
        return Err(InputError::new_err(format!(
            "nothing matches `{pattern}`: check the pattern, and quote it if the shell should leave it alone"
        )));
    }
    Ok(())
}
