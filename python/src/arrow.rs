//! Columns of the core as Arrow arrays.
//!
//! Numbers are handed over as they are. Addresses are string views into the batch's dictionary, which costs about as
//! much as an integer. Rules, NICs and resources are dictionaries, and the few fixed names are dictionaries that Polars
//! takes as `Enum`.

use crate::kinds;
use arrow_array::builder::{ListBuilder, UInt8Builder};
use arrow_array::types::{UInt8Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, DictionaryArray, Float64Array, PrimitiveArray,
    RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
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

/// The tuple table's columns of a batch. What many tuples share stands there once.
#[derive(Debug)]
pub(crate) struct Tuples {
    /// The columns that differ from row to row. Of each of `shared`, a column of its name holds every row's number in it.
    pub(crate) rows: RecordBatch,
    /// Columns that rows find by a number.
    pub(crate) shared: Vec<(&'static str, RecordBatch)>,
}

/// Makes the tuple table's columns of a batch.
pub(crate) fn tuples(
    mut batch: Batch,
    columns: &[&'static Column],
    form: AddressForm,
) -> Result<Tuples, ArrowError> {
    let count = batch.len();
    let (mut rows, mut places, mut kinds) = (Columns::default(), Columns::default(), Columns::default());
    // A filter may leave few rows of many groups; each row then has its group for itself.
    let (groups, place_of_row): (Vec<u32>, Vec<u32>) = if batch.groups.len() > count {
        (core::mem::take(&mut batch.group), (0..count as u32).collect())
    } else {
        ((0..batch.groups.len() as u32).collect(), core::mem::take(&mut batch.group))
    };
    for column in columns {
        if let Some(array) = shared_column(&batch, &groups, column) {
            places.add(column, array);
        } else if let Some(codes) = kinds::codes(&batch, column) {
            kinds.add(column, enumeration(column, codes.into_iter()));
        } else {
            let array = tuple_column(&mut batch, column, form);
            rows.add(column, array);
        }
    }
    let mut shared = Vec::new();
    if !places.arrays.is_empty() {
        rows.add_number("place", Arc::new(UInt32Array::from(place_of_row)));
        shared.push(("place", places.batch(groups.len())?));
    }
    if let Some(combinations) = kinds.arrays.first().map(Array::len) {
        rows.add_number("kind", Arc::new(UInt8Array::from(kinds::of_rows(&batch))));
        shared.push(("kind", kinds.batch(combinations)?));
    }
    Ok(Tuples { rows: rows.batch(count)?, shared })
}

/// Columns with their names.
#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn add(&mut self, column: &Column, array: ArrayRef) {
        let mut field = Field::new(column.name, array.data_type().clone(), column.nullable);
        if let ColumnType::Enum(names) = column.column_type {
            field.set_metadata(HashMap::from([(ENUM_KEY.to_owned(), enum_metadata(names))]));
        }
        self.fields.push(field);
        self.arrays.push(array);
    }

    /// Adds the column that leads from rows to what they share.
    fn add_number(&mut self, name: &str, array: ArrayRef) {
        self.fields.push(Field::new(name, array.data_type().clone(), false));
        self.arrays.push(array);
    }

    fn batch(self, rows: usize) -> Result<RecordBatch, ArrowError> {
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(self.fields)), self.arrays, &options)
    }
}

/// Key under which Polars keeps the categories of an `Enum` in a field.
const ENUM_KEY: &str = "_PL_ENUM_VALUES2";

/// The categories as Polars writes them: each with its length.
fn enum_metadata(names: &[&str]) -> String {
    names.iter().map(|name| format!("{};{name}", name.len())).collect()
}

fn names_of(column: &Column) -> &'static [&'static str] {
    match column.column_type {
        ColumnType::Enum(names) => names,
        _ => &[],
    }
}

/// A column that differs from row to row.
fn tuple_column(batch: &mut Batch, column: &Column, form: AddressForm) -> ArrayRef {
    match column.name {
        "time" => time(taken(&mut batch.time_ms), None),
        "src_ip" => addresses(batch, &batch.src_ip, form),
        "dst_ip" => addresses(batch, &batch.dst_ip, form),
        "src_port" => Arc::new(UInt16Array::new(taken(&mut batch.src_port), None)),
        "dst_port" => Arc::new(UInt16Array::new(taken(&mut batch.dst_port), None)),
        "protocol" => Arc::new(UInt8Array::new(taken(&mut batch.protocol), None)),
        "packets_src_to_dst" => counter(&batch.logged, 0, &mut batch.packets_src_to_dst),
        "bytes_src_to_dst" => counter(&batch.logged, 1, &mut batch.bytes_src_to_dst),
        "packets_dst_to_src" => counter(&batch.logged, 2, &mut batch.packets_dst_to_src),
        "bytes_dst_to_src" => counter(&batch.logged, 3, &mut batch.bytes_dst_to_src),
        "flow_log_version" => Arc::new(UInt8Array::new(taken(&mut batch.version), None)),
        _ => Arc::new(UInt64Array::new(taken(&mut batch.offset), None)),
    }
}

/// A column that all tuples of a flow group share, with a value for each of these groups; `None` for another column.
fn shared_column(batch: &Batch, groups: &[u32], column: &Column) -> Option<ArrayRef> {
    let places = groups.iter().map(|number| {
        let group = batch.groups.get(*number as usize)?;
        Some((group, batch.records.get(group.record as usize)?))
    });
    let text_of: fn(&Group, &Record) -> Option<u32> = match column.name {
        "rule" => |group, _| group.rule,
        "acl_id" => |group, _| group.acl_id,
        "mac" => |group, _| group.mac,
        "target_resource_id" => |_, record| record.target_resource_id,
        "flow_log_resource_id" => |_, record| record.flow_log_resource_id,
        "source" => |_, record| Some(record.source),
        "rule_origin" => {
            return Some(enumeration(column, places.map(|place| Some(place?.0.rule_origin? as u8))));
        }
        "record_time" => {
            let (times, nulls) = optional(places.map(|place| place?.1.time_ms));
            return Some(time(times, nulls));
        }
        _ => return None,
    };
    let (codes, nulls) =
        optional(places.map(|place| place.and_then(|(group, record)| text_of(group, record))));
    Some(dictionary::<UInt32Type>(codes, nulls, texts_of(batch.texts.values().iter())))
}

fn texts_of(texts: impl Iterator<Item = impl AsRef<str>>) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(texts))
}

/// Values that may be missing, and where they are.
fn optional<T: arrow_buffer::ArrowNativeType>(
    values: impl Iterator<Item = Option<T>>,
) -> (ScalarBuffer<T>, Option<NullBuffer>) {
    let values: Vec<Option<T>> = values.collect();
    let nulls = nulls_of(&values, Option::is_some);
    (values.into_iter().map(Option::unwrap_or_default).collect(), nulls)
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

/// Where rows have a value. Whether all have one is asked first: that is one quick pass, and mostly the answer.
fn nulls_of<T>(rows: &[T], has_value: impl Fn(&T) -> bool) -> Option<NullBuffer> {
    // Without an early end, so that it looks at many rows at once.
    if rows.iter().fold(true, |all, row| all & has_value(row)) {
        return None;
    }
    nulls(BooleanBuffer::collect_bool(rows.len(), |row| rows.get(row).is_some_and(&has_value)))
}

fn counter(logged: &[u8], bit: u8, values: &mut Vec<u64>) -> ArrayRef {
    let nulls = nulls_of(logged, |logged| logged >> bit & 1 == 1);
    Arc::new(UInt64Array::new(taken(values), nulls))
}

fn enumeration(column: &Column, codes: impl Iterator<Item = Option<u8>>) -> ArrayRef {
    let (codes, nulls) = optional(codes);
    dictionary::<UInt8Type>(codes, nulls, texts_of(names_of(column).iter()))
}

/// Codes of values. They come from the values themselves: they are places in a dictionary, or in a list of names.
#[expect(unsafe_code, reason = "looking at each of millions of codes again costs more than making them")]
fn dictionary<K: arrow_array::types::ArrowDictionaryKeyType>(
    codes: ScalarBuffer<K::Native>,
    nulls: Option<NullBuffer>,
    values: ArrayRef,
) -> ArrayRef {
    let codes = PrimitiveArray::<K>::new(codes, nulls);
    // SAFETY: every code that is not null is a place in the list that was handed over with it.
    Arc::new(unsafe { DictionaryArray::new_unchecked(codes, values) })
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
            dictionary::<UInt32Type>(codes.to_vec().into(), None, Arc::new(texts))
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
