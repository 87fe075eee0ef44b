//! Zeek's `conn.log`: a session as a line of tab-separated fields, below the lines that name them.
//!
//! What a flow log can't know is unset (`-`): the payload's bytes (`orig_bytes`, `resp_bytes`; the log counts whole
//! frames, which stand in `orig_ip_bytes` and `resp_ip_bytes`), the service, the history of flags. `conn_state` says
//! what Zeek's states say, so far as the log tells: `SF` ended and answered, `S1` answered and not ended, `S0` asked and
//! not answered (also what was denied), `OTH` begun before the data, unset where nothing tells. Behind Zeek's own
//! fields stand `community_id`, as its package of that name writes it, and `vnetflow_status`.

use crate::groups::is_public;
use crate::table::{Table, Values};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use core::fmt::{self, Write};
use core::net::IpAddr;
use sha1::{Digest, Sha1};

/// Fields and their types, in order.
const FIELDS: &[(&str, &str)] = &[
    ("ts", "time"),
    ("uid", "string"),
    ("id.orig_h", "addr"),
    ("id.orig_p", "port"),
    ("id.resp_h", "addr"),
    ("id.resp_p", "port"),
    ("proto", "enum"),
    ("service", "string"),
    ("duration", "interval"),
    ("orig_bytes", "count"),
    ("resp_bytes", "count"),
    ("conn_state", "string"),
    ("local_orig", "bool"),
    ("local_resp", "bool"),
    ("missed_bytes", "count"),
    ("history", "string"),
    ("orig_pkts", "count"),
    ("orig_ip_bytes", "count"),
    ("resp_pkts", "count"),
    ("resp_ip_bytes", "count"),
    ("tunnel_parents", "set[string]"),
    ("community_id", "string"),
    ("vnetflow_status", "string"),
];

/// The lines above the connections.
#[must_use]
pub fn head() -> Vec<String> {
    let joined = |start: &str, texts: &mut dyn Iterator<Item = &str>| {
        texts.fold(start.to_owned(), |line, text| line + "\t" + text)
    };
    vec![
        "#separator \\x09".to_owned(),
        "#set_separator\t,".to_owned(),
        "#empty_field\t(empty)".to_owned(),
        "#unset_field\t-".to_owned(),
        "#path\tconn".to_owned(),
        joined("#fields", &mut FIELDS.iter().map(|(name, _)| *name)),
        joined("#types", &mut FIELDS.iter().map(|(_, kind)| *kind)),
    ]
}

/// The sessions of a table (`Sessions` makes it) as lines; `before` is how many came in earlier tables.
#[must_use]
pub fn lines(sessions: &Table, before: u64) -> Vec<String> {
    (0..sessions.len())
        .map(|row| {
            let session = Session { table: sessions, row };
            // Writing into memory does not fail.
            session.line(before + row as u64).unwrap_or_default()
        })
        .collect()
}

/// A row of the table.
struct Session<'t> {
    table: &'t Table,
    row: usize,
}

impl Session<'_> {
    fn line(&self, number: u64) -> Result<String, fmt::Error> {
        let (src_ip, dst_ip) = (self.text("src_ip"), self.text("dst_ip"));
        let (src_port, dst_port) = (self.number("src_port"), self.number("dst_port"));
        let mut line = String::with_capacity(256);
        let start_ms = self.time("start").unwrap_or_default();
        write!(line, "{}\t{}", seconds(start_ms), self.uid(number))?;
        write!(line, "\t{}\t{}", unset(src_ip), unset(src_port))?;
        write!(line, "\t{}\t{}", unset(dst_ip), unset(dst_port))?;
        line.push('\t');
        line.push_str(match self.number("protocol") {
            Some(6) => "tcp",
            Some(17) => "udp",
            Some(1 | 58) => "icmp",
            _ => "unknown_transport",
        });
        line.push_str("\t-\t");
        match self.number("duration_ms") {
            Some(duration_ms) => line.push_str(&seconds(i64::try_from(duration_ms).unwrap_or(i64::MAX))),
            None => line.push('-'),
        }
        write!(line, "\t-\t-\t{}", unset(self.conn_state()))?;
        for end in [src_ip, dst_ip] {
            let address: Option<IpAddr> = end.and_then(|text| text.parse().ok());
            let is_local = address.map(|address| if is_public(address) { "F" } else { "T" });
            write!(line, "\t{}", unset(is_local))?;
        }
        line.push_str("\t-\t-");
        for counter in ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"] {
            write!(line, "\t{}", unset(self.number(counter)))?;
        }
        write!(line, "\t-\t{}\t{}", unset(self.text("community_id")), unset(self.text("status")))?;
        Ok(line)
    }

    /// The same for the same data, and another one for every session: its number makes it so.
    fn uid(&self, number: u64) -> String {
        let mut hash = Sha1::new();
        for name in ["community_id", "mac", "direction"] {
            hash.update(self.text(name).unwrap_or_default());
            hash.update([0]);
        }
        hash.update(self.time("start").unwrap_or_default().to_be_bytes());
        hash.update(number.to_be_bytes());
        let text = STANDARD.encode(hash.finalize());
        // Zeek's begin with `C` and have no other characters than these.
        let letters = text.chars().filter(char::is_ascii_alphanumeric).take(17);
        core::iter::once('C').chain(letters).collect()
    }

    fn conn_state(&self) -> Option<&'static str> {
        let status = self.text("status")?;
        match status {
            "denied" => return Some("S0"),
            "started_before" => return Some("OTH"),
            _ => {}
        }
        let answer = [self.number("packets_dst_to_src"), self.number("bytes_dst_to_src")];
        let has_answer = answer.iter().flatten().any(|count| *count > 0);
        match (status, has_answer) {
            ("ended", true) => Some("SF"),
            (_, true) => Some("S1"),
            // Where nothing was counted that way either, nothing was counted: so it is with UDP in NSG logs.
            ("ended", false)
                if answer.iter().any(Option::is_some) && self.number("packets_src_to_dst") > Some(0) =>
            {
                Some("S0")
            }
            _ => None,
        }
    }

    fn number(&self, column: &str) -> Option<u64> {
        match self.table.column(column)? {
            Values::U8(values) => values.get(self.row)?.map(u64::from),
            Values::U16(values) => values.get(self.row)?.map(u64::from),
            Values::U64(values) => *values.get(self.row)?,
            _ => None,
        }
    }

    fn text(&self, column: &str) -> Option<&str> {
        match self.table.column(column)? {
            Values::Text(values) => values.get(self.row),
            _ => None,
        }
    }

    fn time(&self, column: &str) -> Option<i64> {
        match self.table.column(column)? {
            Values::TimeMs(values) => *values.get(self.row)?,
            _ => None,
        }
    }
}

/// Seconds with six digits, as Zeek prints times and intervals.
fn seconds(ms: i64) -> String {
    format!("{}.{:03}000", ms.div_euclid(1000), ms.rem_euclid(1000))
}

fn unset<T: fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
