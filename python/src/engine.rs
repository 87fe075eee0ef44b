//! Decodes inputs in threads: batches in the order of the inputs, or folded into aggregates in any order.
//!
//! Inputs are gathered into units of some megabytes, so that thousands of small blobs don't make thousands of small
//! batches. Each thread takes the next unit; memory is bounded by two batches a thread, whatever is read.

use crate::analyses::Once;
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
enum Message<T> {
    /// A batch that repeated records must be taken out of first, in the order of the inputs.
    Batch(Box<Batch>),
    Made(T),
    Issues(Vec<Issue>),
}

/// Makes of a batch what is wanted of it; runs in the threads.
type Make<T> = Arc<dyn Fn(Batch) -> T + Send + Sync>;

/// What was made of the batches, in the order of the inputs.
pub(crate) struct OrderedBatches<T> {
    units: std::vec::IntoIter<Receiver<Message<T>>>,
    current: Option<Receiver<Message<T>>>,
    repeats: Option<DropRepeats>,
    make: Make<T>,
    options: Arc<RunOptions>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) issues: Vec<Issue>,
}

impl<T: Send + 'static> OrderedBatches<T> {
    /// Starts the threads.
    pub(crate) fn start(
        source: &Source,
        options: &Arc<RunOptions>,
        decode: DecodeOptions,
        make: Make<T>,
    ) -> OrderedBatches<T> {
        let progress = Arc::new(Progress::default());
        let repeats = options.drop_duplicates.then(DropRepeats::default);
        let units = units_of(source, options.threads);
        let (senders, receivers): (Vec<_>, Vec<_>) = units.iter().map(|_| sync_channel(2)).unzip();
        let threads = options.threads.min(units.len());
        let work = Arc::new(Work {
            units,
            senders: senders.into_iter().map(|sender| Mutex::new(Some(sender))).collect(),
            next: AtomicUsize::new(0),
            decode,
            make: repeats.is_none().then(|| Arc::clone(&make)),
        });
        for _ in 0..threads {
            let (work, progress) = (Arc::clone(&work), Arc::clone(&progress));
            thread::spawn(move || work.run(&progress));
        }
        OrderedBatches {
            units: receivers.into_iter(),
            current: None,
            repeats,
            make,
            options: Arc::clone(options),
            progress,
            issues: Vec::new(),
        }
    }

    /// What was made of the next batch with rows; waits with the interpreter released.
    pub(crate) fn next(&mut self, py: Python<'_>) -> PyResult<Option<T>> {
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
                Ok(Message::Made(made)) => {
                    self.current = Some(receiver);
                    return Ok(Some(made));
                }
                Ok(Message::Batch(mut batch)) => {
                    if let Some(repeats) = &mut self.repeats {
                        repeats.apply(&mut batch);
                    }
                    if !batch.is_empty() {
                        self.current = Some(receiver);
                        return Ok(Some(py.detach(|| (self.make)(*batch))));
                    }
                }
                Err(RecvTimeoutError::Timeout) => self.progress.tick(py, &self.options)?,
                Err(RecvTimeoutError::Disconnected) => continue,
            }
            self.current = Some(receiver);
        }
    }
}

impl<T> OrderedBatches<T> {
    /// Stops the threads and forgets what they have not handed over.
    pub(crate) fn close(&mut self) {
        self.progress.cancel();
        self.current = None;
        self.units = Vec::new().into_iter();
    }
}

impl<T> Drop for OrderedBatches<T> {
    fn drop(&mut self) {
        self.close();
    }
}

struct Work<T> {
    units: Vec<Vec<Arc<Input>>>,
    senders: Vec<Mutex<Option<SyncSender<Message<T>>>>>,
    next: AtomicUsize,
    decode: DecodeOptions,
    /// `None` where batches are sent on as they are.
    make: Option<Make<T>>,
}

impl<T> Work<T> {
    /// Takes unit after unit; ends when there are none, or nobody listens any more.
    fn run(&self, progress: &Progress) {
        while !progress.is_cancelled() {
            let unit = self.next.fetch_add(1, Ordering::Relaxed);
            let (Some(inputs), Some(sender)) = (self.units.get(unit), self.senders.get(unit)) else { return };
            let Some(sender) = sender.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
            let issues = decode_unit(inputs, &self.decode, progress, &mut |batch| {
                let message = match &self.make {
                    _ if batch.is_empty() => return true,
                    Some(make) => Message::Made(make(batch)),
                    None => Message::Batch(Box::new(batch)),
                };
                sender.send(message).is_ok()
            });
            // Nobody listens any more where the reader was closed; then nobody misses the issues either.
            let _ = sender.send(Message::Issues(issues));
        }
    }
}

/// Folds all batches into one aggregate, with the issues. `once` says which rows count, where not all do.
pub(crate) fn fold<A>(
    py: Python<'_>,
    source: &Source,
    options: &Arc<RunOptions>,
    once: Option<&Arc<Once>>,
    new: impl Fn() -> A + Send + Sync + 'static,
    add_files: impl Fn(&mut A, u64, &[Issue]),
) -> PyResult<(A, Vec<Issue>)>
where
    A: Aggregate + Send + 'static,
{
    if let Some(batches) = &source.tuples {
        let mut whole = new();
        for batch in batches {
            let mut kept = batch.clone();
            keep_wanted(&mut kept, &options.decode);
            if let Some(once) = once {
                once.keep(&mut kept);
            }
            whole.add(&kept);
        }
        return Ok((whole, Vec::new()));
    }
    let empty = new();
    let progress = Arc::new(Progress::default());
    let folding = Arc::new(Folding {
        units: units_of(source, options.threads),
        next: AtomicUsize::new(0),
        repeats: options.drop_duplicates.then(|| Mutex::new(DropRepeats::default())),
        decode: options.decode.clone(),
        once: once.map(Arc::clone),
        new,
    });
    let (sender, mut receiver) = channel();
    for _ in 0..options.threads.min(folding.units.len()) {
        let (folding, progress, sender) = (Arc::clone(&folding), Arc::clone(&progress), sender.clone());
        // Nobody listens any more after Ctrl-C. The thread is left alone then: it may wait for a silent pipe.
        thread::spawn(move || sender.send(folding.run(&progress)));
    }
    drop(sender);

    // The first one is taken as it is: merged into an empty one, all of it would be in memory twice.
    let mut whole = None;
    let mut issues = Vec::new();
    loop {
        let (back, message) = py.detach(move || {
            let message = receiver.recv_timeout(TICK);
            (receiver, message)
        });
        receiver = back;
        match message {
            Ok((aggregate, found)) => {
                whole = Some(py.detach(|| merged(whole, aggregate)));
                issues.extend(found);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = progress.tick(py, options) {
                    progress.cancel();
                    return Err(error);
                }
            }
        }
    }
    issues.sort_by_key(|(unit, _)| *unit);
    let issues: Vec<Issue> = issues.into_iter().flat_map(|(_, issues)| issues).collect();
    progress.check_any_readable(&issues)?;
    let mut whole = whole.unwrap_or(empty);
    add_files(&mut whole, progress.files_read(), &issues);
    Ok((whole, issues))
}

fn merged<A: Aggregate>(whole: Option<A>, part: A) -> A {
    match whole {
        None => part,
        Some(mut whole) => {
            whole.merge(part);
            whole
        }
    }
}

/// What the threads of a fold share.
struct Folding<N> {
    units: Vec<Vec<Arc<Input>>>,
    next: AtomicUsize,
    repeats: Option<Mutex<DropRepeats>>,
    decode: DecodeOptions,
    once: Option<Arc<Once>>,
    new: N,
}

impl<N> Folding<N> {
    /// Folds unit after unit; gives the aggregate and each unit's issues.
    fn run<A: Aggregate>(&self, progress: &Progress) -> (A, Vec<(usize, Vec<Issue>)>)
    where
        N: Fn() -> A,
    {
        let mut aggregate = (self.new)();
        let mut issues = Vec::new();
        while !progress.is_cancelled() {
            let unit = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(inputs) = self.units.get(unit) else { break };
            let found = decode_unit(inputs, &self.decode, progress, &mut |mut batch| {
                // Which of two equal records is left out makes no difference to any sum.
                if let Some(repeats) = &self.repeats {
                    repeats.lock().unwrap_or_else(PoisonError::into_inner).apply(&mut batch);
                }
                if let Some(once) = &self.once {
                    once.keep(&mut batch);
                }
                aggregate.add(&batch);
                true
            });
            issues.push((unit, found));
        }
        (aggregate, issues)
    }
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
