//! The part of the library `s` about access to the server: banned networks, and registration.

use fchatd_protocol::exchange::BanOrder;
use fchatd_protocol::network::{self, IpNet, NetworkBan};
use fchatd_world::World;

use super::connection;
use crate::engine::{Arguments, Function, HostError, Reply, Value};

/// A hundred years, in seconds.
const SECONDS_MAX: f64 = 100.0 * 365.0 * 86_400.0;
/// Maximum number of bans in one result.
const SHOWN_MAX: f64 = 100.0;

macro_rules! functions {
    ($($name:literal $signature:literal $summary:literal $run:expr;)*) => {
        &[$(Function { library: "s", name: $name, signature: $signature, summary: $summary, run: $run }),*]
    };
}

pub(super) static FUNCTIONS: &[Function<World>] = functions! {
    "addNetworkBan" "(con: Connection, network: string, reason: string, seconds: number?, force: boolean?): (boolean, string | number)"
        "+ Bans an address or a CIDR block in the name of a connection's character, and ends its sessions. True and the number of ended sessions; or false and a sentence with the reason: without `force` the server, its proxies and the own network cannot be banned." add_network_ban;
    "removeNetworkBan" "(network: string): string?"
        "+ Lifts the ban of a network. Returns the network as it was on the list." |w, a| {
        let network = network::parse(&a.text(1)?);
        let removed = network.filter(|network| w.unban_network(network));
        Ok(Reply::One(removed.map(|network| network.to_string()).into()))
    };
    "getNetworkBans" "(most: number, about: string?): ({{network: string, ends: number, reason: string, by: string}}, number)"
        "+ The newest bans of networks, up to the given number (at most 100), and the number of all bans. With an address or network, only bans that overlap it. `ends` is 0 for a ban without an end." network_bans;
    "getNetwork" "(con: Connection): string"
        "+ The network of the subscriber that a connection comes from: an IPv4 address, or the first 64 bits of an IPv6 address." |w, a| {
        let (_, con) = connection(w, a, 1)?;
        Ok(network::subscriber(con.address).to_string().into())
    };
    "pauseRegistration" "(paused: boolean): boolean"
        "+ Pauses or resumes the registration of accounts; returns whether that is a change." |w, a| {
        Ok(w.pause_registration(a.truth(1)).into())
    };
    "isRegistrationPaused" "(): boolean"
        "+ Whether the registration of accounts is paused." |w, _| Ok(w.is_registration_paused().into());
};

fn add_network_ban(world: &mut World, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let (_, con) = connection(world, arguments, 1)?;
    let (by, own) = (con.name.clone(), con.address);
    let (text, reason) = (arguments.text(2)?, arguments.text(3)?.into_owned());
    let seconds = if arguments.is_nil(4) {
        None
    } else {
        match arguments.number(4)? {
            seconds if (1.0..=SECONDS_MAX).contains(&seconds) => Some(seconds as i64),
            _ => return Err(arguments.bad(4, "seconds expected, from 1 to a hundred years")),
        }
    };
    let Some(network) = network::parse(&text) else {
        let refusal = format!("{text:?} is no address and no CIDR block such as 203.0.113.0/24.");
        return Ok((false, refusal).into());
    };
    let order = BanOrder {
        network,
        seconds,
        reason,
        force: arguments.truth(5),
    };
    Ok(match world.ban_network(&order, &by, Some(own)) {
        Ok(ended) => (true, ended).into(),
        Err(refusal) => (false, refusal).into(),
    })
}

fn network_bans(world: &mut World, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let most = arguments.number(1)?.clamp(0.0, SHOWN_MAX) as usize;
    let about = arguments.optional_text(2)?;
    let about: Option<IpNet> = about.as_deref().and_then(network::parse);
    let now = world.unix_seconds();
    let concerns = |ban: &&NetworkBan| {
        ban.holds(now) && about.is_none_or(|about| network::overlap(&about, &ban.network))
    };
    let mut bans: Vec<&NetworkBan> = world.network_bans().iter().filter(concerns).collect();
    let count = bans.len();
    bans.sort_by_key(|ban| (std::cmp::Reverse(ban.time), ban.network));
    let table = |ban: &&NetworkBan| {
        Value::Map(vec![
            ("network".into(), ban.network.to_string().into()),
            ("ends".into(), (ban.until as f64).into()),
            ("reason".into(), ban.reason.clone().into()),
            ("by".into(), ban.by.clone().into()),
        ])
    };
    let shown: Vec<Value> = bans.iter().take(most).map(table).collect();
    Ok((shown, count).into())
}
