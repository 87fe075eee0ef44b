//! `encryption`: what crosses unencrypted.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::Encryption;

/// Traffic by the value of `encryption`, in the order of the documentation; null (NSG logs have none) is last.
///
/// `share` is the part of all bytes; null where no bytes were logged.
#[derive(Clone, Debug, Default)]
pub struct EncryptionUse {
    by_value: [Totals; VALUES],
}

travels!(EncryptionUse { by_value });

/// The eight values, and none.
const VALUES: usize = Encryption::ALL.len() + 1;

impl EncryptionUse {
    /// No traffic yet.
    #[must_use]
    pub fn new() -> EncryptionUse {
        EncryptionUse::default()
    }
}

impl Aggregate for EncryptionUse {
    const NAME: &'static str = "encryption";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        for (row, value) in batch.encryption.iter().enumerate() {
            let place = value.map_or(VALUES - 1, |value| value as usize);
            if let Some(totals) = self.by_value.get_mut(place) {
                totals.add(batch, row);
            }
        }
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.add(condensed.cells);
        true
    }

    fn merge(&mut self, other: EncryptionUse) {
        for (own, other) in self.by_value.iter_mut().zip(&other.by_value) {
            own.merge(other);
        }
    }

    fn finish(self) -> Table {
        let names = Encryption::ALL.iter().map(|value| Some(value.name())).chain([None]);
        let (names, totals): (Vec<Option<&str>>, Vec<_>) =
            names.zip(self.by_value).filter(|(_, totals)| totals.tuples > 0).unzip();
        let mut whole = Totals::default();
        totals.iter().for_each(|totals: &Totals| whole.merge(totals));
        let share = |totals: &Totals| {
            let whole = whole.bytes().filter(|bytes| *bytes > 0)?;
            Some(totals.bytes().unwrap_or(0) as f64 / whole as f64)
        };
        let mut table = Table::default();
        table.add("encryption", Values::Text(names.into_iter().collect()));
        add_columns(&mut table, &totals);
        table.add("share", Values::F64(totals.iter().map(share).collect()));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{lawful, printed, row, rows};
    use proptest::prelude::*;
    use proptest::sample::select;
    use std::collections::BTreeMap;

    #[test]
    fn shares_are_of_all_bytes() {
        let rows = [
            row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,30,2,45", "r", "A"),
            row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,E,X,1,20,2,5", "r", "A"),
            row(0, "10.1.1.4,10.2.0.5,50000,443,T,O,A", "r", "A"),
        ];
        let table = lawful(&rows, 1, EncryptionUse::new);
        let lines = printed(&table, &["encryption", "tuples", "bytes", "share"]);
        assert_eq!(
            lines,
            [["X", "1", "25", "0.250000"], ["NX", "1", "75", "0.750000"], ["-", "1", "-", "0.000000"]]
        );
        assert!(EncryptionUse::new().finish().is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_are_the_plain_ones(rows in rows(60), values in proptest::collection::vec(select(Encryption::ALL), 60), seed in any::<u64>()) {
            let mut rows = rows;
            for (row, value) in rows.iter_mut().zip(values) {
                row.tuple.encryption = (row.tuple.version == 4).then_some(value);
            }
            let table = lawful(&rows, seed, EncryptionUse::new);
            let mut expected: BTreeMap<String, u64> = BTreeMap::new();
            for row in &rows {
                let name = row.tuple.encryption.map_or("-", |value| value.name());
                *expected.entry(name.to_owned()).or_default() += 1;
            }
            let found: BTreeMap<String, u64> = printed(&table, &["encryption", "tuples"]).into_iter()
                .map(|line| (line[0].clone(), line[1].parse().unwrap())).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
