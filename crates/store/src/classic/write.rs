//! Writes a snapshot as the classic server's state files.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use fchatd_protocol::change::Change;
use serde_json::{Value, json};

use super::{BANS, CHANNELS, ClassicError, OPERATORS, SUPER_OPERATORS, file_error};
use crate::snapshot::{ChannelRecord, Snapshot};

/// The files' names with their contents.
pub type Files = [(&'static str, String); 4];

/// The entry as the classic server would have written it.
#[must_use]
pub fn files(snapshot: &Snapshot) -> Files {
    let list = |public: bool| -> Vec<Value> {
        // Private rooms are of no use elsewhere: their members are here.
        let wanted = |channel: &&ChannelRecord| match channel.head.kind.as_str() {
            "public" => public,
            "private" => false,
            _ => !public,
        };
        snapshot.channels.iter().filter(wanted).map(channel).collect()
    };
    let bans: Vec<_> = snapshot
        .bans
        .iter()
        .map(|ban| json!({ "id": ban.account, "character": ban.character }))
        .collect();
    let timeouts: Vec<_> = snapshot
        .timeouts
        .iter()
        .map(|timeout| json!({ "id": timeout.account, "end": timeout.until, "character": timeout.character }))
        .collect();
    [
        (CHANNELS, json!({ "public": list(true), "private": list(false) })),
        (OPERATORS, json!(snapshot.operators)),
        (SUPER_OPERATORS, json!(snapshot.super_operators)),
        (BANS, json!({ "bans": bans, "timeouts": timeouts })),
    ]
    .map(|(name, value)| (name, format!("{value:#}\n")))
}

/// Writes the files into a folder, which is made when it is missing. Each replaces its predecessor whole.
///
/// # Errors
/// The folder or a file can't be written.
pub fn write(folder: &Path, snapshot: &Snapshot) -> Result<(), ClassicError> {
    write_some(folder, snapshot, |_| true)
}

/// Writes all files but `channels.json`, as the classic server did after each decision of its staff.
///
/// # Errors
/// As [`write()`].
pub fn write_lists(folder: &Path, snapshot: &Snapshot) -> Result<(), ClassicError> {
    write_some(folder, snapshot, |name| name != CHANNELS)
}

/// Whether a change shows in the files that [`write_lists`] writes.
pub fn is_in_lists(change: &Change) -> bool {
    matches!(
        change,
        Change::Operators(_)
            | Change::SuperOperators(_)
            | Change::Ban(_)
            | Change::Unban { .. }
            | Change::Timeout(_)
            | Change::TimeoutGone { .. }
    )
}

fn write_some(folder: &Path, snapshot: &Snapshot, wanted: impl Fn(&str) -> bool) -> Result<(), ClassicError> {
    fs::create_dir_all(folder).map_err(|error| file_error(folder, error))?;
    for (name, content) in files(snapshot).into_iter().filter(|(name, _)| wanted(name)) {
        let path = folder.join(name);
        replace(&path, &content).map_err(|error| file_error(&path, error))?;
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| file_error(folder, error))
}

fn replace(path: &Path, content: &str) -> io::Result<()> {
    let draft = path.with_extension("json.new");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // Bans and their authors are not for every user of the machine.
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file: File| {
            file.write_all(content.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

#[expect(clippy::indexing_slicing, reason = "the value is a JSON object")]
fn channel(channel: &ChannelRecord) -> Value {
    let moderators: Vec<_> = channel
        .moderators
        .iter()
        .map(|one| json!({ "name": one.name, "modder": one.by, "time": one.time }))
        .collect();
    let bans: Vec<_> = channel
        .bans
        .iter()
        .map(|one| json!({ "name": one.name, "banner": one.banner, "timeout": one.until, "time": one.time }))
        .collect();
    let head = &channel.head;
    // There, public channels have no titles; here their titles are their names.
    let title = if head.kind == "public" && head.title == head.name {
        ""
    } else {
        &head.title
    };
    let mut value = json!({
        "name": head.name,
        "description": head.description,
        "mode": head.mode,
        "owner": head.owner,
        "users": 0,
        "title": title,
        "top": head.peak,
        "type": head.kind,
        "banlist": bans,
        "modlist": moderators,
    });
    // The classic server has no topics and passes over the key.
    if !head.topic.is_empty() {
        value["topic"] = json!(head.topic);
    }
    value
}
