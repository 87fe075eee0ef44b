//! What every face of vnetflow is held to: the corpus, the oracle, and logs made at random.
//!
//! * [`corpus`] loads the cases of `tests/corpus`,
//! * [`rows`] shows the core's batches and issues as plain JSON rows, to compare them with anything,
//! * [`oracle`] reads a log the dull way, with nothing of the core's parsing,
//! * [`logs`] makes logs at random, [`layout`] writes them in any layout, [`filters`] makes filters.
//!
//! The tests themselves stand in `tests/rust`.

pub mod corpus;

pub mod rows;

pub mod oracle;

pub mod logs;

pub mod layout;

pub mod filters;

use proptest::test_runner::Config;

/// Settings of a law: so many trials, or as many as `PROPTEST_CASES` says. A failure is printed with the input that
/// shows it; it belongs into the corpus, not into a file of seeds.
#[must_use]
pub fn trials(usual: u32) -> Config {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok());
    Config {
        cases: asked.unwrap_or(usual),
        max_local_rejects: u32::MAX,
        failure_persistence: None,
        ..Config::default()
    }
}
