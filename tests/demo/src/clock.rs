//! Turns Unix milliseconds into the calendar texts that records, paths and the truth need, all in UTC.
//!
//! Not here: the time of day now. The generator has no clock; all its times follow from the options.

use crate::options::HOUR_MS;

const DAY_MS: i64 = 24 * HOUR_MS;

/// A moment's parts in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    pub(crate) millisecond: u64,
}

impl Calendar {
    /// Splits Unix milliseconds; the proleptic Gregorian algorithm of Howard Hinnant's `civil_from_days`.
    pub(crate) fn from_ms(time_ms: i64) -> Self {
        let days = time_ms.div_euclid(DAY_MS) + 719_468;
        let of_day_ms = time_ms.rem_euclid(DAY_MS);
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // The year starts in March here, so that the leap day comes last.
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Self {
            year: (year_of_era + era * 400 + i64::from(month <= 2)).unsigned_abs(),
            month: month.unsigned_abs(),
            day: (day_of_year - (153 * shifted_month + 2) / 5 + 1).unsigned_abs(),
            hour: (of_day_ms / HOUR_MS).unsigned_abs(),
            minute: (of_day_ms / 60_000 % 60).unsigned_abs(),
            second: (of_day_ms / 1_000 % 60).unsigned_abs(),
            millisecond: (of_day_ms % 1_000).unsigned_abs(),
        }
    }

    /// `y=2024/m=05/d=01/h=09/m=00`, as blob paths have it: `m` is the month, then the minute.
    pub(crate) fn blob_folders(self) -> String {
        format!("y={:04}/m={:02}/d={:02}/h={:02}/m=00", self.year, self.month, self.day, self.hour)
    }
}

/// `2024-05-01T09:00:24.738Z`, as the truth's lines have it.
pub(crate) fn rfc3339_ms(time_ms: i64) -> String {
    let at = Calendar::from_ms(time_ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year, at.month, at.day, at.hour, at.minute, at.second, at.millisecond
    )
}

/// `2024-05-01T09:00:24.7385180Z`, as records have it: milliseconds and the four digits below them.
pub(crate) fn record_time(time_ms: i64, tenths_of_microseconds: u64) -> String {
    let mut text = rfc3339_ms(time_ms);
    text.pop();
    text.push_str(&format!("{:04}Z", tenths_of_microseconds % 10_000));
    text
}

#[cfg(test)]
mod tests {
    use super::{Calendar, record_time, rfc3339_ms};

    #[test]
    fn known_moments_are_written_as_known() {
        for (time_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_714_554_000_000, "2024-05-01T09:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339_ms(time_ms), text);
        }
    }

    #[test]
    fn record_times_have_seven_fraction_digits() {
        assert_eq!(record_time(1_714_554_024_738, 5180), "2024-05-01T09:00:24.7385180Z");
    }

    #[test]
    fn folders_name_month_and_minute_with_the_same_letter() {
        assert_eq!(Calendar::from_ms(1_714_554_000_000).blob_folders(), "y=2024/m=05/d=01/h=09/m=00");
    }
}
