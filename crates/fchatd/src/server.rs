//! Running the server: from the settings to listening sockets, and to the end.

mod answer;
mod chat;
mod clock;
pub(crate) mod control;
mod doors;
mod drain;
mod ending;
mod keeper;
mod layout;
mod limits;
mod listening;
mod manager;
mod memory;
pub(crate) mod neighbours;
mod operators;
mod page;
mod parts;
mod persistence;
mod profiles;
mod recorder;
mod reload;
mod script_reader;
pub(crate) mod script_web;
mod signals;
mod successor;
pub(crate) mod vitals;

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use fchatd_accounts::{AccountHttp, WebsiteSettings};
use fchatd_core::Core;
use fchatd_edge::{Edges, runtime};
use fchatd_links::web::WebClient;
use fchatd_profile::heap;
use fchatd_protocol::exchange::Input;
use fchatd_protocol::json::read::Tape;
use fchatd_script::engine::Watchdog;
use fchatd_script::host::Scripts;
use fchatd_service::{Notifier, inherit};
use fchatd_store::snapshot::Snapshot;
use fchatd_world::Settings;
use tokio::sync::mpsc;

use self::ending::End;
use self::limits::raise_file_limit;
use self::listening::Listening;
use self::parts::{OwnAccounts, catalogue, login_provider, sentence_about};
use self::persistence::State;
use self::signals::{Signals, survive_file_size_limit};
use crate::commands::command_line::CommandLine;
use crate::failure::Failure;
use crate::folder::scripts::{Checked, Scope};
use crate::folder::{action_log, scripts};
use crate::output::{complain, say};
use crate::server::answer::Answer;
use crate::server::chat::{Chat, Surroundings};
use crate::server::clock::Clock;
use crate::server::doors::Doors;
use crate::server::keeper::{Keeper, Places};
use crate::server::neighbours::{Neighbours, RedisLink, WebhookLink, chat_log, written_before};
use crate::server::page::Site;
use crate::server::recorder::Recorder;
use crate::server::script_web::ScriptWeb;
use crate::{configuration, output};

pub(crate) use self::layout::ChatEdges;
pub(crate) use self::listening::listening_address;
pub(crate) use self::manager::status_of;
pub(crate) use self::parts::{
    account_settings, bridge_settings, edge_settings, site_checks, website_settings,
};
pub(crate) use self::persistence::data_folder;
pub(crate) use self::signals::Order;

/// Orders of administrators that wait.
const ORDERS_MAX: usize = 8;

/// Changes of accounts that may wait for the chat.
const EVENTS_MAX: usize = 1024;

/// Runs the server until it is told to stop, or to run the program anew.
///
/// # Errors
/// A sentence that says why it can't run.
pub(crate) fn run(line: &CommandLine) -> Result<(), Failure> {
    output::detach();
    output::log::start();
    heap::keep_little();
    let inherited = inherit::take()?;
    let clock = Clock::new();
    let began = clock.now().unix as u64 / 1000;
    let runtime = runtime().map_err(|error| format!("the event loop could not be started: {error}"))?;
    // As early as can be: a signal must not end a process that is taking over.
    let (mut signals, (reload, reloads)) = runtime.block_on(async {
        survive_file_size_limit()?;
        Ok::<_, Failure>((Signals::receive()?, reload::receive()?))
    })?;
    let notifier = Rc::new(Notifier::from_environment());
    if !line.dir.is_dir() {
        return Err(format!(
            "{} is not a folder; give the server's folder with --dir",
            line.dir.display()
        ));
    }
    let settings = configuration::load(line)?;
    let address = listening_address(&settings)?;
    if line.dev && inherited.is_empty() && !address.ip().is_loopback() && !line.force {
        return Err(only_loopback(address.ip()));
    }
    let bridge_settings = bridge_settings(&settings)?;
    raise_file_limit(settings.count("maxconnections"), layout::threads(&settings));
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    // A script that does not even start is told before anything is made or opened.
    let Checked { scripts, remarks } = scripts::load_checked(&line.dir, Scope::InForce)?;
    for remark in remarks {
        tracing::warn!("{remark}");
    }
    load_core(&scripts, settings.clone(), None, Some(&watchdog), clock)?;
    let mut state = State::open(line)?;
    let before = match &state {
        Some(state) => state.store.load_snapshot().map_err(|error| error.to_string())?,
        None => None,
    };
    let core = load_core(
        &scripts,
        settings.clone(),
        before.as_ref(),
        Some(&watchdog),
        clock,
    )?;
    let recorder = Recorder::start(&settings, &line.dir)?;
    let web = WebClient::new(settings.count("login_connection_pool"))
        .map_err(|error| format!("TLS can't be used: {error}"))?;
    let catalogue = catalogue(line, &settings)?;
    let (events, mut happened) = mpsc::channel(EVENTS_MAX);
    let own = OwnAccounts {
        catalogue: catalogue.clone(),
        events,
    };
    let provider = login_provider(line, &settings, state.as_ref(), &web, own)?;
    let (answers, mut answered) = mpsc::unbounded_channel();
    let webhooks = WebhookLink::start(&settings, state.as_ref().map(State::folder))?;
    let keeper = match &state {
        Some(state) => {
            let places = Places {
                store: state.store.clone(),
                // The classic server kept its files in its folder, and whoever compares the two looks there.
                classic: (settings.text("compat") == "classic").then(|| line.dir.clone()),
                actions: Some(action_log::open(&line.dir, &settings)?),
                claim: Some(state.claim()),
            };
            let answers = answers.clone();
            let inbox = webhooks.as_ref().map(WebhookLink::inbox);
            Some(Keeper::start(places, move |report| {
                written_before(inbox.as_ref());
                // Nobody receives any more when the server is going down.
                let _ = answers.send(Answer::Kept(report));
            })?)
        }
        None => None,
    };
    let edge_settings = edge_settings(&settings)?;
    let doors = Doors::default();
    let threads = layout::threads(&settings);
    let _trimmer = memory::Trimmer::start()?;
    let ended: Result<_, Failure> = runtime.block_on(async {
        let mut listening = Listening::open(inherited, address)?;
        if line.dev && !line.force && listening.is_public() {
            return Err(only_loopback(listening.local.ip()));
        }
        let bridge = match &bridge_settings {
            Some(settings) => Some(listening.open_bridge(settings, began).await?),
            None => None,
        };
        let Listening {
            listeners,
            local,
            mut kept,
            ..
        } = listening;
        let (orders, mut ordered) = mpsc::channel(ORDERS_MAX);
        let accounts = sentence_about(&provider, &settings);
        tokio::task::spawn_local(operators::hear(provider.clone()));
        let http = AccountHttp::new(provider.clone(), settings.list("genders").to_vec(), catalogue);
        let http = http.with_website(WebsiteSettings {
            pictures: Some(data_folder(&line.dir).join("images")),
            ..website_settings(&settings)
        });
        let neighbours = Neighbours {
            redis: RedisLink::start(&settings, answers.clone())?,
            webhooks,
            bridge: bridge.as_ref().map(|(bridge, _)| bridge.counters()),
            chat_log: chat_log(&settings, &line.dir)?,
        };
        let chat = Chat::new(
            core,
            recorder,
            clock,
            Surroundings {
                line: line.clone(),
                provider,
                web: ScriptWeb::new(&settings, answers.clone())?,
                keeper,
                answers,
                orders,
                reload,
                neighbours,
                doors: doors.clone(),
            },
        )?;
        let site = http.clone();
        let edge = Edges::start(threads, doors.with(edge_settings), chat.clone(), move || {
            Site::new(site.clone())
        })
        .map_err(|error| format!("the threads of the network could not be started: {error}"))?;
        tokio::task::spawn_local(reloads.follow(
            line.clone(),
            edge.clone(),
            chat.provider(),
            http.clone(),
            Rc::clone(&notifier),
        ));
        for listener in listeners {
            edge.serve(listener);
        }
        let answering = edge.clone();
        tokio::task::spawn_local(async move {
            while let Some(answer) = answered.recv().await {
                answer.give(&answering);
            }
        });
        let told = edge.clone();
        tokio::task::spawn_local(async move {
            while let Some(event) = happened.recv().await {
                let (code, payload) = event.message();
                let payload = payload.as_str();
                told.input(Input::Bridge { code, payload });
            }
        });
        announce(line, local, &accounts, state.as_ref());
        if let Some((bridge, place)) = bridge {
            say!("real-time bridge: UDP {place}");
            let edge = edge.clone();
            tokio::task::spawn_local(bridge.run(move |order| {
                let (code, payload) = (order.code, order.payload);
                let understood = Tape::of(payload).is_ok_and(|tape| tape.is_object());
                if understood {
                    edge.input(Input::Bridge { code, payload });
                }
                understood
            }));
        }
        if let Some(state) = &state {
            state.serving();
            control::serve(&line.dir, &edge, &chat);
        }
        notifier.ready(&manager::status_of(&edge));
        tokio::task::spawn_local(manager::report(Rc::clone(&notifier), edge.clone()));

        let end = ending::wait(line, &edge, &mut signals, &mut ordered, state.as_mut()).await;
        if end == End::Stop {
            // Nobody takes these over; those who connect now are to be refused instead of waiting.
            kept.clear();
        }
        ending::send_everyone_away(&edge, &mut signals, &notifier, end, chat.drain()).await;
        edge.finish();
        if state.is_some() {
            control::close(&line.dir);
        }
        let saved = chat.finish();
        chat.with_neighbours(|neighbours, _, _| neighbours.finish());
        saved.map_err(|failure| format!("the state could not be saved at the end: {failure}"))?;
        Ok((end, kept))
    });
    let (end, kept) = ended?;
    if let Some(Err(error)) = state.as_ref().map(|state| state.store.checkpoint()) {
        // Nothing is lost: what is in the log goes into the file at the next start.
        tracing::warn!(%error, "the database's log could not be emptied");
    }
    // Whatever still waits for something, such as the name of a host, must not hold up the end.
    runtime.shutdown_background();
    drop(state);
    match end {
        End::Stop => Ok(()),
        End::Restart => Err(successor::replace(kept)),
    }
}

fn only_loopback(address: IpAddr) -> Failure {
    format!(
        "--dev lets everyone in, so it listens on loopback only; {address} is reachable by others. \
         Set bindaddr to 127.0.0.1, or add --force if you are sure"
    )
}

/// Checks configuration and scripts without starting anything.
///
/// # Errors
/// All mistakes, with file and line.
pub(crate) fn check(line: &CommandLine) -> Result<(), Failure> {
    let settings = configuration::load(line);
    let scripts = scripts::load_checked(&line.dir, Scope::All);
    let (settings, checked) = match (settings, scripts) {
        (Ok(settings), Ok(checked)) => (settings, checked),
        (Ok(_), Err(failure)) | (Err(failure), Ok(_)) => return Err(failure),
        (Err(first), Err(second)) => return Err(format!("{first}\n{second}")),
    };
    for remark in &checked.remarks {
        complain!("{remark}");
    }
    catalogue(line, &settings)?;
    let watchdog = Watchdog::start().map_err(|error| format!("no thread could be started: {error}"))?;
    load_core(&checked.scripts, settings, None, Some(&watchdog), Clock::new())?;
    say!("configuration and scripts are fine");
    Ok(())
}

fn load_core(
    scripts: &Scripts,
    settings: Settings,
    before: Option<&Snapshot>,
    watchdog: Option<&Watchdog>,
    clock: Clock,
) -> Result<Core, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("the system gave no random numbers: {error}"))?;
    Core::new(settings, scripts, before, watchdog, clock.now(), seed).map_err(|error| {
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

fn announce(line: &CommandLine, local: SocketAddr, accounts: &str, state: Option<&State>) {
    // Where everything is listened on, the person in front of the machine opens the loopback address.
    let host = if local.ip().is_unspecified() {
        SocketAddr::new([127, 0, 0, 1].into(), local.port())
    } else {
        local
    };
    say!("fchatd {} listens on {local}", env!("CARGO_PKG_VERSION"));
    say!("page: open http://{host}/ in a browser; clients connect to ws://{host}/chat2");
    match state {
        Some(state) => say!("state: {}", state.store.path().display()),
        None => say!("state: nowhere (--dev)"),
    }
    say!("accounts: {accounts}");
    if line.dev {
        say!(
            "WARNING: --dev lets everyone in with any ticket, also as administrator. Never use it for a real site."
        );
    }
}
