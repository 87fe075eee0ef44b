//! A fingerprint of a record's body, by which a whole repeated record is known.

use core::hash::{BuildHasher, Hasher};
use foldhash::quality::FixedState;

/// A running fingerprint of texts in their order. Two lanes of 64 bits: among a billion records, two different ones
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
        let hash = hasher.finish();
        let [first, second] = &mut self.lanes;
        *first = (first.rotate_left(5) ^ hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        *second = second.wrapping_add(hash).wrapping_mul(0xC2B2_AE3D_27D4_EB4F).rotate_left(31);
    }

    pub(super) fn value(self) -> u128 {
        let [first, second] = self.lanes;
        u128::from(first) << 64 | u128::from(second)
    }
}

/// Any number will do, as long as it stays.
const FINGERPRINT_SEED: u64 = 4;
