//! Tuples and sessions in the words of other tools, a line each: Elastic Common Schema, OCSF, Zeek.
//!
//! A tuple is an event in ECS and OCSF ([`event_lines`]); a connection in Zeek is a session ([`zeek`]). What the log
//! does not say is left out of a line, never made up. Not here: Traffic Analytics' rows, which are an analysis (`nta`).

mod ecs;
mod ocsf;
pub mod zeek;

use crate::aggregate::community_id;
use crate::batch::Batch;
use crate::origin::RuleOrigin;
use crate::tuple::{Counters, Tuple, names};
use core::fmt;
use serde::Serialize;

/// A schema in which each tuple is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventSchema {
    /// Elastic Common Schema.
    Ecs,
    /// Open Cybersecurity Schema Framework, class 4001 Network Activity.
    Ocsf,
}

names!(EventSchema { Ecs => "ecs", Ocsf => "ocsf" });

/// Each row of a batch as a JSON object without line breaks.
#[must_use]
pub fn event_lines(batch: &Batch, schema: EventSchema) -> Vec<String> {
    (0..batch.len())
        .filter_map(|row| Logged::of(batch, row))
        .map(|logged| match schema {
            EventSchema::Ecs => line(&ecs::event(&logged)),
            EventSchema::Ocsf => line(&ocsf::event(&logged)),
        })
        .collect()
}

/// Writing text, numbers and lists into memory does not fail.
fn line(event: &impl Serialize) -> String {
    serde_json::to_string(event).unwrap_or_default()
}

/// A tuple, and what its group and record say.
struct Logged<'b> {
    tuple: Tuple,
    rule: Option<&'b str>,
    rule_origin: Option<&'static str>,
    acl_id: Option<&'b str>,
    mac: Option<&'b str>,
    target_resource_id: Option<&'b str>,
    flow_log_resource_id: Option<&'b str>,
    record_time_ms: Option<i64>,
    community_id: String,
}

impl Logged<'_> {
    fn of(batch: &Batch, row: usize) -> Option<Logged<'_>> {
        let (tuple, (group, record)) = (batch.tuple(row)?, batch.place(row)?);
        let Tuple { src_ip, dst_ip, src_port, dst_port, protocol, .. } = tuple;
        Some(Logged {
            rule: batch.text(group.rule),
            rule_origin: group.rule_origin.map(RuleOrigin::name),
            acl_id: batch.text(group.acl_id),
            mac: batch.text(group.mac),
            target_resource_id: batch.text(record.target_resource_id),
            flow_log_resource_id: batch.text(record.flow_log_resource_id),
            record_time_ms: record.time_ms,
            community_id: community_id(src_ip, dst_ip, src_port, dst_port, protocol),
            tuple,
        })
    }

    /// The NIC's address with a separator between its bytes; as it stands where it is none.
    fn mac_with(&self, separator: &str) -> Option<String> {
        let mac = self.mac?;
        let pairs: Vec<&str> = (0..mac.len()).step_by(2).filter_map(|at| mac.get(at..at + 2)).collect();
        let is_mac = mac.len() == 12 && mac.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(if is_mac { pairs.join(separator) } else { mac.to_owned() })
    }
}

/// The name that all three know a protocol by.
fn protocol_name(protocol: u8) -> Option<&'static str> {
    Some(match protocol {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        47 => "gre",
        50 => "esp",
        58 => "ipv6-icmp",
        132 => "sctp",
        _ => return None,
    })
}

/// Bytes and packets of both directions; `None` where neither was logged.
fn both_ways(counters: &Counters) -> (Option<u64>, Option<u64>) {
    let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (None, None) => None,
        _ => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
    };
    (
        sum(counters.bytes_src_to_dst, counters.bytes_dst_to_src),
        sum(counters.packets_src_to_dst, counters.packets_dst_to_src),
    )
}

#[cfg(test)]
mod tests;
