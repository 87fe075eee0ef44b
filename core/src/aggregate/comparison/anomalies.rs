//! `anomalies`: hours in which a key (host, port, group) was unlike itself at that hour of other days.
//!
//! The baseline of a key's hour is the median of its values at the same hour of day (UTC) on the other days; the
//! scale is their median absolute deviation, so one wild day spoils no baseline. One row for each hour further off
//! than [`AnomalyOptions::threshold`]: the keys, `time` (the hour's start), `value`, `expected`, `deviation`, `score`
//! (how many scales off; below 0 is less than usual), `days` (how many other days there were). Furthest off first.
//!
//! An hour of which the data hold tuples of others counts as 0 for a key without any, an hour of which they hold
//! nothing at all counts as unknown. Byte counts of an hour in which a key's tuples had no counters are unknown too.
//!
//! Memory: an entry for every key and hour.

use crate::aggregate::Aggregate;
use crate::aggregate::Metric;
use crate::aggregate::building_blocks::key_table::KeyTable;
use crate::aggregate::building_blocks::keys::{Key, KeyValue};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::statistics::Sample;
use crate::aggregate::building_blocks::totals::Totals;
use crate::batch::Batch;
use crate::groups::Groups;
use crate::sorting::sort_by;
use crate::table::Table;
use crate::travel::travels;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// What is compared, and how far off is an anomaly.
#[derive(Clone, Debug)]
pub struct AnomalyOptions {
    /// What to group by (default: source).
    pub by: Vec<Key>,
    /// The value of an hour (default: bytes in both directions). `Peers` is no sum over hours and gives no rows.
    pub metric: Metric,
    /// Scales off the baseline, up or down (default: 5).
    pub threshold: f64,
    /// Other days that a baseline needs (default: 3, the fewest that outvote an outlier).
    pub min_days: usize,
    /// Smaller differences are no anomaly, whatever the scale (default: 0).
    pub min_difference: u64,
    /// Names for networks, for keys by group.
    pub groups: Arc<Groups>,
}

impl Default for AnomalyOptions {
    fn default() -> AnomalyOptions {
        AnomalyOptions {
            by: vec![Key::Column("src_ip")],
            metric: Metric::Bytes,
            threshold: 5.0,
            min_days: 3,
            min_difference: 0,
            groups: Arc::new(Groups::default()),
        }
    }
}

impl AnomalyOptions {
    /// Says so where no hour of the data has enough others to be compared with: no anomaly is then no good news.
    fn too_few_days(&self, hours: &[i64]) -> Option<String> {
        let days = by_hour_of_day(hours.iter().map(|hour| (*hour, ())));
        let others = days.iter().map(Vec::len).max().filter(|days| *days > 0)?.saturating_sub(1);
        let needed = self.min_days.max(1);
        (others < needed).then(|| {
            let needed = if needed == 1 { "another day".to_owned() } else { format!("{needed} other days") };
            format!(
                "nothing was compared: an hour needs the same hour of {needed}, and these data have {others}"
            )
        })
    }
}

/// Values of every key by hour.
#[derive(Clone, Debug)]
pub struct Anomalies {
    options: AnomalyOptions,
    keys: KeyTable,
    hours: HashMap<(u32, i64), Totals, FixedState>,
}

travels!(Anomalies { keys, hours } without options);

/// One hour that was unlike the others.
struct Anomaly {
    key: Vec<KeyValue>,
    hour: i64,
    value: u64,
    expected: f64,
    deviation: f64,
    score: f64,
    days: usize,
}

const HOUR_MS: i64 = 3_600_000;

const HOURS_A_DAY: i64 = 24;

/// A normal sample's standard deviation in median absolute deviations.
const SCALE_OF_DEVIATION: f64 = 1.4826;

/// The scale is at least this part of the baseline, and one: days that were all alike make no trifle an anomaly.
const LEAST_SCALE: f64 = 0.1;

impl Anomalies {
    /// An empty one with these options.
    #[must_use]
    pub fn new(options: AnomalyOptions) -> Anomalies {
        let keys = KeyTable::new(&options.by, Arc::clone(&options.groups));
        Anomalies { options, keys, hours: HashMap::default() }
    }

    fn value(&self, totals: &Totals) -> Option<u64> {
        match self.options.metric {
            Metric::Tuples => Some(totals.tuples),
            Metric::Flows => Some(totals.flows),
            Metric::Denied => Some(totals.denied),
            Metric::PacketsSrcToDst => totals.packets_src_to_dst(),
            Metric::BytesSrcToDst => totals.bytes_src_to_dst(),
            Metric::PacketsDstToSrc => totals.packets_dst_to_src(),
            Metric::BytesDstToSrc => totals.bytes_dst_to_src(),
            Metric::Bytes => totals.bytes(),
            Metric::Packets => totals.packets(),
            Metric::Peers => None,
        }
    }

    /// The anomalies of a key, from its values and the hours that the data hold, both by hour.
    fn of_key(&self, key: &[KeyValue], values: &[HourOfKey], hours: &[i64]) -> Vec<Anomaly> {
        let value = |hour: &i64| match values.binary_search_by_key(hour, |(_, hour, _)| *hour) {
            // Absent is nothing; there and without counters is unknown.
            Err(_) => Some((*hour, 0)),
            Ok(place) => Some((*hour, values.get(place)?.2?)),
        };
        let mut anomalies = Vec::new();
        for days in by_hour_of_day(hours.iter().filter_map(value)) {
            if days.iter().all(|(_, value)| *value == 0) {
                continue;
            }
            for (hour, value) in &days {
                let others = days.iter().filter(|(other, _)| other != hour).map(|(_, value)| *value as f64);
                anomalies.extend(self.judge(key, *hour, *value, &Sample::new(others.collect())));
            }
        }
        anomalies
    }

    fn judge(&self, key: &[KeyValue], hour: i64, value: u64, others: &Sample) -> Option<Anomaly> {
        if others.len() < self.options.min_days.max(1) {
            return None;
        }
        let (expected, deviation) = (others.median()?, others.median_absolute_deviation()?);
        let scale = (deviation * SCALE_OF_DEVIATION).max(expected * LEAST_SCALE).max(1.0);
        let difference = value as f64 - expected;
        let score = difference / scale;
        let is_anomaly = score.abs() >= self.options.threshold
            && difference != 0.0
            && difference.abs() >= self.options.min_difference as f64;
        let days = others.len();
        is_anomaly.then(|| Anomaly { key: key.to_vec(), hour, value, expected, deviation, score, days })
    }
}

/// A key's number, an hour and the key's value in it; `None` where that is not known.
type HourOfKey = (u32, i64, Option<u64>);

/// Hours with something of each, by the hour of the day.
fn by_hour_of_day<T>(hours: impl Iterator<Item = (i64, T)>) -> [Vec<(i64, T)>; HOURS_A_DAY as usize] {
    let mut days = [const { Vec::new() }; HOURS_A_DAY as usize];
    for (hour, of_hour) in hours {
        if let Some(day) = days.get_mut(hour.rem_euclid(HOURS_A_DAY) as usize) {
            day.push((hour, of_hour));
        }
    }
    days
}

impl Aggregate for Anomalies {
    const NAME: &'static str = "anomalies";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let codes = self.keys.codes(batch);
        for (row, (code, time_ms)) in codes.into_iter().zip(&batch.time_ms).enumerate() {
            self.hours.entry((code, time_ms.div_euclid(HOUR_MS))).or_default().add(batch, row);
        }
    }

    fn merge(&mut self, other: Anomalies) {
        let mut codes: HashMap<u32, u32, FixedState> = HashMap::default();
        for ((code, hour), totals) in &other.hours {
            let own = *codes.entry(*code).or_insert_with(|| self.keys.code_of(other.keys.values(*code)));
            self.hours.entry((own, *hour)).or_default().merge(totals);
        }
    }

    fn finish(self) -> Table {
        let mut hours: Vec<i64> = self.hours.keys().map(|(_, hour)| *hour).collect();
        sort_by(&mut hours, Ord::cmp);
        hours.dedup();
        let value = |((code, hour), totals): (&(u32, i64), &Totals)| (*code, *hour, self.value(totals));
        let mut values: Vec<HourOfKey> = self.hours.iter().map(value).collect();
        sort_by(&mut values, Ord::cmp);
        let mut anomalies: Vec<Anomaly> = Vec::new();
        for of_key in values.chunk_by(|(one, ..), (other, ..)| one == other) {
            let key = of_key.first().map(|(code, ..)| self.keys.values(*code)).unwrap_or_default();
            anomalies.extend(self.of_key(&key, of_key, &hours));
        }
        sort_by(&mut anomalies, |one, other| {
            let by_score = other.score.abs().total_cmp(&one.score.abs());
            by_score.then_with(|| (one.hour, &one.key).cmp(&(other.hour, &other.key)))
        });
        let mut table = Table::default();
        self.keys.add_columns(&mut table, anomalies.iter().map(|anomaly| Some(anomaly.key.as_slice())));
        let values = Rows::of(&anomalies)
            .time("time", |anomaly| Some(anomaly.hour * HOUR_MS))
            .number("value", |anomaly| Some(anomaly.value))
            .real("expected", |anomaly| Some(anomaly.expected))
            .real("deviation", |anomaly| Some(anomaly.deviation))
            .real("score", |anomaly| Some(anomaly.score))
            .number("days", |anomaly| Some(anomaly.days as u64))
            .table();
        table.columns.extend(values.columns);
        table.notes.extend(self.options.too_few_days(&hours));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{self, START_MS, TestRow, lawful, printed, row, whole};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn sent(day: i64, hour: i64, bytes: u64) -> TestRow {
        let text = format!("10.1.1.4,10.1.1.5,50000,443,6,O,E,NX,5,{bytes},4,0");
        row(day * 86_400_000 + hour * HOUR_MS, &text, "UserRule_out", "A")
    }

    #[test]
    fn a_busy_hour_of_every_day_is_usual_and_one_of_a_quiet_night_is_not() {
        let mut rows = Vec::new();
        for day in 0..7 {
            rows.push(sent(day, 0, 1_000_000 + day as u64 * 10_000));
            rows.push(sent(day, 12, 1_000));
        }
        rows.push(sent(3, 12, 500_000));
        let table = whole(&rows, || Anomalies::new(AnomalyOptions::default())).finish();
        let hour_ms = START_MS + 3 * 86_400_000 + 12 * HOUR_MS;
        assert_eq!(
            printed(&table, &["src_ip", "time", "value", "expected", "score", "days"]),
            [["10.1.1.4", &hour_ms.to_string(), "501000", "1000.000000", "5000.000000", "6"]]
        );
    }

    #[test]
    fn silence_is_an_anomaly_only_where_the_data_have_that_hour() {
        let mut rows: Vec<TestRow> =
            (0..7).filter(|day| *day != 4 && *day != 5).map(|day| sent(day, 0, 9_000)).collect();
        // On day 4 others were logged, on day 5 nothing was.
        rows.push(row(4 * 86_400_000, "10.1.1.5,10.1.1.9,50000,443,6,O,E,NX,5,5,4,5", "UserRule_out", "A"));
        let table = whole(&rows, || Anomalies::new(AnomalyOptions::default())).finish();
        let of_host: Vec<Vec<String>> = printed(&table, &["src_ip", "value", "score"])
            .into_iter()
            .filter(|cells| cells[0] == "10.1.1.4")
            .collect();
        assert_eq!(of_host, [["10.1.1.4", "0", "-10.000000"]]);
    }

    #[test]
    fn too_few_days_are_told() {
        let notes = |days: i64| {
            let rows: Vec<TestRow> = (0..days).map(|day| sent(day, 0, 9)).collect();
            whole(&rows, || Anomalies::new(AnomalyOptions::default())).finish().notes
        };
        let expected =
            "nothing was compared: an hour needs the same hour of 3 other days, and these data have 2";
        assert_eq!(notes(3), [expected]);
        assert!(notes(4).is_empty() && notes(0).is_empty());
    }

    proptest! {
        #[test]
        fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(150), seed in any::<u64>()) {
            let options = AnomalyOptions { metric: Metric::Tuples, threshold: 1.0, min_days: 1, ..AnomalyOptions::default() };
            let table = lawful(&rows, seed, || Anomalies::new(options.clone()));
            let hour = |row: &TestRow| row.tuple.time_ms / HOUR_MS;
            let hours: BTreeSet<i64> = rows.iter().map(hour).collect();
            let mut expected = Vec::new();
            for source in rows.iter().map(|row| row.tuple.src_ip).collect::<BTreeSet<_>>() {
                let count = |at: i64| rows.iter().filter(|row| row.tuple.src_ip == source && hour(row) == at).count() as f64;
                for at in &hours {
                    // Two days: at most one other.
                    let other = hours.iter().find(|other| *other != at && (*other - at) % 24 == 0);
                    if let Some(other) = other {
                        let (value, baseline) = (count(*at), count(*other));
                        let score = (value - baseline) / (baseline * 0.1).max(1.0);
                        if score.abs() >= 1.0 {
                            expected.push(vec![source.to_string(), (at * HOUR_MS).to_string(), value.to_string(), format!("{score:.6}")]);
                        }
                    }
                }
            }
            let mut found = printed(&table, &["src_ip", "time", "value", "score"]);
            found.sort();
            expected.sort();
            prop_assert_eq!(found, expected);
        }
    }
}
