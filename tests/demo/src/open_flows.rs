//! The flows with rows still to come, and a calendar of those rows by minute.
//!
//! Memory is bounded by the open flows: a flow leaves with its last row. Not here: what a row says.

use std::collections::BTreeMap;

use crate::flow::{CONTINUE_EVERY_MS, Flow, State};
use crate::options::MINUTE_MS;

/// A row that falls due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DueRow {
    pub(crate) time_ms: i64,
    pub(crate) flow: u32,
    pub(crate) state: State,
}

/// Open flows and their due rows.
#[derive(Default)]
pub(crate) struct OpenFlows {
    flows: Vec<Option<Flow>>,
    free: Vec<u32>,
    by_minute: BTreeMap<i64, Vec<DueRow>>,
    spare: Vec<DueRow>,
}

impl OpenFlows {
    /// Takes a flow in and enters its first rows. Rows before `now_ms` are never written: the flow began
    /// earlier.
    pub(crate) fn open(&mut self, flow: Flow, now_ms: i64) {
        let (start_ms, end_ms) = (flow.plan.start_ms, flow.end_ms());
        let denied = flow.plan.denied_by.is_some();
        let mut next_continue_ms = start_ms + CONTINUE_EVERY_MS;
        let continues = flow.continues();
        let place = self.place(flow);
        if denied {
            self.enter(place, State::Denied, start_ms);
            return;
        }
        if start_ms >= now_ms {
            self.enter(place, State::Begin, start_ms);
        } else if continues {
            let passed = (now_ms - start_ms) / CONTINUE_EVERY_MS;
            next_continue_ms += passed * CONTINUE_EVERY_MS;
            if let Some(Some(flow)) = self.flows.get_mut(place as usize) {
                flow.last_row_ms = next_continue_ms - CONTINUE_EVERY_MS;
            }
        }
        if continues && next_continue_ms < end_ms {
            self.enter(place, State::Continue, next_continue_ms);
        } else {
            self.enter(place, State::End, end_ms);
        }
    }

    /// The rows due in the minute, oldest first. Give them back with [`OpenFlows::recycle`].
    pub(crate) fn take_minute(&mut self, minute_start_ms: i64) -> Vec<DueRow> {
        let mut due = self.by_minute.remove(&minute_start_ms).unwrap_or_default();
        due.sort_unstable();
        due
    }

    /// Keeps the emptied list's memory for a coming minute.
    pub(crate) fn recycle(&mut self, mut due: Vec<DueRow>) {
        due.clear();
        if due.capacity() > self.spare.capacity() {
            self.spare = due;
        }
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut Flow> {
        self.flows.get_mut(place as usize).and_then(Option::as_mut)
    }

    /// Enters a flow's next row after a continuing one.
    pub(crate) fn enter_next(&mut self, place: u32, after_ms: i64, wander_ms: i64) {
        let Some(end_ms) = self.get_mut(place).map(|flow| flow.end_ms()) else { return };
        let continue_ms = after_ms + CONTINUE_EVERY_MS + wander_ms;
        if continue_ms < end_ms {
            self.enter(place, State::Continue, continue_ms);
        } else {
            // An end in the past cannot be: the row before was due before the end.
            self.enter(place, State::End, end_ms.max(after_ms));
        }
    }

    /// Lets a flow go after its last row.
    pub(crate) fn close(&mut self, place: u32) -> Option<Flow> {
        let closed = self.flows.get_mut(place as usize).and_then(Option::take);
        if closed.is_some() {
            self.free.push(place);
        }
        closed
    }

    /// The flows that are open at the end, in the order of their places.
    pub(crate) fn into_open(self) -> impl Iterator<Item = Flow> {
        self.flows.into_iter().flatten()
    }

    fn place(&mut self, flow: Flow) -> u32 {
        if let Some(place) = self.free.pop() {
            if let Some(free) = self.flows.get_mut(place as usize) {
                *free = Some(flow);
            }
            return place;
        }
        self.flows.push(Some(flow));
        (self.flows.len() - 1) as u32
    }

    fn enter(&mut self, flow: u32, state: State, time_ms: i64) {
        let minute_ms = time_ms - time_ms.rem_euclid(MINUTE_MS);
        let spare = &mut self.spare;
        self.by_minute.entry(minute_ms).or_insert_with(|| std::mem::take(spare)).push(DueRow {
            time_ms,
            flow,
            state,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::OpenFlows;
    use crate::flow::{Amounts, FiveTuple, Flow, Plan, State, Traffic};
    use crate::network::Hops;

    fn flow(start_ms: i64, duration_ms: i64, traffic: fn(Amounts) -> Traffic) -> Flow {
        let plan = Plan::new(FiveTuple::default(), start_ms, duration_ms, traffic(Amounts::default()));
        Flow { plan, hops: Hops::default(), last_row_ms: start_ms, followed: None, area: 0 }
    }

    #[test]
    fn a_short_flow_has_a_begin_and_an_end() {
        let mut open = OpenFlows::default();
        open.open(flow(1_000, 70_000, Traffic::Once), 0);
        let first: Vec<State> = open.take_minute(0).iter().map(|row| row.state).collect();
        let second: Vec<State> = open.take_minute(60_000).iter().map(|row| row.state).collect();
        assert_eq!((first, second), (vec![State::Begin], vec![State::End]));
    }

    #[test]
    fn a_flow_from_before_shows_no_begin_and_keeps_its_rhythm() {
        let mut open = OpenFlows::default();
        open.open(flow(0, 3_600_000, Traffic::PerMinute), 610_000);
        let due = open.take_minute(900_000);
        assert_eq!(
            due.iter().map(|row| (row.time_ms, row.state)).collect::<Vec<_>>(),
            [(900_000, State::Continue)]
        );
        assert_eq!(open.get_mut(0).map(|flow| flow.last_row_ms), Some(600_000));
    }
}
