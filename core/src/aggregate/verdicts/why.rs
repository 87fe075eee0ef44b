//! `why`: why can't A reach B? The verdict by rule over time at each NIC, and a plain sentence.
//!
//! Flows from A to B on the port count, and, as they may explain it, flows from B to A on that port. The table has a
//! row for each stretch of time in which one rule of one NIC gave one verdict: `src_ip, dst_ip, dst_port, protocol,
//! mac, direction, rule, rule_origin, acl_id, verdict, first_time, last_time, tries, bytes`. A stretch ends when the
//! same NIC judges such a flow otherwise; only flows that began or were denied make stretches (`tries`, `first_time`,
//! `last_time`), for a session that goes on after a new rule is no verdict of today. Rows that go on or end add their
//! bytes to the stretch they belong to. Every NIC on the path has rows of its own: tries of different NICs are the
//! same tries. The sentence stands in the table's notes.
//!
//! A NIC is taken to be B's where B is the near end of more than half of its tuples.
//!
//! Memory: the tuples between the two addresses, and an entry a NIC.

mod sentence;
#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::answer::Answer;
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::batch::Batch;
use crate::origin::RuleOrigin;
use crate::sorting::sort_by;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::{Action, Direction, starts_flow};
use core::net::IpAddr;
use std::collections::BTreeMap;

/// Why the source can't reach the destination on a port, or on any.
#[derive(Clone, Debug)]
pub struct Why {
    src_ip: IpAddr,
    dst_ip: IpAddr,
    port: Option<u16>,
    seen: BTreeMap<Judged, Vec<Event>>,
    nics: BTreeMap<Option<String>, Near>,
    data: TimeSpan,
}

travels!(Why { src_ip, dst_ip, port, seen, nics, data });

/// Where and by what a tuple was judged. The first five fields are the place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Judged {
    /// From the destination to the source.
    is_backwards: bool,
    dst_port: u16,
    protocol: u8,
    mac: Option<String>,
    direction: Direction,
    rule: Option<String>,
    origin: Option<RuleOrigin>,
    acl_id: Option<String>,
    verdict: Action,
}

travels!(Judged { is_backwards, dst_port, protocol, mac, direction, rule, origin, acl_id, verdict });

/// One tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    time_ms: i64,
    is_try: bool,
    bytes: Option<u64>,
    is_answered: bool,
    is_silent: bool,
}

travels!(Event { time_ms, is_try, bytes, is_answered, is_silent });

/// Tuples of a NIC, and how many have the source or the destination at the near end.
#[derive(Clone, Copy, Debug, Default)]
struct Near {
    tuples: u64,
    src: u64,
    dst: u64,
}

travels!(Near { tuples, src, dst });

/// A time in which a NIC judged alike.
#[derive(Clone, Debug)]
struct Stretch<'s> {
    judged: &'s Judged,
    tries: u64,
    /// Of the tries, or of all tuples where there are none.
    span: TimeSpan,
    bytes: Option<u64>,
    is_answered: bool,
    is_silent: bool,
}

impl Why {
    /// The question; without a port every port counts.
    #[must_use]
    pub fn new(src_ip: IpAddr, dst_ip: IpAddr, port: Option<u16>) -> Why {
        Why { src_ip, dst_ip, port, seen: BTreeMap::new(), nics: BTreeMap::new(), data: TimeSpan::default() }
    }

    /// All stretches: flows forwards first, then in order of time.
    fn stretches(&self) -> Vec<Stretch<'_>> {
        let mut places: BTreeMap<_, Vec<(i64, bool, &Judged, &Event)>> = BTreeMap::new();
        for (judged, events) in &self.seen {
            let events = events.iter().map(|event| (event.time_ms, !event.is_try, judged, event));
            places.entry(judged.place()).or_default().extend(events);
        }
        let mut stretches = Vec::new();
        for events in places.values_mut() {
            // Tries first at one time: a flow that ends at once belongs to its own stretch.
            sort_by(events, Ord::cmp);
            stretches.extend(stretches_of(events));
        }
        sort_by(&mut stretches, |one, other| {
            let key = |stretch: &Stretch<'_>| (stretch.judged.is_backwards, stretch.span.first_ms());
            key(one).cmp(&key(other)).then_with(|| one.judged.cmp(other.judged))
        });
        stretches
    }
}

impl Judged {
    fn place(&self) -> (bool, u16, u8, Option<&str>, Direction) {
        (self.is_backwards, self.dst_port, self.protocol, self.mac.as_deref(), self.direction)
    }
}

impl Stretch<'_> {
    fn new<'s>(judged: &'s Judged) -> Stretch<'s> {
        let span = TimeSpan::default();
        Stretch { judged, tries: 0, span, bytes: None, is_answered: false, is_silent: false }
    }

    fn add(&mut self, event: &Event) {
        if event.is_try && self.tries == 0 {
            self.span = TimeSpan::default();
        }
        if event.is_try || self.tries == 0 {
            self.span.add(event.time_ms);
        }
        self.tries += u64::from(event.is_try);
        self.bytes = match (self.bytes, event.bytes) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        self.is_answered |= event.is_answered;
        self.is_silent |= event.is_silent;
    }
}

/// The stretches of one place, from its tuples in order of time.
fn stretches_of<'s>(events: &[(i64, bool, &'s Judged, &'s Event)]) -> Vec<Stretch<'s>> {
    let mut stretches: Vec<Stretch<'s>> = Vec::new();
    let mut current: Option<usize> = None;
    for (_, _, judged, event) in events {
        let of_same = |stretch: &Stretch<'_>| stretch.judged == *judged;
        let position = if event.is_try {
            // Flows from before the data make a stretch without tries, which the first try then joins.
            let open = current.or_else(|| stretches.iter().position(of_same));
            open.filter(|position| stretches.get(*position).is_some_and(of_same))
        } else {
            stretches.iter().rposition(of_same)
        };
        let position = position.unwrap_or_else(|| {
            stretches.push(Stretch::new(judged));
            stretches.len() - 1
        });
        if event.is_try {
            current = Some(position);
        }
        if let Some(stretch) = stretches.get_mut(position) {
            stretch.add(event);
        }
    }
    stretches
}

impl Aggregate for Why {
    const NAME: &'static str = "why";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let (src, dst) = (batch.addresses.code(self.src_ip), batch.addresses.code(self.dst_ip));
        let mut near_of = vec![Near::default(); batch.groups.len()];
        let ends = batch.src_ip.iter().zip(&batch.dst_ip).zip(&batch.direction).zip(&batch.group);
        for (row, (((from, to), direction), group)) in ends.enumerate() {
            if let Some(near) = near_of.get_mut(*group as usize) {
                let end = if *direction == Direction::Outbound { Some(*from) } else { Some(*to) };
                near.tuples += 1;
                near.src += u64::from(end == src);
                near.dst += u64::from(end == dst);
            }
            let is_forwards = Some(*from) == src && Some(*to) == dst;
            let is_backwards = Some(*from) == dst && Some(*to) == src;
            if is_forwards || is_backwards {
                self.add_row(batch, row, !is_forwards);
            }
            if let Some(time_ms) = batch.time_ms.get(row) {
                self.data.add(*time_ms);
            }
        }
        for (group, near) in batch.groups.iter().zip(near_of).filter(|(_, near)| near.tuples > 0) {
            let own = self.nics.entry(batch.text(group.mac).map(str::to_owned)).or_default();
            own.add(near);
        }
    }

    fn merge(&mut self, other: Why) {
        for (judged, events) in other.seen {
            self.seen.entry(judged).or_default().extend(events);
        }
        for (mac, near) in other.nics {
            self.nics.entry(mac).or_default().add(near);
        }
        self.data.merge(other.data);
    }

    fn finish(self) -> Table {
        let sentence = self.sentence();
        let stretches = self.stretches();
        let ends = |stretch: &Stretch<'_>| {
            if stretch.judged.is_backwards { (self.dst_ip, self.src_ip) } else { (self.src_ip, self.dst_ip) }
        };
        let mut table = Rows::of(&stretches)
            .address("src_ip", |stretch| Some(ends(stretch).0))
            .address("dst_ip", |stretch| Some(ends(stretch).1))
            .port("dst_port", |stretch| Some(stretch.judged.dst_port))
            .small("protocol", |stretch| Some(stretch.judged.protocol))
            .text("mac", |stretch| stretch.judged.mac.clone())
            .text("direction", |stretch| Some(stretch.judged.direction.name()))
            .text("rule", |stretch| stretch.judged.rule.clone())
            .text("rule_origin", |stretch| stretch.judged.origin.map(RuleOrigin::name))
            .text("acl_id", |stretch| stretch.judged.acl_id.clone())
            .text("verdict", |stretch| Some(stretch.judged.verdict.name()))
            .time("first_time", |stretch| stretch.span.first_ms())
            .time("last_time", |stretch| stretch.span.last_ms())
            .number("tries", |stretch| Some(stretch.tries))
            .number("bytes", |stretch| stretch.bytes)
            .table();
        table.notes.push(sentence);
        table
    }
}

impl Near {
    fn add(&mut self, other: Near) {
        self.tuples += other.tuples;
        self.src += other.src;
        self.dst += other.dst;
    }
}

impl Why {
    fn add_row(&mut self, batch: &Batch, row: usize, is_backwards: bool) {
        let (Some(tuple), Some((group, _))) = (batch.tuple(row), batch.place(row)) else { return };
        if self.port.is_some_and(|port| port != tuple.dst_port) {
            return;
        }
        let text = |code| batch.text(code).map(str::to_owned);
        let judged = Judged {
            is_backwards,
            dst_port: tuple.dst_port,
            protocol: tuple.protocol,
            mac: text(group.mac),
            direction: tuple.direction,
            rule: text(group.rule),
            origin: group.rule_origin,
            acl_id: text(group.acl_id),
            verdict: tuple.action,
        };
        let bytes = match (tuple.counters.bytes_src_to_dst, tuple.counters.bytes_dst_to_src) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        let answer = Answer::of(batch, row);
        self.seen.entry(judged).or_default().push(Event {
            time_ms: tuple.time_ms,
            is_try: starts_flow(tuple.action, tuple.state),
            bytes,
            is_answered: answer == Answer::Came,
            is_silent: answer == Answer::Missing,
        });
    }
}
