//! A column of texts: the distinct ones once, one behind the other, and each row's number among them.
//!
//! Results have millions of rows and few addresses, rules and NICs. A string a row would take more time and memory
//! than all else of an analysis; faces hand the distinct texts over once as well.

use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Texts by row; `None` is null. Columns are equal where their rows are, however they are kept.
#[derive(Clone, Debug, Default)]
pub struct TextColumn {
    /// Each row's number of a text, or `NULL`.
    codes: Vec<u32>,
    text: String,
    /// Where each text ends in `text`.
    ends: Vec<usize>,
}

const NULL: u32 = u32::MAX;

impl TextColumn {
    /// No rows yet, and these texts.
    pub fn with_texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> TextColumn {
        let mut column = TextColumn::default();
        for text in texts {
            column.add_text(text.as_ref());
        }
        column
    }

    /// Adds a text that rows may have; the answer is its number.
    pub fn add_text(&mut self, text: &str) -> u32 {
        let code = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        code
    }

    /// Adds a row with the text of that number.
    #[inline]
    pub fn push(&mut self, code: Option<u32>) {
        self.codes.push(code.unwrap_or(NULL));
    }

    /// The text of a row; `None` where it is null, and past the last one.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&str> {
        self.text_of(*self.codes.get(row)?)
    }

    /// Each row's text.
    pub fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.codes.iter().map(|code| self.text_of(*code))
    }

    /// Each row's number among the texts; `None` is null.
    pub fn codes(&self) -> impl ExactSizeIterator<Item = Option<u32>> + Clone {
        self.codes.iter().map(|code| (*code != NULL).then_some(*code))
    }

    /// The texts by their numbers. One may stand twice.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len()).map(|code| self.text_of(code as u32).unwrap_or_default())
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// True where there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    fn text_of(&self, code: u32) -> Option<&str> {
        let end = *self.ends.get(code as usize)?;
        let start = (code as usize).checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        self.text.get(start.unwrap_or(0)..end)
    }
}

/// Texts as they come, of which most came before.
#[derive(Debug, Default)]
pub(crate) struct TextsInRows {
    column: TextColumn,
    known: HashMap<String, u32, FixedState>,
}

impl TextsInRows {
    /// Adds a row.
    pub(crate) fn push(&mut self, text: Option<&str>) {
        let code = text.map(|text| {
            self.known.get(text).copied().unwrap_or_else(|| {
                let code = self.column.add_text(text);
                self.known.insert(text.to_owned(), code);
                code
            })
        });
        self.column.push(code);
    }

    pub(crate) fn finish(self) -> TextColumn {
        self.column
    }
}

impl<S: AsRef<str>> FromIterator<Option<S>> for TextColumn {
    fn from_iter<I: IntoIterator<Item = Option<S>>>(rows: I) -> TextColumn {
        let mut texts = TextsInRows::default();
        for row in rows {
            texts.push(row.as_ref().map(S::as_ref));
        }
        texts.finish()
    }
}

impl PartialEq for TextColumn {
    fn eq(&self, other: &TextColumn) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_once_and_rows_find_them() {
        let rows = [Some("b"), None, Some(""), Some("b"), Some("äa")];
        let column: TextColumn = rows.into_iter().collect();
        assert_eq!(column.iter().collect::<Vec<_>>(), rows);
        assert_eq!(column.texts().collect::<Vec<_>>(), ["b", "", "äa"]);
        assert_eq!(column.codes().collect::<Vec<_>>(), [Some(0), None, Some(1), Some(0), Some(2)]);
        assert_eq!((column.get(4), column.get(5)), (Some("äa"), None));
    }

    #[test]
    fn columns_are_compared_by_their_rows() {
        let mut column = TextColumn::with_texts(["unused", "b", "a"]);
        [Some(2), None, Some(1), Some(9)].into_iter().for_each(|code| column.push(code));
        assert_eq!(column, [Some("a"), None, Some("b"), None].into_iter().collect());
        assert_ne!(column, [Some("a"), None, Some("b")].into_iter().collect());
    }
}
