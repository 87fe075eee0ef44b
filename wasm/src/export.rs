//! Rows as text: CSV that no spreadsheet runs, and JSON lines.

use std::io::Write;
use vnetflow_core::table::Values;
use vnetflow_core::time::format_time_ms;
use wasm_bindgen::JsError;

/// A cell that starts so is a formula to a spreadsheet.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Adds rows as lines of CSV.
pub(crate) fn csv(text: &mut Vec<u8>, columns: &[(&str, Values)], rows: usize) {
    for row in 0..rows {
        for (place, (_, values)) in columns.iter().enumerate() {
            if place > 0 {
                text.push(b',');
            }
            match cell(values, row) {
                Cell::Null => {}
                Cell::Number(number) => {
                    // Writing into memory does not fail.
                    let _ = write!(text, "{number}");
                }
                Cell::Time(time_ms) => text.extend(format_time_ms(time_ms).into_bytes()),
                Cell::Text(value) => csv_text(text, value),
            }
        }
        text.push(b'\n');
    }
}

/// Adds rows as lines of JSON.
pub(crate) fn ndjson(text: &mut Vec<u8>, columns: &[(&str, Values)], rows: usize) -> Result<(), JsError> {
    for row in 0..rows {
        for (place, (name, values)) in columns.iter().enumerate() {
            text.push(if place == 0 { b'{' } else { b',' });
            serde_json::to_writer(&mut *text, name)?;
            text.push(b':');
            match cell(values, row) {
                Cell::Null => text.extend(b"null"),
                Cell::Number(number) => {
                    let _ = write!(text, "{number}");
                }
                Cell::Time(time_ms) => serde_json::to_writer(&mut *text, &format_time_ms(time_ms))?,
                Cell::Text(value) => serde_json::to_writer(&mut *text, value)?,
            }
        }
        text.extend(b"}\n");
    }
    Ok(())
}

enum Cell<'v> {
    Null,
    Number(u64),
    Time(i64),
    Text(&'v str),
}

fn cell(values: &Values, row: usize) -> Cell<'_> {
    fn number<T: Copy + Into<u64>>(values: &[Option<T>], row: usize) -> Cell<'static> {
        values.get(row).copied().flatten().map_or(Cell::Null, |value| Cell::Number(value.into()))
    }
    match values {
        Values::U8(values) => number(values, row),
        Values::U16(values) => number(values, row),
        Values::U64(values) => number(values, row),
        Values::TimeMs(values) => values.get(row).copied().flatten().map_or(Cell::Null, Cell::Time),
        Values::Text(values) => values.get(row).map_or(Cell::Null, Cell::Text),
        // The tuple table has no other types.
        Values::F64(_) | Values::Bool(_) | Values::U8List(_) => Cell::Null,
    }
}

fn csv_text(text: &mut Vec<u8>, value: &str) {
    let is_formula = value.starts_with(FORMULA_STARTS);
    if !is_formula && !value.contains(['"', ',', '\n', '\r']) {
        text.extend(value.as_bytes());
        return;
    }
    text.push(b'"');
    if is_formula {
        text.push(b'\'');
    }
    text.extend(value.replace('"', "\"\"").into_bytes());
    text.push(b'"');
}
