//! Decodes inputs in threads: batches in the order of the inputs, or folded into aggregates in any order.
//!
//! Inputs are gathered into units of some megabytes, so that thousands of small blobs don't make thousands of small
//! batches. Each thread takes the next unit; memory is bounded by two batches a thread, whatever is read.

use crate::arguments::RunOptions;
use crate::errors::InputError;
use crate::find::{Input, Source};
use crate::unpack::{LogReader, read_logs};
use pyo3::prelude::*;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use vnetflow_core::aggregate::Aggregate;
use vnetflow_core::batch::Batch;
use vnetflow_core::blob_path::BlobPath;
use vnetflow_core::decode::{DecodeOptions, Decoder};
use vnetflow_core::duplicates::DropRepeats;
use vnetflow_core::issue::{Issue, IssueKind};

/// Stored bytes of one unit, between these bounds: large enough for full batches, small enough to share the work.
const UNIT_BYTES: std::ops::RangeInclusive<u64> = 1 << 20..=32 << 20;

/// Each thread gets about this many units, so that none waits long for the last one.
const UNITS_PER_THREAD: u64 = 4;

/// Bytes that are handed to a decoder at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// How often the waiting thread looks for Ctrl-C and reports progress.
const TICK: Duration = Duration::from_millis(100);

/// How far a run is, and whether it shall stop.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) bytes: AtomicU64,
    rows: AtomicU64,
    issues: AtomicU64,
    files: AtomicU64,
    /// Files that were no JSON at all, or could not be read.
    hopeless: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Log files read so far; logs in an archive count each.
    pub(crate) fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Looks for Ctrl-C and calls the user's function. Called between waits.
    pub(crate) fn tick(&self, py: Python<'_>, options: &RunOptions) -> PyResult<()> {
        py.check_signals()?;
        if let Some(on_tick) = &options.on_tick {
            let (bytes, rows, issues) = (&self.bytes, &self.rows, &self.issues);
            let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
            on_tick.call1(py, (load(bytes), load(rows), load(issues)))?;
        }
        Ok(())
    }

    /// An error where not one file could be read as JSON: the first issue says what it is instead.
    pub(crate) fn check_any_readable(&self, issues: &[Issue]) -> PyResult<()> {
        let (files, hopeless) = (self.files(), self.hopeless.load(Ordering::Relaxed));
        let (true, Some(first)) = (files > 0 && hopeless == files, issues.first()) else { return Ok(()) };
        let others = if files > 1 {
            format!(" (and none of {} other files is readable)", files - 1)
        } else {
            String::new()
        };
        let name = &first.source;
        Err(match first.kind {
            IssueKind::NotJson => InputError::new_err(format!(
                "`{name}` is no flow log: {}{others}; give Azure's JSON files, plain or as gz or zip",
                first.message
            )),
            _ => InputError::new_err(format!("can't read `{name}`: {}{others}", first.message)),
        })
    }
}

/// What a thread sends on.
enum Message {
    Batch(Box<Batch>),
    Issues(Vec<Issue>),
}

/// Batches in the order of the inputs.
pub(crate) struct OrderedBatches {
    units: std::vec::IntoIter<Receiver<Message>>,
    current: Option<Receiver<Message>>,
    repeats: Option<DropRepeats>,
    options: Arc<RunOptions>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) issues: Vec<Issue>,
}

impl OrderedBatches {
    /// Starts the threads.
    pub(crate) fn start(source: &Source, options: &Arc<RunOptions>, decode: DecodeOptions) -> OrderedBatches {
        let progress = Arc::new(Progress::default());
        let repeats = options.drop_duplicates.then(DropRepeats::default);
        let units = units_of(source, options.threads);
        let (senders, receivers): (Vec<_>, Vec<_>) = units.iter().map(|_| sync_channel(2)).unzip();
        let work = Arc::new(Work {
            units,
            senders: senders.into_iter().map(|sender| Mutex::new(Some(sender))).collect(),
            next: AtomicUsize::new(0),
        });
        for _ in 0..options.threads.min(work.units.len()) {
            let (work, progress, decode) = (Arc::clone(&work), Arc::clone(&progress), decode.clone());
            thread::spawn(move || work.run(&decode, &progress));
        }
        OrderedBatches {
            units: receivers.into_iter(),
            current: None,
            repeats,
            options: Arc::clone(options),
            progress,
            issues: Vec::new(),
        }
    }

    /// The next batch with rows; waits with the interpreter released.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<Batch>> {
        loop {
            if self.current.is_none() {
                self.current = self.units.next();
            }
            let Some(receiver) = self.current.take() else { return Ok(None) };
            let (receiver, message) = py.detach(move || {
                let message = receiver.recv_timeout(TICK);
                (receiver, message)
            });
            match message {
                Ok(Message::Issues(issues)) => self.issues.extend(issues),
                Ok(Message::Batch(mut batch)) => {
                    if let Some(repeats) = &mut self.repeats {
                        repeats.apply(&mut batch);
                    }
                    if !batch.is_empty() {
                        self.current = Some(receiver);
                        return Ok(Some(*batch));
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.progress.tick(py, &self.options)?,
                Err(RecvTimeoutError::Disconnected) => continue,
            }
            self.current = Some(receiver);
        }
    }

    /// Stops the threads and forgets what they have not handed over.
    pub(crate) fn close(&mut self) {
        self.progress.cancel();
        self.current = None;
        self.units = Vec::new().into_iter();
    }
}

impl Drop for OrderedBatches {
    fn drop(&mut self) {
        self.close();
    }
}

struct Work {
    units: Vec<Vec<Arc<Input>>>,
    senders: Vec<Mutex<Option<SyncSender<Message>>>>,
    next: AtomicUsize,
}

impl Work {
    /// Takes unit after unit; ends when there are none, or nobody listens any more.
    fn run(&self, decode: &DecodeOptions, progress: &Progress) {
        while !progress.is_cancelled() {
            let unit = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(inputs), Some(sender)) = (self.units.get(unit), self.senders.get(unit)) else { return };
            let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
            let issues = decode_unit(inputs, decode, progress, &mut |batch| {
                sender.send(Message::Batch(Box::new(batch))).is_ok()
            });
            // Nobody listens any more where the reader was closed; then nobody misses the issues either.
            let _ = sender.send(Message::Issues(issues));
        }
    }
}

/// Folds all batches into one aggregate, with the issues.
pub(crate) fn fold<A>(
    py: Python<'_>,
    source: &Source,
    options: &RunOptions,
    new: impl Fn() -> A + Sync,
    add_files: impl Fn(&mut A, u64, &[Issue]),
) -> PyResult<(A, Vec<Issue>)>
where
    A: Aggregate + Send,
{
    if let Some(batches) = &source.tuples {
        let mut aggregate = new();
        for batch in batches {
            let mut kept = batch.clone();
            keep_wanted(&mut kept, &options.decode);
            aggregate.add(&kept);
        }
        return Ok((aggregate, Vec::new()));
    }
    let progress = Progress::default();
    let units = units_of(source, options.threads);
    let next = AtomicUsize::new(0);
    let repeats = options.drop_duplicates.then(|| Mutex::new(DropRepeats::default()));
    let (sender, receiver) = channel();
    let (progress_ref, units_ref, next_ref, new_ref, repeats_ref) =
        (&progress, &units, &next, &new, &repeats);

    let run = move || {
        let mut aggregate = new_ref();
        let mut issues = Vec::new();
        while !progress_ref.is_cancelled() {
            let unit = next_ref.fetch_add(1, Ordering::Relaxed);
            let Some(inputs) = units_ref.get(unit) else { break };
            let found = decode_unit(inputs, &options.decode, progress_ref, &mut |mut batch| {
                // Which of two equal records is left out makes no difference to any sum.
                if let Some(repeats) = repeats_ref {
                    repeats.lock().unwrap_or_else(PoisonError::into_inner).apply(&mut batch);
                }
                aggregate.add(&batch);
                true
            });
            issues.push((unit, found));
        }
        (aggregate, issues)
    };

    let mut whole = new();
    let mut issues = Vec::new();
    let (whole_ref, issues_ref) = (&mut whole, &mut issues);
    let outcome = py.detach(move || {
        thread::scope(|scope| -> PyResult<()> {
            for _ in 0..options.threads.min(units_ref.len()) {
                let sender = sender.clone();
                scope.spawn(move || {
                    // The receiver outlives the scope's threads.
                    let _ = sender.send(run());
                });
            }
            drop(sender);
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok((aggregate, found)) => {
                        whole_ref.merge(aggregate);
                        issues_ref.extend(found);
                    }
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                    Err(RecvTimeoutError::Timeout) => {
                        if let Err(error) = Python::attach(|py| progress_ref.tick(py, options)) {
                            progress_ref.cancel();
                            return Err(error);
                        }
                    }
                }
            }
        })
    });
    outcome?;
    issues.sort_by_key(|(unit, _)| *unit);
    let issues: Vec<Issue> = issues.into_iter().flat_map(|(_, issues)| issues).collect();
    progress.check_any_readable(&issues)?;
    add_files(&mut whole, progress.files(), &issues);
    Ok((whole, issues))
}

/// Keeps the rows that the options want, of tuples that were decoded before.
pub(crate) fn keep_wanted(batch: &mut Batch, decode: &DecodeOptions) {
    let mask = decode.filter.as_ref().map(|filter| filter.mask(batch));
    let macs: Option<Vec<bool>> = decode.macs.as_ref().map(|macs| {
        let is_wanted = |mac: Option<&str>| mac.is_some_and(|mac| macs.iter().any(|wanted| wanted == mac));
        batch.groups.iter().map(|group| is_wanted(batch.text(group.mac))).collect()
    });
    let keep: Vec<bool> = batch
        .time_ms
        .iter()
        .zip(&batch.group)
        .enumerate()
        .map(|(row, (time_ms, group))| {
            mask.as_ref().is_none_or(|mask| mask.get(row).copied().unwrap_or(false))
                && macs.as_ref().is_none_or(|macs| macs.get(*group as usize).copied().unwrap_or(false))
                && decode.start_ms.is_none_or(|start_ms| *time_ms >= start_ms)
                && decode.end_ms.is_none_or(|end_ms| *time_ms < end_ms)
        })
        .collect();
    batch.retain_from(0, |row| keep.get(row).copied().unwrap_or(true));
}

/// Gathers neighbouring inputs into units.
fn units_of(source: &Source, threads: usize) -> Vec<Vec<Arc<Input>>> {
    let total: u64 = source.inputs.iter().filter_map(|input| input.size()).sum();
    let wanted = total / (threads as u64 * UNITS_PER_THREAD);
    let unit_bytes = wanted.clamp(*UNIT_BYTES.start(), *UNIT_BYTES.end());
    let mut units = Vec::new();
    let mut unit = Vec::new();
    let mut bytes = 0;
    for input in &source.inputs {
        unit.push(Arc::clone(input));
        bytes += input.size().unwrap_or(unit_bytes);
        if bytes >= unit_bytes {
            units.push(core::mem::take(&mut unit));
            bytes = 0;
        }
    }
    if !unit.is_empty() {
        units.push(unit);
    }
    units
}

/// Decodes the inputs of a unit one after the other; `take` says false where no more batches are wanted.
fn decode_unit(
    inputs: &[Arc<Input>],
    decode: &DecodeOptions,
    progress: &Progress,
    take: &mut dyn FnMut(Batch) -> bool,
) -> Vec<Issue> {
    let mut reader = UnitReader {
        decoder: Decoder::new(decode.clone()),
        bounds: Bounds::of(decode),
        progress,
        take,
        issues: Vec::new(),
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
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut is_read = false;
        let outcome = loop {
            if self.progress.is_cancelled() {
                break Ok(());
            }
            match log.read(&mut chunk) {
                Ok(0) => break Ok(()),
                Ok(length) => {
                    is_read = true;
                    self.decoder.push(chunk.get(..length).unwrap_or_default());
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
        if let Err(error) = outcome {
            let kind = if is_read { IssueKind::CutOff } else { IssueKind::Unreadable };
            issues.push(unreadable(name, kind, &error));
        }
        self.note(issues);
        Ok(())
    }

    fn failed(&mut self, name: &str, error: &io::Error) {
        self.progress.files.fetch_add(1, Ordering::Relaxed);
        self.note(vec![unreadable(name, IssueKind::Unreadable, error)]);
    }
}

fn unreadable(name: &str, kind: IssueKind, error: &io::Error) -> Issue {
    Issue {
        source: name.to_owned(),
        offset: 0,
        record: None,
        tuple: None,
        kind,
        message: format!("reading stopped: {error}"),
        skipped: None,
        count: 1,
    }
}
