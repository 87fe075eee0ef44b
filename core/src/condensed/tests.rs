//! Cells give every analysis the answer that their rows give.

use super::*;
use crate::aggregate::tests::trials::{START_MS, TestRow, batch_of, row, rows, told};
use crate::aggregate::{Aggregate, Analysis, Pasts};
use crate::groups::Groups;
use crate::table::Section;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

/// Questions, and whether cells are enough for them (of conversations only with whole flows).
fn questions() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("summary", json!({}), true),
        ("top", json!({}), true),
        ("top", json!({"by": ["src_net/24", "rule", "action"], "metric": "peers"}), true),
        ("top", json!({"by": ["src_port"]}), false),
        ("top", json!({"by": ["source", "dst_ip"]}), false),
        ("conversations", json!({}), true),
        ("timeline", json!({"every": "1h", "by": "rule", "spread": false}), true),
        ("timeline", json!({"every": "7s", "by": ["dst_port", "direction"], "spread": false}), true),
        ("timeline", json!({"by": "state", "spread": false}), false),
        ("timeline", json!({}), true),
        ("timeline", json!({"every": "1h"}), true),
        ("timeline", json!({"every": "5m", "by": "dst_port"}), true),
        ("matrix", json!({}), true),
        ("rules", json!({}), true),
        ("rules", json!({"nsg": {"securityRules": []}}), true),
        ("denied", json!({}), true),
        ("encryption", json!({}), true),
        ("endpoints", json!({}), true),
        ("exposure", json!({}), true),
        ("one_way", json!({}), true),
        ("scans", json!({"vertical_ports": 2, "horizontal_targets": 2, "window": "7d"}), true),
        ("beacons", json!({"min_connections": 3, "internal": true}), true),
        (
            "findings",
            json!({"one_way_tries": 1, "fanout_targets": 2, "long_session": "1m", "upload_bytes": 1}),
            true,
        ),
        ("check", json!({"policy": "{\"allow\": []}"}), true),
        ("sessions", json!({}), false),
    ]
}

/// True where cells are enough only beside their rows.
fn needs_rows(name: &str, parameters: &Value) -> bool {
    match name {
        "timeline" => parameters["spread"] == false || parameters["every"] == "7s",
        _ => ["endpoints", "exposure", "scans", "beacons", "findings"].contains(&name),
    }
}

const FILTERS: [&str; 19] = [
    "",
    "tcp",
    "not src 10.1.1.4 and not port 53",
    "dst port 443 or 10.0.0.0/14",
    "inbound and mac 00224871C205",
    "denied",
    "rule nossh",
    "acl manager or rule_origin user",
    "version 2",
    "tcp and not port 80",
    "state E or time >= 2024-05-01T10:00Z",
    "bytes > 1000 or src port 50001",
    "time >= 2024-05-01T09:30Z",
    "tcp and time in 2024-05-01T09:10Z..2024-05-01T10:00Z",
    "(port 443 or port 53) and time < 2024-05-01T09:30Z",
    "not rule nossh",
    "rule_origin user or not encrypted",
    "not rule r and time >= 2024-05-01T09:20Z",
    "source PT1H.json and tcp",
];

/// A worker's batches and what it made of them.
struct Worker {
    batches: Vec<Batch>,
    cells: Vec<Option<Cells>>,
    pasts: Vec<Pasts>,
}

fn workers(parts: &[&[TestRow]]) -> Vec<Worker> {
    let of_part = |rows: &&[TestRow]| rows.chunks(rows.len().div_ceil(3).max(1)).map(batch_of).collect();
    let batches: Vec<Vec<Batch>> = parts.iter().map(of_part).collect();
    let told = told(&batches);
    batches
        .into_iter()
        .zip(told)
        .map(|(batches, pasts)| {
            // The second batch of a worker has no cells.
            let cells = |(number, (batch, pasts)): (usize, (&Batch, &Pasts))| {
                let mut cells = Cells::at_most(batch.len(), batch).filter(|_| number != 1)?;
                cells.tell_pasts(batch, pasts);
                // However few rows there are to each.
                cells.keep_minutes(Minutes::at_most(usize::MAX, batch, &cells.of_rows, pasts), batch, pasts);
                Some(cells)
            };
            let cells = batches.iter().zip(&pasts).enumerate().map(cells).collect();
            Worker { batches, cells, pasts }
        })
        .collect()
}

/// Adds the rows of a batch that a filter keeps: as cells where that can be; the answer says whether it could.
fn add(worker: &mut Worker, number: usize, filter: Option<&Filter>, state: &mut Analysis) -> bool {
    let batch = &mut worker.batches[number];
    let is_asked = |cells: &Cells, filter| Cells::can_be_asked(filter) && cells.are_enough_for(filter);
    let mut whole_from = filter.map_or(Some(i64::MIN), Cells::flows_are_whole_from);
    let is_of_window = whole_from.is_some_and(|from_ms| from_ms > i64::MIN);
    if filter.zip(worker.cells[number].as_ref()).is_some_and(|(filter, cells)| is_asked(cells, filter)) {
        whole_from = whole_from.map(|_| i64::MIN);
    }
    let pasts = whole_from.map(|from_ms| worker.pasts[number].of_window(from_ms));
    let mut could = false;
    let mut take = |condensed: &Condensed<'_>| could = state.add_condensed(condensed);
    match (&mut worker.cells[number], filter) {
        (Some(cells), None) => without_told(batch, |batch| cells.with(None, batch, None, pasts, &mut take)),
        (Some(cells), Some(filter)) => {
            let whole = filter.mask(batch);
            let mut some = if is_asked(cells, filter) {
                let mut mask = Vec::new();
                batch.lend_dictionaries(cells.batch_mut(), |_, cells| mask = filter.mask(cells));
                cells.some(&mask, is_of_window)
            } else {
                cells.of_kept(&whole, pasts.unwrap_or(worker.pasts[number].of_all_time()), |take| take(batch))
            };
            let kept = (0..).zip(&whole).filter_map(|(row, keep): (u32, _)| keep.then_some(row));
            assert_eq!(cells.rows_of(&some), kept.collect::<Vec<_>>());
            assert_eq!(some.rows(), whole.iter().filter(|keep| **keep).count());
            without_told(batch, |batch| cells.with(Some(&mut some), batch, None, pasts, &mut take));
        }
        (None, _) => {
            if let Some(from_ms) = whole_from {
                let mut some = kept(batch, filter);
                let mask = filter.map_or_else(|| vec![true; batch.len()], |filter| filter.mask(batch));
                let pasts = worker.pasts[number].of_rows(&numbers_of(&bits_of(&mask)).collect::<Vec<_>>());
                some.weights = Weight::of_tuples(&some, pasts.of_window(from_ms));
                take(&Condensed::of_tuples(&some, Some(pasts.of_window(from_ms))));
            }
        }
    }
    if !could {
        state.add(&kept(batch, filter));
    }
    could
}

/// Adds the cells of batches in one; the answer says whether it could.
fn add_joined(worker: &mut Worker, filter: Option<&Filter>, state: &mut Analysis) -> bool {
    let mut joined = Joined::default();
    for (batch, cells) in worker.batches.iter_mut().zip(&mut worker.cells) {
        joined.add(batch, cells.as_mut());
    }
    let (mut joined, of_batches) = (joined.summed(), || worker.cells.iter().map(Option::as_ref));
    for (number, cells) in of_batches().enumerate() {
        assert_eq!(joined.has(number), cells.is_some());
    }
    let mut some = None;
    if let Some(filter) = filter {
        let is_of_window = Cells::flows_are_whole_from(filter).is_some_and(|from_ms| from_ms > i64::MIN);
        let is_asked = Cells::can_be_asked(filter) && Cells::flows_are_whole_from(filter).is_some();
        some = is_asked.then(|| joined.some(filter, is_of_window, of_batches())).flatten();
        if some.is_none() {
            return false;
        }
    }
    let mut could = false;
    joined.with(some.as_mut(), of_batches(), |condensed| could = state.add_condensed(condensed));
    could
}

/// Hands over a batch without the columns that cells tell.
fn without_told(batch: &mut Batch, take: impl FnOnce(&mut Batch)) {
    let told = [&mut batch.src_ip, &mut batch.dst_ip, &mut batch.group].map(core::mem::take);
    take(batch);
    [batch.src_ip, batch.dst_ip, batch.group] = told;
}

fn kept(batch: &Batch, filter: Option<&Filter>) -> Batch {
    let mask = filter.map_or_else(|| vec![true; batch.len()], |filter| filter.mask(batch));
    let mut kept = batch.clone();
    kept.retain_from(0, |row| mask[row]);
    kept
}

/// The answers by rows and by cells, and whether all was taken in as cells; by the cells of batches in one where `is_joined`.
fn both(
    parts: &[&[TestRow]],
    filter: &str,
    name: &str,
    parameters: &Value,
    is_joined: bool,
) -> (Vec<Section>, Vec<Section>, bool) {
    let groups = Arc::new(Groups::new());
    let parsed = (!filter.is_empty()).then(|| Filter::parse(filter, &groups).unwrap());
    let new = || {
        let mut state = Analysis::new(name, parameters, &groups).unwrap();
        // From logs, so that records are counted.
        state.add_files(0, &[]);
        state
    };
    let (mut plain, mut condensed, mut could) = (new(), new(), true);
    for mut worker in workers(parts) {
        let mut state = new();
        let has_joined = is_joined && add_joined(&mut worker, parsed.as_ref(), &mut state);
        could &= has_joined == is_joined;
        for number in 0..worker.batches.len() {
            plain.add(&kept(&worker.batches[number], parsed.as_ref()));
            if !has_joined || worker.cells[number].is_none() {
                could &= add(&mut worker, number, parsed.as_ref(), &mut state);
            }
        }
        condensed.merge(state);
    }
    (plain.finish(), condensed.finish(), could)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_that_of_the_rows(
            rows in rows(60), at in any::<prop::sample::Index>(), in_order in any::<bool>(), are_few_flows in any::<bool>()
        ) {
        let mut rows = rows;
        if are_few_flows {
            for row in &mut rows {
                let tuple = &mut row.tuple;
                (tuple.src_ip, tuple.dst_ip) = ([10, 1, 1, 4].into(), [10, 2, 0, 5].into());
                (tuple.src_port, tuple.dst_port, tuple.protocol) = (50_000 + tuple.src_port % 2, 443, 6);
                // Within half an hour, so that tuples of a flow are minutes apart.
                tuple.time_ms = START_MS + (tuple.time_ms - START_MS) / 100;
                row.mac = Some("00224871C205");
                if tuple.src_port == 50_000 {
                    (row.rule, row.acl_id) = (Some("nossh"), None);
                }
            }
        }
        if in_order {
            // So that what came before a row is mostly told with it.
            rows.sort_by_key(|row| row.tuple.time_ms);
        }
        let (one, other) = rows.split_at(at.index(rows.len() + 1));
        for filter in FILTERS {
            for (name, parameters, _) in questions() {
                for is_joined in [false, true] {
                    let (plain, condensed, _) = both(&[one, other], filter, name, &parameters, is_joined);
                    prop_assert_eq!(plain, condensed, "{} {} of `{}` {}", name, parameters, filter, is_joined);
                }
            }
        }
    }
}

#[test]
fn most_questions_need_no_rows() {
    let rows = [
        row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "r", "A"),
        row(9, "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,100,2,50", "r", "A"),
    ];
    for (name, parameters, expected) in questions() {
        let (_, _, could) = both(&[&rows[..1]], "tcp", name, &parameters, false);
        assert_eq!(could, expected, "{name} {parameters}");
        let (_, _, could) = both(&[&rows[..1]], "tcp", name, &parameters, true);
        assert_eq!(could, expected && !needs_rows(name, &parameters), "{name} {parameters}, without rows");
    }
}

#[test]
fn tuples_that_differ_in_time_source_port_state_and_counters_are_one_cell() {
    let rows: Vec<TestRow> = (0..40)
        .map(|number| {
            let text = format!("10.1.1.4,10.2.0.5,{},443,6,O,E,NX,1,{number},2,50", 50_000 + number);
            row(number * 1000, &text, "r", "A")
        })
        .chain([row(0, "10.1.1.5,10.2.0.5,50000,443,6,O,E,NX,1,7,2,50", "r", "A")])
        .collect();
    let batch = batch_of(&rows);
    let cells = Cells::of(&batch).unwrap();
    assert_eq!(cells.cells.bytes_src_to_dst, [(0..40).sum(), 7]);
    assert_eq!(cells.cells.weights.iter().map(|weight| weight.tuples).collect::<Vec<_>>(), [40, 1]);
    assert_eq!(cells.cells.weights[0].last_ms - cells.cells.time_ms[0], 39_000);
    assert!(Cells::of(&batch_of(&rows[38..])).is_none(), "two cells of three rows are not worth it");
}

#[test]
fn a_sum_that_does_not_fit_is_null_in_cells_too() {
    let most = u64::MAX;
    let rows = [
        row(0, &format!("10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,{most},2,50"), "r", "A"),
        row(0, "10.1.1.4,10.2.0.5,50001,443,6,O,E,NX,1,1,2,50", "r", "A"),
    ];
    for name in ["top", "conversations", "rules"] {
        let (plain, condensed, _) = both(&[&rows], "tcp", name, &json!({}), false);
        assert_eq!(plain, condensed, "{name}");
    }
}

#[test]
fn minutes_of_a_cell_may_come_in_any_order() {
    let minutes = [0, 8, 0, 16, 1, 8, 0, 24, 23, 8];
    let rows: Vec<TestRow> = minutes
        .iter()
        .flat_map(|minute| [minute * MINUTE_MS, minute * MINUTE_MS + 59_999])
        .map(|after_ms| row(after_ms, "10.1.1.4,10.2.0.5,50000,22,6,I,D,NX,0,0,0,0", "r", "A"))
        .collect();
    // Cells are made of the first half.
    let rows = [rows.as_slice(), rows.as_slice()].concat();
    for name in ["timeline", "rules"] {
        let (plain, condensed, could) = both(&[&rows], "", name, &json!({}), false);
        assert!(could);
        assert_eq!(plain, condensed, "{name}");
    }
}

#[test]
fn filters_on_what_rows_differ_in_need_the_rows() {
    let groups = Groups::new();
    let enough = |text: &str| {
        let filter = Filter::parse(text, &groups).unwrap();
        (Cells::can_be_asked(&filter), Cells::flows_are_whole_from(&filter))
    };
    let always = Some(i64::MIN);
    let may_first = Some(1_714_521_600_000);
    assert_eq!(enough("tcp and not dst port 53 and denied"), (true, always));
    assert_eq!(enough("rule nossh and not encrypted"), (true, Some(i64::MIN + 1)));
    assert_eq!(enough("port 53"), (true, always));
    assert_eq!(enough("state E and port 53"), (false, None));
    assert_eq!(enough("time >= 2024-05-01"), (true, may_first));
    assert_eq!(
        enough("time in 2024-05-01..2024-05-02 and (tcp or udp) and not time < 2023-01-01"),
        (true, may_first)
    );
    assert_eq!(enough("time < 2024-05-01"), (true, always));
    assert_eq!(enough("time >= 2024-05-01 or tcp"), (false, None));
    assert_eq!(enough("not time in 2024-05-01..2024-05-02"), (false, None));
    assert_eq!(enough("time >= 2024-05-01 and rule nossh"), (true, may_first));
    assert_eq!(enough("bytes > 5"), (false, None));
}

#[test]
fn cells_are_enough_for_windows_that_tear_none_of_their_flows_apart() {
    let tuple = |minute: i64, port: u16, state: &str| {
        row(minute * MINUTE_MS, &format!("10.1.1.4,10.2.0.5,{port},443,6,O,{state},NX,1,1,2,50"), "r", "A")
    };
    let rows = [
        tuple(0, 50_000, "B"),
        tuple(0, 50_001, "B"),
        tuple(2, 50_000, "C"),
        tuple(5, 50_002, "B"),
        // It goes on from nothing, whatever was before it.
        tuple(10, 50_001, "B"),
        // Nothing is told of a flow of which two tuples are of one time.
        tuple(0, 50_003, "C"),
        tuple(11, 50_003, "C"),
        tuple(11, 50_003, "E"),
        // Fills the other batches of each worker.
        tuple(0, 50_004, "B"),
    ];
    let of_rows = |numbers: &[usize]| numbers.iter().map(|number| rows[*number].clone()).collect::<Vec<_>>();
    let parts =
        [&[0, 1, 5, 8, 8, 8, 8, 8, 8][..], &[2, 3, 8, 8, 8, 8], &[4, 6, 8, 8, 8, 8], &[7]].map(of_rows);
    let workers = workers(&parts.each_ref().map(Vec::as_slice));
    let [first, second, third] = [0, 1, 2].map(|number| workers[number].cells[0].as_ref().unwrap());
    let groups = Groups::new();
    let enough = |cells: &Cells, text: &str| {
        let filter = Filter::parse(text, &groups).unwrap();
        Cells::can_be_asked(&filter) && cells.are_enough_for(&filter)
    };
    for (text, expected) in [
        ("time >= 2024-05-01T09:00Z and tcp", [true, true, true]),
        ("time >= 2024-05-01T09:00:01Z", [true, false, true]),
        ("time in 2024-05-01T09:02Z..2024-05-01T09:03Z", [true, false, true]),
        ("time in 2024-05-01T09:00Z..2024-05-01T09:03Z", [true, false, true]),
        ("time in 2024-05-01T09:00Z..2024-05-01T09:06Z and rule r", [true, true, true]),
        ("time >= 2024-05-01T09:03Z", [true, false, true]),
        ("time >= 2024-05-01T09:11Z", [true, true, false]),
        ("time >= 2024-05-01T09:00Z or udp", [false, false, false]),
    ] {
        assert_eq!([first, second, third].map(|cells| enough(cells, text)), expected, "{text}");
    }
}

#[test]
fn a_window_does_not_count_what_another_worker_read_before_it() {
    let rows = [
        row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "r", "A"),
        row(2 * MINUTE_MS, "10.1.1.4,10.2.0.5,50000,443,6,O,C,NX,1,600,2,50", "r", "A"),
    ];
    for (name, is_joined) in [("timeline", true), ("conversations", true), ("timeline", false)] {
        let filter = "time >= 2024-05-01T09:01Z";
        let (plain, condensed, _) = both(&[&rows[..1], &rows[1..]], filter, name, &json!({}), is_joined);
        assert_eq!(plain, condensed, "{name} {is_joined}");
    }
}
