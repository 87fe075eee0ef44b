//! Options: plain JavaScript objects in, the core's options out. A key that does not exist is an error.

use js_sys::{Array, Object, Reflect};
use std::sync::Arc;
use vnetflow_core::decode::{DecodeOptions, normalised_mac};
use vnetflow_core::filter::Filter;
use vnetflow_core::groups::Groups;
use wasm_bindgen::{JsCast, JsError, JsValue};

/// What a session is asked to read.
pub(crate) struct Options {
    pub(crate) decode: DecodeOptions,
    pub(crate) groups: Arc<Groups>,
}

impl Options {
    pub(crate) fn from_js(options: &JsValue) -> Result<Options, JsError> {
        let options =
            Given::new(options, &["filter", "startMs", "endMs", "macs", "groups", "offsets", "pageRows"])?;
        let groups = match options.text("groups")? {
            Some(text) => Groups::from_text(&text)?,
            None => Groups::new(),
        };
        let filter = match options.text("filter")? {
            Some(text) => Some(Filter::parse(&text, &groups)?),
            None => None,
        };
        let usual = DecodeOptions::default();
        let decode = DecodeOptions {
            filter,
            start_ms: options.whole_number("startMs")?,
            end_ms: options.whole_number("endMs")?,
            macs: options.texts("macs")?.map(|macs| macs.iter().map(|mac| normalised_mac(mac)).collect()),
            batch_rows: options.count("pageRows")?.unwrap_or(usual.batch_rows),
            offsets: options.truth("offsets")?.unwrap_or(usual.offsets),
            ..usual
        };
        Ok(Options { decode, groups: Arc::new(groups) })
    }
}

/// An object of options.
struct Given<'a>(&'a JsValue);

impl Given<'_> {
    fn new<'a>(options: &'a JsValue, known: &[&str]) -> Result<Given<'a>, JsError> {
        if options.is_undefined() || options.is_null() {
            return Ok(Given(options));
        }
        let object =
            options.dyn_ref::<Object>().ok_or_else(|| JsError::new("expected an object of options"))?;
        for key in Object::keys(object).iter().filter_map(|key| key.as_string()) {
            if !known.contains(&key.as_str()) {
                return Err(JsError::new(&format!(
                    "unknown option `{key}`: expected one of {}",
                    known.join(", ")
                )));
            }
        }
        Ok(Given(options))
    }

    /// The value of a key; `None` where there is none.
    fn value(&self, key: &str) -> Option<JsValue> {
        let value = Reflect::get(self.0, &JsValue::from_str(key)).ok()?;
        (!value.is_undefined() && !value.is_null()).then_some(value)
    }

    fn read<T>(
        &self,
        key: &str,
        expected: &str,
        read: impl Fn(&JsValue) -> Option<T>,
    ) -> Result<Option<T>, JsError> {
        let wrong = || JsError::new(&format!("expected {expected} for the option `{key}`"));
        self.value(key).map(|value| read(&value).ok_or_else(wrong)).transpose()
    }

    fn text(&self, key: &str) -> Result<Option<String>, JsError> {
        self.read(key, "a string", JsValue::as_string)
    }

    /// A list of strings, or one string.
    fn texts(&self, key: &str) -> Result<Option<Vec<String>>, JsError> {
        self.read(key, "a list of strings", |value| match value.as_string() {
            Some(text) => Some(vec![text]),
            None => value.dyn_ref::<Array>()?.iter().map(|item| item.as_string()).collect(),
        })
    }

    fn truth(&self, key: &str) -> Result<Option<bool>, JsError> {
        self.read(key, "true or false", JsValue::as_bool)
    }

    fn whole_number(&self, key: &str) -> Result<Option<i64>, JsError> {
        self.read(key, "a whole number", |value| {
            let number = value.as_f64()?;
            (number.fract() == 0.0 && number.abs() <= js_sys::Number::MAX_SAFE_INTEGER)
                .then_some(number as i64)
        })
    }

    fn count(&self, key: &str) -> Result<Option<usize>, JsError> {
        match self.whole_number(key)? {
            None => Ok(None),
            Some(number) => match usize::try_from(number) {
                Ok(count) => Ok(Some(count)),
                Err(_) => Err(JsError::new(&format!("expected a number from 0 on for the option `{key}`"))),
            },
        }
    }
}
