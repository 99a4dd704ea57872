//! Durations as people write and read them: in options of commands, settings, channel descriptions, recorded plays and
//! refusals. Clock times and dates are not in here.

use std::time::Duration;

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::SpanParser;

static PARSER: SpanParser = SpanParser::new();

const DAY: u64 = 86_400;

/// The text is not a duration. The sentence of this error lists the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a duration is a number with a unit, such as 90s, 30min, 12h, \"3 days\", 2w, 6mo or 1y, or several, such as 1h30m"
)]
pub struct DurationError;

/// Reads a duration such as `90s`, `30min`, `1.5h`, `3 days`, `2w`, `1y`, `1h30m` or `1 day, 2 hours`, in any case. A
/// day has 24 hours, a month 30 days and a year 365 days.
///
/// # Errors
/// The text has another form, or the duration is negative or beyond about 20 000 years.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    read(text).ok_or(DurationError)
}

fn read(text: &str) -> Option<Duration> {
    let mut text = text.trim().to_ascii_lowercase();
    if text.starts_with('.') {
        text.insert(0, '0');
    }
    let span = PARSER.parse_span(&text).ok()?;
    if span.is_negative() {
        return None;
    }
    // The parser of jiff leaves the length of a year and of a month to its caller.
    let years = u64::try_from(span.get_years()).ok()? * 365 * DAY;
    let months = u64::try_from(span.get_months()).ok()? * 30 * DAY;
    let rest = span.try_years(0).ok()?.try_months(0).ok()?;
    let rest = rest.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(rest)
        .ok()?
        .checked_add(Duration::from_secs(years + months))
}

/// The length of a unit of a setting, such as `minutes`; `None` if it is not a unit of time.
pub fn unit(name: &str) -> Option<Duration> {
    let seconds = match name {
        "seconds" => 1,
        "minutes" => 60,
        "hours" => 3600,
        "days" => DAY,
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}

/// The duration in words, for a wait: in the largest unit of which it has more than two, rounded up, and 1 second at
/// least.
pub fn in_words(seconds: u64) -> String {
    let units = [("days", DAY), ("hours", 3600), ("minutes", 60)];
    match units.into_iter().find(|&(_, unit)| seconds > 2 * unit) {
        Some((name, unit)) => format!("{} {name}", seconds.div_ceil(unit)),
        None if seconds <= 1 => "1 second".to_owned(),
        None => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_few_words() {
        for (seconds, words) in [
            (0, "1 second"),
            (1, "1 second"),
            (90, "90 seconds"),
            (121, "3 minutes"),
            (7200, "120 minutes"),
            (7201, "3 hours"),
            (7 * DAY, "7 days"),
        ] {
            assert_eq!(in_words(seconds), words);
        }
    }

    #[test]
    fn all_forms_are_read() {
        for (text, seconds) in [
            ("90s", 90.0),
            ("5m", 300.0),
            ("30min", 1800.0),
            ("90 min", 5400.0),
            ("45 Minutes", 2700.0),
            ("12 h", 43_200.0),
            ("2 hrs", 7200.0),
            ("1.5h", 5400.0),
            (".5h", 1800.0),
            ("1h30m", 5400.0),
            ("1h 30min", 5400.0),
            ("01:30:00", 5400.0),
            ("3d", 259_200.0),
            (" 3 days ", 259_200.0),
            ("1 day, 2 hours", 93_600.0),
            ("2w", 1_209_600.0),
            ("2 weeks", 1_209_600.0),
            ("6mo", 15_552_000.0),
            ("1 month", 2_592_000.0),
            ("1y", 31_536_000.0),
            ("2 years 1 month", 65_664_000.0),
            ("0d", 0.0),
            ("500 ms", 0.5),
        ] {
            assert_eq!(parse(text).map(|time| time.as_secs_f64()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "3",
            "d",
            "-3d",
            "3 days ago",
            "3 parsecs",
            "3.5d",
            "1.2.3min",
            "3d 3",
            "P3D",
            "yesterday",
            "99999999999999999999d",
            "30h 2d",
        ] {
            assert_eq!(parse(text), Err(DurationError), "{text}");
        }
    }

    #[test]
    fn the_error_lists_forms_that_are_read() {
        let sentence = DurationError.to_string();
        let (_, forms) = sentence.split_once("such as ").unwrap();
        let forms = forms.split([',', ' ']).collect::<Vec<_>>().join(" ");
        let forms = forms.replace("\"3 days\"", "3days").replace("such as", "");
        let mut count = 0;
        for form in forms
            .split_whitespace()
            .filter(|form| form.starts_with(|c: char| c.is_ascii_digit()))
        {
            assert!(parse(form).is_ok(), "{form}");
            count += 1;
        }
        assert_eq!(count, 8);
    }
}
