//! Programs that are compiled on one thread and run on another, and their samples.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use fchatd_script::engine::{Engine, ErrorKind, Limits, Manner, Options, Program, Watchdog};

fn compiled(main: &str, modules: &[(&str, &str)]) -> Program {
    let modules: BTreeMap<String, String> = modules
        .iter()
        .map(|&(name, source)| (name.to_owned(), source.to_owned()))
        .collect();
    let main = main.to_owned();
    thread::spawn(move || Program::compile::<()>(&[], "main.lua", &main, &modules, &Manner::default()))
        .join()
        .unwrap()
}

#[test]
fn a_program_runs_as_often_as_one_likes() {
    let program = compiled(
        "event = {} local part = require('part') function event.GET() part.count += 1 return part.count end",
        &[("part", "return { count = 0 }"), ("unused", "this is no Lua")],
    );
    let start = || {
        let mut engine = Engine::of(&program, &Options::default()).unwrap();
        engine.run_main(&mut (), &program).unwrap();
        engine
    };
    let (mut first, mut second) = (start(), start());
    let get = |engine: &mut Engine<()>| engine.call(&mut (), "event", "GET", &[]).unwrap();
    assert_eq!((get(&mut first), get(&mut first)), (Some(1.0), Some(2.0)));
    assert_eq!(get(&mut second), Some(1.0), "each has its own state");
}

#[test]
fn a_mistake_comes_out_when_it_is_loaded() {
    for (main, modules, place) in [
        ("\nlocal = 5", &[][..], "main.lua:2: "),
        (
            "require('part')",
            &[("part", "\n\nlocal = 5")][..],
            "part.lua:3: ",
        ),
    ] {
        let program = compiled(main, modules);
        let mut engine = Engine::of(&program, &Options::default()).unwrap();
        let error = engine.run_main(&mut (), &program).unwrap_err();
        assert!(error.message.contains(place), "{error}");
    }
}

#[test]
fn scripts_are_sampled_on_demand() {
    let watchdog = Watchdog::start().unwrap();
    let limits = Limits {
        call: Duration::from_secs(60),
        repeat: Duration::from_secs(60),
        ..Limits::default()
    };
    let options = Options {
        watchdog: Some(&watchdog),
        limits,
        ..Options::default()
    };
    let mut engine = Engine::new(&options).unwrap();
    let source = "function inner() local n = 0 for i = 1, 100000 do n += i end return n end
        function outer() return inner() + inner() end
        function quick() return 1 end";
    engine.load(&mut (), "main.lua", source).unwrap();
    engine.call_global(&mut (), "outer").unwrap();
    assert!(watchdog.stop_sampling().stacks.is_empty(), "nobody wanted any");

    watchdog.start_sampling();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(500) {
        engine.call_global(&mut (), "outer").unwrap();
    }
    let samples = watchdog.stop_sampling();
    let count: u64 = samples.stacks.values().sum();
    assert!(count > 5, "{samples:?}");
    let inner: u64 = samples
        .stacks
        .iter()
        .filter(|(stack, _)| {
            let names: Vec<_> = stack.iter().map(|call| call.function.as_str()).collect();
            names.starts_with(&["inner", "outer"])
                && stack
                    .iter()
                    .take(2)
                    .all(|call| call.file == "main.lua" && call.line > 0)
        })
        .map(|(_, count)| count)
        .sum();
    assert!(inner * 10 > count * 8, "it does nothing else: {samples:?}");
    // A profile affects neither a time limit nor later calls.
    watchdog.start_sampling();
    let short = Limits {
        call: Duration::from_millis(50),
        ..limits
    };
    let mut limited = Engine::<()>::new(&Options {
        limits: short,
        ..options
    })
    .unwrap();
    limited
        .load(&mut (), "main.lua", "function loop() while true do end end")
        .unwrap();
    let error = limited.call_global(&mut (), "loop").unwrap_err();
    assert_eq!(error.kind, ErrorKind::TimeLimit);
    watchdog.stop_sampling();
    assert_eq!(engine.call_global(&mut (), "quick").unwrap(), Some(1.0));
}
