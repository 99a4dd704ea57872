//! `fchatd check`, `fchatd test` and `fchatd script` as a user of the command line sees them.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;
use std::process::Command;

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

fn fchatd(dir: &Path, arguments: &[&str]) -> Outcome {
    let output = Command::new(env!("CARGO_BIN_EXE_fchatd"))
        .arg("--dir")
        .arg(dir)
        .args(arguments)
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("script")).unwrap();
    for (name, source) in files {
        std::fs::write(dir.path().join("script").join(name), source).unwrap();
    }
    dir
}

#[test]
fn check_names_file_and_line_of_every_mistake() {
    let dir = folder(&[
        (
            "main.lua",
            "--!fchatd\nlocal common = require('common')\nfunction event.MSG(con)\n  return u.getNmae(con)\nend\n",
        ),
        ("common.lua", "return const.FERR_NOSUCH\n"),
    ]);
    let outcome = fchatd(dir.path(), &["check"]);
    assert_eq!(outcome.code, 1, "{}", outcome.err);
    assert!(
        outcome
            .err
            .contains("script/main.lua:4: there is no u.getNmae; did you mean u.getName?"),
        "{}",
        outcome.err
    );
    assert!(
        outcome
            .err
            .contains("script/common.lua:1: there is no const.FERR_NOSUCH"),
        "{}",
        outcome.err
    );
    assert!(outcome.err.contains("2 mistakes"), "{}", outcome.err);
}

#[test]
fn check_names_what_does_not_compile_even_if_nobody_requires_it() {
    let dir = folder(&[("main.lua", "event = {}"), ("other.lua", "\nlocal = 1")]);
    let outcome = fchatd(dir.path(), &["check"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.contains("script/other.lua:2: "), "{}", outcome.err);
}

#[test]
fn check_is_content_with_the_built_in_rules() {
    let dir = folder(&[]);
    let outcome = fchatd(dir.path(), &["check"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{}", outcome.out);
}

#[test]
fn the_built_in_rules_pass_their_tests() {
    let dir = folder(&[]);
    let outcome = fchatd(dir.path(), &["test"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
    assert!(outcome.out.ends_with(" passed, 0 failed\n"), "{}", outcome.out);
}

#[test]
fn a_failed_test_is_one_line_with_its_place() {
    let tests = "tests = {}\nfunction tests.good() print('seen') end\nfunction tests.bad()\n  testing.assert(1, 2)\nend\n";
    let dir = folder(&[("main.lua", "event = {}"), ("tests.lua", tests)]);
    let outcome = fchatd(dir.path(), &["test"]);
    assert_eq!(outcome.code, 1);
    let lines: Vec<_> = outcome.out.lines().collect();
    assert_eq!(lines.len(), 1, "{}", outcome.out);
    assert!(lines[0].starts_with("FAILED bad: "), "{}", outcome.out);
    assert!(
        lines[0].ends_with("script/tests.lua:4: expected 2, got 1"),
        "{}",
        outcome.out
    );
    assert!(outcome.err.contains("1 passed, 1 failed"), "{}", outcome.err);
    assert!(
        outcome.err.contains("seen"),
        "what scripts print is shown: {}",
        outcome.err
    );
    // A file that is named is taken instead.
    let other = dir.path().join("other.lua");
    std::fs::write(&other, "tests = { good = function() end }").unwrap();
    let outcome = fchatd(dir.path(), &["test", other.to_str().unwrap()]);
    assert_eq!(
        (outcome.code, outcome.out.as_str()),
        (0, "1 passed, 0 failed\n"),
        "{}",
        outcome.err
    );
    let outcome = fchatd(dir.path(), &["test", "nowhere.lua"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.err.contains("nowhere.lua can't be read"),
        "{}",
        outcome.err
    );
}

#[test]
fn definitions_are_printed_as_they_are_in_the_repository() {
    let dir = folder(&[]);
    let outcome = fchatd(dir.path(), &["script", "definitions"]);
    assert_eq!(outcome.code, 0);
    assert_eq!(outcome.out, include_str!("../../../script/definitions.d.luau"));
}
