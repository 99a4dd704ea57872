//! The view and the output rule under a model checker: the real guides of two and three cores, an engine whose answers get lost or
//! come late, links that break, processes that die. All states of small sizes are visited, in every order of events. The same is
//! done with mistakes, which the checker has to find.
//!
//! `MODEL_EXTRA=1` allows one more of each event, with a bound of `MODEL_DEPTH` steps (16).

#![expect(clippy::print_stderr, reason = "figures for the person who runs the test")]

mod model;
mod node;
mod state;

use model::View;
use node::Mistake;
use stateright::{Checker, HasDiscoveries, Model};

/// A pair of cores, one edge with one turn, and one event of each kind.
const PAIR: View = View {
    cores: 2,
    edges: 1,
    turns: 1,
    unknown: 1,
    crashes: 1,
    breaks: 1,
    joins: 1,
    mistake: Mistake::None,
};

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// Visits all states, and finds no broken promise, and everything that has to be possible.
#[track_caller]
fn holds(name: &str, view: View, impossible: &[&str]) {
    let extra = u8::try_from(number("MODEL_EXTRA").unwrap_or(0)).unwrap_or(u8::MAX);
    let depth = match extra {
        0 => usize::MAX,
        _ => number("MODEL_DEPTH").unwrap_or(16),
    };
    let view = View {
        unknown: view.unknown + extra,
        crashes: view.crashes + extra,
        breaks: view.breaks + extra,
        joins: view.joins + extra,
        ..view
    };
    let checker = view
        .checker()
        .threads(2)
        .target_max_depth(depth)
        .spawn_bfs()
        .join();
    let (states, deepest) = (checker.unique_state_count(), checker.max_depth());
    let extent = if deepest < depth {
        "all of them"
    } else {
        "up to that depth"
    };
    eprintln!("{name}: {states} states, {deepest} steps deep, {extent}");
    if let Some(path) = checker.discovery(model::SAFE) {
        let fault = path.last_state().fault;
        assert!(
            fault.is_none(),
            "{name}: {fault:?} after {:?}",
            path.into_actions()
        );
    }
    for property in checker.model().properties() {
        let is_impossible = extra == 0 && impossible.contains(&property.name);
        let is_found = checker.discovery(property.name).is_some();
        assert!(
            property.name == model::SAFE || is_found != is_impossible,
            "{name}: {}",
            property.name
        );
    }
}

/// Searches until a broken promise is found.
#[track_caller]
fn fails(mistake: Mistake) {
    let view = View {
        edges: 1 + usize::from(mistake == Mistake::ForgetsEarly),
        turns: 2,
        crashes: u8::from(mistake == Mistake::ResumesWithoutWriting),
        breaks: 2,
        mistake,
        ..PAIR
    };
    let checker = view
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    let path = checker.discovery(model::SAFE);
    assert!(
        path.is_some(),
        "{mistake:?} is not found in {} states",
        checker.unique_state_count()
    );
    let Some(path) = path else { return };
    let fault = path.last_state().fault;
    eprintln!(
        "{mistake:?}: {fault:?} in {} states, after {:?}",
        checker.unique_state_count(),
        path.into_actions()
    );
}

#[test]
fn a_pair_keeps_its_promises() {
    holds("a pair", PAIR, &[]);
}

#[test]
fn a_pair_keeps_its_promises_with_two_turns_and_more_breaks() {
    let view = View {
        turns: 2,
        crashes: 0,
        breaks: 2,
        ..PAIR
    };
    holds("a pair with two turns", view, &[model::FROM_DISK]);
}

#[test]
fn a_pair_keeps_its_promises_to_two_edges() {
    let view = View {
        edges: 2,
        unknown: 0,
        crashes: 0,
        breaks: 2,
        ..PAIR
    };
    holds("a pair with two edges", view, &[model::FROM_DISK, model::LATE]);
}

#[test]
fn three_cores_keep_their_promises() {
    let view = View {
        cores: 3,
        unknown: 0,
        crashes: 0,
        breaks: 1,
        joins: 2,
        ..PAIR
    };
    holds("three cores", view, &[model::FROM_DISK, model::LATE]);
}

#[test]
fn a_standby_that_goes_on_acknowledging_is_found() {
    fails(Mistake::AcknowledgesWhileClaiming);
}

#[test]
fn a_turn_that_is_handled_again_is_found() {
    fails(Mistake::HandlesRepetitions);
}

#[test]
fn a_batch_that_is_forgotten_early_is_found() {
    fails(Mistake::ForgetsEarly);
}

#[test]
fn a_leader_that_trusts_the_last_record_is_found() {
    fails(Mistake::TrustsTheLastRecord);
}

#[test]
fn a_leader_that_releases_before_it_is_alone_is_found() {
    fails(Mistake::ReleasesBeforeAlone);
}

#[test]
fn a_standby_that_takes_unknown_for_yes_is_found() {
    fails(Mistake::LeadsOnUnknown);
}

#[test]
fn a_leader_that_names_before_outputs_wait_is_found() {
    fails(Mistake::NamesBeforeWaiting);
}

#[test]
fn a_leader_that_names_a_standby_without_everything_is_found() {
    fails(Mistake::NamesBeforeHolding);
}

#[test]
fn a_leader_that_resumes_without_writing_is_found() {
    fails(Mistake::ResumesWithoutWriting);
}
