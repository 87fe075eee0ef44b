//! Tests of the filter language: seven rows that differ in everything, and who of them a filter keeps.

mod behaviour;
mod completion;
mod errors;
mod grammar;
mod laws;
mod oracle;
mod speed;

use super::*;
use crate::batch::{Group, Record};
use crate::origin::RuleOrigin;
use crate::tuple::Tuple;

/// 2024-05-01T09:00Z; row `n` was logged 10 `n` minutes later.
const START_MS: i64 = 1_714_554_000_000;

const NSG: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web-nsg";
const GUID: &str = "65624055-d088-44e6-9c98-b7cadd84885a";
const ZERO: &str = "00000000-0000-0000-0000-000000000000";

/// Tuple without its time, rule, ACL, NIC.
type Row = (&'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

const ROWS: [Row; 7] = [
    ("10.1.1.4,10.2.0.5,50000,22,6,O,B,NX,,,,", Some("UserRule_ssh"), Some(NSG), Some("00224871C205")),
    (
        "10.1.1.4,8.8.8.8,50001,53,17,O,E,NX_FALLBACK,10,1500,8,12000",
        Some("DefaultRule_AllowInternetOutBound"),
        Some(ZERO),
        Some("00224871C205"),
    ),
    ("203.0.113.9,10.1.1.4,40000,3389,6,I,D,NX,0,0,0,0", Some("nossh"), Some(GUID), Some("00224871C205")),
    (
        "10.2.0.5,10.1.1.4,443,8443,6,I,C,X,1000,20000000,2000,30000000",
        Some("PlatformRule"),
        Some(ZERO),
        Some("7C1E5264840B"),
    ),
    ("10.1.1.4,10.1.1.5,50002,8080,T,I,A,B,,,,", Some("UserRule_web"), None, Some("7C1E5264840B")),
    ("10.1.1.5,10.1.1.4,50003,80,U,O,D", None, None, None),
    (
        "fd00::4,2603:1020::1,50004,443,6,O,E,NX_HW_NOT_SUPPORTED,1,2,3,4",
        Some("unspecified"),
        Some("unspecified"),
        Some("7C1E5264840B"),
    ),
];

fn groups() -> Groups {
    Groups::from_pairs([
        ("10.1.0.0/16", "spoke1"),
        ("10.1.1.5/32", "spoke1/db"),
        ("10.2.0.0/16", "spoke2"),
        ("203.0.113.0/24", "Partner A"),
    ])
    .unwrap()
}

fn filter(text: &str) -> Filter {
    Filter::parse(text, &groups()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn rows() -> Batch {
    let mut batch = Batch::default();
    for (number, (text, rule, acl_id, mac)) in ROWS.into_iter().enumerate() {
        let time_ms = START_MS + number as i64 * 600_000;
        let tuple =
            Tuple::parse(&format!("{time_ms},{text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
        let record = Record {
            time_ms: (number != 5).then_some(time_ms + 30_000),
            mac: mac.map(|mac| batch.texts.intern(mac)),
            target_resource_id: (number < 4).then(|| batch.texts.intern("/subscriptions/s/VNET1")),
            flow_log_resource_id: (number < 4).then(|| batch.texts.intern("/SUBSCRIPTIONS/S/FLOWLOG1")),
            source: batch.texts.intern(if number < 5 { "new/PT1H.json" } else { "old/PT1H.json" }),
            number: number as u64,
            offset: 0,
            identity: 0,
        };
        batch.records.push(record);
        let group = Group {
            record: number as u32,
            rule: rule.map(|rule| batch.texts.intern(rule)),
            acl_id: acl_id.map(|acl_id| batch.texts.intern(acl_id)),
            mac: mac.map(|mac| batch.texts.intern(mac)),
            rule_origin: RuleOrigin::of(rule, acl_id),
        };
        batch.groups.push(group);
        batch.push(&tuple, number as u32);
        batch.offset.push(number as u64 * 1000);
    }
    batch
}

/// The numbers of the rows that the filter keeps, by columns and one by one.
fn kept(filter: &Filter) -> Vec<usize> {
    let batch = rows();
    let mask = filter.mask(&batch);
    assert_eq!(mask, kept_one_by_one(filter, &batch), "{}", filter.explain());
    (0..batch.len()).filter(|row| mask[*row]).collect()
}

/// What the evaluator says of each row.
fn kept_one_by_one(filter: &Filter, batch: &Batch) -> Vec<bool> {
    let mut evaluator = filter.evaluator();
    let rows = 0..batch.len();
    rows.map(|row| {
        let (group, record) = batch.place(row).unwrap();
        evaluator.enter(&Context::of(batch, group, record));
        match evaluator.test(&batch.tuple(row).unwrap(), batch.offset[row]) {
            Verdict::Keep => true,
            Verdict::Drop => false,
            Verdict::Undecided => panic!("nothing is unknown here"),
        }
    })
    .collect()
}

/// Checks one table of filters and the rows that each keeps.
fn check(table: &[(&str, &[usize])]) {
    for (text, expected) in table {
        let filter = filter(text);
        assert_eq!(kept(&filter), *expected, "{text}, read as {}", filter.explain());
        let explained = filter.explain();
        let again =
            Filter::parse(&explained, &groups()).unwrap_or_else(|error| panic!("{explained}: {error}"));
        assert_eq!(again.expression(), filter.expression(), "{text}, explained as {explained}");
    }
}
