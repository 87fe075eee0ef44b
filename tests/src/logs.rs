//! Logs at random: what they say, not how it is written. Values come from small pools, so that keys meet again.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// What a log says.
pub type Log = Vec<Record>;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// An NSG flow log's record, or a VNet flow log's.
    pub is_nsg: bool,
    /// When it was written.
    pub time: String,
    /// The NIC.
    pub mac: Option<String>,
    /// `targetResourceID` (VNet only).
    pub target: Option<String>,
    /// `flowLogResourceID` (VNet) or `resourceId` (NSG).
    pub resource: Option<String>,
    /// Entries of `flows`.
    pub flows: Vec<Flow>,
}

/// One entry of a record's `flows`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// The ACL (VNet) or the rule (NSG).
    pub text: Option<String>,
    /// Its groups of tuples.
    pub groups: Vec<Group>,
}

/// Tuples that share rule and NIC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The rule (VNet) or the NIC (NSG).
    pub text: Option<String>,
    /// The tuples.
    pub tuples: Vec<String>,
}

/// First second of the times in these logs: 2024-05-01T09:00:00Z.
pub const START_S: u64 = 1_714_554_000;

/// Addresses in these logs.
pub const ADDRESSES: [&str; 8] = [
    "10.1.1.4",
    "10.1.1.5",
    "10.2.1.4",
    "192.168.0.255",
    "203.0.113.9",
    "168.63.129.16",
    "fd00::4",
    "2001:DB8:0::1",
];

/// NICs in these logs, as they are written.
pub const MACS: [&str; 4] = ["00224871C205", "00224871c206", "00-22-48-71-C2-07", "00:22:48:71:c2:08"];

const RULES: [&str; 8] = [
    "DefaultRule_AllowInternetOutBound",
    "UserRule_web",
    "UserRule_ssh \"quoted\" \u{e4}\u{1f600}",
    "nossh",
    "Internet_d04abb96-9395-47cb-a760-7640a232c7a1",
    "PlatformRule",
    "unspecified",
    "",
];

const ACLS: [&str; 5] = [
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web-nsg",
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/db-nsg",
    "65624055-d088-44e6-9c98-b7cadd84885a",
    "00000000-0000-0000-0000-000000000000",
    "unspecified",
];

const RESOURCES: [&str; 3] =
    ["/SUBSCRIPTIONS/S/FLOWLOGS/HUB", "/subscriptions/s/virtualNetworks/hub", "/x\\y/\"z\""];

/// A log of up to that many records, VNet and NSG mixed, each with a few tuples.
pub fn log(most_records: usize) -> impl Strategy<Value = Log> {
    vec(prop_oneof![3 => record(false), 1 => record(true)], 0..=most_records)
}

fn record(is_nsg: bool) -> impl Strategy<Value = Record> {
    let time = (0..3600_u64, 0..10_000_000_u32).prop_map(|(second, fraction)| {
        format!("2024-05-01T09:{:02}:{:02}.{fraction:07}Z", second / 60, second % 60)
    });
    let resource = option::weighted(0.9, select(&RESOURCES[..]).prop_map(str::to_owned));
    let target = option::weighted(0.8, select(&RESOURCES[..]).prop_map(str::to_owned));
    let mac = option::weighted(0.9, select(&MACS[..]).prop_map(str::to_owned));
    (time, mac, target, resource, vec(flow(is_nsg), 0..4)).prop_map(
        move |(time, mac, target, resource, flows)| Record {
            is_nsg,
            time,
            mac,
            target: target.filter(|_| !is_nsg),
            resource,
            flows,
        },
    )
}

fn flow(is_nsg: bool) -> impl Strategy<Value = Flow> {
    let texts = if is_nsg { &RULES[..] } else { &ACLS[..] };
    let text = option::weighted(0.9, select(texts).prop_map(str::to_owned));
    (text, vec(group(is_nsg), 0..3)).prop_map(|(text, groups)| Flow { text, groups })
}

fn group(is_nsg: bool) -> impl Strategy<Value = Group> {
    let texts = if is_nsg { &MACS[..] } else { &RULES[..] };
    let text = option::weighted(0.9, select(texts).prop_map(str::to_owned));
    (text, vec(tuple(is_nsg), 0..6)).prop_map(|(text, tuples)| Group { text, tuples })
}

/// A tuple's text, now and then one that is none.
pub fn tuple(is_nsg: bool) -> impl Strategy<Value = String> {
    prop_oneof![30 => good_tuple(is_nsg), 1 => bad_tuple()]
}

fn good_tuple(is_nsg: bool) -> impl Strategy<Value = String> {
    let address = || select(&ADDRESSES[..]);
    let port = || prop_oneof![3 => select(&[22_u16, 53, 443, 3389][..]), 1 => any::<u16>()];
    let ends = (0..3_600_000_u64, address(), address(), port(), port(), select(&["I", "O"][..]));
    let counters = prop_oneof![
        3 => vec((0..100_000_u64).prop_map(|number| number.to_string()), 4),
        1 => vec(counter(), 4),
        1 => Just(vec![String::new(); 4]),
    ];
    let rest = if is_nsg { nsg_rest().boxed() } else { vnet_rest().boxed() };
    (ends, rest, counters).prop_map(
        move |((time, src, dst, src_port, dst_port, direction), rest, counters)| {
            let (protocol, verdict, has_counters) = rest;
            // NSG logs are in seconds; some VNet logs are, too.
            let time = if is_nsg || time % 7 == 0 { START_S + time / 1000 } else { START_S * 1000 + time };
            let counters = if has_counters { format!(",{}", counters.join(",")) } else { String::new() };
            format!("{time},{src},{dst},{src_port},{dst_port},{protocol},{direction},{verdict}{counters}")
        },
    )
}

/// Protocol, verdict fields, and whether counters follow.
fn vnet_rest() -> impl Strategy<Value = (String, String, bool)> {
    let encryption = prop_oneof![3 => Just("NX"), 1 => select(&crate::oracle::ENCRYPTIONS[..])];
    let protocol = prop_oneof![4 => select(&[6_u8, 17][..]), 1 => any::<u8>()];
    (protocol, select(&["B", "C", "E", "D"][..]), encryption).prop_map(|(protocol, state, encryption)| {
        (protocol.to_string(), format!("{state},{encryption}"), true)
    })
}

fn nsg_rest() -> impl Strategy<Value = (String, String, bool)> {
    let state = select(&[None, Some("B"), Some("C"), Some("E")][..]);
    (select(&["T", "U"][..]), select(&["A", "D"][..]), state).prop_map(|(protocol, decision, state)| {
        let verdict = state.map_or(decision.to_owned(), |state| format!("{decision},{state}"));
        (protocol.to_owned(), verdict, state.is_some())
    })
}

fn counter() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<u32>().prop_map(|number| number.to_string()),
        1 => Just(String::new()),
        1 => Just(u64::MAX.to_string()),
        1 => any::<u64>().prop_map(|number| number.to_string()),
    ]
}

fn bad_tuple() -> impl Strategy<Value = String> {
    select(
        &[
            "",
            "not a tuple",
            "1714554001000,10.1.1.4,10.2.1.4,1,2,6,O,A,NX,0,0,0,0",
            "1714554001000,10.1.1.4,10.2.1.4,1,2,6,O,B,NX,0,0,0",
            "1714554001,10.1.1.4,10.2.1.4,1,2,T,O,D,D,,,,",
            "1714554001000,10.1.1.4,10.2.1.4,1,2,6,O,B,NX,0,0,0,18446744073709551616",
            "1714554001000,10.1.1.400,10.2.1.4,1,2,6,O,B,NX,0,0,0,0",
            "99999999999999999,10.1.1.4,10.2.1.4,1,2,6,O,B,NX,0,0,0,0",
        ][..],
    )
    .prop_map(str::to_owned)
}
