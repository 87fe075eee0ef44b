//! How long a row takes. Ignored: run with `cargo test --release -p vnetflow-core --lib filter::tests::speed -- --ignored --nocapture`.

use super::*;
use std::time::Instant;

#[test]
#[ignore = "measures, proves nothing"]
#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn speed() {
    let few = rows();
    let mut batch = Batch::default();
    (batch.groups, batch.records, batch.texts) = (few.groups.clone(), few.records.clone(), few.texts.clone());
    for row in 0..1_000_000_usize {
        let mut tuple = few.tuple(row % few.len()).unwrap();
        tuple.src_ip =
            core::net::Ipv4Addr::from_bits(0x0a01_0000 + (row as u32).wrapping_mul(2_654_435_761) % 20_000)
                .into();
        tuple.dst_port = (row.wrapping_mul(7919) % 65_536) as u16;
        batch.push(&tuple, (row % few.len()) as u32);
    }
    for text in [
        "src net 10.1.0.0/16 and dst port 22 and denied",
        "src net 10.1.0.0/16 and dst port 1024-60000",
        "host 10.1.1.4",
        "port in (22, 80, 443, 3389)",
        "rule UserRule_* and not public",
        "bytes > 10M or time in 2024-05-01T09:00..2024-05-01T10:00",
    ] {
        let filter = filter(text);
        let started = Instant::now();
        let rounds = 10;
        let mut hits = 0;
        for _ in 0..rounds {
            hits = filter.mask(&batch).into_iter().filter(|keep| *keep).count();
        }
        let mask_ns = started.elapsed().as_nanos() as f64 / (rounds * batch.len()) as f64;
        let tuples: Vec<Tuple> = (0..2_000).map(|row| batch.tuple(row).unwrap()).collect();
        let mut evaluator = filter.evaluator();
        let (group, record) = batch.place(0).unwrap();
        evaluator.enter(&Context::of(&batch, group, record));
        let started = Instant::now();
        let (mut kept, rounds) = (0, 1000);
        for _ in 0..rounds {
            kept += tuples.iter().filter(|tuple| evaluator.test(tuple, 0) == Verdict::Keep).count();
        }
        let test_ns = started.elapsed().as_nanos() as f64 / (rounds * tuples.len()) as f64;
        println!("{text}: mask {mask_ns:.2} ns a row ({hits} kept), test {test_ns:.2} ns ({kept} kept)");
    }
}
