//! Law of all aggregates: parts that travel as bytes, merged in any order, give the answer of one pass; and bytes that
//! were damaged on the way are an error.

#![expect(clippy::unwrap_used, reason = "helpers of tests may stop them, too")]

use core::fmt::Debug;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use std::net::IpAddr;
use std::sync::Arc;
use vnetflow_core::aggregate::{
    Aggregate, Anomalies, AnomalyOptions, BeaconOptions, Beacons, Check, Conversations, Coverage, Denied,
    Diff, DiffOptions, EncryptionUse, Endpoints, Exposure, Findings, FindingsOptions, Host, Key, Matrix,
    Metric, Nsg, Nta, NtaOptions, OneWay, Overcount, PartialError, Policy, Rules, ScanOptions, Scans,
    Sessions, Summary, Timeline, TimelineOptions, Top, TopOptions, Vantage, VantageChoice, Why,
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

    fn holds<A: Aggregate<Answer: PartialEq + Debug>>(&self, new: impl Fn() -> A) {
        assert_eq!(self.merged(&new).finish(), self.one_pass(&new).finish(), "{}", A::NAME);
        let mut bytes = self.one_pass(&new).to_bytes();
        let (place, mask) = (self.damage.0.index(bytes.len()), self.damage.1);
        assert_eq!(new().merge_bytes(&bytes[..place]), Err(PartialError::Damaged), "{}", A::NAME);
        bytes[place] ^= mask;
        assert_eq!(new().merge_bytes(&bytes), Err(PartialError::Damaged), "{}", A::NAME);
        bytes.push(0);
        assert_eq!(new().merge_bytes(&bytes), Err(PartialError::Damaged), "{}", A::NAME);
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
        let ends: [IpAddr; 2] = [ADDRESSES[0], ADDRESSES[2]].map(|text| text.parse().unwrap());
        let by = |text: &str| Key::parse(text).unwrap();

        trial.holds(Summary::of_logs);
        trial.holds(Summary::of_tuples);
        for text in ["src_ip", "pair", "conversation", "dst_group", "src_net/24", "rule", "state"] {
            let options = TopOptions { by: by(text), metric: Metric::Tuples, n: 3, groups: Arc::clone(&named), ..TopOptions::default() };
            trial.holds(|| Top::new(options.clone()));
        }
        trial.holds(Conversations::new);
        trial.holds(|| Endpoints::new(Arc::clone(&named)));
        for spread in [false, true] {
            let options = TimelineOptions { by: by("direction"), spread, groups: Arc::clone(&named), ..TimelineOptions::default() };
            trial.holds(|| Timeline::new(&options));
        }
        trial.holds(|| Matrix::new(Arc::clone(&named)));
        trial.holds(EncryptionUse::new);
        trial.holds(Sessions::new);
        trial.holds(Coverage::new);
        trial.holds(|| Host::new(ends[0], &named));
        trial.holds(|| Nta::new(NtaOptions { groups: Arc::clone(&named), ..NtaOptions::default() }));
        let nsg = Nsg::from_json(NSG).unwrap();
        trial.holds(|| Rules::new(None));
        trial.holds(|| Rules::new(Some(nsg.clone())));
        trial.holds(Denied::new);
        trial.holds(|| Why::new(ends[0], ends[1], None));
        let policy = Arc::new(Policy::parse(POLICY).unwrap());
        trial.holds(|| Check::new(Arc::clone(&policy)));
        trial.holds(OneWay::new);
        trial.holds(Exposure::new);
        trial.holds(|| Scans::new(ScanOptions { vertical_ports: 2, horizontal_targets: 2, ..ScanOptions::default() }));
        trial.holds(|| Beacons::new(BeaconOptions { min_connections: 1, internal: true, ..BeaconOptions::default() }));
        let options = FindingsOptions { one_way_tries: 1, fanout_targets: 1, upload_bytes: 1, ..FindingsOptions::default() };
        trial.holds(|| Findings::new(options.clone()));
        let options = DiffOptions { split_ms: Some(START_S as i64 * 1000 + 60_000), ..DiffOptions::default() };
        trial.holds(|| Diff::new(&options));
        let options = AnomalyOptions { metric: Metric::Tuples, threshold: 1.0, min_days: 1, ..AnomalyOptions::default() };
        trial.holds(|| Anomalies::new(options.clone()));
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

const NSG: &str = r#"{"securityRules": [{"name": "web", "priority": 100, "direction": "Inbound", "access": "Allow",
    "protocol": "Tcp", "sourceAddressPrefix": "*", "destinationAddressPrefix": "10.0.0.0/8", "sourcePortRange": "*",
    "destinationPortRange": "1-1000"}]}"#;

const POLICY: &str = r#"{"groups": {"web": ["10.1.1.0/24"], "all": ["10.0.0.0/8"]},
    "allow": [{"name": "site", "from": "public", "to": "web", "ports": 443}, {"from": "web", "to": "all"}]}"#;
