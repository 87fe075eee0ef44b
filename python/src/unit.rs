//! Units of work: neighbouring inputs, read one after the other by one decoder.
//!
//! Thousands of small blobs so make a few full batches.

use crate::find::{Input, Source};
use crate::progress::Progress;
use crate::unpack::{LogReader, read_logs};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use vnetflow_core::batch::Batch;
use vnetflow_core::blob_path::BlobPath;
use vnetflow_core::decode::{DecodeOptions, Decoder};
use vnetflow_core::issue::{Issue, IssueKind};

/// Stored bytes of one unit, between these bounds: large enough for full batches, small enough to share the work.
const UNIT_BYTES: std::ops::RangeInclusive<u64> = 4 << 20..=32 << 20;

/// A unit is about this part of what is left for each thread. So units become smaller towards the end, and whoever
/// waits for the last one waits shortly.
const PART_OF_REST: u64 = 3;

/// Bytes that are handed to a decoder at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Gathers neighbouring inputs into units.
pub(crate) fn units_of(source: &Source, threads: usize) -> Vec<Vec<Arc<Input>>> {
    let mut rest: u64 = source.inputs.iter().filter_map(|input| input.size()).sum();
    let wanted =
        |rest: u64| (rest / (threads as u64 * PART_OF_REST)).clamp(*UNIT_BYTES.start(), *UNIT_BYTES.end());
    let mut unit_bytes = wanted(rest);
    let mut units = Vec::new();
    let mut unit = Vec::new();
    let mut bytes = 0;
    for input in &source.inputs {
        unit.push(Arc::clone(input));
        bytes += input.size().unwrap_or(unit_bytes);
        if bytes >= unit_bytes {
            units.push(core::mem::take(&mut unit));
            rest = rest.saturating_sub(bytes);
            unit_bytes = wanted(rest);
            bytes = 0;
        }
    }
    if !unit.is_empty() {
        units.push(unit);
    }
    units
}

/// A short tuple without its record. Packed inputs hold more of them, which then make more batches.
const LEAST_BYTES_PER_TUPLE: u64 = 48;

/// Fewest rows that a batch gets room for.
const FEWEST_ROWS: u64 = 1 << 16;

/// Most rows of a batch, so that it has no room for a million rows where the unit holds some thousands.
fn batch_rows(inputs: &[Arc<Input>], wanted: usize) -> usize {
    let bytes: u64 = inputs.iter().filter_map(|input| input.size()).sum();
    wanted.min((bytes / LEAST_BYTES_PER_TUPLE).max(FEWEST_ROWS) as usize)
}

/// Decodes the inputs of a unit one after the other; `take` says false where no more batches are wanted.
pub(crate) fn decode_unit(
    inputs: &[Arc<Input>],
    decode: &DecodeOptions,
    progress: &Progress,
    take: &mut dyn FnMut(Batch) -> bool,
) -> Vec<Issue> {
    let mut reader = UnitReader {
        decoder: Decoder::new(DecodeOptions {
            batch_rows: batch_rows(inputs, decode.batch_rows),
            ..decode.clone()
        }),
        bounds: Bounds::of(decode),
        progress,
        take,
        issues: Vec::new(),
        chunk: vec![0; CHUNK_BYTES],
    };
    for input in inputs {
        if progress.is_cancelled() {
            break;
        }
        read_logs(input, &progress.bytes, &mut reader);
    }
    reader.decoder.flush();
    reader.hand_over();
    reader.issues
}

/// What a file's path must allow for.
struct Bounds {
    start_ms: Option<i64>,
    end_ms: Option<i64>,
    macs: Option<Vec<String>>,
}

impl Bounds {
    fn of(decode: &DecodeOptions) -> Bounds {
        let (mut start_ms, mut end_ms, mut macs) = (decode.start_ms, decode.end_ms, decode.macs.clone());
        if let Some(filter) = &decode.filter {
            let (filter_start_ms, filter_end_ms) = filter.time_bounds();
            start_ms = start_ms.max(filter_start_ms);
            end_ms = match (end_ms, filter_end_ms) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
            macs = macs.or_else(|| filter.macs());
        }
        Bounds { start_ms, end_ms, macs }
    }
}

struct UnitReader<'a> {
    decoder: Decoder,
    bounds: Bounds,
    progress: &'a Progress,
    take: &'a mut dyn FnMut(Batch) -> bool,
    issues: Vec<Issue>,
    /// What is read at once; one for all inputs.
    chunk: Vec<u8>,
}

impl UnitReader<'_> {
    fn hand_over(&mut self) {
        while let Some(batch) = self.decoder.next_batch() {
            self.progress.rows.fetch_add(batch.len() as u64, Ordering::Relaxed);
            if !(self.take)(batch) {
                self.progress.cancel();
            }
        }
    }

    fn note(&mut self, issues: Vec<Issue>) {
        let count: u64 = issues.iter().map(|issue| issue.count).sum();
        self.progress.issues.fetch_add(count, Ordering::Relaxed);
        let is_hopeless = |issue: &Issue| matches!(issue.kind, IssueKind::NotJson | IssueKind::Unreadable);
        if issues.iter().any(is_hopeless) {
            self.progress.hopeless.fetch_add(1, Ordering::Relaxed);
        }
        self.issues.extend(issues);
    }
}

impl LogReader for UnitReader<'_> {
    fn wants(&self, name: &str) -> bool {
        let Bounds { start_ms, end_ms, macs } = &self.bounds;
        if start_ms.is_none() && end_ms.is_none() && macs.is_none() {
            return true;
        }
        BlobPath::parse(name).may_hold(*start_ms, *end_ms, macs.as_deref())
    }

    fn read(&mut self, name: &str, log: &mut dyn Read) -> io::Result<()> {
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        self.decoder.start(name);
        let mut bytes_read = 0;
        let outcome = loop {
            if self.progress.is_cancelled() {
                break Ok(());
            }
            match log.read(&mut self.chunk) {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    bytes_read += length as u64;
                    self.decoder.push(self.chunk.get(..length).unwrap_or_default());
                    self.hand_over();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        // What was read before an error stays, and ends like any other log.
        self.decoder.finish();
        self.hand_over();
        let mut issues = self.decoder.take_issues();
        match (outcome, issues.last_mut()) {
            (Ok(()), _) => {}
            // The decoder has seen where the log breaks off, but not why.
            (Err(error), Some(issue)) if issue.kind == IssueKind::CutOff => {
                issue.message.push_str(&format!(" (reading stopped: {error})"));
            }
            (Err(error), _) => {
                let kind = if bytes_read > 0 { IssueKind::CutOff } else { IssueKind::Unreadable };
                issues.push(unreadable(name, kind, bytes_read, &error));
            }
        }
        self.note(issues);
        Ok(())
    }

    fn failed(&mut self, name: &str, error: &io::Error) {
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        self.note(vec![unreadable(name, IssueKind::Unreadable, 0, error)]);
    }
}

fn unreadable(name: &str, kind: IssueKind, offset: u64, error: &io::Error) -> Issue {
    Issue {
        source: name.to_owned(),
        offset,
        record: None,
        tuple: None,
        kind,
        message: format!("reading stopped: {error}"),
        skipped: None,
        count: 1,
    }
}
