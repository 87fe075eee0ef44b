//! Whether a row tells that the destination answered: yes, no, or that the log can't know.
//!
//! A counter that was not logged is no "no". Neither is a begin row's zero, for nothing has passed yet, nor the zero
//! that NSG logs of version 2 hold in every UDP row.

use crate::batch::Batch;
use crate::tuple::{Action, State};

/// What a row tells about packets from destination to source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Some came.
    Came,
    /// None came since the flow's previous row, or the flow was denied.
    Missing,
    /// The row can't tell.
    Unknown,
}

/// Bits of the counters from destination to source in `Batch::logged`.
const ANSWER_LOGGED: u8 = 0b1100;

/// UDP's protocol number.
const UDP: u8 = 17;

impl Answer {
    /// A bit for an answer that a row can tell.
    pub(crate) fn bit(self) -> u8 {
        match self {
            Answer::Came => 1,
            Answer::Missing => 2,
            Answer::Unknown => 0,
        }
    }

    /// What that row tells.
    #[inline]
    pub(crate) fn of(batch: &Batch, row: usize) -> Answer {
        let (Some(action), Some(state), Some(logged)) =
            (batch.action.get(row), batch.state.get(row), batch.logged.get(row))
        else {
            return Answer::Unknown;
        };
        if *action == Action::Deny {
            return Answer::Missing;
        }
        let is_positive = |column: &[u64]| column.get(row).is_some_and(|count| *count > 0);
        // Where a counter is not logged its column holds 0.
        if is_positive(&batch.packets_dst_to_src) || is_positive(&batch.bytes_dst_to_src) {
            return Answer::Came;
        }
        let is_nsg_udp = batch.version.get(row) == Some(&2) && batch.protocol.get(row) == Some(&UDP);
        if logged & ANSWER_LOGGED == 0 || *state == Some(State::Begin) || is_nsg_udp {
            Answer::Unknown
        } else {
            Answer::Missing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuple::Tuple;

    #[test]
    fn only_what_was_counted_tells_that_no_answer_came() {
        for (text, expected) in [
            ("1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,E,NX,1,124,0,0", Answer::Missing),
            ("1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,C,NX,1,124,1,124", Answer::Came),
            ("1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,E,NX,1,124,,", Answer::Unknown),
            ("1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,B,NX,0,0,0,0", Answer::Unknown),
            ("1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,D,NX,0,0,0,0", Answer::Missing),
            ("1714554000,10.1.1.4,10.2.0.5,50000,53,U,O,A,E,0,0,0,0", Answer::Unknown),
            ("1714554000,10.1.1.4,10.2.0.5,50000,53,T,O,A,E,1,74,0,0", Answer::Missing),
            ("1714554000,10.1.1.4,10.2.0.5,50000,53,T,O,A", Answer::Unknown),
            ("1714554000,10.1.1.4,10.2.0.5,50000,53,T,O,D", Answer::Missing),
        ] {
            let mut batch = Batch::default();
            batch.push(&Tuple::parse(text).unwrap(), 0);
            assert_eq!(Answer::of(&batch, 0), expected, "{text}");
        }
        assert_eq!(Answer::of(&Batch::default(), 0), Answer::Unknown);
    }
}
