//! The settings of accounts, log-in checks and profiles as typed settings.

use std::path::Path;
use std::sync::Arc;

use fchatd_accounts::{
    AccountSettings, Catalogue, Limit, LiveCatalogue, Pace, PasswordCost, ProfilePages, Quotas, Registration,
    SiteChecks, TextFilter, WebsiteSettings,
};
use fchatd_links::web::WebAddress;
use fchatd_world::{Phrases, Settings};

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
/// processors may have one: after a restart the time until all people are back depends on it.
fn password_threads(processors: usize) -> usize {
    (processors - processors / 4).clamp(1, 8)
}

/// The fields of profiles: DIR/profile_fields.json where it is there, else the tables of the program.
pub(crate) fn catalogue(dir: &Path, settings: &Settings) -> Result<Arc<LiveCatalogue>, Failure> {
    let path = dir.join("profile_fields.json");
    let catalogue = match std::fs::read_to_string(&path) {
        Ok(text) => {
            Catalogue::read(&text).map_err(|error| format!("{} can't be used: {error}", path.display()))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Catalogue::builtin(),
        Err(error) => return Err(format!("{} can't be read: {error}", path.display())),
    };
    Ok(LiveCatalogue::new(catalogue, settings.list("genders")))
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
pub(crate) fn login_address(settings: &Settings) -> Option<WebAddress> {
    match settings.text("login_url").trim() {
        "" => None,
        text => WebAddress::parse(text)
            .or_else(|_| WebAddress::parse(NOWHERE))
            .ok(),
    }
}
