//! What a filter may ask beyond the tuple itself, and what it answers while a log is being decoded.
//!
//! The keys of a record come in any order, so a tuple may be read before its NIC or its resource is known.

use crate::batch::{Batch, Group, Record};

/// A value that may not have been read yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known<T> {
    /// Not read yet: it may still come.
    #[default]
    Unknown,
    /// The log has none.
    Null,
    /// The value.
    Value(T),
}

impl<T> From<Option<T>> for Known<T> {
    fn from(value: Option<T>) -> Known<T> {
        value.map_or(Known::Null, Known::Value)
    }
}

/// What stands around a tuple: its flow group, its record, its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// Rule that judged the traffic.
    pub rule: Known<&'a str>,
    /// NSG or Virtual Network Manager resource that holds the rule.
    pub acl_id: Known<&'a str>,
    /// NIC that logged the traffic.
    pub mac: Known<&'a str>,
    /// VNet, subnet or NIC the flow log is set on.
    pub target_resource_id: Known<&'a str>,
    /// The flow log's own resource.
    pub flow_log_resource_id: Known<&'a str>,
    /// Name of the file or other source.
    pub source: Known<&'a str>,
    /// When the record was written, in milliseconds since 1970 UTC.
    pub record_time_ms: Known<i64>,
}

impl<'a> Context<'a> {
    /// The context of a batch's group and its record, where everything has been read.
    #[must_use]
    pub fn of(batch: &'a Batch, group: &Group, record: &Record) -> Context<'a> {
        Context {
            rule: batch.text(group.rule).into(),
            acl_id: batch.text(group.acl_id).into(),
            mac: batch.text(group.mac).into(),
            target_resource_id: batch.text(record.target_resource_id).into(),
            flow_log_resource_id: batch.text(record.flow_log_resource_id).into(),
            source: Known::Value(batch.texts.get(record.source)),
            record_time_ms: record.time_ms.into(),
        }
    }
}

/// A filter's answer on one tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The filter is true.
    Keep,
    /// The filter is false or null.
    Drop,
    /// It hangs on something that is [`Known::Unknown`]: ask again when that has been read.
    Undecided,
}
