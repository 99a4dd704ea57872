//! A test of the directions in which the modules of this crate import each other: by levels, and without a circle. It reads
//! the source files, with a parser that knows as much of Rust as `use` lines need.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The modules below the root by level. A module imports modules of a lower level and of its own folder, so commands and the
/// server never import each other.
const LEVELS: [(&str, u8); 9] = [
    ("failure", 0),
    ("clock", 0),
    ("options", 0),
    ("output", 1),
    ("folder", 2),
    ("neighbours", 3),
    ("configuration", 4),
    ("commands", 5),
    ("server", 5),
];

/// Each module, by its path without `crate`, with the modules that it imports.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// The imports of all modules below `src`, test modules left out.
fn imports() -> Imports {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = BTreeMap::new();
    collect(&source, "", &mut texts);
    let find = |path: &str| {
        let mut path = path;
        while !texts.contains_key(path) {
            path = path.rsplit_once("::")?.0;
        }
        Some(path.to_owned())
    };
    let imports = texts.iter().map(|(module, text)| {
        let found = paths(module, text);
        let mut found: BTreeSet<String> = found.iter().filter_map(|path| find(path)).collect();
        found.remove(module);
        (module.clone(), found)
    });
    imports.collect()
}

fn collect(folder: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}::"), texts);
        } else if !["main", "imports", "tests"].contains(&name) {
            let text = std::fs::read_to_string(&path).unwrap();
            texts.insert(format!("{prefix}{name}"), text);
        }
    }
}

/// The paths within the crate that a module names, and its own modules.
fn paths(module: &str, text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default().trim());
    let text = lines.collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for word in text.split([';', '(', ' ', '<', '&', '!', '$', '[', '|']) {
        // A tree is read below, by its leaves.
        if !word.contains('{')
            && let Some(path) = absolute(module, word)
        {
            found.push(path);
        }
    }
    for statement in text.split(';') {
        let words = statement.trim().rsplit_once("use ").map(|(_, tree)| tree);
        if let Some(tree) = words.filter(|tree| tree.contains('{')) {
            let leaves = leaves(&tree.replace(' ', ""));
            found.extend(leaves.iter().filter_map(|leaf| absolute(module, leaf)));
        }
        if let Some((_, child)) = statement.rsplit_once("mod ")
            && child
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            found.push(format!("{module}::{child}"));
        }
    }
    found
}

/// A path as seen from the root of the crate; nothing for a path into another crate.
fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    if let Some(rest) = path.strip_prefix("self::") {
        return Some(format!("{module}::{rest}"));
    }
    let rest = path.strip_prefix("super::")?;
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    match rest.starts_with("super::") {
        true => absolute(parent, rest),
        false => Some(format!("{parent}::{rest}")),
    }
}

/// The paths of a tree such as `a::{b,c::{d,e}}`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((prefix, group)) = tree.split_once('{') else {
        return vec![tree.to_owned()];
    };
    let (mut depth, mut leaf, mut found) = (0, String::new(), Vec::new());
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 || depth == 0 && letter == ',' {
            found.extend(leaves(&leaf).iter().map(|leaf| format!("{prefix}{leaf}")));
            leaf.clear();
        } else {
            leaf.push(letter);
        }
        if depth < 0 {
            break;
        }
    }
    found
}

fn level(module: &str) -> u8 {
    let top = module.split("::").next().unwrap_or_default();
    let level = LEVELS.iter().find(|(name, _)| *name == top);
    level
        .unwrap_or_else(|| panic!("{module} has no level: add it to LEVELS"))
        .1
}

#[test]
fn trees_of_imports_are_read() {
    let text = "//! use crate::comment;\npub(crate) use crate::a::{b, c::{self, D}};\nuse super::e;\nmod child;\nfn f() { super::super::g(crate::h::I) }";
    let found = paths("one::two::three", text);
    let expected = [
        "a::b",
        "a::c::self",
        "a::c::D",
        "one::two::e",
        "one::two::three::child",
        "one::g",
        "h::I",
    ];
    for path in expected {
        assert!(
            found.iter().any(|found| found.starts_with(path)),
            "{path} in {found:?}"
        );
    }
    assert!(!found.iter().any(|path| path.contains("comment")), "{found:?}");
}

#[test]
fn modules_import_only_lower_levels_and_their_own_folder() {
    let imports = imports();
    assert!(imports["commands::logs::undo"].contains("folder::control"));
    for (module, imported) in &imports {
        let folder = module.split("::").next();
        let upwards: Vec<&String> = imported
            .iter()
            .filter(|other| other.split("::").next() != folder && level(other) >= level(module))
            .collect();
        assert!(upwards.is_empty(), "{module} imports {upwards:?}");
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut imports = imports();
    assert!(imports["server"].contains("server::start"));
    // A module that imports none of those left, or is imported by none of them, is in no circle with them.
    loop {
        let is_end = |module: &String| {
            let imported = &imports[module];
            !imported.iter().any(|other| imports.contains_key(other))
                || !imports.values().any(|imported| imported.contains(module))
        };
        let ends: Vec<String> = imports.keys().filter(|module| is_end(module)).cloned().collect();
        if ends.is_empty() {
            break;
        }
        for end in ends {
            imports.remove(&end);
        }
    }
    let left: Vec<&String> = imports.keys().collect();
    assert!(left.is_empty(), "in a circle: {left:?}");
}
