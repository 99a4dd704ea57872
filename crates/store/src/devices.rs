//! Devices that stay signed in to the page: their tokens, which change as they are used, and their list. The store keeps digests
//! of tokens only; the format of a token is the business of the account service.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use crate::accounts::{AccountId, Accounts, seconds};
use crate::error::StoreError;
use crate::rows::{Reader, table};

/// A device's number: 1 and up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId(pub i64);

/// The digests (SHA-256) of the two halves of a device's token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceSecret {
    /// Of the half that stays the same.
    pub family: [u8; 32],
    /// Of the half that changes.
    pub turn: [u8; 32],
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("DeviceSecret")
    }
}

/// A device that signs in.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// The digests of its token.
    pub secret: DeviceSecret,
    /// The browser in words.
    pub name: String,
    /// The address group that it signs in from.
    pub address: String,
}

/// A device that stays signed in. Times are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its number.
    pub id: DeviceId,
    /// Its account.
    pub account: AccountId,
    /// The browser in words.
    pub name: String,
    /// The address group of its last use.
    pub address: String,
    /// When it signed in.
    pub created_at: u64,
    /// When its token was last used.
    pub seen_at: u64,
    /// When the password was last entered there.
    pub entered_at: u64,
}

/// The result of the use of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceUse {
    /// The token is the newest one, or the one before it within its grace. `is_rotated` says whether the new half was put
    /// in the place of the newest one, so that the browser has to get it.
    Good {
        /// The device.
        device: Device,
        /// Whether the browser has to get a new token.
        is_rotated: bool,
    },
    /// An old token of the device was used: two browsers have it, and one of them has stolen it. The device is signed out.
    Stolen(AccountId),
    /// There is no such device, or not any more.
    Unknown,
}

const DEVICE: &str =
    "SELECT device_id, account_id, name, address, created_at, seen_at, entered_at FROM device";

impl Accounts {
    /// Signs a device in; its password was entered at `now` (Unix seconds). Of the account's other devices the ones that were
    /// not used for longest go, as many as are more than `keep` with this one. Devices of all accounts that were not used for
    /// `idle` seconds go, too.
    ///
    /// # Errors
    /// The store failed.
    pub fn add_device(
        &mut self,
        account: AccountId,
        device: &NewDevice,
        (keep, idle): (u32, u64),
        now: u64,
    ) -> Result<DeviceId, StoreError> {
        self.in_transaction(|transaction| {
            let since = seconds(now.saturating_sub(idle));
            transaction.execute("DELETE FROM device WHERE seen_at <= ?", [since])?;
            let now = seconds(now);
            transaction.execute(
                "INSERT INTO device (account_id, family, current, previous, is_confirmed, rotated_at, created_at, seen_at, \
                 entered_at, name, address) VALUES (?1, ?2, ?3, x'', 0, ?4, ?4, ?4, ?4, ?5, ?6)",
                params![
                    account.0,
                    device.secret.family,
                    device.secret.turn,
                    now,
                    device.name,
                    device.address
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction.execute(
                "DELETE FROM device WHERE account_id = ?1 AND device_id <> ?2 AND device_id NOT IN (SELECT device_id \
                 FROM device WHERE account_id = ?1 AND device_id <> ?2 ORDER BY seen_at DESC, device_id DESC LIMIT ?3)",
                params![account.0, id, keep.saturating_sub(1)],
            )?;
            Ok(DeviceId(id))
        })
    }

    /// Uses the token of a device at `now` (Unix seconds). The newest token is good. The one before it is good for `grace` seconds after the
    /// change, because two tabs may use it at once, and until the browser has sent the newest one, because an answer
    /// may be lost. Any other one signs the device out. After the grace a use puts `next` in the place of the changing half. A
    /// device that was not used for `idle` seconds is signed out.
    ///
    /// # Errors
    /// The store failed.
    pub fn use_device(
        &mut self,
        secret: DeviceSecret,
        next: [u8; 32],
        address: &str,
        (grace, idle): (u64, u64),
        now: u64,
    ) -> Result<DeviceUse, StoreError> {
        self.in_transaction(|transaction| {
            let query = "SELECT device_id, current, previous, is_confirmed, rotated_at FROM device WHERE family = ?";
            let found = transaction.query_row(query, [secret.family], |row| {
                let times = u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0);
                Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?, row.get::<_, Vec<u8>>(2)?, row.get::<_, bool>(3)?, times))
            });
            let Some((id, current, previous, is_confirmed, rotated_at)) = found.optional()? else {
                return Ok(DeviceUse::Unknown);
            };
            let device = transaction.query_row(&format!("{DEVICE} WHERE device_id = ?"), [id], read)?;
            let delete = |transaction: &rusqlite::Transaction<'_>| {
                transaction.execute("DELETE FROM device WHERE device_id = ?", [id])
            };
            if now.saturating_sub(device.seen_at) >= idle {
                delete(transaction)?;
                return Ok(DeviceUse::Unknown);
            }
            // A clock that was put back must not make the grace longer.
            let in_grace = now.abs_diff(rotated_at) <= grace;
            let is_current = secret.turn == current;
            let is_previous = previous == secret.turn && (in_grace || !is_confirmed);
            if !is_current && !is_previous {
                delete(transaction)?;
                return Ok(DeviceUse::Stolen(device.account));
            }
            let is_rotated = !in_grace;
            let now = seconds(now);
            if is_rotated {
                // The token that the browser has is the one before the next.
                let statement = "UPDATE device SET current = ?2, previous = ?3, is_confirmed = 0, rotated_at = ?4 WHERE device_id = ?1";
                transaction.execute(statement, params![id, next, secret.turn, now])?;
            } else if is_current && !is_confirmed {
                transaction.execute("UPDATE device SET is_confirmed = 1 WHERE device_id = ?", [id])?;
            }
            let statement = "UPDATE device SET seen_at = ?2, address = ?3 WHERE device_id = ?1";
            transaction.execute(statement, params![id, now, address])?;
            Ok(DeviceUse::Good { device, is_rotated })
        })
    }

    /// The device of a token that is good, without a use of it.
    ///
    /// # Errors
    /// The store failed.
    pub fn device_of(&mut self, secret: DeviceSecret) -> Result<Option<Device>, StoreError> {
        let query = format!("{DEVICE} WHERE family = ?1 AND ?2 IN (current, previous)");
        self.optional(&query, params![secret.family, secret.turn], read)
    }

    /// The devices of an account that were used in the last `idle` seconds, the last used first.
    ///
    /// # Errors
    /// The store failed.
    pub fn devices(&mut self, account: AccountId, idle: u64, now: u64) -> Result<Vec<Device>, StoreError> {
        let query =
            format!("{DEVICE} WHERE account_id = ? AND seen_at > ? ORDER BY seen_at DESC, device_id DESC");
        let since = seconds(now.saturating_sub(idle));
        self.connection
            .prepare_cached(&query)
            .and_then(|mut statement| statement.query_map(params![account.0, since], read)?.collect())
            .map_err(|error| self.failure(&error))
    }

    /// Signs devices of an account out, with their tickets: one of them, or all but one. Gives how many.
    ///
    /// # Errors
    /// The store failed.
    pub fn remove_devices(
        &mut self,
        account: AccountId,
        one: Option<DeviceId>,
        kept: Option<DeviceId>,
    ) -> Result<usize, StoreError> {
        let statement = "DELETE FROM device WHERE account_id = ?1 AND (?2 IS NULL OR device_id = ?2) AND device_id IS NOT ?3";
        self.change(
            statement,
            params![account.0, one.map(|id| id.0), kept.map(|id| id.0)],
        )
    }

    /// Notes a use of a device at `now` (Unix seconds). False where it is not signed in, or was not used for `idle` seconds.
    ///
    /// # Errors
    /// The store failed.
    pub fn touch_device(&mut self, device: DeviceId, idle: u64, now: u64) -> Result<bool, StoreError> {
        let statement = "UPDATE device SET seen_at = ?2 WHERE device_id = ?1 AND seen_at > ?3";
        let since = seconds(now.saturating_sub(idle));
        Ok(self.change(statement, params![device.0, seconds(now), since])? > 0)
    }

    /// Notes that the password was entered on a device at `now` (Unix seconds).
    ///
    /// # Errors
    /// The store failed.
    pub fn confirm_device(&mut self, device: DeviceId, now: u64) -> Result<(), StoreError> {
        let statement = "UPDATE device SET entered_at = ?2 WHERE device_id = ?1";
        self.change(statement, params![device.0, seconds(now)])
            .map(|_| ())
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Device> {
    let time =
        |column| -> rusqlite::Result<u64> { Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0)) };
    Ok(Device {
        id: DeviceId(row.get(0)?),
        account: AccountId(row.get(1)?),
        name: row.get(2)?,
        address: row.get(3)?,
        created_at: time(4)?,
        seen_at: time(5)?,
        entered_at: time(6)?,
    })
}

/// Checks the rows of devices.
pub(crate) fn inspect(reader: &mut Reader<'_>) -> rusqlite::Result<()> {
    reader.rows(table("device", &["device_id"]), |row| {
        row.key("device_id", |id: &i64| format!("device {id}"));
        let _: ([u8; 32], [u8; 32], Vec<u8>) = (row.get("family"), row.get("current"), row.get("previous"));
        let _: (String, String, bool) = (row.get("name"), row.get("address"), row.get("is_confirmed"));
        for column in ["rotated_at", "created_at", "seen_at", "entered_at"] {
            row.at_least(column, 0);
        }
    })?;
    Ok(())
}
