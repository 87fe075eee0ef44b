//! Community ID, version 1: one text for a 5-tuple that Zeek, Suricata and others write alike.
//!
//! <https://github.com/corelight/community-id-spec>: `1:` and the base64 text of the SHA-1 of seed, lower end's
//! address, higher end's address, protocol, a zero, lower port, higher port; all in network order, the seed 0. ICMP,
//! whose ports the standard makes of types and codes, is never in these logs.

use super::sha1::sha1;
use core::net::IpAddr;

/// Tools may agree on another seed to tell their networks apart; 0 is what all start with.
const SEED: [u8; 2] = [0, 0];

/// The Community ID of a 5-tuple; both directions have the same.
#[must_use]
pub fn community_id(src_ip: IpAddr, dst_ip: IpAddr, src_port: u16, dst_port: u16, protocol: u8) -> String {
    // Addresses are compared as they stand in the message: of one family, by their octets.
    let one = (src_ip, src_port);
    let other = (dst_ip, dst_port);
    let ((low_ip, low_port), (high_ip, high_port)) = if one <= other { (one, other) } else { (other, one) };
    let mut message = Message { bytes: [0; MOST_BYTES], len: 0 };
    message.push(&SEED);
    message.push_address(low_ip);
    message.push_address(high_ip);
    message.push(&[protocol, 0]);
    message.push(&low_port.to_be_bytes());
    message.push(&high_port.to_be_bytes());
    let mut text = String::with_capacity(30);
    text.push_str("1:");
    push_base64(&sha1(message.bytes.get(..message.len).unwrap_or_default()), &mut text);
    text
}

/// What is hashed, in place: millions of these are made.
struct Message {
    bytes: [u8; MOST_BYTES],
    len: usize,
}

/// Two IPv6 addresses, two ports, seed, protocol and a zero.
const MOST_BYTES: usize = 40;

impl Message {
    fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
        }
    }

    fn push_address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(v4) => self.push(&v4.octets()),
            IpAddr::V6(v6) => self.push(&v6.octets()),
        }
    }
}

fn push_base64(bytes: &[u8], text: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            // Three bytes make four digits; a shorter last group leaves digits unused.
            let digit = if digit <= group.len() { DIGITS.get(value as usize).copied() } else { None };
            text.push(char::from(digit.unwrap_or(b'=')));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_published_ones() {
        // From the baseline of github.com/corelight/community-id-spec (seed 0).
        for (src, dst, src_port, dst_port, protocol, expected) in [
            ("128.232.110.120", "66.35.250.204", 34_855, 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
            ("66.35.250.204", "128.232.110.120", 80, 34_855, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
            ("192.168.1.52", "8.8.8.8", 54_585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
            ("8.8.8.8", "192.168.1.52", 53, 54_585, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
        ] {
            let (src, dst) = (src.parse().unwrap(), dst.parse().unwrap());
            assert_eq!(community_id(src, dst, src_port, dst_port, protocol), expected);
        }
    }

    #[test]
    fn base64_pads_short_groups() {
        for (bytes, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            let mut text = String::new();
            push_base64(bytes.as_bytes(), &mut text);
            assert_eq!(text, expected);
        }
    }
}
