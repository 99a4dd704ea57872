//! A turn: the inputs that have come together are handed to the application, its outputs are carried out, and each touched
//! socket is written once. Here is also how connections share turns.
//!
//! A connection may have a few commands in each turn. When it has sent more, it waits until that turn has been handled, and
//! then queues behind the others. So turns are short, and each connection waits for a bounded number of commands of any
//! other. A turn that takes too long nevertheless is interrupted: answers go out, the event loop looks at the sockets,
//! and the rest of the inputs is handled next.

use std::task::Waker;
use std::time::{Duration, Instant};

use fchatd_protocol::exchange::{ConnectionId, Departure, Inputs};

use crate::edge::{Application, Edge, OUTPUT_BYTES_MAX, Shared};
use crate::end::Goodbye;

/// A turn is interrupted after so long. One input more may take as long as it takes.
pub(crate) const TURN_MAX: Duration = Duration::from_millis(8);
/// The clock is looked at after so many inputs.
pub(crate) const INPUTS_PER_LOOK: usize = 4;

/// The cost of a frame of a client, beside its bytes.
pub(crate) const FRAME_COST: usize = 1024;
/// While much waits for the application, or it needs long for what it gets, a share is smaller by this factor.
const BUSY: usize = 8;
/// This is much: some thousand short commands, by the weight of inputs.
const MUCH: usize = 128 * 1024;
/// Nothing more is read while the inputs that wait weigh more than this: what then waits, waits in the sockets.
pub(crate) const INPUTS_MAX: usize = 8 << 20;

/// How connections share turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// The bytes that a connection may send in a turn; a frame weighs [`FRAME_COST`] at least.
    pub turn_bytes: usize,
    /// So many connections that have had their share read on after a turn. However many send without end, the others wait
    /// for the shares of these few.
    pub connections: usize,
    /// Nothing is read of a connection whose full socket leaves more than this behind, in bytes: it gets no further answers
    /// before it has read those that wait.
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
    /// How many of the inputs were handled.
    handled: usize,
    /// Connections that end when all of the inputs have been handled.
    parting: Vec<(ConnectionId, Departure, Goodbye)>,
    /// The number of this turn.
    number: u64,
    /// The last turn that was handled was interrupted, or the one at hand has been.
    is_slow: bool,
}

impl Turn {
    fn is_over(&self) -> bool {
        self.handled == self.inputs.len() && self.parting.is_empty()
    }

    /// The number of the last turn that was handled to its end.
    pub(crate) fn answered(&self) -> u64 {
        if self.is_over() {
            self.number
        } else {
            self.number - 1
        }
    }

    /// The number of the turn at hand, or of the last one.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Gives back the memory that a burst has needed.
    pub(crate) fn trim(&mut self) {
        self.inputs.trim();
    }

    /// About what the inputs weigh that were not handled yet.
    pub(crate) fn weight(&self) -> usize {
        if self.is_over() { 0 } else { self.inputs.weight() }
    }
}

impl<A: Application + 'static> Edge<A> {
    /// Hands what has come to the application and carries out what it wants. True when the turn was interrupted; then the
    /// rest is handled in another call, which comes by itself.
    pub(crate) fn take_turn(&self) -> bool {
        let shared = &mut *self.shared.borrow_mut();
        if shared.application.elsewhere().is_some() {
            self.hand_over(shared);
            return false;
        }
        if shared.turn.is_over() {
            shared.begin_turn();
        }
        let resumed = shared.turn.handled > 0;
        let interrupted = shared.handle_inputs();
        if interrupted || !resumed {
            shared.turn.is_slow = interrupted;
        }
        shared.fan.apply(&shared.outputs);
        shared.outputs.clear();
        shared.fan.flush();
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

    /// Handles everything that has come.
    pub(crate) fn take_all_turns(&self) {
        while self.take_turn() {}
        // The inputs that came while the last turn was interrupted.
        while self.take_turn() {}
    }
}

impl<A: Application> Shared<A> {
    /// Gives back the memory that a burst has needed.
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
        turn.handled = 0;
        turn.number += 1;
        std::mem::swap(&mut turn.inputs, &mut self.inputs);
        std::mem::swap(&mut turn.parting, &mut self.parting);
    }

    /// Handles the inputs of the turn, until all are handled or it takes too long. True when some are left.
    fn handle_inputs(&mut self) -> bool {
        let Self {
            turn,
            application,
            outputs,
            fan,
            ..
        } = self;
        application.begin_turn();
        // Most turns are too short for a look.
        let left = turn.inputs.len() - turn.handled;
        let begun = (left > INPUTS_PER_LOOK).then(Instant::now);
        for input in turn.inputs.iter_from(turn.handled) {
            turn.handled += 1;
            application.handle(input, outputs);
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

    /// The number of the turn in which what comes now will be handled.
    pub(crate) fn next_turn(&mut self) -> u64 {
        match self.application.elsewhere() {
            Some(remote) => remote.next_turn(),
            None => self.turn.number() + 1,
        }
    }

    /// The number of the last turn of which everything was handled.
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

    /// Has a connection read on when a turn has been handled.
    pub(crate) fn pause(&mut self, turn: u64, waker: &Waker) {
        self.paused.push((turn, waker.clone()));
    }

    /// Wakes connections that waited for turns which have been handled by now, those first that have waited longest, up to
    /// [`Shares::connections`]. True when more of them wait: then another turn has to come.
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
            // One in the middle waits for a turn that is not over yet.
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
        assert!(!shared.read_on(), "only the one whose turn is not over is left");
        assert_eq!(count(), 2 * most);
        assert_eq!(connections[3].0.load(Ordering::Relaxed), 0);
    }
}
