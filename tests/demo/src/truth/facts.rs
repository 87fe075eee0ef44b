//! The facts that are told once at the end: summaries, the circuit, `nossh`, the beacon, the scanners, the
//! conversations and each hour's matrix.
//!
//! Not here: flows told one by one (`followed`) and the lists of the biggest (`tops`).

use std::collections::BTreeMap;

use crate::address::{
    API, Address, BEACON_TARGET, BUILD_AGENT, CLIENT, DATABASE, GROUP_NAMES, Group, HORIZONTAL_SCANNER,
    RESOLVER, VERTICAL_SCANNER, WEB, address_text,
};
use crate::clock::rfc3339_ms;
use crate::flow::Encryption;
use crate::options::LogFormat;
use crate::rules::{RULES, Rule};
use crate::truth::book::{Book, Cell, Tally};
use crate::truth::line::{Line, ratio};
use crate::truth::tops::{Views, write_tops};

/// What the facts need besides the book.
pub(crate) struct TruthContext {
    pub(crate) nossh_ms: i64,
    pub(crate) beacon_interval_ms: i64,
    /// Files and records of each format.
    pub(crate) written: Vec<(u64, u64)>,
}

/// Writes all facts, the summaries first.
pub(crate) fn write_facts(book: &Book, views: &Views, context: &TruthContext, out: &mut String) {
    for (view, formats) in views.iter() {
        write_summary(book, view, formats, context, out);
    }
    for (place, format) in book.formats.iter().copied().enumerate() {
        write_once_summary(book, place, format, out);
        write_circuit(book, place, format, out);
        write_nossh(book, place, format, context, out);
        write_beacon(book, place, format, context, out);
        write_scanners(book, place, format, out);
        write_conversations(book, place, format, out);
        write_encrypted_pair(book, place, format, out);
    }
    for (view, formats) in views.iter() {
        write_tops(book, view, formats, out);
    }
}

impl Cell {
    /// True if the rows of the cell are denials.
    pub(crate) fn denies(&self) -> bool {
        [Rule::DenyMail, Rule::DenyAllInbound, Rule::NoSsh, Rule::EncryptionRequired]
            .iter()
            .any(|rule| *rule as u8 == self.rule && rule.denies())
    }

    fn is_by(&self, rule: Rule) -> bool {
        self.rule == rule as u8
    }

    fn is_between(&self, source: Address, destination: Address, port: u16) -> bool {
        self.source == source && self.destination == destination && self.port == port
    }
}

fn write_summary(
    book: &Book,
    view: &str,
    formats: &[(usize, LogFormat)],
    context: &TruthContext,
    out: &mut String,
) {
    let mut tally = Tally::default();
    let mut nics = std::collections::BTreeSet::new();
    let mut versions = std::collections::BTreeSet::new();
    let (mut files, mut records) = (0, 0);
    let (mut first_ms, mut last_ms) = (None, None);
    for (place, format) in formats {
        for (cell, cell_tally) in book.cells(*place) {
            tally.merge(cell_tally);
            nics.insert(cell.nic);
        }
        versions.insert(format.version());
        if let Some((format_files, format_records)) = context.written.get(*place) {
            files += format_files;
            records += format_records;
        }
        if let Some(times) = book.by_format.get(*place) {
            first_ms = [first_ms, times.first_ms].into_iter().flatten().min();
            last_ms = [last_ms, times.last_ms].into_iter().flatten().max();
        }
    }
    let first_time = first_ms.map(rfc3339_ms);
    let last_time = last_ms.map(rfc3339_ms);
    Line::fact("summary")
        .text("vantage", "all")
        .text("format", view)
        .raw("files", files)
        .raw("records", records)
        .raw("repeated_records", 0)
        .raw("tuples", tally.tuples)
        .raw("flows", tally.flows)
        .raw("allowed", tally.tuples - tally.denied)
        .raw("denied", tally.denied)
        .raw("issues", 0)
        .text_or_null("first_time", first_time.as_deref())
        .text_or_null("last_time", last_time.as_deref())
        .raw("nics", nics.len())
        .list("versions", versions)
        .counters(&tally)
        .push_to(out);
}

fn write_once_summary(book: &Book, place: usize, format: LogFormat, out: &mut String) {
    let (all, once) = book.sum(place, |_| true);
    Line::fact("summary")
        .text("vantage", "once")
        .text("format", format.name())
        .raw("tuples", once.tuples)
        .raw("flows", once.flows)
        .raw("allowed", once.tuples - once.denied)
        .raw("denied", once.denied)
        .counters(&once)
        .raw("overcount_tuples", ratio(all.tuples, once.tuples))
        .raw("overcount_bytes", ratio(all.amounts.bytes(), once.amounts.bytes()))
        .push_to(out);
}

/// The circuit: whatever has an end on-premises.
fn write_circuit(book: &Book, place: usize, format: LogFormat, out: &mut String) {
    let host = |cell: &Cell| {
        [cell.source, cell.destination].into_iter().find(|end| Group::of(*end) == Group::OnPremises)
    };
    let (all, once) = book.sum(place, |cell| host(cell).is_some());
    let mut by_host: BTreeMap<Address, Tally> = BTreeMap::new();
    for (cell, tally) in book.cells(place) {
        if let (Some(host), Some(true)) = (host(cell), cell.counts_once.get(place)) {
            by_host.entry(host).or_default().merge(tally);
        }
    }
    let mut hosts: Vec<(Address, Tally)> = by_host.into_iter().collect();
    hosts.sort_by_key(|(host, tally)| (std::cmp::Reverse(tally.amounts.bytes()), *host));
    let objects = hosts.iter().map(|(host, tally)| {
        Line::object()
            .text("ip", &address_text(*host))
            .tally(tally)
            .raw("share", ratio(tally.amounts.bytes(), once.amounts.bytes()))
            .close()
    });
    Line::fact("expressroute")
        .text("vantage", "once")
        .text("format", format.name())
        .text("cidr", "10.4.0.0/16")
        .tally(&once)
        .raw("tuples_all", all.tuples)
        .number_or_null("bytes_all", (all.counted > 0).then(|| all.amounts.bytes()))
        .list("hosts", objects)
        .push_to(out);
}

fn write_nossh(book: &Book, place: usize, format: LogFormat, context: &TruthContext, out: &mut String) {
    let (all, once) = book.sum(place, |cell| cell.is_by(Rule::NoSsh));
    let is_passing_ssh = |cell: &Cell| cell.port == 22 && cell.protocol == 6 && !cell.denies();
    let (passed_all, passed_once) = book.sum(place, is_passing_ssh);
    let mut by_source: BTreeMap<Address, u64> = BTreeMap::new();
    for (cell, tally) in book.cells(place).filter(|(cell, _)| cell.is_by(Rule::NoSsh)) {
        *by_source.entry(cell.source).or_default() += tally.tuples;
    }
    let objects = by_source.iter().map(|(source, tuples)| {
        Line::object().text("src_ip", &address_text(*source)).raw("denied", tuples).close()
    });
    Line::fact("nossh")
        .text("format", format.name())
        .text("rule", Rule::NoSsh.text())
        .text("acl_id", &Rule::NoSsh.acl().id())
        .text("from", &rfc3339_ms(context.nossh_ms))
        .raw("from_ms", context.nossh_ms)
        .raw("denied_all", all.tuples)
        .raw("denied_once", once.tuples)
        .list("by_source", objects)
        .raw("passed_before_tuples_all", passed_all.tuples)
        .raw("passed_before_tuples_once", passed_once.tuples)
        .raw("passed_before_flows_once", passed_once.flows)
        .push_to(out);
}

fn write_beacon(book: &Book, place: usize, format: LogFormat, context: &TruthContext, out: &mut String) {
    let (_, once) = book.sum(place, |cell| cell.is_between(BUILD_AGENT, BEACON_TARGET, 443));
    Line::fact("beacon")
        .text("format", format.name())
        .text("src_ip", &address_text(BUILD_AGENT))
        .text("dst_ip", &address_text(BEACON_TARGET))
        .raw("dst_port", 443)
        .raw("protocol", 6)
        .raw("interval_ms", context.beacon_interval_ms)
        .raw("connections", once.flows)
        .tally(&once)
        .push_to(out);
}

fn write_scanners(book: &Book, place: usize, format: LogFormat, out: &mut String) {
    for (kind, scanner) in [("vertical", VERTICAL_SCANNER), ("horizontal", HORIZONTAL_SCANNER)] {
        let cells = || book.cells(place).filter(|(cell, _)| cell.source == scanner);
        let targets: std::collections::BTreeSet<Address> =
            cells().map(|(cell, _)| cell.destination).collect();
        let ports: std::collections::BTreeSet<u16> = cells().map(|(cell, _)| cell.port).collect();
        let (_, once) = book.sum(place, |cell| cell.source == scanner);
        Line::fact("scanner")
            .text("format", format.name())
            .text("kind", kind)
            .text("src_ip", &address_text(scanner))
            .raw("targets", targets.len())
            .raw("ports", ports.len())
            .raw("tries", once.flows)
            .raw("denied", once.denied)
            .push_to(out);
    }
}

/// The three conversations of 10.1.2.20.
fn write_conversations(book: &Book, place: usize, format: LogFormat, out: &mut String) {
    for (name, destination, port, protocol) in
        [("api", API, 8080, 6), ("ssh", WEB, 22, 6), ("dns", RESOLVER, 53, 17)]
    {
        let (all, once) =
            book.sum(place, |cell| cell.is_between(CLIENT, destination, port) && cell.protocol == protocol);
        Line::fact("conversation")
            .text("format", format.name())
            .text("name", name)
            .text("src_ip", &address_text(CLIENT))
            .text("dst_ip", &address_text(destination))
            .raw("dst_port", port)
            .raw("protocol", protocol)
            .raw("tuples_all", all.tuples)
            .number_or_null("bytes_all", (all.counted > 0).then(|| all.amounts.bytes()))
            .text("vantage", "once")
            .tally(&once)
            .push_to(out);
    }
}

fn write_encrypted_pair(book: &Book, place: usize, format: LogFormat, out: &mut String) {
    if format.is_nsg() {
        return;
    }
    let (all, once) = book.sum(place, |cell| cell.encryption == Encryption::Encrypted as u8);
    Line::fact("encrypted_pair")
        .text("format", format.name())
        .text("src_ip", &address_text(API))
        .text("dst_ip", &address_text(DATABASE))
        .raw("dst_port", 5432)
        .raw("tuples_all", all.tuples)
        .raw("bytes_all", all.amounts.bytes())
        .text("vantage", "once")
        .tally(&once)
        .push_to(out);
}

/// Writes group to group by hour of the tuples' own time, for the hours that begin before a moment and were
/// not written yet. The rows older than the first file's hour stand in an hour of their own.
pub(crate) fn write_matrices(book: &mut Book, before_ms: i64, out: &mut String) {
    for (place, format) in book.formats.iter().enumerate() {
        while let Some((hour_ms, cells)) = book.take_matrix(place, before_ms) {
            let objects =
                cells.iter().enumerate().filter(|(_, tally)| tally.tuples > 0).map(|(pair, tally)| {
                    let group = |number: usize| GROUP_NAMES.get(number).copied().unwrap_or_default();
                    Line::object()
                        .text("src_group", group(pair / GROUP_NAMES.len()))
                        .text("dst_group", group(pair % GROUP_NAMES.len()))
                        .tally(tally)
                        .close()
                });
            Line::fact("matrix")
                .text("vantage", "once")
                .text("format", format.name())
                .text("hour", &rfc3339_ms(hour_ms))
                .raw("hour_ms", hour_ms)
                .list("rows", objects)
                .push_to(out);
        }
    }
}

/// Every rule number of a cell names a rule.
const _: () = assert!(RULES.len() <= u8::MAX as usize);
