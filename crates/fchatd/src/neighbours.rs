//! The neighbours of the chat: [`CHECKS`] and [`STARTERS`] have a line for each kind. The file of a kind has its settings and
//! its part as a [`Neighbour`] of a running chat.

pub(crate) mod bridge;
pub(crate) mod chat_log;
mod neighbour;
mod redis;
mod start;
pub(crate) mod traces;
mod webhooks;

use std::sync::Arc;

use fchatd_figures::Sink;
use fchatd_links::Counters;
use fchatd_protocol::exchange::{LogEntry, Request};
use fchatd_world::{Now, Settings, World};

use self::bridge::BridgeLink;
use self::chat_log::ChatLogLink;
use self::neighbour::{Barrier, Neighbour};
use self::redis::RedisLink;
pub(crate) use self::start::Start;
use self::traces::TraceLink;
use self::webhooks::WebhookLink;
use crate::failure::Failure;

/// A check of values that the table of the settings can't make. Its sentence begins with the key that is wrong.
pub(crate) type Check = fn(&Settings) -> Result<(), Failure>;

/// The checks of the settings of neighbours.
pub(crate) const CHECKS: &[Check] = &[
    |settings| bridge::bridge_settings(settings).map(drop),
    |settings| redis::redis_settings(settings).map(drop),
    |settings| webhooks::webhook_settings(settings, None).map(drop),
    |settings| traces::endpoint(settings).map(drop),
];

/// Starts a kind of neighbour where the settings ask for it.
type Starter = fn(&Start<'_>) -> Result<Option<Box<dyn Neighbour>>, Failure>;

/// All kinds that start with the settings. The real-time bridge needs a socket of the server and is added by
/// [`Neighbours::add_bridge`].
const STARTERS: &[Starter] = &[
    |start| Ok(boxed(RedisLink::start(start)?)),
    |start| Ok(boxed(WebhookLink::start(start)?)),
    |start| Ok(boxed(ChatLogLink::start(start)?)),
    |start| Ok(boxed(TraceLink::start(start)?)),
];

fn boxed<N: Neighbour + 'static>(neighbour: Option<N>) -> Option<Box<dyn Neighbour>> {
    neighbour.map(|neighbour| Box::new(neighbour) as Box<dyn Neighbour>)
}

/// The neighbours of a chat.
#[derive(Default)]
pub(crate) struct Neighbours(Vec<Box<dyn Neighbour>>);

impl Neighbours {
    /// Starts the neighbours that the settings ask for.
    ///
    /// # Errors
    /// A setting is wrong, or a neighbour can't start.
    pub(crate) fn start(start: &Start<'_>) -> Result<Self, Failure> {
        let mut neighbours = Self::default();
        for starter in STARTERS {
            neighbours.0.extend(starter(start)?);
        }
        Ok(neighbours)
    }

    /// Adds the real-time bridge.
    pub(crate) fn add_bridge(&mut self, counters: Arc<Counters>) {
        self.0.push(Box::new(BridgeLink(counters)));
    }

    /// Whether a neighbour needs the requests about presence.
    pub(crate) fn need_presence(&self) -> bool {
        self.0.iter().any(|neighbour| neighbour.needs_presence())
    }

    /// See [`Neighbour::barrier`].
    pub(crate) fn barriers(&self) -> Vec<Barrier> {
        self.0
            .iter()
            .filter_map(|neighbour| neighbour.barrier())
            .collect()
    }

    /// See [`Neighbour::hear`].
    pub(crate) fn hear(&mut self, request: &Request) {
        for neighbour in &mut self.0 {
            neighbour.hear(request);
        }
    }

    /// See [`Neighbour::log`].
    pub(crate) fn log(&mut self, entry: Box<LogEntry>) {
        let _ = self
            .0
            .iter_mut()
            .try_fold(entry, |entry, neighbour| neighbour.log(entry));
    }

    /// See [`Neighbour::tick`].
    pub(crate) fn tick(&mut self, world: &World, now: Now) {
        for neighbour in &mut self.0 {
            neighbour.tick(world, now);
        }
    }

    /// See [`Neighbour::tell_all`].
    pub(crate) fn tell_all(&mut self, world: &World, now: Now) {
        for neighbour in &mut self.0 {
            neighbour.tell_all(world, now);
        }
    }

    /// See [`Neighbour::figures`].
    pub(crate) fn figures(&self, sink: &mut dyn Sink) {
        for neighbour in &self.0 {
            neighbour.figures(sink);
        }
    }

    /// See [`Neighbour::finish`].
    pub(crate) fn finish(&mut self) {
        for neighbour in &mut self.0 {
            neighbour.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use fchatd_figures::StatusText;

    use super::*;

    /// Notes each call in a list that all share.
    struct Noting {
        name: &'static str,
        takes_log: bool,
        needs_presence: bool,
        calls: Rc<RefCell<Vec<String>>>,
    }

    impl Noting {
        fn note(&self, call: &str) {
            self.calls.borrow_mut().push(format!("{} {call}", self.name));
        }
    }

    impl Neighbour for Noting {
        fn needs_presence(&self) -> bool {
            self.needs_presence
        }

        fn hear(&mut self, request: &Request) {
            self.note(&format!("{request:?}"));
        }

        fn log(&mut self, entry: Box<LogEntry>) -> Option<Box<LogEntry>> {
            self.note("log");
            (!self.takes_log).then_some(entry)
        }

        fn tell_all(&mut self, _world: &World, _now: Now) {
            self.note("all");
        }

        fn figures(&self, sink: &mut dyn Sink) {
            sink.remark("neighbours", self.name.to_owned());
        }

        fn finish(&mut self) {
            self.note("finish");
        }
    }

    #[test]
    fn all_neighbours_hear_and_one_takes_the_entries_of_the_log() {
        let calls = Rc::new(RefCell::new(Vec::new()));
        let noting = |name, takes_log, needs_presence| -> Box<dyn Neighbour> {
            let calls = Rc::clone(&calls);
            Box::new(Noting {
                name,
                takes_log,
                needs_presence,
                calls,
            })
        };
        let mut neighbours = Neighbours(vec![noting("a", false, false), noting("b", true, false)]);
        assert!(!neighbours.need_presence());
        neighbours.0.push(noting("c", true, true));
        assert!(neighbours.need_presence());
        neighbours.log(Box::default());
        neighbours.hear(&Request::Halt);
        let world = World::new(Settings::default(), Now::default(), [0; 32]);
        neighbours.tick(&world, Now::default());
        neighbours.tell_all(&world, Now::default());
        neighbours.finish();
        let mut text = StatusText::default();
        neighbours.figures(&mut text);
        let halt = format!("{:?}", Request::Halt);
        let mut expected: Vec<String> = vec!["a log".into(), "b log".into()];
        for call in [&*halt, "all", "finish"] {
            expected.extend(["a", "b", "c"].map(|name| format!("{name} {call}")));
        }
        assert_eq!(*calls.borrow(), expected);
        assert_eq!(text.finish(), "neighbours: a; b; c");
    }
}
