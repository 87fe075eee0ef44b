//! Decodes inputs in threads: batches in the order of the inputs, or folded into aggregates in any order.
//!
//! Inputs are gathered into units of some megabytes, so that thousands of small blobs don't make thousands of small
//! batches. Each thread takes the next unit; memory is bounded by two batches a thread, whatever is read.

use crate::arguments::RunOptions;
use crate::find::{Input, Source};
use crate::progress::Progress;
use crate::unit::{decode_unit, units_of};
use pyo3::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use vnetflow_core::aggregate::Aggregate;
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::duplicates::DropRepeats;
use vnetflow_core::issue::Issue;

/// How often the waiting thread looks for Ctrl-C and reports progress.
const TICK: Duration = Duration::from_millis(100);

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
    add_files(&mut whole, progress.files_read(), &issues);
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
