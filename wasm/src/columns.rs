//! A page's columns as typed arrays, with dictionaries where values repeat. The arrays are copies: they can be posted
//! to another thread, and outlive the session.

use crate::results::object;
use js_sys::{Array, BigUint64Array, Float64Array, Uint8Array, Uint16Array, Uint32Array};
use vnetflow_core::batch::{Batch, Group, Record};
use vnetflow_core::columns::{ColumnType, column_named};
use wasm_bindgen::{JsError, JsValue};

/// No dictionary is as long, so this is null.
const NULL_CODE: u32 = u32::MAX;

/// Nor has any enum so many names.
const NULL_NAME: u8 = u8::MAX;

/// These columns of a page, by name.
pub(crate) fn page(batch: &Batch, names: &[String]) -> Result<JsValue, JsError> {
    let mut columns = Vec::new();
    for name in names {
        columns.push((name.as_str(), column(batch, name)?));
    }
    object(columns)
}

fn column(batch: &Batch, name: &str) -> Result<JsValue, JsError> {
    let unknown = || JsError::new(&format!("unknown column `{name}`"));
    let names = match column_named(name).ok_or_else(unknown)?.column_type {
        ColumnType::Enum(names) => names,
        _ => &[],
    };
    match name {
        "time" => plain(times(batch.time_ms.iter().map(|time_ms| Some(*time_ms)))),
        "src_ip" => addresses(batch, &batch.src_ip),
        "dst_ip" => addresses(batch, &batch.dst_ip),
        "src_port" => plain(Uint16Array::from(batch.src_port.as_slice())),
        "dst_port" => plain(Uint16Array::from(batch.dst_port.as_slice())),
        "protocol" => plain(Uint8Array::from(batch.protocol.as_slice())),
        "flow_log_version" => plain(Uint8Array::from(batch.version.as_slice())),
        "direction" => named(names, batch.direction.iter().map(|value| Some(*value as u8))),
        "action" => named(names, batch.action.iter().map(|value| Some(*value as u8))),
        "state" => named(names, batch.state.iter().map(|value| value.map(|value| value as u8))),
        "encryption" => named(names, batch.encryption.iter().map(|value| value.map(|value| value as u8))),
        "rule_origin" => named(names, places(batch).map(|place| Some(place?.0.rule_origin? as u8))),
        "packets_src_to_dst" => counter(batch, &batch.packets_src_to_dst, 0),
        "bytes_src_to_dst" => counter(batch, &batch.bytes_src_to_dst, 1),
        "packets_dst_to_src" => counter(batch, &batch.packets_dst_to_src, 2),
        "bytes_dst_to_src" => counter(batch, &batch.bytes_dst_to_src, 3),
        "rule" => texts(batch, |(group, _)| group.rule),
        "acl_id" => texts(batch, |(group, _)| group.acl_id),
        "mac" => texts(batch, |(group, _)| group.mac),
        "target_resource_id" => texts(batch, |(_, record)| record.target_resource_id),
        "flow_log_resource_id" => texts(batch, |(_, record)| record.flow_log_resource_id),
        "source" => texts(batch, |(_, record)| Some(record.source)),
        "record_time" => plain(times(places(batch).map(|place| place?.1.time_ms))),
        "offset" if batch.offset.len() == batch.len() => {
            let offsets: Vec<f64> = batch.offset.iter().map(|offset| *offset as f64).collect();
            plain(Float64Array::from(offsets.as_slice()))
        }
        "offset" => {
            Err(JsError::new("the column `offset` was not kept: ask for it with the option `offsets`"))
        }
        _ => Err(unknown()),
    }
}

/// Flow group and record of each row.
fn places(batch: &Batch) -> impl Iterator<Item = Option<(&Group, &Record)>> {
    (0..batch.len()).map(|row| batch.place(row))
}

fn plain(values: impl Into<JsValue>) -> Result<JsValue, JsError> {
    object([("values", values.into())])
}

/// Milliseconds are exact in a double up to the year 287,396.
fn times(times_ms: impl Iterator<Item = Option<i64>>) -> Float64Array {
    let times_ms: Vec<f64> =
        times_ms.map(|time_ms| time_ms.map_or(f64::NAN, |time_ms| time_ms as f64)).collect();
    Float64Array::from(times_ms.as_slice())
}

fn addresses(batch: &Batch, codes: &[u32]) -> Result<JsValue, JsError> {
    let dictionary = batch.addresses.values().iter().map(ToString::to_string);
    coded(Uint32Array::from(codes).into(), dictionary)
}

fn texts(batch: &Batch, code: impl Fn((&Group, &Record)) -> Option<u32>) -> Result<JsValue, JsError> {
    let codes: Vec<u32> = places(batch).map(|place| place.and_then(&code).unwrap_or(NULL_CODE)).collect();
    coded(Uint32Array::from(codes.as_slice()).into(), batch.texts.values().iter().cloned())
}

fn named(names: &[&str], codes: impl Iterator<Item = Option<u8>>) -> Result<JsValue, JsError> {
    let codes: Vec<u8> = codes.map(|code| code.unwrap_or(NULL_NAME)).collect();
    coded(Uint8Array::from(codes.as_slice()).into(), names.iter().map(|name| (*name).to_owned()))
}

fn coded(values: JsValue, dictionary: impl Iterator<Item = String>) -> Result<JsValue, JsError> {
    let dictionary: Array = dictionary.map(|text| JsValue::from_str(&text)).collect();
    object([("values", values), ("dictionary", dictionary.into())])
}

/// A counter, and where it was logged; `bit` is its place in `Batch::logged`.
fn counter(batch: &Batch, values: &[u64], bit: u8) -> Result<JsValue, JsError> {
    let valid: Vec<u8> = batch.logged.iter().map(|logged| logged >> bit & 1).collect();
    object([
        ("values", BigUint64Array::from(values).into()),
        ("valid", Uint8Array::from(valid.as_slice()).into()),
    ])
}
