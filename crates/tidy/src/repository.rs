//! The files of the repository. Build results, installed packages and other ignored folders are left out.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders with files that are not ours, by their name anywhere in the tree.
const FOREIGN: [&str; 6] = [
    "target",
    "node_modules",
    ".git",
    ".tools",
    "__pycache__",
    "artefacts",
];

/// Folders with files that are not ours, by their path: data of a server that runs here, recorded answers of another
/// server, and inputs of the fuzzer.
const FOREIGN_PATHS: [&str; 5] = [
    "data",
    "script.local",
    "fuzz/seeds",
    "fuzz/corpus",
    "tests/conformance/golden",
];

/// Files of more bytes are not read: none of ours is that long.
const MAX_BYTES: u64 = 2 << 20;

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Rust.
    Rust,
    /// JavaScript, in the page and in tests.
    JavaScript,
    /// Lua and Luau.
    Lua,
    /// Python.
    Python,
    /// Shell scripts, also those without an ending.
    Shell,
    /// Style sheets.
    Css,
    /// SQL.
    Sql,
    /// HTML.
    Html,
    /// Markdown.
    Markdown,
    /// Configuration and other text.
    Text,
}

impl Kind {
    /// The kind that the name and the first line tell; nothing for other files, such as pictures.
    fn of(path: &Path, text: &str) -> Option<Self> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        Some(match ending {
            Some("rs") => Self::Rust,
            Some("js" | "mjs") => Self::JavaScript,
            Some("lua" | "luau") => Self::Lua,
            Some("py") => Self::Python,
            Some("sh") => Self::Shell,
            Some("css") => Self::Css,
            Some("sql") => Self::Sql,
            Some("html") => Self::Html,
            Some("md") => Self::Markdown,
            Some("toml" | "service" | "socket" | "play" | "yml" | "yaml") => Self::Text,
            None if text.starts_with("#!") => {
                if text.lines().next().is_some_and(|line| line.contains("python")) {
                    Self::Python
                } else {
                    Self::Shell
                }
            }
            _ => return None,
        })
    }
}

/// A text file.
#[derive(Debug)]
pub struct File {
    /// Its path from the root of the repository, with `/` between the parts.
    pub path: String,
    /// Its language.
    pub kind: Kind,
    /// Its text.
    pub text: String,
}

/// All text files of the repository.
#[derive(Debug)]
pub struct Repository {
    /// The folder of the repository.
    pub root: PathBuf,
    /// Its files, in the order of their paths.
    pub files: Vec<File>,
}

impl Repository {
    /// Reads the repository that this crate is in.
    ///
    /// # Errors
    /// A folder or a file can't be read.
    pub fn here() -> std::io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .canonicalize()?;
        let mut files = Vec::new();
        read_folder(&root, &root, &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { root, files })
    }

    /// The files of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.kind == kind)
    }

    /// The file with this path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<File>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let from_root = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let foreign = FOREIGN.iter().any(|name| entry.file_name() == *name);
            if !foreign && !FOREIGN_PATHS.contains(&from_root.as_str()) {
                read_folder(root, &path, files)?;
            }
        } else if kind.is_file() && entry.metadata()?.len() <= MAX_BYTES {
            // Pictures and other binary files are no UTF-8.
            let Ok(text) = String::from_utf8(fs::read(&path)?) else {
                continue;
            };
            if let Some(kind) = Kind::of(&path, &text) {
                files.push(File {
                    path: from_root,
                    kind,
                    text,
                });
            }
        }
    }
    Ok(())
}
