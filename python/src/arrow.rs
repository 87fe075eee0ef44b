//! Columns of the core as Arrow arrays.
//!
//! Numbers are handed over as they are. Addresses are string views into the batch's dictionary, which costs about as
//! much as an integer. Rules, NICs and resources are dictionaries, and the few fixed names are dictionaries that Polars
//! takes as `Enum`.

use arrow_array::builder::{ListBuilder, UInt8Builder};
use arrow_array::types::{UInt8Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, DictionaryArray, Float64Array, RecordBatch, StringArray,
    StringViewArray, TimestampMillisecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, Field, Schema};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use vnetflow_core::batch::{Batch, Group, Record};
use vnetflow_core::columns::{COLUMNS, Column, ColumnType};
use vnetflow_core::issue::Issue;
use vnetflow_core::table::{Table, TextColumn, Values};

/// How addresses are handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressForm {
    /// Canonical text.
    Text,
    /// Canonical text in a dictionary.
    Dictionary,
    /// 4 or 16 bytes in network order.
    Bytes,
}

/// Every public column as plain values: name, type, nullable, default, meaning.
pub(crate) fn described_columns() -> Vec<(&'static str, String, bool, bool, &'static str)> {
    let described = |column: &'static Column| {
        let column_type = match column.column_type {
            ColumnType::TimeMs => "time_ms".to_owned(),
            ColumnType::Address => "address".to_owned(),
            ColumnType::U8 => "u8".to_owned(),
            ColumnType::U16 => "u16".to_owned(),
            ColumnType::U64 => "u64".to_owned(),
            ColumnType::Text => "text".to_owned(),
            ColumnType::Enum(names) => format!("enum:{}", names.join(",")),
        };
        (column.name, column_type, column.nullable, column.default, column.meaning)
    };
    COLUMNS.iter().map(described).collect()
}

/// The tuple table's columns of a batch.
pub(crate) fn tuples(
    batch: Batch,
    columns: &[&'static Column],
    form: AddressForm,
) -> Result<RecordBatch, ArrowError> {
    let rows = batch.len();
    let mut batch = batch;
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let array = tuple_column(&mut batch, column, form);
        let mut field = Field::new(column.name, array.data_type().clone(), column.nullable);
        if let ColumnType::Enum(names) = column.column_type {
            field.set_metadata(HashMap::from([(ENUM_KEY.to_owned(), enum_metadata(names))]));
        }
        fields.push(field);
        arrays.push(array);
    }
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
}

/// Key under which Polars keeps the categories of an `Enum` in a field.
const ENUM_KEY: &str = "_PL_ENUM_VALUES2";

/// The categories as Polars writes them: each with its length.
fn enum_metadata(names: &[&str]) -> String {
    names.iter().map(|name| format!("{};{name}", name.len())).collect()
}

fn tuple_column(batch: &mut Batch, column: &Column, form: AddressForm) -> ArrayRef {
    let names = match column.column_type {
        ColumnType::Enum(names) => names,
        _ => &[],
    };
    match column.name {
        "time" => time(taken(&mut batch.time_ms), None),
        "src_ip" => addresses(batch, &batch.src_ip, form),
        "dst_ip" => addresses(batch, &batch.dst_ip, form),
        "src_port" => Arc::new(UInt16Array::new(taken(&mut batch.src_port), None)),
        "dst_port" => Arc::new(UInt16Array::new(taken(&mut batch.dst_port), None)),
        "protocol" => Arc::new(UInt8Array::new(taken(&mut batch.protocol), None)),
        "direction" => enumeration(names, &batch.direction, |value| Some(*value as u8)),
        "action" => enumeration(names, &batch.action, |value| Some(*value as u8)),
        "state" => enumeration(names, &batch.state, |value| value.map(|value| value as u8)),
        "encryption" => enumeration(names, &batch.encryption, |value| value.map(|value| value as u8)),
        "packets_src_to_dst" => counter(&batch.logged, 0, &mut batch.packets_src_to_dst),
        "bytes_src_to_dst" => counter(&batch.logged, 1, &mut batch.bytes_src_to_dst),
        "packets_dst_to_src" => counter(&batch.logged, 2, &mut batch.packets_dst_to_src),
        "bytes_dst_to_src" => counter(&batch.logged, 3, &mut batch.bytes_dst_to_src),
        "rule" => group_text(batch, |group, _| group.rule),
        "acl_id" => group_text(batch, |group, _| group.acl_id),
        "mac" => group_text(batch, |group, _| group.mac),
        "target_resource_id" => group_text(batch, |_, record| record.target_resource_id),
        "flow_log_resource_id" => group_text(batch, |_, record| record.flow_log_resource_id),
        "source" => group_text(batch, |_, record| Some(record.source)),
        "rule_origin" => {
            let origins: Vec<Option<u8>> =
                batch.groups.iter().map(|group| group.rule_origin.map(|origin| origin as u8)).collect();
            enumeration(names, &batch.group, |group| origins.get(*group as usize).copied().flatten())
        }
        "flow_log_version" => Arc::new(UInt8Array::new(taken(&mut batch.version), None)),
        "record_time" => {
            let times: Vec<Option<i64>> =
                batch.groups.iter().map(|group| record_time(batch, group)).collect();
            let of = |group: &u32| times.get(*group as usize).copied().flatten();
            let values: Vec<i64> = batch.group.iter().map(|group| of(group).unwrap_or(0)).collect();
            let is_known = BooleanBuffer::collect_bool(batch.group.len(), |row| {
                batch.group.get(row).and_then(of).is_some()
            });
            time(values.into(), nulls(is_known))
        }
        _ => Arc::new(UInt64Array::new(taken(&mut batch.offset), None)),
    }
}

fn record_time(batch: &Batch, group: &Group) -> Option<i64> {
    batch.records.get(group.record as usize).and_then(|record| record.time_ms)
}

/// Moves a column out of the batch.
fn taken<T: arrow_buffer::ArrowNativeType>(column: &mut Vec<T>) -> ScalarBuffer<T> {
    core::mem::take(column).into()
}

fn time(values: ScalarBuffer<i64>, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(TimestampMillisecondArray::new(values, nulls).with_timezone("UTC"))
}

fn nulls(is_valid: BooleanBuffer) -> Option<NullBuffer> {
    Some(NullBuffer::new(is_valid)).filter(|nulls| nulls.null_count() > 0)
}

fn counter(logged: &[u8], bit: u8, values: &mut Vec<u64>) -> ArrayRef {
    let is_logged = |row: usize| logged.get(row).is_some_and(|logged| logged >> bit & 1 == 1);
    let nulls = nulls(BooleanBuffer::collect_bool(values.len(), is_logged));
    Arc::new(UInt64Array::new(taken(values), nulls))
}

fn enumeration<T>(names: &[&str], rows: &[T], code: impl Fn(&T) -> Option<u8>) -> ArrayRef {
    let values: Vec<u8> = rows.iter().map(|row| code(row).unwrap_or(0)).collect();
    let is_valid = |row: usize| rows.get(row).and_then(&code).is_some();
    let keys = UInt8Array::new(values.into(), nulls(BooleanBuffer::collect_bool(rows.len(), is_valid)));
    let names = Arc::new(StringViewArray::from_iter_values(names));
    dictionary::<UInt8Type>(keys, names)
}

fn dictionary<K: arrow_array::types::ArrowDictionaryKeyType>(
    keys: arrow_array::PrimitiveArray<K>,
    values: ArrayRef,
) -> ArrayRef {
    match DictionaryArray::<K>::try_new(keys, values) {
        Ok(array) => Arc::new(array),
        // Codes come from the dictionary itself; should one ever not, a column of nulls is better than a panic.
        Err(_) => Arc::new(StringViewArray::new_null(0)),
    }
}

fn addresses(batch: &Batch, codes: &[u32], form: AddressForm) -> ArrayRef {
    let values = batch.addresses.values();
    match form {
        AddressForm::Text => {
            let mut texts = Views::default();
            values.iter().for_each(|address| texts.add(address.to_string().as_bytes()));
            texts.strings(codes.iter().copied(), None)
        }
        AddressForm::Dictionary => {
            let texts = StringViewArray::from_iter_values(values.iter().map(IpAddr::to_string));
            dictionary::<UInt32Type>(UInt32Array::from(codes.to_vec()), Arc::new(texts))
        }
        AddressForm::Bytes => {
            let mut bytes = Views::default();
            for address in values {
                match address {
                    IpAddr::V4(v4) => bytes.add(&v4.octets()),
                    IpAddr::V6(v6) => bytes.add(&v6.octets()),
                }
            }
            bytes.binary(codes)
        }
    }
}

/// A text of each row's flow group, as a dictionary: a number a row, where a view would take sixteen bytes.
fn group_text(batch: &Batch, text_of: impl Fn(&Group, &Record) -> Option<u32>) -> ArrayRef {
    let code_of = |group: &Group| text_of(group, batch.records.get(group.record as usize)?);
    let codes: Vec<Option<u32>> = batch.groups.iter().map(code_of).collect();
    let code = |group: &u32| codes.get(*group as usize).copied().flatten();
    let keys: Vec<u32> = batch.group.iter().map(|group| code(group).unwrap_or(0)).collect();
    let is_valid = |row: usize| batch.group.get(row).and_then(code).is_some();
    let nulls =
        if codes.contains(&None) { nulls(BooleanBuffer::collect_bool(keys.len(), is_valid)) } else { None };
    let texts = StringViewArray::from_iter_values(batch.texts.values());
    dictionary::<UInt32Type>(UInt32Array::new(keys.into(), nulls), Arc::new(texts))
}

/// Views of distinct values into one buffer.
#[derive(Default)]
struct Views {
    views: Vec<u128>,
    buffer: Vec<u8>,
}

/// A view holds values up to this length itself.
const LONGEST_INLINE: usize = 12;

impl Views {
    fn add(&mut self, value: &[u8]) {
        let length = value.len() as u32;
        let mut view = [0_u8; 16];
        let (head, rest) = view.split_at_mut(4);
        head.copy_from_slice(&length.to_le_bytes());
        if value.len() <= LONGEST_INLINE {
            rest.iter_mut().zip(value).for_each(|(to, from)| *to = *from);
        } else {
            // Length, first four bytes, number of the buffer (0), place in it.
            rest.iter_mut().zip(value.iter().take(4)).for_each(|(to, from)| *to = *from);
            let place = self.buffer.len() as u32;
            rest.iter_mut().skip(8).zip(place.to_le_bytes()).for_each(|(to, from)| *to = from);
            self.buffer.extend_from_slice(value);
        }
        self.views.push(u128::from_le_bytes(view));
    }

    fn view(&self, code: u32) -> u128 {
        self.views.get(code as usize).copied().unwrap_or(0)
    }

    #[expect(unsafe_code, reason = "checking each of millions of views again costs more than making them")]
    fn strings(self, codes: impl Iterator<Item = u32>, nulls: Option<NullBuffer>) -> ArrayRef {
        let views: Vec<u128> = codes.map(|code| self.view(code)).collect();
        // SAFETY: every view is zero (an empty inline string) or was made by `add` from a whole `str`: its length and
        // place lie in the one buffer, and its bytes are UTF-8.
        Arc::new(unsafe {
            StringViewArray::new_unchecked(views.into(), Arc::from([Buffer::from_vec(self.buffer)]), nulls)
        })
    }

    #[expect(unsafe_code, reason = "checking each of millions of views again costs more than making them")]
    fn binary(self, codes: &[u32]) -> ArrayRef {
        let views: Vec<u128> = codes.iter().map(|code| self.view(*code)).collect();
        // SAFETY: as in `strings`; binary values need no UTF-8.
        Arc::new(unsafe {
            BinaryViewArray::new_unchecked(views.into(), Arc::from([Buffer::from_vec(self.buffer)]), None)
        })
    }
}

/// A result's texts, each distinct one handed over once.
fn texts(column: &TextColumn) -> ArrayRef {
    // A view finds its text by 31 bits; beyond that Arrow makes several buffers of them.
    if column.texts().map(str::len).sum::<usize>() > i32::MAX as usize {
        return Arc::new(column.iter().collect::<StringViewArray>());
    }
    let mut views = Views::default();
    column.texts().for_each(|text| views.add(text.as_bytes()));
    let is_valid: BooleanBuffer = column.codes().map(|code| code.is_some()).collect();
    views.strings(column.codes().map(|code| code.unwrap_or(u32::MAX)), nulls(is_valid))
}

/// A result of the core.
pub(crate) fn table(table: &Table) -> Result<RecordBatch, ArrowError> {
    let columns = table.columns.iter().map(|column| {
        let array: ArrayRef = match &column.values {
            Values::U8(values) => Arc::new(UInt8Array::from(values.clone())),
            Values::U16(values) => Arc::new(UInt16Array::from(values.clone())),
            Values::U64(values) => Arc::new(UInt64Array::from(values.clone())),
            Values::F64(values) => Arc::new(Float64Array::from(values.clone())),
            Values::Bool(values) => Arc::new(BooleanArray::from(values.clone())),
            Values::Text(values) => texts(values),
            Values::TimeMs(values) => {
                Arc::new(TimestampMillisecondArray::from(values.clone()).with_timezone("UTC"))
            }
            Values::U8List(values) => {
                let mut lists = ListBuilder::new(UInt8Builder::new());
                values.iter().for_each(|list| lists.append_value(list.iter().copied().map(Some)));
                Arc::new(lists.finish())
            }
        };
        (column.name.clone(), array)
    });
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
}

/// Lines of text, in a column of that name.
pub(crate) fn lines(lines: Vec<String>) -> Result<RecordBatch, ArrowError> {
    let array: ArrayRef = Arc::new(StringArray::from(lines));
    RecordBatch::try_from_iter([("line", array)])
}

/// The table of issues.
pub(crate) fn issues(issues: &[Issue]) -> Result<RecordBatch, ArrowError> {
    let mut listed = Table::default();
    let numbers = |value: &dyn Fn(&Issue) -> Option<u64>| Values::U64(issues.iter().map(value).collect());
    let texts = |value: &dyn Fn(&Issue) -> String| Values::Text(issues.iter().map(value).map(Some).collect());
    listed.add("source", texts(&|issue| issue.source.clone()));
    listed.add("offset", numbers(&|issue| Some(issue.offset)));
    listed.add("record", numbers(&|issue| issue.record));
    listed.add("tuple", numbers(&|issue| issue.tuple));
    listed.add("kind", texts(&|issue| issue.kind.name().to_owned()));
    listed.add("message", texts(&|issue| issue.message.clone()));
    listed.add("skipped", numbers(&|issue| issue.skipped));
    listed.add("count", numbers(&|issue| Some(issue.count)));
    table(&listed)
}
