//! How texts are read: precedence, lists, and the words that explain prints.

use super::*;

/// The filter, explained; read again it must give the same tree.
fn explained(text: &str) -> String {
    let first = filter(text);
    let explained = first.explain();
    assert_eq!(filter(&explained).expression(), first.expression(), "{text}");
    explained
}

#[test]
fn explain_brackets_everything() {
    for (text, expected) in [
        ("", "any"),
        ("src net 10.1.0.0/16 and dst port 22", "(src net 10.1.0.0/16 and dst port 22)"),
        ("tcp or udp and denied", "(tcp or (udp and denied))"),
        ("(tcp or udp) and denied", "((tcp or udp) and denied)"),
        ("not tcp and denied", "(not tcp and denied)"),
        ("not (tcp and denied)", "not (tcp and denied)"),
        ("!!tcp", "not not tcp"),
        ("! tcp || ! udp && denied", "(not tcp or (not udp and denied))"),
        ("tcp and udp and denied", "(tcp and udp and denied)"),
        ("tcp and (udp and denied)", "(tcp and (udp and denied))"),
        ("TCP AND NOT Denied", "(tcp and not denied)"),
        ("tcp dst port 22", "(tcp and dst port 22)"),
        ("dst.port != 22", "not dst port 22"),
        ("rule !~ 'a\"b'", "not rule ~ \"a\"\"b\""),
        ("port 8000-8999 or 22", "port in (8000-8999, 22)"),
        ("portrange 8000-8999", "port 8000-8999"),
        ("src and dst port 22", "(src port 22 and dst port 22)"),
        ("bytes > 10000000 and packets = 1024", "(bytes > 10M and packets = 1Ki)"),
        ("src bytes >= 1500", "src bytes >= 1500"),
        ("proto 47 or 50", "proto in (47, 50)"),
        ("proto = 47", "proto = 47"),
        ("host 10.1.1.4, 10.1.1.5", "host in (10.1.1.4, 10.1.1.5)"),
        ("net 10.1.1.5/16", "net 10.1.0.0/16"),
        ("time = 2024-05-01", "time in 2024-05-01T00:00:00Z..2024-05-02T00:00:00Z"),
        ("time >= 2024-05-01T09:00", "time >= 2024-05-01T09:00:00Z"),
        ("time = 253402300799999", "time in 253402300799999..253402300800000"),
        ("time in ..1000000000000000", "time < 1000000000000000"),
        ("time = 9999-12-30", "time in 9999-12-30T00:00:00Z..253402214400000"),
        ("time < 0001-01-01", "time < 0001-01-01T00:00:00Z"),
        ("UserRule_*", "rule \"UserRule_*\""),
        ("spoke1", "group \"spoke1\""),
        ("dst spoke*", "dst group in (\"spoke1\", \"spoke1/db\", \"spoke2\")"),
        ("encryption in (NX_HW_NOT_SUPPORTED, X)", "encryption in (NX_HW_NOT_SUPPORTED, X)"),
        ("NX_ALL = 5 or tcp", ""),
    ] {
        if expected.is_empty() {
            assert!(Filter::parse(text, &groups()).is_err(), "{text}");
        } else {
            assert_eq!(explained(text), expected, "{text}");
        }
    }
}

#[test]
fn bare_items_after_a_keyword_are_a_list() {
    for (text, expected) in [
        ("port 22 or 3389", "port in (22, 3389)"),
        ("port 22, 3389", "port in (22, 3389)"),
        ("port (22, 3389)", "port in (22, 3389)"),
        ("dst port 22 or 3389 and tcp", "(dst port in (22, 3389) and tcp)"),
        ("not port 22 or 3389", "not port in (22, 3389)"),
        ("host 10.1.1.4 or 10.1.1.5", "host in (10.1.1.4, 10.1.1.5)"),
        ("src net 10.1.0.0/16 or 10.2.0.0/16 and tcp", "(src net in (10.1.0.0/16, 10.2.0.0/16) and tcp)"),
        ("port 22 or 10.1.1.4", "(port 22 or host 10.1.1.4)"),
        ("host 10.1.1.4 or 22", "(host 10.1.1.4 or port 22)"),
        ("port 22 or dst port 3389", "(port 22 or dst port 3389)"),
        ("src port 22 and 3389", "(src port 22 and port 3389)"),
        ("dst.port = 22 or 3389", "(dst port 22 or port 3389)"),
        ("dst port > 22 or 3389", "(dst port > 22 or port 3389)"),
        ("22 or 3389 and tcp", "(port 22 or (port 3389 and tcp))"),
        ("proto tcp or udp", "proto in (6, 17)"),
        ("proto tcp or udp port 53", "(tcp or (udp and port 53))"),
        ("rule a1 or b1", "rule in (\"a1\", \"b1\")"),
        ("rule a1 or tcp", "(rule \"a1\" or tcp)"),
        ("rule a1 or 10.1.1.4", "(rule \"a1\" or host 10.1.1.4)"),
        ("rule a1 or src_ip = 10.1.1.4", "(rule \"a1\" or src host 10.1.1.4)"),
        ("mac 00224871C205 or 22", "(mac \"00224871C205\" or port 22)"),
        ("origin user or encryption or denied", "(origin in (user, encryption) or denied)"),
        ("state begin or denied", "(state begin or denied)"),
        ("state begin, denied", "state in (begin, deny)"),
        ("time 2024-05-01 or 22", "(time in 2024-05-01T00:00:00Z..2024-05-02T00:00:00Z or port 22)"),
        ("port 22 or (3389)", "(port 22 or port 3389)"),
    ] {
        assert_eq!(explained(text), expected, "{text}");
    }
}

#[test]
fn bare_items_are_known_by_their_looks() {
    for (text, expected) in [
        ("10.1.1.4", "host 10.1.1.4"),
        ("fd00::4", "host fd00::4"),
        ("::", "host ::"),
        ("10.1.0.0/16", "net 10.1.0.0/16"),
        ("10.1/16", "net 10.1.0.0/16"),
        ("10/8", "net 10.0.0.0/8"),
        ("fd00::/8", "net fd00::/8"),
        ("10.1.1.4-10.1.1.9", "host 10.1.1.4-10.1.1.9"),
        ("22", "port 22"),
        ("8000-8999", "port 8000-8999"),
        ("dst 22", "dst port 22"),
        ("src 10.1.0.0/16", "src net 10.1.0.0/16"),
        ("nossh", "rule \"nossh\""),
        (
            "Internet_d04abb96-9395-47cb-a760-7640a232c7a1",
            "rule \"Internet_d04abb96-9395-47cb-a760-7640a232c7a1\"",
        ),
        ("BlockHighRiskTCPPortsFromInternet", "rule \"BlockHighRiskTCPPortsFromInternet\""),
        ("'my rule'", "rule \"my rule\""),
    ] {
        assert_eq!(explained(text), expected, "{text}");
    }
}

#[test]
fn no_two_explained_tests_run_into_each_other() {
    let mut tests: Vec<String> = Vec::new();
    for text in [
        "any",
        "tcp",
        "udp",
        "icmp",
        "proto = 47",
        "proto in (1, 6)",
        "inbound",
        "outbound",
        "allowed",
        "denied",
        "direction in (inbound, outbound)",
        "action in (allow, deny)",
        "state begin",
        "state deny",
        "encrypted",
        "unencrypted",
        "encryption NX",
        "encryption NX_FALLBACK",
        "origin user",
        "origin encryption",
        "port 22",
        "port 1-2",
        "port > 22",
        "src port 22",
        "host 10.1.1.4",
        "net 10.1.0.0/16",
        "dst host ::1",
        "public",
        "private",
        "src public",
        "bytes = 10",
        "bytes > 1k",
        "packets in (1, 2)",
        "flow_log_version 4",
        "offset = 5",
        "group spoke1",
        "dst group spoke2",
        "rule a",
        "rule denied",
        "rule ~ a",
        "acl b",
        "mac 00224871C205",
        "source x",
        "target_resource_id y",
        "flow_log_resource_id z",
        "time = 2024-05-01",
        "time >= 2024-05-01",
        "record_time < 2024-05-01",
        "not tcp",
        "not mac 0",
        "(tcp and udp)",
    ] {
        tests.push(filter(text).explain());
    }
    for one in &tests {
        for other in &tests {
            let (one, other) = (filter(one).expression().clone(), filter(other).expression().clone());
            for joined in
                [Expression::Or(vec![one.clone(), other.clone()]), Expression::And(vec![one, other])]
            {
                assert_eq!(filter(&joined.to_string()).expression(), &joined, "{joined}");
            }
        }
    }
}
