//! `beacons`: who calls home.
//!
//! One row a conversation (source, public destination, port, protocol) with at least
//! [`BeaconOptions::min_connections`] connections. `score` is the mean of four sub-scores from 0 to 1, made as
//! RITA makes them; high means regular, and regular alone is no proof: backups, monitoring and updates call too.
//!
//! * `interval_score`: regularity of the times between connections: half 1 - |Bowley skewness|, half 1 - median
//!   absolute deviation / median,
//! * `size_score`: the same of the bytes that the source sent in each connection that ended; null (and left out of
//!   the mean) where fewer than half of the connections have such a count,
//! * `duration_score`: the part of the data's time between first and last connection, or of twelve hours the longest
//!   run of hours with a connection, whichever is higher,
//! * `histogram_score`: flatness of the connections over equal parts of the data's time (1 - standard deviation /
//!   mean), or how well two levels, such as day and night, describe them, whichever is higher.
//!
//! A connection is a flow that began or was denied; further ones from the same source port within
//! ten seconds are the same connection sent again. Every NIC on a path logs a connection: a conversation is taken from
//! the NIC and direction that logged most of it, so none stands twice. `interval_ms` is the median interval.
//!
//! Memory: sixteen bytes for every connection and eight for every end, at each NIC. This is the one thing that
//! medians can't do without.

#[cfg(test)]
mod tests;

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::attempts::{Attempts, Conversation, Tally};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::statistics::Sample;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::groups::{AZURE_METADATA, AZURE_PLATFORM, is_public};
use crate::sorting::sort_by;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::{Action, State, starts_flow};
use std::sync::OnceLock;

/// What counts as a beacon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeaconOptions {
    /// Conversations with fewer connections are left out (default: 8, so that quartiles mean something).
    pub min_connections: usize,
    /// Rows with a lower score are left out (default: 0).
    pub min_score: f64,
    /// Also conversations whose destination is no public address (default: no, as in RITA: home is outside, and
    /// inside everything that monitors, replicates or keeps trying a dead host is regular).
    pub internal: bool,
    /// Also the platform's own addresses, whose probes are regular by nature (default: no).
    pub platform: bool,
}

impl Default for BeaconOptions {
    fn default() -> BeaconOptions {
        BeaconOptions { min_connections: 8, min_score: 0.0, internal: false, platform: false }
    }
}

/// Conversations by how regular they are: highest score first.
#[derive(Clone, Debug, Default)]
pub struct Beacons {
    options: BeaconOptions,
    attempts: Attempts<Calls>,
    data: TimeSpan,
}

travels!(Beacons { attempts, data } without options);

/// Connections of a conversation at a place.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    /// Time and source port of each flow that began or was denied.
    begun: Vec<(i64, u16)>,
    /// Bytes that the source sent, of each flow that ended.
    sent_bytes: Vec<u64>,
    /// What these come to, once it was asked for.
    rhythm: OnceLock<Box<Rhythm>>,
}

travels!(Calls { begun, sent_bytes } without rhythm);

/// Of connections, whatever the time of the data.
#[derive(Clone, Debug)]
struct Rhythm {
    /// When each began, in order: flows that were sent again count once.
    connections_ms: Vec<i64>,
    /// `None` where there are too few of them.
    interval_ms: Option<f64>,
    interval_score: Option<f64>,
    size_score: Option<f64>,
}

/// One candidate.
struct Beacon {
    conversation: Conversation,
    connections: usize,
    interval_ms: f64,
    interval_score: f64,
    size_score: Option<f64>,
    duration_score: f64,
    histogram_score: f64,
    score: f64,
    span: TimeSpan,
}

/// Flows from one source port this close to each other are one connection: SYN retries come after 1, 2, 4 and 8
/// seconds.
const RETRY_MS: i64 = 10_000;

/// Hours in a row that make a full duration score, as in RITA.
const FULL_RUN_HOURS: f64 = 12.0;

/// Connections that a part of the time should have on average, so that chance does not look like unevenness.
const CONNECTIONS_A_PART: usize = 4;

/// The most parts of the time, as in RITA, and the fewest in which two levels can be told from none.
const MOST_PARTS: usize = 24;
const FEWEST_PARTS_WITH_LEVELS: usize = 11;

const HOUR_MS: i64 = 3_600_000;

/// Bit of `bytes_src_to_dst` in `Batch::logged`.
const SENT_BYTES_LOGGED: u8 = 0b0010;

impl BeaconOptions {
    /// For a cell, or a row, whether its conversation can be a beacon.
    pub(super) fn wanted(self, cells: &Batch) -> impl Fn(usize) -> bool {
        let wanted = |as_destination: bool| -> Vec<bool> {
            let addresses = cells.addresses.values().iter();
            addresses
                .map(|address| {
                    let is_platform = [AZURE_PLATFORM.0, AZURE_METADATA.0].contains(address);
                    (self.platform || !is_platform)
                        && (!as_destination || self.internal || is_public(*address))
                })
                .collect()
        };
        let (sources, destinations) = (wanted(false), wanted(true));
        let has = |wanted: &[bool], codes: &[u32], row: usize| {
            codes.get(row).and_then(|code| wanted.get(*code as usize)).copied().unwrap_or(false)
        };
        move |cell| has(&sources, &cells.src_ip, cell) && has(&destinations, &cells.dst_ip, cell)
    }
}

impl Beacons {
    /// An empty one with these options.
    #[must_use]
    pub fn new(options: BeaconOptions) -> Beacons {
        Beacons { options, attempts: Attempts::default(), data: TimeSpan::default() }
    }
}

impl Tally for Calls {
    fn merge(&mut self, mut other: Calls) {
        self.begun.append(&mut other.begun);
        self.sent_bytes.append(&mut other.sent_bytes);
        self.rhythm.take();
    }
}

impl Calls {
    /// Takes in a row.
    pub(super) fn add(&mut self, batch: &Batch, row: usize) {
        let (Some(action), Some(state), Some(logged)) =
            (batch.action.get(row), batch.state.get(row), batch.logged.get(row))
        else {
            return;
        };
        self.rhythm.take();
        if starts_flow(*action, *state)
            && let (Some(time_ms), Some(src_port)) = (batch.time_ms.get(row), batch.src_port.get(row))
        {
            self.begun.push((*time_ms, *src_port));
        }
        if *action == Action::Allow && *state == Some(State::End) && logged & SENT_BYTES_LOGGED != 0 {
            self.sent_bytes.extend(batch.bytes_src_to_dst.get(row));
        }
    }

    fn rhythm(&self) -> &Rhythm {
        self.rhythm.get_or_init(|| Box::new(Rhythm::of(self)))
    }

    fn connections_ms(&self) -> Vec<i64> {
        let mut by_port: Vec<(u16, i64)> =
            self.begun.iter().map(|(time_ms, port)| (*port, *time_ms)).collect();
        by_port.sort();
        let mut last = None;
        let mut connections_ms: Vec<i64> = Vec::with_capacity(by_port.len());
        for (port, time_ms) in by_port {
            let is_retry =
                last.is_some_and(|(last_port, last_ms)| last_port == port && time_ms - last_ms <= RETRY_MS);
            if !is_retry {
                connections_ms.push(time_ms);
            }
            last = Some((port, time_ms));
        }
        connections_ms.sort();
        connections_ms
    }
}

impl Rhythm {
    fn of(calls: &Calls) -> Rhythm {
        let connections_ms = calls.connections_ms();
        let following = connections_ms.iter().skip(1);
        let intervals = Sample::new(
            connections_ms.iter().zip(following).map(|(one, next)| (next - one) as f64).collect(),
        );
        let interval_ms = intervals.median();
        // Connections at one moment are a burst, whatever their regularity.
        let interval_score = if interval_ms > Some(0.0) { intervals.regularity() } else { Some(0.0) };
        let sizes = Sample::new(calls.sent_bytes.iter().map(|bytes| *bytes as f64).collect());
        let size_score = if sizes.len() * 2 >= connections_ms.len() { sizes.regularity() } else { None };
        Rhythm { connections_ms, interval_ms, interval_score, size_score }
    }
}

impl Aggregate for Beacons {
    const NAME: &'static str = "beacons";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.add_condensed(&Condensed::of_tuples(batch, None));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, rows: Some(rows), .. } = condensed else { return false };
        for time_ms in cells.time_ms.iter().min().copied().into_iter().chain(cells.last_ms()) {
            self.data.add(time_ms);
        }
        let wanted = self.options.wanted(cells);
        self.attempts.add(condensed, wanted, |calls, row| calls.add(rows, row));
        true
    }

    fn merge(&mut self, other: Beacons) {
        self.attempts.merge(other.attempts);
        self.data.merge(other.data);
    }

    fn finish(self) -> Table {
        let mut callers = Callers::new(self.options, self.data);
        self.attempts.for_each_conversation(|conversation, places| callers.add(conversation, places));
        callers.table()
    }
}

/// Conversations that call home.
pub(super) struct Callers {
    options: BeaconOptions,
    data: TimeSpan,
    beacons: Vec<Beacon>,
}

impl Callers {
    /// None so far, in data of that time.
    pub(super) fn new(options: BeaconOptions, data: TimeSpan) -> Callers {
        Callers { options, data, beacons: Vec::new() }
    }

    /// Takes in a conversation, as each place logged it.
    pub(super) fn add(&mut self, conversation: &Conversation, places: &[&Calls]) {
        let options = self.options;
        let fullest = places
            .iter()
            .filter(|calls| calls.begun.len() >= options.min_connections.max(3))
            .map(|calls| calls.rhythm())
            // The first of equals: places stand in the order of their NICs.
            .reduce(
                |one, other| {
                    if other.connections_ms.len() > one.connections_ms.len() { other } else { one }
                },
            );
        let beacon = fullest.and_then(|rhythm| Beacon::of(*conversation, rhythm, self.data));
        let is_enough = |beacon: &Beacon| {
            beacon.connections >= options.min_connections && beacon.score >= options.min_score
        };
        self.beacons.extend(beacon.filter(is_enough));
    }

    /// The answer.
    pub(super) fn table(self) -> Table {
        let mut beacons = self.beacons;
        sort_by(&mut beacons, |one, other| {
            other.score.total_cmp(&one.score).then_with(|| one.conversation.cmp(&other.conversation))
        });
        Rows::of(&beacons)
            .conversation(|beacon| &beacon.conversation)
            .number("connections", |beacon| Some(beacon.connections as u64))
            .number("interval_ms", |beacon| Some(beacon.interval_ms.round() as u64))
            .real("score", |beacon| Some(beacon.score))
            .real("interval_score", |beacon| Some(beacon.interval_score))
            .real("size_score", |beacon| beacon.size_score)
            .real("duration_score", |beacon| Some(beacon.duration_score))
            .real("histogram_score", |beacon| Some(beacon.histogram_score))
            .time("first_time", |beacon| beacon.span.first_ms())
            .time("last_time", |beacon| beacon.span.last_ms())
            .table()
    }
}

impl Beacon {
    /// The scores of these connections; `None` where there are too few for an interval.
    fn of(conversation: Conversation, rhythm: &Rhythm, data: TimeSpan) -> Option<Beacon> {
        let Rhythm { connections_ms, interval_ms, interval_score, size_score } = rhythm;
        let (interval_ms, interval_score, size_score) = ((*interval_ms)?, (*interval_score)?, *size_score);
        let mut span = TimeSpan::default();
        connections_ms.iter().for_each(|time_ms| span.add(*time_ms));
        let duration_score = duration_score(connections_ms, span, data);
        let histogram_score = histogram_score(connections_ms, data);
        let scores = [Some(interval_score), size_score, Some(duration_score), Some(histogram_score)];
        let known: Vec<f64> = scores.into_iter().flatten().collect();
        let score = known.iter().sum::<f64>() / known.len() as f64;
        let connections = connections_ms.len();
        Some(Beacon {
            conversation,
            connections,
            interval_ms,
            interval_score,
            size_score,
            duration_score,
            histogram_score,
            score,
            span,
        })
    }
}

fn duration_score(connections_ms: &[i64], span: TimeSpan, data: TimeSpan) -> f64 {
    let coverage = if data.length_ms() > 0 { span.length_ms() as f64 / data.length_ms() as f64 } else { 0.0 };
    let (mut longest, mut run, mut last) = (0_u32, 0_u32, None);
    for hour in connections_ms.iter().map(|time_ms| time_ms.div_euclid(HOUR_MS)) {
        match last {
            Some(last) if last == hour => {}
            Some(last) if last + 1 == hour => run += 1,
            _ => run = 1,
        }
        last = Some(hour);
        longest = longest.max(run);
    }
    coverage.max(f64::from(longest) / FULL_RUN_HOURS).min(1.0)
}

fn histogram_score(connections_ms: &[i64], data: TimeSpan) -> f64 {
    let count = (connections_ms.len() / CONNECTIONS_A_PART).clamp(2, MOST_PARTS);
    let (Some(start_ms), length_ms) = (data.first_ms(), data.length_ms() as f64 + 1.0) else { return 0.0 };
    let mut parts = vec![0_u32; count];
    for time_ms in connections_ms {
        let part = ((time_ms - start_ms) as f64 / length_ms * count as f64) as usize;
        if let Some(part) = parts.get_mut(part) {
            *part += 1;
        }
    }
    let mean = connections_ms.len() as f64 / count as f64;
    let variance = parts.iter().map(|part| (f64::from(*part) - mean).powi(2)).sum::<f64>() / count as f64;
    let flatness = (1.0 - variance.sqrt() / mean).max(0.0);
    if count < FEWEST_PARTS_WITH_LEVELS { flatness } else { flatness.max(two_levels(&parts)) }
}

/// The share of parts whose number is one of the two commonest, numbers within a twentieth of the highest being
/// alike. One part may be an outlier.
fn two_levels(parts: &[u32]) -> f64 {
    let step = (parts.iter().max().copied().unwrap_or(0).div_ceil(20)).max(1);
    let mut levels: Vec<u32> = parts.iter().map(|part| part / step).collect();
    levels.sort_unstable();
    let mut sizes: Vec<usize> = levels.chunk_by(|one, other| one == other).map(<[u32]>::len).collect();
    sizes.sort_unstable();
    let two: usize = sizes.iter().rev().take(2).sum();
    (two as f64 / (parts.len() - 1).max(1) as f64).min(1.0)
}
