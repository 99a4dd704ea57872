//! The durable state, as facts that can be compared one by one: a name and a value.

use std::collections::BTreeMap;
use std::path::Path;

use fchatd_store::Store;
use fchatd_store::snapshot::{ChannelHead, ChannelRecord, Snapshot};

pub(crate) type Facts = BTreeMap<String, String>;

/// The fact of a channel without its lists.
pub(crate) fn channel(name: &str) -> String {
    format!("channel/{name}/head")
}

/// The value of such a fact.
pub(crate) fn head(kind: &str, mode: &str, owner: &str, title: &str, description: &str) -> String {
    format!("{kind}, {mode}, of {owner}, {title}: {description}")
}

/// The fact of a channel's topic.
pub(crate) fn topic(name: &str) -> String {
    format!("channel/{name}/topic")
}

/// The fact of a channel's moderators.
pub(crate) fn moderators(name: &str) -> String {
    format!("channel/{name}/moderators")
}

/// The fact that a character is banned from a channel.
pub(crate) fn channel_ban(channel: &str, name: &str) -> String {
    format!("channel/{channel}/ban/{name}")
}

/// Everything that the database says.
pub(crate) fn read(data: &Path) -> Facts {
    let store = Store::open(data).unwrap();
    let mut facts = of_chat(&store.load_snapshot().unwrap().unwrap());
    let mut accounts = store.accounts().unwrap();
    for account in accounts.list_accounts().unwrap() {
        let characters = accounts.list_characters(account.id).unwrap();
        let names: Vec<_> = characters.into_iter().map(|character| character.name).collect();
        facts.insert(format!("account/{}", account.name), names.join(" "));
        let ignores = accounts.ignores(account.id).unwrap();
        if !ignores.is_empty() {
            facts.insert(format!("ignores/{}", account.name), ignores.join(" "));
        }
    }
    facts
}

fn of_chat(snapshot: &Snapshot) -> Facts {
    let mut facts = Facts::new();
    // Private rooms are kept, too, but the workers make theirs open before they look.
    for channel in snapshot
        .channels
        .iter()
        .filter(|channel| channel.head.kind != "private")
    {
        of_channel(channel, &mut facts);
    }
    let lists = [
        ("operators", &snapshot.operators),
        ("super operators", &snapshot.super_operators),
    ];
    for (list, names) in lists {
        if !names.is_empty() {
            facts.insert(list.to_owned(), names.join(" "));
        }
    }
    for ban in &snapshot.bans {
        facts.insert(format!("ban/{}", ban.character), String::new());
    }
    for timeout in &snapshot.timeouts {
        facts.insert(format!("timeout/{}", timeout.character), String::new());
    }
    for call in &snapshot.staff_calls {
        facts.insert(format!("call/{}", call.report), call.tab.clone());
    }
    facts
}

fn of_channel(record: &ChannelRecord, facts: &mut Facts) {
    let ChannelHead {
        name,
        kind,
        mode,
        owner,
        title,
        description,
        topic: line,
        ..
    } = &record.head;
    facts.insert(channel(name), head(kind, mode, owner, title, description));
    if !line.is_empty() {
        facts.insert(topic(name), line.clone());
    }
    if !record.moderators.is_empty() {
        let names: Vec<_> = record
            .moderators
            .iter()
            .map(|moderator| moderator.name.as_str())
            .collect();
        facts.insert(moderators(name), names.join(" "));
    }
    for ban in &record.bans {
        let length = if ban.until == 0 { "for good" } else { "for a time" };
        facts.insert(channel_ban(name, &ban.name), length.to_owned());
    }
}
