//! The tree that a filter's text becomes: plain data, to be walked, printed and pushed down.
//!
//! What two spellings say alike is alike in the tree: `dst.port = 22`, `dst port 22` and `DstPort=22` give the
//! same test, and `!=` is `not` of `=`, which three-valued logic makes exact.

use crate::origin::RuleOrigin;
use crate::tuple::{Action, Direction, Encryption, State};
use core::fmt;
use core::net::IpAddr;
use ipnet::IpNet;

/// A filter, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// True for every tuple: the empty filter, or the word `any`.
    Any,
    /// One question to a tuple.
    Test(Test),
    /// True where the part is false; null where it is null.
    Not(Box<Expression>),
    /// True where all parts are; two parts or more.
    And(Vec<Expression>),
    /// True where one part is; two parts or more.
    Or(Vec<Expression>),
}

/// One question to a tuple.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The address lies in one of the networks.
    Address {
        /// Which end's address.
        end: End,
        /// At least one.
        networks: Vec<Network>,
    },
    /// The address lies in a network of one of the named groups.
    Group {
        /// Which end's address.
        end: End,
        /// Names as the groups have them, at least one.
        names: Vec<String>,
    },
    /// The address is globally routable, or is not.
    Scope {
        /// Which end's address.
        end: End,
        /// True for `public`, false for `private`.
        public: bool,
    },
    /// A number compares as wanted; null where it was not logged.
    Number {
        /// Which number.
        field: NumberField,
        /// What it must be.
        condition: Condition<u64>,
    },
    /// A time compares as wanted, in milliseconds since 1970 UTC.
    Time {
        /// Which time.
        field: TimeField,
        /// What it must be.
        condition: Condition<i64>,
    },
    /// The direction is one of these.
    Direction(Vec<Direction>),
    /// The verdict is one of these.
    Action(Vec<Action>),
    /// The state is one of these; null in NSG version 1.
    State(Vec<State>),
    /// The encryption is one of these; null in NSG logs.
    Encryption(Vec<Encryption>),
    /// The origin of the rule is one of these; null where no rule was logged.
    Origin(Vec<RuleOrigin>),
    /// The text is one of these, upper and lower case alike, `*` and `?` as wildcards.
    Text {
        /// Which text.
        field: TextField,
        /// At least one.
        patterns: Vec<String>,
    },
    /// The regular expression is found in the text.
    Regex {
        /// Which text.
        field: TextField,
        /// What is looked for.
        pattern: RegularExpression,
    },
}

/// Which end of a flow is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The source or the destination.
    Either,
    /// The initiator.
    Source,
    /// The responder.
    Destination,
}

/// A network, or a run of addresses of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// All addresses with that prefix; host bits are zero.
    Prefix(IpNet),
    /// From the first to the last, both included.
    Range(IpAddr, IpAddr),
}

/// What a value must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition<T> {
    /// In one of the spans, at least one.
    In(Vec<Span<T>>),
    /// `<`
    Below(T),
    /// `<=`
    AtMost(T),
    /// `>`
    Above(T),
    /// `>=`
    AtLeast(T),
}

/// A run of values, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<T> {
    /// The lowest.
    pub first: T,
    /// The highest, not below the first.
    pub last: T,
}

/// The numbers of a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NumberField {
    /// Port of an end.
    Port(End),
    /// IANA protocol number.
    Protocol,
    /// Version of the tuple's shape.
    Version,
    /// Bytes of both directions together; null where either is.
    Bytes,
    /// Packets of both directions together; null where either is.
    Packets,
    /// Packets from source to destination.
    PacketsSrcToDst,
    /// Bytes from source to destination.
    BytesSrcToDst,
    /// Packets from destination to source.
    PacketsDstToSrc,
    /// Bytes from destination to source.
    BytesDstToSrc,
    /// Byte in the source where the tuple's text starts.
    Offset,
}

/// The times of a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeField {
    /// When the tuple was logged.
    Time,
    /// When the record was written.
    RecordTime,
}

/// The texts around a tuple.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextField {
    /// Name of the rule.
    Rule,
    /// Resource that holds the rule.
    AclId,
    /// NIC; `:`, `-` and `.` are ignored.
    Mac,
    /// VNet, subnet or NIC the flow log is set on.
    TargetResourceId,
    /// The flow log's own resource.
    FlowLogResourceId,
    /// File the tuple was read from.
    Source,
}

/// A regular expression that is known to be a valid one. Equal where the pattern is.
#[derive(Clone)]
pub struct RegularExpression {
    pattern: String,
    compiled: regex_lite::Regex,
}

impl RegularExpression {
    /// Compiles the pattern.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub fn new(pattern: &str) -> Result<RegularExpression, String> {
        let compiled = regex_lite::Regex::new(pattern).map_err(|error| error.to_string())?;
        Ok(RegularExpression { pattern: pattern.to_owned(), compiled })
    }

    /// The pattern as written.
    #[must_use]
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// True where it is found anywhere in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

impl PartialEq for RegularExpression {
    fn eq(&self, other: &RegularExpression) -> bool {
        self.pattern == other.pattern
    }
}

impl Eq for RegularExpression {}

impl fmt::Debug for RegularExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RegularExpression({:?})", self.pattern)
    }
}

impl Expression {
    /// Calls `visit` with every test, from left to right.
    pub fn for_each_test<'a>(&'a self, visit: &mut impl FnMut(&'a Test)) {
        match self {
            Expression::Any => {}
            Expression::Test(test) => visit(test),
            Expression::Not(part) => part.for_each_test(visit),
            Expression::And(parts) | Expression::Or(parts) => {
                parts.iter().for_each(|part| part.for_each_test(visit));
            }
        }
    }
}

impl Test {
    /// The public columns (and `bytes`, `packets`) that the test looks at.
    #[must_use]
    pub fn columns(&self) -> &'static [&'static str] {
        match self {
            Test::Address { end, .. } | Test::Group { end, .. } | Test::Scope { end, .. } => match end {
                End::Either => &["src_ip", "dst_ip"],
                End::Source => &["src_ip"],
                End::Destination => &["dst_ip"],
            },
            Test::Number { field, .. } => field.columns(),
            Test::Time { field: TimeField::Time, .. } => &["time"],
            Test::Time { field: TimeField::RecordTime, .. } => &["record_time"],
            Test::Direction(_) => &["direction"],
            Test::Action(_) => &["action"],
            Test::State(_) => &["state"],
            Test::Encryption(_) => &["encryption"],
            Test::Origin(_) => &["rule_origin"],
            Test::Text { field, .. } | Test::Regex { field, .. } => match field {
                TextField::Rule => &["rule"],
                TextField::AclId => &["acl_id"],
                TextField::Mac => &["mac"],
                TextField::TargetResourceId => &["target_resource_id"],
                TextField::FlowLogResourceId => &["flow_log_resource_id"],
                TextField::Source => &["source"],
            },
        }
    }

    /// True where the answer is not in the tuple itself, but in what stands around it.
    #[must_use]
    pub fn needs_context(&self) -> bool {
        matches!(
            self,
            Test::Origin(_)
                | Test::Text { .. }
                | Test::Regex { .. }
                | Test::Time { field: TimeField::RecordTime, .. }
        )
    }
}

impl NumberField {
    fn columns(self) -> &'static [&'static str] {
        match self {
            NumberField::Port(End::Either) => &["src_port", "dst_port"],
            NumberField::Port(End::Source) => &["src_port"],
            NumberField::Port(End::Destination) => &["dst_port"],
            NumberField::Protocol => &["protocol"],
            NumberField::Version => &["flow_log_version"],
            NumberField::Bytes => &["bytes_src_to_dst", "bytes_dst_to_src"],
            NumberField::Packets => &["packets_src_to_dst", "packets_dst_to_src"],
            NumberField::PacketsSrcToDst => &["packets_src_to_dst"],
            NumberField::BytesSrcToDst => &["bytes_src_to_dst"],
            NumberField::PacketsDstToSrc => &["packets_dst_to_src"],
            NumberField::BytesDstToSrc => &["bytes_dst_to_src"],
            NumberField::Offset => &["offset"],
        }
    }
}
