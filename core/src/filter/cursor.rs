//! The parser's place in the tokens: small steps, errors, hints for completion, and the limit of nesting. Knows
//! nothing of the grammar, which stands in `parser.rs`.

use super::error::{FilterError, FilterErrorKind};
use super::lexer::{Kind, Token, column};
use super::tree::{End, Expression, NumberField};
use super::words::{self, Predicate, Subject};
use crate::groups::Groups;

/// How deep brackets and `not` may be nested.
pub(super) const MAX_DEPTH: usize = 100;

/// What could stand at the end of the text; the raw material of completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// A test.
    Test,
    /// A test that `src` or `dst` can narrow.
    Endful(End),
    /// `and` or `or`.
    Connective,
    /// A closing bracket.
    Close,
    /// A comparison of that subject.
    Operator(Subject),
    /// A value of that subject.
    Value(Subject),
}

/// The state of reading one text.
pub(super) struct Parser<'t, 'g> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    position: usize,
    depth: usize,
    /// `None` while completing, when every name is taken for a good one.
    pub(super) groups: Option<&'g Groups>,
    pub(super) hints: Vec<Hint>,
}

/// An expression, and how deep it is nested.
pub(super) type Nested = (Expression, usize);

impl<'t, 'g> Parser<'t, 'g> {
    pub(super) fn new(text: &'t str, tokens: Vec<Token<'t>>, groups: Option<&'g Groups>) -> Parser<'t, 'g> {
        Parser { text, tokens, position: 0, depth: 0, groups, hints: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<&Kind<'t>> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<&Kind<'t>> {
        self.tokens.get(self.position + ahead).map(|token| &token.kind)
    }

    pub(super) fn eat(&mut self, kind: &Kind<'_>) -> bool {
        let is_there = self.peek() == Some(kind);
        self.position += usize::from(is_there);
        is_there
    }

    pub(super) fn take_word(&mut self) -> Option<&'t str> {
        let Some(Kind::Word(word)) = self.peek() else { return None };
        let word = *word;
        self.position += 1;
        Some(word)
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn return_to(&mut self, position: usize) {
        self.position = position;
    }

    pub(super) fn skip(&mut self) {
        self.position += 1;
    }

    /// Notes what could follow, if the text ends here.
    pub(super) fn hint(&mut self, hint: Hint) {
        if self.position >= self.tokens.len() {
            self.hints.push(hint);
        }
    }

    /// Notes what could follow the next token, if the text ends there.
    pub(super) fn hint_behind(&mut self, hint: Hint) {
        if self.position + 1 == self.tokens.len() {
            self.hints.push(hint);
        }
    }

    /// True before an operator, `in` and `not in` among them.
    pub(super) fn peek_operator(&self) -> bool {
        match self.peek() {
            Some(Kind::Word(word)) => word.eq_ignore_ascii_case("in"),
            Some(Kind::Not) => {
                matches!(self.peek_at(1), Some(Kind::Word(word)) if word.eq_ignore_ascii_case("in"))
            }
            Some(kind) => matches!(
                kind,
                Kind::Equal
                    | Kind::NotEqual
                    | Kind::Less
                    | Kind::LessEqual
                    | Kind::Greater
                    | Kind::GreaterEqual
                    | Kind::Match
                    | Kind::NotMatch
            ),
            None => false,
        }
    }

    /// True before `port`, `src port` and `dst port`.
    pub(super) fn peek_ports(&self) -> bool {
        let is_port = |kind: Option<&Kind<'_>>| match kind {
            Some(Kind::Word(word)) => {
                matches!(words::named(words::SUBJECTS, word), Some(Subject::Number(NumberField::Port(_))))
            }
            _ => false,
        };
        match self.peek() {
            Some(Kind::Word(word)) if words::named(words::QUALIFIERS, word).is_some() => {
                is_port(self.peek_at(1))
                    || matches!(self.peek_at(1), Some(Kind::Or | Kind::And)) && is_port(self.peek_at(3))
            }
            next => is_port(next),
        }
    }

    /// True before a word that `src` can narrow.
    pub(super) fn peek_endful(&self) -> bool {
        match self.peek() {
            Some(Kind::Word(word)) => {
                words::named(words::SUBJECTS, word).is_some_and(|subject| subject.at(End::Source).is_some())
                    || matches!(words::named(words::PREDICATES, word), Some(Predicate::Public(_)))
            }
            _ => false,
        }
    }

    /// Reads a part one level deeper.
    pub(super) fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Nested, FilterError>,
    ) -> Result<Nested, FilterError> {
        if self.depth == MAX_DEPTH {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let nested = read(self);
        self.depth -= 1;
        nested
    }

    pub(super) fn joined(
        &self,
        mut parts: Vec<Nested>,
        join: impl FnOnce(Vec<Expression>) -> Expression,
    ) -> Result<Nested, FilterError> {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return Ok(only);
        }
        let depth = parts.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
        self.deeper(join(parts.into_iter().map(|(part, _)| part).collect()), depth)
    }

    /// An expression around parts of that depth. Limits what brackets alone do not: `or` in `and` in `not`.
    pub(super) fn deeper(&self, expression: Expression, depth: usize) -> Result<Nested, FilterError> {
        if depth == MAX_DEPTH {
            return Err(self.too_deep());
        }
        Ok((expression, depth + 1))
    }

    pub(super) fn with_not(&self, part: Expression, depth: usize) -> Result<Nested, FilterError> {
        let depth = depth + usize::from(matches!(part, Expression::Not(_)));
        if depth > MAX_DEPTH { Err(self.too_deep()) } else { Ok((part, depth)) }
    }

    pub(super) fn too_deep(&self) -> FilterError {
        self.expected(&format!("at most {MAX_DEPTH} nested brackets"))
    }

    /// An error at the next token.
    pub(super) fn expected(&self, expected: &str) -> FilterError {
        self.error_at(self.position, FilterErrorKind::Expected, expected, None)
    }

    /// An error at that token.
    pub(super) fn unexpected(&self, at: usize, expected: &str) -> FilterError {
        self.error_at(at, FilterErrorKind::Expected, expected, None)
    }

    pub(super) fn error_at(
        &self,
        at: usize,
        kind: FilterErrorKind,
        expected: &str,
        suggestion: Option<String>,
    ) -> FilterError {
        let (start, end) =
            self.tokens.get(at).map_or((self.text.len(), self.text.len()), |token| (token.start, token.end));
        let found = self.text.get(start..end).unwrap_or_default().to_owned();
        FilterError {
            kind,
            column: column(self.text, start),
            expected: expected.to_owned(),
            found,
            suggestion,
        }
    }
}
