//! Verdicts over time, and the sentence that says them.

use super::*;
use crate::aggregate::tests::trials::{self, TestRow, in_pieces, lawful, printed, row, whole};
use proptest::prelude::*;

const COLUMNS: [&str; 6] = ["src_ip", "mac", "rule", "verdict", "tries", "bytes"];

fn question() -> Why {
    Why::new([10, 1, 2, 20].into(), [10, 1, 1, 4].into(), Some(22))
}

fn ssh(
    after_ms: i64,
    state: &str,
    counters: &str,
    rule: &'static str,
    mac: &'static str,
    way: char,
) -> TestRow {
    let acl_id = if rule == "nossh" { "manager" } else { "/networkSecurityGroups/web" };
    let text = format!("10.1.2.20,10.1.1.4,50000,22,6,{way},{state},NX,{counters}");
    TestRow { acl_id: Some(acl_id), ..row(after_ms, &text, rule, mac) }
}

fn tries() -> Vec<TestRow> {
    let other = row(0, "10.1.1.5,10.1.1.4,40000,443,6,I,B,NX,0,0,0,0", "UserRule_web", "WEB");
    let mut rows = vec![other.clone(), other];
    rows.push(ssh(0, "B", "0,0,0,0", "UserRule_ssh", "CLIENT", 'O'));
    rows.push(ssh(2, "B", "0,0,0,0", "UserRule_ssh", "WEB", 'I'));
    rows.push(ssh(900_000, "E", "9,900,8,800", "UserRule_ssh", "CLIENT", 'O'));
    for number in 0..14 {
        rows.push(ssh(600_000 + number * 60_000, "D", "0,0,0,0", "nossh", "CLIENT", 'O'));
    }
    rows
}

#[test]
fn verdicts_follow_each_other_and_a_session_from_before_is_no_verdict_of_today() {
    let table = whole(&tries(), question).finish();
    assert_eq!(
        printed(&table, &COLUMNS),
        [
            ["10.1.2.20", "CLIENT", "UserRule_ssh", "allow", "1", "1700"],
            ["10.1.2.20", "WEB", "UserRule_ssh", "allow", "1", "0"],
            ["10.1.2.20", "CLIENT", "nossh", "deny", "14", "0"],
        ]
    );
}

#[test]
fn the_sentence_names_rule_nic_number_and_time() {
    let denied: Vec<TestRow> = tries().into_iter().filter(|row| row.rule != Some("UserRule_ssh")).collect();
    assert_eq!(
        whole(&denied, question).sentence(),
        "10.1.2.20 to 10.1.1.4 on port 22: denied by the security admin rule `nossh` at NIC CLIENT 14 times from \
         2024-05-01T09:10:00.000Z until 2024-05-01T09:23:00.000Z; no NIC of 10.1.1.4 logged it"
    );
    let allowed: Vec<TestRow> = tries().into_iter().filter(|row| row.rule != Some("nossh")).collect();
    assert_eq!(
        whole(&allowed, question).sentence(),
        "10.1.2.20 to 10.1.1.4 on port 22: allowed by the rule `UserRule_ssh` at NIC CLIENT once, at \
         2024-05-01T09:00:00.000Z; allowed by the rule `UserRule_ssh` at NIC WEB once, at \
         2024-05-01T09:00:00.002Z; and answered"
    );
    assert!(whole(&tries(), question).sentence().starts_with("10.1.2.20 to 10.1.1.4 on port 22: denied by"));
    assert_eq!(
        whole(&tries(), || Why::new([10, 1, 2, 20].into(), [10, 1, 1, 4].into(), Some(23))).sentence(),
        "10.1.2.20 to 10.1.1.4 on port 23: no tuple, the log can't tell: both NICs logged other flows only, so it \
         was not asked for, or a flow-log filter left it out"
    );
}

#[test]
fn a_rule_that_comes_and_goes_makes_three_stretches() {
    let rows = [
        ssh(0, "B", ",,,", "UserRule_ssh", "CLIENT", 'O'),
        ssh(1000, "D", ",,,", "nossh", "CLIENT", 'O'),
        ssh(2000, "B", ",,,", "UserRule_ssh", "CLIENT", 'O'),
    ];
    let table = whole(&rows, question).finish();
    let verdicts = printed(&table, &["verdict", "bytes"]);
    assert_eq!(verdicts, [["allow", "-"], ["deny", "-"], ["allow", "-"]]);
}

proptest! {
    #[test]
    fn every_try_stands_in_one_stretch_in_any_order(rows in trials::rows(120), seed in any::<u64>(), port in prop::option::of(Just(22))) {
        let (src, dst) = ("10.1.1.4".parse().unwrap(), "203.0.113.9".parse().unwrap());
        let new = || Why::new(src, dst, port);
        let table = lawful(&rows, seed, new);
        prop_assert_eq!(in_pieces(&rows, seed, new).sentence(), whole(&rows, new).sentence());
        let is_asked = |row: &&TestRow| {
            let ends = (row.tuple.src_ip, row.tuple.dst_ip);
            (ends == (src, dst) || ends == (dst, src)) && port.is_none_or(|port| port == row.tuple.dst_port)
        };
        let asked: Vec<&TestRow> = rows.iter().filter(is_asked).collect();
        let sum = |column| -> u64 {
            printed(&table, &[column]).iter().filter_map(|cells| cells[0].parse::<u64>().ok()).sum()
        };
        prop_assert_eq!(sum("tries"), asked.iter().filter(|row| row.tuple.starts_flow()).count() as u64);
        let bytes = asked.iter().map(|row| row.tuple.counters);
        let bytes: u64 = bytes.map(|one| one.bytes_src_to_dst.unwrap_or(0) + one.bytes_dst_to_src.unwrap_or(0)).sum();
        prop_assert_eq!(sum("bytes"), bytes);
    }
}
