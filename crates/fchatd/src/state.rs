//! The operator's tools for what lasts of the chat.

use std::path::Path;

use fchatd_store::snapshot::Snapshot;
use fchatd_store::{Claim, Store, classic};

use crate::Failure;
use crate::command_line::{CommandLine, StateAction};
use crate::server::data_folder;

/// `fchatd state …`
pub(crate) fn state(line: &CommandLine, action: &StateAction) -> Result<(), Failure> {
    match action {
        StateAction::Import { folder } => import(line, folder),
        StateAction::Export { folder } => {
            let snapshot = saved(line)?;
            classic::write(folder, &snapshot).map_err(|error| error.to_string())?;
            println!("written to {}: {}", folder.display(), summary(&snapshot));
            Ok(())
        }
        StateAction::Show => {
            println!("{}", summary(&saved(line)?));
            Ok(())
        }
    }
}

fn import(line: &CommandLine, folder: &Path) -> Result<(), Failure> {
    let data = data_folder(&line.dir);
    let claim = Claim::take(&data).map_err(|error| error.to_string())?;
    let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
    let imported = classic::read(folder).map_err(|error| error.to_string())?;
    for remark in &imported.remarks {
        println!("{remark}");
    }
    let before = store.load_snapshot().map_err(|error| error.to_string())?;
    let snapshot = imported.over(before).map_err(|error| error.to_string())?;
    store
        .save_snapshot(&snapshot)
        .map_err(|error| error.to_string())?;
    println!("imported; the state is now: {}", summary(&snapshot));
    Ok(())
}

/// The state as it was last saved.
fn saved(line: &CommandLine) -> Result<Snapshot, Failure> {
    let data = data_folder(&line.dir);
    if !data.is_dir() {
        return Err(format!(
            "there is no {}; give the server's folder with --dir",
            data.display()
        ));
    }
    let store = Store::open(&data).map_err(|error| error.to_string())?;
    let found = store.load_snapshot().map_err(|error| error.to_string())?;
    found
        .ok_or_else(|| "nothing was saved yet: start the server once and stop it, or import something".into())
}

fn summary(snapshot: &Snapshot) -> String {
    let public = snapshot
        .channels
        .iter()
        .filter(|channel| channel.kind == "public")
        .count();
    format!(
        "{public} public channels, {} rooms, {} global moderators, {} super moderators, {} account bans, \
         {} account timeouts, {} open staff calls",
        snapshot.channels.len() - public,
        snapshot.operators.len(),
        snapshot.super_operators.len(),
        snapshot.bans.len(),
        snapshot.timeouts.len(),
        snapshot.staff_calls.len(),
    )
}
