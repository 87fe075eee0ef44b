//! Filters at random, as people write them. Their values are those of [`crate::logs`], so that they often are true.

use proptest::prelude::*;
use proptest::sample::select;
use vnetflow_core::groups::Groups;

/// Names for networks, some in each other.
pub const NAMED: [(&str, &str); 4] =
    [("10.1.0.0/16", "spoke1"), ("10.0.0.0/8", "cloud"), ("203.0.113.9", "office"), ("fd00::/8", "cloud")];

/// [`NAMED`], as the core reads them.
///
/// # Panics
///
/// Never: these are networks.
#[must_use]
#[expect(clippy::unwrap_used, reason = "these are networks")]
pub fn groups() -> Groups {
    Groups::from_pairs(NAMED).unwrap()
}

/// Single tests of the language.
const TESTS: [&str; 54] = [
    "host 10.1.1.4",
    "src host 10.1.1.5",
    "dst host fd00::4",
    "net 10.1.0.0/16",
    "src net 2001:db8::/32",
    "net in (10.1.0.0/16, 203.0.113.0/24)",
    "port 443",
    "src port 53",
    "dst port in (22, 3389, 8000-8999)",
    "portrange 0-1023",
    "tcp",
    "udp",
    "proto 17",
    "inbound",
    "outbound",
    "allowed",
    "denied",
    "state begin",
    "state continue",
    "state end",
    "state deny",
    "encrypted",
    "unencrypted",
    "encryption NX_FALLBACK",
    "encryption NX",
    "rule \"UserRule_*\"",
    "rule nossh",
    "rule \"?ossh\"",
    "acl \"*web-nsg\"",
    "origin default",
    "origin user",
    "origin admin",
    "origin platform",
    "origin encryption",
    "mac 00224871C205",
    "mac 00-22-48-71-c2-07",
    "public",
    "private",
    "src public",
    "dst private",
    "bytes > 10k",
    "packets >= 1k",
    "src bytes < 50000",
    "bytes_dst_to_src = 0",
    "time >= 2024-05-01T09:30",
    "time in 2024-05-01T09:10..2024-05-01T09:40",
    "record_time < 2024-05-01T09:30",
    "target_resource_id = \"*hub\"",
    "flow_log_resource_id = \"*HUB\"",
    "flow_log_version in (1, 2)",
    "offset < 400",
    "group spoke1",
    "src group cloud",
    "dst group office",
];

/// A filter's text: one test, or several joined by `and`, `or`, `not` and brackets.
pub fn filter() -> impl Strategy<Value = String> {
    let test = select(&TESTS[..]).prop_map(str::to_owned);
    test.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} and {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} or {other})")),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
}
