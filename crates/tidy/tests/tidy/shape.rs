//! The shape of files: length, length of functions, heads, white space.

use fchatd_tidy::Kind;
use fchatd_tidy::functions::functions;

use crate::{limit, none, repository};

/// Lines of a file.
const FILE_LINES: usize = 500;

/// Files that programs write, and the history, which only grows.
const MAY_BE_LONGER: [&str; 3] = [
    "CHANGELOG.md",
    "docs/startup_config.sample.lua",
    "script/definitions.d.luau",
];

#[test]
fn files_can_be_read_in_one_sitting() {
    let repository = repository();
    let long: Vec<String> = repository
        .files
        .iter()
        .filter(|file| file.kind != Kind::Text && !MAY_BE_LONGER.contains(&file.path.as_str()))
        .map(|file| (file.text.lines().count(), &file.path))
        .filter(|&(lines, _)| lines > FILE_LINES)
        .map(|(lines, path)| format!("{path} has {lines} lines"))
        .collect();
    none("a file has at most 500 lines: split it by theme", &long);
}

#[test]
fn functions_do_one_thing() {
    let repository = repository();
    let mut long = Vec::new();
    let mut all = 0;
    for file in repository.of(Kind::Rust) {
        let test = file.path.contains("/tests/")
            || file.path.contains("/benches/")
            || file.path.ends_with("tests.rs");
        let tests_from = file.text.lines().position(|line| line == "#[cfg(test)]");
        for function in functions(file) {
            all += 1;
            let test = test || tests_from.is_some_and(|line| function.line > line);
            let most = limit(if test {
                "test-function-lines"
            } else {
                "function-lines"
            });
            if function.length as f64 > most {
                long.push(format!(
                    "{}:{}: {} has {} lines",
                    file.path, function.line, function.name, function.length
                ));
            }
        }
    }
    assert!(all > 3000, "{all} functions");
    none("a function is longer than limits.txt allows", &long);
}

#[test]
fn rust_files_have_a_head() {
    let repository = repository();
    let headless: Vec<String> = repository
        .of(Kind::Rust)
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| file.path.clone())
        .collect();
    none(
        "a Rust file begins with `//!` and a sentence about its contents",
        &headless,
    );
}

#[test]
fn no_line_ends_with_white_space() {
    let repository = repository();
    let mut places = Vec::new();
    for file in repository.files.iter().filter(|file| file.kind != Kind::Text) {
        for (index, line) in file.text.lines().enumerate() {
            if line.ends_with([' ', '\t']) {
                places.push(format!("{}:{}", file.path, index + 1));
            }
        }
        if !file.text.ends_with('\n') || file.text.ends_with("\n\n") {
            places.push(format!("{}: a file ends with one line break", file.path));
        }
    }
    none("white space at the end of a line", &places);
}

#[test]
fn exceptions_to_lints_have_a_reason() {
    let repository = repository();
    let mut places = Vec::new();
    for file in repository.of(Kind::Rust) {
        for mark in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in file.text.match_indices(mark) {
                let line_start = file.text[..at].rfind('\n').map_or(0, |end| end + 1);
                let attribute = file.text[at..].split(")]").next().unwrap_or_default();
                // Not within a text or a comment.
                if file.text[line_start..at].trim().is_empty() && !attribute.contains("reason = ") {
                    let line = file.text[..at].lines().count() + 1;
                    places.push(format!("{}:{line}: {mark}", file.path));
                }
            }
        }
    }
    none("an exception to a lint says why: reason = \"…\"", &places);
}
