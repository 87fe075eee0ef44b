//! How often a service was asked, and whether it answered: what a place logged of one conversation.

use super::answer::Answer;
use crate::batch::Batch;
use crate::condensed::Weight;
use crate::travel::travels;
use crate::tuple::Action;

/// Flows by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tries {
    begun: u64,
    ended: u64,
    pub(crate) denied: u64,
    /// Some row tells that something came back.
    pub(crate) is_answered: bool,
    /// Some row tells that nothing came back.
    pub(crate) is_silent: bool,
}

travels!(Tries { begun, ended, denied, is_answered, is_silent });

impl Tries {
    /// Takes in a row, or a cell.
    #[inline]
    pub(crate) fn add(&mut self, batch: &Batch, row: usize) {
        let (Some(action), Some(weight)) = (batch.action.get(row), Weight::of(batch, row)) else { return };
        if *action == Action::Deny {
            self.denied += u64::from(weight.tuples);
        } else {
            self.begun += u64::from(weight.flows);
        }
        self.ended += u64::from(weight.ended);
        self.is_answered |= weight.has_answer();
        self.is_silent |= weight.answers & Answer::Missing.bit() != 0;
    }

    pub(crate) fn merge(&mut self, other: Tries) {
        self.begun += other.begun;
        self.ended += other.ended;
        self.denied += other.denied;
        self.is_answered |= other.is_answered;
        self.is_silent |= other.is_silent;
    }

    /// How many there were: those denied, and those that began, or where the data hold more ends than begins, ended.
    pub(crate) fn count(self) -> u64 {
        self.denied + self.begun.max(self.ended)
    }
}
