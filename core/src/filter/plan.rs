//! A tree made ready to be asked: sets instead of lists, `not` moved down to the single questions.
//!
//! Three-valued logic needs no third value here. A tuple is kept where the filter is true; `and` is true where
//! both sides are, `or` where one is, and `not` of a test is true where the test is false, which for a null it is
//! not. So once every `not` stands directly at a test, "is it true" is all that must be known of each part.

use super::sets::{AddressSet, SpanSet, TextSet};
use super::tree::{Condition, End, Expression, Network, NumberField, Test, TextField, TimeField};
use crate::groups::Groups;
use crate::origin::RuleOrigin;
use crate::sorting::sort_by_key;
use std::collections::HashSet;
use std::sync::Arc;

/// What an expression comes to, with the questions to the context set apart.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) root: Node,
    pub(super) contexts: Vec<ContextCheck>,
}

/// Questions joined; true where all, or any, of the parts are true.
#[derive(Clone, Debug)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Check(Check),
    /// Number of a question in `Plan::contexts`.
    Context(usize),
}

/// A question to the tuple. Bits stand for the codes of an enumeration.
#[derive(Clone, Debug)]
pub(super) enum Check {
    Address { side: Side, set: Arc<AddressSet>, wanted: bool },
    Number { column: NumberColumn, set: SpanSet<u64> },
    Time(SpanSet<i64>),
    Direction(u8),
    Action(u8),
    State(u8),
    Encryption(u8),
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Destination,
}

/// The numbers that a row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberColumn {
    Port(Side),
    Protocol,
    Version,
    Counter(Counter),
    Offset,
}

/// The numbers that may not have been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    Bytes,
    Packets,
    PacketsSrcToDst,
    BytesSrcToDst,
    PacketsDstToSrc,
    BytesDstToSrc,
}

/// A question to what stands around the tuple.
#[derive(Clone, Debug)]
pub(super) enum ContextCheck {
    Text { field: TextField, set: TextSet, wanted: bool },
    Origin(u8),
    RecordTime(SpanSet<i64>),
}

impl Plan {
    pub(super) fn new(expression: &Expression, groups: &Groups) -> Plan {
        let mut contexts = Vec::new();
        let root = node(expression, true, groups, &mut contexts);
        Plan { root, contexts }
    }
}

impl Node {
    /// Cheap questions are asked first; the answer is the same in any order.
    fn cost(&self) -> u8 {
        match self {
            Node::Context(_) => 0,
            Node::Check(Check::Direction(_) | Check::Action(_) | Check::State(_) | Check::Encryption(_)) => 1,
            Node::Check(Check::Number { .. } | Check::Time(_)) => 2,
            Node::Check(Check::Address { .. }) => 3,
            Node::All(_) | Node::Any(_) => 4,
        }
    }
}

/// The node that is true where the expression is `wanted`.
fn node(expression: &Expression, wanted: bool, groups: &Groups, contexts: &mut Vec<ContextCheck>) -> Node {
    let (parts, is_and) = match expression {
        Expression::Any => return if wanted { Node::All(Vec::new()) } else { Node::Any(Vec::new()) },
        Expression::Test(test) => return question(test, wanted, groups, contexts),
        Expression::Not(part) => return node(part, !wanted, groups, contexts),
        Expression::And(parts) => (parts, true),
        Expression::Or(parts) => (parts, false),
    };
    let nodes = parts.iter().map(|part| node(part, wanted, groups, contexts)).collect();
    // Not both is one or the other that is not.
    joined(nodes, is_and == wanted)
}

fn joined(mut nodes: Vec<Node>, all: bool) -> Node {
    sort_by_key(&mut nodes, Node::cost);
    if all { Node::All(nodes) } else { Node::Any(nodes) }
}

fn question(test: &Test, wanted: bool, groups: &Groups, contexts: &mut Vec<ContextCheck>) -> Node {
    let mut context = |check| {
        contexts.push(check);
        Node::Context(contexts.len() - 1)
    };
    match test {
        Test::Address { end, networks } => {
            address(*end, AddressSet::new(networks.iter().copied()), true, wanted)
        }
        Test::Group { end, names } => {
            let names: HashSet<&str> = names.iter().map(String::as_str).collect();
            let codes: Vec<bool> = groups.names().iter().map(|name| names.contains(name.as_str())).collect();
            let is_named = |code: u32| codes.get(code as usize).copied().unwrap_or(false);
            let networks = groups.prefixes().filter(|(_, code)| is_named(*code));
            let networks = networks.map(|(net, _)| Network::Prefix(net));
            address(*end, AddressSet::new(networks), true, wanted)
        }
        Test::Scope { end, public } => address(*end, AddressSet::Public, *public, wanted),
        Test::Number { field, condition } => number(*field, condition, wanted),
        Test::Time { field, condition } => {
            let set = SpanSet::of(condition);
            let set = if wanted { set } else { set.complement() };
            match field {
                TimeField::Time => Node::Check(Check::Time(set)),
                TimeField::RecordTime => context(ContextCheck::RecordTime(set)),
            }
        }
        Test::Direction(values) => {
            Node::Check(Check::Direction(bits(values.iter().map(|v| *v as u8), wanted)))
        }
        Test::Action(values) => Node::Check(Check::Action(bits(values.iter().map(|v| *v as u8), wanted))),
        Test::State(values) => Node::Check(Check::State(bits(values.iter().map(|v| *v as u8), wanted))),
        Test::Encryption(values) => {
            Node::Check(Check::Encryption(bits(values.iter().map(|v| *v as u8), wanted)))
        }
        Test::Origin(values) => context(ContextCheck::Origin(bits(values.iter().map(|v| *v as u8), wanted))),
        Test::Text { field, patterns } => {
            context(ContextCheck::Text { field: *field, set: TextSet::new(*field, patterns), wanted })
        }
        Test::Regex { field, pattern } => {
            context(ContextCheck::Text { field: *field, set: TextSet::Regex(pattern.clone()), wanted })
        }
    }
}

/// Either end lies in the set, or outside of it where `inside` is false; or no end does, where not `wanted`.
fn address(end: End, set: AddressSet, inside: bool, wanted: bool) -> Node {
    let set = Arc::new(set);
    let check = |side| Node::Check(Check::Address { side, set: set.clone(), wanted: inside == wanted });
    ends(end, wanted, check)
}

fn number(field: NumberField, condition: &Condition<u64>, wanted: bool) -> Node {
    let set = SpanSet::of(condition);
    let set = if wanted { set } else { set.complement() };
    let check = |column| Node::Check(Check::Number { column, set: set.clone() });
    let counter = |counter| check(NumberColumn::Counter(counter));
    match field {
        NumberField::Port(end) => ends(end, wanted, |side| check(NumberColumn::Port(side))),
        NumberField::Protocol => check(NumberColumn::Protocol),
        NumberField::Version => check(NumberColumn::Version),
        NumberField::Bytes => counter(Counter::Bytes),
        NumberField::Packets => counter(Counter::Packets),
        NumberField::PacketsSrcToDst => counter(Counter::PacketsSrcToDst),
        NumberField::BytesSrcToDst => counter(Counter::BytesSrcToDst),
        NumberField::PacketsDstToSrc => counter(Counter::PacketsDstToSrc),
        NumberField::BytesDstToSrc => counter(Counter::BytesDstToSrc),
        NumberField::Offset => check(NumberColumn::Offset),
    }
}

/// The question to one end, or to both: one must say yes, or, where not `wanted`, none.
fn ends(end: End, wanted: bool, check: impl Fn(Side) -> Node) -> Node {
    match end {
        End::Source => check(Side::Source),
        End::Destination => check(Side::Destination),
        End::Either => joined(vec![check(Side::Source), check(Side::Destination)], !wanted),
    }
}

/// A bit for each code that is wanted.
fn bits(codes: impl Iterator<Item = u8>, wanted: bool) -> u8 {
    let bits = codes.fold(0, |bits, code| bits | 1 << code);
    if wanted { bits } else { !bits }
}

/// True where the bit of the origin is set; a rule that was not logged has none.
pub(super) fn has_origin(bits: u8, rule: Option<&str>, acl_id: Option<&str>) -> bool {
    RuleOrigin::of(rule, acl_id).is_some_and(|origin| bits >> origin as u8 & 1 == 1)
}
