//! How far a run is: counters that all threads share, Ctrl-C, and whether anything could be read at all.

use crate::arguments::RunOptions;
use crate::errors::InputError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use vnetflow_core::issue::{Issue, IssueKind};

/// How far a run is, and whether it shall stop.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) bytes: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) issues: AtomicU64,
    pub(crate) files: AtomicU64,
    /// Files that were no JSON at all, or could not be read.
    pub(crate) hopeless: AtomicU64,
    cancelled: AtomicBool,
}

impl Progress {
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Log files read so far; logs in an archive count each.
    pub(crate) fn files_read(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Looks for Ctrl-C and calls the user's function. Called between waits.
    pub(crate) fn tick(&self, py: Python<'_>, options: &RunOptions) -> PyResult<()> {
        py.check_signals()?;
        if let Some(on_tick) = &options.on_tick {
            let load = |number: &AtomicU64| number.load(Ordering::Relaxed);
            let bytes = options.bytes_before().saturating_add(load(&self.bytes));
            on_tick.call1(py, (bytes, load(&self.rows), load(&self.issues)))?;
        }
        Ok(())
    }

    /// An error where not one file could be read as JSON: the first issue says what it is instead.
    pub(crate) fn check_any_readable(&self, issues: &[Issue]) -> PyResult<()> {
        let (files, hopeless) = (self.files_read(), self.hopeless.load(Ordering::Relaxed));
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
