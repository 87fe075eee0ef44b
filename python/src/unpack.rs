//! Opens an input: plain, gzip and zip are told apart by content, never by name.
//!
//! Everything is read in pieces; an archive is never unpacked as a whole.

use crate::find::{Input, is_log_name};
use flate2::bufread::GzDecoder;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::sync::atomic::{AtomicU64, Ordering};
use zip::ZipArchive;

/// Bytes that are read at once.
const PIECE_BYTES: usize = 256 * 1024;

/// What to do with the logs of an input.
pub(crate) trait LogReader {
    /// False where a log of that name need not be read.
    fn wants(&self, name: &str) -> bool;

    /// Reads one log to its end; an error is of this log alone.
    fn read(&mut self, name: &str, log: &mut dyn Read) -> io::Result<()>;

    /// A log, or the archive itself, could not be read (further).
    fn failed(&mut self, name: &str, error: &io::Error);
}

/// Reads every log of an input. `bytes_read` counts bytes as stored.
pub(crate) fn read_logs(input: &Input, bytes_read: &AtomicU64, reader: &mut dyn LogReader) {
    let name = input.name();
    let result = match input {
        Input::File { path, .. } => {
            // The path of a plain file may say that it holds nothing that is wanted.
            if !is_archive_name(&name) && !reader.wants(&name) {
                return;
            }
            File::open(path)
                .and_then(|file| read_seekable(&name, Counted { inner: file, bytes_read }, reader))
        }
        Input::Bytes(bytes) => {
            read_seekable(&name, Counted { inner: Cursor::new(bytes), bytes_read }, reader)
        }
        Input::Object { object, .. } => {
            read_stream(&name, Counted { inner: PythonReader { object, rest: None }, bytes_read }, reader)
        }
    };
    if let Err(error) = result {
        reader.failed(&name, &error);
    }
}

fn is_archive_name(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".zip")
}

/// First bytes of a gzip member.
const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];

/// First bytes of a zip archive, of an empty one, and of one in several parts.
const ZIP_MAGICS: [&[u8]; 3] = [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"];

fn is_zip(head: &[u8]) -> bool {
    ZIP_MAGICS.iter().any(|magic| head.starts_with(magic))
}

fn read_seekable<R: Read + Seek>(name: &str, inner: R, reader: &mut dyn LogReader) -> io::Result<()> {
    let mut buffered = BufReader::with_capacity(PIECE_BYTES, inner);
    if is_zip(buffered.fill_buf()?) {
        return read_zip(name, buffered, reader);
    }
    read_plain_or_gzip(name, buffered, reader)
}

fn read_stream<R: Read>(name: &str, inner: R, reader: &mut dyn LogReader) -> io::Result<()> {
    let mut buffered = BufReader::with_capacity(PIECE_BYTES, inner);
    if is_zip(buffered.fill_buf()?) {
        // A zip's directory stands at its end.
        let mut whole = Vec::new();
        buffered.read_to_end(&mut whole)?;
        return read_zip(name, Cursor::new(whole), reader);
    }
    read_plain_or_gzip(name, buffered, reader)
}

fn read_plain_or_gzip<R: BufRead>(name: &str, mut buffered: R, reader: &mut dyn LogReader) -> io::Result<()> {
    if !reader.wants(name) {
        return Ok(());
    }
    if buffered.fill_buf()?.starts_with(GZIP_MAGIC) {
        let mut log = Gunzip { state: Some(Member::Next(buffered)) };
        return reader.read(name, &mut log);
    }
    reader.read(name, &mut buffered)
}

fn read_zip<R: Read + Seek>(name: &str, inner: R, reader: &mut dyn LogReader) -> io::Result<()> {
    let mut archive = ZipArchive::new(inner)?;
    let mut entries: Vec<(String, usize)> = (0..archive.len())
        .filter_map(|index| Some((archive.name_for_index(index)?.ok()?.into_owned(), index)))
        .filter(|(entry, _)| is_log_name(entry) && !is_archive_name(entry))
        .collect();
    entries.sort();
    if entries.is_empty() {
        let message = "no *.json or *.json.gz in this zip: nothing to read";
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    for (entry, index) in entries {
        let log_name = format!("{name}/{entry}");
        if !reader.wants(&log_name) {
            continue;
        }
        // One entry that is damaged or encrypted must not hide the others.
        let result = archive.by_index(index).map_err(io::Error::from).and_then(|log| {
            read_plain_or_gzip(&log_name, BufReader::with_capacity(PIECE_BYTES, log), reader)
        });
        if let Err(error) = result {
            reader.failed(&log_name, &error);
        }
    }
    Ok(())
}

/// Unpacks gzip of one or many members, with zero bytes behind them (tapes and block devices pad with zeros).
struct Gunzip<R: BufRead> {
    state: Option<Member<R>>,
}

enum Member<R: BufRead> {
    Open(Box<GzDecoder<R>>),
    Next(R),
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.state.take() {
                None => return Ok(0),
                Some(Member::Open(mut decoder)) => {
                    let length = decoder.read(buffer)?;
                    if length > 0 || buffer.is_empty() {
                        self.state = Some(Member::Open(decoder));
                        return Ok(length);
                    }
                    self.state = Some(Member::Next(decoder.into_inner()));
                }
                Some(Member::Next(mut inner)) => {
                    let head = inner.fill_buf()?;
                    let (length, zeros) = (head.len(), head.iter().take_while(|byte| **byte == 0).count());
                    if length == 0 {
                        return Ok(0);
                    }
                    if zeros > 0 {
                        inner.consume(zeros);
                        self.state = Some(Member::Next(inner));
                    } else if !GZIP_MAGIC.starts_with(&head[..length.min(GZIP_MAGIC.len())]) {
                        let message = "bytes that are no gzip stand behind it";
                        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                    } else {
                        self.state = Some(Member::Open(Box::new(GzDecoder::new(inner))));
                    }
                }
            }
        }
    }
}

/// Counts the bytes that pass, for progress.
struct Counted<'a, R> {
    inner: R,
    bytes_read: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

impl<R: Seek> Seek for Counted<'_, R> {
    fn seek(&mut self, position: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// Reads from a Python object, holding the interpreter only for the call.
struct PythonReader<'a> {
    object: &'a Py<PyAny>,
    /// What the object gave beyond what was asked for.
    rest: Option<(PyBackedBytes, usize)>,
}

impl Read for PythonReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes, start) = match self.rest.take() {
            Some(rest) => rest,
            None => {
                let bytes = Python::attach(|py| -> PyResult<PyBackedBytes> {
                    Ok(self.object.bind(py).call_method1("read", (buffer.len(),))?.extract()?)
                })
                .map_err(|error| io::Error::other(error.to_string()))?;
                (bytes, 0)
            }
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        let (Some(target), Some(source)) = (buffer.get_mut(..length), rest.get(..length)) else {
            return Ok(0);
        };
        target.copy_from_slice(source);
        if length < rest.len() {
            self.rest = Some((bytes, start + length));
        }
        Ok(length)
    }
}
