//! The order of requests ("errands") to web servers. Errands of one line run one after another. Errands of
//! different lines run in parallel up to a limit, and for each host up to half of that limit, so that a slow
//! host leaves room for the others.

use std::collections::{HashMap, HashSet, VecDeque};

/// Identifies a queue of errands: those of one owner, or, for errands without an owner, those to one host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// The number of the owner; 0 without an owner.
    pub number: u64,
    /// The host, where the number is 0.
    pub host: String,
}

impl Line {
    /// The line of an errand.
    #[must_use]
    pub fn of(number: u64, host: &str) -> Self {
        let host = if number == 0 { host } else { "" };
        Self {
            number,
            host: host.to_owned(),
        }
    }
}

#[derive(Debug)]
struct Waiting<T> {
    id: u64,
    host: String,
    errand: T,
}

/// See the module. `T` is the data of an errand.
#[derive(Debug)]
pub struct Errands<T> {
    waiting: HashMap<Line, VecDeque<Waiting<T>>>,
    /// Lines with waiting errands of which none runs, in the order of arrival.
    ready: VecDeque<Line>,
    under_way: HashMap<u64, (Line, String)>,
    /// The lines of the running errands.
    busy: HashSet<Line>,
    hosts: HashMap<String, usize>,
    lines: HashMap<u64, Line>,
}

impl<T> Default for Errands<T> {
    fn default() -> Self {
        Self {
            waiting: HashMap::new(),
            ready: VecDeque::new(),
            under_way: HashMap::new(),
            busy: HashSet::new(),
            hosts: HashMap::new(),
            lines: HashMap::new(),
        }
    }
}

impl<T> Errands<T> {
    /// Adds an errand at the end of its line.
    pub fn push(&mut self, id: u64, line: Line, host: String, errand: T) {
        self.lines.insert(id, line.clone());
        let waiting = self.waiting.entry(line.clone()).or_default();
        if waiting.is_empty() && !self.busy.contains(&line) {
            self.ready.push_back(line);
        }
        waiting.push_back(Waiting { id, host, errand });
    }

    /// Starts the next errand if fewer than `parallel` are running.
    pub fn start(&mut self, parallel: usize) -> Option<(u64, T)> {
        if self.under_way.len() >= parallel {
            return None;
        }
        let with_one_host = parallel.div_ceil(2);
        let place = self.ready.iter().position(|line| {
            let first = self.waiting.get(line).and_then(VecDeque::front);
            first.is_some_and(|first| {
                self.hosts
                    .get(&first.host)
                    .is_none_or(|count| *count < with_one_host)
            })
        })?;
        let line = self.ready.remove(place)?;
        let waiting = self.waiting.get_mut(&line)?;
        let Waiting { id, host, errand } = waiting.pop_front()?;
        if waiting.is_empty() {
            self.waiting.remove(&line);
        }
        *self.hosts.entry(host.clone()).or_default() += 1;
        self.busy.insert(line.clone());
        self.under_way.insert(id, (line, host));
        Some((id, errand))
    }

    /// Removes an errand that has finished or is cancelled; returns whether it existed.
    pub fn end(&mut self, id: u64) -> bool {
        let Some(line) = self.lines.remove(&id) else {
            return false;
        };
        if let Some((_, host)) = self.under_way.remove(&id) {
            self.busy.remove(&line);
            if let Some(count) = self.hosts.get_mut(&host) {
                *count -= 1;
                if *count == 0 {
                    self.hosts.remove(&host);
                }
            }
            if self.waiting.contains_key(&line) {
                self.ready.push_back(line);
            }
            return true;
        }
        if let Some(waiting) = self.waiting.get_mut(&line) {
            waiting.retain(|other| other.id != id);
            if waiting.is_empty() {
                self.waiting.remove(&line);
                self.ready.retain(|other| *other != line);
            }
        }
        true
    }

    /// Number of running errands.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// Number of waiting errands.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lines.len() - self.under_way.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn started(errands: &mut Errands<()>, parallel: usize) -> Vec<u64> {
        std::iter::from_fn(|| errands.start(parallel).map(|(id, ())| id)).collect()
    }

    fn push(errands: &mut Errands<()>, id: u64, number: u64, host: &str) {
        errands.push(id, Line::of(number, host), host.to_owned(), ());
    }

    #[test]
    fn one_line_is_done_in_order_and_others_beside_it() {
        let mut errands = Errands::default();
        for (id, line) in [(1, 7), (2, 7), (3, 8), (4, 7)] {
            push(&mut errands, id, line, "a");
        }
        assert_eq!(started(&mut errands, 10), [1, 3]);
        assert_eq!((errands.under_way(), errands.waiting()), (2, 2));
        errands.end(3);
        assert_eq!(started(&mut errands, 10), [0; 0]);
        errands.end(1);
        assert_eq!(started(&mut errands, 10), [2]);
    }

    #[test]
    fn a_slow_host_leaves_room_for_another() {
        let mut errands = Errands::default();
        for id in 1..=10 {
            push(&mut errands, id, id, "slow");
        }
        push(&mut errands, 11, 0, "quick");
        push(&mut errands, 12, 0, "quick");
        assert_eq!(started(&mut errands, 4), [1, 2, 11]);
        errands.end(11);
        assert_eq!(started(&mut errands, 4), [12]);
        errands.end(12);
        assert_eq!(started(&mut errands, 4), [0; 0]);
        assert_eq!(errands.under_way(), 2);
    }

    proptest! {
        #[test]
        fn each_is_started_once_and_in_its_order(
            steps in prop::collection::vec((0u8..3, 0u64..6, 0u64..4), 1..200)
        ) {
            let mut errands = Errands::default();
            let (mut next, mut running, mut open): (u64, Vec<u64>, HashMap<u64, u64>) = Default::default();
            let mut last_of: HashMap<u64, u64> = HashMap::new();
            for (what, line, pick) in steps {
                match what {
                    0 => {
                        next += 1;
                        push(&mut errands, next, line + 1, ["a", "b"][(pick % 2) as usize]);
                        open.insert(next, line + 1);
                    }
                    1 if !running.is_empty() => {
                        let id = running.remove(pick as usize % running.len());
                        open.remove(&id);
                        prop_assert!(errands.end(id));
                    }
                    _ => {
                        // Cancelled, whether it is running or waiting.
                        let id = pick * 5 + 1;
                        let was = open.remove(&id).is_some();
                        running.retain(|other| *other != id);
                        prop_assert_eq!(errands.end(id), was);
                    }
                }
                for id in started(&mut errands, 3) {
                    let line = open[&id];
                    prop_assert!(running.iter().all(|other| open[other] != line));
                    prop_assert!(last_of.insert(line, id).is_none_or(|before| before < id));
                    running.push(id);
                }
                prop_assert!(running.len() <= 3);
                prop_assert_eq!(errands.under_way(), running.len());
                prop_assert_eq!(errands.waiting(), open.len() - running.len());
            }
            // No errand is stuck.
            while let Some(id) = running.pop() {
                errands.end(id);
                open.remove(&id);
                running.extend(started(&mut errands, 3));
            }
            prop_assert!(open.is_empty());
        }
    }
}
