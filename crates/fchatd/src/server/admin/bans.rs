//! Banned networks, and the measures of moderators against accounts.

use fchatd_protocol::exchange::{BanOrder, GateOrder, Undo};
use fchatd_protocol::network::{self, IpNet};
use fchatd_protocol::text::fold;
use serde_json::{Value, json};

use super::reply::Refusal;
use super::work::{Work, page_of, refused, told};
use crate::server::orders;

pub(super) async fn networks(work: Work) -> Result<Value, Refusal> {
    let about = match work.asked.text_or_empty("network")? {
        "" => None,
        text => Some(read_network(text)?),
    };
    let limit = page_of(&work.asked)?;
    Ok(work.admin.with_world(|world| {
        let now = world.unix_seconds();
        let concerns = |network: &IpNet| about.is_none_or(|about| network::overlap(&about, network));
        let mut bans: Vec<_> = world
            .network_bans()
            .iter()
            .filter(|ban| ban.holds(now) && concerns(&ban.network))
            .collect();
        bans.sort_unstable_by_key(|ban| (std::cmp::Reverse(ban.time), ban.network));
        let total = bans.len();
        let rows = bans.into_iter().take(limit).map(|ban| {
            json!({
                "network": ban.network.to_string(),
                "until": ban.until,
                "reason": ban.reason,
                "by": ban.by,
                "time": ban.time,
            })
        });
        json!({ "bans": rows.collect::<Vec<Value>>(), "total": total })
    }))
}

pub(super) async fn add_network(work: Work) -> Result<Value, Refusal> {
    let asked = &work.asked;
    let seconds = match asked.whole("seconds")? {
        Some(0) => {
            return Err(Refusal::field(
                "The field \"seconds\" must be 1 or more; leave it out for a ban without an end.",
            ));
        }
        seconds => seconds.and_then(|seconds| i64::try_from(seconds).ok()),
    };
    let order = GateOrder::Ban(BanOrder {
        network: read_network(asked.text("network")?)?,
        seconds,
        reason: asked.text_or_empty("reason")?.to_owned(),
        force: asked.flag("force")?,
    });
    carry_out(&work, &order).await
}

pub(super) async fn lift_network(work: Work) -> Result<Value, Refusal> {
    let network = read_network(work.asked.text("network")?)?;
    carry_out(&work, &GateOrder::Unban(network)).await
}

/// Carries out an order about networks or registration.
pub(super) async fn carry_out(work: &Work, order: &GateOrder) -> Result<Value, Refusal> {
    let admin = &work.admin;
    let done = orders::carry_out(order, &work.caller.name, &admin.edge, &admin.chat).await;
    done.map(told).map_err(refused)
}

pub(super) async fn chat(work: Work) -> Result<Value, Refusal> {
    let asked = &work.asked;
    let (search, after) = (
        fold(asked.text_or_empty("search")?).into_owned(),
        asked.text_or_empty("after")?.to_owned(),
    );
    let limit = page_of(asked)?;
    Ok(work.admin.with_world(|world| {
        let now = world.unix_seconds();
        // A character can have several measures, so a place in the order is its name with the kind.
        let mut found: Vec<_> = world
            .sanctions()
            .filter(|sanction| sanction.until == 0 || sanction.until > now)
            .map(|sanction| {
                (
                    format!("{} {}", fold(&sanction.character), sanction.kind),
                    sanction,
                )
            })
            .filter(|(_, sanction)| fold(&sanction.character).contains(&search))
            .collect();
        let total = found.len();
        found.retain(|(place, _)| *place > after);
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let next = found.get(limit).and_then(|_| found.get(limit - 1));
        let next = next.map(|(place, _)| place.clone());
        let rows = found.iter().take(limit).map(|(_, sanction)| {
            json!({
                "kind": sanction.kind,
                "character": &*sanction.character,
                "account": sanction.account,
                "until": sanction.until,
            })
        });
        json!({ "bans": rows.collect::<Vec<Value>>(), "total": total, "next": next })
    }))
}

pub(super) async fn lift_chat(work: Work) -> Result<Value, Refusal> {
    let code = match work.asked.text("kind")? {
        "ban" => "ACB",
        "timeout" => "TMO",
        "hellban" => "HLB",
        _ => {
            return Err(Refusal::field(
                "The field \"kind\" must be ban, timeout or hellban.",
            ));
        }
    };
    let undo = Undo {
        id: 0,
        code: code.to_owned(),
        character: work.asked.text("character")?.to_owned(),
        channel: None,
    };
    lift(&work, &undo).await
}

/// Lifts a measure of moderators.
pub(super) async fn lift(work: &Work, undo: &Undo) -> Result<Value, Refusal> {
    let admin = &work.admin;
    let text = format!("The {} of {} is lifted.", undo.code, undo.character);
    let done = orders::lift(undo, &work.caller.name, text, &admin.edge, &admin.chat).await;
    done.map(told).map_err(refused)
}

fn read_network(text: &str) -> Result<IpNet, Refusal> {
    network::parse(text).ok_or_else(|| {
        Refusal::field(
            "The field \"network\" must be an address or a CIDR block, such as 203.0.113.9 or 2001:db8:1:2::/64.",
        )
    })
}
