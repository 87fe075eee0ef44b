//! A dull second reading of the tree: three truth values, one row at a time, nothing prepared. What the plan, the
//! evaluator and the mask answer must be what this answers.

use super::*;
use crate::groups::is_public;
use core::net::IpAddr;

/// True, false, or `None` for null.
pub(super) fn answer(expression: &Expression, batch: &Batch, row: usize, groups: &Groups) -> Option<bool> {
    match expression {
        Expression::Any => Some(true),
        Expression::Test(test) => ask(test, batch, row, groups),
        Expression::Not(part) => answer(part, batch, row, groups).map(|answer| !answer),
        Expression::And(parts) => {
            let answers: Vec<_> = parts.iter().map(|part| answer(part, batch, row, groups)).collect();
            if answers.contains(&Some(false)) {
                Some(false)
            } else if answers.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        Expression::Or(parts) => {
            let answers: Vec<_> = parts.iter().map(|part| answer(part, batch, row, groups)).collect();
            if answers.contains(&Some(true)) {
                Some(true)
            } else if answers.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
    }
}

fn ask(test: &Test, batch: &Batch, row: usize, groups: &Groups) -> Option<bool> {
    let tuple = batch.tuple(row).unwrap();
    let (group, record) = batch.place(row).unwrap();
    let at = |end: End, is: &dyn Fn(IpAddr) -> bool| match end {
        End::Source => is(tuple.src_ip),
        End::Destination => is(tuple.dst_ip),
        End::Either => is(tuple.src_ip) || is(tuple.dst_ip),
    };
    let text = |field: TextField| match field {
        TextField::Rule => batch.text(group.rule),
        TextField::AclId => batch.text(group.acl_id),
        TextField::Mac => batch.text(group.mac),
        TextField::TargetResourceId => batch.text(record.target_resource_id),
        TextField::FlowLogResourceId => batch.text(record.flow_log_resource_id),
        TextField::Source => Some(batch.texts.get(record.source)),
    };
    match test {
        Test::Address { end, networks } => Some(at(*end, &|address| {
            networks.iter().any(|network| match network {
                Network::Prefix(net) => net.contains(&address),
                Network::Range(first, last) => {
                    first.is_ipv4() == address.is_ipv4() && *first <= address && address <= *last
                }
            })
        })),
        Test::Group { end, names } => Some(at(*end, &|address| {
            groups.prefixes().any(|(net, code)| {
                net.contains(&address) && names.iter().any(|name| name == groups.name(code))
            })
        })),
        Test::Scope { end, public } => Some(at(*end, &|address| is_public(address) == *public)),
        Test::Number { field, condition } => {
            let counters = tuple.counters;
            let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
            let number = match field {
                NumberField::Port(End::Either) => {
                    let source = compare(condition, u64::from(tuple.src_port));
                    return Some(source || compare(condition, u64::from(tuple.dst_port)));
                }
                NumberField::Port(End::Source) => u64::from(tuple.src_port),
                NumberField::Port(End::Destination) => u64::from(tuple.dst_port),
                NumberField::Protocol => u64::from(tuple.protocol),
                NumberField::Version => u64::from(tuple.version),
                NumberField::Bytes => sum(counters.bytes_src_to_dst, counters.bytes_dst_to_src)?,
                NumberField::Packets => sum(counters.packets_src_to_dst, counters.packets_dst_to_src)?,
                NumberField::PacketsSrcToDst => counters.packets_src_to_dst?,
                NumberField::BytesSrcToDst => counters.bytes_src_to_dst?,
                NumberField::PacketsDstToSrc => counters.packets_dst_to_src?,
                NumberField::BytesDstToSrc => counters.bytes_dst_to_src?,
                NumberField::Offset => batch.offset[row],
            };
            Some(compare(condition, number))
        }
        Test::Time { field: TimeField::Time, condition } => Some(compare(condition, tuple.time_ms)),
        Test::Time { field: TimeField::RecordTime, condition } => Some(compare(condition, record.time_ms?)),
        Test::Direction(values) => Some(values.contains(&tuple.direction)),
        Test::Action(values) => Some(values.contains(&tuple.action)),
        Test::State(values) => Some(values.contains(&tuple.state?)),
        Test::Encryption(values) => Some(values.contains(&tuple.encryption?)),
        Test::Origin(values) => Some(values.contains(&group.rule_origin?)),
        Test::Text { field, patterns } => {
            let plain = |text: &str| match field {
                TextField::Mac => text.replace([':', '-', '.'], "").to_lowercase(),
                _ => text.to_lowercase(),
            };
            let text = plain(text(*field)?);
            Some(patterns.iter().any(|pattern| wildcards(plain(pattern).as_bytes(), text.as_bytes())))
        }
        Test::Regex { field, pattern } => Some(pattern.is_match(text(*field)?)),
    }
}

fn compare<T: Copy + Ord>(condition: &Condition<T>, value: T) -> bool {
    match condition {
        Condition::In(spans) => spans.iter().any(|span| span.first <= value && value <= span.last),
        Condition::Below(limit) => value < *limit,
        Condition::AtMost(limit) => value <= *limit,
        Condition::Above(limit) => value > *limit,
        Condition::AtLeast(limit) => value >= *limit,
    }
}

fn wildcards(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => wildcards(rest, text),
        (Some((b'*', rest)), Some((_, tail))) => wildcards(rest, text) || wildcards(pattern, tail),
        (Some((b'?', rest)), Some((_, tail))) => wildcards(rest, tail),
        (Some((wanted, rest)), Some((found, tail))) => wanted == found && wildcards(rest, tail),
        _ => false,
    }
}
