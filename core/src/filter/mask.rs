//! Asks a filter on columns: each question once over all rows, addresses once per distinct one, texts once per
//! distinct one of a flow group. Answers as the evaluator does tuple by tuple, only sooner.

use super::plan::{Check, ContextCheck, Counter, Node, NumberColumn, Plan, Side, has_origin};
use super::sets::SpanSet;
use super::tree::TextField;
use crate::batch::{Batch, Group};

/// True for each row that the plan keeps.
pub(super) fn mask(plan: &Plan, batch: &Batch) -> Vec<bool> {
    let mut rows = vec![true; batch.len()];
    join(&plan.root, plan, batch, &mut rows, Join::And);
    rows
}

/// How an answer joins those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Join {
    And,
    Or,
}

/// Joins the node's answers to those in `rows`.
fn join(node: &Node, plan: &Plan, batch: &Batch, rows: &mut [bool], how: Join) {
    let (nodes, inner) = match node {
        Node::Check(check) => return join_check(check, batch, rows, how),
        Node::Context(number) => {
            if let Some(check) = plan.contexts.get(*number) {
                let table = by_group(check, batch);
                combine(rows, batch.group.iter().map(|group| look_up(&table, *group)), how);
            }
            return;
        }
        Node::All(nodes) => (nodes, Join::And),
        Node::Any(nodes) => (nodes, Join::Or),
    };
    if inner == how {
        for node in nodes {
            join(node, plan, batch, rows, how);
            // What is decided for every row needs no more questions.
            if !rows.contains(&(how == Join::And)) {
                return;
            }
        }
        return;
    }
    let mut own = vec![inner == Join::And; rows.len()];
    for node in nodes {
        join(node, plan, batch, &mut own, inner);
    }
    combine(rows, own.into_iter(), how);
}

fn join_check(check: &Check, batch: &Batch, rows: &mut [bool], how: Join) {
    match check {
        Check::Address { side, set, wanted } => {
            let addresses = batch.addresses.values().iter();
            let table: Vec<bool> = addresses.map(|address| set.contains(*address) == *wanted).collect();
            let codes = match side {
                Side::Source => &batch.src_ip,
                Side::Destination => &batch.dst_ip,
            };
            combine(rows, codes.iter().map(|code| look_up(&table, *code)), how);
        }
        Check::Number { column, set } => join_number(*column, set, batch, rows, how),
        Check::Time(set) => match set.single() {
            Some((first, last)) => {
                combine(rows, batch.time_ms.iter().map(|time_ms| first <= *time_ms && *time_ms <= last), how);
            }
            None => combine(rows, batch.time_ms.iter().map(|time_ms| set.contains(*time_ms)), how),
        },
        Check::Direction(bits) => {
            combine(rows, batch.direction.iter().map(|value| has_bit(*bits, *value as u8)), how);
        }
        Check::Action(bits) => {
            combine(rows, batch.action.iter().map(|value| has_bit(*bits, *value as u8)), how);
        }
        Check::State(bits) => {
            let has_bit = |value: u8| has_bit(*bits, value);
            combine(
                rows,
                batch.state.iter().map(|value| value.is_some_and(|value| has_bit(value as u8))),
                how,
            );
        }
        Check::Encryption(bits) => {
            let has_bit = |value: u8| has_bit(*bits, value);
            combine(
                rows,
                batch.encryption.iter().map(|value| value.is_some_and(|value| has_bit(value as u8))),
                how,
            );
        }
    }
}

fn join_number(column: NumberColumn, set: &SpanSet<u64>, batch: &Batch, rows: &mut [bool], how: Join) {
    match column {
        NumberColumn::Port(Side::Source) => join_numbers(&batch.src_port, u16::MAX, set, rows, how),
        NumberColumn::Port(Side::Destination) => join_numbers(&batch.dst_port, u16::MAX, set, rows, how),
        NumberColumn::Protocol => join_numbers(&batch.protocol, u8::MAX, set, rows, how),
        NumberColumn::Version => join_numbers(&batch.version, u8::MAX, set, rows, how),
        NumberColumn::Offset => {
            // The column is empty where nobody asked for it: null, then.
            let offsets = batch.offset.iter().map(Some).chain(core::iter::repeat(None));
            combine(rows, offsets.map(|offset| offset.is_some_and(|offset| set.contains(*offset))), how);
        }
        NumberColumn::Counter(counter) => {
            let mut one = |bit: u8, column: &[u64]| {
                let logged = batch.logged.iter().map(|logged| has_bit(*logged, bit));
                combine(
                    rows,
                    column.iter().zip(logged).map(|(value, logged)| logged && set.contains(*value)),
                    how,
                );
            };
            match counter {
                Counter::PacketsSrcToDst => one(0, &batch.packets_src_to_dst),
                Counter::BytesSrcToDst => one(1, &batch.bytes_src_to_dst),
                Counter::PacketsDstToSrc => one(2, &batch.packets_dst_to_src),
                Counter::BytesDstToSrc => one(3, &batch.bytes_dst_to_src),
                Counter::Packets => {
                    join_sum(
                        0b0101,
                        &batch.packets_src_to_dst,
                        &batch.packets_dst_to_src,
                        set,
                        batch,
                        rows,
                        how,
                    );
                }
                Counter::Bytes => {
                    join_sum(0b1010, &batch.bytes_src_to_dst, &batch.bytes_dst_to_src, set, batch, rows, how);
                }
            }
        }
    }
}

/// A column of small numbers: compared in its own type where the set, or what is not in it, is one span, which is most often
/// so.
fn join_numbers<T>(column: &[T], highest: T, set: &SpanSet<u64>, rows: &mut [bool], how: Join)
where
    T: Copy + Ord + TryFrom<u64> + Into<u64>,
{
    let within = |(first, last): (u64, u64)| {
        let last = T::try_from(last).unwrap_or(highest);
        T::try_from(first).ok().map(|first| (first, last))
    };
    match (set.single().map(within), set.complement().single().map(within)) {
        (Some(Some((first, last))), _) => {
            combine(rows, column.iter().map(|value| first <= *value && *value <= last), how);
        }
        (_, Some(Some((first, last)))) => {
            combine(rows, column.iter().map(|value| *value < first || last < *value), how);
        }
        _ => combine(rows, column.iter().map(|value| set.contains((*value).into())), how),
    }
}

/// The sum of two counters, null where either is; `needed` are their bits in `Batch::logged`.
fn join_sum(
    needed: u8,
    one: &[u64],
    other: &[u64],
    set: &SpanSet<u64>,
    batch: &Batch,
    rows: &mut [bool],
    how: Join,
) {
    let sums = one.iter().zip(other).map(|(one, other)| one.saturating_add(*other));
    let logged = batch.logged.iter().map(|logged| logged & needed == needed);
    combine(rows, sums.zip(logged).map(|(sum, logged)| logged && set.contains(sum)), how);
}

/// The answer for each flow group of the batch.
fn by_group(check: &ContextCheck, batch: &Batch) -> Vec<bool> {
    match check {
        ContextCheck::Text { field, set, wanted } => {
            // Groups share their few texts, so each text is asked once.
            let mut known: Vec<Option<bool>> = vec![None; batch.texts.values().len()];
            let mut ask = |code: u32| {
                let answer = || set.contains(*field, batch.texts.get(code)) == *wanted;
                known.get_mut(code as usize).is_some_and(|known| *known.get_or_insert_with(answer))
            };
            let groups = batch.groups.iter();
            groups.map(|group| text_code(*field, group, batch).is_some_and(&mut ask)).collect()
        }
        ContextCheck::Origin(bits) => {
            let is_origin =
                |group: &Group| has_origin(*bits, batch.text(group.rule), batch.text(group.acl_id));
            batch.groups.iter().map(is_origin).collect()
        }
        ContextCheck::RecordTime(set) => {
            let time_ms = |group: &Group| batch.records.get(group.record as usize)?.time_ms;
            batch
                .groups
                .iter()
                .map(|group| time_ms(group).is_some_and(|time_ms| set.contains(time_ms)))
                .collect()
        }
    }
}

fn text_code(field: TextField, group: &Group, batch: &Batch) -> Option<u32> {
    let record = || batch.records.get(group.record as usize);
    match field {
        TextField::Rule => group.rule,
        TextField::AclId => group.acl_id,
        TextField::Mac => group.mac,
        TextField::TargetResourceId => record()?.target_resource_id,
        TextField::FlowLogResourceId => record()?.flow_log_resource_id,
        TextField::Source => Some(record()?.source),
    }
}

#[inline]
fn combine(rows: &mut [bool], answers: impl Iterator<Item = bool>, how: Join) {
    match how {
        Join::And => rows.iter_mut().zip(answers).for_each(|(row, answer)| *row &= answer),
        Join::Or => rows.iter_mut().zip(answers).for_each(|(row, answer)| *row |= answer),
    }
}

#[inline]
fn look_up(table: &[bool], code: u32) -> bool {
    table.get(code as usize).copied().unwrap_or(false)
}

#[inline]
fn has_bit(bits: u8, bit: u8) -> bool {
    bits >> bit & 1 == 1
}
