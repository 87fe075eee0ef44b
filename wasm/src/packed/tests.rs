//! Packed pages give their rows back, and filters find in them what they look at.

use super::*;
use vnetflow_core::filter::Filter;
use vnetflow_core::groups::Groups;
use vnetflow_core::tuple::Tuple;

fn batch() -> Batch {
    let mut batch = Batch::default();
    for number in 0..1000_u64 {
        let (port, time_ms, end) = (number * 7 % 60_000, 1_714_554_000_000 + number * 500, number % 250);
        let text = match number % 5 {
            0 => format!("{time_ms},10.0.0.{end},10.1.{end}.9,{port},443,6,O,B,X,0,0,0,0"),
            1 => format!("{time_ms},10.0.0.{end},fd00::{end},{port},443,17,I,E,NX,{number},9000000000,,"),
            2 => format!("{time_ms},10.0.0.{end},10.1.{end}.9,{port},22,6,I,D,NX,0,0,0,0"),
            3 => format!("{},10.0.0.{end},8.8.8.8,{port},53,U,O,A", time_ms / 1000),
            _ => format!("{time_ms},10.0.0.{end},10.1.{end}.9,{port},443,6,O,C,X,3,{port},2,{number}"),
        };
        if let Ok(tuple) = Tuple::parse(&text) {
            batch.push(&tuple, number as u32 / 9);
        }
    }
    batch
}

#[test]
fn a_packed_page_gives_its_rows_back_again_and_again() {
    let (plain, mut kept) = (batch(), batch());
    assert_eq!(plain.len(), 1000);
    let mut packed = Packed::of(&mut kept);
    assert_eq!((kept.len(), packed.len()), (0, 1000));
    for _ in 0..2 {
        packed.with(&mut kept, Parts::ALL, |unpacked| {
            assert!((0..1000).all(|row| unpacked.tuple(row) == plain.tuple(row)));
            assert_eq!(unpacked.group, plain.group);
            assert_eq!(unpacked.logged, plain.logged);
        });
        assert!(kept.is_empty());
    }
}

#[test]
fn a_filter_finds_in_a_packed_page_all_that_it_looks_at() {
    let (plain, mut kept) = (batch(), batch());
    let mut packed = Packed::of(&mut kept);
    let filters = [
        "src 10.0.0.7 or dst fd00::/8",
        "tcp and not port 443",
        "udp or src port > 30000",
        "inbound and denied",
        "allowed",
        "state begin or state continue",
        "encryption X",
        "flow_log_version 4",
        "bytes > 100",
        "packets_src_to_dst >= 3 or bytes_dst_to_src < 9",
        "time >= 2024-05-01T09:05Z and not established",
        "rule web or origin user",
        "not (net 10.1.0.0/16 and dst port in (22, 53, 443))",
    ];
    for text in filters {
        let filter =
            Filter::parse(text, &Groups::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
        let parts = Parts::of(&filter.columns());
        assert_eq!(packed.with(&mut kept, parts, |batch| filter.mask(batch)), filter.mask(&plain), "{text}");
    }
}

#[test]
fn some_rows_of_a_packed_page_are_those_of_the_plain_one() {
    let (plain, mut kept) = (batch(), batch());
    let packed = Packed::of(&mut kept);
    let rows: Vec<u32> = (0..1000).rev().step_by(3).collect();
    let mut some = Batch { addresses: plain.addresses.clone(), ..Batch::default() };
    packed.gather(&rows, &mut some);
    assert_eq!(some.len(), rows.len());
    for (place, row) in rows.iter().enumerate() {
        assert_eq!(some.tuple(place), plain.tuple(*row as usize));
    }
}
