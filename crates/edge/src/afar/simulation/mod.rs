//! Two cores with the built-in rules and three edges, over connections that break at any byte, from a seed. Leaders die, standbys die,
//! the lead is handed over. The history of each run is checked: every listener hears every line once and in one order, no
//! connection of a client ends, and nothing waits for ever after the last fault.

mod app;
mod edge;
mod network;
mod node;
mod world;

use world::World;

/// Number of runs. `SIMULATION_SEEDS` sets another number.
const SEEDS: u64 = 10;

#[test]
fn nothing_is_lost_or_doubled_while_the_leader_changes() {
    let seeds = std::env::var("SIMULATION_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let first = std::env::var("SIMULATION_FIRST")
        .ok()
        .and_then(|text| text.parse().ok());
    let first = first.unwrap_or(1);
    let (mut lines, mut changes, mut images, mut again) = (0, 0, 0, 0);
    for seed in first..first + seeds.unwrap_or(SEEDS) {
        let mut world = World::new(seed);
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
