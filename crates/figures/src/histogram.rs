//! Histograms of durations, which threads may share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in nanoseconds. A last bucket has no bound.
const BOUNDS: [u64; 22] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// The same bounds in seconds, as the label `le` has them.
const LABELS: [&str; 22] = [
    "1e-06", "2.5e-06", "5e-06", "1e-05", "2.5e-05", "5e-05", "0.0001", "0.00025", "0.0005", "0.001",
    "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0",
];
const BUCKETS: usize = BOUNDS.len() + 1;

/// Counts durations by bucket. One duration costs a binary search and two additions, no lock.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
}

impl Histogram {
    /// Counts a duration.
    pub fn record(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let place = BOUNDS.partition_point(|&bound| bound < nanoseconds);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The counts now.
    pub fn read(&self) -> Distribution {
        Distribution {
            buckets: self
                .buckets
                .each_ref()
                .map(|bucket| bucket.load(Ordering::Relaxed)),
            nanoseconds: self.nanoseconds.load(Ordering::Relaxed),
        }
    }
}

/// The counts of a [`Histogram`] at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Distribution {
    buckets: [u64; BUCKETS],
    nanoseconds: u64,
}

impl Distribution {
    /// The number of durations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The sum of all durations, in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.nanoseconds as f64 / 1e9
    }

    /// The average duration, in seconds; 0 without a duration.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self.count() {
            0 => 0.0,
            count => self.seconds() / count as f64,
        }
    }

    /// For each bound, as text in seconds, the number of durations up to it. The last bound is `+Inf`.
    pub fn cumulative(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let labels = LABELS.into_iter().chain(["+Inf"]);
        labels.zip(self.buckets).scan(0, |sum, (label, count)| {
            *sum += count;
            Some((label, *sum))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_labels_are_the_bounds() {
        for (label, bound) in LABELS.into_iter().zip(BOUNDS) {
            let seconds: f64 = label.parse().unwrap();
            assert_eq!((seconds * 1e9).round() as u64, bound, "{label}");
        }
        assert!(BOUNDS.is_sorted());
    }

    #[test]
    fn a_duration_counts_in_each_bucket_from_its_own_on() {
        let histogram = Histogram::default();
        assert_eq!(histogram.read().mean(), 0.0);
        for microseconds in [0, 1, 2, 1_000, 1_001, 60_000_000] {
            histogram.record(Duration::from_micros(microseconds));
        }
        let read = histogram.read();
        let of = |label: &str| read.cumulative().find(|row| row.0 == label).unwrap().1;
        assert_eq!(
            ["1e-06", "2.5e-06", "0.001", "0.0025", "10.0", "+Inf"].map(of),
            [2, 3, 4, 5, 5, 6]
        );
        assert_eq!(read.count(), 6);
        assert!((read.seconds() - 60.002_004).abs() < 1e-9);
    }
}
