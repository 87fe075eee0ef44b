//! For tests: rows at random, and the law that merging in any order gives the same answer.
//!
//! Values come from small pools, so that keys meet again.

use crate::aggregate::{Aggregate, FlowPasts, Pasts, Portion};
use crate::batch::{Batch, Group, Record};
use crate::origin::RuleOrigin;
use crate::table::{Table, Values};
use crate::tuple::{Action, Counters, Direction, State, Tuple};
use core::net::IpAddr;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// One row and where it was logged.
#[derive(Clone, Debug)]
pub(crate) struct TestRow {
    pub(crate) tuple: Tuple,
    pub(crate) rule: Option<&'static str>,
    pub(crate) acl_id: Option<&'static str>,
    pub(crate) mac: Option<&'static str>,
}

/// 2024-05-01T09:00Z.
pub(crate) const START_MS: i64 = 1_714_554_000_000;

const ADDRESSES: [&str; 8] = [
    "10.1.1.4",
    "10.1.1.5",
    "10.1.2.20",
    "10.2.0.5",
    "203.0.113.9",
    "203.0.113.77",
    "198.51.100.23",
    "2001:db8::1",
];

/// A row from a tuple's text, which leaves out the time, a rule and a NIC.
pub(crate) fn row(after_ms: i64, text: &str, rule: &'static str, mac: &'static str) -> TestRow {
    let text = format!("{},{text}", START_MS + after_ms);
    let tuple = Tuple::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    TestRow { tuple, rule: Some(rule), acl_id: Some("nsg"), mac: Some(mac) }
}

/// Up to that many rows at random, over two days.
pub(crate) fn rows(most: usize) -> impl Strategy<Value = Vec<TestRow>> {
    vec(any_row(), 0..most)
}

fn any_row() -> impl Strategy<Value = TestRow> {
    let address = || select(&ADDRESSES[..]).prop_map(|text| text.parse::<IpAddr>().unwrap());
    let port = select(&[22_u16, 53, 443, 3389, 40_000][..]);
    let time = prop_oneof![2 => 0..7_200_000_i64, 1 => 0..172_800_000_i64];
    let ends = (time, address(), address(), select(&[80_u16, 50_000, 50_001, 50_002][..]), port);
    let kind =
        (select(&[6_u8, 17][..]), select(Direction::ALL), 0..4_u8, select(&[1_u8, 2, 4][..]), any::<bool>());
    let counter = || option::weighted(0.8, prop_oneof![1 => Just(0_u64), 2 => 1..5_000_u64]);
    let counters = (counter(), counter(), counter(), counter());
    let rules = option::weighted(0.9, select(&["UserRule_web", "nossh", "DefaultRule_DenyAllInBound"][..]));
    let acls = option::weighted(0.9, select(&["/networkSecurityGroups/web", "manager"][..]));
    let macs = option::weighted(0.9, select(&["00224871C205", "00224871C206", "7C1E5264840B"][..]));
    (ends, kind, counters, rules, acls, macs).prop_map(|(ends, kind, counters, rule, acl_id, mac)| {
        let (after_ms, src_ip, dst_ip, src_port, dst_port) = ends;
        let (protocol, direction, state, version, is_denied) = kind;
        // A version 4 denial is a state of its own.
        let is_denied = if version == 4 { state == 3 } else { is_denied };
        let action = if is_denied { Action::Deny } else { Action::Allow };
        let state = match (version, state) {
            (1, _) => None,
            (_, 0) => Some(State::Begin),
            (_, 1) => Some(State::Continue),
            (4, 3) => Some(State::Deny),
            _ => Some(State::End),
        };
        let (packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src) = counters;
        let counters = if version == 1 {
            Counters::default()
        } else {
            Counters { packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src }
        };
        let tuple = Tuple {
            time_ms: START_MS + after_ms,
            src_ip,
            dst_ip,
            src_port,
            dst_port,
            protocol,
            direction,
            action,
            state,
            encryption: None,
            counters,
            version,
        };
        TestRow { tuple, rule, acl_id, mac }
    })
}

/// The rows as one batch.
pub(crate) fn batch_of(rows: &[TestRow]) -> Batch {
    let mut batch = Batch::default();
    for row in rows {
        let mac = row.mac.map(|mac| batch.texts.intern(mac));
        let record = Record {
            time_ms: Some(row.tuple.time_ms),
            mac,
            target_resource_id: Some(batch.texts.intern("/subscriptions/s/vnet")),
            flow_log_resource_id: Some(batch.texts.intern("/SUBSCRIPTIONS/S/FLOWLOG")),
            source: batch.texts.intern("PT1H.json"),
            number: 0,
            offset: 0,
            identity: batch.records.len() as u128,
        };
        let group = Group {
            record: batch.records.len() as u32,
            rule: row.rule.map(|rule| batch.texts.intern(rule)),
            acl_id: row.acl_id.map(|acl_id| batch.texts.intern(acl_id)),
            mac,
            rule_origin: RuleOrigin::of(row.rule, row.acl_id),
        };
        batch.push(&row.tuple, batch.groups.len() as u32);
        batch.records.push(record);
        batch.groups.push(group);
    }
    batch
}

/// What workers with these batches tell of what came before their rows.
pub(crate) fn told(workers: &[Vec<Batch>]) -> Vec<Vec<Pasts>> {
    let mut flows = vec![FlowPasts::new(); workers.len()];
    for (flows, batches) in flows.iter_mut().zip(workers) {
        batches.iter().for_each(|batch| flows.add(batch));
    }
    // So small that some flows seem to be shared that are not.
    let blooms: Vec<Vec<u8>> = flows.iter().map(|flows| flows.bloom(6)).collect();
    for (flows, others) in flows.iter_mut().zip(FlowPasts::share_out_blooms(&blooms).unwrap()) {
        flows.keep_bloom(&others).unwrap();
    }
    for portion in (0..3).map(|number| Portion { number, of: 3 }) {
        let shares = FlowPasts::share_out(flows.iter().map(|flows| flows.to_bytes(portion))).unwrap();
        for (flows, share) in flows.iter_mut().zip(&shares) {
            flows.keep(portion, share).unwrap();
        }
    }
    for (flows, batches) in flows.iter_mut().zip(workers) {
        if flows.needs_times() {
            batches.iter().for_each(|batch| flows.add_times(batch));
        }
    }
    let times = FlowPasts::share_out_times(flows.iter().map(FlowPasts::times_to_bytes)).unwrap();
    let tell = |((mut flows, times), batches): ((FlowPasts, &Vec<u8>), &Vec<Batch>)| {
        flows.keep_times(times).unwrap();
        batches.iter().map(|batch| flows.pasts(batch)).collect()
    };
    flows.into_iter().zip(&times).zip(workers).map(tell).collect()
}

/// One aggregate over all rows in one batch.
pub(crate) fn whole<A: Aggregate>(rows: &[TestRow], new: impl Fn() -> A) -> A {
    let mut aggregate = new();
    aggregate.add(&batch_of(rows));
    aggregate
}

/// One aggregate over the rows in an order that the seed decides, in pieces that were merged in such an order.
pub(crate) fn in_pieces<A: Aggregate>(rows: &[TestRow], seed: u64, new: impl Fn() -> A) -> A {
    let mut state = seed | 1;
    let mut dice = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    let mut rows = rows.to_vec();
    for last in (1..rows.len()).rev() {
        rows.swap(last, dice(last + 1));
    }
    let mut pieces: Vec<A> = Vec::new();
    while !rows.is_empty() {
        let batch = batch_of(&rows.split_off(rows.len() - 1 - dice(rows.len())));
        match pieces.last_mut() {
            Some(piece) if dice(2) == 0 => piece.add(&batch),
            _ => {
                let mut piece = new();
                piece.add(&batch);
                pieces.push(piece);
            }
        }
    }
    let mut all = new();
    while !pieces.is_empty() {
        let mut piece = pieces.swap_remove(dice(pieces.len()));
        match dice(3) {
            0 => all.merge(piece),
            1 => all.merge_bytes(&piece.to_bytes()).unwrap(),
            _ => {
                core::mem::swap(&mut all, &mut piece);
                all.merge(piece);
            }
        }
    }
    all
}

/// The answer over the rows, after a check that any split and order gives the same one.
pub(crate) fn lawful<A: Aggregate<Answer = Table>>(
    rows: &[TestRow],
    seed: u64,
    new: impl Fn() -> A,
) -> Table {
    let table = whole(rows, &new).finish();
    assert_eq!(in_pieces(rows, seed, &new).finish(), table, "merged in pieces");
    table
}

/// The table as rows of text, for plain comparisons: null is `-`, columns in the order asked for.
pub(crate) fn printed(table: &Table, columns: &[&str]) -> Vec<Vec<String>> {
    (0..table.len()).map(|row| columns.iter().map(|name| cell(table, name, row)).collect()).collect()
}

/// One value of a table as text.
pub(crate) fn cell(table: &Table, column: &str, row: usize) -> String {
    let null = || "-".to_owned();
    match table.column(column).unwrap_or_else(|| panic!("no column {column}")) {
        Values::U8(values) => values[row].map_or_else(null, |value| value.to_string()),
        Values::U16(values) => values[row].map_or_else(null, |value| value.to_string()),
        Values::U64(values) => values[row].map_or_else(null, |value| value.to_string()),
        Values::F64(values) => values[row].map_or_else(null, |value| format!("{value:.6}")),
        Values::Text(values) => values.get(row).map_or_else(null, str::to_owned),
        Values::TimeMs(values) => values[row].map_or_else(null, |value| value.to_string()),
        other => panic!("no cell of {other:?}"),
    }
}
