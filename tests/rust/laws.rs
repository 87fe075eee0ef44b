//! Laws of decoding that hold for any log, any damage and any chunking.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::{DecodeOptions, normalised_mac};
use vnetflow_core::duplicates::DropRepeats;
use vnetflow_core::filter::Filter;
use vnetflow_core::issue::IssueKind;
use vnetflow_core::time::parse_time_ms;
use vnetflow_tests::filters::{filter, groups};
use vnetflow_tests::layout::{Layout, Wrapping, chunk_sizes, chunks, damage, layout};
use vnetflow_tests::logs::{Log, MACS, START_S, log};
use vnetflow_tests::rows::{Row, decode, decode_chunks, issue_row, read, rows_of, with_offsets, without};
use vnetflow_tests::trials;

const WHOLE: usize = usize::MAX;

proptest! {
    #![proptest_config(trials(2000))]

    #[test]
    fn any_chunking_gives_the_same_rows_and_issues(log in log(5), layout in layout(), damage in damage(), sizes in chunk_sizes()) {
        let mut input = layout.write(&log);
        damage.iter().for_each(|damage| damage.apply(&mut input));
        chunking_makes_no_difference(&input, &sizes)?;
    }

    #[test]
    fn arbitrary_bytes_are_read_without_a_panic_and_alike_in_any_chunks(input in vec(any::<u8>(), 0..2000), sizes in chunk_sizes()) {
        chunking_makes_no_difference(&input, &sizes)?;
    }

    #[test]
    fn json_like_noise_is_read_without_a_panic_and_alike_in_any_chunks(pieces in vec(select(NOISE), 0..200), sizes in chunk_sizes()) {
        chunking_makes_no_difference(pieces.concat().as_bytes(), &sizes)?;
    }

    #[test]
    fn a_cut_anywhere_keeps_every_whole_tuple_before_it(log in log(4), layout in layout(), cut in any::<Index>()) {
        let input = layout.write(&log);
        let cut = cut.index(input.len() + 1);
        let is_before = |row: &&Row| {
            let start = row["offset"].as_u64().unwrap() as usize;
            let length = input[start..].iter().position(|byte| *byte == b'"').unwrap();
            start + length < cut
        };
        let whole = read("x.json", &input, WHOLE);
        let expected: Vec<Row> = whole.rows.iter().filter(is_before).map(tuple_columns).collect();
        let found = read("x.json", &input[..cut], WHOLE);
        prop_assert_eq!(found.rows.iter().map(tuple_columns).collect::<Vec<_>>(), expected);
        let unexpected = found.issues.iter().find(|issue| !matches!(issue["kind"].as_str(), Some("cut_off" | "bad_tuple" | "not_json")));
        prop_assert!(unexpected.is_none(), "{:?}", unexpected);
    }

    #[test]
    fn a_torn_line_costs_no_line_behind_it(torn in log(1), log in log(3), shuffles in any::<bool>(), seed in any::<u64>(), cut in any::<Index>()) {
        let lines = Layout { wrapping: Wrapping::Lines, shuffles, seed, ..Layout::plain() };
        let mut input = lines.write(&torn);
        input.truncate(cut.index(input.len() + 1));
        // The value of such a key may well be an object.
        prop_assume!(!input.ends_with(b":"));
        if !input.is_empty() {
            input.push(b'\n');
        }
        let good = lines.write(&log);
        let offset = input.len() as u64;
        input.extend_from_slice(&good);
        let mut found = read("x.json", &input, WHOLE).rows;
        found.retain(|row| row["offset"].as_u64() >= Some(offset));
        let mut expected = read("x.json", &good, WHOLE).rows;
        for row in &mut expected {
            row["offset"] = (row["offset"].as_u64().unwrap() + offset).into();
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn damage_inside_one_record_costs_at_most_the_one_behind_it_too(log in log(6).prop_filter("three records are needed", |log| log.len() >= 3), shuffles in any::<bool>(), seed in any::<u64>(), kind in 0..3_u8, places in any::<[Index; 3]>()) {
        let layout = Layout { shuffles, seed, ..Layout::plain() };
        let input = layout.write(&log);
        let (batches, _) = decode("x.json", &input, WHOLE, with_offsets());
        let starts: Vec<usize> = batches.iter().flat_map(|batch| &batch.records).map(|record| record.offset as usize).collect();
        let [which, from, to] = places;
        let damaged_record = which.index(log.len() - 2);
        let (start, next) = (starts[damaged_record] + 1, starts[damaged_record + 1] - 1);
        let (one, other) = (start + from.index(next - start), start + to.index(next - start));
        let (from, to) = (one.min(other), one.max(other));
        let mut damaged = input.clone();
        match kind {
            0 => drop(damaged.drain(from..to)),
            1 => drop(damaged.splice(from..from, b"\0\0#".iter().copied())),
            _ => drop(damaged.splice(from..to, b"x\n".iter().copied())),
        }
        let kept_from = starts[damaged_record + 2];
        let (expected, found) = (read("x.json", &input, WHOLE).rows, read("x.json", &damaged, WHOLE).rows);
        let at_or_behind = |rows: &[Row], place: usize, length: usize| -> Vec<Row> {
            let behind = |row: &&Row| row["offset"].as_u64() >= Some(place as u64);
            let from_end = |row: &Row| {
                let mut row = row.clone();
                row["offset"] = (length as u64 - row["offset"].as_u64().unwrap_or_default()).into();
                row
            };
            rows.iter().filter(behind).map(from_end).collect()
        };
        let shifted = kept_from + damaged.len() - input.len();
        prop_assert_eq!(at_or_behind(&found, shifted, damaged.len()), at_or_behind(&expected, kept_from, input.len()), "{}", String::from_utf8_lossy(&damaged));
        let whole_before: Vec<&Row> = expected.iter().filter(|row| row["offset"].as_u64() < Some(starts[damaged_record] as u64)).collect();
        prop_assert_eq!(found.iter().take(whole_before.len()).collect::<Vec<_>>(), whole_before);
    }

    #[test]
    fn offsets_point_at_the_tuples_text(log in log(4), layout in layout()) {
        let input = layout.write(&log);
        let (batches, issues) = decode("x.json", &input, WHOLE, with_offsets());
        let offsets = batches.iter().flat_map(|batch| &batch.offset).copied();
        let bad = issues.iter().filter(|issue| issue.kind == IssueKind::BadTuple).map(|issue| issue.offset);
        let mut places: Vec<u64> = offsets.chain(bad).collect();
        places.sort_unstable();
        let texts = log.iter().flat_map(|record| &record.flows).flat_map(|flow| &flow.groups).flat_map(|group| &group.tuples);
        let mut found = Vec::new();
        for place in &places {
            let rest = &input[*place as usize..];
            let end = rest.iter().position(|byte| *byte == b'"').unwrap();
            let quoted = [b"\"", &rest[..end], b"\""].concat();
            found.push(serde_json::from_slice::<String>(&quoted).unwrap());
        }
        prop_assert_eq!(found.iter().collect::<Vec<_>>(), texts.collect::<Vec<_>>());
    }

    #[test]
    fn batches_of_any_size_hold_the_same_rows(log in log(6), layout in layout(), batch_rows in 1..40_usize) {
        let input = layout.write(&log);
        let (batches, _) = decode("x.json", &input, 100, DecodeOptions { batch_rows, ..with_offsets() });
        prop_assert_eq!(rows_of(&batches), read("x.json", &input, WHOLE).rows);
        let records: usize = batches.iter().map(|batch| batch.records.len()).sum();
        prop_assert_eq!(records, log.len());
    }
}

proptest! {
    #![proptest_config(trials(2000))]

    #[test]
    fn filtering_while_decoding_equals_filtering_afterwards(log in log(4), layout in layout(), text in filter(), batch_rows in prop_oneof![Just(3_usize), Just(100_000)]) {
        let input = layout.write(&log);
        let filter = Filter::parse(&text, &groups()).unwrap();
        let options = DecodeOptions { filter: Some(filter.clone()), batch_rows, ..with_offsets() };
        let (filtered, filtered_issues) = decode("x.json", &input, 50, options);
        let (all, issues) = decode("x.json", &input, WHOLE, with_offsets());
        let expected: Vec<Row> = all.iter().flat_map(|batch| {
            let mask = filter.mask(batch);
            rows_of(core::slice::from_ref(batch)).into_iter().zip(mask).filter(|(_, keep)| *keep).map(|(row, _)| row).collect::<Vec<_>>()
        }).collect();
        prop_assert_eq!(rows_of(&filtered), expected, "{}", text);
        prop_assert_eq!(filtered_issues, issues);
        let records = |batches: &[Batch]| -> Vec<u128> { batches.iter().flat_map(|batch| &batch.records).map(|record| record.identity).collect() };
        prop_assert_eq!(records(&filtered), records(&all), "a filter must not change the records' identities");
    }

    #[test]
    fn a_filter_and_its_bounds_agree(log in log(4), text in filter()) {
        let filter = Filter::parse(&text, &groups()).unwrap();
        let (all, _) = decode("x.json", &Layout::plain().write(&log), WHOLE, with_offsets());
        let (start_ms, end_ms) = filter.time_bounds();
        let macs = filter.macs();
        for batch in &all {
            for (row, _) in filter.mask(batch).iter().enumerate().filter(|(_, keep)| **keep) {
                let (time_ms, mac) = (batch.time_ms[row], batch.text(batch.place(row).unwrap().0.mac));
                prop_assert!(start_ms.is_none_or(|start_ms| time_ms >= start_ms), "{}", text);
                prop_assert!(end_ms.is_none_or(|end_ms| time_ms < end_ms), "{}", text);
                prop_assert!(macs.as_ref().is_none_or(|macs| macs.iter().any(|wanted| Some(wanted.as_str()) == mac)), "{}", text);
            }
        }
        let again = Filter::parse(&filter.explain(), &groups()).unwrap();
        prop_assert_eq!(again.explain(), filter.explain());
    }

    #[test]
    fn start_end_and_macs_keep_what_a_plain_comparison_keeps(
        log in log(4), layout in layout(), start in 0..3_600_000_i64, length in 0..3_600_000_i64, macs in proptest::option::of(vec(select(&MACS[..]), 0..3)),
    ) {
        let input = layout.write(&log);
        let start_ms = START_S as i64 * 1000 + start;
        let macs: Option<Vec<String>> = macs.map(|macs| macs.iter().map(|mac| normalised_mac(mac)).collect());
        let options = DecodeOptions { start_ms: Some(start_ms), end_ms: Some(start_ms + length), macs: macs.clone(), ..with_offsets() };
        let (batches, _) = decode("x.json", &input, 64, options);
        let keeps = |row: &Row| {
            let time_ms = parse_time_ms(row["time"].as_str().unwrap()).unwrap();
            let is_wanted = |macs: &Vec<String>| macs.iter().any(|mac| row["mac"].as_str() == Some(mac));
            (start_ms..start_ms + length).contains(&time_ms) && macs.as_ref().is_none_or(is_wanted)
        };
        let expected: Vec<Row> = read("x.json", &input, WHOLE).rows.into_iter().filter(keeps).collect();
        prop_assert_eq!(rows_of(&batches), expected);
    }

    #[test]
    fn repeated_records_are_dropped_whole_and_nothing_else_is(log in log(5), repeats in vec(any::<Index>(), 0..5), batch_rows in 1..30_usize) {
        let mut with_repeats: Log = log.clone();
        if !log.is_empty() {
            with_repeats.extend(repeats.iter().map(|repeat| log[repeat.index(log.len())].clone()));
        }
        let mut distinct: Log = Vec::new();
        for record in &log {
            let is_known = distinct.iter().any(|known| (&known.time, &known.mac, &known.flows) == (&record.time, &record.mac, &record.flows));
            if !is_known {
                distinct.push(record.clone());
            }
        }
        let layout = Layout::plain();
        let (mut batches, _) = decode("x.json", &layout.write(&with_repeats), WHOLE, DecodeOptions { batch_rows, ..DecodeOptions::default() });
        let mut drop_repeats = DropRepeats::default();
        batches.iter_mut().for_each(|batch| drop_repeats.apply(batch));
        let expected = without("offset", &read("x.json", &layout.write(&distinct), WHOLE).rows);
        prop_assert_eq!(rows_of(&batches), expected);
    }
}

/// Pieces of logs in any order.
const NOISE: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    " ",
    "null",
    "42",
    "tru",
    "{\"records\":[",
    "{\"time\":\"2024-05-01T09:00:00Z\",",
    "\"time\"",
    "\"macAddress\":\"00224871C205\"",
    "\"flowRecords\":{\"flows\":[",
    "{\"aclID\":\"a\",\"flowGroups\":[",
    "{\"rule\":\"r\",\"flowTuples\":[",
    "\"1714554001000,10.1.1.4,10.2.1.4,1,2,6,O,B,NX,0,0,0,0\"",
    "\"1714554001000,10.1.1.4,10",
    "\"properties\":{\"flows\":[{\"rule\":\"r\",\"flows\":[{\"mac\":\"m\",\"flowTuples\":[",
    "\"1714554001,10.1.1.4,10.2.1.4,1,2,T,O,A\"",
    "]}]}]}}",
    "\u{feff}",
    "\\u0041",
    "\u{e4}",
    "\"flowTuples\":",
    "\"x\":",
];

/// Decodes in one piece, byte by byte and in these chunks: rows, issues and places must be the same.
fn chunking_makes_no_difference(input: &[u8], sizes: &[usize]) -> Result<(), TestCaseError> {
    let whole = read("x.json", input, WHOLE);
    let (batches, issues) = decode_chunks("x.json", chunks(input, sizes), with_offsets());
    prop_assert_eq!(rows_of(&batches), &whole.rows[..]);
    prop_assert_eq!(issues.iter().map(issue_row).collect::<Vec<_>>(), &whole.issues[..]);
    prop_assert_eq!(read("x.json", input, 1), whole);
    Ok(())
}

/// The columns that a tuple's text alone gives, and its place.
fn tuple_columns(row: &Row) -> Row {
    const OF_RECORD: [&str; 7] =
        ["rule", "acl_id", "mac", "target_resource_id", "flow_log_resource_id", "rule_origin", "record_time"];
    let rows = OF_RECORD.iter().fold(vec![row.clone()], |rows, column| without(column, &rows));
    rows.into_iter().next().unwrap_or_default()
}
