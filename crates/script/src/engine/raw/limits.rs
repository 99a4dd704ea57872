//! Memory and time limits: the allocator with its limit, and the interrupt that the watchdog triggers.

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use mlua::ffi;

/// Luau expects blocks aligned for any of its types.
const ALIGNMENT: usize = 16;

/// The account of a state's memory, in bytes. Memory that the host allocates for the script counts as well:
/// during a host function the copies of its arguments ([`Memory::charge`]), and until the end of the script's
/// call the growth of the host's held memory since its start ([`Memory::settle`]).
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) used: Cell<usize>,
    pub(super) limit: Cell<usize>,
    /// The memory held by the host at the start of the call, in bytes.
    held_before: Cell<usize>,
    /// Number of host functions since the host's held memory was last read.
    unsettled: Cell<u32>,
    /// The host has exceeded the limit in this call. Its functions do not run any more, even if the script
    /// catches the error.
    exhausted: Cell<bool>,
}

/// Maximum number of host functions with small arguments between two readings of the host's held memory.
const UNSETTLED_MAX: u32 = 16;

impl Default for Memory {
    fn default() -> Self {
        Self {
            used: Cell::new(0),
            limit: Cell::new(usize::MAX),
            held_before: Cell::new(0),
            unsettled: Cell::new(0),
            exhausted: Cell::new(false),
        }
    }
}

impl Memory {
    /// Starts a call of the script.
    pub(super) fn begin(&self, held: usize) {
        self.held_before.set(held);
        self.unsettled.set(0);
        self.exhausted.set(false);
    }

    /// Whether a host function may run.
    pub(super) fn admit(&self) -> Result<(), &'static str> {
        match self.exhausted.get() {
            true => Err(NO_MEMORY),
            false => Ok(()),
        }
    }

    /// Charges memory that a host function needs until it ends.
    pub(super) fn charge(&self, bytes: usize) -> Result<(), &'static str> {
        let used = self.used.get().saturating_add(bytes);
        if used > self.limit.get() {
            return Err(NO_MEMORY);
        }
        self.used.set(used);
        Ok(())
    }

    /// Remaining number of bytes for the host.
    pub(super) fn left(&self) -> usize {
        self.limit.get().saturating_sub(self.used.get())
    }

    /// Ends a host function that began with `before` bytes in use. `held` returns the bytes that the host
    /// holds now.
    pub(super) fn settle(&self, before: usize, held: impl FnOnce() -> usize) -> Result<(), &'static str> {
        let is_much = self.used.replace(before) != before;
        let unsettled = self.unsettled.get() + 1;
        if !is_much && unsettled < UNSETTLED_MAX {
            self.unsettled.set(unsettled);
            return Ok(());
        }
        self.unsettled.set(0);
        let more = held().saturating_sub(self.held_before.get());
        if before.saturating_add(more) > self.limit.get() {
            self.exhausted.set(true);
            return Err(NO_MEMORY);
        }
        Ok(())
    }
}

/// Luau's own wording.
pub(super) const NO_MEMORY: &str = "not enough memory";

/// The allocator of a state; `data` is its [`Memory`]. It returns null beyond the limit, which Luau turns
/// into an error of the script.
pub(super) unsafe extern "C" fn allocate(
    data: *mut c_void,
    block: *mut c_void,
    old: usize,
    new: usize,
) -> *mut c_void {
    // SAFETY: Luau passes blocks of this allocator with their requested sizes.
    unsafe {
        let memory = &*data.cast::<Memory>();
        let used = memory.used.get();
        if new == 0 {
            if !block.is_null() {
                memory.used.set(used - old);
                dealloc(block.cast(), Layout::from_size_align_unchecked(old, ALIGNMENT));
            }
            return ptr::null_mut();
        }
        let old = if block.is_null() { 0 } else { old };
        let after = (used - old).saturating_add(new);
        if new > old && after > memory.limit.get() {
            return ptr::null_mut();
        }
        let Ok(layout) = Layout::from_size_align(new, ALIGNMENT) else {
            return ptr::null_mut();
        };
        let block = if block.is_null() {
            alloc(layout)
        } else {
            realloc(
                block.cast(),
                Layout::from_size_align_unchecked(old, ALIGNMENT),
                new,
            )
        };
        if !block.is_null() {
            memory.used.set(after);
        }
        block.cast()
    }
}

/// The watchdog's access to the state, while the state exists.
#[derive(Debug, Default)]
pub(in super::super) struct Trigger(Mutex<Callbacks>);

#[derive(Debug)]
struct Callbacks(*mut ffi::lua_Callbacks);

// SAFETY: only the interrupt slot behind the pointer is accessed, atomically, and only under the lock.
// `disconnect` takes the lock before the state is closed.
unsafe impl Send for Callbacks {}

impl Default for Callbacks {
    fn default() -> Self {
        Self(ptr::null_mut())
    }
}

impl Trigger {
    /// `callbacks` must stay valid until `disconnect`.
    pub(super) unsafe fn connect(&self, callbacks: *mut ffi::lua_Callbacks) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = callbacks;
    }

    pub(super) fn disconnect(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = ptr::null_mut();
    }

    /// Makes the state call [`interrupt`] at its next safe point.
    pub(in super::super) fn fire(&self) {
        let callbacks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !callbacks.0.is_null() {
            // SAFETY: connected, so the pointer is valid; Luau allows this store from any thread.
            unsafe { slot(callbacks.0).store(interrupt as *mut c_void, Ordering::Release) };
        }
    }
}

unsafe fn slot<'a>(callbacks: *mut ffi::lua_Callbacks) -> &'a AtomicPtr<c_void> {
    // SAFETY: an optional function pointer is a nullable pointer.
    unsafe { AtomicPtr::from_ptr((&raw mut (*callbacks).interrupt).cast()) }
}

pub(super) unsafe fn clear(callbacks: *mut ffi::lua_Callbacks) {
    unsafe { slot(callbacks) }.store(ptr::null_mut(), Ordering::Release);
}

/// Runs a pending interrupt; for functions that a loop in the C library may call, where Luau does not check.
pub(super) unsafe fn poll(lua: *mut ffi::lua_State, callbacks: *mut ffi::lua_Callbacks) {
    unsafe {
        if !slot(callbacks).load(Ordering::Relaxed).is_null() {
            interrupt(lua, -1);
        }
    }
}

pub(super) const STOPPED: &str = "the script took too long and was stopped";

unsafe fn runs_lua(lua: *mut ffi::lua_State) -> bool {
    // SAFETY: zero is valid for the plain fields of the struct, of which only the line is read.
    unsafe {
        let mut info: ffi::lua_Debug = std::mem::zeroed();
        ffi::lua_getinfo(lua, 0, c"l".as_ptr(), &raw mut info) != 0 && info.currentline > 0
    }
}

unsafe extern "C-unwind" fn interrupt(lua: *mut ffi::lua_State, collecting: c_int) {
    // An error must not interrupt the garbage collector.
    if collecting >= 0 {
        return;
    }
    unsafe {
        let shared = super::shared_of(lua);
        if shared.alarm.as_ref().is_some_and(|alarm| alarm.expired()) {
            ffi::lua_rawcheckstack(lua, 4);
            // The script's function is the innermost one, or the caller of the C function that checked.
            ffi::luaL_where(lua, c_int::from(!runs_lua(lua)));
            ffi::lua_pushlstring_(lua, STOPPED.as_ptr().cast(), STOPPED.len());
            ffi::lua_concat(lua, 2);
            ffi::lua_error(lua);
        }
        if let Some(alarm) = shared.alarm.as_ref().filter(|alarm| alarm.wants_sample()) {
            alarm.sampler.add(super::report::stack(lua));
        }
        clear(shared.callbacks.get());
    }
}
