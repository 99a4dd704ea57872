//! Running the server: from the settings to listening sockets, and to the end.

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use fchatd_core::Core;
use fchatd_edge::proxy::Proxies;
use fchatd_edge::{Edge, EdgeSettings, listen, runtime, serve};
use fchatd_links::web::{WebAddress, WebClient};
use fchatd_links::{Bridge, BridgeSettings};
use fchatd_login::{AccountHttp, AccountService, AccountSettings, Limit, LoginProvider, RemoteLogin};
use fchatd_protocol::exchange::Input;
use fchatd_script::engine::Watchdog;
use fchatd_store::snapshot::Snapshot;
use fchatd_store::{Claim, Store};
use fchatd_world::Settings;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tracing_subscriber::EnvFilter;

use crate::application::{Chat, Clock, Surroundings};
use crate::command_line::CommandLine;
use crate::keeper::{Keeper, Places};
use crate::page::Site;
use crate::{Failure, configuration, scripts};

/// How long closing connections may take at the end.
const GOODBYE: Duration = Duration::from_secs(2);

/// Runs the server until it is told to stop.
///
/// # Errors
/// A sentence that says why it can't run.
pub(crate) fn run(line: &CommandLine) -> Result<(), Failure> {
    start_log();
    if !line.dir.is_dir() {
        return Err(format!(
            "{} is not a folder; give the server's folder with --dir",
            line.dir.display()
        ));
    }
    let settings = configuration::load(line)?;
    let address = listening_address(&settings)?;
    if line.dev && !address.ip().is_loopback() && !line.force {
        return Err(format!(
            "--dev lets everyone in, so it listens on loopback only; {} is reachable by others. \
             Set bindaddr to 127.0.0.1, or add --force if you are sure",
            address.ip()
        ));
    }
    let bridge_settings = bridge_settings(&settings)?;
    raise_file_limit();
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    let clock = Clock::new();
    // A script that does not even start is told before anything is made or opened.
    load_core(line, settings.clone(), None, Some(&watchdog), clock)?;
    let state = State::open(line)?;
    let before = match &state {
        Some(state) => state.store.load_snapshot().map_err(|error| error.to_string())?,
        None => None,
    };
    let core = load_core(line, settings.clone(), before.as_ref(), Some(&watchdog), clock)?;
    let web = WebClient::new(settings.count("login_connection_pool"))
        .map_err(|error| format!("TLS can't be used: {error}"))?;
    let provider = login_provider(line, &settings, state.as_ref(), &web)?;
    let keeper = match &state {
        Some(state) => Some(Keeper::start(Places {
            store: state.store.clone(),
            // The classic server kept its files in its folder, and whoever compares the two looks there.
            classic: (settings.text("compat") == "classic").then(|| line.dir.clone()),
        })?),
        None => None,
    };
    let edge_settings = edge_settings(&settings)?;
    let runtime = runtime().map_err(|error| format!("the event loop could not be started: {error}"))?;
    runtime.block_on(async move {
        let mut signals = Signals::receive()?;
        let listener = listen(address).map_err(|error| refused(address, &error))?;
        let local = listener.local_addr().map_err(|error| error.to_string())?;
        let bridge = match &bridge_settings {
            Some(settings) => Some(open_bridge(local, settings).await?),
            None => None,
        };
        let (answers, mut answered) = mpsc::unbounded_channel();
        let halt = Rc::new(Notify::new());
        let accounts = sentence_about(&provider, &settings);
        let http = AccountHttp::new(provider.clone(), settings.list("genders").to_vec());
        let chat = Chat::new(
            core,
            clock,
            Surroundings {
                line: line.clone(),
                provider,
                web,
                keeper,
                answers,
                halt: Rc::clone(&halt),
            },
        );
        let edge = Edge::new(edge_settings, chat.clone());
        edge.run();
        let accept = tokio::task::spawn_local(serve(Rc::clone(&edge), listener, Rc::new(Site::new(http))));
        let answering = Rc::clone(&edge);
        tokio::task::spawn_local(async move {
            while let Some(answer) = answered.recv().await {
                answering.input(answer.input());
            }
        });
        announce(line, local, &accounts, state.as_ref());
        if let Some((bridge, place)) = bridge {
            println!("real-time bridge: UDP {place}");
            let edge = Rc::clone(&edge);
            tokio::task::spawn_local(bridge.run(move |order| {
                edge.input(Input::Bridge {
                    code: order.code,
                    payload: order.payload,
                });
            }));
        }
        tokio::select! {
            () = signals.next() => {}
            () = halt.notified() => {}
        }
        println!("stopping: saying goodbye to everyone; a second signal stops at once");
        // Before the goodbye: rooms end when the last one in them leaves.
        let saved = chat.finish();
        tokio::select! {
            () = edge.stop(GOODBYE) => {}
            () = signals.next() => {}
        }
        accept.abort();
        if let Some(Err(error)) = state.as_ref().map(|state| state.store.checkpoint()) {
            // Nothing is lost: what is in the log goes into the file at the next start.
            tracing::warn!(%error, "the database's log could not be emptied");
        }
        saved.map_err(|failure| format!("the state could not be saved at the end: {failure}"))
    })
}

/// Checks configuration and scripts without starting anything.
///
/// # Errors
/// The first mistake, with file and line.
pub(crate) fn check(line: &CommandLine) -> Result<(), Failure> {
    let settings = configuration::load(line)?;
    listening_address(&settings)?;
    edge_settings(&settings)?;
    bridge_settings(&settings)?;
    login_address(&settings)?;
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    load_core(line, settings, None, Some(&watchdog), Clock::new())?;
    println!("configuration and scripts are fine");
    Ok(())
}

/// The folder with the state of a server.
pub(crate) fn data_folder(dir: &Path) -> std::path::PathBuf {
    dir.join("data")
}

/// How accounts are treated.
pub(crate) fn account_settings(settings: &Settings) -> AccountSettings {
    let usual = AccountSettings::default();
    let burst = settings.count("registrations_per_address") as u32;
    // Hashing a password keeps a processor busy for a while; half of them stay free for the chat.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    AccountSettings {
        registration_open: settings.text("registration") == "open",
        tickets_per_account: settings.count("tickets_per_account") as u32,
        registrations_per_address: Limit {
            burst,
            ..usual.registrations_per_address
        },
        registration_tries_per_address: Limit {
            burst: burst.max(usual.registration_tries_per_address.burst),
            ..usual.registration_tries_per_address
        },
        password_threads: (processors / 2).clamp(1, 4),
        ..usual
    }
}

fn start_log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        .init();
}

fn listening_address(settings: &Settings) -> Result<SocketAddr, Failure> {
    let text = settings.text("bindaddr");
    let ip: IpAddr = text.parse().map_err(|_| {
        format!("bindaddr must be an IP address such as 127.0.0.1, or 0.0.0.0 for all; it is {text:?}")
    })?;
    Ok(SocketAddr::new(ip, settings.count("port") as u16))
}

fn refused(address: SocketAddr, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "something listens there already; stop it, or choose another port with --set port=N"
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need special rights; choose another with --set port=N"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; set bindaddr to one it has"
        }
        _ => "choose another address with --set bindaddr=ADDRESS --set port=N",
    };
    format!("{address} can't be listened on ({error}): {advice}")
}

fn load_core(
    line: &CommandLine,
    settings: Settings,
    before: Option<&Snapshot>,
    watchdog: Option<&Watchdog>,
    clock: Clock,
) -> Result<Core, Failure> {
    let scripts = scripts::load(&line.dir)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the system gave no random numbers: {error}"))?;
    Core::new(settings, &scripts, before, watchdog, clock.now(), seed).map_err(|error| {
        let place = if error.traceback.is_empty() {
            String::new()
        } else {
            format!("\n{}", error.traceback)
        };
        format!(
            "the script failed to start; mend it and start again: {}{place}",
            error.message
        )
    })
}

/// What lasts, and the right to keep it.
struct State {
    store: Store,
    _claim: Claim,
}

impl State {
    /// Opens the state; with `--dev` there is none.
    fn open(line: &CommandLine) -> Result<Option<Self>, Failure> {
        if line.dev {
            return Ok(None);
        }
        let folder = data_folder(&line.dir);
        let claim = Claim::take(&folder).map_err(|error| error.to_string())?;
        let store = Store::open(&folder).map_err(|error| error.to_string())?;
        Ok(Some(Self { store, _claim: claim }))
    }
}

/// Who decides who may enter.
fn login_provider(
    line: &CommandLine,
    settings: &Settings,
    state: Option<&State>,
    web: &WebClient,
) -> Result<LoginProvider, Failure> {
    let Some(state) = state.filter(|_| !line.dev) else {
        return Ok(LoginProvider::Open);
    };
    if let Some(address) = login_address(settings)? {
        let pool = settings.count("login_connection_pool");
        let patience = settings.seconds("logintimeout");
        return Ok(LoginProvider::Remote(RemoteLogin::new(
            web.clone(),
            address,
            pool,
            patience,
        )));
    }
    let service =
        AccountService::start(&state.store, account_settings(settings)).map_err(|error| error.to_string())?;
    Ok(LoginProvider::Embedded(service))
}

/// The log-in site, if there is one.
fn login_address(settings: &Settings) -> Result<Option<WebAddress>, Failure> {
    match settings.text("login_url").trim() {
        "" => Ok(None),
        text => WebAddress::parse(text)
            .map(Some)
            .map_err(|error| format!("login_url: {error}")),
    }
}

/// How accounts are kept, for the person who starts the server.
fn sentence_about(provider: &LoginProvider, settings: &Settings) -> String {
    match provider {
        LoginProvider::Open => "open (--dev): everyone is let in".into(),
        LoginProvider::Embedded(_) => "embedded: the server keeps them itself".into(),
        LoginProvider::Remote(_) => {
            let address = login_address(settings).ok().flatten();
            let host = address.as_ref().map_or("", WebAddress::host);
            format!("remote: {host} is asked")
        }
    }
}

/// The real-time bridge, if it is wanted.
fn bridge_settings(settings: &Settings) -> Result<Option<BridgeSettings>, Failure> {
    if !settings.flag("enablertb") {
        return Ok(None);
    }
    let address = settings.text("rtbaddress");
    let peer = address
        .parse()
        .map_err(|_| format!("rtbaddress must be an IP address such as 127.0.0.1; it is {address:?}"))?;
    let secret = settings.text("rtbsecret").to_owned();
    if secret.is_empty() {
        return Err("enablertb needs an rtbsecret that the website knows too, and nobody else".into());
    }
    Ok(Some(BridgeSettings {
        peer,
        secret,
        classic: settings.flag("rtbclassic"),
    }))
}

async fn open_bridge(local: SocketAddr, settings: &BridgeSettings) -> Result<(Bridge, SocketAddr), Failure> {
    let port = local.port().checked_add(1).ok_or(
        "the real-time bridge listens on port + 1, and there is none after 65535; choose another port",
    )?;
    let address = SocketAddr::new(local.ip(), port);
    let bridge = Bridge::bind(address, settings).await.map_err(|error| {
        format!(
            "the real-time bridge can't listen on UDP {address} ({error}): choose another port, or set enablertb to false"
        )
    })?;
    Ok((bridge, address))
}

fn edge_settings(settings: &Settings) -> Result<EdgeSettings, Failure> {
    let proxies = Proxies::parse(settings.list("load_balancers"))
        .map_err(|error| format!("load_balancers: {error}"))?;
    Ok(EdgeSettings {
        outbox_bytes_max: settings.count("outbox_max"),
        ping_seconds: settings.count("ping_interval") as u32,
        connections_max: settings.count("maxconnections"),
        proxies,
        origin: settings.text("websocketorigin").to_owned(),
        origin_host: settings.text("websockethost").to_owned(),
        ..EdgeSettings::default()
    })
}

/// A connection is a file to the system; the usual limit is a thousand.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    ) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

fn announce(line: &CommandLine, local: SocketAddr, accounts: &str, state: Option<&State>) {
    // Where everything is listened on, the person in front of the machine opens the loopback address.
    let host = if local.ip().is_unspecified() {
        SocketAddr::new([127, 0, 0, 1].into(), local.port())
    } else {
        local
    };
    println!("fchatd {} listens on {local}", env!("CARGO_PKG_VERSION"));
    println!("page: open http://{host}/ in a browser; clients connect to ws://{host}/chat2");
    match state {
        Some(state) => println!("state: {}", state.store.path().display()),
        None => println!("state: nowhere (--dev)"),
    }
    println!("accounts: {accounts}");
    if line.dev {
        println!(
            "WARNING: --dev lets everyone in with any ticket, also as administrator. Never use it for a real site."
        );
    }
}

/// The signals that stop a server. From when this is made, none is lost and none ends the process by itself.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn receive() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals can't be received: {error}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
