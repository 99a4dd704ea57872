//! Turns at something that only a few may do at once: hashing a password, asking the log-in site. Requests wait in a
//! line for each account, and lines of accounts wait for each address group; turns go round the groups, and in a group
//! round its accounts. So one address or account cannot keep the others from having a turn, however often it asks.
//!
//! How long a request waits is the caller's to bound: a dropped future gives its place up.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fchatd_protocol::address::AddressGroup;
use tokio::sync::oneshot::{self, Sender};

/// The number of turns at once, and its shares.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnBounds {
    /// Turns at once.
    pub(crate) at_once: usize,
    /// Turns at once of one address group.
    pub(crate) per_group: usize,
    /// Turns at once of one account, from wherever.
    pub(crate) per_account: usize,
    /// Requests that wait. When there are more, the newest of the group with the most is refused.
    pub(crate) waiting: usize,
}

/// See the module. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Mutex<State>>);

/// The right to do it now; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Turns,
    group: AddressGroup,
    account: Arc<str>,
}

#[derive(Debug)]
struct State {
    bounds: TurnBounds,
    running: usize,
    running_by_account: HashMap<Arc<str>, usize>,
    groups: HashMap<AddressGroup, Group>,
    /// Groups with waiting requests; the first one has the next turn.
    rotation: VecDeque<AddressGroup>,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Group {
    running: usize,
    waiting: usize,
    /// Lines that are not empty; the first one has the next turn.
    lines: VecDeque<Line>,
}

#[derive(Debug)]
struct Line {
    account: Arc<str>,
    waiters: VecDeque<Sender<Turn>>,
}

impl Turns {
    pub(crate) fn new(bounds: TurnBounds) -> Self {
        Self(Arc::new(Mutex::new(State {
            bounds,
            running: 0,
            running_by_account: HashMap::new(),
            groups: HashMap::new(),
            rotation: VecDeque::new(),
            waiting: 0,
        })))
    }

    /// Puts other bounds in force; turns that were given go on.
    pub(crate) fn configure(&self, bounds: TurnBounds) {
        self.state().bounds = bounds;
        self.grant();
    }

    /// Requests that wait for a turn.
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Waits for a turn; nothing when too many wait.
    pub(crate) async fn enter(&self, group: AddressGroup, account: &str) -> Option<Turn> {
        let (sender, receiver) = oneshot::channel();
        if !self.state().wait(group, account, sender) {
            return None;
        }
        self.grant();
        receiver.await.ok()
    }

    /// Gives all turns that can be given.
    fn grant(&self) {
        loop {
            // The lock must be free when a turn is dropped.
            let next = self.state().next();
            let Some((sender, group, account)) = next else {
                return;
            };
            let turn = Turn {
                turns: self.clone(),
                group,
                account,
            };
            drop(sender.send(turn));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.state().end(self.group, &self.account);
        self.turns.grant();
    }
}

impl State {
    /// Puts a request into its line, unless too many wait.
    fn wait(&mut self, group: AddressGroup, account: &str, sender: Sender<Turn>) -> bool {
        if self.waiting >= self.bounds.waiting && !self.make_room(group) {
            return false;
        }
        let own = self.groups.entry(group).or_default();
        if own.lines.is_empty() {
            self.rotation.push_back(group);
        }
        own.waiting += 1;
        self.waiting += 1;
        match own.lines.iter_mut().find(|line| *line.account == *account) {
            Some(line) => line.waiters.push_back(sender),
            None => own.lines.push_back(Line {
                account: account.into(),
                waiters: VecDeque::from([sender]),
            }),
        }
        true
    }

    /// Makes room for one more of the group. The newest request of a group that would still have more goes for it.
    fn make_room(&mut self, group: AddressGroup) -> bool {
        self.forget_gone();
        if self.waiting < self.bounds.waiting {
            return true;
        }
        let own = self.groups.get(&group).map_or(0, |own| own.waiting);
        let fullest = self.groups.values_mut().max_by_key(|other| other.waiting);
        let Some(fullest) = fullest.filter(|other| other.waiting > own + 1) else {
            return false;
        };
        let Some(line) = fullest.lines.iter_mut().max_by_key(|line| line.waiters.len()) else {
            return false;
        };
        line.waiters.pop_back();
        fullest.waiting -= 1;
        self.waiting -= 1;
        self.forget_gone();
        true
    }

    /// Removes cancelled requests, and empty lines and groups.
    fn forget_gone(&mut self) {
        for group in self.groups.values_mut() {
            for line in &mut group.lines {
                line.waiters.retain(|waiter| !waiter.is_closed());
            }
            group.lines.retain(|line| !line.waiters.is_empty());
            group.waiting = group.lines.iter().map(|line| line.waiters.len()).sum();
        }
        self.waiting = self.groups.values().map(|group| group.waiting).sum();
        let groups = &self.groups;
        self.rotation
            .retain(|group| groups.get(group).is_some_and(|group| !group.lines.is_empty()));
        self.groups
            .retain(|_, group| group.running > 0 || !group.lines.is_empty());
    }

    /// Takes out the request with the next turn, if there is a turn for it.
    fn next(&mut self) -> Option<(Sender<Turn>, AddressGroup, Arc<str>)> {
        if self.running >= self.bounds.at_once.max(1) {
            return None;
        }
        for _ in 0..self.rotation.len() {
            let key = self.rotation.pop_front()?;
            let Some(group) = self.groups.get_mut(&key) else {
                continue;
            };
            let mut found = None;
            if group.running < self.bounds.per_group.max(1) {
                for _ in 0..group.lines.len() {
                    let Some(mut line) = group.lines.pop_front() else {
                        break;
                    };
                    let running = self.running_by_account.get(&line.account).copied();
                    if running.unwrap_or(0) < self.bounds.per_account.max(1) {
                        while let Some(waiter) = line.waiters.pop_front() {
                            group.waiting -= 1;
                            self.waiting -= 1;
                            if !waiter.is_closed() {
                                found = Some((waiter, Arc::clone(&line.account)));
                                break;
                            }
                        }
                    }
                    if !line.waiters.is_empty() {
                        group.lines.push_back(line);
                    }
                    if found.is_some() {
                        break;
                    }
                }
            }
            group.running += usize::from(found.is_some());
            if !group.lines.is_empty() {
                self.rotation.push_back(key);
            } else if group.running == 0 {
                self.groups.remove(&key);
            }
            if let Some((waiter, account)) = found {
                self.running += 1;
                *self.running_by_account.entry(Arc::clone(&account)).or_default() += 1;
                return Some((waiter, key, account));
            }
        }
        None
    }

    fn end(&mut self, group: AddressGroup, account: &Arc<str>) {
        self.running = self.running.saturating_sub(1);
        if let Some(running) = self.running_by_account.get_mut(account) {
            *running -= 1;
            if *running == 0 {
                self.running_by_account.remove(account);
            }
        }
        if let Some(own) = self.groups.get_mut(&group) {
            own.running = own.running.saturating_sub(1);
            if own.running == 0 && own.lines.is_empty() {
                self.groups.remove(&group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::net::IpAddr;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const BOUNDS: TurnBounds = TurnBounds {
        at_once: 2,
        per_group: 1,
        per_account: 1,
        waiting: 8,
    };

    /// A request that stands in its line, or its result.
    struct Waiting {
        future: Pin<Box<dyn Future<Output = Option<Turn>>>>,
        over: Option<Option<Turn>>,
    }

    fn group(number: u8) -> AddressGroup {
        IpAddr::from([192, 0, 2, number]).into()
    }

    /// Asks for a turn, so that the request stands in its line.
    fn ask(turns: &Turns, number: u8, account: &'static str) -> Waiting {
        let turns = turns.clone();
        let mut waiting = Waiting {
            future: Box::pin(async move { turns.enter(group(number), account).await }),
            over: None,
        };
        if let Poll::Ready(turn) = poll(&mut waiting) {
            waiting.over = Some(turn);
        }
        waiting
    }

    fn poll(waiting: &mut Waiting) -> Poll<Option<Turn>> {
        match waiting.over.take() {
            Some(turn) => Poll::Ready(turn),
            None => waiting
                .future
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop())),
        }
    }

    fn taken(turns: &Turns, number: u8, account: &'static str) -> Turn {
        match poll(&mut ask(turns, number, account)) {
            Poll::Ready(Some(turn)) => turn,
            _ => panic!("there was no turn"),
        }
    }

    #[test]
    fn one_address_does_not_hold_all_turns() {
        let turns = Turns::new(BOUNDS);
        let first = taken(&turns, 1, "eve");
        let mut second = ask(&turns, 1, "mallory");
        let other = taken(&turns, 2, "ada");
        drop(other);
        assert!(poll(&mut second).is_pending(), "the turn is for others");
        drop(first);
        assert!(matches!(poll(&mut second), Poll::Ready(Some(_))));
    }

    #[test]
    fn one_account_has_one_turn_from_wherever() {
        let turns = Turns::new(BOUNDS);
        let first = taken(&turns, 1, "eve");
        let mut second = ask(&turns, 2, "eve");
        let mut third = ask(&turns, 2, "ada");
        assert!(
            matches!(poll(&mut third), Poll::Ready(Some(_))),
            "others of the address go first"
        );
        assert!(poll(&mut second).is_pending());
        drop(first);
        assert!(matches!(poll(&mut second), Poll::Ready(Some(_))));
    }

    #[test]
    fn turns_go_round_groups_and_their_accounts() {
        let turns = Turns::new(TurnBounds {
            at_once: 1,
            waiting: 100,
            ..BOUNDS
        });
        let mut now = Some(taken(&turns, 9, "first"));
        let mut line: Vec<(&str, Waiting)> = Vec::new();
        for _ in 0..4 {
            line.push(("eve", ask(&turns, 1, "eve")));
        }
        line.push(("ada", ask(&turns, 1, "ada")));
        line.push(("bob", ask(&turns, 2, "bob")));
        let mut order = Vec::new();
        while !line.is_empty() {
            drop(now.take());
            let place = line.iter_mut().position(|(name, waiting)| match poll(waiting) {
                Poll::Ready(turn) => {
                    order.push(*name);
                    now = turn;
                    true
                }
                Poll::Pending => false,
            });
            line.remove(place.unwrap());
        }
        assert_eq!(order, ["eve", "bob", "ada", "eve", "eve", "eve"]);
    }

    #[test]
    fn when_too_many_wait_the_group_with_the_most_pays() {
        let turns = Turns::new(BOUNDS);
        let _first = taken(&turns, 1, "eve");
        let _second = taken(&turns, 2, "ada");
        let mut many: Vec<_> = (0..8).map(|_| ask(&turns, 1, "eve")).collect();
        assert!(matches!(poll(&mut ask(&turns, 1, "eve")), Poll::Ready(None)));
        let mut late = ask(&turns, 3, "bob");
        assert!(poll(&mut late).is_pending());
        assert!(matches!(poll(&mut many[7]), Poll::Ready(None)), "the newest went");
        assert!(poll(&mut many[6]).is_pending());
        many.truncate(3);
        let mut again = ask(&turns, 1, "eve");
        assert!(poll(&mut again).is_pending(), "places of those who left are free");
        assert_eq!(turns.waiting(), 5);
    }

    #[test]
    fn nothing_is_kept_of_what_is_over() {
        let turns = Turns::new(BOUNDS);
        for number in 1..100 {
            let turn = taken(&turns, number, "ada");
            let waiting = ask(&turns, number, "ada");
            drop(waiting);
            drop(turn);
        }
        let state = turns.state();
        assert_eq!((state.running, state.waiting, state.rotation.len()), (0, 0, 0));
        assert!(state.groups.is_empty() && state.running_by_account.is_empty());
    }
}
