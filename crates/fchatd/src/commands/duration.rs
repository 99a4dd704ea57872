//! Lengths of time as people write them.

use std::str::FromStr;

/// A length of time: a whole number and a unit, such as `30min`, `12h`, `3d` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration {
    pub(crate) seconds: u64,
}

const UNITS: [(&str, u64); 7] = [
    ("s", 1),
    ("m", 60),
    ("min", 60),
    ("h", 3600),
    ("d", 86_400),
    ("w", 7 * 86_400),
    ("y", 365 * 86_400),
];
/// A hundred years.
const SECONDS_MAX: u64 = 100 * 365 * 86_400;

impl FromStr for Duration {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = UNITS.iter().find(|(name, _)| *name == unit.trim());
        let seconds = number
            .parse()
            .ok()
            .zip(unit)
            .and_then(|(number, unit)| unit.1.checked_mul(number));
        match seconds {
            Some(seconds @ 1..=SECONDS_MAX) => Ok(Self { seconds }),
            _ => Err("a time is a number and a unit, such as 30min, 12h, 3d or 2w"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_nonsense_is_refused() {
        let read = |text: &str| text.parse::<Duration>().ok().map(|time| time.seconds);
        for (text, seconds) in [
            ("90s", 90),
            ("5m", 300),
            ("30min", 1800),
            ("12 h", 43_200),
            ("3d", 259_200),
            ("2w", 1_209_600),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
        for strange in [
            "",
            "3",
            "d",
            "0d",
            "-3d",
            "3 parsecs",
            "3.5d",
            "99999999999999999999d",
            "999y",
        ] {
            assert_eq!(read(strange), None, "{strange}");
        }
    }
}
