//! Remembers the texts of addresses: they repeat, and a text met before need not be read again.
//!
//! With each goes the code it had in a batch's dictionary, as a hint. Whoever uses it looks whether it is right, so
//! nothing here has to be dropped with the batch.

use super::separators::{Window, bytes_at};
use core::fmt;
use core::net::Ipv4Addr;

/// Addresses by their text, each in the one place its hash gives it; a newcomer takes the place of whoever is there.
pub(super) struct AddressMemo {
    entries: Box<[Entry; ENTRIES]>,
}

/// A power of two. With 24 bytes each they are 24 KiB, which stay in the first-level cache.
const ENTRIES: usize = 1024;

#[derive(Clone, Copy)]
struct Entry {
    /// The text, zeros behind it.
    text: [u64; 2],
    address: Ipv4Addr,
    /// See [`Remembered::hint`].
    hint: u32,
}

/// An address and where it is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered {
    pub(super) address: Ipv4Addr,
    /// The address's code when it was last seen, in whichever dictionary that was.
    pub(super) hint: u32,
    place: usize,
}

impl Default for AddressMemo {
    fn default() -> AddressMemo {
        // No text fills all sixteen bytes, so this is equal to none, not even to an empty one.
        let nothing = Entry { text: [u64::MAX; 2], address: Ipv4Addr::UNSPECIFIED, hint: 0 };
        AddressMemo { entries: Box::new([nothing; ENTRIES]) }
    }
}

impl fmt::Debug for AddressMemo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AddressMemo").finish_non_exhaustive()
    }
}

impl AddressMemo {
    /// The IPv4 address of that length at a place of the window, if it is one.
    #[inline(always)]
    pub(super) fn read(&mut self, window: &Window, start: usize, length: usize) -> Option<Remembered> {
        let [first_mask, second_mask] = *TEXT_MASKS.get(length)?;
        let bytes = u128::from_le_bytes(bytes_at(window, start));
        let text = [bytes as u64 & first_mask, (bytes >> 64) as u64 & second_mask | (length as u64) << 56];
        let place = place_of(text);
        let entry = self.entries.get_mut(place)?;
        if entry.text != text {
            *entry = Entry { text, address: address(text, length)?, hint: 0 };
        }
        Some(Remembered { address: entry.address, hint: entry.hint, place })
    }

    /// Takes note of an address's code.
    #[inline(always)]
    pub(super) fn hint(&mut self, remembered: Remembered, code: u32) {
        if code != remembered.hint
            && let Some(entry) = self.entries.get_mut(remembered.place)
        {
            entry.hint = code;
        }
    }
}

/// Longest text of an IPv4 address: `255.255.255.255`.
const LONGEST: usize = 15;

/// Masks that keep a text of that length.
#[expect(clippy::indexing_slicing, reason = "worked out by the compiler, which refuses a place outside")]
const TEXT_MASKS: [[u64; 2]; LONGEST + 1] = {
    let mut masks = [[0; 2]; LONGEST + 1];
    let mut length = 0;
    while length <= LONGEST {
        let mask = (1_u128 << (8 * length)) - 1;
        masks[length] = [mask as u64, (mask >> 64) as u64];
        length += 1;
    }
    masks
};

#[inline(always)]
fn place_of([first, second]: [u64; 2]) -> usize {
    // Two odd numbers without a pattern. The upper bits of a product hang on all bits of its factors.
    let mixed = first.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ second.wrapping_mul(0xC2B2_AE3D_27D4_EB4F);
    (mixed >> (64 - ENTRIES.ilog2())) as usize
}

/// The address, read as [`crate::tuple::Tuple::parse`] reads it.
#[inline(never)]
fn address(text: [u64; 2], length: usize) -> Option<Ipv4Addr> {
    let [first, second] = text;
    let bytes = (u128::from(first) | u128::from(second) << 64).to_le_bytes();
    core::str::from_utf8(bytes.get(..length)?).ok()?.parse().ok()
}
