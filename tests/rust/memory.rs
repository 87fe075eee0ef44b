//! Memory is a tested property: what a reader needs is bounded by a batch, never by the file.
//!
//! Everything is made on the fly and pushed in chunks; nothing of it is kept. The tests take turns, since one
//! allocator counts for all.

use peak_alloc::PeakAlloc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vnetflow_core::decode::{DecodeOptions, Decoder};
use vnetflow_core::issue::IssueKind;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

static TURN: Mutex<()> = Mutex::new(());

const MB: usize = 1 << 20;

/// A batch of 131,072 rows takes 12 MB, twice that while it grows, and another one may be ready; then dictionaries.
const HOUR_FILE_PEAK_BYTES: usize = 64 * MB;

/// What is no log must cost next to nothing: a string of 64 KB, twice, and a few issues.
const GARBAGE_PEAK_BYTES: usize = 4 * MB;

/// Where tuples were met, room for a batch is made before it is known that none can be read.
const EMPTY_BATCH_BYTES: usize = 12 * MB;

/// Lets one test after the other make and measure its memory.
fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that `work` needs at its peak.
fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = work();
    (result, MEMORY.peak_usage().saturating_sub(before))
}

/// Pushes `head`, then `piece` so many times, then `tail`.
fn decode_repeated(head: &[u8], piece: &[u8], times: usize, tail: &[u8]) -> Decoder {
    let mut decoder = Decoder::new(DecodeOptions::default());
    decoder.start("x.json");
    decoder.push(head);
    for _ in 0..times {
        decoder.push(piece);
    }
    decoder.push(tail);
    decoder.finish();
    decoder
}

/// A record of 400 tuples, 29 KB: as Azure writes them in a busy minute.
fn write_record(number: usize, text: &mut Vec<u8>) {
    text.clear();
    let minute = number % 60;
    let separator = if number == 0 { "" } else { "," };
    let head = format!(
        "{separator}{{\"time\":\"2024-05-01T09:{minute:02}:30Z\",\"flowLogVersion\":4,\"macAddress\":\"00224871C205\",\
         \"flowRecords\":{{\"flows\":[{{\"aclID\":\"acl\",\"flowGroups\":[{{\"rule\":\"UserRule_web\",\"flowTuples\":["
    );
    text.extend_from_slice(head.as_bytes());
    for tuple in 0..400 {
        let (time, client) =
            (1_714_554_000_000_u64 + (minute * 60_000 + tuple * 150) as u64, number * 7 + tuple);
        let separator = if tuple == 0 { "" } else { "," };
        let tuple = format!(
            "{separator}\"{time},10.1.{}.{},10.2.1.4,{},443,6,I,C,NX,{},{},{},{}\"",
            client / 250 % 250,
            client % 250,
            1024 + client % 60_000,
            client % 900,
            client * 3 % 90_000,
            client % 700,
            client * 5 % 900_000
        );
        text.extend_from_slice(tuple.as_bytes());
    }
    text.extend_from_slice(b"]}]}]}}");
}

#[test]
fn a_busy_hour_of_150_mb_is_read_in_64_mb() {
    let _turn = turn();
    let ((rows, bytes), peak) = peak_of(|| {
        let mut decoder = Decoder::new(DecodeOptions::default());
        decoder.start("PT1H.json");
        decoder.push(b"{\"records\":[");
        let (mut rows, mut bytes, mut number) = (0, 0, 0);
        let mut record = Vec::new();
        while bytes < 150 * 1_000_000 {
            write_record(number, &mut record);
            number += 1;
            bytes += record.len();
            for chunk in record.chunks(64 * 1024 + 1) {
                decoder.push(chunk);
            }
            while let Some(batch) = decoder.next_batch() {
                rows += batch.len();
            }
        }
        decoder.push(b"]}");
        decoder.finish();
        decoder.flush();
        rows += core::iter::from_fn(|| decoder.next_batch()).map(|batch| batch.len()).sum::<usize>();
        assert!(decoder.take_issues().is_empty());
        assert_eq!(rows, number * 400);
        (rows, bytes)
    });
    assert!(rows > 1_900_000 && bytes >= 150_000_000, "{rows} rows in {bytes} bytes");
    assert!(peak < HOUR_FILE_PEAK_BYTES, "the peak was {} MB", peak / MB);
}

#[test]
fn a_line_of_a_gigabyte_without_quotes_or_breaks_stays_small() {
    let _turn = turn();
    let piece = vec![b'a'; MB];
    let (mut decoder, peak) = peak_of(|| decode_repeated(b"", &piece, 1024, b""));
    assert_eq!(
        decoder.take_issues().iter().map(|issue| issue.kind).collect::<Vec<_>>(),
        [IssueKind::NotJson]
    );
    assert!(peak < GARBAGE_PEAK_BYTES, "the peak was {} KB", peak / 1024);
}

#[test]
fn a_string_of_a_gigabyte_stays_small() {
    let _turn = turn();
    let piece = vec![b'x'; MB];
    let (mut decoder, peak) =
        peak_of(|| decode_repeated(b"{\"records\":[{\"macAddress\":\"", &piece, 1024, b"\"}]}"));
    let kinds: Vec<_> = decoder.take_issues().iter().map(|issue| issue.kind).collect();
    assert_eq!(kinds, [IssueKind::TooLong, IssueKind::NotFlowLog]);
    assert!(peak < GARBAGE_PEAK_BYTES, "the peak was {} KB", peak / 1024);
}

#[test]
fn a_quarter_of_a_gigabyte_of_brackets_stays_small() {
    let _turn = turn();
    for piece in [vec![b'['; MB], b"{\"records\":".repeat(MB / 11), b"{\"x\":[".repeat(MB / 6)] {
        let (_, peak) = peak_of(|| decode_repeated(b"", &piece, 256, b""));
        assert!(peak < GARBAGE_PEAK_BYTES, "the peak was {} KB", peak / 1024);
    }
}

#[test]
fn a_million_bad_tuples_are_counted_not_listed() {
    let _turn = turn();
    let head = b"{\"flowRecords\":{\"flows\":[{\"flowGroups\":[{\"flowTuples\":[\"x\"";
    let piece = b",\"bad\"".repeat(1000);
    let (mut decoder, peak) = peak_of(|| decode_repeated(head, &piece, 1000, b"]}]}]}}"));
    let issues = decoder.take_issues();
    assert_eq!(issues.iter().map(|issue| issue.count).sum::<u64>(), 1_000_001);
    assert_eq!(issues.last().map(|issue| issue.kind), Some(IssueKind::More));
    assert!(peak < EMPTY_BATCH_BYTES + GARBAGE_PEAK_BYTES, "the peak was {} KB", peak / 1024);
}
