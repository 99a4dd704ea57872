//! Rules for the files of the repository that neither the compiler nor a linter holds. Each module is about one kind of
//! rule, and a message says which line of which file breaks it. CONTRIBUTING.md names them for people.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod citations;
mod dependencies;
mod documents;
mod language;
mod shape;
mod unsafe_places;

use std::fs;

use fchatd_tidy::Repository;

fn repository() -> Repository {
    let repository = Repository::here().expect("the repository can be read");
    // A reader that finds nothing would let everything pass.
    assert!(repository.files.len() > 500, "{} files", repository.files.len());
    repository
}

/// The number behind a name in `limits.txt`.
fn limit(name: &str) -> f64 {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/limits.txt");
    let text = fs::read_to_string(path).unwrap();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value
        .expect("limits.txt has a line for each limit")
        .parse()
        .unwrap()
}

/// Fails with all the places where a rule is broken.
#[track_caller]
fn none(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n{}", places.join("\n"));
}
