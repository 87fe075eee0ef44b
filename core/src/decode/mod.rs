//! The push decoder: bytes in by any chunks, batches and issues out. It reads files, and knows none.
//!
//! ```
//! use vnetflow_core::decode::{DecodeOptions, Decoder};
//!
//! let log = br#"{"records":[{"time":"2025-08-06T20:39:33Z","macAddress":"6045BDD6DD48","flowRecords":{"flows":[
//!     {"aclID":"unspecified","flowGroups":[{"rule":"nossh","flowTuples":[
//!     "1754512773123,10.1.2.20,10.1.1.4,49982,22,6,I,D,NX,0,0,0,0"]}]}]}}]}"#;
//! let mut decoder = Decoder::new(DecodeOptions::default());
//! decoder.start("PT1H.json");
//! for chunk in log.chunks(7) {
//!     decoder.push(chunk);
//! }
//! decoder.finish();
//! decoder.flush();
//! let batch = decoder.next_batch().unwrap_or_default();
//! assert_eq!((batch.len(), batch.dst_port.as_slice()), (1, &[22][..]));
//! assert!(decoder.take_issues().is_empty());
//! ```
//!
//! Four files: this one joins chunks and reads JSON tokens, `structure.rs` knows which token stands where in a flow
//! log, `record.rs` builds rows from what was found, `fast.rs` reads the common tuples in place. Damage never
//! stops it: it reports an issue and goes on at the next record.

mod fast;
mod record;
mod structure;
mod text;

pub use record::DecodeOptions;
pub use text::normalised_mac;

use crate::batch::Batch;
use crate::issue::{Issue, IssueKind, excerpt};
use crate::tuple::Tuple;
use memchr::memchr;
use record::RecordBuilder;
use structure::{Expect, Frame, Kind, starts_record};
use text::{StringEnd, string_end, string_text};

/// No field of a flow log is nearly as long; a longer string is skipped, so that a file without quotes can't fill
/// the memory.
const LONGEST_STRING: usize = 64 * 1024;

/// Longest number or word outside strings.
const LONGEST_SCALAR: usize = 64;

/// So many bytes may stand between `{` and the first key of a record when reading goes on behind damage.
const LONGEST_RECORD_START: usize = 256;

/// Decodes flow logs from chunks of bytes. One decoder reads any number of sources, one after the other; batches
/// run on across them.
#[derive(Debug)]
pub struct Decoder {
    /// An incomplete token from the end of the last chunk.
    carry: Vec<u8>,
    /// Bytes of the source before `carry`.
    offset: u64,
    mode: Mode,
    frames: Vec<Frame>,
    /// Damage that was met; reported once it is known how far it reaches.
    damage: Option<Issue>,
    /// True once an object or array of the source was entered.
    saw_json: bool,
    builder: RecordBuilder,
}

/// How the next byte is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Token by token.
    Structure,
    /// Inside a value that is of no interest; `in_string` and `escaped` say where in it.
    SkipValue { depth: u32, in_string: bool, escaped: bool },
    /// Inside a string longer than any field.
    SkipString { escaped: bool },
    /// Behind damage, looking for the next record.
    Resync,
}

impl Decoder {
    /// A decoder with these options.
    #[must_use]
    pub fn new(options: DecodeOptions) -> Decoder {
        Decoder {
            carry: Vec::new(),
            offset: 0,
            mode: Mode::Structure,
            frames: Vec::new(),
            damage: None,
            saw_json: false,
            builder: RecordBuilder::new(options),
        }
    }

    /// Begins a source. Its name is shown in issues and in the column `source`; where it is a blob's path, it gives
    /// what the JSON lacks (NIC, resource).
    pub fn start(&mut self, source: &str) {
        self.carry.clear();
        self.offset = 0;
        self.mode = Mode::Structure;
        self.frames.clear();
        self.damage = None;
        self.saw_json = false;
        self.builder.start_source(source);
    }

    /// Reads the next chunk of the source, of any length.
    pub fn push(&mut self, mut chunk: &[u8]) {
        // A token that began in an earlier chunk is completed in `carry`, by ever larger pieces of this one.
        let mut piece_length = 256;
        while !self.carry.is_empty() {
            if chunk.is_empty() {
                return;
            }
            let mut joined = core::mem::take(&mut self.carry);
            let before = joined.len();
            let (piece, _) = chunk.split_at(piece_length.min(chunk.len()));
            joined.extend_from_slice(piece);
            let consumed = self.run(&joined, false);
            self.offset += consumed as u64;
            if consumed >= before {
                chunk = chunk.get(consumed - before..).unwrap_or_default();
            } else {
                chunk = chunk.get(piece.len()..).unwrap_or_default();
                joined.drain(..consumed);
                self.carry = joined;
                piece_length *= 2;
            }
        }
        let consumed = self.run(chunk, false);
        self.offset += consumed as u64;
        self.carry.extend_from_slice(chunk.get(consumed..).unwrap_or_default());
    }

    /// Ends the source: reports where it was cut off, or that it is no flow log.
    pub fn finish(&mut self) {
        let rest = core::mem::take(&mut self.carry);
        let consumed = self.run(&rest, true);
        self.offset += consumed as u64;
        let partial = rest.get(consumed..).unwrap_or_default();
        let end = self.offset + partial.len() as u64;
        if self.frames.is_empty() && !partial.is_empty() && self.damage.is_none() {
            self.damaged(partial, 0, "`{` or `[`");
        }

        if let Some(mut damage) = self.damage.take() {
            if !self.saw_json {
                damage.kind = IssueKind::NotJson;
            }
            self.report_damage(damage, end);
        } else if !partial.is_empty() || self.has_partial_record() {
            let tuples = self.builder.tuples_of_open_record();
            let kept = if tuples == 1 { "whole tuple is" } else { "whole tuples are" };
            let message = format!("the input ends inside this record: its {tuples} {kept} kept");
            let issue = self.issue(IssueKind::CutOff, end, message, None);
            self.builder.issues.add(issue);
        }
        self.close_all();
        self.builder.finish_source();
    }

    /// True while the bytes so far end inside a record. Inside a wrapper but between its records they don't:
    /// `{"records":[` is the whole first block of a growing blob.
    #[must_use]
    pub fn has_partial_record(&self) -> bool {
        let is_inside = match self.frames.last() {
            None => false,
            Some(frame) if frame.kind == Kind::Records => false,
            Some(frame) if frame.kind == Kind::Envelope && frame.expect == Expect::Item => {
                !self.builder.in_wrapper()
            }
            Some(_) => true,
        };
        is_inside || !self.carry.is_empty() || !matches!(self.mode, Mode::Structure | Mode::Resync)
    }

    /// The next batch that is full, or was flushed.
    pub fn next_batch(&mut self) -> Option<Batch> {
        self.builder.ready.pop_front()
    }

    /// Makes the rows so far a batch of their own, between sources or at the end.
    pub fn flush(&mut self) {
        self.builder.flush();
    }

    /// The issues so far; they are handed out once.
    pub fn take_issues(&mut self) -> Vec<Issue> {
        self.builder.issues.take()
    }

    /// The options this decoder was made with.
    #[must_use]
    pub fn options(&self) -> &DecodeOptions {
        &self.builder.options
    }

    /// Reads whole tokens from the input; gives the place of the first one that is not complete.
    fn run(&mut self, input: &[u8], is_last: bool) -> usize {
        let mut at = 0;
        while at < input.len() {
            let next = match self.mode {
                Mode::Structure => self.token(input, at, is_last),
                Mode::SkipValue { depth, in_string, escaped } => {
                    self.skip_value(input, at, depth, in_string, escaped)
                }
                Mode::SkipString { escaped } => self.skip_string(input, at, escaped),
                Mode::Resync => self.resync(input, at, is_last),
            };
            match next {
                Some(next) => at = next,
                None => return at,
            }
        }
        at
    }

    /// Reads one token (or a run of tuples); gives the place behind it, or nothing where it is incomplete.
    fn token(&mut self, input: &[u8], at: usize, is_last: bool) -> Option<usize> {
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
                    let Some((tuple, length)) = fast::parse(text) else { return at };
                    let tuple_text = text.get(..length).unwrap_or_default();
                    self.builder.add_tuple(&tuple, tuple_text, self.offset + at as u64 + 1);
                    at += length + 2;
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
        if length > LONGEST_STRING {
            let message =
                format!("expected a string of at most {LONGEST_STRING} bytes, found `{}`", excerpt(inner));
            let skipped = u64::from(self.frames.last().is_some_and(|frame| frame.kind == Kind::Tuples));
            let issue = self.issue(IssueKind::TooLong, self.offset + at as u64, message, Some(skipped));
            self.builder.issues.add(issue);
            self.mode = Mode::SkipString { escaped: false };
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
                    Ok(tuple) => self.builder.add_tuple(&tuple, tuple_text, offset + 1),
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
                frame.expect = Expect::Colon(kind.key(&text));
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

    /// True where an object that starts like a record can only mean that the one before was torn off: inside the
    /// lists of a record, or as the value of a key that has a text.
    fn can_hold_no_record(&self) -> bool {
        self.frames.last().is_some_and(|frame| match frame.expect {
            Expect::Value(key) => frame.kind.reads_text(key),
            Expect::Item => !frame.kind.is_object() && frame.kind != Kind::Records,
            Expect::Colon(_) => false,
        })
    }

    /// Whether the `{` at that place starts a record; `None` where more input is needed to tell.
    fn starts_record_at(&self, input: &[u8], brace: usize, is_last: bool) -> Option<bool> {
        let behind = input.get(brace + 1..).unwrap_or_default();
        let behind = behind.get(..behind.len().min(LONGEST_RECORD_START)).unwrap_or_default();
        match starts_record(behind) {
            None if is_last || behind.len() == LONGEST_RECORD_START => Some(false),
            answer => answer,
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
            Some(kind) if self.frames.len() < structure::DEEPEST => {
                self.builder.open(kind, offset);
                self.frames.push(Frame { kind, expect: Expect::Item });
            }
            _ => self.mode = Mode::SkipValue { depth: 1, in_string: false, escaped: false },
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
        let kind = frame.kind;
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

    fn skip_value(
        &mut self,
        input: &[u8],
        at: usize,
        mut depth: u32,
        mut in_string: bool,
        mut escaped: bool,
    ) -> Option<usize> {
        for (index, byte) in input.iter().enumerate().skip(at) {
            if in_string {
                match byte {
                    b'\n' => {
                        self.damaged(input, index, "the closing quote of a string");
                        return Some(index);
                    }
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.mode = Mode::Structure;
                return Some(index + 1);
            }
        }
        self.mode = Mode::SkipValue { depth, in_string, escaped };
        Some(input.len())
    }

    fn skip_string(&mut self, input: &[u8], at: usize, mut escaped: bool) -> Option<usize> {
        for (index, byte) in input.iter().enumerate().skip(at) {
            match byte {
                b'\n' => {
                    self.damaged(input, index, "the closing quote of a string");
                    return Some(index);
                }
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.mode = Mode::Structure;
                    match self.frames.last_mut() {
                        Some(frame) if frame.kind.is_object() && frame.expect == Expect::Item => {
                            frame.expect = Expect::Colon(structure::Key::Other);
                        }
                        Some(frame) => frame.expect = Expect::Item,
                        None => self.damaged(input, index, "`{` or `[`"),
                    }
                    return Some(index + 1);
                }
                _ => {}
            }
        }
        self.mode = Mode::SkipString { escaped };
        Some(input.len())
    }

    /// Looks for the next `{` with a key of a record behind it.
    fn resync(&mut self, input: &[u8], at: usize, is_last: bool) -> Option<usize> {
        let Some(brace) = input.get(at..).and_then(|rest| memchr(b'{', rest)) else {
            return Some(input.len());
        };
        let brace = at + brace;
        match self.starts_record_at(input, brace, is_last) {
            Some(true) => {
                if let Some(damage) = self.damage.take() {
                    self.report_damage(damage, self.offset + brace as u64);
                }
                self.mode = Mode::Structure;
                Some(brace)
            }
            // Too little to tell: with the next chunk.
            None => (brace > at).then_some(brace),
            Some(false) => Some(brace + 1),
        }
    }

    /// Notes damage at that place: open records end as they are, reading goes on at the next record.
    fn damaged(&mut self, input: &[u8], at: usize, expected: &str) {
        let found = match input.get(at) {
            Some(b'\n') => "the end of the line".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(*byte)),
            Some(byte) => format!("the byte {byte:#04x}"),
            None => "the end".to_owned(),
        };
        let message = format!("expected {expected}, found {found}");
        self.damage = Some(self.issue(IssueKind::BadJson, self.offset + at as u64, message, None));
        self.close_all();
        self.mode = Mode::Resync;
    }

    fn report_damage(&mut self, mut damage: Issue, until: u64) {
        let skipped_bytes = until.saturating_sub(damage.offset);
        damage.message.push_str(&match damage.kind {
            IssueKind::NotJson => ": this is no JSON, so no flow log".to_owned(),
            _ => format!("; skipped {skipped_bytes} bytes to the next record"),
        });
        self.builder.issues.add(damage);
    }

    fn close_all(&mut self) {
        while let Some(frame) = self.frames.pop() {
            self.builder.close(frame.kind, false);
        }
    }

    /// An issue at that byte, in the record and tuple that is being read.
    fn issue(&self, kind: IssueKind, offset: u64, message: String, skipped: Option<u64>) -> Issue {
        let in_tuples = self.frames.last().is_some_and(|frame| frame.kind == Kind::Tuples);
        let in_record =
            self.frames.iter().any(|frame| frame.kind == Kind::Envelope) && !self.builder.in_wrapper();
        Issue {
            source: self.builder.source().to_owned(),
            offset,
            record: in_record.then(|| self.builder.record_number()),
            tuple: in_tuples.then(|| self.builder.tuples_of_open_record()),
            kind,
            message,
            skipped,
            count: 1,
        }
    }
}

/// True for the start of a word that JSON knows: the input ends inside it.
fn is_cut_word(text: &[u8]) -> bool {
    [&b"null"[..], b"true", b"false"].iter().any(|word| word.starts_with(text) && *word != text)
}
