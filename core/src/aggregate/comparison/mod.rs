//! What changed: between sources, periods, and the same hour of other days.

mod anomalies;
mod diff;
mod previous;

pub use anomalies::{Anomalies, AnomalyOptions};
pub use diff::{Diff, DiffOptions, DiffStatus};
pub use previous::with_previous;
