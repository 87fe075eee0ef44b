//! A page of rows in a third of its room: each column as narrow as its largest value, what has few values as one code.
//!
//! Sessions of millions of rows keep their pages so, and unpack one after the other where they are asked about.

use vnetflow_core::batch::Batch;
use vnetflow_core::tuple::{Action, Direction, Encryption, State};

/// What a row says besides addresses, ports and numbers.
type Kind = (u8, Direction, Action, Option<State>, Option<Encryption>, u8, u8);

/// The columns of a batch; dictionaries, groups and records stay in the batch.
#[derive(Debug)]
pub(crate) struct Packed {
    rows: usize,
    first_ms: i64,
    times: Narrow,
    ends: [Narrow; 2],
    ports: [Vec<u16>; 2],
    kinds: Narrow,
    kind_table: Vec<Kind>,
    /// A bit a row: whether any of its counters is above zero; the counters of those rows.
    counted: Vec<u64>,
    counters: [Narrow; 4],
    group: Narrow,
    offset: Vec<u64>,
}

/// Which columns are unpacked; ports and offsets always are, as that costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts(u16);

impl Parts {
    const TIME: Parts = Parts(1);
    const SRC_IP: Parts = Parts(1 << 1);
    const DST_IP: Parts = Parts(1 << 2);
    const PROTOCOL: Parts = Parts(1 << 3);
    const DIRECTION: Parts = Parts(1 << 4);
    const ACTION: Parts = Parts(1 << 5);
    const STATE: Parts = Parts(1 << 6);
    const ENCRYPTION: Parts = Parts(1 << 7);
    const VERSION: Parts = Parts(1 << 8);
    const LOGGED: Parts = Parts(1 << 9);
    const COUNTERS: Parts = Parts(1 << 10);
    const GROUP: Parts = Parts(1 << 11);

    pub(crate) const ALL: Parts = Parts(u16::MAX);
    /// What cells don't tell.
    pub(crate) const UNTOLD: Parts = Parts(
        !(Parts::SRC_IP.0 | Parts::DST_IP.0 | Parts::DIRECTION.0 | Parts::ENCRYPTION.0 | Parts::GROUP.0),
    );

    /// What tells how the tuples of a flow follow each other.
    pub(crate) const OF_FLOWS: Parts = Parts(Parts::TIME.0 | Parts::ACTION.0 | Parts::STATE.0);

    /// What tells how much was counted when.
    pub(crate) const COUNTED: Parts = Parts(Parts::OF_FLOWS.0 | Parts::LOGGED.0 | Parts::COUNTERS.0);

    /// What a filter looks at, by its public columns.
    pub(crate) fn of(columns: &[&str]) -> Parts {
        let part = |name: &&str| match *name {
            "time" => Parts::TIME,
            "src_ip" => Parts::SRC_IP,
            "dst_ip" => Parts::DST_IP,
            "src_port" | "dst_port" | "offset" => Parts(0),
            "protocol" => Parts::PROTOCOL,
            "direction" => Parts::DIRECTION,
            "action" => Parts::ACTION,
            "state" => Parts::STATE,
            "encryption" => Parts::ENCRYPTION,
            "flow_log_version" => Parts::VERSION,
            "packets_src_to_dst" | "bytes_src_to_dst" | "packets_dst_to_src" | "bytes_dst_to_src" => {
                Parts(Parts::COUNTERS.0 | Parts::LOGGED.0)
            }
            // What flow groups say.
            _ => Parts::GROUP,
        };
        Parts(columns.iter().map(part).fold(0, |all, part| all | part.0))
    }

    pub(crate) fn and(self, other: Parts) -> Parts {
        Parts(self.0 | other.0)
    }

    fn has(self, part: Parts) -> bool {
        self.0 & part.0 != 0
    }
}

/// Whole numbers, all in as many bytes as the largest needs.
#[derive(Debug)]
enum Narrow {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
}

impl Narrow {
    fn of(values: &[u64]) -> Narrow {
        match values.iter().copied().max().unwrap_or(0) {
            0..=0xff => Narrow::U8(values.iter().map(|value| *value as u8).collect()),
            0x100..=0xffff => Narrow::U16(values.iter().map(|value| *value as u16).collect()),
            0x1_0000..=0xffff_ffff => Narrow::U32(values.iter().map(|value| *value as u32).collect()),
            _ => Narrow::U64(values.to_vec()),
        }
    }

    /// All of them, each made into what it stands for.
    fn unpack<T>(&self, make: impl Fn(u64) -> T) -> Vec<T> {
        match self {
            Narrow::U8(values) => values.iter().map(|value| make(u64::from(*value))).collect(),
            Narrow::U16(values) => values.iter().map(|value| make(u64::from(*value))).collect(),
            Narrow::U32(values) => values.iter().map(|value| make(u64::from(*value))).collect(),
            Narrow::U64(values) => values.iter().map(|value| make(*value)).collect(),
        }
    }

    /// So many rows, of which those whose bit is set have these, and the others 0.
    fn unpack_counted(&self, rows: usize, counted: &[u64]) -> Vec<u64> {
        fn spread<T: Copy + Into<u64>>(values: &[T], rows: usize, counted: &[u64]) -> Vec<u64> {
            let mut column = vec![0; rows];
            let mut values = values.iter();
            for (rows, word) in column.chunks_mut(64).zip(counted) {
                let mut word = *word;
                while word != 0 {
                    if let (Some(row), Some(value)) =
                        (rows.get_mut(word.trailing_zeros() as usize), values.next())
                    {
                        *row = (*value).into();
                    }
                    word &= word - 1;
                }
            }
            column
        }
        match self {
            Narrow::U8(values) => spread(values, rows, counted),
            Narrow::U16(values) => spread(values, rows, counted),
            Narrow::U32(values) => spread(values, rows, counted),
            Narrow::U64(values) => spread(values, rows, counted),
        }
    }

    fn get(&self, row: usize) -> u64 {
        let value = match self {
            Narrow::U8(values) => values.get(row).map(|value| u64::from(*value)),
            Narrow::U16(values) => values.get(row).map(|value| u64::from(*value)),
            Narrow::U32(values) => values.get(row).map(|value| u64::from(*value)),
            Narrow::U64(values) => values.get(row).copied(),
        };
        value.unwrap_or(0)
    }

    fn codes(&self) -> Vec<u32> {
        self.unpack(|value| value as u32)
    }
}

impl Packed {
    /// Takes the columns out of a batch.
    pub(crate) fn of(batch: &mut Batch) -> Packed {
        let first_ms = batch.time_ms.iter().copied().min().unwrap_or(0);
        let times: Vec<u64> =
            batch.time_ms.iter().map(|time_ms| time_ms.wrapping_sub(first_ms) as u64).collect();
        let codes =
            |codes: &[u32]| Narrow::of(&codes.iter().map(|code| u64::from(*code)).collect::<Vec<_>>());
        let (kinds, kind_table) = kinds_of(batch);
        let columns = [
            &batch.packets_src_to_dst,
            &batch.bytes_src_to_dst,
            &batch.packets_dst_to_src,
            &batch.bytes_dst_to_src,
        ];
        let mut counted = vec![0_u64; batch.len().div_ceil(64)];
        for column in columns {
            for (word, values) in counted.iter_mut().zip(column.chunks(64)) {
                *word |= values.iter().rev().fold(0, |word, value| word << 1 | u64::from(*value > 0));
            }
        }
        let is_counted = |row: usize| counted.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1);
        let counters = columns.map(|column| {
            let values =
                column.iter().enumerate().filter(|(row, _)| is_counted(*row)).map(|(_, value)| *value);
            Narrow::of(&values.collect::<Vec<_>>())
        });
        let packed = Packed {
            rows: batch.len(),
            first_ms,
            times: Narrow::of(&times),
            ends: [codes(&batch.src_ip), codes(&batch.dst_ip)],
            ports: [core::mem::take(&mut batch.src_port), core::mem::take(&mut batch.dst_port)],
            kinds,
            kind_table,
            counters,
            counted,
            group: codes(&batch.group),
            offset: core::mem::take(&mut batch.offset),
        };
        empty(batch);
        packed
    }

    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// The time of each row.
    pub(crate) fn times_ms(&self) -> Vec<i64> {
        self.times.unpack(|time| self.first_ms.wrapping_add(time as i64))
    }

    /// Part of what each row says in few values.
    fn kind_parts<T: Copy>(&self, nothing: T, part: impl Fn(&Kind) -> T) -> Vec<T> {
        if let Narrow::U8(kinds) = &self.kinds {
            // As long as there are codes, so that none has to be looked at whether it is in the table.
            let mut parts = [nothing; 1 << u8::BITS];
            parts.iter_mut().zip(&self.kind_table).for_each(|(to, kind)| *to = part(kind));
            return kinds
                .iter()
                .map(|kind| parts.get(usize::from(*kind)).copied().unwrap_or(nothing))
                .collect();
        }
        self.kinds.unpack(|kind| self.kind_table.get(kind as usize).map_or(nothing, &part))
    }

    /// Copies the columns of these rows.
    pub(crate) fn gather(&self, rows: &[u32], to: &mut Batch) {
        let [src_ip, dst_ip] = &self.ends;
        let [src_port, dst_port] = &self.ports;
        for row in rows.iter().map(|row| *row as usize).filter(|row| *row < self.rows) {
            to.time_ms.push(self.first_ms.wrapping_add(self.times.get(row) as i64));
            to.src_ip.push(src_ip.get(row) as u32);
            to.dst_ip.push(dst_ip.get(row) as u32);
            to.src_port.extend(src_port.get(row));
            to.dst_port.extend(dst_port.get(row));
            to.group.push(self.group.get(row) as u32);
            to.offset.extend(self.offset.get(row));
            push_kind(to, self.kind_table.get(self.kinds.get(row) as usize));
            let counted = self.place_of_counters(row);
            let [packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src] =
                self.counters.each_ref().map(|column| counted.map_or(0, |place| column.get(place)));
            to.packets_src_to_dst.push(packets_src_to_dst);
            to.bytes_src_to_dst.push(bytes_src_to_dst);
            to.packets_dst_to_src.push(packets_dst_to_src);
            to.bytes_dst_to_src.push(bytes_dst_to_src);
        }
    }

    /// Where a row's counters stand among those above zero.
    fn place_of_counters(&self, row: usize) -> Option<usize> {
        let word = self.counted.get(row / 64)?;
        let bit = 1_u64 << (row % 64);
        let before = self.counted.iter().take(row / 64).map(|word| word.count_ones() as usize).sum::<usize>();
        (word & bit != 0).then(|| before + (word & (bit - 1)).count_ones() as usize)
    }

    /// Puts the columns back into their batch for as long as that takes.
    pub(crate) fn with<R>(
        &mut self,
        batch: &mut Batch,
        parts: Parts,
        take: impl FnOnce(&mut Batch) -> R,
    ) -> R {
        self.unpack(batch, parts);
        let result = take(batch);
        self.take_back(batch);
        result
    }

    // Not inlined: it is much code, and rows are asked for in many places.
    #[inline(never)]
    fn unpack(&mut self, batch: &mut Batch, parts: Parts) {
        // Times in any case: they are how many rows there are.
        batch.time_ms = if parts.has(Parts::TIME) { self.times_ms() } else { vec![0; self.rows] };
        let [src_ip, dst_ip] = &self.ends;
        if parts.has(Parts::SRC_IP) {
            batch.src_ip = src_ip.codes();
        }
        if parts.has(Parts::DST_IP) {
            batch.dst_ip = dst_ip.codes();
        }
        if parts.has(Parts::GROUP) {
            batch.group = self.group.codes();
        }
        let [src_port, dst_port] = &mut self.ports;
        core::mem::swap(&mut batch.src_port, src_port);
        core::mem::swap(&mut batch.dst_port, dst_port);
        core::mem::swap(&mut batch.offset, &mut self.offset);
        if parts.has(Parts::PROTOCOL) {
            batch.protocol = self.kind_parts(0, |kind| kind.0);
        }
        if parts.has(Parts::DIRECTION) {
            batch.direction = self.kind_parts(Direction::Inbound, |kind| kind.1);
        }
        if parts.has(Parts::ACTION) {
            batch.action = self.kind_parts(Action::Allow, |kind| kind.2);
        }
        if parts.has(Parts::STATE) {
            batch.state = self.kind_parts(None, |kind| kind.3);
        }
        if parts.has(Parts::ENCRYPTION) {
            batch.encryption = self.kind_parts(None, |kind| kind.4);
        }
        if parts.has(Parts::VERSION) {
            batch.version = self.kind_parts(0, |kind| kind.5);
        }
        if parts.has(Parts::LOGGED) {
            batch.logged = self.kind_parts(0, |kind| kind.6);
        }
        if !parts.has(Parts::COUNTERS) {
            return;
        }
        let [packets_src_to_dst, bytes_src_to_dst, packets_dst_to_src, bytes_dst_to_src] =
            self.counters.each_ref().map(|column| column.unpack_counted(self.rows, &self.counted));
        batch.packets_src_to_dst = packets_src_to_dst;
        batch.bytes_src_to_dst = bytes_src_to_dst;
        batch.packets_dst_to_src = packets_dst_to_src;
        batch.bytes_dst_to_src = bytes_dst_to_src;
    }

    #[inline(never)]
    fn take_back(&mut self, batch: &mut Batch) {
        let [src_port, dst_port] = &mut self.ports;
        core::mem::swap(&mut batch.src_port, src_port);
        core::mem::swap(&mut batch.dst_port, dst_port);
        core::mem::swap(&mut batch.offset, &mut self.offset);
        empty(batch);
    }
}

fn push_kind(batch: &mut Batch, kind: Option<&Kind>) {
    let Some((protocol, direction, action, state, encryption, version, logged)) = kind else { return };
    batch.protocol.push(*protocol);
    batch.direction.push(*direction);
    batch.action.push(*action);
    batch.state.push(*state);
    batch.encryption.push(*encryption);
    batch.version.push(*version);
    batch.logged.push(*logged);
}

/// Each row's code of what it says in few values, and what the codes stand for.
fn kinds_of(batch: &Batch) -> (Narrow, Vec<Kind>) {
    let mut table: Vec<Kind> = Vec::new();
    let mut last: Option<(Kind, usize)> = None;
    let mut of_rows = Vec::with_capacity(batch.len());
    for row in 0..batch.len() {
        let (
            Some(protocol),
            Some(direction),
            Some(action),
            Some(state),
            Some(encryption),
            Some(version),
            Some(logged),
        ) = (
            batch.protocol.get(row),
            batch.direction.get(row),
            batch.action.get(row),
            batch.state.get(row),
            batch.encryption.get(row),
            batch.version.get(row),
            batch.logged.get(row),
        )
        else {
            break;
        };
        let kind = (*protocol, *direction, *action, *state, *encryption, *version, *logged);
        // Neighbouring rows often are of one kind, and there are a few dozen of them.
        let code = match last {
            Some((known, code)) if known == kind => code,
            _ => table.iter().position(|known| *known == kind).unwrap_or_else(|| {
                table.push(kind);
                table.len() - 1
            }),
        };
        last = Some((kind, code));
        of_rows.push(code as u64);
    }
    (Narrow::of(&of_rows), table)
}

/// Leaves a batch without rows, and gives their room back.
fn empty(batch: &mut Batch) {
    let mut rest = Batch::default();
    core::mem::swap(&mut rest.addresses, &mut batch.addresses);
    core::mem::swap(&mut rest.texts, &mut batch.texts);
    core::mem::swap(&mut rest.groups, &mut batch.groups);
    core::mem::swap(&mut rest.records, &mut batch.records);
    *batch = rest;
}

#[cfg(test)]
mod tests;
