//! Avatars of characters. The pictures' formats are checked before they come here.

use rusqlite::params;

use crate::accounts::{Accounts, CharacterId};
use crate::error::StoreError;

/// An uploaded picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its type, such as `image/png`.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Accounts {
    /// The avatar of the character of that name.
    ///
    /// # Errors
    /// The store failed.
    pub fn avatar(&mut self, name: &str) -> Result<Option<Picture>, StoreError> {
        self.optional(
            "SELECT a.media_type, a.image FROM avatar a JOIN character c ON c.character_id = a.character_id \
             WHERE c.name = ?",
            [name],
            |row| {
                Ok(Picture {
                    media_type: row.get(0)?,
                    bytes: row.get(1)?,
                })
            },
        )
    }

    /// The next picture with metadata that is not removed yet, and its character.
    ///
    /// # Errors
    /// The store failed.
    pub fn next_uncleaned_avatar(&mut self) -> Result<Option<(CharacterId, Vec<u8>)>, StoreError> {
        self.optional(
            "SELECT character_id, image FROM avatar WHERE cleaned = 0 LIMIT 1",
            [],
            |row| Ok((CharacterId(row.get(0)?), row.get(1)?)),
        )
    }

    /// Replaces a picture by itself without its metadata; without one, notes that it stays as it is.
    ///
    /// # Errors
    /// The store failed.
    pub fn clean_avatar(&mut self, character: CharacterId, bytes: Option<&[u8]>) -> Result<(), StoreError> {
        let statement = "UPDATE avatar SET image = coalesce(?2, image), cleaned = 1 WHERE character_id = ?1";
        self.change(statement, params![character.0, bytes]).map(|_| ())
    }

    /// Replaces a character's avatar, or takes it away.
    ///
    /// # Errors
    /// There is no such character, or the store failed.
    pub fn set_avatar(
        &mut self,
        character: CharacterId,
        picture: Option<&Picture>,
    ) -> Result<(), StoreError> {
        match picture {
            Some(picture) => self.change(
                "INSERT INTO avatar (character_id, media_type, image, cleaned) VALUES (?1, ?2, ?3, 1) \
                 ON CONFLICT DO UPDATE SET media_type = ?2, image = ?3, cleaned = 1",
                params![character.0, picture.media_type, picture.bytes],
            ),
            None => self.change("DELETE FROM avatar WHERE character_id = ?", [character.0]),
        }
        .map(|_| ())
    }
}
