//! Runs in which an engine decides which core leads: the engine's answers, and deaths at all times at which the record says that
//! another core has everything.

use super::guided::{Engine, Guided};
use super::node::Node;
use super::world::{TIMING, World};

impl World {
    /// A world whose cores have an engine.
    pub(super) fn with_engine(seed: u64) -> Self {
        let mut world = Self::empty(seed);
        world.engine = Some(Engine::default());
        for node in 0..2 {
            world.nodes[node].guided = Some(Guided::new(&format!("core-{node}"), 0, node as u64 + 1));
        }
        if let Some(guided) = &mut world.nodes[0].guided {
            guided.force();
        }
        while !world.nodes[0].core.leads() {
            world.clock.set(world.clock.get() + 10);
            world.step_engine(false);
            world.nodes[0].work(1, world.clock.get());
        }
        world
    }

    /// The engine answers one of the cores, or is asked by one.
    pub(super) fn step_engine(&mut self, with_faults: bool) {
        let node = self.random.below(2);
        let now = self.clock.get();
        let Some(engine) = &mut self.engine else { return };
        if with_faults && self.random.one_in(60) {
            engine.is_away = !engine.is_away;
        } else if !with_faults {
            engine.is_away = false;
        }
        let own = &mut self.nodes[node];
        let asked = own.guided.as_mut().and_then(|guided| guided.asked.take());
        match asked {
            Some(ask) if self.random.one_in(2) => {
                let answer = engine.answer(ask, &mut self.random);
                own.answered(answer, now);
            }
            Some(ask) => {
                if let Some(guided) = &mut own.guided {
                    guided.asked = Some(ask);
                }
            }
            None => own.ask(now),
        }
        self.close();
        // A core that has given its claim up has no connection.
        for node in 0..2 {
            if self.nodes[node]
                .guided
                .as_ref()
                .is_some_and(Guided::wants_to_lead)
                && self.random.one_in(4)
            {
                self.cut_peer(node);
            }
        }
    }

    /// One of the rarer events.
    pub(super) fn strike_with_engine(&mut self) {
        let record = self.engine.as_ref().and_then(|engine| engine.record.clone());
        let Some(record) = record else { return };
        let leader = usize::from(record.leader == "core-1");
        let other = 1 - leader;
        let named = self.nodes[other].guided.as_ref().and_then(|guided| guided.named);
        match self.random.below(3) {
            // The other one has everything, and nobody else need know that.
            0 if record.standby.is_some() && named == Some(record.epoch) => {
                self.kill_with_engine(leader);
                self.changes += 1;
            }
            1 if self.nodes[leader].leader.is_protected() && !self.nodes[leader].leader.is_handing_over() => {
                if let Some(n) = self.nodes[leader].center.stop_for_handover() {
                    self.nodes[leader].serve(self.clock.get());
                    if self.nodes[leader].leader.hand_over(n) {
                        self.changes += 1;
                    } else {
                        self.nodes[leader].center.go_on();
                    }
                }
            }
            2 if self.nodes[leader].core.leads() => self.kill_with_engine(other),
            _ => {}
        }
    }

    /// A core dies with its memory, and begins again. Its last question is lost.
    fn kill_with_engine(&mut self, node: usize) {
        self.end(node);
        let highest = self.nodes[node].view.view().epoch;
        let view = self.nodes[node].view.view().clone();
        let mut fresh = Node::new(node, self.processes, view, &self.clock, TIMING);
        fresh.guided = Some(Guided::new(&format!("core-{node}"), highest, self.processes));
        self.nodes[node] = fresh;
    }

    /// Whether this core may be the standby of the other one now.
    pub(super) fn may_join(&self, node: usize) -> bool {
        let (own, other) = (&self.nodes[node], &self.nodes[1 - node]);
        let wants_to_lead = own.guided.as_ref().is_some_and(Guided::wants_to_lead);
        !own.core.leads()
            && !own.is_about_to_lead()
            && !wants_to_lead
            && other.core.leads()
            && !other.leader.is_handing_over()
    }
}
