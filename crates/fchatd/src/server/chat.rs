//! The chat as the application of an edge: the core, the clock, and the questions that the core has for others. The way of
//! the answers is in [`super::answer`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fchatd_accounts::{LoginCheck, LoginProvider, Secret};
use fchatd_core::Core;
use fchatd_core::record::Call;
use fchatd_edge::{Application, Replica};
use fchatd_figures::{Sink, StatusText};
use fchatd_protocol::exchange::{ConnectionId, Input, Operation, Outputs, ProfileKind, Request};
use fchatd_store::classic;
use fchatd_traces::Traces;
use fchatd_world::settings::keys;
use fchatd_world::{Now, World};
use tokio::sync::mpsc::{Sender, UnboundedSender};
use tokio::task::AbortHandle;

use crate::clock::Clock;
use crate::failure::Failure;
use crate::neighbours::Neighbours;
use crate::server::answer::{Answer, Done, Order, Reload};
use crate::server::doors::Doors;
use crate::server::drain::{Drain, TicketSessions};
use crate::server::figures;
use crate::server::keeper::{Keeper, Occasion};
use crate::server::login_check::{self, LoginTrace};
use crate::server::profiling::Profiles;
use crate::server::recorder::{RecordedCore, Recorder};
use crate::server::script_reader::ScriptReader;
use crate::server::script_web::ScriptWeb;
use crate::server::standby::Standby;
use crate::server::timings::Timings;

/// Requests may lead to further ones so many times in a row.
const ROUNDS_MAX: usize = 8;

/// The surroundings of the chat beside its core.
pub(crate) struct Surroundings {
    /// The server's folder, where the scripts are.
    pub(crate) dir: PathBuf,
    /// The login provider.
    pub(crate) provider: LoginProvider,
    /// Asks web servers for scripts.
    pub(crate) web: ScriptWeb,
    /// Where the state is kept; nowhere with `--dev`.
    pub(crate) keeper: Option<Keeper>,
    /// Takes the answers; as many can wait in it as the core lets questions be open.
    pub(crate) answers: UnboundedSender<Answer>,
    /// Takes administrators' orders to stop or restart the server.
    pub(crate) orders: Sender<Order>,
    /// Asks for the configuration to be read again.
    pub(crate) reload: Reload,
    /// The neighbours.
    pub(crate) neighbours: Neighbours,
    /// The door of the account service and of HTTP: refusals before the chat is reached.
    pub(crate) doors: Doors,
    /// Traces of commands, where they are wanted.
    pub(crate) traces: Option<Arc<Traces>>,
}

pub(super) struct Parts {
    pub(super) core: RecordedCore,
    pub(super) clock: Clock,
    pub(super) now: Now,
    pub(super) around: Surroundings,
    /// Log-in checks that are running, so that those of closed connections can be cancelled.
    pub(super) checks: HashMap<ConnectionId, AbortHandle>,
    timings: Rc<Timings>,
    by_ticket: TicketSessions,
    saved: u64,
    scripts: ScriptReader,
    profiles: Profiles,
    pub(super) standby: Standby,
}

/// The application, for the edge and for the server around it.
#[derive(Clone)]
pub(crate) struct Chat(pub(super) Rc<RefCell<Parts>>);

impl Chat {
    /// A chat around a core.
    ///
    /// # Errors
    /// Recording was asked for and can't begin.
    pub(crate) fn new(
        mut core: Core,
        recorder: Option<Recorder>,
        clock: Clock,
        around: Surroundings,
    ) -> Result<Self, Failure> {
        let now = clock.now();
        core.tell_presence(around.neighbours.need_presence());
        if let Some(keeper) = &around.keeper {
            core.record_changes(around.provider.accounts().is_some());
            // The channels that the scripts made at the start have no commit.
            keeper.save(core.snapshot(), Occasion::Start);
        }
        let scripts = ScriptReader::new(around.answers.clone());
        let profiles = Profiles::new(&around.dir, around.answers.clone(), core.watchdog().cloned());
        let mut parts = Parts {
            core: RecordedCore::new(core, recorder),
            clock,
            now,
            around,
            checks: HashMap::new(),
            timings: Rc::default(),
            by_ticket: TicketSessions::default(),
            saved: now.monotonic,
            scripts,
            profiles,
            standby: Standby::default(),
        };
        let world = parts.core.world();
        parts.around.doors.begin(world, &parts.around.provider);
        let mut outputs = Outputs::default();
        let begun = parts.core.begin(now, &mut outputs);
        begun.map_err(|failure| format!("the recorder can't begin: {failure}"))?;
        // There are no people to hear the messages of scripts while they start.
        parts.answer_all(None, &mut outputs);
        Ok(Self(Rc::new(RefCell::new(parts))))
    }

    /// Does something with the core beside the inputs.
    pub(crate) fn with_core<T>(
        &self,
        outputs: &mut Outputs,
        work: impl FnOnce(&mut RecordedCore, Now, &mut Outputs) -> T,
    ) -> T {
        let parts = &mut *self.0.borrow_mut();
        let result = work(&mut parts.core, parts.now, outputs);
        parts.answer_all(None, outputs);
        result
    }

    /// Takes an answer of work beside the chat.
    pub(crate) fn done(&self, done: Done, outputs: &mut Outputs) {
        let parts = &mut *self.0.borrow_mut();
        parts.take_up(done, outputs);
        parts.answer_all(None, outputs);
    }

    /// Puts all figures into a sink but those of the edges, which are on other threads.
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        self.0.borrow().figures(None, sink);
    }

    /// Does something with the neighbours.
    pub(crate) fn with_neighbours(&self, work: impl FnOnce(&mut Neighbours, &World, Now)) {
        let parts = &mut *self.0.borrow_mut();
        work(&mut parts.around.neighbours, parts.core.world(), parts.now);
    }

    /// Reads the common scripts again, without an administrator: the log has the result.
    pub(crate) fn read_scripts(&self) {
        self.0.borrow_mut().read_scripts(None, false);
    }

    /// The door of the account service and of HTTP: refusals before the chat is reached.
    pub(crate) fn doors(&self) -> Doors {
        self.0.borrow().around.doors.clone()
    }

    /// Why the state can't be saved at the moment, if so.
    pub(crate) fn trouble(&self) -> Option<Failure> {
        self.0.borrow().around.keeper.as_ref().and_then(Keeper::trouble)
    }

    /// Over how long connections are closed at the end.
    pub(crate) fn drain(&self) -> Drain {
        let parts = self.0.borrow();
        Drain::new(parts.core.world(), &parts.around.provider, &parts.by_ticket)
    }

    /// Has the scripts say farewell to the people that are still there, and saves the state for the last time.
    ///
    /// # Errors
    /// It could not be saved.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        let parts = &mut *self.0.borrow_mut();
        // The people of a standby stay: they are those of the leader.
        if !parts.standby.is_following {
            parts.take_leave();
        }
        let remarks = parts.profile_remarks();
        parts.profiles.finish(&remarks);
        match &mut parts.around.keeper {
            Some(keeper) => keeper.finish(parts.core.snapshot()),
            None => Ok(()),
        }
    }
}

impl Parts {
    fn save(&mut self, occasion: Occasion) {
        if occasion == Occasion::Turn {
            self.saved = self.now.monotonic;
        }
        if let Some(keeper) = &self.around.keeper {
            keeper.save(self.core.snapshot(), occasion);
        }
    }

    fn take_leave(&mut self) {
        self.now = self.clock.now();
        self.core.turn(self.now);
        // There are no people to hear the messages of scripts now.
        let mut outputs = Outputs::default();
        let work = AssertUnwindSafe(|| self.core.take_leave(self.now, &mut outputs));
        if catch_unwind(work).is_err() {
            tracing::error!("the core panicked while everybody left; the state is saved as it is");
        }
        self.answer_all(None, &mut outputs);
    }

    fn housekeep(&mut self) {
        if !self.standby.is_following {
            self.around.neighbours.tick(self.core.world(), self.now);
        }
        let interval = (self.core.world().settings.number(keys::SAVEINTERVAL) * 1000.0) as u64;
        if self.now.monotonic.saturating_sub(self.saved) >= interval {
            self.save(Occasion::Turn);
            if !self.standby.is_following {
                self.around.neighbours.tell_all(self.core.world(), self.now);
            }
        }
    }

    /// Reads the scripts again, for all people or for one connection, which gets the result.
    fn read_scripts(&mut self, connection: Option<ConnectionId>, isolated: bool) {
        let (dir, rehearsal) = (self.around.dir.clone(), self.core.rehearsal(isolated));
        self.scripts.read(dir, rehearsal, connection, isolated);
    }

    fn profile(&mut self, connection: ConnectionId, kind: ProfileKind, start: bool, outputs: &mut Outputs) {
        let told = if start {
            let limit = self.core.world().settings.seconds(keys::PROFILELIMIT);
            Some(self.profiles.start(connection, kind, limit))
        } else {
            let remarks = self.profile_remarks();
            self.profiles.stop(connection, kind, remarks)
        };
        if let Some(text) = told {
            self.core.tell_administrator(self.now, connection, &text, outputs);
        }
    }

    fn profile_remarks(&self) -> Vec<String> {
        let (common, isolated) = self.core.script_memory();
        vec![format!(
            "Luau's heap, which is a part of the whole: {} KiB in everybody's rules, {} KiB in isolated ones",
            common / 1024,
            isolated / 1024
        )]
    }

    fn take_up(&mut self, done: Done, outputs: &mut Outputs) {
        match done {
            Done::Scripts {
                connection,
                isolated,
                scripts,
            } => self
                .core
                .scripts_read(self.now, connection, isolated, scripts, outputs),
            Done::ProfileOver(number) => {
                let remarks = self.profile_remarks();
                self.profiles.over(number, remarks);
            }
            Done::Tell(connection, text) => {
                self.core.tell_administrator(self.now, connection, &text, outputs);
            }
        }
    }

    pub(super) fn answer(&mut self, request: Request, asker: Option<ConnectionId>, outputs: &mut Outputs) {
        self.standby.open.asked(&request);
        if self.standby.is_following {
            return self.answer_as_standby(request);
        }
        if !matches!(request, Request::Log(_)) {
            self.around.neighbours.hear(&request);
        }
        match request {
            Request::CheckLogin { .. } => self.check_login(request),
            Request::FindCharacters { id, names } => {
                let (provider, answers) = (self.around.provider.clone(), self.around.answers.clone());
                tokio::task::spawn_local(async move {
                    let answer = provider.find_characters(names).await;
                    let _ = answers.send(Answer::Characters(id, answer));
                });
            }
            Request::HttpGet { .. } | Request::HttpPost { .. } | Request::HttpCancel { .. } => {
                let settings = &self.core.world().settings;
                self.around.web.hear(request, settings, self.now);
            }
            // Bans and moderators need no reading: no other process may change them while the server runs.
            Request::Reload { save } => {
                if save {
                    self.save(Occasion::Turn);
                }
                self.around.reload.ask(asker);
            }
            Request::ReadScripts { connection, isolated } => self.read_scripts(Some(connection), isolated),
            Request::Status { connection } => {
                let mut text = StatusText::default();
                self.figures(Some(connection), &mut text);
                let _ = self.around.answers.send(Answer::Status(connection, text));
            }
            Request::Profile {
                connection,
                kind,
                start,
            } => self.profile(connection, kind, start, outputs),
            Request::Halt => {
                self.save(Occasion::Turn);
                self.order(Order::Stop);
            }
            Request::Restart { connection } => self.order(Order::Restart(Some(connection))),
            Request::Action(_) | Request::Commit(_) | Request::Sessions(_) => self.keep(request),
            Request::Gate(change) => self.around.doors.change(*change, &self.around.provider),
            // Where the accounts are ours, the commit has them.
            Request::Ignores { .. } | Request::Presence { .. } => {}
            Request::Log(entry) => self.around.neighbours.log(entry),
        }
    }

    /// Hands something durable to the keeper.
    pub(super) fn keep(&self, request: Request) {
        let Some(keeper) = &self.around.keeper else { return };
        let is_decision = match request {
            Request::Action(entry) => {
                tracing::info!(name = entry.name, code = entry.code, "moderation");
                keeper.action(*entry);
                // The classic server wrote its lists at once.
                true
            }
            Request::Commit(commit) => {
                let is_decision = commit.changes.iter().any(classic::is_in_lists);
                keeper.commit(*commit);
                is_decision
            }
            Request::Sessions(changes) => {
                keeper.sessions(changes);
                false
            }
            _ => false,
        };
        if is_decision && keeper.keeps_classic_files() {
            keeper.save(self.core.snapshot(), Occasion::Decision);
        }
    }

    /// Puts all figures into a sink but those of the edges, which are on other threads.
    fn figures(&self, asker: Option<ConnectionId>, sink: &mut dyn Sink) {
        self.core.figures(asker, sink);
        self.core.recorder_figures(sink);
        self.timings.figures(sink);
        figures::put_process(sink);
        self.around.web.figures(sink);
        self.around.neighbours.figures(sink);
        self.around.provider.figures(sink);
        self.around.doors.figures(sink);
        if let Some(keeper) = &self.around.keeper {
            keeper.figures(sink);
        }
    }

    /// One that does not fit is dropped: as many are under way already.
    fn order(&self, order: Order) {
        let _ = self.around.orders.try_send(order);
    }

    fn check_login(&mut self, request: Request) {
        let Request::CheckLogin {
            connection,
            address,
            account,
            ticket,
            character,
            client_name,
            client_version,
        } = request
        else {
            return;
        };
        let check = LoginCheck {
            account,
            ticket: Secret::new(ticket),
            character,
            client_name,
            client_version,
            address,
        };
        self.by_ticket.asked(connection, &check);
        let (provider, answers) = (self.around.provider.clone(), self.around.answers.clone());
        let timings = Rc::clone(&self.timings);
        let trace = LoginTrace::begin(self.around.traces.as_ref());
        let task = tokio::task::spawn_local(async move {
            let answer = login_check::run(&provider, check, &timings, trace).await;
            // The receiver is gone when the server is going down.
            let _ = answers.send(Answer::Login(connection, answer));
        });
        self.checks.insert(connection, task.abort_handle());
    }

    pub(super) fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        let begun = match input {
            Input::Message { .. } => self.timings.begin_command(),
            _ => None,
        };
        let handled = catch_unwind(AssertUnwindSafe(|| match self.standby.is_following {
            true => self.core.repeat(self.now, &Call::Input(input), outputs),
            false => self.core.handle(self.now, input, outputs),
        }));
        if let Some(begun) = begun {
            self.timings.end_command(begun);
        }
        if handled.is_err() {
            tracing::error!("the core panicked; the connection that caused it is closed");
            if let Input::Message { connection, .. } | Input::LoginAnswer { connection, .. } = input {
                outputs.operations.push(Operation::Close {
                    connection,
                    delay_milliseconds: 0,
                });
            }
        }
        match input {
            Input::Closed { connection, .. } => {
                self.by_ticket.gone(connection);
                if let Some(check) = self.checks.remove(&connection) {
                    check.abort();
                }
            }
            Input::LoginAnswer { connection, .. } => {
                self.checks.remove(&connection);
            }
            Input::HttpAnswer { id, status, .. } if !self.standby.is_following => {
                let settings = &self.core.world().settings;
                self.around.web.answered(id, status, settings, self.now);
            }
            Input::Tick => self.housekeep(),
            _ => {}
        }
        self.standby.open.note(&input);
        let asker = match input {
            Input::Message { connection, .. } => Some(connection),
            _ => None,
        };
        self.answer_all(asker, outputs);
    }

    /// Carries out the core's requests during the handling of an input by `asker`.
    pub(super) fn answer_all(&mut self, asker: Option<ConnectionId>, outputs: &mut Outputs) {
        for _ in 0..ROUNDS_MAX {
            for request in std::mem::take(&mut outputs.requests) {
                self.answer(request, asker, outputs);
            }
        }
        if !outputs.requests.is_empty() {
            tracing::error!("the scripts ask for ever; their last requests are dropped");
            outputs.requests.clear();
        }
    }
}

impl Application for Chat {
    fn replica(&mut self) -> Option<&mut dyn Replica> {
        Some(self)
    }

    fn begin_turn(&mut self) {
        let parts = &mut *self.0.borrow_mut();
        // A standby has the time of its leader.
        if !parts.standby.is_following {
            parts.now = parts.clock.now();
            parts.core.turn(parts.now);
        }
    }

    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        self.0.borrow_mut().handle(input, outputs);
    }

    fn next_due(&self) -> Option<Duration> {
        let parts = self.0.borrow();
        let due = parts.core.next_due()?;
        // A moment later, so that it is due then, however times were rounded.
        Some(Duration::from_millis(due.saturating_sub(parts.now.monotonic) + 1))
    }
}
