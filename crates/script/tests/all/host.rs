//! Every host function: one valid call, and a call with each wrong argument.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail"
)]

use std::net::IpAddr;

use fchatd_protocol::exchange::{ConnectionId, Request};
use fchatd_script::engine::{Argument, Engine, Limits};
use fchatd_script::host::{self, LIBRARIES, MARK, Scripts, channel_handle, connection_handle};
use fchatd_world::{ConnectionKey, Kind, Now, Settings, World};

const RIGHTLY: &str = include_str!("host_rightly.lua");

fn world() -> (World, ConnectionKey, ConnectionKey) {
    let now = Now {
        monotonic: 5_000,
        unix: 1_000_000,
    };
    let mut world = World::new(Settings::default(), now, [1; 32]);
    let mut online = |slot: u32, name: &str| {
        let id = ConnectionId {
            edge: 0,
            slot,
            generation: 0,
        };
        let key = world.open(id, IpAddr::from([127, 0, 0, 1])).unwrap();
        assert!(world.identify(key, name));
        key
    };
    let (ada, bob) = (online(1, "Ada"), online(2, "Bob"));
    (world, ada, bob)
}

fn engine(world: &mut World, main: &str) -> Engine<World> {
    let scripts = Scripts {
        main: format!("{MARK}\n{main}"),
        ..Scripts::default()
    };
    host::start(world, &host::compile(&scripts), Limits::default(), None, 3).expect("the script loads")
}

#[test]
fn every_function_is_used_rightly() {
    let (mut world, ada, bob) = world();
    world.chat_log = true;
    let mut engine = engine(&mut world, RIGHTLY);
    let arguments = [Argument::Handle(connection_handle(ada))];
    let result = engine.call(&mut world, "event", "RIGHTLY", &arguments);
    assert_eq!(result.unwrap(), Some(77.0));

    assert!(
        !world.connection(bob).unwrap().is_identified(),
        "closef acts at once"
    );
    assert_eq!(world.take_closing(), [ada], "close acts when the call has ended");
    let requests = &world.outputs.requests;
    assert!(requests.contains(&Request::Reload { save: true }));
    let count = |wanted: fn(&Request) -> bool| requests.iter().filter(|request| wanted(request)).count();
    assert_eq!(count(|request| matches!(request, Request::Log(_))), 4);
    assert_eq!(count(|request| matches!(request, Request::Action(_))), 1);
    assert_eq!(count(|request| matches!(request, Request::HttpGet { .. })), 1);
    assert_eq!(count(|request| matches!(request, Request::HttpPost { .. })), 1);
    let ignores = count(|request| matches!(request, Request::Ignores { account: 7, .. }));
    assert_eq!(
        ignores, 2,
        "the first list is only learned, later ones are changes"
    );
}

#[test]
fn no_function_is_forgotten() {
    for function in LIBRARIES.iter().copied().flatten() {
        let use_of = format!("{}.{}(", function.library, function.name);
        assert!(
            RIGHTLY.contains(&use_of),
            "{use_of} is not used in host_rightly.lua"
        );
        assert!(function.signature.starts_with('('), "{}", function.name);
        assert!(function.summary.ends_with('.'), "{}", function.name);
    }
}

/// Calls every function with valid arguments up to some position and one of a wrong type at the next
/// position. The types are read from the signatures. So a signature that promises more than the body checks
/// is detected here.
#[test]
fn every_function_refuses_wrong_types() {
    let (mut world, ada, _) = world();
    let garden = world.create_channel("Garden", "Garden", Kind::Public).unwrap();
    let room = world.create_room(ada, "Room").unwrap();
    let handles = [
        Argument::Handle(connection_handle(ada)),
        Argument::Handle(channel_handle(room)),
        Argument::Handle(channel_handle(garden)),
    ];
    let mut probes = String::new();
    for function in LIBRARIES.iter().copied().flatten() {
        let name = format!("{}.{}", function.library, function.name);
        let parameters = parameters(function.signature);
        let good: Vec<String> = parameters.iter().map(|(_, kind)| good_value(kind)).collect();
        for (index, (parameter, kind)) in parameters.iter().enumerate() {
            for bad in bad_values(kind) {
                let mut arguments = good[..index].to_vec();
                arguments.push((*bad).to_owned());
                probes.push_str(&format!(
                    "if pcall({name}, {}) then wrong('{name} takes {} as {parameter}') end\n",
                    arguments.join(", "),
                    bad.replace('\'', "\"")
                ));
            }
            if !kind.ends_with('?') && *kind != "boolean" {
                probes.push_str(&format!(
                    "if pcall({name}{}) then wrong('{name} misses no {parameter}') end\n",
                    good[..index]
                        .iter()
                        .map(|value| format!(", {value}"))
                        .collect::<String>()
                ));
            }
        }
    }
    probes.push_str(
        "c.destroyChannel('garden') if pcall(c.getName, stale) then wrong('a stale channel is taken') end\n",
    );
    let script = format!(
        "local all = ''\nlocal function wrong(text) all = all .. text .. '; ' end\n\
         function event.PROBE(con, chan, stale)\n{probes}if all ~= '' then error(all) end return 1\nend"
    );
    let mut engine = engine(&mut world, &script);
    let result = engine.call(&mut world, "event", "PROBE", &handles);
    assert_eq!(result.unwrap(), Some(1.0));
}

/// Names and types of the parameters in a signature such as `(con: Connection, text: string?): number`.
fn parameters(signature: &str) -> Vec<(&str, &str)> {
    let mut depth = 0;
    let end = signature
        .char_indices()
        .find(|&(_, character)| {
            depth += i32::from(character == '(') - i32::from(character == ')');
            depth == 0
        })
        .map_or(0, |(at, _)| at);
    let mut parts = Vec::new();
    let (mut start, mut depth) = (1, 0);
    for (at, character) in signature[..end].char_indices().skip(1) {
        match character {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&signature[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&signature[start..end]);
    parts
        .into_iter()
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            let (name, kind) = part.split_once(':').unwrap();
            (name.trim(), kind.trim())
        })
        .collect()
}

fn good_value(kind: &str) -> String {
    match kind.trim_end_matches('?') {
        "Connection" | "Connection|string" | "(Connection|string)" | "Connection|number" => "con".to_owned(),
        "Channel" => "chan".to_owned(),
        "string" | "any" => "'text'".to_owned(),
        "number" => "1".to_owned(),
        "boolean" => "true".to_owned(),
        "table" | "{string}" | "{number}" | "{[string]: string}" => "{}".to_owned(),
        "\"both\"|\"ads\"|\"chat\"" => "'chat'".to_owned(),
        nature if nature.starts_with("{talk: ") => "{}".to_owned(),
        other => panic!("{other} is a type that this test does not know"),
    }
}

fn bad_values(kind: &str) -> &'static [&'static str] {
    match kind.trim_end_matches('?') {
        "Connection" | "Channel" => &["0", "-1", "0/0", "1e300", "1.5", "'x'", "true", "{}", "print"],
        "Connection|number" => &["'x'", "true", "{}", "print"],
        "Connection|string" | "(Connection|string)" | "string" => &["true", "{}", "print"],
        "number" => &["'x'", "true", "{}", "print"],
        "table" => &["'x'", "1", "true", "print"],
        "{string}" => &["'x'", "1", "true", "print", "{{}}", "{true}"],
        "{number}" => &["'x'", "1", "true", "print", "{{}}", "{'x'}"],
        "{[string]: string}" => &["'x'", "1", "true", "print", "{a = {}}"],
        "\"both\"|\"ads\"|\"chat\"" => &["'x'", "{}", "true"],
        nature if nature.starts_with("{talk: ") => {
            &["'x'", "1", "true", "print", "{talk = {}}", "{talk = 1}"]
        }
        // Some functions accept any value as a truth value, as Lua does.
        _ => &[],
    }
}

#[test]
fn invitations_are_for_private_rooms() {
    let (mut world, ada, _) = world();
    let garden = world.create_channel("Garden", "Garden", Kind::Public).unwrap();
    let script = "function event.T(con, chan)
        for _, name in ipairs({'invite', 'isInvited'}) do if pcall(c[name], chan, con) then error(name) end end
        if pcall(c.removeInvite, chan, 'x') then error('removeInvite') end
        return 1
    end";
    let mut engine = engine(&mut world, script);
    let arguments = [
        Argument::Handle(connection_handle(ada)),
        Argument::Handle(channel_handle(garden)),
    ];
    assert_eq!(
        engine.call(&mut world, "event", "T", &arguments).unwrap(),
        Some(1.0)
    );
}

/// The replacement applies to code in a module loaded before, in one loaded afterwards, and in a function
/// that was already called.
#[test]
fn a_replaced_function_is_heard_by_all_code() {
    let (mut world, ..) = world();
    for mark in ["", "--!fchatd"] {
        let before =
            "local before = {} function before.escape(text) return s.escapeHTML(text) end return before";
        let main = format!(
            "{mark}
            local before = require('before')
            assert(before.escape('<') == '&lt;')
            local original = s.escapeHTML
            s.escapeHTML = function(text) return '!' .. original(text) end
            local after = require('after')
            function event.T() return before.escape('<') == '!&lt;' and after('<') == '!&lt;' and 1 or 0 end"
        );
        let modules = [
            ("before", before),
            ("after", "return function(text) return s.escapeHTML(text) end"),
        ];
        let modules = modules.map(|(name, source)| (name.to_owned(), source.to_owned()));
        let scripts = Scripts {
            main,
            modules: modules.into(),
        };
        let mut engine =
            host::start(&mut world, &host::compile(&scripts), Limits::default(), None, 3).expect("it starts");
        assert_eq!(engine.call(&mut world, "event", "T", &[]).unwrap(), Some(1.0));
    }
}
