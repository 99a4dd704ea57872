//! The settings for people: the reference in the documentation, and the sample file.

use super::definition::{Change, Definition, Kind};
use super::definitions::SECTIONS;

/// The reference of all settings as a page in Markdown, `docs/settings.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Settings\n\n\
         Each is set in `script/startup_config.lua` (`key = value`), on the\n\
         [administration page](administration.md#the-administration-page) (`data/settings.lua`), in the environment (`FCHATD_` and the key in\n\
         upper case) or on the command line (`--set key=value`); the later one wins. Lists are written\n\
         `{\"one\", \"two\"}` in the file and `one,two` elsewhere; switches are `true` or `false`, elsewhere also\n\
         `yes`, `on`, `1` and `no`, `off`, `0`. Text needs quotes in the file and none elsewhere.\n\
         A setting in seconds, minutes, hours or days also takes a [duration](#durations).\n\n\
         `fchatd config sample` prints a file with all of them to start from, `fchatd check` reports mistakes in\n\
         yours. A running server reads the settings again on `RLD` of an administrator and on SIGHUP; those that say\n\
         \"restart\" keep their values until the server is started again, and are named then. A configuration with a\n\
         mistake changes nothing.\n\n\
         ## Durations\n\n\
         All commands and settings take durations in the same forms: a number with a unit (`90s`, `30min`, `12h`,\n\
         `\"3 days\"`, `2w`, `6mo`, `1y`) or several of them (`1h30m`, `\"1 day, 2 hours\"`). `m` and `min` are minutes, `mo` are\n\
         months. Hours and smaller units can have a fraction (`1.5h`). A day has 24 hours, a month 30 days and a year 365 days. A setting\n\
         takes a plain number too, in the unit of the table; a duration needs quotes in the file: `saveinterval = \"5min\"`.\n",
    );
    for section in SECTIONS {
        page.push_str(&format!(
            "\n## {}\n\n| key | default | range | unit | changes | meaning |\n|---|---|---|---|---|---|\n",
            section.heading
        ));
        for Definition {
            key,
            kind,
            change,
            meaning,
        } in section.definitions
        {
            let change = match change {
                Change::Live => "live",
                Change::Restart => "restart",
            };
            page.push_str(&format!(
                "| `{key}` | {} | {} | {} | {change} | {meaning} |\n",
                default(key, *kind),
                range(*kind),
                kind.unit(),
            ));
        }
    }
    page
}

fn default(key: &str, kind: Kind) -> String {
    match kind {
        // The build's own version would change this page with each release.
        Kind::Text(_) if key == "version" => "the build's".to_owned(),
        Kind::Flag(value) => value.to_string(),
        Kind::Whole(value, ..) => value.to_string(),
        Kind::Number(value, ..) => value.to_string(),
        Kind::Text(value) => format!("{value:?}"),
        Kind::Unset | Kind::Secret => "unset".to_owned(),
        Kind::Choice(words) => match words.first() {
            None | Some(&"") => "unset".to_owned(),
            Some(word) => format!("{word:?}"),
        },
        Kind::List([]) => "{}".to_owned(),
        Kind::List(list) => list.join(", "),
    }
}

fn range(kind: Kind) -> String {
    match kind {
        Kind::Flag(_) => "true, false".to_owned(),
        Kind::Whole(_, least, most, _) => format!("{least} to {most}"),
        Kind::Number(_, least, most, _) => format!("{least} to {most}"),
        Kind::Text(_) | Kind::Unset | Kind::Secret => "text".to_owned(),
        Kind::Choice(words) => {
            let words = words.iter().filter(|word| !word.is_empty());
            words
                .map(|word| format!("{word:?}"))
                .collect::<Vec<_>>()
                .join(", ")
        }
        Kind::List(_) => "list".to_owned(),
    }
}

/// A configuration file with every key, its default and its meaning, commented out: `fchatd config sample`.
pub fn sample() -> String {
    let mut file = String::from(
        "-- The settings of this server, with their defaults. Remove the two dashes before the settings that you change,\n\
         -- and save the file as script/startup_config.lua. \"fchatd check\" reports its mistakes; a running\n\
         -- server reads it again on RLD of an administrator and on SIGHUP. Settings marked \"restart\" wait for a restart.\n",
    );
    for section in SECTIONS {
        file.push_str(&format!("\n-- {}\n", section.heading));
        for Definition {
            key,
            kind,
            change,
            meaning,
        } in section.definitions
        {
            let mut about = vec![match kind {
                Kind::Unset | Kind::Secret => "text".to_owned(),
                kind => range(*kind),
            }];
            if !kind.unit().is_empty() {
                about.push(kind.unit().to_owned());
            }
            if *change == Change::Restart {
                about.push("restart".to_owned());
            }
            file.push_str(&format!("\n-- {meaning} ({})\n", about.join(", ")));
            file.push_str(&format!("--{key} = {}\n", written(*kind)));
        }
    }
    file
}

/// The default as Lua.
fn written(kind: Kind) -> String {
    match kind {
        Kind::Unset | Kind::Secret => "\"\"".to_owned(),
        Kind::Choice(words) => format!("{:?}", words.first().copied().unwrap_or_default()),
        Kind::List(list) => {
            let items: Vec<String> = list.iter().map(|text| format!("{text:?}")).collect();
            format!("{{{}}}", items.join(", "))
        }
        kind => default("", kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_same(name: &str, made: &str) {
        let file = format!("{}/../../{name}", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(&file, made).unwrap();
        }
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            written == made,
            "{name} is old: run this test with UPDATE_REFERENCE=1"
        );
    }

    #[test]
    fn the_reference_is_the_one_in_the_documentation() {
        assert_same("docs/settings.md", &reference());
    }

    #[test]
    fn the_sample_is_the_one_in_the_documentation() {
        assert_same("docs/startup_config.sample.lua", &sample());
    }
}
