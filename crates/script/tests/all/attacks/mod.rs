//! Scripts that try to crash or block the process. Each must end soon, by itself or stopped, and the engine
//! must remain usable.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod list;

use std::sync::OnceLock;
use std::time::Duration;

use fchatd_script::engine::{
    Arguments, Engine, ErrorKind, Function, HostError, Limits, Options, Reply, Value, Watchdog,
};
use rustix::time::{ClockId, clock_gettime};

use list::ATTACKS;
use list::End::*;

#[derive(Default)]
struct Host {
    calls: u64,
    /// Texts that scripts have stored in the host.
    kept: Vec<String>,
    bytes: usize,
    /// The size of the largest copied list.
    largest: usize,
}

/// Stores its argument.
fn keep(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let text = arguments.text(1)?.into_owned();
    host.bytes += text.len() + size_of::<String>();
    host.kept.push(text);
    Ok(Reply::None)
}

/// Copies a list.
fn copy(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let size: usize = if arguments.is_table(1) {
        let items = arguments.text_list(1)?;
        items.iter().map(|item| item.len() + size_of::<String>()).sum()
    } else {
        let entries = arguments.entries(2)?;
        entries.iter().map(|(key, value)| key.len() + value.len()).sum()
    };
    host.largest = host.largest.max(size);
    Ok(Reply::None)
}

fn name(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    host.calls += 1;
    if arguments.number(1)? == 7.0 {
        Ok("Ada".into())
    } else {
        Err("no such connection".into())
    }
}

fn big(_: &mut Host, _: &Arguments<'_>) -> Result<Reply, HostError> {
    Ok((0..100_000)
        .map(|index| Value::Owned(format!("member {index}")))
        .collect::<Value>()
        .into())
}

fn encode(host: &mut Host, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
    let mut out = Vec::new();
    let written = arguments.json(1, &mut out);
    host.largest = host.largest.max(out.capacity());
    written?;
    Ok(String::from_utf8_lossy(&out).into_owned().into())
}

static FUNCTIONS: &[Function<Host>] = &[
    Function {
        library: "u",
        name: "getName",
        signature: "(con: Connection): string",
        summary: "",
        run: name,
    },
    Function {
        library: "u",
        name: "big",
        signature: "(): table",
        summary: "",
        run: big,
    },
    Function {
        library: "u",
        name: "keep",
        signature: "(text: string)",
        summary: "",
        run: keep,
    },
    Function {
        library: "u",
        name: "copy",
        signature: "(list: {string}?, entries: {[string]: string}?)",
        summary: "",
        run: copy,
    },
    Function {
        library: "s",
        name: "toJSON",
        signature: "(value: table): string",
        summary: "",
        run: encode,
    },
];

const LIMITS: Limits = Limits {
    call: Duration::from_millis(100),
    repeat: Duration::from_millis(50),
    memory: 64 << 20,
};

fn engine() -> Engine<Host> {
    engine_with(LIMITS)
}

fn engine_with(limits: Limits) -> Engine<Host> {
    static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();
    let watchdog = WATCHDOG.get_or_init(|| Watchdog::start().unwrap());
    Engine::new(&Options {
        functions: &[FUNCTIONS],
        limits,
        watchdog: Some(watchdog),
        held: |host| host.bytes,
        ..Options::default()
    })
    .unwrap()
}

/// The processor time of this thread, which does not depend on the machine's load.
fn used() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[test]
fn attacks_end_within_a_second() {
    let mut failures = Vec::new();
    for &(name, expected, source) in ATTACKS {
        // An attack with another end must not be stopped for its time just because the machine is busy.
        let call = match expected {
            Time | Stopped => LIMITS.call,
            _ => Duration::from_secs(60),
        };
        let mut engine = engine_with(Limits { call, ..LIMITS });
        let mut host = Host::default();
        let source =
            format!("event = {{}} function event.ATT() {source}\nend function event.OK() return 5 end");
        engine
            .load(&mut host, name, &source)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let start = used();
        let result = engine.call(&mut host, "event", "ATT", &[]);
        let took = used() - start;
        let end = match &result {
            Ok(_) => Done,
            Err(error) => match error.kind {
                ErrorKind::TimeLimit => Time,
                ErrorKind::MemoryLimit => Memory,
                _ => Error,
            },
        };
        let fits = end == expected || (expected == Stopped && end != Done);
        if !fits || took > Duration::from_secs(1) {
            failures.push(format!(
                "{name}: {end:?} instead of {expected:?} after {took:?}: {result:?}"
            ));
        }
        if host.bytes > 2 * LIMITS.memory || host.largest > 2 * LIMITS.memory {
            failures.push(format!(
                "{name}: the host kept {} bytes and copied {}",
                host.bytes, host.largest
            ));
        }
        if let Err(error) = &result
            && error.message.len() + error.traceback.len() > 64 << 10
        {
            failures.push(format!("{name}: a message of {} bytes", error.message.len()));
        }
        engine.new_turn();
        match engine.call(&mut host, "event", "OK", &[]) {
            Ok(Some(5.0)) => {}
            other => failures.push(format!("{name}: unusable afterwards: {other:?}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// One engine survives all attacks, one after the other.
#[test]
fn an_engine_survives_many_attacks() {
    let mut engine = engine();
    let mut host = Host::default();
    for (name, _, source) in ATTACKS
        .iter()
        .filter(|attack| matches!(attack.1, Time | Memory))
        .take(20)
    {
        let source = format!("event = {{ATT = function() {source}\nend, OK = function() return 5 end}}");
        engine.load(&mut host, name, &source).unwrap();
        assert!(engine.call(&mut host, "event", "ATT", &[]).is_err(), "{name}");
        assert_eq!(
            engine.call(&mut host, "event", "OK", &[]).unwrap(),
            Some(5.0),
            "{name}"
        );
    }
}

/// Garbage collection of a full state, where the collector's own allocations would be refused.
#[test]
fn a_full_state_can_be_collected() {
    let mut engine = engine();
    let mut host = Host::default();
    let source = "kept = {} for i = 1, 2e5 do kept[i] = i .. 'x' end kept = {}
        while true do kept[#kept + 1] = buffer.create(1000) end";
    let error = engine.load(&mut host, "main.lua", source).unwrap_err();
    assert_ne!(error.kind, ErrorKind::Runtime, "{error}");
    engine.collect();
    assert!(engine.memory() > 1 << 20);
    engine.load(&mut host, "main.lua", "kept = nil").unwrap();
    engine.collect();
    assert!(engine.memory() < 1 << 20, "{} bytes", engine.memory());
}

#[test]
fn a_main_chunk_is_limited_too() {
    let error = engine()
        .load(&mut Host::default(), "main.lua", "while true do end")
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimeLimit);
    assert!(error.message.starts_with("main.lua:1: "), "{error}");
}

#[test]
fn after_a_time_out_the_rest_of_the_turn_gets_less() {
    let mut engine = engine();
    let mut host = Host::default();
    engine
        .load(
            &mut host,
            "main.lua",
            "function loop() while true do u.getName(7) end end",
        )
        .unwrap();
    let mut calls = || {
        let before = host.calls;
        assert_eq!(
            engine.call_global(&mut host, "loop").unwrap_err().kind,
            ErrorKind::TimeLimit
        );
        host.calls - before
    };
    assert!(calls() > 0);
    assert!(calls() > 0);
    engine.new_turn();
    assert!(
        !engine
            .call_global(&mut host, "loop")
            .unwrap_err()
            .traceback
            .is_empty()
    );
}

/// A call without a limit may take longer than the limit.
#[test]
fn a_call_without_limit() {
    let mut engine = engine();
    let mut host = Host::default();
    engine
        .load(
            &mut host,
            "main.lua",
            "function work() for i = 1, 100000000 do end return 1 end",
        )
        .unwrap();
    assert_eq!(
        engine.call_unlimited(&mut host, "", "work", &[]).unwrap(),
        Some(1.0)
    );
}
