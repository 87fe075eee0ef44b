//! Conversations at places, numbered: what tallies are kept by, and in which order they are looked at.
//!
//! A place is a NIC and a direction there. Not here: what is counted at a lane (see [`super::attempts`]).

use super::attempts::Conversation;
use super::source_ports::SourcePorts;
use crate::batch::{Batch, Group, Record};
use crate::dictionary::Addresses;
use crate::filter::Filter;
use crate::sorting::sort_by;
use crate::travel::travels;
use crate::tuple::{Action, Direction};
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// The public columns that all tuples of a lane have in common.
const COLUMNS_OF_LANES: [&str; 6] = ["src_ip", "dst_ip", "dst_port", "protocol", "direction", "mac"];

/// Distinct lanes, numbered in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    addresses: Addresses,
    macs: Macs,
    numbers: HashMap<Lane, u32, FixedState>,
    lanes: Vec<Lane>,
}

travels!(Lanes { addresses, macs, lanes } without numbers);

/// A conversation at a place, as small numbers: it is hashed for every cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lane {
    /// Source and destination.
    ends: u64,
    /// NIC, direction, port, protocol.
    rest: u64,
}

travels!(Lane { ends, rest });

/// No number.
pub(crate) const NO_LANE: u32 = u32::MAX;

/// Distinct NICs; tuples without one are at the unknown NIC.
#[derive(Clone, Debug, Default)]
struct Macs {
    values: Vec<Option<String>>,
    codes: HashMap<Option<String>, u32, FixedState>,
}

travels!(Macs { values } without codes);

/// Lanes in the order of their conversations, each conversation's in the order of NIC and direction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    lanes: Vec<(LaneOrder, u32)>,
}

impl Lanes {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lanes.len()
    }

    /// The lane of each row, new or known; [`NO_LANE`] where it is not wanted.
    #[inline]
    pub(crate) fn of_rows(&mut self, rows: &Batch, is_wanted: impl Fn(usize) -> bool) -> Vec<u32> {
        let macs: Vec<u32> = rows
            .groups
            .iter()
            .map(|group| self.macs.intern(rows.text(group.mac).map(str::to_owned)))
            .collect();
        let mut own_addresses = vec![NO_LANE; rows.addresses.len()];
        let addresses = &mut self.addresses;
        let mut own = |code: u32| match own_addresses.get_mut(code as usize) {
            Some(own) => {
                if *own == NO_LANE {
                    *own = addresses.intern(rows.addresses.get(code));
                }
                *own
            }
            None => addresses.intern(rows.addresses.get(code)),
        };
        let mut lane_of = |row: usize| {
            let mac = macs.get(*rows.group.get(row)? as usize).copied().unwrap_or(0);
            let (src, dst) = (own(*rows.src_ip.get(row)?), own(*rows.dst_ip.get(row)?));
            let (port, protocol) = (*rows.dst_port.get(row)?, *rows.protocol.get(row)?);
            Some(Lane::new(src, dst, port, protocol, mac, *rows.direction.get(row)?))
        };
        let (numbers, lanes) = (&mut self.numbers, &mut self.lanes);
        let mut last = None;
        let mut number_of = |row: usize| {
            let lane = lane_of(row)?;
            // Neighbouring rows often are of one conversation.
            let number = match last {
                Some((last_lane, number)) if last_lane == lane => number,
                _ => number_of(numbers, lanes, lane),
            };
            last = Some((lane, number));
            Some(number)
        };
        let number = |row| if is_wanted(row) { number_of(row).unwrap_or(NO_LANE) } else { NO_LANE };
        (0..rows.len()).map(number).collect()
    }

    /// Takes in the lanes of another one; gives the number here of each of these.
    pub(crate) fn merge(&mut self, other: Lanes) -> Vec<u32> {
        let addresses: Vec<u32> =
            other.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let macs: Vec<u32> = other.macs.values.into_iter().map(|mac| self.macs.intern(mac)).collect();
        let translated = |codes: &[u32], code: u32| codes.get(code as usize).copied().unwrap_or(0);
        let number = |lane: &Lane| {
            let (src, dst) = (translated(&addresses, lane.src()), translated(&addresses, lane.dst()));
            let mac = translated(&macs, lane.mac());
            let lane = Lane::new(src, dst, lane.dst_port(), lane.protocol(), mac, lane.direction());
            number_of(&mut self.numbers, &mut self.lanes, lane)
        };
        other.lanes.iter().map(number).collect()
    }

    /// All lanes in order.
    pub(crate) fn order(&self) -> Order {
        let addresses = ranks(self.addresses.values());
        let macs = ranks(&self.macs.values);
        let rank = |ranks: &[u32], code: u32| ranks.get(code as usize).copied().unwrap_or(0);
        let ranked = |(number, lane): (u32, &Lane)| {
            let (src, dst) = (rank(&addresses, lane.src()), rank(&addresses, lane.dst()));
            let mac = rank(&macs, lane.mac());
            (Lane::new(src, dst, lane.dst_port(), lane.protocol(), mac, lane.direction()).in_order(), number)
        };
        let mut lanes: Vec<(LaneOrder, u32)> = (0..).zip(&self.lanes).map(ranked).collect();
        lanes.sort();
        Order { lanes }
    }

    /// Calls for each conversation in order, with the numbers of its lanes; those that are not kept are left out.
    pub(crate) fn for_each_conversation(
        &self,
        order: &Order,
        kept: Option<&[bool]>,
        mut visit: impl FnMut(&Conversation, &[u32]),
    ) {
        let is_kept = |number: u32| kept.is_none_or(|kept| kept.get(number as usize) == Some(&true));
        let mut numbers = Vec::new();
        for lanes in order.lanes.chunk_by(|(one, _), (other, _)| one.conversation() == other.conversation()) {
            numbers.clear();
            numbers.extend(lanes.iter().map(|(_, number)| *number).filter(|number| is_kept(*number)));
            let first = numbers.first().and_then(|number| self.lanes.get(*number as usize));
            if let Some(lane) = first {
                let conversation = Conversation {
                    src_ip: self.addresses.get(lane.src()),
                    dst_ip: self.addresses.get(lane.dst()),
                    dst_port: lane.dst_port(),
                    protocol: lane.protocol(),
                };
                visit(&conversation, &numbers);
            }
        }
    }

    /// For each lane whether a filter keeps its tuples, which have these source ports; `None` where it may keep some of a lane's
    /// tuples and not all.
    pub(crate) fn kept_by<'p>(
        &self,
        filter: &Filter,
        ports_of: impl Iterator<Item = &'p SourcePorts>,
    ) -> Option<Vec<bool>> {
        let columns = filter.columns();
        if !columns.iter().all(|name| *name == "src_port" || COLUMNS_OF_LANES.contains(name)) {
            return None;
        }
        let rows: Vec<(u32, u16)> = if columns.contains(&"src_port") {
            let mut rows = Vec::with_capacity(self.lanes.len());
            for (number, ports) in (0..).zip(ports_of) {
                rows.extend(ports.seen_by(filter)?.map(|port| (number, port)));
            }
            rows
        } else {
            (0..self.lanes.len() as u32).map(|number| (number, 0)).collect()
        };
        let mut kept = vec![None; self.lanes.len()];
        for ((number, _), keep) in rows.iter().zip(filter.mask(&self.as_rows(&rows))) {
            let kept = kept.get_mut(*number as usize)?;
            if *kept.get_or_insert(keep) != keep {
                return None;
            }
        }
        Some(kept.into_iter().map(|kept| kept == Some(true)).collect())
    }

    /// Lanes with a source port each as rows, with what their tuples have in common and anything in the other columns.
    fn as_rows(&self, lanes: &[(u32, u16)]) -> Batch {
        let mut rows = Batch { addresses: self.addresses.clone(), ..Batch::default() };
        let record = Record {
            time_ms: None,
            mac: None,
            target_resource_id: None,
            flow_log_resource_id: None,
            source: rows.texts.intern(""),
            number: 0,
            offset: 0,
            identity: 0,
        };
        rows.records.push(record);
        for mac in &self.macs.values {
            let mac = mac.as_ref().map(|mac| rows.texts.intern(mac));
            rows.groups.push(Group { record: 0, rule: None, acl_id: None, mac, rule_origin: None });
        }
        let count = lanes.len();
        rows.src_port = lanes.iter().map(|(_, port)| *port).collect();
        let lanes: Vec<&Lane> =
            lanes.iter().filter_map(|(number, _)| self.lanes.get(*number as usize)).collect();
        rows.src_ip = lanes.iter().map(|lane| lane.src()).collect();
        rows.dst_ip = lanes.iter().map(|lane| lane.dst()).collect();
        rows.dst_port = lanes.iter().map(|lane| lane.dst_port()).collect();
        rows.protocol = lanes.iter().map(|lane| lane.protocol()).collect();
        rows.direction = lanes.iter().map(|lane| lane.direction()).collect();
        rows.group = lanes.iter().map(|lane| lane.mac()).collect();
        rows.time_ms = vec![0; count];
        rows.action = vec![Action::Allow; count];
        rows.state = vec![None; count];
        rows.encryption = vec![None; count];
        rows.version = vec![0; count];
        rows.packets_src_to_dst = vec![0; count];
        rows.bytes_src_to_dst = vec![0; count];
        rows.packets_dst_to_src = vec![0; count];
        rows.bytes_dst_to_src = vec![0; count];
        rows.logged = vec![0; count];
        rows
    }
}

/// A lane whose numbers are places in order, so that comparing them is comparing what they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LaneOrder {
    ends: u64,
    service: u32,
    place: u64,
}

impl LaneOrder {
    fn conversation(self) -> (u64, u32) {
        (self.ends, self.service)
    }
}

/// For each value its place among all values in order.
pub(crate) fn ranks<V: Ord>(values: &[V]) -> Vec<u32> {
    let mut order: Vec<(&V, usize)> = values.iter().zip(0..).collect();
    sort_by(&mut order, |(one, _), (other, _)| one.cmp(other));
    let mut ranks = vec![0; values.len()];
    for (rank, (_, code)) in (0..).zip(order) {
        if let Some(place) = ranks.get_mut(code) {
            *place = rank;
        }
    }
    ranks
}

/// The number of that lane, new or known.
fn number_of(numbers: &mut HashMap<Lane, u32, FixedState>, lanes: &mut Vec<Lane>, lane: Lane) -> u32 {
    let next = lanes.len() as u32;
    let number = *numbers.entry(lane).or_insert(next);
    if number == next {
        lanes.push(lane);
    }
    number
}

impl Lane {
    fn new(src: u32, dst: u32, dst_port: u16, protocol: u8, mac: u32, direction: Direction) -> Lane {
        let direction = u64::from(direction == Direction::Outbound);
        Lane {
            ends: u64::from(src) << 32 | u64::from(dst),
            rest: u64::from(mac) << 32 | direction << 24 | u64::from(dst_port) << 8 | u64::from(protocol),
        }
    }

    fn in_order(self) -> LaneOrder {
        let service = u32::from(self.dst_port()) << 8 | u32::from(self.protocol());
        let direction = u64::from(self.direction() == Direction::Outbound);
        LaneOrder { ends: self.ends, service, place: u64::from(self.mac()) << 1 | direction }
    }

    fn src(self) -> u32 {
        (self.ends >> 32) as u32
    }

    fn dst(self) -> u32 {
        self.ends as u32
    }

    fn mac(self) -> u32 {
        (self.rest >> 32) as u32
    }

    fn direction(self) -> Direction {
        if self.rest >> 24 & 1 == 1 { Direction::Outbound } else { Direction::Inbound }
    }

    fn dst_port(self) -> u16 {
        (self.rest >> 8) as u16
    }

    fn protocol(self) -> u8 {
        self.rest as u8
    }
}

impl Macs {
    fn intern(&mut self, mac: Option<String>) -> u32 {
        if let Some(code) = self.codes.get(&mac) {
            return *code;
        }
        let code = self.values.len() as u32;
        self.values.push(mac.clone());
        self.codes.insert(mac, code);
        code
    }
}
