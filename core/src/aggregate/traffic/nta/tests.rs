//! Traffic Analytics' rows against a dull count.

use super::*;
use crate::aggregate::tests::trials::{self, TestRow, lawful, printed, row, whole};
use proptest::prelude::*;
use std::collections::BTreeMap;

#[test]
fn tuples_of_an_interval_are_one_row_whatever_their_source_port() {
    let rows = [
        row(0, "10.1.1.4,10.1.2.20,50000,443,6,O,B,NX,0,0,0,0", "UserRule_web", "A"),
        row(60_000, "10.1.1.4,10.1.2.20,50001,443,6,O,B,NX,0,0,0,0", "UserRule_web", "A"),
        row(90_000, "10.1.1.4,10.1.2.20,50001,443,6,O,E,NX,3,300,4,400", "UserRule_web", "A"),
        row(3_600_000, "10.1.1.4,10.1.2.20,50001,443,6,O,D,NX,0,0,0,0", "nossh", "A"),
    ];
    let table = whole(&rows, || Nta::new(NtaOptions::default())).finish();
    let columns = [
        "FlowStatus",
        "AclRule",
        "L4Protocol",
        "AllowedOutFlows",
        "DeniedOutFlows",
        "CompletedFlows",
        "BytesDestToSrc",
    ];
    assert_eq!(
        printed(&table, &columns),
        [
            ["Allowed", "UserRule_web", "T", "2", "0", "1", "400"],
            ["Denied", "nossh", "T", "0", "1", "0", "0"],
        ]
    );
    let start = (trials::START_MS + 3_600_000).to_string();
    assert_eq!(printed(&table, &["FlowStartTime", "FlowIntervalStartTime"])[1], [start.clone(), start]);
}

#[test]
fn the_flow_type_follows_from_groups_and_public_addresses() {
    let groups = Groups::from_pairs([
        ("10.1.1.0/24", "spoke1"),
        ("10.1.2.0/24", "spoke2"),
        ("10.4.0.0/16", "onprem"),
        ("10.5.0.0/16", "vpn"),
        ("20.0.0.0/8", "AzureCloud"),
    ]);
    let options = NtaOptions {
        groups: Arc::new(groups.unwrap()),
        sites: vec!["OnPrem".to_owned()],
        clients: vec!["vpn".to_owned()],
        ..NtaOptions::default()
    };
    let nta = Nta::new(options);
    for (src, dst, expected) in [
        ("10.1.1.4", "10.1.1.5", FlowType::IntraVNet),
        ("10.1.1.4", "10.1.2.5", FlowType::InterVNet),
        ("10.4.1.4", "10.1.2.5", FlowType::S2S),
        ("10.1.2.5", "10.5.2.5", FlowType::P2S),
        ("10.1.2.5", "20.5.2.5", FlowType::AzurePublic),
        ("10.1.2.5", "168.63.129.16", FlowType::AzurePublic),
        ("8.8.8.8", "10.1.2.5", FlowType::ExternalPublic),
        ("8.8.8.8", "20.1.1.1", FlowType::Unknown),
        ("10.1.1.4", "10.9.9.9", FlowType::UnknownPrivate),
    ] {
        assert_eq!(nta.flow_type(src.parse().unwrap(), dst.parse().unwrap()), expected, "{src} {dst}");
    }
}

proptest! {
    #[test]
    fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(80), seed in any::<u64>()) {
        let options = NtaOptions { interval_minutes: 10, ..NtaOptions::default() };
        let table = lawful(&rows, seed, || Nta::new(options.clone()));
        let mut expected: BTreeMap<Vec<String>, (usize, usize, Option<u64>)> = BTreeMap::new();
        for TestRow { tuple, rule, acl_id, mac } in &rows {
            let text = |value: &Option<&str>| value.unwrap_or("-").to_owned();
            let key = vec![
                (tuple.time_ms - tuple.time_ms % 600_000).to_string(),
                tuple.src_ip.to_string(),
                tuple.dst_ip.to_string(),
                tuple.dst_port.to_string(),
                if tuple.protocol == 6 { "T".to_owned() } else { "U".to_owned() },
                direction_word(tuple.direction).to_owned(),
                text(acl_id),
                text(rule),
                text(mac),
                status_word(tuple.action).to_owned(),
            ];
            let sums = expected.entry(key).or_default();
            sums.0 += usize::from(tuple.starts_flow());
            sums.1 += usize::from(tuple.action == Action::Allow && tuple.state == Some(State::End));
            sums.2 = match (sums.2, tuple.counters.bytes_src_to_dst) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            };
        }
        let columns = [
            "FlowIntervalStartTime", "SrcIp", "DestIp", "DestPort", "L4Protocol", "FlowDirection", "AclGroup",
            "AclRule", "MacAddress", "FlowStatus", "CompletedFlows", "BytesSrcToDest", "AllowedInFlows",
            "AllowedOutFlows", "DeniedInFlows", "DeniedOutFlows",
        ];
        let mut found = BTreeMap::new();
        for mut cells in printed(&table, &columns) {
            let rest = cells.split_off(10);
            let started = rest[2..].iter().map(|cell| cell.parse::<usize>().unwrap()).sum::<usize>();
            found.insert(cells, (started, rest[0].parse::<usize>().unwrap(), rest[1].parse::<u64>().ok()));
        }
        prop_assert_eq!(found, expected);
    }
}
