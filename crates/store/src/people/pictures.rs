use rusqlite::params;

use crate::accounts::{Accounts, CharacterId};
use crate::error::StoreError;

/// A picture that somebody uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What it is, such as `image/png`.
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
                "INSERT INTO avatar (character_id, media_type, image) VALUES (?1, ?2, ?3) \
                 ON CONFLICT DO UPDATE SET media_type = ?2, image = ?3",
                params![character.0, picture.media_type, picture.bytes],
            ),
            None => self.change("DELETE FROM avatar WHERE character_id = ?", [character.0]),
        }
        .map(|_| ())
    }
}
