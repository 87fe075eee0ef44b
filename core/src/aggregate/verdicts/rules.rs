//! `rules`: what the rules do: which of them judged what, and with an exported NSG, which of them do nothing.
//!
//! Not here: how a rule's traffic changes from hour to hour; that is `timeline` by rule.

use super::nsg::{Nsg, NsgRule};
use super::rule_reach::Reach;
use super::rule_trend::Trends;
use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::keyed::{Keyed, KeyedRow, Traffic, biggest_first};
use crate::aggregate::building_blocks::keys::{Key, KeyValue};
use crate::aggregate::building_blocks::recent::Sums;
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::dictionary::Addresses;
use crate::groups::Groups;
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::Action;
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// Traffic by ACL, rule and origin, most tuples first, with the pair of addresses that each judged most of, and whether
/// it is hit more and more (`trend`, see `rule_trend`).
///
/// With an NSG the table also has its rules that judged nothing, at the end, and these columns, null for rules of
/// other ACLs: `priority`, `shadowed_by` (the rule before it that covers it), `allowed_ports` and `used_ports` (how
/// many destination ports it names and passed), `used_sources` and `used_destinations` (the narrowest networks that
/// hold what it passed), and `finding`: `never hit`, `shadowed`, `wider than its traffic` (it allows more ports than
/// it passed, or a network that is larger than the narrowest one that holds its sources), or several of them.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Keyed<Traffic>,
    addresses: Addresses,
    /// By rule, source and destination.
    pairs: HashMap<(u32, u32, u32), Totals, FixedState>,
    trends: Trends,
    nsg: Option<Nsg>,
    /// What each rule passed; kept only with an NSG.
    reach: Vec<Reach>,
}

travels!(Rules { rules, addresses, pairs, trends, reach } without nsg);

impl Rules {
    /// Rules as they stand in the logs; with an NSG also as they were written.
    #[must_use]
    pub fn new(nsg: Option<Nsg>) -> Rules {
        let keys = ["acl_id", "rule", "rule_origin"].map(Key::Column);
        Rules {
            rules: Keyed::new(&keys, Arc::new(Groups::default())),
            addresses: Addresses::default(),
            pairs: HashMap::default(),
            trends: Trends::default(),
            nsg,
            reach: Vec::new(),
        }
    }

    /// Takes in rows, or cells; the answer is the number of each one's rule.
    fn add_all_but_trends(&mut self, batch: &Batch) -> Vec<u32> {
        let codes = self.rules.add(batch);
        let own: Vec<u32> =
            batch.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let own = |code: &u32| own.get(*code as usize).copied().unwrap_or(0);
        let mut sums = Sums::default();
        for (row, ((code, src), dst)) in codes.iter().zip(&batch.src_ip).zip(&batch.dst_ip).enumerate() {
            let key = u128::from(*code) << 64 | u128::from(own(src)) << 32 | u128::from(own(dst));
            if let Some(totals) = sums.of(key) {
                totals.add(batch, row);
            }
        }
        for (key, totals) in sums.iter() {
            let pair = ((key >> 64) as u32, (key >> 32) as u32, key as u32);
            self.pairs.entry(pair).or_default().merge(totals);
        }
        if self.nsg.is_some() {
            for (row, code) in codes.iter().enumerate() {
                if let (Some(Action::Allow), Some(reach)) = (batch.action.get(row), self.reach(*code)) {
                    reach.add(batch, row);
                }
            }
        }
        codes
    }

    fn reach(&mut self, rule: u32) -> Option<&mut Reach> {
        let rule = rule as usize;
        if rule >= self.reach.len() {
            self.reach.resize(rule + 1, Reach::default());
        }
        self.reach.get_mut(rule)
    }

    /// Each rule's pair with the most bytes; where bytes are equal or not logged, the most tuples, then the first
    /// by address.
    fn top_pairs(&self, rules: usize) -> Vec<Option<String>> {
        let mut best = vec![None; rules];
        for ((rule, src, dst), totals) in &self.pairs {
            let ends = core::cmp::Reverse((self.addresses.get(*src), self.addresses.get(*dst)));
            let rank = (totals.bytes(), totals.tuples, ends);
            if let Some(best) = best.get_mut(*rule as usize)
                && best.as_ref().is_none_or(|best| *best < rank)
            {
                *best = Some(rank);
            }
        }
        best.into_iter()
            .map(|best| best.map(|(_, _, ends)| format!("{} -> {}", ends.0.0, ends.0.1)))
            .collect()
    }
}

impl Aggregate for Rules {
    const NAME: &'static str = "rules";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let codes = self.add_all_but_trends(batch);
        let mut trend = self.trends.begin();
        codes.iter().zip(&batch.time_ms).for_each(|(code, time_ms)| trend.add(*code, *time_ms));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let codes = self.add_all_but_trends(condensed.cells);
        let rule = |cell: usize| codes.get(cell).copied().unwrap_or(0);
        let mut trend = self.trends.begin();
        let mut add_rows =
            |rows: &Condensed<'_>| rows.for_each_row(|_, cell, time_ms| trend.add(rule(cell), time_ms));
        let Some((minutes, others)) = condensed.minutes() else {
            add_rows(condensed);
            return true;
        };
        others.iter().for_each(&mut add_rows);
        for (cell, minute) in minutes {
            trend.add_all(rule(cell), minute.start_ms, minute.tuples);
        }
        true
    }

    fn merge(&mut self, other: Rules) {
        let codes = self.rules.merge(&other.rules);
        let code = |code: u32| codes.get(code as usize).copied().unwrap_or(0);
        let own: Vec<u32> =
            other.addresses.values().iter().map(|address| self.addresses.intern(*address)).collect();
        let own = |code: u32| own.get(code as usize).copied().unwrap_or(0);
        for ((rule, src, dst), totals) in &other.pairs {
            self.pairs.entry((code(*rule), own(*src), own(*dst))).or_default().merge(totals);
        }
        self.trends.merge(&other.trends, code);
        for (theirs, reach) in (0..).zip(&other.reach) {
            if let Some(own) = self.reach(code(theirs)) {
                own.merge(reach);
            }
        }
    }

    fn finish(mut self) -> Table {
        let mut rows = self.rules.rows();
        let (top_pairs, trends) = (self.top_pairs(rows.len()), self.trends.finish(rows.len()));
        biggest_first(&mut rows, |row| Some(row.entry.totals.tuples));
        let logged = rows.len();
        let nsg = self.nsg.take();
        if let Some(nsg) = &nsg {
            let is_hit =
                |rule: &&NsgRule| rows.iter().any(|row| matching(nsg, row).is_some_and(|hit| hit == *rule));
            let never: Vec<&NsgRule> = nsg.rules.iter().filter(|rule| !is_hit(rule)).collect();
            rows.extend(never.into_iter().map(|rule| never_hit(nsg, rule)));
        }

        let mut table = Table::default();
        self.rules.add_columns(&mut table, &rows);
        let count = |value: &dyn Fn(&Totals) -> u64| {
            Values::U64(rows.iter().map(|row| Some(value(&row.entry.totals))).collect())
        };
        table.add("allowed", count(&|totals| totals.tuples - totals.denied));
        table.add("denied", count(&|totals| totals.denied));
        let mut counters = Table::default();
        add_columns(&mut counters, &rows.iter().map(|row| row.entry.totals).collect::<Vec<_>>());
        // `denied` stands beside `allowed` already.
        table.columns.extend(counters.columns.into_iter().filter(|column| column.name != "denied"));
        table.add("first_time", Values::TimeMs(rows.iter().map(|row| row.entry.span.first_ms()).collect()));
        table.add("last_time", Values::TimeMs(rows.iter().map(|row| row.entry.span.last_ms()).collect()));
        let pair = |(place, row): (usize, &KeyedRow<Traffic>)| {
            top_pairs.get(row.code as usize).filter(|_| place < logged).cloned().flatten()
        };
        table.add("top_pair", Values::Text(rows.iter().enumerate().map(pair).collect()));
        // Rules that judged nothing have no number and so no trend.
        let trend = |row: &KeyedRow<Traffic>| trends.get(row.code as usize).copied().flatten();
        table.add("trend", Values::F64(rows.iter().map(trend).collect()));
        if let Some(nsg) = &nsg {
            add_nsg_columns(&mut table, nsg, &rows, &self.reach);
        }
        table
    }
}

/// The rule of the NSG that a row of the logs is about.
fn matching<'n>(nsg: &'n Nsg, row: &KeyedRow<Traffic>) -> Option<&'n NsgRule> {
    let text = |place: usize| match row.key.get(place) {
        Some(KeyValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let name = text(1)?;
    nsg.rules
        .iter()
        .find(|rule| rule.logged_name().eq_ignore_ascii_case(name))
        .filter(|_| nsg.is_acl(text(0)))
}

fn never_hit(nsg: &Nsg, rule: &NsgRule) -> KeyedRow<Traffic> {
    let origin = if rule.is_default { "default" } else { "user" };
    let acl_id = nsg.id.clone().or_else(|| nsg.resource_guid.clone()).map_or(KeyValue::Null, KeyValue::Text);
    let key = vec![acl_id, KeyValue::Text(rule.logged_name()), KeyValue::Text(origin.to_owned())];
    KeyedRow { code: u32::MAX, key, entry: Traffic::default() }
}

fn add_nsg_columns(table: &mut Table, nsg: &Nsg, rows: &[KeyedRow<Traffic>], reach: &[Reach]) {
    let none = Reach::default();
    let known: Vec<Option<(&NsgRule, &Reach, bool)>> = rows
        .iter()
        .map(|row| {
            let reach = reach.get(row.code as usize).unwrap_or(&none);
            Some((matching(nsg, row)?, reach, row.entry.totals.tuples > 0))
        })
        .collect();
    let numbers = |value: &dyn Fn(&NsgRule, &Reach) -> Option<u64>| {
        Values::U64(known.iter().map(|known| known.and_then(|(rule, reach, _)| value(rule, reach))).collect())
    };
    let texts = |value: &dyn Fn(&NsgRule, &Reach, bool) -> Option<String>| {
        let text = |(rule, reach, is_hit): (&NsgRule, &Reach, bool)| value(rule, reach, is_hit);
        Values::Text(known.iter().map(|known| known.and_then(text)).collect())
    };
    table.add("priority", numbers(&|rule, _| Some(rule.priority)));
    table.add("shadowed_by", texts(&|rule, _, _| nsg.shadow_of(rule).map(str::to_owned)));
    table.add("allowed_ports", numbers(&|rule, _| rule.allows.then(|| rule.port_count())));
    table.add("used_ports", numbers(&|rule, reach| rule.allows.then(|| reach.ports())));
    table.add("used_sources", texts(&|_, reach, _| reach.sources.text()));
    table.add("used_destinations", texts(&|_, reach, _| reach.destinations.text()));
    let finding = |rule: &NsgRule, reach: &Reach, is_hit: bool| {
        let is_wider =
            || rule.allows && (rule.port_count() > reach.ports() || reach.sources.is_narrower(&rule.sources));
        let findings = [
            (!is_hit, "never hit"),
            (nsg.shadow_of(rule).is_some(), "shadowed"),
            (is_hit && is_wider(), "wider than its traffic"),
        ];
        let said: Vec<&str> = findings.iter().filter(|(holds, _)| *holds).map(|(_, text)| *text).collect();
        (!said.is_empty()).then(|| said.join(", "))
    };
    table.add("finding", texts(&finding));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{TestRow, lawful, printed, row, rows, whole};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn ssh(source: &str, state: &str, rule: &'static str) -> TestRow {
        row(0, &format!("{source},10.2.0.5,50000,22,6,I,{state},NX,1,100,0,0"), rule, "A")
    }

    #[test]
    fn a_rule_tells_what_it_allowed_and_denied_and_between_whom() {
        let rows = [
            ssh("10.1.1.4", "E", "UserRule_ssh"),
            ssh("10.1.1.4", "E", "UserRule_ssh"),
            ssh("10.1.1.5", "E", "UserRule_ssh"),
            ssh("203.0.113.9", "D", "nossh"),
        ];
        let table = lawful(&rows, 1, || Rules::new(None));
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(
            names.join(" "),
            "acl_id rule rule_origin allowed denied tuples flows packets_src_to_dst bytes_src_to_dst packets_dst_to_src \
             bytes_dst_to_src bytes first_time last_time top_pair trend"
        );
        assert_eq!(
            printed(&table, &["rule", "rule_origin", "allowed", "denied", "top_pair"]),
            [
                ["UserRule_ssh", "user", "3", "0", "10.1.1.4 -> 10.2.0.5"],
                ["nossh", "admin", "0", "1", "203.0.113.9 -> 10.2.0.5"]
            ]
        );
    }

    #[test]
    fn an_exported_nsg_shows_rules_that_do_nothing_or_too_much() {
        let rule = |name: &str, priority: u64, source: &str, port: &str| {
            format!(
                r#"{{"name":"{name}","priority":{priority},"direction":"Inbound","access":"Allow","protocol":"Tcp","sourceAddressPrefix":"{source}",
                "destinationAddressPrefix":"*","sourcePortRange":"*","destinationPortRange":"{port}"}}"#
            )
        };
        let text = [
            rule("ssh", 100, "10.1.1.0/24", "22"),
            rule("wide", 200, "*", "1-1000"),
            rule("late", 300, "10.9.0.0/16", "443"),
            rule("unused", 400, "*", "5000"),
        ];
        let nsg = Nsg::from_json(&format!(r#"{{"securityRules":[{}]}}"#, text.join(","))).unwrap();
        let rows = [
            ssh("10.1.1.4", "E", "UserRule_ssh"),
            ssh("10.1.1.200", "E", "UserRule_ssh"),
            ssh("10.3.0.4", "E", "UserRule_wide"),
            ssh("203.0.113.9", "D", "nossh"),
        ];
        let table = lawful(&rows, 1, || Rules::new(Some(nsg.clone())));
        assert_eq!(
            printed(
                &table,
                &[
                    "rule",
                    "tuples",
                    "priority",
                    "shadowed_by",
                    "allowed_ports",
                    "used_ports",
                    "used_sources",
                    "finding"
                ]
            ),
            [
                ["UserRule_ssh", "2", "100", "-", "1", "1", "10.1.1.0/24", "-"],
                ["UserRule_wide", "1", "200", "-", "1000", "1", "10.3.0.4/32", "wider than its traffic"],
                ["nossh", "1", "-", "-", "-", "-", "-", "-"],
                ["UserRule_late", "0", "300", "wide", "1", "0", "-", "never hit, shadowed"],
                ["UserRule_unused", "0", "400", "-", "1", "0", "-", "never hit"],
            ]
        );
        assert_eq!(printed(&table, &["bytes", "first_time", "top_pair"])[4], ["-", "-", "-"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn counts_are_the_plain_ones(rows in rows(80), seed in any::<u64>()) {
            let nsg = Nsg::from_json(r#"{"securityRules":[]}"#).unwrap();
            lawful(&rows, seed, || Rules::new(Some(nsg.clone())));
            let table = whole(&rows, || Rules::new(None)).finish();
            let mut expected: BTreeMap<Vec<String>, (u64, u64)> = BTreeMap::new();
            for row in &rows {
                let key = vec![row.acl_id.unwrap_or("-").to_owned(), row.rule.unwrap_or("-").to_owned()];
                let entry = expected.entry(key).or_default();
                if row.tuple.action == Action::Allow { entry.0 += 1 } else { entry.1 += 1 }
            }
            let found: BTreeMap<Vec<String>, (u64, u64)> = printed(&table, &["acl_id", "rule", "allowed", "denied"]).into_iter()
                .map(|line| (line[..2].to_vec(), (line[2].parse().unwrap(), line[3].parse().unwrap()))).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
