//! The deliveries that wait for receivers outside, in a database of their own. They come and go all the time, and no fault of theirs
//! may touch the state.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};

use crate::database::{LOCK_WAIT, with_suffix};
use crate::error::StoreError;
use crate::place::Place;

/// The database in the data folder.
pub const FILE_NAME: &str = "deliveries.sqlite";
/// Marks the file as ours in SQLite's header: "FCHW".
const APPLICATION_ID: i64 = 0x4643_4857;
const SCHEMA_VERSION: i64 = 1;
/// The target is a digest: addresses can hold secrets.
const SCHEMA: &str = "
    CREATE TABLE deliveries (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        target BLOB NOT NULL,
        id TEXT NOT NULL,
        event TEXT NOT NULL,
        made INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX deliveries_by_target ON deliveries (target, number);
    PRAGMA user_version = 1;
";

/// Names a receiver.
pub type Target = [u8; 32];

/// Something for a receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The receiver.
    pub target: Target,
    /// The identifier by which the receiver knows it.
    pub id: String,
    /// Its subject.
    pub event: String,
    /// When it was made, in Unix seconds.
    pub made: i64,
    /// The body that is sent.
    pub body: Vec<u8>,
}

/// The body may hold messages of people.
impl std::fmt::Debug for Delivery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Delivery({} {})", self.event, self.id)
    }
}

/// The queue on disk. Each change is on disk when its function has returned.
#[derive(Debug)]
pub struct Deliveries {
    path: PathBuf,
    /// Nothing in memory.
    place: Option<Place>,
    connection: Connection,
    waiting: u64,
}

impl Deliveries {
    /// Opens `deliveries.sqlite` in a data folder that a server has claimed, and makes it where it is missing, with mode
    /// 0600. A damaged queue is moved aside, since deliveries must not keep a server from starting; its new name
    /// comes with the queue.
    ///
    /// # Errors
    /// The folder or the file can't be written.
    pub fn open(folder: &Path) -> Result<(Self, Option<PathBuf>), StoreError> {
        let path = folder.join(FILE_NAME);
        match Self::open_file(&path) {
            Ok(queue) => Ok((queue, None)),
            Err(StoreError::Damaged { .. } | StoreError::Foreign { .. } | StoreError::Newer { .. }) => {
                let aside = set_aside(&path)?;
                Ok((Self::open_file(&path)?, Some(aside)))
            }
            Err(error) => Err(error),
        }
    }

    /// One in memory, for a server that keeps nothing.
    ///
    /// # Errors
    /// There is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let failure = |error| StoreError::from_sqlite(&path, &error);
        let connection = Connection::open_in_memory().map_err(failure)?;
        connection.execute_batch(SCHEMA).map_err(failure)?;
        Ok(Self {
            path,
            place: None,
            connection,
            waiting: 0,
        })
    }

    fn open_file(path: &Path) -> Result<Self, StoreError> {
        let folder_error = |source| StoreError::Folder {
            path: path.to_owned(),
            source,
        };
        // Readable for no other user from its first moment.
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(folder_error)?;
        let failure = |error| StoreError::from_sqlite(path, &error);
        let damaged = |detail: String| StoreError::Damaged {
            path: path.to_owned(),
            detail,
        };
        let mut connection = Connection::open(path).map_err(failure)?;
        connection.busy_timeout(LOCK_WAIT).map_err(failure)?;
        let verdict: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(failure)?;
        if verdict != "ok" {
            return Err(damaged(verdict));
        }
        let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let (application, version) = (
            number("application_id").map_err(failure)?,
            number("user_version").map_err(failure)?,
        );
        match (application, version) {
            (0, 0) => {
                let transaction = connection.transaction().map_err(failure)?;
                transaction.execute_batch(SCHEMA).map_err(failure)?;
                transaction
                    .pragma_update(None, "application_id", APPLICATION_ID)
                    .map_err(failure)?;
                transaction.commit().map_err(failure)?;
            }
            (APPLICATION_ID, SCHEMA_VERSION) => {}
            (APPLICATION_ID, found) if found > SCHEMA_VERSION => {
                return Err(StoreError::Newer {
                    path: path.to_owned(),
                    found,
                    known: SCHEMA_VERSION,
                });
            }
            _ => {
                return Err(StoreError::Foreign {
                    path: path.to_owned(),
                });
            }
        }
        connection
            .pragma_update(None, "journal_mode", "WAL")
            .map_err(failure)?;
        // A delivery that was accepted survives kill -9 and a power cut.
        connection
            .pragma_update(None, "synchronous", "FULL")
            .map_err(failure)?;
        let waiting = connection
            .query_row("SELECT count(*) FROM deliveries", [], |row| row.get::<_, i64>(0))
            .map_err(failure)?;
        Ok(Self {
            path: path.to_owned(),
            place: Some(Place::of(path).map_err(folder_error)?),
            connection,
            waiting: waiting.unsigned_abs(),
        })
    }

    /// To be asked before each change.
    fn check_place(&self) -> Result<(), StoreError> {
        self.place.as_ref().map_or(Ok(()), Place::check)
    }

    fn failure(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::from_sqlite(&self.path, error)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.waiting
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Adds these at the end, all or none. When there are more than `most`, the oldest go; how many.
    ///
    /// # Errors
    /// They can't be written.
    pub fn add(&mut self, deliveries: &[Delivery], most: u64) -> Result<u64, StoreError> {
        self.check_place()?;
        let result = add(&mut self.connection, deliveries, self.waiting, most);
        let dropped = result.map_err(|error| self.failure(&error))?;
        self.waiting = self.waiting + deliveries.len() as u64 - dropped;
        Ok(dropped)
    }

    /// The oldest for a receiver, with its number.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn first(&self, target: &Target) -> Result<Option<(i64, Delivery)>, StoreError> {
        let statement =
            "SELECT number, id, event, made, body FROM deliveries WHERE target = ? ORDER BY number LIMIT 1";
        let first = self
            .connection
            .prepare_cached(statement)
            .and_then(|mut statement| {
                statement
                    .query_row(params![target], |row| {
                        let delivery = Delivery {
                            target: *target,
                            id: row.get(1)?,
                            event: row.get(2)?,
                            made: row.get(3)?,
                            body: row.get(4)?,
                        };
                        Ok((row.get(0)?, delivery))
                    })
                    .optional()
            });
        first.map_err(|error| self.failure(&error))
    }

    /// Takes one out.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn remove(&mut self, number: i64) -> Result<(), StoreError> {
        self.check_place()?;
        let removed = self
            .connection
            .prepare_cached("DELETE FROM deliveries WHERE number = ?")
            .and_then(|mut statement| statement.execute([number]));
        let removed = removed.map_err(|error| self.failure(&error))?;
        self.waiting = self.waiting.saturating_sub(removed as u64);
        Ok(())
    }

    /// Removes the deliveries to other receivers than these, and those made before a moment (Unix seconds). Gives the number of each.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn clear(&mut self, targets: &[Target], before: i64) -> Result<(u64, u64), StoreError> {
        self.check_place()?;
        let result = clear(&mut self.connection, targets, before);
        let (strange, old) = result.map_err(|error| self.failure(&error))?;
        self.waiting = self.waiting.saturating_sub(strange + old);
        Ok((strange, old))
    }
}

fn add(
    connection: &mut Connection,
    deliveries: &[Delivery],
    waiting: u64,
    most: u64,
) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare_cached(
            "INSERT INTO deliveries (target, id, event, made, body) VALUES (?, ?, ?, ?, ?)",
        )?;
        for delivery in deliveries {
            let Delivery {
                target,
                id,
                event,
                made,
                body,
            } = delivery;
            statement.execute(params![target, id, event, made, body])?;
        }
    }
    let over = (waiting + deliveries.len() as u64).saturating_sub(most);
    let dropped = match over {
        0 => 0,
        over => transaction.execute(
            "DELETE FROM deliveries WHERE number IN (SELECT number FROM deliveries ORDER BY number LIMIT ?)",
            [over as i64],
        )?,
    };
    transaction.commit()?;
    Ok(dropped as u64)
}

fn clear(connection: &mut Connection, targets: &[Target], before: i64) -> rusqlite::Result<(u64, u64)> {
    let transaction = connection.transaction()?;
    let found: Vec<Vec<u8>> = transaction
        .prepare("SELECT DISTINCT target FROM deliveries")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut strange = 0;
    for target in found {
        if !targets.iter().any(|known| known[..] == target[..]) {
            strange += transaction.execute("DELETE FROM deliveries WHERE target = ?", [target])?;
        }
    }
    let old = transaction.execute("DELETE FROM deliveries WHERE made < ?", [before])?;
    transaction.commit()?;
    Ok((strange as u64, old as u64))
}

/// Moves the file and its log to names that nothing has.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let failure = |source| StoreError::Folder {
        path: path.to_owned(),
        source,
    };
    let mut number = 1;
    let aside = loop {
        let aside = with_suffix(path, &format!(".damaged-{number}"));
        if !aside.try_exists().map_err(failure)? {
            break aside;
        }
        number += 1;
    };
    fs::rename(path, &aside).map_err(failure)?;
    for suffix in ["-wal", "-shm"] {
        let log = with_suffix(path, suffix);
        if log.try_exists().map_err(failure)? {
            fs::rename(&log, with_suffix(&aside, suffix)).map_err(failure)?;
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn delivery(target: u8, number: i64) -> Delivery {
        Delivery {
            target: [target; 32],
            id: number.to_string(),
            event: "action".to_owned(),
            made: number,
            body: b"{}".to_vec(),
        }
    }

    fn first(queue: &Deliveries, target: u8) -> Option<String> {
        let first = queue.first(&[target; 32]).unwrap();
        first.map(|(_, delivery)| delivery.id)
    }

    #[test]
    fn waiting_deliveries_are_there_again_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let (mut queue, aside) = Deliveries::open(folder.path()).unwrap();
        assert_eq!(aside, None);
        queue
            .add(&[delivery(1, 1), delivery(2, 2), delivery(1, 3)], 10)
            .unwrap();
        let mode = fs::metadata(folder.path().join(FILE_NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(queue);
        let (mut queue, _) = Deliveries::open(folder.path()).unwrap();
        assert_eq!(queue.len(), 3);
        assert_eq!(first(&queue, 1).as_deref(), Some("1"));
        let (number, found) = queue.first(&[1; 32]).unwrap().unwrap();
        assert_eq!(found, delivery(1, 1));
        queue.remove(number).unwrap();
        queue.remove(number).unwrap();
        assert_eq!((queue.len(), first(&queue, 1).as_deref()), (2, Some("3")));
        assert_eq!(first(&queue, 2).as_deref(), Some("2"));
        assert_eq!(first(&queue, 3), None);
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let mut queue = Deliveries::in_memory().unwrap();
        let many: Vec<Delivery> = (1..=7).map(|number| delivery(1, number)).collect();
        assert_eq!(queue.add(&many, 5).unwrap(), 2);
        assert_eq!((queue.len(), first(&queue, 1).as_deref()), (5, Some("3")));
        assert_eq!(queue.add(&many, 5).unwrap(), 7);
        assert_eq!((queue.len(), first(&queue, 1).as_deref()), (5, Some("3")));
        queue.add(&[delivery(2, 1), delivery(2, 9)], 100).unwrap();
        assert_eq!(queue.clear(&[[2; 32]], 5).unwrap(), (5, 1));
        assert_eq!((queue.len(), first(&queue, 2).as_deref()), (1, Some("9")));
    }

    #[test]
    fn a_damaged_queue_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        for number in 1..=2 {
            fs::write(
                &path,
                "this is no database, but it is long enough to be read as one".repeat(100),
            )
            .unwrap();
            let (mut queue, aside) = Deliveries::open(folder.path()).unwrap();
            let aside = aside.unwrap();
            assert!(
                aside.ends_with(format!("{FILE_NAME}.damaged-{number}")),
                "{aside:?}"
            );
            assert!(fs::read_to_string(aside).unwrap().starts_with("this is"));
            queue.add(&[delivery(1, 1)], 10).unwrap();
        }
    }
}
