//! Figures as text for Prometheus: OpenMetrics 1.0, and the older text format for readers that do not ask for it.

use std::fmt::Write as _;

use crate::figure::{Figure, Kind, Unit};
use crate::sink::{Sample, Value};

/// The form of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, version 0.0.4. `promtool check metrics` and people read it.
    Text,
}

impl Format {
    /// The form for a reader with this `Accept` header.
    #[must_use]
    pub fn for_reader(accept: Option<&str>) -> Self {
        let named = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
        if named { Self::OpenMetrics } else { Self::Text }
    }

    /// The value of the `Content-Type` header.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The samples as one text. Series of one figure must follow each other, as tables put them. Unknown values are left out.
#[must_use]
pub fn exposition(samples: &[Sample], format: Format) -> String {
    let mut text = String::new();
    let mut last = "";
    for sample in samples {
        let is_known = match sample.value {
            Value::Unknown => false,
            Value::Real(number) => number.is_finite(),
            Value::Whole(_) | Value::Durations(_) => true,
        };
        if !is_known {
            continue;
        }
        if sample.figure.name != last {
            last = sample.figure.name;
            head(&mut text, sample.figure, format);
        }
        series(&mut text, sample);
    }
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

/// The lines before the series of a figure.
fn head(text: &mut String, figure: &Figure, format: Format) {
    let (name, kind) = match (format, figure.kind) {
        (Format::OpenMetrics, Kind::Counter) => (stem(figure.name, "_total"), Kind::Counter),
        (Format::OpenMetrics, Kind::Info) => (stem(figure.name, "_info"), Kind::Info),
        (Format::Text, Kind::Info) => (figure.name, Kind::Gauge),
        (_, kind) => (figure.name, kind),
    };
    let _ = writeln!(text, "# TYPE {name} {kind}");
    if format == Format::OpenMetrics && figure.unit() != Unit::None {
        let _ = writeln!(text, "# UNIT {name} {}", figure.unit().name());
    }
    let _ = writeln!(text, "# HELP {name} {}", figure.help);
}

fn stem<'a>(name: &'a str, ending: &str) -> &'a str {
    name.strip_suffix(ending).unwrap_or(name)
}

fn series(text: &mut String, sample: &Sample) {
    let name = sample.figure.name;
    let label = match (sample.figure.label, sample.label) {
        (Some(label), Some(value)) => format!("{label}=\"{value}\""),
        _ => String::new(),
    };
    let braced = if label.is_empty() {
        String::new()
    } else {
        format!("{{{label}}}")
    };
    let _ = match sample.value {
        Value::Whole(number) => writeln!(text, "{name}{braced} {number}"),
        Value::Real(number) => writeln!(text, "{name}{braced} {number}"),
        Value::Unknown => Ok(()),
        Value::Durations(durations) => {
            let before = if label.is_empty() { label } else { label + "," };
            for (bound, count) in durations.cumulative() {
                let _ = writeln!(text, "{name}_bucket{{{before}le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{name}_sum{braced} {}", durations.seconds());
            writeln!(text, "{name}_count{braced} {}", durations.count())
        }
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::histogram::Histogram;
    use crate::table::{Row, Series, Table};

    #[derive(Default)]
    struct Source {
        turns: Histogram,
    }

    static TABLE: Table<Source> = Table {
        section: "network",
        rows: &[
            Row::counter("fchatd_sent_bytes_total", "sent", "Bytes sent.", |_| 5_u64.into()),
            Row::gauges(
                "fchatd_channels",
                "in all",
                "kind",
                "Channels.",
                &[
                    Series::new("public", "public", |_| 2_u64.into()),
                    Series::new("room", "rooms", |_| Value::Real(0.5)),
                ],
            ),
            Row::gauge("fchatd_absent", "absent", "Not there.", |_| Value::Unknown),
            Row::gauge("fchatd_strange", "strange", "Not a number.", |_| {
                Value::Real(f64::NAN)
            }),
            Row::histogram("fchatd_turn_seconds", "turns", "Turns.", |of| {
                of.turns.read().into()
            }),
            Row::info(
                "fchatd_build_info",
                "version",
                "0.2.0",
                "version 0.2.0",
                "The build.",
            ),
        ],
    };

    fn text(format: Format) -> String {
        let source = Source::default();
        source.turns.record(Duration::from_millis(3));
        let mut samples = Vec::new();
        TABLE.put(&source, &mut samples);
        exposition(&samples, format)
    }

    #[test]
    fn open_metrics_name_families_units_and_the_end() {
        let text = text(Format::OpenMetrics);
        let begin = "# TYPE fchatd_sent_bytes counter\n# UNIT fchatd_sent_bytes bytes\n# HELP fchatd_sent_bytes Bytes sent.\n\
                     fchatd_sent_bytes_total 5\n# TYPE fchatd_channels gauge\n# HELP fchatd_channels Channels.\n\
                     fchatd_channels{kind=\"public\"} 2\nfchatd_channels{kind=\"room\"} 0.5\n# TYPE fchatd_turn_seconds histogram\n";
        assert!(text.starts_with(begin), "{text}");
        assert!(
            text.contains("fchatd_turn_seconds_bucket{le=\"0.0025\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("fchatd_turn_seconds_bucket{le=\"0.005\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("fchatd_turn_seconds_bucket{le=\"+Inf\"} 1\nfchatd_turn_seconds_sum 0.003\n"),
            "{text}"
        );
        let end = "# TYPE fchatd_build info\n# HELP fchatd_build The build.\nfchatd_build_info{version=\"0.2.0\"} 1\n# EOF\n";
        assert!(text.ends_with(end), "{text}");
        assert!(!text.contains("absent") && !text.contains("strange"), "{text}");
    }

    #[test]
    fn the_text_format_names_series() {
        let text = text(Format::Text);
        assert!(
            text.starts_with("# TYPE fchatd_sent_bytes_total counter\n# HELP fchatd_sent_bytes_total Bytes"),
            "{text}"
        );
        assert!(text.contains("# TYPE fchatd_build_info gauge\n"), "{text}");
        assert!(!text.contains("# UNIT") && !text.contains("# EOF"), "{text}");
    }

    #[test]
    fn a_reader_that_asks_for_open_metrics_gets_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Format::for_reader(Some(prometheus)), Format::OpenMetrics);
        assert_eq!(Format::for_reader(Some("text/html,*/*")), Format::Text);
        assert_eq!(Format::for_reader(None), Format::Text);
    }
}
