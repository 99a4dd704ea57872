//! The parts of a server as the settings want them.

use std::sync::Arc;

use fchatd_accounts::{
    AccountEvent, AccountService, AccountSettings, Catalogue, Limit, LiveCatalogue, LoginProvider, Pace,
    PasswordCost, ProfilePages, Quotas, Registration, RemoteLogin, SiteChecks, TextFilter, WebsiteSettings,
};
use fchatd_edge::proxy::Proxies;
use fchatd_edge::{EdgeSettings, IntakeLimits, Shares};
use fchatd_links::web::{WebAddress, WebClient};
use fchatd_links::{BridgeSettings, OWN_COMMANDS};
use fchatd_profile::heap;
use fchatd_world::settings::key::of;
use fchatd_world::settings::{Key, keys};
use fchatd_world::{Phrases, Settings};
use tokio::sync::mpsc::Sender;

use super::persistence::State;
use super::{layout, limits, memory};
use crate::commands::command_line::CommandLine;
use crate::failure::Failure;

/// How accounts are treated.
pub(crate) fn account_settings(settings: &Settings) -> AccountSettings {
    let usual = AccountSettings::default();
    let burst = |key: Key<of::Whole>| settings.count(key) as u32;
    let limit = |key: Key<of::Whole>, usual: Limit| Limit {
        burst: burst(key),
        ..usual
    };
    let pace = |key: Key<of::Whole>, usual: Pace| Pace {
        burst: burst(key),
        ..usual
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    AccountSettings {
        registration: match settings.text(keys::REGISTRATION) {
            "open" => Registration::Open,
            "invitation" => Registration::Invitation,
            _ => Registration::Closed,
        },
        tickets_per_account: settings.count(keys::TICKETS_PER_ACCOUNT) as u32,
        registrations_per_address: limit(keys::REGISTRATIONS_PER_ADDRESS, usual.registrations_per_address),
        registration_tries_per_address: Limit {
            burst: burst(keys::REGISTRATIONS_PER_ADDRESS).max(usual.registration_tries_per_address.burst),
            ..usual.registration_tries_per_address
        },
        password_threads: match settings.count(keys::PASSWORD_THREADS) {
            0 => password_threads(processors),
            threads => threads,
        },
        password_cost: PasswordCost::with_memory(settings.count(keys::PASSWORD_MEMORY) as u32),
        passwords_waiting: settings.count(keys::PASSWORDS_WAITING),
        password_patience: settings.count(keys::PASSWORD_PATIENCE) as u64,
        logins_per_account: limit(keys::LOGINS_PER_ACCOUNT, usual.logins_per_account),
        logins_per_address: pace(keys::LOGINS_PER_ADDRESS, usual.logins_per_address),
        ticket_lifetime: settings.count(keys::TICKET_LIFETIME) as u64 * 60,
        quotas: Quotas {
            characters: settings.count(keys::CHARACTERS_PER_ACCOUNT) as u32,
            bookmarks: settings.count(keys::BOOKMARKS_PER_ACCOUNT) as u32,
            friends: settings.count(keys::FRIENDS_PER_CHARACTER) as u32,
            ignores: settings.count(keys::IGNORES_MAX) as u32,
            reports: settings.count(keys::REPORTS_MAX) as u32,
            note_bytes: settings.count(keys::NOTE_MAX) as u32,
            notes: settings.count(keys::NOTES_PER_CHARACTER) as u32,
            note_box_bytes: (settings.count(keys::NOTE_BOX_SIZE) as u64) << 10,
            notes_unread: settings.count(keys::NOTES_UNREAD_PER_SENDER) as u32,
        },
        wrong_passwords_per_address: limit(
            keys::WRONG_PASSWORDS_PER_ADDRESS,
            usual.wrong_passwords_per_address,
        ),
        wrong_passwords_per_account: limit(
            keys::WRONG_PASSWORDS_PER_ACCOUNT,
            usual.wrong_passwords_per_account,
        ),
        invalid_tickets_per_address: limit(keys::BAD_TICKETS_PER_ADDRESS, usual.invalid_tickets_per_address),
        requests_per_address: pace(keys::ACCOUNT_REQUESTS_PER_ADDRESS, usual.requests_per_address),
        reads_per_account: pace(keys::ACCOUNT_READS, usual.reads_per_account),
        changes_per_account: pace(keys::ACCOUNT_CHANGES, usual.changes_per_account),
        reports_per_account: limit(keys::REPORTS_PER_ACCOUNT, usual.reports_per_account),
        notes_per_account: limit(keys::NOTES_PER_ACCOUNT, usual.notes_per_account),
        notes_per_day: Limit::in_a_day(burst(keys::NOTES_PER_DAY)),
        note_recipients_per_day: Limit::in_a_day(burst(keys::NOTE_RECIPIENTS_PER_DAY)),
        refuses_ignored: settings.flag(keys::IGNORE_ON_SERVER),
        unwanted: unwanted_texts(settings.list(keys::BLACKLIST_PHRASES)),
        session_lifetime: settings.seconds(keys::SESSION_MAX).as_secs().saturating_mul(3600),
        reserved_names: settings.list(keys::RESERVED_NAMES).to_vec(),
        ..usual
    }
}

/// The filter of texts in which there is one of these phrases.
fn unwanted_texts(phrases: &[String]) -> TextFilter {
    if phrases.is_empty() {
        return TextFilter::default();
    }
    let phrases = Phrases::new(phrases);
    TextFilter::new(move |text| phrases.occur_in(text))
}

/// How the website behaves. The folder of pictures is not in it.
pub(crate) fn website_settings(settings: &Settings) -> WebsiteSettings {
    WebsiteSettings {
        profile_pages: match settings.text(keys::PROFILE_PAGES) {
            "public" => ProfilePages::Public,
            "off" => ProfilePages::Off,
            _ => ProfilePages::Login,
        },
        sessions_per_account: settings.count(keys::SITE_SESSIONS_PER_ACCOUNT),
        sessions: settings.count(keys::SITE_SESSIONS_MAX),
        session_idle: (settings.number(keys::SITE_SESSION_IDLE) * 3600.0) as u64,
        session_lifetime: account_settings(settings).session_lifetime,
        pictures: None,
    }
}

/// The threads that check passwords on so many processors. They give way to the chat by their priority, so nearly all
/// processors may have one: after a restart the time until everybody is back depends on it.
fn password_threads(processors: usize) -> usize {
    (processors - processors / 4).clamp(1, 8)
}

/// What accounts of our own need beside their settings.
pub(crate) struct OwnAccounts {
    /// What profiles are made of.
    pub(crate) catalogue: Arc<LiveCatalogue>,
    /// Takes what the chat must hear of.
    pub(crate) events: Sender<AccountEvent>,
}

/// What profiles are made of: DIR/profile_fields.json where it is there, else what the program brings along.
pub(crate) fn catalogue(line: &CommandLine, settings: &Settings) -> Result<Arc<LiveCatalogue>, Failure> {
    let path = line.dir.join("profile_fields.json");
    let catalogue = match std::fs::read_to_string(&path) {
        Ok(text) => {
            Catalogue::read(&text).map_err(|error| format!("{} can't be used: {error}", path.display()))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Catalogue::builtin(),
        Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
    };
    Ok(LiveCatalogue::new(catalogue, settings.list(keys::GENDERS)))
}

/// Who decides who may enter.
pub(crate) fn login_provider(
    line: &CommandLine,
    settings: &Settings,
    state: Option<&State>,
    web: &WebClient,
    own: OwnAccounts,
) -> Result<LoginProvider, Failure> {
    let Some(state) = state.filter(|_| !line.dev) else {
        return Ok(LoginProvider::Open);
    };
    if let Some(address) = login_address(settings) {
        let checks = site_checks(settings);
        return Ok(LoginProvider::Remote(RemoteLogin::new(
            web.clone(),
            address,
            checks,
        )));
    }
    let settings = AccountSettings {
        catalogue: own.catalogue,
        events: Some(own.events),
        give_back: Some(heap::give_back),
        ..account_settings(settings)
    };
    let service = AccountService::start(&state.store, settings).map_err(|error| error.to_string())?;
    Ok(LoginProvider::Embedded(service))
}

/// The bounds of log-in checks by the log-in site.
pub(crate) fn site_checks(settings: &Settings) -> SiteChecks {
    SiteChecks {
        at_once: settings
            .count(keys::LOGINSLOTS)
            .min(settings.count(keys::LOGIN_CONNECTION_POOL)),
        waiting: settings.count(keys::LOGIN_CHECKS_WAITING),
        patience: settings.seconds(keys::LOGINTIMEOUT),
    }
}

/// The address that takes the place of an unusable one: a name that never leads anywhere. A mistake in login_url must not
/// open the accounts of the site to registrations.
const NOWHERE: &str = "http://login-url-is-no-address.invalid/";

/// The log-in site, if there is one.
fn login_address(settings: &Settings) -> Option<WebAddress> {
    match settings.text(keys::LOGIN_URL).trim() {
        "" => None,
        text => WebAddress::parse(text)
            .or_else(|_| WebAddress::parse(NOWHERE))
            .ok(),
    }
}

/// How accounts are kept, for the person who starts the server.
pub(crate) fn sentence_about(provider: &LoginProvider, settings: &Settings) -> String {
    match provider {
        LoginProvider::Open => "open (--dev): everyone is let in".into(),
        LoginProvider::Embedded(_) => "embedded: the server keeps them itself".into(),
        LoginProvider::Remote(_) => {
            let address = login_address(settings);
            let host = address.as_ref().map_or("", WebAddress::host);
            format!("remote: {host} is asked")
        }
    }
}

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

/// As many as `http_requests_per_address` allows, and some for the chat: a house whose people all come back at once is let in.
const SOCKETS_PER_ADDRESS: usize = 160;

/// Open sockets of one address group.
fn sockets_per_address(settings: &Settings) -> usize {
    match settings.count(keys::SOCKETS_PER_IP) {
        // A browser opens half a dozen for a page, besides that of the chat.
        0 => settings
            .count(keys::MAX_PER_IP)
            .saturating_mul(4)
            .max(SOCKETS_PER_ADDRESS),
        wanted => wanted,
    }
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

/// How the edges treat their connections. The gate is not in it: it stays when settings change.
pub(crate) fn edge_settings(settings: &Settings) -> Result<EdgeSettings, Failure> {
    let proxies = Proxies::parse(settings.list(keys::LOAD_BALANCERS))
        .map_err(|error| format!("load_balancers: {error}"))?
        .with_header(settings.text(keys::PROXY_HEADER))
        .map_err(|error| format!("proxy_header: {error}"))?;
    Ok(EdgeSettings {
        outbox_bytes_max: settings.count(keys::OUTBOX_MAX),
        early_outbox_bytes_max: settings.count(keys::OUTBOX_BEFORE_LOGIN),
        backlog_bytes_max: memory::backlog(settings.count(keys::BACKLOG_MAX)),
        identify_seconds: settings.count(keys::IDENTIFY_TIMEOUT) as u32,
        silence_seconds: settings.count(keys::SILENCE_TIMEOUT) as u32,
        sockets_per_group: sockets_per_address(settings),
        ping_seconds: settings.count(keys::PING_INTERVAL) as u32,
        connections_max: limits::connections(settings.count(keys::MAXCONNECTIONS), layout::threads(settings)),
        ring: settings.flag(keys::IO_URING),
        deflate: settings.flag(keys::DEFLATE),
        deflate_bytes_min: settings.count(keys::DEFLATE_MIN),
        proxies,
        origin: settings.text(keys::ALLOWED_ORIGIN).to_owned(),
        origin_host: settings.text(keys::ALLOWED_ORIGIN_HOST).to_owned(),
        intake_limits: IntakeLimits {
            requests_per_address: settings.count(keys::HTTP_REQUESTS_PER_ADDRESS),
            uploads: settings.count(keys::HTTP_UPLOADS),
            uploads_per_address: settings.count(keys::HTTP_UPLOADS_PER_ADDRESS),
            answers: settings.count(keys::HTTP_ANSWERS) << 10,
            answers_per_address: settings.count(keys::HTTP_ANSWERS_PER_ADDRESS) << 10,
        },
        shares: Shares {
            turn_bytes: settings.count(keys::TURN_SHARE) << 10,
            connections: settings.count(keys::TURN_CONNECTIONS),
            unread_bytes: settings.count(keys::UNREAD_MAX),
        },
        ..EdgeSettings::default()
    })
}
