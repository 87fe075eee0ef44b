//! The security analyses on the demo network: they find what its truth says is there, and nothing above it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may stop them, too")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use vnetflow_core::aggregate::{
    Aggregate, BeaconOptions, Beacons, Exposure, Findings, OneWay, ScanOptions, Scans, Why,
};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::filter::Filter;
use vnetflow_core::groups::{Groups, is_public};
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
    fn ask<A: Aggregate<Answer = Table>>(&self, mut aggregate: A) -> Table {
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
        Some(Values::Text(values)) => values.get(row).unwrap_or_default().to_owned(),
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

#[test]
fn why_counts_the_denials_of_nossh_and_names_the_rule() {
    for demo in demos() {
        for fact in demo.facts("nossh").filter(|fact| fact["denied_all"].as_u64() > Some(0)) {
            for source in fact["by_source"].as_array().unwrap() {
                // Sources outside ask several hosts, those inside the web server only.
                let src_ip: IpAddr = source["src_ip"].as_str().unwrap().parse().unwrap();
                if is_public(src_ip) {
                    continue;
                }
                let mut why = Why::new(src_ip, [10, 1, 1, 4].into(), Some(22));
                demo.batches.iter().for_each(|batch| why.add(batch));
                let sentence = why.sentence();
                let table = why.finish();
                let is_nossh = |row: &usize| text(&table, "rule", *row) == "nossh";
                let denied: u64 = (0..table.len())
                    .filter(is_nossh)
                    .map(|row| text(&table, "tries", row).parse::<u64>().unwrap())
                    .sum();
                assert_eq!(denied, source["denied"].as_u64().unwrap(), "{} {src_ip}", demo.name);
                assert!(
                    sentence.contains("denied by the security admin rule `nossh` at NIC"),
                    "{}: {sentence}",
                    demo.name
                );
            }
        }
    }
}

#[test]
fn the_dead_host_is_asked_one_way_and_every_finding_has_evidence() {
    for demo in demos() {
        let one_way = demo.ask(OneWay::new());
        let has_counters = demo.facts("beacon").all(|fact| !fact["bytes_src_to_dst"].is_null());
        let dead = (0..one_way.len()).filter(|row| text(&one_way, "dst_ip", *row) == "10.1.1.77").count();
        assert_eq!(dead, usize::from(has_counters), "{}", demo.name);
        assert!(!demo.ask(Exposure::new()).is_empty(), "{}", demo.name);

        let findings = demo.ask(Findings::default());
        let kinds: Vec<String> = (0..findings.len()).map(|row| text(&findings, "kind", row)).collect();
        for kind in ["beacon", "scan", "exposed"] {
            assert!(kinds.iter().any(|found| found == kind), "{}: no {kind}", demo.name);
        }
        for row in 0..findings.len() {
            let filter = text(&findings, "filter", row);
            let parsed =
                Filter::parse(&filter, &Groups::new()).unwrap_or_else(|error| panic!("{filter}: {error}"));
            let keeps_rows = demo.batches.iter().any(|batch| parsed.mask(batch).contains(&true));
            assert!(keeps_rows, "{}: {filter} keeps nothing", demo.name);
        }
    }
}
