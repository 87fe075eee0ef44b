//! The fast path for tuples: reads the common shapes where they lie in the input, nothing allocated.
//!
//! It takes only what is exactly as Azure writes it (IPv4, plain digits, no escapes) and answers `None` for all
//! else, which [`Tuple::parse`] then reads or refuses. It never disagrees with that one: a test compares them.

use crate::tuple::{Action, Counters, Direction, Encryption, LAST_TIME_MS, SECONDS_BELOW, State, Tuple};
use core::net::{IpAddr, Ipv4Addr};

/// Reads a tuple and its closing quote from the start of `text` (behind the opening quote). Gives the tuple and the
/// length of its text without that quote.
#[inline]
pub(super) fn parse(text: &[u8]) -> Option<(Tuple, usize)> {
    let mut cursor = Cursor { text, at: 0 };
    let time = cursor.number_until_comma(18)? as i64;
    let time_ms = if time < SECONDS_BELOW { time * 1000 } else { time };
    if time_ms > LAST_TIME_MS {
        return None;
    }
    let src_ip = cursor.address_until_comma()?;
    let dst_ip = cursor.address_until_comma()?;
    let src_port = u16::try_from(cursor.number_until_comma(5)?).ok()?;
    let dst_port = u16::try_from(cursor.number_until_comma(5)?).ok()?;

    let (protocol, nsg) = match cursor.letter_until_comma() {
        Some(b'T') => (6, true),
        Some(b'U') => (17, true),
        // A lone letter is another field, not a protocol.
        Some(_) => return None,
        None => (u8::try_from(cursor.number_until_comma(3)?).ok()?, false),
    };
    let direction = match cursor.letter_until_comma()? {
        b'I' => Direction::Inbound,
        b'O' => Direction::Outbound,
        _ => return None,
    };

    let (action, state, encryption, version);
    if nsg {
        action = match cursor.next()? {
            b'A' => Action::Allow,
            b'D' => Action::Deny,
            _ => return None,
        };
        encryption = None;
        match cursor.next()? {
            b'"' => (state, version) = (None, 1),
            b',' => {
                state = Some(match cursor.letter_until_comma()? {
                    b'B' => State::Begin,
                    b'C' => State::Continue,
                    b'E' => State::End,
                    _ => return None,
                });
                version = 2;
            }
            _ => return None,
        }
    } else {
        (action, state) = match cursor.letter_until_comma()? {
            b'B' => (Action::Allow, Some(State::Begin)),
            b'C' => (Action::Allow, Some(State::Continue)),
            b'E' => (Action::Allow, Some(State::End)),
            b'D' => (Action::Deny, Some(State::Deny)),
            _ => return None,
        };
        encryption = Some(cursor.encryption_until_comma()?);
        version = 4;
    }

    let counters = if version == 1 {
        Counters::default()
    } else {
        Counters {
            packets_src_to_dst: cursor.counter_until(b',')?,
            bytes_src_to_dst: cursor.counter_until(b',')?,
            packets_dst_to_src: cursor.counter_until(b',')?,
            bytes_dst_to_src: cursor.counter_until(b'"')?,
        }
    };
    let tuple = Tuple {
        time_ms,
        src_ip: IpAddr::V4(src_ip),
        dst_ip: IpAddr::V4(dst_ip),
        src_port,
        dst_port,
        protocol,
        direction,
        action,
        state,
        encryption,
        counters,
        version,
    };
    Some((tuple, cursor.at - 1))
}

/// A place in the text. Every reader moves behind the separator that ended it.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

/// Most digits that surely fit 64 bits; a longer number is left to the slow path.
const MOST_COUNTER_DIGITS: usize = 19;

impl Cursor<'_> {
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// One to `most_digits` digits and a comma.
    #[inline(always)]
    fn number_until_comma(&mut self, most_digits: usize) -> Option<u64> {
        let start = self.at;
        let number = self.digits(b',')?;
        let digits = self.at - start - 1;
        (digits > 0 && digits <= most_digits).then_some(number)
    }

    /// Nothing, or up to 19 digits, and the separator.
    #[inline(always)]
    #[expect(clippy::option_option, reason = "empty and unreadable are two different things here")]
    fn counter_until(&mut self, separator: u8) -> Option<Option<u64>> {
        let start = self.at;
        let number = self.digits(separator)?;
        match self.at - start - 1 {
            0 => Some(None),
            digits if digits <= MOST_COUNTER_DIGITS => Some(Some(number)),
            _ => None,
        }
    }

    /// Digits up to the separator; wraps where there are too many, which the callers look at.
    #[inline(always)]
    fn digits(&mut self, separator: u8) -> Option<u64> {
        let mut number = 0_u64;
        loop {
            let byte = self.next()?;
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return (byte == separator).then_some(number);
            }
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        }
    }

    /// Four numbers from 0 to 255 without leading zeros, and a comma.
    #[inline(always)]
    fn address_until_comma(&mut self) -> Option<Ipv4Addr> {
        let mut bits = self.octet_until(b'.')?;
        bits = bits << 8 | self.octet_until(b'.')?;
        bits = bits << 8 | self.octet_until(b'.')?;
        bits = bits << 8 | self.octet_until(b',')?;
        Some(Ipv4Addr::from_bits(bits))
    }

    #[inline(always)]
    fn octet_until(&mut self, separator: u8) -> Option<u32> {
        let first = self.next()?.wrapping_sub(b'0');
        if first > 9 {
            return None;
        }
        let second = self.next()?;
        if second == separator {
            return Some(u32::from(first));
        }
        let second = second.wrapping_sub(b'0');
        // `010.1.1.4` is no address: some readers would take it as octal.
        if second > 9 || first == 0 {
            return None;
        }
        let two = u32::from(first) * 10 + u32::from(second);
        let third = self.next()?;
        if third == separator {
            return Some(two);
        }
        let third = third.wrapping_sub(b'0');
        let three = two * 10 + u32::from(third);
        (third <= 9 && three <= 255 && self.next()? == separator).then_some(three)
    }

    /// One letter and a comma; stays where it is if there is something else.
    #[inline(always)]
    fn letter_until_comma(&mut self) -> Option<u8> {
        let letter = *self.text.get(self.at)?;
        if *self.text.get(self.at + 1)? != b',' || !letter.is_ascii_uppercase() {
            return None;
        }
        self.at += 2;
        Some(letter)
    }

    #[inline(always)]
    fn encryption_until_comma(&mut self) -> Option<Encryption> {
        let rest = self.text.get(self.at..)?;
        if rest.starts_with(b"NX,") {
            self.at += 3;
            return Some(Encryption::NotEncrypted);
        }
        let length = rest.iter().take(LONGEST_ENCRYPTION + 1).position(|byte| *byte == b',')?;
        let name = rest.get(..length)?;
        self.at += length + 1;
        Encryption::ALL.iter().copied().find(|value| value.name().as_bytes() == name)
    }
}

/// Length of `NX_HW_NOT_SUPPORTED`.
const LONGEST_ENCRYPTION: usize = 19;

#[cfg(test)]
mod tests {
    use super::*;

    /// Both paths, on the same text: the fast one may only pass, never differ.
    fn agree(text: &str) -> bool {
        let quoted = format!("{text}\",\"");
        match parse(quoted.as_bytes()) {
            Some((tuple, length)) => {
                assert_eq!(Ok(tuple), Tuple::parse(text), "{text}");
                assert_eq!(length, text.len(), "{text}");
                true
            }
            None => false,
        }
    }

    #[test]
    fn common_shapes_take_the_fast_path() {
        for text in [
            "1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
            "1754512773,10.0.0.4,13.107.21.200,49982,443,6,O,C,NX,7,1158,12,8143",
            "1663145998065,101.33.218.153,10.0.0.6,55188,22,6,I,D,NX,,,,",
            "1663145998065,255.255.255.255,0.0.0.0,0,65535,255,I,E,NX_HW_NOT_SUPPORTED,1,2,3,9999999999999999999",
            "1663145998065,1.2.3.4,10.0.0.6,1,22,17,I,C,X,1,2,3,4",
            "1542110402,192.0.2.190,10.5.16.4,28746,443,U,I,D,B,,,,",
            "1542110379,10.5.16.4,203.0.113.117,59932,443,T,O,A,E,1,66,1,66",
            "1497646722,10.0.0.4,168.62.32.14,44904,443,T,O,A",
        ] {
            assert!(agree(text), "{text}");
        }
    }

    #[test]
    fn all_else_is_left_to_the_slow_path() {
        for text in [
            "1663146003599,fd00::1,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
            "1663146003599,010.0.0.6,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
            "1663146003599,10.0.0.256,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0",
            "1663146003599,10.0.0.6,192.0.2.180,65536,443,6,O,B,NX,0,0,0,0",
            "1663146003599,10.0.0.6,192.0.2.180,1,443,256,O,B,NX,0,0,0,0",
            "1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,18446744073709551616",
            "1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0",
            "1663146003599,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,0,0",
            "1663146003599,10.0.0.6,192.0.2.180,1,443,I,6,O,B,NX,0,0,0,0",
            "9999999999999999,10.0.0.6,192.0.2.180,1,443,6,O,B,NX,0,0,0,0",
            "1497646722,10.0.0.4,168.62.32.14,44904,443,T,O,A,",
            "1497646722,10.0.0.4,168.62.32.14,44904,443,T,O,A,D,,,,",
            ",10.0.0.4,168.62.32.14,44904,443,T,O,A",
            "",
        ] {
            assert!(!agree(text), "{text}");
        }
    }

    #[test]
    fn a_tuple_cut_anywhere_is_no_tuple() {
        let text = b"1663146003599,10.0.0.6,192.0.2.180,23956,443,6,O,B,NX,1,22,333,4444\"";
        for length in 0..text.len() {
            assert_eq!(parse(&text[..length]), None);
        }
        assert!(parse(text).is_some());
    }

    #[test]
    fn every_octet_is_read_exactly() {
        for octet in 0..=255 {
            assert!(agree(&format!("1663146003599,10.{octet}.0.6,{octet}.0.2.{octet},1,443,6,O,B,NX,,,,")));
        }
        for wrong in ["256", "300", "999", "00", "01", "001", "", "1a", "-1"] {
            assert!(!agree(&format!("1663146003599,10.{wrong}.0.6,1.0.2.3,1,443,6,O,B,NX,,,,")), "{wrong}");
        }
    }
}
