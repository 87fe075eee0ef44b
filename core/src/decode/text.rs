//! JSON strings in the input: where they end, and their text.

use memchr::{memchr, memchr3, memmem};
use std::borrow::Cow;

/// What stands behind an opening quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringEnd {
    /// The closing quote's place, and whether there are escapes before it.
    At { end: usize, escaped: bool },
    /// A line break, which no JSON string may hold: the string was cut off there.
    LineBreak(usize),
    /// The input ends first.
    Unknown,
}

/// Finds the end of a string whose text starts at the start of `text`.
pub(super) fn string_end(text: &[u8]) -> StringEnd {
    let mut at = 0;
    let mut escaped = false;
    while let Some(found) = text.get(at..).and_then(|rest| memchr3(b'"', b'\\', b'\n', rest)) {
        match text.get(at + found) {
            Some(b'"') => return StringEnd::At { end: at + found, escaped },
            // A line break can't be escaped either: the string was cut off in an escape.
            Some(b'\\') if text.get(at + found + 1) == Some(&b'\n') => {
                return StringEnd::LineBreak(at + found + 1);
            }
            Some(b'\\') => {
                escaped = true;
                at += found + 2;
            }
            _ => return StringEnd::LineBreak(at + found),
        }
    }
    StringEnd::Unknown
}

/// Fewer zero bytes than this are a broken character; so many are a place that was never written.
pub(super) const FEWEST_ZEROS: usize = 16;

/// Where zero bytes stand in place of what was to be written: the string has no end behind them.
pub(super) fn zero_fill(text: &[u8]) -> Option<usize> {
    let first = memchr(0, text)?;
    memmem::find(text.get(first..)?, &[0; FEWEST_ZEROS]).map(|zeros| first + zeros)
}

/// The text of a string, given with its quotes. `false` where it had to be repaired (bytes that are no UTF-8, or a
/// broken escape).
pub(super) fn string_text(quoted: &[u8], escaped: bool) -> (Cow<'_, str>, bool) {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if !escaped {
        return match core::str::from_utf8(inner) {
            Ok(text) => (Cow::Borrowed(text), true),
            Err(_) => (String::from_utf8_lossy(inner), false),
        };
    }
    match serde_json::from_slice::<String>(quoted) {
        Ok(text) => (Cow::Owned(text), true),
        Err(_) => (String::from_utf8_lossy(inner), false),
    }
}

/// A NIC's address as twelve upper case hexadecimal digits; `:` and `-` are left out.
#[must_use]
pub fn normalised_mac(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, ':' | '-')).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_end_at_the_first_quote_that_is_not_escaped() {
        for (text, expected) in [
            (&b"abc\"d"[..], StringEnd::At { end: 3, escaped: false }),
            (b"\"", StringEnd::At { end: 0, escaped: false }),
            (b"a\\\"b\"", StringEnd::At { end: 4, escaped: true }),
            (b"a\\\\\"b\"", StringEnd::At { end: 3, escaped: true }),
            (b"abc", StringEnd::Unknown),
            (b"abc\\", StringEnd::Unknown),
            (b"abc\\\"", StringEnd::Unknown),
            (b"ab\n{\"", StringEnd::LineBreak(2)),
            (b"ab\\\n{\"", StringEnd::LineBreak(3)),
        ] {
            assert_eq!(string_end(text), expected, "{text:?}");
        }
    }

    #[test]
    fn many_zeros_are_no_text() {
        assert_eq!(zero_fill(b"a\0b"), None);
        assert_eq!(zero_fill(&[&b"a\0b"[..], &[0; FEWEST_ZEROS - 1], b"c"].concat()), None);
        assert_eq!(zero_fill(&[&b"a\0b"[..], &[0; FEWEST_ZEROS], b"c"].concat()), Some(3));
    }

    #[test]
    fn text_is_unescaped_and_repaired() {
        assert_eq!(string_text(br#""a/b""#, false), ("a/b".into(), true));
        assert_eq!(string_text(br#""a\/b\u002c""#, true), ("a/b,".into(), true));
        assert_eq!(string_text(b"\"a\xff\"", false), ("a\u{fffd}".into(), false));
        assert_eq!(string_text(br#""\ud800""#, true), ("\\ud800".into(), false));
    }
}
