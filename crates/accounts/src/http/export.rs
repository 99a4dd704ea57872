//! `/api/me/export`: all data of an account as JSON, for its owner. It holds no password hash, no
//! ticket and no address, and no data that other accounts keep about this one, such as their reports.

use fchatd_store::{CharacterKey, Note, NoteBox, PageHead, Report, ReportId};
use serde_json::{Map, Value, json};

use super::api::page_json::fields;
use super::endpoints::Signed;
use super::pages::segment;
use super::reply::Refusal;
use crate::desk::AccountDesk;
use crate::error::AccountError;
use crate::profile::catalogue::Catalogue;
use crate::service::{AccountService, Caller};

/// Exports that are made at once.
pub(super) const AT_ONCE: usize = 2;
/// Bytes of the answer, apart from its last entry. The edge keeps at most 4 MiB of unread answers for an address.
const BYTES_MAX: usize = 3 * 1024 * 1024;
/// Notes that one step reads.
const NOTES_AT_ONCE: u32 = 20;
/// Reports that one step reads; a report may have half a MiB.
const REPORTS_AT_ONCE: u32 = 2;

/// Collects the data in steps, so that requests of other accounts come between.
#[expect(clippy::indexing_slicing, reason = "the value is a JSON object")]
pub(super) async fn export(signed: Signed) -> Result<Value, Refusal> {
    let own = signed.own.clone();
    let Ok(_turn) = own.exports.try_acquire() else {
        return Err(AccountError::Busy.into());
    };
    let (service, caller) = (signed.service.clone(), signed.caller.clone());
    let (mut answer, names) = signed.work(lists).await?;
    let catalogue = service.catalogue();
    let mut entries = Entries::new(&answer);
    let mut characters = Vec::new();
    for name in names {
        let key = CharacterKey::Name(name);
        let profile = service.with_account_again(caller.clone(), move |desk, _| match desk.page(&key) {
            Ok(head) => Ok(Some(head)),
            // It was deleted a moment ago.
            Err(AccountError::UnknownCharacter) => Ok(None),
            Err(error) => Err(error),
        });
        if let Some(head) = profile.await? {
            entries.add(&mut characters, profile_json(&catalogue, &head));
        }
    }
    let reports = all_reports(&service, &caller, &mut entries).await?;
    let mut notes = Vec::new();
    for which in [NoteBox::In, NoteBox::Out] {
        all_notes(&service, &caller, which, &mut entries, &mut notes).await?;
    }
    answer["characters"] = characters.into();
    answer["reports"] = reports.into();
    answer["notes"] = notes.into();
    answer["complete"] = json!(!entries.is_full);
    Ok(answer)
}

/// Counts the bytes of entries up to the limit.
struct Entries {
    bytes: usize,
    /// An entry had no room.
    is_full: bool,
}

impl Entries {
    fn new(answer: &Value) -> Self {
        Self {
            bytes: answer.to_string().len(),
            is_full: false,
        }
    }

    /// Adds an entry where there is room; no entry has room after one that had none.
    fn add(&mut self, list: &mut Vec<Value>, entry: Value) {
        let bytes = self.bytes + entry.to_string().len();
        self.is_full |= bytes > BYTES_MAX;
        if !self.is_full {
            self.bytes = bytes;
            list.push(entry);
        }
    }
}

/// The account and its lists, and the names of its characters.
#[expect(clippy::needless_pass_by_value, reason = "the service hands the account over")]
fn lists(
    desk: &mut AccountDesk,
    account: fchatd_store::Account,
) -> Result<(Value, Vec<String>), AccountError> {
    let characters = desk.characters(&account)?.characters;
    let default = characters
        .iter()
        .find(|one| Some(one.id) == account.default_character);
    let friends: Vec<_> = desk
        .accounts
        .friends_of_account(account.id)?
        .iter()
        .map(|link| json!({ "character": link.own.name, "friend": link.friend.name, "since": link.created_at }))
        .collect();
    let requests: Vec<_> = desk
        .accounts
        .friend_requests(account.id)?
        .iter()
        .map(|one| json!({ "source": one.source.name, "target": one.target.name, "created_at": one.created_at }))
        .collect();
    let bookmarks: Vec<_> = desk
        .accounts
        .bookmarks(account.id)?
        .into_iter()
        .map(|one| one.name)
        .collect();
    let memos: Vec<_> = desk
        .accounts
        .memos(account.id)?
        .into_iter()
        .map(|(name, note)| json!({ "character": name, "note": note }))
        .collect();
    let devices: Vec<_> = desk
        .devices_of(&account)?
        .into_iter()
        .map(|one| {
            json!({
                "name": one.name,
                "address": one.address,
                "created_at": one.created_at,
                "seen_at": one.seen_at,
            })
        })
        .collect();
    let programs: Vec<_> = desk
        .accounts
        .applications(account.id)?
        .into_iter()
        .map(|one| json!({ "name": one.name, "created_at": one.created_at, "used_at": one.used_at }))
        .collect();
    let answer = json!({
        "error": "",
        "devices": devices,
        "application_passwords": programs,
        "second_factor": desk.has_second_factor(&account)?,
        "account": {
            "id": account.id.0,
            "name": account.name,
            "created_at": account.created_at,
            "administrator": account.admin,
            "default_character": default.map(|one| one.name.as_str()),
        },
        "friends": friends,
        "friend_requests": requests,
        "bookmarks": bookmarks,
        "memos": memos,
        "ignored": desk.ignores(account.id)?,
    });
    Ok((answer, characters.into_iter().map(|one| one.name).collect()))
}

async fn all_reports(
    service: &AccountService,
    caller: &Caller,
    entries: &mut Entries,
) -> Result<Vec<Value>, Refusal> {
    let mut list = Vec::new();
    let mut after = ReportId(0);
    while !entries.is_full {
        let step = service.with_account_again(caller.clone(), move |desk, account| {
            Ok(desk.accounts.reports_of(account.id, after, REPORTS_AT_ONCE)?)
        });
        let reports = step.await?;
        let Some((last, _)) = reports.last() else {
            break;
        };
        after = *last;
        for (id, report) in &reports {
            entries.add(&mut list, report_json(*id, report));
        }
    }
    Ok(list)
}

async fn all_notes(
    service: &AccountService,
    caller: &Caller,
    which: NoteBox,
    entries: &mut Entries,
    list: &mut Vec<Value>,
) -> Result<(), Refusal> {
    let mut before = None;
    while !entries.is_full {
        let step = service.with_account_again(caller.clone(), move |desk, account| {
            let heads = desk
                .accounts
                .notes(account.id, which, None, before, NOTES_AT_ONCE)?;
            let last = heads.last().map(|head| head.id);
            let mut notes = Vec::new();
            for head in heads {
                // Unlike at `note-get`, the note stays unread.
                notes.extend(desk.accounts.note(account.id, head.id)?);
            }
            Ok((last, notes))
        });
        let (last, notes) = step.await?;
        let Some(last) = last else {
            break;
        };
        before = Some(last);
        for note in &notes {
            entries.add(list, note_json(note, which));
        }
    }
    Ok(())
}

fn profile_json(catalogue: &Catalogue, head: &PageHead) -> Value {
    let (character, page, settings) = (&head.character, &head.page, head.page.settings);
    let mut words = Map::new();
    for (tag, value) in fields(catalogue, head) {
        if let Some(value) = catalogue.words(tag, &value) {
            words.insert(tag.name.clone(), json!(value));
        }
    }
    let mut kinks = Map::new();
    for (id, choice) in &page.kinks {
        let name = catalogue
            .kink(*id)
            .map_or_else(|| id.to_string(), |kink| kink.name.clone());
        kinks.insert(name, json!(choice.as_str()));
    }
    let customs: Vec<_> = page
        .custom_kinks
        .iter()
        .map(|one| json!({ "name": one.name, "choice": one.choice.as_str(), "description": one.description }))
        .collect();
    json!({
        "id": character.id.0,
        "name": character.name,
        "avatar": format!("/images/avatar/{}.png", segment(&character.name.to_lowercase())),
        "title": page.title,
        "description": page.description,
        "fields": words,
        "kinks": kinks,
        "custom_kinks": customs,
        "settings": {
            "customs_first": settings.customs_first,
            "show_friends": settings.show_friends,
            "prevent_bookmarks": settings.prevent_bookmarks,
        },
        "timezone": page.timezone,
        "views": head.views,
        "created_at": head.created_at,
        "updated_at": head.updated_at,
    })
}

fn report_json(id: ReportId, report: &Report) -> Value {
    json!({
        "id": id.0,
        "character": report.character,
        "reported": report.reported,
        "channel": report.channel,
        "text": report.text,
        "log": report.log,
        "created_at": report.created_at,
    })
}

fn note_json(note: &Note, which: NoteBox) -> Value {
    json!({
        "id": note.head.id.0,
        "box": match which {
            NoteBox::In => "inbox",
            NoteBox::Out => "outbox",
        },
        "source": note.head.sender,
        "dest": note.head.recipient,
        "title": note.head.title,
        "message": note.message,
        "created_at": note.head.created_at,
    })
}
