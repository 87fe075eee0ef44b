//! `top`: who is biggest, by any key and any counter.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::key_table::{KeyTable, Pairs};
use crate::aggregate::building_blocks::keys::{End, Key, KeyValue};
use crate::aggregate::building_blocks::recent::Recent;
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::dictionary::Addresses;
use crate::groups::Groups;
use crate::sorting::sort_by;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::names;
use core::fmt;
use foldhash::fast::FixedState;
use std::collections::HashSet;
use std::sync::Arc;

/// The counter that decides who is biggest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Tuples.
    Tuples,
    /// Flows that began or were denied.
    Flows,
    /// Denied tuples.
    Denied,
    /// Packets from source to destination.
    PacketsSrcToDst,
    /// Bytes from source to destination.
    BytesSrcToDst,
    /// Packets from destination to source.
    PacketsDstToSrc,
    /// Bytes from destination to source.
    BytesDstToSrc,
    /// Bytes in both directions.
    Bytes,
    /// Packets in both directions.
    Packets,
    /// Distinct peers.
    Peers,
}

names!(Metric {
    Tuples => "tuples",
    Flows => "flows",
    Denied => "denied",
    PacketsSrcToDst => "packets_src_to_dst",
    BytesSrcToDst => "bytes_src_to_dst",
    PacketsDstToSrc => "packets_dst_to_src",
    BytesDstToSrc => "bytes_dst_to_src",
    Bytes => "bytes",
    Packets => "packets",
    Peers => "peers",
});

/// What `top` shall show.
#[derive(Clone, Debug)]
pub struct TopOptions {
    /// What to group by (default: `src_ip`).
    pub by: Vec<Key>,
    /// What decides the order (default: bytes in both directions).
    pub metric: Metric,
    /// How many keys (default: 10).
    pub n: usize,
    /// The smallest instead of the biggest (default: no).
    pub bottom: bool,
    /// Names for networks, for keys by group.
    pub groups: Arc<Groups>,
}

impl Default for TopOptions {
    fn default() -> Self {
        TopOptions {
            by: vec![Key::Column("src_ip")],
            metric: Metric::Bytes,
            n: 10,
            bottom: false,
            groups: Arc::new(Groups::default()),
        }
    }
}

/// Totals and peers of every key.
///
/// A key's peers are the distinct addresses at the other end where the key tells one end, and the distinct pairs of
/// source and destination where it tells both or neither.
#[derive(Clone, Debug)]
pub struct Top {
    options: TopOptions,
    keys: KeyTable,
    totals: Vec<Totals>,
    peers: Peers,
}

travels!(Top { keys, totals, peers } without options);

/// Distinct peers of every key, as pairs (key, peer).
#[derive(Clone, Debug, Default)]
struct Peers {
    addresses: Addresses,
    /// Peers that are pairs of addresses.
    pairs: Pairs,
    seen: HashSet<(u32, u32), FixedState>,
}

travels!(Peers { addresses, pairs, seen });

impl Top {
    /// An empty one with these options.
    #[must_use]
    pub fn new(options: TopOptions) -> Top {
        let keys = KeyTable::new(&options.by, Arc::clone(&options.groups));
        Top { options, keys, totals: Vec::new(), peers: Peers::default() }
    }

    /// The end whose addresses are counted as peers; `None` for pairs.
    fn peer_end(&self) -> Option<End> {
        let ends: Vec<End> = self.options.by.iter().filter_map(Key::end).collect();
        let is_about = |end| ends.contains(&end);
        match (is_about(End::Src), is_about(End::Dst)) {
            (true, false) => Some(End::Dst),
            (false, true) => Some(End::Src),
            _ => None,
        }
    }

    fn add_peers(&mut self, batch: &Batch, codes: &[u32]) {
        let peer_end = self.peer_end();
        let peers = &mut self.peers;
        let own: Vec<u32> =
            batch.addresses.values().iter().map(|address| peers.addresses.intern(*address)).collect();
        let own = |code: u32| own.get(code as usize).copied().unwrap_or(0);
        let mut recent = Recent::default();
        for ((key, src), dst) in codes.iter().zip(&batch.src_ip).zip(&batch.dst_ip) {
            let seen = u128::from(*key) << 64 | u128::from(*src) << 32 | u128::from(*dst);
            recent.number(seen, || {
                let peer = match peer_end {
                    Some(End::Src) => own(*src),
                    Some(End::Dst) => own(*dst),
                    None => peers.pairs.intern((own(*src), own(*dst))),
                };
                peers.seen.insert((*key, peer));
                0
            });
        }
    }

    /// Distinct peers of each key, and of all keys for which `is_other` says so.
    fn count_peers(&self, is_other: &[bool]) -> (Vec<u64>, u64) {
        let mut counts = vec![0; self.totals.len()];
        let mut others: HashSet<u32, FixedState> = HashSet::default();
        for (key, peer) in &self.peers.seen {
            if let Some(count) = counts.get_mut(*key as usize) {
                *count += 1;
            }
            if is_other.get(*key as usize).copied().unwrap_or(false) {
                others.insert(*peer);
            }
        }
        (counts, others.len() as u64)
    }

    fn metric(&self, totals: &Totals, peers: u64) -> Option<u64> {
        match self.options.metric {
            Metric::Tuples => Some(totals.tuples),
            Metric::Flows => Some(totals.flows),
            Metric::Denied => Some(totals.denied),
            Metric::PacketsSrcToDst => totals.packets_src_to_dst(),
            Metric::BytesSrcToDst => totals.bytes_src_to_dst(),
            Metric::PacketsDstToSrc => totals.packets_dst_to_src(),
            Metric::BytesDstToSrc => totals.bytes_dst_to_src(),
            Metric::Bytes => totals.bytes(),
            Metric::Packets => totals.packets(),
            Metric::Peers => Some(peers),
        }
    }
}

impl Aggregate for Top {
    const NAME: &'static str = "top";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let codes = self.keys.codes(batch);
        for (row, code) in codes.iter().enumerate() {
            let code = *code as usize;
            if code >= self.totals.len() {
                self.totals.resize(code + 1, Totals::default());
            }
            if let Some(totals) = self.totals.get_mut(code) {
                totals.add(batch, row);
            }
        }
        self.add_peers(batch, &codes);
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let is_told = self.keys.are_told_by_cells();
        if is_told {
            self.add(condensed.cells);
        }
        is_told
    }

    fn merge(&mut self, other: Top) {
        let keys: Vec<u32> =
            (0..other.totals.len() as u32).map(|code| self.keys.code_of(other.keys.values(code))).collect();
        for (totals, code) in other.totals.iter().zip(&keys) {
            let code = *code as usize;
            if code >= self.totals.len() {
                self.totals.resize(code + 1, Totals::default());
            }
            if let Some(own) = self.totals.get_mut(code) {
                own.merge(totals);
            }
        }
        let has_pairs = self.peer_end().is_none();
        let addresses: Vec<u32> = other
            .peers
            .addresses
            .values()
            .iter()
            .map(|address| self.peers.addresses.intern(*address))
            .collect();
        let address = |code: u32| addresses.get(code as usize).copied().unwrap_or(0);
        for (key, peer) in &other.peers.seen {
            let peer = if has_pairs {
                let (src, dst) = other.peers.pairs.get(*peer);
                self.peers.pairs.intern((address(src), address(dst)))
            } else {
                address(*peer)
            };
            self.peers.seen.insert((keys.get(*key as usize).copied().unwrap_or(0), peer));
        }
    }

    fn finish(self) -> Table {
        let (peers, _) = self.count_peers(&[]);
        let mut ranked: Vec<(usize, Vec<KeyValue>, Option<u64>)> = self
            .totals
            .iter()
            .zip(&peers)
            .enumerate()
            .map(|(code, (totals, peers))| (code, self.keys.values(code as u32), self.metric(totals, *peers)))
            .collect();
        // Null comes last either way; equals stand in the order of their keys, so the answer never depends on the
        // order in which rows came.
        sort_by(&mut ranked, |(_, one_key, one), (_, other_key, other)| {
            let by_metric = match (one, other) {
                (Some(one), Some(other)) if self.options.bottom => one.cmp(other),
                (Some(one), Some(other)) => other.cmp(one),
                (one, other) => other.is_some().cmp(&one.is_some()),
            };
            by_metric.then_with(|| one_key.cmp(other_key))
        });

        let mut is_other = vec![false; self.totals.len()];
        let mut others = Totals::default();
        for (code, _, _) in ranked.iter().skip(self.options.n) {
            if let (Some(is_other), Some(totals)) = (is_other.get_mut(*code), self.totals.get(*code)) {
                *is_other = true;
                others.merge(totals);
            }
        }
        let (_, peers_of_others) = self.count_peers(&is_other);
        let mut whole = Totals::default();
        self.totals.iter().for_each(|totals| whole.merge(totals));
        let whole_metric = match self.options.metric {
            // Peers of several keys overlap, so a share of them means nothing.
            Metric::Peers => None,
            _ => self.metric(&whole, 0),
        };

        let has_others = ranked.len() > self.options.n;
        ranked.truncate(self.options.n);
        let mut rows: Vec<Totals> =
            ranked.iter().filter_map(|(code, _, _)| self.totals.get(*code).copied()).collect();
        let mut peer_column: Vec<Option<u64>> =
            ranked.iter().map(|(code, _, _)| peers.get(*code).copied()).collect();
        let mut key_rows: Vec<Option<Vec<KeyValue>>> =
            ranked.into_iter().map(|(_, key, _)| Some(key)).collect();
        if has_others {
            rows.push(others);
            peer_column.push(Some(peers_of_others));
            key_rows.push(None);
        }
        let share = rows.iter().zip(&peer_column).map(|(totals, peers)| {
            let (part, whole) = (self.metric(totals, peers.unwrap_or(0))?, whole_metric?);
            (whole > 0).then(|| part as f64 / whole as f64)
        });
        let share = Values::F64(share.collect());

        let mut table = Table::default();
        self.keys.add_columns(&mut table, key_rows.iter().map(Option::as_deref));
        add_columns(&mut table, &rows);
        table.add("peers", Values::U64(peer_column));
        table.add("share", share);
        table
    }
}
