//! The JSON answer of the login check, for accounts that the server keeps itself.

use std::collections::BTreeMap;

use fchatd_store::{Account, Character, CharacterKey, Choice};
use serde::Serialize;
use serde::ser::Serializer;
use serde_json::json;

use crate::desk::AccountDesk;
use crate::error::AccountError;

/// The JSON answer of a login check. Members that the embedded accounts do not know are left out: all of them are
/// optional.
#[derive(Serialize)]
struct LoginAnswer<'a> {
    error: &'static str,
    account: AccountPart,
    char: CharacterPart<'a>,
    permissions: u32,
    #[serde(serialize_with = "select")]
    select: &'a Character,
    #[serde(flatten)]
    known: &'a Known,
    bits: Bits,
}

/// The data of an account and a character that the chat looks at.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Known {
    /// Fields of the profile, by their names.
    info: BTreeMap<String, String>,
    /// The likes of the character. Nothing when it says nothing, because then the search finds it all the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinks: Vec<i64>,
    /// Custom kinks: name and description.
    custom: BTreeMap<String, String>,
    friends: Vec<String>,
    ignores: Vec<String>,
}

#[derive(Serialize)]
struct AccountPart {
    account_id: i64,
    admin: &'static str,
    banned: u8,
    /// Minutes left, so that all values other than 0 mean "not now".
    timeout: u64,
    /// When the account was made, in Unix seconds.
    created_at: u64,
}

#[derive(Serialize)]
struct CharacterPart<'a> {
    character_id: i64,
    name: &'a str,
}

#[derive(Serialize, Default)]
struct Bits {
    hellban: u8,
    subscribed: u8,
    coder: u8,
    admin: u8,
    moderator: u8,
    helpdesk: u8,
    chanop: u8,
    chatop: u8,
    supercop: u8,
}

fn select<S: Serializer>(character: &&Character, serializer: S) -> Result<S::Ok, S::Error> {
    let gender = character.profile.gender.is_none().then_some(("Gender", "None"));
    serializer.collect_map(gender.into_iter().chain(character.profile.members()))
}

impl AccountDesk {
    /// The answer for one of the account's characters.
    pub(crate) fn admit(&mut self, account: &Account, character: &Character) -> Result<String, AccountError> {
        let page = self.accounts.page(&CharacterKey::Id(character.id))?;
        let page = page.map(|head| head.page).unwrap_or_default();
        let catalogue = self.settings.catalogue.now();
        let info = page.infotags.iter().filter_map(|(id, value)| {
            let tag = catalogue.infotag(*id)?;
            Some((tag.name.clone(), catalogue.words(tag, value)?.to_owned()))
        });
        let liked = page.kinks.iter().filter(|(_, choice)| {
            // A search for a kink looks for characters that like it.
            matches!(choice, Choice::Favourite | Choice::Yes)
        });
        let customs = page.custom_kinks.into_iter();
        let known = Known {
            info: info.collect(),
            kinks: liked.map(|(id, _)| *id).collect(),
            custom: customs.map(|custom| (custom.name, custom.description)).collect(),
            friends: self.accounts.friend_names(account.id)?,
            ignores: self.accounts.ignores(account.id)?,
        };
        admitted(account, character, &known, self.now())
    }
}

/// The answer for a character that may enter as far as tickets go; bans are the core's to judge.
pub(crate) fn admitted(
    account: &Account,
    character: &Character,
    known: &Known,
    now: u64,
) -> Result<String, AccountError> {
    let answer = LoginAnswer {
        error: "",
        account: AccountPart {
            account_id: account.id.0,
            admin: if account.admin { "1" } else { "0" },
            banned: u8::from(account.banned),
            timeout: account.timeout_until.saturating_sub(now).div_ceil(60),
            created_at: account.created_at,
        },
        char: CharacterPart {
            character_id: character.id.0,
            name: &character.name,
        },
        permissions: u32::from(account.admin),
        select: character,
        known,
        bits: Bits {
            admin: u8::from(account.admin),
            ..Bits::default()
        },
    };
    serde_json::to_string(&answer).map_err(|error| {
        tracing::error!(%error, "a login answer could not be written");
        AccountError::Failed(None)
    })
}

/// The answer for a login that is refused.
pub(crate) fn refused(text: &str) -> String {
    json!({ "error": text }).to_string()
}
