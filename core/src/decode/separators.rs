//! Looks at many bytes at once: where the separators of a tuple are, and what number its digits are.
//!
//! Everything here works on a [`Window`], a stretch of fixed length, so that the compiler knows that a place cut to
//! [`LAST_PLACE`] lies inside and checks nothing.

use wide::bytemuck::cast;
use wide::{i8x16, i16x8, i32x4, i32x8, u8x16, u16x8};

/// Bytes in which fields may start. Tuples as Azure writes them have 40 to 110 bytes.
const SEEN: usize = 128;

/// The last of these places, and a mask to stay at or before it.
pub(super) const LAST_PLACE: usize = SEEN - 1;

/// Bytes behind them, so that [`MOST_BYTES`] can be read from every place.
const BEHIND: usize = MOST_BYTES;

/// Most bytes that are read at once.
const MOST_BYTES: usize = 64;

/// The start of a tuple's text and what follows it.
pub(super) type Window = [u8; SEEN + BEHIND];

/// Bytes that one vector holds.
const LANES: usize = 16;

/// A bit for each of the window's first 64 bytes, the first byte in the lowest bit: which are commas, and which are
/// neither commas nor digits.
#[inline(always)]
pub(super) fn commas_and_others(window: &Window) -> (u64, u64) {
    let mut commas = 0;
    let bytes: [u8; MOST_BYTES] = bytes_at(window, 0);
    for (vector, bytes) in bytes.as_chunks::<LANES>().0.iter().enumerate() {
        let bits = u8x16::from(*bytes).simd_eq(u8x16::splat(b',')).to_bitmask();
        commas |= u64::from(bits) << (vector * LANES);
    }
    (commas, non_digits::<4>(window, 0) & !commas)
}

/// A bit for each byte from a place on that is no digit, the first byte in the lowest bit. Looks at so many vectors
/// of 16 bytes, at most 4.
#[inline(always)]
pub(super) fn non_digits<const VECTORS: usize>(window: &Window, place: usize) -> u64 {
    let bytes: [u8; MOST_BYTES] = bytes_at(window, place);
    let (vectors, _) = bytes.as_chunks::<LANES>();
    let digits = vectors.iter().take(VECTORS).enumerate().fold(0, |bits, (vector, bytes)| {
        // Moved up so that `9` is the largest number with a sign, digits are its upper ten.
        let moved = cast::<[u8; LANES], i8x16>(*bytes) + i8x16::splat(i8::MAX - b'9' as i8);
        let is_digit = moved.simd_gt(i8x16::splat(i8::MAX - 10));
        bits | u64::from(is_digit.to_bitmask()) << (vector * LANES)
    });
    !digits & u64::MAX >> (u64::BITS as usize - VECTORS * LANES)
}

/// Up to 64 bytes from a place in the first 128 bytes on. A place beyond them reads something else: whoever asks has
/// checked it, or throws the answer away.
#[inline(always)]
pub(super) fn bytes_at<const LENGTH: usize>(window: &Window, place: usize) -> [u8; LENGTH] {
    let place = place & LAST_PLACE;
    window.get(place..).and_then(|rest| rest.first_chunk()).copied().unwrap_or([0; LENGTH])
}

/// The byte at a place in the first 128 bytes.
#[inline(always)]
pub(super) fn byte_at(window: &Window, place: usize) -> u8 {
    let [byte] = bytes_at(window, place);
    byte
}

/// The eight bytes at a place, the first one in the lowest byte.
#[inline(always)]
pub(super) fn eight_at(window: &Window, place: usize) -> u64 {
    u64::from_le_bytes(bytes_at(window, place))
}

/// 1 to 8 digits from a place on, the last one in the highest byte, zeros before the first.
#[inline(always)]
pub(super) fn up_to_eight_digits(window: &Window, place: usize, digits: usize) -> u64 {
    // What follows the number falls out. Of the shift only its remainder by 64 counts.
    eight_at(window, place).wrapping_shl((8 * digits as u32).wrapping_neg())
}

/// The number that eight digits stand for.
#[inline(always)]
pub(super) fn eight_digits(text: u64) -> u64 {
    // Digits to pairs, pairs to fours, fours to eight: the lower half, ten times (100, 10 000), is added to the upper
    // one, which is then moved down.
    let digits = text & 0x0F0F_0F0F_0F0F_0F0F;
    let pairs = (digits.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// The numbers that four times eight digits stand for; that they are digits (or zeros before them) is known already.
#[inline(always)]
pub(super) fn four_numbers([a, b, c, d]: [u64; 4]) -> [u32; 4] {
    let (first, second) = (fours_of([a, b]), fours_of([c, d]));
    let fours = i16x8::from_i32x8_saturate(cast::<[i32x4; 2], i32x8>([first, second]));
    cast(fours.dot(i16x8::from([10_000, 1, 10_000, 1, 10_000, 1, 10_000, 1])))
}

/// Two times two numbers below 10 000 from two times eight digits.
#[inline(always)]
fn fours_of(texts: [u64; 2]) -> i32x4 {
    let digits = cast::<[u64; 2], u16x8>(texts) & u16x8::splat(0x0F0F);
    // In each 16 bits, ten times the lower byte is added to the higher one, which is then moved down.
    let pairs: u16x8 = (digits * u16x8::splat(10 << 8 | 1)) >> 8_u32;
    cast::<u16x8, i16x8>(pairs).dot(i16x8::from([100, 1, 100, 1, 100, 1, 100, 1]))
}
