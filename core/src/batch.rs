//! The one type that crosses every boundary: decoded tuples as a struct of arrays with dictionaries.
//!
//! What repeats is stored once: a row points to its flow group (rule, ACL, NIC), a group to its record (time,
//! resources, file). A batch stands alone: it can be sent, merged or dropped without the decoder that made it.

use crate::condensed::Weight;
use crate::dictionary::{Addresses, Texts};
use crate::origin::RuleOrigin;
use crate::tuple::{Action, Counters, Direction, Encryption, State, Tuple};
use core::mem::swap;

/// Decoded tuples in columns; all row columns have the same length.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// When the tuple was logged, in milliseconds since 1970 UTC.
    pub time_ms: Vec<i64>,
    /// Code of the initiator in `addresses`.
    pub src_ip: Vec<u32>,
    /// Code of the responder in `addresses`.
    pub dst_ip: Vec<u32>,
    /// The initiator's port.
    pub src_port: Vec<u16>,
    /// The responder's port.
    pub dst_port: Vec<u16>,
    /// IANA protocol number.
    pub protocol: Vec<u8>,
    /// Direction at the NIC.
    pub direction: Vec<Direction>,
    /// The verdict.
    pub action: Vec<Action>,
    /// The state as logged.
    pub state: Vec<Option<State>>,
    /// Encryption; `None` in NSG logs.
    pub encryption: Vec<Option<Encryption>>,
    /// Version of the tuple's shape: 1, 2 or 4.
    pub version: Vec<u8>,
    /// Packets from source to destination; see `logged`.
    pub packets_src_to_dst: Vec<u64>,
    /// Bytes from source to destination; see `logged`.
    pub bytes_src_to_dst: Vec<u64>,
    /// Packets from destination to source; see `logged`.
    pub packets_dst_to_src: Vec<u64>,
    /// Bytes from destination to source; see `logged`.
    pub bytes_dst_to_src: Vec<u64>,
    /// Which counters were logged: bit 0 to 3 in the order of the four columns above. Where a bit is 0 the
    /// counter is null and its column holds 0.
    pub logged: Vec<u8>,
    /// Number of the row's flow group in `groups`.
    pub group: Vec<u32>,
    /// Byte in the source where the tuple's text starts (for gz and zip: in the unpacked text). Empty unless the
    /// decoder was asked to keep it.
    pub offset: Vec<u64>,
    /// What each row stands for where rows are cells; empty where they are tuples.
    pub weights: Vec<Weight>,

    /// Distinct addresses of `src_ip` and `dst_ip`.
    pub addresses: Addresses,
    /// Distinct strings of `groups` and `records`.
    pub texts: Texts,
    /// Flow groups that rows point to.
    pub groups: Vec<Group>,
    /// Records that groups point to, and records without a row.
    pub records: Vec<Record>,
}

/// What all tuples of one flow group share; codes are numbers in `Batch::texts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// Number of the record in `Batch::records`.
    pub record: u32,
    /// Rule that judged the traffic.
    pub rule: Option<u32>,
    /// NSG or Virtual Network Manager resource that holds the rule.
    pub acl_id: Option<u32>,
    /// NIC that logged the traffic: upper case hexadecimal digits.
    pub mac: Option<u32>,
    /// Who set the rule.
    pub rule_origin: Option<RuleOrigin>,
}

/// One record of a log; codes are numbers in `Batch::texts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// When the record was written, in milliseconds since 1970 UTC.
    pub time_ms: Option<i64>,
    /// The record's NIC.
    pub mac: Option<u32>,
    /// VNet, subnet or NIC the flow log is set on.
    pub target_resource_id: Option<u32>,
    /// The flow log's own resource.
    pub flow_log_resource_id: Option<u32>,
    /// Name of the file or other source.
    pub source: u32,
    /// Number of the record in its source, from 0.
    pub number: u64,
    /// Byte in the source where the record starts.
    pub offset: u64,
    /// Fingerprint of time, NIC, flow log GUID and body: equal for a whole repeated record, whatever the filter.
    /// 0 where the decoder was told to leave it out.
    pub identity: u128,
}

impl Counters {
    /// As a batch holds them: 0 where not logged, and the bits that tell.
    #[inline]
    pub(crate) fn values_and_logged(&self) -> ([u64; 4], u8) {
        let counters =
            [self.packets_src_to_dst, self.bytes_src_to_dst, self.packets_dst_to_src, self.bytes_dst_to_src];
        let logged = counters.iter().rev().fold(0, |bits, counter| bits << 1 | u8::from(counter.is_some()));
        (counters.map(|counter| counter.unwrap_or(0)), logged)
    }
}

impl Batch {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time_ms.len()
    }

    /// True where there are no rows (there may be records).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time_ms.is_empty()
    }

    /// An empty batch with room for that many rows.
    #[must_use]
    pub fn with_capacity(rows: usize) -> Batch {
        let mut batch = Batch::default();
        batch.reserve(rows);
        batch
    }

    /// Makes room for that many more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.time_ms.reserve(rows);
        self.src_ip.reserve(rows);
        self.dst_ip.reserve(rows);
        self.src_port.reserve(rows);
        self.dst_port.reserve(rows);
        self.protocol.reserve(rows);
        self.direction.reserve(rows);
        self.action.reserve(rows);
        self.state.reserve(rows);
        self.encryption.reserve(rows);
        self.version.reserve(rows);
        self.packets_src_to_dst.reserve(rows);
        self.bytes_src_to_dst.reserve(rows);
        self.packets_dst_to_src.reserve(rows);
        self.bytes_dst_to_src.reserve(rows);
        self.logged.reserve(rows);
        self.group.reserve(rows);
    }

    /// Adds a row for a tuple of that flow group.
    #[inline]
    pub fn push(&mut self, tuple: &Tuple, group: u32) {
        let (src_ip, dst_ip) = (self.addresses.intern(tuple.src_ip), self.addresses.intern(tuple.dst_ip));
        let ([packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src], logged) =
            tuple.counters.values_and_logged();
        self.time_ms.push(tuple.time_ms);
        self.src_ip.push(src_ip);
        self.dst_ip.push(dst_ip);
        self.src_port.push(tuple.src_port);
        self.dst_port.push(tuple.dst_port);
        self.protocol.push(tuple.protocol);
        self.direction.push(tuple.direction);
        self.action.push(tuple.action);
        self.state.push(tuple.state);
        self.encryption.push(tuple.encryption);
        self.version.push(tuple.version);
        self.packets_src_to_dst.push(packets_src_to_dst);
        self.bytes_src_to_dst.push(bytes_src_to_dst);
        self.packets_dst_to_src.push(packets_dst_to_src);
        self.bytes_dst_to_src.push(bytes_dst_to_src);
        self.logged.push(logged);
        self.group.push(group);
    }

    /// The tuple of a row; `None` past the last one.
    #[must_use]
    pub fn tuple(&self, row: usize) -> Option<Tuple> {
        Some(Tuple {
            time_ms: *self.time_ms.get(row)?,
            src_ip: self.addresses.get(*self.src_ip.get(row)?),
            dst_ip: self.addresses.get(*self.dst_ip.get(row)?),
            src_port: *self.src_port.get(row)?,
            dst_port: *self.dst_port.get(row)?,
            protocol: *self.protocol.get(row)?,
            direction: *self.direction.get(row)?,
            action: *self.action.get(row)?,
            state: *self.state.get(row)?,
            encryption: *self.encryption.get(row)?,
            counters: self.counters(row)?,
            version: *self.version.get(row)?,
        })
    }

    /// The counters of a row, null where not logged; `None` past the last row.
    #[must_use]
    pub fn counters(&self, row: usize) -> Option<Counters> {
        let logged = *self.logged.get(row)?;
        let value = |bit: u8, column: &[u64]| {
            if logged >> bit & 1 == 1 { column.get(row).copied() } else { None }
        };
        Some(Counters {
            packets_src_to_dst: value(0, &self.packets_src_to_dst),
            bytes_src_to_dst: value(1, &self.bytes_src_to_dst),
            packets_dst_to_src: value(2, &self.packets_dst_to_src),
            bytes_dst_to_src: value(3, &self.bytes_dst_to_src),
        })
    }

    /// The flow group and record of a row; `None` past the last one.
    #[must_use]
    pub fn place(&self, row: usize) -> Option<(&Group, &Record)> {
        let group = self.groups.get(*self.group.get(row)? as usize)?;
        Some((group, self.records.get(group.record as usize)?))
    }

    /// The string of an optional code.
    #[must_use]
    pub fn text(&self, code: Option<u32>) -> Option<&str> {
        code.map(|code| self.texts.get(code))
    }

    /// Packets and bytes of a row, there and back; 0 where not logged.
    #[inline]
    pub(crate) fn amounts(&self, row: usize) -> [u64; 4] {
        let value = |column: &[u64]| column.get(row).copied().unwrap_or(0);
        [
            value(&self.packets_src_to_dst),
            value(&self.bytes_src_to_dst),
            value(&self.packets_dst_to_src),
            value(&self.bytes_dst_to_src),
        ]
    }

    /// The latest time of all rows, also of cells.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        if self.weights.is_empty() {
            self.time_ms.iter().copied().max()
        } else {
            self.weights.iter().map(|weight| weight.last_ms).max()
        }
    }

    /// Copies the columns of these rows, in their order, in place of those in `to`; dictionaries, groups and records stay
    /// where they are.
    pub fn gather(&self, rows: &[u32], to: &mut Batch) {
        to.truncate(0);
        self.append_to(rows, to);
    }

    /// The same behind those in `to`.
    pub(crate) fn append_to(&self, rows: &[u32], to: &mut Batch) {
        fn column<T: Copy>(from: &[T], rows: &[u32], to: &mut Vec<T>) {
            to.extend(rows.iter().filter_map(|row| from.get(*row as usize)).copied());
        }
        column(&self.time_ms, rows, &mut to.time_ms);
        column(&self.src_ip, rows, &mut to.src_ip);
        column(&self.dst_ip, rows, &mut to.dst_ip);
        column(&self.src_port, rows, &mut to.src_port);
        column(&self.dst_port, rows, &mut to.dst_port);
        column(&self.protocol, rows, &mut to.protocol);
        column(&self.direction, rows, &mut to.direction);
        column(&self.action, rows, &mut to.action);
        column(&self.state, rows, &mut to.state);
        column(&self.encryption, rows, &mut to.encryption);
        column(&self.version, rows, &mut to.version);
        column(&self.packets_src_to_dst, rows, &mut to.packets_src_to_dst);
        column(&self.bytes_src_to_dst, rows, &mut to.bytes_src_to_dst);
        column(&self.packets_dst_to_src, rows, &mut to.packets_dst_to_src);
        column(&self.bytes_dst_to_src, rows, &mut to.bytes_dst_to_src);
        column(&self.logged, rows, &mut to.logged);
        column(&self.group, rows, &mut to.group);
        column(&self.offset, rows, &mut to.offset);
        column(&self.weights, rows, &mut to.weights);
    }

    /// Lends dictionaries, groups and records to columns that came out of this batch: copying them would cost more than
    /// the rows.
    pub fn lend_dictionaries(&mut self, columns: &mut Batch, take: impl FnOnce(&Batch, &mut Batch)) {
        self.exchange_dictionaries(columns);
        take(self, columns);
        self.exchange_dictionaries(columns);
    }

    fn exchange_dictionaries(&mut self, columns: &mut Batch) {
        swap(&mut self.addresses, &mut columns.addresses);
        swap(&mut self.texts, &mut columns.texts);
        swap(&mut self.groups, &mut columns.groups);
        swap(&mut self.records, &mut columns.records);
    }

    /// Keeps the rows from `start` on for which `keep` says so, and all rows before; groups and records stay.
    pub fn retain_from(&mut self, start: usize, mut keep: impl FnMut(usize) -> bool) {
        let mut kept = start;
        for row in start..self.len() {
            if keep(row) {
                if kept != row {
                    self.copy_row(row, kept);
                }
                kept += 1;
            }
        }
        self.truncate(kept);
    }

    /// Drops the rows from `rows` on; groups and records stay.
    pub fn truncate(&mut self, rows: usize) {
        self.time_ms.truncate(rows);
        self.src_ip.truncate(rows);
        self.dst_ip.truncate(rows);
        self.src_port.truncate(rows);
        self.dst_port.truncate(rows);
        self.protocol.truncate(rows);
        self.direction.truncate(rows);
        self.action.truncate(rows);
        self.state.truncate(rows);
        self.encryption.truncate(rows);
        self.version.truncate(rows);
        self.packets_src_to_dst.truncate(rows);
        self.bytes_src_to_dst.truncate(rows);
        self.packets_dst_to_src.truncate(rows);
        self.bytes_dst_to_src.truncate(rows);
        self.logged.truncate(rows);
        self.group.truncate(rows);
        self.offset.truncate(rows);
        self.weights.truncate(rows);
    }

    fn copy_row(&mut self, from: usize, to: usize) {
        fn copy<T: Copy>(column: &mut [T], from: usize, to: usize) {
            if from < column.len() && to < column.len() {
                column.copy_within(from..=from, to);
            }
        }
        copy(&mut self.time_ms, from, to);
        copy(&mut self.src_ip, from, to);
        copy(&mut self.dst_ip, from, to);
        copy(&mut self.src_port, from, to);
        copy(&mut self.dst_port, from, to);
        copy(&mut self.protocol, from, to);
        copy(&mut self.direction, from, to);
        copy(&mut self.action, from, to);
        copy(&mut self.state, from, to);
        copy(&mut self.encryption, from, to);
        copy(&mut self.version, from, to);
        copy(&mut self.packets_src_to_dst, from, to);
        copy(&mut self.bytes_src_to_dst, from, to);
        copy(&mut self.packets_dst_to_src, from, to);
        copy(&mut self.bytes_dst_to_src, from, to);
        copy(&mut self.logged, from, to);
        copy(&mut self.group, from, to);
        copy(&mut self.offset, from, to);
    }
}
