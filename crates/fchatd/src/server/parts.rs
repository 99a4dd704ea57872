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
use fchatd_world::{Phrases, Settings};
use tokio::sync::mpsc::Sender;

use super::persistence::State;
use super::{layout, limits, memory};
use crate::commands::command_line::CommandLine;
use crate::failure::Failure;

/// How accounts are treated.
pub(crate) fn account_settings(settings: &Settings) -> AccountSettings {
    let usual = AccountSettings::default();
    let burst = |key: &str| settings.count(key) as u32;
    let limit = |key: &str, usual: Limit| Limit {
        burst: burst(key),
        ..usual
    };
    let pace = |key: &str, usual: Pace| Pace {
        burst: burst(key),
        ..usual
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    AccountSettings {
        registration: match settings.text("registration") {
            "open" => Registration::Open,
            "invitation" => Registration::Invitation,
            _ => Registration::Closed,
        },
        tickets_per_account: settings.count("tickets_per_account") as u32,
        registrations_per_address: limit("registrations_per_address", usual.registrations_per_address),
        registration_tries_per_address: Limit {
            burst: burst("registrations_per_address").max(usual.registration_tries_per_address.burst),
            ..usual.registration_tries_per_address
        },
        password_threads: match settings.count("password_threads") {
            0 => password_threads(processors),
            threads => threads,
        },
        password_cost: PasswordCost::with_memory(settings.count("password_memory") as u32),
        passwords_waiting: settings.count("passwords_waiting"),
        password_patience: settings.count("password_patience") as u64,
        logins_per_account: limit("logins_per_account", usual.logins_per_account),
        logins_per_address: pace("logins_per_address", usual.logins_per_address),
        ticket_lifetime: settings.count("ticket_lifetime") as u64 * 60,
        quotas: Quotas {
            characters: settings.count("characters_per_account") as u32,
            bookmarks: settings.count("bookmarks_per_account") as u32,
            friends: settings.count("friends_per_character") as u32,
            ignores: settings.count("ignores_max") as u32,
            reports: settings.count("reports_max") as u32,
            note_bytes: settings.count("note_max") as u32,
            notes: settings.count("notes_per_character") as u32,
            note_box_bytes: (settings.count("note_box_size") as u64) << 10,
            notes_unread: settings.count("notes_unread_per_sender") as u32,
        },
        wrong_passwords_per_address: limit("wrong_passwords_per_address", usual.wrong_passwords_per_address),
        wrong_passwords_per_account: limit("wrong_passwords_per_account", usual.wrong_passwords_per_account),
        invalid_tickets_per_address: limit("bad_tickets_per_address", usual.invalid_tickets_per_address),
        requests_per_address: pace("account_requests_per_address", usual.requests_per_address),
        reads_per_account: pace("account_reads", usual.reads_per_account),
        changes_per_account: pace("account_changes", usual.changes_per_account),
        reports_per_account: limit("reports_per_account", usual.reports_per_account),
        notes_per_account: limit("notes_per_account", usual.notes_per_account),
        notes_per_day: Limit::in_a_day(burst("notes_per_day")),
        note_recipients_per_day: Limit::in_a_day(burst("note_recipients_per_day")),
        refuses_ignored: settings.flag("ignore_on_server"),
        unwanted: unwanted_texts(settings.list("blacklist_phrases")),
        session_lifetime: settings.seconds("session_max").as_secs().saturating_mul(3600),
        reserved_names: settings.list("reserved_names").to_vec(),
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
        profile_pages: match settings.text("profile_pages") {
            "public" => ProfilePages::Public,
            "off" => ProfilePages::Off,
            _ => ProfilePages::Login,
        },
        sessions_per_account: settings.count("site_sessions_per_account"),
        sessions: settings.count("site_sessions_max"),
        session_idle: (settings.number("site_session_idle") * 3600.0) as u64,
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
    Ok(LiveCatalogue::new(catalogue, settings.list("genders")))
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
            .count("loginslots")
            .min(settings.count("login_connection_pool")),
        waiting: settings.count("login_checks_waiting"),
        patience: settings.seconds("logintimeout"),
    }
}

/// The address that takes the place of an unusable one: a name that never leads anywhere. A mistake in login_url must not
/// open the accounts of the site to registrations.
const NOWHERE: &str = "http://login-url-is-no-address.invalid/";

/// The log-in site, if there is one.
fn login_address(settings: &Settings) -> Option<WebAddress> {
    match settings.text("login_url").trim() {
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
    if !settings.flag("enablertb") {
        return Ok(None);
    }
    let address = settings.text("rtbaddress");
    let peer = address
        .parse()
        .map_err(|_| format!("rtbaddress must be an IP address such as 127.0.0.1; it is {address:?}"))?;
    let secret = settings.text("rtbsecret").to_owned();
    if secret.is_empty() {
        return Err("enablertb needs an rtbsecret that the website knows too, and nobody else".into());
    }
    Ok(Some(BridgeSettings {
        peer,
        secret,
        classic: settings.flag("rtbclassic"),
        commands: bridge_commands(settings)?,
    }))
}

/// As many as `http_requests_per_address` allows, and some for the chat: a house whose people all come back at once is let in.
const SOCKETS_PER_ADDRESS: usize = 160;

/// Open sockets of one address group.
fn sockets_per_address(settings: &Settings) -> usize {
    match settings.count("sockets_per_ip") {
        // A browser opens half a dozen for a page, besides that of the chat.
        0 => settings
            .count("max_per_ip")
            .saturating_mul(4)
            .max(SOCKETS_PER_ADDRESS),
        wanted => wanted,
    }
}

/// The commands that the operator's own scripts answer.
fn bridge_commands(settings: &Settings) -> Result<Vec<String>, Failure> {
    let commands = settings.list("rtb_commands");
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
    let proxies = Proxies::parse(settings.list("load_balancers"))
        .map_err(|error| format!("load_balancers: {error}"))?
        .with_header(settings.text("proxy_header"))
        .map_err(|error| format!("proxy_header: {error}"))?;
    Ok(EdgeSettings {
        outbox_bytes_max: settings.count("outbox_max"),
        early_outbox_bytes_max: settings.count("outbox_before_login"),
        backlog_bytes_max: memory::backlog(settings.count("backlog_max")),
        identify_seconds: settings.count("identify_timeout") as u32,
        silence_seconds: settings.count("silence_timeout") as u32,
        sockets_per_group: sockets_per_address(settings),
        ping_seconds: settings.count("ping_interval") as u32,
        connections_max: limits::connections(settings.count("maxconnections"), layout::threads(settings)),
        ring: settings.flag("io_uring"),
        deflate: settings.flag("deflate"),
        deflate_bytes_min: settings.count("deflate_min"),
        proxies,
        origin: settings.text("allowed_origin").to_owned(),
        origin_host: settings.text("allowed_origin_host").to_owned(),
        intake_limits: IntakeLimits {
            requests_per_address: settings.count("http_requests_per_address"),
            uploads: settings.count("http_uploads"),
            uploads_per_address: settings.count("http_uploads_per_address"),
            answers: settings.count("http_answers") << 10,
            answers_per_address: settings.count("http_answers_per_address") << 10,
        },
        shares: Shares {
            turn_bytes: settings.count("turn_share") << 10,
            connections: settings.count("turn_connections"),
            unread_bytes: settings.count("unread_max"),
        },
        ..EdgeSettings::default()
    })
}
