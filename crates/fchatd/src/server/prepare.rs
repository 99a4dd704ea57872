//! The first step of a run: everything that needs no network. A mistake in the settings or the scripts is found here, before
//! anything is made or opened.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use fchatd_accounts::{AccountEvent, IdentitySettings, LiveCatalogue, LoginProvider};
use fchatd_core::Core;
use fchatd_edge::{EdgeSettings, runtime};
use fchatd_links::BridgeSettings;
use fchatd_links::web::WebClient;
use fchatd_profiler::heap;
use fchatd_script::engine::Watchdog;
use fchatd_service::Notifier;
use fchatd_service::inherit::{self, Named};
use fchatd_world::Settings;
use fchatd_world::settings::keys;
use tokio::runtime::LocalRuntime;
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use crate::clock::Clock;
use crate::configuration::Configuration;
use crate::configuration::accounts::catalogue;
use crate::configuration::cluster::{self, Role};
use crate::configuration::files::{raise_file_limit, survive_file_size_limit};
use crate::configuration::identity::identity_settings;
use crate::configuration::listen;
use crate::configuration::listen::listening_address;
use crate::configuration::network::{edge_settings, threads};
use crate::failure::Failure;
use crate::folder::scripts::{self, Checked, Scope};
use crate::folder::{action_log, places, recovery, rules};
use crate::neighbours::bridge::bridge_settings;
use crate::neighbours::traces::traces;
use crate::neighbours::{Neighbours, Start};
use crate::options::Options;
use crate::server::answer::{Answer, Reload};
use crate::server::certificates::Certificates;
use crate::server::keeper::{Keeper, Places};
use crate::server::persistence::Persistence;
use crate::server::provider::{OwnAccounts, login_provider};
use crate::server::recorder::Recorder;
use crate::server::reload::{self, Reloads};
use crate::server::signals::Signals;
use crate::server::trimmer::Trimmer;
use crate::{configuration, output};

/// Changes of accounts that may wait for the chat.
const EVENTS_MAX: usize = 1024;

/// A server that has not opened the network yet.
pub(crate) struct Prepared {
    pub(crate) runtime: LocalRuntime,
    pub(crate) process: Process,
    pub(crate) parts: Parts,
    /// The state on disk; none with `--dev`.
    pub(crate) state: Option<Persistence>,
    /// Threads that run until the end.
    pub(crate) helpers: (Watchdog, Trimmer),
}

/// The process as the system and the service manager see it.
pub(crate) struct Process {
    /// Sockets from the service manager, or from the program that this one replaces.
    pub(crate) inherited: Vec<Named>,
    pub(crate) clock: Clock,
    /// When the program began, in Unix seconds.
    pub(crate) began: u64,
    pub(crate) signals: Signals,
    pub(crate) reload: Reload,
    pub(crate) reloads: Reloads,
    pub(crate) notifier: Rc<Notifier>,
}

/// The parts of the server, made from the settings.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    /// The first address to listen on.
    pub(crate) address: SocketAddr,
    /// The certificates for listeners with TLS.
    pub(crate) certificates: Option<Rc<Certificates>>,
    pub(crate) edge: EdgeSettings,
    pub(crate) bridge: Option<BridgeSettings>,
    pub(crate) core: Core,
    pub(crate) recorder: Option<Recorder>,
    pub(crate) keeper: Option<Keeper>,
    pub(crate) provider: LoginProvider,
    /// Signing in by an identity provider, if there is one.
    pub(crate) identities: Option<IdentitySettings>,
    pub(crate) catalogue: Arc<LiveCatalogue>,
    pub(crate) neighbours: Neighbours,
    /// The two ends of the way of answers.
    pub(crate) answers: (UnboundedSender<Answer>, UnboundedReceiver<Answer>),
    /// Changes of accounts for the chat.
    pub(crate) events: Receiver<AccountEvent>,
}

/// Reads the settings, checks the scripts, opens the state and makes the parts.
///
/// # Errors
/// A sentence that says why the server can't run.
pub(crate) fn prepare(options: &Options) -> Result<Prepared, Failure> {
    let (runtime, process) = begin()?;
    if options.dir.exists() {
        places::require(&options.dir)?;
        if let Some(sentence) = recovery::complete_restore(&options.dir)? {
            tracing::warn!("{sentence}");
        }
    }
    let settings = read_settings(options)?;
    cluster::check(&settings, &options.dir, options.dev)?;
    let address = listening_address(&settings)?;
    let reachable = match cluster::role(&settings) {
        Role::Core => vec![cluster::cluster_address(&settings)?],
        _ => listen::addresses(&settings)?,
    };
    let mut public = reachable.iter().filter(|address| !address.ip().is_loopback());
    if process.inherited.is_empty()
        && let Some(public) = public.next()
    {
        refuse_open_house(options, public.ip())?;
    }
    let certificates = Certificates::open(&settings, &options.dir)?;
    let bridge = bridge_settings(&settings)?;
    raise_file_limit(settings.count(keys::MAXCONNECTIONS), threads(&settings));
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    let Checked { scripts, remarks } = scripts::load_checked(&options.dir, Scope::InForce)?;
    for remark in remarks {
        tracing::warn!("{remark}");
    }
    let start_core =
        |before| rules::start(&scripts, settings.clone(), before, &watchdog, process.clock.now());
    // A script that does not even start is told before anything is made or opened.
    start_core(None)?;
    if places::make(&options.dir)? {
        tracing::info!("the folder {} was missing and is made", options.dir.display());
    }
    let state = Persistence::open(options)?;
    let before = match &state {
        Some(state) => state.store.load_snapshot().map_err(|error| error.to_string())?,
        None => None,
    };
    let core = start_core(before.as_ref())?;
    let parts = parts(
        options,
        settings,
        core,
        state.as_ref(),
        (address, bridge, certificates),
    )?;
    Ok(Prepared {
        runtime,
        process,
        parts,
        state,
        helpers: (watchdog, Trimmer::start()?),
    })
}

/// Reads the settings, and puts those of the log in force before their remarks are logged.
///
/// # Errors
/// A sentence for each mistake.
pub(super) fn read_settings(options: &Options) -> Result<Settings, Failure> {
    let Configuration {
        settings, warnings, ..
    } = configuration::read(options)?;
    output::logger::configure(&settings);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(settings)
}

/// The process, before anything is read: a signal must not end a process that is taking over.
pub(super) fn begin() -> Result<(LocalRuntime, Process), Failure> {
    output::detach();
    output::logger::start();
    heap::keep_little();
    let inherited = inherit::take()?;
    let clock = Clock::new();
    let began = clock.now().unix as u64 / 1000;
    let runtime = runtime().map_err(|error| format!("the event loop could not be started: {error}"))?;
    let (signals, (reload, reloads)) = runtime.block_on(async {
        survive_file_size_limit()?;
        Ok::<_, Failure>((Signals::receive()?, reload::receive()?))
    })?;
    let process = Process {
        inherited,
        clock,
        began,
        signals,
        reload,
        reloads,
        notifier: Rc::new(Notifier::from_environment()),
    };
    Ok((runtime, process))
}

fn parts(
    options: &Options,
    settings: Settings,
    core: Core,
    state: Option<&Persistence>,
    (address, bridge, certificates): (SocketAddr, Option<BridgeSettings>, Option<Rc<Certificates>>),
) -> Result<Parts, Failure> {
    let recorder = Recorder::start(&settings, &options.dir)?;
    let web = WebClient::new(settings.count(keys::LOGIN_CONNECTION_POOL))
        .map_err(|error| format!("TLS can't be used: {error}"))?;
    let catalogue = catalogue(&options.dir, &settings)?;
    let (events, happened) = channel(EVENTS_MAX);
    let own = OwnAccounts {
        catalogue: catalogue.clone(),
        events,
    };
    let identities = identity_settings(&settings, &web)?;
    let provider = login_provider(options, &settings, state, &web, own)?;
    let answers = unbounded_channel();
    let answering = answers.0.clone();
    let traces = traces(&settings)?;
    let neighbours = Neighbours::start(&Start {
        settings: &settings,
        dir: &options.dir,
        data: state.map(Persistence::folder),
        traces: traces.clone(),
        wants_all: Arc::new(move || {
            // The receiver is gone when the server is going down.
            let _ = answering.send(Answer::NeighbourWantsAll);
        }),
    })?;
    let keeper = match state {
        Some(state) => Some(keeper(options, &settings, state, &neighbours, answers.0.clone())?),
        None => None,
    };
    Ok(Parts {
        edge: EdgeSettings {
            traces,
            ..edge_settings(&settings)?
        },
        settings,
        address,
        certificates,
        bridge,
        core,
        recorder,
        keeper,
        provider,
        identities,
        catalogue,
        neighbours,
        answers,
        events: happened,
    })
}

/// The thread that writes the state.
fn keeper(
    options: &Options,
    settings: &Settings,
    state: &Persistence,
    neighbours: &Neighbours,
    answers: UnboundedSender<Answer>,
) -> Result<Keeper, Failure> {
    let places = Places {
        store: state.store.clone(),
        // The classic server kept its files in its folder, and an operator that compares the two looks there.
        classic: (settings.text(keys::COMPAT) == "classic").then(|| options.dir.clone()),
        actions: Some(action_log::open(&options.dir, settings)?),
        claim: Some(state.claim()),
    };
    let barriers = neighbours.barriers();
    Keeper::start(places, move |report| {
        for barrier in &barriers {
            barrier();
        }
        // The receiver is gone when the server is going down.
        let _ = answers.send(Answer::Kept(report));
    })
}

/// With `--dev` the server lets everyone in, so other machines must not reach it unless the operator insists.
///
/// # Errors
/// `--dev` without `--force`.
pub(crate) fn refuse_open_house(options: &Options, address: IpAddr) -> Result<(), Failure> {
    if options.dev && !options.force {
        return Err(format!(
            "--dev lets everyone in, so it listens on loopback only; {address} is reachable by others. \
             Set bindaddr (for a core: cluster_bind) to 127.0.0.1, or add --force if you are sure"
        ));
    }
    Ok(())
}
