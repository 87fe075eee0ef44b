//! `findings`: what in the data deserves a look, with severity, reason, and the filter that shows the evidence.
//!
//! Gathers the answers of `exposure`, `scans`, `beacons` and `one_way`, and adds what needs no analysis of its own:
//!
//! * `blocked_address`: traffic with an address of the user's block list,
//! * `admin_fanout`: a host inside that tries administrative ports of many others,
//! * `upload`: a host inside that sends much more to public addresses than it gets back,
//! * `long_session`: a flow whose continue rows reach over many hours,
//! * `new_peers`, `rare_peers`: destinations that hosts known before a date did not ask before, or that one host
//!   alone asks, a few times.
//!
//! A finding is a reason to look, not a verdict. "Inside" is every address that is not public. Columns: `severity`,
//! `kind`, `src_ip`, `dst_ip`, `dst_port`, `reason`, `filter`, `first_time`, `last_time`; highest severity first.
//!
//! Memory: an entry a conversation and NIC with the tallies of the four analyses. Their answers can be had from it too, and all
//! of them over what a filter keeps, as long as it keeps conversations whole.

mod gathered;
mod own;
#[cfg(test)]
mod tests;

use super::beacons::{self, BeaconOptions, Beacons, Callers};
use super::exposure::{self, Exposure, Services};
use super::one_way::{self, OneWay, Unanswered};
use super::scans::{self, ScanOptions, Scanners};
use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::attempts::{Attempts, Tally};
use crate::aggregate::building_blocks::lanes::{NO_LANE, Order};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::source_ports::SourcePorts;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::batch::Batch;
use crate::condensed::{Condensed, Weight};
use crate::filter::Filter;
use crate::sorting::sort_by;
use crate::table::{Section, Table};
use crate::travel::travels;
use crate::tuple::{State, names};
use core::fmt;
use core::net::IpAddr;
use ipnet::IpNet;

/// From what on something is worth a finding.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingsOptions {
    /// Addresses that nobody should talk to (default: none).
    pub block_list: Vec<IpNet>,
    /// Ports by which machines are administered (default: SSH, Telnet, Windows RPC, NetBIOS, SMB, RDP, VNC, WinRM).
    pub admin_ports: Vec<u16>,
    /// Targets of one host on administrative ports (default: 5).
    pub fanout_targets: usize,
    /// Bytes that a host sent to public addresses (default: 100,000,000).
    pub upload_bytes: u64,
    /// How many times more it sent than it got back (default: 4).
    pub upload_ratio: u64,
    /// How long a session lasts (default: twelve hours).
    pub long_session_ms: i64,
    /// New and rare peers since then, in milliseconds since 1970 UTC (default: not asked).
    pub since_ms: Option<i64>,
    /// Up to how many flows make a peer rare (default: 3).
    pub rare_flows: u64,
    /// Tries without an answer (default: 10).
    pub one_way_tries: u64,
    /// A beacon's score (default: 0.9).
    pub beacon_score: f64,
    /// Thresholds of scans (default: those of `scans`).
    pub scans: ScanOptions,
}

impl Default for FindingsOptions {
    fn default() -> FindingsOptions {
        FindingsOptions {
            block_list: Vec::new(),
            admin_ports: vec![22, 23, 135, 139, 445, 3389, 5900, 5985, 5986],
            fanout_targets: 5,
            upload_bytes: 100_000_000,
            upload_ratio: 4,
            long_session_ms: 12 * 3_600_000,
            since_ms: None,
            rare_flows: 3,
            one_way_tries: 10,
            beacon_score: 0.9,
            scans: ScanOptions::default(),
        }
    }
}

/// How much a finding matters; highest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Look today.
    High,
    /// Look.
    Medium,
    /// Worth knowing.
    Low,
    /// For completeness.
    Info,
}

names!(Severity { High => "high", Medium => "medium", Low => "low", Info => "info" });

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// Traffic with an address of the block list.
    BlockedAddress,
    /// A service that public addresses reach.
    Exposed,
    /// A source that scans.
    Scan,
    /// A conversation that calls home.
    Beacon,
    /// A host that tries administrative ports of many.
    AdminFanout,
    /// A host that sends much out.
    Upload,
    /// A flow of many hours.
    LongSession,
    /// Peers not seen before.
    NewPeers,
    /// Peers that one host alone has.
    RarePeers,
    /// A conversation without an answer.
    OneWay,
}

names!(FindingKind {
    BlockedAddress => "blocked_address",
    Exposed => "exposed",
    Scan => "scan",
    Beacon => "beacon",
    AdminFanout => "admin_fanout",
    Upload => "upload",
    LongSession => "long_session",
    NewPeers => "new_peers",
    RarePeers => "rare_peers",
    OneWay => "one_way",
});

/// What deserves a look.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    options: FindingsOptions,
    attempts: Attempts<Evidence>,
    /// The order of conversations, once it was asked for.
    order: Option<Order>,
}

travels!(Findings { attempts } without options, order);

/// What a place logged of a conversation: the tallies of all analyses that findings come from.
#[derive(Clone, Debug, Default)]
struct Evidence {
    ports: SourcePorts,
    talk: own::Talk,
    one_way: one_way::Asked,
    probed: scans::Probed,
    /// Of public sources.
    asked: Option<Box<exposure::Asked>>,
    /// Of conversations that can be beacons.
    calls: Option<Box<beacons::Calls>>,
}

travels!(Evidence { ports, talk, one_way, probed, asked, calls });

/// What the rows of a cell are needed for, beyond what the cell tells: a bit each.
const ANSWERS: u8 = 1;
const CALLS: u8 = 2;
const CONTINUES: u8 = 4;
const PROBES: u8 = 8;

/// One finding; compared in the order of the result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    severity: Severity,
    kind: FindingKind,
    src_ip: Option<IpAddr>,
    dst_ip: Option<IpAddr>,
    dst_port: Option<u16>,
    reason: String,
    filter: String,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
}

impl Findings {
    /// An empty one with these thresholds.
    #[must_use]
    pub fn new(options: FindingsOptions) -> Findings {
        Findings { options, ..Findings::default() }
    }

    /// The analyses whose answers, with their usual parameters, can be had from here.
    const TOLD: [&'static str; 4] = [Self::NAME, Exposure::NAME, Beacons::NAME, OneWay::NAME];

    /// The answers of these analyses with their usual parameters (the findings with their own), over what a filter keeps;
    /// `None` where that can't be told: of another analysis, or where the filter may keep only some of what a place logged of
    /// a conversation.
    pub(in crate::aggregate) fn answers(
        &mut self,
        filter: Option<&Filter>,
        names: &[&str],
    ) -> Option<Vec<Section>> {
        let told = |name: &&str| Self::TOLD.into_iter().find(|told| told == name);
        let names: Vec<&'static str> = names.iter().map(told).collect::<Option<_>>()?;
        let kept = match filter {
            Some(filter) => Some(self.attempts.kept_by(filter, |evidence| &evidence.ports)?),
            None => None,
        };
        let order = self.order.take().unwrap_or_else(|| self.attempts.order());
        let sections = self.gathered(&order, kept.as_deref(), &names);
        self.order = Some(order);
        Some(sections)
    }

    fn gathered(&self, order: &Order, kept: Option<&[bool]>, names: &[&'static str]) -> Vec<Section> {
        let options = &self.options;
        let is_asked = |name| names.contains(&name);
        let has_findings = is_asked(Self::NAME);
        let mut data = TimeSpan::default();
        self.attempts.kept(kept).for_each(|evidence| data.merge(evidence.talk.span));
        // Whoever asks for beacons asks for all of them.
        let min_score = if is_asked(Beacons::NAME) { 0.0 } else { options.beacon_score };
        let [has_services, has_callers, has_unanswered] =
            [Exposure::NAME, Beacons::NAME, OneWay::NAME].map(|name| has_findings || is_asked(name));
        let mut services = Services::default();
        let mut callers = Callers::new(BeaconOptions { min_score, ..BeaconOptions::default() }, data);
        let mut scanners = Scanners::new(options.scans);
        let mut unanswered = Unanswered::default();
        let mut talks = own::Talks::new(options);
        // Of one conversation at a time.
        let (mut asked, mut calls, mut one_ways, mut probed, mut talked) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        self.attempts.for_each_kept(order, kept, |conversation, places| {
            if has_services {
                fill(&mut asked, places, |evidence| evidence.asked.as_deref());
                services.add(conversation, &asked);
            }
            if has_callers {
                fill(&mut calls, places, |evidence| evidence.calls.as_deref());
                callers.add(conversation, &calls);
            }
            if has_unanswered {
                fill(&mut one_ways, places, |evidence| Some(&evidence.one_way));
                unanswered.add(conversation, &one_ways);
            }
            if has_findings {
                fill(&mut probed, places, |evidence| Some(&evidence.probed));
                scanners.add(conversation, &probed);
                fill(&mut talked, places, |evidence| Some(&evidence.talk));
                talks.add(conversation, &talked);
            }
        });
        let (exposure, beacons, one_way) = (services.table(), callers.table(), unanswered.table());
        let mut sections = Vec::new();
        if has_findings {
            let mut findings = gathered::exposed(&exposure, options);
            findings.extend(gathered::scans(&scanners.table()));
            findings.extend(gathered::beacons(&beacons, options));
            findings.extend(gathered::one_way(&one_way, options));
            findings.extend(talks.findings());
            sections.push(Section { name: Self::NAME, table: table(findings) });
        }
        let others = [(Exposure::NAME, exposure), (Beacons::NAME, beacons), (OneWay::NAME, one_way)];
        sections.extend(
            others
                .into_iter()
                .filter(|(name, _)| is_asked(name))
                .map(|(name, table)| Section { name, table }),
        );
        sections
    }
}

fn fill<'e, T>(tallies: &mut Vec<&'e T>, places: &[&'e Evidence], of: fn(&'e Evidence) -> Option<&'e T>) {
    tallies.clear();
    tallies.extend(places.iter().filter_map(|evidence| of(evidence)));
}

impl Tally for Evidence {
    fn merge(&mut self, other: Evidence) {
        self.ports.merge(&other.ports);
        self.talk.merge(other.talk);
        self.one_way.merge(other.one_way);
        self.probed.merge(other.probed);
        merge_some(&mut self.asked, other.asked);
        merge_some(&mut self.calls, other.calls);
    }
}

fn merge_some<T: Tally>(own: &mut Option<Box<T>>, other: Option<Box<T>>) {
    match (own, other) {
        (Some(own), Some(other)) => own.merge(*other),
        (own, Some(other)) => *own = Some(other),
        (_, None) => {}
    }
}

impl Aggregate for Findings {
    const NAME: &'static str = "findings";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.add_condensed(&Condensed::of_tuples(batch, None));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, rows: Some(rows), .. } = condensed else { return false };
        self.order = None;
        let are_public = exposure::are_public(&cells.addresses);
        let is_public_at = |codes: &[u32], cell: usize| {
            codes.get(cell).and_then(|code| are_public.get(*code as usize)).copied().unwrap_or(false)
        };
        let can_be_beacon = BeaconOptions::default().wanted(cells);
        let mut needs = vec![0; cells.len()];
        let mut lanes = self.attempts.lanes_of(cells, |_| true);
        let mut has_unlisted = vec![false; cells.len()];
        self.attempts.add_rows(condensed, &lanes, |evidence, row, cell| {
            let port = rows.src_port.get(row).copied().unwrap_or(0);
            match has_unlisted.get_mut(cell) {
                Some(has_unlisted) if SourcePorts::are_unlisted(port) => *has_unlisted = true,
                _ => evidence.ports.add(port),
            }
        });
        self.attempts.add_at(&lanes, |evidence, cell| {
            let (Some(weight), Some(needs)) = (Weight::of(cells, cell), needs.get_mut(cell)) else { return };
            if has_unlisted.get(cell) == Some(&true) {
                evidence.ports.add_unlisted();
            }
            evidence.talk.add(cells, cell);
            evidence.one_way.add(cells, cell);
            if scans::may_be_reversed(cells, cell) {
                *needs |= PROBES;
            } else {
                evidence.probed.add(cells, cell);
            }
            if is_public_at(&cells.src_ip, cell) {
                evidence.asked.get_or_insert_default().add(cells, cell);
                *needs |= if weight.has_answer() { ANSWERS } else { 0 };
            }
            *needs |= if can_be_beacon(cell) && weight.flows + weight.ended > 0 { CALLS } else { 0 };
            *needs |= if weight.tuples > weight.flows + weight.ended { CONTINUES } else { 0 };
        });
        for (lane, needs) in lanes.iter_mut().zip(&needs) {
            if *needs == 0 {
                *lane = NO_LANE;
            }
        }
        self.attempts.add_rows(condensed, &lanes, |evidence, row, cell| {
            let needs = needs.get(cell).copied().unwrap_or(0);
            if needs & ANSWERS != 0
                && let Some(asked) = &mut evidence.asked
            {
                asked.add_answer(rows, row);
            }
            if needs & CALLS != 0 {
                evidence.calls.get_or_insert_default().add(rows, row);
            }
            if needs & CONTINUES != 0 && rows.state.get(row) == Some(&Some(State::Continue)) {
                evidence.talk.add_continued(rows, row);
            }
            if needs & PROBES != 0 && !scans::is_reversed(rows, row) {
                evidence.probed.add(rows, row);
            }
        });
        true
    }

    fn merge(&mut self, other: Findings) {
        self.order = None;
        self.attempts.merge(other.attempts);
    }

    fn finish(mut self) -> Table {
        let sections = self.answers(None, &[Self::NAME]).unwrap_or_default();
        sections.into_iter().next().map(|section| section.table).unwrap_or_default()
    }
}

fn table(mut findings: Vec<Finding>) -> Table {
    sort_by(&mut findings, Ord::cmp);
    Rows::of(&findings)
        .text("severity", |finding| Some(finding.severity.name()))
        .text("kind", |finding| Some(finding.kind.name()))
        .address("src_ip", |finding| finding.src_ip)
        .address("dst_ip", |finding| finding.dst_ip)
        .port("dst_port", |finding| finding.dst_port)
        .text("reason", |finding| Some(finding.reason.clone()))
        .text("filter", |finding| Some(finding.filter.clone()))
        .time("first_time", |finding| finding.first_ms)
        .time("last_time", |finding| finding.last_ms)
        .table()
}
