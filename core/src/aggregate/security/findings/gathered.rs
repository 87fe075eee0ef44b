//! Findings from the tables of other analyses.

use super::{Finding, FindingKind, FindingsOptions, Severity};
use crate::groups::is_public;
use crate::table::{Table, Values};
use core::net::IpAddr;

/// Services that public addresses reach, or may.
pub(super) fn exposed(table: &Table, options: &FindingsOptions) -> Vec<Finding> {
    let finding = |row: &Cells<'_>| {
        let (dst_ip, dst_port) = (row.address("dst_ip")?, row.number("dst_port")? as u16);
        let (allowed, answered) = (row.number("allowed")?, row.number("answered"));
        let is_admin = options.admin_ports.contains(&dst_port);
        let is_answered = answered.is_some_and(|answered| answered > 0);
        let severity = match (is_admin, is_answered, allowed > 0) {
            (true, true, _) => Severity::High,
            (true, false, true) => Severity::Medium,
            (false, true, _) => Severity::Low,
            (false, false, true) => Severity::Info,
            (_, false, false) => return None,
        };
        let what = if is_admin { "the administrative port" } else { "the port" };
        let answers = answered
            .map_or("whether it answered is unknown".to_owned(), |answered| format!("{answered} answered"));
        let (sources, attempted) = (row.number("sources")?, row.number("attempted")?);
        Some(Finding {
            severity,
            kind: FindingKind::Exposed,
            src_ip: None,
            dst_ip: Some(dst_ip),
            dst_port: Some(dst_port),
            reason: format!(
                "{what} is reached from {sources} public addresses: {attempted} flows tried, {allowed} allowed, {answers}"
            ),
            filter: format!(
                "src public and dst host {dst_ip} and dst port {dst_port} and proto {}",
                row.number("protocol")?
            ),
            first_ms: row.time("first_time"),
            last_ms: row.time("last_time"),
        })
    };
    cells(table).filter_map(|row| finding(&row)).collect()
}

/// Scanners: those inside, and those that found something, matter most.
pub(super) fn scans(table: &Table) -> Vec<Finding> {
    let finding = |row: &Cells<'_>| {
        let src_ip = row.address("src_ip")?;
        let answered = row.number("answered")?;
        let severity = match (is_public(src_ip), answered > 0) {
            (false, _) => Severity::High,
            (true, true) => Severity::Medium,
            (true, false) => Severity::Low,
        };
        Some(Finding {
            severity,
            kind: FindingKind::Scan,
            src_ip: Some(src_ip),
            dst_ip: None,
            dst_port: None,
            reason: format!(
                "{} scan: {} ports of {} targets in {} tries, {} denied, {answered} answered",
                row.text("kind")?,
                row.number("ports")?,
                row.number("targets")?,
                row.number("tries")?,
                row.number("denied")?
            ),
            filter: format!("src host {src_ip}"),
            first_ms: row.time("first_time"),
            last_ms: row.time("last_time"),
        })
    };
    cells(table).filter_map(|row| finding(&row)).collect()
}

/// Beacons of the score that was asked for.
pub(super) fn beacons(table: &Table, options: &FindingsOptions) -> Vec<Finding> {
    let finding = |row: &Cells<'_>| {
        if row.real("score")? < options.beacon_score {
            return None;
        }
        let reason = format!(
            "{} connections, one every {} ms, score {:.2}",
            row.number("connections")?,
            row.number("interval_ms")?,
            row.real("score")?
        );
        conversation(row, Severity::High, FindingKind::Beacon, reason)
    };
    cells(table).filter_map(|row| finding(&row)).collect()
}

/// Conversations that kept asking.
pub(super) fn one_way(table: &Table, options: &FindingsOptions) -> Vec<Finding> {
    let finding = |row: &Cells<'_>| {
        let tries = row.number("tries")?;
        if tries < options.one_way_tries {
            return None;
        }
        let reason = format!("asked {tries} times, never answered");
        conversation(row, Severity::Low, FindingKind::OneWay, reason)
    };
    cells(table).filter_map(|row| finding(&row)).collect()
}

fn conversation(row: &Cells<'_>, severity: Severity, kind: FindingKind, reason: String) -> Option<Finding> {
    let (src_ip, dst_ip, dst_port) =
        (row.address("src_ip")?, row.address("dst_ip")?, row.number("dst_port")? as u16);
    let protocol = row.number("protocol")?;
    Some(Finding {
        severity,
        kind,
        src_ip: Some(src_ip),
        dst_ip: Some(dst_ip),
        dst_port: Some(dst_port),
        reason,
        filter: format!(
            "src host {src_ip} and dst host {dst_ip} and dst port {dst_port} and proto {protocol}"
        ),
        first_ms: row.time("first_time"),
        last_ms: row.time("last_time"),
    })
}

/// One row of a table.
struct Cells<'t> {
    table: &'t Table,
    row: usize,
}

fn cells(table: &Table) -> impl Iterator<Item = Cells<'_>> {
    (0..table.len()).map(move |row| Cells { table, row })
}

impl<'t> Cells<'t> {
    fn number(&self, column: &str) -> Option<u64> {
        match self.table.column(column)? {
            Values::U8(values) => values.get(self.row)?.map(u64::from),
            Values::U16(values) => values.get(self.row)?.map(u64::from),
            Values::U64(values) => *values.get(self.row)?,
            _ => None,
        }
    }

    fn real(&self, column: &str) -> Option<f64> {
        match self.table.column(column)? {
            Values::F64(values) => *values.get(self.row)?,
            _ => None,
        }
    }

    fn text(&self, column: &str) -> Option<&'t str> {
        match self.table.column(column)? {
            Values::Text(values) => values.get(self.row),
            _ => None,
        }
    }

    fn address(&self, column: &str) -> Option<IpAddr> {
        self.text(column)?.parse().ok()
    }

    fn time(&self, column: &str) -> Option<i64> {
        match self.table.column(column)? {
            Values::TimeMs(values) => *values.get(self.row)?,
            _ => None,
        }
    }
}
