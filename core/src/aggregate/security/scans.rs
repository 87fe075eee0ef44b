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

#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::attempts::{Attempts, Conversation, Tally, highest};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::tries::Tries;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::sorting::sort_by_key;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::names;
use core::cmp::Reverse;
use core::fmt;
use core::net::IpAddr;
use std::collections::BTreeMap;

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

travels!(Scans { attempts } without options);

/// What a place logged of a conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Probed {
    tries: Tries,
    span: TimeSpan,
}

travels!(Probed { tries, span });

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
    /// Target and port, in order.
    answers: Vec<(IpAddr, u16)>,
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
        self.tries.merge(other.tries);
        self.span.merge(other.span);
    }
}

impl Probed {
    /// Takes in a row, or a cell.
    pub(super) fn add(&mut self, batch: &Batch, row: usize) {
        self.tries.add(batch, row);
        self.span.add_row(batch, row);
    }
}

impl Source {
    fn add(&mut self, conversation: &Conversation, places: &[&Probed]) {
        let target = (conversation.dst_ip, conversation.dst_port);
        if places.iter().any(|place| place.tries.is_answered) {
            if self.answers.last() != Some(&target) {
                self.answers.push(target);
            }
        } else if places.iter().any(|place| place.tries.is_silent) {
            let mut span = TimeSpan::default();
            places.iter().for_each(|place| span.merge(place.span));
            self.probes.extend(span.first_ms().map(|first_ms| (target.0, target.1, first_ms)));
            self.tries += highest(places, |place| place.tries.count());
            self.denied += highest(places, |place| place.tries.denied);
            self.span.merge(span);
        }
    }

    fn scan(self, src_ip: IpAddr, options: ScanOptions) -> Option<Scan> {
        if self.probes.len() < options.vertical_ports.min(options.horizontal_targets) {
            return None;
        }
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

/// Ports that only services use.
const SERVICES_BELOW: u16 = 1024;

/// Linux's first ephemeral port; Windows' are higher.
const EPHEMERAL_FROM: u16 = 32_768;

/// True where rows, or the rows of a cell, may look like answers logged the wrong way round.
pub(super) fn may_be_reversed(batch: &Batch, row: usize) -> bool {
    batch.dst_port.get(row).is_some_and(|port| *port >= EPHEMERAL_FROM)
}

/// True for rows that look like answers logged the wrong way round, if they may.
pub(super) fn is_reversed(batch: &Batch, row: usize) -> bool {
    batch.src_port.get(row).is_some_and(|port| *port < SERVICES_BELOW)
}

impl Aggregate for Scans {
    const NAME: &'static str = "scans";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let is_wanted = |row| !(may_be_reversed(batch, row) && is_reversed(batch, row));
        self.attempts.add_cells(batch, is_wanted, |probed, row| probed.add(batch, row));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, rows: Some(rows), .. } = condensed else { return false };
        // Only there the source port matters.
        let is_wanted = |cell| may_be_reversed(cells, cell);
        self.attempts.add_cells(cells, |cell| !is_wanted(cell), |probed, cell| probed.add(cells, cell));
        self.attempts.add(condensed, is_wanted, |probed, row| {
            if !is_reversed(rows, row) {
                probed.add(rows, row);
            }
        });
        true
    }

    fn merge(&mut self, other: Scans) {
        self.attempts.merge(other.attempts);
    }

    fn finish(self) -> Table {
        let mut scanners = Scanners::new(self.options);
        self.attempts.for_each_conversation(|conversation, places| scanners.add(conversation, places));
        scanners.table()
    }
}

/// Sources that scan, found in conversations that come in order, so that a source's stand together.
pub(super) struct Scanners {
    options: ScanOptions,
    current: Option<(IpAddr, Source)>,
    scans: Vec<Scan>,
}

impl Scanners {
    pub(super) fn new(options: ScanOptions) -> Scanners {
        Scanners { options, current: None, scans: Vec::new() }
    }

    /// Takes in the next conversation, as each place logged it.
    pub(super) fn add(&mut self, conversation: &Conversation, places: &[&Probed]) {
        if let Some((src_ip, source)) = &mut self.current
            && *src_ip == conversation.src_ip
        {
            return source.add(conversation, places);
        }
        self.complete_source();
        let mut source = Source::default();
        source.add(conversation, places);
        self.current = Some((conversation.src_ip, source));
    }

    fn complete_source(&mut self) {
        let current = self.current.take();
        self.scans.extend(current.and_then(|(src_ip, source)| source.scan(src_ip, self.options)));
    }

    /// The answer.
    pub(super) fn table(mut self) -> Table {
        self.complete_source();
        let mut scans = self.scans;
        sort_by_key(&mut scans, |scan| (Reverse(scan.tries), scan.src_ip));
        Rows::of(&scans)
            .address("src_ip", |scan| Some(scan.src_ip))
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
