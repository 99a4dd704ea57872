//! The scripts: a list, checks, a trial in a world beside the chat, and reading them again.

use fchatd_protocol::exchange::Outputs;
use fchatd_script::host::Scripts;
use serde_json::{Value, json};

use super::reply::{Refusal, member};
use super::work::{Admin, Work, refused, told};
use crate::failure::Failure;
use crate::folder::scripts::{self, Checked, Scope};

pub(super) async fn list(work: Work) -> Result<Value, Refusal> {
    let dir = work.admin.options.dir.clone();
    let read = tokio::task::spawn_blocking(move || {
        let is_own = dir.join("script/main.lua").is_file();
        scripts::load(&dir).map(|scripts| (is_own, scripts))
    });
    let read = read
        .await
        .map_err(|_| Refusal::failed("The scripts could not be read."))?;
    let (is_own, Scripts { main, modules }) = read.map_err(refused)?;
    let mut files = vec![json!({ "name": "main.lua", "bytes": main.len() })];
    files.extend(
        modules
            .iter()
            .map(|(name, source)| json!({ "name": format!("{name}.lua"), "bytes": source.len() })),
    );
    Ok(json!({ "own": is_own, "files": files }))
}

pub(super) async fn check(work: Work) -> Result<Value, Refusal> {
    let remarks = try_out(&work.admin).await.map_err(refused)?;
    let mut answer = told("The scripts were checked and started beside the chat: they are good.");
    member(&mut answer, "remarks", json!(remarks));
    Ok(answer)
}

pub(super) async fn reload(work: Work) -> Result<Value, Refusal> {
    let remarks = try_out(&work.admin).await.map_err(refused)?;
    work.admin.edge.interject(|chat, _| chat.read_scripts());
    work.note("SCR", &json!({})).await;
    let mut answer = told("The scripts are good, and are being put in force.");
    member(&mut answer, "remarks", json!(remarks));
    Ok(answer)
}

/// Reads and checks the scripts, and starts them in a world of their own. Gives the remarks of the checks.
///
/// # Errors
/// All mistakes, with file and line.
async fn try_out(admin: &Admin) -> Result<Vec<String>, Failure> {
    let rehearsal = admin
        .edge
        .interject(|chat, _| chat.with_core(&mut Outputs::default(), |core, _, _| core.rehearsal(false)));
    let dir = admin.options.dir.clone();
    let _alone = admin.reading.acquire().await;
    let tried = tokio::task::spawn_blocking(move || {
        let Checked { scripts, remarks } = scripts::load_checked(&dir, Scope::InForce)?;
        match rehearsal.run(scripts) {
            Ok(_) => Ok(remarks),
            Err(error) => Err(error.with_traceback()),
        }
    });
    tried
        .await
        .unwrap_or_else(|_| Err("the server failed while it read them; its log says how".to_owned()))
}
