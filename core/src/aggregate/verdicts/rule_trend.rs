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
    /// Takes in rows: the number of each one's rule, and its time.
    pub(super) fn add(&mut self, rules: &[u32], times_ms: &[i64]) {
        // Neighbouring rows are mostly of one rule and one step, so they are counted before they are looked up.
        let (mut last, mut count) = (None, 0);
        for (rule, time_ms) in rules.iter().zip(times_ms) {
            let step = Some((*rule, time_ms.div_euclid(STEP_MS)));
            if step != last {
                self.count(last, count);
                (last, count) = (step, 0);
            }
            count += 1;
        }
        self.count(last, count);
    }

    /// Takes in others; `rule` translates their numbers.
    pub(super) fn merge(&mut self, other: &Trends, rule: impl Fn(u32) -> u32) {
        for ((theirs, step), count) in &other.hits {
            self.count(Some((rule(*theirs), *step)), *count);
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

    fn count(&mut self, place: Option<(u32, i64)>, count: u64) {
        if let Some(place) = place {
            *self.hits.entry(place).or_default() += count;
        }
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
        let (rules, times_ms): (Vec<u32>, Vec<i64>) =
            hits.iter().map(|(rule, minute)| (*rule, minute * 60_000)).unzip();
        let mut trends = Trends::default();
        trends.add(&rules, &times_ms);
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
