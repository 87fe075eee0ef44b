//! Findings: each kind is found, and each one's filter shows its evidence.

use super::*;
use crate::aggregate::tests::trials::{self, TestRow, batch_of, cell, lawful, printed, row, whole};
use crate::filter::Filter;
use crate::groups::Groups;
use proptest::prelude::*;
use proptest::sample::select;

/// Every filter parses and keeps a row.
fn check_filters(table: &Table, rows: &[TestRow]) {
    let batch = batch_of(rows);
    for number in 0..table.len() {
        let text = cell(table, "filter", number);
        let filter = Filter::parse(&text, &Groups::new()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(filter.mask(&batch).contains(&true), "{text} keeps nothing");
    }
}

fn kinds(rows: &[TestRow], options: &FindingsOptions) -> Vec<Vec<String>> {
    let table = whole(rows, || Findings::new(options.clone())).finish();
    check_filters(&table, rows);
    printed(&table, &["severity", "kind", "src_ip", "dst_ip", "dst_port"])
}

#[test]
fn an_administrative_port_that_answers_the_internet_is_the_worst_exposure() {
    let rows = [
        row(0, "203.0.113.9,10.1.1.4,50000,3389,6,I,E,NX,5,500,4,400", "UserRule_rdp", "A"),
        row(0, "203.0.113.9,10.1.1.4,50000,443,6,I,E,NX,5,500,4,400", "UserRule_web", "A"),
        row(0, "203.0.113.9,10.1.1.5,50000,22,6,I,E,NX,1,124,0,0", "UserRule_ssh", "A"),
        row(0, "203.0.113.9,10.1.1.5,50000,22,6,I,B,NX,0,0,0,0", "UserRule_ssh", "A"),
        row(0, "203.0.113.9,10.1.1.5,50000,23,6,I,D,NX,0,0,0,0", "nossh", "A"),
    ];
    assert_eq!(
        kinds(&rows, &FindingsOptions::default()),
        [
            ["high", "exposed", "-", "10.1.1.4", "3389"],
            ["medium", "exposed", "-", "10.1.1.5", "22"],
            ["low", "exposed", "-", "10.1.1.4", "443"],
        ]
    );
}

#[test]
fn a_block_list_is_matched_at_both_ends() {
    let rows = [
        row(0, "203.0.113.9,10.1.1.4,50000,3389,6,I,D,NX,0,0,0,0", "nossh", "A"),
        row(0, "10.1.1.5,203.0.113.10,50000,443,6,O,E,NX,5,500,4,400", "UserRule_out", "B"),
    ];
    let options =
        FindingsOptions { block_list: vec!["203.0.113.0/24".parse().unwrap()], ..Default::default() };
    assert_eq!(
        kinds(&rows, &options),
        [
            ["high", "blocked_address", "10.1.1.5", "203.0.113.10", "-"],
            ["medium", "blocked_address", "10.1.1.4", "203.0.113.9", "-"],
        ]
    );
}

#[test]
fn fan_out_upload_and_long_sessions_are_found() {
    let fanout = (1..=5).map(|target| {
        let text = format!("10.1.2.20,10.1.1.{target},50000,445,6,O,E,NX,5,500,4,400");
        row(0, &text, "UserRule_smb", "A")
    });
    let mut rows: Vec<TestRow> = fanout.collect();
    // Two NICs log the upload: it counts once.
    for mac in ["B", "C"] {
        rows.push(row(0, "10.1.2.21,203.0.113.8,50000,443,6,O,E,NX,9,60000000,9,1000", "UserRule_out", mac));
    }
    let options = FindingsOptions { upload_bytes: 60_000_001, ..Default::default() };
    assert_eq!(kinds(&rows, &options), [["high", "admin_fanout", "10.1.2.20", "-", "-"]]);
    let options = FindingsOptions { upload_bytes: 60_000_000, ..Default::default() };
    assert_eq!(kinds(&rows, &options)[1], ["medium", "upload", "10.1.2.21", "-", "-"]);

    let going_on = |minute: i64| {
        row(minute * 60_000, "10.1.2.21,10.1.1.4,61000,5432,6,O,C,NX,9,900,9,900", "UserRule_x", "A")
    };
    let long: Vec<TestRow> = (0..=144).map(|number| going_on(number * 5)).collect();
    assert_eq!(kinds(&long, &options), [["info", "long_session", "10.1.2.21", "10.1.1.4", "5432"]]);
    // The same port used twice, half a day apart, is no long session.
    assert!(kinds(&[going_on(0), going_on(720)], &options).is_empty());
}

#[test]
fn new_and_rare_peers_count_from_a_date() {
    let ask = |hour: i64, src: &str, dst: &str| {
        let text = format!("{src},{dst},50000,443,6,O,E,NX,5,500,4,400");
        row(hour * 3_600_000, &text, "UserRule_out", "A")
    };
    let rows = [
        ask(0, "10.1.1.4", "10.1.1.9"),
        ask(5, "10.1.1.4", "10.1.1.9"),
        ask(6, "10.1.1.4", "203.0.113.8"),
        ask(6, "10.1.1.5", "203.0.113.9"),
        ask(7, "10.1.1.4", "203.0.113.9"),
    ];
    let options = FindingsOptions { since_ms: Some(trials::START_MS + 3 * 3_600_000), ..Default::default() };
    assert_eq!(
        kinds(&rows, &options),
        [["low", "new_peers", "10.1.1.4", "-", "-"], ["info", "rare_peers", "10.1.1.4", "-", "-"]]
    );
    let table = whole(&rows, || Findings::new(options.clone())).finish();
    let reason = "asks 2 destinations since 2024-05-01T12:00:00.000Z that it had not asked before";
    assert_eq!(cell(&table, "reason", 0), reason);
}

#[test]
fn a_beacon_and_a_scan_are_among_the_findings() {
    let mut rows = Vec::new();
    for number in 0..60_i64 {
        let text = format!("10.1.2.21,203.0.113.77,{},443,6,O,D,NX,0,0,0,0", 50_000 + number);
        rows.push(row(number * 60_000, &text, "nossh", "A"));
    }
    for port in 1..=20 {
        let text = format!("198.51.100.23,10.1.1.4,50000,{port},6,I,D,NX,0,0,0,0");
        rows.push(row(port, &text, "DefaultRule_DenyAllInBound", "A"));
    }
    assert_eq!(
        kinds(&rows, &FindingsOptions::default()),
        [["high", "beacon", "10.1.2.21", "203.0.113.77", "443"], ["low", "scan", "198.51.100.23", "-", "-"],]
    );
}

proptest! {
    #[test]
    fn every_filter_shows_rows_and_the_order_of_merging_makes_no_difference(rows in trials::rows(120), seed in any::<u64>()) {
        let options = FindingsOptions {
            block_list: vec!["203.0.113.77/32".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            fanout_targets: 2,
            upload_bytes: 1_000,
            upload_ratio: 1,
            long_session_ms: 60_000,
            since_ms: Some(trials::START_MS + 3_600_000),
            one_way_tries: 1,
            beacon_score: 0.1,
            scans: ScanOptions { vertical_ports: 2, horizontal_targets: 2, ..ScanOptions::default() },
            ..FindingsOptions::default()
        };
        let table = lawful(&rows, seed, || Findings::new(options.clone()));
        check_filters(&table, &rows);
    }

    #[test]
    fn what_is_told_of_a_filter_is_what_its_rows_answer(
        rows in trials::rows(300),
        filter in select(&KEEPS_CONVERSATIONS[..]),
        seed in any::<u64>(),
    ) {
        // Every other row is of one conversation, so that there are beacons. Ports are told apart by the conversation.
        let mut rows = rows;
        for row in &mut rows {
            let is_service = row.tuple.dst_port == 53 && row.tuple.protocol == 17;
            row.tuple.src_port = if is_service { 53 } else { row.tuple.src_port.max(22_000) };
        }
        for row in rows.iter_mut().step_by(2) {
            row.tuple.src_ip = "10.1.1.5".parse().unwrap();
            row.tuple.dst_ip = "203.0.113.9".parse().unwrap();
            (row.tuple.src_port, row.tuple.dst_port, row.tuple.protocol) = (50_000, 443, 6);
        }
        let filter = Filter::parse(filter, &Groups::new()).unwrap();
        let mask = filter.mask(&batch_of(&rows));
        let kept: Vec<TestRow> = rows.iter().zip(mask).filter(|(_, keep)| *keep).map(|(row, _)| row.clone()).collect();
        let names = ["findings", "exposure", "beacons", "one_way"];
        let mut all = trials::in_pieces(&rows, seed, Findings::default);
        let told = all.answers(Some(&filter), &names).unwrap();
        let tables = [
            whole(&kept, Findings::default).finish(),
            whole(&kept, Exposure::new).finish(),
            whole(&kept, Beacons::default).finish(),
            whole(&kept, OneWay::new).finish(),
        ];
        for ((section, name), table) in told.iter().zip(names).zip(tables) {
            prop_assert_eq!(section.name, name);
            prop_assert_eq!(&section.table, &table);
            prop_assert_eq!(all.answers(Some(&filter), &[name]).unwrap(), [section.clone()]);
        }
        // The findings are still those of all rows.
        prop_assert_eq!(all.finish(), whole(&rows, Findings::default).finish());
    }
}

const KEEPS_CONVERSATIONS: [&str; 11] = [
    "tcp",
    "not dst port 443",
    "not port 443",
    "port 53",
    "not (src port 53 or dst port 22)",
    "host 10.1.1.5 and inbound",
    "src public",
    "10.0.0.0/8 or mac 00224871C205",
    "outbound and not dst port in (22, 53)",
    "udp or 2001:db8::1",
    "host 10.9.9.9",
];

#[test]
fn a_filter_that_may_keep_a_part_of_a_conversation_is_not_told() {
    let rows = [
        row(0, "203.0.113.9,10.1.1.4,50000,443,6,I,E,NX,5,500,4,400", "UserRule_web", "A"),
        row(1, "203.0.113.9,10.1.1.4,443,443,6,I,E,NX,5,500,4,400", "UserRule_web", "A"),
    ];
    let mut all = whole(&rows, Findings::default);
    for text in [
        "denied",
        "rule nossh",
        "src port 50000",
        "src port 443",
        "bytes > 1",
        "time >= 2024-05-01",
        "state E",
        "version 4",
    ] {
        let filter = Filter::parse(text, &Groups::new()).unwrap();
        assert_eq!(all.answers(Some(&filter), &["findings"]), None, "{text}");
    }
    let both = Filter::parse("src port 443 or dst port 443", &Groups::new()).unwrap();
    assert!(all.answers(Some(&both), &["findings"]).is_some());
    assert_eq!(all.answers(None, &["scans"]), None);
}
