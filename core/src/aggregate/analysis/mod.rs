//! Any analysis by its public name and parameters: the one place from which all faces take them.
//!
//! Names and parameters are those of `docs/analyses.md`, in JSON. A parameter that an analysis does not have, or that
//! is of another type, is an error that says what was expected.
//!
//! ```
//! use std::sync::Arc;
//! use vnetflow_core::aggregate::{Aggregate, Analysis};
//! use vnetflow_core::groups::Groups;
//!
//! let groups = Arc::new(Groups::new());
//! let top = Analysis::from_json("top", r#"{"by": "dst_port", "n": 5}"#, &groups)?;
//! assert_eq!(top.finish()[0].name, "top");
//! let error = Analysis::from_json("top", r#"{"metrik": "bytes"}"#, &groups).unwrap_err();
//! assert_eq!(error.to_string(), "unknown parameter of `top` `metrik`: did you mean `metric`?");
//! # Ok::<(), vnetflow_core::aggregate::AnalysisError>(())
//! ```

mod parameters;
#[cfg(test)]
mod tests;

use super::partial::{checksum, unsealed};
use super::{
    Aggregate, Anomalies, AnomalyOptions, BeaconOptions, Beacons, Check, Conversations, Coverage, Denied,
    Diff, DiffOptions, EncryptionUse, Endpoints, Exposure, Findings, FindingsOptions, Host, Matrix, Nsg, Nta,
    NtaOptions, OneWay, PartialError, Policy, Rules, ScanOptions, Scans, Sessions, Summary, Timeline,
    TimelineOptions, Top, TopOptions, Why,
};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::filter::Filter;
use crate::groups::Groups;
use crate::issue::Issue;
use crate::table::{Section, Table};
use crate::travel::{Reader, Travel};
use core::fmt;
use parameters::Parameters;
use serde_json::{Map, Value};
use std::sync::Arc;

/// An analysis that was asked for by name. Clones of it, made before any rows were added, are merged with it.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Tells name and parameters from others.
    question: u64,
    state: State,
}

/// A name that no analysis has, or parameters that it can't take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisError {
    message: String,
}

impl fmt::Display for AnalysisError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl core::error::Error for AnalysisError {}

/// Makes the list of all analyses, and the code that passes a call on to the one that was asked for.
macro_rules! analyses {
    ($($kind:ident),+ $(,)?) => {
        #[expect(clippy::large_enum_variant, reason = "there are few of them, and they are moved seldom")]
        #[derive(Clone, Debug)]
        enum State { $($kind($kind)),+ }

        impl Analysis {
            /// The names of all analyses.
            pub const NAMES: &'static [&'static str] = &[$($kind::NAME),+];

            /// The name of this one.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match &self.state { $(State::$kind(_) => $kind::NAME),+ }
            }
        }

        impl State {
            fn add(&mut self, batch: &Batch) {
                match self { $(State::$kind(state) => state.add(batch)),+ }
            }

            fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
                match self { $(State::$kind(state) => state.add_condensed(condensed)),+ }
            }

            fn merge(&mut self, other: State) {
                match (self, other) {
                    $((State::$kind(state), State::$kind(other)) => state.merge(other),)+
                    _ => {}
                }
            }

            fn write(&self, bytes: &mut Vec<u8>) {
                match self { $(State::$kind(state) => state.write(bytes)),+ }
            }

            fn read(name: &str, bytes: &mut Reader<'_>) -> State {
                match name {
                    $($kind::NAME => State::$kind(Travel::read(bytes)),)+
                    _ => {
                        bytes.tell_damage();
                        State::Summary(Summary::of_tuples())
                    }
                }
            }

            /// Takes in a state of its own kind.
            fn merge_read(&mut self, bytes: &mut Reader<'_>) -> Result<(), PartialError> {
                match self {
                    $(State::$kind(state) => {
                        let other = Travel::read(bytes);
                        if bytes.is_damaged() {
                            return Err(PartialError::Damaged);
                        }
                        state.merge(other);
                    })+
                }
                Ok(())
            }

            fn finish(self) -> Vec<Section> {
                match self { $(State::$kind(state) => state.finish().into_sections($kind::NAME)),+ }
            }
        }
    };
}

analyses!(
    Summary,
    Top,
    Conversations,
    Endpoints,
    Timeline,
    Matrix,
    Rules,
    Denied,
    Sessions,
    OneWay,
    EncryptionUse,
    Exposure,
    Scans,
    Beacons,
    Coverage,
    Why,
    Check,
    Diff,
    Host,
    Findings,
    Anomalies,
    Nta,
);

/// What any analysis answers: one table or several.
trait IntoSections {
    fn into_sections(self, name: &'static str) -> Vec<Section>;
}

impl IntoSections for Table {
    fn into_sections(self, name: &'static str) -> Vec<Section> {
        vec![Section { name, table: self }]
    }
}

impl IntoSections for Vec<Section> {
    fn into_sections(self, _: &'static str) -> Vec<Section> {
        self
    }
}

impl Analysis {
    /// The analysis of that name with these parameters, a JSON object or null.
    ///
    /// # Errors
    ///
    /// Where there is no such analysis, or it can't take a parameter.
    pub fn new(name: &str, parameters: &Value, groups: &Arc<Groups>) -> Result<Analysis, AnalysisError> {
        let none = Map::new();
        let given = match parameters {
            Value::Object(given) => given,
            Value::Null => &none,
            _ => {
                return Err(AnalysisError {
                    message: format!("expected an object of parameters, found `{parameters}`"),
                });
            }
        };
        let mut known = Analysis::NAMES.iter().copied();
        let Some(name) = known.find(|known| *known == name) else {
            return Err(AnalysisError::unknown("analysis", name, Analysis::NAMES.iter().copied()));
        };
        let reader = Parameters::new(given);
        let state = state(name, &reader, groups)?;
        reader.check_all_known(name)?;
        Ok(Analysis { question: question(name, given), state })
    }

    /// The same from JSON text.
    ///
    /// # Errors
    ///
    /// As [`Analysis::new`], and where the text is no JSON.
    pub fn from_json(name: &str, parameters: &str, groups: &Arc<Groups>) -> Result<Analysis, AnalysisError> {
        let parameters: Value = serde_json::from_str(parameters).map_err(|_| AnalysisError {
            message: format!("expected the parameters of `{name}` as a JSON object, found `{parameters}`"),
        })?;
        Analysis::new(name, &parameters, groups)
    }

    /// The answers of these analyses, with their usual parameters, over what a filter keeps of what was taken in, as far as
    /// this one can tell: `findings` can, of itself, `exposure`, `beacons` and `one_way`, where the filter keeps all that a place
    /// logged of a conversation or nothing. `None` where it can't.
    pub fn answers(&mut self, filter: Option<&Filter>, names: &[&str]) -> Option<Vec<Section>> {
        match &mut self.state {
            State::Findings(findings) => findings.answers(filter, names),
            _ => None,
        }
    }

    /// Takes in that so many files were read, with these issues; only `summary` wants to know.
    pub fn add_files(&mut self, files: u64, issues: &[Issue]) {
        if let State::Summary(summary) = &mut self.state {
            summary.add_files(files, issues);
        }
    }
}

impl Travel for Analysis {
    fn write(&self, bytes: &mut Vec<u8>) {
        self.question.write(bytes);
        self.name().to_owned().write(bytes);
        self.state.write(bytes);
    }

    fn read(bytes: &mut Reader<'_>) -> Analysis {
        let (question, name) = <(u64, String)>::read(bytes);
        Analysis { question, state: State::read(&name, bytes) }
    }
}

impl Aggregate for Analysis {
    const NAME: &'static str = "analysis";
    type Answer = Vec<Section>;

    fn add(&mut self, batch: &Batch) {
        self.state.add(batch);
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.state.add_condensed(condensed)
    }

    fn merge(&mut self, other: Analysis) {
        self.state.merge(other.state);
    }

    /// One table under the analysis' name; of `host` several.
    fn finish(self) -> Vec<Section> {
        self.state.finish()
    }

    /// Reads a state of its own kind only: code that reads any kind would take much room in the browser module.
    fn merge_bytes(&mut self, bytes: &[u8]) -> Result<(), PartialError> {
        let mut bytes = unsealed(Self::NAME, bytes)?;
        let (question, found) = <(u64, String)>::read(&mut bytes);
        if bytes.is_damaged() {
            return Err(PartialError::Damaged);
        }
        if question != self.question {
            return Err(PartialError::Analysis { expected: self.name().to_owned(), found });
        }
        self.state.merge_read(&mut bytes)
    }
}

/// A number for the name and the parameters, the same on every machine.
fn question(name: &str, given: &Map<String, Value>) -> u64 {
    // The two sides of a `diff` are asked apart and merged.
    let given: Vec<_> = given.iter().filter(|(key, value)| *key != "side" && !value.is_null()).collect();
    checksum(format!("{name} {given:?}").as_bytes())
}

/// What the analysis of that name keeps, made with these parameters.
fn state(name: &str, given: &Parameters<'_>, groups: &Arc<Groups>) -> Result<State, AnalysisError> {
    let groups = || Arc::clone(groups);
    Ok(match name {
        "summary" => State::Summary(Summary::of_tuples()),
        "top" => State::Top(Top::new(TopOptions {
            by: given.keys(&["src_ip"])?,
            metric: given.metric()?,
            n: given.number("n", 1)?.unwrap_or(10),
            bottom: given.truth("bottom")?.unwrap_or(false),
            groups: groups(),
        })),
        "conversations" => State::Conversations(Conversations::new()),
        "endpoints" => State::Endpoints(Endpoints::new(groups())),
        "timeline" => State::Timeline(Timeline::new(&TimelineOptions {
            every_ms: given.length_ms("every", "every_ms")?.unwrap_or(60_000),
            by: given.keys(&[])?,
            spread: given.truth("spread")?.unwrap_or(true),
            groups: groups(),
        })),
        "matrix" => State::Matrix(Matrix::new(groups())),
        "rules" => {
            let nsg = given.document("nsg").map(|text| Nsg::from_json(&text)).transpose();
            State::Rules(Rules::new(nsg.map_err(|error| within("nsg", &error))?))
        }
        "denied" => State::Denied(Denied::new()),
        "sessions" => State::Sessions(Sessions::new()),
        "one_way" => State::OneWay(OneWay::new()),
        "encryption" => State::EncryptionUse(EncryptionUse::new()),
        "exposure" => State::Exposure(Exposure::new()),
        "scans" => State::Scans(Scans::new(scan_options(given)?)),
        "beacons" => {
            let usual = BeaconOptions::default();
            State::Beacons(Beacons::new(BeaconOptions {
                min_connections: given.number("min_connections", 0)?.unwrap_or(usual.min_connections),
                min_score: given.real("min_score")?.unwrap_or(usual.min_score),
                internal: given.truth("internal")?.unwrap_or(usual.internal),
                platform: given.truth("platform")?.unwrap_or(usual.platform),
            }))
        }
        "coverage" => State::Coverage(Coverage::new()),
        "why" => State::Why(Why::new(given.address("src")?, given.address("dst")?, given.port("port")?)),
        "check" => {
            let text = given.document("policy").unwrap_or_default();
            let policy = Policy::parse(&text, &groups()).map_err(|error| within("policy", &error))?;
            State::Check(Check::new(Arc::new(policy)))
        }
        "diff" => State::Diff(Diff::new(&DiffOptions {
            by: given.keys(&["pair"])?,
            split_ms: split_ms(given)?,
            groups: groups(),
        })),
        "host" => State::Host(Host::new(given.address("ip")?, &groups())),
        "findings" => State::Findings(Findings::new(findings_options(given)?)),
        "anomalies" => {
            let usual = AnomalyOptions::default();
            State::Anomalies(Anomalies::new(AnomalyOptions {
                by: given.keys(&["src_ip"])?,
                metric: given.metric()?,
                threshold: given.real("threshold")?.unwrap_or(usual.threshold),
                min_days: given.number("min_days", 1)?.unwrap_or(usual.min_days),
                min_difference: given.number("min_difference", 0)?.unwrap_or(usual.min_difference),
                groups: groups(),
            }))
        }
        // The last of the names.
        _ => {
            let owned = |names: Option<Vec<&str>>| names.into_iter().flatten().map(str::to_owned).collect();
            State::Nta(Nta::new(NtaOptions {
                interval_minutes: given.number("interval_minutes", 1)?.unwrap_or(60),
                groups: groups(),
                sites: owned(given.texts("sites")?),
                clients: owned(given.texts("clients")?),
            }))
        }
    })
}

fn within(name: &str, error: &dyn fmt::Display) -> AnalysisError {
    AnalysisError { message: format!("in `{name}`: {error}") }
}

/// From when on rows are "after": stated as a moment, or for one of two sources as the side that it is.
fn split_ms(given: &Parameters<'_>) -> Result<Option<i64>, AnalysisError> {
    let split_ms = given.moment_ms("split", "split_ms")?;
    match (split_ms, given.text("side")?) {
        (Some(split_ms), None) => Ok(Some(split_ms)),
        // All of the first source is before the end of all times.
        (None, Some("before")) => Ok(Some(i64::MAX)),
        (None, Some("after")) => Ok(None),
        _ => Err(AnalysisError {
            message: "expected a moment in `split`, or `before` or `after` in `side`, and not both"
                .to_owned(),
        }),
    }
}

fn scan_options(given: &Parameters<'_>) -> Result<ScanOptions, AnalysisError> {
    let usual = ScanOptions::default();
    Ok(ScanOptions {
        vertical_ports: given.number("vertical_ports", 1)?.unwrap_or(usual.vertical_ports),
        horizontal_targets: given.number("horizontal_targets", 1)?.unwrap_or(usual.horizontal_targets),
        window_ms: given.length_ms("window", "window_ms")?.unwrap_or(usual.window_ms),
    })
}

fn findings_options(given: &Parameters<'_>) -> Result<FindingsOptions, AnalysisError> {
    let usual = FindingsOptions::default();
    Ok(FindingsOptions {
        block_list: given.networks("block_list")?.unwrap_or(usual.block_list),
        admin_ports: given.ports("admin_ports")?.unwrap_or(usual.admin_ports),
        fanout_targets: given.number("fanout_targets", 0)?.unwrap_or(usual.fanout_targets),
        upload_bytes: given.number("upload_bytes", 0)?.unwrap_or(usual.upload_bytes),
        upload_ratio: given.number("upload_ratio", 0)?.unwrap_or(usual.upload_ratio),
        long_session_ms: given.length_ms("long_session", "long_session_ms")?.unwrap_or(usual.long_session_ms),
        since_ms: given.moment_ms("since", "since_ms")?,
        rare_flows: given.number("rare_flows", 0)?.unwrap_or(usual.rare_flows),
        one_way_tries: given.number("one_way_tries", 0)?.unwrap_or(usual.one_way_tries),
        beacon_score: given.real("beacon_score")?.unwrap_or(usual.beacon_score),
        scans: scan_options(given)?,
    })
}
