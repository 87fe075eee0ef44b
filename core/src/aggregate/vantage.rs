//! `vantage="once"`: which one of the NICs that logged a flow counts it.
//!
//! Every NIC on a path logs the flow, and a firewall's NIC logs it twice, so sums over all rows over-count. A first
//! pass over the data ([`Vantage`]) learns which places (a NIC and a direction there) logged each 5-tuple and when;
//! its answer, a [`VantageChoice`], then drops the rows of all places but one.
//!
//! # The rule
//!
//! An address belongs to the NIC that has it as a local end (destination of inbound rows, source of outbound rows) and
//! never as the other end, for what a firewall passes on is at both; of several NICs to the one with the fewest local
//! ends, of equals to the first by MAC. A machine's NIC has one local end or a few, a gateway many. A flow counts at
//!
//! 1. the NIC that its destination belongs to, where it came in,
//! 2. else the NIC that its source belongs to, where it went out,
//! 3. else the NIC with the fewest local ends that logged it, of equals the first by MAC, inbound before outbound.
//!
//! Where the same NIC wrote VNet and NSG flow logs of it, the VNet flow log counts. Source ports are used again, so
//! a place stands for a flow only from its first row of that 5-tuple to its last one, and [`SLACK_MS`] more at
//! either end: what only another place logged, such as a denial an hour later, counts there.

use super::building_blocks::flow_table::{FlowTable, Hop};
use super::building_blocks::totals::Totals;
use super::partial::{opened, sealed};
use super::{Aggregate, PartialError};
use crate::batch::Batch;
use crate::travel::{Travel, travels};
use crate::tuple::Direction;
use foldhash::fast::FixedState;
use std::collections::{HashMap, HashSet};

/// How far from its rows of a 5-tuple a place still stands for the flow. Places log the same flow some milliseconds
/// apart, but their continuing rows come every five minutes and need not be in step.
pub const SLACK_MS: i64 = 5 * 60_000;

/// The first pass: who logged what, when.
///
/// It should see the rows that shall be counted, after any filter: a flow of which only the source's rows are wanted
/// then counts there. Memory is some 60 bytes for each 5-tuple at each place.
#[derive(Clone, Debug, Default)]
pub struct Vantage {
    /// The 5-tuples, at no hop, and all hops.
    flows: FlowTable,
    /// The first sighting of each 5-tuple in `sightings`.
    first: Vec<u32>,
    sightings: Vec<Sighting>,
}

travels!(Vantage { flows, first, sightings });

/// The choice: which rows count.
#[derive(Clone, Debug)]
pub struct VantageChoice {
    vantage: Vantage,
    /// Place of each hop among all hops, smaller first, for flows that it neither starts nor ends.
    order: Vec<u32>,
    /// Number of the NIC that each address belongs to, in the codes of `nic_of_hop`.
    owners: Vec<u32>,
    nic_of_hop: Vec<u32>,
    /// Hops by MAC: inbound and outbound, VNet and NSG.
    hops_by_mac: HashMap<Option<String>, [u32; 4], FixedState>,
}

/// What all places counted together, and what is counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overcount {
    /// Sums over all rows.
    pub all: Totals,
    /// Sums over the rows that were kept.
    pub once: Totals,
}

travels!(Overcount { all, once });

/// From when to when one place logged one 5-tuple.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    hop: u32,
    /// The 5-tuple's next sighting, or `NONE`.
    next: u32,
    first_ms: i64,
    last_ms: i64,
}

travels!(Sighting { hop, next, first_ms, last_ms });

/// NICs with an address.
type Ends = HashSet<(u32, u32), FixedState>;

/// What the bytes of an over-count are called.
const OVERCOUNT: &str = "overcount";

/// No sighting, no NIC.
const NONE: u32 = u32::MAX;

impl Vantage {
    /// A first pass that has seen nothing.
    #[must_use]
    pub fn new() -> Vantage {
        Vantage::default()
    }

    /// The addresses that each NIC has as local ends, and those of them that it also has as the other end.
    fn ends(&self, nic_of_hop: &[u32]) -> (Ends, Ends) {
        let (mut local_ends, mut other_ends) = (Ends::default(), Ends::default());
        let for_each = |take: &mut dyn FnMut((u32, u32), (u32, u32))| {
            for (flow, first) in (0..).zip(&self.first) {
                let Some((src, dst)) = self.flows.ends(flow) else { continue };
                for sighting in self.sightings_from(*first) {
                    let nic = nic_of_hop.get(sighting.hop as usize).copied().unwrap_or(NONE);
                    match self.flows.hop(sighting.hop).map(|hop| hop.direction) {
                        Some(Direction::Inbound) => take((nic, dst), (nic, src)),
                        _ => take((nic, src), (nic, dst)),
                    }
                }
            }
        };
        let mut last = None;
        for_each(&mut |local, _| {
            // Neighbouring flows often have the same local end.
            if last != Some(local) {
                local_ends.insert(local);
                last = Some(local);
            }
        });
        for_each(&mut |local, other| {
            // What a machine says to itself makes it no firewall.
            if local != other && local_ends.contains(&other) {
                other_ends.insert(other);
            }
        });
        (local_ends, other_ends)
    }

    /// A 5-tuple's sightings from that one on. A next one always came earlier, so the walk ends whatever was read.
    fn sightings_from(&self, first: u32) -> impl Iterator<Item = &Sighting> {
        let numbered = |place: u32| Some((place, self.sightings.get(place as usize)?));
        let next = move |(place, sighting): &(u32, &Sighting)| {
            numbered(sighting.next).filter(|(next, _)| next < place)
        };
        core::iter::successors(numbered(first), next).map(|(_, sighting)| sighting)
    }

    fn see(&mut self, flow: u32, sighting: Sighting) {
        let new = self.sightings.len() as u32;
        let Some(first) = self.first.get_mut(flow as usize) else {
            // Flows are numbered one by one, so this one is the next.
            self.first.push(new);
            self.sightings.push(sighting);
            return;
        };
        let mut place = *first;
        while let Some(known) = self.sightings.get_mut(place as usize) {
            if known.hop == sighting.hop {
                known.first_ms = known.first_ms.min(sighting.first_ms);
                known.last_ms = known.last_ms.max(sighting.last_ms);
                return;
            }
            place = known.next;
        }
        self.sightings.push(Sighting { next: *first, ..sighting });
        *first = new;
    }
}

impl Aggregate for Vantage {
    const NAME: &'static str = "vantage";
    type Answer = VantageChoice;

    fn add(&mut self, batch: &Batch) {
        let translation = self.flows.translate(batch);
        for (row, time_ms) in batch.time_ms.iter().enumerate() {
            let (Some(five_tuple), Some(hop)) =
                (translation.five_tuple(batch, row), translation.hop(batch, row))
            else {
                continue;
            };
            let flow = self.flows.intern(five_tuple);
            self.see(flow, Sighting { hop, next: NONE, first_ms: *time_ms, last_ms: *time_ms });
        }
    }

    fn merge(&mut self, other: Vantage) {
        let (flows, hops) = self.flows.absorb(&other.flows);
        let hop = |code: u32| hops.get(code as usize).copied().unwrap_or(0);
        for (flow, first) in flows.iter().zip(&other.first) {
            for sighting in other.sightings_from(*first) {
                self.see(*flow, Sighting { hop: hop(sighting.hop), next: NONE, ..*sighting });
            }
        }
    }

    /// Decides where each flow counts.
    fn finish(self) -> VantageChoice {
        let hops = self.flows.hops();
        // Numbers of NICs: their place by MAC, so that a smaller number wins among equals.
        let mut macs: Vec<Option<&str>> = hops.iter().map(|hop| self.flows.mac(hop)).collect();
        macs.sort_unstable();
        macs.dedup();
        let nic_of_hop: Vec<u32> = hops
            .iter()
            .map(|hop| macs.binary_search(&self.flows.mac(hop)).map_or(NONE, |place| place as u32))
            .collect();
        let nic = |hop: u32| nic_of_hop.get(hop as usize).copied().unwrap_or(NONE);

        let (ends, passed) = self.ends(&nic_of_hop);
        let mut ends_of_nic = vec![0_u32; macs.len()];
        for (nic, _) in &ends {
            if let Some(count) = ends_of_nic.get_mut(*nic as usize) {
                *count += 1;
            }
        }
        let ends_at = |nic: u32| ends_of_nic.get(nic as usize).copied().unwrap_or(NONE);

        let mut owners = vec![NONE; self.flows.addresses.len()];
        for (nic, address) in ends.difference(&passed) {
            if let Some(owner) = owners.get_mut(*address as usize)
                && (ends_at(*nic), *nic) < (ends_at(*owner), *owner)
            {
                *owner = *nic;
            }
        }
        let rank = |hop: &Hop, code: u32| (ends_at(nic(code)), nic(code), hop.direction, hop.is_nsg);
        let mut ranked: Vec<_> = (0..).zip(hops).map(|(code, hop)| (rank(hop, code), code)).collect();
        ranked.sort_unstable();
        let mut order = vec![NONE; hops.len()];
        for (place, (_, code)) in (0..).zip(&ranked) {
            if let Some(order) = order.get_mut(*code as usize) {
                *order = place;
            }
        }
        let mut hops_by_mac: HashMap<Option<String>, [u32; 4], FixedState> = HashMap::default();
        for (code, hop) in (0..).zip(hops) {
            let places = hops_by_mac.entry(self.flows.mac(hop).map(str::to_owned)).or_insert([NONE; 4]);
            if let Some(place) = places.get_mut(hop.place()) {
                *place = code;
            }
        }
        VantageChoice { vantage: self, order, owners, nic_of_hop, hops_by_mac }
    }
}

impl VantageChoice {
    /// Drops the rows of a batch that count elsewhere; groups and records stay. Tells what was there and what stayed.
    pub fn keep(&self, batch: &mut Batch) -> Overcount {
        let mut keeps = vec![true; batch.len()];
        let count = self.narrow(batch, &mut keeps);
        batch.retain_from(0, |row| keeps.get(row).copied().unwrap_or(true));
        count
    }

    /// Takes the rows that count elsewhere out of a mask. Tells what was in it and what stayed.
    pub fn narrow(&self, batch: &Batch, mask: &mut [bool]) -> Overcount {
        let mut count = Overcount::default();
        for (row, (keeps, counts)) in mask.iter_mut().zip(self.mask(batch)).enumerate() {
            if *keeps {
                count.all.add(batch, row);
            }
            *keeps &= counts;
            if *keeps {
                count.once.add(batch, row);
            }
        }
        count
    }

    /// The choice for other workers, processes or machines: see [`VantageChoice::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.vantage.to_bytes()
    }

    /// The choice that was written as these bytes. A first pass that was never finished is one, too.
    ///
    /// # Errors
    ///
    /// Where the bytes are damaged, or something else, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<VantageChoice, PartialError> {
        let mut vantage = Vantage::new();
        vantage.merge_bytes(bytes)?;
        Ok(vantage.finish())
    }

    /// Which rows of a batch count. A row that the first pass has not seen counts.
    #[must_use]
    pub fn mask(&self, batch: &Batch) -> Vec<bool> {
        let flows = &self.vantage.flows;
        let addresses: Vec<Option<u32>> =
            batch.addresses.values().iter().map(|address| flows.addresses.code(*address)).collect();
        let own = |code: &u32| addresses.get(*code as usize).copied().flatten();
        // A table of the batch alone gives its places; these then are looked up here, as the choice can't grow.
        let mut places = FlowTable::default();
        let translation = places.translate(batch);
        let hops: Vec<Option<u32>> = places.hops().iter().map(|hop| self.hop(places.mac(hop), hop)).collect();
        let keeps = |row: usize| -> Option<bool> {
            let five_tuple = u128::from(own(batch.src_ip.get(row)?)?) << 96
                | u128::from(own(batch.dst_ip.get(row)?)?) << 64
                | translation.five_tuple(batch, row)? & u128::from(u64::MAX);
            let hop = hops.get(translation.hop(batch, row)? as usize).copied().flatten()?;
            let first = *self.vantage.first.get(flows.find(five_tuple)? as usize)?;
            let rank = self.rank(five_tuple, hop);
            let time_ms = *batch.time_ms.get(row)?;
            for sighting in self.vantage.sightings_from(first) {
                let covers = sighting.first_ms.saturating_sub(SLACK_MS) <= time_ms
                    && time_ms <= sighting.last_ms.saturating_add(SLACK_MS);
                if covers && sighting.hop != hop && self.rank(five_tuple, sighting.hop) < rank {
                    return Some(false);
                }
            }
            Some(true)
        };
        (0..batch.len()).map(|row| keeps(row).unwrap_or(true)).collect()
    }

    /// How good a place is for a flow; the smallest counts.
    fn rank(&self, five_tuple: u128, hop: u32) -> (u8, bool, u32) {
        let nic = self.nic_of_hop.get(hop as usize).copied();
        let owner = |address: u32| self.owners.get(address as usize).copied();
        let Some(place) = self.vantage.flows.hop(hop) else { return (u8::MAX, true, NONE) };
        let stage = match place.direction {
            Direction::Inbound if owner((five_tuple >> 64) as u32) == nic => 0,
            Direction::Outbound if owner((five_tuple >> 96) as u32) == nic => 1,
            _ => 2,
        };
        (stage, stage < 2 && place.is_nsg, self.order.get(hop as usize).copied().unwrap_or(NONE))
    }

    fn hop(&self, mac: Option<&str>, hop: &Hop) -> Option<u32> {
        let places = self.hops_by_mac.get(&mac.map(str::to_owned))?;
        places.get(hop.place()).copied().filter(|code| *code != NONE)
    }
}

impl Overcount {
    /// Takes in what another batch had.
    pub fn merge(&mut self, other: &Overcount) {
        self.all.merge(&other.all);
        self.once.merge(&other.once);
    }

    /// What was there and what stayed, for [`Overcount::merge_bytes`] of another worker, process or machine.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        sealed(OVERCOUNT, |bytes| self.write(bytes))
    }

    /// Takes in what another one had when it wrote these bytes.
    ///
    /// # Errors
    ///
    /// Where the bytes are damaged, or something else, or of another version; then nothing is taken in.
    pub fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), PartialError> {
        self.merge(&opened(OVERCOUNT, bytes)?);
        Ok(())
    }

    /// By which factor all rows count too many tuples; `None` where there are none.
    #[must_use]
    pub fn tuples_factor(&self) -> Option<f64> {
        factor(Some(self.all.tuples), Some(self.once.tuples))
    }

    /// By which factor all rows count too many bytes; `None` where none were logged.
    #[must_use]
    pub fn bytes_factor(&self) -> Option<f64> {
        factor(self.all.bytes(), self.once.bytes())
    }

    /// One sentence for people; `None` where every row counts.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        if self.all.tuples == self.once.tuples {
            return None;
        }
        let bytes =
            self.bytes_factor().map_or(String::new(), |factor| format!(" and {factor:.2} times the bytes"));
        Some(format!(
            "each flow is counted at one NIC: all NICs together logged {:.2} times the tuples{bytes}",
            self.tuples_factor().unwrap_or(1.0),
        ))
    }
}

fn factor(all: Option<u64>, once: Option<u64>) -> Option<f64> {
    let (all, once) = (all?, once.filter(|once| *once > 0)?);
    Some(all as f64 / once as f64)
}

#[cfg(test)]
mod tests;
