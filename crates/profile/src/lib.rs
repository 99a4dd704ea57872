//! Profiles of the running process: where its processor time goes, and who asked for the memory in use. Both are
//! samples of call stacks, written in the format of `pprof`, which many tools read.
//!
//! Nothing here is paid for while no profile runs, but one relaxed load for each allocation.
//!
//! The `unsafe` code is in five places: the signal handler of [`processor`], the allocators of [`heap`] and [`count`],
//! the one call that walks the stack, and those that have the allocator return memory ([`heap::keep_little`], [`heap::give_back`]). The conditions that must hold stand beside each.
#![deny(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod count;
pub mod heap;
pub mod pprof;
pub mod processor;
mod recording;
mod stacks;

pub use recording::Recording;

/// Why a profile can't be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartError {
    /// One of this kind runs.
    Running,
    /// The system has no timer for it, or refuses it.
    System,
}
