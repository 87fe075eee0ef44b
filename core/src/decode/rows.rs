//! Tuples become rows, and rows go into the batch a block at a time.
//!
//! A row is 17 columns, so 17 vectors to be asked whether they have room, which took 12 ns a tuple. Into arrays of
//! fixed length it is 17 stores, and a block moves with 17 copies.

use super::fast::Found;
use super::fingerprint::Fingerprint;
use super::record::RecordBuilder;
use crate::batch::Batch;
use crate::filter::Verdict;
use crate::tuple::{Action, Direction, Encryption, State, Tuple};
use core::net::IpAddr;

impl RecordBuilder {
    /// Takes a tuple of the group that is being read; its text starts at byte `offset` of the source.
    pub(super) fn add_tuple(&mut self, tuple: &Tuple, offset: u64) {
        let counters = tuple.counters.values_and_logged();
        let addresses = [tuple.src_ip, tuple.dst_ip].map(|address| match address {
            IpAddr::V4(v4) => u64::from(v4.to_bits()),
            IpAddr::V6(v6) => Fingerprint::fold(v6.to_bits()),
        });
        let row = Row {
            time_ms: tuple.time_ms,
            ports: [tuple.src_port, tuple.dst_port],
            protocol: tuple.protocol,
            direction: tuple.direction,
            action: tuple.action,
            state: tuple.state,
            encryption: tuple.encryption,
            version: tuple.version,
            counters: counters.0,
            logged: counters.1,
            offset,
        };
        if self.counts(&row, addresses) && self.keeps(tuple, offset) {
            let codes = [tuple.src_ip, tuple.dst_ip].map(|address| self.batch.addresses.intern(address));
            self.add_row(&row, codes);
        }
    }

    /// Like `add_tuple`, for a tuple from the fast path.
    #[inline(always)]
    pub(super) fn add_found(&mut self, found: &Found, offset: u64) {
        let (shape, numbers) = (&found.shape, &found.numbers);
        let row = Row {
            time_ms: found.time_ms,
            ports: [found.src_port, found.dst_port],
            protocol: shape.protocol,
            direction: shape.direction,
            action: shape.action,
            state: shape.state,
            encryption: shape.encryption,
            version: shape.version,
            counters: numbers.values,
            logged: numbers.logged,
            offset,
        };
        let ends = [found.source, found.destination];
        let addresses = ends.map(|remembered| u64::from(remembered.address.to_bits()));
        if self.counts(&row, addresses) && (self.group.keeps_all || self.keeps(&found.tuple(), offset)) {
            // Only now: the dictionary holds addresses of rows that are kept.
            let codes = ends.map(|remembered| {
                let code = self.batch.addresses.intern_v4(remembered.address, remembered.hint);
                self.memo.hint(remembered, code);
                code
            });
            self.add_row(&row, codes);
        }
    }

    #[inline(always)]
    fn add_row(&mut self, row: &Row, codes: [u32; 2]) {
        if self.rows.is_full() {
            self.settle_rows();
        }
        self.rows.add(row, codes, self.group.index);
    }

    /// Moves the rows so far to where they belong. Whoever looks at the batch's rows does this first.
    pub(super) fn settle_rows(&mut self) {
        self.rows.move_to(&mut self.batch, self.options.offsets);
    }

    /// Counts a tuple, which is part of the record's body; false where no record is open.
    #[inline(always)]
    fn counts(&mut self, row: &Row, addresses: [u64; 2]) -> bool {
        let Some(record) = self.envelopes.last_mut().and_then(|envelope| envelope.flows.as_mut()) else {
            return false;
        };
        record.tuples += 1;
        if self.options.identities {
            record.body.add_numbers(row.numbers(addresses));
        }
        true
    }

    /// True where a tuple is to be kept, for now.
    #[inline(never)]
    fn keeps(&mut self, tuple: &Tuple, offset: u64) -> bool {
        let mut is_undecided = self.group.mac_verdict.is_none();
        let mut keep = self.group.mac_verdict.unwrap_or(true);
        keep &= self.options.start_ms.is_none_or(|start_ms| tuple.time_ms >= start_ms);
        keep &= self.options.end_ms.is_none_or(|end_ms| tuple.time_ms < end_ms);
        if let (true, Some(evaluator)) = (keep, &mut self.evaluator) {
            match evaluator.test(tuple, offset) {
                Verdict::Keep => {}
                Verdict::Drop => keep = false,
                Verdict::Undecided => is_undecided = true,
            }
        }
        if is_undecided
            && let Some(record) = self.envelopes.last_mut().and_then(|envelope| envelope.flows.as_mut())
        {
            record.is_undecided = true;
        }
        keep
    }

    /// Counts a tuple that could not be read: it has a number, and is part of the record's body.
    pub(super) fn count_bad_tuple(&mut self, text: &[u8]) {
        if let Some(record) = self.envelopes.last_mut().and_then(|envelope| envelope.flows.as_mut()) {
            record.tuples += 1;
            record.body.add(text);
        }
    }
}

/// A tuple as its row holds it, but for its addresses.
struct Row {
    time_ms: i64,
    ports: [u16; 2],
    protocol: u8,
    direction: Direction,
    action: Action,
    state: Option<State>,
    encryption: Option<Encryption>,
    version: u8,
    counters: [u64; 4],
    logged: u8,
    offset: u64,
}

impl Row {
    /// All of the tuple in numbers, with these for its addresses.
    #[inline(always)]
    fn numbers(&self, [src_ip, dst_ip]: [u64; 2]) -> [u64; 6] {
        let [src_port, dst_port] = self.ports;
        let ports = u64::from(src_port) << 16 | u64::from(dst_port);
        let names = [
            self.protocol,
            self.direction as u8,
            self.action as u8,
            self.state.map_or(u8::MAX, |state| state as u8),
            self.encryption.map_or(u8::MAX, |encryption| encryption as u8),
            self.version,
            self.logged,
            0,
        ];
        let [packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src] = self.counters;
        [
            self.time_ms as u64 ^ ports << 32,
            src_ip ^ dst_ip.rotate_left(32),
            u64::from_le_bytes(names),
            packets_src_to_dst ^ packets_dst_to_src.rotate_left(32),
            bytes_src_to_dst,
            bytes_dst_to_src,
        ]
    }
}

/// Rows in a block; a power of two. All of its columns are 5 KiB: they stay in the first-level cache.
const ROWS: usize = 64;

/// Up to 64 rows in columns; each column is the batch's one of that name.
#[derive(Debug)]
pub(super) struct RowBlock {
    used: usize,
    time_ms: [i64; ROWS],
    src_ip: [u32; ROWS],
    dst_ip: [u32; ROWS],
    src_port: [u16; ROWS],
    dst_port: [u16; ROWS],
    protocol: [u8; ROWS],
    direction: [Direction; ROWS],
    action: [Action; ROWS],
    state: [Option<State>; ROWS],
    encryption: [Option<Encryption>; ROWS],
    version: [u8; ROWS],
    packets_src_to_dst: [u64; ROWS],
    bytes_src_to_dst: [u64; ROWS],
    packets_dst_to_src: [u64; ROWS],
    bytes_dst_to_src: [u64; ROWS],
    logged: [u8; ROWS],
    group: [u32; ROWS],
    offset: [u64; ROWS],
}

impl Default for RowBlock {
    fn default() -> RowBlock {
        RowBlock {
            used: 0,
            time_ms: [0; ROWS],
            src_ip: [0; ROWS],
            dst_ip: [0; ROWS],
            src_port: [0; ROWS],
            dst_port: [0; ROWS],
            protocol: [0; ROWS],
            direction: [Direction::Inbound; ROWS],
            action: [Action::Allow; ROWS],
            state: [None; ROWS],
            encryption: [None; ROWS],
            version: [0; ROWS],
            packets_src_to_dst: [0; ROWS],
            bytes_src_to_dst: [0; ROWS],
            packets_dst_to_src: [0; ROWS],
            bytes_dst_to_src: [0; ROWS],
            logged: [0; ROWS],
            group: [0; ROWS],
            offset: [0; ROWS],
        }
    }
}

impl RowBlock {
    /// True where there is no room: the rows are to be moved before another one is added.
    #[inline(always)]
    pub(super) fn is_full(&self) -> bool {
        self.used >= ROWS
    }

    /// Adds a row for a tuple of that flow group, whose addresses have these codes.
    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "a remainder by the block's length lies inside the block")]
    fn add(&mut self, tuple: &Row, [src_ip, dst_ip]: [u32; 2], group: u32) {
        // The remainder is the number itself, and tells the compiler that it lies inside.
        let row = self.used % ROWS;
        let [src_port, dst_port] = tuple.ports;
        let [packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src] = tuple.counters;
        self.time_ms[row] = tuple.time_ms;
        self.src_ip[row] = src_ip;
        self.dst_ip[row] = dst_ip;
        self.src_port[row] = src_port;
        self.dst_port[row] = dst_port;
        self.protocol[row] = tuple.protocol;
        self.direction[row] = tuple.direction;
        self.action[row] = tuple.action;
        self.state[row] = tuple.state;
        self.encryption[row] = tuple.encryption;
        self.version[row] = tuple.version;
        self.packets_src_to_dst[row] = packets_src_to_dst;
        self.bytes_src_to_dst[row] = bytes_src_to_dst;
        self.packets_dst_to_src[row] = packets_dst_to_src;
        self.bytes_dst_to_src[row] = bytes_dst_to_src;
        self.logged[row] = tuple.logged;
        self.group[row] = group;
        self.offset[row] = tuple.offset;
        self.used = row + 1;
    }

    /// Moves all rows to the end of a batch.
    #[inline(never)]
    pub(super) fn move_to(&mut self, batch: &mut Batch, with_offsets: bool) {
        fn extend<T: Copy>(column: &mut Vec<T>, block: &[T; ROWS], used: usize) {
            column.extend_from_slice(block.get(..used).unwrap_or_default());
        }
        let used = core::mem::take(&mut self.used);
        if used == 0 {
            return;
        }
        extend(&mut batch.time_ms, &self.time_ms, used);
        extend(&mut batch.src_ip, &self.src_ip, used);
        extend(&mut batch.dst_ip, &self.dst_ip, used);
        extend(&mut batch.src_port, &self.src_port, used);
        extend(&mut batch.dst_port, &self.dst_port, used);
        extend(&mut batch.protocol, &self.protocol, used);
        extend(&mut batch.direction, &self.direction, used);
        extend(&mut batch.action, &self.action, used);
        extend(&mut batch.state, &self.state, used);
        extend(&mut batch.encryption, &self.encryption, used);
        extend(&mut batch.version, &self.version, used);
        extend(&mut batch.packets_src_to_dst, &self.packets_src_to_dst, used);
        extend(&mut batch.bytes_src_to_dst, &self.bytes_src_to_dst, used);
        extend(&mut batch.packets_dst_to_src, &self.packets_dst_to_src, used);
        extend(&mut batch.bytes_dst_to_src, &self.bytes_dst_to_src, used);
        extend(&mut batch.logged, &self.logged, used);
        extend(&mut batch.group, &self.group, used);
        if with_offsets {
            extend(&mut batch.offset, &self.offset, used);
        }
    }
}
