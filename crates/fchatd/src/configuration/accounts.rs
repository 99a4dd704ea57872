//! The settings of accounts, log-in checks and profiles as typed settings.

use std::path::Path;
use std::sync::Arc;

use fchatd_accounts::login::remote::SiteChecks;
use fchatd_accounts::{
    AccountSettings, Catalogue, Limit, LiveCatalogue, Pace, PasswordCost, ProfilePages, ProviderSettings,
    Quotas, Registration, TextFilter, WebsiteSettings,
};
use fchatd_links::web::WebAddress;
use fchatd_world::settings::key::of;
use fchatd_world::settings::{Key, keys};
use fchatd_world::{Phrases, Settings};

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
        device_idle: (settings.number(keys::STAY_SIGNED_IN) * 3600.0) as u64,
        devices_per_account: settings.count(keys::DEVICES_PER_ACCOUNT) as u32,
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
    Ok(LiveCatalogue::new(catalogue, settings.list(keys::GENDERS)))
}

/// The settings of the login provider that may change while it runs.
pub(crate) fn provider_settings(settings: &Settings) -> ProviderSettings {
    ProviderSettings {
        accounts: account_settings(settings),
        site: site_checks(settings),
    }
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
pub(crate) fn login_address(settings: &Settings) -> Option<WebAddress> {
    match settings.text(keys::LOGIN_URL).trim() {
        "" => None,
        text => WebAddress::parse(text)
            .or_else(|_| WebAddress::parse(NOWHERE))
            .ok(),
    }
}
