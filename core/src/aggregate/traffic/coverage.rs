//! `coverage`: which NICs and hours are there, what is missing, and what no such log can show.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::batch::Batch;
use crate::dictionary::Texts;
use crate::sorting::sort_by_key;
use crate::table::Table;
use crate::travel::travels;
use foldhash::fast::FixedState;
use std::collections::{BTreeSet, HashMap};

/// Each NIC's hours, and the hours between the first and the last of the data in which it logged nothing.
///
/// Tuples stand in the hour of their own time, records in the hour they were written in. `gap_minutes` is the longest
/// run of minutes of that hour without a tuple of the NIC, as far as they lie between the data's first and last
/// tuple: a NIC without traffic logs nothing, so a gap is a question and no proof of loss.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    macs: Texts,
    /// By NIC (`None` where none was logged) and hour since 1970.
    hours: HashMap<(Option<u32>, i64), Hour, FixedState>,
    span: TimeSpan,
    has_nsg_udp: bool,
}

travels!(Coverage { macs, hours, span, has_nsg_udp });

/// At most so many rows for hours without anything: a year of 10 NICs. Damaged times could otherwise make any number.
const MOST_EMPTY_HOURS: usize = 87_840;

const MINUTE_MS: i64 = 60_000;
const MINUTES_PER_HOUR: i64 = 60;
const HOUR_MS: i64 = MINUTES_PER_HOUR * MINUTE_MS;

/// What holds for every flow log.
const BLIND_SPOTS: [&str; 3] = [
    "never logged: ICMP, traffic at a private endpoint itself, ExpressRoute FastPath, and several PaaS services",
    "outbound traffic to an ExpressRoute circuit is not logged where only the gateway subnet is",
    "a flow log may have a filter that leaves out states, rules or addresses: that something is absent proves nothing",
];

#[derive(Clone, Copy, Debug, Default)]
struct Hour {
    records: u64,
    tuples: u64,
    span: TimeSpan,
    /// A bit for each minute with a tuple.
    minutes: u64,
}

travels!(Hour { records, tuples, span, minutes });

#[derive(Debug)]
struct CoverageRow<'m> {
    mac: Option<&'m str>,
    hour_ms: i64,
    hour: Hour,
    gap_minutes: u64,
}

impl Coverage {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Coverage {
        Coverage::default()
    }

    fn hour(&mut self, mac: Option<u32>, time_ms: i64) -> &mut Hour {
        self.hours.entry((mac, time_ms.div_euclid(HOUR_MS))).or_default()
    }

    /// The longest run of an hour's minutes that lie in the data and have no tuple.
    fn gap_minutes(&self, hour: i64, minutes: u64) -> u64 {
        let (Some(first_ms), Some(last_ms)) = (self.span.first_ms(), self.span.last_ms()) else { return 0 };
        let (first, last) = (first_ms.div_euclid(MINUTE_MS), last_ms.div_euclid(MINUTE_MS));
        let (mut run, mut longest) = (0, 0);
        for minute in 0..MINUTES_PER_HOUR {
            let is_in_data = (first..=last).contains(&(hour * MINUTES_PER_HOUR + minute));
            run = if is_in_data && minutes >> minute & 1 == 0 { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        longest
    }

    /// Hours of the data in which a NIC logged nothing, and whether there are more of them.
    fn empty_hours(&self) -> (Vec<(Option<u32>, i64)>, bool) {
        let mut empty = Vec::new();
        let (Some(first_ms), Some(last_ms)) = (self.span.first_ms(), self.span.last_ms()) else {
            return (empty, false);
        };
        // By MAC, so that a limit cuts off the same hours whatever came first.
        let macs: BTreeSet<(Option<&str>, Option<u32>)> =
            self.hours.keys().map(|(mac, _)| (mac.map(|mac| self.macs.get(mac)), *mac)).collect();
        for hour in first_ms.div_euclid(HOUR_MS)..=last_ms.div_euclid(HOUR_MS) {
            for (_, mac) in &macs {
                if self.hours.contains_key(&(*mac, hour)) {
                    continue;
                }
                if empty.len() == MOST_EMPTY_HOURS {
                    return (empty, true);
                }
                empty.push((*mac, hour));
            }
        }
        (empty, false)
    }
}

impl Aggregate for Coverage {
    const NAME: &'static str = "coverage";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let macs: Vec<Option<u32>> =
            batch.groups.iter().map(|group| batch.text(group.mac).map(|mac| self.macs.intern(mac))).collect();
        // A record that names no NIC is counted at that of its first group: old NSG logs name it only there.
        let mut mac_of_record: HashMap<u32, Option<u32>, FixedState> = HashMap::default();
        for (group, mac) in batch.groups.iter().zip(&macs) {
            mac_of_record.entry(group.record).or_insert(*mac);
        }
        for (number, record) in (0..).zip(&batch.records) {
            let own = batch.text(record.mac).map(|mac| self.macs.intern(mac));
            let mac = own.or_else(|| mac_of_record.get(&number).copied().flatten());
            if let Some(time_ms) = record.time_ms {
                self.hour(mac, time_ms).records += 1;
            }
        }
        for (row, (time_ms, group)) in batch.time_ms.iter().zip(&batch.group).enumerate() {
            self.span.add(*time_ms);
            let hour = self.hour(macs.get(*group as usize).copied().flatten(), *time_ms);
            hour.tuples += 1;
            hour.span.add(*time_ms);
            hour.minutes |= 1 << (time_ms.rem_euclid(HOUR_MS) / MINUTE_MS);
            self.has_nsg_udp |= batch.version.get(row) == Some(&2) && batch.protocol.get(row) == Some(&17);
        }
    }

    fn merge(&mut self, other: Coverage) {
        for ((mac, number), theirs) in &other.hours {
            let mac = mac.map(|mac| self.macs.intern(other.macs.get(mac)));
            let hour = self.hours.entry((mac, *number)).or_default();
            hour.records += theirs.records;
            hour.tuples += theirs.tuples;
            hour.span.merge(theirs.span);
            hour.minutes |= theirs.minutes;
        }
        self.span.merge(other.span);
        self.has_nsg_udp |= other.has_nsg_udp;
    }

    fn finish(self) -> Table {
        let (empty, has_more) = self.empty_hours();
        let known = self.hours.iter().map(|(key, hour)| (*key, *hour));
        let mut rows: Vec<CoverageRow<'_>> = known
            .chain(empty.iter().map(|key| (*key, Hour::default())))
            .map(|((mac, number), hour)| CoverageRow {
                mac: mac.map(|mac| self.macs.get(mac)),
                hour_ms: number.saturating_mul(HOUR_MS),
                hour,
                gap_minutes: self.gap_minutes(number, hour.minutes),
            })
            .collect();
        sort_by_key(&mut rows, |row| (row.mac.is_none(), row.mac, row.hour_ms));
        let mut table = Rows::of(&rows)
            .text("mac", |row| row.mac)
            .time("hour", |row| Some(row.hour_ms))
            .number("records", |row| Some(row.hour.records))
            .number("tuples", |row| Some(row.hour.tuples))
            .time("first_time", |row| row.hour.span.first_ms())
            .time("last_time", |row| row.hour.span.last_ms())
            .number("gap_minutes", |row| Some(row.gap_minutes))
            .table();
        if !empty.is_empty() {
            table.notes.push(format!("{} hours of a NIC have neither a record nor a tuple", empty.len()));
        }
        if has_more {
            table
                .notes
                .push(format!("more than {MOST_EMPTY_HOURS} hours are empty: later ones are left out"));
        }
        if self.has_nsg_udp {
            table.notes.push("NSG flow logs count no packets and bytes of UDP: they are always 0".to_owned());
        }
        table.notes.extend(BLIND_SPOTS.map(str::to_owned));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{START_MS, TestRow, lawful, printed, row, rows};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn tuple(minute: i64, mac: &'static str) -> TestRow {
        row(minute * MINUTE_MS, "10.1.1.4,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "r", mac)
    }

    fn covered(rows: &[TestRow]) -> Vec<String> {
        let table = lawful(rows, 1, Coverage::new);
        let hour = |text: &str| (text.parse::<i64>().unwrap() - START_MS) / HOUR_MS;
        printed(&table, &["mac", "hour", "records", "tuples", "gap_minutes"])
            .iter()
            .map(|line| format!("{} {} {} {} {}", line[0], hour(&line[1]), line[2], line[3], line[4]))
            .collect()
    }

    #[test]
    fn a_gap_is_the_longest_run_of_minutes_without_a_tuple() {
        let minutes = [10, 11, 12, 20, 50, 51];
        let rows: Vec<TestRow> = minutes.iter().map(|minute| tuple(*minute, "A")).collect();
        // From 21 to 49; what lies before the first tuple and after the last is unknown.
        assert_eq!(covered(&rows), ["A 0 6 6 29"]);
    }

    #[test]
    fn an_hour_without_anything_is_a_row() {
        let rows = [tuple(0, "A"), tuple(30, "B"), tuple(150, "A")];
        assert_eq!(
            covered(&rows),
            ["A 0 1 1 59", "A 1 0 0 60", "A 2 1 1 30", "B 0 1 1 30", "B 1 0 0 60", "B 2 0 0 31"]
        );
        let table = lawful(&rows, 1, Coverage::new);
        assert_eq!(table.notes[0], "3 hours of a NIC have neither a record nor a tuple");
        assert!(table.notes[1].starts_with("never logged: ICMP"));
    }

    #[test]
    fn damaged_times_do_not_fill_the_memory() {
        let rows = [tuple(0, "A"), tuple(4_000_000_000, "A")];
        let table = lawful(&rows, 1, Coverage::new);
        assert_eq!(table.len(), MOST_EMPTY_HOURS + 2);
        assert_eq!(table.notes[1], "more than 87840 hours are empty: later ones are left out");
    }

    #[test]
    fn what_nsg_logs_do_not_count_is_told() {
        let rows = [row(0, "10.1.1.4,10.2.0.5,50000,53,U,O,A,E,0,0,0,0", "r", "A")];
        let notes = lawful(&rows, 1, Coverage::new).notes;
        assert_eq!(notes[0], "NSG flow logs count no packets and bytes of UDP: they are always 0");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_are_the_plain_ones(rows in rows(60), seed in any::<u64>()) {
            let table = lawful(&rows, seed, Coverage::new);
            let mut expected: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for row in &rows {
                let hour_ms = row.tuple.time_ms / HOUR_MS * HOUR_MS;
                *expected.entry(vec![row.mac.unwrap_or("-").to_owned(), hour_ms.to_string()]).or_default() += 1;
            }
            let lines = printed(&table, &["mac", "hour", "tuples", "records"]);
            let found: BTreeMap<Vec<String>, u64> = lines.iter().filter(|line| line[2] != "0")
                .map(|line| (line[..2].to_vec(), line[2].parse().unwrap())).collect();
            prop_assert_eq!(found, expected);
            // The tests' rows have a record each.
            prop_assert!(lines.iter().all(|line| line[2] == line[3]));
        }
    }
}
