//! How long each analysis takes on 1.4 million tuples in memory, and what sessions of 10 million hold. Ignored: run
//! with `cargo test --release -p vnetflow-tests --test analyses_speed -- --ignored --nocapture --test-threads 1`;
//! `ONLY=sessions` before it measures one of them.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "its output is its purpose, and helpers of tests may stop them"
)]

use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use vnetflow_core::aggregate::{Aggregate, Analysis, Overcount, Sessions, Vantage, VantageChoice};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::groups::Groups;
use vnetflow_demo::{Options, generate};
use vnetflow_tests::rows::decode;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Hands over the batches of a demo network's logs, file by file.
fn for_each_batch(options: &Options, mut take: impl FnMut(Batch)) {
    let (mut name, mut file) = (String::new(), Vec::new());
    let mut read = |name: &str, file: &[u8]| {
        if name.ends_with(".json") {
            decode(name, file, usize::MAX, DecodeOptions::default()).0.into_iter().for_each(&mut take);
        }
    };
    generate(options, &mut |path, bytes| {
        if path != name {
            read(&name, &file);
            file.clear();
            path.clone_into(&mut name);
        }
        file.extend_from_slice(bytes);
        Ok::<(), Infallible>(())
    })
    .unwrap();
    read(&name, &file);
}

/// Seconds that this thread ran, whatever else the machine does; 0 where the system does not tell.
fn busy_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

fn measure<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let before = ALLOCATOR.current_usage_as_mb();
    ALLOCATOR.reset_peak_usage();
    let (started, busy) = (Instant::now(), busy_seconds());
    let answer = work();
    let (seconds, busy) = (started.elapsed().as_secs_f64(), busy_seconds() - busy);
    println!(
        "{name}: {seconds:.3} s ({busy:.3} s busy), {:.0} MB more at most",
        ALLOCATOR.peak_usage_as_mb() - before
    );
    answer
}

/// Prints the best of three runs: seconds that the thread was busy, and with adding alone.
fn analyse(name: &str, parameters: &Value, batches: &[Batch], groups: &Arc<Groups>) {
    let tuples = batches.iter().map(Batch::len).sum::<usize>() as f64;
    let empty = Analysis::new(name, parameters, groups).unwrap();
    let run = || {
        let start = busy_seconds();
        let mut analysis = empty.clone();
        batches.iter().for_each(|batch| analysis.add(batch));
        let added = busy_seconds() - start;
        let sections = analysis.finish();
        (busy_seconds() - start, added, sections[0].table.len())
    };
    let (whole, added, rows) = (0..3).map(|_| run()).min_by(|one, other| one.0.total_cmp(&other.0)).unwrap();
    let each = added * 1e9 / tuples;
    let asked = if parameters.is_null() { String::new() } else { parameters.to_string() };
    println!("{whole:7.3} s, adding {added:7.3} s ({each:4.0} ns a tuple), {rows:7} rows: {name} {asked}");
}

#[test]
#[ignore = "measures, proves nothing"]
fn each_analysis_of_1_4_million_tuples() {
    let options = Options { hours: 2, tuples_per_hour: 700_000, ..Options::default() };
    let mut batches = Vec::new();
    for_each_batch(&options, |batch| batches.push(batch));
    println!("{} tuples in {} batches", batches.iter().map(Batch::len).sum::<usize>(), batches.len());
    let groups = Arc::new(
        Groups::from_text("cidr,name\n10.1.0.0/24,hub\n10.1.1.0/24,spoke1\n10.1.2.0/24,spoke2\n").unwrap(),
    );
    let only = std::env::var("ONLY").ok();
    let ask = |name: &str, parameters: Value| {
        if only.as_ref().is_none_or(|only| only == name) {
            analyse(name, &parameters, &batches, &groups);
        }
    };
    for by in ["src_ip", "dst_ip", "dst_port", "pair", "conversation", "src_group", "rule"] {
        ask("top", json!({"by": by}));
    }
    for name in Analysis::NAMES {
        match *name {
            "top" => {}
            "timeline" => {
                ask(name, json!({"spread": false}));
                ask(name, json!({"spread": false, "by": "action"}));
                ask(name, Value::Null);
                ask(name, json!({"by": "src_ip"}));
            }
            "why" => ask(name, json!({"src": "10.1.2.20", "dst": "10.1.1.4"})),
            "host" => ask(name, json!({"ip": "10.1.2.20"})),
            "diff" => ask(name, json!({"split": "2026-03-02T09:00Z"})),
            "check" => ask(
                name,
                json!({"policy": {
                    "groups": {"inside": "10.0.0.0/8"}, "allow": [{"from": "inside", "to": "public", "ports": 443}],
                }}),
            ),
            _ => ask(name, Value::Null),
        }
    }
    let choice = measure("vantage, first pass", || {
        let mut vantage = Vantage::new();
        batches.iter().for_each(|batch| vantage.add(batch));
        vantage.finish()
    });
    let mut kept = batches.clone();
    let count = measure("vantage, choice", || {
        let mut count = Overcount::default();
        kept.iter_mut().for_each(|batch| count.merge(&choice.keep(batch)));
        count
    });
    println!("    {:?}", count.note());
    let sent = measure("vantage, choice to bytes", || choice.to_bytes());
    measure("vantage, choice from bytes", || VantageChoice::from_bytes(&sent).unwrap());
}

#[test]
#[ignore = "measures, proves nothing"]
fn sessions_of_10_million_tuples() {
    let options = Options { hours: 10, tuples_per_hour: 1_000_000, ..Options::default() };
    let mut sessions = Sessions::new();
    let mut tuples = 0;
    for_each_batch(&options, |batch| {
        tuples += batch.len();
        sessions.add(&batch);
    });
    println!("{tuples} tuples take {:.0} MB", ALLOCATOR.current_usage_as_mb());
    let rows: usize =
        measure("tables of 100,000", || sessions.tables(100_000).map(|table| table.len()).sum());
    println!("{rows} sessions, {:.0} MB at most", ALLOCATOR.peak_usage_as_mb());
}
