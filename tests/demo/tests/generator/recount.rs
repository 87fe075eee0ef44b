//! A dull reader of the produced text, made to be obviously right rather than fast. It shares nothing with
//! the generator.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use serde_json::Value;
use vnetflow_demo::{Formats, Options, Report, generate};

/// Everything that came to the sink, by path.
pub struct Output {
    pub files: BTreeMap<String, Vec<u8>>,
    pub report: Report,
}

/// One tuple with what its record says.
#[derive(Clone, Debug)]
pub struct Tuple {
    pub version: u64,
    pub record_time_ms: i64,
    pub mac: String,
    pub rule: String,
    pub time_ms: i64,
    pub src: String,
    pub dst: String,
    pub src_port: u64,
    pub dst_port: u64,
    pub protocol: u64,
    pub direction: String,
    pub denied: bool,
    pub begins: bool,
    pub state: String,
    pub encryption: Option<String>,
    pub counters: [Option<u64>; 4],
}

pub fn options(seed: u64, hours: u32, tuples_per_hour: u64, formats: Formats) -> Options {
    Options { seed, hours, tuples_per_hour, formats, ..Options::default() }
}

pub fn produce(options: &Options) -> Output {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let report = generate(options, &mut |path, bytes| {
        files.entry(path.to_owned()).or_default().extend_from_slice(bytes);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    Output { files, report }
}

impl Output {
    pub fn logs(&self) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.files.iter().filter(|(path, _)| path.ends_with("/PT1H.json"))
    }

    pub fn facts(&self, name: &str) -> Vec<Value> {
        let text = std::str::from_utf8(&self.files["truth.ndjson"]).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["fact"] == name).collect()
    }

    /// The only line of a fact that has these values.
    pub fn fact(&self, name: &str, wanted: &[(&str, &str)]) -> Value {
        let mut found = self.facts(name);
        found.retain(|line| wanted.iter().all(|(key, value)| line[*key] == *value));
        assert_eq!(found.len(), 1, "{name} {wanted:?}");
        found.remove(0)
    }

    pub fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        for (path, bytes) in self.logs() {
            let file: Value = serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
            records.extend(file["records"].as_array().unwrap().iter().cloned());
        }
        records
    }

    pub fn tuples(&self) -> Vec<Tuple> {
        let mut tuples = Vec::new();
        for record in self.records() {
            if record.get("flowRecords").is_some() {
                for flow in record["flowRecords"]["flows"].as_array().unwrap() {
                    for group in flow["flowGroups"].as_array().unwrap() {
                        for text in group["flowTuples"].as_array().unwrap() {
                            tuples.push(vnet_tuple(&record, &group["rule"], text.as_str().unwrap()));
                        }
                    }
                }
            } else {
                for rule in record["properties"]["flows"].as_array().unwrap() {
                    for nic in rule["flows"].as_array().unwrap() {
                        assert_eq!(nic["mac"], record["macAddress"]);
                        for text in nic["flowTuples"].as_array().unwrap() {
                            tuples.push(nsg_tuple(&record, &rule["rule"], text.as_str().unwrap()));
                        }
                    }
                }
            }
        }
        tuples
    }
}

fn vnet_tuple(record: &Value, rule: &Value, text: &str) -> Tuple {
    let fields: Vec<&str> = text.split(',').collect();
    assert_eq!(fields.len(), 13, "{text}");
    assert_eq!(fields[0].len(), 13, "{text}");
    assert!(["B", "C", "E", "D"].contains(&fields[7]), "{text}");
    if ["B", "D"].contains(&fields[7]) {
        assert_eq!(fields[9..], ["0"; 4], "{text}");
    }
    let counter = |place: usize| Some(fields[place].parse().unwrap());
    Tuple {
        version: record["flowLogVersion"].as_u64().unwrap(),
        time_ms: fields[0].parse().unwrap(),
        protocol: fields[5].parse().unwrap(),
        direction: fields[6].to_owned(),
        denied: fields[7] == "D",
        begins: fields[7] == "B" || fields[7] == "D",
        state: fields[7].to_owned(),
        encryption: Some(fields[8].to_owned()),
        counters: [counter(9), counter(10), counter(11), counter(12)],
        ..common(record, rule, &fields)
    }
}

fn nsg_tuple(record: &Value, rule: &Value, text: &str) -> Tuple {
    let fields: Vec<&str> = text.split(',').collect();
    let version = record["properties"]["Version"].as_u64().unwrap();
    assert_eq!(fields.len(), if version == 1 { 8 } else { 13 }, "{text}");
    assert_eq!(fields[0].len(), 10, "{text}");
    assert!(["T", "U"].contains(&fields[5]) && ["A", "D"].contains(&fields[7]), "{text}");
    let mut counters = [None; 4];
    if version == 2 {
        if fields[8] == "B" {
            assert!(text.ends_with(",B,,,,"), "{text}");
        } else {
            for (counter, field) in counters.iter_mut().zip(&fields[9..]) {
                *counter = Some(field.parse().unwrap());
            }
        }
        assert!(fields[7] == "A" || fields[8] == "B", "{text}");
    }
    Tuple {
        version,
        time_ms: fields[0].parse::<i64>().unwrap() * 1_000,
        protocol: if fields[5] == "T" { 6 } else { 17 },
        direction: fields[6].to_owned(),
        denied: fields[7] == "D",
        begins: version == 1 || fields[8] == "B",
        state: if version == 1 { String::new() } else { fields[8].to_owned() },
        encryption: None,
        counters,
        ..common(record, rule, &fields)
    }
}

fn common(record: &Value, rule: &Value, fields: &[&str]) -> Tuple {
    assert!(["I", "O"].contains(&fields[6]));
    let mac = record["macAddress"].as_str().unwrap();
    assert!(mac.len() == 12 && mac.chars().all(|digit| "0123456789ABCDEF".contains(digit)), "{mac}");
    Tuple {
        version: 0,
        record_time_ms: record_time_ms(record["time"].as_str().unwrap()),
        mac: mac.to_owned(),
        rule: rule.as_str().unwrap().to_owned(),
        time_ms: 0,
        src: fields[1].to_owned(),
        dst: fields[2].to_owned(),
        src_port: fields[3].parse().unwrap(),
        dst_port: fields[4].parse().unwrap(),
        protocol: 0,
        direction: String::new(),
        denied: false,
        begins: false,
        state: String::new(),
        encryption: None,
        counters: [None; 4],
    }
}

/// Counts days one by one: slow and certain.
pub fn record_time_ms(text: &str) -> i64 {
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let lengths = [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let days = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum::<i64>()
        + lengths[..usize::try_from(month).unwrap() - 1].iter().sum::<i64>()
        + day
        - 1;
    ((days * 24 + number(11, 13)) * 60 + number(14, 16)) * 60_000 + number(17, 19) * 1_000 + number(20, 23)
}

/// Sums of tuples, as the truth writes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    pub tuples: u64,
    pub flows: u64,
    pub denied: u64,
    pub counters: [Option<u64>; 4],
}

impl Sums {
    pub fn of<'a>(tuples: impl IntoIterator<Item = &'a Tuple>) -> Self {
        let mut sums = Self::default();
        for tuple in tuples {
            sums.tuples += 1;
            sums.flows += u64::from(tuple.begins);
            sums.denied += u64::from(tuple.denied);
            for (sum, counter) in sums.counters.iter_mut().zip(tuple.counters) {
                if let Some(counter) = counter {
                    *sum = Some(sum.unwrap_or(0) + counter);
                }
            }
        }
        sums
    }

    pub fn bytes(&self) -> Option<u64> {
        Some(self.counters[1]? + self.counters[3]?)
    }

    /// Compares with a line or row of the truth.
    pub fn assert_told(&self, told: &Value) {
        let names = ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"];
        assert_eq!(told["tuples"], self.tuples, "tuples of {told}");
        assert_eq!(told["flows"], self.flows, "flows of {told}");
        assert_eq!(told["denied"], self.denied, "denied of {told}");
        for (name, counter) in names.into_iter().zip(self.counters) {
            assert_eq!(told[name].as_u64(), counter, "{name} of {told}");
        }
        assert_eq!(told["bytes"].as_u64(), self.bytes(), "bytes of {told}");
    }
}

/// The five-tuple of a row.
pub fn five_tuple(tuple: &Tuple) -> (String, String, u64, u64, u64) {
    (tuple.src.clone(), tuple.dst.clone(), tuple.src_port, tuple.dst_port, tuple.protocol)
}

/// The interface that logs one flow in both directions, as only a firewall does.
fn firewall_mac(tuples: &[Tuple]) -> String {
    let inbound: BTreeSet<_> = tuples
        .iter()
        .filter(|tuple| tuple.direction == "I")
        .map(|tuple| (five_tuple(tuple), &tuple.mac))
        .collect();
    let both = |tuple: &&Tuple| tuple.direction == "O" && inbound.contains(&(five_tuple(tuple), &tuple.mac));
    let macs: BTreeSet<&String> = tuples.iter().filter(both).map(|tuple| &tuple.mac).collect();
    assert_eq!(macs.len(), 1);
    macs.into_iter().cloned().collect()
}

/// The hardware address of each host: the one interface, the firewall's aside, that logged all of its allowed
/// flows.
pub fn macs_of_hosts(tuples: &[Tuple]) -> BTreeMap<String, String> {
    let firewall = firewall_mac(tuples);
    let mut macs_of_flows: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for tuple in tuples.iter().filter(|tuple| !tuple.denied && tuple.mac != firewall) {
        macs_of_flows.entry(five_tuple(tuple)).or_default().insert(&tuple.mac);
    }
    let mut macs_of_hosts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for ((src, dst, ..), macs) in &macs_of_flows {
        for host in [src, dst].into_iter().filter(|host| host.starts_with("10.1.")) {
            let common = macs_of_hosts.entry(host.clone()).or_insert_with(|| macs.clone());
            *common = common.intersection(macs).copied().collect();
        }
    }
    macs_of_hosts
        .into_iter()
        .filter(|(_, macs)| macs.len() == 1)
        .map(|(host, macs)| (host, macs.into_iter().collect()))
        .collect()
}

/// The tuples that the vantage `once` counts: at the destination's interface, else the source's.
pub fn once(tuples: &[Tuple]) -> Vec<&Tuple> {
    let hosts = macs_of_hosts(tuples);
    let mut macs_of_flows: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for tuple in tuples {
        macs_of_flows.entry(five_tuple(tuple)).or_default().insert(&tuple.mac);
    }
    tuples
        .iter()
        .filter(|tuple| {
            let macs = &macs_of_flows[&five_tuple(tuple)];
            let at = |host: &String| hosts.get(host).filter(|mac| macs.contains(mac.as_str()));
            at(&tuple.dst).or_else(|| at(&tuple.src)).is_none_or(|mac| *mac == tuple.mac)
        })
        .collect()
}
