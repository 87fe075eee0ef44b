//! `sessions`: begin, continue and end tuples stitched into connections, across records, files and hours.
//!
//! A session is what one place (a NIC and a direction there) logged of one 5-tuple from begin to end. Where tuples
//! are missing it is what can be known: see [`SessionStatus`]. Not here: counting a flow once (`vantage`).
//!
//! # The rules
//!
//! * A begin starts a session; the one before, if no end was logged, stays `open` for good.
//! * A continue or end without a session belongs to one that `started_before`; several ends at one millisecond
//!   belong to one session.
//! * Every denied tuple, and every tuple of NSG version 1 (which logs no end), is a session of its own.
//! * An end and a begin at one millisecond are two sessions, both marked `recreated`: the platform made the flow's
//!   entry anew, and the later one's counters may contain the earlier one's. The documented reading, and ours, is
//!   that they add up.

use super::community_id::community_id;
use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::events::{Event, Events, Kind, Ordered, tell};
use crate::aggregate::building_blocks::flow_table::FlowParts;
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::sorting::sort_by;
use crate::table::{Table, TextColumn, Values};
use crate::travel::travels;
use crate::tuple::{Direction, names};
use core::fmt;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// How much of a session the data holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SessionStatus {
    /// It began and ended in the data.
    Ended,
    /// It began; no end was logged.
    Open,
    /// Its begin was not logged: `start` is its first tuple. `end` is null where no end was logged either.
    StartedBefore,
    /// A rule denied it.
    Denied,
}

names!(SessionStatus { Ended => "ended", Open => "open", StartedBefore => "started_before", Denied => "denied" });

/// All tuples, compactly: 24 to 56 bytes each and some 25 for each flow.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    events: Events,
}

travels!(Sessions { events });

/// The sessions in tables of a limited number of rows: see [`Sessions::tables`].
#[derive(Debug)]
pub struct SessionTables {
    events: Events,
    ordered: Ordered,
    /// Flows by their first tuple's time, then by key.
    flows: std::vec::IntoIter<u32>,
    rows_each: usize,
    is_first: bool,
    /// How many sessions of the tables so far are marked so.
    recreated: usize,
}

#[derive(Clone, Debug)]
struct Session {
    start_ms: i64,
    end_ms: Option<i64>,
    status: SessionStatus,
    totals: Totals,
    continues: u64,
    is_recreated: bool,
}

impl Sessions {
    /// No tuples yet.
    #[must_use]
    pub fn new() -> Sessions {
        Sessions::default()
    }

    /// The answer in tables of about `rows_each` rows (a flow's sessions stay together), for those who can't hold it
    /// whole: millions of rows of text take gigabytes. There is at least one table; the last one has the notes.
    ///
    /// Sessions of one flow stand together in order of time; flows stand in order of their first tuple, then of
    /// source, destination, ports, protocol, NIC and direction.
    #[must_use]
    pub fn tables(self, rows_each: usize) -> SessionTables {
        let ordered = self.events.ordered();
        let events = self.events;
        let first_ms = |flow: u32| ordered.of_flow(flow, &events).next().map(|event| event.time_ms);
        let key = |flow: u32| {
            let parts = events.flows.parts(flow)?;
            let hop = events.flows.hop(parts.hop)?;
            let FlowParts { src_ip, dst_ip, src_port, dst_port, protocol, .. } = parts;
            let mac = events.flows.mac(hop);
            Some(((src_ip, dst_ip, src_port, dst_port, protocol), (mac, hop.direction, hop.is_nsg)))
        };
        let mut flows: Vec<(Option<i64>, u32)> =
            (0..events.flows.len() as u32).map(|flow| (first_ms(flow), flow)).collect();
        sort_by(&mut flows, |(one_ms, one), (other_ms, other)| {
            one_ms.cmp(other_ms).then_with(|| key(*one).cmp(&key(*other)))
        });
        let flows: Vec<u32> = flows.into_iter().map(|(_, flow)| flow).collect();
        SessionTables { events, ordered, flows: flows.into_iter(), rows_each, is_first: true, recreated: 0 }
    }
}

impl Aggregate for Sessions {
    const NAME: &'static str = "sessions";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.events.add(batch, |_| 0);
    }

    fn merge(&mut self, other: Sessions) {
        self.events.merge(&other.events, |tag| tag);
    }

    fn finish(self) -> Table {
        self.tables(usize::MAX).next().unwrap_or_default()
    }
}

impl Iterator for SessionTables {
    type Item = Table;

    fn next(&mut self) -> Option<Table> {
        let mut rows = Rows::new(&self.events, self.rows_each.min(self.flows.len()));
        let (mut of_flow, mut sessions) = (Vec::new(), Vec::new());
        while rows.start.len() < self.rows_each {
            let Some(flow) = self.flows.next() else { break };
            tell(self.ordered.of_flow(flow, &self.events), &mut of_flow);
            stitch(&of_flow, &self.events, &mut sessions);
            rows.add(flow, &sessions, &self.events);
        }
        if rows.start.is_empty() && !self.is_first {
            return None;
        }
        self.is_first = false;
        self.recreated += rows.recreated.iter().filter(|is_recreated| **is_recreated == Some(true)).count();
        let mut table = rows.table();
        if self.flows.len() == 0 && self.recreated > 0 {
            table.notes.push(format!(
                "{} sessions are marked recreated: they ended and began again at one millisecond, and the later one's \
                 counters may already contain the earlier one's",
                self.recreated
            ));
        }
        Some(table)
    }
}

/// The sessions of one flow, from its events in the order in which they are told.
fn stitch(of_flow: &[&Event], events: &Events, sessions: &mut Vec<Session>) {
    sessions.clear();
    // The sessions that later tuples may belong to: one that goes on, and the one that ended last.
    let (mut current, mut ended): (Option<usize>, Option<usize>) = (None, None);
    for event in of_flow {
        let time_ms = event.time_ms;
        let is_at_end = |place: usize, sessions: &[Session]| {
            sessions.get(place).is_some_and(|session| session.end_ms == Some(time_ms))
        };
        let ended_now = ended.filter(|place| is_at_end(*place, sessions));
        let new = |status| Session {
            start_ms: time_ms,
            end_ms: None,
            status,
            totals: Totals::default(),
            continues: 0,
            is_recreated: false,
        };
        let place = match event.kind {
            Kind::Denied => {
                sessions.push(Session { end_ms: Some(time_ms), ..new(SessionStatus::Denied) });
                sessions.len() - 1
            }
            Kind::Whole => {
                sessions.push(new(SessionStatus::Open));
                sessions.len() - 1
            }
            Kind::Begin => {
                if let Some(before) = ended_now.and_then(|place| sessions.get_mut(place)) {
                    before.is_recreated = true;
                }
                sessions.push(Session { is_recreated: ended_now.is_some(), ..new(SessionStatus::Open) });
                current = Some(sessions.len() - 1);
                sessions.len() - 1
            }
            Kind::Continue | Kind::End => {
                let known = current.or(if event.kind == Kind::End { ended_now } else { None });
                known.unwrap_or_else(|| {
                    sessions.push(new(SessionStatus::StartedBefore));
                    current = Some(sessions.len() - 1);
                    sessions.len() - 1
                })
            }
        };
        let Some(session) = sessions.get_mut(place) else { continue };
        events.add_to(event, &mut session.totals);
        match event.kind {
            Kind::Continue => session.continues += 1,
            Kind::End => {
                session.end_ms = Some(time_ms);
                if session.status == SessionStatus::Open {
                    session.status = SessionStatus::Ended;
                }
                (current, ended) = (None, Some(place));
            }
            _ => {}
        }
    }
}

/// Columns in the making.
#[derive(Debug, Default)]
struct Rows {
    src_ip: AddressColumn,
    dst_ip: AddressColumn,
    src_port: Vec<Option<u16>>,
    dst_port: Vec<Option<u16>>,
    protocol: Vec<Option<u8>>,
    mac: TextColumn,
    direction: TextColumn,
    start: Vec<Option<i64>>,
    end: Vec<Option<i64>>,
    duration_ms: Vec<Option<u64>>,
    status: TextColumn,
    totals: Vec<Totals>,
    continues: Vec<Option<u64>>,
    recreated: Vec<Option<bool>>,
    community_id: TextColumn,
}

/// A column of addresses, each of which is written once.
#[derive(Debug, Default)]
struct AddressColumn {
    texts: TextColumn,
    /// By number of the address.
    codes: HashMap<u32, u32, FixedState>,
}

impl AddressColumn {
    fn push(&mut self, number: u32, address: IpAddr) {
        let texts = &mut self.texts;
        let code = *self.codes.entry(number).or_insert_with(|| texts.add_text(&address.to_string()));
        texts.push(Some(code));
    }
}

impl Rows {
    /// No rows, and room for that many.
    fn new(events: &Events, rows: usize) -> Rows {
        Rows {
            src_port: Vec::with_capacity(rows),
            dst_port: Vec::with_capacity(rows),
            protocol: Vec::with_capacity(rows),
            start: Vec::with_capacity(rows),
            end: Vec::with_capacity(rows),
            duration_ms: Vec::with_capacity(rows),
            totals: Vec::with_capacity(rows),
            continues: Vec::with_capacity(rows),
            recreated: Vec::with_capacity(rows),
            mac: TextColumn::with_texts(events.flows.macs.values()),
            direction: TextColumn::with_texts(Direction::ALL.iter().map(|direction| direction.name())),
            status: TextColumn::with_texts(SessionStatus::ALL.iter().map(|status| status.name())),
            ..Rows::default()
        }
    }

    fn add(&mut self, flow: u32, sessions: &[Session], events: &Events) {
        let Some(parts) = events.flows.parts(flow) else { return };
        let FlowParts { src_ip, dst_ip, src_port, dst_port, protocol, hop } = parts;
        let Some((src, dst)) = events.flows.ends(flow) else { return };
        let hop = events.flows.hop(hop);
        let id = self.community_id.add_text(&community_id(src_ip, dst_ip, src_port, dst_port, protocol));
        for session in sessions {
            self.src_ip.push(src, src_ip);
            self.dst_ip.push(dst, dst_ip);
            self.src_port.push(Some(src_port));
            self.dst_port.push(Some(dst_port));
            self.protocol.push(Some(protocol));
            self.mac.push(hop.and_then(|hop| hop.mac));
            self.direction.push(hop.map(|hop| hop.direction as u32));
            self.start.push(Some(session.start_ms));
            self.end.push(session.end_ms);
            // How long a session that started before lasted, nobody knows.
            let knows_start = session.status != SessionStatus::StartedBefore;
            let duration_ms =
                session.end_ms.and_then(|end_ms| u64::try_from(end_ms.saturating_sub(session.start_ms)).ok());
            self.duration_ms.push(duration_ms.filter(|_| knows_start));
            self.status.push(Some(session.status as u32));
            self.totals.push(session.totals);
            self.continues.push(Some(session.continues));
            self.recreated.push(Some(session.is_recreated));
            self.community_id.push(Some(id));
        }
    }

    fn table(self) -> Table {
        let mut table = Table::default();
        table.add("src_ip", Values::Text(self.src_ip.texts));
        table.add("dst_ip", Values::Text(self.dst_ip.texts));
        table.add("src_port", Values::U16(self.src_port));
        table.add("dst_port", Values::U16(self.dst_port));
        table.add("protocol", Values::U8(self.protocol));
        table.add("mac", Values::Text(self.mac));
        table.add("direction", Values::Text(self.direction));
        table.add("start", Values::TimeMs(self.start));
        table.add("end", Values::TimeMs(self.end));
        table.add("duration_ms", Values::U64(self.duration_ms));
        table.add("status", Values::Text(self.status));
        add_columns(&mut table, &self.totals);
        table.add("continues", Values::U64(self.continues));
        table.add("recreated", Values::Bool(self.recreated));
        table.add("community_id", Values::Text(self.community_id));
        table
    }
}

#[cfg(test)]
mod tests;
