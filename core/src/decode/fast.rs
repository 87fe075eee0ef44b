//! The fast path for tuples: reads the common shapes where they lie in the input, nothing allocated.
//!
//! It takes only what is exactly as Azure writes it (IPv4, plain digits, no escapes) and answers `None` for all
//! else, which [`Tuple::parse`] then reads or refuses. It never disagrees with that one: tests compare them.
//!
//! The separators of a tuple are found first, 16 bytes at a time, and then every field is read by itself, without a
//! branch that hangs on the data. Byte after byte, five branches a tuple were predicted wrong, because the lengths of
//! its fields change in no order.

use super::addresses::{AddressMemo, Remembered};
use super::separators::{
    LAST_PLACE, Window, byte_at, commas_and_others, eight_at, eight_digits, four_numbers, non_digits,
    up_to_eight_digits,
};
use crate::tuple::{Action, Counters, Direction, Encryption, LAST_TIME_MS, SECONDS_BELOW, State, Tuple};
use core::net::IpAddr;

/// What stands at the start of a text: a tuple, each field as a batch holds it. Most tuples become rows and are never
/// put together.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) time_ms: i64,
    pub(super) source: Remembered,
    pub(super) destination: Remembered,
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) shape: Shape,
    pub(super) numbers: Numbers,
}

impl Found {
    /// Length of the tuple's text without the closing quote.
    #[inline(always)]
    pub(super) fn length(&self) -> usize {
        self.numbers.end
    }

    /// The tuple in one piece, for filters.
    #[inline(always)]
    pub(super) fn tuple(&self) -> Tuple {
        Tuple {
            time_ms: self.time_ms,
            src_ip: IpAddr::V4(self.source.address),
            dst_ip: IpAddr::V4(self.destination.address),
            src_port: self.src_port,
            dst_port: self.dst_port,
            protocol: self.shape.protocol,
            direction: self.shape.direction,
            action: self.shape.action,
            state: self.shape.state,
            encryption: self.shape.encryption,
            counters: self.numbers.counters(),
            version: self.shape.version,
        }
    }
}

/// Reads a tuple and its closing quote from the start of `text` (behind the opening quote).
#[inline(always)]
pub(super) fn parse(text: &[u8], memo: &mut AddressMemo) -> Option<Found> {
    if cfg!(target_endian = "big") {
        // The vectors are read as numbers whose first byte is the lowest.
        return None;
    }
    let padded;
    let window = match text.first_chunk() {
        Some(window) => window,
        None => {
            padded = padded_window(text);
            &padded
        }
    };
    parse_window(window, memo)
}

/// Near the end of the input: zeros, which are no part of any tuple, stand for what is behind it.
#[cold]
#[inline(never)]
fn padded_window(text: &[u8]) -> Window {
    let mut window = [0; size_of::<Window>()];
    window.iter_mut().zip(text).for_each(|(place, byte)| *place = *byte);
    window
}

#[inline(always)]
fn parse_window(window: &Window, memo: &mut AddressMemo) -> Option<Found> {
    // With a time of 13 digits, all up to the protocol's comma surely fits 64 bytes.
    let (commas, others) = commas_and_others(window);
    let mut places = Places { bits: commas };
    let [time_end, src_ip_end, dst_ip_end] = [places.next(), places.next(), places.next()];
    let [src_port_end, dst_port_end] = [places.next(), places.next()];
    if places.bits == 0 {
        return None;
    }
    let protocol_end = places.next();
    // There is a last place, so there are all, one behind the other: no difference below is negative.
    let (src_ip, dst_ip) = (time_end + 1, src_ip_end + 1);
    let (src_port, dst_port, protocol) = (dst_ip_end + 1, src_port_end + 1, dst_port_end + 1);

    // Up to here, only addresses hold anything but digits, or there is the letter of a protocol.
    let in_addresses = (1 << dst_ip_end) - (1 << time_end);
    let letters = others & ((1 << protocol_end) - 1) & !in_addresses;
    let is_vnet = letters == 0;
    if !is_vnet && letters != 1 << protocol {
        return None;
    }
    // Those behind the first eight.
    let time_digits = time_end.wrapping_sub(8);
    let src_port_digits = src_port_end - src_port;
    let dst_port_digits = dst_port_end - dst_port;
    let protocol_digits = protocol_end - protocol;
    // Whether the numbers fit their types is seen below.
    let are_ports = src_port_digits.wrapping_sub(1) < 5 && dst_port_digits.wrapping_sub(1) < 5;
    if time_digits.wrapping_sub(1) >= 8 || !are_ports || protocol_digits.wrapping_sub(1) >= 3 {
        return None;
    }
    let source = memo.read(window, src_ip, src_ip_end - src_ip)?;
    let destination = memo.read(window, dst_ip, dst_ip_end - dst_ip)?;
    let [time_low, src_port, dst_port, protocol_number] = four_numbers([
        up_to_eight_digits(window, 8, time_digits),
        up_to_eight_digits(window, src_port, src_port_digits),
        up_to_eight_digits(window, dst_port, dst_port_digits),
        up_to_eight_digits(window, protocol, protocol_digits),
    ]);
    let time_ms = time_ms(window, time_digits, time_low)?;
    let (src_port, dst_port) = (u16::try_from(src_port).ok()?, u16::try_from(dst_port).ok()?);

    let shape = if is_vnet {
        vnet_shape(window, u8::try_from(protocol_number).ok()?, protocol_end)?
    } else {
        nsg_shape(window, protocol)?
    };
    let numbers = if shape.version == 1 {
        Numbers { values: [0; 4], logged: 0, end: shape.end }
    } else {
        counters(window, shape.end)?
    };
    Some(Found { time_ms, source, destination, src_port, dst_port, shape, numbers })
}

/// The places of set bits, from the lowest on; 63 where there are no more.
struct Places {
    bits: u64,
}

impl Places {
    #[inline(always)]
    fn next(&mut self) -> usize {
        // Never zero, so that no instruction is spent on that case.
        let place = (self.bits | 1 << 63).trailing_zeros() as usize;
        self.bits &= self.bits.wrapping_sub(1);
        place
    }
}

/// Zero where the same byte stands at all of these places: one branch for all of them.
#[inline(always)]
fn difference<const COUNT: usize>(window: &Window, places: [usize; COUNT], byte: u8) -> u8 {
    places.iter().fold(0, |other, place| other | (byte_at(window, *place) ^ byte))
}

/// Seconds or milliseconds since 1970 as milliseconds, from eight digits and the number behind them.
#[inline(always)]
fn time_ms(window: &Window, digits_behind: usize, behind: u32) -> Option<i64> {
    let time = eight_digits(eight_at(window, 0)) * TEN_TO_THE.get(digits_behind)? + u64::from(behind);
    let time = time as i64;
    let time_ms = if time < SECONDS_BELOW { time * 1000 } else { time };
    (time_ms <= LAST_TIME_MS).then_some(time_ms)
}

/// Powers of ten.
const TEN_TO_THE: [u64; 9] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// What tells the three shapes apart, and where it ends.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) protocol: u8,
    pub(super) direction: Direction,
    pub(super) action: Action,
    pub(super) state: Option<State>,
    pub(super) encryption: Option<Encryption>,
    pub(super) version: u8,
    end: usize,
}

/// What follows a protocol number where nothing is encrypted. Of these bytes, direction and state differ.
const VNET_TEXT: u64 = u64::from_le_bytes(*b",O,B,NX,");
const VNET_FIXED: u64 = u64::from_le_bytes(*b"\xFF\0\xFF\0\xFF\xFF\xFF\xFF");
/// The part of it that stands before every encryption.
const BEFORE_ENCRYPTION: u64 = u64::from_le_bytes(*b"\xFF\0\xFF\0\xFF\0\0\0");

/// What follows a protocol number: `,O,B,NX,`. Ends where the counters start.
#[inline(always)]
fn vnet_shape(window: &Window, protocol: u8, end: usize) -> Option<Shape> {
    let text = eight_at(window, end);
    let differs = text ^ VNET_TEXT;
    let (encryption, length) = if differs & VNET_FIXED == 0 {
        (Encryption::NotEncrypted, size_of_val(&text))
    } else if differs & BEFORE_ENCRYPTION == 0 {
        other_encryption(window, end + 5)?
    } else {
        return None;
    };
    let [_, direction, _, state, ..] = text.to_le_bytes();
    let (state, action) = meaning(&VNET_STATES, b'B', state)?;
    Some(Shape {
        protocol,
        direction: meaning(&DIRECTIONS, b'I', direction)?,
        action,
        state: Some(state),
        encryption: Some(encryption),
        version: 4,
        end: end + length,
    })
}

/// An encryption and its comma at that place, and how much lies before what follows them.
#[inline(never)]
fn other_encryption(window: &Window, place: usize) -> Option<(Encryption, usize)> {
    let rest = window.get(place..)?;
    Encryption::ALL.iter().find_map(|value| {
        let behind = rest.strip_prefix(value.name().as_bytes())?;
        (behind.first() == Some(&b',')).then_some((*value, 5 + value.name().len() + 1))
    })
}

/// What follows the addresses and ports of NSG tuples. Of these bytes, the letters differ.
const NSG_V1_TEXT: u64 = u64::from_le_bytes(*b"T,O,A\"\0\0");
const NSG_V1_FIXED: u64 = u64::from_le_bytes(*b"\0\xFF\0\xFF\0\xFF\0\0");
const NSG_V2_TEXT: u64 = u64::from_le_bytes(*b"T,O,A,E,");
const NSG_V2_FIXED: u64 = u64::from_le_bytes(*b"\0\xFF\0\xFF\0\xFF\0\xFF");

/// A protocol's letter and what follows it: `T,O,A,E,` or `T,O,A"`. Ends at the quote, or where the counters start.
#[inline(always)]
fn nsg_shape(window: &Window, start: usize) -> Option<Shape> {
    let text = eight_at(window, start);
    let [protocol, _, direction, _, decision, _, state, _] = text.to_le_bytes();
    let (state, version, length) = if (text ^ NSG_V2_TEXT) & NSG_V2_FIXED == 0 {
        (Some(meaning(&NSG_STATES, b'B', state)?), 2, 8)
    } else if (text ^ NSG_V1_TEXT) & NSG_V1_FIXED == 0 {
        (None, 1, 5)
    } else {
        return None;
    };
    Some(Shape {
        protocol: meaning(&PROTOCOLS, b'T', protocol)?,
        direction: meaning(&DIRECTIONS, b'I', direction)?,
        action: meaning(&DECISIONS, b'A', decision)?,
        state,
        encryption: None,
        version,
        end: start + length,
    })
}

/// What a letter stands for, by a table that begins with `first`. A `match` would be a branch for each letter, and
/// direction, state and verdict change from tuple to tuple in no order.
#[inline(always)]
fn meaning<T: Copy, const COUNT: usize>(table: &[Option<T>; COUNT], first: u8, letter: u8) -> Option<T> {
    *table.get(usize::from(letter.wrapping_sub(first)))?
}

/// Directions from `I` to `O`.
const DIRECTIONS: [Option<Direction>; 7] =
    [Some(Direction::Inbound), None, None, None, None, None, Some(Direction::Outbound)];
/// States and verdicts of VNet tuples from `B` to `E`.
const VNET_STATES: [Option<(State, Action)>; 4] = [
    Some((State::Begin, Action::Allow)),
    Some((State::Continue, Action::Allow)),
    Some((State::Deny, Action::Deny)),
    Some((State::End, Action::Allow)),
];
/// Decisions of NSG tuples from `A` to `D`.
const DECISIONS: [Option<Action>; 4] = [Some(Action::Allow), None, None, Some(Action::Deny)];
/// States of NSG tuples from `B` to `E`.
const NSG_STATES: [Option<State>; 4] = [Some(State::Begin), Some(State::Continue), None, Some(State::End)];
/// Protocols of NSG tuples from `T` to `U`.
const PROTOCOLS: [Option<u8>; 2] = [Some(6), Some(17)];

/// The four counters and the place of the quote behind them.
#[derive(Debug)]
pub(super) struct Numbers {
    /// 0 where not logged.
    pub(super) values: [u64; 4],
    /// As in [`crate::batch::Batch::logged`].
    pub(super) logged: u8,
    end: usize,
}

impl Numbers {
    #[inline(always)]
    fn counters(&self) -> Counters {
        let [a, b, c, d] = self.values;
        let value = |bit: u8, value: u64| (self.logged >> bit & 1 == 1).then_some(value);
        Counters {
            packets_src_to_dst: value(0, a),
            bytes_src_to_dst: value(1, b),
            packets_dst_to_src: value(2, c),
            bytes_dst_to_src: value(3, d),
        }
    }
}

/// The four counters from `start` on.
#[inline(always)]
fn counters(window: &Window, start: usize) -> Option<Numbers> {
    // Looked for in 48 bytes, which is 11 digits for each counter.
    let mut places = Places { bits: non_digits::<3>(window, start) };
    let [first, second, third] = [start + places.next(), start + places.next(), start + places.next()];
    if places.bits == 0 {
        return None;
    }
    let end = start + places.next();
    let commas_differ = difference(window, [first, second, third], b',');
    if end > LAST_PLACE || commas_differ | difference(window, [end], b'"') != 0 {
        return None;
    }
    let starts = [start, first + 1, second + 1, third + 1];
    let digits = [first - start, second - first - 1, third - second - 1, end - third - 1];
    // True where each has 1 to 8 digits: for less, the subtraction wraps around.
    if digits.iter().fold(0, |any, digits| any | digits.wrapping_sub(1)) >= 8 {
        let values = long_or_empty_numbers(window, starts, digits)?;
        let logged = (0..).zip(digits).fold(0, |bits, (bit, digits)| bits | u8::from(digits > 0) << bit);
        return Some(Numbers { values, logged, end });
    }
    let [first, second, third, fourth] = starts;
    let [a, b, c, d] = digits;
    let values = four_numbers([
        up_to_eight_digits(window, first, a),
        up_to_eight_digits(window, second, b),
        up_to_eight_digits(window, third, c),
        up_to_eight_digits(window, fourth, d),
    ]);
    Some(Numbers { values: values.map(u64::from), logged: 0b1111, end })
}

/// Most digits that surely fit 64 bits; a longer number is left to the slow path.
const MOST_COUNTER_DIGITS: usize = 19;

/// Numbers of which one has more than 8 digits, or none.
#[inline(never)]
fn long_or_empty_numbers(window: &Window, starts: [usize; 4], digits: [usize; 4]) -> Option<[u64; 4]> {
    let mut numbers = [0; 4];
    for ((number, start), digits) in numbers.iter_mut().zip(starts).zip(digits) {
        if digits > MOST_COUNTER_DIGITS {
            return None;
        }
        let text = window.get(start..start + digits)?;
        *number = text.iter().fold(0, |number, byte| number * 10 + u64::from(byte - b'0'));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests;
