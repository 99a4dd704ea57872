//! docs/dependencies.md has one line for each direct dependency, and none for any other crate.

use std::collections::BTreeSet;

use crate::{none, repository};

const PAGE: &str = "docs/dependencies.md";

/// The names in the sections of a manifest whose headings match, without our own crates.
fn names(manifest: &str, is_section: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut is_inside = false;
    let mut names = BTreeSet::new();
    for line in manifest.lines() {
        if let Some(heading) = line.strip_prefix('[') {
            is_inside = is_section(heading.trim_end_matches(']'));
        } else if is_inside && let Some((name, _)) = line.split_once(['=', '.', ' ']) {
            let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            if !name.is_empty() && name.chars().all(is_name) && !name.starts_with("fchatd") {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn each_direct_dependency_has_its_line() {
    let repository = repository();
    let read = |path: &str| std::fs::read_to_string(repository.root.join(path)).unwrap();
    let mut used = names(&read("fuzz/Cargo.toml"), |heading| heading == "dependencies");
    for entry in std::fs::read_dir(repository.root.join("crates")).unwrap() {
        let manifest = std::fs::read_to_string(entry.unwrap().path().join("Cargo.toml")).unwrap();
        used.append(&mut names(&manifest, |heading| heading.ends_with("dependencies")));
    }
    let offered = names(&read("Cargo.toml"), |heading| heading == "workspace.dependencies");
    let page = &repository.file(PAGE).unwrap().text;
    let listed: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|names| *names != "crate")
        .flat_map(|names| names.split(", "))
        .map(|name| name.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    let mut wrong: Vec<String> = Vec::new();
    for name in &used {
        match listed.iter().filter(|other| *other == name).count() {
            0 => wrong.push(format!("{name} has no line")),
            1 => {}
            _ => wrong.push(format!("{name} has several lines")),
        }
    }
    let unused = listed.iter().chain(&offered).filter(|name| !used.contains(*name));
    wrong.extend(unused.map(|name| format!("no crate uses {name}")));
    none(&format!("{PAGE} has one line for each direct dependency"), &wrong);
}
