//! What is wrong with a filter's text, where, and what was probably meant.

use core::fmt;

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// What sort of mistake it is.
    pub kind: FilterErrorKind,
    /// Character of the text where it stands, from 1; a line break counts as one character.
    pub column: usize,
    /// What could have stood there.
    pub expected: String,
    /// What stands there; empty where the text ends.
    pub found: String,
    /// A near match: what was probably meant.
    pub suggestion: Option<String>,
}

/// What sort of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterErrorKind {
    /// A bare word that looks like a misspelt word of the language.
    UnknownWord,
    /// A comparison with something that is no field.
    UnknownField,
    /// A group that nobody named.
    UnknownGroup,
    /// Anything else: one thing was expected, another found.
    Expected,
}

impl fmt::Display for FilterError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FilterError { kind, column, expected, found, suggestion } = self;
        let unknown = match kind {
            FilterErrorKind::UnknownWord => Some("word"),
            FilterErrorKind::UnknownField => Some("field"),
            FilterErrorKind::UnknownGroup => Some("group"),
            FilterErrorKind::Expected => None,
        };
        match unknown {
            Some(unknown) => {
                write!(formatter, "unknown {unknown} `{found}` at column {column}")?;
                if suggestion.is_none() {
                    write!(formatter, ": expected {expected}")?;
                }
            }
            None if found.is_empty() => {
                write!(formatter, "expected {expected} at column {column}, found the end")?;
            }
            None => write!(formatter, "expected {expected} at column {column}, found `{found}`")?,
        }
        if let Some(suggestion) = suggestion {
            write!(formatter, ": did you mean `{suggestion}`?")?;
        }
        Ok(())
    }
}

impl core::error::Error for FilterError {}

/// The nearest of the candidates: at most one edit away from a short word, two from a longer one.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST_WORD + 1).flat_map(char::to_lowercase).collect();
    let allowed = match word.len() {
        0..=2 => return None,
        3..=5 => 1,
        6..=LONGEST_WORD => 2,
        _ => return None,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let folded: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        // A word of two letters is one edit away from far too much.
        if folded.len() < 3 || folded.len().abs_diff(word.len()) > allowed {
            continue;
        }
        let distance = edits(&word, &folded);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Longer words are names: nobody misspells a word of the language at such length.
const LONGEST_WORD: usize = 32;

/// How many letters must be added, dropped, changed or swapped with their neighbour.
fn edits(left: &[char], right: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut previous_left = None;
    for (row, from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_right = None;
        for (column, to) in right.iter().enumerate() {
            let at = |values: &[usize], place: usize| values.get(place).copied().unwrap_or(usize::MAX - 1);
            let mut least = (at(&last, column) + usize::from(from != to))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            if previous_left == Some(to) && previous_right == Some(from) && column > 0 {
                least = least.min(at(&before_last, column - 1) + 1);
            }
            current.push(least);
            previous_right = Some(to);
        }
        before_last = core::mem::replace(&mut last, current);
        previous_left = Some(from);
    }
    last.last().copied().unwrap_or(0)
}
