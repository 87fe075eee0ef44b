//! `vantage="once"` on the demo network: its totals are the generator's truth.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may stop them, too")]

use serde_json::Value;
use std::convert::Infallible;
use vnetflow_core::aggregate::{Aggregate, Overcount, Vantage};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_demo::{Formats, Options, TRUTH_PATH, generate};
use vnetflow_tests::rows::decode;

/// All batches of a demo network's logs, and its facts.
fn demo(options: &Options) -> (Vec<Batch>, Vec<Value>) {
    let mut files: std::collections::BTreeMap<String, Vec<u8>> = std::collections::BTreeMap::new();
    generate(options, &mut |path, bytes| {
        files.entry(path.to_owned()).or_default().extend_from_slice(bytes);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    let truth = String::from_utf8(files.remove(TRUTH_PATH).unwrap()).unwrap();
    let facts = truth.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logs = files.iter().filter(|(path, _)| path.ends_with(".json"));
    let batches = logs.flat_map(|(path, bytes)| decode(path, bytes, usize::MAX, DecodeOptions::default()).0);
    (batches.collect(), facts)
}

fn count_once(batches: &mut [Batch]) -> Overcount {
    let mut vantage = Vantage::new();
    batches.iter().for_each(|batch| vantage.add(batch));
    let choice = vantage.finish();
    let mut count = Overcount::default();
    batches.iter_mut().for_each(|batch| count.merge(&choice.keep(batch)));
    count
}

#[test]
fn counting_once_gives_the_totals_of_the_demo_networks_truth() {
    for (formats, format) in
        [(Formats::Vnet, "vnet-v4"), (Formats::NsgV2, "nsg-v2"), (Formats::NsgV1, "nsg-v1")]
    {
        for seed in 1..4 {
            let options = Options { seed, formats, ..Options::default() };
            let (mut batches, facts) = demo(&options);
            let fact = facts.iter().find(|fact| {
                fact["fact"] == "summary" && fact["vantage"] == "once" && fact["format"] == format
            });
            let fact = fact.unwrap();
            let count = count_once(&mut batches);
            let once = count.once;
            for (name, value) in [
                ("tuples", Some(once.tuples)),
                ("flows", Some(once.flows)),
                ("denied", Some(once.denied)),
                ("packets_src_to_dst", once.packets_src_to_dst()),
                ("bytes_src_to_dst", once.bytes_src_to_dst()),
                ("packets_dst_to_src", once.packets_dst_to_src()),
                ("bytes_dst_to_src", once.bytes_dst_to_src()),
                ("bytes", once.bytes()),
            ] {
                assert_eq!(fact[name].as_u64(), value, "{name} of {format}, seed {seed}");
            }
            let overcount = count.tuples_factor().unwrap();
            assert!(
                (fact["overcount_tuples"].as_f64().unwrap() - overcount).abs() < 1e-3,
                "{format}, seed {seed}"
            );
        }
    }
}
