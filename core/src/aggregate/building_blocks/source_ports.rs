//! Which source ports a conversation had: exactly where they are few, and only from where on where they are many.
//!
//! Clients take any port of a wide range, so that a list of them would be as long as the log; services answer from the few that
//! filters name.

use crate::filter::Filter;
use crate::travel::travels;

/// The lowest port that most clients take (Linux; Windows' start higher): those from here on are never listed.
const EPHEMERAL_FROM: u16 = 32_768;

/// Ports below this one are taken by services alone.
const SERVICES_BELOW: u16 = 1024;

/// So many are listed.
const MOST_KNOWN: usize = 16;

/// Distinct source ports.
#[derive(Clone, Debug)]
pub(crate) struct SourcePorts {
    /// All that are lower than `known_below`.
    known: Vec<u16>,
    known_below: u16,
    /// There are others.
    has_others: bool,
}

travels!(SourcePorts { known, known_below, has_others });

impl Default for SourcePorts {
    fn default() -> SourcePorts {
        SourcePorts { known: Vec::new(), known_below: EPHEMERAL_FROM, has_others: false }
    }
}

impl SourcePorts {
    /// True for ports of which [`SourcePorts::add_unlisted`] says enough.
    #[inline]
    pub(crate) fn are_unlisted(port: u16) -> bool {
        port >= EPHEMERAL_FROM
    }

    /// Takes in that there are such ports.
    #[inline]
    pub(crate) fn add_unlisted(&mut self) {
        self.has_others = true;
    }

    pub(crate) fn add(&mut self, port: u16) {
        if port >= self.known_below {
            self.has_others = true;
        } else if !self.known.contains(&port) {
            self.known.push(port);
            if self.known.len() > MOST_KNOWN {
                self.know_below(if self.known_below > SERVICES_BELOW { SERVICES_BELOW } else { 0 });
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &SourcePorts) {
        self.has_others |= other.has_others;
        if other.known_below < self.known_below {
            self.know_below(other.known_below);
        }
        other.known.iter().for_each(|port| self.add(*port));
    }

    fn know_below(&mut self, port: u16) {
        self.known_below = port;
        let count = self.known.len();
        self.known.retain(|known| *known < port);
        self.has_others |= self.known.len() < count;
    }

    /// Ports that stand for all of them in the eyes of a filter; `None` where it tells apart ports that are not listed.
    pub(crate) fn seen_by(&self, filter: &Filter) -> Option<impl Iterator<Item = u16>> {
        if self.has_others && filter.tells_source_ports_apart(self.known_below) {
            return None;
        }
        Some(self.known.iter().copied().chain(self.has_others.then_some(u16::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::groups::Groups;
    use proptest::prelude::*;

    fn seen(ports: &SourcePorts, filter: &str) -> Option<Vec<u16>> {
        let filter = Filter::parse(filter, &Groups::new()).unwrap();
        ports.seen_by(&filter).map(Iterator::collect)
    }

    #[test]
    fn many_ports_are_told_apart_from_the_few_that_services_have() {
        let mut ports = SourcePorts::default();
        [22, 5000, 50_000, 22].into_iter().for_each(|port| ports.add(port));
        assert_eq!(seen(&ports, "src port 22"), Some(vec![22, 5000, u16::MAX]));
        assert_eq!(seen(&ports, "src port >= 32768"), Some(vec![22, 5000, u16::MAX]));
        assert_eq!(seen(&ports, "src port > 32768"), None);
        (2000..2020).for_each(|port| ports.add(port));
        assert_eq!(seen(&ports, "port 22"), Some(vec![22, u16::MAX]));
        assert_eq!(seen(&ports, "port 5000"), None);
        assert_eq!(seen(&ports, "dst port 5000"), Some(vec![22, u16::MAX]));
        (100..120).for_each(|port| ports.add(port));
        assert_eq!(seen(&ports, "port 22"), None);
        assert_eq!(seen(&ports, "tcp"), Some(vec![u16::MAX]));
    }

    proptest! {
        #[test]
        fn a_port_is_listed_or_one_of_the_others(
            ports in prop::collection::vec(prop_oneof![0..40_u16, 1000..1100_u16, any::<u16>()], 0..60),
            cut in 0..60_usize,
        ) {
            let (mut one, mut other) = (SourcePorts::default(), SourcePorts::default());
            ports.iter().take(cut).for_each(|port| one.add(*port));
            ports.iter().skip(cut).for_each(|port| other.add(*port));
            one.merge(&other);
            for port in &ports {
                prop_assert_eq!(one.known.contains(port), *port < one.known_below);
                prop_assert!(*port < one.known_below || one.has_others);
            }
            prop_assert!(one.known.iter().all(|port| ports.contains(port)));
            prop_assert_eq!(one.has_others, ports.iter().any(|port| *port >= one.known_below));
        }
    }
}
