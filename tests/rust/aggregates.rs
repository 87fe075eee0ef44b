//! Laws of aggregates: any order of adding and merging gives one answer, and it is that of a dull computation.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop them, too")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use vnetflow_core::aggregate::{Aggregate, Key, Metric, Summary, Top, TopOptions};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::table::{Table, Values};
use vnetflow_core::time::format_time_ms;
use vnetflow_tests::filters::{NAMED, groups};
use vnetflow_tests::layout::layout;
use vnetflow_tests::logs::log;
use vnetflow_tests::rows::{Row, decode};
use vnetflow_tests::{oracle, trials};

proptest! {
    #![proptest_config(trials(1000))]

    #[test]
    fn a_summary_equals_a_dull_one_however_it_is_split(log in log(6), layout in layout(), batch_rows in 1..20_usize, order in vec(any::<Index>(), 0..12)) {
        let text = layout.write(&log);
        let (batches, issues) = decode("x.json", &text, usize::MAX, DecodeOptions { batch_rows, ..DecodeOptions::default() });
        let rows = oracle::read("x.json", &text).unwrap();
        let mut parts: Vec<Summary> = split(&batches, Summary::of_logs, &order);
        parts.push(Summary::of_logs());
        parts.last_mut().unwrap().add_files(1, &issues);
        let found = merged(parts, &order).finish();

        let texts = |column: &str| -> BTreeSet<&str> { rows.iter().filter_map(|row| row[column].as_str()).collect() };
        let versions: BTreeSet<u64> = rows.iter().filter_map(|row| row["flow_log_version"].as_u64()).collect();
        let mut expected = json!({
            "files": 1,
            "records": log.len(),
            "tuples": rows.len(),
            "flows": rows.iter().filter(|row| starts_flow(row)).count(),
            "allowed": rows.iter().filter(|row| row["action"] == json!("allow")).count(),
            "denied": rows.iter().filter(|row| row["action"] == json!("deny")).count(),
            "issues": issues.len(),
            "first_time": texts("time").first(),
            "last_time": texts("time").last(),
            "nics": texts("mac").len(),
            "versions": versions,
        });
        add_sums(&mut expected, &rows.iter().collect::<Vec<_>>());
        let mut found = table_rows(&found).remove(0);
        found.remove("repeated_records");
        prop_assert_eq!(Value::Object(found), expected);
    }

    #[test]
    fn top_equals_a_dull_one_for_all_keys_and_metrics(
        log in log(6), layout in layout(), by in keys(), metric in select(Metric::ALL), n in 0..6_usize, bottom in any::<bool>(),
        batch_rows in 1..20_usize, order in vec(any::<Index>(), 0..12),
    ) {
        let text = layout.write(&log);
        let (batches, _) = decode("x.json", &text, usize::MAX, DecodeOptions { batch_rows, ..DecodeOptions::default() });
        let options = TopOptions { by: by.clone(), metric, n, bottom, groups: Arc::new(groups()) };
        let new = || Top::new(options.clone());
        let found = merged(split(&batches, new, &order), &order).finish();
        let mut one_pass = new();
        batches.iter().for_each(|batch| one_pass.add(batch));
        prop_assert_eq!(&found, &one_pass.finish(), "merging any split equals one pass");

        let rows = oracle::read("x.json", &text).unwrap();
        let all = dull_top(&rows, &by, metric, bottom);
        let found = table_rows(&found);
        prop_assert_eq!(found.len(), if all.len() > n { n + 1 } else { all.len() });
        for (position, (found, expected)) in found.iter().take(n).zip(&all).enumerate() {
            // Which of two equals comes first is not the oracle's to say: the value must be right, and the row one of all.
            let column = metric_column(metric);
            prop_assert_eq!(&found[column], &expected[column], "row {}", position);
            prop_assert!(all.contains(found), "{:?} is none of {:?}", found, all);
        }
        if let Some(others) = found.get(n) {
            let is_shown = |row: &Row| found[..n].iter().any(|shown| by.iter().all(|key| shown[key.name()] == key_of(key, row)));
            let hidden: Vec<&Row> = rows.iter().filter(|row| !is_shown(row)).collect();
            let mut expected = counters(&hidden, &by);
            by.iter().for_each(|key| expected[key.name()] = Value::Null);
            prop_assert_eq!(others, &with_share(expected, &rows, &by, metric));
        }
    }
}

#[test]
fn an_aggregate_of_nothing_is_an_answer_too() {
    let table = Top::new(TopOptions::default()).finish();
    assert_eq!((table.len(), table.columns.first().map(|column| column.name.as_str())), (0, Some("src_ip")));
    let summary = table_rows(&Summary::of_logs().finish()).remove(0);
    assert_eq!(
        (&summary["tuples"], &summary["first_time"], &summary["bytes"]),
        (&json!(0), &Value::Null, &Value::Null)
    );
}

/// One to three keys of any kind, each column at most once.
fn keys() -> impl Strategy<Value = Vec<Key>> {
    const TEXTS: &[&str] = &[
        "src_ip",
        "dst_ip",
        "src_port",
        "dst_port",
        "protocol",
        "direction",
        "action",
        "state",
        "encryption",
        "rule",
        "acl_id",
        "mac",
        "target_resource_id",
        "flow_log_resource_id",
        "rule_origin",
        "flow_log_version",
        "source",
        "pair",
        "conversation",
        "src_group",
        "dst_group",
        "src_net/24",
        "dst_net/16",
        "src_net/0",
        "dst_net/48",
    ];
    vec(select(TEXTS), 1..4).prop_map(|texts| {
        let mut keys: Vec<Key> = Vec::new();
        for key in texts.iter().flat_map(|text| Key::parse(text).unwrap()) {
            if keys.iter().all(|known| known.name() != key.name()) {
                keys.push(key);
            }
        }
        keys
    })
}

/// Batches dealt out to several aggregates.
fn split<A: Aggregate>(batches: &[Batch], new: impl Fn() -> A, deal: &[Index]) -> Vec<A> {
    let mut parts: Vec<A> = (0..3).map(|_| new()).collect();
    for (position, batch) in batches.iter().enumerate() {
        let part = deal.get(position % deal.len().max(1)).map_or(0, |index| index.index(3));
        parts[part].add(batch);
    }
    parts
}

/// Aggregates merged two by two, in an order that is picked.
fn merged<A: Aggregate>(mut parts: Vec<A>, order: &[Index]) -> A {
    let mut picks = order.iter().rev();
    while parts.len() > 1 {
        let pick = |picks: &mut dyn Iterator<Item = &Index>, of: usize| {
            picks.next().map_or(0, |index| index.index(of))
        };
        let other = parts.remove(pick(&mut picks, parts.len()));
        let into = pick(&mut picks, parts.len());
        parts[into].merge(other);
    }
    parts.remove(0)
}

/// A table as JSON rows.
fn table_rows(table: &Table) -> Vec<Row> {
    let value = |values: &Values, row: usize| match values {
        Values::U8(values) => json!(values[row]),
        Values::U16(values) => json!(values[row]),
        Values::U64(values) => json!(values[row]),
        Values::F64(values) => json!(values[row]),
        Values::Text(values) => json!(values.get(row)),
        Values::TimeMs(values) => json!(values[row].map(format_time_ms)),
        Values::U8List(values) => json!(values[row]),
        Values::Bool(values) => json!(values[row]),
    };
    let cells = |row: usize| {
        table.columns.iter().map(move |column| (column.name.clone(), value(&column.values, row)))
    };
    (0..table.len()).map(|row| cells(row).collect()).collect()
}

fn starts_flow(row: &Row) -> bool {
    row["action"] == json!("deny") || row["state"].is_null() || row["state"] == json!("begin")
}

/// The sum of a counter: null where none is logged, or where it is too big.
fn sum<'a>(rows: impl IntoIterator<Item = &'a &'a Row>, columns: &[&str]) -> Value {
    let logged: Vec<u128> = rows
        .into_iter()
        .flat_map(|row| columns.iter().filter_map(|column| row[*column].as_u64()))
        .map(u128::from)
        .collect();
    if logged.is_empty() { Value::Null } else { json!(u64::try_from(logged.iter().sum::<u128>()).ok()) }
}

fn add_sums(row: &mut Value, rows: &[&Row]) {
    for column in ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"] {
        row[column] = sum(rows, &[column]);
    }
    row["bytes"] = sum(rows, &["bytes_src_to_dst", "bytes_dst_to_src"]);
}

/// `packets` is no column of a result; any other counter stands for it.
fn metric_column(metric: Metric) -> &'static str {
    if metric == Metric::Packets { "share" } else { metric.name() }
}

/// One result for every key, the biggest or smallest first.
fn dull_top(rows: &[Row], by: &[Key], metric: Metric, bottom: bool) -> Vec<Row> {
    let mut groups: BTreeMap<Vec<String>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let key = by.iter().map(|key| key_of(key, row).to_string()).collect();
        groups.entry(key).or_default().push(row);
    }
    let result_of = |group: Vec<&Row>| {
        let mut result = counters(&group, by);
        by.iter().for_each(|key| result[key.name()] = key_of(key, group[0]));
        result
    };
    let mut results: Vec<Value> = groups.into_values().map(result_of).collect();
    results.sort_by_key(|result| {
        let value = result[metric.name()].as_u64();
        (value.is_none(), value.map(|value| if bottom { value } else { u64::MAX - value }))
    });
    results.into_iter().map(|result| with_share(result, rows, by, metric)).collect()
}

/// Adds the share of the whole; peers of several keys overlap, so they have none.
fn with_share(mut result: Value, rows: &[Row], by: &[Key], metric: Metric) -> Row {
    let whole = match metric {
        Metric::Peers => None,
        _ => {
            counters(&rows.iter().collect::<Vec<_>>(), by)[metric.name()].as_u64().filter(|whole| *whole > 0)
        }
    };
    let part = result[metric.name()].as_u64();
    result["share"] = json!(part.zip(whole).map(|(part, whole)| part as f64 / whole as f64));
    let Value::Object(mut row) = result else { return Row::new() };
    row.remove("packets");
    row
}

fn counters(rows: &[&Row], by: &[Key]) -> Value {
    let peers: BTreeSet<String> = rows.iter().map(|row| format!("{:?}", peer_of(by, row))).collect();
    let mut result = json!({
        "tuples": rows.len(),
        "flows": rows.iter().filter(|row| starts_flow(row)).count(),
        "denied": rows.iter().filter(|row| row["action"] == json!("deny")).count(),
        "packets": sum(rows, &["packets_src_to_dst", "packets_dst_to_src"]),
        "peers": peers.len(),
    });
    add_sums(&mut result, rows);
    result
}

/// The address at the other end where the key tells one end, else both.
fn peer_of(by: &[Key], row: &Row) -> (Value, Value) {
    let tells = |end: &str| by.iter().any(|key| key.name().starts_with(end));
    let (src, dst) = (row["src_ip"].clone(), row["dst_ip"].clone());
    match (tells("src_"), tells("dst_")) {
        (true, false) => (Value::Null, dst),
        (false, true) => (src, Value::Null),
        _ => (src, dst),
    }
}

fn key_of(key: &Key, row: &Row) -> Value {
    let address = |end: &str| -> IpAddr { row[end].as_str().unwrap().parse().unwrap() };
    let of_end = |name: &str| if name.starts_with("src") { address("src_ip") } else { address("dst_ip") };
    match (key, key.name()) {
        (Key::Column(name), _) => row[*name].clone(),
        (Key::Net(_, prefix), name) => json!(network(of_end(name), *prefix)),
        (Key::Group(_), name) => {
            let address = of_end(name);
            let best = NAMED.iter().filter_map(|(cidr, group)| {
                let (net, prefix) = cidr.split_once('/').unwrap_or((cidr, "32"));
                let prefix: u8 = prefix.parse().unwrap();
                let net: IpAddr = net.parse().unwrap();
                let is_in = net.is_ipv4() == address.is_ipv4() && mask(net, prefix) == mask(address, prefix);
                is_in.then_some((prefix, *group))
            });
            json!(best.max().map(|(_, group)| group))
        }
    }
}

/// An address with its host bits cleared.
fn mask(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let bits = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & bits).into()
        }
        IpAddr::V6(v6) => {
            let bits = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & bits).into()
        }
    }
}

/// A prefix of up to 32 is meant for IPv4; IPv6 then goes by its usual subnet of 64.
fn network(address: IpAddr, prefix: u8) -> String {
    let prefix = match address {
        IpAddr::V4(_) => prefix.min(32),
        IpAddr::V6(_) if prefix <= 32 => 64,
        IpAddr::V6(_) => prefix,
    };
    format!("{}/{prefix}", mask(address, prefix))
}
