//! `conversations`: who talks to whom on what, the source port left out.

use crate::aggregate::Aggregate;
use crate::aggregate::building_blocks::flow_table::{FlowParts, FlowTable, SRC_PORT, Translation};
use crate::aggregate::building_blocks::keyed::{Entry, Traffic};
use crate::aggregate::building_blocks::lanes::ranks;
use crate::aggregate::building_blocks::pasts::{FirstTuple, Since};
use crate::aggregate::building_blocks::recent::Recent;
use crate::aggregate::building_blocks::rows::Rows;
use crate::batch::Batch;
use crate::condensed::Condensed;
use crate::sorting::sort_biggest_first;
use crate::table::Table;
use crate::travel::travels;

/// Traffic of every source, destination, destination port and protocol, biggest first.
///
/// `sessions` counts what the `sessions` analysis would list: flows that began or were denied, and those whose begin
/// was before the data. To know the latter it keeps some 40 bytes for each 5-tuple at each place.
#[derive(Clone, Debug, Default)]
pub struct Conversations {
    /// Flows, and conversations as flows without a source port at no place: one table, so that a row asks it once.
    flows: FlowTable,
    /// By the flow's number.
    known: Vec<Known>,
    conversations: Vec<Counted>,
    recent: Recent,
}

travels!(Conversations { flows, known, conversations } without recent);

/// What is known of a flow: its conversation, and its earliest tuple that is neither denied nor of NSG version 1.
#[derive(Clone, Copy, Debug)]
struct Known {
    conversation: u32,
    first: FirstTuple,
}

travels!(Known { conversation, first });

/// A conversation's number as a flow, and what was counted of it.
#[derive(Clone, Debug)]
struct Counted {
    flow: u32,
    traffic: Traffic,
    /// Sessions whose begin was before the data, where cells told of them.
    started_before: u64,
}

travels!(Counted { flow, traffic, started_before });

/// Not known yet.
const NONE: u32 = u32::MAX;

impl Conversations {
    /// No conversations yet.
    #[must_use]
    pub fn new() -> Conversations {
        Conversations::default()
    }

    /// The conversation of a row, and its flow where that is told by state.
    fn conversation_of(&mut self, batch: &Batch, row: usize, translation: &Translation) -> Option<u32> {
        let five_tuple = translation.five_tuple(batch, row)?;
        match FirstTuple::of(batch, row) {
            None => self.conversation(five_tuple),
            Some(tuple) => self.meet(five_tuple, translation.flow(batch, row)?, tuple),
        }
    }

    /// Notes a tuple of a flow; gives the flow's conversation.
    fn meet(&mut self, five_tuple: u128, flow: u128, tuple: FirstTuple) -> Option<u32> {
        let number = self.recent.number(flow, || self.flows.intern(flow));
        if self.known(number)?.conversation == NONE {
            let conversation = self.conversation(five_tuple)?;
            self.known(number)?.conversation = conversation;
        }
        let known = self.known(number)?;
        known.first = known.first.min(tuple);
        Some(known.conversation)
    }

    /// The conversation of a 5-tuple, new or known.
    fn conversation(&mut self, five_tuple: u128) -> Option<u32> {
        let number = self.flows.intern(five_tuple & !SRC_PORT);
        self.conversation_at(number)
    }

    /// The conversation that is the flow of that number.
    fn conversation_at(&mut self, number: u32) -> Option<u32> {
        let next = self.conversations.len() as u32;
        let known = self.known(number)?;
        if known.conversation == NONE {
            known.conversation = next;
            self.conversations.push(Counted { flow: number, traffic: Traffic::default(), started_before: 0 });
            return Some(next);
        }
        Some(known.conversation)
    }

    fn known(&mut self, number: u32) -> Option<&mut Known> {
        if self.known.len() <= number as usize {
            self.known.resize(number as usize + 1, Known { conversation: NONE, first: FirstTuple::NEVER });
        }
        self.known.get_mut(number as usize)
    }
}

impl Aggregate for Conversations {
    const NAME: &'static str = "conversations";
    type Answer = Table;

    fn add(&mut self, batch: &Batch) {
        let translation = self.flows.translate(batch);
        for row in 0..batch.len() {
            let conversation = self.conversation_of(batch, row, &translation);
            if let Some(counted) = conversation.and_then(|place| self.conversations.get_mut(place as usize)) {
                counted.traffic.add(batch, row);
            }
        }
    }

    fn add_condensed(&mut self, condensed: &Condensed<'_>) -> bool {
        let Condensed { cells, pasts: Some(_), .. } = condensed else { return false };
        let translation = self.flows.translate(cells);
        for (row, weight) in cells.weights.iter().enumerate() {
            let place = translation.five_tuple(cells, row).and_then(|flow| self.conversation(flow));
            if let Some(counted) = place.and_then(|place| self.conversations.get_mut(place as usize)) {
                counted.traffic.add(cells, row);
                counted.started_before += u64::from(weight.sessions - weight.flows);
            }
        }
        for untold in condensed.untold() {
            let (Some(pasts), Some(rows)) = (untold.pasts, untold.rows) else { continue };
            untold.for_each_row(|row, cell, time_ms| {
                if pasts.since(row, time_ms) == Since::Unknown
                    && let Some(tuple) = FirstTuple::of(rows, row)
                    && let Some(five_tuple) = translation.five_tuple(cells, cell)
                    && let Some(src_port) = rows.src_port.get(row)
                    && let Some(flow) = translation.flow_of_cell(cells, cell, *src_port)
                {
                    self.meet(five_tuple, flow, tuple);
                }
            });
        }
        true
    }

    fn merge(&mut self, other: Conversations) {
        let (numbers, _) = self.flows.absorb(&other.flows);
        let own = |number: u32| numbers.get(number as usize).copied();
        let mut places = Vec::with_capacity(other.conversations.len());
        for theirs in &other.conversations {
            let place = own(theirs.flow).and_then(|number| self.conversation_at(number));
            if let Some(counted) = place.and_then(|place| self.conversations.get_mut(place as usize)) {
                counted.traffic.merge(&theirs.traffic);
                counted.started_before += theirs.started_before;
            }
            places.push(place.unwrap_or(NONE));
        }
        for (number, theirs) in
            numbers.iter().zip(&other.known).filter(|(_, theirs)| theirs.first != FirstTuple::NEVER)
        {
            let conversation = places.get(theirs.conversation as usize).copied().unwrap_or(NONE);
            if let Some(known) = self.known(*number) {
                *known = Known { conversation, first: known.first.min(theirs.first) };
            }
        }
    }

    fn finish(self) -> Table {
        let mut started_before = vec![0_u64; self.conversations.len()];
        for known in self.known.iter().filter(|known| known.first.goes_on()) {
            if let Some(count) = started_before.get_mut(known.conversation as usize) {
                *count += 1;
            }
        }
        let ranks = ranks(self.flows.addresses.values());
        let rank = |code: u32| ranks.get(code as usize).copied().unwrap_or(0);
        let row = |(counted, started_before): (&Counted, u64)| {
            let (src, dst) = self.flows.ends(counted.flow)?;
            let FlowParts { dst_port, protocol, .. } = self.flows.parts(counted.flow)?;
            Some(ConversationRow {
                order: (rank(src), rank(dst), dst_port, protocol),
                src,
                dst,
                traffic: counted.traffic.clone(),
                sessions: counted.traffic.totals.flows + counted.started_before + started_before,
            })
        };
        let mut rows: Vec<ConversationRow> =
            self.conversations.iter().zip(started_before).filter_map(row).collect();
        sort_biggest_first(
            &mut rows,
            // Null behind 0.
            |row| row.traffic.totals.bytes().map_or(0, |bytes| bytes.saturating_add(1)),
            |one, other| {
                let bytes = |row: &ConversationRow| row.traffic.totals.bytes();
                bytes(other).cmp(&bytes(one)).then_with(|| one.order.cmp(&other.order))
            },
        );
        let address = |code: u32| Some(self.flows.addresses.get(code).to_string());
        Rows::of(&rows)
            .text_by("src_ip", |row| row.src, address)
            .text_by("dst_ip", |row| row.dst, address)
            .port("dst_port", |row| Some(row.order.2))
            .small("protocol", |row| Some(row.order.3))
            .counters(|row| row.traffic.totals)
            .time("first_time", |row| row.traffic.span.first_ms())
            .time("last_time", |row| row.traffic.span.last_ms())
            .number("sessions", |row| Some(row.sessions))
            .table()
    }
}

/// One row of the answer.
struct ConversationRow {
    /// Places of both addresses among all in order, which are quicker to compare than they, destination port and protocol.
    order: (u32, u32, u16, u8),
    /// Codes of the addresses.
    src: u32,
    dst: u32,
    traffic: Traffic,
    sessions: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aggregate::Sessions;
    use crate::aggregate::tests::trials::{lawful, printed, row, rows, whole};
    use crate::table::Values;
    use crate::tuple::Action;
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
