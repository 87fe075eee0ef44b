//! Issues and tables as plain JavaScript objects.

use js_sys::{Array, Object, Reflect};
use vnetflow_core::issue::Issue;
use vnetflow_core::table::{Table, Values};
use vnetflow_core::time::format_time_ms;
use wasm_bindgen::{JsError, JsValue};

/// An object of these keys and values.
pub(crate) fn object<'a>(entries: impl IntoIterator<Item = (&'a str, JsValue)>) -> Result<JsValue, JsError> {
    let object = Object::new();
    for (key, value) in entries {
        Reflect::set(&object, &JsValue::from_str(key), &value)
            .map_err(|_| JsError::new("an object refused a key"))?;
    }
    Ok(object.into())
}

/// Issues as a list of objects.
pub(crate) fn issues(issues: &[Issue]) -> Result<Array, JsError> {
    let list = Array::new();
    for issue in issues {
        list.push(&object([
            ("source", JsValue::from_str(&issue.source)),
            ("offset", number(Some(issue.offset))),
            ("record", number(issue.record)),
            ("tuple", number(issue.tuple)),
            ("kind", JsValue::from_str(issue.kind.name())),
            ("message", JsValue::from_str(&issue.message)),
            ("skipped", number(issue.skipped)),
            ("count", number(Some(issue.count))),
        ])?);
    }
    Ok(list)
}

/// A table as a list of objects, one a row.
pub(crate) fn rows(table: &Table) -> Result<Array, JsError> {
    let list = Array::new();
    for row in 0..table.len() {
        let cells = table.columns.iter().map(|column| (column.name.as_str(), cell(&column.values, row)));
        list.push(&object(cells)?);
    }
    Ok(list)
}

fn cell(values: &Values, row: usize) -> JsValue {
    fn at<T: Copy>(values: &[Option<T>], row: usize) -> Option<T> {
        values.get(row).copied().flatten()
    }
    match values {
        Values::U8(values) => number(at(values, row).map(u64::from)),
        Values::U16(values) => number(at(values, row).map(u64::from)),
        Values::U64(values) => number(at(values, row)),
        Values::F64(values) => at(values, row).map_or(JsValue::NULL, JsValue::from_f64),
        Values::Bool(values) => at(values, row).map_or(JsValue::NULL, JsValue::from_bool),
        Values::TimeMs(values) => {
            at(values, row).map_or(JsValue::NULL, |time_ms| JsValue::from_str(&format_time_ms(time_ms)))
        }
        Values::Text(values) => values.get(row).map_or(JsValue::NULL, JsValue::from_str),
        Values::U8List(values) => {
            let list = Array::new();
            for number in values.get(row).into_iter().flatten() {
                list.push(&JsValue::from(*number));
            }
            list.into()
        }
    }
}

/// A number where JavaScript's are exact, else a bigint.
pub(crate) fn number(number: Option<u64>) -> JsValue {
    match number {
        None => JsValue::NULL,
        Some(number) if number <= js_sys::Number::MAX_SAFE_INTEGER as u64 => JsValue::from_f64(number as f64),
        Some(number) => JsValue::from(number),
    }
}
