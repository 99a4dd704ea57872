//! Moments as an operator writes them.

use fchatd_protocol::duration::{self, DurationError};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Unix seconds of a duration before now, such as "2h" or "3 days", or of "2026-11-22", "2026-11-22 18:30" or "2026-11-22T18:30:00Z"; times without a zone
/// are of this place.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    at(text.trim(), &Zoned::now()).ok_or_else(|| {
        format!("a moment is a date, such as 2026-11-22 or \"2026-11-22 18:30\", or a duration before now; {DurationError}")
    })
}

fn at(text: &str, now: &Zoned) -> Option<i64> {
    if let Ok(time) = duration::parse(text) {
        let before = SignedDuration::try_from(time).ok()?;
        return Some(now.timestamp().checked_sub(before).ok()?.as_second());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_second());
    }
    let local = text
        .parse::<DateTime>()
        .or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0)));
    let zone: TimeZone = now.time_zone().clone();
    Some(local.ok()?.to_zoned(zone).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_all_kinds() {
        let now: Zoned = "2026-11-22T12:00:00+02:00[+02:00]".parse().unwrap();
        let noon = now.timestamp().as_second();
        for (text, wanted) in [
            ("90s", Some(noon - 90)),
            ("90 min", Some(noon - 5400)),
            ("2h", Some(noon - 7200)),
            ("3 days", Some(noon - 3 * 86400)),
            ("2w", Some(noon - 14 * 86400)),
            ("1y", Some(noon - 365 * 86400)),
            ("1h30m", Some(noon - 5400)),
            ("0d", Some(noon)),
            ("2026-11-22", Some(noon - 12 * 3600)),
            ("2026-11-22 11:30", Some(noon - 1800)),
            ("2026-11-22T10:00:00Z", Some(noon)),
            ("", None),
            ("12", None),
            ("h", None),
            ("yesterday", None),
            ("9999999999999999999d", None),
            ("99999999999999999d", None),
        ] {
            assert_eq!(at(text, &now), wanted, "{text}");
        }
    }
}
