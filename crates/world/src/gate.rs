//! Banned networks and paused registration, as part of the durable state. The sockets and the account
//! service hear of each change by a request and do the refusing; the world only ends present connections.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fchatd_protocol::duration::in_words;
use fchatd_protocol::error;
use fchatd_protocol::exchange::{self, BanOrder, GateChange, GateOrder, Request};
use fchatd_protocol::network::{self, IpNet, NetworkBan, NetworkBans, REASON_BYTES_MAX};

use crate::changes::Thing;
use crate::connection::State;
use crate::log::{Deed, Party};
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

impl World {
    /// The networks that are kept out.
    pub fn network_bans(&self) -> &NetworkBans {
        &self.network_bans
    }

    /// Keeps a network out in the name of `by`, and ends the sessions that come from it. Gives how many there were.
    ///
    /// # Errors
    /// A sentence that says why not: the network holds the server's own machine, one of its proxies or the address
    /// `own` of the person that orders it, and it is not forced; the reason is too long; or there are too many bans.
    pub fn ban_network(&mut self, order: &BanOrder, by: &str, own: Option<IpAddr>) -> Result<usize, String> {
        let BanOrder {
            network,
            seconds,
            reason,
            force,
        } = order;
        check_reason(reason)?;
        if !force {
            let lists = [keys::LOAD_BALANCERS, keys::PROXY_PROTOCOL];
            check_own(network, &lists.map(|key| (key.name(), self.settings.list(key))))?;
            if own.is_some_and(|address| network::contains(network, address)) {
                return Err(format!(
                    "{network} holds your own address, so you would be kept out yourself. Force it if you mean that."
                ));
            }
        }
        let now = self.unix_seconds();
        if self.network_bans.get(network).is_none() {
            self.expire_network_bans();
            let most = self.settings.count(keys::NETWORK_BANS_MAX);
            if self.network_bans.len() >= most {
                return Err(format!(
                    "There are {most} banned networks already, as many as network_bans_max allows. Remove some, or ban a \
                     larger network instead of many small ones."
                ));
            }
        }
        let ban = NetworkBan {
            network: *network,
            until: seconds.map_or(0, |seconds| now.saturating_add(seconds)),
            reason: reason.clone(),
            by: by.to_owned(),
            time: now,
        };
        let sentence = ban.sentence(now);
        self.network_bans.insert(ban.clone());
        self.network_ban_changed(network);
        self.outputs
            .requests
            .push(Request::Gate(Box::new(GateChange::Banned(ban))));
        let ended = self.connections.iter().filter(|(_, connection)| {
            connection.state != State::Departed && network::contains(network, connection.address)
        });
        let ended: Vec<ConnectionKey> = ended.map(|(key, _)| key).collect();
        for &key in &ended {
            self.put_out(key, &sentence);
        }
        Ok(ended.len())
    }

    /// Lets a network in again; whether exactly this one was kept out.
    pub fn unban_network(&mut self, network: &IpNet) -> bool {
        let removed = self.network_bans.remove(network).is_some();
        if removed {
            self.network_ban_changed(network);
            let change = GateChange::Lifted(*network);
            self.outputs.requests.push(Request::Gate(Box::new(change)));
        }
        removed
    }

    /// Ends a connection that came while its network was banned. Whether it did.
    pub fn refuse_banned(&mut self, key: ConnectionKey) -> bool {
        let now = self.unix_seconds();
        let address = self.connections.get(key).map(|connection| connection.address);
        let ban = address.and_then(|address| self.network_bans.of(address, now));
        let Some(sentence) = ban.map(|ban| ban.sentence(now)) else {
            return false;
        };
        self.put_out(key, &sentence);
        true
    }

    /// Carries out an order of the operator `by`, which is an action of its own. Gives a sentence about the result.
    ///
    /// # Errors
    /// A sentence that says why nothing was done.
    pub fn order_gate(&mut self, order: &GateOrder, by: &str) -> Result<String, String> {
        let (code, arguments, target, sentence) = match order {
            GateOrder::Ban(ban) => {
                let ended = self.ban_network(ban, by, None)?;
                let time = ban.seconds.map_or("for good".to_owned(), |seconds| {
                    format!("for {}", in_words(seconds.unsigned_abs()))
                });
                let sentence = format!("{} is banned {time}; sessions ended: {ended}", ban.network);
                (exchange::BAN, ban.arguments(), Some(ban.network), sentence)
            }
            GateOrder::Unban(network) => {
                if !self.unban_network(network) {
                    return Err(format!(
                        "{network} is not on the list of banned networks; a ban is removed as it was written"
                    ));
                }
                let arguments = format!(r#"{{"network":"{network}"}}"#);
                let sentence = format!("{network} is not banned any more");
                (exchange::UNBAN, arguments, Some(*network), sentence)
            }
            GateOrder::PauseRegistration(paused) => {
                let state = if *paused { "paused" } else { "not paused" };
                if !self.pause_registration(*paused) {
                    return Ok(format!("registration is {state}, as before"));
                }
                let arguments = format!(r#"{{"paused":{paused}}}"#);
                let sentence = format!("registration is {state} now");
                (exchange::REGISTRATION, arguments, None, sentence)
            }
        };
        let target = target.map(|network| network.to_string());
        self.log_action(Deed {
            by: Party::Named(by),
            code,
            arguments,
            target: target.as_deref().map(Party::Named),
        });
        Ok(sentence)
    }

    /// Whether registration is paused.
    pub fn is_registration_paused(&self) -> bool {
        self.registration_paused
    }

    /// Pauses or resumes registration; whether that is new.
    pub fn pause_registration(&mut self, paused: bool) -> bool {
        let changed = std::mem::replace(&mut self.registration_paused, paused) != paused;
        if changed {
            self.changed(Thing::Registration);
            let change = GateChange::RegistrationPaused(paused);
            self.outputs.requests.push(Request::Gate(Box::new(change)));
        }
        changed
    }

    /// Forgets bans that are over.
    pub(crate) fn expire_network_bans(&mut self) {
        let now = self.unix_seconds();
        for network in self.network_bans.expire(now) {
            self.network_ban_changed(&network);
            let change = GateChange::Lifted(network);
            self.outputs.requests.push(Request::Gate(Box::new(change)));
        }
    }

    fn network_ban_changed(&mut self, network: &IpNet) {
        self.changed(Thing::NetworkBan(*network));
    }

    fn put_out(&mut self, key: ConnectionKey, sentence: &str) {
        self.send_error(key, error::BANNED_FROM_SERVER, Some(sentence));
        self.close(key, false);
    }
}

/// Whether a ban of a network would keep out the machine that the server runs on, or one of its trusted proxies, and
/// with them all people behind them.
///
/// # Errors
/// A sentence that names the address in the network.
fn check_own(network: &IpNet, proxies: &[(&str, &[String])]) -> Result<(), String> {
    let loopback = [
        IpNet::new_assert(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
        IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST)),
    ];
    if loopback.iter().any(|own| network::overlap(own, network)) {
        return Err(format!(
            "{network} holds addresses of the server's own machine (loopback), so its operator, and everybody who comes \
             by a proxy on it, would be kept out. Force it if you mean that."
        ));
    }
    for (setting, proxies) in proxies {
        let mut proxies = proxies.iter();
        let is_in = |text: &&String| network::parse(text).is_some_and(|own| network::overlap(&own, network));
        if let Some(proxy) = proxies.find(is_in) {
            return Err(format!(
                "{network} holds addresses of the trusted proxy {proxy} ({setting}), so everybody behind it would be \
                 kept out. Force it if you mean that."
            ));
        }
    }
    Ok(())
}

/// Whether a text can be the reason of a ban.
///
/// # Errors
/// A sentence that says why not.
fn check_reason(reason: &str) -> Result<(), String> {
    if reason.len() > REASON_BYTES_MAX || reason.chars().any(char::is_control) {
        return Err(format!(
            "A reason is one line of at most {REASON_BYTES_MAX} bytes."
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_bans_the_server_itself_by_mistake() {
        let proxies = ["10.1.2.3".to_owned(), "2001:db8:1::/48".to_owned()];
        for (network, refused) in [
            ("127.0.0.1", true),
            ("127.9.0.0/16", true),
            ("0.0.0.0/0", true),
            ("0.0.0.0/1", true),
            ("::1", true),
            ("::/0", true),
            ("::/64", true),
            ("::ffff:127.0.0.1", true),
            ("10.1.2.3", true),
            ("10.0.0.0/8", true),
            ("10.1.2.4", false),
            ("2001:db8::/32", true),
            ("2001:db8:1:2::/64", true),
            ("2001:db8:2::/48", false),
            ("203.0.113.0/24", false),
        ] {
            let parsed = network::parse(network).unwrap();
            for setting in ["load_balancers", "proxy_protocol"] {
                let checked = check_own(&parsed, &[("other", &[]), (setting, &proxies)]);
                assert_eq!(checked.is_err(), refused, "{network}");
            }
        }
    }

    fn world() -> World {
        let mut settings = crate::Settings::default();
        settings.set_from_text("network_bans_max", "2").unwrap();
        let now = crate::Now {
            monotonic: 0,
            unix: 1_000_000,
        };
        World::new(settings, now, [0; 32])
    }

    fn order(text: &str, seconds: Option<i64>) -> BanOrder {
        BanOrder {
            network: network::parse(text).unwrap(),
            seconds,
            reason: "raid".to_owned(),
            force: false,
        }
    }

    #[test]
    fn bans_are_so_many_and_those_that_are_over_make_room() {
        let mut world = world();
        let own = Some("198.51.100.7".parse().unwrap());
        assert!(
            world
                .ban_network(&order("198.51.100.0/24", None), "Ada", own)
                .is_err()
        );
        assert!(
            world
                .ban_network(&order("203.0.113.0/24", Some(10)), "Ada", own)
                .is_ok()
        );
        assert!(
            world
                .ban_network(&order("203.0.114.0/24", None), "Ada", own)
                .is_ok()
        );
        assert!(
            world
                .ban_network(&order("203.0.115.0/24", None), "Ada", own)
                .is_err()
        );
        // The same network again takes no further place.
        assert!(
            world
                .ban_network(&order("203.0.114.0/24", Some(60)), "Ada", own)
                .is_ok()
        );
        world.now.unix += 10_000;
        assert!(
            world
                .ban_network(&order("203.0.115.0/24", None), "Ada", own)
                .is_ok()
        );
        let kept: Vec<String> = world
            .network_bans()
            .iter()
            .map(|ban| ban.network.to_string())
            .collect();
        assert_eq!(kept, ["203.0.114.0/24", "203.0.115.0/24"]);
        let mut copy = self::world();
        copy.restore(&world.snapshot(), true);
        assert_eq!(copy.network_bans(), world.network_bans());
    }

    #[test]
    fn a_ban_ends_all_connections_of_its_network_and_later_ones() {
        let mut world = world();
        let open = |world: &mut World, slot, address: &str| {
            let id = fchatd_protocol::exchange::ConnectionId {
                edge: 0,
                slot,
                generation: 0,
            };
            world.open(id, address.parse().unwrap()).unwrap()
        };
        let (raider, other) = (
            open(&mut world, 1, "203.0.113.7"),
            open(&mut world, 2, "203.0.114.7"),
        );
        assert!(!world.refuse_banned(raider));
        assert_eq!(
            world.ban_network(&order("203.0.113.0/24", None), "Ada", None),
            Ok(1)
        );
        assert!(world.is_closing(raider) && !world.is_closing(other));
        let late = open(&mut world, 3, "::ffff:203.0.113.9");
        assert!(world.refuse_banned(late) && world.is_closing(late));
        assert!(world.unban_network(&network::parse("203.0.113.0/24").unwrap()));
        let back = open(&mut world, 4, "203.0.113.7");
        assert!(!world.refuse_banned(back));
    }
}
