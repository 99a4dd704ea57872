//! A turn: the collected inputs are handed to the application, its outputs are applied, and each touched
//! socket is written once. The fair sharing of turns between connections is here, too.
//!
//! A connection may send a few commands in each turn. Beyond that, it waits until the turn has been handled,
//! and then queues behind the others. So turns are short, and each connection waits for a bounded number of
//! commands of any other. A turn that takes too long is interrupted: its answers are sent, the event loop
//! polls the sockets, and the remaining inputs are handled next.

use std::task::Waker;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{ConnectionId, Departure, Inputs};

use crate::edge::{Application, Edge, OUTPUT_BYTES_MAX, Shared};
use crate::end::Goodbye;
use crate::journey::{self, Journeys};

/// Time after which a turn is interrupted. The input that is being handled at that moment is finished first.
pub(crate) const TURN_MAX: Duration = Duration::from_millis(8);
/// Number of inputs between two readings of the clock.
pub(crate) const INPUTS_PER_LOOK: usize = 4;

/// The cost of a client's frame, in addition to its bytes.
pub(crate) const FRAME_COST: usize = 1024;
/// Divisor of a connection's share while the application has much waiting input or is slow.
const BUSY: usize = 8;
/// The weight of inputs from which on it is much: some thousand short commands.
const MUCH: usize = 128 * 1024;
/// Reading stops while the waiting inputs weigh more than this. Further input waits in the sockets.
pub(crate) const INPUTS_MAX: usize = 8 << 20;

/// How connections share turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// The bytes that a connection may send in a turn; a frame weighs [`FRAME_COST`] at least.
    pub turn_bytes: usize,
    /// Maximum number of connections that read on after a turn in which they used their share. So the other
    /// connections wait only for the shares of these few, however many connections flood the server.
    pub connections: usize,
    /// Reading from a connection stops while its backlog is larger than this, in bytes: it must read the
    /// waiting answers before it gets further ones.
    pub unread_bytes: usize,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            turn_bytes: 64 * FRAME_COST,
            connections: 8,
            unread_bytes: 512 * 1024,
        }
    }
}

/// The inputs that are being handled.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    inputs: Inputs,
    /// The sampled commands among them that are not handled yet.
    journeys: Journeys,
    /// Number of handled inputs.
    handled: usize,
    /// Connections that end after all inputs of the turn.
    parting: Vec<(ConnectionId, Departure, Goodbye)>,
    /// The number of this turn.
    number: u64,
    /// The last turn, or the current one, was interrupted.
    is_slow: bool,
}

impl Turn {
    fn is_over(&self) -> bool {
        self.handled == self.inputs.len() && self.parting.is_empty()
    }

    /// The number of the last turn that was handled completely.
    pub(crate) fn answered(&self) -> u64 {
        if self.is_over() {
            self.number
        } else {
            self.number - 1
        }
    }

    /// The number of the current turn, or of the last one.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Releases memory that a burst has needed.
    pub(crate) fn trim(&mut self) {
        self.inputs.trim();
    }

    /// Approximate weight of the inputs that are not handled yet.
    pub(crate) fn weight(&self) -> usize {
        if self.is_over() { 0 } else { self.inputs.weight() }
    }
}

impl<A: Application + 'static> Edge<A> {
    /// Hands the collected inputs to the application and applies its outputs. Returns true when the turn was
    /// interrupted; then the rest is handled in another call, which is scheduled already.
    pub(crate) fn take_turn(&self) -> bool {
        let shared = &mut *self.shared.borrow_mut();
        if shared.application.elsewhere().is_some() {
            self.hand_over(shared);
            return false;
        }
        if shared.turn.is_over() {
            shared.begin_turn();
        }
        let is_measured = !shared.turn.inputs.is_empty();
        let begun = Instant::now();
        let resumed = shared.turn.handled > 0;
        let interrupted = shared.handle_inputs();
        if interrupted || !resumed {
            shared.turn.is_slow = interrupted;
        }
        let handled = Instant::now();
        shared.fan.apply(&shared.outputs);
        shared.outputs.clear();
        shared.flush();
        if is_measured {
            let timings = &self.common.timings;
            let written = Instant::now();
            timings.turns.record(written - begun);
            timings.fan_outs.record(written - handled);
        }
        self.handle_events(shared);
        if !interrupted {
            for (id, departure, goodbye) in std::mem::take(&mut shared.turn.parting) {
                if shared.is_current(id) {
                    self.end(shared, id.slot, departure, goodbye);
                }
            }
            self.handle_events(shared);
        }
        let others_wait = !interrupted && shared.read_on();
        if let Some(wait) = shared.application.next_due() {
            self.alarm.set(wait);
        }
        if interrupted || others_wait || !shared.inputs.is_empty() || !shared.parting.is_empty() {
            self.wake_turn();
        }
        interrupted
    }

    /// Handles all collected inputs.
    pub(crate) fn take_all_turns(&self) {
        while self.take_turn() {}
        // The inputs that arrived during the last, interrupted turn.
        while self.take_turn() {}
    }
}

impl<A: Application> Shared<A> {
    /// Releases memory that a burst has needed.
    pub(crate) fn trim(&mut self) {
        self.fan.trim();
        self.inputs.trim();
        self.turn.trim();
        self.outputs.trim();
        self.paused.shrink_to(self.fan.len());
        if let Some(remote) = self.application.elsewhere() {
            remote.trim();
        }
    }

    fn begin_turn(&mut self) {
        let turn = &mut self.turn;
        turn.inputs.clear();
        turn.journeys.clear();
        turn.handled = 0;
        turn.number += 1;
        std::mem::swap(&mut turn.inputs, &mut self.inputs);
        std::mem::swap(&mut turn.journeys, &mut self.journeys);
        std::mem::swap(&mut turn.parting, &mut self.parting);
    }

    /// Handles the inputs of the turn until all are handled or the time limit is reached. Returns true when
    /// some are left.
    fn handle_inputs(&mut self) -> bool {
        let Self {
            turn,
            application,
            outputs,
            fan,
            flights,
            ..
        } = self;
        application.begin_turn();
        // Most turns are too short to need the clock.
        let left = turn.inputs.len() - turn.handled;
        let begun = (left > INPUTS_PER_LOOK).then(Instant::now);
        for input in turn.inputs.iter_from(turn.handled) {
            let journey = turn.journeys.take(turn.handled);
            turn.handled += 1;
            if let Some(flight) = journey::handle(application, input, outputs, journey) {
                flights.begin(Instant::now(), [flight]);
            }
            if outputs.weight() > OUTPUT_BYTES_MAX {
                fan.apply(outputs);
                outputs.clear();
            }
            if turn.handled.is_multiple_of(INPUTS_PER_LOOK)
                && begun.is_some_and(|begun| begun.elapsed() > TURN_MAX)
            {
                break;
            }
        }
        turn.handled < turn.inputs.len()
    }

    /// The number of the turn that will handle input received now.
    pub(crate) fn next_turn(&mut self) -> u64 {
        match self.application.elsewhere() {
            Some(remote) => remote.next_turn(),
            None => self.turn.number() + 1,
        }
    }

    /// The number of the last turn that was handled completely.
    pub(crate) fn answered(&mut self) -> u64 {
        match self.application.elsewhere() {
            Some(remote) => remote.handled(),
            None => self.turn.answered(),
        }
    }

    /// The share that a connection may use before it has to wait for the turn.
    pub(crate) fn quota(&mut self) -> usize {
        let (handed, is_slow) = match self.application.elsewhere() {
            Some(remote) => (remote.waiting(), remote.is_slow()),
            None => (self.turn.weight(), self.turn.is_slow),
        };
        if is_slow || self.inputs.weight() + handed > MUCH {
            self.shares.turn_bytes / BUSY
        } else {
            self.shares.turn_bytes
        }
    }

    /// Lets a connection read on after a turn has been handled.
    pub(crate) fn pause(&mut self, turn: u64, waker: &Waker) {
        self.paused.push((turn, waker.clone()));
    }

    /// Wakes connections whose awaited turns have been handled, in the order of their waiting, up to
    /// [`Shares::connections`]. Returns true when more of them wait; then another turn has to follow.
    pub(crate) fn read_on(&mut self) -> bool {
        if self.paused.is_empty() {
            return false;
        }
        let answered = self.answered();
        let most = self.shares.connections;
        let (mut woken, mut others_wait) = (0, false);
        self.paused.retain(|(turn, waker)| {
            let may_read = *turn <= answered && woken < most;
            if may_read {
                woken += 1;
                waker.wake_by_ref();
            }
            others_wait |= *turn <= answered && !may_read;
            !may_read
        });
        others_wait
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use fchatd_protocol::exchange::Input;

    use super::*;
    use crate::edge::EdgeSettings;

    struct Nothing;

    impl Application for Nothing {
        fn handle(&mut self, _input: Input<'_>, _outputs: &mut fchatd_protocol::exchange::Outputs) {}
    }

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_few_read_on_after_each_turn_in_the_order_of_their_waiting() {
        let edge = Edge::new(EdgeSettings::default(), Nothing);
        let shared = &mut *edge.shared.borrow_mut();
        let most = shared.shares.connections;
        let connections: Vec<Arc<Woken>> = (0..2 * most + 1).map(|_| Arc::default()).collect();
        for (number, woken) in connections.iter().enumerate() {
            // The connection in the middle waits for a turn that is not over yet.
            let turn = u64::from(number == 3);
            shared.pause(turn, &Arc::clone(woken).into());
        }
        let count = || -> usize {
            connections
                .iter()
                .map(|woken| woken.0.load(Ordering::Relaxed))
                .sum()
        };
        assert!(shared.read_on());
        assert_eq!(count(), most);
        assert_eq!(connections[most + 1].0.load(Ordering::Relaxed), 0);
        assert!(
            !shared.read_on(),
            "only the connection of the unfinished turn is left"
        );
        assert_eq!(count(), 2 * most);
        assert_eq!(connections[3].0.load(Ordering::Relaxed), 0);
    }
}
