//! Host names in settings that mean addresses: they are resolved when the configuration is read, on a thread that may
//! wait, and later users see addresses alone.

use std::net::{IpAddr, ToSocketAddrs};

use fchatd_world::Settings;
use fchatd_world::settings::{Value, keys};

/// The remarks about it: sentences that begin with the key.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) warnings: Vec<String>,
    pub(super) mistakes: Vec<String>,
}

/// Replaces host names by their addresses.
pub(super) fn resolve(settings: &mut Settings) -> Resolved {
    let mut resolved = Resolved::default();
    for key in [keys::BINDADDR, keys::RTBADDRESS] {
        let text = settings.text(key).trim().to_owned();
        let key = key.name();
        let Some(name) = host_name(&text) else { continue };
        match lookup(name).as_deref() {
            Ok([address, ..]) => {
                put(settings, key, Value::Text(address.to_string()));
                if key == "bindaddr" {
                    resolved.warnings.push(format!("{key}: {name} is {address}"));
                }
            }
            Ok([]) | Err(_) if key == "rtbaddress" && !settings.flag(keys::ENABLERTB) => {}
            found => resolved.mistakes.push(format!(
                "{key} must be an IP address such as 127.0.0.1, or a host name that can be resolved; it is {text:?} ({})",
                reason(found)
            )),
        }
    }
    let list = settings.list(keys::LOAD_BALANCERS).to_vec();
    if list.iter().any(|text| host_name(text.trim()).is_some()) {
        let mut addresses = Vec::new();
        for text in list {
            match host_name(text.trim()).map(|name| (name, lookup(name))) {
                None => addresses.push(text),
                Some((_, Ok(found))) if !found.is_empty() => {
                    addresses.extend(found.iter().map(ToString::to_string));
                }
                Some((name, found)) => resolved.warnings.push(format!(
                    "load_balancers: {name} can't be resolved, so what comes from there is not believed ({})",
                    reason(found.as_deref())
                )),
            }
        }
        put(settings, "load_balancers", Value::List(addresses));
    }
    resolved
}

/// The text, if it could be the name of a host and is no address.
fn host_name(text: &str) -> Option<&str> {
    let is_name = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let is_address = text.parse::<IpAddr>().is_ok();
    // Four numbers that are no address are a slip of the pen.
    let has_letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    (!is_address && has_letters && is_name(text)).then_some(text)
}

/// The addresses of a host, IPv4 first, as most files mean.
fn lookup(name: &str) -> std::io::Result<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = (name, 0).to_socket_addrs()?.map(|found| found.ip()).collect();
    addresses.sort_by_key(|address| (address.is_ipv6(), *address));
    addresses.dedup();
    Ok(addresses)
}

fn reason(found: Result<&[IpAddr], &std::io::Error>) -> String {
    found.map_or_else(ToString::to_string, |_| "it has no address".to_owned())
}

fn put(settings: &mut Settings, key: &str, value: Value) {
    // The key is in the table and the type its own.
    let _ = settings.set(key, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses_and_addresses_stay() {
        let mut settings = Settings::default();
        put(&mut settings, "bindaddr", Value::Text("localhost".into()));
        let list = ["localhost", "10.1.0.0/16", "::1", "no-such-host.invalid", "1.2.3"];
        put(
            &mut settings,
            "load_balancers",
            Value::List(list.map(str::to_owned).into()),
        );
        let Resolved { warnings, mistakes } = resolve(&mut settings);
        assert_eq!(mistakes, Vec::<String>::new());
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            settings
                .text(keys::BINDADDR)
                .parse::<IpAddr>()
                .unwrap()
                .is_loopback()
        );
        let balancers = settings.list(keys::LOAD_BALANCERS);
        assert!(balancers[0].parse::<IpAddr>().unwrap().is_loopback());
        assert!(balancers.contains(&"10.1.0.0/16".to_owned()));
        assert!(
            balancers.contains(&"1.2.3".to_owned()),
            "no name: it is refused later"
        );
        put(
            &mut settings,
            "bindaddr",
            Value::Text("no-such-host.invalid".into()),
        );
        assert_eq!(resolve(&mut settings).mistakes.len(), 1);
        put(
            &mut settings,
            "rtbaddress",
            Value::Text("no-such-host.invalid".into()),
        );
        assert_eq!(resolve(&mut settings).mistakes.len(), 1, "the bridge is off");
    }
}
