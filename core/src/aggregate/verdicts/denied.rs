//! `denied`: what is blocked, by whom.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::lanes::ranks;
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::dictionary::{Addresses, Texts};
use crate::origin::RuleOrigin;
use crate::sorting::sort_biggest_first;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::Action;
use core::cmp::Reverse;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Denied tries by source, destination, port, protocol and rule, most tries first.
///
/// `ongoing`: whoever tries seems to go on trying. So it is where the last try lies no further from the end of the
/// data than twice the mean time between tries, or than [`ONGOING_MS`] if that is more.
#[derive(Clone, Debug, Default)]
pub struct Denied {
    addresses: Addresses,
    rules: Texts,
    tries: HashMap<DeniedKey, Tries, FixedState>,
    /// Of all tuples, denied or not.
    last_ms: Option<i64>,
}

travels!(Denied { addresses, rules, tries, last_ms });

/// A last try this close to the end of the data is ongoing, however few there were: twice the time after which a live
/// flow shows itself again.
pub const ONGOING_MS: i64 = 10 * 60_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct DeniedKey {
    src_ip: u32,
    dst_ip: u32,
    dst_port: u16,
    protocol: u8,
    rule: Option<u32>,
    rule_origin: Option<RuleOrigin>,
}

travels!(DeniedKey { src_ip, dst_ip, dst_port, protocol, rule, rule_origin });

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    count: u64,
    span: TimeSpan,
}

travels!(Tries { count, span });

/// One row of the answer; sorted by its own order behind the number of tries.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DeniedRow {
    most_tries: Reverse<u64>,
    /// Places of addresses and rule among all in order: quicker to compare than they.
    src_rank: u32,
    dst_rank: u32,
    dst_port: u16,
    protocol: u8,
    rule_rank: Option<u32>,
    rule_origin: Option<RuleOrigin>,
    first_ms: Option<i64>,
    last_ms: Option<i64>,
    is_ongoing: bool,
    src_ip: u32,
    dst_ip: u32,
    rule: Option<u32>,
}

impl Denied {
    /// No tries yet.
    #[must_use]
    pub fn new() -> Denied {
        Denied::default()
    }
}

/// No rule's code.
const NO_RULE: u32 = u32::MAX;

impl Tries {
    fn is_ongoing(self, data_last_ms: i64) -> bool {
        let Some(last_ms) = self.span.last_ms() else { return false };
        let between_ms = match i64::try_from(self.count).unwrap_or(i64::MAX) {
            0 | 1 => 0,
            tries => self.span.length_ms() / (tries - 1),
        };
        data_last_ms.saturating_sub(last_ms) <= between_ms.saturating_mul(2).max(ONGOING_MS)
    }
}

impl Aggregate for Denied {
    const NAME: &'static str = "denied";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.last_ms = self.last_ms.max(batch.last_ms());
        let rules = &mut self.rules;
        let of_group: Vec<(Option<u32>, Option<RuleOrigin>)> = batch
            .groups
            .iter()
            .map(|group| (batch.text(group.rule).map(|rule| rules.intern(rule)), group.rule_origin))
            .collect();
        for (row, action) in batch.action.iter().enumerate() {
            if *action != Action::Deny {
                continue;
            }
            let (Some(src), Some(dst), Some(dst_port), Some(protocol), Some(group)) = (
                batch.src_ip.get(row),
                batch.dst_ip.get(row),
                batch.dst_port.get(row),
                batch.protocol.get(row),
                batch.group.get(row),
            ) else {
                continue;
            };
            let (rule, rule_origin) = of_group.get(*group as usize).copied().unwrap_or_default();
            let key = DeniedKey {
                src_ip: self.addresses.intern(batch.addresses.get(*src)),
                dst_ip: self.addresses.intern(batch.addresses.get(*dst)),
                dst_port: *dst_port,
                protocol: *protocol,
                rule,
                rule_origin,
            };
            let tries = self.tries.entry(key).or_default();
            tries.count += batch.weights.get(row).map_or(1, |weight| u64::from(weight.tuples));
            tries.span.add_row(batch, row);
        }
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.add(condensed.cells);
        true
    }

    fn merge(&mut self, other: Denied) {
        self.last_ms = self.last_ms.max(other.last_ms);
        for (key, theirs) in &other.tries {
            let key = DeniedKey {
                src_ip: self.addresses.intern(other.addresses.get(key.src_ip)),
                dst_ip: self.addresses.intern(other.addresses.get(key.dst_ip)),
                rule: key.rule.map(|rule| self.rules.intern(other.rules.get(rule))),
                ..*key
            };
            let tries = self.tries.entry(key).or_default();
            tries.count += theirs.count;
            tries.span.merge(theirs.span);
        }
    }

    fn finish(self) -> Table {
        let (address_ranks, rule_ranks) = (ranks(self.addresses.values()), ranks(self.rules.values()));
        let rank = |ranks: &[u32], code: u32| ranks.get(code as usize).copied().unwrap_or(0);
        let mut rows: Vec<DeniedRow> = self
            .tries
            .iter()
            .map(|(key, tries)| DeniedRow {
                most_tries: Reverse(tries.count),
                src_rank: rank(&address_ranks, key.src_ip),
                dst_rank: rank(&address_ranks, key.dst_ip),
                dst_port: key.dst_port,
                protocol: key.protocol,
                rule_rank: key.rule.map(|rule| rank(&rule_ranks, rule)),
                rule_origin: key.rule_origin,
                first_ms: tries.span.first_ms(),
                last_ms: tries.span.last_ms(),
                is_ongoing: self.last_ms.is_some_and(|last_ms| tries.is_ongoing(last_ms)),
                src_ip: key.src_ip,
                dst_ip: key.dst_ip,
                rule: key.rule,
            })
            .collect();
        sort_biggest_first(&mut rows, |row| row.most_tries.0, Ord::cmp);
        let address = |code: u32| Some(self.addresses.get(code).to_string());
        let mut table = Rows::of(&rows)
            .text_by("src_ip", |row| row.src_ip, address)
            .text_by("dst_ip", |row| row.dst_ip, address)
            .port("dst_port", |row| Some(row.dst_port))
            .small("protocol", |row| Some(row.protocol))
            .text_by(
                "rule",
                |row| row.rule.unwrap_or(NO_RULE),
                |rule| (rule != NO_RULE).then(|| self.rules.get(rule)),
            )
            .text("rule_origin", |row| row.rule_origin.map(RuleOrigin::name))
            .number("tries", |row| Some(row.most_tries.0))
            .time("first_time", |row| row.first_ms)
            .time("last_time", |row| row.last_ms)
            .table();
        table.add("ongoing", Values::Bool(rows.iter().map(|row| Some(row.is_ongoing)).collect()));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{TestRow, lawful, printed, row, rows};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const MINUTE: i64 = 60_000;

    fn denial(minute: i64, source: &str) -> TestRow {
        row(minute * MINUTE, &format!("{source},10.2.0.5,50000,22,6,O,D,NX,0,0,0,0"), "nossh", "A")
    }

    fn end_of_data(minute: i64) -> TestRow {
        row(minute * MINUTE, "10.9.9.9,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "web", "A")
    }

    #[test]
    fn tries_are_counted_by_whom_and_what() {
        let rows = [denial(0, "10.1.1.5"), denial(1, "10.1.1.4"), denial(3, "10.1.1.4"), end_of_data(30)];
        let table = lawful(&rows, 1, Denied::new);
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(
            names.join(" "),
            "src_ip dst_ip dst_port protocol rule rule_origin tries first_time last_time ongoing"
        );
        assert_eq!(
            printed(&table, &["src_ip", "dst_port", "rule", "rule_origin", "tries"]),
            [["10.1.1.4", "22", "nossh", "admin", "2"], ["10.1.1.5", "22", "nossh", "admin", "1"]]
        );
    }

    #[test]
    fn tries_go_on_while_the_next_one_is_not_overdue() {
        for (tries, end, expected) in [
            (vec![0], 10, true),
            (vec![0], 11, false),
            (vec![0, 60, 120], 240, true),
            (vec![0, 60, 120], 241, false),
            (vec![0, 1, 2], 12, true),
            (vec![0, 1, 2], 13, false),
        ] {
            let mut rows: Vec<TestRow> = tries.iter().map(|minute| denial(*minute, "10.1.1.4")).collect();
            rows.push(end_of_data(end));
            let table = lawful(&rows, 1, Denied::new);
            assert_eq!(
                table.column("ongoing"),
                Some(&Values::Bool(vec![Some(expected)])),
                "{tries:?} until {end}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_are_the_plain_ones(rows in rows(80), seed in any::<u64>()) {
            let table = lawful(&rows, seed, Denied::new);
            let mut expected: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.tuple.action == Action::Deny) {
                let tuple = row.tuple;
                let key = [tuple.src_ip.to_string(), tuple.dst_ip.to_string(), tuple.dst_port.to_string(), tuple.protocol.to_string(), row.rule.unwrap_or("-").to_owned()];
                *expected.entry(key.to_vec()).or_default() += 1;
            }
            let mut found: BTreeMap<Vec<String>, u64> = BTreeMap::new();
            for line in printed(&table, &["src_ip", "dst_ip", "dst_port", "protocol", "rule", "tries"]) {
                // One rule name may have several origins, by its ACL.
                *found.entry(line[..5].to_vec()).or_default() += line[5].parse::<u64>().unwrap();
            }
            prop_assert_eq!(found, expected);
        }
    }
}
