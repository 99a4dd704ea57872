//! The exchange of the files of a folder with restored ones. A plan on the disk says how far it is. Each step can be done again, so
//! that an exchange that was killed goes on from any point; until the plan is there nothing has changed.
//!
//! Everything is moved within its own file system: parts of the data folder within the data folder, which stays with its lock, and the
//! folder of scripts beside itself.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use fchatd_store::Claim;
use serde::{Deserialize, Serialize};

use crate::error::BackupError;
use crate::files::{make_folder, move_to, names, remove_folder, step, sync_folder};
use crate::names::{BEFORE, DATA, LOCK, SCRIPT, STAGE};

/// The plan's name in the stage.
const PLAN: &str = "plan.json";

/// The restore of an earlier process was completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumed {
    /// The folders with the files from before.
    pub before: Vec<PathBuf>,
}

/// Completes a restore that was killed during its exchange. Every user of a folder calls this first.
///
/// # Errors
/// A restore is at work at this moment, or a file can't be moved.
pub fn resume(dir: &Path) -> Result<Option<Resumed>, BackupError> {
    let stage = Stage::of(dir);
    if !stage.has_plan() {
        return Ok(None);
    }
    let _claim = Claim::take(&stage.home)?;
    // The restore may have ended before the claim was free.
    let Some(plan) = stage.read_plan()? else {
        return Ok(None);
    };
    let before = stage.carry_out(plan)?;
    Ok(Some(Resumed { before }))
}

/// Whether a restore replaces this part of a data folder.
pub(crate) fn is_replaced(name: &Path) -> bool {
    let name = name.to_string_lossy();
    name != LOCK && name != STAGE && !name.starts_with(BEFORE)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// The present files go to the folders of before.
    Away,
    /// The restored files come to their places.
    In,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Plan {
    phase: Phase,
    /// The number in the names of the folders of before.
    number: u32,
    keep_scripts: bool,
}

/// The place of restored files beside the present ones.
pub(crate) struct Stage {
    /// The server's folder.
    dir: PathBuf,
    /// The data folder.
    home: PathBuf,
}

impl Stage {
    pub(crate) fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            home: dir.join(DATA),
        }
    }

    fn folder(&self) -> PathBuf {
        self.home.join(STAGE)
    }

    /// The restored data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder().join(DATA)
    }

    /// The restored folder of scripts.
    pub(crate) fn script(&self) -> PathBuf {
        self.dir.join("script.restore-part")
    }

    fn plan(&self) -> PathBuf {
        self.folder().join(PLAN)
    }

    /// Whether the exchange has begun.
    pub(crate) fn has_plan(&self) -> bool {
        self.plan().exists()
    }

    /// Removes all restored files that are not in use.
    pub(crate) fn clear(&self) -> Result<(), BackupError> {
        remove_folder(&self.folder())?;
        remove_folder(&self.script())
    }

    fn read_plan(&self) -> Result<Option<Plan>, BackupError> {
        let path = self.plan();
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text.map_err(BackupError::on(&path, "read"))?,
        };
        let plan =
            serde_json::from_slice(&text).map_err(|error| BackupError::files(&path, "read", error.into()))?;
        Ok(Some(plan))
    }

    fn write_plan(&self, plan: Plan) -> Result<(), BackupError> {
        let (path, draft) = (self.plan(), self.folder().join("plan.new"));
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&draft)?;
            file.write_all(&serde_json::to_vec(&plan)?)?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        };
        step();
        write().map_err(BackupError::on(&path, "written"))?;
        sync_folder(&self.folder())?;
        sync_folder(&self.home)
    }

    /// Exchanges the files. The result is the folders with those from before.
    ///
    /// # Errors
    /// A file can't be moved.
    pub(crate) fn exchange(&self, keep_scripts: bool) -> Result<Vec<PathBuf>, BackupError> {
        let is_free = |number: &u32| {
            let folders = [self.before_data(*number), self.before_script(*number)];
            !folders.iter().any(|folder| fs::symlink_metadata(folder).is_ok())
        };
        let plan = Plan {
            phase: Phase::Away,
            number: (1..=u32::MAX).find(is_free).unwrap_or(u32::MAX),
            keep_scripts,
        };
        self.write_plan(plan)?;
        self.carry_out(plan)
    }

    fn before_data(&self, number: u32) -> PathBuf {
        self.home.join(format!("{BEFORE}{number}"))
    }

    fn before_script(&self, number: u32) -> PathBuf {
        self.dir.join(format!("{SCRIPT}.{BEFORE}{number}"))
    }

    fn carry_out(&self, plan: Plan) -> Result<Vec<PathBuf>, BackupError> {
        if plan.phase == Phase::Away {
            if let Err(error) = self.move_away(plan) {
                self.move_back(plan)?;
                return Err(error);
            }
            self.write_plan(Plan {
                phase: Phase::In,
                ..plan
            })?;
        }
        self.move_in(plan)?;
        let folders = [self.before_data(plan.number), self.before_script(plan.number)];
        Ok(folders.into_iter().filter(|folder| folder.exists()).collect())
    }

    fn move_away(&self, plan: Plan) -> Result<(), BackupError> {
        let before = self.before_data(plan.number);
        for name in names(&self.home)?.iter().filter(|name| is_replaced(name)) {
            make_folder(&before)?;
            move_to(&self.home.join(name), &before.join(name))?;
        }
        let script = self.dir.join(SCRIPT);
        if !plan.keep_scripts && fs::symlink_metadata(&script).is_ok() {
            move_to(&script, &self.before_script(plan.number))?;
        }
        self.sync()
    }

    /// Undoes [`Stage::move_away`] and ends the restore.
    fn move_back(&self, plan: Plan) -> Result<(), BackupError> {
        let before = self.before_data(plan.number);
        if before.is_dir() {
            for name in names(&before)? {
                move_to(&before.join(&name), &self.home.join(&name))?;
            }
            fs::remove_dir(&before).map_err(BackupError::on(&before, "removed"))?;
        }
        let script = self.before_script(plan.number);
        let home = self.dir.join(SCRIPT);
        if !plan.keep_scripts && script.is_dir() && fs::symlink_metadata(&home).is_err() {
            move_to(&script, &home)?;
        }
        self.sync()?;
        self.end()
    }

    fn move_in(&self, plan: Plan) -> Result<(), BackupError> {
        let data = self.data();
        if data.is_dir() {
            for name in names(&data)? {
                move_to(&data.join(&name), &self.home.join(&name))?;
            }
        }
        if !plan.keep_scripts && self.script().is_dir() {
            move_to(&self.script(), &self.dir.join(SCRIPT))?;
        }
        self.sync()?;
        self.end()
    }

    /// The plan goes first: without it the stage is only litter.
    fn end(&self) -> Result<(), BackupError> {
        let plan = self.plan();
        step();
        fs::remove_file(&plan).map_err(BackupError::on(&plan, "removed"))?;
        step();
        self.clear()
    }

    fn sync(&self) -> Result<(), BackupError> {
        for folder in [&self.folder(), &self.home, &self.dir] {
            sync_folder(folder)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::files::kill_after;

    /// A folder with present files, and restored ones in the stage.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("data/fchatd.lock", "");
        write("data/fchatd.sqlite", "old");
        write("data/fchatd.sqlite-wal", "old");
        write("data/actions/1.jsonl", "old");
        write("data/before-restore-1/fchatd.sqlite", "older");
        write("script/main.lua", "old");
        write("script/old.lua", "old");
        write("data/restore.part/data/fchatd.sqlite", "new");
        write("data/restore.part/data/actions/1.jsonl", "new");
        write("script.restore-part/main.lua", "new");
        folder
    }

    fn content(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
        for name in names(folder).unwrap() {
            let (path, name) = (folder.join(&name), format!("{prefix}{}", name.display()));
            match path.is_dir() {
                true => content(&path, &format!("{name}/"), found),
                false => found.push((name, fs::read_to_string(&path).unwrap())),
            }
        }
    }

    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        content(folder, "", &mut found);
        found.sort();
        found
    }

    fn wanted() -> Vec<(String, String)> {
        let files = [
            ("data/actions/1.jsonl", "new"),
            ("data/before-restore-1/fchatd.sqlite", "older"),
            ("data/before-restore-2/actions/1.jsonl", "old"),
            ("data/before-restore-2/fchatd.sqlite", "old"),
            ("data/before-restore-2/fchatd.sqlite-wal", "old"),
            ("data/fchatd.lock", ""),
            ("data/fchatd.sqlite", "new"),
            ("script.before-restore-2/main.lua", "old"),
            ("script.before-restore-2/old.lua", "old"),
            ("script/main.lua", "new"),
        ];
        files
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .to_vec()
    }

    /// Every user of the folder finds the restored files, wherever the exchange was killed, and however often.
    #[test]
    fn an_exchange_goes_on_from_each_point() {
        let mut steps = 0;
        loop {
            let folder = folder();
            let stage = Stage::of(folder.path());
            kill_after(Some(steps));
            let killed = catch_unwind(AssertUnwindSafe(|| stage.exchange(false).unwrap())).is_err();
            kill_after(None);
            if !killed {
                assert_eq!(files(folder.path()), wanted());
                break;
            }
            if stage.has_plan() {
                // And killed again.
                kill_after(Some(steps % 3));
                let again = catch_unwind(AssertUnwindSafe(|| resume(folder.path()).unwrap()));
                kill_after(None);
                let resumed = match again {
                    Ok(resumed) => resumed,
                    Err(_) => resume(folder.path()).unwrap(),
                };
                if let Some(resumed) = resumed {
                    assert_eq!(resumed.before.len(), 2);
                }
                let mut found = files(folder.path());
                // The claim wrote its process into the lock file.
                found
                    .iter_mut()
                    .filter(|(name, _)| name == "data/fchatd.lock")
                    .for_each(|(_, text)| text.clear());
                stage.clear().unwrap();
                found.retain(|(name, _)| !name.contains("restore.part") && !name.contains("restore-part"));
                assert_eq!(found, wanted(), "killed after {steps} steps");
            } else {
                assert_eq!(resume(folder.path()).unwrap(), None);
                let state = fs::read_to_string(folder.path().join("data/fchatd.sqlite")).unwrap();
                assert!(state == "old" || files(folder.path()).contains(&wanted()[6]));
            }
            steps += 1;
        }
        assert!(steps > 8, "{steps}");
    }

    #[test]
    fn a_folder_that_can_not_be_replaced_is_as_it_was() {
        let folder = folder();
        let stage = Stage::of(folder.path());
        // In the way of the scripts of before: made between the choice of the number and the move.
        let plan = Plan {
            phase: Phase::Away,
            number: 7,
            keep_scripts: false,
        };
        fs::create_dir(folder.path().join("script.before-restore-7")).unwrap();
        let before = files(folder.path());
        stage.write_plan(plan).unwrap();
        let error = stage.carry_out(plan).unwrap_err();
        assert!(error.to_string().contains("script.before-restore-7"), "{error}");
        let mut after = files(folder.path());
        after.retain(|(name, _)| !name.contains("restore-7"));
        let untouched =
            |(name, _): &(String, String)| !name.contains("restore.part") && !name.contains("restore-part");
        assert_eq!(after, before.into_iter().filter(untouched).collect::<Vec<_>>());
        assert_eq!(resume(folder.path()).unwrap(), None);
    }
}
