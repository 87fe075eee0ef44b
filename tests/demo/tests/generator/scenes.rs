//! The promised scenes are there: the circuit's share, `nossh`, the conversations, beacon, scanners and odd
//! flows.

use std::collections::{BTreeMap, BTreeSet};

use vnetflow_demo::{Formats, Options, generate};

use crate::recount::{Sums, Tuple, five_tuple, once, options, produce};
use crate::truth::group;

#[test]
fn the_biggest_on_premises_host_has_about_26_percent_of_the_circuit() {
    for (seeds, hours, rate) in
        [(8, 1, 300), (6, 2, 300), (6, 1, 2_000), (4, 5, 2_000), (3, 1, 20_000), (1, 1, 300_000)]
    {
        for seed in 1..=seeds {
            for formats in [Formats::Vnet, Formats::NsgV2] {
                let mut truth = Vec::new();
                generate(&options(seed, hours, rate, formats), &mut |path, bytes| {
                    if path == "truth.ndjson" {
                        truth.extend_from_slice(bytes);
                    }
                    Ok::<(), ()>(())
                })
                .unwrap();
                let text = String::from_utf8(truth).unwrap();
                let line = text.lines().find(|line| line.starts_with("{\"fact\":\"expressroute\"")).unwrap();
                let circuit: serde_json::Value = serde_json::from_str(line).unwrap();
                let hosts = circuit["hosts"].as_array().unwrap();
                let share = |place: usize| hosts[place]["share"].as_f64().unwrap();
                assert_eq!(hosts[0]["ip"], "10.4.2.2", "seed {seed} hours {hours} rate {rate}");
                assert!(
                    (0.24..=0.28).contains(&share(0)),
                    "seed {seed} hours {hours} rate {rate}: {}",
                    share(0)
                );
                assert!(share(1) < 0.22, "seed {seed} hours {hours} rate {rate}: {}", share(1));
            }
        }
    }
}

#[test]
fn the_circuits_bytes_equal_a_recount_at_either_vantage() {
    let output = produce(&options(12, 2, 10_000, Formats::Vnet));
    let tuples = output.tuples();
    let on_circuit = |tuple: &&Tuple| group(&tuple.src) == "onprem" || group(&tuple.dst) == "onprem";
    let circuit = output.fact("expressroute", &[]);
    Sums::of(once(&tuples).into_iter().filter(on_circuit)).assert_told(&circuit);
    let all = Sums::of(tuples.iter().filter(on_circuit));
    assert_eq!(circuit["tuples_all"], all.tuples);
    assert_eq!(circuit["bytes_all"].as_u64(), all.bytes());
    let biggest = Sums::of(tuples.iter().filter(|tuple| tuple.src == "10.4.2.2" || tuple.dst == "10.4.2.2"));
    let share = biggest.bytes().unwrap() as f64 / all.bytes().unwrap() as f64;
    assert!((0.24..=0.28).contains(&share), "{share}");
}

#[test]
fn ssh_passes_before_nossh_and_never_after() {
    let start_ms = Options::default().start_ms;
    for (seed, hours, rate, from_ms) in [
        (1, 1, 300, None),
        (2, 2, 2_000, None),
        (3, 3, 50_000, None),
        (4, 4, 5_000, Some(start_ms + 9_000_000)),
    ] {
        let options = Options { nossh_from_ms: from_ms, ..options(seed, hours, rate, Formats::Vnet) };
        let output = produce(&options);
        let nossh_ms = options.nossh_start_ms();
        let ssh: Vec<Tuple> = output.tuples().into_iter().filter(|tuple| tuple.dst_port == 22).collect();
        let talk = |tuple: &&Tuple| tuple.src == "10.1.2.20" && tuple.dst == "10.1.1.4";
        assert!(ssh.iter().filter(talk).any(|tuple| !tuple.denied && tuple.time_ms < nossh_ms));
        assert!(ssh.iter().filter(talk).any(|tuple| tuple.denied && tuple.time_ms >= nossh_ms));
        for tuple in &ssh {
            assert!(tuple.time_ms < nossh_ms || (tuple.denied && tuple.rule == "nossh"), "{tuple:?}");
            assert!(tuple.time_ms >= nossh_ms || tuple.rule != "nossh", "{tuple:?}");
        }
        let fact = output.fact("nossh", &[]);
        let by_nossh = ssh.iter().filter(|tuple| tuple.rule == "nossh").count();
        assert_eq!(fact["denied_all"], by_nossh);
        assert_eq!(fact["denied_once"], by_nossh);
        assert_eq!(fact["passed_before_tuples_all"], ssh.iter().filter(|tuple| !tuple.denied).count());
        for source in fact["by_source"].as_array().unwrap() {
            let denied = ssh.iter().filter(|tuple| tuple.rule == "nossh" && source["src_ip"] == *tuple.src);
            assert_eq!(source["denied"], denied.count());
        }
    }
}

#[test]
fn the_default_hour_of_nossh_leaves_an_hour_before_it() {
    for (hours, after_ms) in [(1, 1_800_000), (2, 3_600_000), (3, 3_600_000), (24, 43_200_000)] {
        let options = Options { hours, ..Options::default() };
        assert_eq!(options.nossh_start_ms() - options.start_ms, after_ms);
    }
}

#[test]
fn the_three_conversations_of_the_client_are_told() {
    let output = produce(&options(7, 2, 4_000, Formats::Vnet));
    let tuples = output.tuples();
    let once = once(&tuples);
    for (name, destination, port, hops) in
        [("api", "10.1.1.21", 8080, 4), ("ssh", "10.1.1.4", 22, 0), ("dns", "10.1.0.8", 53, 2)]
    {
        let told = output.fact("conversation", &[("name", name)]);
        let of =
            |tuple: &&Tuple| tuple.src == "10.1.2.20" && tuple.dst == destination && tuple.dst_port == port;
        let all = Sums::of(tuples.iter().filter(of));
        let counted = Sums::of(once.iter().copied().filter(of));
        counted.assert_told(&told);
        assert_eq!(told["bytes_all"].as_u64(), all.bytes());
        assert!(counted.tuples > 10);
        if hops > 0 {
            assert_eq!(all.tuples, hops * counted.tuples, "{name}");
        }
    }
}

#[test]
fn a_flow_through_the_firewall_stands_four_times_with_the_same_counters() {
    let output = produce(&options(7, 1, 4_000, Formats::Vnet));
    let mut rows: BTreeMap<_, Vec<Tuple>> = BTreeMap::new();
    for tuple in output.tuples().into_iter().filter(|tuple| tuple.dst_port == 8080 && tuple.state == "E") {
        rows.entry(five_tuple(&tuple)).or_default().push(tuple);
    }
    let mut four = 0;
    for rows in rows.values().filter(|rows| rows[0].src.starts_with("10.1.2.")) {
        assert_eq!(rows.len(), 4);
        assert!(
            rows.iter().all(|row| row.counters == rows[0].counters && row.encryption == rows[0].encryption)
        );
        let directions: String =
            rows.iter().map(|row| row.direction.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(directions, "IO");
        assert_eq!(rows.iter().map(|row| &row.mac).collect::<BTreeSet<_>>().len(), 3);
        four += 1;
    }
    assert!(four > 10);
}

#[test]
fn the_beacon_calls_at_regular_intervals() {
    for rate in [300, 5_000] {
        let output = produce(&options(3, 3, rate, Formats::Vnet));
        let told = output.fact("beacon", &[]);
        let mut calls: Vec<i64> = output
            .tuples()
            .iter()
            .filter(|tuple| {
                tuple.state == "B" && told["dst_ip"] == *tuple.dst && told["src_ip"] == *tuple.src
            })
            .map(|tuple| tuple.time_ms)
            .collect();
        calls.sort_unstable();
        assert_eq!(told["connections"], calls.len());
        let interval_ms = told["interval_ms"].as_i64().unwrap();
        assert!(calls.windows(2).all(|pair| (pair[1] - pair[0] - interval_ms).abs() <= interval_ms / 20));
        assert!(calls.len() as i64 >= 3 * 3_500_000 / interval_ms);
    }
}

#[test]
fn both_scanners_are_denied_everywhere() {
    for rate in [300, 5_000, 100_000] {
        let output = produce(&options(3, 1, rate, Formats::Vnet));
        let tuples = output.tuples();
        for (kind, least_targets, least_ports) in [("vertical", 1, 30), ("horizontal", 20, 1)] {
            let told = output.fact("scanner", &[("kind", kind)]);
            let rows: Vec<&Tuple> = tuples.iter().filter(|tuple| told["src_ip"] == *tuple.src).collect();
            let targets: BTreeSet<&str> = rows.iter().map(|tuple| tuple.dst.as_str()).collect();
            let ports: BTreeSet<u64> = rows.iter().map(|tuple| tuple.dst_port).collect();
            assert!(rows.iter().all(|tuple| tuple.denied && tuple.direction == "I"));
            assert_eq!((&told["targets"], &told["ports"]), (&targets.len().into(), &ports.len().into()));
            assert_eq!(told["tries"], rows.len());
            assert!(targets.len() >= least_targets && ports.len() >= least_ports, "{told}");
        }
    }
}

#[test]
fn private_endpoint_outside_and_on_premises_log_nothing_themselves() {
    let output = produce(&options(3, 1, 20_000, Formats::Vnet));
    let mut sql = 0;
    for tuple in output.tuples() {
        if tuple.dst_port == 1433 && !tuple.denied {
            assert!(tuple.direction == "O" && tuple.src.starts_with("10.1."), "{tuple:?}");
            sql += 1;
        }
        assert!(tuple.direction == "I" || tuple.src.starts_with("10."), "{tuple:?}");
    }
    assert!(sql > 50);
}

#[test]
fn encryption_values_and_rules_show_variety() {
    let output = produce(&options(3, 2, 3_000, Formats::Vnet));
    let tuples = output.tuples();
    let encryptions: BTreeSet<String> = tuples.iter().filter_map(|tuple| tuple.encryption.clone()).collect();
    for value in ["NX", "X", "NX_LOCAL_DST", "NX_HW_NOT_SUPPORTED", "NX_FALLBACK"] {
        assert!(encryptions.contains(value), "{value}");
    }
    let encrypted: BTreeSet<(String, String)> = tuples
        .iter()
        .filter(|tuple| tuple.encryption.as_deref() == Some("X"))
        .map(|tuple| (tuple.src.clone(), tuple.dst.clone()))
        .collect();
    let told = output.fact("encrypted_pair", &[]);
    assert_eq!(encrypted.len(), 1);
    assert!(encrypted.iter().all(|(src, dst)| told["src_ip"] == **src && told["dst_ip"] == **dst));
    let rules: BTreeSet<&str> = tuples.iter().map(|tuple| tuple.rule.as_str()).collect();
    for rule in ["PlatformRule", "nossh", "unspecified", "UserRule_allow-ssh", "DefaultRule_DenyAllInBound"] {
        assert!(rules.contains(rule), "{rule}");
    }
}

#[test]
fn the_odd_flows_are_in_the_rows() {
    for (seed, hours, rate) in [(1, 1, 300), (2, 2, 5_000), (3, 8, 1_000)] {
        let output = produce(&options(seed, hours, rate, Formats::Vnet));
        let tuples = output.tuples();
        let rows = |fact: &serde_json::Value| -> Vec<&Tuple> {
            tuples
                .iter()
                .filter(|tuple| {
                    fact["src_port"] == tuple.src_port
                        && fact["src_ip"] == *tuple.src
                        && fact["dst_ip"] == *tuple.dst
                        && fact["once_mac"] == *tuple.mac
                })
                .collect()
        };
        let long = output.facts("long_flow");
        assert_eq!(long.len(), 3);
        for flow in &long {
            let continues = rows(flow).iter().filter(|tuple| tuple.state == "C").count();
            assert_eq!(flow["continues"], continues);
            assert!(continues >= 7 * hours as usize, "{flow}");
        }
        let idle = &output.facts("idle_flow")[0];
        assert!(idle["end_ms"].as_i64().unwrap() - idle["start_ms"].as_i64().unwrap() >= 540_000);
        let weeks = &output.facts("weeks_in_one_end")[0];
        assert_eq!(
            (weeks["packets_src_to_dst"].as_u64(), weeks["begin_logged"].as_bool()),
            (Some(27_347), Some(false))
        );
        assert_eq!(rows(weeks)[0].state, "E");
        let recreated = output.facts("recreated_flow");
        let [first, second, ..] = &recreated[..] else { panic!("two halves") };
        assert_eq!(first["end_ms"], second["start_ms"]);
        let counters: Vec<_> = rows(first)
            .iter()
            .filter(|tuple| tuple.state == "E")
            .take(2)
            .map(|tuple| tuple.counters)
            .collect();
        assert_eq!(
            counters,
            [[Some(3), Some(406), Some(3), Some(614)], [Some(6), Some(754), Some(4), Some(730)]]
        );
        let identical = &output.facts("identical_rows")[0];
        let same: Vec<_> = rows(identical)
            .into_iter()
            .filter(|tuple| Some(tuple.time_ms) == identical["start_ms"].as_i64())
            .collect();
        assert_eq!(same.len(), 2);
        assert_eq!(same[0].record_time_ms, same[1].record_time_ms);
    }
}

#[test]
fn both_formats_tell_of_the_same_traffic() {
    let output = produce(&options(3, 2, 5_000, Formats::VnetAndNsgV2));
    let tuples = output.tuples();
    let flows = |version: u64| -> BTreeSet<_> {
        tuples
            .iter()
            .filter(|tuple| tuple.version == version && tuple.begins && tuple.rule.contains("Rule_"))
            .map(|tuple| {
                (
                    five_tuple(tuple),
                    tuple.mac.clone(),
                    tuple.direction.clone(),
                    tuple.denied,
                    tuple.time_ms / 1_000,
                )
            })
            .collect()
    };
    assert_eq!(flows(4), flows(2));
    assert!(flows(4).len() > 1_000);
    // Security groups see nothing of what the network manager denied before them.
    assert!(tuples.iter().all(|tuple| tuple.version == 4 || tuple.rule != "nossh"));
}
