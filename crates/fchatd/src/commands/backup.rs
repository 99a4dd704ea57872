//! `fchatd backup` and `fchatd restore` (docs/backup.md).

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use fchatd_backup::{Contents, Made, Restored, Wish};

use crate::commands::json;
use crate::commands::quantity::count;
use crate::configuration::files::survive_file_size_limit_in_command;
use crate::failure::Failure;
use crate::options::Options;
use crate::output::say;

/// Added to the niceness of the process: the chat goes first.
const NICENESS: i32 = 10;

#[derive(Debug, Clone, Args)]
pub(crate) struct Backup {
    /// The archive, such as /backup/chat.tar.gz; only its owner may read it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace an existing file, as soon as the new backup is complete
    #[arg(long)]
    replace: bool,
    /// Check the existing backup FILE instead: read all of it, compare all digests, and check each entry of its state
    #[arg(long, conflicts_with = "replace")]
    check: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Restore {
    /// The archive, as `fchatd backup` wrote it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the state and the scripts that are in the folder; they are kept in folders named before-restore-1
    #[arg(long)]
    replace: bool,
    /// Restore the state only; scripts and settings stay as they are
    #[arg(long)]
    keep_scripts: bool,
}

/// `fchatd backup`
pub(crate) fn backup(options: &Options, backup: &Backup) -> Result<(), Failure> {
    // Without the right to change it, the usual priority does.
    let _ = rustix::process::nice(NICENESS);
    survive_file_size_limit_in_command()?;
    let name = backup.file.display();
    if backup.check {
        let contents = fchatd_backup::check(&backup.file).map_err(|error| error.to_string())?;
        match backup.json {
            true => print(&contents, None),
            false => say!("{name}: {}; all of it is as it was written", describe(&contents)),
        }
        return Ok(());
    }
    let made = fchatd_backup::make(
        &options.dir,
        &backup.file,
        backup.replace,
        env!("CARGO_PKG_VERSION"),
    );
    let Made { contents, archive } = made.map_err(|error| error.to_string())?;
    match backup.json {
        true => print(&contents, Some(archive)),
        false => say!(
            "{name}: {}, {} compressed; it was read again and is whole",
            describe(&contents),
            size(archive)
        ),
    }
    Ok(())
}

/// `fchatd restore`
pub(crate) fn restore(options: &Options, restore: &Restore) -> Result<(), Failure> {
    survive_file_size_limit_in_command()?;
    let wish = Wish {
        replace: restore.replace,
        keep_scripts: restore.keep_scripts,
    };
    let restored = fchatd_backup::restore(&options.dir, &restore.file, wish);
    let Restored { contents, before } = restored.map_err(|error| error.to_string())?;
    say!("restored: {}", describe(&contents));
    for folder in before {
        say!(
            "the files from before are in {}; remove them when all is well",
            folder.display()
        );
    }
    Ok(())
}

fn describe(contents: &Contents) -> String {
    let Contents { head, files, bytes } = contents;
    let made =
        UNIX_EPOCH + Duration::from_secs(u64::try_from(head.made).unwrap_or_default().min(253_402_300_799));
    format!(
        "{} with {}, made by fchatd {} on {}",
        count(*files as u64, "file"),
        size(*bytes),
        head.program,
        httpdate::fmt_http_date(made)
    )
}

fn print(contents: &Contents, archive: Option<u64>) {
    json::print(|object| {
        let object = object
            .integer("made", contents.head.made)
            .text("program", &contents.head.program)
            .integer("schema", contents.head.schema);
        let object = json::raw(object, "files", &contents.files.to_string());
        let object = json::raw(object, "bytes", &contents.bytes.to_string());
        match archive {
            Some(archive) => json::raw(object, "archive_bytes", &archive.to_string()),
            None => object,
        }
    });
}

/// A number of bytes in a fitting unit.
fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB"];
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", units.get(unit).unwrap_or(&"GiB"))
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        let said = [0, 512, 1_000_000, 1 << 20, 5 << 30].map(size);
        assert_eq!(said, ["0.0 KiB", "0.5 KiB", "976.6 KiB", "1.0 MiB", "5.0 GiB"]);
    }
}
