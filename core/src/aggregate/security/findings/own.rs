//! Findings that need no analysis of their own: all from one tally of every conversation.

use super::{Finding, FindingKind, FindingsOptions, Severity};
use crate::aggregate::building_blocks::attempts::{Conversation, Tally, highest};
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::tries::Tries;
use crate::batch::Batch;
use crate::condensed::Weight;
use crate::groups::is_public;
use crate::time::format_time_ms;
use crate::travel::travels;
use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

/// A conversation as one place logged it.
#[derive(Clone, Debug, Default)]
pub(super) struct Talk {
    tries: Tries,
    sent_bytes: u64,
    received_bytes: u64,
    pub(super) span: TimeSpan,
    /// By source port: continue rows and their times. Only flows of more than five minutes have any.
    continued: BTreeMap<u16, (u64, TimeSpan)>,
}

travels!(Talk { tries, sent_bytes, received_bytes, span, continued });

/// A flow that goes on is logged about every five minutes; with fewer rows than this it was several flows.
const MOST_MS_BETWEEN_CONTINUES: i64 = 20 * 60_000;

/// Peers that a filter names, so that it stays readable.
const MOST_PEERS_NAMED: usize = 20;

/// What is summed up for one source.
#[derive(Default)]
struct Source {
    /// In order, as are the peers.
    admin_targets: Vec<IpAddr>,
    admin_ports: BTreeSet<u16>,
    admin_span: TimeSpan,
    has_admin_answer: bool,
    sent_bytes: u64,
    received_bytes: u64,
    upload_span: TimeSpan,
    peers: Vec<Peer>,
    span: TimeSpan,
}

/// A destination that a source asked: how many flows, and when.
type Peer = (IpAddr, (u64, TimeSpan));

impl Tally for Talk {
    fn merge(&mut self, other: Talk) {
        self.tries.merge(other.tries);
        self.sent_bytes = self.sent_bytes.saturating_add(other.sent_bytes);
        self.received_bytes = self.received_bytes.saturating_add(other.received_bytes);
        self.span.merge(other.span);
        for (port, (rows, span)) in other.continued {
            let own = self.continued.entry(port).or_default();
            own.0 += rows;
            own.1.merge(span);
        }
    }
}

impl Talk {
    /// Takes in a row, or a cell, but not that a flow continues.
    pub(super) fn add(&mut self, batch: &Batch, row: usize) {
        let Some(weight) = Weight::of(batch, row) else { return };
        self.tries.add(batch, row);
        let [_, sent_bytes, _, received_bytes] = batch.amounts(row);
        let add = |sum: &mut u64, bytes: u64, bit: u8| {
            // A sum that does not fit is the largest one.
            let bytes = if weight.overflowed & bit == 0 { bytes } else { u64::MAX };
            *sum = sum.saturating_add(bytes);
        };
        add(&mut self.sent_bytes, sent_bytes, 1 << 1);
        add(&mut self.received_bytes, received_bytes, 1 << 3);
        self.span.add_row(batch, row);
    }

    /// Takes in that a flow continues, where a row says so.
    #[inline]
    pub(super) fn add_continued(&mut self, rows: &Batch, row: usize) {
        let (Some(port), Some(time_ms)) = (rows.src_port.get(row), rows.time_ms.get(row)) else { return };
        let (count, span) = self.continued.entry(*port).or_default();
        *count += 1;
        span.add(*time_ms);
    }
}

/// Conversations as findings see them; they come in order, so that a source's stand together.
pub(super) struct Talks<'o> {
    options: &'o FindingsOptions,
    findings: Vec<Finding>,
    sources: Vec<(IpAddr, Source)>,
    /// When each address was seen; only where new peers are asked for.
    hosts: BTreeMap<IpAddr, TimeSpan>,
    listed: BTreeMap<(IpAddr, IpAddr), (u64, bool, TimeSpan)>,
}

impl Talks<'_> {
    pub(super) fn new(options: &FindingsOptions) -> Talks<'_> {
        Talks {
            options,
            findings: Vec::new(),
            sources: Vec::new(),
            hosts: BTreeMap::new(),
            listed: BTreeMap::new(),
        }
    }

    /// Takes in the next conversation, as each place logged it.
    pub(super) fn add(&mut self, conversation: &Conversation, places: &[&Talk]) {
        let options = self.options;
        let mut span = TimeSpan::default();
        places.iter().for_each(|talk| span.merge(talk.span));
        let tries = highest(places, |talk| talk.tries.count());
        let denied = highest(places, |talk| talk.tries.denied);
        let is_answered = places.iter().any(|talk| talk.tries.is_answered);
        let has_passed = is_answered || denied == 0 || tries > denied;
        self.findings.extend(long_session(conversation, places, options));
        let Conversation { src_ip, dst_ip, dst_port, .. } = *conversation;
        for (address, peer) in [(src_ip, dst_ip), (dst_ip, src_ip)] {
            if options.since_ms.is_some() {
                self.hosts.entry(address).or_default().merge(span);
            }
            if options.block_list.iter().any(|net| net.contains(&address)) {
                let (all_tries, passed, all) = self.listed.entry((address, peer)).or_default();
                *all_tries += tries;
                *passed |= has_passed;
                all.merge(span);
            }
        }
        if is_public(src_ip) {
            return;
        }
        if self.sources.last().is_none_or(|(last, _)| *last != src_ip) {
            self.sources.push((src_ip, Source::default()));
        }
        let Some((_, source)) = self.sources.last_mut() else { return };
        source.add(dst_ip, tries, span);
        if options.admin_ports.contains(&dst_port) {
            if source.admin_targets.last() != Some(&dst_ip) {
                source.admin_targets.push(dst_ip);
            }
            source.admin_ports.insert(dst_port);
            source.admin_span.merge(span);
            source.has_admin_answer |= is_answered;
        }
        if is_public(dst_ip) {
            let add = |sum: u64, bytes: fn(&Talk) -> u64| sum.saturating_add(highest(places, bytes));
            source.sent_bytes = add(source.sent_bytes, |talk| talk.sent_bytes);
            source.received_bytes = add(source.received_bytes, |talk| talk.received_bytes);
            source.upload_span.merge(span);
        }
    }

    /// All findings from these conversations.
    pub(super) fn findings(self) -> Vec<Finding> {
        let Talks { options, mut findings, sources, hosts, listed } = self;
        findings.extend(listed.into_iter().map(|((address, peer), (tries, has_passed, span))| {
            blocked_address(address, peer, tries, has_passed, span)
        }));
        for (src_ip, source) in &sources {
            findings.extend(fanout(*src_ip, source, options));
            findings.extend(upload(*src_ip, source, options));
        }
        if let Some(since_ms) = options.since_ms {
            let askers = askers_since(&sources, since_ms);
            for (src_ip, source) in &sources {
                findings.extend(new_peers(*src_ip, source, &hosts, since_ms));
                findings.extend(rare_peers(*src_ip, source, &askers, since_ms, options));
            }
        }
        findings
    }
}

impl Source {
    fn add(&mut self, dst_ip: IpAddr, tries: u64, span: TimeSpan) {
        self.span.merge(span);
        match self.peers.last_mut() {
            Some((last, (flows, peer_span))) if *last == dst_ip => {
                *flows += tries;
                peer_span.merge(span);
            }
            _ => self.peers.push((dst_ip, (tries, span))),
        }
    }
}

fn long_session(conversation: &Conversation, places: &[&Talk], options: &FindingsOptions) -> Vec<Finding> {
    if places.iter().all(|talk| talk.continued.is_empty()) {
        return Vec::new();
    }
    let mut longest: BTreeMap<u16, TimeSpan> = BTreeMap::new();
    for (port, (rows, span)) in places.iter().flat_map(|talk| &talk.continued) {
        let is_one_flow =
            span.length_ms() / MOST_MS_BETWEEN_CONTINUES <= i64::try_from(*rows).unwrap_or(i64::MAX);
        if is_one_flow && span.length_ms() >= options.long_session_ms {
            longest.entry(*port).or_default().merge(*span);
        }
    }
    let findings = longest.into_iter().map(|(src_port, span)| {
        let hours = span.length_ms() as f64 / 3_600_000.0;
        Finding {
            severity: if is_public(conversation.dst_ip) { Severity::Medium } else { Severity::Info },
            kind: FindingKind::LongSession,
            src_ip: Some(conversation.src_ip),
            dst_ip: Some(conversation.dst_ip),
            dst_port: Some(conversation.dst_port),
            reason: format!("one flow, from port {src_port}, goes on for {hours:.1} hours"),
            filter: format!("{} and src port {src_port}", conversation.filter()),
            first_ms: span.first_ms(),
            last_ms: span.last_ms(),
        }
    });
    findings.collect()
}

fn blocked_address(address: IpAddr, peer: IpAddr, tries: u64, has_passed: bool, span: TimeSpan) -> Finding {
    let verdict = if has_passed { "some of it passed" } else { "all of it was denied" };
    Finding {
        severity: if has_passed { Severity::High } else { Severity::Medium },
        kind: FindingKind::BlockedAddress,
        src_ip: Some(peer),
        dst_ip: Some(address),
        dst_port: None,
        reason: format!("{tries} flows between {peer} and {address}, which is on the block list; {verdict}"),
        filter: format!("host {address} and host {peer}"),
        first_ms: span.first_ms(),
        last_ms: span.last_ms(),
    }
}

fn fanout(src_ip: IpAddr, source: &Source, options: &FindingsOptions) -> Option<Finding> {
    let targets = source.admin_targets.len();
    if targets < options.fanout_targets.max(1) {
        return None;
    }
    let ports: Vec<String> = source.admin_ports.iter().map(u16::to_string).collect();
    let ports = ports.join(", ");
    Some(Finding {
        severity: if source.has_admin_answer { Severity::High } else { Severity::Medium },
        kind: FindingKind::AdminFanout,
        src_ip: Some(src_ip),
        dst_ip: None,
        dst_port: None,
        reason: format!("asks {targets} hosts for administrative ports ({ports})"),
        filter: format!("src host {src_ip} and dst port in ({ports})"),
        first_ms: source.admin_span.first_ms(),
        last_ms: source.admin_span.last_ms(),
    })
}

fn upload(src_ip: IpAddr, source: &Source, options: &FindingsOptions) -> Option<Finding> {
    let (sent, received) = (source.sent_bytes, source.received_bytes);
    let is_heavy =
        sent > 0 && sent >= options.upload_bytes && sent >= received.saturating_mul(options.upload_ratio);
    is_heavy.then(|| Finding {
        severity: Severity::Medium,
        kind: FindingKind::Upload,
        src_ip: Some(src_ip),
        dst_ip: None,
        dst_port: None,
        reason: format!("sent {sent} bytes to public addresses and got {received} back"),
        filter: format!("src host {src_ip} and dst public"),
        first_ms: source.upload_span.first_ms(),
        last_ms: source.upload_span.last_ms(),
    })
}

/// How many hosts inside asked each destination since then.
fn askers_since(sources: &[(IpAddr, Source)], since_ms: i64) -> BTreeMap<IpAddr, usize> {
    let mut askers = BTreeMap::new();
    for (dst_ip, (_, span)) in sources.iter().flat_map(|(_, source)| &source.peers) {
        if span.last_ms() >= Some(since_ms) {
            *askers.entry(*dst_ip).or_default() += 1;
        }
    }
    askers
}

/// Destinations that a host known before asks for the first time.
fn new_peers(
    src_ip: IpAddr,
    source: &Source,
    hosts: &BTreeMap<IpAddr, TimeSpan>,
    since_ms: i64,
) -> Option<Finding> {
    let is_known =
        hosts.get(&src_ip).and_then(|span| span.first_ms()).is_some_and(|first_ms| first_ms < since_ms);
    if !is_known {
        return None;
    }
    let is_new = |(_, (_, span)): &&Peer| span.first_ms() >= Some(since_ms);
    let peers: Vec<&Peer> = source.peers.iter().filter(is_new).collect();
    let severity = Severity::Low;
    peers_finding(FindingKind::NewPeers, severity, src_ip, &peers, since_ms, "it had not asked before")
}

/// Public destinations that this host alone asks, a few times.
fn rare_peers(
    src_ip: IpAddr,
    source: &Source,
    askers: &BTreeMap<IpAddr, usize>,
    since_ms: i64,
    options: &FindingsOptions,
) -> Option<Finding> {
    let is_rare = |(dst_ip, (flows, span)): &&Peer| {
        is_public(*dst_ip)
            && span.last_ms() >= Some(since_ms)
            && *flows <= options.rare_flows
            && askers.get(dst_ip) == Some(&1)
    };
    let peers: Vec<&Peer> = source.peers.iter().filter(is_rare).collect();
    let severity = Severity::Info;
    peers_finding(FindingKind::RarePeers, severity, src_ip, &peers, since_ms, "nobody else asks")
}

fn peers_finding(
    kind: FindingKind,
    severity: Severity,
    src_ip: IpAddr,
    peers: &[&Peer],
    since_ms: i64,
    what: &str,
) -> Option<Finding> {
    let named: Vec<String> = peers.iter().take(MOST_PEERS_NAMED).map(|(peer, _)| peer.to_string()).collect();
    if named.is_empty() {
        return None;
    }
    let mut span = TimeSpan::default();
    peers.iter().for_each(|(_, (_, peer))| span.merge(*peer));
    let more =
        if peers.len() > named.len() { format!("; the filter names {}", named.len()) } else { String::new() };
    let since = format_time_ms(since_ms);
    Some(Finding {
        severity,
        kind,
        src_ip: Some(src_ip),
        dst_ip: None,
        dst_port: None,
        reason: format!("asks {} destinations since {since} that {what}{more}", peers.len()),
        filter: format!("src host {src_ip} and dst host in ({}) and time >= {since}", named.join(", ")),
        first_ms: span.first_ms(),
        last_ms: span.last_ms(),
    })
}
