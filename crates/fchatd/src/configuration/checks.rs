//! Checks of values beyond the table of the settings: valid addresses, and settings that need others.

use fchatd_protocol::network::parse as network_of;
use fchatd_world::Settings;
use fchatd_world::settings::keys;

use crate::configuration::{cluster, identity, listen, network};
use crate::failure::Failure;
use crate::neighbours;

const CHECKS: &[neighbours::Check] = &[
    |settings| listen::listening_address(settings).map(drop),
    |settings| listen::listeners(settings).map(drop),
    |settings| network::admin_listen(settings).map(drop),
    admin_networks,
    |settings| network::edge_settings(settings).map(drop),
    |settings| network::script_hosts(settings).map(drop),
    origin,
    origin_host,
];

/// The mistakes, a sentence for each.
pub(super) fn failures(settings: &Settings) -> impl Iterator<Item = Failure> {
    let checks = CHECKS.iter().chain(neighbours::CHECKS).chain(cluster::CHECKS);
    let checks = checks.chain(identity::CHECKS);
    checks.filter_map(|check| check(settings).err())
}

/// A network that can't be read would keep the administrators out.
fn admin_networks(settings: &Settings) -> Result<(), Failure> {
    let mut networks = settings.list(keys::ADMIN_NETWORKS).iter();
    match networks.find(|text| network_of(text).is_none()) {
        None => Ok(()),
        Some(text) => Err(format!(
            "admin_networks must be a list of addresses or CIDR blocks, such as 10.0.0.0/8; {text:?} is none"
        )),
    }
}

/// An origin that no browser ever sends would turn all people away.
fn origin(settings: &Settings) -> Result<(), Failure> {
    let text = settings.text(keys::ALLOWED_ORIGIN);
    let wrong = match text.split_once("://") {
        None => !text.is_empty(),
        Some((scheme, host)) => scheme.is_empty() || host.is_empty() || host.contains('/'),
    };
    if wrong {
        return Err(format!(
            "allowed_origin must be as browsers send it, such as https://chat.example, with nothing after the host \
             but a port; it is {text:?}"
        ));
    }
    Ok(())
}

fn origin_host(settings: &Settings) -> Result<(), Failure> {
    let text = settings.text(keys::ALLOWED_ORIGIN_HOST);
    if text.contains('/') {
        return Err(format!(
            "allowed_origin_host must be a host name alone, such as chat.example; it is {text:?}"
        ));
    }
    Ok(())
}
