//! How far a rule's traffic reaches: its destination ports, and the narrowest networks that hold its ends.

use super::nsg::Place;
use crate::batch::Batch;
use crate::travel::travels;
use foldhash::fast::FixedState;
use ipnet::IpNet;
use std::collections::HashSet;

/// What a rule passed.
#[derive(Clone, Debug, Default)]
pub(super) struct Reach {
    ports: HashSet<u16, FixedState>,
    pub(super) sources: Hull,
    pub(super) destinations: Hull,
}

travels!(Reach { ports, sources, destinations });

/// The narrowest network of each family that holds all addresses it was given.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hull {
    v4: Option<IpNet>,
    v6: Option<IpNet>,
}

travels!(Hull { v4, v6 });

impl Reach {
    pub(super) fn add(&mut self, batch: &Batch, row: usize) {
        let (Some(src), Some(dst), Some(port)) =
            (batch.src_ip.get(row), batch.dst_ip.get(row), batch.dst_port.get(row))
        else {
            return;
        };
        self.ports.insert(*port);
        self.sources.add(batch.addresses.get(*src).into());
        self.destinations.add(batch.addresses.get(*dst).into());
    }

    pub(super) fn merge(&mut self, other: &Reach) {
        self.ports.extend(&other.ports);
        self.sources.merge(other.sources);
        self.destinations.merge(other.destinations);
    }

    pub(super) fn ports(&self) -> u64 {
        self.ports.len() as u64
    }
}

impl Hull {
    fn add(&mut self, net: IpNet) {
        let hull = match net {
            IpNet::V4(_) => &mut self.v4,
            IpNet::V6(_) => &mut self.v6,
        };
        *hull = Some(match *hull {
            Some(known) if known.contains(&net) => known,
            Some(known) => joined(known, net),
            None => net,
        });
    }

    fn merge(&mut self, other: Hull) {
        [other.v4, other.v6].into_iter().flatten().for_each(|net| self.add(net));
    }

    /// The networks, if there are any.
    pub(super) fn text(self) -> Option<String> {
        let nets: Vec<String> = [self.v4, self.v6].into_iter().flatten().map(|net| net.to_string()).collect();
        (!nets.is_empty()).then(|| nets.join(", "))
    }

    /// True where one of these places surely allows more than what is in here. What a name stands for, nobody knows.
    pub(super) fn is_narrower(self, places: &[Place]) -> bool {
        let seen = [self.v4, self.v6];
        places.iter().any(|place| match place {
            Place::Any => true,
            Place::Net(net) => !seen.into_iter().flatten().any(|hull| hull.contains(net)),
            Place::Named(_) => false,
        })
    }
}

/// The narrowest network that holds both, which are of one family.
fn joined(one: IpNet, other: IpNet) -> IpNet {
    let mut wider = one;
    while !wider.contains(&other) {
        match wider.supernet() {
            Some(supernet) => wider = supernet,
            None => break,
        }
    }
    wider
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::IpAddr;

    #[test]
    fn the_hull_is_the_narrowest_network_in_any_order() {
        let addresses = ["10.1.1.4", "10.1.1.200", "10.1.3.1", "fd00::1"];
        for start in 0..addresses.len() {
            let mut hull = Hull::default();
            for place in 0..addresses.len() {
                let address: IpAddr = addresses[(start + place) % addresses.len()].parse().unwrap();
                hull.add(address.into());
            }
            assert_eq!(hull.text().unwrap(), "10.1.0.0/22, fd00::1/128");
        }
        assert_eq!(Hull::default().text(), None);
    }

    #[test]
    fn a_place_is_wider_where_the_hull_does_not_hold_it() {
        let mut hull = Hull::default();
        hull.add("10.1.1.0/24".parse().unwrap());
        let net = |text: &str| Place::Net(text.parse().unwrap());
        for (place, expected) in [
            (net("10.1.1.0/24"), false),
            (net("10.1.1.4/32"), false),
            (net("10.1.0.0/16"), true),
            (net("10.9.0.0/24"), true),
            (Place::Any, true),
            (Place::Named("virtualnetwork".to_owned()), false),
        ] {
            assert_eq!(hull.is_narrower(core::slice::from_ref(&place)), expected, "{place:?}");
        }
    }
}
