//! One sort for all results: it orders numbers, and rows are then moved to their places.
//!
//! The standard library's sorts are compiled anew for every type of row, which took a fifteenth of the browser module.
//! Not here: sorting of plain numbers in inner loops, which should know their type. Where they are many it is stable: in a
//! standard library that is made small, as the browser's, the unstable one is a heap sort, which takes longer.

use core::cmp::Ordering;

/// Sorts rows; equals stay in the order in which they came.
pub(crate) fn sort_by<T>(rows: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order =
        order_of(rows.len(), &|one, other| match (rows.get(one as usize), rows.get(other as usize)) {
            (Some(one), Some(other)) => compare(one, other),
            _ => Ordering::Equal,
        });
    // Each place is filled from where its row stands by now: rows that were in the way went to the place that they left.
    for (place, mut from) in order.iter().map(|from| *from as usize).enumerate() {
        while from < place {
            from = order.get(from).map_or(place, |from| *from as usize);
        }
        rows.swap(place, from);
    }
}

/// Sorts rows by a key; equals stay in the order in which they came.
pub(crate) fn sort_by_key<T, K: Ord>(rows: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(rows, |one, other| key(one).cmp(&key(other)));
}

/// The numbers below `count` in order; equals stay in the order of their numbers.
fn order_of(count: usize, compare: &dyn Fn(u32, u32) -> Ordering) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..count as u32).collect();
    numbers.sort_by(|one, other| compare(*one, *other));
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn rows_are_sorted_as_the_standard_library_sorts_them(keys in prop::collection::vec(0_u8..20, 0..200)) {
            let mut expected: Vec<(u8, String)> = keys.iter().zip(0..).map(|(key, number)| (*key, format!("{number}"))).collect();
            let mut found = expected.clone();
            expected.sort_by_key(|(key, _)| *key);
            sort_by_key(&mut found, |(key, _)| *key);
            prop_assert_eq!(found, expected);
        }
    }
}
