//! `fchatd ban …` and `fchatd registration …`: banned networks and paused registration. A server that runs is asked, so that
//! it counts at once; without one, the state is changed.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use fchatd_protocol::change::Commit;
use fchatd_protocol::duration::in_words;
use fchatd_protocol::exchange::{BanOrder, GateOrder, Request, Undo};
use fchatd_protocol::json::write::Object;
use fchatd_protocol::network::{self, IpNet, NetworkBan};
use fchatd_store::snapshot::Snapshot;
use fchatd_store::{Claim, Store, StoreError};
use fchatd_world::settings::keys;
use fchatd_world::{Now, World};

use crate::commands::duration::Duration;
use crate::commands::json;
use crate::commands::quantity::count;
use crate::configuration;
use crate::failure::Failure;
use crate::folder::action_log;
use crate::folder::control;
use crate::folder::places::data_folder;
use crate::options::{self, Options};
use crate::output::say;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BanAction {
    /// Ban a network: connections, log-ins and page requests from it are refused, and its sessions end
    #[command(args = options::force("Ban the network even if it has the server's own machine or its proxies in it"))]
    Add {
        /// An address or a CIDR block, such as 203.0.113.9, 203.0.113.0/24 or 2001:db8:1:2::/64. An IPv6 subscriber
        /// has at least a /64
        #[arg(value_name = "NETWORK", value_parser = read_network)]
        network: IpNet,
        /// Duration, such as 30min, 12h, "3 days" or 2w; without it the ban has no end
        #[arg(long = "for", value_name = "TIME")]
        time: Option<Duration>,
        /// The reason; shown to people from that network
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
    },
    /// List the banned networks, the newest first
    List {
        /// Only bans that overlap with this address or network
        #[arg(value_name = "NETWORK", value_parser = read_network)]
        network: Option<IpNet>,
        /// As JSON, one object in each line
        #[arg(long)]
        json: bool,
    },
    /// Lift the ban of a network
    Remove {
        /// The network, as "list" shows it
        #[arg(value_name = "NETWORK", value_parser = read_network)]
        network: IpNet,
    },
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum RegistrationAction {
    /// Pause the registration of accounts; existing accounts log in as usual
    Pause,
    /// Resume registration, as the setting "registration" defines it
    Resume,
    /// Print the state of registration
    Status {
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
}

/// How a refusal ends that can be forced.
const FORCE: &str = "Force it if you mean that.";

fn read_network(text: &str) -> Result<IpNet, String> {
    network::parse(text).ok_or_else(|| "it is no address and no CIDR block such as 203.0.113.0/24".to_owned())
}

/// `fchatd ban …`
pub(crate) fn ban(options: &Options, action: &BanAction) -> Result<(), Failure> {
    let order = match action {
        BanAction::Add {
            network,
            time,
            reason,
        } => GateOrder::Ban(BanOrder {
            network: *network,
            seconds: time.map(|time| i64::try_from(time.seconds).unwrap_or(i64::MAX)),
            reason: reason.trim().to_owned(),
            force: options.force,
        }),
        BanAction::Remove { network } => GateOrder::Unban(*network),
        BanAction::List { network, json } => {
            let snapshot = saved(options)?;
            list(&snapshot.network_bans, network.as_ref(), *json);
            return Ok(());
        }
    };
    say!("{}", carry_out(options, &order)?);
    Ok(())
}

/// `fchatd registration …`
pub(crate) fn registration(options: &Options, action: RegistrationAction) -> Result<(), Failure> {
    let paused = match action {
        RegistrationAction::Pause => true,
        RegistrationAction::Resume => false,
        RegistrationAction::Status { json } => {
            let setting = configuration::load(options)?.text(keys::REGISTRATION).to_owned();
            match saved(options)?.registration_paused {
                paused if json => {
                    json::print(|object| json::flag(object.text("registration", &setting), "paused", paused));
                }
                true => say!("paused; registration = {setting:?} counts when it is resumed"),
                false => say!("not paused; registration = {setting:?}"),
            }
            return Ok(());
        }
    };
    say!("{}", carry_out(options, &GateOrder::PauseRegistration(paused))?);
    Ok(())
}

fn list(bans: &[NetworkBan], about: Option<&IpNet>, json: bool) {
    let now = unix_seconds();
    let concerns =
        |ban: &&NetworkBan| ban.holds(now) && about.is_none_or(|about| network::overlap(about, &ban.network));
    let mut bans: Vec<&NetworkBan> = bans.iter().filter(concerns).collect();
    bans.sort_by_key(|ban| (std::cmp::Reverse(ban.time), ban.network));
    for ban in &bans {
        if json {
            json::print(|object| as_json(ban, object));
        } else {
            let end = match ban.until {
                0 => "for good".to_owned(),
                until => format!(
                    "for another {}",
                    in_words(until.saturating_sub(now).unsigned_abs())
                ),
            };
            say!("{}\t{end}\tby {}\t{}", ban.network, ban.by, ban.reason);
        }
    }
    if !json {
        say!("{}", count(bans.len(), "banned network"));
    }
}

fn as_json<'a>(ban: &NetworkBan, object: Object<'a>) -> Object<'a> {
    object
        .text("network", &ban.network.to_string())
        .integer("until", ban.until)
        .text("reason", &ban.reason)
        .text("by", &ban.by)
        .integer("time", ban.time)
}

/// The state as it was last saved; of a running server that is all that it has answered for.
fn saved(options: &Options) -> Result<Snapshot, Failure> {
    let data = data_folder(&options.dir);
    if !data.is_dir() {
        return Err(never_ran(options));
    }
    let snapshot = Store::open(&data).and_then(|store| store.load_snapshot());
    Ok(snapshot.map_err(|error| error.to_string())?.unwrap_or_default())
}

fn never_ran(options: &Options) -> Failure {
    format!(
        "no server has ever run in {}; give the server's folder with --dir",
        options.dir.display()
    )
}

/// Has a running server carry an order out, or changes the state of one that does not run.
fn carry_out(options: &Options, order: &GateOrder) -> Result<String, Failure> {
    let asked = control::ask_gate(&options.dir, order)
        .map_err(|error| format!("the server that runs in this folder does not answer: {error}"))?;
    let done = match asked {
        Some(answer) => answer,
        None => carry_out_beside(options, order),
    };
    done.map_err(|failure| match order {
        GateOrder::Ban(ban) if !ban.force && failure.contains(FORCE) => format!("{failure} (--force)"),
        _ => failure,
    })
}

fn carry_out_beside(options: &Options, order: &GateOrder) -> Result<String, Failure> {
    let data = data_folder(&options.dir);
    if !data.is_dir() {
        return Err(never_ran(options));
    }
    let settings = configuration::load(options)?;
    let claim = Claim::take(&data).map_err(|error| match error {
        StoreError::InUse { .. } => {
            "a server runs in this folder and can't be asked: run this as its user, or use NBN, NUB and RGP in the chat"
                .to_owned()
        }
        error => error.to_string(),
    })?;
    let store = Store::open_claimed(&claim).map_err(|error| error.to_string())?;
    let mut log = action_log::open(&options.dir, &settings)?;
    // A world without people knows the rules.
    let moment = Now {
        monotonic: 0,
        unix: unix_seconds().saturating_mul(1000),
    };
    let mut world = World::new(settings, moment, [0; 32]);
    if let Some(snapshot) = store.load_snapshot().map_err(|error| error.to_string())? {
        world.restore(&snapshot, true);
    }
    world.record_changes(false);
    let sentence = world.order_gate(order, Undo::OPERATOR)?;
    let commit = Commit {
        number: 1,
        actor: None,
        changes: world.take_changes(1),
    };
    let mut writer = store.chat_writer().map_err(|error| error.to_string())?;
    writer.apply(&[commit]).map_err(|error| error.to_string())?;
    let actions = world.outputs.requests.drain(..);
    let actions: Vec<_> = actions
        .filter_map(|request| match request {
            Request::Action(entry) => Some(*entry),
            _ => None,
        })
        .collect();
    log.append(&actions)
        .map_err(|error| format!("{sentence}, but the action log can't be written: {error}"))?;
    Ok(sentence)
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
