//! An analysis' own parameters as JSON: checked one by one, and at the end that none was left over.

use super::AnalysisError;
use crate::aggregate::{Key, Metric};
use crate::filter::nearest;
use crate::time::parse_time_ms;
use core::cell::RefCell;
use core::net::IpAddr;
use ipnet::IpNet;
use serde_json::{Map, Value};

/// What was given, and which names the analysis has asked for.
pub(super) struct Parameters<'v> {
    given: &'v Map<String, Value>,
    known: RefCell<Vec<&'static str>>,
}

/// Found texts are shown up to here.
const MOST_CHARACTERS: usize = 60;

type Checked<T> = Result<T, AnalysisError>;

impl<'v> Parameters<'v> {
    pub(super) fn new(given: &'v Map<String, Value>) -> Parameters<'v> {
        Parameters { given, known: RefCell::new(Vec::new()) }
    }

    /// The value of a parameter; `None` where it was not given or is null.
    fn value(&self, name: &'static str) -> Option<&'v Value> {
        self.known.borrow_mut().push(name);
        self.given.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(
        &self,
        name: &'static str,
        expected: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Checked<Option<T>> {
        let wrong = |value: &Value| AnalysisError::wrong(name, expected, &shown(value));
        self.value(name).map(|value| read(value).ok_or_else(|| wrong(value))).transpose()
    }

    /// A whole number from `least` on, in as many bits as its type has.
    pub(super) fn number<T: TryFrom<u64>>(&self, name: &'static str, least: u64) -> Checked<Option<T>> {
        self.read(name, &format!("a whole number from {least} on"), |value| {
            value.as_u64().filter(|number| *number >= least).and_then(|number| T::try_from(number).ok())
        })
    }

    pub(super) fn real(&self, name: &'static str) -> Checked<Option<f64>> {
        self.read(name, "a number", Value::as_f64)
    }

    pub(super) fn truth(&self, name: &'static str) -> Checked<Option<bool>> {
        self.read(name, "true or false", Value::as_bool)
    }

    pub(super) fn text(&self, name: &'static str) -> Checked<Option<&'v str>> {
        self.read(name, "a text", Value::as_str)
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&self, name: &'static str) -> Checked<Option<Vec<&'v str>>> {
        self.read(name, "a list of texts", |value| {
            one_or_many(value).into_iter().map(Value::as_str).collect()
        })
    }

    pub(super) fn port(&self, name: &'static str) -> Checked<Option<u16>> {
        self.read(name, "a port from 0 to 65535", port)
    }

    pub(super) fn ports(&self, name: &'static str) -> Checked<Option<Vec<u16>>> {
        self.read(name, "a list of ports from 0 to 65535", |value| {
            one_or_many(value).into_iter().map(port).collect()
        })
    }

    /// An address, which must be there.
    pub(super) fn address(&self, name: &'static str) -> Checked<IpAddr> {
        let expected = "an address such as `10.1.2.3`";
        let address = self.read(name, expected, |value| value.as_str()?.trim().parse().ok())?;
        address.ok_or_else(|| AnalysisError::wrong(name, expected, "none"))
    }

    /// Networks and addresses.
    pub(super) fn networks(&self, name: &'static str) -> Checked<Option<Vec<IpNet>>> {
        let network = |value: &Value| {
            let text = value.as_str().unwrap_or_default().trim();
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| {
                AnalysisError::wrong(name, "networks such as `10.1.0.0/16` and addresses", &shown(value))
            })
        };
        self.value(name).map(|value| one_or_many(value).into_iter().map(network).collect()).transpose()
    }

    /// A length of time: a text such as `5m` under that name, or milliseconds under the other one.
    pub(super) fn length_ms(&self, name: &'static str, name_ms: &'static str) -> Checked<Option<i64>> {
        let expected = "a length of time such as `30s`, `5m`, `1h` or `1d`";
        let written = self.read(name, expected, |value| length_ms(value.as_str()?))?;
        Ok(self.number::<i64>(name_ms, 1)?.or(written))
    }

    /// A moment: an RFC 3339 text under that name, or milliseconds since 1970 UTC under the other one.
    pub(super) fn moment_ms(&self, name: &'static str, name_ms: &'static str) -> Checked<Option<i64>> {
        let expected = "a time such as `2024-05-01T09:00Z`";
        let written = self.read(name, expected, |value| parse_time_ms(value.as_str()?))?;
        Ok(self.read(name_ms, "a whole number", Value::as_i64)?.or(written))
    }

    /// A JSON document: as text or as it is.
    pub(super) fn document(&self, name: &'static str) -> Option<String> {
        self.value(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// Keys to group by: `by`.
    pub(super) fn keys(&self, default: &[&'static str]) -> Checked<Vec<Key>> {
        let texts = self.texts("by")?.unwrap_or_else(|| default.to_vec());
        let keys: Result<Vec<Vec<Key>>, _> = texts.into_iter().map(Key::parse).collect();
        Ok(keys.map_err(|error| AnalysisError { message: error.to_string() })?.concat())
    }

    /// The counter that decides: `metric`.
    pub(super) fn metric(&self) -> Checked<Metric> {
        let name = self.text("metric")?.unwrap_or(Metric::Bytes.name());
        let names = || Metric::ALL.iter().map(|metric| metric.name());
        Metric::from_name(name).ok_or_else(|| AnalysisError::unknown("metric", name, names()))
    }

    /// Fails where something was given that the analysis has not asked for.
    pub(super) fn check_all_known(&self, analysis: &str) -> Checked<()> {
        let known = self.known.borrow();
        let Some(unknown) = self.given.keys().find(|name| !known.contains(&name.as_str())) else {
            return Ok(());
        };
        if known.is_empty() {
            return Err(AnalysisError {
                message: format!("`{analysis}` has no parameters, found `{unknown}`"),
            });
        }
        Err(AnalysisError::unknown(&format!("parameter of `{analysis}`"), unknown, known.iter().copied()))
    }
}

impl AnalysisError {
    fn wrong(name: &str, expected: &str, found: &str) -> AnalysisError {
        AnalysisError { message: format!("expected {expected} in `{name}`, found {found}") }
    }

    /// Something that is none of these names.
    pub(super) fn unknown<'n>(
        what: &str,
        found: &str,
        names: impl Iterator<Item = &'n str> + Clone,
    ) -> AnalysisError {
        let message = match nearest(found, names.clone()) {
            Some(near) => format!("unknown {what} `{found}`: did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = names.collect();
                format!("unknown {what} `{found}`: expected one of {}", names.join(", "))
            }
        };
        AnalysisError { message }
    }
}

fn one_or_many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

fn port(value: &Value) -> Option<u16> {
    value.as_u64()?.try_into().ok()
}

/// `90s`, `5m`, `1h`, `1d` or `250ms` as milliseconds above zero.
fn length_ms(text: &str) -> Option<i64> {
    let text = text.trim().to_lowercase();
    let (number, unit) = text.split_at(text.find(|character: char| !character.is_ascii_digit())?);
    let unit_ms = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(unit_ms).filter(|length_ms| *length_ms > 0)
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("`{}…`", text.get(..end).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}
