//! `docs/protocol.md` describes the real behaviour of the server. Its tables of errors, limits and variables
//! are generated here, and its commands and fields must match the scripts and the plays.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod document;
mod plays;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fchatd_protocol::command::nature::{Names, Nature, Order};
use fchatd_protocol::command::table::TABLE;
use fchatd_protocol::{error, limits};
use fchatd_world::settings::SECTIONS;

use document::{Document, Row};

/// Answers that no play can cause: those of the website, and those of the real program.
const NOT_IN_PLAYS: [&str; 3] = ["RTB", "ZZZ", "PIN"];
/// Commands that the core itself answers, without a function in the scripts.
const OF_THE_CORE: [&str; 5] = ["IDN", "PIN", "VAR", "FKS", "ZZZ"];

fn script(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../../script/{name}.lua", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
fn the_generated_parts_are_the_programs() {
    let mut document = Document::read();
    document.replace("errors", &errors());
    document.replace("limits", &limits_table());
    document.replace("variables", &variables());
    document.replace("natures", &natures());
    document.assert_as_written();
}

fn errors() -> String {
    let mut rows: Vec<_> = error::ALL.iter().filter(|row| row.1 != error::OK).collect();
    rows.sort_by_key(|row| (row.1 < 0, row.1.abs()));
    let mut table = "| number | name | meaning |\n|---|---|---|\n".to_owned();
    for (name, number, text) in rows {
        writeln!(table, "| {number} | {name} | {text} |").unwrap();
    }
    table
}

/// The commands with a nature of their own.
fn natures() -> String {
    let mut table =
        "| command | talk | held | waits | names | weight |\n|---|---|---|---|---|---|\n".to_owned();
    let is_shown = |nature: Nature| {
        nature.is_talk()
            || nature.is_held()
            || nature.order() != Order::Free
            || nature.names_check() != Names::LookedUp
            || nature.weight() != Nature::PLAIN.weight()
    };
    let mut rows: Vec<_> = TABLE.iter().filter(|(_, nature)| is_shown(*nature)).collect();
    rows.sort_by_key(|(code, _)| code.as_str().to_owned());
    let yes = |is_so: bool| if is_so { "yes" } else { "" };
    for (code, nature) in rows {
        let order = match nature.order() {
            Order::Free => "",
            Order::Message => "in order",
            Order::Behind => "behind messages",
            Order::BehindLeave => "behind `LCH`",
            Order::BehindToSelf => "behind messages, to oneself",
        };
        let names = match nature.names_check() {
            Names::LookedUp => "",
            Names::Kept => "kept",
            Names::KeptWhenAdded => "kept with `add`",
        };
        writeln!(
            table,
            "| `{}` | {} | {} | {order} | {names} | {} |",
            code.as_str(),
            yes(nature.is_talk()),
            yes(nature.is_held()),
            nature.weight()
        )
        .unwrap();
    }
    table
}

fn limits_table() -> String {
    let rows = [
        (
            "a message of a client",
            limits::CLIENT_MESSAGE_BYTES_MAX / 1024,
            "KiB",
        ),
        ("the head of a request", limits::HANDSHAKE_BYTES_MAX / 1024, "KiB"),
        (
            "arrays and objects in one another",
            limits::JSON_DEPTH_MAX,
            "deep",
        ),
        ("rows in one `LIS`", limits::USER_LIST_CHUNK, "rows"),
        (
            "silence before the WebSocket is open",
            limits::HANDSHAKE_SECONDS as usize,
            "s",
        ),
        ("silence after that", limits::SILENCE_SECONDS as usize, "s"),
        (
            "from a fatal `ERR` to the end",
            limits::CLOSE_DELAY_MILLISECONDS as usize,
            "ms",
        ),
    ];
    let mut table = "| what | at most |\n|---|---|\n".to_owned();
    for (what, value, unit) in rows {
        writeln!(table, "| {what} | {value} {unit} |").unwrap();
    }
    table
}

/// The pairs in `VARIABLES` of `script/login.lua`, with the defaults of the settings.
fn variables() -> String {
    let source = script("login");
    let (_, list) = source.split_once("local VARIABLES = {").unwrap();
    let (list, _) = list.split_once("\n}").unwrap();
    let mut table = "| variable | setting | default | meaning |\n|---|---|---|---|\n".to_owned();
    for line in list.lines().filter(|line| line.contains('"')) {
        let words: Vec<_> = line.split('"').collect();
        let (variable, key) = (words[1], words[3]);
        let setting = SECTIONS
            .iter()
            .flat_map(|section| section.definitions)
            .find(|definition| definition.key == key)
            .unwrap();
        let unit = setting.kind.unit();
        let default = format!("{:?}", setting.kind.default_value());
        let number: String = default
            .chars()
            .filter(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        let number = number.trim_end_matches(".0");
        writeln!(
            table,
            "| `{variable}` | `{key}` | {number} {unit} | {} |",
            setting.meaning
        )
        .unwrap();
    }
    table
}

#[test]
fn every_command_of_a_client_is_described() {
    let mut known: BTreeSet<String> = OF_THE_CORE.iter().map(|&code| code.to_owned()).collect();
    for module in std::fs::read_dir(format!("{}/../../script", env!("CARGO_MANIFEST_DIR"))).unwrap() {
        let path = module.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "lua") {
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let name = line
                .strip_prefix("function event.")
                .and_then(|rest| rest.split('(').next());
            known.extend(name.filter(|name| name.len() == 3).map(str::to_owned));
        }
    }
    let described: BTreeSet<String> = Document::read()
        .rows("## Commands from clients")
        .into_iter()
        .map(|row| row.code)
        .collect();
    assert_eq!(described, known);
    let in_table: BTreeSet<&str> = TABLE.iter().map(|(code, _)| code.as_str()).collect();
    let sent = Document::read().rows("## Commands from the server");
    let all = known.iter().chain(sent.iter().map(|row| &row.code));
    let missing: Vec<_> = all.filter(|code| !in_table.contains(code.as_str())).collect();
    assert!(missing.is_empty(), "not in the table of commands: {missing:?}");
    assert!(
        in_table.iter().all(|code| !code.starts_with('X')),
        "X is for sites"
    );
}

#[test]
fn the_errors_of_each_command_exist() {
    let numbers: BTreeSet<i32> = error::ALL.iter().map(|row| row.1).collect();
    for Row { code, cells, .. } in Document::read().rows("## Commands from clients") {
        for number in cells[2].split(", ").filter(|word| !word.is_empty()) {
            assert!(numbers.contains(&number.parse().unwrap()), "{code}: {number}");
        }
    }
}

#[test]
fn frames_in_the_plays_are_as_described() {
    let mut heard: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (code, keys) in plays::heard() {
        heard.entry(code).or_default().extend(keys);
    }
    // Plays use the short form "ERR 26." for most errors.
    let error = heard.entry("ERR".to_owned()).or_default();
    error.extend(["number", "message"].map(str::to_owned));
    let rows = Document::read().rows("## Commands from the server");
    for row in &rows {
        if NOT_IN_PLAYS.contains(&row.code.as_str()) {
            continue;
        }
        assert_eq!(
            Some(&row.fields),
            heard.get(&row.code),
            "the fields of {} in docs/protocol.md, and in the plays",
            row.code
        );
    }
    let described: BTreeSet<&String> = rows.iter().map(|row| &row.code).collect();
    let missing: Vec<_> = heard.keys().filter(|code| !described.contains(code)).collect();
    assert!(missing.is_empty(), "not described: {missing:?}");
}
