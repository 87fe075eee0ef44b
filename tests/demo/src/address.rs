//! The addresses of the network, and which group of `groups.csv` each belongs to.
//!
//! Not here: the network interfaces and the ways between them (`network`).

use std::fmt::Write as _;

/// An IPv4 address as a number in host order.
pub(crate) type Address = u32;

/// Makes an address from its four numbers.
pub(crate) const fn ip(a: u8, b: u8, c: u8, d: u8) -> Address {
    u32::from_be_bytes([a, b, c, d])
}

pub(crate) const RESOLVER: Address = ip(10, 1, 0, 8);
pub(crate) const FIREWALL: Address = ip(10, 1, 0, 68);
pub(crate) const BASTION: Address = ip(10, 1, 0, 132);
pub(crate) const GATEWAYS: [Address; 2] = [ip(10, 1, 0, 196), ip(10, 1, 0, 197)];

pub(crate) const WEB: Address = ip(10, 1, 1, 4);
pub(crate) const WEB_SECOND: Address = ip(10, 1, 1, 5);
pub(crate) const CACHE: Address = ip(10, 1, 1, 12);
pub(crate) const API: Address = ip(10, 1, 1, 21);
pub(crate) const DATABASE: Address = ip(10, 1, 1, 36);
pub(crate) const REPORTS: Address = ip(10, 1, 1, 37);
/// SQL's private endpoint: no network interface of it is ever logged.
pub(crate) const SQL_ENDPOINT: Address = ip(10, 1, 1, 68);
/// An address where nothing answers.
pub(crate) const DEAD_HOST: Address = ip(10, 1, 1, 77);

pub(crate) const CLIENT: Address = ip(10, 1, 2, 20);
pub(crate) const BUILD_AGENT: Address = ip(10, 1, 2, 21);
pub(crate) const WORKERS: [Address; 2] = [ip(10, 1, 2, 30), ip(10, 1, 2, 31)];
pub(crate) const REPLICA: Address = ip(10, 1, 2, 36);
pub(crate) const APPS: [Address; 8] = [
    ip(10, 1, 2, 40),
    ip(10, 1, 2, 41),
    ip(10, 1, 2, 42),
    ip(10, 1, 2, 43),
    ip(10, 1, 2, 44),
    ip(10, 1, 2, 45),
    ip(10, 1, 2, 46),
    ip(10, 1, 2, 47),
];

/// The on-premises host with about 26 % of the circuit's bytes.
pub(crate) const ONPREM_BIGGEST: Address = ip(10, 4, 2, 2);
/// The other on-premises hosts and their weights, in percent of the circuit's bytes.
pub(crate) const ONPREM_OTHERS: [(Address, u64); 8] = [
    (ip(10, 4, 1, 10), 14),
    (ip(10, 4, 1, 11), 12),
    (ip(10, 4, 3, 10), 11),
    (ip(10, 4, 3, 11), 10),
    (ip(10, 4, 5, 20), 9),
    (ip(10, 4, 5, 21), 8),
    (ip(10, 4, 8, 7), 6),
    (ip(10, 4, 9, 9), 4),
];

/// The platform's address: health probes, wire server, the platform's resolver.
pub(crate) const PLATFORM: Address = ip(168, 63, 129, 16);
/// Where the beaconing host calls.
pub(crate) const BEACON_TARGET: Address = ip(203, 0, 113, 77);
pub(crate) const VERTICAL_SCANNER: Address = ip(198, 51, 100, 23);
pub(crate) const HORIZONTAL_SCANNER: Address = ip(192, 0, 2, 91);
/// The administrator's address outside, seen at Bastion.
pub(crate) const ADMINISTRATOR: Address = ip(203, 0, 113, 9);

/// The name of an address's part of the network; its number is its place in [`GROUP_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    Hub,
    Spoke1,
    Spoke2,
    OnPremises,
    Platform,
    Internet,
}

/// The groups' names, in the order of [`Group`].
pub(crate) const GROUP_NAMES: [&str; 6] = ["hub", "spoke1", "spoke2", "onprem", "platform", "internet"];

/// The file `groups.csv`. The internet is what no line covers.
pub(crate) const GROUPS_CSV: &str = "cidr,name\n10.1.0.0/24,hub\n10.1.1.0/24,spoke1\n10.1.2.0/24,spoke2\n\
     10.4.0.0/16,onprem\n168.63.129.16/32,platform\n";

impl Group {
    pub(crate) fn of(address: Address) -> Self {
        match address.to_be_bytes() {
            [10, 1, 0, _] => Self::Hub,
            [10, 1, 1, _] => Self::Spoke1,
            [10, 1, 2, _] => Self::Spoke2,
            [10, 4, _, _] => Self::OnPremises,
            [168, 63, 129, 16] => Self::Platform,
            _ => Self::Internet,
        }
    }

    pub(crate) fn is_spoke(self) -> bool {
        matches!(self, Self::Spoke1 | Self::Spoke2)
    }

    /// In the VNets or behind the circuit: what the service tag `VirtualNetwork` covers.
    pub(crate) fn is_private(self) -> bool {
        matches!(self, Self::Hub | Self::Spoke1 | Self::Spoke2 | Self::OnPremises)
    }
}

/// Appends an address in its usual text form.
pub(crate) fn push_address(text: &mut Vec<u8>, address: Address) {
    let mut digits = itoa::Buffer::new();
    for (place, number) in address.to_be_bytes().into_iter().enumerate() {
        if place > 0 {
            text.push(b'.');
        }
        text.extend_from_slice(digits.format(number).as_bytes());
    }
}

/// An address in its usual text form.
pub(crate) fn address_text(address: Address) -> String {
    let [a, b, c, d] = address.to_be_bytes();
    let mut text = String::with_capacity(15);
    // Writing to a String cannot fail.
    let _ = write!(text, "{a}.{b}.{c}.{d}");
    text
}

#[cfg(test)]
mod tests {
    use super::{Group, address_text, ip, push_address};

    #[test]
    fn both_ways_of_writing_an_address_agree() {
        for address in [ip(0, 0, 0, 0), ip(10, 1, 2, 20), ip(168, 63, 129, 16), ip(255, 255, 255, 255)] {
            let mut bytes = Vec::new();
            push_address(&mut bytes, address);
            assert_eq!(bytes, address_text(address).into_bytes());
        }
    }

    #[test]
    fn on_premises_is_a_sixteen_bit_network() {
        assert_eq!(Group::of(ip(10, 4, 200, 1)), Group::OnPremises);
        assert_eq!(Group::of(ip(10, 5, 0, 1)), Group::Internet);
    }
}
