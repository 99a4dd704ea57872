//! The list of `unsafe` places in CONTRIBUTING.md is complete, and has no place too many.

use std::collections::BTreeSet;

use fchatd_tidy::comments::code;
use fchatd_tidy::{File, Kind};

use crate::{none, repository};

/// The list in CONTRIBUTING.md stands between this line and the next empty one behind it.
const MARK: &str = "<!-- unsafe places -->";

fn has_unsafe(file: &File) -> bool {
    file.text.lines().any(|line| {
        let code = code(line, Kind::Rust);
        [
            "unsafe {",
            "unsafe fn ",
            "unsafe impl ",
            "unsafe extern ",
            "unsafe trait ",
        ]
        .iter()
        .any(|mark| code.contains(mark) && !code.contains('"'))
            || code.trim_end().ends_with("unsafe {")
    })
}

/// The folder of a crate that a path is in.
fn crate_of(path: &str) -> String {
    path.split('/').take(2).collect::<Vec<_>>().join("/")
}

#[test]
fn unsafe_code_is_where_contributing_says() {
    let repository = repository();
    let contributing = &repository.file("CONTRIBUTING.md").unwrap().text;
    let (_, list) = contributing
        .split_once(MARK)
        .expect("CONTRIBUTING.md has the list of unsafe places");
    let listed: BTreeSet<&str> = list
        .trim_start()
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .filter_map(|line| line.split('`').nth(1))
        .collect();
    let found: Vec<&File> = repository
        .of(Kind::Rust)
        .filter(|file| has_unsafe(file))
        .collect();
    let is_at = |place: &str, path: &str| place == path || place.ends_with('/') && path.starts_with(place);

    let mut wrong: Vec<String> = Vec::new();
    for file in &found {
        // The tidy test's own sources name the word.
        if !listed.iter().any(|place| is_at(place, &file.path)) && !file.path.starts_with("crates/tidy/") {
            wrong.push(format!("{} is not in the list", file.path));
        }
    }
    for place in &listed {
        if !found.iter().any(|file| is_at(place, &file.path)) {
            wrong.push(format!("{place} is in the list, and has no unsafe code"));
        }
    }

    // The compiler holds all other crates to it.
    let may: BTreeSet<String> = listed.iter().map(|place| crate_of(place)).collect();
    for file in repository.of(Kind::Rust) {
        let root = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
        if root && !may.contains(&crate_of(&file.path)) && !file.text.contains("\n#![forbid(unsafe_code)]\n")
        {
            wrong.push(format!("{} does not forbid unsafe code", file.path));
        }
    }
    none("unsafe code and its list in CONTRIBUTING.md differ", &wrong);
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let repository = repository();
    let mut wrong = Vec::new();
    for file in repository.of(Kind::Rust).filter(|file| has_unsafe(file)) {
        // The conditions of the Lua binding hold for all of its files: they stand at the head of the module.
        if file.path.starts_with("crates/script/src/engine/raw/") {
            continue;
        }
        if !file.text.contains("SAFETY:")
            && !file.text.contains("# Safety")
            && !file.path.starts_with("crates/tidy/")
        {
            wrong.push(file.path.clone());
        }
    }
    none("a file with unsafe code says what must hold", &wrong);
}
