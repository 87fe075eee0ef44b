//! The findings over everything that was read: narrower ones, and the answers that findings are made of, are told from them
//! without a look at any row.

use crate::asking::{PackedTables, by_name};
use crate::session::Session;
use serde_json::Value;
use vnetflow_core::aggregate::Analysis;
use vnetflow_core::filter::Filter;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsError};

/// A question about everything that was completed here, with the parts of others.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) question: Value,
    pub(crate) state: Analysis,
}

#[wasm_bindgen]
impl Session {
    /// The answers to these questions, `[{"analysis": "findings"}, {"analysis": "exposure"}, …]`, over what a filter keeps,
    /// from the findings over everything if these were completed here last; `undefined` where they don't tell: then
    /// the questions are to be begun. It is for the caller to see that no session of that answer read more since.
    pub fn narrowed(&mut self, questions: &str, filter: &str) -> Result<Option<PackedTables>, JsError> {
        let Some(whole) = &mut self.whole else { return Ok(None) };
        let questions: Vec<Value> = serde_json::from_str(questions)?;
        let name = |question: &Value| {
            let name = question.get("analysis")?.as_str()?;
            let has_parameters =
                question.get("parameters").and_then(Value::as_object).is_some_and(|given| !given.is_empty());
            let is_told = *question == whole.question || name != whole.state.name() && !has_parameters;
            is_told.then(|| name.to_owned())
        };
        let Some(names) = questions.iter().map(name).collect::<Option<Vec<String>>>() else {
            return Ok(None);
        };
        let filter = match filter.trim() {
            "" => None,
            _ => Some(Filter::parse(filter, &self.groups)?),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(tables) = whole.state.answers(filter.as_ref(), &names) else { return Ok(None) };
        by_name(&tables, true).map(|tables| Some(tables.unchecked_into()))
    }
}
