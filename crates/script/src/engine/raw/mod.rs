//! The binding to Luau: the only place of this crate with `unsafe` code.
//!
//! Lua raises errors as C++ exceptions, which unwind through the Rust frames between the raising call and the
//! `lua_pcall` in [`State::run`]. The invariants that make this sound:
//!
//! 1. Every Lua API function that can raise (all that allocate or run code) is called below that one
//!    `lua_pcall`. [`State`] itself uses only functions that cannot raise: `lua_pushvalue`, `lua_settop`, the
//!    readers.
//! 2. Between `catch_unwind` and the body that it guards, nothing can raise: a C++ exception must not reach
//!    it. [`Arguments`] therefore reads without conversion in place, and the stack space that it needs exists in
//!    advance.
//! 3. A function that calls a raising function holds no value with a needed `Drop`. Exceptions are the reply
//!    of a host function and the chunk of `loadstring`, which unwinding frees like a return. They are `extern
//!    "C-unwind"` or plain Rust, never `extern "C"`.
//! 4. The host value is lent to Lua as a pointer for the duration of one [`State::run_with`]. The `&mut H`
//!    made of it lives only inside one host function, which cannot call Lua.
//! 5. [`Shared`] outlives the state, which refers to it by a pointer that is set once and that Luau never
//!    touches. All its fields are cells, used by one thread. Only the [`Alarm`] is shared with the watchdog
//!    thread.

#![expect(unsafe_code, reason = "the invariants are above")]

mod arguments;
mod compile;
mod json;
mod library;
mod limits;
mod push;
mod report;

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use mlua::ffi;

use super::error::{ErrorKind, ScriptError};
use super::watchdog::{Alarm, Watchdog};
use super::{Argument, Function, Limits};
use limits::Memory;

pub use arguments::Arguments;
pub(super) use compile::{Chunk, Sealed};
pub(super) use limits::Trigger;

/// Stack positions of the two functions that stay at the bottom of the state's stack.
const ENTRY: c_int = 1;
const HANDLER: c_int = 2;

/// The task of [`entry`] inside the protected call.
pub(super) enum Request<'a> {
    Call {
        table: &'a str,
        name: &'a str,
        arguments: &'a [Argument<'a>],
    },
    Load(&'a Chunk),
    Has {
        table: &'a str,
        name: &'a str,
    },
    Open(&'a dyn Fn(*mut ffi::lua_State)),
}

/// The result of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    Number(f64),
    Boolean(bool),
    Other,
    Missing,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Flag {
    None,
    Missing,
    Syntax,
}

/// The data of the Rust functions that Lua calls.
struct Shared {
    /// The host value during a call, otherwise null.
    host: Cell<*mut c_void>,
    /// A [`Request`] during a run, otherwise null.
    request: Cell<*const c_void>,
    flag: Cell<Flag>,
    timed_out: Cell<bool>,
    /// Whether `message` and `traceback` are about the error of this run.
    recorded: Cell<bool>,
    message: RefCell<String>,
    traceback: RefCell<String>,
    alarm: Option<Arc<Alarm>>,
    /// The scripts run in compatibility mode for the classic server.
    classic: bool,
    modules: Arc<[(String, Chunk)]>,
    memory: Memory,
    /// The function that returns the memory held by the host: a [`super::Held`] for the host's type.
    held: Cell<*const c_void>,
    callbacks: Cell<*mut ffi::lua_Callbacks>,
    /// The metatable that marks arrays inside arrays, so that empty ones differ from objects.
    array_metatable: Cell<*const c_void>,
    array_reference: Cell<c_int>,
}

impl Shared {
    /// The function that returns the memory held by the host; `None` before [`State::open`]. `H` must be the
    /// type that the state was opened for.
    unsafe fn held<H>(&self) -> Option<super::Held<H>> {
        // SAFETY: null, or the pointer stored by `open`; an optional function pointer is a nullable pointer.
        unsafe { std::mem::transmute::<*const c_void, Option<super::Held<H>>>(self.held.get()) }
    }
}

/// An owned Lua state.
#[derive(Debug)]
pub(super) struct State {
    lua: NonNull<ffi::lua_State>,
    shared: NonNull<Shared>,
}

impl State {
    pub(super) fn new(
        modules: Arc<[(String, Chunk)]>,
        watchdog: Option<&Watchdog>,
        limits: Limits,
        classic: bool,
    ) -> Result<Self, ScriptError> {
        let shared = Box::new(Shared {
            host: Cell::new(ptr::null_mut()),
            request: Cell::new(ptr::null()),
            flag: Cell::new(Flag::None),
            timed_out: Cell::new(false),
            recorded: Cell::new(false),
            message: RefCell::default(),
            traceback: RefCell::default(),
            alarm: watchdog.map(|watchdog| watchdog.alarm(limits.call.min(limits.repeat))),
            classic,
            modules,
            memory: Memory::default(),
            held: Cell::new(ptr::null()),
            callbacks: Cell::new(ptr::null_mut()),
            array_metatable: Cell::new(ptr::null()),
            array_reference: Cell::new(0),
        });
        let shared = NonNull::from(Box::leak(shared));
        // SAFETY: `shared` lives until `drop`, after the state is closed. No memory limit is set yet, so
        // these calls raise only when the system is out of memory, which ends the process.
        unsafe {
            let memory = ptr::from_ref(&shared.as_ref().memory).cast_mut().cast();
            let Some(lua) = NonNull::new(ffi::lua_newstate(limits::allocate, memory)) else {
                drop(Box::from_raw(shared.as_ptr()));
                return Err(ScriptError::new(
                    ErrorKind::MemoryLimit,
                    "no memory for a script state",
                ));
            };
            let callbacks = ffi::lua_callbacks(lua.as_ptr());
            (*callbacks).userdata = shared.as_ptr().cast();
            shared.as_ref().callbacks.set(callbacks);
            for function in [entry as ffi::lua_CFunction, report::handler] {
                ffi::lua_pushcclosurek(lua.as_ptr(), function, c"call".as_ptr(), 0, None);
            }
            if let Some(alarm) = &shared.as_ref().alarm {
                alarm.trigger.connect(callbacks);
            }
            Ok(Self { lua, shared })
        }
    }

    /// Fills the state: libraries, host functions, constants.
    pub(super) fn open<H: 'static>(
        &mut self,
        functions: &[&'static [Function<H>]],
        constants: &[(&str, &str, f64)],
        sealed: &Sealed,
        seed: u64,
        held: super::Held<H>,
    ) -> Result<(), ScriptError> {
        self.shared().held.set(held as *const c_void);
        let prelude = sealed.compile("library", super::globals::PRELUDE);
        let classic = self
            .shared()
            .classic
            .then(|| sealed.compile("library", super::globals::CLASSIC));
        let shared = self.shared;
        // SAFETY: `entry` calls this inside the protected call, with the state that `shared` belongs to.
        let open = |lua: *mut ffi::lua_State| unsafe {
            library::open(lua, shared.as_ref(), &prelude, seed);
            for functions in functions
                .iter()
                .copied()
                .chain([super::globals::functions::<H>()])
            {
                for function in functions {
                    push::register(lua, function);
                }
            }
            for &(table, name, value) in constants {
                library::constant(lua, table, name, value);
            }
            if let Some(classic) = &classic {
                library::run(lua, classic);
            }
            library::seal(lua);
        };
        self.run(&Request::Open(&open)).map(drop)
    }

    fn shared(&self) -> &Shared {
        // SAFETY: it lives as long as `self`, and no `&mut` of it exists.
        unsafe { self.shared.as_ref() }
    }

    pub(super) fn is_classic(&self) -> bool {
        self.shared().classic
    }

    pub(super) fn limit_memory(&self, bytes: usize) {
        self.shared().memory.limit.set(bytes);
    }

    pub(super) fn memory(&self) -> usize {
        self.shared().memory.used.get()
    }

    /// Whether the last run exceeded its time limit.
    pub(super) fn timed_out(&self) -> bool {
        self.shared().timed_out.get()
    }

    pub(super) fn collect(&mut self) {
        // To shrink, the collector may first allocate smaller blocks. With the limit in force this could
        // raise an error, outside any protected call.
        let limit = self.shared().memory.limit.replace(usize::MAX);
        // SAFETY: without a limit it does not raise.
        unsafe { ffi::lua_gc(self.lua.as_ptr(), ffi::LUA_GCCOLLECT, 0) };
        self.shared().memory.limit.set(limit);
    }

    /// Runs a request with a time limit; the host functions can access the host value.
    pub(super) fn run_with<H>(
        &mut self,
        host: &mut H,
        request: &Request<'_>,
        limit: Option<Duration>,
    ) -> Result<Outcome, ScriptError> {
        let shared = self.shared();
        // SAFETY: `open` stored a function for the same `H` there.
        shared
            .memory
            .begin(unsafe { shared.held::<H>() }.map_or(0, |held| held(host)));
        shared.host.set(ptr::from_mut(host).cast());
        if let (Some(alarm), Some(limit)) = (&shared.alarm, limit) {
            alarm.begin(limit);
        }
        let result = self.run(request);
        shared.host.set(ptr::null_mut());
        result
    }

    pub(super) fn run(&self, request: &Request<'_>) -> Result<Outcome, ScriptError> {
        let shared = self.shared();
        let lua = self.lua.as_ptr();
        shared.request.set(ptr::from_ref(request).cast());
        shared.flag.set(Flag::None);
        shared.recorded.set(false);
        // SAFETY: the two functions are at the bottom of the stack with free room above. `request` stays
        // valid until the protected call returns.
        let status = unsafe {
            ffi::lua_pushvalue(lua, ENTRY);
            ffi::lua_pcall(lua, 0, 1, HANDLER)
        };
        shared.request.set(ptr::null());
        shared
            .timed_out
            .set(shared.alarm.as_ref().is_some_and(|alarm| alarm.end()));
        if shared.timed_out.get() {
            // SAFETY: the callbacks belong to the state.
            unsafe { limits::clear(shared.callbacks.get()) };
        }
        let result = if status == ffi::LUA_OK {
            Ok(self.outcome())
        } else {
            Err(self.failure(status))
        };
        // SAFETY: shrinks the stack to the two functions.
        unsafe { ffi::lua_settop(lua, HANDLER) };
        result
    }

    fn outcome(&self) -> Outcome {
        let lua = self.lua.as_ptr();
        if self.shared().flag.get() == Flag::Missing {
            return Outcome::Missing;
        }
        // SAFETY: reads the result on top of the stack by its type; nothing is converted.
        unsafe {
            match ffi::lua_type(lua, -1) {
                ffi::LUA_TNUMBER => Outcome::Number(ffi::lua_tonumberx(lua, -1, ptr::null_mut())),
                ffi::LUA_TBOOLEAN => Outcome::Boolean(ffi::lua_toboolean(lua, -1) != 0),
                _ => Outcome::Other,
            }
        }
    }

    #[cold]
    fn failure(&self, status: c_int) -> ScriptError {
        let shared = self.shared();
        let (message, traceback) = if shared.recorded.get() {
            (shared.message.take(), shared.traceback.take())
        } else {
            // SAFETY: the error value is on top of the stack.
            (unsafe { report::describe(self.lua.as_ptr(), -1) }, String::new())
        };
        let kind = if shared.timed_out.get() {
            ErrorKind::TimeLimit
        } else if shared.flag.get() == Flag::Syntax {
            ErrorKind::Syntax
        } else if status == ffi::LUA_ERRMEM || message.ends_with(limits::NO_MEMORY) {
            ErrorKind::MemoryLimit
        } else {
            ErrorKind::Runtime
        };
        ScriptError {
            kind,
            message,
            traceback,
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: after `disconnect` the watchdog does not access the state any more, and closing it runs no
        // script. `shared` came from a box and has no other user.
        unsafe {
            if let Some(alarm) = &self.shared().alarm {
                alarm.trigger.disconnect();
            }
            ffi::lua_close(self.lua.as_ptr());
            drop(Box::from_raw(self.shared.as_ptr()));
        }
    }
}

/// The [`Shared`] of a state.
unsafe fn shared_of<'a>(lua: *mut ffi::lua_State) -> &'a Shared {
    unsafe { &*(*ffi::lua_callbacks(lua)).userdata.cast::<Shared>() }
}

unsafe extern "C-unwind" fn entry(lua: *mut ffi::lua_State) -> c_int {
    unsafe {
        let shared = shared_of(lua);
        match &*shared.request.get().cast::<Request<'_>>() {
            Request::Call {
                table,
                name,
                arguments,
            } => {
                // Room for the arguments, and for tables of the reader's maximum depth.
                push::room(lua, push::STACK + arguments.len() as c_int);
                if !push::function(lua, table, name) {
                    shared.flag.set(Flag::Missing);
                    return 0;
                }
                for argument in *arguments {
                    push::argument(lua, shared, argument);
                }
                ffi::lua_call(lua, arguments.len() as c_int, 1);
                1
            }
            Request::Load(chunk) => {
                if !library::load(lua, chunk) {
                    shared.flag.set(Flag::Syntax);
                    ffi::lua_error(lua);
                }
                ffi::lua_call(lua, 0, 0);
                0
            }
            Request::Has { table, name } => {
                let found = push::raw_function(lua, table, name);
                ffi::lua_pushboolean(lua, c_int::from(found));
                1
            }
            Request::Open(open) => {
                open(lua);
                0
            }
        }
    }
}
