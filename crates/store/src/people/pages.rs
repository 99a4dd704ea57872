//! Profile pages of characters: texts, fields, kinks, settings and view counts.

use rusqlite::{Transaction, params};

use super::{CharacterKey, unsigned};
use crate::accounts::{Accounts, Character, CharacterId, read_character, seconds};
use crate::error::StoreError;
use crate::profile::Profile;

/// A character's opinion of a kink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// `fave`
    Favourite,
    /// `yes`
    Yes,
    /// `maybe`
    Maybe,
    /// `no`
    No,
}

impl Choice {
    /// The word that clients use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Favourite => "fave",
            Self::Yes => "yes",
            Self::Maybe => "maybe",
            Self::No => "no",
        }
    }

    /// The choice that a word stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "fave" | "favorite" => Self::Favourite,
            "yes" => Self::Yes,
            "maybe" => Self::Maybe,
            "no" => Self::No,
            _ => return None,
        })
    }
}

/// A kink that its owner has put into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomKink {
    /// Its number; not looked at when a page is saved.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its meaning.
    pub description: String,
    /// The character's opinion of it.
    pub choice: Choice,
    /// Kinks of the site's table that it includes.
    pub children: Vec<i64>,
}

/// How a page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSettings {
    /// Custom kinks stand before the others.
    pub customs_first: bool,
    /// Others may see the list of friends.
    pub show_friends: bool,
    /// The character cannot be bookmarked.
    pub prevent_bookmarks: bool,
}

impl Default for PageSettings {
    fn default() -> Self {
        Self {
            customs_first: false,
            show_friends: true,
            prevent_bookmarks: false,
        }
    }
}

/// The text that the owner of a character has written about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// A line under the name.
    pub title: String,
    /// The text, in BBCode.
    pub description: String,
    /// How it is shown.
    pub settings: PageSettings,
    /// Hours east of Greenwich.
    pub timezone: i8,
    /// Fields by their numbers: a text, or the number of a list's item. Those of [`Profile`] are not here.
    pub infotags: Vec<(i64, String)>,
    /// Kinks by their numbers.
    pub kinks: Vec<(i64, Choice)>,
    /// Kinks in the owner's words, in their order.
    pub custom_kinks: Vec<CustomKink>,
}

/// A page with the server's own data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageHead {
    /// The character.
    pub character: Character,
    /// The page.
    pub page: Page,
    /// How often others looked at it.
    pub views: u64,
    /// When the character was made, in Unix seconds.
    pub created_at: u64,
    /// When the page was saved for the last time, in Unix seconds.
    pub updated_at: u64,
}

const HEAD: &str = "SELECT character_id, account_id, name, gender, orientation, language_preference, \
                    furry_preference, role, position, custom_title, description, customs_first, show_friends, \
                    prevent_bookmarks, timezone, views, created_at, updated_at FROM character";

impl Accounts {
    /// The page of a character, of any account.
    ///
    /// # Errors
    /// The store failed.
    pub fn page(&mut self, key: &CharacterKey) -> Result<Option<PageHead>, StoreError> {
        let read = |row: &rusqlite::Row<'_>| {
            let created_at = unsigned(row.get(16)?);
            Ok(PageHead {
                character: read_character(row)?,
                page: Page {
                    title: row.get(9)?,
                    description: row.get(10)?,
                    settings: PageSettings {
                        customs_first: row.get(11)?,
                        show_friends: row.get(12)?,
                        prevent_bookmarks: row.get(13)?,
                    },
                    timezone: row.get(14)?,
                    ..Page::default()
                },
                views: unsigned(row.get(15)?),
                created_at,
                updated_at: unsigned(row.get(17)?).max(created_at),
            })
        };
        let head = match key {
            CharacterKey::Id(id) => self.optional(&format!("{HEAD} WHERE character_id = ?"), [id.0], read)?,
            CharacterKey::Name(name) => self.optional(&format!("{HEAD} WHERE name = ?"), [name], read)?,
        };
        let Some(mut head) = head else { return Ok(None) };
        let id = head.character.id.0;
        head.page.infotags = self.rows(
            "SELECT infotag, value FROM character_infotag WHERE character_id = ? ORDER BY infotag",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        head.page.kinks = self.rows(
            "SELECT kink, choice FROM character_kink WHERE character_id = ? ORDER BY kink",
            [id],
            |row| Ok((row.get(0)?, read_choice(row, 1)?)),
        )?;
        head.page.custom_kinks = self.custom_kinks(id)?;
        Ok(Some(head))
    }

    fn custom_kinks(&self, character: i64) -> Result<Vec<CustomKink>, StoreError> {
        let mut customs = self.rows(
            "SELECT custom_kink_id, name, description, choice FROM custom_kink WHERE character_id = ? \
             ORDER BY custom_kink_id",
            [character],
            |row| {
                Ok(CustomKink {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    description: row.get(2)?,
                    choice: read_choice(row, 3)?,
                    children: Vec::new(),
                })
            },
        )?;
        let children: Vec<(i64, i64)> = self.rows(
            "SELECT h.custom_kink_id, h.kink FROM custom_kink_child h JOIN custom_kink k \
             ON k.custom_kink_id = h.custom_kink_id WHERE k.character_id = ? ORDER BY h.kink",
            [character],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        for (custom, kink) in children {
            if let Some(custom) = customs.iter_mut().find(|one| one.id == custom) {
                custom.children.push(kink);
            }
        }
        Ok(customs)
    }

    /// Replaces a character's profile and page; false when there is no such character.
    ///
    /// # Errors
    /// The store failed; then the old page stays.
    pub fn save_page(
        &mut self,
        character: CharacterId,
        profile: &Profile,
        page: &Page,
        now: u64,
    ) -> Result<bool, StoreError> {
        self.in_transaction(|transaction| {
            let changed = transaction.execute(
                "UPDATE character SET gender = ?, orientation = ?, language_preference = ?, furry_preference = ?, \
                 role = ?, position = ?, custom_title = ?, description = ?, customs_first = ?, show_friends = ?, \
                 prevent_bookmarks = ?, timezone = ?, updated_at = ? WHERE character_id = ?",
                params![
                    profile.gender,
                    profile.orientation,
                    profile.language_preference,
                    profile.furry_preference,
                    profile.role,
                    profile.position,
                    page.title,
                    page.description,
                    page.settings.customs_first,
                    page.settings.show_friends,
                    page.settings.prevent_bookmarks,
                    page.timezone,
                    seconds(now),
                    character.0,
                ],
            )?;
            if changed > 0 {
                replace_lists(transaction, character, page)?;
            }
            Ok(changed > 0)
        })
    }

    /// Counts looks at pages.
    ///
    /// # Errors
    /// The store failed.
    pub fn add_views(
        &mut self,
        views: impl IntoIterator<Item = (CharacterId, u32)>,
    ) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            for (character, count) in views {
                transaction
                    .prepare_cached("UPDATE character SET views = views + ? WHERE character_id = ?")?
                    .execute(params![count, character.0])?;
            }
            Ok(())
        })
    }
}

fn replace_lists(transaction: &Transaction<'_>, character: CharacterId, page: &Page) -> rusqlite::Result<()> {
    for table in ["character_infotag", "character_kink", "custom_kink"] {
        transaction.execute(
            &format!("DELETE FROM {table} WHERE character_id = ?"),
            [character.0],
        )?;
    }
    for (infotag, value) in &page.infotags {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO character_infotag VALUES (?, ?, ?)")?
            .execute(params![character.0, infotag, value])?;
    }
    for (kink, choice) in &page.kinks {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO character_kink VALUES (?, ?, ?)")?
            .execute(params![character.0, kink, choice.as_str()])?;
    }
    for custom in &page.custom_kinks {
        transaction
            .prepare_cached(
                "INSERT INTO custom_kink (character_id, name, description, choice) VALUES (?, ?, ?, ?)",
            )?
            .execute(params![
                character.0,
                custom.name,
                custom.description,
                custom.choice.as_str()
            ])?;
        let id = transaction.last_insert_rowid();
        for kink in &custom.children {
            transaction
                .prepare_cached("INSERT OR IGNORE INTO custom_kink_child VALUES (?, ?)")?
                .execute([id, *kink])?;
        }
    }
    Ok(())
}

fn read_choice(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Choice> {
    let word: String = row.get(column)?;
    // The table allows no other words.
    Ok(Choice::parse(&word).unwrap_or(Choice::Maybe))
}
