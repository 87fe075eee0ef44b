//! Collects one network interface's rows of one minute and writes them as records.
//!
//! A minute becomes several records with the same `time` when it outgrows the limit. Not here: files.

use crate::log::row::RowText;
use crate::options::LogFormat;
use crate::rules::{Acl, Direction, RULES};

/// Real VNet records are one a minute; beyond this a block would be larger than any seen.
const VNET_RECORD_LIMIT_BYTES: usize = 3_900_000;
/// NSG logging splits a minute into records of at most 32 KB.
const NSG_RECORD_LIMIT_BYTES: usize = 32_768;
/// More than the JSON around one rule's rows takes, resource ids included.
const SLOT_OVERHEAD_BYTES: usize = 320;
/// More than the JSON around all rules takes, with every rule listed as in version 1.
const RECORD_OVERHEAD_BYTES: usize = 1_800;
/// Every so many rows one is written after its follower: order is not guaranteed in real records.
const ROWS_BETWEEN_SWAPS: u32 = 13;

/// What every record of one interface says about itself.
pub(crate) struct RecordFrame {
    pub(crate) format: LogFormat,
    pub(crate) mac: String,
    /// Everything after `time` up to the list of flows.
    pub(crate) head: String,
    /// What closes the record after the list of flows.
    pub(crate) tail: &'static str,
}

/// A minute under way.
pub(crate) struct Minute {
    time: String,
    /// Rows by direction and rule; outbound first.
    slots: Vec<Vec<u8>>,
    size_bytes: usize,
    rows: u32,
    held: Option<(usize, Vec<u8>)>,
    finished: Vec<u8>,
    records: u64,
}

impl Minute {
    pub(crate) fn new(time: String) -> Self {
        Self {
            time,
            slots: vec![Vec::new(); 2 * RULES.len()],
            size_bytes: RECORD_OVERHEAD_BYTES,
            rows: 0,
            held: None,
            finished: Vec::new(),
            records: 0,
        }
    }

    /// Adds a row.
    pub(crate) fn push(
        &mut self,
        frame: &RecordFrame,
        row: &RowText,
        time_ms: i64,
        direction: Direction,
        rule: usize,
    ) {
        let limit_bytes =
            if frame.format.is_nsg() { NSG_RECORD_LIMIT_BYTES } else { VNET_RECORD_LIMIT_BYTES };
        // No row is longer than 160 bytes: two addresses, five small and four large numbers.
        if self.size_bytes + SLOT_OVERHEAD_BYTES + 160 > limit_bytes {
            self.finish_record(frame);
        }
        let slot = match direction {
            Direction::Outbound => rule,
            Direction::Inbound => RULES.len() + rule,
        };
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_BETWEEN_SWAPS) && self.held.is_none() {
            let mut text = Vec::with_capacity(128);
            row.push_to(&mut text, frame.format, time_ms, direction);
            self.size_bytes += text.len() + 1;
            self.held = Some((slot, text));
            return;
        }
        if let Some(rows) = self.slots.get_mut(slot) {
            let before = rows.len();
            if rows.is_empty() {
                self.size_bytes += SLOT_OVERHEAD_BYTES;
            } else {
                rows.push(b',');
            }
            row.push_to(rows, frame.format, time_ms, direction);
            self.size_bytes += rows.len() - before;
        }
        self.release_held();
    }

    /// Ends the minute: its records, each preceded by a comma, and how many they are. Starts the next with
    /// its time.
    pub(crate) fn finish(&mut self, frame: &RecordFrame, next_time: String) -> (Vec<u8>, u64) {
        self.finish_record(frame);
        self.time = next_time;
        self.rows = 0;
        (std::mem::take(&mut self.finished), std::mem::take(&mut self.records))
    }

    fn release_held(&mut self) {
        let Some((slot, text)) = self.held.take() else { return };
        if let Some(rows) = self.slots.get_mut(slot) {
            if rows.is_empty() {
                self.size_bytes += SLOT_OVERHEAD_BYTES;
            } else {
                rows.push(b',');
            }
            rows.extend_from_slice(&text);
        }
    }

    fn finish_record(&mut self, frame: &RecordFrame) {
        self.release_held();
        if self.slots.iter().all(Vec::is_empty) {
            return;
        }
        let out = &mut self.finished;
        out.extend_from_slice(b",{\"time\":\"");
        out.extend_from_slice(self.time.as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(frame.head.as_bytes());
        match frame.format {
            LogFormat::VnetV4 => push_vnet_flows(out, &self.slots),
            LogFormat::NsgV2 => push_nsg_flows(out, &self.slots, &frame.mac, false),
            LogFormat::NsgV1 => push_nsg_flows(out, &self.slots, &frame.mac, true),
        }
        out.extend_from_slice(frame.tail.as_bytes());
        for rows in &mut self.slots {
            rows.clear();
        }
        self.size_bytes = RECORD_OVERHEAD_BYTES;
        self.records += 1;
    }
}

/// One entry for each direction and ACL, so that one `aclID` may stand twice, as in real records.
fn push_vnet_flows(out: &mut Vec<u8>, slots: &[Vec<u8>]) {
    let mut last: Option<(usize, Acl)> = None;
    for (place, rows) in slots.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
        let Some((text, acl)) = RULES.get(place % RULES.len()) else { continue };
        let entry = (place / RULES.len(), *acl);
        if last == Some(entry) {
            out.push(b',');
        } else {
            if last.is_some() {
                out.extend_from_slice(b"]},");
            }
            out.extend_from_slice(b"{\"aclID\":\"");
            out.extend_from_slice(acl.id().as_bytes());
            out.extend_from_slice(b"\",\"flowGroups\":[");
            last = Some(entry);
        }
        out.extend_from_slice(b"{\"rule\":\"");
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\",\"flowTuples\":[");
        out.extend_from_slice(rows);
        out.extend_from_slice(b"]}");
    }
    out.extend_from_slice(b"]}");
}

/// One entry for each rule; version 1 logs list the rules without rows too.
fn push_nsg_flows(out: &mut Vec<u8>, slots: &[Vec<u8>], mac: &str, list_every_rule: bool) {
    let mut first = true;
    for (place, (text, acl)) in RULES.iter().enumerate() {
        let parts = [slots.get(place), slots.get(RULES.len() + place)];
        let mut rows = parts.into_iter().flatten().filter(|rows| !rows.is_empty()).peekable();
        if *acl != Acl::NetworkSecurityGroup || (rows.peek().is_none() && !list_every_rule) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"rule\":\"");
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\",\"flows\":[");
        if rows.peek().is_some() {
            out.extend_from_slice(b"{\"mac\":\"");
            out.extend_from_slice(mac.as_bytes());
            out.extend_from_slice(b"\",\"flowTuples\":[");
            while let Some(part) = rows.next() {
                out.extend_from_slice(part);
                if rows.peek().is_some() {
                    out.push(b',');
                }
            }
            out.extend_from_slice(b"]}");
        }
        out.extend_from_slice(b"]}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Minute, RecordFrame, VNET_RECORD_LIMIT_BYTES};
    use crate::flow::{Amounts, FiveTuple, Flow, Plan, State, Traffic};
    use crate::log::row::RowText;
    use crate::network::Hops;
    use crate::options::LogFormat;
    use crate::rules::{Direction, Rule};

    #[test]
    fn a_minute_too_large_for_one_record_becomes_several_and_loses_nothing() {
        let plan = Plan::new(FiveTuple::default(), 0, 0, Traffic::Once(Amounts::default()));
        let flow = Flow { plan, hops: Hops::default(), last_row_ms: 0, followed: None, area: 0 };
        let mut row = RowText::default();
        assert!(row.render(LogFormat::VnetV4, &flow, State::Begin, &Amounts::default()));
        let frame = RecordFrame {
            format: LogFormat::VnetV4,
            mac: String::new(),
            head: "\"flowRecords\":{\"flows\":[".to_owned(),
            tail: "]}}",
        };
        let mut minute = Minute::new("now".to_owned());
        for number in 0..150_000 {
            let direction = if number % 2 == 0 { Direction::Inbound } else { Direction::Outbound };
            minute.push(&frame, &row, 1_714_554_000_000 + number, direction, Rule::AllowSsh as usize);
        }
        let (text, records) = minute.finish(&frame, String::new());
        let text = String::from_utf8(text).unwrap();
        let sizes: Vec<usize> = text.split(",{\"time\":").map(str::len).collect();
        assert_eq!(sizes.len() as u64, records + 1);
        assert!(records > 1 && sizes.iter().all(|size| *size <= VNET_RECORD_LIMIT_BYTES));
        assert_eq!(text.matches(",B,NX,0,0,0,0").count(), 150_000);
    }
}
