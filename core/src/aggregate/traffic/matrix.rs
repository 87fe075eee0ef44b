//! `matrix`: which group talks to which.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::keyed::{Keyed, biggest_first};
use crate::aggregate::building_blocks::keys::{End, Key};
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::groups::{AZURE_METADATA, AZURE_PLATFORM, Groups};
use crate::table::Table;
use crate::travel::travels;
use std::sync::Arc;

/// Traffic from group to group, biggest first; an address in no group is in the group null.
#[derive(Clone, Debug)]
pub struct Matrix {
    cells: Keyed<Totals>,
}

travels!(Matrix { cells });

/// What addresses are called where the user gave no names: the kinds of addresses, and the platform's own two.
const BUILT_IN: &[(&str, &str)] = &[
    ("0.0.0.0/0", "public"),
    ("0.0.0.0/8", "special"),
    ("10.0.0.0/8", "private"),
    ("100.64.0.0/10", "private"),
    ("127.0.0.0/8", "special"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "private"),
    ("192.0.0.0/24", "special"),
    ("192.168.0.0/16", "private"),
    ("198.18.0.0/15", "special"),
    ("224.0.0.0/3", "special"),
    ("::/0", "special"),
    ("2000::/3", "public"),
    ("fc00::/7", "private"),
    ("fe80::/10", "link-local"),
];

impl Matrix {
    /// A matrix of these groups; where there are none, of `private`, `public`, `link-local`, `special` (loopback,
    /// multicast and such), `azure-platform` and `azure-metadata`.
    #[must_use]
    pub fn new(groups: Arc<Groups>) -> Matrix {
        let groups = if groups.is_empty() { Arc::new(built_in_groups()) } else { groups };
        Matrix { cells: Keyed::new(&[Key::Group(End::Src), Key::Group(End::Dst)], groups) }
    }
}

/// Names for all addresses by what kind of address they are.
#[must_use]
pub fn built_in_groups() -> Groups {
    let platform = [AZURE_PLATFORM, AZURE_METADATA].map(|(address, name)| (address.to_string(), name));
    let named = platform.iter().map(|(address, name)| (address.as_str(), *name));
    // The list above is free of errors, as a test shows.
    Groups::from_pairs(BUILT_IN.iter().copied().chain(named)).unwrap_or_default()
}

impl Aggregate for Matrix {
    const NAME: &'static str = "matrix";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.cells.add(batch);
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.add(condensed.cells);
        true
    }

    fn merge(&mut self, other: Matrix) {
        self.cells.merge(&other.cells);
    }

    fn finish(mut self) -> Table {
        let mut rows = self.cells.rows();
        biggest_first(&mut rows, |row| row.entry.bytes());
        let mut table = Table::default();
        self.cells.add_columns(&mut table, &rows);
        let totals: Vec<Totals> = rows.iter().map(|row| row.entry).collect();
        add_columns(&mut table, &totals);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{lawful, printed, row, rows};
    use crate::groups::is_public;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_address_has_a_built_in_name() {
        let groups = built_in_groups();
        for (address, expected) in [
            ("10.1.1.4", "private"),
            ("172.31.0.1", "private"),
            ("100.64.0.1", "private"),
            ("8.8.8.8", "public"),
            ("168.63.129.16", "azure-platform"),
            ("169.254.169.254", "azure-metadata"),
            ("169.254.1.1", "link-local"),
            ("255.255.255.255", "special"),
            ("127.0.0.1", "special"),
            ("2a00::1", "public"),
            ("fd00::4", "private"),
            ("fe80::1", "link-local"),
            ("::1", "special"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(groups.name_of(address), Some(expected), "{address}");
            assert_eq!(is_public(address), expected == "public", "{address}");
        }
    }

    #[test]
    fn an_address_in_no_group_is_in_the_group_null() {
        let groups = Arc::new(Groups::from_text("cidr,name\n10.1.0.0/16,hub\n").unwrap());
        let rows = [
            row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,100,2,50", "r", "A"),
            row(0, "10.1.1.4,10.1.0.5,50000,443,6,O,E,NX,1,100,2,60", "r", "A"),
        ];
        let table = lawful(&rows, 1, || Matrix::new(Arc::clone(&groups)));
        assert_eq!(
            printed(&table, &["src_group", "dst_group", "bytes"]),
            [["hub", "hub", "160"], ["hub", "-", "150"]]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_matrix_is_the_plain_one(rows in rows(80), seed in any::<u64>(), named in any::<bool>()) {
            let given = if named { "cidr,name\n10.1.0.0/16,spoke\n203.0.113.0/24,partner\n" } else { "cidr,name\n" };
            let groups = Arc::new(Groups::from_text(given).unwrap_or_default());
            let table = lawful(&rows, seed, || Matrix::new(Arc::clone(&groups)));
            let name = |address: core::net::IpAddr| match (named, address.to_string()) {
                (true, text) if text.starts_with("10.1.") => "spoke",
                (true, text) if text.starts_with("203.0.113.") => "partner",
                (true, _) => "-",
                (false, text) if text.starts_with("10.") => "private",
                (false, _) => "public",
            };
            let mut expected: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for row in &rows {
                *expected.entry(vec![name(row.tuple.src_ip).to_owned(), name(row.tuple.dst_ip).to_owned()]).or_default() += 1;
            }
            let found: BTreeMap<Vec<String>, u64> = printed(&table, &["src_group", "dst_group", "tuples"]).into_iter()
                .map(|line| (line[..2].to_vec(), line[2].parse().unwrap())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
