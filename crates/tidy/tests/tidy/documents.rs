//! The documents: links between Markdown files lead somewhere, and every page of `docs/` is reached from the index.

use std::collections::BTreeSet;

use fchatd_tidy::markdown::{anchors, links};
use fchatd_tidy::{File, Kind, Repository};

use crate::{none, repository};

/// The path and the anchor that a link of a file leads to; nothing for addresses on the web.
fn target(file: &File, link: &str) -> Option<(String, String)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    if path.is_empty() {
        return Some((file.path.clone(), anchor.to_owned()));
    }
    let mut parts: Vec<&str> = file.path.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    Some((parts.join("/"), anchor.to_owned()))
}

/// Templates whose links are for the place where they are put.
fn documents(repository: &Repository) -> impl Iterator<Item = &File> {
    repository
        .of(Kind::Markdown)
        .filter(|file| !file.path.starts_with("crates/"))
}

#[test]
fn links_lead_somewhere() {
    let repository = repository();
    let mut dead = Vec::new();
    let mut all = 0;
    for file in documents(&repository) {
        for link in links(&file.text) {
            let Some((path, anchor)) = target(file, &link) else {
                continue;
            };
            all += 1;
            let there = match repository.file(&path) {
                Some(page) if !anchor.is_empty() && page.kind == Kind::Markdown => {
                    anchors(&page.text).contains(&anchor)
                }
                _ => repository.root.join(&path).exists(),
            };
            if !there {
                dead.push(format!("{}: {link}", file.path));
            }
        }
    }
    assert!(all > 100, "{all} links");
    none("a link leads nowhere", &dead);
}

#[test]
fn every_page_is_reached_from_the_index() {
    let repository = repository();
    let index = ["docs/README.md", "README.md"]
        .iter()
        .find(|path| repository.file(path).is_some())
        .unwrap();
    let mut reached = BTreeSet::from([(*index).to_owned()]);
    let mut open = vec![(*index).to_owned()];
    while let Some(file) = open.pop().and_then(|path| repository.file(&path)) {
        for (path, _) in links(&file.text).iter().filter_map(|link| target(file, link)) {
            if repository
                .file(&path)
                .is_some_and(|page| page.kind == Kind::Markdown)
                && reached.insert(path.clone())
            {
                open.push(path);
            }
        }
    }
    let lost: Vec<String> = documents(&repository)
        .map(|file| file.path.clone())
        .filter(|path| path.starts_with("docs/") && !reached.contains(path))
        .collect();
    none(&format!("a page is not reached from {index}"), &lost);
}
