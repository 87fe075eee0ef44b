//! Reads a filter's tokens into its tree. Knows the grammar; words stand in `words.rs`, values in `values.rs`.
//!
//! ```text
//! filter      = [ or ]                                          nothing at all keeps everything
//! or          = and { ( or | || ) and }
//! and         = unary { ( and | && ) unary }
//! unary       = { not | ! } primary
//! primary     = "(" or ")" | predicate | protocol ports | [ ends ] subject condition | ends item | item
//! predicate   = tcp | udp | inbound | outbound | allowed | denied | encrypted | unencrypted
//!             | [ ends ] public | [ ends ] private | any
//! protocol    = tcp | udp | icmp                                followed at once by ports, as in pcap
//! ports       = [ ends ] port condition
//! ends        = src | dst | src or dst | src and dst
//! subject     = a keyword (host, net, port …) or a field (src.ip, dst_port, DstPort …)
//! condition   = ( = | != ) list | ( < | <= | > | >= ) value | ( ~ | !~ ) text | [ not ] in list | items
//! items       = list, or bare values joined by "or": the words of other tests end it
//! list        = value { "," value } | "(" value { [ "," | or ] value } ")" | the same in [ ]
//! value       = a word or a quoted text that fits the subject: address, range, number, time, name
//! item        = a bare address, prefix, number or range (host, net, port), or a name (group if there is one
//!               of that name, else rule); a quoted text is always a name
//! ```

use super::cursor::{Hint, Nested, Parser};
use super::error::{FilterError, FilterErrorKind, nearest};
use super::lexer::{Kind, tokens};
use super::sets::matches_wildcards;
use super::tree::{Condition, End, Expression, NumberField, RegularExpression, Span, Test, TextField};
use super::values;
use super::words::{self, Predicate, Subject};
use crate::groups::Groups;
use crate::tuple::Encryption;

/// The tree of that text.
pub(super) fn parse(text: &str, groups: &Groups) -> Result<Expression, FilterError> {
    Parser::new(text, tokens(text)?, Some(groups)).filter()
}

impl<'t, 'g> Parser<'t, 'g> {
    pub(super) fn filter(&mut self) -> Result<Expression, FilterError> {
        self.hint(Hint::Test);
        if self.peek().is_none() {
            return Ok(Expression::Any);
        }
        let (expression, _) = self.or()?;
        match self.peek() {
            None => Ok(expression),
            Some(Kind::Close) => Err(self.expected("`and`, `or` or the end")),
            Some(_) => Err(self.expected("`and` or `or`")),
        }
    }

    fn or(&mut self) -> Result<Nested, FilterError> {
        let mut parts = vec![self.and()?];
        while self.eat(&Kind::Or) {
            parts.push(self.and()?);
        }
        self.joined(parts, Expression::Or)
    }

    fn and(&mut self) -> Result<Nested, FilterError> {
        let mut parts = vec![self.unary()?];
        while self.eat(&Kind::And) {
            parts.push(self.unary()?);
        }
        self.joined(parts, Expression::And)
    }

    fn unary(&mut self) -> Result<Nested, FilterError> {
        if !self.eat(&Kind::Not) {
            return self.primary();
        }
        let (part, depth) = self.nested(Parser::unary)?;
        self.deeper(Expression::Not(Box::new(part)), depth)
    }

    fn primary(&mut self) -> Result<Nested, FilterError> {
        self.hint(Hint::Test);
        let start = self.position();
        let nested = match self.peek() {
            Some(Kind::Open) => {
                self.skip();
                let nested = self.nested(Parser::or)?;
                self.hint(Hint::Close);
                if !self.eat(&Kind::Close) {
                    return Err(self.expected("`)`, `and` or `or`"));
                }
                nested
            }
            Some(Kind::Quoted(name)) => {
                let name = name.clone();
                self.skip();
                (Expression::Test(self.name(&name)), 0)
            }
            Some(Kind::Word(word)) => {
                let word = *word;
                self.skip();
                self.word(word, start)?
            }
            _ => return Err(self.expected("a test such as `host 10.1.1.4`, `port 22` or `denied`")),
        };
        self.hint(Hint::Connective);
        Ok(nested)
    }

    /// The test that begins with that word, which has been taken.
    fn word(&mut self, word: &'t str, start: usize) -> Result<Nested, FilterError> {
        if let Some(predicate) = words::named(words::PREDICATES, word) {
            return self.predicate(predicate);
        }
        if let Some(end) = words::named(words::QUALIFIERS, word) {
            return self.qualified(end);
        }
        if let Some(subject) = words::named(words::SUBJECTS, word) {
            // `source` is the file's column, but in front of `port` and the like it is `src`.
            if subject == Subject::Text(TextField::Source) && self.peek_endful() {
                return self.qualified(End::Source);
            }
            return Ok((self.condition(subject)?, 0)).and_then(|(part, depth)| self.with_not(part, depth));
        }
        if self.peek_operator() {
            return Err(self.error_at(
                start,
                FilterErrorKind::UnknownField,
                "a field such as `src_ip` or `rule`",
                nearest(word, words::language_words()).map(str::to_owned),
            ));
        }
        Ok((Expression::Test(self.bare(word, start, End::Either)?), 0))
    }

    fn predicate(&mut self, predicate: Predicate) -> Result<Nested, FilterError> {
        let Predicate::Protocol(protocol) = predicate else {
            return Ok((predicate_test(predicate, End::Either), 0));
        };
        let test = predicate_test(Predicate::Protocol(protocol), End::Either);
        if !self.peek_ports() {
            return Ok((test, 0));
        }
        let start = self.position();
        let word = self.take_word().unwrap_or_default();
        let (ports, depth) = self.word(word, start)?;
        self.deeper(Expression::And(vec![test, ports]), depth)
    }

    /// What follows `src`, `dst`, or both of them joined.
    fn qualified(&mut self, end: End) -> Result<Nested, FilterError> {
        let other = |kind: Option<&Kind<'_>>| match kind {
            Some(Kind::Word(word)) => words::named(words::QUALIFIERS, word).is_some_and(|found| found != end),
            _ => false,
        };
        if matches!(self.peek(), Some(Kind::Or | Kind::And)) && other(self.peek_at(1)) {
            let is_both = self.peek() == Some(&Kind::And);
            self.skip();
            self.skip();
            let start = self.position();
            let (either, depth) = self.narrowed(End::Either)?;
            if !is_both {
                return Ok((either, depth));
            }
            self.return_to(start);
            let (source, _) = self.narrowed(End::Source)?;
            self.return_to(start);
            let (destination, depth) = self.narrowed(End::Destination)?;
            return self.deeper(Expression::And(vec![source, destination]), depth);
        }
        self.narrowed(end)
    }

    /// A subject, predicate or bare item about that end.
    fn narrowed(&mut self, end: End) -> Result<Nested, FilterError> {
        const EXPECTED: &str = "`host`, `net`, `port`, `group`, `public`, `private`, `bytes` or `packets`";
        self.hint(Hint::Endful(end));
        let start = self.position();
        if let Some(Kind::Quoted(name)) = self.peek() {
            let name = name.clone();
            self.skip();
            return Ok((Expression::Test(self.group_test(&name, start, end)?), 0));
        }
        let Some(word) = self.take_word() else { return Err(self.expected(EXPECTED)) };
        if let Some(Predicate::Public(public)) = words::named(words::PREDICATES, word) {
            return Ok((Expression::Test(Test::Scope { end, public }), 0));
        }
        if let Some(subject) = words::named(words::SUBJECTS, word).and_then(|subject| subject.at(end)) {
            let part = self.condition(subject)?;
            return self.with_not(part, 0);
        }
        if words::is_language_word(word) || self.peek_operator() {
            self.return_to(start);
            return Err(self.expected(EXPECTED));
        }
        Ok((Expression::Test(self.bare(word, start, end)?), 0))
    }

    /// A bare item: the word at `start` decides by its looks what it is.
    fn bare(&mut self, word: &str, start: usize, end: End) -> Result<Test, FilterError> {
        if let Some(network) = values::network(word, false) {
            return Ok(Test::Address { end, networks: vec![network] });
        }
        if values::looks_like_number(word) {
            let subject = Subject::Number(NumberField::Port(end));
            let port = values::span(word, |text| values::plain(text, 65_535));
            let port = port.ok_or_else(|| self.unexpected(start, subject.expected()))?;
            return Ok(Test::Number { field: NumberField::Port(end), condition: Condition::In(vec![port]) });
        }
        if values::looks_like_network(word) {
            return Err(self.unexpected(start, "an address or a prefix"));
        }
        if end != End::Either {
            return self.group_test(word, start, end);
        }
        if self.has_group(word) {
            return Ok(self.name(word));
        }
        if self.groups.is_some() {
            let suggestion = words::test_for_value(word).or_else(|| near_word(word).map(str::to_owned));
            if suggestion.is_some() {
                return Err(self.error_at(start, FilterErrorKind::UnknownWord, "a test", suggestion));
            }
        }
        Ok(self.name(word))
    }

    /// A name that says not of what: the group of that name, else a rule.
    fn name(&self, name: &str) -> Test {
        match self.groups_named(name) {
            names if names.is_empty() => {
                Test::Text { field: TextField::Rule, patterns: vec![name.to_owned()] }
            }
            names => Test::Group { end: End::Either, names },
        }
    }

    fn group_test(&self, name: &str, at: usize, end: End) -> Result<Test, FilterError> {
        let knows_near_group =
            |groups: &Groups| nearest(name, groups.names().iter().map(String::as_str)).is_some();
        if let (Some(groups), Some(word)) = (self.groups, near_word(name))
            && !self.has_group(name)
            && !knows_near_group(groups)
        {
            return Err(self.error_at(at, FilterErrorKind::UnknownWord, "a test", Some(word.to_owned())));
        }
        Ok(Test::Group { end, names: self.known_groups(name, at)? })
    }

    /// The groups of that name, or an error that knows a near one.
    pub(super) fn known_groups(&self, name: &str, at: usize) -> Result<Vec<String>, FilterError> {
        let names = self.groups_named(name);
        let Some(groups) = self.groups else { return Ok(vec![name.to_owned()]) };
        if !names.is_empty() {
            return Ok(names);
        }
        let suggestion = nearest(name, groups.names().iter().map(String::as_str)).map(str::to_owned);
        let expected = if groups.is_empty() {
            "names for networks, given as `groups`"
        } else {
            "one of the names given as `groups`"
        };
        Err(self.error_at(at, FilterErrorKind::UnknownGroup, expected, suggestion))
    }

    fn has_group(&self, name: &str) -> bool {
        !self.groups_named(name).is_empty()
    }

    /// The group of that name, else all that differ in case only, else all that its wildcards match.
    fn groups_named(&self, name: &str) -> Vec<String> {
        let Some(groups) = self.groups else { return Vec::new() };
        let codes = groups.codes_named(name);
        if codes.is_empty() && name.contains(['*', '?']) {
            let is_match = |known: &&String| matches_wildcards(name, known);
            return groups.names().iter().filter(is_match).cloned().collect();
        }
        codes.iter().map(|code| groups.name(*code).to_owned()).collect()
    }
}

/// The word of the language that was probably meant. Wildcards make a name of anything.
pub(super) fn near_word(word: &str) -> Option<&'static str> {
    if word.contains(['*', '?']) { None } else { nearest(word, words::language_words()) }
}

/// The test that a predicate stands for.
fn predicate_test(predicate: Predicate, end: End) -> Expression {
    Expression::Test(match predicate {
        Predicate::Any => return Expression::Any,
        Predicate::Protocol(protocol) => {
            let number = u64::from(protocol);
            let condition = Condition::In(vec![Span { first: number, last: number }]);
            Test::Number { field: NumberField::Protocol, condition }
        }
        Predicate::Direction(direction) => Test::Direction(vec![direction]),
        Predicate::Action(action) => Test::Action(vec![action]),
        Predicate::Encrypted(true) => Test::Encryption(vec![Encryption::Encrypted]),
        Predicate::Encrypted(false) => Test::Encryption(unencrypted()),
        Predicate::Public(public) => Test::Scope { end, public },
    })
}

/// Every value but `X`.
pub(super) fn unencrypted() -> Vec<Encryption> {
    Encryption::ALL.iter().copied().filter(|value| *value != Encryption::Encrypted).collect()
}

/// A regular expression, or an error at that token.
pub(super) fn regular_expression(
    parser: &Parser<'_, '_>,
    pattern: &str,
    at: usize,
) -> Result<RegularExpression, FilterError> {
    RegularExpression::new(pattern)
        .map_err(|problem| parser.unexpected(at, &format!("a regular expression ({problem})")))
}
