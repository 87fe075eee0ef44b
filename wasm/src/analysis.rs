//! An analysis by its public name and JSON parameters.

use serde_json::Value;
use std::sync::Arc;
use vnetflow_core::aggregate::{
    Aggregate, Conversations, Key, Matrix, Metric, Rules, Summary, Timeline, TimelineOptions, Top, TopOptions,
};
use vnetflow_core::batch::Batch;
use vnetflow_core::groups::Groups;
use vnetflow_core::issue::Issue;
use vnetflow_core::table::Table;

#[derive(Clone, Debug)]
pub(crate) enum Analysis {
    Summary(Summary),
    Top(Top),
    Timeline(Timeline),
    Rules(Rules),
    Matrix(Matrix),
    Conversations(Conversations),
}

macro_rules! each {
    ($self:expr, $inner:ident => $work:expr) => {
        match $self {
            Analysis::Summary($inner) => $work,
            Analysis::Top($inner) => $work,
            Analysis::Timeline($inner) => $work,
            Analysis::Rules($inner) => $work,
            Analysis::Matrix($inner) => $work,
            Analysis::Conversations($inner) => $work,
        }
    };
}

impl Analysis {
    pub(crate) fn new(name: &str, parameters: &Value, groups: &Arc<Groups>) -> Result<Analysis, String> {
        let groups = Arc::clone(groups);
        let texts = |key: &str| -> Option<Vec<String>> {
            match parameters.get(key)? {
                Value::String(text) => Some(vec![text.clone()]),
                Value::Array(list) => {
                    list.iter().map(|item| item.as_str().map(str::to_owned)).collect()
                }
                _ => None,
            }
        };
        let keys = |default: &[&str]| -> Result<Vec<Key>, String> {
            let texts = texts("by").unwrap_or_else(|| default.iter().map(|key| (*key).to_owned()).collect());
            let mut keys = Vec::new();
            for text in texts {
                keys.extend(Key::parse(&text).map_err(|error| error.to_string())?);
            }
            Ok(keys)
        };
        Ok(match name {
            "summary" => Analysis::Summary(Summary::of_logs()),
            "top" => {
                let metric = parameters.get("metric").and_then(Value::as_str).unwrap_or("bytes");
                let metric = Metric::from_name(metric).ok_or_else(|| format!("unknown metric `{metric}`"))?;
                let n = parameters.get("n").and_then(Value::as_u64).unwrap_or(10) as usize;
                let bottom = parameters.get("bottom").and_then(Value::as_bool).unwrap_or(false);
                Analysis::Top(Top::new(TopOptions { by: keys(&["src_ip"])?, metric, n, bottom, groups }))
            }
            "timeline" => {
                let every_ms = match parameters.get("every").and_then(Value::as_str) {
                    None => 60_000,
                    Some("1h") => 3_600_000,
                    Some(text) => {
                        text.trim_end_matches('m').parse::<i64>().map_err(|error| error.to_string())? * 60_000
                    }
                };
                let spread = parameters.get("spread").and_then(Value::as_bool).unwrap_or(true);
                Analysis::Timeline(Timeline::new(&TimelineOptions { every_ms, by: keys(&[])?, spread, groups }))
            }
            "rules" => Analysis::Rules(Rules::new(None)),
            "matrix" => Analysis::Matrix(Matrix::new(groups)),
            "conversations" => Analysis::Conversations(Conversations::new()),
            _ => return Err(format!("unknown analysis `{name}`")),
        })
    }

    pub(crate) fn add(&mut self, batch: &Batch) {
        each!(self, inner => inner.add(batch));
    }

    pub(crate) fn add_files(&mut self, files: u64, issues: &[Issue]) {
        if let Analysis::Summary(summary) = self {
            summary.add_files(files, issues);
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        each!(self, inner => inner.to_bytes())
    }

    pub(crate) fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), String> {
        each!(self, inner => inner.merge_bytes(bytes)).map_err(|error| error.to_string())
    }

    pub(crate) fn finish(self) -> Vec<(String, Table)> {
        vec![(String::new(), each!(self, inner => inner.finish()))]
    }
}
