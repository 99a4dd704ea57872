//! Invitations, and paused registration.

use fchatd_protocol::exchange::GateOrder;
use fchatd_world::settings::keys;
use serde_json::{Value, json};

use super::bans;
use super::reply::{Refusal, member};
use super::work::{Work, told};

/// Accounts that can be made with one invitation.
const USES_MAX: u64 = 10_000;

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let found = work.admin.with_accounts(|desk| desk.invitations()).await?;
    let invitations: Vec<Value> = found
        .iter()
        .map(|invitation| {
            json!({
                "id": invitation.id.0,
                "uses_left": invitation.uses_left,
                "expires_at": invitation.expires_at,
                "note": invitation.note,
            })
        })
        .collect();
    let (registration, is_paused) = work.admin.with_world(|world| {
        let registration = world.settings.text(keys::REGISTRATION).to_owned();
        (registration, world.is_registration_paused())
    });
    Ok(json!({
        "invitations": invitations,
        "registration": registration,
        "registration_paused": is_paused,
    }))
}

pub(super) async fn add(work: Work) -> Result<Value, Refusal> {
    let uses = work.asked.whole_within("uses", 1, USES_MAX)? as u32;
    let seconds = work.asked.whole("seconds")?;
    let note = work.asked.text_or_empty("note")?.to_owned();
    let (id, code) = work
        .admin
        .with_accounts(move |desk| desk.invite(uses, seconds, &note))
        .await?;
    work.note(
        "INV",
        &json!({ "invitation": id.0.to_string(), "uses": uses.to_string() }),
    )
    .await;
    let mut answer = told(format!("Invitation {}: the code is shown only this once.", id.0));
    member(&mut answer, "id", json!(id.0));
    member(&mut answer, "code", json!(code.reveal()));
    Ok(answer)
}

pub(super) async fn revoke(work: Work) -> Result<Value, Refusal> {
    let id = work
        .asked
        .whole("id")?
        .ok_or_else(|| Refusal::field("The field \"id\" is missing."))?;
    let number = i64::try_from(id).unwrap_or(i64::MAX);
    let was_there = work
        .admin
        .with_accounts(move |desk| desk.revoke_invitation(number))
        .await?;
    if !was_there {
        return Err(Refusal::missing(format!("There is no invitation {id}.")));
    }
    work.note("INR", &json!({ "invitation": id.to_string() })).await;
    Ok(told(format!("Invitation {id} is revoked.")))
}

pub(super) async fn pause(work: Work) -> Result<Value, Refusal> {
    let paused = work.asked.flag("paused")?;
    bans::carry_out(&work, &GateOrder::PauseRegistration(paused)).await
}
