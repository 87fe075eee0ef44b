//! Sets of numbers, addresses and names that a tuple is looked up in: made once, asked millions of times.

use super::tree::{Condition, Network, RegularExpression, Span, TextField};
use crate::groups::is_public;
use core::net::IpAddr;
use ipnet::IpNet;

/// Up to here a scan over all spans is quicker than a binary search.
const SCANNED_SPANS: usize = 8;

/// A set of numbers as spans: sorted, apart from each other, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SpanSet<T> {
    spans: Vec<(T, T)>,
}

/// What a number must offer to live in a [`SpanSet`].
pub(super) trait Number: Copy + Ord {
    const LOWEST: Self;
    const HIGHEST: Self;
    fn before(self) -> Option<Self>;
    fn after(self) -> Option<Self>;
}

macro_rules! number {
    ($($type:ty),+) => {
        $(impl Number for $type {
            const LOWEST: Self = <$type>::MIN;
            const HIGHEST: Self = <$type>::MAX;
            fn before(self) -> Option<Self> { self.checked_sub(1) }
            fn after(self) -> Option<Self> { self.checked_add(1) }
        })+
    };
}
number!(u32, u64, u128, i64);

impl<T: Number> SpanSet<T> {
    /// The set of all numbers in one of the spans, in whatever order these come.
    pub(super) fn new(mut unsorted: Vec<(T, T)>) -> SpanSet<T> {
        unsorted.sort_unstable();
        let mut spans: Vec<(T, T)> = Vec::with_capacity(unsorted.len());
        for (first, last) in unsorted {
            match spans.last_mut() {
                Some(previous) if previous.1.after().is_none_or(|next| first <= next) => {
                    previous.1 = previous.1.max(last);
                }
                _ => spans.push((first, last)),
            }
        }
        SpanSet { spans }
    }

    /// The set of the numbers for which the condition holds.
    pub(super) fn of(condition: &Condition<T>) -> SpanSet<T> {
        let span = match condition {
            Condition::In(spans) => {
                return SpanSet::new(spans.iter().map(|Span { first, last }| (*first, *last)).collect());
            }
            Condition::Below(value) => value.before().map(|last| (T::LOWEST, last)),
            Condition::AtMost(value) => Some((T::LOWEST, *value)),
            Condition::Above(value) => value.after().map(|first| (first, T::HIGHEST)),
            Condition::AtLeast(value) => Some((*value, T::HIGHEST)),
        };
        SpanSet { spans: span.into_iter().collect() }
    }

    /// Its spans: sorted, apart from each other, both ends included.
    pub(super) fn spans(&self) -> impl Iterator<Item = (T, T)> {
        self.spans.iter().copied()
    }

    /// All numbers that are not in this set.
    pub(super) fn complement(&self) -> SpanSet<T> {
        let mut spans = Vec::with_capacity(self.spans.len() + 1);
        let mut next = Some(T::LOWEST);
        for (first, last) in &self.spans {
            if let (Some(start), Some(end)) = (next, first.before())
                && start <= end
            {
                spans.push((start, end));
            }
            next = last.after();
        }
        if let Some(start) = next {
            spans.push((start, T::HIGHEST));
        }
        SpanSet { spans }
    }

    #[inline]
    pub(super) fn contains(&self, value: T) -> bool {
        if self.spans.len() <= SCANNED_SPANS {
            return self.spans.iter().any(|(first, last)| *first <= value && value <= *last);
        }
        let following = self.spans.partition_point(|(first, _)| *first <= value);
        following.checked_sub(1).and_then(|at| self.spans.get(at)).is_some_and(|(_, last)| value <= *last)
    }

    /// The only span, if there is but one: a column can then be compared without looking at the set again.
    pub(super) fn single(&self) -> Option<(T, T)> {
        match self.spans.as_slice() {
            [span] => Some(*span),
            _ => None,
        }
    }

    /// True where it holds all numbers from the first to the last, or none of them.
    pub(super) fn is_all_or_nothing(&self, first: T, last: T) -> bool {
        let mut touching = self.spans.iter().filter(|span| span.0 <= last && first <= span.1);
        touching.all(|span| span.0 <= first && last <= span.1)
    }

    /// The lowest and the highest number; `None` for the empty set.
    pub(super) fn hull(&self) -> Option<(T, T)> {
        Some((self.spans.first()?.0, self.spans.last()?.1))
    }
}

/// A set of addresses.
#[derive(Clone, Debug)]
pub(super) enum AddressSet {
    /// Listed, each family for itself: `::/0` holds no IPv4 address.
    Spans { v4: SpanSet<u32>, v6: SpanSet<u128> },
    /// The globally routable ones.
    Public,
}

impl AddressSet {
    pub(super) fn new(networks: impl IntoIterator<Item = Network>) -> AddressSet {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for network in networks {
            let (first, last) = match network {
                Network::Prefix(IpNet::V4(net)) => (net.network().into(), net.broadcast().into()),
                Network::Prefix(IpNet::V6(net)) => (net.network().into(), net.broadcast().into()),
                Network::Range(first, last) => (first, last),
            };
            match (first, last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => v4.push((first.to_bits(), last.to_bits())),
                (IpAddr::V6(first), IpAddr::V6(last)) => v6.push((first.to_bits(), last.to_bits())),
                // The parser lets no range of two families through.
                _ => {}
            }
        }
        AddressSet::Spans { v4: SpanSet::new(v4), v6: SpanSet::new(v6) }
    }

    #[inline]
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (AddressSet::Spans { v4, .. }, IpAddr::V4(address)) => v4.contains(address.to_bits()),
            (AddressSet::Spans { v6, .. }, IpAddr::V6(address)) => v6.contains(address.to_bits()),
            (AddressSet::Public, _) => is_public(address),
        }
    }
}

/// What a text must look like.
#[derive(Clone, Debug)]
pub(super) enum TextSet {
    /// One of these must match the whole text.
    Patterns(Vec<Pattern>),
    /// Must be found in the text.
    Regex(RegularExpression),
}

/// Text with wildcards, folded to lower case.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    folded: Vec<char>,
    /// The same as bytes, unless it has a letter that no ASCII text has.
    ascii: Option<Vec<u8>>,
}

impl Pattern {
    fn new(field: TextField, text: &str) -> Pattern {
        let folded = fold(field, text);
        let ascii = folded.iter().map(|c| u8::try_from(*c).ok().filter(u8::is_ascii)).collect();
        Pattern { folded, ascii }
    }

    /// The text that it matches and no other; `None` where it has wildcards.
    pub(super) fn literal(&self) -> Option<String> {
        let has_wildcards = self.folded.iter().any(|c| matches!(c, '*' | '?'));
        (!has_wildcards).then(|| self.folded.iter().collect())
    }
}

impl TextSet {
    pub(super) fn new(field: TextField, patterns: &[String]) -> TextSet {
        TextSet::Patterns(patterns.iter().map(|pattern| Pattern::new(field, pattern)).collect())
    }

    pub(super) fn contains(&self, field: TextField, text: &str) -> bool {
        match self {
            // Names are nearly always ASCII, and then nothing needs to be allocated.
            TextSet::Patterns(patterns) if text.is_ascii() && !text.contains(|c| is_separator(field, c)) => {
                let letter = |at: usize| text.as_bytes().get(at).map(u8::to_ascii_lowercase);
                let ascii = patterns.iter().filter_map(|pattern| pattern.ascii.as_ref());
                ascii.into_iter().any(|pattern| wildcard_match(pattern, letter))
            }
            TextSet::Patterns(patterns) => {
                let text = fold(field, text);
                patterns.iter().any(|pattern| wildcard_match(&pattern.folded, |at| text.get(at).copied()))
            }
            TextSet::Regex(regex) => regex.is_match(text),
        }
    }
}

/// True where the text matches the pattern, upper and lower case alike, `*` and `?` as wildcards.
pub(super) fn matches_wildcards(pattern: &str, text: &str) -> bool {
    let text = fold(TextField::Rule, text);
    wildcard_match(&fold(TextField::Rule, pattern), |at| text.get(at).copied())
}

/// A NIC's address as it stands in logs: digits only, upper case. Wildcards stay.
pub(super) fn plain_mac(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).flat_map(char::to_uppercase).collect()
}

/// Lower case; a NIC's address without its separators.
fn fold(field: TextField, text: &str) -> Vec<char> {
    text.chars().filter(|c| !is_separator(field, *c)).flat_map(char::to_lowercase).collect()
}

fn is_separator(field: TextField, c: char) -> bool {
    field == TextField::Mac && matches!(c, ':' | '-' | '.')
}

/// Greedy matching that goes back to the last `*` only: no worse than pattern times text.
fn wildcard_match<T: Copy + PartialEq + From<u8>>(
    pattern: &[T],
    letter: impl Fn(usize) -> Option<T>,
) -> bool {
    let (many, one) = (T::from(b'*'), T::from(b'?'));
    let (mut in_pattern, mut in_text) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(found) = letter(in_text) {
        match pattern.get(in_pattern).copied() {
            Some(wanted) if wanted == many => {
                last_star = Some((in_pattern, in_text));
                in_pattern += 1;
            }
            Some(wanted) if wanted == one || wanted == found => {
                in_pattern += 1;
                in_text += 1;
            }
            _ => match &mut last_star {
                Some((star, covered)) => {
                    *covered += 1;
                    in_pattern = *star + 1;
                    in_text = *covered;
                }
                None => return false,
            },
        }
    }
    pattern.get(in_pattern..).is_some_and(|rest| rest.iter().all(|wanted| *wanted == many))
}
