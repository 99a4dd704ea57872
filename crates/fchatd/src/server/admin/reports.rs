//! Open reports to the staff.

use serde_json::{Value, json};

use super::reply::Refusal;
use super::work::{Work, told};
use crate::server::orders;

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    Ok(work.admin.with_world(|world| {
        let reports = world.staff_calls.iter().map(|call| {
            json!({
                "id": call.id,
                "character": call.character,
                "account": call.account,
                "reported": call.reported(),
                "time": call.time,
                "tab": call.tab,
                "log": call.log,
                "report": call.report,
            })
        });
        json!({ "reports": reports.collect::<Vec<Value>>() })
    }))
}

pub(super) async fn drop_one(work: Work) -> Result<Value, Refusal> {
    let admin = &work.admin;
    let id = work.asked.text("id")?;
    let done = orders::drop_call(id, &work.caller.name, &admin.edge, &admin.chat).await;
    done.map(told).map_err(Refusal::missing)
}
