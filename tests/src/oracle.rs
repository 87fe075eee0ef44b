//! The oracle: reads a sound log the dull way, into the same rows as the decoder.
//!
//! `serde_json` makes a tree of the whole text, `split(',')` takes tuples apart. Slow, and obviously right; it uses
//! nothing of the core but the comparison's row type. What is damaged it refuses.

use crate::rows::Row;
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Deserializer, Map, Value, json};
use std::net::IpAddr;

/// Rows of a sound log: a wrapper, a record, a list of them, or several of these one after the other.
///
/// # Errors
///
/// Where the text is no JSON.
pub fn read(source: &str, log: &[u8]) -> Result<Vec<Row>, serde_json::Error> {
    let log = log.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(log);
    let mut rows = Vec::new();
    for value in Deserializer::from_slice(log).into_iter::<Value>() {
        read_value(source, &value?, &mut rows);
    }
    Ok(rows)
}

fn read_value(source: &str, value: &Value, rows: &mut Vec<Row>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| read_value(source, item, rows)),
        Value::Object(record) => {
            read_vnet(source, record, rows);
            read_nsg(source, record, rows);
            if let Some(records) = record.get("records") {
                read_value(source, records, rows);
            }
        }
        _ => {}
    }
}

fn read_vnet(source: &str, record: &Map<String, Value>, rows: &mut Vec<Row>) {
    let resource = text(record, "flowLogResourceID").or_else(|| text(record, "resourceId"));
    for flow in items(record.get("flowRecords").and_then(|flows| flows.get("flows"))) {
        for group in items(flow.get("flowGroups")) {
            let place = json!({
                "rule": text(group, "rule"),
                "acl_id": text(flow, "aclID"),
                "mac": text(record, "macAddress").map(mac),
                "target_resource_id": text(record, "targetResourceID"),
                "flow_log_resource_id": resource,
                "rule_origin": origin(text(group, "rule"), text(flow, "aclID")),
                "record_time": text(record, "time").and_then(record_time),
                "source": source,
            });
            read_tuples(group, &place, rows);
        }
    }
}

fn read_nsg(source: &str, record: &Map<String, Value>, rows: &mut Vec<Row>) {
    for flow in items(record.get("properties").and_then(|properties| properties.get("flows"))) {
        for nic in items(flow.get("flows")) {
            let place = json!({
                "rule": text(flow, "rule"),
                "acl_id": text(record, "resourceId"),
                "mac": text(nic, "mac").or_else(|| text(record, "macAddress")).map(mac),
                "target_resource_id": null,
                "flow_log_resource_id": null,
                "rule_origin": origin(text(flow, "rule"), text(record, "resourceId")),
                "record_time": text(record, "time").and_then(record_time),
                "source": source,
            });
            read_tuples(nic, &place, rows);
        }
    }
}

fn read_tuples(group: &Map<String, Value>, place: &Value, rows: &mut Vec<Row>) {
    let tuples = group.get("flowTuples").and_then(Value::as_array);
    for tuple in tuples.into_iter().flatten().filter_map(Value::as_str) {
        if let (Some(Value::Object(mut row)), Some(place)) = (read_tuple(tuple), place.as_object()) {
            row.extend(place.clone());
            rows.push(row);
        }
    }
}

/// The fields of one tuple; nothing where it does not follow the format.
#[must_use]
pub fn read_tuple(text: &str) -> Option<Value> {
    let fields: Vec<&str> = text.split(',').collect();
    let is_nsg = matches!(fields.get(5), Some(&"T" | &"U"));
    let version = match (fields.len(), is_nsg) {
        (8, true) => 1,
        (13, true) => 2,
        (13, false) => 4,
        _ => return None,
    };
    let (verdict, state, encryption) = match version {
        1 => (fields[7], None, None),
        2 => (fields[7], Some(fields[8]), None),
        _ => (if fields[7] == "D" { "D" } else { "A" }, Some(fields[7]), Some(fields[8])),
    };
    if version == 2 && state == Some("D") {
        return None;
    }
    let counters: Vec<Value> = match version {
        1 => vec![Value::Null; 4],
        _ => fields[9..].iter().map(|field| counter(field)).collect::<Option<_>>()?,
    };
    Some(json!({
        "time": time(number(fields[0], i64::MAX as u64)?)?,
        "src_ip": fields[1].parse::<IpAddr>().ok()?.to_string(),
        "dst_ip": fields[2].parse::<IpAddr>().ok()?.to_string(),
        "src_port": number(fields[3], 65535)?,
        "dst_port": number(fields[4], 65535)?,
        "protocol": match fields[5] { "T" => 6, "U" => 17, other => number(other, 255)? },
        "direction": word(&[("I", "inbound"), ("O", "outbound")], fields[6])?,
        "action": word(&[("A", "allow"), ("D", "deny")], verdict)?,
        "state": match state {
            None => Value::Null,
            Some(state) => word(&[("B", "begin"), ("C", "continue"), ("E", "end"), ("D", "deny")], state)?,
        },
        "encryption": match encryption {
            None => Value::Null,
            Some(name) if ENCRYPTIONS.contains(&name) => json!(name),
            Some(_) => return None,
        },
        "packets_src_to_dst": counters[0],
        "bytes_src_to_dst": counters[1],
        "packets_dst_to_src": counters[2],
        "bytes_dst_to_src": counters[3],
        "flow_log_version": version,
    }))
}

/// All values of the encryption field.
pub const ENCRYPTIONS: [&str; 8] = [
    "X",
    "NX",
    "NX_HW_NOT_SUPPORTED",
    "NX_SW_NOT_READY",
    "NX_NOT_ACCEPTED",
    "NX_NOT_SUPPORTED",
    "NX_LOCAL_DST",
    "NX_FALLBACK",
];

fn word(names: &[(&str, &str)], letter: &str) -> Option<Value> {
    names.iter().find(|(known, _)| *known == letter).map(|(_, name)| json!(name))
}

fn number(text: &str, most: u64) -> Option<u64> {
    let is_plain = !text.is_empty() && text.chars().all(|character| character.is_ascii_digit());
    text.parse().ok().filter(|number| is_plain && *number <= most)
}

fn counter(text: &str) -> Option<Value> {
    if text.is_empty() { Some(Value::Null) } else { number(text, u64::MAX).map(|number| json!(number)) }
}

/// Seconds or milliseconds since 1970, as text.
fn time(number: u64) -> Option<String> {
    let time_ms = if number < 100_000_000_000 { number * 1000 } else { number };
    let timestamp = Timestamp::from_millisecond(i64::try_from(time_ms).ok()?).ok()?;
    Some(format!("{timestamp:.3}"))
}

fn record_time(text: &str) -> Option<String> {
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let time = text.parse::<DateTime>().ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })?;
    let whole = Timestamp::from_millisecond(timestamp.as_millisecond()).ok()?;
    Some(format!("{whole:.3}"))
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Map<String, Value>> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

fn mac(text: &str) -> String {
    text.replace([':', '-'], "").to_uppercase()
}

fn origin(rule: Option<&str>, acl_id: Option<&str>) -> Option<&'static str> {
    let (rule, acl_id) = (rule?.to_lowercase(), acl_id.unwrap_or_default().to_lowercase());
    Some(match (rule.as_str(), acl_id.as_str()) {
        (rule, _) if rule.starts_with("defaultrule") => "default",
        (rule, _) if rule.starts_with("userrule") => "user",
        (rule, _) if rule.starts_with("platformrule") => "platform",
        ("unspecified", _) | (_, "unspecified") => "encryption",
        (_, "00000000-0000-0000-0000-000000000000") => "platform",
        (_, acl_id) if acl_id.contains("/networksecuritygroups/") => "user",
        _ => "admin",
    })
}
