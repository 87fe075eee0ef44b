//! How long the security analyses take. Ignored: run with
//! `cargo test --release -p vnetflow-core --lib aggregate::tests::speed -- --ignored --nocapture`.

use crate::aggregate::*;
use crate::batch::{Group, Record};
use crate::table::Table;
use crate::tuple::Tuple;
use core::net::Ipv4Addr;
use std::time::Instant;

const ROWS: u32 = 1_400_000;

/// A day of flows, begin and end of each, at two of forty NICs: 60,000 conversations between 3,000 hosts inside and
/// 3,000 outside, a few of them denied.
fn batch() -> Batch {
    let mut batch = Batch::with_capacity(ROWS as usize);
    for nic in 0..40_u32 {
        let mac = Some(batch.texts.intern(&format!("00224871{nic:04X}")));
        let rule = Some(batch.texts.intern(if nic % 4 == 0 { "nossh" } else { "UserRule_web" }));
        let (acl_id, source) = (Some(batch.texts.intern("manager")), batch.texts.intern("PT1H.json"));
        let record = Record {
            time_ms: Some(0),
            mac,
            target_resource_id: acl_id,
            flow_log_resource_id: acl_id,
            source,
            number: 0,
            offset: 0,
            identity: u128::from(nic),
        };
        batch.records.push(record);
        batch.groups.push(Group { record: nic, rule, acl_id, mac, rule_origin: None });
    }
    for row in 0..ROWS {
        let flow = row / 4;
        let dice = (flow % 60_000).wrapping_mul(2_654_435_761) >> 7;
        let is_end = row % 4 >= 2;
        let inside = Ipv4Addr::from_bits(0x0a01_0000 + dice % 3_000);
        let outside = Ipv4Addr::from_bits(0xcb00_7100 + dice / 3_000 % 3_000);
        let (src, dst) = if dice % 3 == 0 { (outside, inside) } else { (inside, outside) };
        let port = [443, 22, 53, 8080, 3389, 445][(dice / 17 % 6) as usize];
        let time_ms =
            1_714_554_000_000 + i64::from(flow) * 246 + if is_end { 700 } else { i64::from(row % 2) };
        let state = match (dice % 11 == 0, is_end) {
            (true, _) => "D,NX,0,0,0,0",
            (_, true) => "E,NX,6,720,5,1000",
            (_, false) => "B,NX,0,0,0,0",
        };
        let direction = if row % 2 == 0 { 'O' } else { 'I' };
        let text = format!("{time_ms},{src},{dst},{},{port},6,{direction},{state}", 40_000 + flow % 20_000);
        let nic = (dice % 20) * 2 + row % 2;
        batch.push(&Tuple::parse(&text).unwrap(), nic);
    }
    batch
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn measure<A: Aggregate<Answer = Table>>(name: &str, batch: &Batch, mut aggregate: A) {
    let started = Instant::now();
    aggregate.add(batch);
    let added = started.elapsed();
    let rows = aggregate.finish().len();
    println!(
        "{name}: {} ms, of them {} ms adding; {rows} rows",
        started.elapsed().as_millis(),
        added.as_millis()
    );
}

#[test]
#[ignore = "measures, proves nothing"]
fn speed() {
    let batch = batch();
    measure("exposure", &batch, Exposure::new());
    measure("one_way", &batch, OneWay::new());
    measure("scans", &batch, Scans::default());
    measure("beacons", &batch, Beacons::default());
    let [src, dst] = [batch.src_ip[0], batch.dst_ip[0]].map(|code| batch.addresses.get(code));
    measure("why", &batch, Why::new(src, dst, None));
    let policy = r#"{"groups": {"inside": "10.0.0.0/8"}, "allow": [{"from": "inside", "to": "public", "ports": 443}]}"#;
    measure(
        "check",
        &batch,
        Check::new(std::sync::Arc::new(Policy::parse(policy, &crate::groups::Groups::new()).unwrap())),
    );
    measure("findings", &batch, Findings::default());
    measure(
        "diff",
        &batch,
        Diff::new(&DiffOptions { split_ms: Some(1_714_597_200_000), ..DiffOptions::default() }),
    );
    measure("anomalies", &batch, Anomalies::new(AnomalyOptions::default()));
    // Every flow has an hour of its own here, so an hour's rows are as many as flows; a day's are not.
    measure("nta", &batch, Nta::new(NtaOptions::default()));
    measure("nta by day", &batch, Nta::new(NtaOptions { interval_minutes: 1_440, ..NtaOptions::default() }));
}
