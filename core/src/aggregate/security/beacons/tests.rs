//! What scores as a beacon, and what counts as a connection.

use super::*;
use crate::aggregate::tests::trials::{self, TestRow, cell, lawful, printed, row, whole};
use proptest::prelude::*;

fn new() -> Beacons {
    Beacons::new(BeaconOptions::default())
}

fn call(at_ms: i64, port: u16, bytes: u64, mac: &'static str, direction: char) -> [TestRow; 2] {
    let ends = format!("10.1.2.21,203.0.113.77,{port},443,6,{direction}");
    [
        row(at_ms, &format!("{ends},B,NX,0,0,0,0"), "UserRule_out", mac),
        row(at_ms + 300, &format!("{ends},E,NX,6,{bytes},5,1000"), "UserRule_out", mac),
    ]
}

#[test]
fn a_call_every_minute_scores_high_and_counts_once() {
    let mut rows = Vec::new();
    for number in 0..60 {
        let at_ms = number * 60_000 + number % 7 * 150;
        let port = 50_000 + number as u16;
        rows.extend(call(at_ms, port, 720 + number as u64 % 5, "A", 'O'));
        rows.extend(call(at_ms + 2, port, 720 + number as u64 % 5, "B", 'I'));
    }
    let table = whole(&rows, new).finish();
    assert_eq!(
        printed(&table, &["src_ip", "dst_ip", "dst_port", "connections"]),
        [["10.1.2.21", "203.0.113.77", "443", "60"]]
    );
    assert!(cell(&table, "score", 0).parse::<f64>().unwrap() > 0.9, "{table:?}");
    assert_eq!(cell(&table, "interval_ms", 0), "60150");
}

#[test]
fn a_denied_call_that_is_sent_again_is_one_connection() {
    let mut rows = Vec::new();
    for number in 0..12_i64 {
        for after_ms in [0, 1_013, 3_029] {
            let port = 50_000 + number;
            let text = format!("10.1.2.21,203.0.113.77,{port},443,6,O,D,NX,0,0,0,0");
            rows.push(row(number * 300_000 + after_ms, &text, "nossh", "A"));
        }
    }
    let table = whole(&rows, new).finish();
    assert_eq!(
        printed(&table, &["connections", "interval_ms", "interval_score", "size_score"]),
        [["12", "300000", "1.000000", "-"]]
    );
}

#[test]
fn connections_at_random_score_lower_than_a_beacon() {
    let mut state = 7_u64;
    let mut rows = Vec::new();
    for number in 0..60 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let at_ms = (state >> 33) as i64 % 3_600_000;
        rows.extend(call(at_ms, 50_000 + number, state >> 48, "A", 'O'));
    }
    let table = whole(&rows, new).finish();
    assert!(cell(&table, "score", 0).parse::<f64>().unwrap() < 0.75, "{table:?}");
}

#[test]
fn the_platform_is_left_out_unless_asked_for() {
    let probe = |number: i64| {
        let text = format!("168.63.129.16,10.1.1.4,{},443,6,I,B,NX,0,0,0,0", 50_000 + number);
        row(number * 15_000, &text, "PlatformRule", "A")
    };
    let rows: Vec<TestRow> = (0..40).map(probe).collect();
    let internal = BeaconOptions { internal: true, ..BeaconOptions::default() };
    assert!(whole(&rows, || Beacons::new(internal)).finish().is_empty());
    let options = BeaconOptions { platform: true, internal: true, ..BeaconOptions::default() };
    assert_eq!(whole(&rows, || Beacons::new(options)).finish().len(), 1);
}

/// Connections and median interval, counted again and again.
fn dull(rows: &[TestRow], least: usize) -> Vec<[String; 6]> {
    let key = |row: &TestRow| (row.tuple.src_ip, row.tuple.dst_ip, row.tuple.dst_port, row.tuple.protocol);
    let place = |row: &TestRow| (row.mac, row.tuple.direction);
    let starts: Vec<&TestRow> = rows.iter().filter(|row| row.tuple.starts_flow()).collect();
    let mut found = Vec::new();
    for wanted in starts.iter().map(|row| key(row)).collect::<std::collections::BTreeSet<_>>() {
        let mut best: Vec<i64> = Vec::new();
        let of_key: Vec<&&TestRow> = starts.iter().filter(|row| key(row) == wanted).collect();
        for at in of_key.iter().map(|row| place(row)).collect::<std::collections::BTreeSet<_>>() {
            let here: Vec<&&&TestRow> = of_key.iter().filter(|row| place(row) == at).collect();
            let mut times: Vec<i64> = Vec::new();
            for (number, row) in here.iter().enumerate() {
                let is_again = here.iter().enumerate().any(|(other_number, other)| {
                    let after_ms = row.tuple.time_ms - other.tuple.time_ms;
                    other.tuple.src_port == row.tuple.src_port
                        && (0..=10_000).contains(&after_ms)
                        && (after_ms > 0 || other_number < number)
                });
                if !is_again {
                    times.push(row.tuple.time_ms);
                }
            }
            times.sort_unstable();
            if times.len() > best.len() {
                best = times;
            }
        }
        if best.len() >= least {
            let mut gaps: Vec<i64> = best.windows(2).map(|pair| pair[1] - pair[0]).collect();
            gaps.sort_unstable();
            let median = (gaps[(gaps.len() - 1) / 2] + gaps[gaps.len() / 2]) as f64 / 2.0;
            let (src, dst, port, protocol) = wanted;
            let numbers = [port.to_string(), protocol.to_string(), best.len().to_string()];
            let [port, protocol, connections] = numbers;
            let interval = format!("{}", median.round());
            found.push([src.to_string(), dst.to_string(), port, protocol, connections, interval]);
        }
    }
    found.sort();
    found
}

proptest! {
    #[test]
    fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(150), seed in any::<u64>()) {
        let options = BeaconOptions { min_connections: 3, internal: true, ..BeaconOptions::default() };
        let table = lawful(&rows, seed, || Beacons::new(options));
        let columns = ["src_ip", "dst_ip", "dst_port", "protocol", "connections", "interval_ms"];
        let mut found = printed(&table, &columns);
        found.sort();
        prop_assert_eq!(found, dull(&rows, 3));
        for row in 0..table.len() {
            for score in ["score", "interval_score", "duration_score", "histogram_score"] {
                let value: f64 = cell(&table, score, row).parse().unwrap();
                prop_assert!((0.0..=1.0).contains(&value), "{score} {value}");
            }
        }
    }
}
