//! One core of the model: the real guide, and a replication of which only the numbers are left. The rules for outputs, joining and
//! leading are those of the server.

use fchatd_cluster::view::{Answer, Guide, Wish};

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// Where the model departs from the design, so that the checker has something to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Mistake {
    None,
    /// A standby that wants to lead acknowledges entries that it does not carry out any more.
    AcknowledgesWhileClaiming,
    /// A batch is forgotten when the first edge has it.
    ForgetsEarly,
    /// A standby that is lost before the engine has said that it is named counts as never named.
    TrustsTheLastRecord,
    /// Outputs go out as soon as the leader wants to be alone.
    ReleasesBeforeAlone,
    /// A standby leads when nobody knows whether its swap was carried out.
    LeadsOnUnknown,
    /// The view names the standby, and only then outputs begin to wait.
    NamesBeforeWaiting,
    /// The view names a standby that has not received everything that has gone out.
    NamesBeforeHolding,
    /// A leader handles a turn of which the edge does not know that it was handled.
    HandlesRepetitions,
    /// A leader goes on after a restart because the record names it, and writes nothing.
    ResumesWithoutWriting,
}

/// One step of a leader: the turn of an edge, and the view in which it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) edge: u8,
    pub(crate) turn: u8,
    pub(crate) epoch: u8,
}

/// The standby of a leader.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Peer {
    pub(crate) node: usize,
    /// Entries that it has acknowledged, as far as the leader has heard.
    pub(crate) acknowledged: usize,
    /// Whether outputs wait for it.
    pub(crate) holds: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) guide: Guide,
    /// The answer of the engine that is under way.
    pub(crate) answer: Option<Answer>,
    /// The wish that was not granted or refused yet.
    pub(crate) wanted: Option<Wish>,
    /// The view in which this core began to lead.
    pub(crate) leads: Option<u64>,
    pub(crate) peer: Option<Peer>,
    /// Entries whose outputs may have gone out.
    pub(crate) released: usize,
    /// The leader to which this core is connected, the view of its image, and the entries that it has acknowledged.
    pub(crate) follows: Option<usize>,
    pub(crate) image: Option<u64>,
    pub(crate) held: usize,
    /// All entries. They are on the disk, too.
    pub(crate) log: Vec<Entry>,
    /// The batches of entries up to here are forgotten.
    pub(crate) forgotten: usize,
    /// The state is still that of the disk.
    pub(crate) is_fresh: bool,
    pub(crate) processes: u64,
    /// This core leads by a mistake, without a record of its own.
    pub(crate) leads_by_mistake: bool,
}

impl Node {
    pub(crate) fn new(number: usize) -> Self {
        Self {
            guide: Guide::new(NAMES[number], "", 0, number as u64),
            answer: None,
            wanted: None,
            leads: None,
            peer: None,
            released: 0,
            follows: None,
            image: None,
            held: 0,
            log: Vec::new(),
            forgotten: 0,
            is_fresh: true,
            processes: 0,
            leads_by_mistake: false,
        }
    }

    /// The process dies and starts again. The log and the highest number of a view are on the disk.
    pub(crate) fn restart(&mut self, number: usize) {
        let processes = self.processes + 1;
        let random = number as u64 + 16 * processes;
        *self = Self {
            guide: Guide::new(NAMES[number], "", self.guide.highest(), random),
            log: std::mem::take(&mut self.log),
            forgotten: self.forgotten,
            processes,
            ..Self::new(number)
        };
    }

    pub(crate) fn want(&mut self, wish: Wish, epoch: u64) {
        self.guide.want(wish.clone(), epoch);
        self.wanted = (wish != Wish::Watch).then_some(wish);
    }

    /// The last turn of an edge that was handled.
    pub(crate) fn handled(&self, edge: u8) -> u8 {
        handled(&self.log, edge)
    }

    /// The number of the view in which this core leads now.
    pub(crate) fn epoch(&self) -> u64 {
        let own = self.guide.record().filter(|_| self.guide.leads());
        own.map(|record| record.epoch).max(self.leads).unwrap_or(0)
    }

    /// Whether outputs wait for a standby.
    pub(crate) fn waits(&self, mistake: Mistake) -> bool {
        let holds = self.peer.as_ref().is_some_and(|peer| peer.holds);
        holds
            || match mistake {
                Mistake::TrustsTheLastRecord => {
                    self.guide.record().is_some_and(|record| record.standby.is_some())
                }
                Mistake::ReleasesBeforeAlone if self.wanted == Some(Wish::Alone) => false,
                Mistake::NamesBeforeWaiting if self.peer.is_some() => false,
                _ if self.leads_by_mistake => false,
                _ => self.guide.may_name_another(),
            }
    }

    /// Whether this core does nothing but know the view.
    pub(crate) fn is_idle(&self) -> bool {
        self.leads.is_none() && self.follows.is_none() && self.wanted.is_none()
    }

    /// This core leads from now on.
    pub(crate) fn lead(&mut self, epoch: u64) {
        self.leads = Some(epoch);
        self.forget_leader();
    }

    /// The state in memory is not that of a leader any more.
    pub(crate) fn forget_leader(&mut self) {
        (self.follows, self.image, self.peer) = (None, None, None);
        self.is_fresh = false;
    }

    /// Another core leads.
    pub(crate) fn step_down(&mut self) {
        self.forget_leader();
        (self.leads, self.leads_by_mistake) = (None, false);
        self.want(Wish::Watch, 0);
    }

    /// The standby is gone, for the leader.
    pub(crate) fn lose_peer(&mut self) {
        self.peer = None;
        if self.guide.may_name_another() {
            self.want(Wish::Alone, self.epoch());
        } else {
            self.want(Wish::Watch, 0);
        }
    }
}

/// The last turn of an edge among these steps.
pub(crate) fn handled(log: &[Entry], edge: u8) -> u8 {
    let last = log.iter().rev().find(|entry| entry.edge == edge);
    last.map_or(0, |entry| entry.turn)
}
