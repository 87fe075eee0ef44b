//! The filter box: what a text means or what is wrong with it, and what may come next.

use crate::results::object;
use crate::session::Session;
use js_sys::Array;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeSet;
use vnetflow_core::columns::column_named;
use vnetflow_core::filter::{CompletionValues, Filter, complete};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError, JsValue};

#[wasm_bindgen]
extern "C" {
    /// What a filter means, or what is wrong with it.
    #[wasm_bindgen(typescript_type = "Checked")]
    pub type Checked;
    /// What could stand at the cursor.
    #[wasm_bindgen(typescript_type = "Completion[]")]
    pub type Completions;
}

/// Notes which fields' values are wanted.
#[derive(Default)]
struct Wanted(RefCell<BTreeSet<String>>);

impl CompletionValues for Wanted {
    fn values(&self, field: &str) -> Vec<(String, u64)> {
        self.0.borrow_mut().insert(field.to_owned());
        Vec::new()
    }
}

/// Values by field, as `{"dst_port": [["443", 12], …], …}`.
struct Given(Value);

impl CompletionValues for Given {
    fn values(&self, field: &str) -> Vec<(String, u64)> {
        let Some(list) = self.0.get(field).and_then(Value::as_array) else { return Vec::new() };
        let pair = |pair: &Value| Some((pair.get(0)?.as_str()?.to_owned(), pair.get(1)?.as_u64()?));
        list.iter().filter_map(pair).collect()
    }
}

#[wasm_bindgen]
impl Session {
    /// What a filter means, fully bracketed, or what is wrong with it.
    pub fn check(&self, filter: &str) -> Result<Checked, JsError> {
        let (problem, explained) = match Filter::parse(filter, &self.groups) {
            Ok(parsed) => (JsValue::NULL, JsValue::from_str(&parsed.explain())),
            Err(error) => {
                let start = units(filter, error.column.saturating_sub(1));
                let length = error.found.encode_utf16().count();
                let suggestion = error.suggestion.as_deref().map_or(JsValue::NULL, JsValue::from_str);
                let problem = object([
                    ("message", JsValue::from_str(&error.to_string())),
                    ("start", JsValue::from_f64(start as f64)),
                    ("end", JsValue::from_f64((start + length) as f64)),
                    ("suggestion", suggestion),
                ])?;
                (problem, JsValue::NULL)
            }
        };
        object([("problem", problem), ("explained", explained)]).map(JsCast::unchecked_into)
    }

    /// The fields whose values could stand at the cursor (in UTF-16 units): the names of columns, or `group`.
    #[wasm_bindgen(js_name = wantedValues)]
    #[must_use]
    pub fn wanted_values(&self, filter: &str, cursor: usize) -> Vec<String> {
        let wanted = Wanted::default();
        // Only which values it asks for is of interest.
        let _ = complete(filter, characters(filter, cursor), &wanted);
        wanted.0.into_inner().into_iter().collect()
    }

    /// What could stand at the cursor (in UTF-16 units), with these values by field as JSON.
    pub fn completions(&self, filter: &str, cursor: usize, values: &str) -> Result<Completions, JsError> {
        let given = Given(serde_json::from_str(values)?);
        let list = Array::new();
        for completion in complete(filter, characters(filter, cursor), &given) {
            let is_column = column_named(&completion.text.replace('.', "_")).is_some();
            let kind = match completion.count {
                Some(_) if completion.meaning == "group" => "group",
                Some(_) => "value",
                None if is_column => "column",
                None => "keyword",
            };
            let about = match completion.count {
                Some(count) if count > 0 => format!("{}, {count}", completion.meaning),
                _ => completion.meaning,
            };
            list.push(&object([
                ("text", JsValue::from_str(&completion.text)),
                ("start", JsValue::from_f64(units(filter, completion.start) as f64)),
                ("kind", JsValue::from_str(kind)),
                ("about", JsValue::from_str(&about)),
            ])?);
        }
        Ok(list.unchecked_into())
    }

    /// The names of groups.
    #[wasm_bindgen(js_name = groupNames)]
    #[must_use]
    pub fn group_names(&self) -> Vec<String> {
        self.groups.names().to_vec()
    }
}

/// UTF-16 units before that character.
fn units(text: &str, character: usize) -> usize {
    text.chars().take(character).map(char::len_utf16).sum()
}

/// Characters before that UTF-16 unit.
fn characters(text: &str, unit: usize) -> usize {
    let mut before = 0;
    text.chars()
        .take_while(|character| {
            before += character.len_utf16();
            before <= unit
        })
        .count()
}
