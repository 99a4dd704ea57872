//! The settings of the neighbours as typed settings: the real-time bridge, Redis, webhooks, the chat log.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fchatd_links::redis::RedisSettings;
use fchatd_links::webhooks::{Hook, WebhookSettings};
use fchatd_links::{BridgeSettings, OWN_COMMANDS};
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::failure::Failure;

/// A check of values that the table of the settings can't make. Its sentence begins with the key that is wrong.
pub(super) type Check = fn(&Settings) -> Result<(), Failure>;

/// The checks of the settings of neighbours.
pub(super) const CHECKS: &[Check] = &[
    |settings| bridge_settings(settings).map(drop),
    |settings| redis_settings(settings).map(drop),
    |settings| webhook_settings(settings, None).map(drop),
];

/// The real-time bridge, if it is wanted.
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

/// Where Redis is, if it is wanted.
///
/// # Errors
/// A setting that can't be.
pub(crate) fn redis_settings(settings: &Settings) -> Result<Option<RedisSettings>, Failure> {
    if !settings.flag(keys::ENABLEREDIS) {
        return Ok(None);
    }
    let host = settings.text(keys::REDISHOST).trim();
    let has_port = host.contains(':') && host.parse::<IpAddr>().is_err();
    if host.is_empty() || has_port || host.contains(['/', ' ']) {
        return Err(format!(
            "redishost must be a host name or an IP address alone, such as 127.0.0.1 (the port is redisport); it is \
             {host:?}"
        ));
    }
    Ok(Some(RedisSettings {
        host: host.to_owned(),
        port: settings.count(keys::REDISPORT) as u16,
        password: settings.text(keys::REDISPASS).to_owned(),
    }))
}

/// How webhooks are to be, if there are any.
///
/// # Errors
/// A setting that can't be.
pub(crate) fn webhook_settings(
    settings: &Settings,
    folder: Option<&Path>,
) -> Result<Option<WebhookSettings>, Failure> {
    let hooks = Hook::parse(settings.text(keys::WEBHOOKS)).map_err(|error| format!("webhooks: {error}"))?;
    if hooks.is_empty() {
        return Ok(None);
    }
    let secret = settings.text(keys::WEBHOOK_SECRET).to_owned();
    if secret.is_empty() {
        return Err(
            "webhooks need a webhook_secret, by which their receivers know that it is this server who tells them"
                .to_owned(),
        );
    }
    Ok(Some(WebhookSettings {
        hooks,
        secret,
        folder: folder.map(Path::to_owned),
        queue_max: settings.count(keys::WEBHOOK_QUEUE) as u64,
        keep: Duration::from_secs(settings.count(keys::WEBHOOK_KEEP) as u64 * 3600),
    }))
}

/// Where the chat log of a server in this folder can be read, if it can be.
pub(crate) fn chat_log_path(settings: &Settings, dir: &Path) -> Option<PathBuf> {
    let path = settings.text(keys::LOG_SOCKET_PATH);
    // A path that is absolute stays as it is.
    (!path.is_empty()).then(|| dir.join(path))
}

#[cfg(test)]
mod tests {
    use fchatd_world::settings::Value as Setting;

    use super::*;

    #[test]
    fn a_host_is_named_alone() {
        let place = |host: &str| {
            let mut settings = Settings::default();
            settings.set("enableredis", Setting::Boolean(true)).unwrap();
            settings.set("redishost", Setting::Text(host.into())).unwrap();
            redis_settings(&settings).map(|found| found.unwrap().host)
        };
        for host in ["127.0.0.1", "::1", "redis.example"] {
            assert_eq!(place(host).as_deref(), Ok(host));
        }
        for host in ["", "127.0.0.1:6379", "[::1]", "redis://127.0.0.1", "a b"] {
            assert!(place(host).unwrap_err().contains("redisport"), "{host}");
        }
    }
}
