//! The script engine: Luau behind a small interface that knows nothing of the chat.
//!
//! An [`Engine`] is one Lua state with the functions its embedder registers. Each of these gets the embedder's
//! host value `H` by `&mut` and the call's [`Arguments`], and answers with a [`Reply`] or a [`HostError`]; they
//! are ordinary safe Rust. What scripts do cannot harm the process: they have no file, process or network access,
//! a memory limit, a time limit (where a [`Watchdog`] is given) that holds inside library functions too, and a
//! panic in a host function becomes a Lua error.
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

/// What a host function does. `H` is the embedder's; nothing of the engine may be called from in here.
pub type HostFunction<H> = fn(&mut H, &Arguments<'_>) -> Result<Reply, HostError>;

/// How many bytes the host holds, of what scripts can make it hold. Its growth during a call of a script counts
/// towards the script's memory limit until the call ends.
pub type Held<H> = fn(&H) -> usize;

/// A function that scripts may call.
#[derive(Debug)]
pub struct Function<H: 'static> {
    /// The global table it is in, such as `u`; `""` makes it a global function.
    pub library: &'static str,
    /// Its name in there.
    pub name: &'static str,
    /// Parameters and results, for the documentation: `(con: Connection): string`. Only where it names a `table` can the
    /// body read tables in tables ([`Arguments::json`]).
    pub signature: &'static str,
    /// What it does, one sentence for the documentation.
    pub summary: &'static str,
    /// Its body.
    pub run: HostFunction<H>,
}

/// How much a script may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The time for one call; only where there is a [`Watchdog`].
    pub call: Duration,
    /// The time for each further call of a turn in which one has run out of time.
    pub repeat: Duration,
    /// The memory of the whole state in bytes.
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

/// What a new engine is made of.
#[derive(Debug)]
pub struct Options<'a, H: 'static> {
    /// The host functions.
    pub functions: &'a [&'static [Function<H>]],
    /// Numbers in global tables: library (such as `const`), name, value.
    pub constants: &'a [(&'a str, &'a str, f64)],
    /// What `require(name)` finds: name to source. A name has no `.lua` at its end.
    pub modules: &'a BTreeMap<String, String>,
    /// The limits.
    pub limits: Limits,
    /// Without one there is no time limit.
    pub watchdog: Option<&'a Watchdog>,
    /// Where `math.random` starts.
    pub seed: u64,
    /// The memory that the host holds for scripts.
    pub held: Held<H>,
    /// How it treats its scripts. An engine of a [`Program`] treats them as that says.
    pub manner: Manner,
}

/// What code may be bound to when it is loaded beside these functions.
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
    /// A table, converted from JSON by the rules of docs/lua.md. Anything but an object becomes
    /// an empty table. Elements of arrays that are `null` are left out, later ones move up.
    Json(&'a Tape),
}

/// One Lua state and what belongs to it. It stays on the thread it was made on.
///
/// Code is bound to the functions of the library and of the host when it is loaded, but for those that [`Manner`] names as
/// replaced (`u.send = ...`, `string.sub = ...`). These, `print`, `error`, `on_error`, everything in `const`, and every
/// global that scripts make themselves are looked up at each use.
///
/// After any error the engine can be called again; but what the script itself was in the middle of, it has not
/// finished.
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
    /// A state with the libraries, functions and constants of `options`; no script is in it yet.
    ///
    /// # Errors
    /// When the memory limit is too small even for this.
    pub fn new(options: &Options<'_, H>) -> Result<Self, ScriptError> {
        let sealed = sealed(options.functions, &options.manner);
        let modules = sealed.compile_all(options.modules);
        Self::with_modules(options, Arc::new(sealed), modules, options.manner.classic)
    }

    /// As [`Engine::new`], but `require` finds the modules of a program; those of `options` are not looked at.
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

    /// Compiles `source` and runs it as a main chunk, under the time limit of a call. `name` appears in messages
    /// (`main.lua:12: ...`).
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`] when it does not compile, and the others as for [`Engine::call`].
    pub fn load(&mut self, host: &mut H, name: &str, source: &str) -> Result<(), ScriptError> {
        let chunk = self.sealed.compile(name, source);
        self.run(host, &Request::Load(&chunk), Some(self.limits.call))
            .map(drop)
    }

    /// Runs the main chunk of a program, as [`Engine::load`] does with source.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn run_main(&mut self, host: &mut H, program: &Program) -> Result<(), ScriptError> {
        self.run(host, &Request::Load(&program.main), Some(self.limits.call))
            .map(drop)
    }

    /// Whether the global table `table` has a function `name` now; with an empty `table`, whether that global is a
    /// function. Metatables do not count. [`Engine::call`] answers [`ErrorKind::Missing`] by itself, so a command
    /// needs no question first.
    pub fn has(&self, table: &str, name: &str) -> bool {
        matches!(
            self.state.run(&Request::Has { table, name }),
            Ok(Outcome::Boolean(true))
        )
    }

    /// Calls the function `name` of the global table `table` (or the global function `name`, where `table` is
    /// empty) and returns the number it returned; `None` when it returned anything else.
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

    /// As [`Engine::call`], without a time limit.
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

    /// A new turn of the embedder's loop: the full time limit holds again.
    pub fn new_turn(&mut self) {
        self.timed_out = false;
    }

    /// Puts other limits in force, from the next call on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
        self.state.limit_memory(limits.memory);
    }

    /// Whether the time limits hold from now on; at first they do.
    pub fn limit_time(&mut self, is_limited: bool) {
        self.is_limited = is_limited;
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Whether the scripts are treated as the classic server treated its own.
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
