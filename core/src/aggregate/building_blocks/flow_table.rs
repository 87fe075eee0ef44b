//! Numbers for flows: each 5-tuple at each place where it was logged, in as little memory as can be.
//!
//! A flow is 16 bytes and a slot of 4 to 8; its addresses and places are numbers of dictionaries. This file knows
//! nothing of times, states and counters.

use crate::batch::Batch;
use crate::dictionary::{Addresses, Texts};
use crate::travel::{Travel as _, travels};
use crate::tuple::Direction;
use core::hash::BuildHasher;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Where and how a flow was logged. A firewall's NIC logs a flow inbound and outbound, and the same NIC may write
/// NSG and VNet flow logs of the same traffic: each is a story of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Hop {
    /// Number of the NIC in the table's texts; `None` where none was logged.
    pub(crate) mac: Option<u32>,
    pub(crate) direction: Direction,
    /// From an NSG flow log, else from a VNet flow log.
    pub(crate) is_nsg: bool,
}

travels!(Hop { mac, direction, is_nsg });

impl Hop {
    /// One of the four kinds of place at a NIC: inbound and outbound, VNet and NSG.
    pub(crate) fn place(&self) -> usize {
        usize::from(self.direction == Direction::Outbound) | usize::from(self.is_nsg) << 1
    }
}

/// A flow spelled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FlowParts {
    pub(crate) src_ip: IpAddr,
    pub(crate) dst_ip: IpAddr,
    pub(crate) src_port: u16,
    pub(crate) dst_port: u16,
    pub(crate) protocol: u8,
    pub(crate) hop: u32,
}

/// One of several portions of flows, told apart by source port: whoever can't hold all at once takes them in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// From 0 on.
    pub number: u16,
    /// How many there are.
    pub of: u16,
}

/// Flows, numbered in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowTable {
    pub(crate) addresses: Addresses,
    pub(crate) macs: Texts,
    hops: Vec<Hop>,
    hop_codes: HashMap<Hop, u32, FixedState>,
    /// Each flow: numbers of source and destination (32 bits each), ports (16 each), hop (24; 0 is none, so
    /// that a bare 5-tuple can be a flow, 1 the first), protocol (8).
    flows: Vec<u128>,
    /// Flows by hash, with linear probing: half of the hash and the number in one, so that hardly ever another flow is looked at
    /// on the way.
    slots: Vec<u64>,
    hasher: FixedState,
}

travels!(FlowTable { addresses, macs, hops, flows } without hop_codes, slots, hasher);

const EMPTY: u32 = u32::MAX;

/// A slot of no flow.
const FREE: u64 = u64::MAX;

/// The bits of a flow that stand for its source port.
pub(crate) const SRC_PORT: u128 = 0xffff << 48;

/// The version of tuples in VNet flow logs; those of NSG flow logs are 1 and 2.
const VNET: u8 = 4;

/// A batch's addresses and places as numbers of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Translation {
    addresses: Vec<u32>,
    /// Hops of a flow group: inbound and outbound, VNet and NSG.
    hops: Vec<[u32; 4]>,
}

impl FlowTable {
    pub(crate) fn len(&self) -> usize {
        self.flows.len()
    }

    pub(crate) fn hops(&self) -> &[Hop] {
        &self.hops
    }

    pub(crate) fn hop(&self, code: u32) -> Option<&Hop> {
        self.hops.get(code as usize)
    }

    pub(crate) fn mac(&self, hop: &Hop) -> Option<&str> {
        hop.mac.map(|mac| self.macs.get(mac))
    }

    pub(crate) fn translate(&mut self, batch: &Batch) -> Translation {
        let addresses =
            batch.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let mut hops: Vec<[u32; 4]> = vec![[EMPTY; 4]; batch.groups.len()];
        for ((group, direction), version) in batch.group.iter().zip(&batch.direction).zip(&batch.version) {
            let (Some(known), Some(logged)) =
                (hops.get_mut(*group as usize), batch.groups.get(*group as usize))
            else {
                continue;
            };
            if let Some(known) =
                known.get_mut(kind_of_place(*direction, *version)).filter(|known| **known == EMPTY)
            {
                let mac = batch.text(logged.mac).map(|mac| self.macs.intern(mac));
                *known = self.intern_hop(Hop { mac, direction: *direction, is_nsg: *version != VNET });
            }
        }
        Translation { addresses, hops }
    }

    /// The number of a flow, new or known.
    #[inline]
    pub(crate) fn intern(&mut self, flow: u128) -> u32 {
        if (self.flows.len() + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        match self.look_up(flow) {
            Ok(number) => number,
            Err((place, half)) => {
                let number = self.flows.len() as u32;
                if let Some(slot) = self.slots.get_mut(place) {
                    *slot = half << 32 | u64::from(number);
                }
                self.flows.push(flow);
                number
            }
        }
    }

    /// The number of a known flow.
    #[inline]
    pub(crate) fn find(&self, flow: u128) -> Option<u32> {
        self.look_up(flow).ok()
    }

    /// The number of a flow; of an unknown one the slot where it belongs, and half of its hash.
    fn look_up(&self, flow: u128) -> Result<u32, (usize, u64)> {
        let half = self.hasher.hash_one(flow) >> 32;
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = half as usize & mask;
        loop {
            match self.slots.get(place) {
                None | Some(&FREE) => return Err((place, half)),
                Some(slot) if slot >> 32 == half && self.flows.get(*slot as u32 as usize) == Some(&flow) => {
                    return Ok(*slot as u32);
                }
                Some(_) => place = (place + 1) & mask,
            }
        }
    }

    /// Takes in the flows of another table; the answer translates its numbers of flows and of hops.
    pub(crate) fn absorb(&mut self, other: &FlowTable) -> (Vec<u32>, Vec<u32>) {
        let addresses: Vec<u32> =
            other.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let address = |code: u128| u128::from(addresses.get(code as usize).copied().unwrap_or(0));
        let hops: Vec<u32> = other
            .hops
            .iter()
            .map(|hop| {
                let mac = other.mac(hop).map(|mac| self.macs.intern(mac));
                self.intern_hop(Hop { mac, ..*hop })
            })
            .collect();
        let hop = |stored: u128| match stored.checked_sub(1).and_then(|code| hops.get(code as usize)) {
            Some(code) => u128::from(*code) + 1,
            None => 0,
        };
        let flows = other
            .flows
            .iter()
            .map(|flow| {
                let ports_and_protocol = flow & 0xffff_ffff_0000_00ff;
                let (src, dst) = (address(flow >> 96), address(flow >> 64 & 0xffff_ffff));
                self.intern(src << 96 | dst << 64 | ports_and_protocol | hop(flow >> 8 & 0xff_ffff) << 8)
            })
            .collect();
        (flows, hops)
    }

    /// True for a flow of one portion of many: the same flows of every table, whatever their numbers.
    pub(crate) fn is_of(&self, number: u32, portion: Portion) -> bool {
        let port = self.flows.get(number as usize).map_or(0, |flow| ((flow & SRC_PORT) >> 48) as u16);
        port % portion.of.max(1) == portion.number
    }

    /// Some flows alone, as a table travels.
    pub(crate) fn write_some(&self, numbers: &[u32], bytes: &mut Vec<u8>) {
        self.addresses.write(bytes);
        self.macs.write(bytes);
        self.hops.write(bytes);
        let kept = numbers.iter().filter_map(|number| self.flows.get(*number as usize)).copied();
        kept.collect::<Vec<u128>>().write(bytes);
    }

    /// A number for each flow, in order: the same for the same flow of every table, hardly ever for another one.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let addresses: Vec<u64> =
            self.addresses.values().iter().map(|address| self.hasher.hash_one(address)).collect();
        let hops: Vec<u64> = self
            .hops
            .iter()
            .map(|hop| self.hasher.hash_one((self.mac(hop), hop.direction as u8, hop.is_nsg)))
            .collect();
        let hash = |flow: &u128| {
            let address = |code: u128| addresses.get(code as u32 as usize).copied().unwrap_or(0);
            let hop = (flow >> 8) as u32 & 0xff_ffff;
            let hop = hops.get(hop.wrapping_sub(1) as usize).copied().unwrap_or(0);
            let ends = address(flow >> 96).wrapping_mul(MIX) ^ address(flow >> 64).rotate_left(32);
            let mixed = (ends ^ hop ^ (flow & 0xffff_ffff_0000_00ff) as u64).wrapping_mul(MIX);
            (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
        };
        self.flows.iter().map(hash).collect()
    }

    /// The numbers of a flow's source and destination.
    pub(crate) fn ends(&self, number: u32) -> Option<(u32, u32)> {
        let flow = *self.flows.get(number as usize)?;
        Some(((flow >> 96) as u32, (flow >> 64) as u32))
    }

    /// What the flow of a number is made of.
    pub(crate) fn parts(&self, number: u32) -> Option<FlowParts> {
        let flow = *self.flows.get(number as usize)?;
        Some(FlowParts {
            src_ip: self.addresses.get((flow >> 96) as u32),
            dst_ip: self.addresses.get((flow >> 64) as u32),
            src_port: (flow >> 48) as u16,
            dst_port: (flow >> 32) as u16,
            protocol: flow as u8,
            hop: ((flow >> 8) as u32 & 0xff_ffff).wrapping_sub(1),
        })
    }

    fn intern_hop(&mut self, hop: Hop) -> u32 {
        let next = self.hops.len() as u32;
        let code = *self.hop_codes.entry(hop).or_insert(next);
        if code == next {
            self.hops.push(hop);
        }
        code
    }

    fn grow(&mut self) {
        let capacity = (self.slots.len() * 2).max(16);
        let mask = capacity - 1;
        let mut slots = vec![FREE; capacity];
        for known in self.slots.iter().filter(|slot| **slot != FREE) {
            let mut place = (known >> 32) as usize & mask;
            while slots.get(place).is_some_and(|slot| *slot != FREE) {
                place = (place + 1) & mask;
            }
            if let Some(slot) = slots.get_mut(place) {
                *slot = *known;
            }
        }
        self.slots = slots;
    }
}

impl Translation {
    /// The table's number of an address of the batch.
    #[inline]
    pub(crate) fn address(&self, code: u32) -> Option<u32> {
        self.addresses.get(code as usize).copied()
    }

    /// The hop of a row.
    #[inline]
    pub(crate) fn hop(&self, batch: &Batch, row: usize) -> Option<u32> {
        let hops = self.hops.get(*batch.group.get(row)? as usize)?;
        hops.get(kind_of_place(*batch.direction.get(row)?, *batch.version.get(row)?)).copied()
    }

    /// The flow of a row.
    #[inline]
    pub(crate) fn flow(&self, batch: &Batch, row: usize) -> Option<u128> {
        let hop = self.hop(batch, row)?;
        Some(self.five_tuple(batch, row)? | u128::from((hop + 1) & 0xff_ffff) << 8)
    }

    /// The flow of a row of a cell (see `condensed`), told by the cell but for its source port.
    #[inline]
    pub(crate) fn flow_of_cell(&self, cells: &Batch, cell: usize, src_port: u16) -> Option<u128> {
        Some(self.flow(cells, cell)? & !SRC_PORT | u128::from(src_port) << 48)
    }

    /// The 5-tuple of a row as a flow at no hop, wherever it was logged.
    #[inline]
    pub(crate) fn five_tuple(&self, batch: &Batch, row: usize) -> Option<u128> {
        let src = self.address(*batch.src_ip.get(row)?)?;
        let dst = self.address(*batch.dst_ip.get(row)?)?;
        Some(
            u128::from(src) << 96
                | u128::from(dst) << 64
                | u128::from(*batch.src_port.get(row)?) << 48
                | u128::from(*batch.dst_port.get(row)?) << 32
                | u128::from(*batch.protocol.get(row)?),
        )
    }
}

fn kind_of_place(direction: Direction, version: u8) -> usize {
    Hop { mac: None, direction, is_nsg: version != VNET }.place()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{TestRow, batch_of, row};

    #[test]
    fn a_flow_has_one_number_for_each_place_that_logged_it() {
        let out = "10.0.0.1,10.0.0.2,40000,443,6,O,B,NX,0,0,0,0";
        let batch = batch_of(&[
            row(0, out, "r", "A"),
            row(0, "10.0.0.1,10.0.0.2,40000,443,6,I,B,NX,0,0,0,0", "r", "A"),
            row(0, out, "r", "B"),
            row(0, "10.0.0.1,10.0.0.2,40000,443,T,O,A,B,,,,", "r", "B"),
            row(9, out, "other", "A"),
        ]);
        let mut table = FlowTable::default();
        let translation = table.translate(&batch);
        let numbers: Vec<_> =
            (0..5).filter_map(|row| Some(table.intern(translation.flow(&batch, row)?))).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 0]);
        let parts = table.parts(2).unwrap();
        assert_eq!((parts.src_port, parts.dst_port, parts.protocol), (40_000, 443, 6));
        assert_eq!(table.mac(table.hop(parts.hop).unwrap()), Some("B"));
    }

    #[test]
    fn absorbing_translates_numbers() {
        let text = |port: usize| format!("10.0.0.1,fd00::2,{port},443,6,O,B,NX,0,0,0,0");
        let rows: Vec<TestRow> = (0..1000).map(|port| row(0, &text(port), "r", "A")).collect();
        let (mut one, mut other) = (FlowTable::default(), FlowTable::default());
        for (table, rows) in [(&mut one, &rows[..600]), (&mut other, &rows[400..])] {
            let batch = batch_of(rows);
            let translation = table.translate(&batch);
            for row in 0..batch.len() {
                translation.flow(&batch, row).map(|flow| table.intern(flow));
            }
        }
        let (flows, _) = one.absorb(&other);
        assert_eq!(one.len(), 1000);
        for (number, own) in (0..).zip(flows) {
            assert_eq!(one.parts(own), other.parts(number));
        }
    }
}
