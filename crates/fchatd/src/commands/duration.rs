//! Durations in the options of commands, within the bounds of bans and invitations. The forms are those of
//! [`fchatd_protocol::duration`].

use std::str::FromStr;

use fchatd_protocol::duration;

/// A duration from a second to a hundred years, such as `30min`, `12h`, `3 days` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration {
    pub(crate) seconds: u64,
}

/// A hundred years.
const SECONDS_MAX: u64 = 100 * 365 * 86_400;

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match duration::parse(text)
            .map_err(|error| error.to_string())?
            .as_secs()
        {
            seconds @ 1..=SECONDS_MAX => Ok(Self { seconds }),
            _ => Err("the duration must be between a second and a hundred years".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::commands::command_line;

    #[test]
    fn a_duration_has_bounds() {
        let read = |text: &str| text.parse::<Duration>().ok().map(|time| time.seconds);
        for (text, seconds) in [
            ("90s", Some(90)),
            ("3 days", Some(259_200)),
            ("100y", Some(SECONDS_MAX)),
            ("0d", None),
            ("0.5s", None),
            ("101y", None),
            ("3", None),
        ] {
            assert_eq!(read(text), seconds, "{text}");
        }
    }

    /// Every command with a duration takes the same forms and refuses others with the same sentence.
    #[test]
    fn all_commands_take_the_same_forms() {
        let commands: [&[&str]; 4] = [
            &["fchatd", "account", "ban", "ada", "--for"],
            &["fchatd", "account", "invite", "--for"],
            &["fchatd", "ban", "add", "203.0.113.0/24", "--for"],
            &["fchatd", "log", "actions", "--since"],
        ];
        let read = |words: &[&str], text: &str| {
            command_line::read([words, &[text]].concat().into_iter().map(OsString::from))
        };
        for words in commands {
            for text in [
                "90s", "90m", "30min", "12 h", "3d", "3 days", "2w", "6mo", "1y", "1h30m",
            ] {
                assert!(read(words, text).is_ok(), "{words:?} {text}");
            }
            for text in ["", "3", "3.5d", "3 moons", "99999999999999999999d"] {
                let told = read(words, text).unwrap_err().to_string();
                let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(
                    told.contains(&duration::DurationError.to_string()),
                    "{words:?} {text}: {told}"
                );
            }
        }
    }
}
