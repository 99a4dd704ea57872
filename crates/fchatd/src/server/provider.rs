//! The log-in provider that the settings ask for.

use std::sync::Arc;

use fchatd_accounts::login::remote::RemoteLogin;
use fchatd_accounts::{AccountEvent, AccountService, AccountSettings, LiveCatalogue, LoginProvider};
use fchatd_links::web::WebClient;
use fchatd_profiler::heap;
use fchatd_world::Settings;
use tokio::sync::mpsc::Sender;

use crate::configuration::accounts::{account_settings, login_address, site_checks};
use crate::failure::Failure;
use crate::options::Options;
use crate::server::persistence::Persistence;

/// The material for our own accounts beside their settings.
pub(crate) struct OwnAccounts {
    /// The fields of profiles.
    pub(crate) catalogue: Arc<LiveCatalogue>,
    /// Takes events for the chat.
    pub(crate) events: Sender<AccountEvent>,
}

/// The login provider of these settings.
pub(crate) fn login_provider(
    options: &Options,
    settings: &Settings,
    state: Option<&Persistence>,
    web: &WebClient,
    own: OwnAccounts,
) -> Result<LoginProvider, Failure> {
    let Some(state) = state.filter(|_| !options.dev) else {
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
