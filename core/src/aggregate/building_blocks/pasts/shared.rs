//! Flows whose tuples lie with several workers, or came out of order: the times of each are put in order, and every tuple is
//! told of the one before it, whoever has that.

use super::{MORE, MOST_MS, NOTHING, UNKNOWN};
use crate::travel::travels;

/// A worker's tuples of such flows: first their times, later what came before each.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedTimes {
    /// From when on times count.
    earliest_ms: i64,
    /// How many tuples each flow has here, in an order of flows that all workers share.
    counts: Vec<u32>,
    /// By flow, in the order in which the worker takes in its rows: milliseconds, or as in a row of [`super::Pasts`].
    tuples: Vec<u32>,
    /// Where in `tuples` the next one of each flow stands; made of the counts when first needed.
    nexts: Vec<u32>,
}

travels!(SharedTimes { earliest_ms, counts, tuples } without nexts);

/// A time too late to be told of.
const NEVER: u32 = u32::MAX;

impl SharedTimes {
    /// Room for as many tuples as are given with each flow's place.
    pub(super) fn with_room_for(flows: impl Iterator<Item = (u32, u32)>, earliest_ms: i64) -> SharedTimes {
        let (mut counts, mut all) = (Vec::new(), 0);
        for (place, tuples) in flows {
            let place = place as usize;
            if counts.len() <= place {
                counts.resize(place + 1, 0);
            }
            if let Some(count) = counts.get_mut(place) {
                *count = tuples;
                all += tuples as usize;
            }
        }
        SharedTimes { earliest_ms, counts, tuples: vec![NEVER; all], nexts: Vec::new() }
    }

    /// Notes the time of the next tuple of a flow.
    pub(super) fn add(&mut self, place: u32, time_ms: i64) {
        let since_earliest = u32::try_from(time_ms.saturating_sub(self.earliest_ms)).unwrap_or(NEVER);
        if let Some(tuple) = self.next_tuple(place) {
            *tuple = since_earliest;
        }
    }

    /// What came before the next tuple of a flow.
    pub(super) fn next(&mut self, place: u32) -> u32 {
        self.next_tuple(place).map_or(UNKNOWN, |tuple| *tuple)
    }

    fn next_tuple(&mut self, place: u32) -> Option<&mut u32> {
        if self.nexts.is_empty() {
            let start = |end: &mut u32, count: &u32| {
                let start = *end;
                *end += count;
                Some(start)
            };
            self.nexts = self.counts.iter().scan(0, start).collect();
        }
        let next = self.nexts.get_mut(place as usize)?;
        *next += 1;
        self.tuples.get_mut(*next as usize - 1)
    }

    /// Puts what came before each tuple in place of its time, from the times of all workers. Unknown where two tuples of a flow
    /// have one time: nobody can say then which was first.
    pub(super) fn tell_pasts(workers: &mut [SharedTimes]) {
        let flows = workers.iter().map(|worker| worker.counts.len()).max().unwrap_or(0);
        let mut nexts = vec![0; workers.len()];
        let mut of_flow: Vec<(i64, usize, usize)> = Vec::new();
        for flow in 0..flows {
            of_flow.clear();
            for (number, (worker, next)) in workers.iter().zip(&mut nexts).enumerate() {
                let end = *next + worker.counts.get(flow).map_or(0, |count| *count as usize);
                let times = worker.tuples.get(*next..end).unwrap_or_default();
                let time = |time: &u32| {
                    if *time == NEVER { i64::MAX } else { worker.earliest_ms + i64::from(*time) }
                };
                of_flow.extend((*next..).zip(times).map(|(place, ms)| (time(ms), number, place)));
                *next = end;
            }
            of_flow.sort_unstable();
            let is_known = of_flow
                .is_sorted_by(|(one, ..), (next, ..)| (1..=MOST_MS).contains(&next.saturating_sub(*one)));
            let mut before: Option<i64> = None;
            for (time_ms, worker, place) in &of_flow {
                let past = match before {
                    _ if !is_known => UNKNOWN,
                    None => NOTHING,
                    Some(before_ms) => time_ms.saturating_sub(before_ms) as u32 + MORE,
                };
                if let Some(tuple) = workers.get_mut(*worker).and_then(|worker| worker.tuples.get_mut(*place))
                {
                    *tuple = past;
                }
                before = Some(*time_ms);
            }
        }
    }
}
