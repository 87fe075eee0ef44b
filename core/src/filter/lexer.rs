//! Cuts a filter's text into tokens. Knows no word of the language but `and`, `or` and `not`.
//!
//! ```text
//! token    = word | quoted | ( | ) | [ | ] | , | = | == | != | < | <= | > | >= | ~ | !~
//!          | and | && | or | || | not | !
//! word     = one or more characters other than blanks and  ( ) [ ] , = ! < > ~ & | # " '
//! quoted   = " … " or ' … ', where the quote itself is written twice
//! comment  = # … to the end of the line, between tokens
//! ```

use super::error::{FilterError, FilterErrorKind};

/// A token and where it stands, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    Word(&'t str),
    /// Without its quotes.
    Quoted(String),
    Open,
    Close,
    ListOpen,
    ListClose,
    Comma,
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Match,
    NotMatch,
}

/// Why the tokens end before the text does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) start: usize,
    found: char,
}

impl Problem {
    /// True for a quote that is never closed; otherwise a character begins no token.
    pub(super) fn is_open_quote(self) -> bool {
        matches!(self.found, '"' | '\'')
    }
}

/// The tokens of the text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    match scan(text) {
        (tokens, None) => Ok(tokens),
        (_, Some(problem)) => Err(error(text, problem)),
    }
}

/// The tokens of the text up to the first problem.
pub(super) fn scan(text: &str) -> (Vec<Token<'_>>, Option<Problem>) {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = skip_blanks_and_comments(rest);
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else { return (tokens, None) };
        let token = match first {
            '"' | '\'' => quoted(rest, first),
            _ if is_word(first) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                Some((word(rest.get(..length).unwrap_or_default()), length))
            }
            _ => symbol(rest),
        };
        let Some((kind, length)) = token else { return (tokens, Some(Problem { start, found: first })) };
        tokens.push(Token { kind, start, end: start + length });
        rest = rest.get(length..).unwrap_or_default();
    }
}

/// The character at that byte, counted from 1.
pub(super) fn column(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or(text).chars().count() + 1
}

fn skip_blanks_and_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or_default().trim_start();
    }
    rest
}

/// True for a character that can stand in a word.
pub(super) fn is_word(c: char) -> bool {
    !c.is_whitespace()
        && !matches!(
            c,
            '(' | ')' | '[' | ']' | ',' | '=' | '!' | '<' | '>' | '~' | '&' | '|' | '#' | '"' | '\''
        )
}

fn word(text: &str) -> Kind<'_> {
    if text.eq_ignore_ascii_case("and") {
        Kind::And
    } else if text.eq_ignore_ascii_case("or") {
        Kind::Or
    } else if text.eq_ignore_ascii_case("not") {
        Kind::Not
    } else {
        Kind::Word(text)
    }
}

/// The quoted text that starts here, and its length with quotes; `None` where it is never closed.
fn quoted(text: &str, quote: char) -> Option<(Kind<'_>, usize)> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c != quote {
            content.push(c);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Some((Kind::Quoted(content), at + 1));
        }
    }
    None
}

fn symbol(text: &str) -> Option<(Kind<'static>, usize)> {
    const SYMBOLS: [(&str, Kind<'static>); 17] = [
        ("&&", Kind::And),
        ("||", Kind::Or),
        ("!=", Kind::NotEqual),
        ("!~", Kind::NotMatch),
        ("<=", Kind::LessEqual),
        (">=", Kind::GreaterEqual),
        ("==", Kind::Equal),
        ("(", Kind::Open),
        (")", Kind::Close),
        ("[", Kind::ListOpen),
        ("]", Kind::ListClose),
        (",", Kind::Comma),
        ("!", Kind::Not),
        ("=", Kind::Equal),
        ("<", Kind::Less),
        (">", Kind::Greater),
        ("~", Kind::Match),
    ];
    SYMBOLS
        .into_iter()
        .find(|(symbol, _)| text.starts_with(symbol))
        .map(|(symbol, kind)| (kind, symbol.len()))
}

fn error(text: &str, problem: Problem) -> FilterError {
    let Problem { start, found } = problem;
    if problem.is_open_quote() {
        return FilterError {
            kind: FilterErrorKind::Expected,
            column: column(text, text.len()),
            expected: format!("a closing {found} for the quote at column {}", column(text, start)),
            found: String::new(),
            suggestion: None,
        };
    }
    // A single `&` or `|`: the only other characters that begin nothing.
    FilterError {
        kind: FilterErrorKind::Expected,
        column: column(text, start),
        expected: "`and` or `or`".to_owned(),
        found: found.to_string(),
        suggestion: Some(format!("{found}{found}")),
    }
}
