//! The simulation at small sizes, against closed formulas and a slow count.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::scale::prices::{FLN, NLN, ROW, STA};
use crate::scale::simulate;

fn how(seed: u64) -> Measure {
    Measure {
        people: vec![300],
        largest: 250,
        shards: 4,
        // Each event is evaluated.
        samples: 10_000_000,
        seed,
    }
}

fn pass(people: usize, how: &Measure) -> Day {
    Day::pass(&Town::new(people, how.largest, how.seed), how)
}

#[test]
fn the_same_seed_gives_the_same_day() {
    assert_eq!(pass(100, &how(1)), pass(100, &how(1)));
    assert_ne!(pass(100, &how(1)), pass(100, &how(2)));
}

#[test]
fn the_day_follows_its_curve() {
    let people = 2_000;
    let how = Measure {
        samples: 1_000,
        ..how(3)
    };
    let day = pass(people, &how);
    let near = |value: f64, wanted: f64| (value / wanted - 1.0).abs() < 0.05;
    assert!((day.whole.seconds - 86_400.0).abs() < 1e-6);
    assert!((day.busiest.seconds - 3_600.0).abs() < 1e-6);
    assert!(near(day.busiest.online(), 2_000.0), "{}", day.busiest.online());
    assert!(near(day.whole.online(), 1_300.0), "{}", day.whole.online());
    let a_second = |event: Event| day.busiest.events[event as usize] as f64 / 3_600.0;
    let lines = a_second(Event::Line) + a_second(Event::Private);
    let wanted = 2_000.0 / LINE_SECONDS;
    assert!((lines / wanted - 1.0).abs() < 0.3, "{lines} of {wanted}");
    assert!(
        near(day.whole.events[0] as f64, 1_300.0 * 12.0),
        "{:?}",
        day.whole.events
    );
}

#[test]
fn full_presence_is_the_square_of_the_people() {
    let day = pass(300, &how(1));
    let busiest = &day.busiest;
    let full = &busiest.costs[0];
    let [log_ins, log_offs, statuses, ..] = busiest.events;
    // The closed formula with the mean of the people online; they change by a few in a hundred.
    let formula = busiest.online() * (log_ins + log_offs + statuses) as f64;
    let ratio = full.presence as f64 / formula;
    assert!((0.97..1.03).contains(&ratio), "{ratio}");
    let frames = [(log_ins, NLN), (log_offs, FLN), (statuses, STA)];
    let bytes: f64 = frames.iter().map(|&(count, size)| (count * size) as f64).sum();
    let lists = busiest.log_ins[0].list_bytes as f64 / log_ins as f64;
    assert!(bytes * busiest.online() < full.bytes as f64);
    assert!(lists > 0.97 * busiest.online() * ROW as f64, "{lists}");
}

#[test]
fn a_core_in_one_piece_needs_no_messages_between_shards() {
    let day = pass(100, &Measure { shards: 1, ..how(1) });
    assert_eq!(day.whole.costs[4].between, 0);
    assert_eq!(day.whole.shard_ns, [day.whole.costs[3].core_ns]);
    let many = pass(100, &how(1));
    assert!(many.whole.costs[4].between > 0);
    assert_eq!(
        many.whole.shard_ns.iter().sum::<u64>(),
        many.whole.costs[4].core_ns
    );
}

#[test]
fn a_sample_stands_for_all_events() {
    let all = simulate(1_000, &how(1));
    let few = simulate(
        1_000,
        &Measure {
            samples: 5_000,
            ..how(1)
        },
    );
    for (one, other) in all.columns.iter().zip(&few.columns) {
        let ratio = other.presence / one.presence;
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
    }
    let text = few.table();
    assert!(text.contains("| presence, deliveries/s"), "{text}");
}

/// The distinct people of a reach, counted without shortcuts.
fn slowly(walk: &Walk<'_>, person: u32, small_only: bool) -> usize {
    let mut met: BTreeSet<u32> = walk.town.acquaintances(person).collect();
    for &channel in walk.town.of_person(person) {
        let members = walk.town.of_channel(channel);
        let online = members.iter().filter(|&&one| walk.online[one as usize]).count() as u64;
        if !small_only || online - 1 < LARGE {
            met.extend(members);
        }
    }
    met.remove(&person);
    met.into_iter().filter(|&one| walk.online[one as usize]).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_watcher_counts_once_and_partial_presence_never_exceeds_full(
        seed in any::<u64>(),
        people in 20_usize..600,
        largest in 10_usize..600,
    ) {
        let how = Measure { largest, ..how(seed) };
        let town = Town::new(people, largest, seed);
        let mut walk = Walk::new(&town, &how);
        for _ in 0..20 {
            let person = walk.anyone(true);
            let reach = walk.reach(person);
            prop_assert_eq!(reach.watchers, slowly(&walk, person, false) as u64);
            prop_assert_eq!(reach.small_watchers, slowly(&walk, person, true) as u64);
            for event in [Event::LogIn, Event::LogOff, Event::Status] {
                let costs = Design::ALL.map(|design| cost(design, event, &reach, 3));
                prop_assert!(costs[1].presence == costs[0].presence);
                prop_assert!(costs[2].presence <= costs[1].presence);
                prop_assert!(costs[3].presence <= costs[2].presence);
                prop_assert!(costs[3].joins <= costs[2].joins);
            }
        }
    }
}
