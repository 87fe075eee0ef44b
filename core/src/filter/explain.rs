//! Prints a tree in keyword form, fully bracketed, so that parsing the print gives the same tree.

use super::parser::unencrypted;
use super::tree::{Condition, End, Expression, Network, NumberField, Span, Test, TextField, TimeField};
use super::values::SIZES;
use crate::tuple::{Action, Direction, Encryption};
use core::fmt::{self, Display};
use jiff::Timestamp;

impl Display for Expression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Expression::Any => return formatter.write_str("any"),
            Expression::Test(test) => return test.fmt(formatter),
            Expression::Not(part) => return write!(formatter, "not {part}"),
            Expression::And(parts) => (parts, " and "),
            Expression::Or(parts) => (parts, " or "),
        };
        write!(formatter, "({})", Joined(parts, word))
    }
}

impl Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Address { end, networks } => {
                let is_host = |network: &Network| match network {
                    Network::Prefix(net) => net.prefix_len() == net.max_prefix_len(),
                    Network::Range(..) => true,
                };
                let keyword = if networks.iter().all(is_host) { "host" } else { "net" };
                write!(formatter, "{}{keyword} {}", Prefix(*end), List(networks))
            }
            Test::Group { end, names } => {
                let names: Vec<_> = names.iter().map(|name| Quoted(name)).collect();
                write!(formatter, "{}group {}", Prefix(*end), List(&names))
            }
            Test::Scope { end, public } => {
                write!(formatter, "{}{}", Prefix(*end), if *public { "public" } else { "private" })
            }
            Test::Number { field, condition } => number(formatter, *field, condition),
            Test::Time { field, condition } => {
                let name = match field {
                    TimeField::Time => "time",
                    TimeField::RecordTime => "record_time",
                };
                time(formatter, name, condition)
            }
            Test::Direction(values) => match values.as_slice() {
                [Direction::Inbound] => formatter.write_str("inbound"),
                [Direction::Outbound] => formatter.write_str("outbound"),
                values => write!(formatter, "direction {}", List(values)),
            },
            Test::Action(values) => match values.as_slice() {
                [Action::Allow] => formatter.write_str("allowed"),
                [Action::Deny] => formatter.write_str("denied"),
                values => write!(formatter, "action {}", List(values)),
            },
            Test::State(values) => write!(formatter, "state {}", List(values)),
            Test::Encryption(values) => match values.as_slice() {
                [Encryption::Encrypted] => formatter.write_str("encrypted"),
                values if values == unencrypted() => formatter.write_str("unencrypted"),
                values => write!(formatter, "encryption {}", List(values)),
            },
            Test::Origin(values) => write!(formatter, "origin {}", List(values)),
            Test::Text { field, patterns } => {
                let patterns: Vec<_> = patterns.iter().map(|pattern| Quoted(pattern)).collect();
                write!(formatter, "{} {}", text_name(*field), List(&patterns))
            }
            Test::Regex { field, pattern } => {
                write!(formatter, "{} ~ {}", text_name(*field), Quoted(pattern.pattern()))
            }
        }
    }
}

impl Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Network::Prefix(net) if net.prefix_len() == net.max_prefix_len() => net.addr().fmt(formatter),
            Network::Prefix(net) => net.fmt(formatter),
            Network::Range(first, last) => write!(formatter, "{first}-{last}"),
        }
    }
}

/// One value as it is, several as `in (…)`, which no following word can join.
struct List<'a, T>(&'a [T]);

impl<T: Display> Display for List<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [value] => value.fmt(formatter),
            values => write!(formatter, "in ({})", Joined(values, ", ")),
        }
    }
}

struct Joined<'a, T>(&'a [T], &'static str);

impl<T: Display> Display for Joined<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.0.iter().enumerate() {
            write!(formatter, "{}{part}", if number == 0 { "" } else { self.1 })?;
        }
        Ok(())
    }
}

/// A name in quotes.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// `src `, `dst ` or nothing.
struct Prefix(End);

impl Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            End::Either => "",
            End::Source => "src ",
            End::Destination => "dst ",
        })
    }
}

fn text_name(field: TextField) -> &'static str {
    match field {
        TextField::Rule => "rule",
        TextField::AclId => "acl",
        TextField::Mac => "mac",
        TextField::TargetResourceId => "target_resource_id",
        TextField::FlowLogResourceId => "flow_log_resource_id",
        TextField::Source => "source",
    }
}

fn number(formatter: &mut fmt::Formatter<'_>, field: NumberField, condition: &Condition<u64>) -> fmt::Result {
    let (keyword, is_size) = match field {
        NumberField::Port(End::Either) => ("port", false),
        NumberField::Port(End::Source) => ("src port", false),
        NumberField::Port(End::Destination) => ("dst port", false),
        NumberField::Protocol => ("proto", false),
        NumberField::Version => ("flow_log_version", false),
        NumberField::Bytes => ("bytes", true),
        NumberField::Packets => ("packets", true),
        NumberField::PacketsSrcToDst => ("src packets", true),
        NumberField::BytesSrcToDst => ("src bytes", true),
        NumberField::PacketsDstToSrc => ("dst packets", true),
        NumberField::BytesDstToSrc => ("dst bytes", true),
        NumberField::Offset => ("offset", true),
    };
    let shown = |number: u64| if is_size { size(number) } else { number.to_string() };
    let spans = match condition {
        Condition::In(spans) => spans,
        Condition::Below(value) => return write!(formatter, "{keyword} < {}", shown(*value)),
        Condition::AtMost(value) => return write!(formatter, "{keyword} <= {}", shown(*value)),
        Condition::Above(value) => return write!(formatter, "{keyword} > {}", shown(*value)),
        Condition::AtLeast(value) => return write!(formatter, "{keyword} >= {}", shown(*value)),
    };
    if field == NumberField::Protocol
        && let [Span { first, last }] = spans.as_slice()
        && first == last
    {
        return match first {
            1 => formatter.write_str("icmp"),
            6 => formatter.write_str("tcp"),
            17 => formatter.write_str("udp"),
            // With `=` a following `or tcp` stays a test of its own.
            other => write!(formatter, "proto = {other}"),
        };
    }
    let spans: Vec<String> = spans
        .iter()
        .map(
            |Span { first, last }| {
                if first == last { shown(*first) } else { format!("{}-{}", shown(*first), shown(*last)) }
            },
        )
        .collect();
    let equals = if is_size && spans.len() == 1 { "= " } else { "" };
    write!(formatter, "{keyword} {equals}{}", List(&spans))
}

/// A size in the largest unit that keeps it whole.
fn size(number: u64) -> String {
    match SIZES.iter().find(|(_, factor)| number != 0 && number.is_multiple_of(*factor)) {
        Some((unit, factor)) => format!("{}{unit}", number / factor),
        None => number.to_string(),
    }
}

fn time(formatter: &mut fmt::Formatter<'_>, name: &str, condition: &Condition<i64>) -> fmt::Result {
    match condition {
        Condition::In(spans) => {
            let spans: Vec<String> = spans
                .iter()
                .map(|Span { first, last }| format!("{}..{}", Time(*first), Time(last.saturating_add(1))))
                .collect();
            match spans.as_slice() {
                [span] => write!(formatter, "{name} in {span}"),
                spans => write!(formatter, "{name} {}", List(spans)),
            }
        }
        Condition::Below(value) => write!(formatter, "{name} < {}", Time(*value)),
        Condition::AtMost(value) => write!(formatter, "{name} <= {}", Time(*value)),
        Condition::Above(value) => write!(formatter, "{name} > {}", Time(*value)),
        Condition::AtLeast(value) => write!(formatter, "{name} >= {}", Time(*value)),
    }
}

/// RFC 3339, or plain milliseconds beyond what a calendar can print.
struct Time(i64);

impl Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => timestamp.fmt(formatter),
            Err(_) => self.0.fmt(formatter),
        }
    }
}
