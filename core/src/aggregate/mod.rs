//! Aggregates over batches: `add` batches, `merge` with others, `finish` into a table.
//!
//! Adding and merging in any order gives the same answer, so threads, browser workers and clusters are all just
//! merges. Each keeps one entry a key; only `sessions` and a spread `timeline` keep something of every tuple.

mod analysis;

mod partial;

mod building_blocks;

mod traffic;

mod verdicts;

mod security;

mod comparison;

mod vantage;

#[cfg(test)]
pub(crate) mod tests;

pub use analysis::{Analysis, AnalysisError};
pub(crate) use building_blocks::events::Kind;
pub use building_blocks::keys::{Key, KeyError};
pub(crate) use building_blocks::pasts::Since;
pub use building_blocks::pasts::{FlowPasts, Pasts, Portion, WindowPasts};
pub use building_blocks::totals::Totals;
pub(crate) use building_blocks::{answer, spreading};
pub use comparison::*;
pub use partial::PartialError;
pub use security::*;
pub use traffic::*;
pub use vantage::{Overcount, SLACK_MS, Vantage, VantageChoice};
pub use verdicts::*;

use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::travel::Travel;

/// What every analysis can do.
///
/// Those that are merged must have been made with the same options; nothing else of them travels as bytes.
pub trait Aggregate: Travel {
    /// The public name.
    const NAME: &'static str;

    /// What it makes: a table, for most.
    type Answer;

    /// Takes in all rows of a batch.
    fn add(&mut self, batch: &Batch);

    /// Takes in cells in place of their rows, for the same answer; false where it needs more of the rows: then nothing is
    /// taken in.
    fn add_condensed(&mut self, _: &Condensed<'_>) -> bool {
        false
    }

    /// Takes in all that another one has taken in.
    fn merge(&mut self, other: Self);

    /// The answer.
    fn finish(self) -> Self::Answer;

    /// All that was taken in, for [`Aggregate::merge_bytes`] of another worker, process or machine.
    #[must_use]
    fn to_bytes(&self) -> Vec<u8> {
        partial::sealed(Self::NAME, |bytes| self.write(bytes))
    }

    /// Takes in all that another one had taken in when it wrote these bytes.
    ///
    /// # Errors
    ///
    /// Where the bytes are damaged, or of another analysis or version; then nothing is taken in.
    fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), PartialError> {
        self.merge(partial::opened(Self::NAME, bytes)?);
        Ok(())
    }
}
