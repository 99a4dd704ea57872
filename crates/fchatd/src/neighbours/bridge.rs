//! The real-time bridge as a neighbour: its settings and its counters. Its socket is opened with the other sockets of the
//! server, and its orders go to the core as inputs (`server/start.rs`).

use std::sync::Arc;

use fchatd_figures::Sink;
use fchatd_links::{BridgeSettings, Counters, OWN_COMMANDS};
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use super::neighbour::Neighbour;
use crate::failure::Failure;

/// The settings of the real-time bridge, if it is wanted.
///
/// # Errors
/// A setting is wrong.
pub(crate) fn bridge_settings(settings: &Settings) -> Result<Option<BridgeSettings>, Failure> {
    if !settings.flag(keys::ENABLERTB) {
        return Ok(None);
    }
    let address = settings.text(keys::RTBADDRESS);
    let peer = address
        .parse()
        .map_err(|_| format!("rtbaddress must be an IP address such as 127.0.0.1; it is {address:?}"))?;
    let secret = settings.text(keys::RTBSECRET).to_owned();
    if secret.is_empty() {
        return Err("enablertb needs an rtbsecret that the website knows too, and nobody else".into());
    }
    Ok(Some(BridgeSettings {
        peer,
        secret,
        classic: settings.flag(keys::RTBCLASSIC),
        commands: bridge_commands(settings)?,
    }))
}

/// The commands that the operator's own scripts answer.
fn bridge_commands(settings: &Settings) -> Result<Vec<String>, Failure> {
    let commands = settings.list(keys::RTB_COMMANDS);
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    match commands
        .iter()
        .find(|code| !is_code(code) || OWN_COMMANDS.contains(&code.as_str()))
    {
        Some(code) if is_code(code) => Err(format!(
            "rtb_commands must not have {code}: by this the server itself tells its scripts of accounts"
        )),
        Some(code) => Err(format!(
            "rtb_commands must have three capital letters for each command, such as XYZ; there is {code:?}"
        )),
        None => Ok(commands.to_vec()),
    }
}

/// The counters of the bridge.
pub(super) struct BridgeLink(pub(super) Arc<Counters>);

impl Neighbour for BridgeLink {
    fn figures(&self, sink: &mut dyn Sink) {
        self.0.figures(sink);
    }
}
