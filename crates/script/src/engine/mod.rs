//! The script engine: Luau behind a small interface that is independent of the chat.
//!
//! An [`Engine`] is one Lua state with the functions that its embedder registers. Each of these functions
//! gets the embedder's host value `H` by `&mut` and the call's [`Arguments`], and returns a [`Reply`] or a
//! [`HostError`]. They are ordinary safe Rust. Scripts cannot harm the process: they have no access to files,
//! processes or the network. They have a memory limit, and, with a [`Watchdog`], a time limit that also holds
//! inside library functions. A panic in a host function becomes a Lua error.
//!
//! ```
//! use fchatd_script::engine::{Argument, Arguments, Engine, Function, HostError, Options, Reply};
//!
//! fn greet(names: &mut Vec<String>, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
//!     names.push(arguments.text(1)?.into_owned());
//!     Ok(names.len().into())
//! }
//!
//! static FUNCTIONS: &[Function<Vec<String>>] = &[Function {
//!     library: "u",
//!     name: "greet",
//!     signature: "(name: string): number",
//!     summary: "Remembers the name.",
//!     run: greet,
//! }];
//!
//! let mut names = Vec::new();
//! let mut engine = Engine::new(&Options { functions: &[FUNCTIONS], ..Options::default() })?;
//! engine.load(&mut names, "main.lua", "event = {} function event.MSG(name) return u.greet(name) end")?;
//! assert_eq!(engine.call(&mut names, "event", "MSG", &[Argument::Text("Ada")])?, Some(1.0));
//! assert_eq!(names, ["Ada"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod globals;
mod program;
mod raw;
mod samples;
mod value;
mod watchdog;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use fchatd_protocol::json::read::Tape;

pub use error::{ErrorKind, ScriptError};
pub use program::{Manner, Program, Replaced};
pub use raw::Arguments;
pub use samples::{Call, Samples};
pub use value::{Handle, HostError, Kind, Reply, Value};
pub use watchdog::Watchdog;

use raw::{Chunk, Outcome, Request, Sealed, State};

/// The body of a host function. `H` is the embedder's type. The body must not call the engine.
pub type HostFunction<H> = fn(&mut H, &Arguments<'_>) -> Result<Reply, HostError>;

/// Returns the number of bytes that the host holds on behalf of scripts. Growth during a call of a script
/// counts towards the script's memory limit until the call ends.
pub type Held<H> = fn(&H) -> usize;

/// A function that scripts may call.
#[derive(Debug)]
pub struct Function<H: 'static> {
    /// The global table that contains it, such as `u`; `""` for a global function.
    pub library: &'static str,
    /// Its name in that table.
    pub name: &'static str,
    /// Parameters and results, for the documentation: `(con: Connection): string`. The body can read nested
    /// tables ([`Arguments::json`]) only if the signature contains `table`.
    pub signature: &'static str,
    /// A description in one sentence, for the documentation.
    pub summary: &'static str,
    /// Its body.
    pub run: HostFunction<H>,
}

/// The resource limits of a script.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The time limit of one call; only in force with a [`Watchdog`].
    pub call: Duration,
    /// The time limit of each further call in a turn after a call has exceeded its limit.
    pub repeat: Duration,
    /// The memory limit of the whole state, in bytes.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            call: Duration::from_millis(250),
            repeat: Duration::from_millis(50),
            memory: 64 << 20,
        }
    }
}

/// The parts of a new engine.
#[derive(Debug)]
pub struct Options<'a, H: 'static> {
    /// The host functions.
    pub functions: &'a [&'static [Function<H>]],
    /// Numbers in global tables: library (such as `const`), name, value.
    pub constants: &'a [(&'a str, &'a str, f64)],
    /// The modules for `require(name)`: name to source. A name has no `.lua` at its end.
    pub modules: &'a BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
    /// Without a watchdog there is no time limit.
    pub watchdog: Option<&'a Watchdog>,
    /// The seed of `math.random`.
    pub seed: u64,
    /// Returns the memory that the host holds for scripts.
    pub held: Held<H>,
    /// The treatment of scripts. For an engine of a [`Program`], that of the program applies instead.
    pub manner: Manner,
}

/// The names that code may be bound to at load time, given these functions.
fn sealed<H>(functions: &[&'static [Function<H>]], manner: &Manner) -> Sealed {
    let all = functions.iter().flat_map(|functions| functions.iter());
    let sealed = Sealed::new(all.map(|function| {
        if function.library.is_empty() {
            function.name
        } else {
            function.library
        }
    }));
    let sealed = if manner.classic {
        sealed.without_classic()
    } else {
        sealed
    };
    sealed.without(&manner.replaced)
}

static NO_MODULES: BTreeMap<String, String> = BTreeMap::new();

impl<H> Default for Options<'_, H> {
    fn default() -> Self {
        Self {
            functions: &[],
            constants: &[],
            modules: &NO_MODULES,
            limits: Limits::default(),
            watchdog: None,
            seed: 0,
            held: |_| 0,
            manner: Manner::default(),
        }
    }
}

/// An argument for a script function.
#[derive(Debug, Clone, Copy)]
pub enum Argument<'a> {
    /// `nil`
    Nil,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A handle.
    Handle(Handle),
    /// A string.
    Text(&'a str),
    /// A table, converted from JSON by the rules of docs/lua.md. Any value other than an object becomes an
    /// empty table. `null` elements of arrays are left out, and later elements move up.
    Json(&'a Tape),
}

/// One Lua state with its scripts. It stays on the thread that created it.
///
/// Code is bound to the library's and the host's functions at load time, except for those that [`Manner`]
/// lists as replaced (`u.send = ...`, `string.sub = ...`). These, `print`, `error`, `on_error`, everything in
/// `const`, and every global of the scripts themselves are looked up at each use.
///
/// The engine remains usable after any error. The script's interrupted work is not completed or undone.
#[derive(Debug)]
pub struct Engine<H: 'static> {
    state: State,
    sealed: Arc<Sealed>,
    limits: Limits,
    timed_out: bool,
    is_limited: bool,
    host: PhantomData<fn(&mut H)>,
}

impl<H: 'static> Engine<H> {
    /// A state with the libraries, functions and constants of `options`, and without a script.
    ///
    /// # Errors
    /// The memory limit is too small even for this.
    pub fn new(options: &Options<'_, H>) -> Result<Self, ScriptError> {
        let sealed = sealed(options.functions, &options.manner);
        let modules = sealed.compile_all(options.modules);
        Self::with_modules(options, Arc::new(sealed), modules, options.manner.classic)
    }

    /// Like [`Engine::new`], but `require` finds the modules of a program, and those of `options` are
    /// ignored.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn of(program: &Program, options: &Options<'_, H>) -> Result<Self, ScriptError> {
        Self::with_modules(
            options,
            Arc::clone(&program.sealed),
            Arc::clone(&program.modules),
            program.classic,
        )
    }

    fn with_modules(
        options: &Options<'_, H>,
        sealed: Arc<Sealed>,
        modules: Arc<[(String, Chunk)]>,
        classic: bool,
    ) -> Result<Self, ScriptError> {
        let mut state = State::new(modules, options.watchdog, options.limits, classic)?;
        state.open(
            options.functions,
            options.constants,
            &sealed,
            options.seed,
            options.held,
        )?;
        state.limit_memory(options.limits.memory);
        Ok(Self {
            state,
            sealed,
            limits: options.limits,
            timed_out: false,
            is_limited: true,
            host: PhantomData,
        })
    }

    /// Compiles `source` and runs it as a main chunk, under the time limit of a call. `name` is the file name
    /// in messages (`main.lua:12: ...`).
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] when it does not compile, and the others as for [`Engine::call`].
    pub fn load(&mut self, host: &mut H, name: &str, source: &str) -> Result<(), ScriptError> {
        let chunk = self.sealed.compile(name, source);
        self.run(host, &Request::Load(&chunk), Some(self.limits.call))
            .map(drop)
    }

    /// Runs the main chunk of a program, like [`Engine::load`] with its source.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn run_main(&mut self, host: &mut H, program: &Program) -> Result<(), ScriptError> {
        self.run(host, &Request::Load(&program.main), Some(self.limits.call))
            .map(drop)
    }

    /// Whether the global table `table` currently has a function `name`; with an empty `table`, whether that
    /// global is a function. Metatables are ignored. [`Engine::call`] returns [`ErrorKind::Missing`] for a
    /// missing function, so a command needs no check in advance.
    pub fn has(&self, table: &str, name: &str) -> bool {
        matches!(
            self.state.run(&Request::Has { table, name }),
            Ok(Outcome::Boolean(true))
        )
    }

    /// Calls the function `name` of the global table `table` (or the global function `name` if `table` is
    /// empty) and returns its numeric result; `None` for any other result.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] when there is no such function, [`ErrorKind::TimeLimit`] and
    /// [`ErrorKind::MemoryLimit`] when it was stopped, [`ErrorKind::Runtime`] for every other error.
    pub fn call(
        &mut self,
        host: &mut H,
        table: &str,
        name: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Option<f64>, ScriptError> {
        let limit = if self.timed_out {
            self.limits.repeat
        } else {
            self.limits.call
        };
        self.call_within(host, table, name, arguments, Some(limit))
    }

    /// Like [`Engine::call`], without a time limit.
    ///
    /// # Errors
    /// As [`Engine::call`].
    pub fn call_unlimited(
        &mut self,
        host: &mut H,
        table: &str,
        name: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Option<f64>, ScriptError> {
        self.call_within(host, table, name, arguments, None)
    }

    /// Calls the global function `name` without arguments, such as `chat_init`.
    ///
    /// # Errors
    /// As [`Engine::call`].
    pub fn call_global(&mut self, host: &mut H, name: &str) -> Result<Option<f64>, ScriptError> {
        self.call(host, "", name, &[])
    }

    /// Starts a new turn of the embedder's loop: the full time limit applies again.
    pub fn new_turn(&mut self) {
        self.timed_out = false;
    }

    /// Sets new limits for later calls.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.state.limit_memory(limits.memory);
    }

    /// Enables or disables the time limits; they are enabled at first.
    pub fn limit_time(&mut self, is_limited: bool) {
        self.is_limited = is_limited;
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether the scripts run in compatibility mode for the classic server.
    pub fn is_classic(&self) -> bool {
        self.state.is_classic()
    }

    /// The memory in use, in bytes.
    pub fn memory(&self) -> usize {
        self.state.memory()
    }

    /// Collects all garbage; takes some tenths of a millisecond in a state of usual size.
    pub fn collect(&mut self) {
        self.state.collect();
    }

    fn call_within(
        &mut self,
        host: &mut H,
        table: &str,
        name: &str,
        arguments: &[Argument<'_>],
        limit: Option<Duration>,
    ) -> Result<Option<f64>, ScriptError> {
        match self.run(
            host,
            &Request::Call {
                table,
                name,
                arguments,
            },
            limit,
        )? {
            Outcome::Number(number) => Ok(Some(number)),
            Outcome::Missing => Err(ScriptError::missing(table, name)),
            Outcome::Boolean(_) | Outcome::Other => Ok(None),
        }
    }

    fn run(
        &mut self,
        host: &mut H,
        request: &Request<'_>,
        limit: Option<Duration>,
    ) -> Result<Outcome, ScriptError> {
        let limit = limit.filter(|_| self.is_limited);
        let result = self.state.run_with(host, request, limit);
        self.timed_out |= self.state.timed_out();
        if result
            .as_ref()
            .is_err_and(|error| error.kind == ErrorKind::MemoryLimit)
        {
            self.state.collect();
        }
        result
    }
}
