//! Public channels and rooms, with their moderators and bans.

use fchatd_protocol::exchange::Undo;
use fchatd_protocol::text::{escape_html, fold};
use fchatd_world::Channel;
use serde_json::{Value, json};

use super::bans;
use super::reply::{Refusal, member};
use super::work::{Work, page_of};

/// Members and bans of a channel that are shown at most.
const SHOWN_MAX: usize = 1000;

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let asked = &work.asked;
    let (search, after) = (
        fold(asked.text_or_empty("search")?).into_owned(),
        fold(asked.text_or_empty("after")?).into_owned(),
    );
    let limit = page_of(asked)?;
    // Titles are kept as on the wire.
    let in_title = escape_html(&search).into_owned();
    Ok(work.admin.with_world(|world| {
        let total = world.channel_count();
        let matches = |channel: &Channel| {
            *channel.folded > *after
                && (channel.folded.contains(&search) || fold(&channel.title).contains(&*in_title))
        };
        let mut found: Vec<&Channel> = world
            .channels()
            .map(|(_, channel)| channel)
            .filter(|channel| matches(channel))
            .collect();
        found.sort_unstable_by(|one, other| one.folded.cmp(&other.folded));
        let next = found.get(limit).and_then(|_| found.get(limit - 1));
        let next = next.map(|channel| channel.name.to_string());
        let now = world.unix_seconds();
        let rows = found.into_iter().take(limit).map(|channel| head(channel, now));
        json!({ "channels": rows.collect::<Vec<Value>>(), "total": total, "next": next })
    }))
}

pub(super) async fn show(work: Work) -> Result<Value, Refusal> {
    let name = fold(work.asked.text("channel")?).into_owned();
    let shown = work.admin.with_world(|world| {
        let channel = world.channel(world.find_channel(&name)?)?;
        let now = world.unix_seconds();
        let mut shown = head(channel, now);
        let mut people: Vec<&str> = channel
            .members
            .iter()
            .filter_map(|&key| world.connection(key).map(|member| &*member.name))
            .take(SHOWN_MAX)
            .collect();
        people.sort_unstable();
        let mut banned: Vec<_> = channel
            .bans
            .values()
            .filter(|ban| is_in_force(ban.until, now))
            .collect();
        banned
            .sort_unstable_by(|one, other| other.time.cmp(&one.time).then_with(|| one.name.cmp(&other.name)));
        let banned = banned.into_iter().take(SHOWN_MAX).map(|ban| {
            json!({ "character": &*ban.name, "by": &*ban.banner, "time": ban.time, "until": ban.until })
        });
        let moderators: Vec<&str> = channel
            .moderators
            .iter()
            .map(|moderator| &*moderator.name)
            .collect();
        member(&mut shown, "description", json!(&*channel.description));
        member(&mut shown, "topic", json!(&*channel.topic));
        member(&mut shown, "moderators", json!(moderators));
        member(&mut shown, "people", json!(people));
        member(&mut shown, "ban_list", json!(banned.collect::<Vec<Value>>()));
        Some(shown)
    });
    shown.ok_or_else(|| Refusal::missing("There is no such channel."))
}

pub(super) async fn unban(work: Work) -> Result<Value, Refusal> {
    let undo = Undo {
        id: 0,
        code: "CBU".to_owned(),
        character: work.asked.text("character")?.to_owned(),
        channel: Some(work.asked.text("channel")?.to_owned()),
    };
    bans::lift(&work, &undo).await
}

fn is_in_force(until: i64, now: i64) -> bool {
    until == 0 || until > now
}

/// The members that a list has, too.
fn head(channel: &Channel, now: i64) -> Value {
    json!({
        "name": &*channel.name,
        "title": &*channel.title,
        "kind": channel.kind.as_str(),
        "mode": channel.mode.as_str(),
        "members": channel.members.len(),
        "owner": &*channel.owner,
        "bans": channel.bans.values().filter(|ban| is_in_force(ban.until, now)).count(),
        "locked": channel.locked,
    })
}
