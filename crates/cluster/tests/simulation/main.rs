//! A core and edges over connections that break at any byte, from a seed. The history of each run is checked: every
//! listener hears every line once, in one order, and nothing waits for ever after the last fault.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may fail, and says how much it did"
)]

mod chat;
mod edge;
mod network;
mod random;
mod world;

use world::{Faults, World};

/// Seeds of each kind of run. `SIMULATION_SEEDS` sets another number.
const SEEDS: u64 = 200;

fn run(first: u64, faults: Faults) {
    let seeds = std::env::var("SIMULATION_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let (mut cuts, mut lines, mut again) = (0, 0, 0);
    for seed in first..first + seeds.unwrap_or(SEEDS) {
        let mut world = World::new(seed, faults);
        world.run();
        cuts += world.cuts;
        lines += world.lines();
        again += world.resent();
    }
    eprintln!("{cuts} broken connections, {lines} lines, {again} messages sent again");
    assert!(
        lines > 0 && (cuts == 0 || again > 0),
        "the simulation does nothing"
    );
}

#[test]
fn without_faults_every_line_is_heard_once() {
    run(1 << 20, Faults::default());
}

#[test]
fn broken_connections_lose_and_double_nothing() {
    run(
        2 << 20,
        Faults {
            cuts: true,
            ..Faults::default()
        },
    );
}

#[test]
fn edges_that_die_or_fall_silent_take_only_their_own_connections_along() {
    run(
        3 << 20,
        Faults {
            cuts: true,
            edges_die: true,
            silence: true,
            ..Faults::default()
        },
    );
}

#[test]
fn a_core_that_starts_anew_knows_no_connection() {
    run(
        4 << 20,
        Faults {
            cuts: true,
            edges_die: true,
            silence: true,
            core_dies: true,
        },
    );
}
