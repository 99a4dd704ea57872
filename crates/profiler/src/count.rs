//! Counts the process's memory allocations: a wrapper around an allocator, for benchmarks.

#![expect(unsafe_code, reason = "the conditions stand beside each use")]

use std::alloc::{GlobalAlloc, Layout};
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};

static NUMBER: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// An allocator with counters: `#[global_allocator] static ALLOCATOR: Counted<System> = Counted { inner:
/// System, except: &[] };`
#[derive(Debug)]
pub struct Counted<A> {
    /// The inner allocator.
    pub inner: A,
    /// Blocks of exactly these sizes are not counted: those of an allocator that takes memory in large
    /// pieces.
    pub except: &'static [usize],
}

impl<A> Counted<A> {
    fn count(&self, bytes: usize) {
        if !self.except.contains(&bytes) {
            NUMBER.fetch_add(1, Ordering::Relaxed);
            BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
        }
    }
}

/// Counters of allocations: new blocks, and blocks whose size has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocations {
    /// Number of allocations.
    pub number: u64,
    /// Number of allocated bytes; a block that changes its size counts with its new size.
    pub bytes: u64,
}

impl Sub for Allocations {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            number: self.number - before.number,
            bytes: self.bytes - before.bytes,
        }
    }
}

/// The allocations of all threads since the start.
pub fn allocations() -> Allocations {
    Allocations {
        number: NUMBER.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
    }
}

// SAFETY: every call goes to the inner allocator with the same arguments, and its result is returned
// unchanged.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Counted<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count(layout.size());
        // SAFETY: the caller's guarantees are those that the inner allocator needs.
        unsafe { self.inner.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.count(layout.size());
        // SAFETY: as above.
        unsafe { self.inner.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.inner.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.count(size);
        // SAFETY: as above.
        unsafe { self.inner.realloc(block, layout, size) }
    }
}
