//! What deserves a look: what is reached from outside, who probes, who calls home, who gets no answer.

mod beacons;
mod exposure;
mod findings;
mod one_way;
mod scans;

pub use beacons::{BeaconOptions, Beacons};
pub use exposure::Exposure;
pub use findings::{FindingKind, Findings, FindingsOptions, Severity};
pub use one_way::OneWay;
pub use scans::{ScanKind, ScanOptions, Scans};
