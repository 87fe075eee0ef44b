//! Names for networks: which group an address belongs to, by longest prefix.
//!
//! Reads the texts in which people keep such names (`groups/forms.rs`); where the text comes from is not its
//! business. Prefixes may lie in each other: the narrowest one names an address, but an address lies in the
//! groups of all of them, which is what the filter's `group` asks.
//!
//! ```
//! use vnetflow_core::groups::Groups;
//!
//! let groups = Groups::from_text("cidr,name\n10.0.0.0/8,corp\n10.1.0.0/16,spoke1\n")?;
//! assert_eq!(groups.name_of([10, 1, 1, 4].into()), Some("spoke1"));
//! assert_eq!(groups.name_of([10, 2, 0, 5].into()), Some("corp"));
//! assert_eq!(groups.name_of([8, 8, 8, 8].into()), None);
//! # Ok::<(), vnetflow_core::groups::GroupsError>(())
//! ```

mod forms;
#[cfg(test)]
mod tests;

use crate::sorting::sort_by_key;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use foldhash::fast::FixedState;
use ipnet::IpNet;
use std::collections::HashMap;

/// Address of the platform itself in every virtual network (DNS, DHCP, health probes), and the name it goes by.
pub const AZURE_PLATFORM: (IpAddr, &str) = (IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)), "azure-platform");

/// Address of the instance metadata service, and the name it goes by.
pub const AZURE_METADATA: (IpAddr, &str) = (IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), "azure-metadata");

/// Named networks. Code `n` stands for the `n`th name.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    names: Vec<String>,
    /// Codes by name in lower case.
    codes: HashMap<String, Vec<u32>, FixedState>,
    prefixes: Vec<(IpNet, u32)>,
    v4: Ranges,
    v6: Ranges,
}

/// Why a text names no networks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupsError {
    /// Line or entry.
    pub place: String,
    /// What was expected there and what was found.
    pub problem: String,
}

impl fmt::Display for GroupsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.problem)
    }
}

impl core::error::Error for GroupsError {}

impl Groups {
    /// No names at all.
    #[must_use]
    pub fn new() -> Groups {
        Groups::default()
    }

    /// Names from pairs of a prefix or address and its name; host bits of a prefix are cleared.
    ///
    /// # Errors
    ///
    /// The first entry that is no network, or whose prefix already has another name.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Groups, GroupsError> {
        Groups::of(&mut pairs.into_iter())
    }

    // One copy of the code, whatever the pairs come from.
    fn of(pairs: &mut dyn Iterator<Item = (&str, &str)>) -> Result<Groups, GroupsError> {
        let mut builder = Builder::default();
        for (number, (cidr, name)) in pairs.enumerate() {
            builder.add(cidr, name, &format!("entry {}", number + 1))?;
        }
        builder.finish()
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// True where there are no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The code of the name of the narrowest prefix that holds the address.
    #[must_use]
    pub fn code_of(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(address) => self.v4.get(u128::from(address.to_bits())),
            IpAddr::V6(address) => self.v6.get(address.to_bits()),
        }
    }

    /// The name of the narrowest prefix that holds the address.
    #[must_use]
    pub fn name_of(&self, address: IpAddr) -> Option<&str> {
        self.code_of(address).map(|code| self.name(code))
    }

    /// The name of a code; empty for a code that was never given out.
    #[must_use]
    pub fn name(&self, code: u32) -> &str {
        self.names.get(code as usize).map_or("", String::as_str)
    }

    /// All names, by code.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The code of that name, else the codes of all names that differ from it in case only.
    #[must_use]
    pub fn codes_named(&self, name: &str) -> &[u32] {
        let codes = self.codes.get(&name.to_lowercase()).map(Vec::as_slice).unwrap_or_default();
        let exact = codes.iter().position(|code| self.name(*code) == name);
        exact.and_then(|at| codes.get(at..=at)).unwrap_or(codes)
    }

    /// Every prefix with the code of its name. A prefix stands twice where two service tags hold it.
    pub fn prefixes(&self) -> impl Iterator<Item = (IpNet, u32)> + '_ {
        self.prefixes.iter().copied()
    }
}

/// True for an address that is routed on the internet.
///
/// Not so: private, shared (100.64.0.0/10), loopback, link-local, multicast, benchmarking, unspecified and
/// reserved addresses, unique local IPv6, and the platform's own 168.63.129.16, which is routed nowhere. An IPv4
/// address inside an IPv6 one (mapped, NAT64) counts as that IPv4 address.
///
/// The documentation's ranges (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20) are
/// public here: where they stand in a log, somebody put them in the place of public addresses.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match (first, second) {
        (0 | 10 | 127 | 224.., _) | (192, 168) | (169, 254) | (198, 18 | 19) => true,
        (100, second) => second & 0b1100_0000 == 64,
        (172, second) => second & 0b1111_0000 == 16,
        (192, 0) => third == 0,
        _ => IpAddr::V4(address) == AZURE_PLATFORM.0,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Benchmarking, and identifiers that are no addresses (ORCHID).
        [0x2001, 2, 0, ..] => false,
        [0x2001, second, ..] if second & 0xfff0 == 0x10 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Collects named prefixes, then makes the look-up tables.
#[derive(Default)]
struct Builder {
    names: Vec<String>,
    codes: HashMap<String, u32, FixedState>,
    prefixes: Vec<(IpNet, u32)>,
    /// The name that stands for a prefix.
    owners: HashMap<IpNet, u32, FixedState>,
}

impl Builder {
    /// Adds a prefix, which must have no other name.
    fn add(&mut self, cidr: &str, name: &str, place: &str) -> Result<(), GroupsError> {
        let net = parse_net(cidr, place)?;
        let code = self.code(name, place)?;
        match self.owners.get(&net) {
            Some(owner) if *owner == code => Ok(()),
            Some(owner) => {
                let other = self.names.get(*owner as usize).map_or("", String::as_str);
                let problem = format!("expected one name for `{net}`, found `{other}` and `{name}`");
                Err(GroupsError { place: place.to_owned(), problem })
            }
            None => {
                self.owners.insert(net, code);
                self.prefixes.push((net, code));
                Ok(())
            }
        }
    }

    /// Adds a prefix that may have another name already; `wins` decides whether this one stands for it.
    fn add_shared(
        &mut self,
        cidr: &str,
        name: &str,
        place: &str,
        wins: impl FnOnce(&str) -> bool,
    ) -> Result<(), GroupsError> {
        let net = parse_net(cidr, place)?;
        let code = self.code(name, place)?;
        let owner = self.owners.get(&net).and_then(|owner| self.names.get(*owner as usize));
        if owner.is_none_or(|owner| owner == name || wins(owner)) {
            self.owners.insert(net, code);
        }
        self.prefixes.push((net, code));
        Ok(())
    }

    fn code(&mut self, name: &str, place: &str) -> Result<u32, GroupsError> {
        if name.is_empty() {
            let problem = "expected a name, found nothing".to_owned();
            return Err(GroupsError { place: place.to_owned(), problem });
        }
        if let Some(code) = self.codes.get(name) {
            return Ok(*code);
        }
        let code = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.codes.insert(name.to_owned(), code);
        Ok(code)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the last step of a chain of fallible ones")]
    fn finish(mut self) -> Result<Groups, GroupsError> {
        self.prefixes.sort_unstable();
        self.prefixes.dedup();
        let mut owned: Vec<(IpNet, u32)> = self.owners.into_iter().collect();
        // Outer prefixes before those that lie in them.
        sort_by_key(&mut owned, |(net, _)| (net.network(), net.prefix_len()));
        let (v4, v6): (Vec<_>, Vec<_>) = owned.into_iter().partition(|(net, _)| matches!(net, IpNet::V4(_)));
        let mut codes: HashMap<String, Vec<u32>, FixedState> = HashMap::default();
        for (code, name) in (0..).zip(&self.names) {
            codes.entry(name.to_lowercase()).or_default().push(code);
        }
        Ok(Groups {
            names: self.names,
            codes,
            prefixes: self.prefixes,
            v4: Ranges::new(&v4),
            v6: Ranges::new(&v6),
        })
    }
}

/// Nested prefixes laid flat: from each start to the next one, addresses have the same name.
#[derive(Clone, Debug, Default)]
struct Ranges {
    starts: Vec<u128>,
    codes: Vec<Option<u32>>,
}

impl Ranges {
    /// From prefixes of one family, each once, outer ones before those in them.
    fn new(prefixes: &[(IpNet, u32)]) -> Ranges {
        let mut ranges = Ranges::default();
        let mut open: Vec<(u128, u32)> = Vec::new();
        for (net, code) in prefixes {
            let (first, last) = bounds(*net);
            ranges.close(&mut open, Some(first));
            ranges.push(first, Some(*code));
            open.push((last, *code));
        }
        ranges.close(&mut open, None);
        ranges
    }

    /// Ends the open prefixes that lie wholly before that address.
    fn close(&mut self, open: &mut Vec<(u128, u32)>, before: Option<u128>) {
        while let Some((last, _)) = open.pop_if(|(last, _)| before.is_none_or(|before| *last < before)) {
            if let Some(next) = last.checked_add(1) {
                self.push(next, open.last().map(|(_, code)| *code));
            }
        }
    }

    fn push(&mut self, start: u128, code: Option<u32>) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.codes.pop();
        }
        self.starts.push(start);
        self.codes.push(code);
    }

    fn get(&self, address: u128) -> Option<u32> {
        let following = self.starts.partition_point(|start| *start <= address);
        self.codes.get(following.checked_sub(1)?).copied().flatten()
    }
}

fn bounds(net: IpNet) -> (u128, u128) {
    match net {
        IpNet::V4(net) => (u128::from(net.network().to_bits()), u128::from(net.broadcast().to_bits())),
        IpNet::V6(net) => (net.network().to_bits(), net.broadcast().to_bits()),
    }
}

/// A prefix or a bare address; host bits are cleared.
fn parse_net(cidr: &str, place: &str) -> Result<IpNet, GroupsError> {
    let cidr = cidr.trim();
    let net = cidr.parse::<IpNet>().ok().or_else(|| cidr.parse::<IpAddr>().ok().map(IpNet::from));
    net.map(|net| net.trunc()).ok_or_else(|| GroupsError {
        place: place.to_owned(),
        problem: format!("expected a network such as `10.1.0.0/16`, found `{cidr}`"),
    })
}
