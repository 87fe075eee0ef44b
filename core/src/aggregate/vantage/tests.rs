//! The vantage: each part of the rule by example, and the whole of it spelled out over random rows.

use super::*;
use crate::aggregate::tests::trials::{TestRow, batch_of, row, rows};
use crate::batch::Batch;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Marks of the rows that count.
fn kept(rows: &[TestRow]) -> Vec<bool> {
    let batch = batch_of(rows);
    let mut vantage = Vantage::new();
    vantage.add(&batch);
    vantage.finish().mask(&batch)
}

const FLOW: &str = "10.1.1.4,10.2.0.5,50000,443,6";

fn sighting(after_ms: i64, direction: &str, mac: &'static str) -> TestRow {
    row(after_ms, &format!("{FLOW},{direction},B,NX,0,0,0,0"), "r", mac)
}

/// What makes a NIC a firewall's: traffic of many others.
fn firewall_traffic() -> Vec<TestRow> {
    let other = |ends: &str| row(0, &format!("{ends},1,2,6,I,B,NX,0,0,0,0"), "r", "FW");
    vec![other("10.3.0.1,10.3.0.2"), other("10.3.0.2,10.3.0.3"), other("10.3.0.3,10.3.0.4")]
}

#[test]
fn a_flow_counts_at_its_destination_else_at_its_source_else_at_one_of_the_others() {
    let (source, destination) = (sighting(0, "O", "SRC"), sighting(3, "I", "DST"));
    let (fw_in, fw_out) = (sighting(1, "I", "FW"), sighting(2, "O", "FW"));
    for (places, expected) in [
        (vec![&source, &fw_in, &fw_out, &destination], 3),
        (vec![&source, &fw_in, &fw_out], 0),
        (vec![&fw_in, &fw_out, &destination], 2),
        (vec![&fw_out, &fw_in], 1),
        (vec![&fw_out], 0),
    ] {
        let mut rows: Vec<TestRow> = places.into_iter().cloned().collect();
        let places = rows.len();
        // The two machines are known from other traffic, too.
        rows.extend(firewall_traffic());
        rows.push(row(0, "10.1.1.4,10.9.0.1,1,2,6,O,B,NX,0,0,0,0", "r", "SRC"));
        rows.push(row(0, "10.9.0.1,10.2.0.5,1,2,6,I,B,NX,0,0,0,0", "r", "DST"));
        let kept = &kept(&rows)[..places];
        let expected: Vec<bool> = (0..places).map(|place| place == expected).collect();
        assert_eq!(kept, expected, "{places} places");
    }
}

#[test]
fn what_only_another_nic_logged_later_counts_there() {
    let hour = 3_600_000;
    let denial = row(hour, &format!("{FLOW},O,D,NX,0,0,0,0"), "nossh", "SRC");
    let rows = [sighting(0, "O", "SRC"), sighting(2, "I", "DST"), denial];
    // The source's place begins with its first row and ends with the denial, the destination's does not.
    assert_eq!(kept(&rows), [false, true, true]);
}

#[test]
fn a_firewall_does_not_stand_for_an_address_that_it_passes_traffic_to() {
    // The destination's own NIC is nowhere in the logs: on-premises.
    let rows = [sighting(0, "O", "SRC"), sighting(1, "I", "FW"), sighting(2, "O", "FW")];
    assert_eq!(kept(&rows), [true, false, false]);
}

#[test]
fn vnet_logs_count_where_nsg_logs_tell_the_same() {
    let nsg = row(0, "10.1.1.4,10.2.0.5,50000,443,T,I,A,B,,,,", "r", "DST");
    assert_eq!(kept(&[nsg.clone(), sighting(1, "I", "DST")]), [false, true]);
    assert_eq!(kept(&[nsg]), [true]);
}

#[test]
fn the_overcount_is_told_in_tuples_and_bytes() {
    let end = |direction: &str, mac| row(0, &format!("{FLOW},{direction},E,NX,1,100,1,50"), "r", mac);
    let mut batch = batch_of(&[end("O", "SRC"), end("I", "DST")]);
    let mut vantage = Vantage::new();
    vantage.add(&batch);
    let count = vantage.finish().keep(&mut batch);
    assert_eq!(batch.len(), 1);
    assert_eq!((count.tuples_factor(), count.bytes_factor()), (Some(2.0), Some(2.0)));
    assert_eq!(
        count.note().as_deref(),
        Some(
            "each flow is counted at one NIC: all NICs together logged 2.00 times the tuples and 2.00 times the bytes"
        )
    );
    assert_eq!(Overcount::default().note(), None);
    assert_eq!(Overcount::default().tuples_factor(), None);
}

/// The rule as it is written above, spelled out over plain rows.
fn plain(rows: &[TestRow]) -> Vec<bool> {
    type Place = (Option<&'static str>, Direction, bool);
    let place = |row: &TestRow| -> Place { (row.mac, row.tuple.direction, row.tuple.version != 4) };
    let five_tuple = |row: &TestRow| {
        let tuple = row.tuple;
        (tuple.src_ip, tuple.dst_ip, tuple.src_port, tuple.dst_port, tuple.protocol)
    };
    let local = |row: &TestRow| match row.tuple.direction {
        Direction::Inbound => row.tuple.dst_ip,
        Direction::Outbound => row.tuple.src_ip,
    };
    let mut ends: BTreeMap<Option<&str>, BTreeSet<_>> = BTreeMap::new();
    for row in rows {
        ends.entry(row.mac).or_default().insert(local(row));
    }
    let other = |row: &TestRow| {
        if row.tuple.direction == Direction::Inbound { row.tuple.src_ip } else { row.tuple.dst_ip }
    };
    let passes = |mac: Option<&str>, address| {
        rows.iter().any(|row| row.mac == mac && other(row) == address && local(row) != address)
    };
    let owner = |address| {
        let owners = ends.iter().filter(|(mac, ends)| ends.contains(&address) && !passes(**mac, address));
        owners.map(|(mac, ends)| (ends.len(), *mac)).min().map(|(_, mac)| mac)
    };
    let rank = |row: &TestRow, place: Place| {
        let (mac, direction, is_nsg) = place;
        let stage = match direction {
            Direction::Inbound if owner(row.tuple.dst_ip) == Some(mac) => 0,
            Direction::Outbound if owner(row.tuple.src_ip) == Some(mac) => 1,
            _ => 2,
        };
        (stage, stage < 2 && is_nsg, ends[&mac].len(), mac, direction, is_nsg)
    };
    let keeps = |row: &TestRow| {
        let same = || rows.iter().filter(|other| five_tuple(other) == five_tuple(row));
        let places: Vec<Place> = same().map(place).collect();
        !places.iter().any(|other| {
            let times = || same().filter(|row| place(row) == *other).map(|row| row.tuple.time_ms);
            let (first, last) = (times().min().unwrap(), times().max().unwrap());
            rank(row, *other) < rank(row, place(row))
                && (first - SLACK_MS..=last + SLACK_MS).contains(&row.tuple.time_ms)
        })
    };
    rows.iter().map(keeps).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_choice_is_the_plain_one_in_any_pieces(rows in rows(60), cut in any::<prop::sample::Index>()) {
        let expected = plain(&rows);
        prop_assert_eq!(kept(&rows), &expected[..]);
        let (one, other) = rows.split_at(cut.index(rows.len() + 1));
        let pass = |pieces: [&[TestRow]; 2]| {
            let mut whole = Vantage::new();
            for piece in pieces {
                let mut part = Vantage::new();
                part.add(&batch_of(piece));
                whole.merge_bytes(&part.to_bytes()).unwrap();
            }
            whole.finish()
        };
        prop_assert_eq!(pass([one, other]).mask(&batch_of(&rows)), &expected[..]);
        prop_assert_eq!(pass([other, one]).mask(&batch_of(&rows)), &expected[..]);
    }
}

#[test]
fn rows_that_were_not_seen_before_count() {
    assert_eq!(Vantage::new().finish().mask(&batch_of(&[sighting(0, "O", "SRC")])), [true]);
    assert!(Vantage::new().finish().mask(&Batch::default()).is_empty());
}
