//! Sources cite documents of this repository, and nothing that a reader can't find.

use fchatd_tidy::comments::comments;
use fchatd_tidy::markdown::anchors;
use fchatd_tidy::{File, Kind};

use crate::{none, repository};

/// Whether a text has one of the words and then a number: "page 4".
fn numbered(text: &str, words: &[&str]) -> bool {
    let lower = text.to_lowercase();
    words.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let begins = !lower[..at].ends_with(|c: char| c.is_alphanumeric());
            let behind = lower[at + word.len()..].trim_start_matches([' ', '#']);
            begins && behind.starts_with(|c: char| c.is_ascii_digit())
        })
    })
}

/// The words of a source's comments and of a document.
fn lines(file: &File) -> Vec<(usize, &str)> {
    match file.kind {
        Kind::Markdown => (1..).zip(file.text.lines()).collect(),
        _ => comments(file).collect(),
    }
}

#[test]
fn nothing_cites_what_is_not_here() {
    let repository = repository();
    let mut places = Vec::new();
    for file in repository
        .files
        .iter()
        .filter(|file| !file.path.starts_with("crates/tidy/"))
    {
        for (number, line) in lines(file) {
            // Of a specification, an issue tracker or a workplace that the repository does not have.
            if numbered(line, &["page ", "pages ", "issue ", "issue #"])
                || ["/work/", "/tmp/b"].iter().any(|word| line.contains(word))
            {
                places.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    none("cite docs/PAGE.md#HEADING, or say the rule", &places);
}

#[test]
fn cited_documents_exist() {
    let repository = repository();
    let mut places = Vec::new();
    let mut cited = 0;
    for file in repository.files.iter().filter(|file| file.kind != Kind::Markdown) {
        if file.path.starts_with("crates/tidy/") {
            continue;
        }
        for (number, line) in comments(file) {
            for word in line.split(|c: char| !c.is_alphanumeric() && !"/.#-_".contains(c)) {
                let word = word.trim_end_matches(['.', ',', ':', ';']);
                let (path, anchor) = word.split_once('#').unwrap_or((word, ""));
                if !path.starts_with("docs/") || !path.ends_with(".md") {
                    continue;
                }
                cited += 1;
                let good = repository.file(path).is_some_and(|page| {
                    anchor.is_empty() || anchors(&page.text).iter().any(|one| one == anchor)
                });
                if !good {
                    places.push(format!("{}:{number}: {word}", file.path));
                }
            }
        }
    }
    assert!(cited > 30, "{cited} citations");
    none("a comment cites a document that is not there", &places);
}

#[test]
fn a_number_behind_a_word_is_found() {
    assert!(numbered("(Page 4 of it)", &["page "]));
    assert!(numbered("see issue #7", &["issue "]));
    assert!(!numbered("the homepage 4", &["page "]));
    assert!(!numbered("a page of 4", &["page "]));
}
