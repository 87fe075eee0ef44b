//! The decoder against the oracle: public captures, and random logs in random layouts, field by field.

use proptest::prelude::*;
use serde_json::json;
use vnetflow_core::tuple::Tuple;
use vnetflow_tests::corpus::cases;
use vnetflow_tests::layout::layout;
use vnetflow_tests::logs::{log, tuple};
use vnetflow_tests::oracle;
use vnetflow_tests::rows::{read, without};
use vnetflow_tests::trials;

#[test]
fn public_captures_equal_the_oracle() {
    let captures: Vec<_> = cases().into_iter().filter(|case| case.name.starts_with("capture_")).collect();
    assert_eq!(captures.len(), 9);
    for case in captures {
        let expected = oracle::read(&case.source, &case.input).unwrap();
        assert!(!expected.is_empty(), "{}", case.name);
        assert_eq!(
            without("offset", &read(&case.source, &case.input, usize::MAX).rows),
            expected,
            "{}",
            case.name
        );
    }
}

proptest! {
    #![proptest_config(trials(2000))]

    #[test]
    fn any_log_in_any_layout_equals_the_oracle(log in log(6), layout in layout()) {
        let text = layout.write(&log);
        let found = read("x.json", &text, usize::MAX);
        let expected = oracle::read("x.json", &text).unwrap();
        prop_assert_eq!(without("offset", &found.rows), expected);
        prop_assert!(found.issues.iter().all(|issue| issue["kind"] == json!("bad_tuple")));
        let tuples: usize = log.iter().flat_map(|record| &record.flows).flat_map(|flow| &flow.groups).map(|group| group.tuples.len()).sum();
        prop_assert_eq!(found.rows.len() + found.issues.len(), tuples, "every tuple is a row or an issue");
    }

    #[test]
    fn the_slow_tuple_parser_takes_what_the_oracle_takes(text in mutated_tuple()) {
        prop_assert_eq!(Tuple::parse(&text).is_ok(), oracle::read_tuple(&text).is_some(), "{}", text);
    }

    #[test]
    fn a_mutated_tuple_reads_as_the_oracle_does(text in mutated_tuple()) {
        let log = json!({"flowRecords": {"flows": [{"flowGroups": [{"flowTuples": [text]}]}]}}).to_string();
        let found = read("x.json", log.as_bytes(), usize::MAX);
        let expected = oracle::read("x.json", log.as_bytes()).unwrap();
        prop_assert_eq!(without("offset", &found.rows), expected);
    }
}

/// A tuple in which a field was replaced by something near a border.
fn mutated_tuple() -> impl Strategy<Value = String> {
    const FIELDS: [&str; 34] = [
        "",
        "0",
        "00",
        "1",
        "6",
        "17",
        "255",
        "256",
        "65535",
        "65536",
        "-1",
        "+1",
        " 1",
        "1.0",
        "T",
        "U",
        "I",
        "O",
        "A",
        "B",
        "C",
        "D",
        "E",
        "X",
        "NX",
        "NX_FALLBACK",
        "nx",
        "10.1.1.4",
        "10.1.1.04",
        "10.1.1.256",
        "::1",
        "99999999999",
        "100000000000",
        "18446744073709551616",
    ];
    let field = proptest::sample::select(&FIELDS[..]);
    (any::<bool>().prop_flat_map(tuple), any::<prop::sample::Index>(), field, 0..4_u8).prop_map(
        |(text, at, field, how)| {
            let mut fields: Vec<&str> = text.split(',').collect();
            let at = at.index(fields.len());
            match how {
                0 => fields[at] = field,
                1 => fields.insert(at, field),
                2 => drop(fields.remove(at)),
                _ => {}
            }
            fields.join(",")
        },
    )
}
