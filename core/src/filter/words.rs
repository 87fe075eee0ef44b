//! The words of the language: every keyword, field and alias, once, with its meaning.
//!
//! Names are looked up without regard to case, `.` and `_`, so `src.ip`, `src_ip` and `SrcIP` are one word.

use super::tree::{End, NumberField, TextField, TimeField};
use crate::origin::RuleOrigin;
use crate::tuple::{Action, Direction, Encryption, State};

/// What a comparison is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// `host` and `net`; true for `net`, where `10.1` is a network.
    Address(End, bool),
    Group(End),
    Number(NumberField),
    Time(TimeField),
    Direction,
    Action,
    State,
    Encryption,
    Origin,
    Text(TextField),
}

/// A word that is a whole test by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predicate {
    Any,
    Protocol(u8),
    Direction(Direction),
    Action(Action),
    Encrypted(bool),
    Public(bool),
}

/// One meaning and the names that it goes by, the first of which is shown.
pub(super) struct Word<T> {
    pub(super) names: &'static [&'static str],
    pub(super) is: T,
    pub(super) meaning: &'static str,
}

const fn word<T>(names: &'static [&'static str], is: T, meaning: &'static str) -> Word<T> {
    Word { names, is, meaning }
}

/// Every subject.
pub(super) const SUBJECTS: &[Word<Subject>] = &[
    word(&["host", "ip", "addr"], Subject::Address(End::Either, false), "either end is that address"),
    word(&["net", "network"], Subject::Address(End::Either, true), "either end lies in that prefix"),
    word(
        &["port", "portrange", "ports"],
        Subject::Number(NumberField::Port(End::Either)),
        "port of either end",
    ),
    word(&["proto", "protocol", "l4_protocol", "network_transport"], PROTOCOL, "protocol name or number"),
    word(&["direction", "flow_direction", "network_direction"], Subject::Direction, "direction at the NIC"),
    word(&["action", "flow_status", "verdict"], Subject::Action, "the verdict"),
    word(&["state", "flow_state"], Subject::State, "flow state as logged"),
    word(&["encryption", "flow_encryption"], Subject::Encryption, "encryption between VNets"),
    word(&["rule", "acl_rule"], Subject::Text(TextField::Rule), "name of the rule, `*` and `?` as wildcards"),
    word(&["acl", "acl_id", "acl_group"], Subject::Text(TextField::AclId), "resource that holds the rule"),
    word(&["origin", "rule_origin"], Subject::Origin, "who set the rule"),
    word(&["mac", "mac_address"], Subject::Text(TextField::Mac), "NIC that logged it"),
    word(&["group"], Subject::Group(End::Either), "either end lies in that named group"),
    word(&["bytes", "network_bytes"], Subject::Number(NumberField::Bytes), "bytes of both directions"),
    word(
        &["packets", "network_packets"],
        Subject::Number(NumberField::Packets),
        "packets of both directions",
    ),
    word(&["time"], Subject::Time(TimeField::Time), "when it was logged, UTC"),
    word(
        &["src_ip", "source_ip", "src_host", "src_addr"],
        Subject::Address(End::Source, false),
        "the initiator",
    ),
    word(
        &["dst_ip", "dest_ip", "destination_ip", "dst_host", "dst_addr"],
        Subject::Address(End::Destination, false),
        "the responder",
    ),
    word(&["src_net"], Subject::Address(End::Source, true), "prefix of the initiator"),
    word(&["dst_net"], Subject::Address(End::Destination, true), "prefix of the responder"),
    word(
        &["src_port", "source_port"],
        Subject::Number(NumberField::Port(End::Source)),
        "the initiator's port",
    ),
    word(
        &["dst_port", "dest_port", "destination_port"],
        Subject::Number(NumberField::Port(End::Destination)),
        "the responder's port",
    ),
    word(&["src_group"], Subject::Group(End::Source), "group of the initiator"),
    word(&["dst_group"], Subject::Group(End::Destination), "group of the responder"),
    word(
        &["packets_src_to_dst", "packets_src_to_dest", "source_packets", "src_packets"],
        Subject::Number(NumberField::PacketsSrcToDst),
        "packets from source to destination",
    ),
    word(
        &["bytes_src_to_dst", "bytes_src_to_dest", "source_bytes", "src_bytes"],
        Subject::Number(NumberField::BytesSrcToDst),
        "bytes from source to destination",
    ),
    word(
        &["packets_dst_to_src", "packets_dest_to_src", "destination_packets", "dst_packets"],
        Subject::Number(NumberField::PacketsDstToSrc),
        "packets from destination to source",
    ),
    word(
        &["bytes_dst_to_src", "bytes_dest_to_src", "destination_bytes", "dst_bytes"],
        Subject::Number(NumberField::BytesDstToSrc),
        "bytes from destination to source",
    ),
    word(
        &["target_resource_id"],
        Subject::Text(TextField::TargetResourceId),
        "VNet, subnet or NIC the flow log is set on",
    ),
    word(
        &["flow_log_resource_id"],
        Subject::Text(TextField::FlowLogResourceId),
        "the flow log's own resource",
    ),
    word(
        &["flow_log_version", "version"],
        Subject::Number(NumberField::Version),
        "version of the tuple's shape",
    ),
    word(&["record_time"], Subject::Time(TimeField::RecordTime), "when the record was written, UTC"),
    word(&["source"], Subject::Text(TextField::Source), "file it was read from"),
    word(&["offset"], Subject::Number(NumberField::Offset), "byte in that file"),
];

const PROTOCOL: Subject = Subject::Number(NumberField::Protocol);

/// Every predicate.
pub(super) const PREDICATES: &[Word<Predicate>] = &[
    word(&["tcp"], Predicate::Protocol(6), "protocol 6"),
    word(&["udp"], Predicate::Protocol(17), "protocol 17"),
    word(&["icmp"], Predicate::Protocol(1), "protocol 1, which Azure never logs"),
    word(&["inbound", "ingress"], Predicate::Direction(Direction::Inbound), "towards the NIC that logged it"),
    word(
        &["outbound", "egress"],
        Predicate::Direction(Direction::Outbound),
        "away from the NIC that logged it",
    ),
    word(&["allowed", "allow"], Predicate::Action(Action::Allow), "the traffic could pass"),
    word(&["denied", "deny"], Predicate::Action(Action::Deny), "the traffic was dropped"),
    word(&["encrypted"], Predicate::Encrypted(true), "encryption is `X`"),
    word(&["unencrypted"], Predicate::Encrypted(false), "encryption is anything but `X`"),
    word(&["public"], Predicate::Public(true), "the end is globally routable"),
    word(&["private"], Predicate::Public(false), "the end is not globally routable"),
    word(&["any"], Predicate::Any, "everything"),
];

/// `src` and `dst`, which narrow the word behind them to one end.
pub(super) const QUALIFIERS: &[Word<End>] = &[
    word(&["src"], End::Source, "the initiator"),
    word(&["dst", "dest", "destination"], End::Destination, "the responder"),
];

/// Protocols that go by a name.
pub(super) const PROTOCOLS: &[Word<u8>] = &[
    word(&["tcp", "t"], 6, "protocol 6"),
    word(&["udp", "u"], 17, "protocol 17"),
    word(&["icmp"], 1, "protocol 1"),
    word(&["igmp"], 2, "protocol 2"),
    word(&["gre"], 47, "protocol 47"),
    word(&["esp"], 50, "protocol 50"),
    word(&["ah"], 51, "protocol 51"),
    word(&["icmp6", "icmpv6"], 58, "protocol 58"),
    word(&["sctp"], 132, "protocol 132"),
];

/// The values of `direction`.
pub(super) const DIRECTIONS: &[Word<Direction>] = &[
    word(&["inbound", "i", "ingress"], Direction::Inbound, "towards the NIC"),
    word(&["outbound", "o", "egress"], Direction::Outbound, "away from the NIC"),
];

/// The values of `action`.
pub(super) const ACTIONS: &[Word<Action>] = &[
    word(&["allow", "allowed", "a"], Action::Allow, "the traffic could pass"),
    word(&["deny", "denied", "d"], Action::Deny, "the traffic was dropped"),
];

/// The values of `state`.
pub(super) const STATES: &[Word<State>] = &[
    word(&["begin", "b"], State::Begin, "the flow was created"),
    word(&["continue", "continuing", "c"], State::Continue, "the flow goes on"),
    word(&["end", "e"], State::End, "the flow ended"),
    word(&["deny", "denied", "d"], State::Deny, "the flow was denied"),
];

/// The values of `rule_origin`.
pub(super) const ORIGINS: &[Word<RuleOrigin>] = &[
    word(&["default"], RuleOrigin::Default, "built into every NSG"),
    word(&["user"], RuleOrigin::User, "written by a user into an NSG"),
    word(&["admin"], RuleOrigin::Admin, "a security admin rule of Virtual Network Manager"),
    word(&["platform"], RuleOrigin::Platform, "traffic that the platform handled"),
    word(&["encryption"], RuleOrigin::Encryption, "judged by virtual network encryption"),
];

/// The values of `encryption`; Azure's own filters also know `NX_ALL` for all but the first.
pub(super) const ENCRYPTIONS: &[Word<Encryption>] = &[
    word(&["X"], Encryption::Encrypted, "encrypted"),
    word(&["NX"], Encryption::NotEncrypted, "not encrypted"),
    word(&["NX_HW_NOT_SUPPORTED"], Encryption::HardwareNotSupported, "the host lacks the hardware"),
    word(&["NX_SW_NOT_READY"], Encryption::SoftwareNotReady, "dropped: the software was not ready"),
    word(&["NX_NOT_ACCEPTED"], Encryption::NotAccepted, "dropped by policy"),
    word(&["NX_NOT_SUPPORTED"], Encryption::NotSupported, "dropped: discovery is not supported"),
    word(&["NX_LOCAL_DST"], Encryption::LocalDestination, "both ends are on one host"),
    word(&["NX_FALLBACK"], Encryption::Fallback, "allowed to pass unencrypted"),
];

/// Azure's word for every value but `X`.
pub(super) const NX_ALL: &str = "NX_ALL";

/// What goes by that name in the table.
pub(super) fn named<T: Copy>(table: &[Word<T>], name: &str) -> Option<T> {
    table.iter().find(|word| word.names.iter().any(|known| same_name(known, name))).map(|word| word.is)
}

/// True for a keyword, a field or one of their aliases.
pub(super) fn is_language_word(name: &str) -> bool {
    named(SUBJECTS, name).is_some() || named(PREDICATES, name).is_some() || named(QUALIFIERS, name).is_some()
}

/// Keywords, fields and aliases, for near matches; the names that are shown come first.
pub(super) fn language_words() -> impl Iterator<Item = &'static str> {
    let names = || {
        let predicates = PREDICATES.iter().map(|word| word.names);
        predicates
            .chain(SUBJECTS.iter().map(|word| word.names))
            .chain(QUALIFIERS.iter().map(|word| word.names))
    };
    let first = names().filter_map(|names| names.first().copied());
    first.chain(names().flat_map(|names| names.iter().skip(1).copied()))
}

/// A test that the value stands for, where a bare word is the value of a field: `begin` for `state begin`.
pub(super) fn test_for_value(value: &str) -> Option<String> {
    // One letter is a name as well as anything.
    if value.len() < 2 {
        return None;
    }
    fn shown<T>(subject: &str, table: &[Word<T>], value: &str) -> Option<String> {
        let word = table.iter().find(|word| word.names.iter().any(|name| same_name(name, value)))?;
        Some(format!("{subject} {}", word.names.first()?))
    }
    shown("state", STATES, value)
        .or_else(|| shown("origin", ORIGINS, value))
        .or_else(|| shown("encryption", ENCRYPTIONS, value))
        .or_else(|| shown("proto", PROTOCOLS, value))
}

impl Subject {
    /// The same question about one end only, if it can be asked.
    pub(super) fn at(self, end: End) -> Option<Subject> {
        let is_source = end == End::Source;
        Some(match self {
            Subject::Address(End::Either, is_net) => Subject::Address(end, is_net),
            Subject::Group(End::Either) => Subject::Group(end),
            Subject::Number(NumberField::Port(End::Either)) => Subject::Number(NumberField::Port(end)),
            Subject::Number(NumberField::Bytes) if end == End::Either => self,
            Subject::Number(NumberField::Packets) if end == End::Either => self,
            Subject::Number(NumberField::Bytes) if is_source => Subject::Number(NumberField::BytesSrcToDst),
            Subject::Number(NumberField::Bytes) => Subject::Number(NumberField::BytesDstToSrc),
            Subject::Number(NumberField::Packets) if is_source => {
                Subject::Number(NumberField::PacketsSrcToDst)
            }
            Subject::Number(NumberField::Packets) => Subject::Number(NumberField::PacketsDstToSrc),
            _ => return None,
        })
    }

    /// What a value of it looks like, for messages.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Subject::Address(_, false) => "an address such as `10.1.1.4`",
            Subject::Address(_, true) => "a prefix such as `10.1.0.0/16`",
            Subject::Group(_) => "the name of a group",
            Subject::Number(NumberField::Port(_)) => "a port from 0 to 65535",
            Subject::Number(NumberField::Protocol) => "`tcp`, `udp` or a protocol number from 0 to 255",
            Subject::Number(NumberField::Version) => "a version: 1, 2 or 4",
            Subject::Number(_) => "a number such as `1500`, `10M` or `1Ki`",
            Subject::Time(_) => "a time such as `2024-05-01T09:00`",
            Subject::Direction => "`inbound` or `outbound`",
            Subject::Action => "`allow` or `deny`",
            Subject::State => "`begin`, `continue`, `end` or `deny`",
            Subject::Encryption => "`X`, `NX` or one of the `NX_…` values",
            Subject::Origin => "`default`, `user`, `admin`, `platform` or `encryption`",
            Subject::Text(TextField::Mac) => "a MAC address such as `00224871C205`",
            Subject::Text(TextField::Rule) => "the name of a rule",
            Subject::Text(_) => "a text",
        }
    }
}

/// Equal but for case, `.` and `_`.
fn same_name(left: &str, right: &str) -> bool {
    let folded = |name: &'_ str| -> Vec<u8> {
        name.bytes()
            .filter(|byte| !matches!(byte, b'.' | b'_'))
            .map(|byte| byte.to_ascii_lowercase())
            .collect()
    };
    left.len().abs_diff(right.len()) <= 8 && folded(left) == folded(right)
}
