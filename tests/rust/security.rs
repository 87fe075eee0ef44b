//! The security analyses on the demo network: they find what its truth says is there, and nothing above it.

use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use vnetflow_core::aggregate::{Aggregate, BeaconOptions, Beacons, ScanOptions, Scans};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::table::{Table, Values};
use vnetflow_demo::{Formats, Options, TRUTH_PATH, generate};
use vnetflow_tests::rows::decode;

/// A demo network's logs, decoded, and the facts of its truth.
struct Demo {
    name: String,
    batches: Vec<Batch>,
    facts: Vec<Value>,
}

impl Demo {
    fn new(options: &Options) -> Demo {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut sink = |path: &str, bytes: &[u8]| {
            files.entry(path.to_owned()).or_default().extend_from_slice(bytes);
            Ok::<(), Infallible>(())
        };
        generate(options, &mut sink).unwrap_or_else(|error| panic!("{options:?}: {error}"));
        let truth = files.remove(TRUTH_PATH).unwrap();
        let facts = truth.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let logs = files.iter().filter(|(path, _)| path.ends_with(".json"));
        Demo {
            name: format!("{options:?}"),
            batches: logs
                .flat_map(|(path, log)| decode(path, log, usize::MAX, DecodeOptions::default()).0)
                .collect(),
            facts: facts.map(|line| serde_json::from_slice(line).unwrap()).collect(),
        }
    }

    /// The answer over all files, in an order other than that of the truth.
    fn ask<A: Aggregate>(&self, mut aggregate: A) -> Table {
        self.batches.iter().rev().for_each(|batch| aggregate.add(batch));
        aggregate.finish()
    }

    fn facts(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.facts.iter().filter(move |fact| fact["fact"] == kind)
    }
}

/// Demo networks of several seeds, rates, lengths and formats.
fn demos() -> Vec<Demo> {
    let usual = Options::default();
    let choices = [
        usual.clone(),
        Options { seed: 2, hours: 1, tuples_per_hour: 200, ..usual.clone() },
        Options { seed: 3, hours: 1, tuples_per_hour: 1_000, ..usual.clone() },
        Options { seed: 4, hours: 1, tuples_per_hour: 3_000, ..usual.clone() },
        Options { seed: 5, hours: 3, tuples_per_hour: 500, ..usual.clone() },
        Options { seed: 6, hours: 24, tuples_per_hour: 1_000, ..usual.clone() },
        Options { seed: 7, hours: 6, tuples_per_hour: 5_000, ..usual.clone() },
        Options { seed: 8, hours: 2, tuples_per_hour: 60_000, ..usual.clone() },
        Options { seed: 9, hours: 2, formats: Formats::NsgV2, ..usual.clone() },
        Options { seed: 10, hours: 2, formats: Formats::NsgV1, ..usual.clone() },
    ];
    choices.iter().map(Demo::new).collect()
}

fn text(table: &Table, column: &str, row: usize) -> String {
    match table.column(column) {
        Some(Values::Text(values)) => values[row].clone().unwrap_or_default(),
        Some(Values::U64(values)) => values[row].unwrap_or_default().to_string(),
        Some(Values::U16(values)) => values[row].unwrap_or_default().to_string(),
        Some(Values::F64(values)) => values[row].map_or("-".to_owned(), |value| format!("{value:.3}")),
        other => panic!("{column}: {other:?}"),
    }
}

#[test]
fn the_beacon_is_the_top_score_and_no_false_one_stands_above_it() {
    for demo in demos() {
        let table = demo.ask(Beacons::new(BeaconOptions::default()));
        for fact in demo.facts("beacon") {
            assert_eq!(text(&table, "src_ip", 0), fact["src_ip"].as_str().unwrap(), "{}", demo.name);
            assert_eq!(text(&table, "dst_ip", 0), fact["dst_ip"].as_str().unwrap(), "{}", demo.name);
            assert_eq!(text(&table, "dst_port", 0), fact["dst_port"].to_string(), "{}", demo.name);
            assert_eq!(text(&table, "connections", 0), fact["connections"].to_string(), "{}", demo.name);
            let Some(Values::U64(intervals)) = table.column("interval_ms") else { panic!("no interval") };
            let (found, made) = (intervals[0].unwrap() as f64, fact["interval_ms"].as_f64().unwrap());
            assert!((found / made - 1.0).abs() < 0.02, "{}: {found} and {made}", demo.name);
        }
    }
}

#[test]
fn the_scanners_are_found_with_their_numbers_and_nobody_else() {
    for demo in demos() {
        let table = demo.ask(Scans::new(ScanOptions::default()));
        let row_of = |row: usize| {
            ["kind", "src_ip", "targets", "ports", "tries", "denied"].map(|column| text(&table, column, row))
        };
        let mut found: Vec<[String; 6]> = (0..table.len()).map(row_of).collect();
        let mut expected: Vec<[String; 6]> = demo
            .facts("scanner")
            .map(|fact| {
                let word = |name: &str| fact[name].as_str().unwrap().to_owned();
                let number = |name: &str| fact[name].to_string();
                [
                    word("kind"),
                    word("src_ip"),
                    number("targets"),
                    number("ports"),
                    number("tries"),
                    number("denied"),
                ]
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{}", demo.name);
    }
}
