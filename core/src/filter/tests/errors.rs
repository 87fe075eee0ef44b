//! What the language says where a text is no filter.

use super::*;

fn error(text: &str) -> String {
    match Filter::parse(text, &groups()) {
        Ok(filter) => panic!("{text} was read as {}", filter.explain()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_message_names_the_column_and_a_near_match() {
    for (text, expected) in [
        ("port 22 and denyed", "unknown word `denyed` at column 13: did you mean `denied`?"),
        ("tcp && denyed", "unknown word `denyed` at column 8: did you mean `denied`?"),
        ("hots 10.1.1.4", "unknown word `hots` at column 1: did you mean `host`?"),
        ("prot 22", "unknown word `prot` at column 1: did you mean `port`?"),
        ("rule a or denyed", "unknown word `denyed` at column 11: did you mean `denied`?"),
        ("begin", "unknown word `begin` at column 1: did you mean `state begin`?"),
        (
            "tcp and NX_FALLBACK",
            "unknown word `NX_FALLBACK` at column 9: did you mean `encryption NX_FALLBACK`?",
        ),
        ("src_prot = 5", "unknown field `src_prot` at column 1: did you mean `src_port`?"),
        ("colour = 5", "unknown field `colour` at column 1: expected a field such as `src_ip` or `rule`"),
        ("src hots 10.1.1.4", "unknown word `hots` at column 5: did you mean `host`?"),
        ("src spoke3", "unknown group `spoke3` at column 5: did you mean `spoke1`?"),
        ("group spoke3", "unknown group `spoke3` at column 7: did you mean `spoke1`?"),
        (
            "src group nowhere",
            "unknown group `nowhere` at column 11: expected one of the names given as `groups`",
        ),
        ("src nowhere", "unknown group `nowhere` at column 5: expected one of the names given as `groups`"),
        ("port", "expected a port from 0 to 65535 at column 5, found the end"),
        ("port abc", "expected a port from 0 to 65535 at column 6, found `abc`"),
        ("port 65536", "expected a port from 0 to 65535 at column 6, found `65536`"),
        ("70000", "expected a port from 0 to 65535 at column 1, found `70000`"),
        ("port 23-22", "expected a port from 0 to 65535 at column 6, found `23-22`"),
        ("port in (22,", "expected a port from 0 to 65535 at column 13, found the end"),
        ("port in (22", "expected `,` or `)` at column 12, found the end"),
        ("port in ()", "expected a port from 0 to 65535 at column 10, found `)`"),
        ("port in [22)", "expected `,` or `]` at column 12, found `)`"),
        ("host 10.1.1", "expected an address such as `10.1.1.4` at column 6, found `10.1.1`"),
        ("host 10.1.1.400", "expected an address such as `10.1.1.4` at column 6, found `10.1.1.400`"),
        ("10.1.1.400", "expected an address or a prefix at column 1, found `10.1.1.400`"),
        ("10.1.0.0/33", "expected an address or a prefix at column 1, found `10.1.0.0/33`"),
        ("net 10.1.0.0/33", "expected a prefix such as `10.1.0.0/16` at column 5, found `10.1.0.0/33`"),
        ("proto 256", "expected `tcp`, `udp` or a protocol number from 0 to 255 at column 7, found `256`"),
        (
            "state begn",
            "expected `begin`, `continue`, `end` or `deny` at column 7, found `begn`: did you mean `begin`?",
        ),
        ("action = maybe", "expected `allow` or `deny` at column 10, found `maybe`"),
        ("bytes > 10X", "expected a number such as `1500`, `10M` or `1Ki` at column 9, found `10X`"),
        ("bytes > 0.5", "expected a number such as `1500`, `10M` or `1Ki` at column 9, found `0.5`"),
        ("bytes > -1", "expected a number such as `1500`, `10M` or `1Ki` at column 9, found `-1`"),
        ("time >= 2024", "expected a time such as `2024-05-01T09:00` at column 9, found `2024`"),
        ("time in 2024..", "expected a time such as `2024-05-01T09:00` at column 9, found `2024..`"),
        ("time > yesterday", "expected a time such as `2024-05-01T09:00` at column 8, found `yesterday`"),
        ("time = 2024-13-01", "expected a time such as `2024-05-01T09:00` at column 8, found `2024-13-01`"),
        (
            "time > 9223372036854775807",
            "expected a time such as `2024-05-01T09:00` at column 8, found `9223372036854775807`",
        ),
        (
            "time = 1000000000000000",
            "expected a time before the year 10000 at column 8, found `1000000000000000`",
        ),
        ("time in ..", "expected a time on one side of `..` at least at column 9, found `..`"),
        (
            "time in 2024-05-02..2024-05-01",
            "expected a range of times whose end is after its start at column 9, found `2024-05-02..2024-05-01`",
        ),
        ("rule < b", "expected `=`, `!=`, `in` or `~` at column 6, found `<`"),
        ("src_ip ~ 10", "expected `=`, `!=` or `in` at column 8, found `~`"),
        (
            "state ~ z",
            "expected a regular expression that finds `begin`, `continue`, `end` or `deny` at column 9, found `z`",
        ),
        ("rule ~", "expected a regular expression in quotes at column 7, found the end"),
        ("(tcp", "expected `)`, `and` or `or` at column 5, found the end"),
        ("tcp)", "expected `and`, `or` or the end at column 4, found `)`"),
        ("tcp denied", "expected `and` or `or` at column 5, found `denied`"),
        (
            "tcp and",
            "expected a test such as `host 10.1.1.4`, `port 22` or `denied` at column 8, found the end",
        ),
        (
            "and tcp",
            "expected a test such as `host 10.1.1.4`, `port 22` or `denied` at column 1, found `and`",
        ),
        ("not", "expected a test such as `host 10.1.1.4`, `port 22` or `denied` at column 4, found the end"),
        ("()", "expected a test such as `host 10.1.1.4`, `port 22` or `denied` at column 2, found `)`"),
        (
            "src tcp",
            "expected `host`, `net`, `port`, `group`, `public`, `private`, `bytes` or `packets` at column 5, found `tcp`",
        ),
        ("tcp & udp", "expected `and` or `or` at column 5, found `&`: did you mean `&&`?"),
        ("rule \"a", "expected a closing \" for the quote at column 6 at column 8, found the end"),
        ("rule 'é' and denyed", "unknown word `denyed` at column 14: did you mean `denied`?"),
        ("tcp # and\nand denyed", "unknown word `denyed` at column 15: did you mean `denied`?"),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    assert!(error("rule ~ '('").starts_with("expected a regular expression ("), "{}", error("rule ~ '('"));
    let without = Filter::parse("group spoke1", &Groups::new()).unwrap_err().to_string();
    assert_eq!(without, "unknown group `spoke1` at column 7: expected names for networks, given as `groups`");
}

#[test]
fn quotes_and_wildcards_make_a_name_of_any_word() {
    for text in ["\"denyed\"", "denye*", "rule denyed", "rule = denyed", "\"begin\""] {
        assert!(filter(text).expression() != &Expression::Any, "{text}");
    }
    let groups = Groups::from_pairs([("10.0.0.0/8", "denyed"), ("11.0.0.0/8", "prod")]).unwrap();
    assert_eq!(Filter::parse("denyed", &groups).unwrap().explain(), "group \"denyed\"");
    assert_eq!(Filter::parse("PROD", &groups).unwrap().explain(), "group \"prod\"");
}

#[test]
fn nesting_has_a_limit_and_length_has_none() {
    let brackets = |depth: usize| format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&brackets(100), &Groups::new()).is_ok());
    assert_eq!(error(&brackets(101)), "expected at most 100 nested brackets at column 102, found `tcp`");
    assert!(error(&"(".repeat(1_000_000)).starts_with("expected at most 100 nested brackets at column 102"));
    assert!(error(&"not ".repeat(1_000_000)).starts_with("expected at most 100 nested brackets"));
    assert!(error(&"!".repeat(1_000_000)).starts_with("expected at most 100 nested brackets"));
    let long = vec!["port 22 and tcp"; 20_000].join(" or ");
    assert!(Filter::parse(&long, &Groups::new()).is_ok());
    let long = format!("port in ({})", vec!["22"; 100_000].join(","));
    assert!(Filter::parse(&long, &Groups::new()).is_ok());
    // Mixed levels count as the brackets that `explain` would print.
    let mut mixed = "tcp".to_owned();
    for _ in 0..40 {
        mixed = format!("(udp or denied and not {mixed})");
    }
    let message = error(&mixed);
    assert!(message.starts_with("expected at most 100 nested brackets"), "{message}");
}
