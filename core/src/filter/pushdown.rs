//! What a filter implies before any tuple is read: which times and which NICs it can be true for at all, so that
//! whole files and records are skipped, and what makes no difference to it. May allow too much, never too little.

use super::plan::{Check, ContextCheck, Node, NumberColumn, Plan, Side};
use super::sets::{SpanSet, TextSet};
use super::tree::TextField;

/// A start, included, and an end, excluded; `None` where there is no limit.
pub(super) type TimeBounds = (Option<i64>, Option<i64>);

/// The times outside of which the plan keeps no tuple.
pub(super) fn time_bounds(plan: &Plan) -> TimeBounds {
    let (first, last) = time_hull(&plan.root);
    // A span that reaches to the end of all numbers has no end.
    (Some(first).filter(|first| *first != i64::MIN), last.checked_add(1))
}

/// The first and the last millisecond of the one span of time of which the filter keeps what its other parts allow; `None`
/// where it says more of time than that.
pub(super) fn time_window(plan: &Plan) -> Option<(i64, i64)> {
    fn window(node: &Node) -> Option<(i64, i64)> {
        match node {
            Node::All(nodes) => nodes.iter().map(window).try_fold((i64::MIN, i64::MAX), |one, other| {
                let other = other?;
                Some((one.0.max(other.0), one.1.min(other.1)))
            }),
            Node::Any(nodes) => nodes.iter().all(is_timeless).then_some((i64::MIN, i64::MAX)),
            Node::Check(Check::Time(set)) => set.single(),
            Node::Check(_) | Node::Context(_) => Some((i64::MIN, i64::MAX)),
        }
    }
    window(&plan.root)
}

fn is_timeless(node: &Node) -> bool {
    match node {
        Node::All(nodes) | Node::Any(nodes) => nodes.iter().all(is_timeless),
        Node::Check(Check::Time(_)) => false,
        Node::Check(_) | Node::Context(_) => true,
    }
}

/// True where some question is answered otherwise for some source ports than for others; `is_alike` says whether a set has all
/// of the ports in question or none.
pub(super) fn tells_source_ports_apart(node: &Node, is_alike: &impl Fn(&SpanSet<u64>) -> bool) -> bool {
    match node {
        Node::All(nodes) | Node::Any(nodes) => {
            nodes.iter().any(|node| tells_source_ports_apart(node, is_alike))
        }
        Node::Check(Check::Number { column: NumberColumn::Port(Side::Source), set }) => !is_alike(set),
        Node::Check(_) | Node::Context(_) => false,
    }
}

/// First and last millisecond; the last lies before the first where no time can do.
fn time_hull(node: &Node) -> (i64, i64) {
    const ALWAYS: (i64, i64) = (i64::MIN, i64::MAX);
    const NEVER: (i64, i64) = (0, -1);
    match node {
        Node::All(nodes) => nodes.iter().map(time_hull).fold(ALWAYS, |one, other| {
            let both = (one.0.max(other.0), one.1.min(other.1));
            if both.0 <= both.1 { both } else { NEVER }
        }),
        Node::Any(nodes) => {
            nodes.iter().map(time_hull).filter(|hull| hull.0 <= hull.1).fold(NEVER, |one, other| {
                if one == NEVER { other } else { (one.0.min(other.0), one.1.max(other.1)) }
            })
        }
        Node::Check(Check::Time(set)) => set.hull().unwrap_or(NEVER),
        Node::Check(_) | Node::Context(_) => ALWAYS,
    }
}

/// The NICs outside of which the plan keeps no tuple, upper case digits, sorted; `None` where any may do.
pub(super) fn macs(plan: &Plan) -> Option<Vec<String>> {
    let mut macs = macs_of(&plan.root, plan)?;
    macs.sort_unstable();
    macs.dedup();
    Some(macs)
}

fn macs_of(node: &Node, plan: &Plan) -> Option<Vec<String>> {
    match node {
        Node::All(nodes) => {
            let mut lists = nodes.iter().filter_map(|node| macs_of(node, plan));
            let first = lists.next()?;
            Some(lists.fold(first, |one, other| one.into_iter().filter(|mac| other.contains(mac)).collect()))
        }
        Node::Any(nodes) => {
            let lists: Option<Vec<Vec<String>>> = nodes.iter().map(|node| macs_of(node, plan)).collect();
            Some(lists?.concat())
        }
        Node::Check(_) => None,
        Node::Context(number) => match plan.contexts.get(*number)? {
            ContextCheck::Text { field: TextField::Mac, set: TextSet::Patterns(patterns), wanted: true } => {
                patterns.iter().map(|pattern| Some(pattern.literal()?.to_uppercase())).collect()
            }
            _ => None,
        },
    }
}
