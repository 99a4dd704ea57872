//! Running the server: from the settings to listening sockets, and to the end.

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use fchatd_core::Core;
use fchatd_edge::proxy::Proxies;
use fchatd_edge::{Edge, EdgeSettings, listen, runtime, serve};
use fchatd_login::{AccountHttp, AccountService, AccountSettings, Limit, LoginProvider};
use fchatd_protocol::exchange::Input;
use fchatd_script::engine::Watchdog;
use fchatd_store::Store;
use fchatd_world::Settings;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tracing_subscriber::EnvFilter;

use crate::application::{Chat, Clock};
use crate::command_line::CommandLine;
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
    raise_file_limit();
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    let clock = Clock::new();
    let core = load_core(line, settings.clone(), Some(&watchdog), clock)?;
    let (provider, accounts, store) = login_provider(line, &settings)?;
    let edge_settings = edge_settings(&settings)?;
    let runtime = runtime().map_err(|error| format!("the event loop could not be started: {error}"))?;
    runtime.block_on(async move {
        let listener = listen(address).map_err(|error| refused(address, &error))?;
        let local = listener.local_addr().map_err(|error| error.to_string())?;
        let (answers, mut answered) = mpsc::unbounded_channel();
        let http = AccountHttp::new(provider.clone(), settings.list("genders").to_vec());
        let edge = Edge::new(edge_settings, Chat::new(core, clock, provider, answers));
        edge.run();
        let accept = tokio::task::spawn_local(serve(Rc::clone(&edge), listener, Rc::new(Site::new(http))));
        let answering = Rc::clone(&edge);
        tokio::task::spawn_local(async move {
            while let Some((connection, answer)) = answered.recv().await {
                answering.input(Input::LoginAnswer {
                    connection,
                    answer: answer.as_deref(),
                });
            }
        });
        let mut signals = Signals::listen()?;
        announce(line, local, accounts, store.as_ref());
        signals.wait().await;
        println!("stopping: saying goodbye to everyone; a second signal stops at once");
        tokio::select! {
            () = edge.stop(GOODBYE) => {}
            () = signals.wait() => {}
        }
        accept.abort();
        if let Some(Err(error)) = store.map(|store| store.checkpoint()) {
            // Nothing is lost: what is in the log goes into the file at the next start.
            tracing::warn!(%error, "the database's log could not be emptied");
        }
        Ok(())
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
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    load_core(line, settings, Some(&watchdog), Clock::new())?;
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
    watchdog: Option<&Watchdog>,
    clock: Clock,
) -> Result<Core, Failure> {
    let scripts = scripts::load(&line.dir)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the system gave no random numbers: {error}"))?;
    Core::new(settings, &scripts, watchdog, clock.now(), seed).map_err(|error| {
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

/// Who decides who may enter, how to call it in a sentence, and the store where there is one.
fn login_provider(
    line: &CommandLine,
    settings: &Settings,
) -> Result<(LoginProvider, &'static str, Option<Store>), Failure> {
    if line.dev {
        return Ok((LoginProvider::Open, "open (--dev): everyone is let in", None));
    }
    let store = Store::open(&data_folder(&line.dir)).map_err(|error| error.to_string())?;
    let service =
        AccountService::start(&store, account_settings(settings)).map_err(|error| error.to_string())?;
    Ok((
        LoginProvider::Embedded(service),
        "embedded: the server keeps them itself",
        Some(store),
    ))
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

fn announce(line: &CommandLine, local: SocketAddr, accounts: &str, store: Option<&Store>) {
    // Where everything is listened on, the person in front of the machine opens the loopback address.
    let host = if local.ip().is_unspecified() {
        SocketAddr::new([127, 0, 0, 1].into(), local.port())
    } else {
        local
    };
    println!("fchatd {} listens on {local}", env!("CARGO_PKG_VERSION"));
    println!("page: open http://{host}/ in a browser; clients connect to ws://{host}/chat2");
    let state = store.map_or_else(
        || "nowhere (--dev)".into(),
        |store| store.path().display().to_string(),
    );
    println!("state: {state}");
    println!("accounts: {accounts}");
    if line.dev {
        println!(
            "WARNING: --dev lets everyone in with any ticket, also as administrator. Never use it for a real site."
        );
    }
}

/// The signals that ask a process to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// From here on a signal does not end the process any more.
    fn listen() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals can't be received: {error}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
