//! The documents as the source of an mdBook: the table of contents comes from the index, `docs/README.md`. Links between pages stay as
//! they are. Links to other files of the repository become addresses on the web.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use crate::markdown::{target, with_links};
use crate::{Kind, Repository};

/// The index by reader, whose tables list all pages.
const INDEX: &str = "docs/README.md";
/// The first page.
const HOME: &str = "README.md";
/// The file with the table of contents in the source of a book.
pub const SUMMARY: &str = "SUMMARY.md";

/// The source of the book.
#[derive(Debug)]
pub struct Book {
    /// The table of contents.
    pub summary: String,
    /// The pages by their paths in the book.
    pub pages: BTreeMap<String, String>,
    /// Pictures and other files that pages link to, by their paths in the book and in the repository.
    pub files: BTreeSet<String>,
}

impl Book {
    /// Puts the book together.
    ///
    /// # Errors
    /// The index is missing.
    pub fn of(repository: &Repository) -> io::Result<Self> {
        let index = repository.file(INDEX).ok_or(io::ErrorKind::NotFound)?;
        let (summary, chapters) = contents(repository, &index.text);
        let (mut pages, mut files) = (BTreeMap::new(), BTreeSet::new());
        for path in &chapters {
            let text = repository.file(path).map_or("", |file| file.text.as_str());
            let text = with_links(text, |link| {
                let (to, anchor) = target(path, link)?;
                if !chapters.contains(&to) {
                    if to.starts_with("docs/") && repository.root.join(&to).is_file() {
                        files.insert(to);
                        return None;
                    }
                    return Some(address(repository, &to));
                }
                if !to.ends_with("README.md") || !link.contains("README.md") {
                    return None;
                }
                let hash = if anchor.is_empty() { "" } else { "#" };
                Some(link.split('#').next()?.replace("README.md", "index.md") + hash + &anchor)
            });
            pages.insert(place(path), text);
        }
        Ok(Self {
            summary,
            pages,
            files,
        })
    }

    /// Writes the source of the book into a folder.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn write(&self, repository: &Repository, folder: &Path) -> io::Result<()> {
        let write = |path: &str, content: &[u8]| {
            let to = folder.join(path);
            fs::create_dir_all(to.parent().unwrap_or(folder))?;
            fs::write(to, content)
        };
        write(SUMMARY, self.summary.as_bytes())?;
        for (path, text) in &self.pages {
            write(path, text.as_bytes())?;
        }
        for path in &self.files {
            write(path, &fs::read(repository.root.join(path))?)?;
        }
        Ok(())
    }
}

/// The path of a document in the book. mdBook gives the name `index.html` to `README.md`, but not in links.
#[must_use]
pub fn place(path: &str) -> String {
    path.strip_suffix("README.md")
        .map_or_else(|| path.to_owned(), |folder| format!("{folder}index.md"))
}

/// The table of contents, and the documents in it. A page is at the first of its places in the index.
fn contents(repository: &Repository, index: &str) -> (String, BTreeSet<String>) {
    let mut summary = String::from("# Summary\n\n[fchatd](index.md)\n[Index by reader](docs/index.md)\n");
    let mut chapters = BTreeSet::from([HOME.to_owned(), INDEX.to_owned()]);
    // Pages in front of the parts are no items of a list.
    let mut bullet = "";
    for line in index.lines() {
        if let Some(part) = line.strip_prefix("## ") {
            let _ = write!(summary, "\n# {part}\n\n");
            bullet = "- ";
        }
        for (title, link) in titles(line) {
            let Some((path, _)) = target(INDEX, link) else {
                continue;
            };
            let is_page = repository
                .file(&path)
                .is_some_and(|file| file.kind == Kind::Markdown);
            if is_page && chapters.insert(path.clone()) {
                let _ = writeln!(summary, "{bullet}[{title}]({})", place(&path));
            }
        }
    }
    (summary, chapters)
}

/// The links of a line with their texts. The first letter of a text is a capital one.
fn titles(line: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut before = "";
    for (index, piece) in line.split("](").enumerate() {
        if index > 0
            && let Some((link, _)) = piece.split_once(')')
            && let Some((_, title)) = before.rsplit_once('[')
        {
            let mut letters = title.chars();
            let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
            found.push((first + letters.as_str(), link));
        }
        before = piece;
    }
    found
}

/// The address of a file or folder of the repository on the web.
fn address(repository: &Repository, path: &str) -> String {
    let kind = if repository.root.join(path).is_dir() {
        "tree"
    } else {
        "blob"
    };
    format!("{}/{kind}/main/{path}", env!("CARGO_PKG_REPOSITORY"))
}

/// The links of a built book that lead nowhere, as sentences.
///
/// # Errors
/// A file can't be read.
pub fn dead_links(folder: &Path) -> io::Result<Vec<String>> {
    let mut texts = BTreeMap::new();
    read_html(folder, "", &mut texts)?;
    let mut dead = Vec::new();
    for (from, text) in &texts {
        for link in values(text, "href=\"").chain(values(text, "src=\"")) {
            let link = link.replace("&amp;", "&");
            // Pages are made for any place on the web, so an address without a host is a path.
            if link.contains(':') || link.starts_with("//") || link.is_empty() {
                continue;
            }
            let Some((path, anchor)) = target(from, &link) else {
                continue;
            };
            let is_there = match texts.get(&path) {
                Some(page) => anchor.is_empty() || values(page, "id=\"").any(|id| id == anchor),
                None => folder.join(&path).exists(),
            };
            if !is_there {
                dead.push(format!("{from}: {link}"));
            }
        }
    }
    if texts.len() < 30 {
        dead.push(format!("the book has {} pages only", texts.len()));
    }
    Ok(dead)
}

fn read_html(folder: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if path.is_dir() {
            read_html(&path, &format!("{prefix}{name}/"), texts)?;
        } else if name.ends_with(".html") && !["print.html", "404.html", "toc.html"].contains(&name) {
            texts.insert(format!("{prefix}{name}"), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The values of an attribute.
fn values<'text>(text: &'text str, name: &'text str) -> impl Iterator<Item = &'text str> {
    text.split(name)
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_index_has_titles() {
        let line = "| [Tests](../t/README.md) | suites; [plays](p.md) |";
        let told: Vec<_> = titles(line);
        assert_eq!(
            told,
            [
                ("Tests".to_owned(), "../t/README.md"),
                ("Plays".to_owned(), "p.md")
            ]
        );
        assert_eq!(place("docs/README.md"), "docs/index.md");
        assert_eq!(place("docs/api.md"), "docs/api.md");
    }
}
