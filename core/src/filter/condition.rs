//! Reads what follows a subject: its operator and its values. The second half of the parser; the grammar stands
//! at the head of `parser.rs`.

use super::cursor::{Hint, Parser};
use super::error::{FilterError, nearest};
use super::lexer::Kind;
use super::parser::{near_word, regular_expression, unencrypted};
use super::tree::{Condition, Expression, NumberField, Span, Test, TextField};
use super::values;
use super::words::{self, Subject, Word};
use crate::tuple::LAST_TIME_MS;

/// One value as written, and the token where it stands.
struct Item {
    text: String,
    at: usize,
}

/// How a list of values goes on.
#[derive(Clone, Copy, PartialEq)]
enum Joined {
    /// By commas only, as behind `=`.
    ByComma,
    /// By `or` too, as behind a keyword.
    ByOr,
}

impl<'t> Parser<'t, '_> {
    /// The test of that subject, which has been taken, with the condition that follows.
    pub(super) fn condition(&mut self, subject: Subject) -> Result<Expression, FilterError> {
        self.hint(Hint::Operator(subject));
        self.hint(Hint::Value(subject));
        let operator = self.peek().cloned();
        let test = match operator {
            Some(Kind::Equal) => {
                self.skip();
                self.list(subject, Joined::ByComma)?
            }
            Some(Kind::NotEqual) => {
                self.skip();
                return Ok(negated(self.list(subject, Joined::ByComma)?));
            }
            Some(Kind::Less | Kind::LessEqual | Kind::Greater | Kind::GreaterEqual) => {
                self.ordered(subject)?
            }
            Some(Kind::Match) => self.matched(subject)?,
            Some(Kind::NotMatch) => return Ok(negated(self.matched(subject)?)),
            Some(Kind::Not) if self.peek_operator() => {
                self.skip();
                self.skip();
                return Ok(negated(self.list(subject, Joined::ByComma)?));
            }
            Some(Kind::Word(_)) if self.peek_operator() => {
                self.skip();
                self.list(subject, Joined::ByComma)?
            }
            _ => self.list(subject, Joined::ByOr)?,
        };
        Ok(Expression::Test(test))
    }

    /// `<` and the like, which only numbers and times have.
    fn ordered(&mut self, subject: Subject) -> Result<Test, FilterError> {
        if !matches!(subject, Subject::Number(_) | Subject::Time(_)) {
            return Err(self.expected("`=`, `!=`, `in` or `~`"));
        }
        let operator = self.peek().cloned();
        self.skip();
        let item = self.item(subject)?;
        fn condition<T>(operator: Option<&Kind<'_>>, value: T) -> Condition<T> {
            match operator {
                Some(Kind::Less) => Condition::Below(value),
                Some(Kind::LessEqual) => Condition::AtMost(value),
                Some(Kind::Greater) => Condition::Above(value),
                _ => Condition::AtLeast(value),
            }
        }
        match subject {
            Subject::Time(field) => {
                let value = values::time(&item.text).map(|(time_ms, _)| time_ms);
                let value = value.ok_or_else(|| self.unexpected(item.at, subject.expected()))?;
                Ok(Test::Time { field, condition: condition(operator.as_ref(), value) })
            }
            Subject::Number(field) => {
                let value = number(field, &item.text);
                let value = value.ok_or_else(|| self.unexpected(item.at, subject.expected()))?;
                Ok(Test::Number { field, condition: condition(operator.as_ref(), value) })
            }
            _ => Err(self.expected(subject.expected())),
        }
    }

    /// `~`, which only texts and fixed names have; of the latter it picks all that match.
    fn matched(&mut self, subject: Subject) -> Result<Test, FilterError> {
        if matches!(subject, Subject::Address(..) | Subject::Group(_) | Subject::Number(_) | Subject::Time(_))
        {
            return Err(self.expected("`=`, `!=` or `in`"));
        }
        self.skip();
        let at = self.position();
        let pattern = match self.peek() {
            Some(Kind::Word(word)) => (*word).to_owned(),
            Some(Kind::Quoted(text)) => text.clone(),
            _ => return Err(self.expected("a regular expression in quotes")),
        };
        self.skip();
        let pattern = regular_expression(self, &pattern, at)?;
        let none = || self.unexpected(at, &format!("a regular expression that finds {}", subject.expected()));
        macro_rules! pick {
            ($type:ty, $test:path) => {{
                let values: Vec<$type> =
                    <$type>::ALL.iter().copied().filter(|value| pattern.is_match(value.name())).collect();
                if values.is_empty() { Err(none()) } else { Ok($test(values)) }
            }};
        }
        match subject {
            Subject::Direction => pick!(crate::tuple::Direction, Test::Direction),
            Subject::Action => pick!(crate::tuple::Action, Test::Action),
            Subject::State => pick!(crate::tuple::State, Test::State),
            Subject::Encryption => pick!(crate::tuple::Encryption, Test::Encryption),
            Subject::Origin => pick!(crate::origin::RuleOrigin, Test::Origin),
            Subject::Text(field) => Ok(Test::Regex { field, pattern }),
            _ => Err(none()),
        }
    }

    /// Values of the subject, each of which would do.
    fn list(&mut self, subject: Subject, joined: Joined) -> Result<Test, FilterError> {
        let items = self.items(subject, joined)?;
        match subject {
            Subject::Address(end, is_net) => {
                let networks = self.each(&items, subject, |text| values::network(text, is_net))?;
                Ok(Test::Address { end, networks })
            }
            Subject::Group(end) => {
                let mut names: Vec<String> = Vec::new();
                for item in &items {
                    names.extend(self.known_groups(&item.text, item.at)?);
                }
                Ok(Test::Group { end, names })
            }
            Subject::Number(field) => {
                let spans = self.each(&items, subject, |text| number_span(field, text))?;
                Ok(Test::Number { field, condition: Condition::In(spans) })
            }
            Subject::Time(field) => {
                let mut spans = Vec::with_capacity(items.len());
                for item in &items {
                    match (items.len(), self.time_condition(item)?) {
                        (1, condition) => return Ok(Test::Time { field, condition }),
                        (_, Condition::In(more)) => spans.extend(more),
                        _ => return Err(self.unexpected(item.at, "a time or a range with both ends")),
                    }
                }
                Ok(Test::Time { field, condition: Condition::In(spans) })
            }
            Subject::Direction => self.named(&items, subject, words::DIRECTIONS).map(Test::Direction),
            Subject::Action => self.named(&items, subject, words::ACTIONS).map(Test::Action),
            Subject::State => self.named(&items, subject, words::STATES).map(Test::State),
            Subject::Origin => self.named(&items, subject, words::ORIGINS).map(Test::Origin),
            Subject::Encryption => {
                let mut values = Vec::new();
                for item in &items {
                    if item.text.eq_ignore_ascii_case(words::NX_ALL) {
                        values.extend(unencrypted());
                    } else {
                        values.extend(self.named(
                            core::slice::from_ref(item),
                            subject,
                            words::ENCRYPTIONS,
                        )?);
                    }
                }
                Ok(Test::Encryption(values))
            }
            Subject::Text(field) => {
                let patterns = items.into_iter().map(|item| item.text).collect();
                Ok(Test::Text { field, patterns })
            }
        }
    }

    /// Each item as `read` reads it.
    fn each<T>(
        &self,
        items: &[Item],
        subject: Subject,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, FilterError> {
        let read = |item: &Item| read(&item.text).ok_or_else(|| self.unexpected(item.at, subject.expected()));
        items.iter().map(read).collect()
    }

    /// Each item as one of the names in the table.
    fn named<T: Copy>(
        &self,
        items: &[Item],
        subject: Subject,
        table: &[Word<T>],
    ) -> Result<Vec<T>, FilterError> {
        let read = |item: &Item| {
            words::named(table, &item.text).ok_or_else(|| {
                let names = table.iter().flat_map(|word| word.names.iter().copied());
                let mut error = self.unexpected(item.at, subject.expected());
                error.suggestion = nearest(&item.text, names).map(str::to_owned);
                error
            })
        };
        items.iter().map(read).collect()
    }

    /// A time, which stands for the whole day, minute or second that it names, or `from..to`, the end exclusive.
    fn time_condition(&self, item: &Item) -> Result<Condition<i64>, FilterError> {
        let expected = |text| self.unexpected(item.at, text);
        let time = |text| values::time(text).ok_or_else(|| expected("a time such as `2024-05-01T09:00`"));
        let Some((from, to)) = item.text.split_once("..") else {
            let (first, unit_ms) = time(&item.text)?;
            // Past the last time that a tuple can have, the print of the span's end could not be read again.
            if first > LAST_TIME_MS {
                return Err(expected("a time before the year 10000"));
            }
            return Ok(Condition::In(vec![Span { first, last: first.saturating_add(unit_ms - 1) }]));
        };
        match (from, to) {
            ("", "") => Err(expected("a time on one side of `..` at least")),
            ("", to) => Ok(Condition::Below(time(to)?.0)),
            (from, "") => Ok(Condition::AtLeast(time(from)?.0)),
            (from, to) => {
                let (first, end) = (time(from)?.0, time(to)?.0);
                if first >= end {
                    return Err(expected("a range of times whose end is after its start"));
                }
                Ok(Condition::In(vec![Span { first, last: end - 1 }]))
            }
        }
    }

    /// The values as written.
    fn items(&mut self, subject: Subject, joined: Joined) -> Result<Vec<Item>, FilterError> {
        let close = match self.peek() {
            Some(Kind::Open) => Some(Kind::Close),
            Some(Kind::ListOpen) => Some(Kind::ListClose),
            _ => None,
        };
        let mut items = Vec::new();
        if let Some(close) = close {
            self.skip();
            loop {
                items.push(self.item(subject)?);
                if self.eat(&close) {
                    return Ok(items);
                }
                let is_separated = self.eat(&Kind::Comma) || self.eat(&Kind::Or);
                if !is_separated && !matches!(self.peek(), Some(Kind::Word(_) | Kind::Quoted(_))) {
                    let close = if close == Kind::Close { ")" } else { "]" };
                    return Err(self.expected(&format!("`,` or `{close}`")));
                }
            }
        }
        items.push(self.item(subject)?);
        loop {
            if joined == Joined::ByOr && self.peek() == Some(&Kind::Or) {
                self.hint_behind(Hint::Value(subject));
            }
            if self.eat(&Kind::Comma) {
                items.push(self.item(subject)?);
            } else if joined == Joined::ByOr && self.peek() == Some(&Kind::Or) && self.continues(subject) {
                self.skip();
                items.push(self.item(subject)?);
            } else {
                return Ok(items);
            }
        }
    }

    fn item(&mut self, subject: Subject) -> Result<Item, FilterError> {
        self.hint(Hint::Value(subject));
        let at = self.position();
        let mut text = match self.peek() {
            Some(Kind::Word(word)) => (*word).to_owned(),
            Some(Kind::Quoted(text)) => text.clone(),
            _ => return Err(self.expected(subject.expected())),
        };
        self.skip();
        if matches!(subject, Subject::Time(_)) {
            self.rest_of_time_range(&mut text);
        }
        Ok(Item { text, at })
    }

    /// Blanks and quotes cut `from .. to` into several tokens: puts them together again.
    fn rest_of_time_range(&mut self, text: &mut String) {
        if !text.contains("..") {
            match self.peek() {
                Some(Kind::Word(word)) if word.starts_with("..") => text.push_str(word),
                _ => return,
            }
            self.skip();
        }
        if text.ends_with("..") {
            match self.peek() {
                Some(Kind::Word(word)) if word.starts_with(|c: char| c.is_ascii_digit()) => {
                    text.push_str(word);
                }
                Some(Kind::Quoted(more)) => text.push_str(more),
                _ => return,
            }
            self.skip();
        }
    }

    /// True where `or` is followed by one more bare value of the subject, and not by another test.
    fn continues(&self, subject: Subject) -> bool {
        let word = match self.peek_at(1) {
            Some(Kind::Word(word)) => *word,
            Some(Kind::Quoted(_)) => return matches!(subject, Subject::Text(_) | Subject::Group(_)),
            _ => return false,
        };
        // A value that is also a keyword (`tcp`, `encryption`) is a value only where nothing follows it.
        let is_last =
            matches!(self.peek_at(2), None | Some(Kind::Close | Kind::Or | Kind::And | Kind::Comma));
        match subject {
            Subject::Address(_, is_net) => {
                values::network(word, is_net && values::looks_like_network(word)).is_some()
            }
            Subject::Number(NumberField::Protocol) => {
                number_span(NumberField::Protocol, word).is_some() && is_last
            }
            Subject::Number(field) => number_span(field, word).is_some(),
            Subject::Time(_) => values::time(word).is_some() && !values::looks_like_number(word),
            Subject::Direction => words::named(words::DIRECTIONS, word).is_some() && is_last,
            Subject::Action => words::named(words::ACTIONS, word).is_some() && is_last,
            // `denied` is the verdict, which an NSG's denial has and its state has not.
            Subject::State => {
                words::named(words::STATES, word).is_some() && !words::is_language_word(word) && is_last
            }
            Subject::Encryption => {
                (words::named(words::ENCRYPTIONS, word).is_some() || word.eq_ignore_ascii_case(words::NX_ALL))
                    && is_last
            }
            Subject::Origin => words::named(words::ORIGINS, word).is_some() && is_last,
            Subject::Text(TextField::Mac) => {
                let mac = super::sets::plain_mac(word);
                mac.len() == 12 && mac.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            Subject::Text(_) | Subject::Group(_) => {
                is_last
                    && !words::is_language_word(word)
                    && near_word(word).is_none()
                    && !values::looks_like_network(word)
                    && !values::looks_like_number(word)
            }
        }
    }
}

fn negated(test: Test) -> Expression {
    Expression::Not(Box::new(Expression::Test(test)))
}

fn number_span(field: NumberField, text: &str) -> Option<Span<u64>> {
    values::span(text, |text| number(field, text))
        .or_else(|| number(field, text).map(|number| Span { first: number, last: number }))
}

/// A number as that field has it.
fn number(field: NumberField, text: &str) -> Option<u64> {
    match field {
        NumberField::Port(_) => values::plain(text, 65_535),
        NumberField::Protocol => {
            words::named(words::PROTOCOLS, text).map(u64::from).or_else(|| values::plain(text, 255))
        }
        NumberField::Version => values::plain(text, 255),
        _ => values::size(text),
    }
}
