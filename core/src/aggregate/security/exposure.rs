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
//! Memory: an entry for every source, service and NIC, and two bytes for every answered flow, of many 8 KB at most.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::answer::Answer;
use crate::aggregate::building_blocks::attempts::{Attempts, Conversation, Tally, highest};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::totals::Totals;
use crate::batch::Batch;
use crate::condensed::{Condensed, Weight};
use crate::dictionary::Addresses;
use crate::groups::is_public;
use crate::sorting::sort_by_key;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::Action;
use core::cmp::Reverse;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// What is reached from public addresses: answered services first, then allowed ones, then attempted ones.
#[derive(Clone, Debug, Default)]
pub struct Exposure {
    attempts: Attempts<Asked>,
}

travels!(Exposure { attempts });

/// What one source asked of one service, as one place logged it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    totals: Totals,
    attempted: u64,
    denied: u64,
    can_tell: bool,
    answered_ports: Ports,
    span: TimeSpan,
}

travels!(Asked { totals, attempted, denied, can_tell, answered_ports, span });

/// Distinct ports: a list while they are few, then a bit for each.
#[derive(Clone, Debug, Default)]
struct Ports {
    /// Some of them twice; empty once they are many.
    few: Vec<u16>,
    /// Words of bits; empty while they are few.
    many: Vec<u64>,
}

travels!(Ports { few, many });

/// A list of so many takes the room of a bit for every port.
const MOST_FEW: usize = 4096;

impl Ports {
    fn add(&mut self, port: u16) {
        if !self.many.is_empty() {
            self.set(port);
        } else if self.few.last() != Some(&port) {
            // Rows of one flow follow each other.
            self.few.push(port);
            if self.few.len() > MOST_FEW {
                self.make_many();
            }
        }
    }

    fn merge(&mut self, other: &Ports) {
        if !other.many.is_empty() {
            self.make_many();
            self.many.iter_mut().zip(&other.many).for_each(|(own, other)| *own |= other);
        }
        other.few.iter().for_each(|port| self.add(*port));
    }

    fn make_many(&mut self) {
        self.many.resize(usize::from(u16::MAX) / 64 + 1, 0);
        for port in core::mem::take(&mut self.few) {
            self.set(port);
        }
    }

    fn set(&mut self, port: u16) {
        if let Some(word) = self.many.get_mut(usize::from(port / 64)) {
            *word |= 1 << (port % 64);
        }
    }

    /// How many there are in all of these.
    fn count<'p>(all: impl Iterator<Item = &'p Ports>) -> u64 {
        let mut all = all.filter(|ports| !ports.few.is_empty() || !ports.many.is_empty());
        let Some(first) = all.next() else { return 0 };
        let next = all.next();
        if next.is_none() && first.few.len() == 1 {
            return 1;
        }
        let mut whole = first.clone();
        next.into_iter().chain(all).for_each(|ports| whole.merge(ports));
        if whole.few.len() > FEW_ENOUGH_TO_SORT {
            whole.make_many();
        }
        whole.few.sort();
        whole.few.dedup();
        whole.few.len() as u64 + whole.many.iter().map(|word| u64::from(word.count_ones())).sum::<u64>()
    }
}

/// So many are sorted sooner than a bit for each is set and counted.
const FEW_ENOUGH_TO_SORT: usize = 128;

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
    /// Takes in a row, or a cell, but not which flows were answered.
    pub(super) fn add(&mut self, batch: &Batch, row: usize) {
        let (Some(action), Some(weight)) = (batch.action.get(row), Weight::of(batch, row)) else { return };
        self.totals.add(batch, row);
        self.attempted += u64::from(weight.flows);
        self.denied += if *action == Action::Deny { u64::from(weight.tuples) } else { 0 };
        self.span.add_row(batch, row);
        self.can_tell |= weight.answers != 0;
    }

    /// Takes in that a flow was answered, where a row says so.
    #[inline]
    pub(super) fn add_answer(&mut self, rows: &Batch, row: usize) {
        if Answer::of(rows, row) == Answer::Came
            && let Some(port) = rows.src_port.get(row)
        {
            self.answered_ports.add(*port);
        }
    }
}

/// For each address whether it is public.
pub(super) fn are_public(addresses: &Addresses) -> Vec<bool> {
    addresses.values().iter().map(|address| is_public(*address)).collect()
}

impl Aggregate for Exposure {
    const NAME: &'static str = "exposure";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.add_condensed(&Condensed::of_tuples(batch, None));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, rows: Some(rows), .. } = condensed else { return false };
        let are_public = are_public(&cells.addresses);
        let is_wanted = |cell: usize| {
            cells.src_ip.get(cell).and_then(|src| are_public.get(*src as usize)).copied().unwrap_or(false)
        };
        let lanes = self.attempts.lanes_of(cells, is_wanted);
        self.attempts.add_at(&lanes, |asked, cell| asked.add(cells, cell));
        self.attempts.add_rows(condensed, &lanes, |asked, row, _| asked.add_answer(rows, row));
        true
    }

    fn merge(&mut self, other: Exposure) {
        self.attempts.merge(other.attempts);
    }

    fn finish(self) -> Table {
        let mut services = Services::default();
        self.attempts.for_each_conversation(|conversation, places| services.add(conversation, places));
        services.table()
    }
}

/// All services that were asked for.
#[derive(Default)]
pub(super) struct Services {
    services: HashMap<(IpAddr, u16, u8), Service, FixedState>,
}

impl Services {
    /// Takes in what one source asked of a service, as each place logged it; nothing where none did.
    pub(super) fn add(&mut self, conversation: &Conversation, places: &[&Asked]) {
        if places.is_empty() {
            return;
        }
        let key = (conversation.dst_ip, conversation.dst_port, conversation.protocol);
        let service = self.services.entry(key).or_default();
        let attempted = highest(places, |place| place.attempted);
        service.sources += 1;
        service.attempted += attempted;
        service.allowed += attempted - highest(places, |place| place.denied).min(attempted);
        service.answered += Ports::count(places.iter().map(|place| &place.answered_ports));
        for place in places {
            service.can_tell |= place.can_tell;
            service.totals.merge(&place.totals);
            service.span.merge(place.span);
        }
    }

    /// The answer.
    pub(super) fn table(self) -> Table {
        let mut rows: Vec<((IpAddr, u16, u8), Service)> = self.services.into_iter().collect();
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
