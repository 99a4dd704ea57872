//! A state of the model, and the steps that change it. The rules are those of the server: asking, answers, joining, releasing.

use fchatd_cluster::view::{Answer, Ask, GuideEvent, Record, Swapped, Wish};

use crate::node::{Entry, Mistake, Node, Peer, handled};

/// The fate of a question to the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mood {
    Answers,
    /// Carried out; the answer is lost.
    Loses,
    /// It is under way, and the core does not wait for it.
    Late,
}

/// A broken promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fault {
    /// Two outputs with the same number went out.
    TwoHistories,
    /// An output went out that a newer leader does not have.
    TwoLeaders,
    /// A core leads that lacks an output that went out.
    Ignorant,
    /// A leader has forgotten a batch that an edge does not have.
    LostBatch,
    /// An edge knows that a turn was handled that the leader does not have.
    LostTurn,
    /// A turn stands twice in a log, or after a later one of its edge.
    DoubledTurn,
    /// A guide takes the engine for forgetful.
    Forgot,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) nodes: Vec<Node>,
    /// The last batch of each edge.
    pub(crate) got: Vec<usize>,
    pub(crate) revision: u64,
    pub(crate) record: Option<Record>,
    /// Swaps that are under way.
    pub(crate) late: Vec<(u64, Box<Record>)>,
    /// All outputs that went out.
    pub(crate) said: Vec<Entry>,
    /// The view in which the last leader has begun.
    pub(crate) newest: u64,
    pub(crate) fault: Option<Fault>,
    /// Events that are left: unknown outcomes, crashes, broken links, joins.
    pub(crate) left: [u8; 4],
}

/// Events that are counted, by their place.
pub(crate) const UNKNOWN: usize = 0;
pub(crate) const CRASHES: usize = 1;
pub(crate) const BREAKS: usize = 2;
pub(crate) const JOINS: usize = 3;

impl State {
    pub(crate) fn node_mut(&mut self, number: usize) -> Option<&mut Node> {
        self.nodes.get_mut(number)
    }

    /// The core that was the last one to begin to lead, while it runs.
    pub(crate) fn newest_leader(&self) -> Option<&Node> {
        let mut leading = self.nodes.iter().filter(|node| node.leads.is_some());
        leading.find(|node| node.leads == Some(self.newest))
    }

    /// The last turn of an edge of which the edge knows that it was handled.
    pub(crate) fn known(&self, edge: u8) -> u8 {
        let got = self.got.get(usize::from(edge)).copied().unwrap_or(0);
        handled(self.said.get(..got).unwrap_or_default(), edge)
    }

    pub(crate) fn spend(&mut self, budget: usize) -> Option<()> {
        let left = self.left.get_mut(budget)?;
        *left = left.checked_sub(1)?;
        Some(())
    }

    pub(crate) fn swap(&mut self, from: u64, record: Record) -> bool {
        let fits = from == self.revision;
        if fits {
            self.revision += 1;
            self.record = Some(record);
        }
        fits
    }

    pub(crate) fn ask(&mut self, number: usize, mood: Mood) -> Option<()> {
        let node = self.nodes.get_mut(number)?;
        let is_news = node.guide.record() != self.record.as_ref();
        if node.answer.is_some() || (node.wanted.is_none() && !is_news) {
            return None;
        }
        let ask = node.guide.next_ask(u64::MAX)?;
        let unknown = || Answer::Swapped(Swapped::Unknown(String::new()));
        let answer = match (ask, mood) {
            (Ask::Read, Mood::Answers) => Answer::Record(self.revision, self.record.clone().map(Box::new)),
            (Ask::Read, _) => return None,
            (Ask::Swap(from, record), Mood::Answers) => Answer::Swapped(match self.swap(from, *record) {
                true => Swapped::Done(self.revision),
                false => Swapped::Not,
            }),
            (Ask::Swap(from, record), Mood::Loses) => {
                self.spend(UNKNOWN)?;
                self.swap(from, *record).then(unknown)?
            }
            (Ask::Swap(from, record), Mood::Late) => {
                self.spend(UNKNOWN)?;
                self.late.push((from, record));
                unknown()
            }
        };
        self.node_mut(number)?.answer = Some(answer);
        Some(())
    }

    /// A core gets the engine's answer, and does what the server does then.
    pub(crate) fn answered(&mut self, number: usize, mistake: Mistake) -> Option<()> {
        let node = self.nodes.get_mut(number)?;
        let answer = node.answer.take()?;
        let is_unknown = matches!(answer, Answer::Swapped(Swapped::Unknown(_)));
        let mut events = Vec::new();
        node.guide.answered(answer, 0, &mut events);
        if is_unknown && mistake == Mistake::LeadsOnUnknown && node.wanted == Some(Wish::Lead) {
            let epoch = node.image.map_or(0, |image| image + 2);
            node.wanted = None;
            node.lead(epoch);
            node.leads_by_mistake = true;
            self.newest = self.newest.max(epoch);
        }
        for event in events {
            self.carry_out(number, event, mistake)?;
        }
        Some(())
    }

    pub(crate) fn carry_out(&mut self, number: usize, event: GuideEvent, mistake: Mistake) -> Option<()> {
        let node = self.nodes.get_mut(number)?;
        match event {
            GuideEvent::Granted(record) => match node.wanted.take() {
                Some(Wish::Protect(_)) => {
                    if let Some(peer) = &mut node.peer {
                        peer.holds = true;
                    }
                }
                Some(Wish::Lead | Wish::LeadFromDisk) => {
                    node.lead(record.epoch);
                    self.newest = record.epoch;
                }
                Some(Wish::Alone | Wish::Watch | Wish::Force) | None => {}
            },
            GuideEvent::Refused(..) if node.leads.is_some() && node.guide.leads() => node.lose_peer(),
            GuideEvent::Refused(..) => node.step_down(),
            GuideEvent::Changed(_) if node.leads.is_some() && !node.guide.leads() => node.step_down(),
            GuideEvent::Forgot(..) if mistake == Mistake::None => self.fault = Some(Fault::Forgot),
            GuideEvent::Forgot(..) | GuideEvent::Changed(_) | GuideEvent::Away(_) | GuideEvent::Back => {}
        }
        Some(())
    }

    pub(crate) fn join(&mut self, number: usize, leader: usize, mistake: Mistake) -> Option<()> {
        let of = self.nodes.get(leader)?;
        let node = self.nodes.get(number)?;
        let is_wanted = of.leads.is_some() && of.peer.is_none() && of.wanted.is_none() && !of.waits(mistake);
        if !is_wanted || !node.is_idle() || node.guide.highest() > of.epoch() {
            return None;
        }
        let (epoch, log, forgotten) = (of.epoch(), of.log.clone(), of.forgotten);
        let node = self.node_mut(number)?;
        node.guide.heard_of(epoch);
        (node.follows, node.image, node.is_fresh) = (Some(leader), Some(epoch), false);
        (node.held, node.log, node.forgotten) = (log.len(), log, forgotten);
        self.node_mut(leader)?.peer = Some(Peer {
            node: number,
            acknowledged: 0,
            holds: false,
        });
        self.spend(JOINS)
    }

    pub(crate) fn replicate(&mut self, leader: usize, mistake: Mistake) -> Option<()> {
        let of = self.nodes.get(leader)?;
        let number = of.peer.as_ref()?.node;
        let (log, forgotten) = (of.log.clone(), of.forgotten);
        let node = self.node_mut(number)?;
        if node.follows == Some(leader) {
            node.log.push(*log.get(node.log.len())?);
            (node.held, node.forgotten) = (node.log.len(), forgotten);
        } else if mistake == Mistake::AcknowledgesWhileClaiming && node.wanted == Some(Wish::Lead) {
            log.get(node.held)?;
            node.held += 1;
        } else {
            return None;
        }
        Some(())
    }

    /// Everything of a leader that may go out goes out.
    pub(crate) fn release(&mut self, number: usize, mistake: Mistake) -> Option<()> {
        let node = self.nodes.get_mut(number)?;
        node.leads?;
        let until = match &node.peer {
            _ if !node.waits(mistake) => node.log.len(),
            Some(peer) if peer.holds => peer.acknowledged.min(node.log.len()),
            _ => 0,
        };
        node.released = node.released.max(until);
        let (out, epoch) = (node.log.get(..node.released)?.to_vec(), node.epoch());
        for (n, entry) in out.iter().enumerate() {
            if self.said.get(n).is_some_and(|said| said != entry) {
                self.fault = Some(Fault::TwoHistories);
            } else if n == self.said.len() {
                let newer = self
                    .nodes
                    .iter()
                    .filter(|other| other.leads.is_some() && other.epoch() > epoch);
                if newer
                    .map(|other| other.log.get(n))
                    .any(|other| other != Some(entry))
                {
                    self.fault = Some(Fault::TwoLeaders);
                }
                self.said.push(*entry);
            }
        }
        Some(())
    }

    pub(crate) fn check(&mut self) {
        let fault = self.newest_leader().and_then(|leader| {
            let log = &leader.log;
            let edges = (0..).take(self.got.len());
            let is_next = |(n, entry): (usize, &Entry)| {
                let before = log.get(..n).unwrap_or_default();
                entry.turn == handled(before, entry.edge) + 1
            };
            if !log.starts_with(&self.said) {
                Some(Fault::Ignorant)
            } else if self.got.iter().any(|got| leader.forgotten > *got) {
                Some(Fault::LostBatch)
            } else if edges
                .into_iter()
                .any(|edge| leader.handled(edge) < self.known(edge))
            {
                Some(Fault::LostTurn)
            } else if !log.iter().enumerate().all(is_next) {
                Some(Fault::DoubledTurn)
            } else {
                None
            }
        });
        self.fault = self.fault.or(fault);
    }
}
