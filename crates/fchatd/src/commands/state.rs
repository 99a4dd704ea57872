//! The operator's tools for the durable state.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use fchatd_protocol::json::write::Object;
use fchatd_store::snapshot::Snapshot;
use fchatd_store::{Claim, Inspection, Store, StoreError, classic, inspect};

use crate::commands::json;
use crate::commands::quantity::count;
use crate::failure::Failure;
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::say;

/// Names that the import lists.
const NAMES_SHOWN: usize = 50;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum StateAction {
    /// Import the classic server's files from a folder: channels.json, ops.json, scops.json, bans.json. Their
    /// contents replace the present contents; the server must not be running
    Import {
        /// The folder with the files
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Leave out entries that differ from the classic server's format; otherwise one of them stops the import
        #[arg(long)]
        skip_strange: bool,
    },
    /// Export the last saved state to a folder, in the classic server's files. From a damaged state it exports the
    /// readable part
    Export {
        /// The folder; existing files are replaced
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Print a summary of the stored state
    Show {
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Read the whole state and report each fault, without a change; also while the server runs
    Check {
        /// As a JSON object; a faultless state has an empty list of faults
        #[arg(long)]
        json: bool,
    },
}

/// `fchatd state …`
pub(crate) fn state(options: &Options, action: &StateAction) -> Result<(), Failure> {
    let data = data_folder(&options.dir);
    match action {
        StateAction::Import { folder, skip_strange } => import(&data, folder, *skip_strange),
        StateAction::Export { folder } => export(&data, folder),
        StateAction::Show { json } => {
            let snapshot = saved(&data)?;
            match json {
                true => json::print(|object| numbers(object, &snapshot)),
                false => say!("{}", summary(&snapshot)),
            }
            Ok(())
        }
        StateAction::Check { json } => check(&data, *json),
    }
}

fn import(data: &Path, folder: &Path, skip_strange: bool) -> Result<(), Failure> {
    let claim = Claim::take(data).map_err(|error| error.to_string())?;
    let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
    let (imported, faults) = classic::read_what_is_clear(folder).map_err(|error| error.to_string())?;
    if !faults.is_empty() && !skip_strange {
        return Err(classic::ClassicError::Strange { faults }.to_string());
    }
    for fault in &faults {
        say!("left out: {fault}");
    }
    for remark in &imported.remarks {
        say!("{remark}");
    }
    let before = store.load_snapshot().map_err(|error| error.to_string())?;
    let snapshot = imported.over(before).map_err(|error| error.to_string())?;
    store
        .save_snapshot(&snapshot)
        .map_err(|error| error.to_string())?;
    say!("imported; the state is now: {}", summary(&snapshot));
    let unclaimed = store
        .accounts()
        .and_then(|mut accounts| accounts.unclaimed_roles());
    if let Some(remark) = remark_about(&unclaimed.map_err(|error| error.to_string())?) {
        say!("{remark}");
    }
    Ok(())
}

/// Names that another person could register: those of moderators and owners that are no character's yet.
fn remark_about(names: &[String]) -> Option<String> {
    let shown: Vec<_> = names.iter().take(NAMES_SHOWN).map(String::as_str).collect();
    let more = names.len() - shown.len();
    (!names.is_empty()).then(|| {
        format!(
            "{} of moderators and owners belong to no character here. Where the server keeps the accounts itself, nobody \
             can register them or names that look the same; give them to their people with `fchatd character add \
             ACCOUNT NAME`: {}{}",
            count(names.len(), "name"),
            shown.join(", "),
            if more > 0 { format!(", and {more} more") } else { String::new() }
        )
    })
}

fn export(data: &Path, folder: &Path) -> Result<(), Failure> {
    let snapshot = match opened(data).and_then(|store| store.load_snapshot()) {
        Ok(found) => found.ok_or_else(nothing_saved)?,
        Err(error @ StoreError::Damaged { .. }) => return rescue(data, folder, &error),
        Err(error) => return Err(error.to_string()),
    };
    classic::write(folder, &snapshot).map_err(|error| error.to_string())?;
    say!("written to {}: {}", folder.display(), summary(&snapshot));
    Ok(())
}

/// Exports the readable part of a damaged file, and names the rest; never a success, since something is lost.
fn rescue(data: &Path, folder: &Path, damage: &StoreError) -> Result<(), Failure> {
    let Ok(Inspection { faults, snapshot, .. }) = inspect(data) else {
        return Err(damage.to_string());
    };
    for fault in &faults {
        say!("{fault}");
    }
    let Some(snapshot) = snapshot else {
        return Err(damage.to_string());
    };
    classic::write(folder, &snapshot).map_err(|error| error.to_string())?;
    Err(format!(
        "the state is damaged. What could be read was written to {}: {}. Look through it before you import it into \
         a new folder; accounts can't be exported",
        folder.display(),
        summary(&snapshot)
    ))
}

fn check(data: &Path, as_json: bool) -> Result<(), Failure> {
    let found = inspect(data).map_err(|error| error.to_string())?;
    match as_json {
        true => print_findings(&found),
        false => tell_findings(&found),
    }
    match found.faults.len() {
        0 => Ok(()),
        faults => Err(format!(
            "{} in {}; nothing was changed. Put a backup in its place, or see what `fchatd state export DIR` \
             can get out of it",
            count(faults, "fault"),
            data.display()
        )),
    }
}

fn print_findings(found: &Inspection) {
    json::print(|object| {
        let object = object.strings("faults", &found.faults);
        let object = object.strings("remarks", &found.remarks);
        let object = json::raw(object, "accounts", &found.accounts.to_string());
        let object = json::raw(object, "characters", &found.characters.to_string());
        match &found.snapshot {
            Some(snapshot) => numbers(object, snapshot),
            None => object,
        }
    });
}

fn tell_findings(found: &Inspection) {
    for fault in &found.faults {
        say!("{fault}");
    }
    for remark in &found.remarks {
        say!("{remark}");
    }
    if let Some(snapshot) = &found.snapshot {
        say!("{}", summary(snapshot));
    }
    say!(
        "{}, {}",
        count(found.accounts, "account"),
        count(found.characters, "character")
    );
    if found.faults.is_empty() {
        say!("all of it can be read and is what it should be");
    }
}

fn opened(data: &Path) -> Result<Store, StoreError> {
    // Opening would make an empty one.
    if data.is_dir() {
        Store::open(data)
    } else {
        Err(StoreError::Missing {
            path: data.to_owned(),
        })
    }
}

/// The state as it was last saved.
fn saved(data: &Path) -> Result<Snapshot, Failure> {
    let found = opened(data).and_then(|store| store.load_snapshot());
    found
        .map_err(|error| error.to_string())?
        .ok_or_else(nothing_saved)
}

fn nothing_saved() -> Failure {
    "nothing was saved yet: start the server once and stop it, or import something".into()
}

fn summary(snapshot: &Snapshot) -> String {
    parts(snapshot)
        .map(|(number, one, _)| count(number, one))
        .join(", ")
}

/// The members of an object for the parts of a state.
fn numbers<'a>(object: Object<'a>, snapshot: &Snapshot) -> Object<'a> {
    parts(snapshot)
        .into_iter()
        .fold(object, |object, (number, _, key)| {
            json::raw(object, key, &number.to_string())
        })
}

/// How many there are of each kind, with the word for one and the key for programs.
fn parts(snapshot: &Snapshot) -> [(usize, &'static str, &'static str); 10] {
    let public = snapshot
        .channels
        .iter()
        .filter(|channel| channel.head.kind == "public")
        .count();
    [
        (public, "public channel", "public_channels"),
        (snapshot.channels.len() - public, "room", "rooms"),
        (snapshot.operators.len(), "global moderator", "global_moderators"),
        (
            snapshot.super_operators.len(),
            "super moderator",
            "super_moderators",
        ),
        (snapshot.bans.len(), "account ban", "account_bans"),
        (snapshot.timeouts.len(), "account timeout", "account_timeouts"),
        (snapshot.hellbans.len(), "hell-ban", "hellbans"),
        (
            snapshot.name_sanctions.len(),
            "measure by name",
            "measures_by_name",
        ),
        (snapshot.staff_calls.len(), "open staff call", "open_staff_calls"),
        (snapshot.network_bans.len(), "network ban", "network_bans"),
    ]
}
