//! What the data have of a flow before each of its tuples: since when its counters count, and whether a session starts with it.
//!
//! Found once over all rows; from then on nobody need look up the flows of rows to count sessions and to spread counters, as
//! long as flows are asked about as a whole. Where rows lie with several workers each finds what it has first, and
//! [`FlowPasts::share_out`] tells it which of its flows others have too.

use super::flow_table::FlowTable;
use super::recent::Recent;
use crate::aggregate::partial::{self, PartialError};
use crate::batch::Batch;
use crate::travel::{Travel, travels};
use crate::tuple::{Action, State};

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

/// What came before each row of a batch.
#[derive(Clone, Debug, Default)]
pub struct Pasts {
    /// A bit whether a session starts with the row, and below it 0 for [`Since::Unknown`], 1 for [`Since::Nothing`], else one
    /// more than the milliseconds since the flow's tuple before it.
    rows: Vec<u32>,
}

/// The tuple of its flow before a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Only a look at all tuples of the flow tells.
    Unknown,
    /// There is none in the data.
    Nothing,
    /// It was logged so many milliseconds before.
    Ms(i64),
}

const STARTS_SESSION: u32 = 1 << 31;

/// A longer time between two tuples of a flow is left to a look at all of them.
const MOST_MS: i64 = (STARTS_SESSION - 2) as i64;

impl Pasts {
    /// How many rows they are of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True where they are of no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Those of these rows alone, in their order.
    #[must_use]
    pub fn of_rows(&self, rows: &[u32]) -> Pasts {
        Pasts { rows: rows.iter().filter_map(|row| self.rows.get(*row as usize)).copied().collect() }
    }

    /// True where a session starts with that row whose begin is not in the data.
    #[inline]
    pub(crate) fn starts_session(&self, row: usize) -> bool {
        self.rows.get(row).is_some_and(|past| past & STARTS_SESSION != 0)
    }

    #[inline]
    pub(crate) fn since(&self, row: usize) -> Since {
        match self.rows.get(row).map_or(0, |past| past & !STARTS_SESSION) {
            0 => Since::Unknown,
            1 => Since::Nothing,
            more => Since::Ms(i64::from(more) - 1),
        }
    }
}

/// What a worker finds out about the flows of its rows.
#[derive(Clone, Debug, Default)]
pub struct FlowPasts {
    flows: FlowTable,
    /// By the flow's number.
    firsts: Vec<FirstTuple>,
    /// The time of each flow's tuple that came last.
    lasts_ms: Vec<i64>,
    courses: Vec<Course>,
    recent: Recent,
}

travels!(FlowPasts { flows, firsts } without lasts_ms, courses, recent);

/// How the tuples of a flow follow each other.
#[derive(Clone, Copy, Debug)]
struct Course {
    /// Those that came first are allowed, with a state.
    has_state: bool,
    /// So are all others, each later than the one before it; or none is.
    is_plain: bool,
}

const NAME: &str = "flow pasts";

impl FlowPasts {
    /// No flows yet.
    #[must_use]
    pub fn new() -> FlowPasts {
        FlowPasts::default()
    }

    /// Takes in all rows of a batch, in the order in which [`FlowPasts::pasts`] will be asked.
    pub fn add(&mut self, batch: &Batch) {
        let translation = self.flows.translate(batch);
        let FlowPasts { flows, firsts, lasts_ms, courses, recent } = self;
        for (row, time_ms) in batch.time_ms.iter().enumerate() {
            let Some(flow) = translation.flow(batch, row) else { continue };
            let tuple = FirstTuple::of(batch, row);
            let number = recent.number(flow, || flows.intern(flow)) as usize;
            if number == firsts.len() {
                firsts.push(tuple.unwrap_or(FirstTuple::NEVER));
                lasts_ms.push(*time_ms);
                courses.push(Course { has_state: tuple.is_some(), is_plain: true });
            } else if let (Some(first), Some(last_ms), Some(course)) =
                (firsts.get_mut(number), lasts_ms.get_mut(number), courses.get_mut(number))
            {
                *first = tuple.unwrap_or(FirstTuple::NEVER).min(*first);
                let is_later = (1..=MOST_MS).contains(&time_ms.saturating_sub(*last_ms));
                course.is_plain &= tuple.is_some() == course.has_state && (is_later || !course.has_state);
                *last_ms = *time_ms;
            }
        }
    }

    /// All that was taken in, for [`FlowPasts::share_out`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        partial::sealed(NAME, |bytes| self.write(bytes))
    }

    /// Who has the start of each flow, and which flows several have: from the bytes of every worker, what every worker's
    /// [`FlowPasts::keep`] wants.
    ///
    /// # Errors
    ///
    /// Where any bytes are damaged.
    pub fn share_out(workers: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<Vec<u8>>, PartialError> {
        let mut whole = FlowPasts::new();
        let mut is_shared: Vec<bool> = Vec::new();
        let mut parts = Vec::new();
        for bytes in workers {
            let part: FlowPasts = partial::opened(NAME, &bytes)?;
            drop(bytes);
            let known = whole.flows.len();
            let (numbers, _) = whole.flows.absorb(&part.flows);
            whole.firsts.resize(whole.flows.len(), FirstTuple::NEVER);
            is_shared.resize(whole.flows.len(), false);
            for (number, first) in numbers.iter().map(|number| *number as usize).zip(&part.firsts) {
                if let (Some(earliest), Some(is_shared)) =
                    (whole.firsts.get_mut(number), is_shared.get_mut(number))
                {
                    *earliest = (*earliest).min(*first);
                    *is_shared |= number < known;
                }
            }
            parts.push((numbers, part.firsts));
        }
        // Tuples without a state count nothing, so nobody asks what came before them.
        for (is_shared, first) in is_shared.iter_mut().zip(&whole.firsts) {
            *is_shared &= *first != FirstTuple::NEVER;
        }
        let share = |(numbers, firsts): (Vec<u32>, Vec<FirstTuple>)| {
            let mut bits = vec![0_u8; firsts.len().div_ceil(FLOWS_A_BYTE)];
            for (place, (number, first)) in numbers.into_iter().zip(firsts).enumerate() {
                let number = number as usize;
                let (Some(earliest), Some(is_shared), Some(byte)) =
                    (whole.firsts.get_mut(number), is_shared.get(number), bits.get_mut(place / FLOWS_A_BYTE))
                else {
                    continue;
                };
                let starts_here = first.goes_on() && *earliest == first;
                if starts_here {
                    // Of several workers with the same earliest time the first one has it.
                    *earliest = FirstTuple::NEVER;
                }
                *byte |= (u8::from(starts_here) | u8::from(*is_shared) << 1) << (place % FLOWS_A_BYTE * 2);
            }
            bits
        };
        Ok(parts.into_iter().map(share).collect())
    }

    /// Takes in what others have of the flows.
    pub fn keep(&mut self, bits: &[u8]) {
        for (place, (first, course)) in self.firsts.iter_mut().zip(&mut self.courses).enumerate() {
            let bits = bits.get(place / FLOWS_A_BYTE).map_or(0b10, |byte| byte >> (place % FLOWS_A_BYTE * 2));
            if bits & 1 == 0 {
                *first = FirstTuple::NEVER;
            }
            course.is_plain &= bits & 2 == 0;
        }
        self.lasts_ms.fill(i64::MIN);
    }

    /// What came before each row of a batch. To be asked once about each batch that was taken in, in the same order.
    pub fn pasts(&mut self, batch: &Batch) -> Pasts {
        let translation = self.flows.translate(batch);
        let FlowPasts { flows, firsts, lasts_ms, courses, recent } = self;
        let mut past = |row: usize| {
            let (flow, time_ms) = (translation.flow(batch, row)?, *batch.time_ms.get(row)?);
            let number = recent.number(flow, || flows.find(flow).unwrap_or(u32::MAX)) as usize;
            let (first, course) = (firsts.get_mut(number)?, courses.get(number)?);
            let Some(tuple) = FirstTuple::of(batch, row) else { return Some(u32::from(course.is_plain)) };
            let starts_session = tuple.goes_on() && *first == tuple;
            if starts_session {
                *first = FirstTuple::NEVER;
            }
            let last_ms = lasts_ms.get_mut(number)?;
            let since = match (course.is_plain, *last_ms) {
                (false, _) => 0,
                (true, i64::MIN) => 1,
                (true, last_ms) => time_ms.wrapping_sub(last_ms) as u32 + 1,
            };
            *last_ms = time_ms;
            Some(since | if starts_session { STARTS_SESSION } else { 0 })
        };
        Pasts { rows: (0..batch.len()).map(|row| past(row).unwrap_or(0)).collect() }
    }
}

/// Two bits a flow: it starts here, and others have it too.
const FLOWS_A_BYTE: usize = 4;
