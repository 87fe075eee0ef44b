//! Times as text: what a record's `time` says, and how a time is printed everywhere.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Milliseconds since 1970 UTC of an RFC 3339 time with any number of fraction digits; a time without a zone is
/// taken as UTC. Finer digits are cut off.
#[must_use]
pub fn parse_time_ms(text: &str) -> Option<i64> {
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp(),
    };
    // Rounded down, so that times before 1970 follow the same rule as all others.
    Some(timestamp.as_nanosecond().div_euclid(1_000_000) as i64)
}

/// RFC 3339 in UTC with milliseconds: `2024-05-01T09:00:00.000Z`.
#[must_use]
pub fn format_time_ms(time_ms: i64) -> String {
    // A civil time reaches the end of the year 9999; a timestamp ends a little before, to leave room for time zones.
    match DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(SignedDuration::from_millis(time_ms)) {
        Ok(time) => format!("{time:.3}Z"),
        Err(_) => time_ms.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tuple::LAST_TIME_MS;

    #[test]
    fn record_times_keep_their_milliseconds() {
        for (text, expected) in [
            ("2022-09-14T09:00:52.5625085Z", Some(1_663_146_052_562)),
            ("2017-06-16T20:59:43.7340000Z", Some(1_497_646_783_734)),
            ("2022-09-14T09:00:52Z", Some(1_663_146_052_000)),
            ("2022-09-14T11:00:52+02:00", Some(1_663_146_052_000)),
            ("2022-09-14T09:00:52", Some(1_663_146_052_000)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse_time_ms(text), expected, "{text}");
        }
    }

    #[test]
    fn times_print_as_rfc_3339_with_milliseconds() {
        assert_eq!(format_time_ms(1_663_146_052_562), "2022-09-14T09:00:52.562Z");
        assert_eq!(format_time_ms(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(format_time_ms(LAST_TIME_MS), "9999-12-31T23:59:59.999Z");
    }
}
