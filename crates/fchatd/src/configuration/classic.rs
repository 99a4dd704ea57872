//! Keys of a classic configuration that this server does not use: warnings where the classic server
//! started, and `fchatd config migrate`.

use fchatd_links::web::WebAddress;
use fchatd_world::Settings;
use fchatd_world::settings::key::of;
use fchatd_world::settings::{self, Definition, Key, Kind, Value, keys};

/// Keys that the classic server knew and never looked at, each with its remark.
const WITHOUT_EFFECT: [(Key<of::Unset>, &str); 2] = [
    (
        keys::WEBSOCKETORIGIN,
        "it has no effect, as on the classic server; allowed_origin refuses pages of other origins",
    ),
    (
        keys::WEBSOCKETHOST,
        "it has no effect, as on the classic server; allowed_origin_host refuses pages of other hosts",
    ),
];

/// Sentences about values that the server starts with and that do nothing; each begins with its key.
pub(super) fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    for (key, sentence) in WITHOUT_EFFECT {
        if !settings.text(key).is_empty() {
            warnings.push(format!("{}: {sentence}", key.name()));
        }
    }
    for (key, consequence) in [
        (keys::LOGIN_URL, "nobody can log in until it is one"),
        (keys::HANDLE_REPORT_URL, "no website hears of reports"),
    ] {
        let text = settings.text(key).trim();
        if !text.is_empty()
            && let Err(error) = WebAddress::parse(text)
        {
            warnings.push(format!("{}: {error}; {consequence}", key.name()));
        }
    }
    warnings
}

/// The settings that were given, as a file of this server, with remarks on those that have no effect.
pub(super) fn migrated(settings: &Settings, strange: &[String], remarks: &[String]) -> String {
    let mut file = String::from(
        "-- The settings of this server, written by \"fchatd config migrate\". \"fchatd config sample\" shows all there are.\n",
    );
    for remark in remarks {
        comment(&mut file, remark);
    }
    for section in settings::SECTIONS {
        let mut begun = false;
        for definition in section
            .definitions
            .iter()
            .filter(|one| settings.is_given(one.key))
        {
            if !std::mem::replace(&mut begun, true) {
                file.push_str(&format!("\n-- {}\n", section.heading));
            }
            file.push_str(&entry(definition, settings.get(definition.key)));
        }
    }
    if !strange.is_empty() {
        file.push_str("\n-- No settings of this server; scripts may read them\n");
        for line in strange {
            file.push_str(line);
            file.push('\n');
        }
    }
    file
}

fn entry(definition: &Definition, value: Option<&Value>) -> String {
    let Definition {
        key, kind, meaning, ..
    } = definition;
    let Some(value) = value else { return String::new() };
    let is_default = kind.default_value() == *value;
    let without = WITHOUT_EFFECT.iter().find(|(known, _)| known.name() == *key);
    let (dashes, remark) = match (without, is_default) {
        (Some((_, sentence)), _) => ("--", (*sentence).to_owned()),
        (None, true) => ("--", format!("{meaning}; this is the default")),
        (None, false) => ("", (*meaning).to_owned()),
    };
    let secret = if *kind == Kind::Secret { " -- secret" } else { "" };
    let mut text = String::new();
    comment(&mut text, &remark);
    text.push_str(&format!("{dashes}{key} = {}{secret}\n", literal(value)));
    text
}

fn comment(file: &mut String, text: &str) {
    for line in text.lines() {
        file.push_str("-- ");
        file.push_str(line);
        file.push('\n');
    }
}

/// A value as Lua.
pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out.push_str("\\n"),
            character if character.is_control() => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
            }
            character => out.push(character),
        }
    }
    out.push('"');
    out
}
