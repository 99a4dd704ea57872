//! The action log: search, and undoing.

use std::collections::VecDeque;

use fchatd_protocol::exchange::Undo;
use fchatd_protocol::text::fold;
use fchatd_store::actions::{Action, actions as each_action};
use serde_json::{Value, json};

use super::reply::Refusal;
use super::work::{Work, page_of, refused, told};
use crate::server::orders;

/// The entries that are asked for.
struct Search {
    by: String,
    against: String,
    channel: String,
    code: String,
    before: u64,
}

impl Search {
    fn wants(&self, action: &Action) -> bool {
        let is = |wanted: &str, name: &str| wanted.is_empty() || fold(name) == wanted;
        let whom = action.whom.as_deref().unwrap_or_default();
        action.id < self.before
            && is(&self.by, &action.name)
            && is(&self.code, &action.code)
            // Several characters of one account have commas between them, and names have none.
            && whom.split(", ").any(|name| is(&self.against, name))
            && is(&self.channel, action.place.as_deref().unwrap_or_default())
    }
}

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let asked = &work.asked;
    let text = |key| asked.text_or_empty(key).map(|text| fold(text).into_owned());
    let search = Search {
        by: text("by")?,
        against: text("against")?,
        channel: text("channel")?,
        code: text("code")?,
        before: asked.whole("before")?.unwrap_or(u64::MAX),
    };
    let limit = page_of(asked)?;
    let folder = work.admin.action_log();
    let reading = work.admin.reading.acquire().await.map_err(|_| Refusal::busy())?;
    let read = tokio::task::spawn_blocking(move || {
        let mut found = VecDeque::with_capacity(limit + 1);
        each_action(&folder, |action| {
            if search.wants(&action) {
                if found.len() > limit {
                    found.pop_front();
                }
                found.push_back(action);
            }
        })
        .map(|()| found)
    });
    let read = read.await;
    drop(reading);
    let mut found = match read {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(Refusal::failed(format!("The action log can't be read: {error}"))),
        Err(_) => return Err(Refusal::failed("The action log can't be read.")),
    };
    let has_more = found.len() > limit;
    if has_more {
        found.pop_front();
    }
    let next = found.front().filter(|_| has_more).map(|action| action.id);
    let actions: Vec<Value> = found.iter().rev().map(row).collect();
    Ok(json!({ "actions": actions, "next": next }))
}

fn row(action: &Action) -> Value {
    let line: Value = serde_json::from_str(&action.line).unwrap_or_default();
    json!({
        "id": action.id,
        "time": action.time,
        "by": action.name,
        "code": action.code,
        "against": action.whom,
        "channel": action.place,
        "reason": action.why,
        "until": action.until,
        "undone": action.undone,
        "arguments": line.get("args"),
        "undoable": Undo::CODES.contains(&action.code.as_str()),
    })
}

pub(super) async fn undo(work: Work) -> Result<Value, Refusal> {
    let id = work
        .asked
        .whole("id")?
        .ok_or_else(|| Refusal::field("The field \"id\" is missing."))?;
    let admin = &work.admin;
    let done = orders::undo(
        id,
        &work.caller.name,
        &admin.action_log(),
        &admin.edge,
        &admin.chat,
    )
    .await;
    done.map(told).map_err(refused)
}
