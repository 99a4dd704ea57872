//! The points of the small charts: some figures of the last hour, in memory and bounded.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::reply::member;
use fchatd_figures::{Sample, Value as Figure};
use serde_json::{Value, json};

/// The time between two points of the small charts.
pub(super) const SAMPLE: Duration = Duration::from_secs(10);
/// Points of each chart: an hour of them.
const POINTS_MAX: usize = 360;

/// A chart: its short name, the figure behind it, and whether it shows the growth of that figure in a second.
const CHARTS: [(&str, &str, bool); 6] = [
    ("people", "fchatd_characters", false),
    ("connections", "fchatd_connections", false),
    ("commands", "fchatd_commands_total", true),
    ("frames", "fchatd_frames_sent_total", true),
    ("processor", "process_cpu_seconds_total", true),
    ("memory", "process_resident_memory_bytes", false),
];

/// The sum of a figure's series.
fn total(samples: &[Sample], name: &str) -> f64 {
    let own = samples.iter().filter(|sample| sample.figure.name == name);
    own.map(|sample| match sample.value {
        Figure::Whole(value) => value as f64,
        Figure::Real(value) => value,
        Figure::Durations(_) | Figure::Unknown => 0.0,
    })
    .sum()
}

/// The figures of this moment by the names of the charts. Those that grow stand as their sums since the start.
pub(super) fn now(samples: &[Sample]) -> Vec<(&'static str, f64)> {
    CHARTS
        .map(|(name, figure, _)| (name, total(samples, figure)))
        .to_vec()
}

/// The points.
#[derive(Default)]
pub(super) struct Series {
    points: VecDeque<[f32; CHARTS.len()]>,
    /// The sums at the last point, and its time.
    last: Option<([f64; CHARTS.len()], Instant)>,
}

impl Series {
    /// Adds a point.
    pub(super) fn add(&mut self, samples: &[Sample]) {
        let sums = CHARTS.map(|(_, figure, _)| total(samples, figure));
        let now = Instant::now();
        let last = self.last.replace((sums, now));
        self.push(
            sums,
            last.map(|(sums, at)| (sums, now.duration_since(at).as_secs_f64())),
        );
    }

    fn push(&mut self, sums: [f64; CHARTS.len()], before: Option<([f64; CHARTS.len()], f64)>) {
        let mut point = [0.0; CHARTS.len()];
        let charts = CHARTS.iter().zip(sums).enumerate();
        for (place, ((_, _, grows), sum)) in charts {
            let value = match (grows, &before) {
                (false, _) => sum,
                (true, Some((before, seconds))) => {
                    let before = before.get(place).copied().unwrap_or_default();
                    (sum - before).max(0.0) / seconds.max(0.001)
                }
                (true, None) => 0.0,
            };
            if let Some(point) = point.get_mut(place) {
                *point = value as f32;
            }
        }
        if self.points.len() >= POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }

    /// The charts as JSON.
    pub(super) fn to_json(&self) -> Value {
        let mut all = json!({ "seconds_each": SAMPLE.as_secs() });
        for (place, (name, ..)) in CHARTS.iter().enumerate() {
            let points = self.points.iter().filter_map(|point| point.get(place));
            // Three digits are more than a small chart shows.
            let rounded: Vec<f64> = points
                .map(|&value| (f64::from(value) * 1000.0).round() / 1000.0)
                .collect();
            member(&mut all, name, json!(rounded));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_shown_for_each_second_and_points_are_bounded() {
        let mut series = Series::default();
        series.push([3.0, 4.0, 100.0, 7.0, 1.0, 5.0], None);
        series.push(
            [2.0, 4.0, 160.0, 7.0, 1.5, 5.0],
            Some(([3.0, 4.0, 100.0, 7.0, 1.0, 5.0], 10.0)),
        );
        let json = series.to_json();
        assert_eq!(json["people"], json!([3.0, 2.0]));
        assert_eq!(json["commands"], json!([0.0, 6.0]));
        assert_eq!(json["processor"], json!([0.0, 0.05]));
        for _ in 0..2 * POINTS_MAX {
            series.push([0.0; CHARTS.len()], None);
        }
        assert_eq!(series.to_json()["memory"].as_array().unwrap().len(), POINTS_MAX);
    }
}
