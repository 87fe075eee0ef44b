//! Who judged what: rules, what they deny, why something does not get through, and whether a policy is kept.

mod check;
mod check_reports;
mod denied;
mod nsg;
mod policy;
mod rule_reach;
mod rule_trend;
mod rules;
mod why;

pub use check::{Check, PolicyVerdict};
pub use check_reports::{junit, sarif};
pub use denied::{Denied, ONGOING_MS};
pub use nsg::{Nsg, NsgError, NsgRule, Place};
pub use policy::{Policy, PolicyError};
pub use rules::Rules;
pub use why::Why;
