//! Medians and percentiles of measured times.

use std::collections::VecDeque;

/// The latest values of one measure. Older ones are dropped, so that memory is bounded.
#[derive(Clone, Debug, Default)]
pub struct Series(VecDeque<f32>);

impl Series {
    const CAPACITY: usize = 20_000;

    /// Adds a value.
    pub fn push(&mut self, value: f32) {
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(value);
    }

    /// The value below which `share` (0..=1) of the values lie (nearest rank); 0 if there are none.
    #[must_use]
    pub fn percentile(&self, share: f32) -> f32 {
        let mut sorted: Vec<f32> = self.0.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let rank = (share * sorted.len() as f32).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// The middle value; 0 if there are none.
    #[must_use]
    pub fn median(&self) -> f32 {
        self.percentile(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut series = Series::default();
        assert_eq!(series.median(), 0.0);
        for value in [5.0, 1.0, 3.0] {
            series.push(value);
        }
        assert_eq!((series.median(), series.percentile(0.95), series.percentile(0.0)), (3.0, 5.0, 1.0));
    }

    #[test]
    fn old_values_are_dropped() {
        let mut series = Series::default();
        (0..Series::CAPACITY * 2).for_each(|i| series.push(i as f32));
        assert_eq!(series.0.len(), Series::CAPACITY);
        assert!(series.percentile(0.0) >= Series::CAPACITY as f32);
    }
}
