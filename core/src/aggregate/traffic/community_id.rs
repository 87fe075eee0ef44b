//! Community ID, version 1: one text for a 5-tuple that Zeek, Suricata and others write alike.
//!
//! <https://github.com/corelight/community-id-spec>: `1:` and the base64 text of the SHA-1 of seed, lower end's
//! address, higher end's address, protocol, a zero, lower port, higher port; all in network order, the seed 0. ICMP,
//! whose ports the standard makes of types and codes, is never in these logs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use core::net::IpAddr;
use sha1::{Digest, Sha1};

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
    let hash = Sha1::digest(message.bytes.get(..message.len).unwrap_or_default());
    let mut text = String::with_capacity(30);
    text.push_str("1:");
    STANDARD.encode_string(hash, &mut text);
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
}
