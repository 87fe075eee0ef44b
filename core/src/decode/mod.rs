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
//! This file joins chunks. `tokens.rs` reads JSON tokens, `structure.rs` knows which stands where in a flow log,
//! `record.rs` and `closing.rs` build rows from what was found, `fast.rs` reads the common tuples in place. Damage
//! never stops it: `damage.rs` reports an issue and goes on at the next record.

mod addresses;
mod closing;
mod damage;
mod fast;
mod fingerprint;
mod options;
mod record;
mod rows;
mod separators;
mod structure;
mod text;
mod tokens;

pub use options::DecodeOptions;
pub use text::normalised_mac;

use crate::batch::Batch;
use crate::issue::{Issue, IssueKind};
use record::RecordBuilder;
use structure::{Expect, Frame, Kind};

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
    /// Inside a value that is of no interest.
    SkipValue(SkippedValue),
    /// Inside a string longer than any field.
    SkipString { escaped: bool, zeros: usize },
    /// Behind damage, looking for the next record.
    Resync,
}

/// Where in a value of no interest the input stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SkippedValue {
    /// Brackets that are open.
    depth: u32,
    in_string: bool,
    is_escaped: bool,
    is_line_start: bool,
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

    /// From now on a batch is full from this many rows on.
    pub fn set_batch_rows(&mut self, rows: usize) {
        self.builder.options.batch_rows = rows;
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
                Mode::SkipValue(skipping) => self.skip_value(input, at, skipping, is_last),
                Mode::SkipString { escaped, zeros } => self.skip_string(input, at, escaped, zeros),
                Mode::Resync => self.resync(input, at, is_last),
            };
            match next {
                Some(next) => at = next,
                None => return at,
            }
        }
        at
    }
}
