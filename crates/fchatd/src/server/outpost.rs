//! The run of an edge: sockets and the page, with a core on another machine. It has no rules, no state and no accounts.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fchatd_accounts::AccountHttp;
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpService};
use fchatd_edge::{EdgeSettings, Gate, Intake, News, Outpost, OutpostSettings, Relay};
use fchatd_service::Notifier;
use fchatd_world::Settings;
use fchatd_world::settings::keys;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{MissedTickBehavior, interval};

use crate::configuration;
use crate::configuration::cluster::{self, Role};
use crate::configuration::files::raise_file_limit;
use crate::configuration::listen;
use crate::configuration::listen::listening_address;
use crate::configuration::network::{edge_settings, threads};
use crate::failure::Failure;
use crate::options::Options;
use crate::output::logger;
use crate::server::answer::Order;
use crate::server::certificates::Certificates;
use crate::server::ending::{End, GRACE};
use crate::server::entrances::{entrances, warn_of_open_passwords};
use crate::server::listening::Listening;
use crate::server::page;
use crate::server::prepare::{Process, begin, read_settings};
use crate::server::signals::Signals;
use crate::server::start::identity;
use crate::server::successor;

/// Connections are closed no farther apart than this without need.
const PACE_MAX: Duration = Duration::from_millis(10);
/// Time without a core after which load balancers send no new clients.
const UNHEALTHY: Duration = Duration::from_secs(3);
/// How often the status line is brought up to date.
const STATUS: Duration = Duration::from_secs(10);

/// Whether the settings ask for an edge.
///
/// # Errors
/// The settings have mistakes.
pub(super) fn is_wanted(options: &Options) -> Result<bool, Failure> {
    // Remarks are told by the run.
    let read = configuration::read(options);
    // Mistakes are told by the run, too.
    Ok(read.is_ok_and(|read| cluster::role(&read.settings) == Role::Edge))
}

/// Runs an edge until it is told to stop.
///
/// # Errors
/// A sentence that says why it can't run.
pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let (runtime, process) = begin()?;
    let settings = read_settings(options)?;
    cluster::check(&settings, &options.dir, options.dev)?;
    raise_file_limit(settings.count(keys::MAXCONNECTIONS), threads(&settings));
    let (end, sockets) = runtime.block_on(serve(options, settings, process))?;
    runtime.shutdown_background();
    match end {
        End::Stop => Ok(()),
        End::Restart => Err(successor::replace(sockets)),
    }
}

/// The settings in force, from the edge's own file and from the core.
struct Configuration {
    own: Settings,
    of_core: Vec<(String, String)>,
    gate: Arc<Gate>,
    intake: Arc<Intake>,
}

impl Configuration {
    fn settings(&self) -> Settings {
        cluster::merged(&self.own, &self.of_core)
    }

    fn edge(&self) -> Result<EdgeSettings, Failure> {
        Ok(EdgeSettings {
            gate: Arc::clone(&self.gate),
            intake: Arc::clone(&self.intake),
            ..edge_settings(&self.settings())?
        })
    }

    /// Puts the settings in force.
    fn apply(&self, outpost: &Outpost) {
        let settings = self.settings();
        logger::configure(&self.own);
        match self.edge() {
            Ok(edge) => outpost.configure(
                edge,
                cluster::timing(&settings),
                settings.seconds(keys::DRAIN_TIME),
            ),
            Err(failure) => tracing::error!("the settings are not taken: {failure}"),
        }
    }

    fn hear(&mut self, news: News, outpost: &Outpost) -> Option<End> {
        match news {
            News::Settings(of_core) => {
                self.of_core = of_core;
                self.apply(outpost);
            }
            News::Bans(bans) => self.gate.replace(bans),
            News::Drain => {
                tracing::info!("the core drains this edge");
                return Some(End::Stop);
            }
        }
        None
    }

    /// Reads the edge's own file again.
    fn reload(&mut self, options: &Options, outpost: &Outpost) {
        match configuration::read(options) {
            Ok(read) => {
                self.own = read.settings.live_after(&self.own);
                self.apply(outpost);
                tracing::info!("the configuration was read again");
            }
            Err(failure) => {
                tracing::error!("the configuration was not taken, the old one stays in force: {failure}");
            }
        }
    }
}

async fn serve(
    options: &Options,
    own: Settings,
    process: Process,
) -> Result<(End, Vec<fchatd_service::inherit::Named>), Failure> {
    let node = cluster::node_name(&own)?;
    let cores = own.list(keys::CORES).to_vec();
    let (address, wanted, is_given) = (
        listening_address(&own)?,
        listen::listeners(&own)?,
        listen::is_given(&own),
    );
    let certificates = Certificates::open(&own, &options.dir)?;
    let mut configuration = Configuration {
        own,
        of_core: Vec::new(),
        gate: Arc::default(),
        intake: Arc::default(),
    };
    let outpost = OutpostSettings {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        node: node.clone(),
        incarnation: identity()?,
        cores: cores.clone(),
        security: Arc::new(cluster::security(&configuration.own, &options.dir)?),
        timing: cluster::timing(&configuration.own),
        spread: configuration.own.seconds(keys::DRAIN_TIME),
    };
    // The main thread carries between the others and the core.
    let threads = threads(&configuration.own).saturating_sub(1).max(1);
    let (outpost, mut news) = Outpost::start(threads, configuration.edge()?, outpost, EdgeSite::new)
        .map_err(|error| format!("the threads of the network could not be started: {error}"))?;
    let (mut signals, mut reloads) = (process.signals, process.reloads);
    // Clients are let in when there is a core, with its settings.
    tracing::info!("the edge {node} waits for its core at {}", cores.join(", "));
    loop {
        tokio::select! {
            () = outpost.attached() => break,
            Some(news) = news.recv() => if let Some(end) = configuration.hear(news, &outpost) {
                outpost.finish();
                return Ok((end, Vec::new()));
            },
            order = signals.next() => if order == Order::Stop {
                outpost.finish();
                return Ok((End::Stop, Vec::new()));
            },
        }
    }
    let mut listening = Listening::open(process.inherited, wanted, is_given, address)?;
    warn_of_open_passwords(&listening, &configuration.settings());
    for (listener, entrance) in entrances(listening.listeners.drain(..), certificates.as_ref())? {
        outpost.serve(listener, entrance);
    }
    if let Some(certificates) = &certificates {
        certificates.start(&configuration.own)?;
    }
    tracing::info!(
        "fchatd {} listens on {}",
        env!("CARGO_PKG_VERSION"),
        listening.local
    );
    tracing::info!("edge {node} of the core at {}", cores.join(", "));
    tracing::info!("accounts: those of the core");
    logger::tell_ready(&listening.local);
    process.notifier.ready(&status_of(&outpost));
    tokio::task::spawn_local(report(Rc::clone(&process.notifier), outpost.clone()));
    let end = loop {
        tokio::select! {
            () = reloads.hung_up() => {
                configuration.reload(options, &outpost);
                if let Some(certificates) = &certificates {
                    certificates.follow(&configuration.own).await;
                }
            }
            end = next(options, &outpost, &mut news, &mut signals, &mut configuration) => if let Some(end) = end {
                break end;
            },
        }
    };
    tracing::info!("the edge sends its people elsewhere; a further signal ends it at once");
    process
        .notifier
        .stopping(configuration.settings().seconds(keys::DRAIN_TIME) + GRACE * 3);
    let people = u32::try_from(outpost.gauges().connections).unwrap_or(u32::MAX);
    let spread = configuration
        .settings()
        .seconds(keys::DRAIN_TIME)
        .min(PACE_MAX.saturating_mul(people));
    tokio::select! {
        () = outpost.leave(spread, GRACE) => {}
        () = signals.stop() => tracing::info!("stopping at once"),
    }
    outpost.finish();
    if end == End::Stop {
        listening.kept.clear();
    }
    Ok((end, listening.kept))
}

/// The next event of an edge that serves.
async fn next(
    options: &Options,
    outpost: &Outpost,
    news: &mut UnboundedReceiver<News>,
    signals: &mut Signals,
    configuration: &mut Configuration,
) -> Option<End> {
    let order = tokio::select! {
        order = signals.next() => order,
        Some(news) = news.recv() => return configuration.hear(news, outpost),
        () = outpost.broken() => {
            tracing::error!("a thread of the network has died, and its connections with it: the edge stops");
            return Some(End::Stop);
        }
    };
    if order == Order::Stop {
        return Some(End::Stop);
    }
    match successor::check(options).await {
        Ok(()) => Some(End::Restart),
        Err(failure) => {
            tracing::error!("the edge does not restart: {failure}");
            None
        }
    }
}

/// Tells the service manager how things are.
async fn report(notifier: Rc<Notifier>, outpost: Outpost) {
    let watched = notifier.watchdog_interval();
    let mut alive = interval(watched.unwrap_or(STATUS).max(Duration::from_millis(1)));
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        alive.tick().await;
        if watched.is_some() && outpost.are_alive() {
            notifier.alive();
        }
        notifier.status(&status_of(&outpost));
    }
}

fn status_of(outpost: &Outpost) -> String {
    let state = if outpost.is_attached() {
        "attached to the core"
    } else {
        "without a core"
    };
    format!("{} clients are connected; {state}", outpost.gauges().connections)
}

/// Answers HTTP at an edge: files of the page by itself, everything else by its core.
struct EdgeSite(Relay);

impl EdgeSite {
    fn new(relay: Relay) -> Self {
        Self(relay)
    }
}

impl HttpService for EdgeSite {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        if let Some(answer) = page::file_answer(&request) {
            return Box::pin(std::future::ready(answer));
        }
        let relay = self.0.clone();
        if page::is_front(&request) {
            return Box::pin(async move {
                let answer = relay.ask(request.clone()).await;
                // Without a core the page is there, too; only forms for browsers without scripts are missing.
                if answer.status == 503 {
                    page::front(&request, None)
                } else {
                    answer
                }
            });
        }
        if request.path == "/health" {
            let is_away = relay.away_for().is_some_and(|time| time > UNHEALTHY);
            let answer = match is_away {
                true => page::text(503, "This edge has no core at the moment."),
                false => page::text(200, "ok"),
            };
            return Box::pin(std::future::ready(answer));
        }
        Box::pin(async move { relay.ask(request).await })
    }

    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        AccountHttp::body_bytes_max(path, usual)
    }
}
