//! Who tried to reach what, kept apart by the place that logged it.
//!
//! Every NIC on a path logs the flow, so one attempt may stand four times in the logs, some milliseconds apart.
//! Each conversation is therefore kept once for every place (a NIC and a direction there) that logged it, and
//! whoever asks for a number of events takes the highest of the places: that is how often it happened.
//!
//! Not here: what is counted at a place. The analyses bring that as a [`Tally`].

use super::lanes::{Lanes, Order};
use super::source_ports::SourcePorts;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::filter::Filter;
use crate::travel::travels;
use core::fmt;
use core::net::IpAddr;

/// A 5-tuple without its source port, in the order in which results are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Conversation {
    pub(crate) src_ip: IpAddr,
    pub(crate) dst_ip: IpAddr,
    pub(crate) dst_port: u16,
    pub(crate) protocol: u8,
}

impl Conversation {
    /// The filter that shows the conversation's tuples.
    pub(crate) fn filter(&self) -> String {
        let Conversation { src_ip, dst_ip, dst_port, protocol } = self;
        format!("src host {src_ip} and dst host {dst_ip} and dst port {dst_port} and proto {protocol}")
    }
}

impl fmt::Display for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            number => format!("protocol {number}"),
        };
        write!(formatter, "{} to {} on {protocol} {}", self.src_ip, self.dst_ip, self.dst_port)
    }
}

/// What an analysis keeps for a conversation at a place.
pub(crate) trait Tally: Default {
    /// Takes in what another one has taken in.
    fn merge(&mut self, other: Self);
}

/// Tallies of all conversations at all places.
#[derive(Clone, Debug)]
pub(crate) struct Attempts<T> {
    lanes: Lanes,
    /// By the number of the lane.
    tallies: Vec<T>,
}

travels!(Attempts<T> { lanes, tallies });

impl<T> Default for Attempts<T> {
    fn default() -> Self {
        Attempts { lanes: Lanes::default(), tallies: Vec::new() }
    }
}

impl<T: Tally> Attempts<T> {
    /// Hands every wanted row to the tally of its conversation and place. Both are told by the row's cell, about
    /// which `is_wanted` is asked; what `take` gets is the row.
    #[inline]
    pub(crate) fn add(
        &mut self,
        condensed: &Condensed<'_>,
        is_wanted: impl Fn(usize) -> bool,
        mut take: impl FnMut(&mut T, usize),
    ) {
        let lanes = self.lanes_of(condensed.cells, is_wanted);
        self.add_rows(condensed, &lanes, |tally, row, _| take(tally, row));
    }

    /// Hands every cell, or row where these are not summed, to the tally of its conversation and place.
    #[inline]
    pub(crate) fn add_cells(
        &mut self,
        cells: &Batch,
        is_wanted: impl Fn(usize) -> bool,
        take: impl FnMut(&mut T, usize),
    ) {
        let lanes = self.lanes_of(cells, is_wanted);
        self.add_at(&lanes, take);
    }

    /// The lane of each wanted cell, with a tally for each; [`NO_LANE`](super::lanes::NO_LANE) for the others.
    #[inline]
    pub(crate) fn lanes_of(&mut self, cells: &Batch, is_wanted: impl Fn(usize) -> bool) -> Vec<u32> {
        let lanes = self.lanes.of_rows(cells, is_wanted);
        self.tallies.resize_with(self.lanes.len(), T::default);
        lanes
    }

    /// Hands all cells that have one of these lanes to its tally.
    #[inline]
    pub(crate) fn add_at(&mut self, lanes: &[u32], mut take: impl FnMut(&mut T, usize)) {
        for (cell, lane) in lanes.iter().enumerate() {
            if let Some(tally) = self.tallies.get_mut(*lane as usize) {
                take(tally, cell);
            }
        }
    }

    /// Hands the rows of all cells that have one of these lanes to its tally, with row and cell.
    #[inline]
    pub(crate) fn add_rows(
        &mut self,
        condensed: &Condensed<'_>,
        lanes: &[u32],
        mut take: impl FnMut(&mut T, usize, usize),
    ) {
        condensed.for_each_row(|row, cell, _| {
            let tally = lanes.get(cell).and_then(|lane| self.tallies.get_mut(*lane as usize));
            if let Some(tally) = tally {
                take(tally, row, cell);
            }
        });
    }

    /// Takes in what another one has taken in.
    pub(crate) fn merge(&mut self, other: Attempts<T>) {
        let lanes = self.lanes.merge(other.lanes);
        self.tallies.resize_with(self.lanes.len(), T::default);
        for (lane, tally) in lanes.into_iter().zip(other.tallies) {
            if let Some(own) = self.tallies.get_mut(lane as usize) {
                own.merge(tally);
            }
        }
    }

    /// Hands over all conversations in order, each with the tallies of its places in the order of NIC and direction.
    pub(crate) fn for_each_conversation<'t>(&'t self, visit: impl FnMut(&Conversation, &[&'t T])) {
        self.for_each_kept(&self.lanes.order(), None, visit);
    }

    /// The order in which conversations are handed over.
    pub(crate) fn order(&self) -> Order {
        self.lanes.order()
    }

    /// For each lane whether a filter keeps its tuples, whose source ports its tally knows; `None` where it may keep some of a
    /// lane's tuples and not all.
    pub(crate) fn kept_by(
        &self,
        filter: &Filter,
        ports_of: impl Fn(&T) -> &SourcePorts,
    ) -> Option<Vec<bool>> {
        self.lanes.kept_by(filter, self.tallies.iter().map(ports_of))
    }

    /// The tallies of all lanes that are kept, in no order.
    pub(crate) fn kept(&self, kept: Option<&[bool]>) -> impl Iterator<Item = &T> {
        let is_kept = move |lane: usize| kept.is_none_or(|kept| kept.get(lane) == Some(&true));
        self.tallies.iter().enumerate().filter(move |(lane, _)| is_kept(*lane)).map(|(_, tally)| tally)
    }

    /// As [`Attempts::for_each_conversation`], in an order that is known, and without the lanes that are not kept.
    pub(crate) fn for_each_kept<'t>(
        &'t self,
        order: &Order,
        kept: Option<&[bool]>,
        mut visit: impl FnMut(&Conversation, &[&'t T]),
    ) {
        let mut places: Vec<&T> = Vec::new();
        self.lanes.for_each_conversation(order, kept, |conversation, lanes| {
            places.clear();
            places.extend(lanes.iter().filter_map(|lane| self.tallies.get(*lane as usize)));
            visit(conversation, &places);
        });
    }
}

/// The highest of a number at all places of a conversation: how often it happened.
pub(crate) fn highest<T>(places: &[&T], number: impl Fn(&T) -> u64) -> u64 {
    places.iter().map(|place| number(place)).max().unwrap_or(0)
}
