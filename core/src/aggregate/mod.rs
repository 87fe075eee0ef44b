//! Aggregates over batches: `add` batches, `merge` with others, `finish` into a table.
//!
//! Adding and merging in any order gives the same answer, so threads, browser workers and clusters are all just
//! merges. Each keeps one entry a key; only `sessions` and a spread `timeline` keep something of every tuple.

mod building_blocks;

mod traffic;

mod verdicts;

mod security;

mod comparison;

mod vantage;

#[cfg(test)]
mod tests;

pub use building_blocks::keys::{Key, KeyError};
pub use building_blocks::totals::{Sum, Totals};
pub use comparison::*;
pub use security::*;
pub use traffic::*;
pub use vantage::{Overcount, SLACK_MS, Vantage, VantageChoice};
pub use verdicts::*;

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
