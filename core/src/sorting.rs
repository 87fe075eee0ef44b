//! One sort for all results: it orders numbers, and rows are then moved to their places.
//!
//! The standard library's sorts are compiled anew for every type of row, which took a fifteenth of the browser module.
//! Not here: sorting of plain numbers in inner loops, which should know their type. Where they are many it is stable: in a
//! standard library that is made small, as the browser's, the unstable one is a heap sort, which takes longer.

use core::cmp::Ordering;

/// Sorts rows; equals stay in the order in which they came.
pub(crate) fn sort_by<T>(rows: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let order = order_of(rows.len(), &|one, other| compare_at(rows, one, other, &compare));
    rearrange(rows, &order);
}

/// As [`sort_by`] of a comparison that looks at a number first, the biggest first: sooner, as most rows are told apart by numbers
/// that lie side by side.
pub(crate) fn sort_biggest_first<T>(
    rows: &mut [T],
    number: impl Fn(&T) -> u64,
    compare: impl Fn(&T, &T) -> Ordering,
) {
    let numbers: Vec<(u64, u32)> = rows.iter().zip(0..).map(|(row, at)| (!number(row), at)).collect();
    let order = order_of_numbers(numbers, &|one, other| compare_at(rows, one, other, &compare));
    rearrange(rows, &order);
}

fn compare_at<T>(rows: &[T], one: u32, other: u32, compare: &impl Fn(&T, &T) -> Ordering) -> Ordering {
    match (rows.get(one as usize), rows.get(other as usize)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    }
}

/// Moves rows to their places: for each place the number of the row that belongs there.
fn rearrange<T>(rows: &mut [T], order: &[u32]) {
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

/// The second numbers in the order of the first ones; those of equals as `compare` says.
fn order_of_numbers(mut numbers: Vec<(u64, u32)>, compare: &dyn Fn(u32, u32) -> Ordering) -> Vec<u32> {
    numbers.sort();
    let mut order: Vec<u32> = numbers.iter().map(|(_, at)| *at).collect();
    let mut rest = order.as_mut_slice();
    for equals in numbers.chunk_by(|one, other| one.0 == other.0) {
        let (run, behind) = rest.split_at_mut(equals.len());
        if run.len() > 1 {
            run.sort_by(|one, other| compare(*one, *other));
        }
        rest = behind;
    }
    order
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

        #[test]
        fn the_biggest_are_first_and_equals_as_they_compare(keys in prop::collection::vec((0_u64..5, 0_u8..9), 0..100)) {
            let compare = |one: &(u64, u8, usize), other: &(u64, u8, usize)| other.0.cmp(&one.0).then(one.1.cmp(&other.1));
            let mut expected: Vec<(u64, u8, usize)> = keys.iter().zip(0..).map(|((number, key), at)| (*number, *key, at)).collect();
            let mut found = expected.clone();
            expected.sort_by(compare);
            sort_biggest_first(&mut found, |row| row.0, compare);
            prop_assert_eq!(&found, &expected);
            // Also where the number is a part of what is compared.
            sort_biggest_first(&mut found, |row| row.0 / 2, compare);
            prop_assert_eq!(found, expected);
        }
    }
}
