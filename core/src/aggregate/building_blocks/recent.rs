//! Numbers that keys had a moment ago: a glance into a small table before a look-up in a large one.
//!
//! Rows of one conversation stand near each other, mostly not side by side: a firewall's file tells of hundreds of them at
//! once. So each key has one place of a few thousand, which holds whatever was there last.

use super::totals::Totals;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Places: few enough to stay in the processor's nearer caches.
const PLACE_BITS: u32 = 12;

/// At an empty place, and no key's number.
const NONE: u32 = u32::MAX;

/// Keys seen lately, and the number of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent {
    places: Vec<(u128, u32)>,
}

/// Sums of the rows of a batch by key, in as many entries as there are keys.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    recent: Recent,
    numbers: HashMap<u128, u32, FixedState>,
    sums: Vec<(u128, Totals)>,
    /// The place of the key before.
    last: usize,
}

impl Recent {
    /// The number of that key: as it was a moment ago, or as it is found.
    #[inline(always)]
    pub(crate) fn number(&mut self, key: u128, find: impl FnOnce() -> u32) -> u32 {
        if self.places.is_empty() {
            self.places.resize(1 << PLACE_BITS, (0, NONE));
        }
        let folded = (key as u64 ^ (key >> 64) as u64 >> 7).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ ((key >> 64) as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        let Some(place) = self.places.get_mut((folded >> (u64::BITS - PLACE_BITS)) as usize) else {
            return find();
        };
        if place.0 != key || place.1 == NONE {
            *place = (key, find());
        }
        place.1
    }
}

impl Sums {
    /// What was summed under that key.
    #[inline(always)]
    pub(crate) fn of(&mut self, key: u128) -> Option<&mut Totals> {
        let Sums { recent, numbers, sums, last } = self;
        if sums.get(*last).is_none_or(|(known, _)| *known != key) {
            let number = recent.number(key, || {
                let next = sums.len() as u32;
                let number = *numbers.entry(key).or_insert(next);
                if number == next {
                    sums.push((key, Totals::default()));
                }
                number
            });
            *last = number as usize;
        }
        sums.get_mut(*last).map(|(_, totals)| totals)
    }

    /// All keys and their sums.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u128, &Totals)> {
        self.sums.iter().map(|(key, totals)| (*key, totals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_keeps_its_number_however_many_there_are() {
        let mut sums = Sums::default();
        let keys = || (0..20_000_u128).map(|key| key << 96 | key << 50 | 7);
        for key in keys().chain(keys()) {
            sums.of(key).unwrap().tuples += 1;
        }
        assert!(sums.iter().map(|(key, _)| key).eq(keys()));
        assert!(sums.iter().all(|(_, totals)| totals.tuples == 2));
    }
}
