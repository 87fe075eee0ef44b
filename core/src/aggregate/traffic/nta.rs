//! `nta`: rows as Traffic Analytics writes them into `NTANetAnalytics`, so that existing queries run on them.
//!
//! The source port is dropped, and tuples of one interval (60 or 10 minutes) with the same source, destination, port,
//! protocol, direction, ACL and rule are one row. Where tuples of such a key differ in verdict, encryption, NIC or
//! resource they stay apart, so each row is true as it stands. Columns have the table's own names and order, those
//! that queries filter by first; `FlowStartTime` and `FlowEndTime` are the first and last tuple, and every NIC's rows
//! are there, as in the original.
//!
//! Other than in the original: public addresses stand in `SrcIp` and `DestIp` instead of a list of their own, nothing
//! is looked up (no names, countries, threats: `MaliciousFlow` never stands here), and counters that were not logged
//! are null. `FlowType` follows from the groups: see [`NtaOptions`].

#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::lanes::ranks;
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::totals::Totals;
use crate::batch::Batch;
use crate::dictionary::Addresses;
use crate::groups::{AZURE_METADATA, AZURE_PLATFORM, Groups, is_public};
use crate::sorting::sort_by_key;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::{Action, Direction, Encryption, State, names, starts_flow};
use core::fmt;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// How rows are made.
#[derive(Clone, Debug)]
pub struct NtaOptions {
    /// Length of an interval in minutes (default: 60; Traffic Analytics also has 10).
    pub interval_minutes: u32,
    /// Names for networks: a group is a virtual network, but for those below. A public address in a group is one of
    /// Azure's, as with Azure's service tags as groups (default: none).
    pub groups: Arc<Groups>,
    /// Names of groups behind a site-to-site connection or a circuit (default: none).
    pub sites: Vec<String>,
    /// Names of groups of point-to-site clients (default: none).
    pub clients: Vec<String>,
}

impl Default for NtaOptions {
    fn default() -> NtaOptions {
        let groups = Arc::new(Groups::default());
        NtaOptions { interval_minutes: 60, groups, sites: Vec::new(), clients: Vec::new() }
    }
}

/// Between what a flow was, in Traffic Analytics' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlowType {
    /// Both ends in one group.
    IntraVNet,
    /// Ends in two groups.
    InterVNet,
    /// An end in a site's group.
    S2S,
    /// An end in a group of clients.
    P2S,
    /// A public address of Azure, or the platform's own.
    AzurePublic,
    /// A public address of others.
    ExternalPublic,
    /// A private address in no group.
    UnknownPrivate,
    /// Both ends public.
    Unknown,
}

names!(FlowType {
    IntraVNet => "IntraVNet",
    InterVNet => "InterVNet",
    S2S => "S2S",
    P2S => "P2S",
    AzurePublic => "AzurePublic",
    ExternalPublic => "ExternalPublic",
    UnknownPrivate => "UnknownPrivate",
    Unknown => "Unknown",
});

/// Traffic Analytics' rows, in order of time and key.
#[derive(Clone, Debug)]
pub struct Nta {
    options: NtaOptions,
    addresses: Addresses,
    places: Places,
    /// Places in `rows`, which are too big to be moved whenever the map grows.
    positions: HashMap<Key, u32, FixedState>,
    rows: Vec<(Key, Row)>,
}

travels!(Nta { addresses, places, rows } without options, positions);

/// What makes a row; codes are of the aggregate's own dictionaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    interval: i64,
    src_ip: u32,
    dst_ip: u32,
    dst_port: u16,
    protocol: u8,
    direction: Direction,
    action: Action,
    encryption: Option<Encryption>,
    place: u32,
}

travels!(Key { interval, src_ip, dst_ip, dst_port, protocol, direction, action, encryption, place });

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    totals: Totals,
    started: u64,
    completed: u64,
    span: TimeSpan,
}

travels!(Row { totals, started, completed, span });

/// Distinct combinations of what a flow group and its record say.
#[derive(Clone, Debug, Default)]
struct Places {
    values: Vec<Place>,
    codes: HashMap<Place, u32, FixedState>,
}

travels!(Places { values } without codes);

/// In the order in which rows are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    acl_id: Option<String>,
    rule: Option<String>,
    mac: Option<String>,
    flow_log_resource_id: Option<String>,
    target_resource_id: Option<String>,
}

travels!(Place { acl_id, rule, mac, flow_log_resource_id, target_resource_id });

impl Nta {
    /// An empty one with these options.
    #[must_use]
    pub fn new(options: NtaOptions) -> Nta {
        Nta {
            options,
            addresses: Addresses::default(),
            places: Places::default(),
            positions: HashMap::default(),
            rows: Vec::new(),
        }
    }

    fn interval_ms(&self) -> i64 {
        i64::from(self.options.interval_minutes.max(1)) * 60_000
    }

    /// The row of a key, new or known.
    fn row(&mut self, key: Key) -> Option<&mut Row> {
        let next = self.rows.len() as u32;
        let position = *self.positions.entry(key).or_insert(next);
        if position == next {
            self.rows.push((key, Row::default()));
        }
        self.rows.get_mut(position as usize).map(|(_, row)| row)
    }

    fn flow_type(&self, src_ip: IpAddr, dst_ip: IpAddr) -> FlowType {
        let groups = &self.options.groups;
        let ends = [src_ip, dst_ip];
        let names = ends.map(|address| groups.name_of(address));
        let is_one_of = |list: &[String]| {
            names.iter().flatten().any(|name| list.iter().any(|listed| listed.eq_ignore_ascii_case(name)))
        };
        let is_platform = |address: &IpAddr| [AZURE_PLATFORM.0, AZURE_METADATA.0].contains(address);
        let mut outside = ends.iter().zip(&names).filter(|(address, _)| is_public(**address));
        match (outside.next(), outside.next(), names) {
            (Some(_), Some(_), _) => FlowType::Unknown,
            (Some((_, Some(_))), None, _) => FlowType::AzurePublic,
            (Some((_, None)), None, _) => FlowType::ExternalPublic,
            _ if ends.iter().any(is_platform) => FlowType::AzurePublic,
            _ if is_one_of(&self.options.sites) => FlowType::S2S,
            _ if is_one_of(&self.options.clients) => FlowType::P2S,
            (_, _, [Some(one), Some(other)]) if one == other => FlowType::IntraVNet,
            (_, _, [Some(_), Some(_)]) => FlowType::InterVNet,
            _ => FlowType::UnknownPrivate,
        }
    }
}

impl Places {
    fn intern(&mut self, place: Place) -> u32 {
        if let Some(code) = self.codes.get(&place) {
            return *code;
        }
        let code = self.values.len() as u32;
        self.values.push(place.clone());
        self.codes.insert(place, code);
        code
    }
}

impl Row {
    fn merge(&mut self, other: &Row) {
        self.totals.merge(&other.totals);
        self.started += other.started;
        self.completed += other.completed;
        self.span.merge(other.span);
    }
}

impl Aggregate for Nta {
    const NAME: &'static str = "nta";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let interval_ms = self.interval_ms();
        let places: Vec<u32> = batch
            .groups
            .iter()
            .map(|group| {
                let record = batch.records.get(group.record as usize);
                let text = |code| batch.text(code).map(str::to_owned);
                self.places.intern(Place {
                    acl_id: text(group.acl_id),
                    rule: text(group.rule),
                    mac: text(group.mac),
                    flow_log_resource_id: record.and_then(|record| text(record.flow_log_resource_id)),
                    target_resource_id: record.and_then(|record| text(record.target_resource_id)),
                })
            })
            .collect();
        let own: Vec<u32> =
            batch.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let code = |codes: &[u32], code: u32| codes.get(code as usize).copied().unwrap_or(0);
        for row in 0..batch.len() {
            let (Some(src_ip), Some(dst_ip), Some(group)) =
                (batch.src_ip.get(row), batch.dst_ip.get(row), batch.group.get(row))
            else {
                continue;
            };
            let (Some(time_ms), Some(dst_port), Some(protocol)) =
                (batch.time_ms.get(row), batch.dst_port.get(row), batch.protocol.get(row))
            else {
                continue;
            };
            let (Some(direction), Some(action), Some(encryption), Some(state)) = (
                batch.direction.get(row),
                batch.action.get(row),
                batch.encryption.get(row),
                batch.state.get(row),
            ) else {
                continue;
            };
            let key = Key {
                interval: time_ms.div_euclid(interval_ms),
                src_ip: code(&own, *src_ip),
                dst_ip: code(&own, *dst_ip),
                dst_port: *dst_port,
                protocol: *protocol,
                direction: *direction,
                action: *action,
                encryption: *encryption,
                place: code(&places, *group),
            };
            let Some(sums) = self.row(key) else { continue };
            sums.totals.add(batch, row);
            sums.started += u64::from(starts_flow(*action, *state));
            sums.completed += u64::from(*action == Action::Allow && *state == Some(State::End));
            sums.span.add(*time_ms);
        }
    }

    fn merge(&mut self, other: Nta) {
        let own: Vec<u32> =
            other.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let places: Vec<u32> =
            other.places.values.into_iter().map(|place| self.places.intern(place)).collect();
        let code = |codes: &[u32], code: u32| codes.get(code as usize).copied().unwrap_or(0);
        for (key, row) in &other.rows {
            let (src_ip, dst_ip, place) =
                (code(&own, key.src_ip), code(&own, key.dst_ip), code(&places, key.place));
            if let Some(own) = self.row(Key { src_ip, dst_ip, place, ..*key }) {
                own.merge(row);
            }
        }
    }

    fn finish(mut self) -> Table {
        let interval_ms = self.interval_ms();
        let address = |code: u32| self.addresses.get(code);
        let mut rows = core::mem::take(&mut self.rows);
        let (address_ranks, place_ranks) = (ranks(self.addresses.values()), ranks(&self.places.values));
        let rank = |ranks: &[u32], code: u32| ranks.get(code as usize).copied().unwrap_or(0);
        sort_by_key(&mut rows, |(key, _)| {
            let ends = (rank(&address_ranks, key.src_ip), rank(&address_ranks, key.dst_ip));
            let place = rank(&place_ranks, key.place);
            (key.interval, ends, key.dst_port, key.protocol, key.direction, place, key.action, key.encryption)
        });
        let address_text = |code: u32| Some(address(code).to_string());
        let place = |code: u32| self.places.values.get(code as usize);
        let flows = |key: &Key, row: &Row, direction: Direction, action: Action| {
            Some(if key.direction == direction && key.action == action { row.started } else { 0 })
        };
        let at = |row: &(Key, Row)| row.0.place;
        Rows::of(&rows)
            .time("FlowStartTime", |(_, row)| row.span.first_ms())
            .time("FlowEndTime", |(_, row)| row.span.last_ms())
            .text("FlowDirection", |(key, _)| Some(direction_word(key.direction)))
            .text("FlowStatus", |(key, _)| Some(status_word(key.action)))
            .text("FlowEncryption", |(key, _)| key.encryption.map(encryption_words))
            .text_by("AclGroup", at, |code| place(code)?.acl_id.as_deref())
            .text_by("AclRule", at, |code| place(code)?.rule.as_deref())
            .text_by("SrcIp", |(key, _)| key.src_ip, address_text)
            .text_by("DestIp", |(key, _)| key.dst_ip, address_text)
            .port("DestPort", |(key, _)| Some(key.dst_port))
            .text_by("L4Protocol", |(key, _)| u32::from(key.protocol), |number| Some(protocol_letter(number)))
            .number("PacketsSrcToDest", |(_, row)| row.totals.packets_src_to_dst())
            .number("PacketsDestToSrc", |(_, row)| row.totals.packets_dst_to_src())
            .number("BytesSrcToDest", |(_, row)| row.totals.bytes_src_to_dst())
            .number("BytesDestToSrc", |(_, row)| row.totals.bytes_dst_to_src())
            .number("AllowedInFlows", |(key, row)| flows(key, row, Direction::Inbound, Action::Allow))
            .number("AllowedOutFlows", |(key, row)| flows(key, row, Direction::Outbound, Action::Allow))
            .number("DeniedInFlows", |(key, row)| flows(key, row, Direction::Inbound, Action::Deny))
            .number("DeniedOutFlows", |(key, row)| flows(key, row, Direction::Outbound, Action::Deny))
            .number("CompletedFlows", |(_, row)| Some(row.completed))
            .text_by("MacAddress", at, |code| place(code)?.mac.as_deref())
            .text_by("FlowLogResourceId", at, |code| place(code)?.flow_log_resource_id.as_deref())
            .text_by("TargetResourceId", at, |code| place(code)?.target_resource_id.as_deref())
            .text("FlowType", |(key, _)| {
                Some(self.flow_type(address(key.src_ip), address(key.dst_ip)).name())
            })
            .time("FlowIntervalStartTime", |(key, _)| Some(key.interval * interval_ms))
            .time("FlowIntervalEndTime", |(key, _)| Some((key.interval + 1) * interval_ms))
            .table()
    }
}

fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "Inbound",
        Direction::Outbound => "Outbound",
    }
}

fn status_word(action: Action) -> &'static str {
    match action {
        Action::Allow => "Allowed",
        Action::Deny => "Denied",
    }
}

/// Traffic Analytics' words for encryption.
fn encryption_words(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Encrypted => "Encrypted",
        Encryption::NotEncrypted => "Unencrypted",
        Encryption::HardwareNotSupported => "Unsupported hardware",
        Encryption::SoftwareNotReady => "Software not ready",
        Encryption::NotAccepted => "Drop due to no encryption",
        Encryption::NotSupported => "Discovery not supported",
        Encryption::LocalDestination => "Destination on same host",
        Encryption::Fallback => "Fall back to no encryption",
    }
}

/// `T` and `U` as in the original; other protocols, which it does not have, by number.
fn protocol_letter(protocol: u32) -> String {
    match protocol {
        6 => "T".to_owned(),
        17 => "U".to_owned(),
        number => number.to_string(),
    }
}
