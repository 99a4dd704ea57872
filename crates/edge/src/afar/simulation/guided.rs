//! A simulated core whose view an engine decides: what the thread for edges does with the guide. And the engine, which answers late,
//! not at all, or without saying whether it has written.

use fchatd_cluster::pair::View;
use fchatd_cluster::view::{Answer, Ask, Guide, GuideEvent, Record, Revision, Swapped, Wish};

use super::network::Random;
use super::node::{Node, Todo};

/// The record of the view, in memory.
#[derive(Debug, Default)]
pub(super) struct Engine {
    revision: Revision,
    pub(super) record: Option<Record>,
    pub(super) is_away: bool,
}

impl Engine {
    pub(super) fn answer(&mut self, ask: Ask, random: &mut Random) -> Answer {
        let is_lost = self.is_away || random.one_in(8);
        match ask {
            Ask::Read if is_lost => Answer::Away("no answer".to_owned()),
            Ask::Read => Answer::Record(self.revision, self.record.clone().map(Box::new)),
            Ask::Swap(from, record) => {
                let is_carried_out = !is_lost || random.one_in(2);
                let is_done = is_carried_out && from == self.revision;
                if is_done {
                    self.revision += 1;
                    self.record = Some(*record);
                }
                Answer::Swapped(match (is_lost, is_done) {
                    (true, _) => Swapped::Unknown("no answer".to_owned()),
                    (false, true) => Swapped::Done(self.revision),
                    (false, false) => Swapped::Not,
                })
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Protect(String),
    Alone,
    Lead,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Guided {
    pub(super) guide: Guide,
    /// The question that is under way.
    pub(super) asked: Option<Ask>,
    wanted: Option<Wanted>,
    received: u64,
    ahead: u64,
    image: Option<u64>,
    /// The view that names this core, or may name it.
    pub(super) named: Option<u64>,
    is_claiming: bool,
    /// Whether the connection to the leader has to end.
    pub(super) is_cut: bool,
}

impl Guided {
    pub(super) fn new(node: &str, highest: u64, random: u64) -> Self {
        Self {
            guide: Guide::new(node, "", highest, random),
            asked: None,
            wanted: None,
            received: 0,
            ahead: 0,
            image: None,
            named: None,
            is_claiming: false,
            is_cut: false,
        }
    }

    /// An operator wants this core to lead.
    pub(super) fn force(&mut self) {
        self.wanted = Some(Wanted::Lead);
        self.guide.want(Wish::Force, 0);
    }

    pub(super) fn wants_to_lead(&self) -> bool {
        self.is_claiming || self.wanted == Some(Wanted::Lead)
    }

    pub(super) fn adopts(&mut self, epoch: u64) {
        (self.image, self.named) = (Some(epoch), None);
        self.guide.heard_of(epoch);
    }

    pub(super) fn adopted(&mut self) {
        self.named = self.named.or(self.image.map(|epoch| epoch + 1));
    }

    pub(super) fn is_named(&mut self, epoch: u64) {
        self.named = Some(epoch);
        self.guide.heard_of(epoch);
    }

    pub(super) fn reset(&mut self, epoch: u64) {
        (self.image, self.named, self.is_claiming, self.wanted) = (None, None, false, None);
        self.guide.want(Wish::Watch, epoch);
    }
}

impl Node {
    fn guided(&mut self) -> &mut Guided {
        self.guided.as_mut().expect("an engine decides")
    }

    /// The next question, if one is due.
    pub(super) fn ask(&mut self, now: u64) {
        self.go_on_protecting();
        self.go_on_claiming();
        if self.guided().asked.is_some() {
            return;
        }
        let ask = self.guided().guide.next_ask(now);
        if let Some(Ask::Swap(_, record)) = &ask
            && record.standby.is_some()
        {
            self.leader.may_be_written();
        }
        self.guided().asked = ask;
    }

    pub(super) fn protect(&mut self, node: String) {
        let ahead = self.tags.iter().copied().max().unwrap_or(0);
        let guided = self.guided();
        (guided.wanted, guided.ahead) = (Some(Wanted::Protect(node)), ahead);
    }

    pub(super) fn received(&mut self, n: u64) {
        if let Some(guided) = &mut self.guided {
            guided.received = n;
        }
    }

    fn go_on_protecting(&mut self) {
        let epoch = self.view.view().epoch;
        let guided = self.guided();
        if let Some(Wanted::Protect(node)) = &guided.wanted
            && guided.received >= guided.ahead
        {
            guided.guide.want(Wish::Protect(node.clone()), epoch);
        }
    }

    /// The standby is gone, or was told to lead and is gone.
    pub(super) fn want_alone(&mut self) {
        let name = self.name.clone();
        let epoch = self.view.view().epoch;
        let guided = self.guided();
        let is_own = |record: &Record| record.leader == name && record.standby.is_none();
        if guided.guide.record().is_some_and(is_own) && !guided.guide.may_name_another() {
            guided.wanted = None;
            guided.guide.want(Wish::Watch, epoch);
            return self.alone();
        }
        guided.wanted = Some(Wanted::Alone);
        guided.guide.want(Wish::Alone, epoch);
    }

    fn alone(&mut self) {
        self.center.end_entries();
        if self.leader.is_handing_over() {
            self.leader.go_on();
            self.center.go_on();
        }
        self.leader.alone();
        self.core.release(u64::MAX);
    }

    /// The leader has given over, or is gone.
    pub(super) fn claim(&mut self) {
        let Some(guided) = &mut self.guided else { return };
        if guided.named.is_none() {
            guided.image = None;
            return;
        }
        if !std::mem::replace(&mut guided.is_claiming, true) {
            self.standby.stop();
        }
    }

    fn go_on_claiming(&mut self) {
        let is_ready = self.is_idle() && self.standby.lag() == 0;
        let guided = self.guided();
        if guided.is_claiming && is_ready && guided.wanted.is_none() {
            guided.wanted = Some(Wanted::Lead);
            let epoch = guided.named.unwrap_or_default();
            guided.guide.want(Wish::Lead, epoch);
        }
    }

    pub(super) fn answered(&mut self, answer: Answer, now: u64) {
        let mut events = Vec::new();
        self.guided().guide.answered(answer, now, &mut events);
        for event in events {
            match event {
                GuideEvent::Granted(record) => self.granted(&record),
                GuideEvent::Refused(record, _) | GuideEvent::Changed(record)
                    if record.leader != self.name && self.core.leads() =>
                {
                    self.step_down(record.epoch);
                }
                GuideEvent::Refused(record, _) if record.leader != self.name => {
                    self.guided().reset(record.epoch);
                    self.guided().is_cut = true;
                }
                GuideEvent::Refused(..) => panic!("{}: {event:?}", self.name),
                GuideEvent::Forgot(..) => panic!("the engine forgets nothing: {event:?}"),
                GuideEvent::Changed(_) | GuideEvent::Away(_) | GuideEvent::Back => {}
            }
        }
    }

    fn granted(&mut self, record: &Record) {
        let view = View {
            epoch: record.epoch,
            leader: record.leader.clone(),
            standby: record.standby.clone(),
        };
        assert!(self.view.learn(&view));
        match self.guided().wanted.take() {
            Some(Wanted::Protect(_)) => self.leader.written(&view),
            Some(Wanted::Alone) => self.alone(),
            Some(Wanted::Lead) => self.todo.push_back(Todo::Lead),
            None => panic!("nothing was wanted"),
        }
    }
}
