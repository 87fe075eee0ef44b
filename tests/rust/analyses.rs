//! Analyses on the demo network: their answers are the generator's truth.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may stop them, too")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use vnetflow_core::aggregate::{
    Aggregate, Conversations, Coverage, Denied, EncryptionUse, Key, Matrix, Metric, Rules, Sessions,
    Timeline, TimelineOptions, Top, TopOptions, Vantage,
};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::filter::Filter;
use vnetflow_core::groups::Groups;
use vnetflow_core::table::{Table, Values};
use vnetflow_demo::{GROUPS_PATH, Options, TRUTH_PATH, generate};
use vnetflow_tests::rows::decode;

/// A small demo network: batches as logged and with each flow counted once, groups, and facts.
struct Demo {
    all: Vec<Batch>,
    once: Vec<Batch>,
    groups: Arc<Groups>,
    facts: Vec<Value>,
}

impl Demo {
    fn new(options: &Options) -> Demo {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        generate(options, &mut |path, bytes| {
            files.entry(path.to_owned()).or_default().extend_from_slice(bytes);
            Ok::<(), Infallible>(())
        })
        .unwrap();
        let text = |path| String::from_utf8(files[path].clone()).unwrap();
        let facts = text(TRUTH_PATH).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let groups = Arc::new(Groups::from_text(&text(GROUPS_PATH)).unwrap());
        let logs = files.iter().filter(|(path, _)| path.ends_with(".json"));
        let decoded = logs.map(|(path, bytes)| decode(path, bytes, usize::MAX, DecodeOptions::default()).0);
        let all: Vec<Batch> = decoded.flatten().collect();
        let mut vantage = Vantage::new();
        all.iter().for_each(|batch| vantage.add(batch));
        let choice = vantage.finish();
        let mut once = all.clone();
        once.iter_mut().for_each(|batch| {
            choice.keep(batch);
        });
        Demo { all, once, groups, facts }
    }

    fn facts(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.facts.iter().filter(move |fact| fact["fact"] == name)
    }

    fn fact(&self, name: &str) -> &Value {
        self.facts(name).next().unwrap()
    }
}

fn of<A: Aggregate<Answer = Table>>(batches: &[Batch], mut aggregate: A) -> Table {
    batches.iter().for_each(|batch| aggregate.add(batch));
    aggregate.finish()
}

/// A table as JSON objects.
fn objects(table: &Table) -> Vec<Value> {
    let value = |values: &Values, row: usize| -> Value {
        match values {
            Values::U8(values) => values[row].into(),
            Values::U16(values) => values[row].into(),
            Values::U64(values) => values[row].into(),
            Values::F64(values) => values[row].into(),
            Values::Bool(values) => values[row].into(),
            Values::Text(values) => values.get(row).into(),
            Values::TimeMs(values) => values[row].into(),
            Values::U8List(values) => values[row].clone().into(),
        }
    };
    (0..table.len())
        .map(|row| {
            table.columns.iter().map(|column| (column.name.clone(), value(&column.values, row))).collect()
        })
        .collect()
}

fn column_sum(table: &Table, name: &str) -> u64 {
    match table.column(name) {
        Some(Values::U64(values)) => values.iter().flatten().sum(),
        _ => panic!("no column {name}"),
    }
}

#[test]
fn sessions_are_the_flows_of_the_truth() {
    let demo = Demo::new(&Options::default());
    let sessions = objects(&of(&demo.once, Sessions::new()));
    let key = |row: &Value, start: &str, end: &str| {
        let names = [
            "src_ip",
            "dst_ip",
            "src_port",
            "dst_port",
            "protocol",
            start,
            end,
            "tuples",
            "continues",
            "bytes",
        ];
        names.map(|name| row[name].to_string()).join(" ")
    };
    // A flow that began before the logs has its true start in the truth, which no log can know.
    let found: BTreeSet<String> = sessions
        .iter()
        .filter(|row| row["status"] != "started_before")
        .map(|row| format!("{} {}", key(row, "start", "end"), row["mac"]))
        .collect();
    let expected: BTreeSet<String> = demo
        .facts("flow")
        .filter(|flow| flow["begin_logged"] == true || flow["verdict"] == "deny")
        .map(|flow| format!("{} {}", key(flow, "start_ms", "end_ms"), flow["once_mac"]))
        .collect();
    assert!(expected.len() > 1000);
    assert_eq!(
        found.difference(&expected).take(3).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not in the truth"
    );
    assert_eq!(expected.difference(&found).take(3).collect::<Vec<_>>(), Vec::<&String>::new(), "not found");
    assert_eq!(sessions.len(), demo.facts("flow").count());

    let recreated: BTreeSet<String> =
        sessions.iter().filter(|row| row["recreated"] == true).map(|row| key(row, "start", "end")).collect();
    let marked: BTreeSet<String> =
        demo.facts("recreated_flow").map(|flow| key(flow, "start_ms", "end_ms")).collect();
    assert!(!marked.is_empty() && marked.is_subset(&recreated), "{marked:?} {recreated:?}");
}

#[test]
fn the_matrix_is_that_of_the_truth() {
    let demo = Demo::new(&Options::default());
    let found: BTreeMap<String, (u64, Option<u64>)> =
        objects(&of(&demo.once, Matrix::new(Arc::clone(&demo.groups))))
            .iter()
            .map(|row| {
                (
                    format!("{} {}", row["src_group"], row["dst_group"]),
                    (row["tuples"].as_u64().unwrap(), row["bytes"].as_u64()),
                )
            })
            .collect();
    let mut expected: BTreeMap<String, (u64, Option<u64>)> = BTreeMap::new();
    for hour in demo.facts("matrix") {
        for row in hour["rows"].as_array().unwrap() {
            let name = |group: &str| match &row[group] {
                // The truth calls them so; the groups' file has no such network.
                Value::String(name) if demo.groups.codes_named(name).is_empty() => "null".to_owned(),
                name => name.to_string(),
            };
            let cell = expected.entry(format!("{} {}", name("src_group"), name("dst_group"))).or_default();
            cell.0 += row["tuples"].as_u64().unwrap();
            cell.1 = row["bytes"].as_u64().map(|bytes| bytes + cell.1.unwrap_or(0)).or(cell.1);
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn conversations_and_denials_are_those_of_the_truth() {
    let demo = Demo::new(&Options::default());
    let conversations = objects(&of(&demo.once, Conversations::new()));
    for fact in demo.facts("conversation") {
        let is_it = |row: &&Value| {
            ["src_ip", "dst_ip", "dst_port", "protocol"].iter().all(|name| row[name] == fact[name])
        };
        let row = conversations.iter().find(is_it).unwrap();
        for name in ["tuples", "flows", "denied", "bytes_src_to_dst", "bytes_dst_to_src", "bytes"] {
            assert_eq!(row[name], fact[name], "{name} of {fact}");
        }
    }
    let nossh = demo.fact("nossh");
    let denied = objects(&of(&demo.all, Denied::new()));
    let tries: u64 =
        denied.iter().filter(|row| row["rule"] == "nossh").map(|row| row["tries"].as_u64().unwrap()).sum();
    assert_eq!(Some(tries), nossh["denied_all"].as_u64());
    let rules = objects(&of(&demo.all, Rules::new(None)));
    let rule = rules.iter().find(|row| row["rule"] == "nossh").unwrap();
    assert_eq!((&rule["denied"], &rule["acl_id"]), (&nossh["denied_all"], &nossh["acl_id"]));
    let encrypted = objects(&of(&demo.once, EncryptionUse::new()));
    assert_eq!(encrypted[0]["bytes"], demo.fact("encrypted_pair")["bytes"]);
}

#[test]
fn the_circuits_biggest_host_has_its_26_percent() {
    let demo = Demo::new(&Options::default());
    let fact = demo.fact("expressroute");
    let filter = Filter::parse("net 10.4.0.0/16", &demo.groups).unwrap();
    let mut circuit = demo.once.clone();
    for batch in &mut circuit {
        let mask = filter.mask(batch);
        batch.retain_from(0, |row| mask[row]);
    }
    // A circuit's host may be at either end.
    let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
    for by in ["src_ip", "dst_ip"] {
        let options = TopOptions {
            by: Key::parse(by).unwrap(),
            metric: Metric::Bytes,
            n: 1000,
            ..TopOptions::default()
        };
        for row in objects(&of(&circuit, Top::new(options))) {
            *bytes.entry(row[by].as_str().unwrap().to_owned()).or_default() +=
                row["bytes"].as_u64().unwrap_or(0);
        }
    }
    let biggest = &fact["hosts"][0];
    assert_eq!(Some(bytes["10.4.2.2"]), biggest["bytes"].as_u64());
    let timeline = of(&circuit, Timeline::new(&TimelineOptions::default()));
    assert_eq!(Some(column_sum(&timeline, "bytes")), fact["bytes"].as_u64());
    assert!((bytes["10.4.2.2"] as f64 / column_sum(&timeline, "bytes") as f64 - 0.26).abs() < 0.02);
}

#[test]
fn spreading_hides_no_byte_and_shows_no_false_spike() {
    let demo = Demo::new(&Options::default());
    let timeline =
        |spread| of(&demo.once, Timeline::new(&TimelineOptions { spread, ..TimelineOptions::default() }));
    let (even, plain) = (timeline(true), timeline(false));
    for name in
        ["tuples", "flows", "denied", "packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes"]
    {
        assert_eq!(column_sum(&even, name), column_sum(&plain, name), "{name}");
    }
    // One end tuple with weeks of traffic: all that the data covers has its even part of it.
    let fact = demo.fact("weeks_in_one_end");
    let by = ["src_ip", "dst_ip", "src_port", "state"].map(|name| Key::parse(name).unwrap()).concat();
    let rows = objects(&of(&demo.once, Timeline::new(&TimelineOptions { by, ..TimelineOptions::default() })));
    let is_it = |row: &&Value| {
        ["src_ip", "dst_ip", "src_port"].iter().all(|name| row[name] == fact[name]) && row["state"] == "end"
    };
    let buckets: Vec<u64> = rows.iter().filter(is_it).filter_map(|row| row["bytes"].as_u64()).collect();
    let first_ms = demo.once.iter().filter_map(|batch| batch.time_ms.iter().min()).min().unwrap();
    let covered_ms = fact["end_ms"].as_u64().unwrap() - *first_ms as u64;
    assert_eq!(Some(buckets.iter().sum::<u64>()), fact["bytes"].as_u64());
    let most = *buckets.iter().max().unwrap();
    assert!(most <= buckets.iter().sum::<u64>() * 60_000 / covered_ms + 2, "{buckets:?}");
    assert!(buckets.len() > 5, "{buckets:?}");
}

#[test]
fn every_nic_has_its_hours() {
    let demo = Demo::new(&Options::default());
    let summary = demo.facts("summary").find(|fact| fact["vantage"] == "all").unwrap();
    let coverage = of(&demo.all, Coverage::new());
    assert_eq!(Some(column_sum(&coverage, "tuples")), summary["tuples"].as_u64());
    assert_eq!(Some(column_sum(&coverage, "records")), summary["records"].as_u64());
    let macs: BTreeSet<String> = objects(&coverage).iter().map(|row| row["mac"].to_string()).collect();
    assert_eq!(Some(macs.len() as u64), summary["nics"].as_u64());
}
