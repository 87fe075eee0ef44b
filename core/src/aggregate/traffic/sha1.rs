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
    let mut end = [0; 2 * BLOCK];
    let length = (message.len() as u64 * 8).to_be_bytes();
    let blocks = if rest.len() + 1 + length.len() > BLOCK { 2 } else { 1 };
    for (byte, value) in end.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *byte = *value;
    }
    for (byte, value) in end.iter_mut().skip(blocks * BLOCK - length.len()).zip(length) {
        *byte = value;
    }
    for block in end.chunks_exact(BLOCK).take(blocks) {
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
    let mut words = [0_u32; 80];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
    for place in 16..80 {
        // Each word is made of four of the sixteen before it.
        let Some([first, _, third, .., eighth, _, _, _, _, fourteenth, _, _, next]) =
            words.get_mut(place - 16..=place)
        else {
            continue;
        };
        *next = (*first ^ *third ^ *eighth ^ *fourteenth).rotate_left(1);
    }
    let mut round = *state;
    let (first, rest) = words.split_at(20);
    let (second, rest) = rest.split_at(20);
    let (third, fourth) = rest.split_at(20);
    turn(&mut round, first, 0x5a82_7999, |b, c, d| b & c | !b & d);
    turn(&mut round, second, 0x6ed9_eba1, |b, c, d| b ^ c ^ d);
    turn(&mut round, third, 0x8f1b_bcdc, |b, c, d| b & c | b & d | c & d);
    turn(&mut round, fourth, 0xca62_c1d6, |b, c, d| b ^ c ^ d);
    for (sum, value) in state.iter_mut().zip(round) {
        *sum = sum.wrapping_add(value);
    }
}

/// Twenty rounds with one constant and one way of mixing.
#[inline]
fn turn(state: &mut [u32; 5], words: &[u32], constant: u32, mix: impl Fn(u32, u32, u32) -> u32) {
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for word in words {
        let next = a
            .rotate_left(5)
            .wrapping_add(mix(b, c, d))
            .wrapping_add(e)
            .wrapping_add(*word)
            .wrapping_add(constant);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    *state = [a, b, c, d, e];
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
