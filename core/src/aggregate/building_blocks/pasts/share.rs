//! How the tuples of a flow follow each other, and what becomes of it.

use crate::travel::travels;

/// How the tuples of a flow follow each other, in three bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) bits: u8,
}

travels!(Course { bits });

impl Course {
    /// The first to come is allowed, with a state.
    pub(super) const HAS_STATE: u8 = 1;
    /// Not so are all others as the first, or they were logged under another rule.
    pub(super) const IS_MIXED: u8 = 2;
    /// They are allowed and with a state, and one came that was not later than the one before it.
    pub(super) const IS_UNORDERED: u8 = 4;

    pub(super) fn has(self, bit: u8) -> bool {
        self.bits & bit != 0
    }

    /// Takes in how another worker's tuples of the flow follow each other.
    pub(super) fn meet(&mut self, other: Course, is_labelled_so: bool) {
        let has_state = self.has(Course::HAS_STATE);
        self.bits |= other.bits;
        if has_state != other.has(Course::HAS_STATE) || has_state && !is_labelled_so {
            self.bits |= Course::IS_MIXED;
        } else if has_state {
            self.bits |= Course::IS_UNORDERED;
        }
    }

    /// True where its tuples are to be put in order.
    pub(super) fn needs_times(self) -> bool {
        self.has(Course::IS_UNORDERED) && !self.has(Course::IS_MIXED)
    }

    /// What becomes of the flow; counts those that are shared.
    pub(super) fn share(self, shared_flows: &mut u32) -> Share {
        if self.has(Course::IS_MIXED) {
            return Share::UNKNOWN;
        }
        if !self.needs_times() {
            return Share::ALONE;
        }
        *shared_flows += 1;
        Share::shared(*shared_flows - 1)
    }
}

/// What becomes of a flow: nothing can be told of it, or it is the worker's alone, or how many shared ones come before it; and
/// whether a session starts with the worker's first tuple of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) bits: u32,
}

travels!(Share { bits });

impl Share {
    pub(super) const UNKNOWN: Share = Share { bits: 0 };
    pub(super) const ALONE: Share = Share { bits: 1 };
    pub(super) const STARTS_HERE: u32 = 1 << 31;

    pub(super) fn shared(place: u32) -> Share {
        match place.checked_add(2).filter(|bits| bits & Share::STARTS_HERE == 0) {
            Some(bits) => Share { bits },
            None => Share::UNKNOWN,
        }
    }

    pub(super) fn place(self) -> Option<u32> {
        (self.bits & !Share::STARTS_HERE).checked_sub(2)
    }
}
