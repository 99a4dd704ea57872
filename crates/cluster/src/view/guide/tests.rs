//! The rules of the view, one for each test, with an engine that answers as the test says.

mod engine;
mod properties;

use super::*;

/// A guide, the events that it has told, and a clock.
struct Core {
    guide: Guide,
    events: Vec<GuideEvent>,
    now: u64,
}

impl Core {
    fn new(node: &str, highest: u64) -> Self {
        Self {
            guide: Guide::new(node, "10.0.0.1:9730", highest, 7),
            events: Vec::new(),
            now: 0,
        }
    }

    /// The next question, as soon as it is due.
    fn ask(&mut self) -> Ask {
        loop {
            if let Some(ask) = self.guide.next_ask(self.now) {
                return ask;
            }
            self.now += 1;
            assert!(self.now < 1 << 20, "nothing is asked any more");
        }
    }

    fn swap(&mut self) -> (Revision, Record) {
        match self.ask() {
            Ask::Swap(revision, record) => (revision, *record),
            Ask::Read => panic!("a swap was expected"),
        }
    }

    fn answer(&mut self, answer: Answer) {
        self.guide.answered(answer, self.now, &mut self.events);
    }

    fn swapped(&mut self, swapped: Swapped) {
        self.answer(Answer::Swapped(swapped));
    }

    fn reads(&mut self, revision: Revision, record: &Record) {
        assert_eq!(self.ask(), Ask::Read);
        self.answer(Answer::Record(revision, Some(Box::new(record.clone()))));
    }

    fn told(&mut self) -> Vec<GuideEvent> {
        std::mem::take(&mut self.events)
    }

    /// The core "a", which leads without a standby in view 8, with revision 4; and its record.
    fn leading() -> (Self, Record) {
        let mut core = Self::after("a", 3, &record(7, "a", None));
        core.guide.want(Wish::LeadFromDisk, 0);
        let (_, target) = core.swap();
        core.swapped(Swapped::Done(4));
        assert_eq!(core.told(), [GuideEvent::Granted(target.clone())]);
        (core, target)
    }

    /// A core that has read this record of another process.
    fn after(node: &str, revision: Revision, record: &Record) -> Self {
        let mut core = Self::new(node, 0);
        core.reads(revision, record);
        core.events.clear();
        core
    }
}

fn record(epoch: u64, leader: &str, standby: Option<&str>) -> Record {
    Record {
        epoch,
        leader: leader.to_owned(),
        standby: standby.map(str::to_owned),
        wrote: leader.to_owned(),
        nonce: epoch,
        ..Record::default()
    }
}

fn view(record: &Record) -> (u64, &str, Option<&str>) {
    (record.epoch, &record.leader, record.standby.as_deref())
}

fn lost() -> Swapped {
    Swapped::Unknown("no answer".to_owned())
}

fn protect(node: &str) -> Wish {
    Wish::Protect(node.to_owned())
}

#[test]
fn the_first_core_of_a_cluster_leads_when_an_operator_says_so() {
    let mut core = Core::new("a", 0);
    core.guide.want(Wish::LeadFromDisk, 0);
    assert_eq!(core.ask(), Ask::Read);
    core.answer(Answer::Record(0, None));
    let [GuideEvent::Refused(none, reason)] = &core.told()[..] else {
        panic!()
    };
    assert_eq!((none.epoch, reason.contains("decide once")), (0, true));
    assert!(core.guide.has_read() && core.guide.record().is_none());
    core.guide.want(Wish::Force, 0);
    let (revision, target) = core.swap();
    assert_eq!((revision, view(&target)), (0, (1, "a", None)));
    assert_eq!(target.at.get("a").map(String::as_str), Some("10.0.0.1:9730"));
    core.swapped(Swapped::Done(1));
    assert_eq!(core.told(), [GuideEvent::Granted(target)]);
    assert!(!core.guide.may_name_another());
}

#[test]
fn outputs_wait_from_the_question_on_until_nobody_can_be_named() {
    let (mut core, before) = Core::leading();
    assert!(!core.guide.may_name_another());
    core.guide.want(protect("b"), 8);
    assert!(!core.guide.may_name_another());
    let (_, named) = core.swap();
    assert!(core.guide.may_name_another());
    core.swapped(lost());
    assert!(core.guide.may_name_another());
    core.reads(4, &before);
    assert!(core.guide.may_name_another(), "a late write may still come true");
    assert_eq!(core.swap(), (4, named.clone()), "the same write again");
    core.swapped(Swapped::Done(5));
    assert!(
        matches!(&core.told()[..], [GuideEvent::Away(_), GuideEvent::Back, GuideEvent::Granted(record)] if *record == named)
    );
    assert!(core.guide.may_name_another());
    core.guide.want(Wish::Alone, 9);
    let (revision, alone) = core.swap();
    assert_eq!((revision, view(&alone)), (5, (10, "a", None)));
    assert!(core.guide.may_name_another());
    core.swapped(Swapped::Done(6));
    assert_eq!(core.told(), [GuideEvent::Granted(alone)]);
    assert!(!core.guide.may_name_another());
}

#[test]
fn a_core_that_is_alone_needs_no_engine_to_be_alone() {
    let (mut core, before) = Core::leading();
    core.guide.want(protect("b"), 8);
    core.guide.want(Wish::Alone, 8);
    assert_eq!(core.ask(), Ask::Read);
    core.answer(Answer::Away("no route".to_owned()));
    assert_eq!(
        core.told(),
        [
            GuideEvent::Away("no route".to_owned()),
            GuideEvent::Granted(before)
        ]
    );
}

#[test]
fn a_write_of_an_earlier_wish_may_come_true_and_the_wish_goes_on_from_it() {
    let (mut core, before) = Core::leading();
    core.guide.want(protect("b"), 8);
    let (_, named) = core.swap();
    core.guide.want(Wish::Alone, 8);
    core.swapped(lost());
    core.reads(4, &before);
    let (revision, alone) = core.swap();
    assert_eq!((revision, view(&alone)), (4, (9, "a", None)));
    assert_ne!(alone.nonce, named.nonce);
    core.swapped(Swapped::Not);
    core.told();
    core.reads(5, &named);
    assert_eq!(core.told(), [GuideEvent::Changed(named), GuideEvent::Back]);
    // The core may count in its old view still.
    core.guide.want(Wish::Watch, 8);
    core.guide.want(Wish::Alone, 8);
    let (revision, alone) = core.swap();
    assert_eq!((revision, view(&alone)), (5, (10, "a", None)));
    assert!(core.guide.may_name_another());
    core.swapped(Swapped::Done(6));
    assert_eq!(core.told(), [GuideEvent::Granted(alone)]);
}

#[test]
fn an_engine_that_denies_its_own_write_is_read() {
    let mut core = Core::after("b", 4, &record(8, "a", Some("b")));
    core.guide.want(Wish::Lead, 8);
    let (_, target) = core.swap();
    core.swapped(lost());
    core.reads(4, &record(8, "a", Some("b")));
    core.swap();
    core.swapped(Swapped::Not);
    core.told();
    core.reads(5, &target);
    assert_eq!(core.told(), [GuideEvent::Granted(target), GuideEvent::Back]);
}

#[test]
fn only_the_standby_of_this_view_leads() {
    let mut core = Core::after("b", 4, &record(8, "a", Some("b")));
    core.guide.want(Wish::Lead, 8);
    core.swap();
    core.swapped(Swapped::Not);
    let alone = record(9, "a", None);
    core.reads(5, &alone);
    let reason = "in view 9, a leads without a standby".to_owned();
    assert_eq!(core.told(), [GuideEvent::Refused(alone, reason)]);
    // It was named again since: what it has stopped to acknowledge in between is missing.
    let mut core = Core::after("b", 6, &record(10, "a", Some("b")));
    core.guide.want(Wish::Lead, 8);
    core.reads(6, &record(10, "a", Some("b")));
    assert!(matches!(&core.told()[..], [GuideEvent::Refused(..)]));
}

#[test]
fn a_standby_that_was_not_told_may_try_the_view_that_may_name_it() {
    let mut core = Core::after("b", 4, &record(8, "a", None));
    core.guide.want(Wish::Lead, 9);
    core.reads(4, &record(8, "a", None));
    assert!(matches!(&core.told()[..], [GuideEvent::Refused(..)]));
    core.guide.want(Wish::Lead, 9);
    core.reads(5, &record(9, "a", Some("b")));
    assert_eq!(view(&core.swap().1), (10, "b", None));
}

#[test]
fn nobody_is_refused_for_a_record_that_was_read_before_the_wish() {
    let mut core = Core::after("b", 4, &record(8, "a", None));
    core.now += 2_000;
    assert_eq!(core.ask(), Ask::Read);
    core.guide.want(Wish::Lead, 9);
    core.answer(Answer::Record(4, Some(Box::new(record(9, "a", None)))));
    assert_eq!(core.told(), [GuideEvent::Changed(record(9, "a", None))]);
    core.reads(5, &record(9, "a", None));
    assert!(matches!(&core.told()[..], [GuideEvent::Refused(..)]));
}

#[test]
fn the_disk_is_enough_for_the_cores_that_are_named() {
    for (named, is_enough) in [
        (record(8, "a", None), true),
        (record(8, "a", Some("b")), true),
        (record(8, "b", Some("a")), true),
        (record(8, "b", None), false),
        (record(8, "b", Some("c")), false),
    ] {
        let mut core = Core::new("a", 8);
        core.guide.want(Wish::LeadFromDisk, 0);
        core.reads(4, &named);
        if is_enough {
            assert_eq!(view(&core.swap().1), (9, "a", None));
        } else {
            assert!(matches!(&core.told()[..], [GuideEvent::Refused(..)]), "{named:?}");
        }
    }
}

#[test]
fn a_leader_learns_by_reading_that_it_was_deposed() {
    let (mut core, _) = Core::leading();
    core.guide.want(protect("b"), 8);
    core.swap();
    core.swapped(Swapped::Done(5));
    assert!(core.guide.leads());
    core.told();
    core.reads(6, &record(10, "b", None));
    assert_eq!(core.told(), [GuideEvent::Changed(record(10, "b", None))]);
    assert!(!core.guide.leads());
    core.guide.want(Wish::Alone, 8);
    core.reads(6, &record(10, "b", None));
    assert!(matches!(&core.told()[..], [GuideEvent::Refused(..)]));
    assert!(core.guide.may_name_another());
}

#[test]
fn a_process_does_not_take_the_view_of_another_one_with_its_name_for_its_own() {
    // An earlier process has asked to name a standby, and that may still come true.
    let mut core = Core::after("a", 4, &record(8, "a", None));
    assert!(core.guide.may_name_another() && !core.guide.leads());
    core.guide.want(protect("b"), 8);
    core.reads(4, &record(8, "a", None));
    assert!(
        matches!(&core.told()[..], [GuideEvent::Refused(_, reason)] if reason.contains("name of its own"))
    );
    // Two cores have the same name: the second one has started, and leads from its disk.
    let (mut core, before) = Core::leading();
    let second = Record {
        nonce: 99,
        epoch: 9,
        ..before
    };
    core.reads(5, &second);
    assert_eq!(core.told(), [GuideEvent::Changed(second)]);
    assert!(core.guide.may_name_another() && !core.guide.leads());
}

#[test]
fn two_standbys_are_never_named_at_once() {
    let (mut core, before) = Core::leading();
    core.guide.want(protect("b"), 8);
    core.swap();
    core.swapped(lost());
    core.guide.want(protect("c"), 8);
    core.reads(4, &before);
    let told = core.told();
    assert!(
        matches!(&told[..], [_, GuideEvent::Refused(record, reason), _] if record.leader == "a" && reason.contains("names b")),
        "{told:?}"
    );
    core.guide.want(protect("a"), 8);
    core.reads(4, &before);
    assert!(matches!(&core.told()[..], [GuideEvent::Refused(..)]));
}

#[test]
fn a_forgetful_engine_is_left_alone_until_an_operator_decides() {
    let (mut core, _) = Core::leading();
    core.guide.want(protect("b"), 8);
    core.swap();
    core.swapped(lost());
    core.reads(3, &record(7, "a", None));
    assert_eq!(core.told()[1..], [GuideEvent::Forgot(8, 7)]);
    assert!(core.guide.may_name_another());
    for _ in 0..3 {
        core.reads(3, &record(7, "a", None));
    }
    // It has forgotten more, and then everything.
    core.reads(2, &record(6, "a", None));
    assert_eq!(core.ask(), Ask::Read);
    core.answer(Answer::Record(0, None));
    assert_eq!(core.told(), [GuideEvent::Forgot(8, 6), GuideEvent::Forgot(8, 0)]);
    core.guide.want(Wish::Force, 0);
    let (revision, forced) = core.swap();
    assert_eq!((revision, view(&forced)), (0, (9, "a", None)));
    core.swapped(Swapped::Done(1));
    assert!(matches!(&core.told()[..], [GuideEvent::Back, GuideEvent::Granted(record)] if *record == forced));
    assert!(!core.guide.may_name_another());
}

#[test]
fn the_number_on_the_disk_shows_a_forgetful_engine_after_a_restart() {
    let mut core = Core::new("a", 8);
    core.guide.want(Wish::LeadFromDisk, 0);
    core.reads(3, &record(7, "a", None));
    assert_eq!(core.told(), [GuideEvent::Forgot(8, 7)]);
    core.reads(9, &record(8, "a", None));
    assert_eq!(
        core.told(),
        [GuideEvent::Changed(record(8, "a", None))],
        "it was an old answer"
    );
    assert_eq!(view(&core.swap().1), (9, "a", None));
    // Another record with the number that this core knows: others have gone on from the forgotten state.
    let mut core = Core::after("a", 4, &record(8, "a", None));
    core.reads(4, &record(8, "b", None));
    assert_eq!(core.told(), [GuideEvent::Forgot(8, 8)]);
    // A standby knows from its leader that view 8 was written.
    let mut core = Core::after("b", 3, &record(7, "a", None));
    core.guide.heard_of(8);
    core.guide.want(Wish::Lead, 8);
    core.reads(3, &record(7, "a", None));
    assert_eq!(core.told(), [GuideEvent::Forgot(8, 7)]);
}

#[test]
fn an_answer_that_is_older_than_the_word_of_another_core_proves_nothing() {
    let mut core = Core::new("b", 0);
    assert_eq!(core.ask(), Ask::Read);
    core.guide.heard_of(8);
    core.answer(Answer::Record(3, Some(Box::new(record(7, "a", None)))));
    assert_eq!(core.told(), []);
    core.reads(3, &record(7, "a", None));
    assert_eq!(core.told(), [GuideEvent::Forgot(8, 7)]);
}

#[test]
fn an_impossible_number_of_a_write_is_no_grant() {
    let mut core = Core::after("b", 4, &record(8, "a", Some("b")));
    core.guide.want(Wish::Lead, 8);
    core.swap();
    core.swapped(Swapped::Done(4));
    assert!(matches!(&core.told()[..], [GuideEvent::Away(_)]));
    assert_eq!(core.ask(), Ask::Read);
    // Another core has told of a newer view while the swap was under way.
    let mut core = Core::after("b", 4, &record(8, "a", Some("b")));
    core.guide.want(Wish::Lead, 8);
    let (_, target) = core.swap();
    core.guide.heard_of(10);
    core.swapped(Swapped::Done(5));
    core.told();
    core.reads(5, &target);
    assert_eq!(core.told(), [GuideEvent::Forgot(10, 9)]);
}

#[test]
fn an_answer_that_fits_no_question_changes_nothing() {
    let mut core = Core::after("b", 4, &record(8, "a", Some("b")));
    core.answer(Answer::Record(5, Some(Box::new(record(9, "b", None)))));
    assert_eq!(core.told(), []);
    core.guide.want(Wish::Lead, 8);
    core.swap();
    core.answer(Answer::Record(5, None));
    assert_eq!(core.ask(), Ask::Read);
    core.swapped(Swapped::Done(9));
    assert_eq!(core.guide.record(), Some(&record(8, "a", Some("b"))));
}

#[test]
fn pauses_grow_and_an_engine_that_only_reads_counts_as_away() {
    let mut core = Core::after("b", 4, &record(8, "a", Some("b")));
    let mut pauses = Vec::new();
    core.guide.want(Wish::Lead, 8);
    for _ in 0..6 {
        let before = core.now;
        core.swap();
        pauses.push(core.now - before);
        core.swapped(Swapped::Not);
        core.reads(4, &record(8, "a", Some("b")));
    }
    assert_eq!(pauses, [0, 100, 200, 400, 500, 500]);
    assert!(matches!(&core.told()[..], [GuideEvent::Away(reason)] if reason.contains("refuses")));
    core.swap();
    core.swapped(Swapped::Done(5));
    assert!(matches!(
        &core.told()[..],
        [GuideEvent::Back, GuideEvent::Granted(_)]
    ));
    let before = core.now;
    core.ask();
    core.answer(Answer::Away("no route".to_owned()));
    core.ask();
    assert_eq!(core.now - before, 1_000 + 100);
}

#[test]
fn a_record_keeps_the_addresses_of_a_few_cores() {
    let mut old = record(8, "z", Some("y"));
    for name in (0..30).map(|number| format!("core-{number}")) {
        old.at.insert(name, "10.0.0.9:9730".to_owned());
    }
    old.at.insert("z".to_owned(), "10.0.0.8:9730".to_owned());
    let mut core = Core::after("y", 4, &old);
    core.guide.want(Wish::Lead, 8);
    let (_, record) = core.swap();
    assert!(record.at.contains_key("y") && record.at.contains_key("z") && record.at.len() <= 9);
}
