//! How long each analysis takes on 1.4 million tuples in memory, and what sessions of 10 million hold. Ignored: run
//! with `cargo test --release -p vnetflow-tests --test analyses_speed -- --ignored --nocapture --test-threads 1`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "its output is its purpose, and helpers of tests may stop them"
)]

use peak_alloc::PeakAlloc;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use vnetflow_core::aggregate::{
    Aggregate, Conversations, Coverage, Denied, EncryptionUse, Endpoints, Host, Key, Matrix, Overcount,
    Rules, Sessions, Timeline, TimelineOptions, Vantage,
};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::DecodeOptions;
use vnetflow_core::groups::Groups;
use vnetflow_core::table::Table;
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

fn analyse<A: Aggregate<Answer = Table>>(name: &str, batches: &[Batch], mut aggregate: A) {
    let busy = busy_seconds();
    let table = measure(name, || {
        batches.iter().for_each(|batch| aggregate.add(batch));
        println!("    {:.3} s busy with adding", busy_seconds() - busy);
        aggregate.finish()
    });
    println!("    {} rows", table.len());
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
    let timeline = |spread, by: &str| {
        let by = if by.is_empty() { Vec::new() } else { Key::parse(by).unwrap() };
        Timeline::new(&TimelineOptions { by, spread, ..TimelineOptions::default() })
    };
    analyse("timeline, plain", &batches, timeline(false, ""));
    analyse("timeline, spread", &batches, timeline(true, ""));
    analyse("timeline, spread by src_ip", &batches, timeline(true, "src_ip"));
    analyse("sessions", &batches, Sessions::new());
    analyse("conversations", &batches, Conversations::new());
    analyse("matrix", &batches, Matrix::new(Arc::clone(&groups)));
    analyse("rules", &batches, Rules::new(None));
    analyse("denied", &batches, Denied::new());
    analyse("encryption", &batches, EncryptionUse::new());
    analyse("coverage", &batches, Coverage::new());
    analyse("endpoints", &batches, Endpoints::new(Arc::clone(&groups)));
    measure("host", || {
        let mut host = Host::new([10, 1, 2, 20].into(), &groups);
        batches.iter().for_each(|batch| host.add(batch));
        host.finish()
    });
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
