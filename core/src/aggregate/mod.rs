//! Aggregates over batches: `add` batches, `merge` with others, `finish` into a table.
//!
//! Adding and merging in any order gives the same answer, so threads, browser workers and clusters are all just
//! merges. Each keeps one entry a key; only `sessions` and a spread `timeline` keep something of every tuple.

mod anomalies;
mod answer;
mod attempts;
mod beacons;
mod check;
mod check_reports;
mod community_id;
mod comparison;
mod conversations;
mod coverage;
mod denied;
mod diff;
mod encryption;
mod endpoints;
mod events;
mod exposure;
mod findings;
mod flow_table;
mod host;
mod keyed;
mod keys;
mod matrix;
mod nsg;
mod nta;
mod one_way;
mod policy;
mod rows;
mod rule_reach;
mod rules;
mod scans;
mod sessions;
mod sha1;
mod span;
#[cfg(test)]
mod speed;
mod statistics;
mod summary;
mod timeline;
mod top;
mod totals;
#[cfg(test)]
mod trials;
mod vantage;
mod why;

pub use anomalies::{Anomalies, AnomalyOptions};
pub use beacons::{BeaconOptions, Beacons};
pub use check::{Check, PolicyVerdict};
pub use check_reports::{junit, sarif};
pub use community_id::community_id;
pub use comparison::with_previous;
pub use conversations::Conversations;
pub use coverage::Coverage;
pub use denied::{Denied, ONGOING_MS};
pub use diff::{Diff, DiffOptions, DiffStatus};
pub use encryption::EncryptionUse;
pub use endpoints::{Endpoints, MOST_PORTS};
pub use exposure::Exposure;
pub use findings::{FindingKind, Findings, FindingsOptions, Severity};
pub use host::{Host, HostSection};
pub use keys::{Key, KeyError};
pub use matrix::{Matrix, built_in_groups};
pub use nsg::{Nsg, NsgError, NsgRule, Place};
pub use nta::{FlowType, Nta, NtaOptions};
pub use one_way::OneWay;
pub use policy::{Policy, PolicyError};
pub use rules::Rules;
pub use scans::{ScanKind, ScanOptions, Scans};
pub use sessions::{SessionStatus, SessionTables, Sessions};
pub use summary::Summary;
pub use timeline::{CONTINUE_MS, MOST_BUCKETS, Timeline, TimelineOptions};
pub use top::{Metric, Top, TopOptions};
pub use totals::Totals;
pub use vantage::{Overcount, SLACK_MS, Vantage, VantageChoice};
pub use why::Why;

use crate::batch::Batch;
use crate::table::Table;

/// What every analysis can do.
pub trait Aggregate: Sized {
    /// Takes in all rows of a batch.
    fn add(&mut self, batch: &Batch);

    /// Takes in all that another one has taken in.
    fn merge(&mut self, other: Self);

    /// The answer.
    fn finish(self) -> Table;
}
