//! The core's batches and issues as rows of plain JSON, which can be compared with anything.

use serde_json::{Map, Value, json};
use vnetflow_core::batch::Batch;
use vnetflow_core::decode::{DecodeOptions, Decoder};
use vnetflow_core::issue::Issue;
use vnetflow_core::origin::RuleOrigin;
use vnetflow_core::time::format_time_ms;
use vnetflow_core::tuple::{Encryption, State};

/// One row: public column names and values; times as RFC 3339 text, enums as their names.
pub type Row = Map<String, Value>;

/// What a decoder made of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// Rows of all batches.
    pub rows: Vec<Row>,
    /// Issues, without source and count.
    pub issues: Vec<Row>,
}

/// Decodes one source in chunks of that size into batches and issues.
#[must_use]
pub fn decode(source: &str, input: &[u8], chunk: usize, options: DecodeOptions) -> (Vec<Batch>, Vec<Issue>) {
    decode_chunks(source, input.chunks(chunk.max(1)), options)
}

/// Decodes one source from these chunks into batches and issues.
pub fn decode_chunks<'a>(
    source: &str,
    chunks: impl IntoIterator<Item = &'a [u8]>,
    options: DecodeOptions,
) -> (Vec<Batch>, Vec<Issue>) {
    let mut decoder = Decoder::new(options);
    decoder.start(source);
    for chunk in chunks {
        decoder.push(chunk);
    }
    decoder.finish();
    decoder.flush();
    let batches = core::iter::from_fn(|| decoder.next_batch()).collect();
    (batches, decoder.take_issues())
}

/// Decodes one source in chunks of that size, with offsets, into comparable rows.
#[must_use]
pub fn read(source: &str, input: &[u8], chunk: usize) -> Read {
    let (batches, issues) = decode(source, input, chunk, with_offsets());
    Read { rows: rows_of(&batches), issues: issues.iter().map(issue_row).collect() }
}

/// The default options, and offsets.
#[must_use]
pub fn with_offsets() -> DecodeOptions {
    DecodeOptions { offsets: true, ..DecodeOptions::default() }
}

/// All rows of these batches.
#[must_use]
pub fn rows_of(batches: &[Batch]) -> Vec<Row> {
    batches.iter().flat_map(|batch| (0..batch.len()).filter_map(|row| row_of(batch, row))).collect()
}

/// One row with all public columns; `offset` only where the batch keeps it. `None` past the last one.
#[must_use]
pub fn row_of(batch: &Batch, row: usize) -> Option<Row> {
    let tuple = batch.tuple(row)?;
    let (group, record) = batch.place(row)?;
    let mut values = json!({
        "time": format_time_ms(tuple.time_ms),
        "src_ip": tuple.src_ip.to_string(),
        "dst_ip": tuple.dst_ip.to_string(),
        "src_port": tuple.src_port,
        "dst_port": tuple.dst_port,
        "protocol": tuple.protocol,
        "direction": tuple.direction.name(),
        "action": tuple.action.name(),
        "state": tuple.state.map(State::name),
        "encryption": tuple.encryption.map(Encryption::name),
        "packets_src_to_dst": tuple.counters.packets_src_to_dst,
        "bytes_src_to_dst": tuple.counters.bytes_src_to_dst,
        "packets_dst_to_src": tuple.counters.packets_dst_to_src,
        "bytes_dst_to_src": tuple.counters.bytes_dst_to_src,
        "rule": batch.text(group.rule),
        "acl_id": batch.text(group.acl_id),
        "mac": batch.text(group.mac),
        "target_resource_id": batch.text(record.target_resource_id),
        "flow_log_resource_id": batch.text(record.flow_log_resource_id),
        "rule_origin": group.rule_origin.map(RuleOrigin::name),
        "flow_log_version": tuple.version,
        "record_time": record.time_ms.map(format_time_ms),
        "source": batch.texts.get(record.source),
    });
    if let (Some(offset), Some(values)) = (batch.offset.get(row), values.as_object_mut()) {
        values.insert("offset".to_owned(), json!(offset));
    }
    match values {
        Value::Object(values) => Some(values),
        _ => None,
    }
}

/// An issue without its source and count, as `issues.ndjson` has them.
#[must_use]
pub fn issue_row(issue: &Issue) -> Row {
    let mut row = Row::new();
    row.insert("offset".to_owned(), json!(issue.offset));
    row.insert("record".to_owned(), json!(issue.record));
    row.insert("tuple".to_owned(), json!(issue.tuple));
    row.insert("kind".to_owned(), json!(issue.kind.name()));
    row.insert("message".to_owned(), json!(issue.message));
    row.insert("skipped".to_owned(), json!(issue.skipped));
    row
}

/// The rows without that column.
#[must_use]
pub fn without(column: &str, rows: &[Row]) -> Vec<Row> {
    let mut rows = rows.to_vec();
    for row in &mut rows {
        row.remove(column);
    }
    rows
}
