//! Millions of latencies in little memory, and medians with their range.

/// Steps within a power of two: a reported value differs from the recorded one by at most 1/64.
const STEPS_LOG2: u32 = 6;
const STEPS: u64 = 1 << STEPS_LOG2;
/// Values up to 2^40 µs, which is twelve days; larger values count as this maximum.
const BUCKETS: usize = ((40 - STEPS_LOG2 as usize) + 1) << STEPS_LOG2;

/// A histogram of latencies in microseconds, with a relative error below 1/64 and a fixed size.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    greatest: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            greatest: 0,
        }
    }
}

impl Histogram {
    /// Adds one value, in microseconds.
    pub fn record(&mut self, value: u64) {
        if let Some(count) = self.counts.get_mut(bucket(value)) {
            *count += 1;
        }
        self.total += 1;
        self.greatest = self.greatest.max(value);
    }

    /// Adds all values of another histogram.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
        self.greatest = self.greatest.max(other.greatest);
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
        self.greatest = 0;
    }

    /// Number of values.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The quantile of the values for a share (0 to 1), in microseconds, rounded up within a bucket. Zero
    /// without values.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        let rank = ((self.total as f64 * share).ceil() as u64).clamp(1, self.total.max(1));
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper_end(index).min(self.greatest);
            }
        }
        self.greatest
    }
}

fn bucket(value: u64) -> usize {
    let value = value.min((1 << 40) - 1);
    if value < STEPS {
        return value as usize;
    }
    let shift = value.ilog2() - STEPS_LOG2;
    (u64::from(shift + 1) * STEPS + ((value >> shift) - STEPS)) as usize
}

fn upper_end(index: usize) -> u64 {
    let (row, step) = (index as u64 / STEPS, index as u64 % STEPS);
    if row == 0 {
        step
    } else {
        ((STEPS + step + 1) << (row - 1)) - 1
    }
}

/// The median of some repetitions, with the minimum and the maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The median; the mean of the two middle values for an even number.
    pub median: f64,
    /// The minimum.
    pub least: f64,
    /// The maximum.
    pub greatest: f64,
}

impl Spread {
    /// Computes the spread of at least one value.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let upper = *values.get(middle)?;
        let median = if values.len() % 2 == 1 {
            upper
        } else {
            f64::midpoint(*values.get(middle.checked_sub(1)?)?, upper)
        };
        Some(Self {
            median,
            least: *values.first()?,
            greatest: *values.last()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_quantile_is_at_most_a_step_above_the_true_one(
            mut values in proptest::collection::vec(0_u64..50_000_000, 1..300),
            share in 0.0_f64..=1.0,
        ) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record(*value));
            values.sort_unstable();
            let rank = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len());
            let truth = values[rank - 1];
            let told = histogram.quantile(share);
            prop_assert!(told >= truth, "{} < {}", told, truth);
            prop_assert!(told as f64 <= truth as f64 * (1.0 + 1.0 / 64.0) + 1.0, "{} > {}", told, truth);
        }

        #[test]
        fn every_value_has_a_bucket(value in any::<u64>()) {
            prop_assert!(bucket(value) < BUCKETS);
            if value < 1 << 40 {
                prop_assert!(upper_end(bucket(value)) >= value);
            }
        }
    }

    #[test]
    fn medians() {
        let spread = Spread::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.least, spread.greatest), (2.0, 1.0, 3.0));
        assert_eq!(Spread::of([1.0, 2.0]).unwrap().median, 1.5);
        assert_eq!(Spread::of([]), None);
    }
}
