//! Tuples in memory: an Arrow C stream with the columns of the tuple table, back into the core's batches.
//!
//! The Python side has cast the columns before: text and enums are string views, numbers have the table's own types.

use crate::errors::InputError;
use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::{TimestampMillisecondType, UInt8Type, UInt16Type, UInt64Type};
use arrow_array::{Array, RecordBatch, StringViewArray};
use arrow_schema::ArrowError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use std::collections::HashMap;
use std::net::IpAddr;
use vnetflow_core::batch::{Batch, Group, Record};
use vnetflow_core::origin::RuleOrigin;
use vnetflow_core::tuple::{Action, Counters, Direction, Encryption, State, Tuple};

/// Columns that tuples can't be without.
const NEEDED: [&str; 8] =
    ["time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "direction", "action"];

/// All batches of a stream.
pub(crate) fn batches_of(frame: &Bound<'_, PyAny>) -> PyResult<Vec<Batch>> {
    let capsule = frame.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
    let reader = reader_of(&capsule).map_err(|error| InputError::new_err(error.to_string()))?;
    let mut batches = Vec::new();
    for columns in reader {
        let columns = columns.map_err(|error| InputError::new_err(error.to_string()))?;
        batches.push(batch_of(&columns)?);
    }
    Ok(batches)
}

#[expect(unsafe_code, reason = "the Arrow C stream interface is made of pointers")]
fn reader_of(capsule: &Bound<'_, PyCapsule>) -> Result<RecordBatchStreamReader, ArrowError> {
    let pointer = capsule
        .pointer_checked(Some(c"arrow_array_stream"))
        .map_err(|error| ArrowError::CDataInterface(error.to_string()))?;
    // SAFETY: by the Arrow PyCapsule protocol a capsule of this name points to a stream, which the consumer moves
    // out; `from_raw` leaves a released stream behind, so the capsule frees nothing twice.
    unsafe { RecordBatchStreamReader::from_raw(pointer.as_ptr().cast::<FFI_ArrowArrayStream>()) }
}

/// Text, looked at row by row.
struct Texts<'a>(Option<&'a StringViewArray>);

impl<'a> Texts<'a> {
    fn of(columns: &'a RecordBatch, name: &str) -> Texts<'a> {
        Texts(columns.column_by_name(name).and_then(|column| column.as_string_view_opt()))
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        self.0.filter(|column| column.is_valid(row)).map(|column| column.value(row))
    }
}

/// The fields of a group and its record, as text.
type Place<'a> = ([Option<&'a str>; 6], Option<i64>);

fn batch_of(columns: &RecordBatch) -> PyResult<Batch> {
    for name in NEEDED {
        match columns.column_by_name(name) {
            None => return Err(InputError::new_err(format!("the tuples lack the column `{name}`"))),
            Some(column) if column.null_count() > 0 => {
                return Err(InputError::new_err(format!("the tuples' column `{name}` holds nulls")));
            }
            Some(_) => {}
        }
    }
    let wrong = |name: &str| {
        InputError::new_err(format!("the tuples' column `{name}` has another type than the tuple table's"))
    };
    let text = |name| Texts::of(columns, name);
    let times = columns
        .column_by_name("time")
        .and_then(|column| column.as_primitive_opt::<TimestampMillisecondType>());
    let times = times.ok_or_else(|| wrong("time"))?;
    let record_times = columns
        .column_by_name("record_time")
        .and_then(|column| column.as_primitive_opt::<TimestampMillisecondType>());
    let port = |name: &'static str| {
        let column = columns.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt16Type>());
        column.ok_or_else(|| wrong(name))
    };
    let (src_ports, dst_ports) = (port("src_port")?, port("dst_port")?);
    let small =
        |name: &str| columns.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt8Type>());
    let protocols = small("protocol").ok_or_else(|| wrong("protocol"))?;
    let versions = small("flow_log_version");
    let counter =
        |name: &str| columns.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt64Type>());
    let counters =
        ["packets_src_to_dst", "bytes_src_to_dst", "packets_dst_to_src", "bytes_dst_to_src"].map(counter);
    let offsets = counter("offset");
    let (src_ips, dst_ips) = (text("src_ip"), text("dst_ip"));
    let (directions, actions, states, encryptions) =
        (text("direction"), text("action"), text("state"), text("encryption"));
    let places = ["rule", "acl_id", "mac", "target_resource_id", "flow_log_resource_id", "source"].map(text);

    let mut batch = Batch::with_capacity(columns.num_rows());
    let mut groups: HashMap<Place<'_>, u32> = HashMap::new();
    let mut addresses: HashMap<&str, IpAddr> = HashMap::new();
    for row in 0..columns.num_rows() {
        let address = |texts: &Texts<'_>, name: &str| -> PyResult<IpAddr> {
            let text = texts.get(row).ok_or_else(|| wrong(name))?;
            if let Some(address) = addresses.get(text) {
                return Ok(*address);
            }
            let known: IpAddr = text.parse().map_err(|_| {
                InputError::new_err(format!("`{text}` in row {row} of `{name}` is no IP address"))
            })?;
            Ok(known)
        };
        let (src_ip, dst_ip) = (address(&src_ips, "src_ip")?, address(&dst_ips, "dst_ip")?);
        for (texts, address) in [(&src_ips, src_ip), (&dst_ips, dst_ip)] {
            if let Some(text) = texts.0.map(|column| column.value(row)) {
                addresses.entry(text).or_insert(address);
            }
        }
        let number = |column: Option<&arrow_array::UInt64Array>| {
            column.filter(|column| column.is_valid(row)).map(|column| column.value(row))
        };
        let [packets_out, bytes_out, packets_back, bytes_back] = counters.map(number);
        let state =
            states.get(row).map(|name| State::from_name(name).ok_or_else(|| wrong("state"))).transpose()?;
        let encryption = encryptions
            .get(row)
            .map(|name| Encryption::from_name(name).ok_or_else(|| wrong("encryption")))
            .transpose()?;
        let version = versions.filter(|column| column.is_valid(row)).map(|column| column.value(row));
        let tuple = Tuple {
            time_ms: times.value(row),
            src_ip,
            dst_ip,
            src_port: src_ports.value(row),
            dst_port: dst_ports.value(row),
            protocol: protocols.value(row),
            direction: directions
                .get(row)
                .and_then(Direction::from_name)
                .ok_or_else(|| wrong("direction"))?,
            action: actions.get(row).and_then(Action::from_name).ok_or_else(|| wrong("action"))?,
            state,
            encryption,
            counters: Counters {
                packets_src_to_dst: packets_out,
                bytes_src_to_dst: bytes_out,
                packets_dst_to_src: packets_back,
                bytes_dst_to_src: bytes_back,
            },
            // A table that was cut down to some columns still tells its version by what only it can hold.
            version: version.unwrap_or(if encryption.is_some() {
                4
            } else if state.is_some() {
                2
            } else {
                1
            }),
        };
        let record_time = record_times.filter(|column| column.is_valid(row)).map(|column| column.value(row));
        let place = (places.each_ref().map(|texts| texts.get(row)), record_time);
        let group = match groups.get(&place) {
            Some(group) => *group,
            None => {
                let group = add_place(&mut batch, &place);
                groups.insert(place, group);
                group
            }
        };
        batch.push(&tuple, group);
        if let Some(offset) = number(offsets) {
            batch.offset.push(offset);
        }
    }
    if batch.offset.len() != batch.len() {
        batch.offset.clear();
    }
    Ok(batch)
}

/// A group and record of these fields.
fn add_place(batch: &mut Batch, place: &Place<'_>) -> u32 {
    let ([rule, acl_id, mac, target, flow_log, source], record_time) = place;
    let mut intern = |text: &Option<&str>| text.map(|text| batch.texts.intern(text));
    let (rule_code, acl_code, mac_code) = (intern(rule), intern(acl_id), intern(mac));
    let (target_code, flow_log_code) = (intern(target), intern(flow_log));
    let source_code = batch.texts.intern(source.unwrap_or_default());
    let record = batch.records.len() as u32;
    batch.records.push(Record {
        time_ms: *record_time,
        mac: mac_code,
        target_resource_id: target_code,
        flow_log_resource_id: flow_log_code,
        source: source_code,
        number: u64::from(record),
        offset: 0,
        identity: u128::from(record),
    });
    batch.groups.push(Group {
        record,
        rule: rule_code,
        acl_id: acl_code,
        mac: mac_code,
        rule_origin: RuleOrigin::of(*rule, *acl_id),
    });
    record
}
