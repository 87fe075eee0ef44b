//! Timelines: what is spread over which time, and that nothing is lost or doubled.

use super::*;
use crate::aggregate::tests::trials::{START_MS, TestRow, lawful, printed, row, rows, whole};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;

fn flow(text: &str) -> Vec<TestRow> {
    text.split(' ')
        .map(|item| {
            let (state, rest) = item.split_at(1);
            let (seconds, bytes) = rest.split_once(':').unwrap_or((rest, "0"));
            let tuple = format!("10.1.1.4,10.2.0.5,50000,443,6,O,{state},NX,0,{bytes},0,0");
            row(seconds.parse::<i64>().unwrap() * 1000, &tuple, "r", "A")
        })
        .collect()
}

/// `minute:tuples:bytes` of each bucket.
fn by_minute(rows: &[TestRow], spread: bool) -> String {
    let options = TimelineOptions { spread, ..TimelineOptions::default() };
    let table = whole(rows, || Timeline::new(&options)).finish();
    let lines = printed(&table, &["time", "tuples", "bytes"]);
    let minute = |text: &str| (text.parse::<i64>().unwrap() - START_MS) / MINUTE;
    let texts: Vec<String> =
        lines.iter().map(|line| format!("{}:{}:{}", minute(&line[0]), line[1], line[2])).collect();
    texts.join(" ")
}

#[test]
fn counters_are_spread_over_the_time_since_the_previous_tuple() {
    for (tuples, spread, plain) in [
        ("B0 E180:90", "0:1:30 1:0:30 2:0:30 3:1:0", "0:1:0 3:1:90"),
        ("B30 E90:10", "0:1:5 1:1:5", "0:1:0 1:1:10"),
        ("E90:10 B30", "0:1:5 1:1:5", "1:1:10 0:1:0"),
        // Rounding loses nothing.
        ("B0 E179:10", "0:1:3 1:0:3 2:1:4", "0:1:0 2:1:10"),
        ("B0 C120:20 E240:4", "0:1:10 1:0:10 2:1:2 3:0:2 4:1:0", "0:1:0 2:1:20 4:1:4"),
        // A flow that was open for no time.
        ("B70 E70:9", "1:2:9", "1:2:9"),
        // Two ends at one moment count the same time.
        ("B0 E120:10 E120:30", "0:1:20 1:0:20 2:2:0", "0:1:0 2:2:40"),
        // A new flow on the same port counts from its own begin.
        ("B0 E60:6 B60 E120:8", "0:1:6 1:2:8 2:1:0", "0:1:0 1:2:6 2:1:8"),
        // Zeros are not spread.
        ("B0 C300:0", "0:1:0 5:1:0", "0:1:0 5:1:0"),
    ] {
        let sorted = |text: &str| {
            let mut items: Vec<String> = text.split(' ').map(str::to_owned).collect();
            items.sort_unstable();
            items
        };
        assert_eq!(by_minute(&flow(tuples), true), spread, "{tuples}");
        assert_eq!(sorted(&by_minute(&flow(tuples), false)), sorted(plain), "{tuples} plain");
    }
}

#[test]
fn what_has_no_previous_tuple_is_spread_over_an_assumed_time_and_told() {
    let mut rows = flow("C600:50");
    assert_eq!(by_minute(&rows, true), "5:0:10 6:0:10 7:0:10 8:0:10 9:0:10 10:1:0");
    // An end may count anything: from the start of the data on.
    rows = flow("E600:100");
    rows.push(row(0, "10.9.9.9,10.2.0.5,1,443,6,O,B,NX,0,0,0,0", "r", "A"));
    assert_eq!(
        by_minute(&rows, true),
        "0:1:10 1:0:10 2:0:10 3:0:10 4:0:10 5:0:10 6:0:10 7:0:10 8:0:10 9:0:10 10:1:0"
    );
    let table = whole(&rows, || Timeline::new(&TimelineOptions::default())).finish();
    assert_eq!(
        table.notes,
        [
            "1 tuples with 100 bytes have no earlier tuple of their flow in the data: continues were spread over 5 minutes, ends from the start of the data on"
        ]
    );
}

#[test]
fn weeks_in_one_end_make_no_spike() {
    let day = 24 * 3600;
    let rows = flow(&format!("B0 C300:1000 E{}:27347000", 19 * day));
    let options = TimelineOptions { every_ms: 24 * 60 * MINUTE, ..TimelineOptions::default() };
    let table = whole(&rows, || Timeline::new(&options)).finish();
    let Some(Values::F64(rates)) = table.column("bits_per_second") else { panic!("no rates") };
    let rates: Vec<f64> = rates.iter().flatten().copied().collect();
    assert!(rates.iter().all(|rate| *rate < 140.0), "{rates:?}");
}

#[test]
fn damaged_times_do_not_fill_the_memory() {
    let mut rows = flow("B0");
    rows.push(row(
        253_402_300_799_999 - START_MS,
        "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,0,100000,0,0",
        "r",
        "A",
    ));
    let options = TimelineOptions { every_ms: 1, ..TimelineOptions::default() };
    let table = whole(&rows, || Timeline::new(&options)).finish();
    assert!(table.len() as i64 <= MOST_BUCKETS + 1);
    assert_eq!(
        table.notes,
        ["1 tuples count more than 100000 buckets of time and were spread over the latest of them"]
    );
}

#[test]
fn columns_are_those_of_the_documentation() {
    let options = TimelineOptions { by: Key::parse("src_ip").unwrap(), ..TimelineOptions::default() };
    let table = whole(&flow("B0 E60:6000"), || Timeline::new(&options)).finish();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "time src_ip tuples flows denied packets_src_to_dst bytes_src_to_dst packets_dst_to_src bytes_dst_to_src bytes bits_per_second"
    );
    assert_eq!(printed(&table, &["bits_per_second"])[0], ["800.000000"]);
    assert!(Timeline::new(&options).finish().is_empty());
}

/// Rows whose times meet often.
fn crowded(most: usize) -> impl Strategy<Value = Vec<TestRow>> {
    rows(most).prop_map(|mut rows| {
        for row in &mut rows {
            row.tuple.time_ms -= row.tuple.time_ms % 700_000;
            row.tuple.src_port = 50_000 + row.tuple.src_port % 2;
            row.mac = row.mac.map(|_| "A");
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn any_order_gives_the_same_timeline_and_sums_stay(
        rows in crowded(60), seed in any::<u64>(), every_ms in select(&[7_000_i64, 60_000, 3_600_000][..]), by in select(&["src_ip", "protocol", "state", "src_net/24"][..]),
    ) {
        let options = TimelineOptions { every_ms, by: Key::parse(by).unwrap(), ..TimelineOptions::default() };
        let table = lawful(&rows, seed, || Timeline::new(&options));
        let plain = lawful(&rows, seed, || Timeline::new(&TimelineOptions { spread: false, ..options.clone() }));
        let key = if by == "src_net/24" { "src_net" } else { by };
        for name in ["tuples", "flows", "denied", "packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src", "bytes"] {
            prop_assert_eq!(sums(&table, key, name), sums(&plain, key, name), "{}", name);
        }
    }

    #[test]
    fn in_plain_mode_each_row_counts_when_it_was_logged(rows in rows(60)) {
        let options = TimelineOptions { spread: false, ..TimelineOptions::default() };
        let table = whole(&rows, || Timeline::new(&options)).finish();
        let mut expected: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        for row in &rows {
            let entry = expected.entry(row.tuple.time_ms / MINUTE * MINUTE).or_default();
            entry.0 += 1;
            entry.1 += row.tuple.counters.packets_src_to_dst.unwrap_or(0);
        }
        let expected: Vec<_> = expected.into_iter().map(|(time, (tuples, _))| vec![time.to_string(), tuples.to_string()]).collect();
        prop_assert_eq!(printed(&table, &["time", "tuples"]), expected);
    }

    #[test]
    fn a_spread_counter_is_even_to_one_unit(bytes in any::<u64>(), start in 0..300_000_i64, length in 1..3_000_000_i64) {
        let tuple = |time: i64, state: &str, bytes: u64| row(time, &format!("10.1.1.4,10.2.0.5,50000,443,6,O,{state},NX,0,{bytes},0,0"), "r", "A");
        let rows = [tuple(start, "B", 0), tuple(start + length, "E", bytes)];
        let table = whole(&rows, || Timeline::new(&TimelineOptions::default())).finish();
        let Some(Values::U64(found)) = table.column("bytes_src_to_dst") else { panic!("no bytes") };
        let Some(Values::TimeMs(times)) = table.column("time") else { panic!("no times") };
        prop_assert_eq!(found.iter().flatten().map(|value| u128::from(*value)).sum::<u128>(), u128::from(bytes));
        for (time, value) in times.iter().flatten().zip(found.iter().flatten()) {
            let overlap = ((time + MINUTE).min(START_MS + start + length) - (*time).max(START_MS + start)).max(0);
            let exact = u128::from(bytes) * overlap as u128 / length as u128;
            prop_assert!(u128::from(*value).abs_diff(exact) <= 1, "{} of {}", value, exact);
        }
    }
}

fn sums(table: &Table, key: &str, name: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for line in printed(table, &[key, name]) {
        if let Ok(value) = line[1].parse::<u64>() {
            *sums.entry(line[0].clone()).or_default() += value;
        }
    }
    sums
}
