//! What analyses are made of: keys and the counters under them, flows and what happened to them, answers in columns.

pub(crate) mod answer;
pub(crate) mod attempts;
pub(crate) mod events;
pub(crate) mod flow_table;
pub(crate) mod key_table;
pub(crate) mod keyed;
pub(crate) mod keys;
pub(crate) mod lanes;
pub(crate) mod pasts;
pub(crate) mod recent;
pub(crate) mod rows;
pub(crate) mod source_ports;
pub(crate) mod span;
pub(crate) mod spreading;
pub(crate) mod statistics;
pub(crate) mod totals;
pub(crate) mod tries;
