//! Workers tell each other of flows that lie with several of them.

use super::*;
use crate::aggregate::tests::trials::{TestRow, batch_of, row, told};

#[test]
fn workers_tell_each_other_what_came_before_tuples_of_flows_that_they_share() {
    let tuple = |time_ms: i64, state: &str| {
        row(time_ms, &format!("10.1.1.4,10.2.0.5,50000,443,6,O,{state},NX,1,1,1,1"), "r", "A")
    };
    let one = [tuple(9, "C"), tuple(30, "C"), tuple(1, "B"), tuple(70, "C")];
    let other = [tuple(20, "C"), tuple(70_000, "C"), tuple(70, "E")];
    let since = |workers: &[&[TestRow]]| -> Vec<Vec<Since>> {
        let batches: Vec<_> = workers.iter().map(|rows| vec![batch_of(rows)]).collect();
        let of_rows =
            |pasts: &Pasts| (0..pasts.len()).map(|row| pasts.of_all_time().since(row, 0)).collect::<Vec<_>>();
        told(&batches).iter().map(|pasts| pasts.iter().flat_map(of_rows).collect()).collect()
    };
    let told = since(&[&one[..3], &other[..2]]);
    assert_eq!(told[0], [Since::Ms(8), Since::Ms(10), Since::Nothing]);
    assert_eq!(told[1], [Since::Ms(11), Since::Ms(69_970)]);
    // Two at one millisecond: nobody can say which came first.
    assert_eq!(since(&[&one, &other]).concat(), [Since::Unknown; 7]);
}

#[test]
fn damaged_bytes_share_out_nothing() {
    assert!(
        FlowPasts::share_out([FlowPasts::new().to_bytes(Portion { number: 0, of: 1 }), b"no".to_vec()])
            .is_err()
    );
    assert!(FlowPasts::share_out_blooms(&[vec![0; 8], vec![0; 4]]).is_err(), "of two sizes");
    assert!(FlowPasts::share_out_blooms(&[vec![0; 3], vec![0; 3]]).is_err());
    assert!(FlowPasts::new().keep_bloom(&[0; 5]).is_err());
}

#[test]
fn flows_of_one_worker_alone_are_not_told_of() {
    let tuple = |time_ms: i64, port: u16, state: &str| {
        row(time_ms, &format!("10.1.1.4,10.2.0.5,{port},443,6,O,{state},NX,1,1,1,1"), "r", "A")
    };
    let ports = |ports: core::ops::Range<u16>| -> Vec<TestRow> {
        ports.flat_map(|port| [tuple(1, port, "B"), tuple(2, port, "E")]).collect()
    };
    // Ten flows of both, and one of the first alone whose tuples come out of order.
    let one = [ports(1_000..2_000), vec![tuple(9, 7, "E"), tuple(8, 7, "B")]].concat();
    let workers = [one, ports(1_990..3_000)].map(|rows| {
        let mut flows = FlowPasts::new();
        flows.add(&batch_of(&rows));
        flows
    });
    let blooms = workers.each_ref().map(|flows| flows.bloom(20));
    let others = FlowPasts::share_out_blooms(&blooms).unwrap();
    let [told, other_told] = core::array::from_fn(|number| {
        let mut flows = workers[number].clone();
        flows.keep_bloom(&others[number]).unwrap()
    });
    assert!(
        (11..16).contains(&told) && (10..15).contains(&other_told),
        "{told} and {other_told} are told of"
    );
    let mut alone = workers[1].clone();
    assert_eq!(alone.keep_bloom(&FlowPasts::share_out_blooms(&blooms[1..]).unwrap()[0]).unwrap(), 0);
}
