//! `endpoints`: what each host is: its traffic as source and as destination, its peers, the ports it serves and uses.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::answer::Answer;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::dictionary::Addresses;
use crate::groups::Groups;
use crate::sorting::sort_by_key;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::Action;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashSet;
use std::sync::Arc;

/// One row an address, the most bytes first.
///
/// Its counters stand twice: as source (`as_src_tuples`, `as_src_bytes_src_to_dst` …) and as destination
/// (`as_dst_…`). `group` is null in none. `peers` counts distinct other addresses.
///
/// `ports_served` lists the ports at which it was reached and answered, `ports_used` those of others that it asked
/// and that were allowed, as `443/6` (port, IANA protocol), smallest first, at most [`MOST_PORTS`] and then `+` and
/// how many more. The server is the destination; only where the destination's port is ephemeral and the source's is
/// not, the source is: a flow that was logged first in mid-life. Where the log can't tell whether an answer came
/// (NSG version 1, UDP in NSG version 2, begin tuples), a port counts as served only if no row of it says otherwise
/// and some row allowed it.
#[derive(Clone, Debug)]
pub struct Endpoints {
    groups: Arc<Groups>,
    addresses: Addresses,
    /// By address.
    hosts: Vec<Host>,
    peers: HashSet<(u32, u32), FixedState>,
    served: HashSet<Service, FixedState>,
    /// Services that were allowed, though nothing tells whether they answered.
    perhaps_served: HashSet<Service, FixedState>,
    /// Services that a row shows without an answer.
    unanswered: HashSet<Service, FixedState>,
    used: HashSet<Service, FixedState>,
}

travels!(Endpoints { addresses, hosts, peers, served, perhaps_served, unanswered, used } without groups);

/// So many ports are listed.
pub const MOST_PORTS: usize = 20;

/// The first port that systems take for connections of their own: Linux from here on, Windows from 49152.
const FIRST_EPHEMERAL_PORT: u16 = 32_768;

#[derive(Clone, Copy, Debug, Default)]
struct Host {
    as_src: Totals,
    as_dst: Totals,
    span: TimeSpan,
}

travels!(Host { as_src, as_dst, span });

/// A port at an address: of a server, or of a client that asked for it somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Service {
    address: u32,
    port: u16,
    protocol: u8,
}

travels!(Service { address, port, protocol });

impl Endpoints {
    /// No hosts yet; with names for networks.
    #[must_use]
    pub fn new(groups: Arc<Groups>) -> Endpoints {
        Endpoints {
            groups,
            addresses: Addresses::default(),
            hosts: Vec::new(),
            peers: HashSet::default(),
            served: HashSet::default(),
            perhaps_served: HashSet::default(),
            unanswered: HashSet::default(),
            used: HashSet::default(),
        }
    }

    /// The row of one address alone.
    #[must_use]
    pub fn finish_one(mut self, ip: IpAddr) -> Table {
        let wanted = self.addresses.code(ip);
        for (code, host) in (0..).zip(&mut self.hosts) {
            if Some(code) != wanted {
                *host = Host::default();
            }
        }
        self.finish()
    }

    fn host(&mut self, address: u32) -> Option<&mut Host> {
        let address = address as usize;
        if address >= self.hosts.len() {
            self.hosts.resize(address + 1, Host::default());
        }
        self.hosts.get_mut(address)
    }

    /// Takes in that a client was allowed to ask a port of a server, and whether it was answered.
    fn add_service(&mut self, client: u32, service: Service, answer: Answer) {
        self.used.insert(Service { address: client, ..service });
        match answer {
            Answer::Came => self.served.insert(service),
            Answer::Missing => self.unanswered.insert(service),
            Answer::Unknown => self.perhaps_served.insert(service),
        };
    }

    /// Takes in which ports were served and used. `ends`: each cell's source and destination.
    fn add_services(&mut self, condensed: &Condensed<'_>, rows: &Batch, ends: &[(u32, u32)]) {
        let cells = condensed.cells;
        // A bit for each answer that the rows of a cell tell.
        let mut told = vec![0_u8; cells.len()];
        condensed.for_each_row(|row, cell, _| {
            let (Some(Action::Allow), Some(dst_port)) = (cells.action.get(cell), cells.dst_port.get(cell))
            else {
                return;
            };
            if *dst_port >= FIRST_EPHEMERAL_PORT
                && let Some(src_port) = rows.src_port.get(row).filter(|port| **port < FIRST_EPHEMERAL_PORT)
                && let (Some((src, dst)), Some(protocol)) = (ends.get(cell), cells.protocol.get(cell))
            {
                // The roles are turned: what came is the server's own.
                let service = Service { address: *src, port: *src_port, protocol: *protocol };
                self.add_service(*dst, service, Answer::Came);
            } else if let Some(told) = told.get_mut(cell) {
                *told |= 1 << Answer::of(rows, row) as u8;
            }
        });
        for (cell, told) in told.into_iter().enumerate() {
            let (Some((src, dst)), Some(port), Some(protocol)) =
                (ends.get(cell), cells.dst_port.get(cell), cells.protocol.get(cell))
            else {
                continue;
            };
            let service = Service { address: *dst, port: *port, protocol: *protocol };
            for answer in [Answer::Came, Answer::Missing, Answer::Unknown] {
                if told >> answer as u8 & 1 == 1 {
                    self.add_service(*src, service, answer);
                }
            }
        }
    }

    /// The ports of each address as text, by the address's code.
    fn ports<'s>(&self, services: impl Iterator<Item = &'s Service>) -> Vec<Option<String>> {
        let mut by_address = vec![Vec::new(); self.addresses.len()];
        for service in services {
            if let Some(ports) = by_address.get_mut(service.address as usize) {
                ports.push((service.port, service.protocol));
            }
        }
        let text = |mut ports: Vec<(u16, u8)>| {
            ports.sort_unstable();
            ports.dedup();
            let listed = ports.iter().take(MOST_PORTS).map(|(port, protocol)| format!("{port}/{protocol}"));
            let mut text = listed.collect::<Vec<_>>().join(" ");
            if let Some(more) = ports.len().checked_sub(MOST_PORTS).filter(|more| *more > 0) {
                text.push_str(&format!(" +{more}"));
            }
            (!text.is_empty()).then_some(text)
        };
        by_address.into_iter().map(text).collect()
    }
}

impl Aggregate for Endpoints {
    const NAME: &'static str = "endpoints";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.add_condensed(&Condensed::of_tuples(batch, None));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, rows: Some(rows), .. } = condensed else { return false };
        let own: Vec<u32> =
            cells.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let own = |code: &u32| own.get(*code as usize).copied().unwrap_or(0);
        let ends: Vec<(u32, u32)> =
            cells.src_ip.iter().zip(&cells.dst_ip).map(|(src, dst)| (own(src), own(dst))).collect();
        let mut last = None;
        for (cell, (src, dst)) in ends.iter().copied().enumerate() {
            if let Some(host) = self.host(src) {
                host.as_src.add(cells, cell);
                host.span.add_row(cells, cell);
            }
            if let Some(host) = self.host(dst) {
                host.as_dst.add(cells, cell);
                host.span.add_row(cells, cell);
            }
            // Neighbouring rows often are of one pair.
            if last != Some((src, dst)) && src != dst {
                self.peers.insert((src, dst));
                self.peers.insert((dst, src));
            }
            last = Some((src, dst));
        }
        self.add_services(condensed, rows, &ends);
        true
    }

    fn merge(&mut self, other: Endpoints) {
        let own: Vec<u32> =
            other.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let own = |code: u32| own.get(code as usize).copied().unwrap_or(0);
        for (code, theirs) in (0..).zip(&other.hosts) {
            if let Some(host) = self.host(own(code)) {
                host.as_src.merge(&theirs.as_src);
                host.as_dst.merge(&theirs.as_dst);
                host.span.merge(theirs.span);
            }
        }
        self.peers.extend(other.peers.iter().map(|(one, peer)| (own(*one), own(*peer))));
        let translated = |service: &Service| Service { address: own(service.address), ..*service };
        self.served.extend(other.served.iter().map(translated));
        self.perhaps_served.extend(other.perhaps_served.iter().map(translated));
        self.unanswered.extend(other.unanswered.iter().map(translated));
        self.used.extend(other.used.iter().map(translated));
    }

    fn finish(self) -> Table {
        let mut peers = vec![0_u64; self.addresses.len()];
        for (address, _) in &self.peers {
            if let Some(count) = peers.get_mut(*address as usize) {
                *count += 1;
            }
        }
        let is_likely = |service: &&Service| !self.unanswered.contains(*service);
        let served = self.ports(self.served.iter().chain(self.perhaps_served.iter().filter(is_likely)));
        let used = self.ports(self.used.iter());

        // A batch's dictionary may hold addresses of rows that a filter dropped.
        let is_seen = |host: &Host| host.span.first_ms().is_some();
        let mut rows: Vec<(u32, Host)> =
            (0..).zip(self.hosts.iter().copied()).filter(|(_, host)| is_seen(host)).collect();
        let bytes = |host: &Host| {
            let mut both = host.as_src;
            both.merge(&host.as_dst);
            both.bytes()
        };
        sort_by_key(&mut rows, |(code, host)| (core::cmp::Reverse(bytes(host)), self.addresses.get(*code)));

        let mut table = Table::default();
        let ip = |code: &u32| self.addresses.get(*code);
        let texts = |value: &dyn Fn(&u32) -> Option<String>| {
            Values::Text(rows.iter().map(|(code, _)| value(code)).collect())
        };
        table.add("ip", texts(&|code| Some(ip(code).to_string())));
        table.add("group", texts(&|code| self.groups.name_of(ip(code)).map(str::to_owned)));
        for (prefix, side) in
            [("as_src_", (|host| host.as_src) as fn(&Host) -> Totals), ("as_dst_", |host| host.as_dst)]
        {
            let mut counters = Table::default();
            add_columns(&mut counters, &rows.iter().map(|(_, host)| side(host)).collect::<Vec<_>>());
            for column in counters.columns {
                table.add(format!("{prefix}{}", column.name), column.values);
            }
        }
        table.add(
            "peers",
            Values::U64(rows.iter().map(|(code, _)| peers.get(*code as usize).copied()).collect()),
        );
        table.add("ports_served", texts(&|code| served.get(*code as usize).cloned().flatten()));
        table.add("ports_used", texts(&|code| used.get(*code as usize).cloned().flatten()));
        table.add("first_time", Values::TimeMs(rows.iter().map(|(_, host)| host.span.first_ms()).collect()));
        table.add("last_time", Values::TimeMs(rows.iter().map(|(_, host)| host.span.last_ms()).collect()));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{lawful, printed, row, rows};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn new() -> Endpoints {
        Endpoints::new(Arc::new(Groups::from_text("cidr,name\n10.1.0.0/16,spoke\n").unwrap()))
    }

    #[test]
    fn a_host_serves_what_it_answered_and_uses_what_it_asked() {
        let rows = [
            row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,100,1,900", "r", "A"),
            row(1, "10.1.1.4,10.2.0.5,50001,8080,6,O,E,NX,1,100,0,0", "r", "A"),
            row(2, "10.1.1.4,10.2.0.5,50001,22,6,O,D,NX,0,0,0,0", "r", "A"),
            // Logged first in mid-life, its ends taken for each other.
            row(3, "10.2.0.5,10.1.1.4,53,51000,17,O,C,NX,1,10,1,10", "r", "A"),
            // Nothing tells whether it answered.
            row(4, "10.1.1.4,10.2.0.5,50001,123,U,O,A,E,0,0,0,0", "r", "A"),
        ];
        let table = lawful(&rows, 1, new);
        assert_eq!(
            printed(
                &table,
                &[
                    "ip",
                    "group",
                    "as_src_tuples",
                    "as_dst_tuples",
                    "as_src_bytes",
                    "peers",
                    "ports_served",
                    "ports_used"
                ]
            ),
            [
                ["10.1.1.4", "spoke", "4", "1", "1100", "1", "-", "53/17 123/17 443/6 8080/6"],
                ["10.2.0.5", "-", "1", "4", "20", "1", "53/17 123/17 443/6", "-"],
            ]
        );
    }

    #[test]
    fn many_ports_are_counted_not_listed() {
        let rows: Vec<_> = (1..=25)
            .map(|port| row(0, &format!("10.1.1.4,10.2.0.5,50000,{port},6,O,E,NX,1,1,1,1"), "r", "A"))
            .collect();
        let table = lawful(&rows, 1, new);
        let served = &printed(&table, &["ports_served"])[1][0];
        assert!(served.starts_with("1/6 2/6 ") && served.ends_with(" 20/6 +5"), "{served}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_are_the_plain_ones(rows in rows(60), seed in any::<u64>()) {
            let table = lawful(&rows, seed, new);
            let ends: BTreeSet<_> = rows.iter().flat_map(|row| [row.tuple.src_ip, row.tuple.dst_ip]).collect();
            let mut expected: Vec<Vec<String>> = ends.into_iter().map(|ip| {
                let as_src = rows.iter().filter(|row| row.tuple.src_ip == ip);
                let as_dst = rows.iter().filter(|row| row.tuple.dst_ip == ip);
                let peers: BTreeSet<_> = as_src.clone().map(|row| row.tuple.dst_ip).chain(as_dst.clone().map(|row| row.tuple.src_ip)).filter(|peer| *peer != ip).collect();
                let first = as_src.clone().chain(as_dst.clone()).map(|row| row.tuple.time_ms).min().unwrap();
                vec![ip.to_string(), as_src.count().to_string(), as_dst.count().to_string(), peers.len().to_string(), first.to_string()]
            }).collect();
            let mut found = printed(&table, &["ip", "as_src_tuples", "as_dst_tuples", "peers", "first_time"]);
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
