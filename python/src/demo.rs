//! Writes the demo network's logs into a folder. What the network does is the generator's business.

use crate::errors::{InputError, file_error};
use pyo3::prelude::*;
use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use vnetflow_demo::{Error, Formats, Options, generate};

/// Hours begin at whole multiples of this.
const HOUR_MS: i64 = 3_600_000;

/// Bytes that are gathered for one file before they are written: blobs grow minute by minute, many at a time.
const GATHERED_BYTES: usize = 64 * 1024;

/// Calls of the generator between two looks for Ctrl-C.
const CALLS_PER_LOOK: u64 = 256;

/// Writes the demo network's logs and their truth; gives files, tuples and bytes written.
#[pyfunction]
#[pyo3(signature = (folder, *, seed, hours, rate, start_ms, nossh_from_hour, format))]
#[expect(clippy::too_many_arguments, reason = "each is an argument of its own in Python")]
pub(crate) fn demo(
    py: Python<'_>,
    folder: PathBuf,
    seed: u64,
    hours: u32,
    rate: u64,
    start_ms: Option<i64>,
    nossh_from_hour: Option<u32>,
    format: &str,
) -> PyResult<HashMap<&'static str, u64>> {
    let formats =
        FORMATS.iter().find(|(name, _)| *name == format).map(|(_, formats)| *formats).ok_or_else(|| {
            let names: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
            InputError::new_err(format!("unknown format `{format}`: expected one of {}", names.join(", ")))
        })?;
    let start_ms = start_ms.unwrap_or(Options::default().start_ms);
    let options = Options {
        seed,
        start_ms,
        hours,
        tuples_per_hour: rate,
        nossh_from_ms: nossh_from_hour.map(|hour| start_ms + i64::from(hour) * HOUR_MS),
        formats,
    };
    let shown = folder.to_string_lossy().into_owned();
    let mut folder = Folder { root: &folder, gathered: HashMap::new(), written: HashSet::new() };
    let report = py.detach(|| {
        let mut calls = 0_u64;
        generate(&options, &mut |path, bytes| {
            calls += 1;
            if calls.is_multiple_of(CALLS_PER_LOOK) {
                #[expect(
                    clippy::redundant_closure_for_method_calls,
                    reason = "the method is not general enough"
                )]
                Python::attach(|py| py.check_signals()).map_err(Stop::Signal)?;
            }
            folder.append(path, bytes).map_err(Stop::Io)
        })
    });
    let report = report.map_err(|error| match error {
        Error::Options(error) => InputError::new_err(error.to_string()),
        Error::Sink(Stop::Io(error)) => file_error(&shown, &error),
        Error::Sink(Stop::Signal(error)) => error,
    })?;
    folder.finish().map_err(|error| file_error(&shown, &error))?;
    Ok(HashMap::from([("files", report.files), ("tuples", report.tuples), ("bytes", report.log_bytes)]))
}

/// Names of the formats.
const FORMATS: [(&str, Formats); 4] = [
    ("vnet", Formats::Vnet),
    ("nsg-v2", Formats::NsgV2),
    ("nsg-v1", Formats::NsgV1),
    ("both", Formats::VnetAndNsgV2),
];

/// Why writing stopped.
enum Stop {
    Io(io::Error),
    Signal(PyErr),
}

/// Files that grow.
struct Folder<'a> {
    root: &'a Path,
    gathered: HashMap<String, Vec<u8>>,
    /// Files that this run has begun.
    written: HashSet<String>,
}

impl Folder<'_> {
    fn append(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let gathered = self.gathered.entry(path.to_owned()).or_default();
        gathered.extend_from_slice(bytes);
        if gathered.len() < GATHERED_BYTES {
            return Ok(());
        }
        let gathered = core::mem::take(gathered);
        self.write(path, &gathered)
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let file_path = self.root.join(path);
        let mut file = if self.written.contains(path) {
            OpenOptions::new().append(true).open(file_path)?
        } else {
            if let Some(parent) = file_path.parent() {
                fs::create_dir_all(parent)?;
            }
            // Anew, so that a second run gives the same files and not twice as much.
            fs::File::create(file_path)?
        };
        self.written.insert(path.to_owned());
        file.write_all(bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        let gathered = core::mem::take(&mut self.gathered);
        gathered
            .iter()
            .filter(|(_, bytes)| !bytes.is_empty())
            .try_for_each(|(path, bytes)| self.write(path, bytes))
    }
}
