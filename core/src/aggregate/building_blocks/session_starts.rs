//! Where sessions start whose begin is not in the data: of each flow the earliest tuple, where that is a continue or end.
//!
//! Found once over all rows, such tuples are marked, and then nobody need look up flows again to count sessions. Where rows
//! lie with several workers each finds its own first, and [`SessionStarts::share_out`] decides who has the earliest.

use super::flow_table::FlowTable;
use super::recent::Recent;
use crate::aggregate::partial::{self, PartialError};
use crate::batch::Batch;
use crate::travel::travels;
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

/// The earliest tuple of each flow.
#[derive(Clone, Debug, Default)]
pub struct SessionStarts {
    flows: FlowTable,
    /// By the flow's number.
    firsts: Vec<FirstTuple>,
    recent: Recent,
}

travels!(SessionStarts { flows, firsts } without recent);

const NAME: &str = "session starts";

impl SessionStarts {
    /// No flows yet.
    #[must_use]
    pub fn new() -> SessionStarts {
        SessionStarts::default()
    }

    /// Takes in all rows of a batch.
    pub fn add(&mut self, batch: &Batch) {
        let translation = self.flows.translate(batch);
        let SessionStarts { flows, firsts, recent } = self;
        for row in 0..batch.len() {
            let (Some(tuple), Some(flow)) = (FirstTuple::of(batch, row), translation.flow(batch, row)) else {
                continue;
            };
            let number = recent.number(flow, || flows.intern(flow)) as usize;
            if number >= firsts.len() {
                firsts.resize(number + 1, FirstTuple::NEVER);
            }
            if let Some(first) = firsts.get_mut(number) {
                *first = tuple.min(*first);
            }
        }
    }

    /// All that was taken in, for [`SessionStarts::share_out`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        partial::sealed(NAME, |bytes| crate::travel::Travel::write(self, bytes))
    }

    /// Who has the start of each flow: from the bytes of every worker, bits for every worker's [`SessionStarts::keep`].
    ///
    /// # Errors
    ///
    /// Where any bytes are damaged.
    pub fn share_out(workers: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, PartialError> {
        let mut whole = SessionStarts::new();
        let mut parts = Vec::with_capacity(workers.len());
        for bytes in workers {
            let part: SessionStarts = partial::opened(NAME, bytes)?;
            let (numbers, _) = whole.flows.absorb(&part.flows);
            whole.firsts.resize(whole.flows.len(), FirstTuple::NEVER);
            for (number, first) in numbers.iter().zip(&part.firsts) {
                if let Some(known) = whole.firsts.get_mut(*number as usize) {
                    *known = (*known).min(*first);
                }
            }
            parts.push((numbers, part.firsts));
        }
        let share = |(numbers, firsts): (Vec<u32>, Vec<FirstTuple>)| {
            let mut bits = vec![0_u8; firsts.len().div_ceil(8)];
            for (place, (number, first)) in numbers.into_iter().zip(firsts).enumerate() {
                let Some(known) = whole.firsts.get_mut(number as usize) else { continue };
                if first.goes_on() && *known == first {
                    // Of several workers with the same earliest time the first one has it.
                    *known = FirstTuple::NEVER;
                    if let Some(byte) = bits.get_mut(place / 8) {
                        *byte |= 1 << (place % 8);
                    }
                }
            }
            bits
        };
        Ok(parts.into_iter().map(share).collect())
    }

    /// Forgets the flows that start with another worker.
    pub fn keep(&mut self, bits: &[u8]) {
        for (place, first) in self.firsts.iter_mut().enumerate() {
            if bits.get(place / 8).is_none_or(|byte| byte >> (place % 8) & 1 == 0) {
                *first = FirstTuple::NEVER;
            }
        }
    }

    /// The rows of a batch with which a session starts whose begin is not in the data: true or false for each row. To be
    /// asked once about each batch that was taken in.
    pub fn mark(&mut self, batch: &Batch) -> Vec<bool> {
        let translation = self.flows.translate(batch);
        let mut is_start = |row: usize| {
            let tuple = FirstTuple::of(batch, row).filter(|tuple| tuple.goes_on())?;
            let number = self.flows.find(translation.flow(batch, row)?)?;
            let first = self.firsts.get_mut(number as usize)?;
            let is_first = *first == tuple;
            if is_first {
                *first = FirstTuple::NEVER;
            }
            Some(is_first)
        };
        (0..batch.len()).map(|row| is_start(row).unwrap_or(false)).collect()
    }
}
