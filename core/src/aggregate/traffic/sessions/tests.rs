//! Sessions: each rule by example, and all of them against a dull computation on random rows.

use super::*;
use crate::aggregate::tests::trials::{TestRow, lawful, printed, row, rows, whole};
use crate::tuple::{Action, State};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Rows of one flow from `time state bytes` items such as `B0 C300:80 E400:20`.
fn flow(text: &str) -> Vec<TestRow> {
    text.split(' ')
        .map(|item| {
            let (state, rest) = item.split_at(1);
            let (time, bytes) = rest.split_once(':').unwrap_or((rest, "0"));
            let tuple = format!("10.1.1.4,10.2.0.5,50000,443,6,O,{state},NX,0,{bytes},0,0");
            row(time.parse().unwrap(), &tuple, "r", "A")
        })
        .collect()
}

fn told_as(rows: &[TestRow]) -> Vec<String> {
    let table = whole(rows, Sessions::new).finish();
    let columns = ["start", "end", "status", "tuples", "continues", "bytes", "recreated"];
    let lines = printed_with_bools(&table, &columns);
    lines.into_iter().map(|line| line.join(" ")).collect()
}

fn printed_with_bools(table: &Table, columns: &[&str]) -> Vec<Vec<String>> {
    let mut plain = table.clone();
    for column in &mut plain.columns {
        column.values = match &column.values {
            Values::Bool(values) => Values::Text(
                values
                    .iter()
                    .map(|value| value.map(|value| if value { "recreated" } else { "" }.to_owned()))
                    .collect(),
            ),
            Values::TimeMs(values) => Values::TimeMs(
                values
                    .iter()
                    .map(|value| value.map(|value| value - crate::aggregate::tests::trials::START_MS))
                    .collect(),
            ),
            other => other.clone(),
        };
    }
    printed(&plain, columns)
}

#[test]
fn tuples_are_stitched_from_begin_to_end() {
    for (tuples, expected) in [
        ("B0 C300:80 E400:20", vec!["0 400 ended 3 1 100 "]),
        ("E400:20 C300:80 B0", vec!["0 400 ended 3 1 100 "]),
        ("B0 C300:80", vec!["0 - open 2 1 80 "]),
        ("C300:80 E400:20", vec!["300 400 started_before 2 1 100 "]),
        ("C300:80", vec!["300 - started_before 1 1 80 "]),
        ("E400:20", vec!["400 400 started_before 1 0 20 "]),
        ("D5", vec!["5 5 denied 1 0 0 "]),
        ("D5 D5 D9", vec!["5 5 denied 1 0 0 ", "5 5 denied 1 0 0 ", "9 9 denied 1 0 0 "]),
        ("B0 E10:1 B20 E30:2", vec!["0 10 ended 2 0 1 ", "20 30 ended 2 0 2 "]),
        ("B0 B20 E30:2", vec!["0 - open 1 0 0 ", "20 30 ended 2 0 2 "]),
        ("B0 E10:1 E10:2", vec!["0 10 ended 3 0 3 "]),
        ("B0 E10:1 E11:2", vec!["0 10 ended 2 0 1 ", "11 11 started_before 1 0 2 "]),
        ("B0 E0:1", vec!["0 0 ended 2 0 1 "]),
        ("B0 E10:406 B10 E90:754", vec!["0 10 ended 2 0 406 recreated", "10 90 ended 2 0 754 recreated"]),
        ("B0 E10:1 E10:2 B10 E90:3", vec!["0 10 ended 3 0 3 recreated", "10 90 ended 2 0 3 recreated"]),
        ("B0 D5 E10:1", vec!["0 10 ended 2 0 1 ", "5 5 denied 1 0 0 "]),
    ] {
        assert_eq!(told_as(&flow(tuples)), expected, "{tuples}");
    }
}

#[test]
fn the_documented_chain_adds_up() {
    // The documentation's example: 5,256,000 bytes.
    let rows = flow("B0 C300000:588096 C600000:29952 C900000:4610880 E950000:27072");
    assert_eq!(told_as(&rows), ["0 950000 ended 5 3 5256000 "]);
}

#[test]
fn an_nsg_tuple_of_version_1_is_a_session_without_an_end() {
    let tuple = |decision| row(0, &format!("10.1.1.4,10.2.0.5,50000,443,T,O,{decision}"), "r", "A");
    assert_eq!(told_as(&[tuple("A"), tuple("A")]), ["0 - open 1 0 - ", "0 - open 1 0 - "]);
    assert_eq!(told_as(&[tuple("D")]), ["0 0 denied 1 0 - "]);
}

#[test]
fn each_place_that_logs_a_flow_has_sessions_of_its_own() {
    let out = |time| row(time, "10.1.1.4,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "r", "FW");
    let inward = |time| row(time, "10.1.1.4,10.2.0.5,50000,443,6,I,E,NX,1,2,3,4", "r", "FW");
    assert_eq!(told_as(&[out(0), inward(5)]), ["0 - open 1 0 0 ", "5 5 started_before 1 0 6 "]);
}

#[test]
fn columns_are_those_of_the_documentation() {
    let table = whole(&flow("B0 E10:1"), Sessions::new).finish();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "src_ip dst_ip src_port dst_port protocol mac direction start end duration_ms status tuples flows denied \
         packets_src_to_dst bytes_src_to_dst packets_dst_to_src bytes_dst_to_src bytes continues recreated community_id"
    );
    assert!(Sessions::new().finish().is_empty());
}

/// Rows whose times meet often, in a shuffled order.
fn crowded(most: usize) -> impl Strategy<Value = Vec<TestRow>> {
    rows(most).prop_map(|mut rows| {
        for row in &mut rows {
            row.tuple.time_ms -= row.tuple.time_ms % 4_000_000;
            row.tuple.src_port = 50_000 + row.tuple.src_port % 2;
            row.tuple.dst_ip = [10, 2, 0, 5].into();
            row.mac = row.mac.map(|_| "A");
        }
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_gives_the_same_sessions_and_loses_nothing(rows in crowded(80), seed in any::<u64>(), rows_each in 1..20_usize) {
        let table = lawful(&rows, seed, Sessions::new);
        let sum = |name: &str| match table.column(name) {
            Some(Values::U64(values)) => values.iter().flatten().sum::<u64>(),
            _ => panic!("no column {name}"),
        };
        let bytes = |row: &TestRow| row.tuple.counters.bytes_src_to_dst.unwrap_or(0) + row.tuple.counters.bytes_dst_to_src.unwrap_or(0);
        prop_assert_eq!(sum("tuples"), rows.len() as u64);
        prop_assert_eq!(sum("bytes"), rows.iter().map(bytes).sum::<u64>());
        prop_assert_eq!(sum("continues"), rows.iter().filter(|row| row.tuple.state == Some(State::Continue) && row.tuple.action == Action::Allow).count() as u64);
        prop_assert_eq!(sum("flows"), rows.iter().filter(|row| row.tuple.starts_flow()).count() as u64);

        let pieces: Vec<Table> = whole(&rows, Sessions::new).tables(rows_each).collect();
        prop_assert_eq!(pieces.iter().map(Table::len).sum::<usize>(), table.len());
        let ids: Vec<_> = pieces.iter().flat_map(|piece| printed(piece, &["community_id", "start", "tuples"])).collect();
        prop_assert_eq!(ids, printed(&table, &["community_id", "start", "tuples"]));
    }

    #[test]
    fn where_times_differ_sessions_are_those_of_a_plain_walk(rows in rows(80)) {
        let mut rows = rows;
        for (number, row) in rows.iter_mut().enumerate() {
            row.tuple.time_ms = row.tuple.time_ms - row.tuple.time_ms % 1000 + number as i64;
        }
        let table = whole(&rows, Sessions::new).finish();
        let mut found = printed(&table, &["src_ip", "dst_ip", "src_port", "dst_port", "protocol", "mac", "direction", "start", "end", "status", "tuples"]);
        let mut expected = plain_walk(&rows);
        found.sort();
        expected.sort();
        prop_assert_eq!(found, expected);
    }
}

fn plain_walk(rows: &[TestRow]) -> Vec<Vec<String>> {
    let mut flows: BTreeMap<Vec<String>, Vec<&TestRow>> = BTreeMap::new();
    for row in rows {
        let tuple = row.tuple;
        let key = vec![
            tuple.src_ip.to_string(),
            tuple.dst_ip.to_string(),
            tuple.src_port.to_string(),
            tuple.dst_port.to_string(),
            tuple.protocol.to_string(),
            row.mac.unwrap_or("-").to_owned(),
            tuple.direction.name().to_owned(),
            if tuple.version == 4 { "vnet" } else { "nsg" }.to_owned(),
        ];
        flows.entry(key).or_default().push(row);
    }
    let mut sessions = Vec::new();
    for (key, mut rows) in flows {
        rows.sort_by_key(|row| row.tuple.time_ms);
        // Start, end, status and tuples; the last one that is neither denied nor whole may go on.
        let mut of_flow: Vec<(i64, Option<i64>, &str, u64)> = Vec::new();
        let mut open: Option<usize> = None;
        for row in rows {
            let time_ms = row.tuple.time_ms;
            match (row.tuple.action, row.tuple.state) {
                (Action::Deny, _) => of_flow.push((time_ms, Some(time_ms), "denied", 1)),
                (_, None) => of_flow.push((time_ms, None, "open", 1)),
                (_, Some(State::Begin)) => {
                    open = Some(of_flow.len());
                    of_flow.push((time_ms, None, "open", 1));
                }
                (_, state) => {
                    if let Some(place) = open {
                        of_flow[place].3 += 1;
                    } else {
                        open = Some(of_flow.len());
                        of_flow.push((time_ms, None, "started_before", 1));
                    }
                    if state == Some(State::End) {
                        let session = &mut of_flow[open.unwrap()];
                        session.1 = Some(time_ms);
                        session.2 = if session.2 == "open" { "ended" } else { session.2 };
                        open = None;
                    }
                }
            }
        }
        for (start_ms, end_ms, status, tuples) in of_flow {
            let mut line = key[..7].to_vec();
            line.push(start_ms.to_string());
            line.push(end_ms.map_or("-".to_owned(), |end_ms| end_ms.to_string()));
            line.extend([status.to_owned(), tuples.to_string()]);
            sessions.push(line);
        }
    }
    sessions
}
