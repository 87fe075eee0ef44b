//! Who tried to reach what, kept apart by the place that logged it.
//!
//! Every NIC on a path logs the flow, so one attempt may stand four times in the logs, some milliseconds apart.
//! Each conversation is therefore kept once for every place (a NIC and a direction there) that logged it, and
//! whoever asks for a number of events takes the highest of the places: that is how often it happened.
//!
//! Not here: what is counted at a place. The analyses bring that as a [`Tally`].

use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::dictionary::Addresses;
use crate::sorting::sort_by;
use crate::travel::travels;
use crate::tuple::Direction;
use core::fmt;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// A 5-tuple without its source port, in the order in which results are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Conversation {
    pub(crate) src_ip: IpAddr,
    pub(crate) dst_ip: IpAddr,
    pub(crate) dst_port: u16,
    pub(crate) protocol: u8,
}

impl Conversation {
    /// The filter that shows the conversation's tuples.
    pub(crate) fn filter(&self) -> String {
        let Conversation { src_ip, dst_ip, dst_port, protocol } = self;
        format!("src host {src_ip} and dst host {dst_ip} and dst port {dst_port} and proto {protocol}")
    }
}

impl fmt::Display for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            number => format!("protocol {number}"),
        };
        write!(formatter, "{} to {} on {protocol} {}", self.src_ip, self.dst_ip, self.dst_port)
    }
}

/// What an analysis keeps for a conversation at a place.
pub(crate) trait Tally: Default {
    /// Takes in what another one has taken in.
    fn merge(&mut self, other: Self);
}

/// Tallies of all conversations at all places.
#[derive(Clone, Debug)]
pub(crate) struct Attempts<T> {
    addresses: Addresses,
    macs: Macs,
    positions: HashMap<Lane, u32, FixedState>,
    tallies: Vec<(Lane, T)>,
}

travels!(Attempts<T> { addresses, macs, tallies } without positions);

impl<T> Default for Attempts<T> {
    fn default() -> Self {
        Attempts {
            addresses: Addresses::default(),
            macs: Macs::default(),
            positions: HashMap::default(),
            tallies: Vec::new(),
        }
    }
}

/// A conversation at a place, as small numbers: it is hashed for every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lane {
    /// Source and destination.
    ends: u64,
    /// NIC, direction, port, protocol.
    rest: u64,
}

travels!(Lane { ends, rest });

/// No number yet.
const NONE: u32 = u32::MAX;

/// Distinct NICs; tuples without one are at the unknown NIC.
#[derive(Clone, Debug, Default)]
struct Macs {
    values: Vec<Option<String>>,
    codes: HashMap<Option<String>, u32, FixedState>,
}

travels!(Macs { values } without codes);

impl<T: Tally> Attempts<T> {
    /// Hands every wanted row to the tally of its conversation and place. Both are told by the row's cell; `is_wanted` is
    /// asked about cell and row, and what `take` gets is the row.
    #[inline]
    pub(crate) fn add(
        &mut self,
        condensed: &Condensed<'_>,
        is_wanted: impl Fn(usize, usize) -> bool,
        mut take: impl FnMut(&mut T, usize),
    ) {
        let cells = condensed.cells;
        let macs: Vec<u32> = cells
            .groups
            .iter()
            .map(|group| self.macs.intern(cells.text(group.mac).map(str::to_owned)))
            .collect();
        let mut own_addresses = vec![NONE; cells.addresses.len()];
        let addresses = &mut self.addresses;
        let mut own = |code: u32| match own_addresses.get_mut(code as usize) {
            Some(own) => {
                if *own == NONE {
                    *own = addresses.intern(cells.addresses.get(code));
                }
                *own
            }
            None => addresses.intern(cells.addresses.get(code)),
        };
        let mut lane_of = |cell: usize| {
            let mac = macs.get(*cells.group.get(cell)? as usize).copied().unwrap_or(0);
            let (src, dst) = (own(*cells.src_ip.get(cell)?), own(*cells.dst_ip.get(cell)?));
            let (port, protocol) = (*cells.dst_port.get(cell)?, *cells.protocol.get(cell)?);
            Some(Lane::new(src, dst, port, protocol, mac, *cells.direction.get(cell)?))
        };
        let (positions, tallies) = (&mut self.positions, &mut self.tallies);
        let mut of_cells = vec![NONE; cells.len()];
        let mut last = None;
        condensed.for_each_row(|row, cell, _| {
            let Some(position) = of_cells.get_mut(cell).filter(|_| is_wanted(cell, row)) else { return };
            if *position == NONE {
                let Some(lane) = lane_of(cell) else { return };
                // Neighbouring cells often are of one conversation.
                *position = match last {
                    Some((last_lane, position)) if last_lane == lane => position,
                    _ => position_of(positions, tallies, lane),
                };
                last = Some((lane, *position));
            }
            if let Some((_, tally)) = tallies.get_mut(*position as usize) {
                take(tally, row);
            }
        });
    }

    /// Hands every cell, or row where these are not summed, to the tally of its conversation and place.
    #[inline]
    pub(crate) fn add_cells(
        &mut self,
        cells: &Batch,
        is_wanted: impl Fn(usize) -> bool,
        take: impl FnMut(&mut T, usize),
    ) {
        self.add(&Condensed::of_tuples(cells, None), |cell, _| is_wanted(cell), take);
    }

    /// Takes in what another one has taken in.
    pub(crate) fn merge(&mut self, other: Attempts<T>) {
        let addresses: Vec<u32> =
            other.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let macs: Vec<u32> = other.macs.values.into_iter().map(|mac| self.macs.intern(mac)).collect();
        let translated = |codes: &[u32], code: u32| codes.get(code as usize).copied().unwrap_or(0);
        for (lane, tally) in other.tallies {
            let (src, dst) = (translated(&addresses, lane.src()), translated(&addresses, lane.dst()));
            let mac = translated(&macs, lane.mac());
            let lane = Lane::new(src, dst, lane.dst_port(), lane.protocol(), mac, lane.direction());
            let position = position_of(&mut self.positions, &mut self.tallies, lane);
            if let Some((_, own)) = self.tallies.get_mut(position as usize) {
                own.merge(tally);
            }
        }
    }

    /// Hands over all conversations in order, each with the tallies of its places in the order of NIC and direction.
    pub(crate) fn for_each_conversation<'t>(&'t self, mut visit: impl FnMut(&Conversation, &[&'t T])) {
        let addresses = ranks(self.addresses.values());
        let macs = ranks(&self.macs.values);
        let rank = |ranks: &[u32], code: u32| ranks.get(code as usize).copied().unwrap_or(0);
        let ranked = |(position, (lane, _)): (u32, &(Lane, T))| {
            let (src, dst) = (rank(&addresses, lane.src()), rank(&addresses, lane.dst()));
            let mac = rank(&macs, lane.mac());
            (
                Lane::new(src, dst, lane.dst_port(), lane.protocol(), mac, lane.direction()).in_order(),
                position,
            )
        };
        let mut order: Vec<(LaneOrder, u32)> = (0..).zip(&self.tallies).map(ranked).collect();
        order.sort();
        let mut places: Vec<&T> = Vec::new();
        for lanes in order.chunk_by(|(one, _), (other, _)| one.conversation() == other.conversation()) {
            let found = lanes.iter().filter_map(|(_, position)| self.tallies.get(*position as usize));
            places.clear();
            let mut of_lane = None;
            for (lane, tally) in found {
                of_lane = Some(*lane);
                places.push(tally);
            }
            if let Some(lane) = of_lane {
                let conversation = Conversation {
                    src_ip: self.addresses.get(lane.src()),
                    dst_ip: self.addresses.get(lane.dst()),
                    dst_port: lane.dst_port(),
                    protocol: lane.protocol(),
                };
                visit(&conversation, &places);
            }
        }
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

/// The highest of a number at all places of a conversation: how often it happened.
pub(crate) fn highest<T>(places: &[&T], number: impl Fn(&T) -> u64) -> u64 {
    places.iter().map(|place| number(place)).max().unwrap_or(0)
}

/// The place in `tallies` of that lane, new or known.
fn position_of<T: Default>(
    positions: &mut HashMap<Lane, u32, FixedState>,
    tallies: &mut Vec<(Lane, T)>,
    lane: Lane,
) -> u32 {
    let next = tallies.len() as u32;
    let position = *positions.entry(lane).or_insert(next);
    if position == next {
        tallies.push((lane, T::default()));
    }
    position
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
