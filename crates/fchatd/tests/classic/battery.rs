//! The battery: each call's result is that of the classic server, or docs/differences.md names the call with a reason. A call
//! that is named there and has the same result is a mistake too.

use std::collections::BTreeSet;

const BATTERY: &str = include_str!("../../../../tests/conformance/lua/battery.lua");
const CLASSIC: &str = include_str!("../../../../tests/conformance/lua/classic.txt");
const DIFFERENCES: &str = include_str!("../../../../docs/differences.md");

/// The heading of the section of docs/differences.md, and how a line begins there that names calls.
const SECTION: &str = "## Library and host calls of scripts";
const CALLS: &str = "Calls: ";

/// The lines that a script prints as the log has them, without their beginnings.
fn printed(text: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once("script: "));
    lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n")
}

/// The recording in the same form: one line for each call, with the log's escapes.
fn recorded() -> String {
    let escaped = |text: &str| {
        let text = text.trim_end().replace('\n', "\\n").replace('\x7f', "\\x7f");
        text.replace('\u{2028}', "\\u{2028}").replace('\0', "\\0")
    };
    let calls = CLASSIC
        .split("\nT ")
        .map(|call| call.strip_prefix("T ").unwrap_or(call));
    calls
        .map(|call| format!("T {}", escaped(call)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The calls and their results, in the order of the battery. The texts of errors are not compared.
fn results(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("T "));
    let results = lines.map(|line| {
        let (name, result) = line.split_once(" =>").unwrap_or((line, ""));
        // Names with a line break or a NUL end there.
        let name = name.split(['\0', '\\']).next().unwrap_or_default();
        let result = match result.starts_with("ERROR") {
            true => "ERROR",
            false => result.trim(),
        };
        (name.trim().to_owned(), result.to_owned())
    });
    results.collect()
}

/// Whether a result is as recorded, where `<text>` stands for any, and a name that was cut off at a NUL has no result.
fn is_as(result: &str, expected: &str) -> bool {
    // The recording has only the first line of a text with a line break.
    if let Some(start) = expected.strip_suffix('\\') {
        return result.starts_with(start);
    }
    match expected.split_once("<text>") {
        None => expected.is_empty() && !result.is_empty() || result == expected,
        Some((start, end)) => result.starts_with(start) && result.ends_with(end),
    }
}

fn named() -> BTreeSet<String> {
    let section = DIFFERENCES.split(SECTION).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut named = BTreeSet::new();
    for paragraph in section.split("\n\n") {
        let Some(calls) = paragraph.trim_start().strip_prefix(CALLS) else {
            continue;
        };
        let quoted = calls.split('`').skip(1).step_by(2);
        named.extend(quoted.map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    named
}

#[test]
fn every_call_is_as_on_the_classic_server_or_explained() {
    let site = crate::site::Site::new();
    std::fs::create_dir(site.path("script")).unwrap();
    site.write("script/main.lua", "function chat_init() end\n");
    site.write("script/battery.lua", BATTERY);
    let file = site.path("script/battery.lua");
    let outcome = site.run(&["test", &file.to_string_lossy()]);
    let ours = results(&printed(&format!("{}\n{}", outcome.stdout, outcome.stderr)));
    let classic = results(&recorded());
    assert_eq!(ours.len(), classic.len(), "{outcome:?}");
    let mut different = BTreeSet::new();
    for ((name, result), (known, expected)) in ours.iter().zip(&classic) {
        assert_eq!(name, known);
        if !is_as(result, expected) {
            println!("{name}: {result} instead of {expected}");
            different.insert(name.clone());
        }
    }
    let named = named();
    let unexplained: Vec<_> = different.difference(&named).collect();
    let gone: Vec<_> = named.difference(&different).collect();
    assert!(
        unexplained.is_empty(),
        "not explained in docs/differences.md: {unexplained:?}"
    );
    assert!(gone.is_empty(), "explained, and not different: {gone:?}");
}
