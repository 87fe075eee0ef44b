//! The filter language: one grammar for every face, from pcap's and nfdump's words to Azure's own filter strings.
//!
//! A text becomes a tree ([`Expression`]: plain data), the tree a plan, and the plan is asked in two ways that
//! agree on every row: tuple by tuple while a log is being decoded ([`Filter::evaluator`]), or over whole columns
//! ([`Filter::mask`]). What it implies about times and NICs is known before anything is read
//! ([`Filter::time_bounds`], [`Filter::macs`]).
//!
//! ```
//! use vnetflow_core::filter::{Context, Filter, Verdict};
//! use vnetflow_core::groups::Groups;
//! use vnetflow_core::tuple::Tuple;
//!
//! let filter = Filter::parse("src net 10.1.0.0/16 and dst port 22 or 3389 and denied", &Groups::new())?;
//! assert_eq!(filter.explain(), "(src net 10.1.0.0/16 and dst port in (22, 3389) and denied)");
//!
//! let tuple = Tuple::parse("1714554000000,10.1.1.4,10.2.0.5,50000,22,6,O,D,NX,0,0,0,0").expect("a tuple");
//! let mut evaluator = filter.evaluator();
//! evaluator.enter(&Context::default());
//! assert_eq!(evaluator.test(&tuple, 0), Verdict::Keep);
//! # Ok::<(), vnetflow_core::filter::FilterError>(())
//! ```
//!
//! Fields and operators mix with keywords, and Azure's own flow-log filters work as they are:
//!
//! ```
//! # use vnetflow_core::{filter::Filter, groups::Groups};
//! let explain = |text: &str| Filter::parse(text, &Groups::new()).map(|filter| filter.explain());
//! assert_eq!(
//!     explain("dstip=20.252.145.59 || DstPort=54300-54400").as_deref(),
//!     Ok("(dst host 20.252.145.59 or dst port 54300-54400)")
//! );
//! assert_eq!(
//!     explain("src.ip = 10.1.0.0/16 && bytes > 10M and not encrypted").as_deref(),
//!     Ok("(src net 10.1.0.0/16 and bytes > 10M and not encrypted)")
//! );
//! ```
//!
//! A mistake is named with its column, and with what was probably meant:
//!
//! ```
//! # use vnetflow_core::{filter::Filter, groups::Groups};
//! let error = Filter::parse("port 22 and denyed", &Groups::new()).expect_err("a misspelt word");
//! assert_eq!(error.to_string(), "unknown word `denyed` at column 13: did you mean `denied`?");
//! ```
//!
//! What is worth knowing beyond the grammar, which stands at the head of `parser.rs`:
//!
//! * A list behind a keyword binds tighter than everything else: `not port 22 or 3389` is neither of the two, and
//!   `port 22 or 3389 and tcp` is both of them over TCP. Behind `=` only commas make a list.
//! * Without `src` or `dst` a test is true where it is true of one end, so `private` is not `not public`.
//! * A group holds every address of its prefixes, even where a narrower prefix has a name of its own.
//! * Names match as a whole, upper and lower case alike, with `*` and `?` as wildcards; regular expressions (`~`)
//!   are found anywhere and mind the case unless they begin with `(?i)`.
//! * A word that is no word of the language is the name of a group, else of a rule; one that is nearly a word of
//!   the language is an error, and quotes make a name of it.
//! * A date or a time without seconds stands for the whole day or minute behind `=` and `in`, and for its first
//!   instant behind `<` and the like and beside `..`.
//! * A comparison with null is null: neither it nor its `not` keeps the tuple.

mod complete;
mod condition;
mod context;
mod cursor;
mod error;
mod evaluator;
mod explain;
mod lexer;
mod mask;
mod parser;
mod plan;
mod pushdown;
mod sets;
#[cfg(test)]
mod tests;
mod tree;
mod values;
mod words;

pub use complete::{Completion, CompletionValues, complete};
pub use context::{Context, Known, Verdict};
pub(crate) use error::nearest;
pub use error::{FilterError, FilterErrorKind};
pub use evaluator::Evaluator;
pub use tree::{
    Condition, End, Expression, Network, NumberField, RegularExpression, Span, Test, TextField, TimeField,
};

use crate::batch::Batch;
use crate::columns::COLUMNS;
use crate::condensed::PortSet;
use crate::groups::Groups;
use plan::Plan;
use sets::SpanSet;
use std::sync::Arc;

/// A filter that is ready to be asked.
#[derive(Clone, Debug)]
pub struct Filter {
    expression: Expression,
    plan: Arc<Plan>,
}

/// Keeps everything.
impl Default for Filter {
    fn default() -> Filter {
        Filter::from_expression(Expression::Any, &Groups::new())
    }
}

/// Equal where the trees are.
impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        self.expression == other.expression
    }
}

impl Filter {
    /// Reads a filter; `groups` gives the names that `group` may ask for.
    ///
    /// # Errors
    ///
    /// The first place at which the text is no filter.
    pub fn parse(text: &str, groups: &Groups) -> Result<Filter, FilterError> {
        parser::parse(text, groups).map(|expression| Filter::from_expression(expression, groups))
    }

    fn from_expression(expression: Expression, groups: &Groups) -> Filter {
        let plan = Arc::new(Plan::new(&expression, groups));
        Filter { expression, plan }
    }

    /// The tree.
    #[must_use]
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The filter in words, fully bracketed; parsed again it gives the same tree.
    #[must_use]
    pub fn explain(&self) -> String {
        self.expression.to_string()
    }

    /// Asks tuple by tuple, while decoding.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(self.plan.clone())
    }

    /// True for each row of the batch that the filter keeps. Agrees with [`Filter::evaluator`] on every row; an
    /// offset that the batch does not keep is null.
    #[must_use]
    pub fn mask(&self, batch: &Batch) -> Vec<bool> {
        mask::mask(&self.plan, batch)
    }

    /// The times that the filter can be true for at all, in milliseconds since 1970 UTC: a start, included, and an
    /// end, excluded. May allow too much, never too little.
    #[must_use]
    pub fn time_bounds(&self) -> (Option<i64>, Option<i64>) {
        pushdown::time_bounds(&self.plan)
    }

    /// The first and the last millisecond since 1970 UTC of the one span of time of which the filter keeps what its other parts
    /// allow (`i64::MIN` and `i64::MAX` for all time); `None` where it says more of time than that.
    #[must_use]
    pub fn time_window(&self) -> Option<(i64, i64)> {
        pushdown::time_window(&self.plan)
    }

    /// The NICs that the filter can be true for at all, as upper case digits; `None` where it names none.
    #[must_use]
    pub fn macs(&self) -> Option<Vec<String>> {
        pushdown::macs(&self.plan)
    }

    /// True where it may matter to the filter which source port from that one on a tuple has.
    #[must_use]
    pub fn tells_source_ports_apart(&self, from: u16) -> bool {
        let is_alike = |set: &SpanSet<u64>| set.is_all_or_nothing(u64::from(from), u64::from(u16::MAX));
        pushdown::tells_source_ports_apart(&self.plan.root, &is_alike)
    }

    /// True where it may matter to the filter which of these source ports a tuple has.
    pub(crate) fn tells_these_source_ports_apart(&self, ports: &PortSet) -> bool {
        let is_alike = |set: &SpanSet<u64>| {
            let inside = set.spans().map(|(first, last)| ports.count(first, last)).sum();
            [0, ports.len()].contains(&inside)
        };
        pushdown::tells_source_ports_apart(&self.plan.root, &is_alike)
    }

    /// The public columns that the filter looks at, each once, in the order of the table.
    #[must_use]
    pub fn columns(&self) -> Vec<&'static str> {
        let mut wanted = Vec::new();
        self.expression.for_each_test(&mut |test| wanted.extend(test.columns()));
        COLUMNS.iter().map(|column| column.name).filter(|name| wanted.contains(name)).collect()
    }

    /// True where the filter asks for anything but the tuple itself.
    #[must_use]
    pub fn needs_context(&self) -> bool {
        !self.plan.contexts.is_empty()
    }
}
