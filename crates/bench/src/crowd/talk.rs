//! The chat while the crowd returns: connected clients send lines at a steady rate, and each delivery is
//! timed from the intended time of its line.

use memchr::memmem;

use crate::statistics::Histogram;

/// The beginning of each line; the intended time in microseconds follows.
const STAMP: &[u8] = b"crowd line ";
/// Minimum interval between two lines of one client, in microseconds.
const PAUSE: u64 = 1_000_000;

/// The chat lines and their deliveries.
#[derive(Debug)]
pub(crate) struct Talk {
    /// Microseconds between two lines; `None` without chat.
    interval: Option<u64>,
    next: u64,
    latency: Histogram,
    late: Histogram,
    /// Number of sent lines.
    pub(crate) said: u64,
}

impl Talk {
    /// A chat with `lines` lines a second, starting at the time `now`.
    pub(crate) fn new(lines: f64, now: u64) -> Self {
        Self {
            interval: (lines > 0.0).then(|| (1e6 / lines) as u64),
            next: now,
            latency: Histogram::default(),
            late: Histogram::default(),
            said: 0,
        }
    }

    /// The intended time of the next line.
    pub(crate) fn due(&self) -> u64 {
        self.interval.map_or(u64::MAX, |_| self.next)
    }

    /// The intended time of a line that is due, if there is one.
    pub(crate) fn take(&mut self, now: u64) -> Option<u64> {
        let interval = self.interval?;
        if self.next > now {
            return None;
        }
        let intended = self.next;
        self.next += interval;
        Some(intended)
    }

    /// Whether a client that spoke at `before` may speak at `now`.
    pub(crate) fn may_speak(before: u64, now: u64) -> bool {
        before == 0 || now >= before + PAUSE
    }

    /// The command for a line.
    pub(crate) fn line(&mut self, channel: &str, intended: u64, now: u64) -> String {
        self.said += 1;
        self.late.record(now.saturating_sub(intended));
        format!(
            r#"MSG {{"channel":"{channel}","message":"{}{intended}"}}"#,
            String::from_utf8_lossy(STAMP)
        )
    }

    /// Times a line for a client that has been in all channels since `since`. An earlier line was kept for
    /// the client and is not counted as a delivery.
    pub(crate) fn hear(&mut self, payload: &[u8], since: u64, now: u64) {
        let Some(place) = memmem::find(payload, STAMP) else {
            return;
        };
        let digits = payload.get(place + STAMP.len()..).unwrap_or_default();
        let intended = digits
            .iter()
            .take_while(|digit| digit.is_ascii_digit())
            .fold(0_u64, |number, digit| number * 10 + u64::from(digit - b'0'));
        if intended >= since {
            self.latency.record(now.saturating_sub(intended));
        }
    }

    /// Number of deliveries.
    pub(crate) fn heard(&self) -> u64 {
        self.latency.count()
    }

    /// Clears the measurements.
    pub(crate) fn clear(&mut self) {
        self.latency.clear();
        self.late.clear();
        self.said = 0;
    }

    /// A quantile of the latencies, in milliseconds.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        self.latency.quantile(share) as f64 / 1e3
    }

    /// The median, the 99th percentile and the greatest latency, in milliseconds.
    pub(crate) fn latencies(&self) -> (f64, f64, f64) {
        (self.latency(0.5), self.latency(0.99), self.latency(1.0))
    }

    /// How late the lines were sent, in milliseconds: this program's own part of the latencies.
    pub(crate) fn late(&self, share: f64) -> f64 {
        self.late.quantile(share) as f64 / 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_timed_from_when_it_was_meant_to_be_said() {
        let mut talk = Talk::new(10.0, 1_000);
        assert_eq!(talk.take(999), None);
        let intended = talk.take(6_000).unwrap();
        assert_eq!(intended, 1_000);
        let line = talk.line("crowd 1", intended, 6_000);
        talk.hear(line.as_bytes(), 500, 11_000);
        talk.hear(line.as_bytes(), 2_000, 11_000);
        assert_eq!((talk.said, talk.heard()), (1, 1));
        assert_eq!(talk.latency(1.0), 10.0);
        assert_eq!(talk.late(1.0), 5.0);
        assert_eq!(talk.due(), 101_000);
    }
}
