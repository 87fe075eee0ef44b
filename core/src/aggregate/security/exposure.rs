//! `exposure`: what is reached from public addresses.
//!
//! One row a service (destination, port, protocol) that some public address asked for:
//!
//! * `sources`: public addresses that asked,
//! * `attempted`: flows that began or were denied. Per source the number at the NIC that logged most of them, for
//!   every NIC on a path logs the flow,
//! * `allowed`: those of them that no NIC denied,
//! * `answered`: flows (distinct source addresses and ports) in which packets came back; null where no row of the
//!   service could tell (NSG version 1). A flow that began before the data can be answered without being attempted.
//!
//! The counters are sums over all rows that were given, as in every analysis.
//!
//! Memory: an entry for every source, service and NIC, and two bytes for every answered flow.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::answer::Answer;
use crate::aggregate::building_blocks::attempts::{Attempts, Tally, highest};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::totals::Totals;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::groups::is_public;
use crate::sorting::sort_by_key;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::{Action, starts_flow};
use core::cmp::Reverse;
use core::net::IpAddr;
use std::collections::BTreeMap;

/// What is reached from public addresses: answered services first, then allowed ones, then attempted ones.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    attempts: Attempts<Asked>,
}

travels!(Exposure { attempts });

/// What one source asked of one service, as one place logged it.
#[derive(Clone, Debug, Default)]
struct Asked {
    totals: Totals,
    attempted: u64,
    denied: u64,
    can_tell: bool,
    answered_ports: Ports,
    span: TimeSpan,
}

travels!(Asked { totals, attempted, denied, can_tell, answered_ports, span });

/// Distinct ports.
#[derive(Clone, Debug, Default)]
struct Ports {
    /// Some of them twice, at most as often as there are distinct ones.
    ports: Vec<u16>,
    distinct: usize,
}

travels!(Ports { ports } without distinct);

impl Ports {
    fn add(&mut self, port: u16) {
        // Rows of one flow follow each other.
        if self.ports.last() == Some(&port) {
            return;
        }
        if self.ports.len() >= (2 * self.distinct).max(16) {
            self.distinct = self.count();
        }
        self.ports.push(port);
    }

    fn merge(&mut self, other: &Ports) {
        self.ports.extend_from_slice(&other.ports);
        self.distinct = self.count();
    }

    /// How many there are; leaves each once.
    fn count(&mut self) -> usize {
        self.ports.sort();
        self.ports.dedup();
        self.ports.len()
    }
}

/// One service.
#[derive(Clone, Debug, Default)]
struct Service {
    sources: u64,
    attempted: u64,
    allowed: u64,
    answered: u64,
    can_tell: bool,
    totals: Totals,
    span: TimeSpan,
}

impl Exposure {
    /// An empty one.
    #[must_use]
    pub fn new() -> Exposure {
        Exposure::default()
    }
}

impl Tally for Asked {
    fn merge(&mut self, other: Asked) {
        self.totals.merge(&other.totals);
        self.attempted += other.attempted;
        self.denied += other.denied;
        self.can_tell |= other.can_tell;
        self.answered_ports.merge(&other.answered_ports);
        self.span.merge(other.span);
    }
}

impl Asked {
    fn add(&mut self, batch: &Batch, row: usize) {
        let (Some(action), Some(state)) = (batch.action.get(row), batch.state.get(row)) else { return };
        self.totals.add(batch, row);
        self.attempted += u64::from(starts_flow(*action, *state));
        self.denied += u64::from(*action == Action::Deny);
        self.span.add_row(batch, row);
        match Answer::of(batch, row) {
            Answer::Came => {
                self.can_tell = true;
                batch.src_port.get(row).into_iter().for_each(|port| self.answered_ports.add(*port));
            }
            Answer::Missing => self.can_tell = true,
            Answer::Unknown => {}
        }
    }
}

impl Aggregate for Exposure {
    const NAME: &'static str = "exposure";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.add_condensed(&Condensed::of_tuples(batch, None));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, rows: Some(rows), .. } = condensed else { return false };
        let is_public: Vec<bool> =
            cells.addresses.values().iter().map(|address| is_public(*address)).collect();
        let is_wanted = |cell: usize, _| {
            cells.src_ip.get(cell).and_then(|src| is_public.get(*src as usize)).copied().unwrap_or(false)
        };
        self.attempts.add(condensed, is_wanted, |asked, row| asked.add(rows, row));
        true
    }

    fn merge(&mut self, other: Exposure) {
        self.attempts.merge(other.attempts);
    }

    fn finish(self) -> Table {
        let mut services: BTreeMap<(IpAddr, u16, u8), Service> = BTreeMap::new();
        self.attempts.for_each_conversation(|conversation, places| {
            let key = (conversation.dst_ip, conversation.dst_port, conversation.protocol);
            let service = services.entry(key).or_default();
            let attempted = highest(places, |place| place.attempted);
            service.sources += 1;
            service.attempted += attempted;
            service.allowed += attempted - highest(places, |place| place.denied).min(attempted);
            let mut answered = Ports::default();
            places.iter().for_each(|place| answered.merge(&place.answered_ports));
            service.answered += answered.count() as u64;
            for place in places {
                service.can_tell |= place.can_tell;
                service.totals.merge(&place.totals);
                service.span.merge(place.span);
            }
        });
        let mut rows: Vec<((IpAddr, u16, u8), Service)> = services.into_iter().collect();
        sort_by_key(&mut rows, |(key, service)| {
            (Reverse(service.answered), Reverse(service.allowed), Reverse(service.attempted), *key)
        });
        Rows::of(&rows)
            .address("dst_ip", |((dst_ip, _, _), _)| Some(*dst_ip))
            .port("dst_port", |((_, dst_port, _), _)| Some(*dst_port))
            .small("protocol", |((_, _, protocol), _)| Some(*protocol))
            .number("sources", |(_, service)| Some(service.sources))
            .number("attempted", |(_, service)| Some(service.attempted))
            .number("allowed", |(_, service)| Some(service.allowed))
            .number("answered", |(_, service)| service.can_tell.then_some(service.answered))
            .counters(|(_, service)| service.totals)
            .time("first_time", |(_, service)| service.span.first_ms())
            .time("last_time", |(_, service)| service.span.last_ms())
            .table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{self, TestRow, lawful, printed, row, whole};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const COLUMNS: [&str; 7] =
        ["dst_ip", "dst_port", "protocol", "sources", "attempted", "allowed", "answered"];

    #[test]
    fn a_flow_that_four_places_logged_is_one_attempt() {
        let mut rows = Vec::new();
        for (mac, direction) in [("A", "I"), ("B", "I"), ("B", "O"), ("C", "I")] {
            for (after_ms, state, counters) in [(0, "B", "0,0,0,0"), (900, "E", "5,500,4,900")] {
                let text = format!("203.0.113.9,10.1.1.4,50000,443,6,{direction},{state},NX,{counters}");
                rows.push(row(after_ms, &text, "UserRule_web", mac));
            }
        }
        rows.push(row(5, "198.51.100.23,10.1.1.4,40000,22,6,I,D,NX,0,0,0,0", "nossh", "C"));
        rows.push(row(6, "10.1.1.5,10.1.1.4,40000,8080,6,I,B,NX,0,0,0,0", "UserRule_api", "C"));
        let table = whole(&rows, Exposure::new).finish();
        assert_eq!(
            printed(&table, &COLUMNS),
            [["10.1.1.4", "443", "6", "1", "1", "1", "1"], ["10.1.1.4", "22", "6", "1", "1", "0", "0"]]
        );
        assert_eq!(trials::cell(&table, "bytes", 0), "5600");
    }

    #[test]
    fn allowed_at_one_nic_and_denied_at_the_next_is_not_allowed() {
        let rows = [
            row(0, "203.0.113.9,10.1.1.4,50000,443,6,I,B,NX,0,0,0,0", "UserRule_web", "A"),
            row(3, "203.0.113.9,10.1.1.4,50000,443,6,I,D,NX,0,0,0,0", "nossh", "B"),
        ];
        let table = whole(&rows, Exposure::new).finish();
        assert_eq!(printed(&table, &COLUMNS), [["10.1.1.4", "443", "6", "1", "1", "0", "0"]]);
    }

    #[test]
    fn logs_without_counters_do_not_know_what_was_answered() {
        let rows = [row(0, "203.0.113.9,10.1.1.4,50000,443,T,I,A", "UserRule_web", "A")];
        let table = whole(&rows, Exposure::new).finish();
        assert_eq!(printed(&table, &COLUMNS), [["10.1.1.4", "443", "6", "1", "1", "1", "-"]]);
    }

    /// The same question, asked of the rows again and again.
    fn dull(rows: &[TestRow]) -> Vec<Vec<String>> {
        let public: Vec<&TestRow> = rows.iter().filter(|row| is_public(row.tuple.src_ip)).collect();
        let keys: BTreeSet<_> =
            public.iter().map(|row| (row.tuple.dst_ip, row.tuple.dst_port, row.tuple.protocol)).collect();
        let mut found: Vec<(u64, u64, u64, Vec<String>)> = Vec::new();
        for key in keys {
            let of_key: Vec<&&TestRow> = public
                .iter()
                .filter(|row| (row.tuple.dst_ip, row.tuple.dst_port, row.tuple.protocol) == key)
                .collect();
            let sources: BTreeSet<IpAddr> = of_key.iter().map(|row| row.tuple.src_ip).collect();
            let (mut attempted, mut allowed) = (0, 0);
            for source in &sources {
                let places: BTreeSet<_> = of_key.iter().map(|row| (row.mac, row.tuple.direction)).collect();
                let count = |wanted: &dyn Fn(&TestRow) -> bool| {
                    let at = |place| {
                        of_key
                            .iter()
                            .filter(|row| {
                                row.tuple.src_ip == *source && (row.mac, row.tuple.direction) == place
                            })
                            .filter(|row| wanted(row))
                            .count() as u64
                    };
                    places.iter().map(|place| at(*place)).max().unwrap()
                };
                let tried = count(&|row| row.tuple.starts_flow());
                let denied = count(&|row| row.tuple.action == Action::Deny);
                attempted += tried;
                allowed += tried.saturating_sub(denied);
            }
            let batch = |row: &TestRow| trials::batch_of(core::slice::from_ref(row));
            let answers: Vec<Answer> = of_key.iter().map(|row| Answer::of(&batch(row), 0)).collect();
            let answered: BTreeSet<_> = of_key
                .iter()
                .zip(&answers)
                .filter(|(_, answer)| **answer == Answer::Came)
                .map(|(row, _)| (row.tuple.src_ip, row.tuple.src_port))
                .collect();
            let can_tell = answers.iter().any(|answer| *answer != Answer::Unknown);
            let answered = answered.len() as u64;
            let mut cells = vec![key.0.to_string(), key.1.to_string(), key.2.to_string()];
            cells.extend([sources.len() as u64, attempted, allowed].map(|number| number.to_string()));
            cells.push(if can_tell { answered.to_string() } else { "-".to_owned() });
            cells.push(of_key.len().to_string());
            let bytes: Vec<u64> =
                of_key.iter().filter_map(|row| row.tuple.counters.bytes_dst_to_src).collect();
            cells.push(if bytes.is_empty() { "-".to_owned() } else { bytes.iter().sum::<u64>().to_string() });
            found.push((answered, allowed, attempted, cells));
        }
        // Stable, so equals stay in the order of their keys.
        found.sort_by_key(|(answered, allowed, attempted, _)| Reverse((*answered, *allowed, *attempted)));
        found.into_iter().map(|(_, _, _, cells)| cells).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(80), seed in any::<u64>()) {
            let table = lawful(&rows, seed, Exposure::new);
            let columns: Vec<&str> = COLUMNS.into_iter().chain(["tuples", "bytes_dst_to_src"]).collect();
            prop_assert_eq!(printed(&table, &columns), dull(&rows));
        }
    }
}
