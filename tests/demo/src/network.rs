//! The network interfaces, and at which of them a flow is logged on its way.
//!
//! Decisions: traffic between spokes, and between spokes and on-premises, crosses the hub firewall, which
//! logs it twice (`I`, then `O`); spoke to hub, and the internet, are direct. Connections from on-premises
//! enter at one of the two gateway interfaces (`I`); connections towards on-premises are not logged there, as
//! in real logs. A denied flow is logged at one place only: `nossh` at the first interface on the way that
//! the Virtual Network Manager manages (all but the gateway's), outbound rules at the source, inbound rules
//! at the destination.
//!
//! Not here: what flows there are.

use std::ops::{Deref, DerefMut};

use crate::address::{
    API, APPS, Address, BASTION, BUILD_AGENT, CACHE, CLIENT, DATABASE, FIREWALL, GATEWAYS, Group, REPLICA,
    REPORTS, RESOLVER, WEB, WEB_SECOND, WORKERS,
};
use crate::dice::{Dice, mix};
use crate::rules::{Acl, Direction, Rule, allowing_rule};

/// The most interfaces times directions at which one flow is logged.
pub(crate) const MOST_HOPS: usize = 4;
/// The most milliseconds that a flow is logged later at the end of its way than at the start.
pub(crate) const MOST_DELAY_MS: i64 = 16;
/// No interface's record takes rows younger than this at the time it is written.
const YOUNGEST_ROW_MS: i64 = 2_500;

/// A network interface that logs.
#[derive(Clone, Debug)]
pub(crate) struct Nic {
    pub(crate) address: Address,
    pub(crate) mac: String,
    /// 0 hub, 1 spoke1, 2 spoke2.
    pub(crate) vnet: usize,
    pub(crate) is_gateway: bool,
    /// When in each minute its record is written, in milliseconds; every interface has its own.
    pub(crate) record_offset_ms: i64,
}

impl Nic {
    /// Rows before this moment of the minute go into the minute's record.
    pub(crate) fn cut_offset_ms(&self) -> i64 {
        self.record_offset_ms - YOUNGEST_ROW_MS
    }
}

/// One logging of a flow: where and by which rule.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hop {
    /// The interface's place in [`Network::nics`].
    pub(crate) nic: u8,
    pub(crate) direction: Direction,
    pub(crate) rule: Rule,
    /// How much later than at the first hop.
    pub(crate) delay_ms: u8,
    /// The cell of the truth's book where this flow's rows at this hop are counted.
    pub(crate) cell: u32,
    /// True if the vantage `once` counts the flow here, for each format.
    pub(crate) counts_once: [bool; 2],
}

/// A flow's hops, kept in place: with a list of its own each flow would cost an allocation and a cache miss.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hops {
    places: [Hop; MOST_HOPS],
    count: usize,
}

impl Hops {
    /// Adds a hop; there is no fifth.
    fn push(&mut self, hop: Hop) {
        if let Some(place) = self.places.get_mut(self.count) {
            *place = hop;
            self.count += 1;
        }
    }
}

impl Deref for Hops {
    type Target = [Hop];

    fn deref(&self) -> &[Hop] {
        self.places.get(..self.count).unwrap_or_default()
    }
}

impl DerefMut for Hops {
    fn deref_mut(&mut self) -> &mut [Hop] {
        self.places.get_mut(..self.count).unwrap_or_default()
    }
}

/// The interfaces of hub and spokes.
pub(crate) struct Network {
    nics: Vec<Nic>,
}

impl Network {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let mut addresses = vec![RESOLVER, FIREWALL, BASTION];
        addresses.extend(GATEWAYS);
        addresses.extend([WEB, WEB_SECOND, CACHE, API, DATABASE, REPORTS, CLIENT, BUILD_AGENT]);
        addresses.extend(WORKERS);
        addresses.push(REPLICA);
        addresses.extend(APPS);
        let nics = addresses
            .into_iter()
            .zip(1_u64..)
            .map(|(address, number)| Nic {
                address,
                mac: mac_text(dice, number),
                vnet: match Group::of(address) {
                    Group::Spoke1 => 1,
                    Group::Spoke2 => 2,
                    _ => 0,
                },
                is_gateway: GATEWAYS.contains(&address),
                record_offset_ms: dice.span(6_000, 36_000),
            })
            .collect();
        Self { nics }
    }

    pub(crate) fn nics(&self) -> &[Nic] {
        &self.nics
    }

    pub(crate) fn mac(&self, nic: u8) -> &str {
        self.nics.get(usize::from(nic)).map_or("", |found| found.mac.as_str())
    }

    /// Addresses of all hosts, the gateway's aside: they have addresses outside too, and get scanned.
    pub(crate) fn host_addresses(&self) -> Vec<Address> {
        self.nics.iter().filter(|nic| !nic.is_gateway).map(|nic| nic.address).collect()
    }

    /// The window of row times that every interface's records cover alike, relative to the first hour's start
    /// and the last hour's end.
    pub(crate) fn window_offsets_ms(&self) -> (i64, i64) {
        let cuts = || self.nics.iter().map(Nic::cut_offset_ms);
        let first = cuts().max().unwrap_or(0) - 60_000;
        let last = cuts().min().unwrap_or(0) - 60_000 - MOST_DELAY_MS;
        (first, last)
    }

    /// The hops of a flow in the order it passes them. `denied_by` leaves the one where it is denied.
    pub(crate) fn hops(&self, flow: &Way, denied_by: Option<Rule>) -> Hops {
        let hops = self.passing_hops(flow);
        let Some(rule) = denied_by else { return hops };
        let place = match rule {
            Rule::NoSsh => hops.iter().position(|hop| !self.is_gateway(hop.nic)),
            Rule::DenyAllInbound => hops.len().checked_sub(1),
            _ => Some(0),
        };
        let mut denial = Hops::default();
        if let Some(hop) = place.and_then(|place| hops.get(place)) {
            denial.push(Hop { rule, delay_ms: 0, ..*hop });
        }
        denial
    }

    /// True if the hop stands in NSG logs: the security group judged it.
    pub(crate) fn is_in_nsg_logs(hop: &Hop) -> bool {
        hop.rule.acl() == Acl::NetworkSecurityGroup
    }

    /// Which of the hops the vantage `once` counts: the destination's interface if it logged the flow, else
    /// the source's, else the first.
    pub(crate) fn once_place(
        &self,
        hops: &[Hop],
        flow: &Way,
        logged: impl Fn(&Hop) -> bool,
    ) -> Option<usize> {
        let at = |address: Address| {
            hops.iter().position(|hop| {
                logged(hop) && self.nics.get(usize::from(hop.nic)).is_some_and(|nic| nic.address == address)
            })
        };
        at(flow.destination).or_else(|| at(flow.source)).or_else(|| hops.iter().position(logged))
    }

    fn passing_hops(&self, flow: &Way) -> Hops {
        let (from, to) = (Group::of(flow.source), Group::of(flow.destination));
        let mut hops = Hops::default();
        if from == Group::OnPremises {
            let [first, second] = GATEWAYS;
            // The circuit's packets are spread over the gateway's instances by their addresses.
            let gateway =
                if mix(u64::from(flow.source ^ flow.destination)) & 1 == 0 { first } else { second };
            self.push_hop(&mut hops, flow, gateway, Direction::Inbound);
        }
        self.push_hop(&mut hops, flow, flow.source, Direction::Outbound);
        let leaves_spoke = from.is_spoke() && (to.is_spoke() || to == Group::OnPremises) && from != to;
        if leaves_spoke || (from == Group::OnPremises && to.is_spoke()) {
            self.push_hop(&mut hops, flow, FIREWALL, Direction::Inbound);
            self.push_hop(&mut hops, flow, FIREWALL, Direction::Outbound);
        }
        self.push_hop(&mut hops, flow, flow.destination, Direction::Inbound);
        hops
    }

    /// Adds a hop, unless the address has no interface that logs.
    fn push_hop(&self, hops: &mut Hops, flow: &Way, address: Address, direction: Direction) {
        let Some(place) = self.nics.iter().position(|nic| nic.address == address) else { return };
        let nic = place as u8;
        let rule = if self.is_gateway(nic) {
            Rule::Platform
        } else {
            allowing_rule(flow.source, flow.destination, flow.port, direction)
        };
        // A firewall's two rows are a fraction of a millisecond apart, hosts one to four.
        let last_delay_ms = hops.last().map_or(0, |hop| hop.delay_ms);
        let same_nic = hops.last().is_some_and(|hop| hop.nic == nic);
        let step_ms = if hops.is_empty() || same_nic {
            0
        } else {
            1 + (mix(u64::from(flow.source) << 32 | u64::from(flow.destination)) & 3) as u8
        };
        hops.push(Hop {
            nic,
            direction,
            rule,
            delay_ms: last_delay_ms + step_ms,
            cell: 0,
            counts_once: [false; 2],
        });
    }

    fn is_gateway(&self, nic: u8) -> bool {
        self.nics.get(usize::from(nic)).is_some_and(|nic| nic.is_gateway)
    }
}

/// What decides a flow's way through the network.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) port: u16,
}

/// Azure's hardware addresses start with one of a few vendor prefixes; the number keeps them distinct.
fn mac_text(dice: &mut Dice, number: u64) -> String {
    let prefix = dice.pick(&["000D3A", "6045BD", "7C1E52", "002248"]);
    format!("{prefix}{:04X}{number:02X}", dice.bits() & 0xFFFF)
}

#[cfg(test)]
mod tests {
    use super::{Network, Way};
    use crate::address::{CLIENT, ONPREM_BIGGEST, RESOLVER, SQL_ENDPOINT, WEB, ip};
    use crate::dice::Dice;
    use crate::rules::Rule;

    fn letters(source: u32, destination: u32, port: u16, denied_by: Option<Rule>) -> String {
        let network = Network::new(&mut Dice::new(1));
        let hops = network.hops(&Way { source, destination, port }, denied_by);
        hops.iter().map(|hop| char::from(hop.direction.letter())).collect()
    }

    #[test]
    fn every_interface_on_the_way_logs_the_flow() {
        assert_eq!(letters(CLIENT, WEB, 22, None), "OIOI");
        assert_eq!(letters(CLIENT, RESOLVER, 53, None), "OI");
        assert_eq!(letters(ONPREM_BIGGEST, WEB, 443, None), "IIOI");
        assert_eq!(letters(CLIENT, ONPREM_BIGGEST, 443, None), "OIO");
        assert_eq!(letters(WEB, SQL_ENDPOINT, 1433, None), "O");
        assert_eq!(letters(ip(203, 0, 113, 1), WEB, 443, None), "I");
    }

    #[test]
    fn a_denial_stands_at_one_interface() {
        assert_eq!(letters(CLIENT, WEB, 22, Some(Rule::NoSsh)), "O");
        assert_eq!(letters(ip(203, 0, 113, 1), WEB, 22, Some(Rule::NoSsh)), "I");
        assert_eq!(letters(ip(203, 0, 113, 1), WEB, 23, Some(Rule::DenyAllInbound)), "I");
    }
}
