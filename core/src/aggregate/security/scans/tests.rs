//! Who is a scanner and who is not.

use super::*;
use crate::aggregate::answer::Answer;
use crate::aggregate::tests::trials::{self, TestRow, lawful, printed, row, whole};
use crate::tuple::{Action, State};
use proptest::prelude::*;
use std::collections::BTreeSet;

const COLUMNS: [&str; 7] = ["src_ip", "kind", "targets", "ports", "tries", "denied", "answered"];

fn probe(target: u8, port: u16) -> TestRow {
    let text = format!("203.0.113.9,10.1.1.{target},50000,{port},6,I,D,NX,0,0,0,0");
    row(i64::from(port), &text, "DefaultRule_DenyAllInBound", "A")
}

fn answer(target: u8, port: u16) -> TestRow {
    let text = format!("203.0.113.9,10.1.1.{target},50000,{port},6,I,E,NX,4,400,4,400");
    row(i64::from(port), &text, "UserRule_web", "A")
}

fn found(rows: &[TestRow]) -> Vec<Vec<String>> {
    printed(&whole(rows, || Scans::new(ScanOptions::default())).finish(), &COLUMNS)
}

#[test]
fn the_kind_follows_from_ports_and_targets() {
    let mut vertical: Vec<TestRow> = (1..=15).map(|port| probe(4, port)).collect();
    vertical.extend([answer(4, 443), answer(5, 443)]);
    assert_eq!(found(&vertical), [["203.0.113.9", "vertical", "1", "15", "15", "15", "1"]]);
    let mut horizontal: Vec<TestRow> = (1..=15).map(|target| probe(target, 3389)).collect();
    horizontal.extend([answer(4, 443), answer(99, 3389)]);
    assert_eq!(found(&horizontal), [["203.0.113.9", "horizontal", "15", "1", "15", "15", "1"]]);
    horizontal.extend(vertical);
    assert_eq!(found(&horizontal), [["203.0.113.9", "block", "15", "16", "30", "30", "2"]]);
    let few: Vec<TestRow> = (1..=14).map(|target| probe(target, 3389)).collect();
    assert!(found(&few).is_empty());
}

#[test]
fn dead_ports_that_add_up_over_days_are_no_scan() {
    let daily = |port: u16| {
        let text = format!("203.0.113.9,10.1.1.4,50000,{port},6,I,D,NX,0,0,0,0");
        row(i64::from(port) * 86_400_000, &text, "DefaultRule_DenyAllInBound", "A")
    };
    let rows: Vec<TestRow> = (1..=60).map(daily).collect();
    assert!(found(&rows).is_empty());
}

#[test]
fn a_busy_client_of_many_servers_is_no_scanner() {
    let rows: Vec<TestRow> = (1..=200).map(|target| answer(target, 443)).collect();
    assert!(found(&rows).is_empty());
}

#[test]
fn late_answers_of_a_service_are_no_scan() {
    let late = |port: u16| {
        row(
            0,
            &format!("10.1.1.4,203.0.113.9,443,{port},6,O,D,NX,0,0,0,0"),
            "DefaultRule_DenyAllInBound",
            "A",
        )
    };
    let rows: Vec<TestRow> = (40_000..40_100).map(late).collect();
    assert!(found(&rows).is_empty());
}

fn dull(rows: &[TestRow], options: ScanOptions) -> Vec<Vec<String>> {
    let rows: Vec<&TestRow> =
        rows.iter().filter(|row| row.tuple.src_port >= 1024 || row.tuple.dst_port < 32_768).collect();
    let mut found = Vec::new();
    for source in rows.iter().map(|row| row.tuple.src_ip).collect::<BTreeSet<_>>() {
        let own: Vec<&&TestRow> = rows.iter().filter(|row| row.tuple.src_ip == source).collect();
        let key = |row: &TestRow| (row.tuple.dst_ip, row.tuple.dst_port, row.tuple.protocol);
        let (mut probes, mut answers, mut tries, mut denied) = (BTreeMap::new(), BTreeSet::new(), 0, 0);
        for wanted in own.iter().map(|row| key(row)).collect::<BTreeSet<_>>() {
            let of_key: Vec<&&&TestRow> = own.iter().filter(|row| key(row) == wanted).collect();
            let has = |answer| {
                of_key
                    .iter()
                    .any(|row| Answer::of(&trials::batch_of(core::slice::from_ref(**row)), 0) == answer)
            };
            if has(Answer::Came) {
                answers.insert((wanted.0, wanted.1));
                continue;
            }
            if !has(Answer::Missing) {
                continue;
            }
            let first_ms = of_key.iter().map(|row| row.tuple.time_ms).min().unwrap();
            let known = probes.entry((wanted.0, wanted.1)).or_insert(first_ms);
            *known = first_ms.min(*known);
            let places: BTreeSet<_> = of_key.iter().map(|row| (row.mac, row.tuple.direction)).collect();
            let (mut most, mut most_denied) = (0, 0);
            for place in places {
                let count = |wanted: &dyn Fn(&TestRow) -> bool| {
                    of_key.iter().filter(|row| (row.mac, row.tuple.direction) == place && wanted(row)).count()
                };
                let denied = count(&|row| row.tuple.action == Action::Deny);
                let begun = count(&|row| row.tuple.action == Action::Allow && row.tuple.starts_flow());
                let ended =
                    count(&|row| row.tuple.action == Action::Allow && row.tuple.state == Some(State::End));
                most = most.max(denied + begun.max(ended));
                most_denied = most_denied.max(denied);
            }
            tries += most;
            denied += most_denied;
        }
        let targets: BTreeSet<IpAddr> = probes.keys().map(|(target, _)| *target).collect();
        let ports: BTreeSet<u16> = probes.keys().map(|(_, port)| *port).collect();
        let burst = |least: usize, wanted: &dyn Fn(&(IpAddr, u16)) -> bool| {
            let times: Vec<i64> =
                probes.iter().filter(|(key, _)| wanted(key)).map(|(_, time)| *time).collect();
            let within = |first: i64| {
                times.iter().filter(move |time| (0..=options.window_ms).contains(&(**time - first)))
            };
            times.iter().any(|first| within(*first).count() >= least)
        };
        let vertical = |target: IpAddr| burst(options.vertical_ports, &|key| key.0 == target);
        let horizontal = |port: u16| burst(options.horizontal_targets, &|key| key.1 == port);
        let kind = match (targets.iter().any(|one| vertical(*one)), ports.iter().any(|one| horizontal(*one)))
        {
            (true, true) => "block",
            (true, false) => "vertical",
            (false, true) => "horizontal",
            (false, false) => continue,
        };
        let hits = answers.iter().filter(|(target, port)| vertical(*target) || horizontal(*port)).count();
        let numbers = [targets.len(), ports.len(), tries, denied, hits];
        let mut cells = vec![source.to_string(), kind.to_owned()];
        cells.extend(numbers.map(|number| number.to_string()));
        found.push((Reverse(tries), source, cells));
    }
    found.sort();
    found.into_iter().map(|(_, _, cells)| cells).collect()
}

proptest! {
    #[test]
    fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(120), seed in any::<u64>()) {
        let options = ScanOptions { vertical_ports: 2, horizontal_targets: 3, window_ms: 7_200_000 };
        let table = lawful(&rows, seed, || Scans::new(options));
        prop_assert_eq!(printed(&table, &COLUMNS), dull(&rows, options));
    }
}
