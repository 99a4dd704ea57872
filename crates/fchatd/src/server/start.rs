//! The later steps of a run: opening the network around the prepared parts, serving, and the end.

use std::net::SocketAddr;
use std::rc::Rc;

use fchatd_accounts::{AccountEvent, AccountHttp, WebsiteSettings};
use fchatd_edge::{EdgeSettings, Edges, Seats, SeatsSettings};
use fchatd_links::Bridge;
use fchatd_protocol::exchange::Input;
use fchatd_protocol::json::read::Tape;
use fchatd_service::Notifier;
use fchatd_service::inherit::Named;
use fchatd_world::Settings;
use fchatd_world::settings::keys;
use tokio::sync::mpsc::{self, Receiver, UnboundedReceiver};

use crate::configuration::accounts::website_settings;
use crate::configuration::cluster::{self, Role};
use crate::configuration::listen::{self, listeners};
use crate::configuration::network::threads;
use crate::failure::Failure;
use crate::folder::places::data_folder;
use crate::options::Options;
use crate::output::logger;
use crate::server::answer::{Answer, Order};
use crate::server::chat::{Chat, Surroundings};
use crate::server::deliver::deliver;
use crate::server::doors::Doors;
use crate::server::ending::{self, End};
use crate::server::entrances::{Places, entrances, warn_of_open_passwords};
use crate::server::layout::ChatEdges;
use crate::server::listening::Listening;
use crate::server::monitor::{Monitor, Readiness, Stage};
use crate::server::page::Site;
use crate::server::pairing::{self, KeptByBoth};
use crate::server::persistence::Persistence;
use crate::server::prepare::{Parts, Process, refuse_open_house};
use crate::server::reload::Followers;
use crate::server::script_web::ScriptWeb;
use crate::server::signals::Signals;
use crate::server::{control, manager, operators};

/// Orders of administrators that wait.
const ORDERS_MAX: usize = 8;

/// A server that serves.
pub(crate) struct Running {
    edge: ChatEdges,
    chat: Chat,
    /// Second handles to the listening sockets, for the program that takes over.
    sockets: Vec<Named>,
    signals: Signals,
    orders: Receiver<Order>,
    notifier: Rc<Notifier>,
    readiness: Readiness,
    /// Whether commands of operators are answered.
    has_control: bool,
}

/// Opens the network and starts everything that works on the event loop.
///
/// # Errors
/// A sentence with the remedy.
pub(crate) async fn start(
    options: &Options,
    mut process: Process,
    mut parts: Parts,
    state: Option<&Persistence>,
) -> Result<Running, Failure> {
    let (mut listening, bridge) = open(options, &mut process, &mut parts).await?;
    let monitor = Monitor::open(&parts.settings)?;
    let readiness = Readiness::default();
    let (orders, ordered) = mpsc::channel(ORDERS_MAX);
    let accounts = parts.provider.describe();
    let http = account_http(options, &parts);
    let doors = Doors::default();
    let (answers, answered) = parts.answers;
    let provider = parts.provider;
    let chat = Chat::new(
        parts.core,
        parts.recorder,
        process.clock,
        Surroundings {
            dir: options.dir.clone(),
            provider: provider.clone(),
            web: ScriptWeb::new(&parts.settings, answers.clone())?,
            keeper: parts.keeper,
            answers,
            orders,
            reload: process.reload,
            neighbours: parts.neighbours,
            doors: doors.clone(),
        },
    )?;
    let site = (http.clone(), readiness.clone());
    let edge = edges(options, &parts.settings, doors.with(parts.edge), &chat, site)?;
    tokio::task::spawn_local(operators::hear(provider.clone()));
    let (options_again, notifier) = (options.clone(), Rc::clone(&process.notifier));
    let followers = Followers {
        edge: edge.clone(),
        provider,
        http,
        certificates: parts.certificates.clone(),
    };
    tokio::task::spawn_local(process.reloads.follow(options_again, followers, notifier));
    let places = Places::of(&listening, &parts.settings);
    warn_of_open_passwords(&listening, &parts.settings);
    let certificates = parts.certificates.as_ref();
    for (listener, entrance) in entrances(listening.listeners.drain(..), certificates)? {
        edge.serve(listener, entrance);
    }
    if let Some(certificates) = certificates {
        certificates.start(&parts.settings)?;
    }
    let kept = pairing::begin(&edge, doors.seats(), &parts.settings);
    relay(answered, parts.events, &edge, kept);
    readiness.enter(Stage::Serving);
    let watched_at = monitor.as_ref().map(|monitor| monitor.local);
    if let Some(monitor) = monitor {
        monitor.serve(&edge, readiness.clone())?;
    }
    announce(options, (&places, watched_at), doors.seats(), &accounts, state);
    serve_bridge(bridge, edge.clone());
    let listens = doors.seats().map_or(listening.local, Seats::address);
    let running = Running {
        edge,
        chat,
        sockets: listening.kept,
        signals: process.signals,
        orders: ordered,
        notifier: process.notifier,
        readiness,
        has_control: state.is_some() || doors.seats().is_some_and(|seats| seats.pairing().is_some()),
    };
    running.tell_ready(options, state);
    logger::tell_ready(&listens);
    Ok(running)
}

impl Running {
    /// Tells operators' commands and the service manager that the server serves, now and from time to time.
    fn tell_ready(&self, options: &Options, state: Option<&Persistence>) {
        if let Some(state) = state {
            state.serving();
        }
        if self.has_control {
            control::serve(&options.dir, &self.edge, &self.chat);
        }
        self.notifier.ready(&manager::status_of(&self.edge));
        let (notifier, edge) = (Rc::clone(&self.notifier), self.edge.clone());
        tokio::task::spawn_local(manager::report(notifier, edge));
    }

    /// Serves until the run is to end.
    pub(crate) async fn serve(&mut self, options: &Options, state: Option<&mut Persistence>) -> End {
        ending::wait(options, &self.edge, &mut self.signals, &mut self.orders, state).await
    }

    /// Closes all connections, saves the state and ends the neighbours. The result is the sockets for the program that takes
    /// over; there are none at a stop.
    ///
    /// # Errors
    /// The state could not be saved.
    pub(crate) async fn end(mut self, options: &Options, end: End) -> Result<Vec<Named>, Failure> {
        self.readiness.enter(Stage::Draining);
        if end == End::Stop {
            // No program takes these over; clients that connect now are to be refused instead of waiting.
            self.sockets.clear();
        }
        if let Some(pairing) = self.chat.doors().seats().and_then(fchatd_edge::Seats::pairing) {
            pairing::give_over(&self.edge, pairing).await;
        }
        let drain = self.chat.drain();
        ending::send_everyone_away(&self.edge, &mut self.signals, &self.notifier, end, drain).await;
        self.edge.finish();
        if self.has_control {
            control::close(&options.dir);
        }
        let saved = self.chat.finish();
        self.chat.with_neighbours(|neighbours, _, _| neighbours.finish());
        saved.map_err(|failure| format!("the state could not be saved at the end: {failure}"))?;
        Ok(self.sockets)
    }
}

/// The edges: threads of this process, or other machines.
fn edges(
    options: &Options,
    settings: &Settings,
    edge: EdgeSettings,
    chat: &Chat,
    (accounts, readiness): (AccountHttp, Readiness),
) -> Result<ChatEdges, Failure> {
    let fault = |error| format!("the threads of the network could not be started: {error}");
    let site = move || Site::new(accounts.clone(), readiness.clone());
    if cluster::role(settings) != Role::Core {
        return Edges::start(threads(settings), edge, chat.clone(), site).map_err(fault);
    }
    let address = cluster::cluster_address(settings)?;
    let seats = SeatsSettings {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        id: identity()?,
        security: cluster::security(settings, &options.dir)?,
        timing: cluster::timing(settings),
        listener: listen_for_edges(address)?,
        pair: match cluster::is_pair(settings) {
            true => Some(pairing::settings(options, settings)?),
            false => None,
        },
    };
    let (edge, seats) = Edges::start_core(edge, chat.clone(), site, seats).map_err(fault)?;
    seats.tell_settings(cluster::shared(settings));
    chat.doors().extend_to(seats);
    Ok(edge)
}

/// A random number that names this process in the cluster.
pub(super) fn identity() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(u64::from_be_bytes(bytes).max(1))
}

fn listen_for_edges(address: SocketAddr) -> Result<std::net::TcpListener, Failure> {
    let listener = fchatd_edge::listen(address).and_then(tokio::net::TcpListener::into_std);
    listener.map_err(|error| {
        format!("{address} can't be listened on for edges ({error}): choose another with cluster_bind and cluster_port")
    })
}

/// Opens the sockets: those for clients, and that of the real-time bridge where the settings ask for it.
async fn open(
    options: &Options,
    process: &mut Process,
    parts: &mut Parts,
) -> Result<(Listening, Option<(Bridge, SocketAddr)>), Failure> {
    let inherited = std::mem::take(&mut process.inherited);
    let mut listening = match cluster::role(&parts.settings) {
        Role::Core => Listening::without_clients(inherited, parts.address),
        _ => {
            let (wanted, is_given) = (listeners(&parts.settings)?, listen::is_given(&parts.settings));
            Listening::open(inherited, wanted, is_given, parts.address)?
        }
    };
    if let Some(public) = listening.public().next() {
        refuse_open_house(options, public.ip())?;
    }
    let bridge = match &parts.bridge {
        Some(settings) => Some(listening.open_bridge(settings, process.began).await?),
        None => None,
    };
    if let Some((bridge, _)) = &bridge {
        parts.neighbours.add_bridge(bridge.counters());
    }
    Ok((listening, bridge))
}

/// The HTTP interface of accounts and the website.
fn account_http(options: &Options, parts: &Parts) -> AccountHttp {
    let genders = parts.settings.list(keys::GENDERS).to_vec();
    let http = AccountHttp::new(parts.provider.clone(), genders, parts.catalogue.clone());
    http.with_website(WebsiteSettings {
        pictures: Some(data_folder(&options.dir).join("images")),
        ..website_settings(&parts.settings)
    })
}

/// Takes answers to their receivers, and changes of accounts to the chat.
fn relay(
    mut answers: UnboundedReceiver<Answer>,
    mut events: Receiver<AccountEvent>,
    edge: &ChatEdges,
    kept: KeptByBoth,
) {
    let receiver = edge.clone();
    tokio::task::spawn_local(async move {
        while let Some(answer) = answers.recv().await {
            pairing::while_it_changes(&receiver).await;
            deliver(answer, &receiver, &kept);
        }
    });
    let chat = edge.clone();
    tokio::task::spawn_local(async move {
        while let Some(event) = events.recv().await {
            let (code, payload) = event.message();
            let payload = payload.as_str();
            chat.input(Input::Bridge { code, payload });
        }
    });
}

/// Hands the orders of the website to the chat.
fn serve_bridge(bridge: Option<(Bridge, SocketAddr)>, edge: ChatEdges) {
    let Some((bridge, place)) = bridge else { return };
    tracing::info!("real-time bridge: UDP {place}");
    tokio::task::spawn_local(bridge.run(move |order| {
        let (code, payload) = (order.code, order.payload);
        let understood = Tape::of(payload).is_ok_and(|tape| tape.is_object());
        if understood {
            edge.input(Input::Bridge { code, payload });
        }
        understood
    }));
}

/// Says where everything is. The addresses are those of the chat and of `admin_listen`.
fn announce(
    options: &Options,
    (places, watched_at): (&Places, Option<SocketAddr>),
    seats: Option<&Seats>,
    accounts: &str,
    state: Option<&Persistence>,
) {
    if let Some(seats) = seats {
        tracing::info!(
            "fchatd {} is a core; edges connect to {}",
            env!("CARGO_PKG_VERSION"),
            seats.address()
        );
        if seats.pairing().is_some() {
            tracing::info!("pair: `fchatd cluster status` tells which core leads");
        }
    } else {
        places.announce();
    }
    if let Some(address) = watched_at {
        tracing::info!("metrics: http://{address}/metrics; health checks: /health and /ready there");
    }
    match state {
        Some(state) => tracing::info!("state: {}", state.store.path().display()),
        None => tracing::info!("state: nowhere (--dev)"),
    }
    tracing::info!("accounts: {accounts}");
    if options.dev {
        tracing::warn!(
            "--dev lets everyone in with any ticket, also as administrator. Never use it for a real site."
        );
    }
}
