//! The files look as Azure writes them.

use std::collections::BTreeSet;

use vnetflow_demo::{Error, Formats, Options, OptionsError, generate};

use crate::recount::{options, produce, record_time_ms};

const EVERY_FORMAT: [Formats; 4] = [Formats::Vnet, Formats::NsgV2, Formats::NsgV1, Formats::VnetAndNsgV2];

#[test]
fn the_same_options_give_the_same_bytes() {
    for formats in EVERY_FORMAT {
        let options = options(3, 2, 3_000, formats);
        assert!(produce(&options).files == produce(&options).files);
    }
}

#[test]
fn another_seed_gives_other_traffic() {
    let first = produce(&options(1, 1, 2_000, Formats::Vnet));
    let second = produce(&options(2, 1, 2_000, Formats::Vnet));
    let paths = |output: &crate::recount::Output| output.files.keys().cloned().collect::<BTreeSet<_>>();
    assert_ne!(paths(&first), paths(&second));
    assert!(first.files["truth.ndjson"] != second.files["truth.ndjson"]);
}

/// Changes when any byte of the output does: a change of the generator should be meant. The browser's build
/// gives the same.
const KNOWN_HASH: &str = "663383f29bd70b63";

#[test]
fn the_bytes_of_the_default_seed_are_known() {
    let output = produce(&options(1, 1, 1_000, Formats::VnetAndNsgV2));
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (path, bytes) in &output.files {
        for byte in path.bytes().chain(bytes.iter().copied()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    assert_eq!(format!("{hash:016x}"), KNOWN_HASH);
}

#[test]
fn every_file_is_one_line_of_records_at_a_well_formed_path() {
    for formats in EVERY_FORMAT {
        let output = produce(&options(5, 3, 2_000, formats));
        let mut count = 0;
        for (path, bytes) in output.logs() {
            count += 1;
            assert!(bytes.starts_with(b"{\"records\":[{\"time\":\"2024-05-01T"), "{path}");
            assert!(bytes.ends_with(b"}]}") && !bytes.contains(&b'\n') && !bytes.contains(&b' '), "{path}");
            assert!(!path.contains("//") && !path.starts_with('/'), "{path}");
            let (log, rest) = path.split_once("/y=2024/m=05/d=01/h=").unwrap();
            let container_ok = (log.starts_with("insights-logs-flowlogflowevent/flowLogResourceID=/")
                && log.contains("_NETWORKWATCHERRG/NETWORKWATCHER_EASTUS_"))
                || (log
                    .starts_with("insights-logs-networksecuritygroupflowevent/resourceId=/SUBSCRIPTIONS/")
                    && log.ends_with("/NETWORKSECURITYGROUPS/YADA-NSG"));
            assert!(container_ok, "{path}");
            let (hour, rest) = rest.split_once("/m=00/macAddress=").unwrap();
            let (mac, name) = rest.split_once('/').unwrap();
            assert!((9..12).contains(&hour.parse::<i32>().unwrap()) && name == "PT1H.json");
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.contains(&format!("\"macAddress\":\"{mac}\"")));
            assert!(
                !text.contains(&format!("\"time\":\"2024-05-01T{:02}", hour.parse::<i32>().unwrap() + 1))
            );
        }
        assert_eq!(count, output.report.files);
        let named: BTreeSet<&str> = output.files.keys().filter_map(|path| path.split('/').next()).collect();
        assert!(named.contains("groups.csv") && named.contains("truth.ndjson"));
        assert!(output.files["groups.csv"].starts_with(b"cidr,name\n10.1.0.0/24,hub\n"));
    }
}

#[test]
fn records_have_the_keys_of_real_ones_in_their_order() {
    let output = produce(&options(1, 1, 1_000, Formats::VnetAndNsgV2));
    for (path, bytes) in output.logs() {
        let text = std::str::from_utf8(bytes).unwrap();
        let order: &[&str] = if path.starts_with("insights-logs-flowlogflowevent") {
            &["time", "flowLogGUID", "macAddress", "category", "flowLogResourceID", "targetResourceID"]
        } else {
            &["time", "systemId", "macAddress", "category", "resourceId", "operationName", "properties"]
        };
        let places: Vec<usize> = order.iter().map(|key| text.find(&format!("\"{key}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{path}");
        let fraction = text.find("Z\"").unwrap() - text.find('.').unwrap();
        assert_eq!(fraction, 8, "{path}");
    }
}

#[test]
fn each_interface_writes_at_its_own_second_of_the_minute() {
    let output = produce(&options(8, 1, 5_000, Formats::Vnet));
    let mut seconds: std::collections::BTreeMap<String, BTreeSet<i64>> = Default::default();
    for record in output.records() {
        let time_ms = record_time_ms(record["time"].as_str().unwrap());
        seconds.entry(record["macAddress"].to_string()).or_default().insert(time_ms % 60_000 / 100);
    }
    // A wander of some milliseconds may cross one tenth of a second.
    assert!(seconds.values().all(|tenths| tenths.len() <= 2));
    assert!(seconds.values().collect::<BTreeSet<_>>().len() > 15);
}

#[test]
fn no_tuple_is_older_than_64_seconds_or_younger_than_its_record() {
    for formats in EVERY_FORMAT {
        let output = produce(&options(4, 2, 20_000, formats));
        let ages =
            output.tuples().iter().map(|tuple| tuple.record_time_ms - tuple.time_ms).collect::<Vec<_>>();
        assert!(*ages.iter().max().unwrap() <= 64_000);
        assert!(*ages.iter().max().unwrap() > 61_000);
        assert!(*ages.iter().min().unwrap() > 0);
    }
}

#[test]
fn tuples_cross_the_hours_file_and_are_not_quite_in_order() {
    let output = produce(&options(4, 2, 20_000, Formats::Vnet));
    let tuples = output.tuples();
    let hour = |time_ms: i64| time_ms / 3_600_000;
    assert!(tuples.iter().any(|tuple| hour(tuple.time_ms) != hour(tuple.record_time_ms)));
    let disorder = tuples
        .windows(2)
        .filter(|pair| {
            let [first, second] = pair else { return false };
            first.mac == second.mac
                && first.record_time_ms == second.record_time_ms
                && first.rule == second.rule
                && first.direction == second.direction
                && first.time_ms > second.time_ms
        })
        .count();
    assert!(disorder > 100 && disorder < tuples.len() / 5, "{disorder}");
}

#[test]
fn a_busy_nsg_minute_is_split_into_records_of_at_most_32_kilobytes() {
    for formats in [Formats::NsgV2, Formats::NsgV1] {
        let output = produce(&options(2, 1, 150_000, formats));
        let records = output.records();
        let mut keys = BTreeSet::new();
        let mut split = 0;
        for record in &records {
            assert!(record.to_string().len() <= 32_768);
            split +=
                usize::from(!keys.insert((record["time"].to_string(), record["macAddress"].to_string())));
        }
        assert!(split > 10, "{split}");
    }
}

#[test]
fn an_acl_stands_in_several_entries_of_one_record() {
    let output = produce(&options(2, 1, 20_000, Formats::Vnet));
    let repeats = output.records().iter().any(|record| {
        let flows = record["flowRecords"]["flows"].as_array().unwrap();
        let acls: BTreeSet<String> = flows.iter().map(|flow| flow["aclID"].to_string()).collect();
        acls.len() < flows.len()
    });
    assert!(repeats);
}

#[test]
fn the_wanted_rate_is_met() {
    for (formats, tuples_per_hour) in [
        (Formats::Vnet, 2_000),
        (Formats::Vnet, 100_000),
        (Formats::Vnet, 1_000_000),
        (Formats::NsgV2, 2_000),
        (Formats::NsgV2, 100_000),
        (Formats::NsgV1, 2_000),
        (Formats::NsgV1, 100_000),
    ] {
        // Two hours of the largest would only take longer.
        for hours in if tuples_per_hour < 1_000_000 { 1..=2 } else { 1..=1 } {
            let options = options(9, hours, tuples_per_hour, formats);
            let report = generate(&options, &mut |_, _| Ok::<(), ()>(())).unwrap();
            let percent = report.tuples * 100 / (tuples_per_hour * u64::from(hours));
            assert!((75..=125).contains(&percent), "{formats:?} {tuples_per_hour} {hours}: {percent} %");
        }
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let check = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        options.check().map_err(|error| error.to_string())
    };
    assert_eq!(Options::default().check(), Ok(()));
    assert_eq!(
        check(|options| options.hours = 0).unwrap_err(),
        "expected hours between 1 and 87660, found `0`"
    );
    assert!(check(|options| options.start_ms += 1).unwrap_err().starts_with("expected start_ms"));
    assert!(
        check(|options| options.tuples_per_hour = 5).unwrap_err().starts_with("expected tuples_per_hour")
    );
    assert!(
        check(|options| options.nossh_from_ms = Some(0)).unwrap_err().starts_with("expected nossh_from_ms")
    );
    let refused = generate(&Options { hours: 0, ..Options::default() }, &mut |_, _| Ok::<(), ()>(()));
    assert_eq!(refused, Err(Error::Options(OptionsError::Hours(0))));
}

#[test]
fn the_sinks_error_comes_back() {
    let result = generate(&options(1, 1, 1_000, Formats::Vnet), &mut |path, _| {
        if path.ends_with("PT1H.json") { Err("full") } else { Ok(()) }
    });
    assert_eq!(result, Err(Error::Sink("full")));
}
