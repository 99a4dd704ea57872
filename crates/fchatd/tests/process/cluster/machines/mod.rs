//! Each row of the table of deaths (docs/cluster.md), on machines with addresses of their own and three etcd servers: while people talk
//! on all edges, something dies, freezes, is cut off or comes back. Nobody may lose, double or reorder a line, and no change that was
//! answered may be missing. With `FCHATD_ROUNDS` the deaths of cores are repeated so often.
#![expect(clippy::print_stderr, reason = "the lengths of pauses are no assertions")]

mod deaths;
mod disk;
mod links;
mod net;
mod people;
mod stand;

/// How often a death is repeated.
fn rounds() -> usize {
    let rounds = std::env::var("FCHATD_ROUNDS").ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}
