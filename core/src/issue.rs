//! What could not be read: where it is, what was expected, and how many tuples were lost with it.

use crate::tuple::names;
use core::fmt;

/// Kind of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum IssueKind {
    /// The source holds no JSON at all.
    NotJson,
    /// JSON, but no flow log (metrics and other logs are named `PT1H.json` too).
    NotFlowLog,
    /// The input ends inside a record; every whole tuple before is kept. Normal for a blob that still grows.
    CutOff,
    /// The JSON is damaged; reading went on at the next record.
    BadJson,
    /// A record's key has a value of the wrong kind.
    BadRecord,
    /// A tuple does not follow the grammar and was skipped.
    BadTuple,
    /// A string is no valid UTF-8 or has a broken escape; it was read with replacement characters.
    BadText,
    /// A string is longer than any field can be and was skipped.
    TooLong,
    /// The source could not be opened, unpacked or read to its end.
    Unreadable,
    /// Further issues of a source that has very many; they are counted, not listed.
    More,
}

names!(IssueKind {
    NotJson => "not_json",
    NotFlowLog => "not_flow_log",
    CutOff => "cut_off",
    BadJson => "bad_json",
    BadRecord => "bad_record",
    BadTuple => "bad_tuple",
    BadText => "bad_text",
    TooLong => "too_long",
    Unreadable => "unreadable",
    More => "more",
});

/// One thing that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// File or other source.
    pub source: String,
    /// Byte in the source (for gz and zip: in the unpacked text).
    pub offset: u64,
    /// Number of the record in the source, from 0.
    pub record: Option<u64>,
    /// Number of the tuple in the record, from 0.
    pub tuple: Option<u64>,
    /// Kind.
    pub kind: IssueKind,
    /// What was expected, what was found.
    pub message: String,
    /// Tuples lost; `None` where that can't be known.
    pub skipped: Option<u64>,
    /// How many issues this one stands for: 1, or more for [`IssueKind::More`].
    pub count: u64,
}

impl fmt::Display for Issue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: byte {}", self.source, self.offset)?;
        if let Some(record) = self.record {
            write!(formatter, ", record {record}")?;
        }
        if let Some(tuple) = self.tuple {
            write!(formatter, ", tuple {tuple}")?;
        }
        write!(formatter, ": {} ({})", self.message, self.kind)
    }
}

/// So many issues of one source are listed; a file that is wrong throughout must not fill the memory.
pub const LISTED_PER_SOURCE: usize = 1000;

/// The issues of one source while it is read.
#[derive(Clone, Debug, Default)]
pub struct IssueLog {
    listed: Vec<Issue>,
    more: Option<Issue>,
}

impl IssueLog {
    /// Lists the issue, or counts it where the list is full.
    pub fn add(&mut self, issue: Issue) {
        if self.listed.len() < LISTED_PER_SOURCE {
            self.listed.push(issue);
            return;
        }
        match &mut self.more {
            None => self.more = Some(Issue { kind: IssueKind::More, ..issue }),
            Some(more) => {
                more.count += issue.count;
                more.skipped = more.skipped.zip(issue.skipped).map(|(sum, further)| sum + further);
            }
        }
    }

    /// Hands out what was listed, with one closing issue for what was only counted.
    pub fn take(&mut self) -> Vec<Issue> {
        let mut issues = core::mem::take(&mut self.listed);
        if let Some(mut more) = self.more.take() {
            more.message =
                format!("{} further issues of this source are counted here, not listed", more.count);
            issues.push(more);
        }
        issues
    }

    /// True where nothing was reported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

/// Longest excerpt of the input in a message, in characters.
const EXCERPT_CHARACTERS: usize = 80;

/// A short, printable piece of the input for a message.
#[must_use]
pub fn excerpt(bytes: &[u8]) -> String {
    // Four bytes is the longest character, so this many hold enough of them.
    let head = bytes.get(..bytes.len().min(EXCERPT_CHARACTERS * 4)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let mut shown: String = text.chars().take(EXCERPT_CHARACTERS).flat_map(char::escape_debug).collect();
    if head.len() < bytes.len() || text.chars().count() > EXCERPT_CHARACTERS {
        shown.push('…');
    }
    shown
}
