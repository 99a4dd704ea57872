//! Heap profiles: a wrapper around an allocator that records a sample of the allocations while a profile
//! runs, on average one object for every 64 KiB, and whether each object still exists at the end. A recorded
//! object represents as many objects as its size makes likely.

#![expect(unsafe_code, reason = "the conditions stand beside each use")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::stacks::{Stack, Sums, Table};
use crate::{Recording, StartError};

/// The path of this file in debug information.
pub(crate) const FILE: &str = file!();
/// Average number of bytes between two recorded objects.
pub const INTERVAL: u32 = 64 * 1024;
/// Maximum number of recorded objects that exist at the same time: enough for 4 GiB.
const LIVE_MAX: usize = 1 << 16;
const FILTER_BITS: u32 = 17;

static ON: AtomicBool = AtomicBool::new(false);
static RECORDER: Mutex<Option<Heap>> = Mutex::new(None);
/// Number of recorded objects for each hash of an address. Most freed blocks were never recorded and find 0
/// here.
static FILTER: [AtomicU16; 1 << FILTER_BITS] = [const { AtomicU16::new(0) }; 1 << FILTER_BITS];

thread_local! {
    /// Number of bytes that this thread may still allocate before the next object is recorded.
    static LEFT: Cell<i64> = const { Cell::new(0) };
    /// The state of this thread's random generator; 0 before the first use.
    static RANDOM: Cell<u64> = const { Cell::new(0) };
    /// Whether current allocations belong to the profiler itself.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Configures the system's allocator so that freed memory can be returned; call it before everything else.
/// Large blocks get their own pages, which are returned when the block is freed, and a large free end of a
/// heap is returned, too. By default the allocator adapts these limits to the largest block that it has seen,
/// permanently after a burst. Does nothing when the allocator is not glibc's.
pub fn keep_little() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: documented parameters of the allocator's own interface. The calls touch no block.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 512 * 1024);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 2 * 1024 * 1024);
    }
}

/// Makes the system's allocator return unused memory to the system. It may block other threads that allocate
/// for some milliseconds. Does nothing when the allocator is not glibc's.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: a call of the allocator's own interface, which takes its own locks and may be made by any
    // thread at any time. It returns only pages without allocated blocks.
    unsafe {
        libc::malloc_trim(0);
    }
}

struct Heap {
    table: Table,
    live: HashMap<usize, Noted>,
    started: SystemTime,
}

struct Noted {
    place: u32,
    sums: Sums,
}

/// An allocator that [`start`] can observe: `#[global_allocator] static ALLOCATOR: Sampled<System> =
/// Sampled(System);`
#[derive(Debug, Default)]
pub struct Sampled<A>(pub A);

// SAFETY: every call goes to the inner allocator with the same arguments, and its result is returned
// unchanged. The recording never touches the blocks. Its own allocations are not recorded (`INSIDE`), so it
// cannot recurse, and a thread never waits for a lock that it holds itself.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Sampled<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's guarantees are those that the inner allocator needs.
        let block = unsafe { self.0.alloc(layout) };
        if ON.load(Ordering::Relaxed) {
            allocated(block, layout.size());
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { self.0.alloc_zeroed(layout) };
        if ON.load(Ordering::Relaxed) {
            allocated(block, layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // Recorded before the block is freed: afterwards another thread may own the address.
        if ON.load(Ordering::Relaxed) {
            freed(block);
        }
        // SAFETY: as above.
        unsafe { self.0.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let on = ON.load(Ordering::Relaxed);
        if on {
            freed(block);
        }
        // SAFETY: as above.
        let block = unsafe { self.0.realloc(block, layout, size) };
        if on {
            allocated(block, size);
        }
        block
    }
}

/// Starts to record allocations.
///
/// # Errors
/// A recording is running.
pub fn start() -> Result<(), StartError> {
    let heap = Heap {
        table: Table::new(),
        live: HashMap::with_capacity(LIVE_MAX),
        started: SystemTime::now(),
    };
    {
        let mut recorder = recorder();
        if recorder.is_some() {
            return Err(StartError::Running);
        }
        *recorder = Some(heap);
    }
    ON.store(true, Ordering::Relaxed);
    Ok(())
}

/// Ends the recording; `None` when none is running.
pub fn stop() -> Option<Recording> {
    ON.store(false, Ordering::Relaxed);
    let heap = recorder().take()?;
    for counter in &FILTER {
        counter.store(0, Ordering::Relaxed);
    }
    Some(Recording::of_heap(heap.table, heap.started))
}

fn recorder() -> MutexGuard<'static, Option<Heap>> {
    RECORDER.lock().unwrap_or_else(PoisonError::into_inner)
}

fn counter(address: usize) -> Option<&'static AtomicU16> {
    let hash = (address as u64 >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS);
    FILTER.get(hash as usize)
}

fn allocated(block: *mut u8, size: usize) {
    let left = LEFT.get() - size as i64;
    LEFT.set(left);
    if left < 0 && !block.is_null() && !INSIDE.replace(true) {
        LEFT.set(distance());
        note(block as usize, size);
        INSIDE.set(false);
    }
}

#[cold]
fn note(address: usize, size: usize) {
    let stack = Stack::here();
    let mut recorder = recorder();
    let Some(heap) = recorder.as_mut() else { return };
    if heap.live.len() >= LIVE_MAX {
        heap.table.lost += 1;
        return;
    }
    let Some(place) = heap.table.place(&stack) else {
        return;
    };
    // The probability that an object of this size is recorded.
    let likelihood = 1.0 - (-(size.max(1) as f64) / f64::from(INTERVAL)).exp();
    let (count, bytes) = (1.0 / likelihood, size as f64 / likelihood);
    if let Some(sums) = heap.table.sums(place) {
        sums.count += count;
        sums.bytes += bytes;
        sums.live_count += count;
        sums.live_bytes += bytes;
    }
    let sums = Sums {
        live_count: count,
        live_bytes: bytes,
        ..Sums::default()
    };
    heap.live.insert(address, Noted { place, sums });
    if let Some(counter) = counter(address) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

fn freed(block: *mut u8) {
    let address = block as usize;
    let noted = counter(address).is_some_and(|counter| counter.load(Ordering::Relaxed) > 0);
    if noted && !INSIDE.replace(true) {
        forget(address);
        INSIDE.set(false);
    }
}

#[cold]
fn forget(address: usize) {
    let mut recorder = recorder();
    let Some(heap) = recorder.as_mut() else { return };
    let Some(noted) = heap.live.remove(&address) else {
        return;
    };
    if let Some(sums) = heap.table.sums(noted.place) {
        sums.live_count -= noted.sums.live_count;
        sums.live_bytes -= noted.sums.live_bytes;
    }
    if let Some(counter) = counter(address) {
        counter.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Number of bytes to the next recorded object: exponentially distributed, so that no regular pattern of
/// allocations is over- or under-represented.
fn distance() -> i64 {
    let mut random = RANDOM.get();
    if random == 0 {
        // The seed differs for each thread.
        random = RANDOM.with(|place| std::ptr::from_ref(place) as u64) | 1;
    }
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    RANDOM.set(random);
    let fraction = ((random >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    (-fraction.ln() * f64::from(INTERVAL)) as i64
}
