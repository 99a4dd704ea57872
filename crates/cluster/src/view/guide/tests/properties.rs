//! Three guides and one engine in any order of events: the history of records keeps the rules, and each guide is right about it.

use proptest::prelude::*;

use super::super::*;
use super::engine::{Engine, Mood};

const NODES: [&str; 3] = ["a", "b", "c"];

#[derive(Debug, Clone)]
enum Step {
    /// A core wants something for the view that it knows.
    Want(usize, Wish),
    /// A core asks, if a question is due, and the engine answers in this mood.
    Ask(usize, Mood),
    /// A core asks, and hears the answer only later.
    Begin(usize, Mood),
    End(usize),
    Arrive(usize),
    Restart(usize),
    Forget,
}

fn step(can_forget: bool) -> impl Strategy<Value = Step> {
    let core = 0..NODES.len();
    let mood = prop_oneof![
        5 => Just(Mood::Answers),
        2 => Just(Mood::Loses),
        2 => Just(Mood::Late),
        1 => Just(Mood::Drops)
    ];
    let wish = prop_oneof![
        1 => Just(Wish::Watch),
        4 => core.clone().prop_map(|node| Wish::Protect(NODES[node].to_owned())),
        3 => Just(Wish::Alone),
        4 => Just(Wish::Lead),
        2 => Just(Wish::LeadFromDisk),
        1 => Just(Wish::Force),
    ];
    prop_oneof![
        4 => (core.clone(), wish).prop_map(|(core, wish)| Step::Want(core, wish)),
        10 => (core.clone(), mood.clone()).prop_map(|(core, mood)| Step::Ask(core, mood)),
        3 => (core.clone(), mood).prop_map(|(core, mood)| Step::Begin(core, mood)),
        3 => core.clone().prop_map(Step::End),
        2 => (0..9usize).prop_map(Step::Arrive),
        1 => core.prop_map(Step::Restart),
        u32::from(can_forget) => Just(Step::Forget),
    ]
}

/// A core: its guide, and the answer that is on its way.
struct Core {
    guide: Guide,
    answer: Option<Answer>,
    /// The last record that gave this core the lead, if it knows of no later one.
    granted: Option<Record>,
}

struct World {
    engine: Engine,
    cores: Vec<Core>,
    now: u64,
    processes: u64,
    /// The writes that an operator has ordered.
    forced: Vec<u64>,
}

impl World {
    fn new() -> Self {
        let core = |(number, node): (usize, &&str)| Core {
            guide: Guide::new(node, "", 0, number as u64),
            answer: None,
            granted: None,
        };
        Self {
            engine: Engine::default(),
            cores: NODES.iter().enumerate().map(core).collect(),
            now: 0,
            processes: 100,
            forced: Vec::new(),
        }
    }

    fn begin(&mut self, number: usize, mood: Mood) {
        let core = &mut self.cores[number];
        // Late enough for every pause.
        self.now += 2_000;
        let Some(ask) = core.guide.next_ask(self.now) else {
            return;
        };
        if let Ask::Swap(_, record) = &ask {
            assert!(record.standby.is_none() || core.guide.may_name_another());
            if core.guide.wish == Wish::Force {
                self.forced.push(record.nonce);
            }
        }
        core.answer = Some(self.engine.ask(ask, mood));
    }

    fn end(&mut self, number: usize) {
        let core = &mut self.cores[number];
        let Some(answer) = core.answer.take() else { return };
        let wish = core.guide.wish.clone();
        let mut events = Vec::new();
        core.guide.answered(answer, self.now, &mut events);
        for event in events {
            match event {
                GuideEvent::Granted(record) => {
                    assert_eq!((&*record.wrote, &*record.leader), (NODES[number], NODES[number]));
                    let standby = match &wish {
                        Wish::Protect(standby) => Some(standby),
                        _ => None,
                    };
                    assert_eq!(record.standby.as_ref(), standby);
                    assert!(self.engine.has_forgotten || self.engine.history.contains(&record));
                    core.granted = Some(record);
                }
                GuideEvent::Refused(record, _) | GuideEvent::Changed(record) => {
                    core.granted = core.guide.leads().then_some(record);
                }
                GuideEvent::Forgot(highest, shown) => {
                    assert!(self.engine.has_forgotten && shown <= highest);
                }
                GuideEvent::Away(_) | GuideEvent::Back => {}
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Want(number, wish) => {
                let guide = &mut self.cores[number].guide;
                let epoch = guide.record().map_or(0, |record| record.epoch);
                guide.want(wish, epoch);
            }
            Step::Ask(number, mood) => {
                self.begin(number, mood);
                self.end(number);
            }
            Step::Begin(number, mood) => self.begin(number, mood),
            Step::End(number) => self.end(number),
            Step::Arrive(which) => self.engine.arrive(which),
            Step::Restart(number) => {
                self.processes += 1;
                let highest = self.cores[number].guide.highest();
                self.cores[number] = Core {
                    guide: Guide::new(NODES[number], "", highest, self.processes),
                    answer: None,
                    granted: None,
                };
            }
            Step::Forget => self.engine.forget(),
        }
        if !self.engine.has_forgotten {
            self.check();
        }
    }

    fn check(&self) {
        let mut before = Record::default();
        for record in &self.engine.history {
            let is_forced = self.forced.contains(&record.nonce);
            let may_write = record.wrote == before.leader || before.standby.as_ref() == Some(&record.wrote);
            assert!(
                is_forced || (may_write && record.epoch == before.epoch + 1),
                "{before:?} {record:?}"
            );
            assert!(record.epoch > before.epoch && record.leader == record.wrote);
            if let (Some(old), Some(new)) = (&before.standby, &record.standby) {
                assert_eq!(old, new, "two standbys at once");
            }
            before = record.clone();
        }
        // A core that counts itself as alone is right, until an operator has decided otherwise.
        for core in self.cores.iter().filter(|core| !core.guide.may_name_another()) {
            let known = core.guide.record().map_or(0, |record| record.epoch);
            let later = |record: &&Record| record.epoch > known && record.wrote != core.guide.node;
            let others = self.engine.history.iter().filter(later);
            let first = others.min_by_key(|record| record.epoch);
            assert!(first.is_none_or(|record| self.forced.contains(&record.nonce)));
        }
    }

    /// The engine answers each question from now on, and nothing else happens.
    fn settle(&mut self) {
        for _ in 0..12 {
            for number in 0..NODES.len() {
                self.end(number);
                self.begin(number, Mood::Answers);
                self.end(number);
            }
        }
    }
}

proptest! {
    #[test]
    fn each_record_follows_from_the_one_before(steps in proptest::collection::vec(step(false), 1..120)) {
        let mut world = World::new();
        for step in steps {
            world.step(step);
        }
        world.settle();
        world.check();
        for core in &world.cores {
            prop_assert_eq!(core.guide.record(), world.engine.record.as_ref());
            prop_assert_eq!(&core.guide.wish, &Wish::Watch, "a wish is pending although the engine answers");
            let record = world.engine.record.as_ref();
            let is_named = record.is_some_and(|record| record.leader == core.guide.node);
            prop_assert!(is_named || core.granted.is_none());
        }
    }

    #[test]
    fn only_an_operator_writes_over_a_forgotten_view(steps in proptest::collection::vec(step(true), 1..120)) {
        let mut world = World::new();
        for step in steps {
            let asks = match &step {
                Step::Ask(number, _) | Step::Begin(number, _) => Some(*number),
                _ => None,
            };
            let known = asks.map(|number| world.cores[number].guide.highest());
            let (written, forced) = (world.engine.history.len(), world.forced.len());
            world.step(step);
            if let (Some(known), Some(record)) = (known, world.engine.history.get(written)) {
                prop_assert!(record.epoch > known);
                let before = written.checked_sub(1).and_then(|last| world.engine.history.get(last));
                let is_next = before.is_some_and(|before| before.epoch + 1 == record.epoch);
                prop_assert!(is_next || forced < world.forced.len());
            }
        }
    }
}
