//! Law of all aggregates: parts that travel as bytes, merged in any order, give the answer of one pass; and bytes that
//! were damaged on the way are an error.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop them, too")]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::sync::Arc;
use vnetflow_core::aggregate::{
    Aggregate, Analysis, Denied, Overcount, PartialError, Top, TopOptions, Vantage, VantageChoice,
};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_tests::filters::groups;
use vnetflow_tests::layout::layout;
use vnetflow_tests::logs::{ADDRESSES, START_S, log};
use vnetflow_tests::rows::decode;
use vnetflow_tests::trials;

/// Batches, and how they are dealt out and merged.
struct Trial<'t> {
    batches: &'t [Batch],
    deal: &'t [Index],
    damage: (Index, u8),
}

impl Trial<'_> {
    /// What four workers took in, as bytes; some take in nothing.
    fn parts<A: Aggregate>(&self, new: impl Fn() -> A) -> Vec<Vec<u8>> {
        let mut parts: Vec<A> = (0..4).map(|_| new()).collect();
        for (batch, deal) in self.batches.iter().zip(self.deal.iter().cycle()) {
            parts[deal.index(4)].add(batch);
        }
        let mut bytes: Vec<Vec<u8>> = parts.iter().map(A::to_bytes).collect();
        // In an order that is picked.
        let first = self.deal[0].index(4);
        bytes.rotate_left(first);
        if self.deal.len().is_multiple_of(2) {
            bytes.reverse();
        }
        bytes
    }

    fn merged<A: Aggregate>(&self, new: impl Fn() -> A) -> A {
        let mut whole = new();
        for bytes in self.parts(&new) {
            whole.merge_bytes(&bytes).unwrap();
        }
        whole
    }

    fn one_pass<A: Aggregate>(&self, new: impl Fn() -> A) -> A {
        let mut whole = new();
        self.batches.iter().for_each(|batch| whole.add(batch));
        whole
    }

    fn holds(&self, what: &str, empty: &Analysis) {
        let new = || empty.clone();
        assert_eq!(self.merged(new).finish(), self.one_pass(new).finish(), "{what}");
        let mut bytes = self.one_pass(new).to_bytes();
        let (place, mask) = (self.damage.0.index(bytes.len()), self.damage.1);
        assert_eq!(new().merge_bytes(&bytes[..place]), Err(PartialError::Damaged), "{what}");
        bytes[place] ^= mask;
        assert_eq!(new().merge_bytes(&bytes), Err(PartialError::Damaged), "{what}");
        bytes.push(0);
        assert_eq!(new().merge_bytes(&bytes), Err(PartialError::Damaged), "{what}");
    }
}

proptest! {
    #![proptest_config(trials(200))]

    #[test]
    fn parts_that_travel_as_bytes_give_the_answer_of_one_pass(
        log in log(8), layout in layout(), batch_rows in 1..20_usize, deal in vec(any::<Index>(), 1..12),
        damage in (any::<Index>(), 1..=u8::MAX),
    ) {
        let text = layout.write(&log);
        let (batches, _) = decode("x.json", &text, usize::MAX, DecodeOptions { batch_rows, ..DecodeOptions::default() });
        let trial = Trial { batches: &batches, deal: &deal, damage };
        let named = Arc::new(groups());
        for name in Analysis::NAMES {
            for parameters in questions(name) {
                let analysis = Analysis::new(name, &parameters, &named).unwrap();
                trial.holds(&format!("{name} {parameters}"), &analysis);
            }
        }
    }

    #[test]
    fn where_a_flow_counts_travels_to_every_worker(
        log in log(8), layout in layout(), batch_rows in 1..20_usize, deal in vec(any::<Index>(), 1..12),
        damage in (any::<Index>(), 1..=u8::MAX),
    ) {
        let text = layout.write(&log);
        let (mut batches, _) = decode("x.json", &text, usize::MAX, DecodeOptions { batch_rows, ..DecodeOptions::default() });
        let trial = Trial { batches: &batches, deal: &deal, damage };
        let choice = trial.merged(Vantage::new).finish();
        let sent = VantageChoice::from_bytes(&choice.to_bytes()).unwrap();
        let expected = trial.one_pass(Vantage::new).finish();
        for batch in &batches {
            prop_assert_eq!(choice.mask(batch), expected.mask(batch));
            prop_assert_eq!(sent.mask(batch), expected.mask(batch));
        }
        let mut bytes = choice.to_bytes();
        let place = damage.0.index(bytes.len());
        bytes[place] ^= damage.1;
        prop_assert!(VantageChoice::from_bytes(&bytes).is_err());

        let (mut whole, mut expected) = (Overcount::default(), Overcount::default());
        for batch in &mut batches {
            let count = sent.keep(batch);
            expected.merge(&count);
            whole.merge_bytes(&count.to_bytes()).unwrap();
        }
        prop_assert_eq!(whole, expected);
        prop_assert!(whole.merge_bytes(&bytes).is_err());
    }
}

#[test]
fn bytes_of_one_analysis_are_no_part_of_another() {
    let error = Top::new(TopOptions::default()).merge_bytes(&Denied::new().to_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "expected a partial answer of `top`, found one of `denied`");
}

/// Parameters with which an analysis shows much of few tuples.
fn questions(name: &str) -> Vec<Value> {
    match name {
        "top" => ["src_ip", "pair", "conversation", "dst_group", "src_net/24", "rule", "state"]
            .map(|by| json!({"by": by, "metric": "tuples", "n": 3}))
            .to_vec(),
        "timeline" => [false, true].map(|spread| json!({"by": "direction", "spread": spread})).to_vec(),
        "rules" => vec![Value::Null, json!({"nsg": nsg()})],
        "why" => vec![json!({"src": ADDRESSES[0], "dst": ADDRESSES[2]})],
        "check" => vec![json!({"policy": {
            "groups": {"web": ["10.1.1.0/24"], "all": ["10.0.0.0/8"]},
            "allow": [{"name": "site", "from": "public", "to": "web", "ports": 443}, {"from": "web", "to": "all"}],
        }})],
        "host" => vec![json!({"ip": ADDRESSES[0]})],
        "scans" => vec![json!({"vertical_ports": 2, "horizontal_targets": 2})],
        "beacons" => vec![json!({"min_connections": 1, "internal": true})],
        "findings" => vec![json!({"one_way_tries": 1, "fanout_targets": 1, "upload_bytes": 1})],
        "diff" => vec![json!({"split_ms": START_S * 1000 + 60_000})],
        "anomalies" => vec![json!({"metric": "tuples", "threshold": 1, "min_days": 1})],
        _ => vec![Value::Null],
    }
}

fn nsg() -> Value {
    json!({"securityRules": [{
        "name": "web", "priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
        "sourceAddressPrefix": "*", "destinationAddressPrefix": "10.0.0.0/8", "sourcePortRange": "*",
        "destinationPortRange": "1-1000",
    }]})
}
