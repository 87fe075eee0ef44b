//! The seeded randomness: whole numbers only, so that the same seed gives the same bytes on every platform.
//!
//! Not here: floating point. `ln` and `exp` differ in their last bit between platforms; skew is made by
//! multiplying uniform numbers instead.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A reproducible source of random whole numbers.
pub(crate) struct Dice {
    generator: ChaCha8Rng,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { generator: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// A number in `0..bound`, 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.generator.next_u32()) * u64::from(bound)) >> 32) as u32
    }

    /// A number in `low..=high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// A time span or size in `low..high`.
    pub(crate) fn span(&mut self, low: i64, high: i64) -> i64 {
        low + i64::from(self.below(u32::try_from(high - low).unwrap_or(u32::MAX)))
    }

    /// Like `between`, with small numbers far more frequent than large ones: the cube of a uniform number.
    pub(crate) fn skewed(&mut self, low: u32, high: u32) -> u32 {
        let uniform = u64::from(self.generator.next_u32());
        let cube = (((uniform * uniform) >> 32) * uniform) >> 32;
        low + ((u64::from(high.saturating_sub(low)) * cube) >> 32) as u32
    }

    /// True in `per_mille` of a thousand cases.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille
    }

    /// One of the choices, or the default of an empty list.
    pub(crate) fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        choices.get(self.below(choices.len() as u32) as usize).copied().unwrap_or_default()
    }

    /// 64 random bits, for names such as GUIDs and hardware addresses.
    pub(crate) fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }
}

/// Mixes numbers into 64 bits without state (splitmix64's finisher): for what must not depend on drawing
/// order.
pub(crate) fn mix(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_first_draws_of_a_seed_never_change() {
        let mut dice = Dice::new(7);
        let drawn: Vec<u32> = (0..6).map(|_| dice.below(1000)).collect();
        let mut again = Dice::new(7);
        assert_eq!(drawn, (0..6).map(|_| again.below(1000)).collect::<Vec<_>>());
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut dice = Dice::new(1);
        for _ in 0..10_000 {
            assert!((3..=5).contains(&dice.between(3, 5)));
            assert!((10..=90).contains(&dice.skewed(10, 90)));
            assert!((-5..5).contains(&dice.span(-5, 5)));
        }
        assert_eq!(dice.below(0), 0);
    }
}
