//! One line of `truth.ndjson`: a JSON object whose keys keep the order in which they are added.
//!
//! Not here: escaping. All texts are the generator's own and hold no quotes, backslashes or control
//! characters.

use std::fmt::{Display, Write as _};

use crate::truth::book::Tally;

/// A JSON object under way.
pub(crate) struct Line {
    text: String,
}

impl Line {
    /// Starts a line with its `fact` key.
    pub(crate) fn fact(name: &str) -> Self {
        Self { text: format!("{{\"fact\":\"{name}\"") }
    }

    /// Starts an object that stands inside a line.
    pub(crate) fn object() -> Self {
        Self { text: "{".to_owned() }
    }

    /// Adds a text.
    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, format_args!("\"{value}\""))
    }

    /// Adds a text or null.
    pub(crate) fn text_or_null(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds a number, `true` or `false`, or ready-made JSON.
    pub(crate) fn raw(mut self, key: &str, value: impl Display) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.text, "\"{key}\":{value}");
        self
    }

    /// Adds a number or null.
    pub(crate) fn number_or_null(self, key: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.raw(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds a list of ready-made JSON values.
    pub(crate) fn list<T: Display>(self, key: &str, values: impl IntoIterator<Item = T>) -> Self {
        let mut list = "[".to_owned();
        for value in values {
            if list.len() > 1 {
                list.push(',');
            }
            let _ = write!(list, "{value}");
        }
        list.push(']');
        self.raw(key, list)
    }

    /// Adds the four counters and the bytes of both directions; null where no row had counters.
    pub(crate) fn counters(self, tally: &Tally) -> Self {
        let counted = |value: u64| (tally.counted > 0).then_some(value);
        self.number_or_null("packets_src_to_dst", counted(tally.amounts.packets_src_to_dst))
            .number_or_null("bytes_src_to_dst", counted(tally.amounts.bytes_src_to_dst))
            .number_or_null("packets_dst_to_src", counted(tally.amounts.packets_dst_to_src))
            .number_or_null("bytes_dst_to_src", counted(tally.amounts.bytes_dst_to_src))
            .number_or_null("bytes", counted(tally.amounts.bytes()))
    }

    /// Adds `tuples`, `flows`, `denied` and the counters.
    pub(crate) fn tally(self, tally: &Tally) -> Self {
        self.raw("tuples", tally.tuples).raw("flows", tally.flows).raw("denied", tally.denied).counters(tally)
    }

    /// The object's text.
    pub(crate) fn close(mut self) -> String {
        self.text.push('}');
        self.text
    }

    /// Appends the line and its end.
    pub(crate) fn push_to(self, out: &mut String) {
        out.push_str(&self.close());
        out.push('\n');
    }
}

/// A number of millionths as a decimal fraction: whole-number arithmetic, alike on every platform.
pub(crate) fn ratio(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "null".to_owned();
    }
    let millionths = u128::from(part) * 1_000_000 / u128::from(whole);
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::{Line, ratio};

    #[test]
    fn a_line_keeps_its_order() {
        let line =
            Line::fact("x").text("a", "b").raw("n", 3).list("l", [1, 2]).number_or_null("z", None::<u8>);
        assert_eq!(line.close(), r#"{"fact":"x","a":"b","n":3,"l":[1,2],"z":null}"#);
    }

    #[test]
    fn ratios_are_decimal_fractions() {
        assert_eq!(ratio(1, 4), "0.250000");
        assert_eq!(ratio(9, 4), "2.250000");
        assert_eq!(ratio(1, 0), "null");
    }
}
