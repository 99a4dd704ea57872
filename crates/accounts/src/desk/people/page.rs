//! Profile pages: validation of changes, and view counts that are written in batches.

use std::collections::{BTreeMap, HashSet};

use fchatd_store::{
    AccountId, CharacterId, CharacterKey, Choice, CustomKink, Page, PageHead, PageSettings, Profile,
};
use serde::Deserialize;

use super::refused;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::profile::catalogue::{Catalogue, InfotagKind, ProfileField};

/// Characters of a title.
const TITLE_MAX: usize = 100;
/// Bytes of a description.
const DESCRIPTION_BYTES_MAX: usize = 50_000;
/// Characters of a field.
const FIELD_MAX: usize = 200;
/// Custom kinks of a character.
const CUSTOM_KINKS_MAX: usize = 200;
/// Characters of a custom kink's name.
const CUSTOM_NAME_MAX: usize = 60;
/// Bytes of a custom kink's description.
const CUSTOM_DESCRIPTION_BYTES_MAX: usize = 1000;
/// Looks at pages that wait for being kept.
const VIEWS_WAITING_MAX: u32 = 64;
/// The greatest delay in seconds, as long as pages are visited.
const VIEWS_WAITING_SECONDS: u64 = 60;

/// The fields that an editor sends; a missing field stays as it is.
#[derive(Debug, Default, Clone)]
pub(crate) struct PageChange {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) timezone: Option<i8>,
    pub(crate) infotags: Option<BTreeMap<String, TextOrNumber>>,
    pub(crate) kinks: Option<BTreeMap<String, String>>,
    pub(crate) custom_kinks: Option<Vec<CustomChange>>,
    pub(crate) settings: Option<SettingsChange>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum TextOrNumber {
    Text(String),
    Number(i64),
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct CustomChange {
    name: String,
    #[serde(default)]
    description: String,
    choice: String,
    #[serde(default)]
    children: Vec<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct SettingsChange {
    customs_first: Option<bool>,
    show_friends: Option<bool>,
    prevent_bookmarks: Option<bool>,
}

/// Looks at pages that are counted already but not yet kept.
#[derive(Debug, Default)]
pub(crate) struct Views {
    waiting: BTreeMap<i64, u32>,
    count: u32,
    since: u64,
}

impl AccountDesk {
    /// The page of a character, of any account.
    pub(crate) fn page(&mut self, key: &CharacterKey) -> Result<PageHead, AccountError> {
        self.accounts.page(key)?.ok_or(AccountError::UnknownCharacter)
    }

    /// A page for a visitor; visits of others than its owner are counted.
    pub(crate) fn look_at(
        &mut self,
        viewer: AccountId,
        key: &CharacterKey,
    ) -> Result<PageHead, AccountError> {
        let mut page = self.page(key)?;
        if page.character.account != viewer {
            self.count_view(page.character.id);
        }
        let waiting = self.views.waiting.get(&page.character.id.0);
        page.views += waiting.map_or(0, |count| u64::from(*count));
        Ok(page)
    }

    fn count_view(&mut self, character: CharacterId) {
        let now = self.now();
        if self.views.count == 0 {
            self.views.since = now;
        }
        *self.views.waiting.entry(character.0).or_default() += 1;
        self.views.count += 1;
        // Each one on its own would keep the disk busy for a count that may be lost.
        if self.views.count >= VIEWS_WAITING_MAX
            || now.saturating_sub(self.views.since) >= VIEWS_WAITING_SECONDS
        {
            let waiting = std::mem::take(&mut self.views).waiting;
            let views = waiting.into_iter().map(|(id, count)| (CharacterId(id), count));
            if let Err(error) = self.accounts.add_views(views) {
                // The profile is shown all the same.
                tracing::debug!(%error, "looks at profiles could not be counted");
            }
        }
    }

    /// Changes one of the account's characters.
    pub(crate) fn save_page(
        &mut self,
        account: AccountId,
        name: &str,
        change: PageChange,
    ) -> Result<(), AccountError> {
        let head = self
            .accounts
            .page(&CharacterKey::Name(name.to_owned()))?
            .filter(|head| head.character.account == account)
            .ok_or(AccountError::NoSuchCharacter)?;
        let (mut profile, mut page) = (head.character.profile, head.page);
        let catalogue = self.settings.catalogue.now();
        change.apply(&catalogue, &mut profile, &mut page)?;
        self.accounts
            .save_page(head.character.id, &profile, &page, self.now())?;
        Ok(())
    }
}

impl PageChange {
    fn apply(
        self,
        catalogue: &Catalogue,
        profile: &mut Profile,
        page: &mut Page,
    ) -> Result<(), AccountError> {
        if let Some(title) = self.title {
            page.title = line("The title", &title, TITLE_MAX)?;
        }
        if let Some(description) = self.description {
            page.description = text("The description", &description, DESCRIPTION_BYTES_MAX)?;
        }
        if let Some(timezone) = self.timezone {
            if !(-12..=14).contains(&timezone) {
                return Err(refused("The time zone must be from -12 to 14 hours."));
            }
            page.timezone = timezone;
        }
        if let Some(settings) = self.settings {
            let old = page.settings;
            page.settings = PageSettings {
                customs_first: settings.customs_first.unwrap_or(old.customs_first),
                show_friends: settings.show_friends.unwrap_or(old.show_friends),
                prevent_bookmarks: settings.prevent_bookmarks.unwrap_or(old.prevent_bookmarks),
            };
        }
        if let Some(infotags) = self.infotags {
            set_infotags(catalogue, infotags, profile, page)?;
        }
        if let Some(kinks) = self.kinks {
            page.kinks = read_kinks(catalogue, kinks)?;
        }
        if let Some(customs) = self.custom_kinks {
            page.custom_kinks = read_customs(catalogue, customs)?;
        }
        Ok(())
    }
}

/// Replaces all fields. The chat's own ones stand in the profile; without a gender the old one stays.
fn set_infotags(
    catalogue: &Catalogue,
    infotags: BTreeMap<String, TextOrNumber>,
    profile: &mut Profile,
    page: &mut Page,
) -> Result<(), AccountError> {
    *profile = Profile {
        gender: profile.gender.take(),
        ..Profile::default()
    };
    page.infotags.clear();
    for (id, value) in infotags {
        let value = match value {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        };
        if value.trim().is_empty() {
            continue;
        }
        let tag = id.parse().ok().and_then(|id| catalogue.infotag(id));
        let tag = tag.ok_or_else(|| refused("The profile has a field that this site does not know."))?;
        match tag.kind {
            InfotagKind::Text => {
                let field = format!("The field \"{}\"", tag.name);
                page.infotags.push((tag.id, line(&field, &value, FIELD_MAX)?));
            }
            InfotagKind::List => {
                let item = value.parse().ok().and_then(|id| catalogue.item(&tag.list, id));
                let item = item.ok_or_else(|| {
                    refused(format!(
                        "The field \"{}\" must be one of the items of its list.",
                        tag.name
                    ))
                })?;
                match ProfileField::named(&tag.name) {
                    Some(field) => *field.of(profile) = Some(item.value.clone()),
                    None => page.infotags.push((tag.id, item.id.to_string())),
                }
            }
        }
    }
    Ok(())
}

fn read_kinks(
    catalogue: &Catalogue,
    kinks: BTreeMap<String, String>,
) -> Result<Vec<(i64, Choice)>, AccountError> {
    kinks
        .into_iter()
        .map(|(id, choice)| {
            let kink = id.parse().ok().and_then(|id| catalogue.kink(id));
            let kink = kink.ok_or_else(unknown_kink)?;
            Ok((kink.id, read_choice(&choice)?))
        })
        .collect()
}

fn read_customs(catalogue: &Catalogue, customs: Vec<CustomChange>) -> Result<Vec<CustomKink>, AccountError> {
    if customs.len() > CUSTOM_KINKS_MAX {
        return Err(refused(format!(
            "A character can have at most {CUSTOM_KINKS_MAX} custom kinks."
        )));
    }
    let mut names = HashSet::new();
    customs
        .into_iter()
        .map(|custom| {
            let name = line("A custom kink's name", &custom.name, CUSTOM_NAME_MAX)?;
            if name.is_empty() {
                return Err(refused("A custom kink needs a name."));
            }
            // The chat knows them by their names.
            if !names.insert(name.clone()) {
                return Err(refused(format!("There are two custom kinks called \"{name}\".")));
            }
            if custom.children.iter().any(|id| catalogue.kink(*id).is_none()) {
                return Err(unknown_kink());
            }
            Ok(CustomKink {
                id: 0,
                name,
                description: text(
                    "A custom kink's description",
                    &custom.description,
                    CUSTOM_DESCRIPTION_BYTES_MAX,
                )?,
                choice: read_choice(&custom.choice)?,
                children: custom.children,
            })
        })
        .collect()
}

fn read_choice(word: &str) -> Result<Choice, AccountError> {
    Choice::parse(word).ok_or_else(|| {
        refused("What a character thinks of a kink is \"fave\", \"yes\", \"maybe\" or \"no\".")
    })
}

fn unknown_kink() -> AccountError {
    refused("The profile has a kink that this site does not know.")
}

fn line(what: &str, value: &str, max: usize) -> Result<String, AccountError> {
    let value = value.trim();
    if value.chars().count() > max || value.chars().any(char::is_control) {
        return Err(refused(format!(
            "{what} must be a single line of at most {max} characters."
        )));
    }
    Ok(value.to_owned())
}

fn text(what: &str, value: &str, max: usize) -> Result<String, AccountError> {
    let value = value.replace("\r\n", "\n");
    if value.len() > max
        || value
            .chars()
            .any(|one| one.is_control() && !matches!(one, '\n' | '\t'))
    {
        return Err(refused(format!(
            "{what} must be a text of at most {max} bytes without control characters."
        )));
    }
    Ok(value)
}
