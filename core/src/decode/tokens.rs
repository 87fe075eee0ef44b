//! JSON tokens: strings, numbers and words, brackets; each goes to the container it stands in.
//!
//! What a container expects is `structure.rs`; what becomes of values is `record.rs`.

use super::structure::{DEEPEST, Expect, Frame, Kind};
use super::text::{StringEnd, string_end, string_text, zero_fill};
use super::{Decoder, Mode, SkippedValue, fast};
use crate::issue::{IssueKind, excerpt};
use crate::tuple::Tuple;

/// No field of a flow log is nearly as long; a longer string is skipped, so that a file without quotes can't fill
/// the memory.
const LONGEST_STRING: usize = 64 * 1024;

/// Longest number or word outside strings.
const LONGEST_SCALAR: usize = 64;

impl Decoder {
    /// Reads one token (or a run of tuples); gives the place behind it, or nothing where it is incomplete.
    pub(super) fn token(&mut self, input: &[u8], at: usize, is_last: bool) -> Option<usize> {
        if self.frames.last().is_some_and(|frame| frame.kind == Kind::Tuples) {
            let next = self.tuples(input, at);
            if next > at {
                return Some(next);
            }
        }
        let byte = *input.get(at)?;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => Some(at + 1),
            b'"' => self.string(input, at),
            b'{' if self.can_hold_no_record() && self.starts_record_at(input, at, is_last)? => {
                self.damaged(input, at, "the end of the record");
                Some(at)
            }
            b'{' | b'[' => {
                self.open(byte, input, at);
                // Behind damage, this very bracket may open the next record.
                Some(if self.mode == Mode::Resync { at } else { at + 1 })
            }
            b'}' | b']' => {
                self.close_bracket(byte, input, at);
                Some(at + 1)
            }
            b':' => {
                match self.frames.last_mut() {
                    Some(Frame { expect, .. }) if matches!(expect, Expect::Colon(_)) => {
                        if let Expect::Colon(key) = *expect {
                            *expect = Expect::Value(key);
                        }
                    }
                    _ => self.damaged(input, at, "a key or value"),
                }
                Some(at + 1)
            }
            // A byte order mark, only where a source begins.
            0xEF if self.offset + at as u64 == 0 => {
                const MARK: &[u8] = b"\xEF\xBB\xBF";
                let head = input.get(..MARK.len().min(input.len())).unwrap_or_default();
                if head == MARK {
                    return Some(MARK.len());
                }
                if MARK.starts_with(head) && !is_last {
                    return None;
                }
                self.damaged(input, at, "`{` or `[`");
                Some(at + 1)
            }
            _ => self.scalar(input, at, is_last),
        }
    }

    /// The inner loop: tuple after tuple of a `flowTuples` array, as long as all is plain. Gives the place of the
    /// first byte that is something else.
    fn tuples(&mut self, input: &[u8], mut at: usize) -> usize {
        loop {
            match input.get(at) {
                Some(b'"') => {
                    let text = input.get(at + 1..).unwrap_or_default();
                    let Some(found) = fast::parse(text, &mut self.builder.memo) else { return at };
                    self.builder.add_found(&found, self.offset + at as u64 + 1);
                    at += found.length() + 2;
                }
                Some(b',' | b' ' | b'\t' | b'\r' | b'\n') => at += 1,
                _ => return at,
            }
        }
    }

    fn string(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let inner = input.get(at + 1..)?;
        let found = string_end(inner);
        let length = match found {
            StringEnd::At { end, .. } => end,
            StringEnd::LineBreak(line_break) => line_break,
            StringEnd::Unknown => inner.len(),
        };
        // Only what any chunking has seen before the string is too long.
        if let Some(zeros) = inner.get(..length.min(LONGEST_STRING)).and_then(zero_fill) {
            self.damaged(input, at + 1 + zeros, "the closing quote of a string");
            return Some(at + 1 + zeros);
        }
        if length > LONGEST_STRING {
            let message =
                format!("expected a string of at most {LONGEST_STRING} bytes, found `{}`", excerpt(inner));
            let skipped = u64::from(self.frames.last().is_some_and(|frame| frame.kind == Kind::Tuples));
            let issue = self.issue(IssueKind::TooLong, self.offset + at as u64, message, Some(skipped));
            self.builder.issues.add(issue);
            self.mode = Mode::SkipString { escaped: false, zeros: 0 };
            return Some(at + 1);
        }
        match found {
            StringEnd::At { end, escaped } => {
                let quoted = input.get(at..at + end + 2)?;
                self.whole_string(quoted, escaped, input, at);
                Some(at + end + 2)
            }
            StringEnd::LineBreak(line_break) => {
                self.damaged(input, at + 1 + line_break, "the closing quote of a string");
                Some(at + 1 + line_break)
            }
            StringEnd::Unknown => None,
        }
    }

    fn whole_string(&mut self, quoted: &[u8], escaped: bool, input: &[u8], at: usize) {
        let (text, is_sound) = string_text(quoted, escaped);
        let offset = self.offset + at as u64;
        let Some(frame) = self.frames.last_mut() else {
            return self.damaged(input, at, "`{` or `[`");
        };
        let mut reads_text = true;
        match (frame.kind, frame.expect) {
            (Kind::Tuples, _) => {
                let tuple_text = quoted.get(1..quoted.len() - 1).unwrap_or_default();
                match Tuple::parse(&text) {
                    Ok(tuple) => self.builder.add_tuple(&tuple, offset + 1),
                    Err(error) => {
                        let message = format!("{error}: `{}`", excerpt(text.as_bytes()));
                        let issue = self.issue(IssueKind::BadTuple, offset + 1, message, Some(1));
                        self.builder.issues.add(issue);
                        self.builder.count_bad_tuple(tuple_text);
                    }
                }
                return;
            }
            (kind, Expect::Item) if kind.is_object() => {
                if frame.meet(&text) {
                    // Nobody writes that: two objects have become one, and what stood between is gone.
                    let message = format!(
                        "expected each key once in an object, found `{}` again: text between may be missing",
                        excerpt(text.as_bytes())
                    );
                    let issue = self.issue(IssueKind::BadRecord, offset, message, None);
                    self.builder.issues.add(issue);
                }
                return;
            }
            (kind, Expect::Value(key)) => {
                frame.expect = Expect::Item;
                reads_text = kind.reads_text(key);
                if !reads_text && kind.reads(key) {
                    let message = format!(
                        "expected an object or array, found the string `{}`",
                        excerpt(text.as_bytes())
                    );
                    let issue = self.issue(IssueKind::BadRecord, offset, message, None);
                    self.builder.issues.add(issue);
                } else if !self.builder.set_text(kind, key, &text) {
                    let message = format!("expected an RFC 3339 time, found `{}`", excerpt(text.as_bytes()));
                    let issue = self.issue(IssueKind::BadRecord, offset, message, Some(0));
                    self.builder.issues.add(issue);
                }
            }
            (kind, Expect::Item) => {
                let expected = if kind == Kind::Records { "a record" } else { "an object" };
                let message = format!("expected {expected}, found the string `{}`", excerpt(text.as_bytes()));
                let issue = self.issue(IssueKind::BadRecord, offset, message, None);
                self.builder.issues.add(issue);
            }
            (_, Expect::Colon(_)) => return self.damaged(input, at, "`:` after a key"),
        }
        if !is_sound && reads_text {
            let message =
                format!("expected UTF-8 text with valid escapes, read it as `{}`", excerpt(text.as_bytes()));
            let issue = self.issue(IssueKind::BadText, offset, message, Some(0));
            self.builder.issues.add(issue);
        }
    }

    fn open(&mut self, bracket: u8, input: &[u8], at: usize) {
        let offset = self.offset + at as u64;
        self.saw_json = true;
        let opened = match self.frames.last_mut() {
            None => Some(if bracket == b'{' { Kind::Envelope } else { Kind::Records }),
            Some(frame) => match frame.expect {
                Expect::Value(key) => {
                    frame.expect = Expect::Item;
                    let opened = frame.kind.opens(key, bracket);
                    if opened.is_none() && frame.kind.reads(key) {
                        let found = if bracket == b'{' { "an object" } else { "an array" };
                        let message = format!("expected another kind of value for this key, found {found}");
                        let issue = self.issue(IssueKind::BadRecord, offset, message, None);
                        self.builder.issues.add(issue);
                    }
                    opened
                }
                Expect::Item if !frame.kind.is_object() => {
                    let opened = frame.kind.holds(bracket);
                    if opened.is_none() {
                        let is_tuple = frame.kind == Kind::Tuples;
                        let (kind, skipped) = if is_tuple {
                            (IssueKind::BadTuple, Some(1))
                        } else {
                            (IssueKind::BadRecord, None)
                        };
                        let found = if bracket == b'{' { "an object" } else { "an array" };
                        let message = format!("expected another kind of value in this array, found {found}");
                        let issue = self.issue(kind, offset, message, skipped);
                        self.builder.issues.add(issue);
                        if is_tuple {
                            self.builder.count_bad_tuple(&[bracket]);
                        }
                    }
                    opened
                }
                Expect::Item | Expect::Colon(_) => return self.damaged(input, at, "a key and `:`"),
            },
        };
        match opened {
            Some(kind) if self.frames.len() < DEEPEST => {
                self.builder.open(kind, offset);
                self.frames.push(Frame::new(kind));
            }
            opened => {
                if opened.is_some() {
                    let message =
                        format!("expected at most {DEEPEST} brackets inside each other, found one more");
                    let issue = self.issue(IssueKind::BadRecord, offset, message, None);
                    self.builder.issues.add(issue);
                }
                self.mode = Mode::SkipValue(SkippedValue { depth: 1, ..SkippedValue::default() });
            }
        }
    }

    fn close_bracket(&mut self, bracket: u8, input: &[u8], at: usize) {
        let Some(frame) = self.frames.last() else {
            // A fragment of a blob ends with the brackets of a wrapper whose start it does not hold.
            return;
        };
        let is_right = if bracket == b'}' { frame.kind.is_object() } else { !frame.kind.is_object() };
        if !is_right || frame.expect != Expect::Item {
            let expected = if frame.expect != Expect::Item {
                "a value"
            } else if frame.kind.is_object() {
                "a key or `}`"
            } else {
                "a value or `]`"
            };
            return self.damaged(input, at, expected);
        }
        let (kind, is_hollow) = (frame.kind, frame.has_other() && !frame.has_list);
        // A key that was misspelt or damaged hides its tuples: that must not pass for an unknown key.
        if let (true, Some(key)) = (is_hollow, kind.list_key()) {
            let message = format!("expected the key `{key}` in this object, found other keys alone");
            let issue = self.issue(IssueKind::BadRecord, self.offset + at as u64, message, None);
            self.builder.issues.add(issue);
        }
        self.frames.pop();
        self.builder.close(kind, true);
    }

    fn scalar(&mut self, input: &[u8], at: usize, is_last: bool) -> Option<usize> {
        let rest = input.get(at..)?;
        let is_end = |byte: &u8| {
            matches!(byte, b',' | b']' | b'}' | b':' | b'[' | b'{' | b'"') || byte.is_ascii_whitespace()
        };
        let length = match rest.iter().take(LONGEST_SCALAR).position(is_end) {
            Some(length) => length,
            None if rest.len() >= LONGEST_SCALAR => LONGEST_SCALAR,
            None if is_last && !is_cut_word(rest) => rest.len(),
            None => return None,
        };
        let word = rest.get(..length)?;
        let is_value = length < LONGEST_SCALAR
            && (matches!(word, b"null" | b"true" | b"false")
                || word.first().is_some_and(|first| first.is_ascii_digit() || *first == b'-'));
        let expected = match self.frames.last_mut() {
            None => Some("`{` or `[`"),
            Some(_) if !is_value => Some("a value"),
            Some(frame) => match frame.expect {
                Expect::Value(key) => {
                    frame.expect = Expect::Item;
                    if frame.kind.reads(key) && word != b"null" {
                        let message =
                            format!("expected another kind of value for this key, found `{}`", excerpt(word));
                        let issue = self.issue(IssueKind::BadRecord, self.offset + at as u64, message, None);
                        self.builder.issues.add(issue);
                    }
                    None
                }
                Expect::Item if !frame.kind.is_object() => {
                    let is_tuple = frame.kind == Kind::Tuples;
                    let (kind, skipped) =
                        if is_tuple { (IssueKind::BadTuple, Some(1)) } else { (IssueKind::BadRecord, None) };
                    let message =
                        format!("expected another kind of value in this array, found `{}`", excerpt(word));
                    let issue = self.issue(kind, self.offset + at as u64, message, skipped);
                    self.builder.issues.add(issue);
                    if is_tuple {
                        self.builder.count_bad_tuple(word);
                    }
                    None
                }
                Expect::Item => Some("a key or `}`"),
                Expect::Colon(_) => Some("`:` after a key"),
            },
        };
        if let Some(expected) = expected {
            self.damaged(input, at, expected);
            // Looking for the next record starts right here, so that any chunking finds the same one.
            return Some(at);
        }
        Some(at + length)
    }
}

/// True for the start of a word that JSON knows: the input ends inside it.
fn is_cut_word(text: &[u8]) -> bool {
    [&b"null"[..], b"true", b"false"].iter().any(|word| word.starts_with(text) && *word != text)
}
