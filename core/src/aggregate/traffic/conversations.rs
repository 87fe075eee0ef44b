//! `conversations`: who talks to whom on what, the source port left out.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::flow_table::FlowTable;
use crate::aggregate::building_blocks::keyed::{Keyed, Traffic, biggest_first};
use crate::aggregate::building_blocks::keys::Key;
use crate::aggregate::building_blocks::totals::{Totals, add_columns};
use crate::batch::Batch;
use crate::groups::Groups;
use crate::table::{Table, Values};
use crate::tuple::{Action, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Traffic of every source, destination, destination port and protocol, biggest first.
///
/// `sessions` counts what the `sessions` analysis would list: flows that began or were denied, and those whose begin
/// was before the data. To know the latter it keeps some 40 bytes for each 5-tuple at each place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Conversations {
    conversations: Keyed<Traffic>,
    flows: FlowTable,
    first: Vec<FirstTuple>,
}

/// The earliest tuple of a flow that is neither denied nor of NSG version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct FirstTuple {
    time_ms: i64,
    /// A continue or end: the begin is not in the data. Of one time the begin comes first.
    goes_on: bool,
    conversation: u32,
}

impl Conversations {
    /// No conversations yet.
    #[must_use]
    pub fn new() -> Conversations {
        let keys = ["src_ip", "dst_ip", "dst_port", "protocol"].map(Key::Column);
        Conversations {
            conversations: Keyed::new(&keys, Arc::new(Groups::default())),
            flows: FlowTable::default(),
            first: Vec::new(),
        }
    }

    fn see(&mut self, flow: u32, tuple: FirstTuple) {
        match self.first.get_mut(flow as usize) {
            Some(first) => *first = (*first).min(tuple),
            None => {
                let never = FirstTuple { time_ms: i64::MAX, goes_on: false, conversation: u32::MAX };
                self.first.resize(flow as usize, never);
                self.first.push(tuple);
            }
        }
    }
}

impl Default for Conversations {
    fn default() -> Self {
        Conversations::new()
    }
}

impl Aggregate for Conversations {
    const NAME: &'static str = "conversations";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let codes = self.conversations.add(batch);
        let translation = self.flows.translate(batch);
        for (row, conversation) in codes.into_iter().enumerate() {
            let (Some(time_ms), Some(action), Some(Some(state))) =
                (batch.time_ms.get(row), batch.action.get(row), batch.state.get(row))
            else {
                continue;
            };
            if *action == Action::Deny {
                continue;
            }
            if let Some(flow) = self.flows.intern_row(batch, row, &translation) {
                let goes_on = *state != State::Begin;
                self.see(flow, FirstTuple { time_ms: *time_ms, goes_on, conversation });
            }
        }
    }

    fn merge(&mut self, other: Conversations) {
        let codes = self.conversations.merge(&other.conversations);
        let (flows, _) = self.flows.absorb(&other.flows);
        for (flow, first) in flows.into_iter().zip(other.first) {
            let conversation = codes.get(first.conversation as usize).copied().unwrap_or(u32::MAX);
            self.see(flow, FirstTuple { conversation, ..first });
        }
    }

    fn finish(mut self) -> Table {
        let mut rows = self.conversations.rows();
        let mut started_before = vec![0_u64; rows.len()];
        for first in self.first.iter().filter(|first| first.goes_on) {
            if let Some(count) = started_before.get_mut(first.conversation as usize) {
                *count += 1;
            }
        }
        biggest_first(&mut rows, |row| row.entry.totals.bytes());
        let mut table = Table::default();
        self.conversations.add_columns(&mut table, &rows);
        let totals: Vec<Totals> = rows.iter().map(|row| row.entry.totals).collect();
        add_columns(&mut table, &totals);
        table.add("first_time", Values::TimeMs(rows.iter().map(|row| row.entry.span.first_ms()).collect()));
        table.add("last_time", Values::TimeMs(rows.iter().map(|row| row.entry.span.last_ms()).collect()));
        let sessions = rows.iter().map(|row| {
            Some(row.entry.totals.flows + started_before.get(row.code as usize).copied().unwrap_or(0))
        });
        table.add("sessions", Values::U64(sessions.collect()));
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Sessions;
    use crate::aggregate::tests::trials::{lawful, printed, row, rows, whole};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn conversations_leave_the_source_port_out() {
        let rows = [
            row(0, "10.1.1.4,10.2.0.5,50000,443,6,O,B,NX,0,0,0,0", "r", "A"),
            row(9, "10.1.1.4,10.2.0.5,50000,443,6,O,E,NX,1,100,2,50", "r", "A"),
            row(5, "10.1.1.4,10.2.0.5,50001,443,6,O,C,NX,1,10,0,0", "r", "A"),
            row(7, "10.1.1.4,10.2.0.5,50000,22,6,O,D,NX,0,0,0,0", "r", "A"),
        ];
        let table = whole(&rows, Conversations::new).finish();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(
            names.join(" "),
            "src_ip dst_ip dst_port protocol tuples flows denied packets_src_to_dst bytes_src_to_dst packets_dst_to_src \
             bytes_dst_to_src bytes first_time last_time sessions"
        );
        let lines = printed(&table, &["dst_port", "tuples", "flows", "denied", "bytes", "sessions"]);
        assert_eq!(lines, [["443", "3", "1", "0", "160", "2"], ["22", "1", "1", "1", "0", "1"]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn conversations_are_the_plain_ones(rows in rows(80), seed in any::<u64>()) {
            let table = lawful(&rows, seed, Conversations::new);
            let mut found = printed(&table, &["src_ip", "dst_ip", "dst_port", "protocol", "tuples", "denied", "bytes", "first_time", "last_time"]);
            type Sums = (u64, u64, Option<u64>, i64, i64);
            let mut expected: BTreeMap<[String; 4], Sums> = BTreeMap::new();
            for row in &rows {
                let tuple = row.tuple;
                let key = [tuple.src_ip.to_string(), tuple.dst_ip.to_string(), tuple.dst_port.to_string(), tuple.protocol.to_string()];
                let entry = expected.entry(key).or_insert((0, 0, None, i64::MAX, i64::MIN));
                entry.0 += 1;
                entry.1 += u64::from(tuple.action == Action::Deny);
                for bytes in [tuple.counters.bytes_src_to_dst, tuple.counters.bytes_dst_to_src].into_iter().flatten() {
                    entry.2 = Some(entry.2.unwrap_or(0) + bytes);
                }
                entry.3 = entry.3.min(tuple.time_ms);
                entry.4 = entry.4.max(tuple.time_ms);
            }
            let null = |value: Option<u64>| value.map_or("-".to_owned(), |value| value.to_string());
            let expected: Vec<Vec<String>> = expected.into_iter().map(|(key, (tuples, denied, bytes, first, last))| {
                let mut line = key.to_vec();
                line.extend([tuples.to_string(), denied.to_string(), null(bytes), first.to_string(), last.to_string()]);
                line
            }).collect();
            found.sort();
            prop_assert_eq!(found, expected);
            // Biggest first.
            let Some(Values::U64(bytes)) = table.column("bytes") else { panic!("no bytes") };
            prop_assert!(bytes.is_sorted_by_key(|bytes| core::cmp::Reverse(*bytes)));
        }

        #[test]
        fn sessions_are_as_many_as_the_sessions_analysis_lists_where_no_begin_is_lost(rows in rows(60)) {
            let mut rows = rows;
            // A port is used once, so that nothing begins after an end.
            for (number, row) in rows.iter_mut().enumerate() {
                row.tuple.src_port = number as u16;
            }
            let count = |table: &Table| {
                let mut count: BTreeMap<Vec<String>, u64> = BTreeMap::new();
                for line in printed(table, &["src_ip", "dst_ip", "dst_port", "protocol"]) {
                    *count.entry(line).or_default() += 1;
                }
                count
            };
            let listed = count(&whole(&rows, Sessions::new).finish());
            let table = whole(&rows, Conversations::new).finish();
            let keys = printed(&table, &["src_ip", "dst_ip", "dst_port", "protocol"]);
            let Some(Values::U64(sessions)) = table.column("sessions") else { panic!("no sessions") };
            let found: BTreeMap<Vec<String>, u64> = keys.into_iter().zip(sessions.iter().flatten().copied()).collect();
            prop_assert_eq!(found, listed);
        }
    }
}
