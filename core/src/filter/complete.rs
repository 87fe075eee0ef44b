//! Which words may come next: keywords by the state of the grammar, values by what is in the data.
//!
//! The parser itself reads the text up to the cursor and notes what it would have taken there, so nothing is
//! offered that it would refuse.

use super::cursor::{Hint, Parser};
use super::explain::Quoted;
use super::lexer::{Kind, is_word, scan};
use super::tree::{End, NumberField, TextField, TimeField};
use super::words::{self, Predicate, Subject, Word};
use crate::sorting::{sort_by, sort_by_key};
use std::collections::HashSet;

/// Real values of a column, and how often each stands in the data.
pub trait CompletionValues {
    /// The values of a public column of that name, or of `group` for the names of groups; the best ones first.
    fn values(&self, field: &str) -> Vec<(String, u64)>;
}

/// No values: only the words of the language.
impl CompletionValues for () {
    fn values(&self, _field: &str) -> Vec<(String, u64)> {
        Vec::new()
    }
}

/// One way to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// First character that is replaced, from 0.
    pub start: usize,
    /// The character behind the last one that is replaced.
    pub end: usize,
    /// What to put there.
    pub text: String,
    /// What it means, in a few words.
    pub meaning: String,
    /// How often the value stands in the data.
    pub count: Option<u64>,
}

/// At most so many values of one field are offered.
const MOST_VALUES: usize = 50;

/// What may stand at the cursor, which is a number of characters from the start of the text. A word that the
/// cursor is in or at the end of is replaced, and only what begins like it (for values: contains it) is offered.
#[must_use]
pub fn complete(text: &str, cursor: usize, values: &dyn CompletionValues) -> Vec<Completion> {
    let cursor_byte = text.char_indices().nth(cursor).map_or(text.len(), |(byte, _)| byte);
    let (head, tail) = text.split_at_checked(cursor_byte).unwrap_or((text, ""));
    let (mut tokens, problem) = scan(head);
    let (mut start, mut end) = (head.len(), head.len());
    match problem {
        Some(problem) if problem.is_open_quote() => start = problem.start,
        Some(_) => return Vec::new(),
        None => {
            let last_end = tokens.last().map_or(0, |token| token.end);
            let after = head.get(last_end..).unwrap_or_default();
            if after.rsplit('\n').next().is_some_and(|line| line.contains('#')) {
                return Vec::new();
            }
            let is_touched = |kind: &Kind<'_>, text: &str| {
                matches!(kind, Kind::Word(_)) || text.starts_with(|c: char| c.is_ascii_alphabetic())
            };
            let touched = tokens.pop_if(|token| {
                token.end == head.len()
                    && is_touched(&token.kind, head.get(token.start..).unwrap_or_default())
            });
            if let Some(token) = touched {
                start = token.start;
                end += tail.find(|c| !is_word(c)).unwrap_or(tail.len());
            }
        }
    }
    let partial = head.get(start..).unwrap_or_default();
    let is_quoted = partial.starts_with(['"', '\'']);
    let mut parser = Parser::new(head, tokens, None);
    // A text that is wrong before the cursor leaves no hints, and one that is right needs no result.
    let _ = parser.filter();

    let mut offers = Offers {
        start: count(text, start),
        end: count(text, end),
        partial: folded(partial.trim_start_matches(['"', '\''])),
        is_quoted,
        values,
        seen: HashSet::new(),
        completions: Vec::new(),
    };
    let mut hints = core::mem::take(&mut parser.hints);
    // Values first: they are what the writer is about to need.
    sort_by_key(&mut hints, |hint| !matches!(hint, Hint::Value(_)));
    hints.dedup();
    for hint in hints {
        offers.hint(hint);
    }
    offers.completions
}

/// What has been found so far, and what a find must look like.
struct Offers<'v> {
    start: usize,
    end: usize,
    partial: String,
    is_quoted: bool,
    values: &'v dyn CompletionValues,
    seen: HashSet<String>,
    completions: Vec<Completion>,
}

impl Offers<'_> {
    fn hint(&mut self, hint: Hint) {
        match hint {
            Hint::Test => {
                self.words(words::PREDICATES, |_| true);
                self.words(words::QUALIFIERS, |_| true);
                self.words(words::SUBJECTS, |_| true);
                self.symbol("not", "the opposite");
                self.symbol("(", "a part of its own");
                self.real_values("group", true);
                // Every rule in an empty box would bury the keywords.
                if !self.partial.is_empty() {
                    self.real_values("rule", true);
                }
                if self.partial.starts_with(|c: char| c.is_ascii_digit()) {
                    self.value(Subject::Address(End::Either, false));
                }
            }
            Hint::Endful(end) => {
                self.words(words::SUBJECTS, |subject| {
                    subject.at(End::Either).is_some() && subject.at(end).is_some()
                });
                self.words(words::PREDICATES, |predicate| matches!(predicate, Predicate::Public(_)));
            }
            Hint::Connective => {
                self.symbol("and", "both are true");
                self.symbol("or", "one is true");
            }
            Hint::Close => self.symbol(")", "the part ends"),
            Hint::Operator(subject) => self.operators(subject),
            Hint::Value(subject) => self.value(subject),
        }
    }

    fn operators(&mut self, subject: Subject) {
        self.symbol("=", "is");
        self.symbol("!=", "is not");
        match subject {
            Subject::Number(_) | Subject::Time(_) => {
                self.symbol("<", "is less than");
                self.symbol("<=", "is at most");
                self.symbol(">", "is more than");
                self.symbol(">=", "is at least");
            }
            Subject::Address(..) | Subject::Group(_) => {}
            _ => self.symbol("~", "matches the regular expression"),
        }
        self.symbol("in", "is one of");
    }

    fn value(&mut self, subject: Subject) {
        match subject {
            Subject::Direction => self.named_values("direction", words::DIRECTIONS),
            Subject::Action => self.named_values("action", words::ACTIONS),
            Subject::State => self.named_values("state", words::STATES),
            Subject::Encryption => self.named_values("encryption", words::ENCRYPTIONS),
            Subject::Origin => self.named_values("rule_origin", words::ORIGINS),
            Subject::Number(NumberField::Protocol) => {
                self.named_values("protocol", words::PROTOCOLS);
                self.real_values("protocol", false);
            }
            Subject::Address(End::Either, _) => self.both_ends("src_ip", "dst_ip"),
            Subject::Address(End::Source, _) => self.real_values("src_ip", false),
            Subject::Address(End::Destination, _) => self.real_values("dst_ip", false),
            Subject::Number(NumberField::Port(End::Either)) => self.both_ends("src_port", "dst_port"),
            Subject::Number(NumberField::Port(End::Source)) => self.real_values("src_port", false),
            Subject::Number(NumberField::Port(End::Destination)) => self.real_values("dst_port", false),
            Subject::Number(NumberField::Version) => self.real_values("flow_log_version", false),
            Subject::Number(_) => {}
            Subject::Group(_) => self.real_values("group", true),
            Subject::Time(TimeField::Time) => self.real_values("time", false),
            Subject::Time(TimeField::RecordTime) => self.real_values("record_time", false),
            Subject::Text(field) => {
                let name = match field {
                    TextField::Rule => "rule",
                    TextField::AclId => "acl_id",
                    TextField::Mac => "mac",
                    TextField::TargetResourceId => "target_resource_id",
                    TextField::FlowLogResourceId => "flow_log_resource_id",
                    TextField::Source => "source",
                };
                self.real_values(name, true);
            }
        }
    }

    /// Words of the language by the first of their names that begins like what is there.
    fn words<T: Copy>(&mut self, table: &[Word<T>], wanted: impl Fn(T) -> bool) {
        for word in table.iter().filter(|word| wanted(word.is)) {
            if let Some(name) = word.names.iter().find(|name| folded(name).starts_with(&self.partial)) {
                self.offer((*name).to_owned(), word.meaning, None);
            }
        }
    }

    fn symbol(&mut self, symbol: &str, meaning: &str) {
        if symbol.starts_with(self.partial.as_str()) {
            self.offer(symbol.to_owned(), meaning, None);
        }
    }

    /// The names of an enumeration, with their counts.
    fn named_values<T>(&mut self, field: &str, table: &[Word<T>]) {
        let counts = self.values.values(field);
        for word in table {
            let matching = |name: &&&str| folded(name).starts_with(&self.partial);
            let Some(name) = word.names.iter().find(matching).copied() else { continue };
            let is_counted = |value: &str| word.names.iter().any(|name| name.eq_ignore_ascii_case(value));
            let count = counts.iter().find(|(value, _)| is_counted(value)).map(|(_, count)| *count);
            self.offer(name.to_owned(), word.meaning, count);
        }
    }

    /// The values of a column in the data.
    fn real_values(&mut self, field: &str, is_name: bool) {
        let values = self.values.values(field);
        self.listed(values, field, is_name);
    }

    fn both_ends(&mut self, source: &str, destination: &str) {
        let mut values = self.values.values(source);
        for (value, count) in self.values.values(destination) {
            match values.iter_mut().find(|(known, _)| *known == value) {
                Some((_, sum)) => *sum += count,
                None => values.push((value, count)),
            }
        }
        sort_by(&mut values, |(_, one), (_, other)| other.cmp(one));
        self.listed(values, "either end", false);
    }

    /// Values that contain what is there, those that begin with it first.
    fn listed(&mut self, values: Vec<(String, u64)>, meaning: &str, is_name: bool) {
        let mut found: Vec<(usize, String, u64)> = values
            .into_iter()
            .filter_map(|(value, count)| Some((folded(&value).find(&self.partial)?.min(1), value, count)))
            .collect();
        sort_by_key(&mut found, |(place, _, _)| *place);
        for (_, value, count) in found.into_iter().take(MOST_VALUES) {
            let text = if is_name && (self.is_quoted || !is_plain(&value)) {
                Quoted(&value).to_string()
            } else {
                value
            };
            self.offer(text, meaning, Some(count));
        }
    }

    fn offer(&mut self, text: String, meaning: &str, count: Option<u64>) {
        let is_name = text.starts_with('"');
        if (!self.is_quoted || is_name) && self.seen.insert(text.clone()) {
            let meaning = meaning.to_owned();
            self.completions.push(Completion { start: self.start, end: self.end, text, meaning, count });
        }
    }
}

/// True for a name that means itself without quotes wherever it stands.
fn is_plain(name: &str) -> bool {
    let starts_like_a_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
    starts_like_a_name
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/'))
        && !words::is_language_word(name)
        && words::test_for_value(name).is_none()
        && super::parser::near_word(name).is_none()
        && !["and", "or", "not", "in"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

fn folded(text: &str) -> String {
    text.to_lowercase().replace('.', "_")
}

fn count(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or(text).chars().count()
}
