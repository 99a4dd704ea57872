//! The documents that the program makes of its own command line, for packages and shells: `fchatd manual` and `fchatd completions`.

use std::io;
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::commands::command_line::{EXIT_CODES, program};
use crate::failure::Failure;
use crate::output::{OUT, say};

/// The section of the manual for commands.
const SECTION: &str = "1";
/// Paths of a server that a person has to know, below the server's folder.
const FILES: [(&str, &str); 4] = [
    (
        "DIR/script/startup_config.lua",
        "the settings; see \"fchatd config sample\"",
    ),
    (
        "DIR/script/main.lua",
        "the rules, where the built-in ones do not suit",
    ),
    ("DIR/data/", "accounts, channels, bans and sessions"),
    (
        "DIR/profile_fields.json",
        "fields and kinks of profiles, where the built-in ones do not suit",
    ),
];

/// `fchatd completions`: prints the completions for a shell.
pub(crate) fn completions(shell: Shell) {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program(), "fchatd", &mut text);
    OUT.text(&String::from_utf8_lossy(&text));
}

/// `fchatd manual`: writes the pages of the manual into a folder, which must exist.
///
/// # Errors
/// A page can't be written.
pub(crate) fn manual(folder: &Path) -> Result<(), Failure> {
    let pages = pages().map_err(|error| format!("the manual can't be made: {error}"))?;
    for (name, page) in &pages {
        let path = folder.join(name);
        std::fs::write(&path, page)
            .map_err(|error| format!("{} can't be written: {error}", path.display()))?;
    }
    say!("{} pages in {}", pages.len(), folder.display());
    Ok(())
}

/// The names and the text of all pages: one for the program and one for each command and group of commands.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut program = program().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    add(&program, None, &mut pages)?;
    Ok(pages)
}

fn add(command: &clap::Command, above: Option<&str>, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    pages.push((format!("{name}.{SECTION}"), page(command, name, above)?));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        add(below, Some(name), pages)?;
    }
    Ok(())
}

fn page(command: &clap::Command, name: &str, above: Option<&str>) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .section(SECTION)
        .source(format!("fchatd {}", env!("CARGO_PKG_VERSION")))
        .manual("Manual of fchatd");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut end = Roff::default();
    let codes = EXIT_CODES.map(|(code, meaning)| (code.to_string(), meaning));
    list(
        &mut end,
        "EXIT STATUS",
        codes.iter().map(|(code, meaning)| (code.as_str(), *meaning)),
    );
    match above {
        Some(above) => see_also(&mut end, &[above]),
        None => {
            let environment = (
                "FCHATD_KEY",
                "overrides the setting KEY, such as FCHATD_PORT; --set overrides both",
            );
            list(&mut end, "ENVIRONMENT", [environment]);
            list(&mut end, "FILES", FILES);
            see_also(
                &mut end,
                &["fchatd-run", "fchatd-check", "fchatd-restart", "fchatd-config"],
            );
        }
    }
    end.to_writer(&mut text)?;
    Ok(text)
}

/// A section with terms and their meanings.
fn list<'text>(page: &mut Roff, heading: &str, entries: impl IntoIterator<Item = (&'text str, &'text str)>) {
    page.control("SH", [heading]);
    for (term, meaning) in entries {
        page.control("TP", []);
        page.text([bold(term)]);
        page.text([roman(meaning)]);
    }
}

fn see_also(page: &mut Roff, names: &[&str]) {
    page.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for name in names {
        let comma = if line.is_empty() { "" } else { ", " };
        line.extend([roman(comma), bold(*name), roman(format!("({SECTION})"))]);
    }
    page.text(line);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use clap::ValueEnum;

    use super::*;

    fn names(command: &clap::Command, path: &str, all: &mut BTreeSet<String>) {
        all.insert(format!("{path}.1"));
        for below in command.get_subcommands() {
            names(below, &format!("{path}-{}", below.get_name()), all);
        }
    }

    #[test]
    fn each_command_has_a_page_of_the_manual() {
        let mut wanted = BTreeSet::new();
        names(&program(), "fchatd", &mut wanted);
        let pages = pages().unwrap();
        let there: BTreeSet<String> = pages.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(there, wanted);
        for (name, page) in &pages {
            let page = String::from_utf8(page.clone()).unwrap();
            for section in [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "\"EXIT STATUS\"",
                "\"SEE ALSO\"",
            ] {
                assert_eq!(
                    page.matches(&format!(".SH {section}\n")).count(),
                    1,
                    "{name}, {section}: {page}"
                );
            }
        }
    }

    /// Where the formatter of the manual is installed, it has no complaint.
    #[test]
    fn the_pages_of_the_manual_are_well_formed() {
        let folder = tempfile::tempdir().unwrap();
        manual(folder.path()).unwrap();
        let pages: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|page| page.unwrap().path())
            .collect();
        let Ok(output) = Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-z"])
            .args(&pages)
            .output()
        else {
            return;
        };
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    }

    #[test]
    fn completions_know_all_commands() {
        for shell in Shell::value_variants() {
            let mut text = Vec::new();
            clap_complete::generate(*shell, &mut program(), "fchatd", &mut text);
            let text = String::from_utf8(text).unwrap();
            for word in ["account", "invitations", "flash-policy", "completions"] {
                assert!(text.contains(word), "{shell}: {word}");
            }
        }
    }
}
