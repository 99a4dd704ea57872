//! The edge's side: what stands there for the application.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use fchatd_protocol::exchange::{ConnectionId, Departure, Input, Inputs, Outputs};

use super::link::{EdgeOrder, Link};
use crate::edge::{Application, Edge, Shared};
use crate::end::Goodbye;

/// The application as an edge sees it that is on another thread.
pub struct Remote {
    link: Arc<Link>,
    /// The last turn that was handed over.
    handed: u64,
    /// The last turn of which the edge is told when it has been handled.
    asked: u64,
    /// The last turn whose answers were carried out.
    answered: u64,
    /// Connections that end when the turn is answered with which they were handed over.
    leaving: VecDeque<(u64, ConnectionId, Departure, Goodbye)>,
    /// What is to be done next.
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

    /// Hands inputs over; nothing when that has to wait, else the turn's number.
    fn hand_over(&mut self, inputs: &mut Inputs, wants_answer: bool) -> Option<u64> {
        let number = self.handed + 1;
        if !self.link.hand_over(inputs, number, wants_answer) {
            return None;
        }
        self.handed = number;
        if wants_answer {
            self.asked = number;
        }
        Some(number)
    }

    /// The number of the turn in which what comes now is handed over.
    pub(crate) fn next_turn(&self) -> u64 {
        self.handed + 1
    }

    /// The last turn that was handled, whether or not the answers have been carried out.
    pub(crate) fn handled(&self) -> u64 {
        self.link.answered()
    }

    /// Whether the application needs long for what it gets.
    pub(crate) fn is_slow(&self) -> bool {
        self.link.is_slow()
    }

    /// Weight of the inputs that wait for the application, in bytes.
    pub(crate) fn waiting(&self) -> usize {
        self.link.waiting()
    }

    /// Gives back the memory that a burst has needed.
    pub(crate) fn trim(&mut self) {
        self.commands.shrink_to(0);
        self.link.trim();
    }

    /// Takes the commands that have come.
    fn take(&mut self) {
        self.link.take(&mut self.commands);
    }

    /// Tells that the edge is alive.
    pub(crate) fn beat(&self) {
        self.link.beat();
    }

    /// The first connection that has been answered and ends now.
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
    /// Tells the application's thread what is counted, if that is another one.
    pub(crate) fn publish(&mut self) {
        let gauges = self.gauges();
        if let Some(remote) = self.application.elsewhere() {
            remote.link.publish(gauges);
        }
    }
}

impl<A: Application + 'static> Edge<A> {
    /// What a turn is when the application is elsewhere.
    pub(crate) fn hand_over(&self, shared: &mut Shared<A>) {
        if shared.read_on() {
            self.wake_turn();
        }
        // Connections that have had their share wait for a turn that was handed over already: that needs an answer, too.
        let asked = shared.application.elsewhere().map_or(0, |remote| remote.asked);
        let is_waited_for = shared.paused.iter().any(|&(turn, _)| turn > asked);
        if !shared.inputs.is_empty() || !shared.parting.is_empty() || is_waited_for {
            self.try_hand_over(shared, is_waited_for);
        }
        shared.fan.flush();
        self.handle_events(shared);
        shared.publish();
    }

    /// Hands over all that has come; nothing when the application is not elsewhere, or too much waits for it, else the
    /// turn's number.
    pub(crate) fn try_hand_over(&self, shared: &mut Shared<A>, wants_answer: bool) -> Option<u64> {
        let wants_answer = wants_answer || !shared.parting.is_empty();
        let remote = shared.application.elsewhere()?;
        let number = remote.hand_over(&mut shared.inputs, wants_answer)?;
        let parting = shared.parting.drain(..);
        remote
            .leaving
            .extend(parting.map(|(id, departure, goodbye)| (number, id, departure, goodbye)));
        Some(number)
    }

    /// As [`Edge::try_hand_over`], and the answer is waited for.
    pub(crate) fn ask_for_answer(&self) -> Option<u64> {
        self.try_hand_over(&mut self.shared.borrow_mut(), true)
    }

    /// Whether the answers to a turn were carried out; always when the application is not elsewhere.
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
    /// Carries out the batches that have come, as far as nothing else stands between them; the flush is the caller's.
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

/// Carries out batches up to the first command that is something else, which is given back.
fn carry_out<A: Application>(shared: &mut Shared<A>) -> Option<EdgeOrder> {
    loop {
        match shared.application.elsewhere()?.commands.pop_front()? {
            EdgeOrder::Apply(batch) => {
                shared.fan.apply(&batch);
                shared.application.elsewhere()?.link.carried_out(&batch);
            }
            EdgeOrder::Stored(commit) => shared.fan.stored(commit),
            other => return Some(other),
        }
    }
}

impl Edge<Remote> {
    /// Does what has come for this edge, and writes each touched socket once. False when it is to end.
    pub(super) fn obey(self: &Rc<Self>, begin: &impl Fn(EdgeOrder)) -> bool {
        let answered = {
            let remote = &mut self.shared.borrow_mut().application;
            // Before the commands: what came of these turns is among them then.
            let answered = remote.link.answered();
            remote.take();
            answered
        };
        loop {
            let command = carry_out(&mut self.shared.borrow_mut());
            match command {
                Some(EdgeOrder::Configure(settings)) => self.configure(*settings),
                Some(EdgeOrder::Stop) => return false,
                Some(command) => begin(command),
                None => break,
            }
        }
        let shared = &mut *self.shared.borrow_mut();
        shared.fan.flush();
        self.handle_events(shared);
        shared.application.answered = answered;
        while let Some((id, departure, goodbye)) = shared.application.next_leaving() {
            if shared.is_current(id) {
                self.end(shared, id.slot, departure, goodbye);
            }
        }
        // Ends of connections, and what could not be handed over before.
        self.hand_over(shared);
        true
    }
}
