//! Elastic Common Schema: a tuple as a network event. <https://www.elastic.co/docs/reference/ecs>
//!
//! What ECS has no field for (state, encryption, resources) stands under `azure.flow_log`, which no field of the schema
//! takes. Directions are the host's (`ingress`, `egress`), as the schema asks of what is logged at an interface.

use super::{Logged, both_ways, protocol_name};
use crate::time::format_time_ms;
use crate::tuple::{Action, Direction, Encryption, State};
use core::net::IpAddr;
use serde::Serialize;

/// The version whose fields these are.
const ECS_VERSION: &str = "8.17.0";

#[derive(Serialize)]
pub(super) struct Event<'l> {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    ecs: Ecs,
    event: About,
    source: End,
    destination: End,
    network: Network<'l>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Rule<'l>>,
    observer: Observer,
    cloud: Cloud,
    related: Related,
    azure: Azure<'l>,
}

#[derive(Serialize)]
struct Ecs {
    version: &'static str,
}

#[derive(Serialize)]
struct About {
    kind: &'static str,
    category: [&'static str; 1],
    #[serde(rename = "type")]
    types: Vec<&'static str>,
    action: &'static str,
    module: &'static str,
    dataset: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
}

#[derive(Serialize)]
struct End {
    ip: IpAddr,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<u64>,
}

#[derive(Serialize)]
struct Network<'l> {
    #[serde(rename = "type")]
    family: &'static str,
    iana_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transport: Option<&'static str>,
    direction: &'static str,
    community_id: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<u64>,
}

#[derive(Serialize)]
struct Rule<'l> {
    name: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruleset: Option<&'l str>,
}

#[derive(Serialize)]
struct Observer {
    vendor: &'static str,
    product: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<[String; 1]>,
}

#[derive(Serialize)]
struct Cloud {
    provider: &'static str,
}

#[derive(Serialize)]
struct Related {
    ip: [IpAddr; 2],
}

#[derive(Serialize)]
struct Azure<'l> {
    flow_log: FlowLog<'l>,
}

#[derive(Serialize)]
struct FlowLog<'l> {
    version: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_resource_id: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_id: Option<&'l str>,
}

pub(super) fn event<'l>(logged: &'l Logged<'_>) -> Event<'l> {
    let tuple = &logged.tuple;
    let counters = &tuple.counters;
    let (bytes, packets) = both_ways(counters);
    Event {
        timestamp: format_time_ms(tuple.time_ms),
        ecs: Ecs { version: ECS_VERSION },
        event: About {
            kind: "event",
            category: ["network"],
            types: types(tuple.action, tuple.state),
            action: tuple.action.name(),
            module: "azure",
            dataset: "azure.flow_log",
            created: logged.record_time_ms.map(format_time_ms),
        },
        source: End {
            ip: tuple.src_ip,
            port: tuple.src_port,
            bytes: counters.bytes_src_to_dst,
            packets: counters.packets_src_to_dst,
        },
        destination: End {
            ip: tuple.dst_ip,
            port: tuple.dst_port,
            bytes: counters.bytes_dst_to_src,
            packets: counters.packets_dst_to_src,
        },
        network: Network {
            family: if tuple.src_ip.is_ipv4() { "ipv4" } else { "ipv6" },
            iana_number: tuple.protocol.to_string(),
            transport: protocol_name(tuple.protocol),
            direction: match tuple.direction {
                Direction::Inbound => "ingress",
                Direction::Outbound => "egress",
            },
            community_id: &logged.community_id,
            bytes,
            packets,
        },
        rule: logged.rule.map(|name| Rule { name, category: logged.rule_origin, ruleset: logged.acl_id }),
        observer: Observer {
            vendor: "Microsoft",
            product: "Azure Network Watcher",
            mac: logged.mac_with("-").map(|mac| [mac]),
        },
        cloud: Cloud { provider: "azure" },
        related: Related { ip: [tuple.src_ip, tuple.dst_ip] },
        azure: Azure {
            flow_log: FlowLog {
                version: tuple.version,
                state: tuple.state.map(State::name),
                encryption: tuple.encryption.map(Encryption::name),
                target_resource_id: logged.target_resource_id,
                resource_id: logged.flow_log_resource_id,
            },
        },
    }
}

/// The schema's own words for what happened.
fn types(action: Action, state: Option<State>) -> Vec<&'static str> {
    if action == Action::Deny {
        return vec!["connection", "denied"];
    }
    let mut types = vec!["connection", "allowed"];
    types.extend(match state {
        Some(State::Begin) => Some("start"),
        Some(State::Continue) => Some("info"),
        Some(State::End) => Some("end"),
        _ => None,
    });
    types
}
