//! The model: cores, edges, and an engine, in every order of their steps.
//!
//! Time does not exist in here. A core that is frozen or cut off is one that makes no step. A message that is late is one whose
//! step comes late. The log of a core is on its disk, as the changes of the chat are; connections of clients, which end when a
//! core leads from its disk, are not in the model. Edges take batches of every core that leads, although real ones do not
//! listen to an older leader: the promises hold without that.

use fchatd_cluster::view::{Record, Wish};
use stateright::{Model, Property};

use crate::node::{Entry, Mistake, NAMES, Node};
use crate::state::{BREAKS, CRASHES, Mood, State};

/// The names of properties.
pub(crate) const SAFE: &str = "no promise is broken";
pub(crate) const FROM_DISK: &str = "a core leads from its disk";
pub(crate) const LATE: &str = "a late swap has an effect";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// The turn of an edge reaches a core that leads.
    Turn(u8, usize),
    /// An edge carries out everything that a leader has released.
    Deliver(usize, usize),
    /// A core becomes the standby of a leader: it has its image.
    Join(usize, usize),
    /// An entry reaches the standby of a leader.
    Replicate(usize),
    /// A leader hears how far its standby is.
    Hear(usize),
    /// A leader has its standby named.
    Protect(usize),
    /// A leader takes its standby for dead; a standby takes its leader for dead.
    LosePeer(usize),
    LoseLeader(usize),
    /// A core asks the engine; it hears the answer.
    Ask(usize, Mood),
    Answered(usize),
    /// A swap that was under way reaches the engine.
    Land(usize),
    Crash(usize),
    /// A core wants to lead from its disk.
    LeadFromDisk(usize),
}

/// The size of the model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) cores: usize,
    pub(crate) edges: usize,
    pub(crate) turns: u8,
    pub(crate) unknown: u8,
    pub(crate) crashes: u8,
    pub(crate) breaks: u8,
    pub(crate) joins: u8,
    pub(crate) mistake: Mistake,
}

impl View {
    fn carry_out(&self, state: &mut State, action: Action) -> Option<()> {
        let mistake = self.mistake;
        match action {
            Action::Turn(edge, number) => {
                let known = state.known(edge);
                let node = state.node_mut(number)?;
                node.leads?;
                // The edge sends everything from the first turn on that was not handled, as far as it knows.
                let turn = match mistake {
                    Mistake::HandlesRepetitions => known + 1,
                    _ => node.handled(edge) + 1,
                };
                let epoch = u8::try_from(node.epoch()).ok()?;
                let is_sent = turn > known && turn <= self.turns;
                is_sent.then(|| node.log.push(Entry { edge, turn, epoch }))?;
            }
            Action::Deliver(number, edge) => {
                let node = state.nodes.get(number)?;
                node.leads?;
                let (released, peer) = (node.released, node.peer.clone());
                let got = state.got.get_mut(edge)?;
                (released > *got).then(|| *got = released)?;
                let got = match mistake {
                    Mistake::ForgetsEarly => state.got.iter().max(),
                    _ => state.got.iter().min(),
                };
                let forgotten = *got?;
                state.node_mut(number)?.forgotten = forgotten;
                if let Some(standby) = peer.and_then(|peer| state.node_mut(peer.node))
                    && standby.follows == Some(number)
                {
                    standby.forgotten = forgotten;
                }
            }
            Action::Join(number, leader) => state.join(number, leader, mistake)?,
            Action::Replicate(leader) => state.replicate(leader, mistake)?,
            Action::Hear(leader) => {
                let number = state.nodes.get(leader)?.peer.as_ref()?.node;
                let held = state.nodes.get(number)?.held;
                let peer = state.node_mut(leader)?.peer.as_mut()?;
                (held > peer.acknowledged).then(|| peer.acknowledged = held)?;
            }
            Action::Protect(number) => {
                let node = state.node_mut(number)?;
                let released = node.released;
                let epoch = node.epoch();
                let peer = node.peer.as_mut().filter(|peer| !peer.holds)?;
                let is_complete = peer.acknowledged >= released && peer.acknowledged > 0;
                if node.wanted.is_some() || !(is_complete || mistake == Mistake::NamesBeforeHolding) {
                    return None;
                }
                peer.holds = mistake != Mistake::NamesBeforeWaiting;
                let name = NAMES.get(peer.node)?;
                node.want(Wish::Protect((*name).to_owned()), epoch);
            }
            Action::LosePeer(number) => {
                let node = state.node_mut(number)?;
                node.peer.as_ref()?;
                node.lose_peer();
                state.spend(BREAKS)?;
            }
            Action::LoseLeader(number) => {
                let node = state.node_mut(number)?;
                node.follows.take()?;
                let image = node.image?;
                node.want(Wish::Lead, image + 1);
                state.spend(BREAKS)?;
            }
            Action::Ask(number, mood) => state.ask(number, mood)?,
            Action::Answered(number) => state.answered(number, mistake)?,
            Action::Land(which) => {
                (which < state.late.len()).then_some(())?;
                let (from, record) = state.late.remove(which);
                state.swap(from, *record);
            }
            Action::Crash(number) => {
                state.spend(CRASHES)?;
                state.node_mut(number)?.restart(number);
            }
            Action::LeadFromDisk(number) => {
                let node = state.node_mut(number)?;
                let name = *NAMES.get(number)?;
                let record = node.guide.record()?;
                let is_named = record.leader == name || record.standby.as_deref() == Some(name);
                let is_alone = record.leader == name && record.standby.is_none();
                let epoch = record.epoch;
                (node.is_idle() && node.is_fresh && is_named).then_some(())?;
                if mistake == Mistake::ResumesWithoutWriting && is_alone {
                    node.lead(epoch);
                    node.leads_by_mistake = true;
                } else {
                    node.want(Wish::LeadFromDisk, 0);
                }
            }
        }
        Some(())
    }
}

impl Model for View {
    type State = State;
    type Action = Action;

    /// The first core leads in view 1.
    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            nodes: (0..self.cores).map(Node::new).collect(),
            got: vec![0; self.edges],
            revision: 0,
            record: None,
            late: Vec::new(),
            said: Vec::new(),
            newest: 1,
            fault: None,
            left: [self.unknown, self.crashes, self.breaks, self.joins],
        };
        if let Some(node) = state.node_mut(0) {
            node.want(Wish::Force, 0);
        }
        for _ in 0..2 {
            state.ask(0, Mood::Answers);
            state.answered(0, Mistake::None);
        }
        if let Some(node) = state.node_mut(0) {
            node.lead(1);
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.fault.is_some() {
            return;
        }
        let [unknown, crashes, breaks, joins] = state.left;
        for (number, node) in state.nodes.iter().enumerate() {
            // Only actions that have a chance: each one costs a copy of the state.
            let mut may = |condition: bool, action: Action| condition.then(|| actions.push(action));
            let is_unheard = node.wanted.is_some() || node.guide.record() != state.record.as_ref();
            let may_ask = node.answer.is_none() && is_unheard;
            may(may_ask, Action::Ask(number, Mood::Answers));
            may(may_ask && unknown > 0, Action::Ask(number, Mood::Loses));
            may(may_ask && unknown > 0, Action::Ask(number, Mood::Late));
            may(node.answer.is_some(), Action::Answered(number));
            for leader in (0..self.cores).filter(|leader| *leader != number) {
                may(joins > 0 && node.is_idle(), Action::Join(number, leader));
            }
            may(node.peer.is_some(), Action::Replicate(number));
            may(node.peer.is_some(), Action::Hear(number));
            may(node.peer.is_some(), Action::Protect(number));
            may(breaks > 0 && node.peer.is_some(), Action::LosePeer(number));
            may(breaks > 0 && node.follows.is_some(), Action::LoseLeader(number));
            may(crashes > 0, Action::Crash(number));
            may(node.is_fresh && node.is_idle(), Action::LeadFromDisk(number));
            for edge in 0..self.edges {
                may(node.leads.is_some(), Action::Deliver(number, edge));
                may(
                    node.leads.is_some(),
                    Action::Turn(u8::try_from(edge).unwrap_or(0), number),
                );
            }
        }
        actions.extend((0..state.late.len()).map(Action::Land));
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        self.carry_out(&mut state, action)?;
        for number in 0..self.cores {
            state.release(number, self.mistake);
        }
        state.check();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(SAFE, |_, state: &State| state.fault.is_none()),
            Property::sometimes("a core joins and protects", |_, state: &State| {
                let holds =
                    |node: &Node| node.peer.as_ref().is_some_and(|peer| peer.holds) && node.wanted.is_none();
                state.nodes.iter().any(holds)
            }),
            Property::sometimes("a standby takes over after an output", |_, state: &State| {
                let has_taken_over = |node: &Node| node.leads > Some(1) && node.processes == 0;
                state.nodes.iter().any(has_taken_over) && !state.said.is_empty()
            }),
            Property::sometimes(FROM_DISK, |_, state: &State| {
                state
                    .nodes
                    .iter()
                    .any(|node| node.leads.is_some() && node.processes > 0)
            }),
            Property::sometimes(LATE, |_, state: &State| {
                let is_new =
                    |record: &Record| state.nodes.iter().all(|node| node.guide.highest() < record.epoch);
                let is_asked = state.nodes.iter().any(|node| node.answer.is_some());
                state.record.as_ref().is_some_and(is_new) && !is_asked
            }),
        ]
    }
}
