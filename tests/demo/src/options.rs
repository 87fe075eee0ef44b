//! What a caller may choose about the synthetic network's logs, and the check that the choice makes sense.
//!
//! Not here: what the traffic looks like (`scenarios`) or where the bytes go (the caller's sink).

use std::fmt;

/// One hour in milliseconds.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// One minute in milliseconds.
pub(crate) const MINUTE_MS: i64 = 60_000;

/// 2015-01-01T00:00:00Z: before Azure had flow logs.
const EARLIEST_START_MS: i64 = 1_420_070_400_000;
/// 2100-01-01T00:00:00Z: millisecond times keep their 13 digits until then.
const LATEST_START_MS: i64 = 4_102_444_800_000;
/// Ten years of hours: more is a slip of the keyboard.
const MOST_HOURS: u32 = 87_660;
/// Below this the named scenarios have no room.
const FEWEST_TUPLES_PER_HOUR: u64 = 200;
/// Above this a single network interface would log more than a real one can.
const MOST_TUPLES_PER_HOUR: u64 = 100_000_000;

/// Which log formats are written. Default: [`Formats::Vnet`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Formats {
    /// Virtual network flow logs, flowLogVersion 4.
    #[default]
    Vnet,
    /// NSG flow logs, version 2 (states and counters).
    NsgV2,
    /// NSG flow logs, version 1 (one row for each new or denied flow, no counters).
    NsgV1,
    /// VNet and NSG version 2 logs of the same window and the same traffic, side by side.
    VnetAndNsgV2,
}

impl Formats {
    /// The formats as they are written, the one that `tuples_per_hour` is measured in first.
    pub(crate) fn list(self) -> &'static [LogFormat] {
        match self {
            Self::Vnet => &[LogFormat::VnetV4],
            Self::NsgV2 => &[LogFormat::NsgV2],
            Self::NsgV1 => &[LogFormat::NsgV1],
            Self::VnetAndNsgV2 => &[LogFormat::VnetV4, LogFormat::NsgV2],
        }
    }
}

/// One log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    VnetV4,
    NsgV2,
    NsgV1,
}

impl LogFormat {
    /// The name that the truth's lines carry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::VnetV4 => "vnet-v4",
            Self::NsgV2 => "nsg-v2",
            Self::NsgV1 => "nsg-v1",
        }
    }

    /// The number that stands in the records.
    pub(crate) fn version(self) -> u8 {
        match self {
            Self::VnetV4 => 4,
            Self::NsgV2 => 2,
            Self::NsgV1 => 1,
        }
    }

    /// True for the formats that a network security group writes.
    pub(crate) fn is_nsg(self) -> bool {
        self != Self::VnetV4
    }
}

/// What to generate. `Options::default()` is valid; [`Options::check`] says whether a changed one is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// Seed of all randomness: the same options give the same bytes on every platform. Default 1.
    pub seed: u64,
    /// Start of the first hour, Unix milliseconds, on a whole hour. Default 2024-05-01T09:00:00Z.
    pub start_ms: i64,
    /// Number of hours, at least 1. Default 2.
    pub hours: u32,
    /// Tuples an hour over all network interfaces, approximately, 200 to 100,000,000. Default 20,000.
    /// With both formats it is the number of VNet tuples; the NSG logs of the same traffic have fewer.
    pub tuples_per_hour: u64,
    /// From when on the security admin rule `nossh` denies SSH, Unix milliseconds within the window.
    /// Default `None`: half way through, on a whole hour when there is more than one.
    pub nossh_from_ms: Option<i64>,
    /// The log formats to write. Default VNet.
    pub formats: Formats,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            start_ms: 1_714_554_000_000,
            hours: 2,
            tuples_per_hour: 20_000,
            nossh_from_ms: None,
            formats: Formats::Vnet,
        }
    }
}

impl Options {
    /// Says what is wrong with the options, if anything is.
    ///
    /// # Errors
    ///
    /// The first field that is out of its range.
    pub fn check(&self) -> Result<(), OptionsError> {
        if !(EARLIEST_START_MS..LATEST_START_MS).contains(&self.start_ms) || self.start_ms % HOUR_MS != 0 {
            return Err(OptionsError::StartMs(self.start_ms));
        }
        if self.hours == 0 || self.hours > MOST_HOURS {
            return Err(OptionsError::Hours(self.hours));
        }
        if !(FEWEST_TUPLES_PER_HOUR..=MOST_TUPLES_PER_HOUR).contains(&self.tuples_per_hour) {
            return Err(OptionsError::TuplesPerHour(self.tuples_per_hour));
        }
        match self.nossh_from_ms {
            Some(from_ms) if !(self.start_ms..=self.end_ms()).contains(&from_ms) => {
                Err(OptionsError::NosshFromMs(from_ms))
            }
            _ => Ok(()),
        }
    }

    /// The end of the last hour, Unix milliseconds.
    #[must_use]
    pub fn end_ms(&self) -> i64 {
        self.start_ms.saturating_add(i64::from(self.hours).saturating_mul(HOUR_MS))
    }

    /// From when on SSH is denied: the option, or half way through.
    #[must_use]
    pub fn nossh_start_ms(&self) -> i64 {
        self.nossh_from_ms.unwrap_or_else(|| match self.hours {
            0 | 1 => self.start_ms.saturating_add(HOUR_MS / 2),
            hours => self.start_ms.saturating_add(i64::from(hours / 2).saturating_mul(HOUR_MS)),
        })
    }
}

/// A field of [`Options`] that is out of its range, with the value found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionsError {
    /// `start_ms` is no whole hour between 2015 and 2100.
    StartMs(i64),
    /// `hours` is 0 or more than ten years.
    Hours(u32),
    /// `tuples_per_hour` is outside 200 to 100,000,000.
    TuplesPerHour(u64),
    /// `nossh_from_ms` lies outside the window.
    NosshFromMs(i64),
}

impl fmt::Display for OptionsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartMs(found) => {
                write!(formatter, "expected start_ms on a whole hour between 2015 and 2100, found `{found}`")
            }
            Self::Hours(found) => {
                write!(formatter, "expected hours between 1 and {MOST_HOURS}, found `{found}`")
            }
            Self::TuplesPerHour(found) => write!(
                formatter,
                "expected tuples_per_hour between {FEWEST_TUPLES_PER_HOUR} and {MOST_TUPLES_PER_HOUR}, found `{found}`"
            ),
            Self::NosshFromMs(found) => {
                write!(formatter, "expected nossh_from_ms within the generated hours, found `{found}`")
            }
        }
    }
}

impl std::error::Error for OptionsError {}
