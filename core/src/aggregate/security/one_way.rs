//! `one_way`: asked, never answered.
//!
//! One row a conversation (5-tuple without its source port) that was allowed, whose counters say that nothing came
//! back, at no NIC and at no time in the data. Where the log can't tell (no counters, NSG version 2 over UDP, a flow
//! of which only the begin is there) the conversation is left out: null is no "no answer". A conversation that
//! another NIC on the path denied is in; its `denied` says so.
//!
//! `tries` is the number of allowed flows at the NIC that logged most of them: those that began, or where the data
//! hold more ends than begins, those that ended.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::attempts::{Attempts, Conversation, Tally, highest};
use crate::aggregate::building_blocks::rows::Rows;
use crate::aggregate::building_blocks::span::TimeSpan;
use crate::aggregate::building_blocks::totals::Totals;
use crate::aggregate::building_blocks::tries::Tries;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::sorting::sort_by_key;
use crate::table::Table;
use crate::travel::travels;
use crate::tuple::Action;
use core::cmp::Reverse;

/// Conversations that were asked for and never answered: most tries first.
#[derive(Clone, Debug, Default)]
pub struct OneWay {
    attempts: Attempts<Asked>,
}

travels!(OneWay { attempts });

/// What a place logged of a conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    totals: Totals,
    /// Of allowed rows.
    tries: Tries,
    span: TimeSpan,
}

travels!(Asked { totals, tries, span });

impl OneWay {
    /// An empty one.
    #[must_use]
    pub fn new() -> OneWay {
        OneWay::default()
    }
}

impl Tally for Asked {
    fn merge(&mut self, other: Asked) {
        self.totals.merge(&other.totals);
        self.tries.merge(other.tries);
        self.span.merge(other.span);
    }
}

impl Asked {
    /// Takes in a row, or a cell.
    pub(super) fn add(&mut self, batch: &Batch, row: usize) {
        self.totals.add(batch, row);
        self.span.add_row(batch, row);
        if batch.action.get(row) == Some(&Action::Allow) {
            self.tries.add(batch, row);
        }
    }
}

impl Aggregate for OneWay {
    const NAME: &'static str = "one_way";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        self.attempts.add_cells(batch, |_| true, |asked, row| asked.add(batch, row));
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        self.add(condensed.cells);
        true
    }

    fn merge(&mut self, other: OneWay) {
        self.attempts.merge(other.attempts);
    }

    fn finish(self) -> Table {
        let mut unanswered = Unanswered::default();
        self.attempts.for_each_conversation(|conversation, places| unanswered.add(conversation, places));
        unanswered.table()
    }
}

/// Conversations without an answer.
#[derive(Default)]
pub(super) struct Unanswered {
    rows: Vec<(Conversation, u64, Totals, TimeSpan)>,
}

impl Unanswered {
    /// Takes in a conversation, as each place logged it.
    pub(super) fn add(&mut self, conversation: &Conversation, places: &[&Asked]) {
        let is_answered = places.iter().any(|place| place.tries.is_answered);
        if is_answered || !places.iter().any(|place| place.tries.is_silent) {
            return;
        }
        let tries = highest(places, |place| place.tries.count());
        let (mut totals, mut span) = (Totals::default(), TimeSpan::default());
        for place in places {
            totals.merge(&place.totals);
            span.merge(place.span);
        }
        self.rows.push((*conversation, tries, totals, span));
    }

    /// The answer.
    pub(super) fn table(self) -> Table {
        let mut rows = self.rows;
        sort_by_key(&mut rows, |(conversation, tries, _, _)| (Reverse(*tries), *conversation));
        Rows::of(&rows)
            .conversation(|(conversation, ..)| conversation)
            .number("tries", |(_, tries, ..)| Some(*tries))
            .counters(|(_, _, totals, _)| *totals)
            .time("first_time", |(.., span)| span.first_ms())
            .time("last_time", |(.., span)| span.last_ms())
            .table()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::answer::Answer;
    use crate::aggregate::tests::trials::{self, TestRow, lawful, printed, row, whole};
    use crate::tuple::State;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const COLUMNS: [&str; 6] = ["src_ip", "dst_ip", "dst_port", "protocol", "tries", "bytes_src_to_dst"];

    #[test]
    fn three_tries_of_one_packet_each_went_one_way() {
        let mut rows = Vec::new();
        for after_ms in [0, 1000, 3000] {
            rows.push(row(after_ms, "10.1.2.30,10.1.1.77,50000,8443,6,O,B,NX,0,0,0,0", "UserRule_x", "A"));
            rows.push(row(
                after_ms + 640,
                "10.1.2.30,10.1.1.77,50000,8443,6,O,E,NX,1,124,0,0",
                "UserRule_x",
                "A",
            ));
        }
        rows.push(row(0, "10.1.2.30,10.1.1.4,50000,443,6,O,E,NX,5,500,4,400", "UserRule_x", "A"));
        rows.push(row(1, "10.1.2.30,10.1.1.5,50000,443,6,O,B,NX,,,,", "UserRule_x", "A"));
        rows.push(row(2, "10.1.2.30,10.1.1.6,50000,443,6,O,E,NX,5,500,,", "UserRule_x", "A"));
        let table = whole(&rows, OneWay::new).finish();
        assert_eq!(printed(&table, &COLUMNS), [["10.1.2.30", "10.1.1.77", "8443", "6", "3", "372"]]);
    }

    #[test]
    fn one_answer_at_one_nic_is_an_answer() {
        let rows = [
            row(0, "10.1.2.30,10.1.1.77,50000,8443,6,O,E,NX,1,124,0,0", "UserRule_x", "A"),
            row(4, "10.1.2.30,10.1.1.77,50000,8443,6,I,E,NX,1,124,1,60", "UserRule_x", "B"),
        ];
        assert!(whole(&rows, OneWay::new).finish().is_empty());
    }

    fn dull(rows: &[TestRow]) -> Vec<Vec<String>> {
        let key =
            |row: &TestRow| (row.tuple.src_ip, row.tuple.dst_ip, row.tuple.dst_port, row.tuple.protocol);
        let place = |row: &TestRow| (row.mac, row.tuple.direction);
        let mut found = Vec::new();
        for wanted in rows.iter().map(key).collect::<BTreeSet<_>>() {
            let all: Vec<&TestRow> = rows.iter().filter(|row| key(row) == wanted).collect();
            let allowed: Vec<&TestRow> =
                all.iter().copied().filter(|row| row.tuple.action == Action::Allow).collect();
            let has = |answer| {
                allowed
                    .iter()
                    .any(|row| Answer::of(&trials::batch_of(core::slice::from_ref(*row)), 0) == answer)
            };
            if has(Answer::Came) || !has(Answer::Missing) {
                continue;
            }
            let count = |at, state: &[Option<State>]| {
                allowed.iter().filter(|row| place(row) == at && state.contains(&row.tuple.state)).count()
            };
            let tries = allowed
                .iter()
                .map(|row| place(row))
                .map(|at| count(at, &[None, Some(State::Begin)]).max(count(at, &[Some(State::End)])))
                .max()
                .unwrap();
            let bytes: Vec<u64> = all.iter().filter_map(|row| row.tuple.counters.bytes_src_to_dst).collect();
            let bytes = if bytes.is_empty() { "-".to_owned() } else { bytes.iter().sum::<u64>().to_string() };
            let (src, dst, port, protocol) = wanted;
            let numbers = [src.to_string(), dst.to_string(), port.to_string(), protocol.to_string()];
            let cells: Vec<String> = numbers.into_iter().chain([tries.to_string(), bytes]).collect();
            found.push((Reverse(tries), wanted, cells));
        }
        found.sort();
        found.into_iter().map(|(_, _, cells)| cells).collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_dull_count_in_any_order(rows in trials::rows(60), seed in any::<u64>()) {
            prop_assert_eq!(printed(&lawful(&rows, seed, OneWay::new), &COLUMNS), dull(&rows));
        }
    }
}
