//! Tables as the page gets them: typed arrays a column, texts as positions in a dictionary.
//!
//! A dictionary crosses to another thread as one string and its parts' lengths: a hundred thousand strings of their own
//! would take longer to copy than the whole answer takes to compute.

use crate::results::object;
use js_sys::{Array, BigInt, Float64Array, Uint32Array};
use vnetflow_core::table::{Table, TextColumn, Values};
use wasm_bindgen::{JsError, JsValue};

/// The largest whole number up to which all are exact in JavaScript.
const MOST_SAFE: u64 = js_sys::Number::MAX_SAFE_INTEGER as u64;

/// A position beyond the end of any dictionary: null.
const NULL_CODE: u32 = u32::MAX;

/// A table; `packed` leaves dictionaries in one string.
pub(crate) fn table(table: &Table, packed: bool) -> Result<JsValue, JsError> {
    let columns = Array::new();
    for column in &table.columns {
        columns.push(&object(column_entries(&column.name, &column.values, packed))?);
    }
    let notes: Array = table.notes.iter().map(|note| JsValue::from_str(note)).collect();
    object([
        ("rows", JsValue::from_f64(table.len() as f64)),
        ("columns", columns.into()),
        ("notes", notes.into()),
    ])
}

type Entries = Vec<(&'static str, JsValue)>;

fn column_entries(name: &str, values: &Values, packed: bool) -> Entries {
    let (kind, mut entries): (&str, Entries) = match values {
        Values::U8(values) => ("number", numbers(values.iter().map(|value| value.map(f64::from)))),
        Values::U16(values) => ("number", numbers(values.iter().map(|value| value.map(f64::from)))),
        Values::U64(values) => counters(values),
        Values::F64(values) => ("number", numbers(values.iter().copied())),
        Values::TimeMs(values) => {
            ("time", numbers(values.iter().map(|value| value.map(|time_ms| time_ms as f64))))
        }
        Values::Bool(values) => {
            let list: Array =
                values.iter().map(|value| value.map_or(JsValue::NULL, JsValue::from_bool)).collect();
            ("boolean", vec![("values", list.into())])
        }
        Values::Text(values) => ("text", texts(values, packed)),
        Values::U8List(values) => {
            let list: Array = values
                .iter()
                .map(|numbers| numbers.iter().map(|number| JsValue::from(*number)).collect::<Array>())
                .collect();
            ("numbers", vec![("values", list.into())])
        }
    };
    entries.push(("name", JsValue::from_str(name)));
    entries.push(("type", JsValue::from_str(kind)));
    entries
}

fn numbers(values: impl Iterator<Item = Option<f64>>) -> Entries {
    let values: Vec<f64> = values.map(|value| value.unwrap_or(f64::NAN)).collect();
    vec![("values", Float64Array::from(values.as_slice()).into())]
}

/// As doubles where all are exact, else as bigints.
fn counters(values: &[Option<u64>]) -> (&'static str, Entries) {
    if values.iter().flatten().all(|value| *value <= MOST_SAFE) {
        return ("number", numbers(values.iter().map(|value| value.map(|value| value as f64))));
    }
    let list: Array =
        values.iter().map(|value| value.map_or(JsValue::NULL, |value| BigInt::from(value).into())).collect();
    ("bigint", vec![("values", list.into())])
}

fn texts(column: &TextColumn, packed: bool) -> Entries {
    let codes: Vec<u32> = column.codes().map(|code| code.unwrap_or(NULL_CODE)).collect();
    let dictionary: Vec<&str> = column.texts().collect();
    let mut entries = vec![("codes", Uint32Array::from(codes.as_slice()).into())];
    entries.extend(dictionary_entries(&dictionary, packed));
    entries
}

fn dictionary_entries(dictionary: &[&str], packed: bool) -> Entries {
    if !packed {
        let list: Array = dictionary.iter().map(|text| JsValue::from_str(text)).collect();
        return vec![("dictionary", list.into())];
    }
    // In the units that JavaScript's strings are cut by.
    let lengths: Vec<u32> = dictionary.iter().map(|text| text.encode_utf16().count() as u32).collect();
    vec![
        ("text", JsValue::from_str(&dictionary.concat())),
        ("lengths", Uint32Array::from(lengths.as_slice()).into()),
    ]
}
