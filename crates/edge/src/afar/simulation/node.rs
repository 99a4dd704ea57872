//! A simulated core: the real application side with the real state machines, and what the thread between them does.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use fchatd_cluster::pair::{Entry, Image, Join, Leader, LeaderEvent, Manual, Standby, StandbyEvent, View};
use fchatd_cluster::{Core, CoreEvent, Order, SEATS, Timing};
use fchatd_protocol::exchange::{ConnectionId, Input, Inputs};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::app::App;
use super::guided::Guided;
use crate::afar::ToHall;
use crate::apart::Center;
use crate::apart::link::{EdgeOrder, SeatEvent};
use crate::edge::EdgeSettings;

/// Work of a standby's application that it has not done yet.
pub(super) enum Todo {
    Adopt(Box<Image>),
    Apply(Box<Entry>),
    Lead,
}

/// See the module.
pub(super) struct Node {
    pub(super) center: Rc<Center<App>>,
    pub(super) core: Core,
    pub(super) leader: Leader,
    pub(super) standby: Standby,
    pub(super) view: Manual,
    pub(super) name: String,
    /// The conversation with the engine, if one decides.
    pub(super) guided: Option<Guided>,
    answers: Rc<RefCell<Vec<(ConnectionId, String)>>>,
    to_hall: UnboundedSender<ToHall>,
    from_center: UnboundedReceiver<ToHall>,
    pub(super) tags: Vec<u64>,
    pub(super) todo: VecDeque<Todo>,
    /// Connections that have to end.
    pub(super) closing: Vec<u64>,
    /// Edges that were given up.
    pub(super) gone: Vec<String>,
}

impl Node {
    pub(super) fn new(number: usize, process: u64, view: View, now: &Rc<Cell<u64>>, timing: Timing) -> Self {
        let name = format!("core-{number}");
        let app = App::new(Rc::clone(now), process as u8);
        let answers = Rc::clone(&app.answers);
        // As many as the real server has: an edge that comes again before its first welcome takes one more for a moment.
        let center = Center::with_seats(SEATS as u16, EdgeSettings::default(), app);
        center.stand_by();
        let mut core = Core::new("test", process, timing);
        core.follow(&mut Vec::new());
        let join = Join {
            program: "test".to_owned(),
            machine: "any".to_owned(),
            node: name.clone(),
            process,
            epoch: 0,
        };
        let (to_hall, from_center) = unbounded_channel();
        Self {
            center,
            core,
            leader: Leader::new(&name, "test", "any", timing.silence),
            standby: Standby::new(join, timing.silence),
            view: Manual::new(&name, view),
            name,
            guided: None,
            answers,
            to_hall,
            from_center,
            tags: vec![0; SEATS],
            todo: VecDeque::new(),
            closing: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// The application handles inputs, or a standby carries out some of its entries.
    pub(super) fn work(&mut self, steps: usize, now: u64) {
        for (connection, answer) in self.answers.borrow_mut().drain(..) {
            self.center.input(Input::LoginAnswer {
                connection,
                answer: Some(&answer),
            });
        }
        for _ in 0..steps {
            if let Some(todo) = self.todo.pop_front() {
                self.carry_out_todo(todo, now);
            }
            self.center.step();
        }
        self.serve(now);
    }

    /// The thread for edges takes everything of the application.
    pub(super) fn serve(&mut self, now: u64) {
        self.serve_links(now);
        while let Ok(message) = self.from_center.try_recv() {
            let ToHall::Entry(entry) = message else {
                panic!("{message:?}");
            };
            let mut events = Vec::new();
            self.leader.entry(*entry, now, &mut events);
            self.carry_out_leader(events, now);
        }
    }

    fn serve_links(&mut self, now: u64) {
        let (mut events, links) = (Vec::new(), self.center.links.clone());
        for (seat, link) in (0..).zip(&links) {
            let mut orders: Vec<EdgeOrder> = Vec::new();
            link.take(&mut orders);
            let core = &mut self.core;
            let tag = &mut self.tags[usize::from(seat)];
            for order in orders {
                match order {
                    EdgeOrder::Entry(n) => *tag = n,
                    EdgeOrder::Join(joined) => core.joined(&joined, *tag, now),
                    EdgeOrder::Left => core.left(seat, &mut events),
                    EdgeOrder::Answered(turn) => core.handled(seat, turn, *tag),
                    EdgeOrder::Apply(batch) => {
                        let order = Order::Apply(std::borrow::Cow::Borrowed(&batch));
                        core.order(seat, order, batch.weight(), *tag, &mut events);
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        self.take(events);
    }

    pub(super) fn take(&mut self, events: Vec<CoreEvent>) {
        let link = |seat: u16| &self.center.links[usize::from(seat)];
        for event in events {
            match event {
                CoreEvent::Turn {
                    seat,
                    turn,
                    mut inputs,
                    is_last,
                } => match is_last {
                    true => link(seat).hand_over_event(SeatEvent::Left, turn, inputs),
                    false => assert!(link(seat).hand_over(&mut inputs, turn, true)),
                },
                CoreEvent::Joined(joined) => {
                    link(joined.seat).hand_over_event(
                        SeatEvent::Joined(joined.clone()),
                        0,
                        Inputs::default(),
                    );
                }
                CoreEvent::Room(seat, weight) => link(seat).release(weight),
                CoreEvent::Close(number) => self.closing.push(number),
                CoreEvent::Gone(_, name, _) => self.gone.push(name.node),
                CoreEvent::Left(..) => {}
            }
        }
    }

    pub(super) fn carry_out_leader(&mut self, events: Vec<LeaderEvent>, now: u64) {
        for event in events {
            match event {
                LeaderEvent::NeedImage => {
                    self.serve(now);
                    let mut image = self.center.image(self.to_hall.clone()).unwrap();
                    self.serve_links(now);
                    image.seats = self.core.image(&image.turns);
                    let epoch = self.view.view().epoch;
                    self.leader.image(&image, epoch, now).unwrap();
                }
                LeaderEvent::Protect(node) if self.guided.is_some() => self.protect(node),
                LeaderEvent::Protect(node) => {
                    self.view.lead(Some(&node));
                    self.leader.written(self.view.view());
                }
                LeaderEvent::Lost(..) if self.guided.is_some() => self.want_alone(),
                LeaderEvent::Lost(..) => {
                    self.center.end_entries();
                    if self.leader.is_handing_over() {
                        continue;
                    }
                    self.go_alone();
                }
                LeaderEvent::Release(n) => {
                    self.core.release(n);
                    self.received(n);
                }
                LeaderEvent::Kept(_) => {}
                LeaderEvent::Deposed(epoch) => self.step_down(epoch),
                LeaderEvent::Close(number) => self.closing.push(number),
            }
        }
    }

    fn go_alone(&mut self) {
        if self.view.view().standby.is_some() {
            self.view.lead(None);
        }
        self.leader.alone();
        self.core.release(u64::MAX);
    }

    /// The standby that was told to lead does not.
    pub(super) fn go_on(&mut self) {
        self.leader.go_on();
        self.go_alone();
        self.center.go_on();
    }

    pub(super) fn step_down(&mut self, epoch: u64) {
        let mut events = Vec::new();
        self.core.follow(&mut events);
        self.take(events);
        let mut events = Vec::new();
        self.leader.reset(&mut events);
        if let Some(guided) = &mut self.guided {
            guided.reset(epoch);
        }
        for event in events {
            if let LeaderEvent::Close(number) = event {
                self.closing.push(number);
            }
        }
        self.view.learn(&View {
            epoch,
            leader: "the other".to_owned(),
            standby: None,
        });
        self.center.stand_by();
    }

    pub(super) fn carry_out_standby(&mut self, events: Vec<StandbyEvent>) {
        for event in events {
            match event {
                StandbyEvent::Adopt(image, view) => {
                    assert!(self.view.learn(&view));
                    if let Some(guided) = &mut self.guided {
                        guided.adopts(view.epoch);
                    }
                    self.todo.push_back(Todo::Adopt(image));
                }
                StandbyEvent::Apply(entry) => self.todo.push_back(Todo::Apply(entry)),
                StandbyEvent::Got(seat, attachment, got) => {
                    let weight = self.core.acknowledged(seat, attachment, got);
                    self.center.links[usize::from(seat)].release(weight);
                }
                StandbyEvent::InView(view) => {
                    assert!(self.view.learn(&view));
                    if let Some(guided) = &mut self.guided {
                        guided.is_named(view.epoch);
                    }
                    self.standby.named(view.epoch);
                }
                StandbyEvent::Lead if self.guided.is_some() => self.claim(),
                StandbyEvent::Lead => self.todo.push_back(Todo::Lead),
                StandbyEvent::Refused(..) => {}
                StandbyEvent::Broken(reason) => panic!("{reason}"),
            }
        }
    }

    fn carry_out_todo(&mut self, todo: Todo, now: u64) {
        let mut news = Vec::new();
        match todo {
            Todo::Adopt(image) => {
                self.center.adopt(&image, Core::seated(&image.seats)).unwrap();
                self.serve_links(now);
                let mut events = Vec::new();
                self.core.adopt(image.seats, now, &mut events);
                self.take(events);
                for (seat, link) in (0..).zip(&self.center.links) {
                    link.charge(self.core.kept_weight(seat));
                }
                if let Some(guided) = &mut self.guided {
                    guided.adopted();
                }
                self.standby.applied(image.n, &mut news);
                self.standby.kept(0);
            }
            Todo::Apply(entry) => {
                self.center.follow(&entry).unwrap();
                self.serve_links(now);
                self.standby.applied(entry.n, &mut news);
            }
            Todo::Lead => self.lead(now),
        }
        self.carry_out_standby(news);
    }

    /// An operator promotes this core.
    pub(super) fn promote(&mut self) {
        self.standby.stop();
        self.todo.push_back(Todo::Lead);
    }

    fn lead(&mut self, now: u64) {
        let epoch = match &mut self.guided {
            Some(guided) => {
                let epoch = self.view.view().epoch;
                guided.reset(epoch);
                epoch
            }
            None => self.view.lead(None).epoch,
        };
        let (open, turns) = self.center.lead();
        self.serve_links(now);
        self.core.lead(&open, &turns, now);
        self.standby.led(epoch);
    }

    pub(super) fn is_about_to_lead(&self) -> bool {
        self.todo.iter().any(|todo| matches!(todo, Todo::Lead))
    }

    pub(super) fn is_idle(&self) -> bool {
        self.todo.is_empty()
    }
}
