//! A fingerprint of a record's body, by which a whole repeated record is known.

use core::hash::{BuildHasher, Hasher};
use foldhash::quality::FixedState;

/// A running fingerprint of texts and tuples in their order. Two lanes of 64 bits: among a billion records, two different ones
/// with one fingerprint are not to be expected.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fingerprint {
    lanes: [u64; 2],
}

impl Fingerprint {
    #[inline]
    pub(super) fn add(&mut self, text: &[u8]) {
        // A fixed seed: the same record must have the same fingerprint in every worker.
        let mut hasher = FixedState::with_seed(FINGERPRINT_SEED).build_hasher();
        hasher.write(text);
        self.join(hasher.finish());
    }

    /// Adds a tuple, given as numbers.
    #[inline(always)]
    pub(super) fn add_numbers(&mut self, [a, b, c, d, e, f]: [u64; 6]) {
        // Each number meets a key first, so that zeros, which are many, don't swallow their neighbours.
        let [key_a, key_b, key_c, key_d, key_e, key_f] = KEYS;
        let product = |one: u64, other: u64| Fingerprint::fold(u128::from(one) * u128::from(other));
        let (first, second) = (product(a ^ key_a, b ^ key_b), product(c ^ key_c, d ^ key_d));
        self.join(first.rotate_left(17) ^ second.rotate_left(34) ^ product(e ^ key_e, f ^ key_f));
    }

    /// Both halves of a number in one.
    #[inline(always)]
    pub(super) fn fold(number: u128) -> u64 {
        (number >> 64) as u64 ^ number as u64
    }

    #[inline(always)]
    fn join(&mut self, hash: u64) {
        let [first, second] = &mut self.lanes;
        *first = (first.rotate_left(5) ^ hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        *second = second.wrapping_add(hash).wrapping_mul(0xC2B2_AE3D_27D4_EB4F).rotate_left(31);
    }

    pub(super) fn value(self) -> u128 {
        let [first, second] = self.lanes;
        u128::from(first) << 64 | u128::from(second)
    }
}

/// Numbers without a pattern: digits of pi. They must stay, like the seed.
const KEYS: [u64; 6] = [
    0x243F_6A88_85A3_08D3,
    0x1319_8A2E_0370_7344,
    0xA409_3822_299F_31D0,
    0x082E_FA98_EC4E_6C89,
    0x4528_21E6_38D0_1377,
    0xBE54_66CF_34E9_0C6C,
];

/// Any number will do, as long as it stays.
const FINGERPRINT_SEED: u64 = 4;
