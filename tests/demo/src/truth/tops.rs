//! The complete lists of the biggest: `top` lines for ten groupings, made of the book's cells at the end.
//!
//! Not here: the other facts (`facts`).

use crate::address::address_text;
use crate::flow::Encryption;
use crate::options::LogFormat;
use crate::rules::{Direction, RULES};
use crate::truth::book::{Book, Cell, Tally};
use crate::truth::line::Line;

/// A longer list keeps its biggest rows only; `keys` tells how many there are.
pub(crate) const MOST_TOP_ROWS: usize = 1_000;

/// A view: one format's logs, or all that were written, by the name in the truth's lines.
pub(crate) struct Views {
    views: Vec<(&'static str, Vec<(usize, LogFormat)>)>,
}

impl Views {
    /// All logs together, and each format apart if there are two.
    pub(crate) fn of(formats: &'static [LogFormat]) -> Self {
        let all: Vec<(usize, LogFormat)> = formats.iter().copied().enumerate().collect();
        let mut views = vec![("all", all.clone())];
        if all.len() > 1 {
            views.extend(all.into_iter().map(|view| (view.1.name(), vec![view])));
        }
        Self { views }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &[(usize, LogFormat)])> {
        self.views.iter().map(|(name, formats)| (*name, formats.as_slice()))
    }
}

/// A column that a list is grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    SourceAddress,
    DestinationAddress,
    DestinationPort,
    Protocol,
    Rule,
    Mac,
    Direction,
    Action,
    Encryption,
}

/// The groupings that the truth lists.
const GROUPINGS: [&[Key]; 10] = [
    &[Key::SourceAddress],
    &[Key::DestinationAddress],
    &[Key::SourceAddress, Key::DestinationAddress],
    &[Key::DestinationPort],
    &[Key::Rule],
    &[Key::Mac],
    &[Key::Direction],
    &[Key::Action],
    &[Key::Encryption],
    &[Key::SourceAddress, Key::DestinationAddress, Key::DestinationPort, Key::Protocol],
];

impl Key {
    /// The column's name in the tuple table.
    fn name(self) -> &'static str {
        match self {
            Self::SourceAddress => "src_ip",
            Self::DestinationAddress => "dst_ip",
            Self::DestinationPort => "dst_port",
            Self::Protocol => "protocol",
            Self::Rule => "rule",
            Self::Mac => "mac",
            Self::Direction => "direction",
            Self::Action => "action",
            Self::Encryption => "encryption",
        }
    }

    /// The key as a number.
    fn of(self, cell: &Cell, format: LogFormat) -> u32 {
        match self {
            Self::SourceAddress => cell.source,
            Self::DestinationAddress => cell.destination,
            Self::DestinationPort => u32::from(cell.port),
            Self::Protocol => u32::from(cell.protocol),
            Self::Rule => u32::from(cell.rule),
            Self::Mac => u32::from(cell.nic),
            Self::Direction => u32::from(cell.direction == Direction::Outbound),
            Self::Action => u32::from(cell.denies()),
            Self::Encryption if format.is_nsg() => u32::MAX,
            Self::Encryption => u32::from(cell.encryption),
        }
    }

    /// Adds the key's name and text to an object.
    fn write(self, object: Line, number: u32, book: &Book) -> Line {
        let place = number as usize;
        let name = self.name();
        match self {
            Self::SourceAddress | Self::DestinationAddress => object.text(name, &address_text(number)),
            Self::DestinationPort | Self::Protocol => object.raw(name, number),
            Self::Rule => object.text(name, RULES.get(place).map_or("", |(text, _)| text)),
            Self::Mac => object.text(name, book.macs.get(place).map_or("", String::as_str)),
            Self::Direction => {
                let direction = if number == 0 { Direction::Inbound } else { Direction::Outbound };
                object.text(name, direction.word())
            }
            Self::Action => object.text(name, if number == 0 { "allow" } else { "deny" }),
            Self::Encryption => {
                object.text_or_null(name, (number != u32::MAX).then(|| Encryption::text_of(place)))
            }
        }
    }
}

/// The other end of a grouping: what `peers` counts.
fn peer(keys: &[Key], cell: &Cell) -> u64 {
    match keys {
        [Key::SourceAddress] => u64::from(cell.destination),
        [Key::DestinationAddress | Key::DestinationPort] => u64::from(cell.source),
        _ => u64::from(cell.source) << 32 | u64::from(cell.destination),
    }
}

/// One row of a list.
struct TopRow {
    key: [u32; 4],
    tally: Tally,
    peers: u64,
}

/// Writes every list of a view.
pub(crate) fn write_tops(book: &Book, view: &str, formats: &[(usize, LogFormat)], out: &mut String) {
    for keys in GROUPINGS {
        let mut rows = grouped(book, formats, keys);
        let count = rows.len();
        rows.sort_unstable_by_key(|row| (std::cmp::Reverse(row.tally.amounts.bytes()), row.key));
        rows.truncate(MOST_TOP_ROWS);
        let objects = rows.iter().map(|row| {
            let object = keys
                .iter()
                .zip(row.key)
                .fold(Line::object(), |object, (key, number)| key.write(object, number, book));
            object.tally(&row.tally).raw("peers", row.peers).close()
        });
        Line::fact("top")
            .text("vantage", "all")
            .text("format", view)
            .list("by", keys.iter().map(|key| format!("\"{}\"", key.name())))
            .raw("keys", count)
            .list("rows", objects)
            .push_to(out);
    }
}

/// Sums the cells by key. Sorting instead of a map of sets keeps it short and its memory flat.
fn grouped(book: &Book, formats: &[(usize, LogFormat)], keys: &[Key]) -> Vec<TopRow> {
    let mut parts: Vec<([u32; 4], u64, Tally)> = Vec::new();
    for (place, format) in formats {
        for (cell, tally) in book.cells(*place) {
            let mut key = [0_u32; 4];
            for (slot, column) in key.iter_mut().zip(keys) {
                *slot = column.of(cell, *format);
            }
            parts.push((key, peer(keys, cell), *tally));
        }
    }
    parts.sort_unstable_by_key(|(key, peer, _)| (*key, *peer));
    let mut rows: Vec<TopRow> = Vec::new();
    let mut last_peer = None;
    for (key, peer, tally) in parts {
        match rows.last_mut() {
            Some(row) if row.key == key => {
                row.tally.merge(&tally);
                row.peers += u64::from(last_peer != Some(peer));
            }
            _ => rows.push(TopRow { key, tally, peers: 1 }),
        }
        last_peer = Some(peer);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{GROUPINGS, Views};
    use crate::options::Formats;

    #[test]
    fn no_grouping_has_more_keys_than_a_row_holds() {
        assert!(GROUPINGS.iter().all(|keys| keys.len() <= 4));
    }

    #[test]
    fn two_formats_are_seen_together_and_apart() {
        let views = Views::of(Formats::VnetAndNsgV2.list());
        let names: Vec<&str> = views.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["all", "vnet-v4", "nsg-v2"]);
        assert_eq!(Views::of(Formats::Vnet.list()).iter().count(), 1);
    }
}
