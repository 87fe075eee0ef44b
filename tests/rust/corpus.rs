//! Every case of the corpus, read by the core in chunks of several sizes.

use serde_json::Value;
use vnetflow_core::columns::COLUMNS;
use vnetflow_tests::corpus::{Case, cases};
use vnetflow_tests::rows::{Row, read};

const CHUNKS: [usize; 5] = [1, 7, 64 * 1024, 33, usize::MAX];

/// Collects what differs over all cases, so that one run shows everything.
fn differences(of_case: impl Fn(&Case) -> Option<String>) -> String {
    let found: Vec<String> =
        cases().iter().filter_map(|case| Some(format!("{}:\n{}", case.name, of_case(case)?))).collect();
    found.join("\n")
}

fn lines(rows: &[Row]) -> Vec<String> {
    rows.iter().map(|row| Value::Object(row.clone()).to_string()).collect()
}

/// The first line that is not as expected.
fn first_difference(found: &[Row], expected: &[Row], chunk: usize) -> Option<String> {
    if found == expected {
        return None;
    }
    let (found, expected) = (lines(found), lines(expected));
    let at = found.iter().zip(&expected).take_while(|(found, expected)| found == expected).count();
    let line = |lines: &[String]| lines.get(at).map_or("nothing", String::as_str).to_owned();
    Some(format!(
        "  chunks of {chunk}, line {at}\n  expected {}\n  found    {}",
        line(&expected),
        line(&found)
    ))
}

#[test]
fn every_case_gives_the_expected_rows() {
    let differences = differences(|case| {
        CHUNKS.iter().find_map(|chunk| {
            first_difference(&read(&case.source, &case.input, *chunk).rows, &case.rows, *chunk)
        })
    });
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn every_case_gives_the_expected_issues() {
    let differences = differences(|case| {
        CHUNKS.iter().find_map(|chunk| {
            first_difference(&read(&case.source, &case.input, *chunk).issues, &case.issues, *chunk)
        })
    });
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn offsets_point_at_the_text_of_the_tuple() {
    for case in cases() {
        for row in &case.rows {
            let offset = row["offset"].as_u64().unwrap() as usize;
            let text = &case.input[offset..];
            let end = text.iter().position(|byte| *byte == b'"').unwrap();
            let quoted = [b"\"", &text[..end], b"\""].concat();
            let text: String = serde_json::from_slice(&quoted).unwrap();
            let ports = format!(",{},{},", row["src_port"], row["dst_port"]);
            assert_eq!(case.input[offset - 1], b'"', "{}", case.name);
            assert!(text.contains(&ports) || text.contains(",0"), "{}: {text} is not {row:?}", case.name);
        }
    }
}

#[test]
fn expected_rows_have_every_public_column() {
    for case in cases() {
        for row in &case.rows {
            let mut expected: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
            expected.sort_unstable();
            let mut found: Vec<&str> = row.keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{}", case.name);
        }
    }
}
