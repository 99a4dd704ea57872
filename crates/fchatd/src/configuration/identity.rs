//! The settings of signing in by an identity provider as typed settings, and the address of the site.

use std::net::IpAddr;

use fchatd_accounts::{IdentitySettings, Registration};
use fchatd_links::oidc::{OidcClient, OidcSettings, PATIENCE};
use fchatd_links::web::{WebAddress, WebClient};
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::failure::Failure;
use crate::neighbours::Check;

/// Characters of a provider's name on the button of the page.
const NAME_MAX: usize = 40;

/// The checks of these settings.
pub(super) const CHECKS: &[Check] = &[
    |settings| site_address(settings).map(drop),
    |settings| {
        let web = WebClient::new(1).map_err(|error| format!("TLS can't be used: {error}"))?;
        identity_settings(settings, &web).map(drop)
    },
];

/// The address of the page, without a slash at its end; `None` where it is not set.
///
/// # Errors
/// It is no address of a page.
pub(crate) fn site_address(settings: &Settings) -> Result<Option<String>, Failure> {
    let text = settings.text(keys::SITE_ADDRESS).trim().trim_end_matches('/');
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |fault: &str| {
        Err(format!(
            "site_address must be the address of the page as people open it, such as https://chat.example.org; {fault}"
        ))
    };
    let Ok(address) = WebAddress::parse(text) else {
        return wrong("it is none");
    };
    let host = text.split_once("://").map_or("", |(_, host)| host);
    if host.contains(['/', '?', '#']) {
        return wrong("nothing may stand after the host but a port");
    }
    let is_here = address.host() == "localhost"
        || address
            .host()
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    if !address.is_https() && !is_here {
        return wrong("it must begin with https://, because http:// is safe on this machine only");
    }
    Ok(Some(text.to_ascii_lowercase()))
}

/// Signing in by the identity provider, if there is one.
///
/// # Errors
/// A setting is wrong or missing.
pub(crate) fn identity_settings(
    settings: &Settings,
    web: &WebClient,
) -> Result<Option<IdentitySettings>, Failure> {
    let issuer = settings.text(keys::OIDC_ISSUER).trim();
    if issuer.is_empty() {
        return Ok(None);
    }
    let client_id = settings.text(keys::OIDC_CLIENT_ID).trim();
    if client_id.is_empty() {
        return Err("oidc_issuer needs oidc_client_id, by which the provider knows this site".to_owned());
    }
    let Some(site) = site_address(settings)? else {
        return Err("oidc_issuer needs site_address, to which the provider sends people back".to_owned());
    };
    let scopes = settings.list(keys::OIDC_SCOPES).to_vec();
    if let Some(wrong) = scopes.iter().find(|scope| !is_scope(scope)) {
        return Err(format!(
            "oidc_scopes must be words without spaces; one of them is {wrong:?}"
        ));
    }
    let client = OidcClient::new(
        web.clone(),
        OidcSettings {
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: settings.text(keys::OIDC_CLIENT_SECRET).trim().to_owned(),
            scopes,
            redirect: format!("{site}/oidc/return"),
            patience: PATIENCE,
        },
    )
    .map_err(|error| format!("oidc_issuer: {error}"))?;
    let name = match settings.text(keys::OIDC_NAME).trim() {
        "" => client.host().to_owned(),
        name => name.to_owned(),
    };
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(format!(
            "oidc_name must be one line of at most {NAME_MAX} characters"
        ));
    }
    Ok(Some(IdentitySettings {
        client,
        name,
        registration: match settings.text(keys::OIDC_REGISTER) {
            "open" => Registration::Open,
            "invitation" => Registration::Invitation,
            _ => Registration::Closed,
        },
    }))
}

/// Whether a text is a scope: printable ASCII without spaces, quotes and backslashes.
fn is_scope(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
}

#[cfg(test)]
mod tests {

    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (key, text) in pairs {
            settings.set_from_text(key, text).unwrap();
        }
        settings
    }

    #[test]
    fn the_address_of_the_site_has_a_host_and_nothing_after_it() {
        for (text, wanted) in [
            ("", None),
            ("https://Chat.example.org/", Some("https://chat.example.org")),
            (
                "https://chat.example.org:8443",
                Some("https://chat.example.org:8443"),
            ),
            ("http://localhost:9722", Some("http://localhost:9722")),
            ("http://[::1]:9722", Some("http://[::1]:9722")),
        ] {
            let address = site_address(&settings(&[("site_address", text)])).unwrap();
            assert_eq!(address.as_deref(), wanted, "{text}");
        }
        for (text, words) in [
            ("chat.example.org", "it is none"),
            ("ftp://chat.example.org", "it is none"),
            ("https://user@chat.example.org", "it is none"),
            (
                "https://chat.example.org/chat",
                "nothing may stand after the host",
            ),
            ("https://chat.example.org?x", "nothing may stand after the host"),
            ("http://chat.example.org", "it must begin with https://"),
        ] {
            let fault = site_address(&settings(&[("site_address", text)])).unwrap_err();
            assert!(
                fault.starts_with("site_address ") && fault.contains(words),
                "{text}: {fault}"
            );
        }
    }

    #[test]
    fn each_missing_or_wrong_part_of_the_provider_is_named() {
        let web = WebClient::new(1).unwrap();
        assert!(identity_settings(&settings(&[]), &web).unwrap().is_none());
        let site = ("site_address", "https://chat.example.org");
        let issuer = ("oidc_issuer", "https://accounts.example.org");
        let client = ("oidc_client_id", "chat");
        let good = identity_settings(&settings(&[site, issuer, client]), &web)
            .unwrap()
            .unwrap();
        assert_eq!(
            (good.name.as_str(), good.registration),
            ("accounts.example.org", Registration::Open)
        );
        let long = "x".repeat(41);
        let wrong: &[(&[(&str, &str)], &str)] = &[
            (&[issuer, client], "oidc_issuer needs site_address"),
            (&[site, issuer], "oidc_issuer needs oidc_client_id"),
            (
                &[site, client, ("oidc_issuer", "accounts")],
                "oidc_issuer: it must be the address",
            ),
            (
                &[site, client, ("oidc_issuer", "http://accounts.example.org")],
                "oidc_issuer: it must begin with https://",
            ),
            (
                &[site, client, ("oidc_issuer", "https://accounts.example.org/?x=1")],
                "oidc_issuer: it must not have a query",
            ),
            (
                &[site, client, issuer, ("oidc_name", &long)],
                "oidc_name must be one line",
            ),
        ];
        for (pairs, words) in wrong {
            let fault = identity_settings(&settings(pairs), &web).unwrap_err();
            assert!(fault.starts_with(words), "{words}: {fault}");
        }
    }
}
