//! Reads single values: addresses, numbers with sizes, times. Knows nothing of the grammar around them.

use super::tree::{Network, Span};
use crate::tuple::SECONDS_BELOW;
use core::net::{IpAddr, Ipv4Addr};
use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// An address, a prefix, or two addresses with `-` between; host bits of a prefix are cleared.
///
/// In prefixes IPv4 may be cut short, `10.1/16`, and as `net` also without a length: `10.1` is `10.1.0.0/16`.
pub(super) fn network(text: &str, is_net: bool) -> Option<Network> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(Network::Prefix(IpNet::from(address)));
    }
    if let Some((address, length)) = text.split_once('/') {
        let address = address.parse().ok().or_else(|| Some(IpAddr::V4(padded(address)?.0)))?;
        let length = is_digits(length).then(|| length.parse().ok())??;
        return Some(Network::Prefix(IpNet::new(address, length).ok()?.trunc()));
    }
    if let Some((first, last)) = text.split_once('-') {
        let (first, last): (IpAddr, IpAddr) = (first.parse().ok()?, last.parse().ok()?);
        return (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Network::Range(first, last));
    }
    if !is_net {
        return None;
    }
    let (address, octets) = padded(text)?;
    Ipv4Net::new(address, octets * 8).ok().map(|net| Network::Prefix(IpNet::V4(net)))
}

/// True for what is meant as an address or a prefix, even where it is a wrong one.
pub(super) fn looks_like_network(text: &str) -> bool {
    let is_address = |text: &str| {
        let is_v4 = text.contains('.') && text.chars().all(|c| c.is_ascii_digit() || c == '.');
        let is_v6 = text.chars().filter(|c| *c == ':').count() >= 2
            && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
        is_v4 || is_v6
    };
    match text.split_once('/').or_else(|| text.split_once('-')) {
        Some((address, rest)) if text.contains('/') => {
            (is_address(address) || is_digits(address)) && is_digits(rest)
        }
        Some((first, last)) => is_address(first) && is_address(last),
        None => is_address(text),
    }
}

/// True for a number, or two with `-` between.
pub(super) fn looks_like_number(text: &str) -> bool {
    match text.split_once('-') {
        Some((first, last)) => is_digits(first) && is_digits(last),
        None => is_digits(text),
    }
}

/// One number, or two with `-` between, each as `number` reads it.
pub(super) fn span(text: &str, number: impl Fn(&str) -> Option<u64>) -> Option<Span<u64>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(Span { first, last })
}

/// A plain decimal number up to `highest`.
pub(super) fn plain(text: &str, highest: u64) -> Option<u64> {
    is_digits(text).then(|| text.parse().ok())?.filter(|number| *number <= highest)
}

/// The factors of sizes, the larger first.
pub(super) const SIZES: [(&str, u64); 8] = [
    ("T", 1_000_000_000_000),
    ("G", 1_000_000_000),
    ("M", 1_000_000),
    ("k", 1_000),
    ("Ti", 1 << 40),
    ("Gi", 1 << 30),
    ("Mi", 1 << 20),
    ("Ki", 1 << 10),
];

/// A number with an optional size behind it: `10M`, `1Ki`, `1.5GB`. Must come to a whole number.
pub(super) fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (text.get(..digits)?, text.get(digits..)?);
    let unit = unit.strip_suffix(['B', 'b']).unwrap_or(unit);
    let factor = match unit {
        "" => 1,
        unit => SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?.1,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 12 {
        return None;
    }
    let parts = fraction.parse::<u128>().ok()? * u128::from(factor);
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    if parts % scale != 0 {
        return None;
    }
    let fraction = u64::try_from(parts / scale).ok()?;
    whole.parse::<u64>().ok()?.checked_mul(factor)?.checked_add(fraction)
}

/// Beyond every calendar: higher numbers are no times, and sums with them stay far from overflowing.
const HIGHEST_TIME: i64 = 1_000_000_000_000_000;

/// Digits of the seconds since 1970 from 1973-03-03 on; flow logs are half a century younger.
const FEWEST_TIME_DIGITS: usize = 9;

/// A time, and how many milliseconds the unit that it names lasts: a day, a minute, a second, a millisecond.
///
/// A date, a date and a time with or without seconds, each in UTC unless it says `Z` or an offset; or seconds or
/// milliseconds since 1970. Fewer digits than all seconds since 1973 have are a year or a slip, and no time.
pub(super) fn time(text: &str) -> Option<(i64, i64)> {
    if is_digits(text) {
        if text.len() < FEWEST_TIME_DIGITS {
            return None;
        }
        let number: i64 = text.parse().ok().filter(|number| *number <= HIGHEST_TIME)?;
        return Some(if number < SECONDS_BELOW { (number * 1000, 1000) } else { (number, 1) });
    }
    // A leading minus is a year before year 0.
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if text.len() == "2024-05-01".len() {
        let date: Date = text.parse().ok()?;
        return Some((in_utc(date.to_datetime(jiff::civil::Time::midnight()))?, 86_400_000));
    }
    let (of_day, offset) = time_of_day(text);
    let unit_ms = match of_day.bytes().filter(|byte| *byte == b':').count() {
        _ if of_day.contains(['.', ',']) => 1,
        2 => 1000,
        _ => 60_000,
    };
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some((timestamp.as_millisecond(), unit_ms));
    }
    // An offset that was not understood must not pass for UTC.
    if !offset.is_empty() {
        return None;
    }
    Some((in_utc(text.parse().ok()?)?, unit_ms))
}

fn in_utc(time: DateTime) -> Option<i64> {
    Offset::UTC.to_timestamp(time).ok().map(Timestamp::as_millisecond)
}

/// The time of day, and the offset from UTC behind it.
fn time_of_day(text: &str) -> (&str, &str) {
    let time = text.get("2024-05-01T".len()..).unwrap_or_default();
    let end = time.find(|c: char| !c.is_ascii_digit() && !matches!(c, ':' | '.' | ',')).unwrap_or(time.len());
    (time.get(..end).unwrap_or_default(), time.get(end..).unwrap_or_default())
}

/// The one to four octets, filled up with zeros, and their number.
fn padded(text: &str) -> Option<(Ipv4Addr, u8)> {
    let mut octets = [0; 4];
    let mut count: u8 = 0;
    for part in text.split('.') {
        *octets.get_mut(usize::from(count))? = u8::try_from(plain(part, 255)?).ok()?;
        count += 1;
    }
    Some((Ipv4Addr::from(octets), count))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
