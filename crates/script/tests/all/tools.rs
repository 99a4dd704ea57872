//! The generated definitions and reference equal those in the repository, and their source tables are
//! consistent.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeSet;
use std::path::Path;

use fchatd_script::engine::{Arguments, Engine, Function, HostError, Options, Reply};
use fchatd_script::host::LIBRARIES;
use fchatd_script::tools::definitions::definitions;
use fchatd_script::tools::interface::{GLOBALS, LIBRARY_NAMES, functions};
use fchatd_script::tools::luau::{FUNCTIONS, LIBRARIES as LUAU};
use fchatd_script::tools::reference::reference;
use fchatd_script::tools::types::Signature;

fn is_in_the_repository(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == expected,
        "{file} is old: run this test with UPDATE_REFERENCE=1"
    );
}

#[test]
fn the_definitions_are_the_ones_in_the_repository() {
    is_in_the_repository("script/definitions.d.luau", &definitions());
}

#[test]
fn the_reference_is_the_one_in_the_documentation() {
    is_in_the_repository("docs/lua.md", &reference());
}

#[test]
fn every_signature_can_be_read() {
    for entry in functions() {
        if let Err(error) = Signature::parse(entry.signature) {
            panic!("{}.{}: {error}", entry.library, entry.name);
        }
        assert!(
            entry.summary.ends_with('.'),
            "{}.{}: a sentence",
            entry.library,
            entry.name
        );
        assert!(
            !entry.summary.contains('\n'),
            "{}.{}: one line",
            entry.library,
            entry.name
        );
    }
}

#[test]
fn no_function_is_left_out_or_there_twice() {
    let documented: Vec<_> = functions()
        .iter()
        .map(|entry| (entry.library, entry.name))
        .collect();
    let unique: BTreeSet<_> = documented.iter().collect();
    assert_eq!(unique.len(), documented.len());
    for function in LIBRARIES.iter().flat_map(|functions| functions.iter()) {
        assert!(
            unique.contains(&(function.library, function.name)),
            "{}.{}: its library is not in LIBRARY_NAMES",
            function.library,
            function.name
        );
    }
    let page = reference();
    let file = definitions();
    for (library, name) in documented {
        assert!(page.contains(&format!("`{library}.{name}(")), "{library}.{name}");
        assert!(file.contains(&format!("    {name}: (")), "{library}.{name}");
    }
}

/// The checker's known names equal those of a real state.
#[test]
fn the_libraries_of_luau_are_listed_as_they_are() {
    fn note(names: &mut BTreeSet<String>, arguments: &Arguments<'_>) -> Result<Reply, HostError> {
        names.insert(arguments.text(1)?.into_owned());
        Ok(Reply::None)
    }
    static NOTE: &[Function<BTreeSet<String>>] = &[Function {
        library: "",
        name: "note",
        signature: "(name: string)",
        summary: "Notes it.",
        run: note,
    }];
    let mut there = BTreeSet::new();
    let mut engine = Engine::new(&Options {
        functions: &[NOTE],
        ..Options::default()
    })
    .unwrap();
    let walk = "for name, value in pairs(_G) do
        if type(value) == 'table' and name ~= '_G' then
            for field in pairs(value) do note(name .. '.' .. tostring(field)) end
        else
            note(name)
        end
    end";
    engine.load(&mut there, "walk.lua", walk).unwrap();
    let libraries = LUAU
        .iter()
        .flat_map(|(library, fields)| fields.iter().map(move |field| format!("{library}.{field}")));
    let known: BTreeSet<String> = FUNCTIONS
        .iter()
        .map(ToString::to_string)
        .chain(libraries)
        .collect();
    let own = ["note", "_G", "_VERSION", "on_error"].map(str::to_owned);
    there.retain(|name| !own.contains(name));
    let missing: Vec<_> = there.difference(&known).collect();
    assert!(missing.is_empty(), "not listed: {missing:?}");
    let invented: Vec<_> = known.difference(&there).collect();
    assert!(invented.is_empty(), "listed, but not there: {invented:?}");
}

#[test]
fn names_of_libraries_and_globals_do_not_clash() {
    let names: BTreeSet<_> = LIBRARY_NAMES
        .iter()
        .map(|library| library.0)
        .chain(GLOBALS.iter().map(|global| global.0))
        .collect();
    assert_eq!(names.len(), LIBRARY_NAMES.len() + GLOBALS.len());
}
