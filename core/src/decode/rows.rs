//! Tuples become rows, and rows go into the batch a block at a time.
//!
//! A row is 17 columns, so 17 vectors to be asked whether they have room, which took 12 ns a tuple. Into arrays of
//! fixed length it is 17 stores, and a block moves with 17 copies.

use super::fast::Found;
use super::record::RecordBuilder;
use crate::batch::Batch;
use crate::filter::Verdict;
use crate::tuple::{Action, Direction, Encryption, State, Tuple};

impl RecordBuilder {
    /// Takes a tuple of the group that is being read; `text` is how it stands in the input, `offset` where.
    pub(super) fn add_tuple(&mut self, tuple: &Tuple, text: &[u8], offset: u64) {
        if self.keeps(tuple, text, offset) {
            let codes = [tuple.src_ip, tuple.dst_ip].map(|address| self.batch.addresses.intern(address));
            self.add_row(tuple, tuple.counters.values_and_logged(), codes, offset);
        }
    }

    /// Like `add_tuple`, for a tuple from the fast path.
    #[inline(always)]
    pub(super) fn add_found(&mut self, found: &Found, text: &[u8], offset: u64) {
        if self.keeps(&found.tuple, text, offset) {
            // Only now: the dictionary holds addresses of rows that are kept.
            let codes = [found.source, found.destination].map(|remembered| {
                let code = self.batch.addresses.intern_v4(remembered.address, remembered.hint);
                self.memo.hint(remembered, code);
                code
            });
            self.add_row(&found.tuple, (found.numbers.values, found.numbers.logged), codes, offset);
        }
    }

    #[inline(always)]
    fn add_row(&mut self, tuple: &Tuple, counters: ([u64; 4], u8), codes: [u32; 2], offset: u64) {
        if self.rows.is_full() {
            self.settle_rows();
        }
        self.rows.add(tuple, counters, codes, (self.group.index, offset));
    }

    /// Moves the rows so far to where they belong. Whoever looks at the batch's rows does this first.
    pub(super) fn settle_rows(&mut self) {
        self.rows.move_to(&mut self.batch, self.options.offsets);
    }

    /// Counts a tuple; true where it is to be kept, for now.
    #[inline(always)]
    fn keeps(&mut self, tuple: &Tuple, text: &[u8], offset: u64) -> bool {
        let Some(record) = self.envelopes.last_mut().and_then(|envelope| envelope.flows.as_mut()) else {
            return false;
        };
        record.tuples += 1;
        record.body.add(text);

        let mut keep = match self.group.mac_verdict {
            Some(verdict) => verdict,
            None => {
                record.is_undecided = true;
                true
            }
        };
        keep &= self.options.start_ms.is_none_or(|start_ms| tuple.time_ms >= start_ms);
        keep &= self.options.end_ms.is_none_or(|end_ms| tuple.time_ms < end_ms);
        if let (true, Some(evaluator)) = (keep, &mut self.evaluator) {
            // A copy: the tuple itself may then stay in registers where there is no filter.
            let tuple = *tuple;
            match evaluator.test(&tuple, offset) {
                Verdict::Keep => {}
                Verdict::Drop => keep = false,
                Verdict::Undecided => record.is_undecided = true,
            }
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
    pub(super) fn add(
        &mut self,
        tuple: &Tuple,
        counters: ([u64; 4], u8),
        codes: [u32; 2],
        place: (u32, u64),
    ) {
        // The remainder is the number itself, and tells the compiler that it lies inside.
        let row = self.used % ROWS;
        let ([packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src], logged) = counters;
        let [src_ip, dst_ip] = codes;
        let (group, offset) = place;
        self.time_ms[row] = tuple.time_ms;
        self.src_ip[row] = src_ip;
        self.dst_ip[row] = dst_ip;
        self.src_port[row] = tuple.src_port;
        self.dst_port[row] = tuple.dst_port;
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
        self.logged[row] = logged;
        self.group[row] = group;
        self.offset[row] = offset;
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
