//! `scans`: who probes.
//!
//! A probe is a conversation (source, target, port, protocol) that was never answered: denied, or allowed with
//! counters that say that nothing came back. Conversations that the log can't tell about are no probes. By its probes
//! a source is a scanner, of one kind:
//!
//! * `vertical`: at least [`ScanOptions::vertical_ports`] ports of one target,
//! * `horizontal`: at least [`ScanOptions::horizontal_targets`] targets on one port,
//! * `block`: both,
//!
//! each probed for the first time within [`ScanOptions::window_ms`]: over weeks even a patient host collects dead
//! ports.
//!
//! `targets`, `ports`, `tries`, `denied`, `first_time` and `last_time` are of all the source's probes. `answered`
//! is what it found: pairs of target and port that did answer it, on the ports (horizontal), the targets (vertical)
//! or both (block) that it scanned. A try is a flow that began or was denied, counted at the NIC that logged most
//! of a conversation's.
//!
//! Not counted: rows from a port below 1024 to an ephemeral one. These are a service's late answers, logged the
//! wrong way round, and would make a scanner of every busy server.

use super::Aggregate;
use super::answer::Answer;
use super::attempts::{Attempts, Conversation, Tally, highest};
use super::rows::Rows;
use super::span::TimeSpan;
use crate::batch::Batch;
use crate::table::Table;
use crate::tuple::{Action, State, names, starts_flow};
use core::cmp::Reverse;
use core::fmt;
use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

/// From how many on it is a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// Unanswered ports of one target (default: 15, as Zeek's port scans have it; few clients miss so many).
    pub vertical_ports: usize,
    /// Targets without an answer on one port (default: 15).
    pub horizontal_targets: usize,
    /// Within how many milliseconds (default: one hour).
    pub window_ms: i64,
}

impl Default for ScanOptions {
    fn default() -> ScanOptions {
        ScanOptions { vertical_ports: 15, horizontal_targets: 15, window_ms: 3_600_000 }
    }
}

/// How a source scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScanKind {
    /// Many ports of a target.
    Vertical,
    /// Many targets on a port.
    Horizontal,
    /// Many ports of many targets.
    Block,
}

names!(ScanKind { Vertical => "vertical", Horizontal => "horizontal", Block => "block" });

/// Sources that scan: most tries first.
#[derive(Clone, Debug, Default)]
pub struct Scans {
    options: ScanOptions,
    attempts: Attempts<Probed>,
}

#[derive(Clone, Debug, Default)]
struct Probed {
    begun: u64,
    ended: u64,
    denied: u64,
    is_silent: bool,
    is_answered: bool,
    span: TimeSpan,
}

/// One scanner.
struct Scan {
    src_ip: IpAddr,
    kind: ScanKind,
    targets: usize,
    ports: usize,
    tries: u64,
    denied: u64,
    answered: usize,
    span: TimeSpan,
}

/// What was probed and what answered, of one source.
#[derive(Default)]
struct Source {
    /// Target, port, and when it was first probed.
    probes: Vec<(IpAddr, u16, i64)>,
    answers: BTreeSet<(IpAddr, u16)>,
    tries: u64,
    denied: u64,
    span: TimeSpan,
}

impl Scans {
    /// An empty one with these thresholds.
    #[must_use]
    pub fn new(options: ScanOptions) -> Scans {
        Scans { options, attempts: Attempts::default() }
    }
}

impl Tally for Probed {
    fn merge(&mut self, other: Probed) {
        self.begun += other.begun;
        self.ended += other.ended;
        self.denied += other.denied;
        self.is_silent |= other.is_silent;
        self.is_answered |= other.is_answered;
        self.span.merge(other.span);
    }
}

impl Probed {
    fn add(&mut self, batch: &Batch, row: usize) {
        let (Some(action), Some(state)) = (batch.action.get(row), batch.state.get(row)) else { return };
        let is_denied = *action == Action::Deny;
        self.denied += u64::from(is_denied);
        self.begun += u64::from(!is_denied && starts_flow(*action, *state));
        self.ended += u64::from(!is_denied && *state == Some(State::End));
        self.span.add_row(&batch.time_ms, row);
        match Answer::of(batch, row) {
            Answer::Came => self.is_answered = true,
            Answer::Missing => self.is_silent = true,
            Answer::Unknown => {}
        }
    }

    fn tries(&self) -> u64 {
        self.denied + self.begun.max(self.ended)
    }
}

impl Source {
    fn add(&mut self, conversation: &Conversation, places: &[&Probed]) {
        let target = (conversation.dst_ip, conversation.dst_port);
        if places.iter().any(|place| place.is_answered) {
            self.answers.insert(target);
        } else if places.iter().any(|place| place.is_silent) {
            let mut span = TimeSpan::default();
            places.iter().for_each(|place| span.merge(place.span));
            self.probes.extend(span.first_ms().map(|first_ms| (target.0, target.1, first_ms)));
            self.tries += highest(places, Probed::tries);
            self.denied += highest(places, |place| place.denied);
            self.span.merge(span);
        }
    }

    fn scan(self, src_ip: IpAddr, options: ScanOptions) -> Option<Scan> {
        let mut ports_of: BTreeMap<IpAddr, BTreeMap<u16, i64>> = BTreeMap::new();
        let mut targets_of: BTreeMap<u16, BTreeMap<IpAddr, i64>> = BTreeMap::new();
        for (target, port, first_ms) in &self.probes {
            let first = ports_of.entry(*target).or_default().entry(*port).or_insert(*first_ms);
            *first = (*first).min(*first_ms);
            let first = targets_of.entry(*port).or_default().entry(*target).or_insert(*first_ms);
            *first = (*first).min(*first_ms);
        }
        let is_scanned = |target: &IpAddr| {
            ports_of
                .get(target)
                .is_some_and(|ports| has_burst(ports.values(), options.vertical_ports, options.window_ms))
        };
        let is_swept = |port: &u16| {
            targets_of.get(port).is_some_and(|targets| {
                has_burst(targets.values(), options.horizontal_targets, options.window_ms)
            })
        };
        let kind = match (ports_of.keys().any(is_scanned), targets_of.keys().any(is_swept)) {
            (true, true) => ScanKind::Block,
            (true, false) => ScanKind::Vertical,
            (false, true) => ScanKind::Horizontal,
            (false, false) => return None,
        };
        let answered =
            self.answers.iter().filter(|(target, port)| is_scanned(target) || is_swept(port)).count();
        Some(Scan {
            src_ip,
            kind,
            targets: ports_of.len(),
            ports: targets_of.len(),
            tries: self.tries,
            denied: self.denied,
            answered,
            span: self.span,
        })
    }
}

/// True where so many of the times lie within that window.
fn has_burst<'t>(times_ms: impl Iterator<Item = &'t i64>, count: usize, window_ms: i64) -> bool {
    let mut times_ms: Vec<i64> = times_ms.copied().collect();
    times_ms.sort_unstable();
    let nth = times_ms.iter().skip(count.max(1) - 1);
    times_ms.iter().zip(nth).any(|(first, nth)| nth - first <= window_ms)
}

/// True for rows that look like answers logged the wrong way round.
fn is_reversed(batch: &Batch, row: usize) -> bool {
    /// Ports that only services use.
    const SERVICES_BELOW: u16 = 1024;
    /// Linux's first ephemeral port; Windows' are higher.
    const EPHEMERAL_FROM: u16 = 32_768;
    batch.src_port.get(row).is_some_and(|port| *port < SERVICES_BELOW)
        && batch.dst_port.get(row).is_some_and(|port| *port >= EPHEMERAL_FROM)
}

impl Aggregate for Scans {
    fn add(&mut self, batch: &Batch) {
        self.attempts.add(batch, |row| !is_reversed(batch, row), |probed, row| probed.add(batch, row));
    }

    fn merge(&mut self, other: Scans) {
        self.attempts.merge(other.attempts);
    }

    fn finish(self) -> Table {
        let mut scans = Vec::new();
        let mut current: Option<(IpAddr, Source)> = None;
        // In order, so that a source's conversations stand together.
        self.attempts.for_each_conversation(|conversation, places| match &mut current {
            Some((src_ip, source)) if *src_ip == conversation.src_ip => source.add(conversation, places),
            _ => {
                let mut source = Source::default();
                source.add(conversation, places);
                let done = current.replace((conversation.src_ip, source));
                scans.extend(done.and_then(|(src_ip, source)| source.scan(src_ip, self.options)));
            }
        });
        scans.extend(current.and_then(|(src_ip, source)| source.scan(src_ip, self.options)));
        scans.sort_by_key(|scan| (Reverse(scan.tries), scan.src_ip));
        Rows::of(&scans)
            .text("src_ip", |scan| Some(scan.src_ip.to_string()))
            .text("kind", |scan| Some(scan.kind.name()))
            .number("targets", |scan| Some(scan.targets as u64))
            .number("ports", |scan| Some(scan.ports as u64))
            .number("tries", |scan| Some(scan.tries))
            .number("denied", |scan| Some(scan.denied))
            .number("answered", |scan| Some(scan.answered as u64))
            .time("first_time", |scan| scan.span.first_ms())
            .time("last_time", |scan| scan.span.last_ms())
            .table()
    }
}

#[cfg(test)]
mod tests {
    use super::super::trials::{self, TestRow, lawful, printed, row, whole};
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: [&str; 7] = ["src_ip", "kind", "targets", "ports", "tries", "denied", "answered"];

    fn probe(target: u8, port: u16) -> TestRow {
        let text = format!("203.0.113.9,10.1.1.{target},50000,{port},6,I,D,NX,0,0,0,0");
        row(i64::from(port), &text, "DefaultRule_DenyAllInBound", "A")
    }

    fn answer(target: u8, port: u16) -> TestRow {
        let text = format!("203.0.113.9,10.1.1.{target},50000,{port},6,I,E,NX,4,400,4,400");
        row(i64::from(port), &text, "UserRule_web", "A")
    }

    fn found(rows: &[TestRow]) -> Vec<Vec<String>> {
        printed(&whole(rows, || Scans::new(ScanOptions::default())).finish(), &COLUMNS)
    }

    #[test]
    fn the_kind_follows_from_ports_and_targets() {
        let mut vertical: Vec<TestRow> = (1..=15).map(|port| probe(4, port)).collect();
        vertical.extend([answer(4, 443), answer(5, 443)]);
        assert_eq!(found(&vertical), [["203.0.113.9", "vertical", "1", "15", "15", "15", "1"]]);
        let mut horizontal: Vec<TestRow> = (1..=15).map(|target| probe(target, 3389)).collect();
        horizontal.extend([answer(4, 443), answer(99, 3389)]);
        assert_eq!(found(&horizontal), [["203.0.113.9", "horizontal", "15", "1", "15", "15", "1"]]);
        horizontal.extend(vertical);
        assert_eq!(found(&horizontal), [["203.0.113.9", "block", "15", "16", "30", "30", "2"]]);
        let few: Vec<TestRow> = (1..=14).map(|target| probe(target, 3389)).collect();
        assert!(found(&few).is_empty());
    }

    #[test]
    fn dead_ports_that_add_up_over_days_are_no_scan() {
        let daily = |port: u16| {
            let text = format!("203.0.113.9,10.1.1.4,50000,{port},6,I,D,NX,0,0,0,0");
            row(i64::from(port) * 86_400_000, &text, "DefaultRule_DenyAllInBound", "A")
        };
        let rows: Vec<TestRow> = (1..=60).map(daily).collect();
        assert!(found(&rows).is_empty());
    }

    #[test]
    fn a_busy_client_of_many_servers_is_no_scanner() {
        let rows: Vec<TestRow> = (1..=200).map(|target| answer(target, 443)).collect();
        assert!(found(&rows).is_empty());
    }

    #[test]
    fn late_answers_of_a_service_are_no_scan() {
        let late = |port: u16| {
            row(
                0,
                &format!("10.1.1.4,203.0.113.9,443,{port},6,O,D,NX,0,0,0,0"),
                "DefaultRule_DenyAllInBound",
                "A",
            )
        };
        let rows: Vec<TestRow> = (40_000..40_100).map(late).collect();
        assert!(found(&rows).is_empty());
    }

    fn dull(rows: &[TestRow], options: ScanOptions) -> Vec<Vec<String>> {
        let rows: Vec<&TestRow> =
            rows.iter().filter(|row| row.tuple.src_port >= 1024 || row.tuple.dst_port < 32_768).collect();
        let mut found = Vec::new();
        for source in rows.iter().map(|row| row.tuple.src_ip).collect::<BTreeSet<_>>() {
            let own: Vec<&&TestRow> = rows.iter().filter(|row| row.tuple.src_ip == source).collect();
            let key = |row: &TestRow| (row.tuple.dst_ip, row.tuple.dst_port, row.tuple.protocol);
            let (mut probes, mut answers, mut tries, mut denied) = (BTreeMap::new(), BTreeSet::new(), 0, 0);
            for wanted in own.iter().map(|row| key(row)).collect::<BTreeSet<_>>() {
                let of_key: Vec<&&&TestRow> = own.iter().filter(|row| key(row) == wanted).collect();
                let has = |answer| {
                    of_key
                        .iter()
                        .any(|row| Answer::of(&trials::batch_of(core::slice::from_ref(**row)), 0) == answer)
                };
                if has(Answer::Came) {
                    answers.insert((wanted.0, wanted.1));
                    continue;
                }
                if !has(Answer::Missing) {
                    continue;
                }
                let first_ms = of_key.iter().map(|row| row.tuple.time_ms).min().unwrap();
                let known = probes.entry((wanted.0, wanted.1)).or_insert(first_ms);
                *known = first_ms.min(*known);
                let places: BTreeSet<_> = of_key.iter().map(|row| (row.mac, row.tuple.direction)).collect();
                let (mut most, mut most_denied) = (0, 0);
                for place in places {
                    let count = |wanted: &dyn Fn(&TestRow) -> bool| {
                        of_key
                            .iter()
                            .filter(|row| (row.mac, row.tuple.direction) == place && wanted(row))
                            .count()
                    };
                    let denied = count(&|row| row.tuple.action == Action::Deny);
                    let begun = count(&|row| row.tuple.action == Action::Allow && row.tuple.starts_flow());
                    let ended = count(&|row| {
                        row.tuple.action == Action::Allow && row.tuple.state == Some(State::End)
                    });
                    most = most.max(denied + begun.max(ended));
                    most_denied = most_denied.max(denied);
                }
                tries += most;
                denied += most_denied;
            }
            let targets: BTreeSet<IpAddr> = probes.keys().map(|(target, _)| *target).collect();
            let ports: BTreeSet<u16> = probes.keys().map(|(_, port)| *port).collect();
            let burst = |least: usize, wanted: &dyn Fn(&(IpAddr, u16)) -> bool| {
                let times: Vec<i64> =
                    probes.iter().filter(|(key, _)| wanted(key)).map(|(_, time)| *time).collect();
                let within = |first: i64| {
                    times.iter().filter(move |time| (0..=options.window_ms).contains(&(**time - first)))
                };
                times.iter().any(|first| within(*first).count() >= least)
            };
            let vertical = |target: IpAddr| burst(options.vertical_ports, &|key| key.0 == target);
            let horizontal = |port: u16| burst(options.horizontal_targets, &|key| key.1 == port);
            let kind =
                match (targets.iter().any(|one| vertical(*one)), ports.iter().any(|one| horizontal(*one))) {
                    (true, true) => "block",
                    (true, false) => "vertical",
                    (false, true) => "horizontal",
                    (false, false) => continue,
                };
            let hits = answers.iter().filter(|(target, port)| vertical(*target) || horizontal(*port)).count();
            let numbers = [targets.len(), ports.len(), tries, denied, hits];
            let mut cells = vec![source.to_string(), kind.to_owned()];
            cells.extend(numbers.map(|number| number.to_string()));
            found.push((Reverse(tries), source, cells));
        }
        found.sort();
        found.into_iter().map(|(_, _, cells)| cells).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(120), seed in any::<u64>()) {
            let options = ScanOptions { vertical_ports: 2, horizontal_targets: 3, window_ms: 7_200_000 };
            let table = lawful(&rows, seed, || Scans::new(options));
            prop_assert_eq!(printed(&table, &COLUMNS), dull(&rows, options));
        }
    }
}
