//! Reading on: past values of no interest, and behind damage at the next record.

use super::structure::{Expect, Key, Kind, starts_record};
use super::text::FEWEST_ZEROS;
use super::{Decoder, Mode, SkippedValue};
use crate::issue::{Issue, IssueKind};
use memchr::memchr;

/// So many bytes may stand between `{` and the first key of a record when reading goes on behind damage.
const LONGEST_RECORD_START: usize = 256;

impl Decoder {
    /// True where an object that starts like a record can only mean that the one before was torn off: inside the
    /// lists of a record, or as the value of a key that has a text.
    pub(super) fn can_hold_no_record(&self) -> bool {
        self.frames.last().is_some_and(|frame| match frame.expect {
            Expect::Value(key) => frame.kind.reads_text(key),
            Expect::Item => !frame.kind.is_object() && frame.kind != Kind::Records,
            Expect::Colon(_) => false,
        })
    }

    /// Whether the `{` at that place starts a record; `None` where more input is needed to tell.
    pub(super) fn starts_record_at(&self, input: &[u8], brace: usize, is_last: bool) -> Option<bool> {
        let behind = input.get(brace + 1..).unwrap_or_default();
        let behind = behind.get(..behind.len().min(LONGEST_RECORD_START)).unwrap_or_default();
        match starts_record(behind) {
            None if is_last || behind.len() == LONGEST_RECORD_START => Some(false),
            answer => answer,
        }
    }

    /// Reads past a value of no interest. A record that starts at the start of a line inside of it means that the
    /// line before was torn off.
    pub(super) fn skip_value(
        &mut self,
        input: &[u8],
        at: usize,
        mut skipping: SkippedValue,
        is_last: bool,
    ) -> Option<usize> {
        for (index, byte) in input.iter().enumerate().skip(at) {
            let is_line_start = core::mem::replace(&mut skipping.is_line_start, *byte == b'\n');
            if skipping.in_string {
                match byte {
                    b'\n' => {
                        self.damaged(input, index, "the closing quote of a string");
                        return Some(index);
                    }
                    _ if skipping.is_escaped => skipping.is_escaped = false,
                    b'\\' => skipping.is_escaped = true,
                    b'"' => skipping.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => skipping.in_string = true,
                b'{' if is_line_start => match self.starts_record_at(input, index, is_last) {
                    Some(true) => {
                        self.damaged(input, index, "the end of the record");
                        return Some(index);
                    }
                    Some(false) => skipping.depth = skipping.depth.saturating_add(1),
                    None => {
                        self.mode = Mode::SkipValue(SkippedValue { is_line_start, ..skipping });
                        return (index > at).then_some(index);
                    }
                },
                b'{' | b'[' => skipping.depth = skipping.depth.saturating_add(1),
                b'}' | b']' => skipping.depth -= 1,
                _ => {}
            }
            if skipping.depth == 0 {
                self.mode = Mode::Structure;
                return Some(index + 1);
            }
        }
        self.mode = Mode::SkipValue(skipping);
        Some(input.len())
    }

    pub(super) fn skip_string(
        &mut self,
        input: &[u8],
        at: usize,
        mut escaped: bool,
        mut zeros: usize,
    ) -> Option<usize> {
        for (index, byte) in input.iter().enumerate().skip(at) {
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            match byte {
                b'\n' | 0 if *byte == b'\n' || zeros == FEWEST_ZEROS => {
                    self.damaged(input, index, "the closing quote of a string");
                    return Some(index);
                }
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    self.mode = Mode::Structure;
                    match self.frames.last_mut() {
                        Some(frame) if frame.kind.is_object() && frame.expect == Expect::Item => {
                            frame.expect = Expect::Colon(Key::Other);
                        }
                        Some(frame) => frame.expect = Expect::Item,
                        None => self.damaged(input, index, "`{` or `[`"),
                    }
                    return Some(index + 1);
                }
                _ => {}
            }
        }
        self.mode = Mode::SkipString { escaped, zeros };
        Some(input.len())
    }

    /// Looks for the next `{` with a key of a record behind it.
    pub(super) fn resync(&mut self, input: &[u8], at: usize, is_last: bool) -> Option<usize> {
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
    pub(super) fn damaged(&mut self, input: &[u8], at: usize, expected: &str) {
        let found = match input.get(at) {
            Some(b'\n') => "the end of the line".to_owned(),
            Some(byte) if byte.is_ascii_graphic() => format!("`{}`", char::from(*byte)),
            Some(byte) => {
                // Only these bytes decide, so that any chunking says the same.
                let is_utf_16 = match self.offset + at as u64 {
                    0 => matches!(byte, 0xFE | 0xFF),
                    1 => *byte == 0 && self.saw_json,
                    _ => false,
                };
                let advice = if is_utf_16 { " of UTF-16 text (convert it to UTF-8)" } else { "" };
                format!("the byte {byte:#04x}{advice}")
            }
            None => "the end".to_owned(),
        };
        let message = format!("expected {expected}, found {found}");
        self.damage = Some(self.issue(IssueKind::BadJson, self.offset + at as u64, message, None));
        self.close_all();
        self.mode = Mode::Resync;
    }

    pub(super) fn report_damage(&mut self, mut damage: Issue, until: u64) {
        let skipped_bytes = until.saturating_sub(damage.offset);
        damage.message.push_str(&match damage.kind {
            IssueKind::NotJson => ": this is no JSON, so no flow log".to_owned(),
            _ => format!("; skipped {skipped_bytes} bytes to the next record"),
        });
        self.builder.issues.add(damage);
    }

    pub(super) fn close_all(&mut self) {
        while let Some(frame) = self.frames.pop() {
            self.builder.close(frame.kind, false);
        }
    }

    /// An issue at that byte, in the record and tuple that is being read.
    pub(super) fn issue(&self, kind: IssueKind, offset: u64, message: String, skipped: Option<u64>) -> Issue {
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

#[cfg(test)]
mod tests {
    use crate::decode::{DecodeOptions, Decoder};

    /// Source ports of the rows, and places of the issues.
    fn read(log: &[u8], chunk_bytes: usize) -> (Vec<u16>, Vec<u64>) {
        let mut decoder = Decoder::new(DecodeOptions::default());
        decoder.start("PT1H.json");
        log.chunks(chunk_bytes).for_each(|chunk| decoder.push(chunk));
        decoder.finish();
        decoder.flush();
        let ports = decoder.next_batch().map(|batch| batch.src_port).unwrap_or_default();
        (ports, decoder.take_issues().iter().map(|issue| issue.offset).collect())
    }

    #[test]
    fn zeros_in_place_of_text_cost_no_record_behind_them() {
        let record = |port: &str| {
            format!(
                r#"{{"time":"2024-05-01T09:00:30Z","flowRecords":{{"flows":[{{"aclID":"a","flowGroups":[{{"rule":"r",
                "flowTuples":["1714554001000,10.1.1.4,10.2.1.4,{port},443,6,O,B,NX,0,0,0,0"]}}]}}]}}}}"#
            )
        };
        let torn = record("1").replace("\"]}", "\",\"");
        let (before, _) = torn.split_at(torn.rfind('"').unwrap() + 1);
        for text in ["", "17145540", &"x".repeat(70_000)] {
            for zeros in [16, 512, 70_000] {
                let zeros = "\0".repeat(zeros);
                let log = [before, text, &zeros, &record("2"), ",", &record("3")].concat().into_bytes();
                let whole = read(&log, log.len());
                assert_eq!(whole.0, [1, 2, 3], "{} bytes, {} zeros", text.len(), zeros.len());
                for chunk_bytes in [1, 7, 4096, 65_537] {
                    assert_eq!(read(&log, chunk_bytes), whole, "{} bytes, {} zeros", text.len(), zeros.len());
                }
            }
        }
    }
}
