//! Accounts: search, details, bans, rights, deletion.

use fchatd_accounts::Account;
use fchatd_protocol::duration::in_words;
use fchatd_protocol::text::fold;
use serde_json::{Value, json};

use super::reply::{Refusal, member};
use super::work::{Work, page_of, told};
use crate::clock::Clock;

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let asked = &work.asked;
    let (search, after) = (
        asked.text_or_empty("search")?.to_owned(),
        asked.text_or_empty("after")?.to_owned(),
    );
    let (only_banned, limit) = (asked.flag("banned")?, page_of(asked)?);
    let mut found = work
        .admin
        .with_accounts(move |desk| desk.search_accounts(&search, &after, only_banned, limit + 1))
        .await?;
    let next = (found.len() > limit).then(|| found.get(limit - 1).map(|account| account.name.clone()));
    found.truncate(limit);
    let now = unix_seconds();
    let accounts: Vec<Value> = found.iter().map(|account| head(account, now)).collect();
    Ok(json!({ "accounts": accounts, "next": next.flatten() }))
}

pub(super) async fn show(work: Work) -> Result<Value, Refusal> {
    let name = work.asked.text("account")?.to_owned();
    let (account, details, list) = work
        .admin
        .with_accounts(move |desk| {
            let (account, details) = desk.details(&name)?;
            let list = desk.list_characters(&name)?;
            Ok((account, details, list))
        })
        .await?;
    let mut shown = head(&account, unix_seconds());
    let characters: Vec<Value> = work.admin.with_world(|world| {
        let characters = list.characters.iter().map(|character| {
            let is_online = world.find_character(&fold(&character.name)).is_some();
            json!({ "id": character.id.0, "name": character.name, "online": is_online })
        });
        characters.collect()
    });
    member(&mut shown, "tickets", json!(details.tickets));
    member(&mut shown, "banned_in_chat", json!(details.banned_in_chat));
    member(&mut shown, "characters", json!(characters));
    Ok(shown)
}

pub(super) async fn ban(work: Work) -> Result<Value, Refusal> {
    let name = of_another(&work)?;
    let (seconds, reason) = (
        work.asked.whole("seconds")?,
        work.asked.text_or_empty("reason")?.to_owned(),
    );
    if seconds == Some(0) {
        return Err(Refusal::field(
            "The field \"seconds\" must be 1 or more; leave it out for a ban without an end.",
        ));
    }
    let (account, why) = (name.clone(), reason.clone());
    work.admin
        .with_accounts(move |desk| desk.ban(&account, seconds, &why))
        .await?;
    let mut arguments = json!({ "account": name });
    if !reason.is_empty() {
        member(&mut arguments, "reason", json!(reason));
    }
    if let Some(seconds) = seconds {
        member(&mut arguments, "time", json!((seconds as f64 / 60.0).to_string()));
    }
    work.note("ABN", &arguments).await;
    let time = seconds.map_or("for good".to_owned(), |seconds| {
        format!("for {}", in_words(seconds))
    });
    Ok(told(format!("{name} is banned {time}; its tickets have ended.")))
}

pub(super) async fn unban(work: Work) -> Result<Value, Refusal> {
    let name = work.asked.text("account")?.to_owned();
    let account = name.clone();
    work.admin.with_accounts(move |desk| desk.unban(&account)).await?;
    work.note("AUB", &json!({ "account": name })).await;
    Ok(told(format!("{name} may log in again.")))
}

pub(super) async fn unlock(work: Work) -> Result<Value, Refusal> {
    let name = work.asked.text("account")?.to_owned();
    let account = name.clone();
    work.admin
        .with_accounts(move |desk| desk.details(&account).map(drop))
        .await?;
    if !work.admin.service()?.unlock(&name) {
        return Ok(told(format!(
            "No wrong passwords count against {name}: nothing was changed."
        )));
    }
    work.note("AUL", &json!({ "account": name })).await;
    Ok(told(format!("The wrong passwords for {name} are forgiven.")))
}

pub(super) async fn set_admin(work: Work) -> Result<Value, Refusal> {
    let name = of_another(&work)?;
    let admin = work.asked.flag("admin")?;
    let account = name.clone();
    work.admin
        .with_accounts(move |desk| desk.set_admin(&account, admin))
        .await?;
    work.note("AAD", &json!({ "account": name, "admin": admin.to_string() }))
        .await;
    let right = if admin {
        "an administrator"
    } else {
        "no administrator any more"
    };
    Ok(told(format!("{name} is {right}.")))
}

pub(super) async fn delete(work: Work) -> Result<Value, Refusal> {
    let name = of_another(&work)?;
    let account = name.clone();
    let characters = work
        .admin
        .with_accounts(move |desk| {
            let characters = desk.delete_account_of(&account)?;
            // The account is gone already; this is for traces in unused parts of the file.
            if let Err(error) = desk.compact() {
                tracing::warn!(%error, "the database could not be rewritten after a deletion, so traces may be left in it");
            }
            Ok(characters)
        })
        .await?;
    work.note("ADL", &json!({ "account": name })).await;
    Ok(told(format!(
        "The account {name} is deleted, with its characters: {characters}."
    )))
}

/// The account of the request, which must not be the caller's own: nobody locks out the last administrator by a slip.
fn of_another(work: &Work) -> Result<String, Refusal> {
    let name = work.asked.text("account")?;
    if work.caller.is(name) {
        return Err(Refusal::refused(
            "That is your own account. Another administrator, or the command line, can do it.",
        ));
    }
    Ok(name.to_owned())
}

/// The members that a list has, too.
fn head(account: &Account, now: u64) -> Value {
    let banned = account.banned || account.timeout_until > now;
    json!({
        "id": account.id.0,
        "name": account.name,
        "admin": account.admin,
        "banned": banned,
        "ban_reason": banned.then_some(&account.ban_reason),
        "banned_until": (banned && !account.banned).then_some(account.timeout_until),
        "created_at": account.created_at,
    })
}

fn unix_seconds() -> u64 {
    u64::try_from(Clock::new().now().unix / 1000).unwrap_or_default()
}
