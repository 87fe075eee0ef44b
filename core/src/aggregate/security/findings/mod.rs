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
//! Memory: that of the four analyses, and an entry a conversation and NIC.

mod gathered;
mod own;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::attempts::Attempts;
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::{BeaconOptions, Beacons, Exposure, OneWay, ScanOptions, Scans};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::sorting::sort_by;
use crate::table::Table;
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
#[derive(Clone, Debug)]
pub struct Findings {
    options: FindingsOptions,
    exposure: Exposure,
    scans: Scans,
    beacons: Beacons,
    one_way: OneWay,
    talks: Attempts<own::Talk>,
}

travels!(Findings { exposure, scans, beacons, one_way, talks } without options);

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
        let beacons = BeaconOptions { min_score: options.beacon_score, ..BeaconOptions::default() };
        Findings {
            exposure: Exposure::new(),
            scans: Scans::new(options.scans),
            beacons: Beacons::new(beacons),
            one_way: OneWay::new(),
            talks: Attempts::default(),
            options,
        }
    }
}

impl Default for Findings {
    fn default() -> Findings {
        Findings::new(FindingsOptions::default())
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
        self.exposure.add_condensed(condensed);
        self.scans.add_condensed(condensed);
        self.beacons.add_condensed(condensed);
        self.one_way.add_condensed(condensed);
        self.talks.add_cells(cells, |_| true, |talk, cell| talk.add(cells, cell));
        let continues = |_, row: usize| rows.state.get(row) == Some(&Some(State::Continue));
        self.talks.add(condensed, continues, |talk, row| talk.add_continued(rows, row));
        true
    }

    fn merge(&mut self, other: Findings) {
        self.exposure.merge(other.exposure);
        self.scans.merge(other.scans);
        self.beacons.merge(other.beacons);
        self.one_way.merge(other.one_way);
        self.talks.merge(other.talks);
    }

    fn finish(self) -> Table {
        let options = &self.options;
        let mut findings = gathered::exposed(&self.exposure.finish(), options);
        findings.extend(gathered::scans(&self.scans.finish()));
        findings.extend(gathered::beacons(&self.beacons.finish()));
        findings.extend(gathered::one_way(&self.one_way.finish(), options));
        findings.extend(own::findings(&self.talks, options));
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
}
