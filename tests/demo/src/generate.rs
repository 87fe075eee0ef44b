//! Plays the traffic minute by minute, writes its rows and counts them.
//!
//! Not here: IO, a clock, or the memory of what was written. What is kept is the flows under way, a minute or
//! two of rows, and the truth's sums.

use std::fmt;

use crate::address::GROUPS_CSV;
use crate::dice::Dice;
use crate::flow::{Amounts, State};
use crate::log::{Logs, RowText, Sink};
use crate::network::Network;
use crate::open_flows::DueRow;
use crate::options::{HOUR_MS, MINUTE_MS, Options, OptionsError};
use crate::scenarios::{Scenarios, WARM_UP_MINUTES, beacon_interval_ms};
use crate::stage::Stage;
use crate::truth::{Book, TruthContext, Views, write_facts, write_matrices};

/// Path of the truth, one JSON object a line. Not `.json`, which folder searches would take for a log.
pub const TRUTH_PATH: &str = "truth.ndjson";
/// Path of the CIDR names.
pub const GROUPS_PATH: &str = "groups.csv";
/// Up to this many tuples (hours times tuples an hour; some 300,000 flows) the truth has a line for every
/// flow.
pub const MOST_TUPLES_WITH_FLOW_LINES: u64 = 600_000;

/// Truth lines are handed on in pieces of about this size.
const TRUTH_CHUNK_BYTES: usize = 256 * 1024;
/// A continuing row comes up to this much later than five minutes after the one before.
const CONTINUE_WANDER_MS: i64 = 1_500;

/// What was generated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Log files, of all formats.
    pub files: u64,
    /// Records in them.
    pub records: u64,
    /// Tuples in them.
    pub tuples: u64,
    /// Bytes of the log files.
    pub log_bytes: u64,
    /// Bytes of the truth.
    pub truth_bytes: u64,
}

/// Why nothing, or not all, was generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The options make no sense.
    Options(OptionsError),
    /// The sink said so.
    Sink(E),
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(error) => error.fmt(formatter),
            Self::Sink(error) => error.fmt(formatter),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Options(error) => Some(error),
            Self::Sink(error) => Some(error),
        }
    }
}

/// Generates the logs and their truth.
///
/// The sink gets relative paths with `/` and the bytes to append there: first [`GROUPS_PATH`], then the blobs
/// minute by minute and, in between and at the end, [`TRUTH_PATH`].
///
/// # Errors
///
/// Options out of range, or the first error of the sink.
pub fn generate<E>(options: &Options, sink: &mut Sink<'_, E>) -> Result<Report, Error<E>> {
    options.check().map_err(Error::Options)?;
    let mut run = Run::new(options);
    sink(GROUPS_PATH, GROUPS_CSV.as_bytes()).map_err(Error::Sink)?;
    run.play(options, sink).map_err(Error::Sink)?;
    run.finish(options, sink).map_err(Error::Sink)
}

/// A generation under way.
struct Run {
    stage: Stage,
    scenarios: Scenarios,
    logs: Vec<Logs>,
    row_text: RowText,
    truth_lines: String,
    report: Report,
}

impl Run {
    fn new(options: &Options) -> Self {
        let mut dice = Dice::new(options.seed);
        let network = Network::new(&mut dice);
        let formats = options.formats.list();
        let logs = formats.iter().map(|format| Logs::new(*format, options, &network, &mut dice)).collect();
        let book = Book::new(formats, network.nics());
        let (first_offset_ms, last_offset_ms) = network.window_offsets_ms();
        let mut stage = Stage::new(dice, network, book, options.seed);
        stage.window_ms = (options.start_ms + first_offset_ms, options.end_ms() + last_offset_ms);
        stage.nossh_ms = options.nossh_start_ms();
        stage.followed.everything =
            u64::from(options.hours) * options.tuples_per_hour <= MOST_TUPLES_WITH_FLOW_LINES;
        stage.minute_ms = options.start_ms - WARM_UP_MINUTES * MINUTE_MS;
        let scenarios = Scenarios::new(options, &mut stage);
        Self {
            stage,
            scenarios,
            logs,
            row_text: RowText::default(),
            truth_lines: String::new(),
            report: Report::default(),
        }
    }

    fn play<E>(&mut self, options: &Options, sink: &mut Sink<'_, E>) -> Result<(), E> {
        for minute in -WARM_UP_MINUTES..i64::from(options.hours) * 60 {
            self.stage.minute_ms = options.start_ms + minute * MINUTE_MS;
            self.scenarios.play_minute(minute, &mut self.stage);
            loop {
                // A row may call forth another in the same minute.
                let due = self.stage.open_flows.take_minute(self.stage.minute_ms);
                if due.is_empty() {
                    break;
                }
                for row in &due {
                    self.row(*row);
                }
                self.stage.open_flows.recycle(due);
            }
            if minute >= 0 {
                for logs in &mut self.logs {
                    logs.finish_minute(minute, sink)?;
                }
            }
            // Rows of the hour before last are all written.
            if minute.rem_euclid(60) == 59 {
                let before_ms = self.stage.minute_ms - HOUR_MS;
                write_matrices(&mut self.stage.book, before_ms, &mut self.truth_lines);
            }
            if self.truth_lines.len() >= TRUTH_CHUNK_BYTES {
                self.hand_on_truth(sink)?;
            }
        }
        Ok(())
    }

    /// Writes and counts a row at every hop, and sees to the flow's next one.
    fn row(&mut self, due: DueRow) {
        let Self { stage, logs, row_text, report, .. } = self;
        let (from_ms, before_ms) = stage.window_ms;
        let is_logged = (from_ms..before_ms).contains(&due.time_ms);
        let Some(flow) = stage.open_flows.get_mut(due.flow) else { return };
        let amounts = match due.state {
            State::Begin | State::Denied => Amounts::default(),
            State::Continue | State::End => flow.amounts_at(due.time_ms, &mut stage.dice),
        };
        if due.state == State::Continue {
            stage.planned_rows += Stage::logged_hops(stage.book.formats.first(), flow);
        }
        if is_logged {
            let mut followed = stage.followed.get_mut(flow.followed);
            if let Some(followed) = &mut followed {
                followed.state(due.state);
            }
            for (place, logs) in logs.iter_mut().enumerate() {
                let format = logs.format;
                if !row_text.render(format, flow, due.state, &amounts) {
                    continue;
                }
                let logged = row_text.logged.as_ref();
                for hop in flow.hops.iter() {
                    if format.is_nsg() && !Network::is_in_nsg_logs(hop) {
                        continue;
                    }
                    let time_ms = due.time_ms + i64::from(hop.delay_ms);
                    logs.row(row_text, time_ms, hop);
                    let told_ms = if format.is_nsg() { time_ms - time_ms.rem_euclid(1_000) } else { time_ms };
                    stage.book.row(place, flow, hop, told_ms, due.state, logged);
                    report.tuples += 1;
                    if let (Some(followed), Some(true)) = (&mut followed, hop.counts_once.get(place)) {
                        followed.row(place, due.state, logged);
                    }
                }
            }
        }
        match due.state {
            State::Begin => {}
            State::Continue => {
                let wander_ms = stage.dice.span(0, CONTINUE_WANDER_MS);
                stage.open_flows.enter_next(due.flow, due.time_ms, wander_ms);
            }
            State::End | State::Denied => self.close(due.flow),
        }
    }

    fn close(&mut self, place: u32) {
        let Some(flow) = self.stage.open_flows.close(place) else { return };
        let Some(followed_place) = flow.followed else { return };
        if let Some(followed) = self.stage.followed.get_mut(flow.followed) {
            let followed = *followed;
            followed.write(
                &flow,
                self.stage.book.formats,
                &self.stage.network,
                self.stage.followed.everything,
                &mut self.truth_lines,
            );
            self.stage.followed.free.push(followed_place);
        }
    }

    fn finish<E>(mut self, options: &Options, sink: &mut Sink<'_, E>) -> Result<Report, E> {
        let open = std::mem::take(&mut self.stage.open_flows).into_open();
        for flow in open {
            if let Some(followed) = self.stage.followed.get_mut(flow.followed) {
                let followed = *followed;
                followed.write(
                    &flow,
                    self.stage.book.formats,
                    &self.stage.network,
                    self.stage.followed.everything,
                    &mut self.truth_lines,
                );
            }
        }
        write_matrices(&mut self.stage.book, i64::MAX, &mut self.truth_lines);
        let context = TruthContext {
            nossh_ms: self.stage.nossh_ms,
            beacon_interval_ms: beacon_interval_ms(options.tuples_per_hour),
            written: self.logs.iter().map(|logs| (logs.files, logs.records)).collect(),
        };
        let views = Views::of(self.stage.book.formats);
        write_facts(&self.stage.book, &views, &context, &mut self.truth_lines);
        self.hand_on_truth(sink)?;
        let mut report = self.report;
        for logs in &self.logs {
            report.files += logs.files;
            report.records += logs.records;
            report.log_bytes += logs.bytes;
        }
        Ok(report)
    }

    fn hand_on_truth<E>(&mut self, sink: &mut Sink<'_, E>) -> Result<(), E> {
        if !self.truth_lines.is_empty() {
            sink(TRUTH_PATH, self.truth_lines.as_bytes())?;
            self.report.truth_bytes += self.truth_lines.len() as u64;
            self.truth_lines.clear();
        }
        Ok(())
    }
}
