//! The edge's side: the proxy for the application.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Inputs, Outputs};

use super::link::{EdgeOrder, Link};
use crate::edge::{Application, Edge, Shared};
use crate::end::Goodbye;
use crate::journey::Journeys;

/// An edge's proxy for an application on another thread.
pub struct Remote {
    link: Arc<Link>,
    /// The last turn that was handed over.
    handed: u64,
    /// The last turn for which the edge has requested a notice of its end.
    asked: u64,
    /// The last turn whose outputs were applied.
    answered: u64,
    /// Connections that end when the turn of their last input has been answered.
    leaving: VecDeque<(u64, ConnectionId, Departure, Goodbye)>,
    /// The next commands.
    commands: VecDeque<EdgeOrder>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Remote")
            .field("handed", &self.handed)
            .field("answered", &self.answered)
            .finish_non_exhaustive()
    }
}

impl Application for Remote {
    fn handle(&mut self, _input: Input<'_>, _outputs: &mut Outputs) {}

    fn elsewhere(&mut self) -> Option<&mut Remote> {
        Some(self)
    }
}

impl Remote {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            handed: 0,
            asked: 0,
            answered: 0,
            leaving: VecDeque::new(),
            commands: VecDeque::new(),
        }
    }

    /// Hands inputs over and returns the turn's number; `None` when that has to wait.
    fn hand_over(&mut self, journeys: &mut Journeys, inputs: &mut Inputs, wants_answer: bool) -> Option<u64> {
        let number = self.handed + 1;
        if !self.link.hand_over_with(journeys, inputs, number, wants_answer) {
            return None;
        }
        self.handed = number;
        if wants_answer {
            self.asked = number;
        }
        Some(number)
    }

    /// The number of the turn that will contain input received now.
    pub(crate) fn next_turn(&self) -> u64 {
        self.handed + 1
    }

    /// The last handled turn, whether its outputs have been applied or not.
    pub(crate) fn handled(&self) -> u64 {
        self.link.answered()
    }

    /// Whether the application is slow with its inputs.
    pub(crate) fn is_slow(&self) -> bool {
        self.link.is_slow()
    }

    /// Weight of the inputs that wait for the application, in bytes.
    pub(crate) fn waiting(&self) -> usize {
        self.link.waiting()
    }

    /// Releases memory that a burst has needed.
    pub(crate) fn trim(&mut self) {
        self.commands.shrink_to(0);
        self.link.trim();
    }

    /// Takes the new commands.
    fn take(&mut self) {
        self.link.take(&mut self.commands);
    }

    /// Sends a heartbeat.
    pub(crate) fn beat(&self) {
        self.link.beat();
    }

    /// Removes the first connection whose last input has been answered, and which ends now.
    fn next_leaving(&mut self) -> Option<(ConnectionId, Departure, Goodbye)> {
        let &(number, id, departure, goodbye) = self.leaving.front()?;
        if number > self.answered {
            return None;
        }
        self.leaving.pop_front();
        Some((id, departure, goodbye))
    }
}

impl<A: Application> Shared<A> {
    /// Publishes the counters to the application's thread, if that is another one.
    pub(crate) fn publish(&mut self) {
        let gauges = self.gauges();
        if let Some(remote) = self.application.elsewhere() {
            remote.link.publish(gauges);
        }
    }
}

impl<A: Application + 'static> Edge<A> {
    /// The turn of an edge whose application is on another thread.
    pub(crate) fn hand_over(&self, shared: &mut Shared<A>) {
        if shared.read_on() {
            self.wake_turn();
        }
        // Connections that have used their share may wait for a turn that was already handed over. A notice
        // of its end is needed, too.
        let asked = shared.application.elsewhere().map_or(0, |remote| remote.asked);
        let is_waited_for = shared.paused.iter().any(|&(turn, _)| turn > asked);
        if !shared.inputs.is_empty() || !shared.parting.is_empty() || is_waited_for {
            self.try_hand_over(shared, is_waited_for);
        }
        shared.flush();
        self.handle_events(shared);
        shared.publish();
    }

    /// Hands over all collected inputs and returns the turn's number. `None` when the application is on this
    /// thread, or when too much waits for it.
    pub(crate) fn try_hand_over(&self, shared: &mut Shared<A>, wants_answer: bool) -> Option<u64> {
        let wants_answer = wants_answer || !shared.parting.is_empty();
        let remote = shared.application.elsewhere()?;
        let number = remote.hand_over(&mut shared.journeys, &mut shared.inputs, wants_answer)?;
        let parting = shared.parting.drain(..);
        remote
            .leaving
            .extend(parting.map(|(id, departure, goodbye)| (number, id, departure, goodbye)));
        Some(number)
    }

    /// Like [`Edge::try_hand_over`], with a request for a notice of the turn's end.
    pub(crate) fn ask_for_answer(&self) -> Option<u64> {
        self.try_hand_over(&mut self.shared.borrow_mut(), true)
    }

    /// Whether the outputs of a turn were applied; always true when the application is on this thread.
    pub(crate) fn is_answered(&self, number: u64) -> bool {
        let shared = &mut *self.shared.borrow_mut();
        let remote = shared.application.elsewhere();
        remote.is_none_or(|remote| remote.answered >= number)
    }

    /// Whether the application is on another thread.
    pub(crate) fn is_apart(&self) -> bool {
        self.shared.borrow_mut().application.elsewhere().is_some()
    }
}

impl<A: Application + 'static> Edge<A> {
    /// Applies the received batches up to the first other command. The caller flushes.
    pub(crate) fn catch_up(&self, shared: &mut Shared<A>) {
        if let Some(remote) = shared.application.elsewhere() {
            remote.take();
        }
        if let Some(other) = carry_out(shared)
            && let Some(remote) = shared.application.elsewhere()
        {
            remote.commands.push_front(other);
            remote.link.wake.notify_one();
        }
    }
}

/// Applies batches up to the first command of another kind, which is returned.
fn carry_out<A: Application>(shared: &mut Shared<A>) -> Option<EdgeOrder> {
    loop {
        match shared.application.elsewhere()?.commands.pop_front()? {
            EdgeOrder::Apply(batch) => {
                shared.fan.apply(&batch);
                shared.application.elsewhere()?.link.carried_out(&batch);
            }
            EdgeOrder::Trace(flights) => {
                let flights = flights.iter().map(Arc::clone);
                shared.flights.begin(Instant::now(), flights);
            }
            EdgeOrder::Stored(commit) => shared.stored(commit),
            other => return Some(other),
        }
    }
}

impl Edge<Remote> {
    /// Carries out the commands for this edge, and writes each touched socket once. Returns false when the
    /// edge is to end.
    pub(super) fn obey(self: &Rc<Self>, begin: &impl Fn(EdgeOrder)) -> bool {
        let (answered, begun) = {
            let remote = &mut self.shared.borrow_mut().application;
            // Read before the commands are taken: so the outputs of these turns are among them.
            let answered = remote.link.answered();
            remote.take();
            let has_batches = remote
                .commands
                .iter()
                .any(|command| matches!(command, EdgeOrder::Apply(_)));
            (answered, has_batches.then(Instant::now))
        };
        loop {
            let command = carry_out(&mut self.shared.borrow_mut());
            match command {
                Some(EdgeOrder::Configure(settings)) => self.configure(*settings),
                Some(EdgeOrder::Stop) => return false,
                Some(command) => {
                    if let EdgeOrder::Forsake {
                        is_other_core: true, ..
                    } = &command
                    {
                        self.shared.borrow_mut().fan.forget_core();
                    }
                    begin(command);
                }
                None => break,
            }
        }
        let shared = &mut *self.shared.borrow_mut();
        shared.flush();
        if let Some(begun) = begun {
            self.common.timings.fan_outs.record(begun.elapsed());
        }
        self.handle_events(shared);
        shared.application.answered = answered;
        while let Some((id, departure, goodbye)) = shared.application.next_leaving() {
            if shared.is_current(id) {
                self.end(shared, id.slot, departure, goodbye);
            }
        }
        // Closes of connections, and input that could not be handed over before.
        self.hand_over(shared);
        true
    }
}
