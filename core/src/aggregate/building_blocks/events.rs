//! What happened to each flow, tuple by tuple, in order of time: the ground of sessions and honest rates.
//!
//! Logs come in any order (files of different hours, records out of order inside them), so which tuple came before
//! which is known only at the end. Unlike other analyses these therefore keep something of every tuple: 24 bytes,
//! and 32 more where it has counters above zero. Not here: what the order of tuples means.

use super::flow_table::FlowTable;
use super::totals::Totals;
use crate::batch::Batch;
use crate::travel::{travels, travels_by_place};
use crate::tuple::{Action, State};

/// What a tuple says of its flow; in this order at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Denied,
    /// NSG version 1 has one tuple for a flow and no states.
    Whole,
    Begin,
    Continue,
    End,
}

impl Kind {
    const ALL: &[Kind] = &[Kind::Denied, Kind::Whole, Kind::Begin, Kind::Continue, Kind::End];
}

travels_by_place!(Kind, Denied);

/// One tuple. Equal tuples are separate events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) time_ms: i64,
    pub(crate) flow: u32,
    /// Whatever the analysis wants to know of the tuple again.
    pub(crate) tag: u32,
    /// Place in the counters, or `ALL_ZERO`.
    counters: u32,
    pub(crate) kind: Kind,
    /// As in `Batch::logged`.
    pub(crate) logged: u8,
}

travels!(Event { time_ms, flow, tag, counters, kind, logged });

/// The counters of a tuple that has none above zero, logged or not.
const ALL_ZERO: u32 = u32::MAX;

/// Events of flows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Events {
    pub(crate) flows: FlowTable,
    events: Chunked<Event>,
    counters: Chunked<[u64; 4]>,
}

travels!(Events { flows, events, counters });

/// The events of each flow, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ordered {
    /// Numbers of events, flow by flow.
    events: Vec<u32>,
    /// Where each flow ends in `events`.
    ends: Vec<u32>,
}

impl Events {
    /// Takes in all tuples of a batch, with a tag for each row.
    pub(crate) fn add(&mut self, batch: &Batch, tag: impl Fn(usize) -> u32) {
        let translation = self.flows.translate(batch);
        for row in 0..batch.len() {
            if let Some(flow) = translation.flow(batch, row) {
                self.add_row(batch, row, flow, tag(row));
            }
        }
    }

    /// Takes in a tuple of that flow.
    pub(crate) fn add_row(&mut self, rows: &Batch, row: usize, flow: u128, tag: u32) {
        let (Some(time_ms), Some(kind), Some(logged)) =
            (rows.time_ms.get(row), Kind::of_row(rows, row), rows.logged.get(row))
        else {
            return;
        };
        let flow = self.flows.intern(flow);
        let counters = self.keep_counters(rows.amounts(row));
        self.events.push(Event { time_ms: *time_ms, flow, tag, counters, kind, logged: *logged });
    }

    /// Takes in the events of others; `tag` translates their tags.
    pub(crate) fn merge(&mut self, other: &Events, tag: impl Fn(u32) -> u32) {
        let (flows, _) = self.flows.absorb(&other.flows);
        for event in other.events.iter() {
            let counters = self.keep_counters(other.counters(event));
            let flow = flows.get(event.flow as usize).copied().unwrap_or(0);
            self.events.push(Event { flow, tag: tag(event.tag), counters, ..*event });
        }
    }

    /// The counters of an event; 0 where not logged.
    pub(crate) fn counters(&self, event: &Event) -> [u64; 4] {
        self.counters.get(event.counters).copied().unwrap_or_default()
    }

    /// Takes an event into sums.
    pub(crate) fn add_to(&self, event: &Event, totals: &mut Totals) {
        totals.tuples += 1;
        totals.flows += u64::from(event.kind <= Kind::Begin);
        totals.denied += u64::from(event.kind == Kind::Denied);
        totals.add_counters(self.counters(event), event.logged);
    }

    /// Sorts the events by flow and time; of one time in the order of their kinds and counters.
    pub(crate) fn ordered(&self) -> Ordered {
        let mut ends = vec![0_u32; self.flows.len() + 1];
        for event in self.events.iter() {
            if let Some(count) = ends.get_mut(event.flow as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        // Each flow's entry now tells where it starts; filling the flow moves it to where it ends.
        ends.pop();
        let mut events = vec![0_u32; self.events.len()];
        for (number, event) in (0..).zip(self.events.iter()) {
            if let Some(place) = ends.get_mut(event.flow as usize) {
                if let Some(slot) = events.get_mut(*place as usize) {
                    *slot = number;
                }
                *place += 1;
            }
        }
        let mut start = 0;
        for end in &ends {
            if let Some(of_flow) = events.get_mut(start..*end as usize) {
                self.sort(of_flow);
            }
            start = *end as usize;
        }
        Ordered { events, ends }
    }

    fn sort(&self, of_flow: &mut [u32]) {
        let time = |number: &u32| self.events.get(*number).map(|event| (event.time_ms, event.kind));
        if of_flow.is_sorted_by(|one, next| time(one) < time(next)) {
            return;
        }
        of_flow.sort_by_cached_key(|number| {
            self.events
                .get(*number)
                .map(|event| (event.time_ms, event.kind, self.counters(event), event.logged))
        });
    }

    fn keep_counters(&mut self, counters: [u64; 4]) -> u32 {
        if counters == [0; 4] { ALL_ZERO } else { self.counters.push(counters) }
    }
}

impl Ordered {
    /// The events of that flow.
    pub(crate) fn of_flow<'e>(
        &'e self,
        flow: u32,
        events: &'e Events,
    ) -> impl Iterator<Item = &'e Event> + Clone {
        let end = self.ends.get(flow as usize).copied().unwrap_or(0) as usize;
        let start =
            flow.checked_sub(1).and_then(|before| self.ends.get(before as usize)).copied().unwrap_or(0);
        let numbers = self.events.get(start as usize..end).unwrap_or_default();
        numbers.iter().filter_map(|number| events.events.get(*number))
    }
}

impl Kind {
    #[inline]
    pub(crate) fn of_row(rows: &Batch, row: usize) -> Option<Kind> {
        Some(Kind::of(*rows.action.get(row)?, *rows.state.get(row)?))
    }

    #[inline]
    fn of(action: Action, state: Option<State>) -> Kind {
        match (action, state) {
            // An NSG version 2 denial is logged as a begin.
            (Action::Deny, _) | (_, Some(State::Deny)) => Kind::Denied,
            (Action::Allow, None) => Kind::Whole,
            (Action::Allow, Some(State::Begin)) => Kind::Begin,
            (Action::Allow, Some(State::Continue)) => Kind::Continue,
            (Action::Allow, Some(State::End)) => Kind::End,
        }
    }
}

/// Brings the sorted events of one flow into the order in which they make sense: told in time, and of one time so that a
/// flow that is open ends before it begins anew, while one that is not begins before it ends.
pub(crate) fn tell<'e>(sorted: impl Iterator<Item = &'e Event>, told: &mut Vec<&'e Event>) {
    told.clear();
    told.extend(sorted);
    if told.is_sorted_by(|one, next| one.time_ms < next.time_ms) {
        return;
    }
    let sorted = core::mem::take(told);
    let mut is_open = false;
    let mut runs = sorted.chunk_by(|one, next| one.time_ms == next.time_ms).peekable();
    while let Some(run) = runs.next() {
        let start = told.len();
        if run.len() == 1 {
            told.extend(run);
        } else {
            let next = runs.peek().and_then(|run| run.first());
            tell_at_once(run, is_open, next.is_some_and(|event| event.kind > Kind::Begin), told);
        }
        let states = told.get(start..).unwrap_or_default();
        if let Some(last) = states.iter().rfind(|event| event.kind >= Kind::Begin) {
            is_open = last.kind != Kind::End;
        }
    }
}

/// Brings events of one time into that order, appending them to `told`. Begins and ends alternate as long as there are
/// both. `goes_on` says that a continue or end follows later: then the last begin stays open.
fn tell_at_once<'e>(same_time: &[&'e Event], is_open: bool, goes_on: bool, told: &mut Vec<&'e Event>) {
    let of = |kind: Kind| same_time.iter().copied().filter(move |event| event.kind == kind);
    let (mut begins, mut ends) = (of(Kind::Begin), of(Kind::End));
    told.extend(same_time.iter().filter(|event| event.kind < Kind::Begin));
    if !is_open {
        told.extend(begins.next());
    }
    told.extend(of(Kind::Continue));
    told.extend(ends.next());
    let mut begins: Vec<&Event> = begins.collect();
    let last = if is_open && goes_on { begins.pop() } else { None };
    for begin in begins {
        told.push(begin);
        told.extend(ends.next());
    }
    told.extend(ends);
    told.extend(last);
}

/// A list that grows piece by piece: a plain one would be copied as it grows, and hold both copies meanwhile.
#[derive(Clone, Debug)]
struct Chunked<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

travels!(Chunked<T> { chunks } without len);

/// Elements in each piece but the last.
const CHUNK: usize = 1 << 16;

impl<T> Default for Chunked<T> {
    fn default() -> Self {
        Chunked { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Chunked<T> {
    fn len(&self) -> usize {
        self.len
    }

    /// Adds an element and tells its number.
    #[inline]
    fn push(&mut self, value: T) -> u32 {
        let number = self.len as u32;
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::new());
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(value);
        }
        self.len += 1;
        number
    }

    #[inline]
    fn get(&self, number: u32) -> Option<&T> {
        self.chunks.get(number as usize / CHUNK)?.get(number as usize % CHUNK)
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(kinds: &str) -> Vec<Event> {
        let kind = |letter| match letter {
            'D' => Kind::Denied,
            'W' => Kind::Whole,
            'B' => Kind::Begin,
            'C' => Kind::Continue,
            _ => Kind::End,
        };
        let event =
            |letter| Event { time_ms: 0, flow: 0, tag: 0, counters: ALL_ZERO, kind: kind(letter), logged: 0 };
        kinds.chars().map(event).collect()
    }

    #[test]
    fn events_of_one_time_are_told_in_an_order_that_makes_sense() {
        for (kinds, is_open, goes_on, expected) in [
            ("BE", false, false, "BE"),
            ("BE", true, false, "EB"),
            ("BE", true, true, "EB"),
            ("BEE", true, true, "EEB"),
            ("BEE", true, false, "EBE"),
            ("BBEE", false, false, "BEBE"),
            ("BBEE", true, true, "EBEB"),
            ("BC", false, true, "BC"),
            ("BC", true, true, "CB"),
            ("DBCE", false, false, "DBCE"),
            ("EEE", true, false, "EEE"),
            ("WW", false, false, "WW"),
        ] {
            let events = events(kinds);
            let mut told = Vec::new();
            tell_at_once(&events.iter().collect::<Vec<_>>(), is_open, goes_on, &mut told);
            let letters: String = told
                .iter()
                .map(|event| match event.kind {
                    Kind::Denied => 'D',
                    Kind::Whole => 'W',
                    Kind::Begin => 'B',
                    Kind::Continue => 'C',
                    Kind::End => 'E',
                })
                .collect();
            assert_eq!(letters, expected, "{kinds} open {is_open} goes on {goes_on}");
        }
    }

    #[test]
    fn a_list_in_pieces_keeps_every_element() {
        let mut list = Chunked::default();
        for number in 0..CHUNK as u32 * 2 + 5 {
            assert_eq!(list.push(number), number);
        }
        assert_eq!(list.len(), CHUNK * 2 + 5);
        assert!(
            (0..).zip(list.iter()).all(|(number, value)| number == *value && list.get(number) == Some(value))
        );
        assert_eq!(list.get(CHUNK as u32 * 2 + 5), None);
    }
}
