//! Asks a filter tuple by tuple, while a log is being decoded and its context may not be known yet.

use super::context::{Context, Known, Verdict};
use super::plan::{Check, ContextCheck, Counter, Node, NumberColumn, Plan, Side, has_origin};
use super::sets::TextSet;
use super::tree::TextField;
use crate::tuple::{Counters, Tuple};
use foldhash::fast::FixedState;
use std::collections::HashMap;
use std::sync::Arc;

/// A filter at work. Questions to the context are answered once, when it is entered.
#[derive(Clone, Debug)]
pub struct Evaluator {
    plan: Arc<Plan>,
    /// The answer to each of the plan's questions to the context.
    answers: Vec<Verdict>,
    /// What regular expressions said of texts, which come again and again: they are slow.
    remembered: Vec<HashMap<String, bool, FixedState>>,
}

/// More distinct texts than a log has rules; a filter on something endless must not eat the memory.
const MOST_REMEMBERED: usize = 4096;

impl Evaluator {
    /// Everything around the tuples is unknown until a context is entered.
    pub(super) fn new(plan: Arc<Plan>) -> Evaluator {
        let answers = vec![Verdict::Undecided; plan.contexts.len()];
        let remembered = vec![HashMap::default(); plan.contexts.len()];
        Evaluator { plan, answers, remembered }
    }

    /// The tuples from here on stand in that context.
    pub fn enter(&mut self, context: &Context<'_>) {
        self.answers.clear();
        let checks = self.plan.contexts.iter().zip(&mut self.remembered);
        self.answers.extend(checks.map(|(check, remembered)| ask_context(check, context, remembered)));
    }

    /// True where the context alone rules out every tuple in it.
    #[must_use]
    pub fn drops_all(&self) -> bool {
        fn drops(node: &Node, answers: &[Verdict]) -> bool {
            match node {
                Node::All(nodes) => nodes.iter().any(|node| drops(node, answers)),
                Node::Any(nodes) => nodes.iter().all(|node| drops(node, answers)),
                Node::Check(_) => false,
                Node::Context(number) => answers.get(*number) == Some(&Verdict::Drop),
            }
        }
        drops(&self.plan.root, &self.answers)
    }

    /// The answer on a tuple whose text starts at that byte of its source.
    #[inline]
    #[must_use]
    pub fn test(&self, tuple: &Tuple, offset: u64) -> Verdict {
        ask(&self.plan.root, &self.answers, tuple, offset)
    }
}

fn ask(node: &Node, answers: &[Verdict], tuple: &Tuple, offset: u64) -> Verdict {
    match node {
        Node::All(nodes) => {
            let mut verdict = Verdict::Keep;
            for node in nodes {
                match ask(node, answers, tuple, offset) {
                    Verdict::Drop => return Verdict::Drop,
                    Verdict::Undecided => verdict = Verdict::Undecided,
                    Verdict::Keep => {}
                }
            }
            verdict
        }
        Node::Any(nodes) => {
            let mut verdict = Verdict::Drop;
            for node in nodes {
                match ask(node, answers, tuple, offset) {
                    Verdict::Keep => return Verdict::Keep,
                    Verdict::Undecided => verdict = Verdict::Undecided,
                    Verdict::Drop => {}
                }
            }
            verdict
        }
        Node::Check(check) => verdict(ask_tuple(check, tuple, offset)),
        Node::Context(number) => answers.get(*number).copied().unwrap_or(Verdict::Undecided),
    }
}

#[inline]
fn ask_tuple(check: &Check, tuple: &Tuple, offset: u64) -> bool {
    match check {
        Check::Address { side, set, wanted } => {
            let address = match side {
                Side::Source => tuple.src_ip,
                Side::Destination => tuple.dst_ip,
            };
            set.contains(address) == *wanted
        }
        Check::Number { column, set } => {
            let number = match column {
                NumberColumn::Port(Side::Source) => Some(u64::from(tuple.src_port)),
                NumberColumn::Port(Side::Destination) => Some(u64::from(tuple.dst_port)),
                NumberColumn::Protocol => Some(u64::from(tuple.protocol)),
                NumberColumn::Version => Some(u64::from(tuple.version)),
                NumberColumn::Counter(counter) => counter.of(&tuple.counters),
                NumberColumn::Offset => Some(offset),
            };
            number.is_some_and(|number| set.contains(number))
        }
        Check::Time(set) => set.contains(tuple.time_ms),
        Check::Direction(bits) => bits >> tuple.direction as u8 & 1 == 1,
        Check::Action(bits) => bits >> tuple.action as u8 & 1 == 1,
        Check::State(bits) => tuple.state.is_some_and(|state| bits >> state as u8 & 1 == 1),
        Check::Encryption(bits) => {
            tuple.encryption.is_some_and(|encryption| bits >> encryption as u8 & 1 == 1)
        }
    }
}

fn ask_context(
    check: &ContextCheck,
    context: &Context<'_>,
    remembered: &mut HashMap<String, bool, FixedState>,
) -> Verdict {
    match check {
        ContextCheck::Text { field, set, wanted } => {
            let text = match field {
                TextField::Rule => context.rule,
                TextField::AclId => context.acl_id,
                TextField::Mac => context.mac,
                TextField::TargetResourceId => context.target_resource_id,
                TextField::FlowLogResourceId => context.flow_log_resource_id,
                TextField::Source => context.source,
            };
            match text {
                Known::Unknown => Verdict::Undecided,
                Known::Null => Verdict::Drop,
                Known::Value(text) if matches!(set, TextSet::Patterns(_)) => {
                    verdict(set.contains(*field, text) == *wanted)
                }
                Known::Value(text) => {
                    if let Some(keep) = remembered.get(text) {
                        return verdict(*keep);
                    }
                    let keep = set.contains(*field, text) == *wanted;
                    if remembered.len() == MOST_REMEMBERED {
                        remembered.clear();
                    }
                    remembered.insert(text.to_owned(), keep);
                    verdict(keep)
                }
            }
        }
        ContextCheck::Origin(bits) => match (context.rule, context.acl_id) {
            (Known::Null, _) => Verdict::Drop,
            (Known::Unknown, _) | (_, Known::Unknown) => Verdict::Undecided,
            (Known::Value(rule), Known::Value(acl_id)) => {
                verdict(has_origin(*bits, Some(rule), Some(acl_id)))
            }
            (Known::Value(rule), Known::Null) => verdict(has_origin(*bits, Some(rule), None)),
        },
        ContextCheck::RecordTime(set) => match context.record_time_ms {
            Known::Unknown => Verdict::Undecided,
            Known::Null => Verdict::Drop,
            Known::Value(time_ms) => verdict(set.contains(time_ms)),
        },
    }
}

impl Counter {
    /// Its value in these counters; a sum is null where a part is.
    #[inline]
    fn of(self, counters: &Counters) -> Option<u64> {
        match self {
            Counter::Bytes => Some(counters.bytes_src_to_dst?.saturating_add(counters.bytes_dst_to_src?)),
            Counter::Packets => {
                Some(counters.packets_src_to_dst?.saturating_add(counters.packets_dst_to_src?))
            }
            Counter::PacketsSrcToDst => counters.packets_src_to_dst,
            Counter::BytesSrcToDst => counters.bytes_src_to_dst,
            Counter::PacketsDstToSrc => counters.packets_dst_to_src,
            Counter::BytesDstToSrc => counters.bytes_dst_to_src,
        }
    }
}

fn verdict(keep: bool) -> Verdict {
    if keep { Verdict::Keep } else { Verdict::Drop }
}
