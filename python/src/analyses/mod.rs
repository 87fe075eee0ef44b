//! Analyses: parameters in, the core's aggregate over all batches, its table out.

mod once;
mod parameters;
mod two_sources;

pub(crate) use once::Once;
pub(crate) use parameters::metric_names;
pub(crate) use two_sources::diff;

use crate::arguments::{Groups, Options, RunOptions};
use crate::arrow;
use crate::batches::internal;
use crate::engine::fold;
use crate::errors::InputError;
use crate::find::Source;
use crate::frame::Frame;
use parameters::Parameters;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::sync::Arc;
use vnetflow_core::aggregate::{
    Aggregate, Anomalies, AnomalyOptions, BeaconOptions, Beacons, Check, Conversations, Coverage, Denied,
    Diff, DiffOptions, EncryptionUse, Endpoints, Exposure, Findings, FindingsOptions, Host, Matrix, Nsg, Nta,
    NtaOptions, OneWay, Policy, Rules, ScanOptions, Scans, Sessions, Summary, Timeline, TimelineOptions, Top,
    TopOptions, Why, junit, sarif,
};
use vnetflow_core::groups;
use vnetflow_core::issue::Issue;
use vnetflow_core::table::Table;

/// A table, the issues, and what a reader must know of the answer.
type Answer = (Frame, Frame, Vec<String>);

/// One pass over a source, or two where each flow counts once.
struct Pass<'a, 'py> {
    py: Python<'py>,
    source: &'a Source,
    options: &'a Arc<RunOptions>,
}

impl Pass<'_, '_> {
    /// An aggregate of all that counts, the issues, and the note of what does not count.
    fn aggregate<A>(
        &self,
        new: impl Fn() -> A + Send + Sync + 'static,
        add_files: impl Fn(&mut A, u64, &[Issue]),
    ) -> PyResult<(A, Vec<Issue>, Option<String>)>
    where
        A: Aggregate + Send + 'static,
    {
        let once = Once::of(self.py, self.source, self.options)?;
        let (aggregate, issues) = fold(self.py, self.source, self.options, once.as_ref(), new, add_files)?;
        Ok((aggregate, issues, once.and_then(|once| once.note())))
    }

    /// The answer of an aggregate that needs no word about files.
    fn answer<A>(&self, new: impl Fn() -> A + Send + Sync + 'static) -> PyResult<Answer>
    where
        A: Aggregate<Answer = Table> + Send + 'static,
    {
        self.answer_with(new, |_, _, _| {}, |_| Vec::new())
    }

    /// The answer, with notes that go before those of the table.
    fn answer_with<A>(
        &self,
        new: impl Fn() -> A + Send + Sync + 'static,
        add_files: impl Fn(&mut A, u64, &[Issue]),
        first_notes: impl Fn(&A) -> Vec<String> + Send,
    ) -> PyResult<Answer>
    where
        A: Aggregate<Answer = Table> + Send + 'static,
    {
        let (aggregate, issues, note) = self.aggregate(new, add_files)?;
        let (mut notes, table) = self.py.detach(move || (first_notes(&aggregate), aggregate.finish()));
        notes.extend(note);
        answer(table, &issues, notes)
    }
}

/// The answer as Python gets it.
fn answer(table: Table, issues: &[Issue], mut notes: Vec<String>) -> PyResult<Answer> {
    let frame = framed(&table)?;
    notes.extend(table.notes);
    Ok((frame, Frame { batch: arrow::issues(issues).map_err(internal)? }, notes))
}

fn framed(table: &Table) -> PyResult<Frame> {
    Ok(Frame { batch: arrow::table(table).map_err(internal)? })
}

/// An analysis by its name: its table, the issues, and notes.
#[pyfunction]
#[pyo3(signature = (source, options, name, parameters, groups=None))]
pub(crate) fn analyse(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    name: &str,
    parameters: &Bound<'_, PyDict>,
    groups: Option<&Groups>,
) -> PyResult<Answer> {
    let given = Parameters::new(parameters)?;
    let pass = Pass { py, source, options: &options.0 };
    let groups = groups.map(|groups| Arc::clone(&groups.inner)).unwrap_or_default();
    let run = prepared(name, &given, groups)?;
    given.check_all_taken(name)?;
    run(&pass)
}

/// An analysis that only needs a source.
type Run = Box<dyn FnOnce(&Pass<'_, '_>) -> PyResult<Answer>>;

fn prepared(name: &str, given: &Parameters<'_>, groups: Arc<groups::Groups>) -> PyResult<Run> {
    Ok(match name {
        "summary" => Box::new(|pass| {
            let new = if pass.source.tuples.is_some() { Summary::of_tuples } else { Summary::of_logs };
            pass.answer_with(new, Summary::add_files, |_| Vec::new())
        }),
        "top" => {
            let (by, metric) = (given.keys(&["src_ip"])?, given.metric()?);
            let (n, bottom) = (given.or("n", 10)?, given.or("bottom", false)?);
            let options = TopOptions { by, metric, n, bottom, groups };
            plain(move || Top::new(options.clone()))
        }
        "conversations" => plain(Conversations::new),
        "endpoints" => plain(move || Endpoints::new(Arc::clone(&groups))),
        "timeline" => {
            let (every_ms, spread) = (given.or("every_ms", 60_000)?, given.or("spread", true)?);
            let options = TimelineOptions { every_ms, by: given.keys(&[])?, spread, groups };
            plain(move || Timeline::new(&options))
        }
        "matrix" => plain(move || Matrix::new(Arc::clone(&groups))),
        "rules" => {
            let nsg = given.maybe::<String>("nsg")?.map(|text| Nsg::from_json(&text)).transpose();
            let nsg = nsg.map_err(|error| InputError::new_err(format!("in `nsg`: {error}")))?;
            plain(move || Rules::new(nsg.clone()))
        }
        "denied" => plain(Denied::new),
        "sessions" => plain(Sessions::new),
        "one_way" => plain(OneWay::new),
        "encryption" => plain(EncryptionUse::new),
        "exposure" => plain(Exposure::new),
        "scans" => {
            let options = scan_options(given)?;
            plain(move || Scans::new(options))
        }
        "beacons" => {
            let default = BeaconOptions::default();
            let options = BeaconOptions {
                min_connections: given.or("min_connections", default.min_connections)?,
                min_score: given.or("min_score", default.min_score)?,
                internal: given.or("internal", default.internal)?,
                platform: given.or("platform", default.platform)?,
            };
            plain(move || Beacons::new(options))
        }
        "coverage" => plain(Coverage::new),
        "why" => {
            let (src, dst, port) =
                (given.address("src")?, given.address("dst")?, given.maybe::<u16>("port")?);
            let new = move || Why::new(src, dst, port);
            Box::new(move |pass| pass.answer_with(new, |_, _, _| {}, |why| vec![why.sentence()]))
        }
        "diff" => {
            let options = DiffOptions {
                by: given.keys(&["pair"])?,
                split_ms: given.required("split_ms").map(Some)?,
                groups,
            };
            plain(move || Diff::new(&options))
        }
        "findings" => {
            let options = findings_options(given)?;
            plain(move || Findings::new(options.clone()))
        }
        "anomalies" => {
            let default = AnomalyOptions::default();
            let options = AnomalyOptions {
                by: given.keys(&["src_ip"])?,
                metric: given.metric()?,
                threshold: given.or("threshold", default.threshold)?,
                min_days: given.or("min_days", default.min_days)?,
                min_difference: given.or("min_difference", default.min_difference)?,
                groups,
            };
            plain(move || Anomalies::new(options.clone()))
        }
        "nta" => {
            let default = NtaOptions::default();
            let options = NtaOptions {
                interval_minutes: given.or("interval_minutes", default.interval_minutes)?,
                groups,
                sites: given.or("sites", default.sites)?,
                clients: given.or("clients", default.clients)?,
            };
            plain(move || Nta::new(options.clone()))
        }
        _ => return Err(InputError::new_err(format!("unknown analysis `{name}`"))),
    })
}

fn plain<A: Aggregate<Answer = Table> + Send + 'static>(new: impl Fn() -> A + Send + Sync + 'static) -> Run {
    Box::new(move |pass| pass.answer(new))
}

fn scan_options(given: &Parameters<'_>) -> PyResult<ScanOptions> {
    let default = ScanOptions::default();
    Ok(ScanOptions {
        vertical_ports: given.or("vertical_ports", default.vertical_ports)?,
        horizontal_targets: given.or("horizontal_targets", default.horizontal_targets)?,
        window_ms: given.or("window_ms", default.window_ms)?,
    })
}

fn findings_options(given: &Parameters<'_>) -> PyResult<FindingsOptions> {
    let default = FindingsOptions::default();
    Ok(FindingsOptions {
        block_list: given.networks("block_list")?,
        admin_ports: given.or("admin_ports", default.admin_ports)?,
        fanout_targets: given.or("fanout_targets", default.fanout_targets)?,
        upload_bytes: given.or("upload_bytes", default.upload_bytes)?,
        upload_ratio: given.or("upload_ratio", default.upload_ratio)?,
        long_session_ms: given.or("long_session_ms", default.long_session_ms)?,
        since_ms: given.maybe("since_ms")?,
        rare_flows: given.or("rare_flows", default.rare_flows)?,
        one_way_tries: given.or("one_way_tries", default.one_way_tries)?,
        beacon_score: given.or("beacon_score", default.beacon_score)?,
        scans: scan_options(given)?,
    })
}

/// The traffic against a policy: the answer, as JUnit XML and as SARIF.
#[pyfunction]
pub(crate) fn check(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    policy: &str,
) -> PyResult<(Answer, String, String)> {
    let policy = Policy::parse(policy).map_err(|error| {
        let text = error.to_string();
        let place = if text.starts_with("the policy") { "" } else { "in the policy: " };
        InputError::new_err(format!("{place}{text}"))
    })?;
    let policy = Arc::new(policy);
    let pass = Pass { py, source, options: &options.0 };
    let (aggregate, issues, note) = pass.aggregate(move || Check::new(Arc::clone(&policy)), |_, _, _| {})?;
    let table = py.detach(|| aggregate.finish());
    let (junit, sarif) = (junit(&table), sarif(&table));
    Ok((answer(table, &issues, note.into_iter().collect())?, junit, sarif))
}

/// Tables by name.
type Sections = Vec<(&'static str, Frame)>;

/// A dossier: its tables by name, the issues, and notes.
#[pyfunction]
#[pyo3(signature = (source, options, ip, groups=None))]
pub(crate) fn host(
    py: Python<'_>,
    source: &Source,
    options: &Options,
    ip: &str,
    groups: Option<&Groups>,
) -> PyResult<(Sections, Frame, Vec<String>)> {
    let address = ip.trim().parse().map_err(|_| {
        InputError::new_err(format!("expected an address such as `10.1.2.3` in `ip`, found `{ip}`"))
    })?;
    let groups = groups.map(|groups| Arc::clone(&groups.inner)).unwrap_or_default();
    let pass = Pass { py, source, options: &options.0 };
    let (dossier, issues, note) = pass.aggregate(move || Host::new(address, &groups), |_, _, _| {})?;
    let sections = py.detach(|| dossier.finish());
    let mut notes: Vec<String> = note.into_iter().collect();
    for section in &sections {
        notes.extend(
            section.table.notes.iter().filter(|note| !notes.contains(note)).cloned().collect::<Vec<_>>(),
        );
    }
    let tables = sections.iter().map(|section| Ok((section.name, framed(&section.table)?)));
    let tables = tables.collect::<PyResult<Vec<_>>>()?;
    Ok((tables, Frame { batch: arrow::issues(&issues).map_err(internal)? }, notes))
}
