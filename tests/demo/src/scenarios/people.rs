//! The addresses outside: visitors, scanners and sites, of limited and realistic variety.
//!
//! They follow from the seed and a number, without lists in memory. Not here: what they do.

use crate::address::{Address, ip};
use crate::dice::{Dice, mix};
use crate::options::Options;

/// First numbers of visitors' and scanners' addresses.
const VISITOR_NETWORKS: [u8; 16] = [24, 31, 46, 62, 77, 81, 85, 92, 98, 109, 151, 176, 178, 188, 193, 212];
/// First numbers of sites' addresses.
const SITE_NETWORKS: [u8; 8] = [13, 20, 40, 52, 104, 142, 151, 185];
/// What background noise asks for; each scanner keeps to a few of them.
const NOISE_PORTS: [u16; 40] = [
    21, 22, 23, 25, 80, 81, 110, 111, 135, 139, 143, 389, 445, 465, 502, 587, 993, 1080, 1433, 1521, 1723,
    2222, 2375, 3306, 3389, 4444, 5038, 5432, 5555, 5900, 6379, 7547, 8081, 8728, 8888, 9200, 11211, 23023,
    27017, 50050,
];
/// Ports that one source of noise asks for.
const PORTS_OF_ONE: u64 = 6;

/// How many there are of each.
pub(crate) struct People {
    seed: u64,
    visitors: u32,
    scanners: u32,
    sites: u32,
}

impl People {
    pub(crate) fn new(options: &Options) -> Self {
        let number = |tuples_each: u64, fewest: u64, most: u64| {
            (options.tuples_per_hour / tuples_each).clamp(fewest, most) as u32
        };
        Self {
            seed: options.seed,
            visitors: number(500, 40, 4_000),
            scanners: number(1_000, 30, 600),
            sites: number(2_000, 25, 250),
        }
    }

    /// Someone who looks at the web site; a few come much more often than the rest.
    pub(crate) fn visitor(&self, dice: &mut Dice) -> Address {
        let number = dice.skewed(0, self.visitors);
        self.address(1, number, &VISITOR_NETWORKS)
    }

    /// A source of background noise, and a port that it asks for.
    pub(crate) fn scanner(&self, dice: &mut Dice) -> (Address, u16) {
        let number = dice.below(self.scanners);
        let choice = mix(u64::from(number)).wrapping_add(u64::from(dice.below(PORTS_OF_ONE as u32)));
        let port = NOISE_PORTS.get((choice % NOISE_PORTS.len() as u64) as usize).copied().unwrap_or(23);
        (self.address(2, number, &VISITOR_NETWORKS), port)
    }

    /// A site that the hosts use.
    pub(crate) fn site(&self, dice: &mut Dice) -> Address {
        let number = dice.skewed(0, self.sites);
        self.address(3, number, &SITE_NETWORKS)
    }

    fn address(&self, kind: u64, number: u32, networks: &[u8]) -> Address {
        let bits = mix(self.seed ^ (kind << 48) ^ u64::from(number));
        let first = networks.get((bits % networks.len() as u64) as usize).copied().unwrap_or(20);
        ip(first, (bits >> 16) as u8, (bits >> 24) as u8, ((bits >> 32) % 254 + 1) as u8)
    }
}
