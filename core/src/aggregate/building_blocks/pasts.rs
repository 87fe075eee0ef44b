//! What the data have of a flow before each of its tuples: since when its counters count, and whether a session starts with it.
//!
//! Found once over all rows; from then on nobody need look up the flows of rows to count sessions and to spread counters, as
//! long as flows are asked about as a whole. Where rows lie with several workers each finds what it has first. Most flows lie
//! with one of them; those that others may have too ([`FlowPasts::share_out_blooms`]) are told to each other, and
//! [`FlowPasts::share_out`] says of which the times are to be put in order together.

mod bloom;
mod labels;
mod share;
mod shared;
#[cfg(test)]
mod tests;
mod told;

use super::flow_table::FlowTable;
pub use super::flow_table::Portion;
use super::recent::Recent;
use crate::aggregate::partial::{self, PartialError};
use crate::batch::Batch;
use crate::travel::{Travel, travels};
use crate::tuple::{Action, State};
use bloom::Bloom;
use labels::{label_of, labels_of};
use share::{Course, Share};
use shared::SharedTimes;
pub(crate) use told::Since;
use told::{MORE, MOST_MS, NOTHING, STARTS_SESSION, UNKNOWN};
pub use told::{Pasts, WindowPasts};

/// When, and whether it is a continue or end: then the begin is not in the data. Of one time the begin comes first.
///
/// Twice the time, and one more for the latter: there are as many of these as flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FirstTuple {
    doubled: i64,
}

travels!(FirstTuple { doubled });

impl FirstTuple {
    /// Of a flow of which no such tuple was seen.
    pub(crate) const NEVER: FirstTuple = FirstTuple { doubled: i64::MAX - 1 };

    /// Of a row that is neither denied nor of NSG version 1.
    #[inline]
    pub(crate) fn of(batch: &Batch, row: usize) -> Option<FirstTuple> {
        match (batch.action.get(row)?, batch.state.get(row)?) {
            (Action::Allow, Some(state)) => {
                let goes_on = *state != State::Begin;
                Some(FirstTuple { doubled: batch.time_ms.get(row)?.saturating_mul(2) | i64::from(goes_on) })
            }
            _ => None,
        }
    }

    pub(crate) fn goes_on(self) -> bool {
        self.doubled & 1 == 1
    }
}

/// What a worker finds out about the flows of its rows, in this order: it adds all rows; it keeps its part of what
/// [`FlowPasts::share_out_blooms`] makes of every worker's Bloom filter; for each portion of flows, the first
/// one first, it keeps its part of what [`FlowPasts::share_out`] makes of every worker's; where flows are shared it adds the
/// times of all rows and keeps its part of what [`FlowPasts::share_out_times`] makes of every worker's; then it can tell the
/// pasts of rows.
#[derive(Clone, Debug, Default)]
pub struct FlowPasts {
    flows: FlowTable,
    /// By the flow's number.
    firsts: Vec<FirstTuple>,
    courses: Vec<Course>,
    /// What each flow's first tuple to come was logged under.
    labels: Vec<u64>,
    /// How many tuples each flow has.
    tuples: Vec<u32>,
    /// The time of each flow's tuple that came last.
    lasts_ms: Vec<i64>,
    /// The earliest time of all tuples.
    earliest_ms: i64,
    /// The flow of each row, by batch: it is looked up once.
    numbers: Vec<Vec<u32>>,
    /// How many batches gave their times, and of how many the pasts were told.
    timed: usize,
    told: usize,
    shares: Vec<Share>,
    /// The flows that others may have too, and those that came out of order.
    told_of: Vec<u32>,
    /// How many flows of the portions that were kept are shared.
    shared_flows: u32,
    shared: SharedTimes,
    recent: Recent,
}

/// What a worker found out about a portion of its flows.
#[derive(Debug)]
struct Found {
    flows: FlowTable,
    firsts: Vec<FirstTuple>,
    courses: Vec<Course>,
    labels: Vec<u64>,
}

travels!(Found { flows, firsts, courses, labels });

/// What a worker is told of a portion of its flows.
#[derive(Debug)]
struct Told {
    shares: Vec<Share>,
    /// How many flows of the portion are shared, by whichever workers.
    shared_flows: u32,
}

travels!(Told { shares, shared_flows });

const NAME: &str = "flow pasts";

/// The number of a row that is of no flow.
const NO_FLOW: u32 = u32::MAX;

impl FlowPasts {
    /// No flows yet.
    #[must_use]
    pub fn new() -> FlowPasts {
        FlowPasts { earliest_ms: i64::MAX, ..FlowPasts::default() }
    }

    /// Takes in all rows of a batch, in the order in which [`FlowPasts::add_times`] and [`FlowPasts::pasts`] will be asked.
    pub fn add(&mut self, batch: &Batch) {
        let translation = self.flows.translate(batch);
        let groups = labels_of(batch);
        let FlowPasts { flows, firsts, courses, labels, tuples, lasts_ms, earliest_ms, recent, .. } = self;
        let mut numbers = Vec::with_capacity(batch.len());
        for (row, time_ms) in batch.time_ms.iter().enumerate() {
            let flow = translation.flow(batch, row);
            let number = flow.map_or(NO_FLOW, |flow| recent.number(flow, || flows.intern(flow)));
            numbers.push(number);
            if flow.is_none() {
                continue;
            }
            let number = number as usize;
            let tuple = FirstTuple::of(batch, row);
            let label = label_of(batch, &groups, row);
            *earliest_ms = (*earliest_ms).min(*time_ms);
            if number == firsts.len() {
                firsts.push(tuple.unwrap_or(FirstTuple::NEVER));
                courses.push(Course { bits: u8::from(tuple.is_some()) * Course::HAS_STATE });
                labels.push(label);
                tuples.push(1);
                lasts_ms.push(*time_ms);
            } else if let (Some(first), Some(course), Some(known), Some(tuples), Some(last_ms)) = (
                firsts.get_mut(number),
                courses.get_mut(number),
                labels.get(number),
                tuples.get_mut(number),
                lasts_ms.get_mut(number),
            ) {
                *first = tuple.unwrap_or(FirstTuple::NEVER).min(*first);
                if tuple.is_some() != course.has(Course::HAS_STATE) || tuple.is_some() && label != *known {
                    course.bits |= Course::IS_MIXED;
                } else if tuple.is_some() && !(1..=MOST_MS).contains(&time_ms.saturating_sub(*last_ms)) {
                    course.bits |= Course::IS_UNORDERED;
                }
                *tuples += 1;
                *last_ms = *time_ms;
            }
        }
        self.numbers.push(numbers);
    }

    /// Its flows as a Bloom filter of 2^`size_bits` bits, the same with every worker, for [`FlowPasts::share_out_blooms`].
    #[must_use]
    pub fn bloom(&self, size_bits: u8) -> Vec<u8> {
        let mut bloom = Bloom::new(size_bits);
        self.flows.hashes().into_iter().for_each(|hash| bloom.put(hash));
        bloom.into_bytes()
    }

    /// What all others have: from every worker's Bloom filter what every worker's [`FlowPasts::keep_bloom`] wants.
    ///
    /// # Errors
    ///
    /// Where they are not of one size, or of none that one can have.
    pub fn share_out_blooms(workers: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, PartialError> {
        let blooms: Vec<Bloom> = workers
            .iter()
            .map(|bytes| Bloom::of(bytes))
            .collect::<Option<_>>()
            .ok_or(PartialError::Damaged)?;
        if workers.windows(2).any(|pair| matches!(pair, [one, other] if one.len() != other.len())) {
            return Err(PartialError::Damaged);
        }
        let of_others = |own: usize| {
            let mut others = blooms.iter().enumerate().filter(|(number, _)| *number != own);
            let mut joined = others.next().map(|(_, first)| first.clone())?;
            others.for_each(|(_, other)| joined.join(other));
            Some(joined.into_bytes())
        };
        Ok((0..blooms.len()).map(|own| of_others(own).unwrap_or_default()).collect())
    }

    /// Takes in which flows others may have too; the answer is how many flows are to be told of in portions.
    ///
    /// # Errors
    ///
    /// Where it is no Bloom filter.
    pub fn keep_bloom(&mut self, others: &[u8]) -> Result<usize, PartialError> {
        let others = Bloom::of(others).ok_or(PartialError::Damaged)?;
        let FlowPasts { flows, courses, firsts, shares, told_of, .. } = self;
        let of_flows = flows.hashes().into_iter().zip(courses.iter().zip(firsts));
        shares.clear();
        told_of.clear();
        for (number, (hash, (course, first))) in (0..).zip(of_flows) {
            let mut share = Share::UNKNOWN;
            if others.may_have(hash) || course.needs_times() {
                told_of.push(number);
            } else {
                share = course.share(&mut 0);
                share.bits |= if first.goes_on() { Share::STARTS_HERE } else { 0 };
            }
            shares.push(share);
        }
        Ok(told_of.len())
    }

    /// What was found out about a portion of the flows that are told of, for [`FlowPasts::share_out`].
    #[must_use]
    pub fn to_bytes(&self, portion: Portion) -> Vec<u8> {
        fn some<T: Copy>(by_flow: &[T], numbers: &[u32]) -> Vec<T> {
            numbers.iter().filter_map(|number| by_flow.get(*number as usize)).copied().collect()
        }
        let numbers = self.told_of(portion);
        partial::sealed(NAME, |bytes| {
            self.flows.write_some(&numbers, bytes);
            some(&self.firsts, &numbers).write(bytes);
            some(&self.courses, &numbers).write(bytes);
            some(&self.labels, &numbers).write(bytes);
        })
    }

    fn told_of(&self, portion: Portion) -> Vec<u32> {
        self.told_of.iter().copied().filter(|number| self.flows.is_of(*number, portion)).collect()
    }

    /// Who has the start of each flow, and which flows several have: from the bytes of every worker, what every worker's
    /// [`FlowPasts::keep`] wants.
    ///
    /// # Errors
    ///
    /// Where any bytes are damaged.
    pub fn share_out(workers: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<Vec<u8>>, PartialError> {
        let mut flows = FlowTable::default();
        let (mut firsts, mut courses): (Vec<FirstTuple>, Vec<Course>) = (Vec::new(), Vec::new());
        let mut labels = Vec::new();
        let mut parts = Vec::new();
        for bytes in workers {
            let part: Found = partial::opened(NAME, &bytes)?;
            let (numbers, _) = flows.absorb(&part.flows);
            let of_flows = part.firsts.iter().zip(&part.courses).zip(&part.labels);
            for (number, ((first, course), label)) in numbers.iter().zip(of_flows) {
                let number = *number as usize;
                match (firsts.get_mut(number), courses.get_mut(number)) {
                    (Some(earliest), Some(known)) => {
                        *earliest = (*earliest).min(*first);
                        known.meet(*course, labels.get(number) == Some(label));
                    }
                    _ => {
                        firsts.push(*first);
                        courses.push(*course);
                        labels.push(*label);
                    }
                }
            }
            parts.push((numbers, part.firsts));
        }
        let mut shared_flows = 0;
        let shares: Vec<Share> = courses.into_iter().map(|course| course.share(&mut shared_flows)).collect();
        let share = |(numbers, own): (Vec<u32>, Vec<FirstTuple>)| {
            let share = |(number, first): (u32, FirstTuple)| {
                let number = number as usize;
                let mut share = shares.get(number).copied().unwrap_or(Share::UNKNOWN);
                if let Some(earliest) =
                    firsts.get_mut(number).filter(|earliest| first.goes_on() && **earliest == first)
                {
                    // Of several workers with the same earliest time the first one has it.
                    *earliest = FirstTuple::NEVER;
                    share.bits |= Share::STARTS_HERE;
                }
                share
            };
            let shares = numbers.into_iter().zip(own).map(share).collect();
            partial::sealed(NAME, |bytes| Told { shares, shared_flows }.write(bytes))
        };
        Ok(parts.into_iter().map(share).collect())
    }

    /// Takes in what others have of a portion of flows. To be told of every portion, the first one first.
    ///
    /// # Errors
    ///
    /// Where the bytes are damaged.
    pub fn keep(&mut self, portion: Portion, share: &[u8]) -> Result<(), PartialError> {
        let told: Told = partial::opened(NAME, share)?;
        for (number, share) in self.told_of(portion).into_iter().zip(told.shares) {
            let Some(own) = self.shares.get_mut(number as usize) else { continue };
            own.bits = share.place().map_or(share.bits, |place| {
                Share::shared(place + self.shared_flows).bits | share.bits & Share::STARTS_HERE
            });
        }
        self.shared_flows += told.shared_flows;
        if portion.number + 1 >= portion.of {
            self.settle();
        }
        Ok(())
    }

    /// True where flows are shared: then their times are needed before pasts can be told. To be asked behind the last portion.
    #[must_use]
    pub fn needs_times(&self) -> bool {
        self.shared_flows > 0
    }

    /// Makes ready for what comes behind the last portion.
    fn settle(&mut self) {
        self.lasts_ms.fill(i64::MIN);
        (self.courses, self.labels, self.told_of) = (Vec::new(), Vec::new(), Vec::new());
        (self.flows, self.recent) = (FlowTable::default(), Recent::default());
        for (first, share) in self.firsts.iter_mut().zip(&self.shares) {
            if share.bits & Share::STARTS_HERE == 0 {
                *first = FirstTuple::NEVER;
            }
        }
        let tuples = core::mem::take(&mut self.tuples);
        let counts =
            self.shares.iter().zip(tuples).filter_map(|(share, tuples)| Some((share.place()?, tuples)));
        self.shared = SharedTimes::with_room_for(counts, self.earliest_ms);
    }

    /// Takes in the times of all rows of a batch, which has at least those.
    pub fn add_times(&mut self, batch: &Batch) {
        let FlowPasts { numbers, timed, shares, shared, .. } = self;
        let numbers = numbers.get(*timed).map(Vec::as_slice).unwrap_or_default();
        *timed += 1;
        for (number, time_ms) in numbers.iter().zip(&batch.time_ms) {
            if let Some(place) = shares.get(*number as usize).and_then(|share| share.place()) {
                shared.add(place, *time_ms);
            }
        }
    }

    /// The times of the worker's tuples of shared flows, for [`FlowPasts::share_out_times`].
    #[must_use]
    pub fn times_to_bytes(&self) -> Vec<u8> {
        partial::sealed(NAME, |bytes| self.shared.write(bytes))
    }

    /// When the tuple before each of shared flows was logged: from every worker's times, what every worker's
    /// [`FlowPasts::keep_times`] wants.
    ///
    /// # Errors
    ///
    /// Where any bytes are damaged.
    pub fn share_out_times(workers: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<Vec<u8>>, PartialError> {
        let mut parts: Vec<SharedTimes> =
            workers.into_iter().map(|bytes| partial::opened(NAME, &bytes)).collect::<Result<_, _>>()?;
        SharedTimes::tell_pasts(&mut parts);
        Ok(parts.into_iter().map(|part| partial::sealed(NAME, |bytes| part.write(bytes))).collect())
    }

    /// Takes in when the tuples before the worker's own were logged.
    ///
    /// # Errors
    ///
    /// Where the bytes are damaged.
    pub fn keep_times(&mut self, share: &[u8]) -> Result<(), PartialError> {
        self.shared = partial::opened(NAME, share)?;
        Ok(())
    }

    /// What came before each row of a batch, which has at least times, actions and states. To be asked once about each batch that
    /// was taken in, in the same order.
    pub fn pasts(&mut self, batch: &Batch) -> Pasts {
        let FlowPasts { numbers, told, firsts, lasts_ms, shares, shared, .. } = self;
        let numbers = numbers.get_mut(*told).map(core::mem::take).unwrap_or_default();
        *told += 1;
        let mut past = |row: usize, number: usize| {
            let time_ms = *batch.time_ms.get(row)?;
            let (first, share) = (firsts.get_mut(number)?, shares.get(number)?);
            let is_alone = share.bits & !Share::STARTS_HERE == Share::ALONE.bits;
            let Some(tuple) = FirstTuple::of(batch, row) else { return Some(u32::from(is_alone)) };
            let starts_session = tuple.goes_on() && *first == tuple;
            if starts_session {
                *first = FirstTuple::NEVER;
            }
            let last_ms = lasts_ms.get_mut(number)?;
            let since = match (share.place(), is_alone, *last_ms) {
                (Some(place), ..) => shared.next(place),
                (None, false, _) => UNKNOWN,
                (None, true, i64::MIN) => NOTHING,
                (None, true, last_ms) => time_ms.wrapping_sub(last_ms) as u32 + MORE,
            };
            *last_ms = time_ms;
            Some(since | if starts_session { STARTS_SESSION } else { 0 })
        };
        let of_row = |(row, number): (usize, u32)| past(row, number as usize).unwrap_or(UNKNOWN);
        Pasts::of(numbers.into_iter().enumerate().map(of_row).collect())
    }
}
