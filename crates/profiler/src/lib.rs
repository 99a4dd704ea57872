//! Profiles of the running process: the use of processor time, and the origin of the memory in use. Both are
//! samples of call stacks, written in the format of `pprof`, which many tools read.
//!
//! While no profile runs, the only cost is one relaxed load for each allocation.
//!
//! The `unsafe` code is in five places: the signal handler of [`processor`], the allocators of [`heap`] and
//! [`count`], the one call that walks the stack, and the calls that make the allocator return memory
//! ([`heap::keep_little`], [`heap::give_back`]). Each has its safety conditions beside it.
#![deny(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod count;
pub mod heap;
pub mod pprof;
pub mod processor;
mod recording;
mod stacks;

pub use recording::Recording;

/// The reason why a profile can't be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartError {
    /// A profile of this kind is running.
    Running,
    /// The system has no timer for it, or refuses it.
    System,
}
