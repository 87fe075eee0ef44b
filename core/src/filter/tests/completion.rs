//! What is offered at the cursor, which is written as `|` here.

use super::*;

/// A little data.
struct Data;

impl CompletionValues for Data {
    fn values(&self, field: &str) -> Vec<(String, u64)> {
        let values: &[(&str, u64)] = match field {
            "src_ip" => &[("10.1.1.4", 5), ("10.1.1.5", 3)],
            "dst_ip" => &[("10.1.1.5", 4), ("8.8.8.8", 1)],
            "dst_port" => &[("443", 9), ("22", 2)],
            "rule" => &[("UserRule_ssh", 7), ("my rule", 2), ("denied", 1)],
            "group" => &[("spoke1", 3), ("Partner A", 1)],
            "action" => &[("deny", 6)],
            _ => &[],
        };
        values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
    }
}

fn completions(marked: &str) -> Vec<Completion> {
    let cursor = marked.chars().position(|c| c == '|').unwrap();
    complete(&marked.replacen('|', "", 1), cursor, &Data)
}

fn offered(marked: &str) -> Vec<String> {
    completions(marked).into_iter().map(|completion| completion.text).collect()
}

#[test]
fn words_follow_the_grammar() {
    for (marked, expected) in [
        ("inb|", &["inbound"][..]),
        ("tcp and den|", &["denied", "\"denied\""]),
        ("SRC.P|", &["src_port", "src_packets"]),
        ("destination_p|", &["destination_port", "destination_packets"]),
        ("tcp |", &["and", "or"]),
        ("tcp a|", &["and"]),
        ("(tcp |", &["and", "or", ")"]),
        ("tcp and no|", &["not"]),
        ("src |", &["host", "net", "port", "group", "bytes", "packets", "public", "private"]),
        ("src p|", &["port", "packets", "public", "private"]),
        ("state |", &["begin", "continue", "end", "deny", "=", "!=", "~", "in"]),
        ("state = b|", &["begin"]),
        ("bytes |", &["=", "!=", "<", "<=", ">", ">=", "in"]),
        ("bytes >|", &[]),
        ("tcp denied |", &[]),
        ("tcp # den|", &[]),
        ("tcp & |", &[]),
    ] {
        assert_eq!(offered(marked), expected, "{marked}");
    }
    // One more value of the list, or another test.
    assert_eq!(offered("state begin or e|")[..4], ["end", "egress", "encrypted", "encryption"]);
    let everything = offered("|");
    for word in ["tcp", "src", "host", "src_ip", "not", "(", "spoke1", "\"Partner A\""] {
        assert!(everything.iter().any(|offered| offered == word), "{word}");
    }
}

#[test]
fn values_come_from_the_data_with_their_counts() {
    for (marked, expected) in [
        ("dst port 4|", &[("443", Some(9))][..]),
        (
            "host |",
            &[
                ("10.1.1.5", Some(7)),
                ("10.1.1.4", Some(5)),
                ("8.8.8.8", Some(1)),
                ("=", None),
                ("!=", None),
                ("in", None),
            ],
        ),
        ("host 10.1.1.4 or 10.1.1.5|", &[("10.1.1.5", Some(7))]),
        ("src_ip in (10.1.1.4, 10.|", &[("10.1.1.4", Some(5)), ("10.1.1.5", Some(3))]),
        ("action = |", &[("allow", None), ("deny", Some(6))]),
        ("rule ssh|", &[("UserRule_ssh", Some(7))]),
        ("rule my|", &[("\"my rule\"", Some(2))]),
        ("rule \"my r|", &[("\"my rule\"", Some(2))]),
        ("rule = |", &[("UserRule_ssh", Some(7)), ("\"my rule\"", Some(2)), ("\"denied\"", Some(1))]),
        ("group sp|", &[("spoke1", Some(3))]),
        (
            "dst group |",
            &[("spoke1", Some(3)), ("\"Partner A\"", Some(1)), ("=", None), ("!=", None), ("in", None)],
        ),
        ("8.|", &[("8.8.8.8", Some(1))]),
    ] {
        let offered = completions(marked);
        let offered: Vec<_> = offered.iter().map(|found| (found.text.as_str(), found.count)).collect();
        assert_eq!(offered, expected, "{marked}");
    }
}

#[test]
fn the_word_at_the_cursor_is_replaced() {
    for (marked, start, end) in [
        ("tcp and den|", 8, 11),
        ("tcp and den|xyz or udp", 8, 14),
        ("'é' and |", 8, 8),
        ("rule \"my |", 5, 9),
    ] {
        let completions = completions(marked);
        assert!(!completions.is_empty(), "{marked}");
        for completion in completions {
            assert_eq!((completion.start, completion.end), (start, end), "{marked}");
            assert!(!completion.meaning.is_empty(), "{}", completion.text);
        }
    }
}
