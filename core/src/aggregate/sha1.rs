//! SHA-1 (RFC 3174), which Community IDs are made of. For nothing that must be safe: SHA-1 is broken.
//!
//! Sixty lines in place of a crate and its six dependencies.

/// The SHA-1 of a message.
pub(super) fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let blocks = message.chunks_exact(BLOCK);
    let rest = blocks.remainder();
    for block in blocks {
        digest(&mut state, block);
    }
    // The end is marked by a one bit and, at the end of a block, the length in bits.
    let mut end = rest.to_vec();
    end.push(0x80);
    let length_at = if end.len() + 8 > BLOCK { 2 * BLOCK } else { BLOCK } - 8;
    end.resize(length_at, 0);
    end.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in end.chunks_exact(BLOCK) {
        digest(&mut state, block);
    }
    let mut hash = [0; 20];
    for (bytes, word) in hash.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    hash
}

/// Bytes digested at a time.
const BLOCK: usize = 64;

fn digest(state: &mut [u32; 5], block: &[u8]) {
    // The last sixteen words are all that the next one is made of.
    let mut words = [0_u32; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for round in 0..80_usize {
        let word_at = |back: usize| words.get((round + 16 - back) % 16).copied().unwrap_or(0);
        let word = if round < 16 {
            word_at(16)
        } else {
            (word_at(3) ^ word_at(8) ^ word_at(14) ^ word_at(16)).rotate_left(1)
        };
        if let Some(slot) = words.get_mut(round % 16) {
            *slot = word;
        }
        let (mixed, constant) = match round {
            0..20 => (b & c | !b & d, 0x5a82_7999),
            20..40 => (b ^ c ^ d, 0x6ed9_eba1),
            40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6_u32),
        };
        let next =
            a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(word).wrapping_add(constant);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (sum, value) in state.iter_mut().zip([a, b, c, d, e]) {
        *sum = sum.wrapping_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_rfc_3174() {
        let hex = |message: &[u8]| sha1(message).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert_eq!(hex(&[b'a'; 1_000_000]), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
        assert_eq!(hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }
}
