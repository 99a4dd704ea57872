//! Figures as text for operators: a line for each section, first the gauges, then the counters since the start.

use std::fmt::Write as _;

use crate::figure::{Figure, Kind, Unit};
use crate::sink::{Phrase, Sample, Sink, Value};

/// Collects figures and remarks by section. [`StatusText::finish`] gives the text.
#[derive(Debug, Default)]
pub struct StatusText {
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    name: &'static str,
    gauges: Vec<Part>,
    counters: Vec<Part>,
    remarks: Vec<String>,
}

/// The words for one figure.
#[derive(Debug)]
struct Part {
    figure: &'static Figure,
    /// The sum of all series.
    sum: f64,
    /// The value of each series with its words. Series of a figure with a label are left out while they are 0.
    series: Vec<String>,
}

impl Part {
    fn text(&self) -> String {
        if self.figure.label.is_none() {
            return self.series.join(", ");
        }
        if self.figure.kind == Kind::Info {
            return self.series.join(", ");
        }
        let sum = after(self.sum, self.figure, self.figure.sum);
        match self.series.as_slice() {
            [] => sum,
            series => format!("{sum} ({})", series.join(", ")),
        }
    }
}

impl StatusText {
    #[expect(
        clippy::indexing_slicing,
        reason = "the place was found, or is that of the section just added"
    )]
    fn section(&mut self, name: &'static str) -> &mut Section {
        let place = self.sections.iter().position(|section| section.name == name);
        let place = place.unwrap_or_else(|| {
            self.sections.push(Section {
                name,
                gauges: Vec::new(),
                counters: Vec::new(),
                remarks: Vec::new(),
            });
            self.sections.len() - 1
        });
        &mut self.sections[place]
    }

    /// The text, without a line break at its end.
    #[must_use]
    pub fn finish(self) -> String {
        let mut text = String::new();
        for section in self.sections {
            let list = |parts: &[Part]| parts.iter().map(Part::text).collect::<Vec<_>>().join(", ");
            let mut parts = Vec::new();
            if !section.gauges.is_empty() {
                parts.push(list(&section.gauges));
            }
            if !section.counters.is_empty() {
                parts.push(format!("so far {}", list(&section.counters)));
            }
            parts.extend(section.remarks);
            let _ = writeln!(text, "{}: {}", section.name, parts.join("; "));
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl Sink for StatusText {
    fn put(&mut self, sample: Sample) {
        let number = match sample.value {
            Value::Whole(number) => number as f64,
            Value::Real(number) => number,
            Value::Durations(durations) => durations.count() as f64,
            Value::Unknown => return,
        };
        let section = self.section(sample.section);
        let parts = match sample.figure.kind {
            Kind::Gauge | Kind::Info => &mut section.gauges,
            Kind::Counter | Kind::Histogram => &mut section.counters,
        };
        if parts
            .last()
            .is_none_or(|part| part.figure.name != sample.figure.name)
        {
            parts.push(Part {
                figure: sample.figure,
                sum: 0.0,
                series: Vec::new(),
            });
        }
        let Some(part) = parts.last_mut() else { return };
        part.sum += number;
        if sample.label.is_none() || number != 0.0 {
            part.series.push(match sample.phrase {
                Phrase::After(words) if let Value::Durations(durations) = sample.value => {
                    format!("{number} {words} of {} on average", seconds(durations.mean()))
                }
                Phrase::After(words) => after(number, sample.figure, words),
                Phrase::UnlessZero { zero, .. } if number == 0.0 => zero.to_owned(),
                Phrase::UnlessZero { after: words, .. } => after(number, sample.figure, words),
                Phrase::Switch { on, off } => if number == 0.0 { off } else { on }.to_owned(),
            });
        }
    }

    fn remark(&mut self, section: &'static str, text: String) {
        self.section(section).remarks.push(text);
    }
}

/// A value in its unit with words after it.
fn after(number: f64, figure: &Figure, words: &str) -> String {
    let value = match figure.unit() {
        Unit::Bytes => bytes(number),
        Unit::Seconds => seconds(number),
        Unit::None => number.to_string(),
    };
    format!("{value} {words}").trim_end().to_owned()
}

/// A size with a unit in which it is easily read.
fn bytes(number: f64) -> String {
    const KIB: f64 = 1024.0;
    if number < KIB {
        format!("{number} bytes")
    } else if number < 10.0 * KIB * KIB {
        format!("{:.0} KiB", (number / KIB).floor())
    } else {
        format!("{:.1} MiB", number / KIB / KIB)
    }
}

/// A duration: from a minute on in days, hours, minutes and seconds.
fn seconds(number: f64) -> String {
    if number > 0.0 && number < 0.001 {
        return format!("{:.0} µs", number * 1e6);
    }
    if number < 1.0 {
        return format!("{:.0} ms", number.max(0.0) * 1000.0);
    }
    if number < 60.0 {
        return format!("{:.1} s", number.max(0.0));
    }
    let whole = number as u64;
    let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60);
    let mut text = String::new();
    if days > 0 {
        let _ = write!(text, "{days} d ");
    }
    if whole >= 3600 {
        let _ = write!(text, "{hours} h ");
    }
    let _ = write!(text, "{minutes} min {} s", whole % 60);
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::histogram::Histogram;
    use crate::table::{Row, Series, Table};

    static FACTS: Table<Histogram> = Table {
        section: "facts",
        rows: &[
            Row::info("fchatd_build_info", "version", "1.0", "version 1.0", "The build."),
            Row::histogram("fchatd_turn_seconds", "turns", "Turns.", |of| of.read().into()),
            Row::counters_by(
                "fchatd_errors_total",
                "errors",
                "number",
                "Errors.",
                &["-1", "5"],
                |_, place| (place * 3).into(),
            ),
        ],
    };

    #[test]
    fn facts_durations_and_numbered_series_have_a_place() {
        let (turns, mut text) = (Histogram::default(), StatusText::default());
        turns.record(Duration::from_millis(4));
        turns.record(Duration::from_millis(8));
        FACTS.put(&turns, &mut text);
        let expected = "facts: version 1.0; so far 2 turns of 6 ms on average, 3 errors (3 5)";
        assert_eq!(text.finish(), expected);
    }

    struct Network {
        connections: usize,
        frames: u64,
        slow: u64,
        backlog: usize,
        up: f64,
        threads: Option<u32>,
    }

    static NETWORK: Table<Network> = Table {
        section: "network",
        rows: &[
            Row::counter("fchatd_frames_total", "frames", "Frames.", |of| of.frames.into()),
            Row::gauge("fchatd_connections", "connections", "Connections.", |of| {
                of.connections.into()
            }),
            Row::gauge("fchatd_backlog_bytes", "wait", "Backlog.", |of| of.backlog.into()),
            Row::gauge("fchatd_threads", "threads", "Threads.", |of| of.threads.into()),
            Row::counters(
                "fchatd_cut_off_total",
                "cut off",
                "reason",
                "Cut off.",
                &[
                    Series::new("slow", "slow readers", |of| of.slow.into()),
                    Series::new("silent", "silent", |_| 0_u64.into()),
                ],
            ),
        ],
    };
    static UP: Table<Network> = Table {
        section: "up",
        rows: &[Row::gauge("fchatd_up_seconds", "", "Up.", |of| of.up.into())],
    };
    static LOG: Table<bool> = Table {
        section: "chat log",
        rows: &[
            Row::switch("fchatd_chat_log", ["on", "off"], "Log.", |on| (*on).into()),
            Row::gauge_unless_zero("fchatd_chat_log_lost", ["complete", "lost"], "Lost.", |on| {
                (*on).into()
            }),
        ],
    };

    fn text(network: &Network, log: bool) -> String {
        let mut text = StatusText::default();
        UP.put(network, &mut text);
        LOG.put(&log, &mut text);
        NETWORK.put(network, &mut text);
        text.remark("up", "version 1".to_owned());
        text.finish()
    }

    #[test]
    fn gauges_come_before_counters_and_groups() {
        let mut network = Network {
            connections: 4,
            frames: 18_000_000_000,
            slow: 2,
            backlog: 2_500,
            up: 5.04,
            threads: None,
        };
        assert_eq!(
            text(&network, true),
            "up: 5.0 s; version 1\nchat log: on, 1 lost\nnetwork: 4 connections, 2 KiB wait; so far 18000000000 frames, 2 cut \
             off (2 slow readers)"
        );
        network.threads = Some(3);
        (network.backlog, network.slow) = (11 << 20, 0);
        assert!(
            text(&network, false)
                .contains("chat log: off, complete\nnetwork: 4 connections, 11.0 MiB wait, 3 threads; ")
        );
        assert!(text(&network, false).ends_with(", 0 cut off"));
    }

    #[test]
    fn durations_and_sizes_are_easily_read() {
        assert_eq!(seconds(61.9), "1 min 1 s");
        assert_eq!(seconds(90_061.0), "1 d 1 h 1 min 1 s");
        assert_eq!(seconds(3_600.0), "1 h 0 min 0 s");
        assert_eq!(seconds(-1.0), "0 ms");
        assert_eq!(seconds(0.0254), "25 ms");
        assert_eq!(seconds(0.000_025_4), "25 µs");
        assert_eq!(bytes(1023.0), "1023 bytes");
    }
}
