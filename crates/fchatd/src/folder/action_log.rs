//! The action log of a server, in its folder.

use std::path::{Path, PathBuf};

use fchatd_protocol::exchange::{self, Undo};
use fchatd_protocol::text::fold;
use fchatd_store::actions::{Action, ActionLimits, ActionWriter, FOLDER, find_action};
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::failure::Failure;
use crate::folder::places::data_folder;

/// Where the action log of a server is.
pub(crate) fn folder(dir: &Path) -> PathBuf {
    data_folder(dir).join(FOLDER)
}

/// Opens it to be written. A half-written line of a crash is put aside, with a line in the log.
///
/// # Errors
/// It can't be used.
pub(crate) fn open(dir: &Path, settings: &Settings) -> Result<ActionWriter, Failure> {
    let folder = folder(dir);
    let limits = ActionLimits {
        bytes: (settings.count(keys::ACTION_LOG_SIZE) as u64) << 20,
        days: settings.count(keys::ACTION_LOG_DAYS) as u32,
        keep_days: settings.count(keys::ACTION_LOG_KEEP) as u32,
    };
    let (writer, mended) = ActionWriter::open(&folder, limits)
        .map_err(|error| format!("the action log in {} can't be used: {error}", folder.display()))?;
    if let Some(mended) = mended {
        tracing::warn!(
            "the last line of the action log {} was not whole, as after a crash; the piece is now in {}",
            mended.file.display(),
            mended.piece.display()
        );
    }
    Ok(writer)
}

/// Finds the entry to undo.
///
/// # Errors
/// A sentence that says why this action can't be undone.
pub(crate) fn undoable(folder: &Path, id: u64, now: i64) -> Result<Undo, Failure> {
    let found = find_action(folder, id).map_err(|error| format!("the action log can't be read: {error}"))?;
    let Some((action, later)) = found else {
        return Err(format!(
            "there is no action {id}; `fchatd log actions` shows those there are"
        ));
    };
    if !Undo::CODES.contains(&action.code.as_str()) {
        return Err(format!(
            "action {id} is {}; only bans and timeouts can be undone ({})",
            action.code,
            Undo::CODES.join(", ")
        ));
    }
    // The website's hell-bans are not kept here: its log-in check tells of them.
    if action.code == "HLB" && action.argument("action").as_deref() != Some("add") {
        return Err(format!(
            "action {id} is an HLB that has banned nobody here: there is nothing to undo"
        ));
    }
    if action.until.is_some_and(|until| until <= now) {
        return Err(format!(
            "the time of action {id} is over: there is nothing to undo"
        ));
    }
    if let Some(other) = later.iter().find(|other| takes_its_place(&action, other)) {
        return Err(format!(
            "action {id} counts no more: action {} ({} by {}) came later",
            other.id, other.code, other.name
        ));
    }
    let character = action.whom.ok_or("it is not known whom this action was about")?;
    Ok(Undo {
        id,
        code: action.code,
        character,
        channel: action.place,
    })
}

/// Whether an action is undone or done anew by a later one.
fn takes_its_place(action: &Action, other: &Action) -> bool {
    let of = |name: &Option<String>| fold(name.as_deref().unwrap_or_default()).into_owned();
    if other.undone == Some(action.id) {
        return true;
    }
    if of(&action.whom) != of(&other.whom) {
        return false;
    }
    match (action.code.as_str(), other.code.as_str()) {
        ("ACB", "ACB" | "UNB") | ("TMO", "TMO" | "UNB") | ("HLB", "HLB") => true,
        (exchange::BAN, exchange::BAN | exchange::UNBAN) => true,
        ("CBU" | "CTU", "CBU" | "CTU" | "CUB") => of(&action.place) == of(&other.place),
        _ => false,
    }
}
