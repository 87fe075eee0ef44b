//! Whether a rule is hit more and more or less and less: its tuples in the later half of the data against the earlier.
//!
//! Counted in steps of five minutes, so that any parts of the data merge. The halves have the same number of steps; of
//! an odd number the one in the middle counts to neither.

use crate::travel::travels;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// Length of a step.
const STEP_MS: i64 = 5 * 60_000;

/// Tuples of each rule in each step.
#[derive(Clone, Debug, Default)]
pub(super) struct Trends {
    hits: HashMap<(u32, i64), u64, FixedState>,
}

travels!(Trends { hits });

/// Tuples of a rule in the two halves.
#[derive(Clone, Copy, Debug, Default)]
struct Halves {
    earlier: u64,
    later: u64,
}

impl Trends {
    /// Begins to take in rows.
    pub(super) fn begin(&mut self) -> Run<'_> {
        Run { trends: self, rule: 0, step: 0, count: 0 }
    }

    /// Takes in others; `rule` translates their numbers.
    pub(super) fn merge(&mut self, other: &Trends, rule: impl Fn(u32) -> u32) {
        for ((theirs, step), count) in &other.hits {
            self.count((rule(*theirs), *step), *count);
        }
    }

    /// By rule: 0 where both halves hit it as often, up to 1 where only the later one did, down to -1 where only the
    /// earlier one did; null where the data are shorter than two steps, or neither half hit it.
    pub(super) fn finish(&self, rules: usize) -> Vec<Option<f64>> {
        let steps = || self.hits.keys().map(|(_, step)| *step);
        let (Some(first), Some(last)) = (steps().min(), steps().max()) else { return vec![None; rules] };
        let half = (last - first + 1) / 2;
        let mut halves = vec![Halves::default(); rules];
        for ((rule, step), count) in &self.hits {
            if let Some(halves) = halves.get_mut(*rule as usize) {
                halves.earlier += if *step < first + half { *count } else { 0 };
                halves.later += if *step > last - half { *count } else { 0 };
            }
        }
        halves.into_iter().map(Halves::trend).collect()
    }

    fn count(&mut self, place: (u32, i64), count: u64) {
        *self.hits.entry(place).or_default() += count;
    }
}

/// Neighbouring rows are mostly of one rule and one step: they are counted before they are looked up.
#[derive(Debug)]
pub(super) struct Run<'t> {
    trends: &'t mut Trends,
    rule: u32,
    step: i64,
    count: u64,
}

impl Run<'_> {
    /// Takes in a row: the number of its rule, and its time.
    #[inline(always)]
    pub(super) fn add(&mut self, rule: u32, time_ms: i64) {
        self.add_all(rule, time_ms, 1);
    }

    /// Takes in so many rows of one rule and one minute.
    #[inline(always)]
    pub(super) fn add_all(&mut self, rule: u32, time_ms: i64, count: u32) {
        let start_ms = self.step.wrapping_mul(STEP_MS);
        let is_same_step = time_ms >= start_ms && time_ms.wrapping_sub(start_ms) < STEP_MS;
        if rule != self.rule || !is_same_step {
            self.end();
            (self.rule, self.step) = (rule, time_ms.div_euclid(STEP_MS));
        }
        self.count += u64::from(count);
    }

    fn end(&mut self) {
        if self.count > 0 {
            self.trends.count((self.rule, self.step), core::mem::take(&mut self.count));
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

impl Halves {
    fn trend(self) -> Option<f64> {
        let (earlier, later) = (self.earlier as f64, self.later as f64);
        (earlier + later > 0.0).then(|| (later - earlier) / (later + earlier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The trends of two rules, from the minutes in which they were hit.
    fn trends(hits: &[(u32, i64)]) -> Vec<Option<f64>> {
        let mut trends = Trends::default();
        let mut run = trends.begin();
        hits.iter().for_each(|(rule, minute)| run.add(*rule, minute * 60_000));
        drop(run);
        trends.finish(2)
    }

    #[test]
    fn a_trend_is_the_later_half_against_the_earlier() {
        assert_eq!(trends(&[(0, 0), (0, 9), (1, 0), (1, 4)]), [Some(0.0), Some(-1.0)]);
        assert_eq!(trends(&[(0, 0), (0, 19), (0, 18), (0, 17), (1, 11)]), [Some(0.5), Some(1.0)]);
        // What lies in the middle counts to neither half.
        assert_eq!(trends(&[(0, 0), (0, 14), (1, 7)]), [Some(0.0), None]);
        assert_eq!(trends(&[(0, 0), (0, 4)]), [None, None]);
        assert_eq!(trends(&[]), [None, None]);
    }
}
