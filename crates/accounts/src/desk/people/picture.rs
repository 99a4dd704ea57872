//! Avatars: checks of uploaded pictures and removal of their metadata.

use fchatd_store::{AccountId, CharacterKey, Picture};

use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::profile::picture::{self, PICTURE_BYTES_MAX, PIXELS_MAX};

/// Pictures of an older program that are cleaned in one go, so that others need not wait for long.
const CLEANED_AT_ONCE: usize = 8;

impl AccountDesk {
    /// Replaces the avatar of one of the account's characters, or takes it away.
    pub(crate) fn set_avatar(
        &mut self,
        account: AccountId,
        name: &str,
        bytes: Option<Vec<u8>>,
    ) -> Result<(), AccountError> {
        let character = self.own(account, &CharacterKey::Name(name.to_owned()))?;
        let picture = bytes.map(examine).transpose()?;
        Ok(self.accounts.set_avatar(character.id, picture.as_ref())?)
    }

    /// Removes the metadata of some pictures that an older program has kept. Cheap when there are none.
    pub(crate) fn clean_pictures(&mut self) {
        for _ in 0..CLEANED_AT_ONCE {
            let done = match self.accounts.next_uncleaned_avatar() {
                Ok(None) => return,
                Ok(Some((character, bytes))) => {
                    let clean = picture::clean(&bytes);
                    self.accounts.clean_avatar(character, clean.as_deref())
                }
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                tracing::debug!(%error, "metadata could not be removed from a picture yet");
                return;
            }
        }
    }

    pub(crate) fn avatar(&mut self, name: &str) -> Result<Option<Picture>, AccountError> {
        Ok(self.accounts.avatar(name)?)
    }
}

fn examine(bytes: impl AsRef<[u8]>) -> Result<Picture, AccountError> {
    let bytes = bytes.as_ref();
    if bytes.len() > PICTURE_BYTES_MAX {
        return Err(refused(format!(
            "A picture can have at most {} KiB.",
            PICTURE_BYTES_MAX / 1024
        )));
    }
    let strange = || refused("This is not a PNG, JPEG, GIF or WebP picture, or a broken one.");
    let format = picture::examine(bytes).ok_or_else(strange)?;
    if [format.width, format.height]
        .iter()
        .any(|side| !(1..=PIXELS_MAX).contains(side))
    {
        return Err(refused(format!(
            "A picture can be at most {PIXELS_MAX} pixels wide and high."
        )));
    }
    // Cleaning keeps everything that is needed to draw the picture.
    let bytes = picture::clean(bytes).ok_or_else(strange)?;
    Ok(Picture {
        media_type: format.media_type.to_owned(),
        bytes,
    })
}
