//! Which flows other workers may have too, told in a few bits a flow: only these are shared out.

/// A Bloom filter: a flow that was put in is always found, others hardly ever.
#[derive(Clone, Debug)]
pub(super) struct Bloom {
    /// A power of two of them, or none.
    bytes: Vec<u8>,
}

impl Bloom {
    /// An empty one of 2^`size_bits` bits, of at least a byte and at most 128 MB.
    pub(super) fn new(size_bits: u8) -> Bloom {
        Bloom { bytes: vec![0; 1 << (size_bits.clamp(3, 30) - 3)] }
    }

    /// One that another worker made, or several of them joined; none where no other worker has flows.
    pub(super) fn of(bytes: &[u8]) -> Option<Bloom> {
        (bytes.is_empty() || bytes.len().is_power_of_two()).then(|| Bloom { bytes: bytes.to_vec() })
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes in all that another one of the same size has.
    pub(super) fn join(&mut self, other: &Bloom) {
        self.bytes.iter_mut().zip(&other.bytes).for_each(|(own, other)| *own |= other);
    }

    pub(super) fn put(&mut self, hash: u64) {
        for (place, bit) in self.places(hash) {
            if let Some(byte) = self.bytes.get_mut(place) {
                *byte |= bit;
            }
        }
    }

    pub(super) fn may_have(&self, hash: u64) -> bool {
        self.places(hash)
            .iter()
            .all(|(place, bit)| self.bytes.get(*place).is_some_and(|byte| byte & bit != 0))
    }

    /// Two bits for each flow.
    #[inline]
    fn places(&self, hash: u64) -> [(usize, u8); 2] {
        let mask = self.bytes.len().wrapping_sub(1);
        [hash as u32, (hash >> 32) as u32].map(|half| ((half >> 3) as usize & mask, 1 << (half & 7)))
    }
}
