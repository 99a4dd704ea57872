//! The login provider for development (`--dev`): it accepts every account, ticket and character.

use fchatd_store::{Account, AccountId, Character, CharacterId, CharacterKey, Page, PageHead, Profile};
use sha2::{Digest, Sha256};

use crate::desk::ticket::new_ticket;
use crate::desk::{CharacterList, TicketGrant};
use crate::error::AccountError;
use crate::login::answer::{self, Known};
use crate::login::check::{LoginCheck, LoginOutcome};

/// Names longer than this, in bytes, are refused even where all log-ins are accepted.
const MAX_NAME: usize = 64;

/// When everything here was made, in Unix seconds: some time that is always the same.
const MADE_AT: u64 = 1_700_000_000;

pub(crate) fn check(check: &LoginCheck) -> LoginOutcome {
    let name = check.character.as_str();
    if !is_usable(&check.account) || !is_usable(name) {
        return LoginOutcome::Answer(answer::refused(
            "Please give an account and a character of 1 to 64 bytes.",
        ));
    }
    let account = account(&check.account);
    answer::admitted(&account, &character(account.id, name), &Known::default(), 0)
        .map_or(LoginOutcome::Failed, LoginOutcome::Answer)
}

/// The ticket of an account that exists because a request named it; its one character has the account's name.
pub(crate) fn grant(name: &str) -> Result<TicketGrant, AccountError> {
    Ok(TicketGrant {
        ticket: new_ticket()?,
        list: characters(name)?,
        friends: Vec::new(),
        bookmarks: Vec::new(),
    })
}

pub(crate) fn characters(name: &str) -> Result<CharacterList, AccountError> {
    let name = name.trim();
    if !is_usable(name) {
        return Err(AccountError::NoSuchAccount);
    }
    let account = account(name).id;
    let character = character(account, name);
    Ok(CharacterList {
        account,
        default: Some(character.id),
        characters: vec![character],
    })
}

/// The page of a character, which exists because a request named it.
pub(crate) fn page(account: &str, key: &CharacterKey) -> Result<PageHead, AccountError> {
    let own = characters(account)?;
    let found = match key {
        CharacterKey::Id(id) => own.characters.into_iter().find(|one| one.id == *id),
        CharacterKey::Name(name) if is_usable(name) => {
            // Of characters that are named nothing is known but their names.
            Some(character(own.account, name))
        }
        CharacterKey::Name(_) => None,
    };
    Ok(PageHead {
        character: found.ok_or(AccountError::UnknownCharacter)?,
        page: Page {
            description: "This character was made up on the spot.".to_owned(),
            ..Page::default()
        },
        views: 0,
        created_at: MADE_AT,
        updated_at: MADE_AT,
    })
}

fn is_usable(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.trim().is_empty() && !name.chars().any(char::is_control)
}

fn account(name: &str) -> Account {
    let name = name.trim();
    Account {
        id: AccountId(number("account", name)),
        name: name.to_owned(),
        admin: name.eq_ignore_ascii_case("admin"),
        banned: false,
        timeout_until: 0,
        ban_reason: String::new(),
        default_character: None,
        created_at: MADE_AT,
    }
}

fn character(account: AccountId, name: &str) -> Character {
    Character {
        id: CharacterId(number("character", name)),
        account,
        name: name.to_owned(),
        profile: Profile::default(),
    }
}

/// A number from 1 to 2³¹ - 1 (some clients read 32 bits) that is always the same for the name, in any case.
fn number(kind: &str, name: &str) -> i64 {
    let digest: [u8; 32] = Sha256::digest(format!("{kind}:{}", name.to_lowercase())).into();
    let [first, second, third, fourth, ..] = digest;
    i64::from(u32::from_be_bytes([first & 0x7f, second, third, fourth])).max(1)
}
