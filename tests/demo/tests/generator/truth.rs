//! The truth equals a recount of the text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vnetflow_demo::Formats;

use crate::recount::{Output, Sums, Tuple, five_tuple, once, options, produce, record_time_ms};

/// Seeds, hours, rates and formats that are recounted.
fn outputs() -> Vec<Output> {
    [
        (1, 2, 3_000, Formats::Vnet),
        (2, 1, 20_000, Formats::Vnet),
        (3, 3, 300, Formats::Vnet),
        (4, 2, 8_000, Formats::NsgV2),
        (5, 2, 8_000, Formats::NsgV1),
        (6, 2, 5_000, Formats::VnetAndNsgV2),
    ]
    .map(|(seed, hours, rate, formats)| produce(&options(seed, hours, rate, formats)))
    .into()
}

fn format_name(tuple: &Tuple) -> &'static str {
    match tuple.version {
        4 => "vnet-v4",
        2 => "nsg-v2",
        _ => "nsg-v1",
    }
}

/// The tuples of each format, by name.
fn by_format(tuples: &[Tuple]) -> BTreeMap<&'static str, Vec<Tuple>> {
    let mut formats: BTreeMap<&'static str, Vec<Tuple>> = BTreeMap::new();
    for tuple in tuples {
        formats.entry(format_name(tuple)).or_default().push(tuple.clone());
    }
    formats
}

#[test]
fn summaries_equal_a_recount() {
    for output in outputs() {
        let tuples = output.tuples();
        assert_eq!(output.report.tuples, tuples.len() as u64);
        let summary = output.fact("summary", &[("format", "all"), ("vantage", "all")]);
        Sums::of(&tuples).assert_told(&summary);
        assert_eq!(summary["files"], output.logs().count());
        assert_eq!(summary["records"], output.records().len());
        assert_eq!(summary["allowed"], tuples.iter().filter(|tuple| !tuple.denied).count());
        assert_eq!(summary["nics"], tuples.iter().map(|tuple| &tuple.mac).collect::<BTreeSet<_>>().len());
        let versions: BTreeSet<u64> = tuples.iter().map(|tuple| tuple.version).collect();
        assert_eq!(summary["versions"], serde_json::json!(versions));
        let time = |key: &str| record_time_ms(summary[key].as_str().unwrap());
        assert_eq!(time("first_time"), tuples.iter().map(|tuple| tuple.time_ms).min().unwrap());
        assert_eq!(time("last_time"), tuples.iter().map(|tuple| tuple.time_ms).max().unwrap());
    }
}

#[test]
fn counting_once_equals_a_recount() {
    for output in outputs() {
        for (format, tuples) in by_format(&output.tuples()) {
            let summary = output.fact("summary", &[("format", format), ("vantage", "once")]);
            let once = once(&tuples);
            Sums::of(once.iter().copied()).assert_told(&summary);
            let factor = tuples.len() as f64 / once.len() as f64;
            assert!((summary["overcount_tuples"].as_f64().unwrap() - factor).abs() < 0.000_01);
            assert!(factor > 1.2, "{factor}");
        }
    }
}

#[test]
fn tops_equal_a_recount() {
    for output in outputs() {
        let every = output.tuples();
        for top in output.facts("top") {
            let by: Vec<&str> =
                top["by"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
            let mut groups: BTreeMap<Vec<String>, Vec<&Tuple>> = BTreeMap::new();
            for tuple in
                every.iter().filter(|tuple| top["format"] == "all" || top["format"] == format_name(tuple))
            {
                groups.entry(by.iter().map(|key| key_text(tuple, key)).collect()).or_default().push(tuple);
            }
            assert_eq!(top["keys"], groups.len(), "{by:?}");
            let rows = top["rows"].as_array().unwrap();
            assert_eq!(rows.len(), groups.len().min(1_000));
            assert!(
                rows.is_sorted_by_key(|row| std::cmp::Reverse(row["bytes"].as_u64().unwrap_or(0))),
                "{by:?}"
            );
            for row in rows {
                let key: Vec<String> = by.iter().map(|key| text_of(&row[*key])).collect();
                let group = &groups[&key];
                Sums::of(group.iter().copied()).assert_told(row);
                let peers: BTreeSet<(&str, &str)> = group.iter().map(|tuple| peer(tuple, &by)).collect();
                assert_eq!(row["peers"], peers.len(), "{by:?} {key:?}");
            }
        }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn key_text(tuple: &Tuple, key: &str) -> String {
    match key {
        "src_ip" => tuple.src.clone(),
        "dst_ip" => tuple.dst.clone(),
        "dst_port" => tuple.dst_port.to_string(),
        "protocol" => tuple.protocol.to_string(),
        "rule" => tuple.rule.clone(),
        "mac" => tuple.mac.clone(),
        "direction" => if tuple.direction == "I" { "inbound" } else { "outbound" }.to_owned(),
        "action" => if tuple.denied { "deny" } else { "allow" }.to_owned(),
        "encryption" => tuple.encryption.clone().unwrap_or_else(|| "null".to_owned()),
        other => panic!("unknown key {other}"),
    }
}

fn peer<'a>(tuple: &'a Tuple, by: &[&str]) -> (&'a str, &'a str) {
    match by {
        ["src_ip"] => ("", &tuple.dst),
        ["dst_ip" | "dst_port"] => (&tuple.src, ""),
        _ => (&tuple.src, &tuple.dst),
    }
}

/// Flow lines of one five-tuple (ports come back, tries repeat) sum up to its rows at the interface where it
/// counts.
#[test]
fn flow_lines_sum_up_to_the_rows() {
    for output in outputs() {
        for (format, tuples) in by_format(&output.tuples()) {
            let mut logging_macs: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
            for tuple in &tuples {
                let macs = logging_macs.entry((five_tuple(tuple), tuple.denied)).or_default();
                macs.insert(tuple.mac.clone());
            }
            let mut told: BTreeMap<_, (u64, u64)> = BTreeMap::new();
            let mut once_macs: BTreeMap<_, String> = BTreeMap::new();
            for line in output.facts("flow").iter().filter(|line| line["format"] == format) {
                let text = |key: &str| line[key].as_str().unwrap().to_owned();
                let number = |key: &str| line[key].as_u64().unwrap();
                let key = (
                    text("src_ip"),
                    text("dst_ip"),
                    number("src_port"),
                    number("dst_port"),
                    number("protocol"),
                );
                let sums = told.entry(key.clone()).or_default();
                sums.0 += number("tuples");
                sums.1 += line["bytes"].as_u64().unwrap_or(0);
                once_macs.insert(key.clone(), text("once_mac"));
                let macs: BTreeSet<String> = line["macs"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|mac| mac.as_str().unwrap().to_owned())
                    .collect();
                assert!(logging_macs[&(key, line["verdict"] == "deny")] == macs, "{line}");
            }
            let mut counted: BTreeMap<_, (u64, u64)> = BTreeMap::new();
            for tuple in &tuples {
                let key = five_tuple(tuple);
                if once_macs.get(&key).is_some_and(|mac| *mac == tuple.mac) {
                    let sums = counted.entry(key).or_default();
                    sums.0 += 1;
                    sums.1 += tuple.counters[1].unwrap_or(0) + tuple.counters[3].unwrap_or(0);
                }
            }
            assert_eq!(told, counted, "{format}");
            assert!(tuples.iter().all(|tuple| once_macs.contains_key(&five_tuple(tuple))));
        }
    }
}

#[test]
fn flow_lines_name_start_and_end() {
    let output = produce(&options(1, 2, 3_000, Formats::Vnet));
    let tuples = output.tuples();
    let mut checked = 0;
    for line in output.facts("flow") {
        let row = |state: &str, key: &str| {
            tuples.iter().any(|tuple| {
                tuple.state == state
                    && tuple.mac == line["once_mac"].as_str().unwrap()
                    && line["src_port"] == tuple.src_port
                    && tuple.src == line["src_ip"].as_str().unwrap()
                    && Some(tuple.time_ms) == line[key].as_i64()
            })
        };
        if line["begin_logged"] == true {
            assert!(row("B", "start_ms"), "{line}");
            checked += 1;
        }
        if line["end_ms"].is_i64() && line["verdict"] == "allow" {
            assert!(row("E", "end_ms"), "{line}");
        }
    }
    assert!(checked > 500);
}

#[test]
fn matrices_sum_up_to_the_vantage_once() {
    for output in outputs() {
        for (format, tuples) in by_format(&output.tuples()) {
            let once = once(&tuples);
            let mut told = 0;
            for matrix in output.facts("matrix").iter().filter(|matrix| matrix["format"] == format) {
                let hour_ms = matrix["hour_ms"].as_i64().unwrap();
                for row in matrix["rows"].as_array().unwrap() {
                    let pair = once.iter().copied().filter(|tuple| {
                        tuple.time_ms / 3_600_000 * 3_600_000 == hour_ms
                            && row["src_group"] == group(&tuple.src)
                            && row["dst_group"] == group(&tuple.dst)
                    });
                    let sums = Sums::of(pair);
                    sums.assert_told(row);
                    told += sums.tuples;
                }
            }
            assert_eq!(told, once.len() as u64);
        }
    }
}

pub fn group(address: &str) -> &'static str {
    let starts = |prefix: &str| address.starts_with(prefix);
    match () {
        () if starts("10.1.0.") => "hub",
        () if starts("10.1.1.") => "spoke1",
        () if starts("10.1.2.") => "spoke2",
        () if starts("10.4.") => "onprem",
        () if address == "168.63.129.16" => "platform",
        () => "internet",
    }
}
