//! How many instructions the hot paths of the core take, counted by Callgrind, which counts the same on a busy
//! machine: `cargo bench -p fchatd-core --bench instructions`. The counts are held against those in
//! `instructions.txt`; with `UPDATE_REFERENCE=1` they take their place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a benchmark may fail, and does not need all of what others need"
)]

mod site;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use site::{LINE, Site, login_answer};

/// So many online, 200 of them in a channel. Counts hardly depend on it, and Callgrind is slow.
const PEOPLE: u32 = 1_000;

/// How often a path is taken, after as many times that are not counted: so often that the garbage collector of the
/// scripts has done a fair share in it.
const TIMES: u32 = 3_000;

/// The same for the paths that take long.
const FEW_TIMES: u32 = 200;

/// By how much a count may differ from the reference, in percent: two builds of the same code by the same compiler
/// differ by less than one.
const TOLERANCE: f64 = 4.0;

/// The same for a compiler that is not the reference's.
const TOLERANCE_OF_OTHERS: f64 = 25.0;

/// The argument that makes this program the one that is watched.
const WATCHED: &str = "--watched";

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");

fn main() -> ExitCode {
    if env::args().any(|argument| argument == WATCHED) {
        take_paths();
        return ExitCode::SUCCESS;
    }
    let compiler = output_of(Command::new("rustc").arg("--version"));
    let counts = count();
    if env::var_os("UPDATE_REFERENCE").is_some() {
        let mut text = format!("{compiler}\n");
        for (name, count) in &counts {
            writeln!(text, "{count:>8} {name}").unwrap();
        }
        fs::write(REFERENCE, text).unwrap();
    }
    compare(&fs::read_to_string(REFERENCE).unwrap(), &compiler, &counts)
}

fn compare(reference: &str, compiler: &str, counts: &[(String, u64)]) -> ExitCode {
    let mut lines = reference.lines();
    let tolerance = if lines.next() == Some(compiler) {
        TOLERANCE
    } else {
        println!(
            "The reference was made by another compiler: only what is over {TOLERANCE_OF_OTHERS} % is wrong."
        );
        TOLERANCE_OF_OTHERS
    };
    let reference: BTreeMap<&str, f64> = lines
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(count, name)| (name, count.parse().unwrap()))
        .collect();
    let mut wrong = reference.len() != counts.len();
    for (name, count) in counts {
        let Some(&expected) = reference.get(&**name) else {
            println!("{count:>9}  {name}: not in the reference");
            wrong = true;
            continue;
        };
        let percent = (*count as f64 / expected - 1.0) * 100.0;
        let off = percent.abs() > tolerance;
        wrong |= off;
        println!(
            "{count:>9} {percent:>+6.1} %  {name}{}",
            if off { "  <- too far off" } else { "" }
        );
    }
    if wrong {
        println!(
            "The counts differ from {REFERENCE}. If that is meant, write them anew with UPDATE_REFERENCE=1 and say why."
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn output_of(command: &mut Command) -> String {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    assert!(output.status.success(), "{command:?} failed");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Runs this program under Callgrind; the instructions that each path takes once.
fn count() -> Vec<(String, u64)> {
    let folder = env::temp_dir().join(format!("fchatd-instructions-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("counts");
    let lines = output_of(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet", "--collect-atstart=no"])
            .args([
                "--toggle-collect=*counted_section*",
                "--dump-before=*end_of_section*",
            ])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(env::current_exe().unwrap())
            .arg(WATCHED),
    );
    let counts = lines
        .lines()
        .enumerate()
        .map(|(number, line)| {
            let (times, name) = line.split_once(' ').unwrap();
            let total = total_of(&folder.join(format!("counts.{}", number + 1)));
            (name.to_owned(), total / times.parse::<u64>().unwrap())
        })
        .collect();
    fs::remove_dir_all(&folder).unwrap();
    counts
}

fn total_of(file: &Path) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.expect("Callgrind writes a total").trim().parse().unwrap()
}

/// Callgrind counts what is inside this function.
#[inline(never)]
fn counted_section(work: &mut dyn FnMut()) {
    work();
    // Otherwise the call would be a jump, and this function would be left before the work is done.
    std::hint::black_box(work);
}

/// Callgrind writes what it has counted to a file of its own, and begins anew, when this is called.
#[inline(never)]
fn end_of_section() {
    std::hint::black_box(0);
}

/// Takes a path some times to warm it up, then the same number of times to be counted.
fn path(name: &str, times: u32, site: &mut Site, mut work: impl FnMut(&mut Site, u32)) {
    for first in [0, times] {
        let mut take = || {
            for time in first..first + times {
                work(site, time);
                std::hint::black_box(&site.outputs);
                site.outputs.clear();
            }
        };
        if first == 0 {
            take();
        } else {
            counted_section(&mut take);
        }
    }
    end_of_section();
    println!("{times} {name}");
}

fn take_paths() {
    let talk = format!(r#"MSG {{"channel":"Development","message":"{LINE}"}}"#);
    let private = format!(r#"PRI {{"recipient":"Person 1","message":"{LINE}"}}"#);
    let typing = r#"TPN {"character":"Person 1","status":"typing"}"#;
    let status = r#"STA {"status":"busy","statusmsg":"back in ten minutes"}"#;
    let join = r#"JCH {"channel":"development"}"#;
    let leave = r#"LCH {"channel":"development"}"#;

    let mut site = Site::of(PEOPLE);
    site.fill_channel();
    site.expect(0, &talk, "MSG");
    path("MSG to a channel of 200", TIMES, &mut site, |site, _| {
        site.say(0, &talk);
    });
    site.expect(0, &private, "PRI");
    path("PRI", TIMES, &mut site, |site, _| site.say(0, &private));
    site.expect(0, typing, "TPN");
    path("TPN", TIMES, &mut site, |site, _| site.say(0, typing));
    site.expect(0, status, "STA");
    path("STA", TIMES, &mut site, |site, _| site.say(0, status));
    site.expect(300, join, "JCH");
    site.expect(300, leave, "LCH");
    path("JCH and LCH, 200 members", FEW_TIMES, &mut site, |site, _| {
        site.say(300, join);
        site.say(300, leave);
    });
    path("PIN", TIMES, &mut site, |site, _| site.say(0, "PIN"));
    let answers: Vec<String> = (0..100).map(|number| login_answer(PEOPLE + number)).collect();
    let mut come = |site: &mut Site, time: u32| {
        let slot = PEOPLE + 1 + time;
        site.enter_as(slot, &answers[slot as usize % answers.len()]);
        site.go(slot);
    };
    path("log-in and end, 1,000 online", FEW_TIMES, &mut site, &mut come);
    path(
        "log-in and end after 10 others' STA, 1,000 online",
        FEW_TIMES,
        &mut site,
        |site, time| {
            for number in 0..10 {
                site.say(number * 100, status);
            }
            come(site, time);
        },
    );

    let mut hasty = Site::with_pause(300, 0.5);
    hasty.fill_channel();
    hasty.expect(0, &talk, "MSG");
    hasty.expect(0, &talk, "ERR");
    path("MSG that the throttle refuses", TIMES, &mut hasty, |site, _| {
        site.say(0, &talk);
    });
}
