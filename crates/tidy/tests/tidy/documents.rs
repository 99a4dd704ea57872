//! The documents: links between Markdown files lead somewhere, and every page of `docs/` is reached from the index.

use std::collections::BTreeSet;

use fchatd_tidy::book::{self, Book};
use fchatd_tidy::markdown::{anchors, links, target};
use fchatd_tidy::{File, Kind, Repository};

use crate::{none, repository};

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
            let Some((path, anchor)) = target(&file.path, &link) else {
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
        for (path, _) in links(&file.text)
            .iter()
            .filter_map(|link| target(&file.path, link))
        {
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

/// The pages are read on the project's web site and as a book.
#[test]
fn the_book_has_each_page_once_and_its_links_work() {
    let repository = repository();
    let book = Book::of(&repository).unwrap();
    let chapters: Vec<(String, String)> = links(&book.summary)
        .iter()
        .filter_map(|link| target(book::SUMMARY, link))
        .collect();
    let mut wrong = Vec::new();
    for file in documents(&repository).filter(|file| file.path.starts_with("docs/")) {
        let path = book::place(&file.path);
        let times = chapters.iter().filter(|(chapter, _)| *chapter == path).count();
        if times != 1 {
            wrong.push(format!("{path} is {times} times in the table of contents"));
        }
    }
    for (path, _) in &chapters {
        if !book.pages.contains_key(path) {
            wrong.push(format!("the table of contents leads to {path}, which is no page"));
        }
    }
    for (from, text) in &book.pages {
        for link in links(text) {
            let Some((path, anchor)) = target(from, &link) else {
                continue;
            };
            let is_there = match book.pages.get(&path) {
                Some(page) => anchor.is_empty() || anchors(page).contains(&anchor),
                None => book.files.contains(&path),
            };
            if !is_there {
                wrong.push(format!("{from}: {link}"));
            }
        }
    }
    assert!(chapters.len() > 30, "{} chapters", chapters.len());
    none("the book is complete", &wrong);
}
