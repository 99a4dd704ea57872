//! Prepares the source of the documentation site, and checks the links of the built one; `release/book` runs it.
//!
//! `book stage FOLDER` writes the pages and the table of contents, `book check FOLDER` reads the HTML.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stderr,
    reason = "a tool of the repository, without the program's output"
)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use fchatd_tidy::Repository;
use fchatd_tidy::book::{Book, dead_links};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["stage", folder] => stage(folder.as_ref()),
        ["check", folder] => check(folder.as_ref()),
        _ => Err("usage: book stage FOLDER, or book check FOLDER".into()),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn stage(folder: &Path) -> Result<(), Box<dyn Error>> {
    let repository = Repository::here()?;
    Book::of(&repository)?.write(&repository, folder)?;
    Ok(())
}

fn check(folder: &Path) -> Result<(), Box<dyn Error>> {
    let dead = dead_links(folder)?;
    if dead.is_empty() {
        return Ok(());
    }
    Err(format!("links of the book lead nowhere:\n{}", dead.join("\n")).into())
}
