//! `check`: does the traffic keep the policy?
//!
//! Every conversation with an end in one of the policy's groups is judged; the platform's own addresses are not, for
//! no rule of a network can keep them out. Rows with the same policy rule, groups, port and verdict are one. Verdicts:
//!
//! * `violation`: no rule allows it, and some of it passed the network,
//! * `too_strict`: a rule allows it, and the network denied all of it,
//! * `allowed`: a rule allows it, and it passed,
//! * `blocked`: no rule allows it, and the network denied it, as it should be,
//! * `unused`: a rule that no conversation, passed or denied, ever needed.
//!
//! Some of a conversation passed where a NIC logged more tries than any NIC denied, or an answer, or nothing but
//! allowed tuples: every NIC on a path logs a flow, and the one that denies it has the last word. `rule` is the first
//! policy rule that allows it. `example` is the earliest conversation of the row, and `filter` shows its tuples.

use super::policy::{Member, Policy};
use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::attempts::{Attempts, Conversation, Tally, highest};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::totals::Totals;
use crate::aggregate::building_blocks::tries::Tries;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::groups::{AZURE_METADATA, AZURE_PLATFORM};
use crate::table::{Table, Values};
use crate::travel::travels;
use crate::tuple::names;
use core::fmt;
use core::net::IpAddr;
use foldhash::fast::FixedState;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What the policy says of some traffic; in the order of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyVerdict {
    /// It passed, and no rule allows it.
    Violation,
    /// It was denied, though a rule allows it.
    TooStrict,
    /// It passed, as a rule allows.
    Allowed,
    /// It was denied, and no rule allows it.
    Blocked,
    /// A rule without traffic.
    Unused,
}

names!(PolicyVerdict {
    Violation => "violation",
    TooStrict => "too_strict",
    Allowed => "allowed",
    Blocked => "blocked",
    Unused => "unused",
});

/// The traffic against a policy: violations first.
#[derive(Clone, Debug)]
pub struct Check {
    policy: Arc<Policy>,
    attempts: Attempts<Talk>,
}

travels!(Check { attempts } without policy);

#[derive(Clone, Debug, Default)]
struct Talk {
    totals: Totals,
    tries: Tries,
    span: TimeSpan,
}

travels!(Talk { totals, tries, span });

/// What makes a row: verdict, place of the rule, groups, port, protocol.
type Key<'p> = (PolicyVerdict, Option<usize>, Option<&'p str>, Option<&'p str>, Option<u16>, Option<u8>);

#[derive(Default)]
struct Judged {
    totals: Totals,
    span: TimeSpan,
    example: Option<(i64, Conversation)>,
}

impl Check {
    /// A check of that policy.
    #[must_use]
    pub fn new(policy: Arc<Policy>) -> Check {
        Check { policy, attempts: Attempts::default() }
    }

    /// How many rows of a result are violations: where there is one, the check failed.
    #[must_use]
    pub fn violations(table: &Table) -> usize {
        let Some(Values::Text(verdicts)) = table.column("verdict") else { return 0 };
        verdicts.iter().filter(|verdict| *verdict == Some(PolicyVerdict::Violation.name())).count()
    }
}

impl Tally for Talk {
    fn merge(&mut self, other: Talk) {
        self.totals.merge(&other.totals);
        self.tries.merge(other.tries);
        self.span.merge(other.span);
    }
}

impl Talk {
    fn add(&mut self, batch: &Batch, row: usize) {
        self.totals.add(batch, row);
        self.tries.add(batch, row);
        self.span.add_row(batch, row);
    }
}

fn has_passed(places: &[&Talk]) -> bool {
    let denied = highest(places, |talk| talk.tries.denied);
    let tries = highest(places, |talk| talk.tries.count());
    denied == 0 || tries > denied || places.iter().any(|talk| talk.tries.is_answered)
}

impl Aggregate for Check {
    const NAME: &'static str = "check";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let platform = [batch.addresses.code(AZURE_PLATFORM.0), batch.addresses.code(AZURE_METADATA.0)];
        let is_platform =
            |codes: &[u32], row: usize| codes.get(row).is_some_and(|code| platform.contains(&Some(*code)));
        let is_wanted = |row: usize| !is_platform(&batch.src_ip, row) && !is_platform(&batch.dst_ip, row);
        self.attempts.add_cells(batch, is_wanted, |talk, row| talk.add(batch, row));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.add(condensed.cells);
        true
    }

    fn merge(&mut self, other: Check) {
        self.attempts.merge(other.attempts);
    }

    fn finish(self) -> Table {
        let policy = self.policy;
        let mut members: HashMap<IpAddr, Member, FixedState> = HashMap::default();
        let mut is_used = vec![false; policy.allowances().len()];
        let mut judged: BTreeMap<Key<'_>, Judged> = BTreeMap::new();
        self.attempts.for_each_conversation(|conversation, places| {
            for address in [conversation.src_ip, conversation.dst_ip] {
                members.entry(address).or_insert_with(|| policy.member(address));
            }
            let (Some(src), Some(dst)) =
                (members.get(&conversation.src_ip), members.get(&conversation.dst_ip))
            else {
                return;
            };
            if !src.is_grouped() && !dst.is_grouped() {
                return;
            }
            let mut first = None;
            for (number, (rule, is_used)) in policy.allowances().iter().zip(&mut is_used).enumerate() {
                if rule.allows(src, dst, conversation.dst_port, conversation.protocol) {
                    *is_used = true;
                    first = first.or(Some(number));
                }
            }
            let verdict = match (first.is_some(), has_passed(places)) {
                (true, true) => PolicyVerdict::Allowed,
                (true, false) => PolicyVerdict::TooStrict,
                (false, true) => PolicyVerdict::Violation,
                (false, false) => PolicyVerdict::Blocked,
            };
            let groups = (policy.name_of(conversation.src_ip), policy.name_of(conversation.dst_ip));
            let port = (Some(conversation.dst_port), Some(conversation.protocol));
            let row =
                judged.entry((verdict, first, Some(groups.0), Some(groups.1), port.0, port.1)).or_default();
            let mut span = TimeSpan::default();
            for talk in places {
                row.totals.merge(&talk.totals);
                span.merge(talk.span);
            }
            row.span.merge(span);
            let example = span.first_ms().map(|first_ms| (first_ms, *conversation));
            row.example = match (row.example, example) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        });
        for (number, _) in is_used.iter().enumerate().filter(|(_, is_used)| !**is_used) {
            judged.insert((PolicyVerdict::Unused, Some(number), None, None, None, None), Judged::default());
        }
        let rows: Vec<(Key<'_>, Judged)> = judged.into_iter().collect();
        let rule = |key: &Key<'_>| {
            key.1.and_then(|number| policy.allowances().get(number)).map(|rule| rule.name.clone())
        };
        let conversation = |row: &Judged| row.example.map(|(_, conversation)| conversation);
        Rows::of(&rows)
            .text("rule", |(key, _)| rule(key))
            .text("src_group", |(key, _)| key.2)
            .text("dst_group", |(key, _)| key.3)
            .port("dst_port", |(key, _)| key.4)
            .small("protocol", |(key, _)| key.5)
            .text("verdict", |(key, _)| Some(key.0.name()))
            .number("tuples", |(_, row)| Some(row.totals.tuples))
            .number("denied", |(_, row)| Some(row.totals.denied))
            .number("bytes", |(_, row)| row.totals.bytes())
            .text("example", |(_, row)| conversation(row).map(|one| one.to_string()))
            .text("filter", |(_, row)| conversation(row).map(|one| one.filter()))
            .time("first_time", |(_, row)| row.span.first_ms())
            .time("last_time", |(_, row)| row.span.last_ms())
            .table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::tests::trials::{self, TestRow, lawful, printed, row, whole};
    use crate::groups::Groups;
    use crate::tuple::Action;
    use proptest::prelude::*;

    fn policy() -> Arc<Policy> {
        let text = r#"{"groups": {"web": ["10.1.1.0/24"], "clients": ["10.1.2.0/24"], "all": ["10.0.0.0/8"]},
            "allow": [{"name": "site", "from": "public", "to": "web", "ports": 443, "protocol": "tcp"},
                      {"name": "admin", "from": "clients", "to": "web", "ports": [22, 3389]},
                      {"name": "old", "from": "clients", "to": "web", "ports": 23}]}"#;
        Arc::new(Policy::parse(text, &Groups::new()).unwrap())
    }

    const COLUMNS: [&str; 6] = ["rule", "src_group", "dst_group", "dst_port", "verdict", "tuples"];

    #[test]
    fn violations_come_first_and_allowances_never_used_last() {
        let rows = [
            row(0, "203.0.113.9,10.1.1.4,50000,443,6,I,B,NX,0,0,0,0", "UserRule_web", "A"),
            row(1, "203.0.113.9,10.1.1.4,50000,3389,6,I,D,NX,0,0,0,0", "DefaultRule_DenyAllInBound", "A"),
            row(2, "10.1.2.20,10.1.1.4,50000,22,6,O,B,NX,0,0,0,0", "UserRule_ssh", "B"),
            row(3, "10.1.2.20,10.1.1.4,50000,22,6,I,D,NX,0,0,0,0", "nossh", "A"),
            row(4, "10.1.1.4,10.1.2.20,50000,445,6,O,B,NX,0,0,0,0", "UserRule_any", "A"),
            row(5, "10.1.1.4,168.63.129.16,50000,80,6,O,B,NX,0,0,0,0", "PlatformRule", "A"),
            row(6, "203.0.113.9,198.51.100.23,50000,80,6,O,B,NX,0,0,0,0", "UserRule_any", "A"),
        ];
        let table = whole(&rows, || Check::new(policy())).finish();
        assert_eq!(
            printed(&table, &COLUMNS),
            [
                ["-", "web", "clients", "445", "violation", "1"],
                ["admin", "clients", "web", "22", "too_strict", "2"],
                ["site", "public", "web", "443", "allowed", "1"],
                ["-", "public", "web", "3389", "blocked", "1"],
                ["old", "-", "-", "-", "unused", "0"],
            ]
        );
        assert_eq!(trials::cell(&table, "example", 0), "10.1.1.4 to 10.1.2.20 on tcp 445");
        assert_eq!(Check::violations(&table), 1);
    }

    proptest! {
        #[test]
        fn every_tuple_with_a_grouped_end_is_judged_once_in_any_order(rows in trials::rows(80), seed in any::<u64>()) {
            let table = lawful(&rows, seed, || Check::new(policy()));
            let is_inside = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
            let judged: Vec<&TestRow> =
                rows.iter().filter(|row| is_inside(row.tuple.src_ip) || is_inside(row.tuple.dst_ip)).collect();
            let sum: u64 = printed(&table, &["tuples"]).iter().map(|cells| cells[0].parse::<u64>().unwrap()).sum();
            prop_assert_eq!(sum, judged.len() as u64);
            let verdicts = printed(&table, &["verdict", "dst_port", "src_group"]);
            for row in &judged {
                let tuple = &row.tuple;
                let is_same = |other: &&&TestRow| {
                    let key = |tuple: &crate::tuple::Tuple| (tuple.src_ip, tuple.dst_ip, tuple.dst_port, tuple.protocol);
                    key(&other.tuple) == key(tuple)
                };
                let is_denied = judged.iter().filter(is_same).all(|other| other.tuple.action == Action::Deny);
                let is_ruled = tuple.dst_ip.to_string().starts_with("10.1.1.")
                    && match tuple.dst_port {
                        443 => tuple.protocol == 6 && crate::groups::is_public(tuple.src_ip),
                        22 | 3389 => tuple.src_ip.to_string().starts_with("10.1.2."),
                        _ => false,
                    };
                let is_allowed_only = judged.iter().filter(is_same).all(|other| other.tuple.action == Action::Allow);
                let expected = match (is_ruled, is_denied, is_allowed_only) {
                    (true, true, _) => "too_strict",
                    (true, _, true) => "allowed",
                    (false, true, _) => "blocked",
                    (false, _, true) => "violation",
                    _ => continue,
                };
                let group = match tuple.src_ip.to_string() {
                    text if text.starts_with("10.1.1.") => "web",
                    text if text.starts_with("10.1.2.") => "clients",
                    text if text.starts_with("10.") => "all",
                    _ => "public",
                };
                let wanted = [expected.to_owned(), tuple.dst_port.to_string(), group.to_owned()];
                prop_assert!(verdicts.iter().any(|cells| *cells == wanted), "{wanted:?} in {verdicts:?}");
            }
        }
    }
}
