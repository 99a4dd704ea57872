//! Moments as an operator says them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

/// Unix seconds of "2h", "3 days", "2026-11-22", "2026-11-22 18:30" or "2026-11-22T18:30:00Z"; times without a zone
/// are of this place.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    at(text.trim(), &Zoned::now()).ok_or_else(|| {
        "say how long ago (90min, 2h, 3d, 2w) or when (2026-11-22, \"2026-11-22 18:30\")".to_owned()
    })
}

fn at(text: &str, now: &Zoned) -> Option<i64> {
    if let Some(seconds) = duration(text) {
        let before = SignedDuration::from_secs(seconds);
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

/// Seconds of a number and a unit.
fn duration(text: &str) -> Option<i64> {
    let digits = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit.trim() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86400,
        "w" | "week" | "weeks" => 7 * 86400,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds)
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
