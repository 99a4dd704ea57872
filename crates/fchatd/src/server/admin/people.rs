//! The characters online.

use fchatd_protocol::text::fold;
use serde_json::{Value, json};

use super::reply::Refusal;
use super::work::{Work, page_of};

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let asked = &work.asked;
    let (search, after) = (
        fold(asked.text_or_empty("search")?).into_owned(),
        fold(asked.text_or_empty("after")?).into_owned(),
    );
    let limit = page_of(asked)?;
    Ok(work.admin.with_world(|world| {
        let total = world.user_count();
        let mut found: Vec<_> = world
            .online()
            .filter_map(|key| world.connection(key).map(|connection| (key, connection)))
            .filter(|(_, connection)| *connection.folded > *after && connection.folded.contains(&search))
            .collect();
        found.sort_unstable_by(|(_, one), (_, other)| one.folded.cmp(&other.folded));
        let next = found.get(limit).and_then(|_| found.get(limit - 1));
        let next = next.map(|(_, connection)| connection.name.to_string());
        found.truncate(limit);
        let people: Vec<Value> = found
            .into_iter()
            .map(|(key, connection)| {
                json!({
                    "character": &*connection.name,
                    "account": connection.account,
                    "address": connection.address.to_string(),
                    "status": &*connection.status,
                    "channels": connection.channels.len(),
                    "roles": connection.roles,
                    "away": world.is_away(key),
                })
            })
            .collect();
        json!({ "people": people, "total": total, "next": next })
    }))
}
