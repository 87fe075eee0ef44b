//! Robust statistics: of ordered samples, by quartiles and medians, so that a few outliers change nothing.

/// A sample in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    sorted: Vec<f64>,
}

impl Sample {
    pub(crate) fn new(mut values: Vec<f64>) -> Sample {
        values.sort_by(f64::total_cmp);
        Sample { sorted: values }
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The value below which that fraction of the sample lies, interpolated between neighbours; `None` of nothing.
    pub(crate) fn quantile(&self, fraction: f64) -> Option<f64> {
        let position = fraction * self.sorted.len().checked_sub(1)? as f64;
        let below = *self.sorted.get(position.floor() as usize)?;
        let above = *self.sorted.get(position.ceil() as usize)?;
        Some(below + (above - below) * position.fract())
    }

    pub(crate) fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// Median of the distances from the median.
    pub(crate) fn median_absolute_deviation(&self) -> Option<f64> {
        let median = self.median()?;
        // Below the median distances grow downwards and above it upwards: two orders to be made one.
        let (below, above) = self.sorted.split_at(self.sorted.partition_point(|value| *value < median));
        let mut below = below.iter().rev().map(|value| median - value).peekable();
        let mut above = above.iter().map(|value| value - median).peekable();
        let mut sorted = Vec::with_capacity(self.sorted.len());
        while let Some(next) = match (below.peek(), above.peek()) {
            (Some(one), Some(other)) if one <= other => below.next(),
            (Some(_), None) => below.next(),
            _ => above.next(),
        } {
            sorted.push(next);
        }
        Sample { sorted }.median()
    }

    /// Bowley's skewness, -1 to 1, of the quartiles. 0 where they are too close to tell: a sample of a few distinct
    /// values, whose median is a quartile too, is not skewed by that.
    pub(crate) fn bowley_skewness(&self) -> Option<f64> {
        let (low, middle, high) = (self.quantile(0.25)?, self.median()?, self.quantile(0.75)?);
        if middle <= low || middle >= high {
            return Some(0.0);
        }
        Some((low + high - 2.0 * middle) / (high - low))
    }

    /// 0 to 1: half for symmetry (1 - |skewness|), half for closeness (1 - deviation / median). A median of 0 is
    /// close only where all is 0.
    pub(crate) fn regularity(&self) -> Option<f64> {
        let symmetry = 1.0 - self.bowley_skewness()?.abs();
        let (median, deviation) = (self.median()?, self.median_absolute_deviation()?);
        let closeness = match (deviation <= 0.0, median > 0.0) {
            (true, _) => 1.0,
            (false, true) => (1.0 - deviation / median).max(0.0),
            (false, false) => 0.0,
        };
        Some((symmetry + closeness) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Sample {
        Sample::new(values.to_vec())
    }

    #[test]
    fn quartiles_are_interpolated() {
        let values = sample(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(values.quantile(0.25), Some(1.75));
        assert_eq!(values.median(), Some(2.5));
        assert_eq!(values.median_absolute_deviation(), Some(1.0));
        assert_eq!(sample(&[]).median(), None);
    }

    #[test]
    fn skewness_tells_which_way_the_sample_leans() {
        assert_eq!(sample(&[1.0, 2.0, 3.0, 4.0, 5.0]).bowley_skewness(), Some(0.0));
        assert!(sample(&[1.0, 2.0, 3.0, 10.0, 100.0]).bowley_skewness() > Some(0.5));
        assert_eq!(sample(&[7.0; 9]).bowley_skewness(), Some(0.0));
    }

    #[test]
    fn regularity_is_high_for_equals_and_low_for_bursts() {
        assert_eq!(sample(&[60.0; 9]).regularity(), Some(1.0));
        assert!(sample(&[1.0, 1.0, 2.0, 2.0, 3.0, 900.0, 900.0, 1800.0]).regularity() < Some(0.3));
    }
}
