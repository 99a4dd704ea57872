//! Backups in the folder DIR/backups, by the same function as `fchatd backup`.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use fchatd_backup::{Made, make};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::reply::{Refusal, member};
use super::work::{Work, refused, told};

/// The folder, beside `data` and `script`.
const FOLDER: &str = "backups";
/// Backups that are kept there; a further one is refused until an operator has moved some away.
const BACKUPS_MAX: usize = 30;
const ENDING: &str = ".tar.gz";

fn folder(dir: &Path) -> PathBuf {
    dir.join(FOLDER)
}

/// Name, bytes and time of each backup, the newest first.
fn all(dir: &Path) -> Vec<(String, u64, u64)> {
    let Ok(entries) = std::fs::read_dir(folder(dir)) else {
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            let time = metadata
                .modified()
                .ok()?
                .duration_since(UNIX_EPOCH)
                .ok()?
                .as_secs();
            name.ends_with(ENDING).then_some((name, metadata.len(), time))
        })
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    found
}

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let dir = work.admin.options.dir.clone();
    let found = tokio::task::spawn_blocking(move || all(&dir))
        .await
        .unwrap_or_default();
    let backups: Vec<Value> = found
        .into_iter()
        .map(|(name, bytes, time)| json!({ "name": name, "bytes": bytes, "time": time }))
        .collect();
    Ok(json!({ "backups": backups, "folder": folder(&work.admin.options.dir).display().to_string() }))
}

pub(super) async fn add(work: Work) -> Result<Value, Refusal> {
    let dir = work.admin.options.dir.clone();
    let Ok(_alone) = work.admin.backing_up.try_acquire() else {
        return Err(Refusal::refused("A backup is being made already."));
    };
    let made = tokio::task::spawn_blocking(move || {
        if all(&dir).len() >= BACKUPS_MAX {
            return Err(format!(
                "There are {BACKUPS_MAX} backups in {} already: move some of them to another machine.",
                folder(&dir).display()
            ));
        }
        let folder = folder(&dir);
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{} can't be made: {error}", folder.display()))?;
        let name = format!("{}{ENDING}", Timestamp::now().strftime("fchatd-%Y%m%d-%H%M%S"));
        let Made { archive, .. } = make(&dir, &folder.join(&name), false, env!("CARGO_PKG_VERSION"))
            .map_err(|error| error.to_string())?;
        Ok((name, archive))
    });
    let made = made
        .await
        .map_err(|_| Refusal::failed("The backup could not be made."))?;
    let (name, bytes) = made.map_err(refused)?;
    work.note("BKP", &json!({ "file": name })).await;
    let mut answer = told(format!("{name} is made; it was read again and is whole."));
    member(&mut answer, "name", json!(name));
    member(&mut answer, "bytes", json!(bytes));
    Ok(answer)
}
