//! Counters spread evenly over the time they were counted in, bucket by bucket.

/// One counter is spread over so many buckets at most, the latest ones: 69 days of minutes. Damaged times could
/// otherwise fill any memory.
pub const MOST_BUCKETS: i64 = 100_000;

/// Buckets of one length, each of which starts at a multiple of it since 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeGrid {
    pub(crate) every_ms: i64,
}

impl TimeGrid {
    /// When the bucket of that time starts.
    #[inline]
    pub(crate) fn start_ms(self, time_ms: i64) -> i64 {
        time_ms.saturating_sub(time_ms.rem_euclid(self.every_ms))
    }

    /// Spreads counters from one time to another: hands each bucket its part. True where that would be too many buckets:
    /// then the latest ones have it all.
    ///
    /// What falls before a time does not depend on the length of buckets: those of a minute make up those of an hour.
    pub(crate) fn spread(
        self,
        counters: [u64; 4],
        from_ms: i64,
        to_ms: i64,
        put: &mut dyn FnMut(i64, [u64; 4]),
    ) -> bool {
        let logged_ms = self.start_ms(to_ms);
        let earliest_ms = logged_ms.saturating_sub(self.every_ms.saturating_mul(MOST_BUCKETS - 1));
        let is_shortened = from_ms < earliest_ms;
        let from_ms = from_ms.max(earliest_ms);
        let whole = u64::try_from(to_ms.saturating_sub(from_ms)).unwrap_or(0);
        let mut bucket_ms = self.start_ms(from_ms);
        let mut done = [0; 4];
        // What lies before a bucket's end, less what was given to the ones before it, falls into it: so nothing is
        // lost by rounding.
        loop {
            let next_ms = bucket_ms.saturating_add(self.every_ms);
            if next_ms >= to_ms || whole == 0 {
                break;
            }
            let part = u64::try_from(next_ms.saturating_sub(from_ms)).unwrap_or(0);
            let until = counters.map(|counter| share(counter, part, whole));
            put(bucket_ms, less(until, done));
            done = until;
            bucket_ms = next_ms;
        }
        let last_ms = if whole == 0 { logged_ms } else { bucket_ms };
        put(last_ms, less(counters, done));
        if last_ms != logged_ms {
            // There the tuple counts as a tuple, so its counters are known to add nothing.
            put(logged_ms, [0; 4]);
        }
        is_shortened
    }
}

/// The bucket of the last row: rows of one bucket mostly follow each other.
#[derive(Debug)]
pub(crate) struct Nearby {
    bucket_ms: i64,
}

impl Default for Nearby {
    fn default() -> Nearby {
        Nearby { bucket_ms: i64::MAX }
    }
}

impl Nearby {
    #[inline]
    pub(crate) fn of(&mut self, time_ms: i64, grid: TimeGrid) -> i64 {
        if time_ms < self.bucket_ms || time_ms.saturating_sub(self.bucket_ms) >= grid.every_ms {
            self.bucket_ms = grid.start_ms(time_ms);
        }
        self.bucket_ms
    }
}

/// The part of a counter that falls to so much of the whole time, rounded down.
#[inline]
fn share(counter: u64, part: u64, whole: u64) -> u64 {
    // The nearest number with a fraction lies below the next whole one as long as numbers are below half of what it holds
    // exactly, and processors divide such numbers several times faster.
    const EXACT: u64 = 1 << (f64::MANTISSA_DIGITS - 1);
    if counter < 1 << 32 && part < 1 << 32 && counter * part < EXACT {
        return ((counter * part) as i64 as f64 / whole as i64 as f64) as i64 as u64;
    }
    let share = u128::from(counter) * u128::from(part) / u128::from(whole);
    u64::try_from(share).unwrap_or(counter)
}

#[inline]
pub(crate) fn is_zero([a, b, c, d]: [u64; 4]) -> bool {
    // Not compared as a whole, for which a function is called where code is made small.
    a | b | c | d == 0
}

fn less(counters: [u64; 4], done: [u64; 4]) -> [u64; 4] {
    let ([a, b, c, d], [e, f, g, h]) = (counters, done);
    [a - e, b - f, c - g, d - h]
}
