//! What travels arrives, and what is cut off or never was a value is told.

use super::*;
use core::fmt::Debug;
use proptest::prelude::*;

fn travelled<T: Travel + PartialEq + Debug>(value: &T) {
    let mut bytes = Vec::new();
    value.write(&mut bytes);
    let mut reader = Reader::new(&bytes);
    assert_eq!(T::read(&mut reader), *value);
    assert!(!reader.is_damaged() && reader.rest.is_empty());
    if let Some((_, cut)) = bytes.split_last() {
        let mut reader = Reader::new(cut);
        T::read(&mut reader);
        assert!(reader.is_damaged(), "{value:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_travels_arrives_and_what_is_cut_off_is_told(
        numbers in any::<(u8, u16, u32, u64)>(), wide in any::<(u128, i64)>(), text in ".*",
        address in any::<Option<IpAddr>>(), list in prop::collection::vec(any::<(bool, [u64; 4])>(), 0..9),
        map in prop::collection::btree_map(any::<u16>(), ".*", 0..9),
    ) {
        travelled(&numbers);
        travelled(&wide);
        travelled(&text);
        travelled(&address);
        travelled(&list);
        travelled(&map.keys().copied().collect::<HashSet<u16>>());
        travelled(&map.clone().into_iter().collect::<HashMap<u16, String>>());
        travelled(&map.keys().copied().collect::<BTreeSet<u16>>());
        travelled(&map);
    }

    #[test]
    fn any_bytes_are_read_or_damaged(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        <Vec<(String, IpNet, IpAddr, Option<bool>)>>::read(&mut Reader::new(&bytes));
        <BTreeMap<u16, (f64, i64)>>::read(&mut Reader::new(&bytes));
    }
}
