//! Two cores with the built-in rules and three edges, over connections that break at any byte, from a seed. Leaders die, standbys die,
//! the lead is handed over: by an operator, or by an engine that answers late, not at all, or without saying whether it has written. The history of each run is checked: every listener hears every line once and in one order, no
//! connection of a client ends, and nothing waits for ever after the last fault.

mod app;
mod arbiter;
mod edge;
mod guided;
mod network;
mod node;
mod world;

use world::World;

/// Number of runs. `SIMULATION_SEEDS` sets another number.
const SEEDS: u64 = 10;

fn simulate(make: impl Fn(u64) -> World) {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = variable("SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = variable("SIMULATION_FIRST").unwrap_or(1);
    let (mut lines, mut changes, mut images, mut again) = (0, 0, 0, 0);
    for seed in first..first + seeds {
        let mut world = make(seed);
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.run()));
        assert!(ended.is_ok(), "seed {seed}");
        lines += world.lines();
        changes += world.changes;
        images += world.images;
        again += world.resent();
    }
    assert!(
        lines > 0 && changes > 0 && images > 0 && again > 0,
        "{lines} {changes} {images} {again}"
    );
}

#[test]
fn nothing_is_lost_or_doubled_while_the_leader_changes() {
    simulate(World::new);
}

#[test]
fn nothing_is_lost_or_doubled_while_an_engine_decides_who_leads() {
    simulate(World::with_engine);
}
