//! OCSF, class 4001 Network Activity, with the profiles `security_control` and `cloud`. <https://schema.ocsf.io>
//!
//! A begin opens, a continue reports traffic, an end closes, a denial is refused. NSG version 1 logs a flow once, when
//! it is created: that opens. State, encryption and resources, which the class has no attribute for, are `unmapped`.

use super::{Logged, both_ways, protocol_name};
use crate::tuple::{Action, Direction, Encryption, State, Tuple};
use core::net::IpAddr;
use serde::Serialize;

/// The version whose attributes these are.
const OCSF_VERSION: &str = "1.5.0";

const CLASS_UID: u32 = 4001;

#[derive(Serialize)]
pub(super) struct Event<'l> {
    activity_id: u32,
    activity_name: &'static str,
    category_uid: u32,
    category_name: &'static str,
    class_uid: u32,
    class_name: &'static str,
    type_uid: u32,
    type_name: String,
    severity_id: u32,
    severity: &'static str,
    /// Milliseconds since 1970, as the schema has it.
    time: i64,
    metadata: Metadata,
    cloud: Cloud,
    action_id: u32,
    action: &'static str,
    disposition_id: u32,
    disposition: &'static str,
    src_endpoint: Endpoint,
    dst_endpoint: Endpoint,
    connection_info: ConnectionInfo<'l>,
    #[serde(skip_serializing_if = "Traffic::is_empty")]
    traffic: Traffic,
    #[serde(skip_serializing_if = "Option::is_none")]
    firewall_rule: Option<Rule<'l>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy<'l>>,
    unmapped: Unmapped<'l>,
}

#[derive(Serialize)]
struct Metadata {
    version: &'static str,
    product: Product,
    profiles: [&'static str; 2],
    log_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_time: Option<i64>,
}

#[derive(Serialize)]
struct Product {
    name: &'static str,
    vendor_name: &'static str,
}

#[derive(Serialize)]
struct Cloud {
    provider: &'static str,
}

#[derive(Serialize)]
struct Endpoint {
    ip: IpAddr,
    port: u16,
}

#[derive(Serialize)]
struct ConnectionInfo<'l> {
    direction_id: u32,
    direction: &'static str,
    protocol_num: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_name: Option<&'static str>,
    protocol_ver_id: u32,
    community_uid: &'l str,
}

/// "Out" is from source to destination.
#[derive(Serialize)]
struct Traffic {
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets_out: Option<u64>,
}

impl Traffic {
    fn is_empty(&self) -> bool {
        self.bytes.is_none() && self.packets.is_none()
    }
}

#[derive(Serialize)]
struct Rule<'l> {
    name: &'l str,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'static str>,
}

#[derive(Serialize)]
struct Policy<'l> {
    uid: &'l str,
}

#[derive(Serialize)]
struct Unmapped<'l> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_resource_id: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flow_log_resource_id: Option<&'l str>,
}

pub(super) fn event<'l>(logged: &'l Logged<'_>) -> Event<'l> {
    let tuple = &logged.tuple;
    let counters = &tuple.counters;
    let (bytes, packets) = both_ways(counters);
    let (activity_id, activity_name) = activity(tuple);
    let is_denied = tuple.action == Action::Deny;
    let (direction_id, direction) = match tuple.direction {
        Direction::Inbound => (1, "Inbound"),
        Direction::Outbound => (2, "Outbound"),
    };
    Event {
        activity_id,
        activity_name,
        category_uid: 4,
        category_name: "Network Activity",
        class_uid: CLASS_UID,
        class_name: "Network Activity",
        type_uid: CLASS_UID * 100 + activity_id,
        type_name: format!("Network Activity: {activity_name}"),
        severity_id: 1,
        severity: "Informational",
        time: tuple.time_ms,
        metadata: Metadata {
            version: OCSF_VERSION,
            product: Product { name: "Azure Network Watcher", vendor_name: "Microsoft" },
            profiles: ["cloud", "security_control"],
            log_version: tuple.version.to_string(),
            logged_time: logged.record_time_ms,
        },
        cloud: Cloud { provider: "Azure" },
        action_id: if is_denied { 2 } else { 1 },
        action: if is_denied { "Denied" } else { "Allowed" },
        disposition_id: if is_denied { 2 } else { 1 },
        disposition: if is_denied { "Blocked" } else { "Allowed" },
        src_endpoint: Endpoint { ip: tuple.src_ip, port: tuple.src_port },
        dst_endpoint: Endpoint { ip: tuple.dst_ip, port: tuple.dst_port },
        connection_info: ConnectionInfo {
            direction_id,
            direction,
            protocol_num: tuple.protocol,
            protocol_name: protocol_name(tuple.protocol),
            protocol_ver_id: if tuple.src_ip.is_ipv4() { 4 } else { 6 },
            community_uid: &logged.community_id,
        },
        traffic: Traffic {
            bytes,
            bytes_in: counters.bytes_dst_to_src,
            bytes_out: counters.bytes_src_to_dst,
            packets,
            packets_in: counters.packets_dst_to_src,
            packets_out: counters.packets_src_to_dst,
        },
        firewall_rule: logged.rule.map(|name| Rule { name, category: logged.rule_origin }),
        policy: logged.acl_id.map(|uid| Policy { uid }),
        unmapped: Unmapped {
            mac: logged.mac_with(":"),
            state: tuple.state.map(State::name),
            encryption: tuple.encryption.map(Encryption::name),
            target_resource_id: logged.target_resource_id,
            flow_log_resource_id: logged.flow_log_resource_id,
        },
    }
}

fn activity(tuple: &Tuple) -> (u32, &'static str) {
    match (tuple.action, tuple.state) {
        (Action::Deny, _) | (_, Some(State::Deny)) => (5, "Refuse"),
        (_, Some(State::Begin) | None) => (1, "Open"),
        (_, Some(State::Continue)) => (6, "Traffic"),
        (_, Some(State::End)) => (2, "Close"),
    }
}
