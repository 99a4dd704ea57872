//! The cost of the hot paths of the core, in counts that are the same on a busy machine: `cargo bench -p fchatd-core
//! --bench instructions`. Callgrind counts the instructions, the allocator the allocations, and DHAT the bytes that are
//! copied. The counts are held against those in `instructions.txt`; with `UPDATE_REFERENCE=1` they take their place.
#![expect(clippy::print_stdout, reason = "it reports to the person who runs it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    dead_code,
    reason = "a benchmark may fail, and does not need all of what others need"
)]

mod site;

use std::alloc::System;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs, thread};

use fchatd_profiler::count::{Counted, allocations};
use site::{LINE, Site, login_answer};

/// Luau takes memory in pages of these sizes, in bytes. When it does depends on when its collector begins, and that on
/// how much time has passed.
const SCRIPT_PAGES: [usize; 2] = [16 * 1024 - 24, 32 * 1024 - 24];

#[global_allocator]
static ALLOCATOR: Counted<System> = Counted {
    inner: System,
    except: &SCRIPT_PAGES,
};

/// So many online, 200 of them in a channel. Counts hardly depend on it, and Callgrind is slow.
const PEOPLE: u32 = 1_000;

/// How often a path is taken, after as many times that are not counted: so often that the garbage collector of the
/// scripts has done a fair share in it.
const TIMES: u32 = 5_000;

/// The same for a path that takes longer.
const SOME_TIMES: u32 = 1_000;

/// The same for the paths that take long.
const FEW_TIMES: u32 = 200;

/// The counts of each path.
const COLUMNS: [&str; 4] = ["instructions", "allocations", "allocated", "copied"];

/// By how much a count may differ from the reference, in percent. Counts of the same build differ by less than two: by
/// how often the collector of the scripts begins, which depends on the clock.
const TOLERANCE: f64 = 4.0;

/// The same for a compiler that is not the reference's.
const TOLERANCE_OF_OTHERS: f64 = 25.0;

/// Tolerance of each count: an event that happens once in a hundred times does not count. When the collector
/// begins, Luau's table of all strings grows and shrinks, by tens of kilobytes.
const LEAST: [f64; 4] = [0.0, 0.02, 100.0, 5.0];

/// The argument that makes this program the one that is watched. Another one behind it is the number of the only path
/// to take.
const WATCHED: &str = "--watched";

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");

type Counts = [f64; COLUMNS.len()];

fn main() -> ExitCode {
    let mut arguments = env::args().skip_while(|argument| argument != WATCHED);
    if arguments.next().is_some() {
        take_paths(arguments.next().map(|number| number.parse().unwrap()));
        return ExitCode::SUCCESS;
    }
    let compiler = output_of(Command::new("rustc").arg("--version"));
    let counts = count();
    if env::var_os("UPDATE_REFERENCE").is_some() {
        let mut text = format!("{compiler}\n{} path\n", COLUMNS.join(" "));
        for (name, counts) in &counts {
            for (count, width) in counts.iter().zip(COLUMNS.map(str::len)) {
                write!(text, "{:>width$} ", shown(*count)).unwrap();
            }
            writeln!(text, "{name}").unwrap();
        }
        fs::write(REFERENCE, text).unwrap();
    }
    compare(&fs::read_to_string(REFERENCE).unwrap(), &compiler, &counts)
}

fn shown(count: f64) -> String {
    let decimals = if count < 100.0 { 2 } else { 0 };
    format!("{count:.decimals$}")
}

fn compare(reference: &str, compiler: &str, counts: &[(String, Counts)]) -> ExitCode {
    let mut lines = reference.lines();
    let tolerance = if lines.next() == Some(compiler) {
        TOLERANCE
    } else {
        println!("The reference was made by another compiler: only large differences are wrong.");
        TOLERANCE_OF_OTHERS
    };
    let reference: BTreeMap<String, Vec<f64>> = lines
        .skip(1)
        .map(|line| {
            let mut words = line.split_whitespace();
            let counts = words.by_ref().take(COLUMNS.len());
            let counts = counts.map(|count| count.parse().unwrap()).collect();
            (words.collect::<Vec<_>>().join(" "), counts)
        })
        .collect();
    let mut wrong = reference.len() != counts.len();
    println!(
        "each with its difference from the reference: {}",
        COLUMNS.join(", ")
    );
    for (name, counts) in counts {
        let Some(expected) = reference.get(name) else {
            println!("{name}: not in the reference");
            wrong = true;
            continue;
        };
        for (column, (count, expected)) in counts.iter().zip(expected).enumerate() {
            let difference = count - expected;
            let percent = if shown(*count) == shown(*expected) {
                0.0
            } else {
                difference / expected * 100.0
            };
            let off = percent.abs() > tolerance && difference.abs() > LEAST[column];
            wrong |= off;
            print!(
                "{:>9} {percent:>+6.1} %{} ",
                shown(*count),
                if off { " <- too far off" } else { "" }
            );
        }
        println!(" {name}");
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

/// Runs this program under Callgrind and DHAT; gives the cost of one run of each path.
fn count() -> Vec<(String, Counts)> {
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
    let lines: Vec<&str> = lines.lines().collect();
    let copies = copies(lines.len(), &folder);
    let counts = lines
        .into_iter()
        .enumerate()
        .map(|(number, line)| {
            let mut words = line.splitn(4, ' ');
            let mut next = || words.next().unwrap();
            let times: f64 = next().parse().unwrap();
            let allocations: f64 = next().parse().unwrap();
            let allocated: f64 = next().parse().unwrap();
            let total = total_of(&folder.join(format!("counts.{}", number + 1)));
            let counts = [total, allocations, allocated, copies[number]].map(|count| count / times);
            (next().to_owned(), counts)
        })
        .collect();
    fs::remove_dir_all(&folder).unwrap();
    counts
}

fn total_of(file: &Path) -> f64 {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    total.expect("Callgrind writes a total").trim().parse().unwrap()
}

/// The bytes copied in each path; two are looked at at a time.
fn copies(paths: usize, folder: &Path) -> Vec<f64> {
    let copied = &|path: usize| copied_in(path, &folder.join(format!("copies.{path}")));
    let mut all = Vec::new();
    for path in (0..paths).step_by(2) {
        let (first, second) = thread::scope(|scope| {
            let second = (path + 1 < paths).then(|| scope.spawn(move || copied(path + 1)));
            (copied(path), second.map(|second| second.join().unwrap()))
        });
        all.push(first);
        all.extend(second);
    }
    all
}

/// The bytes that `memcpy` and its like copy in a path. Copies of a few bytes of known length are instructions of
/// their own, and those of `realloc` and the kernel are not seen.
fn copied_in(path: usize, file: &Path) -> f64 {
    output_of(
        Command::new("valgrind")
            .args(["--tool=dhat", "--mode=copy", "--quiet", "--num-callers=100"])
            .arg(format!("--dhat-out-file={}", file.display()))
            .arg(env::current_exe().unwrap())
            .args([WATCHED, &path.to_string()]),
    );
    let profile: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let is_counted = |frame: &serde_json::Value| {
        let name = &profile["ftbl"][frame.as_u64().unwrap() as usize];
        name.as_str().unwrap().contains("counted_section")
    };
    let places = profile["pps"].as_array().unwrap().iter();
    places
        .filter(|place| place["fs"].as_array().unwrap().iter().any(is_counted))
        .map(|place| place["tb"].as_u64().unwrap())
        .sum::<u64>() as f64
}

/// Callgrind counts the instructions inside this function.
#[inline(never)]
fn counted_section(work: &mut dyn FnMut()) {
    work();
    // Otherwise the call would be a jump, and this function would be left before the work is done.
    std::hint::black_box(work);
}

/// Callgrind writes its counts to a file of its own, and begins anew, when this is called.
#[inline(never)]
fn end_of_section() {
    std::hint::black_box(0);
}

/// The paths that are taken, each told on a line: how often it was, its allocations and their bytes, its name.
struct Paths {
    only: Option<u32>,
    number: u32,
}

impl Paths {
    /// Takes a path some times to warm it up, then the same number of times to be counted.
    fn path(&mut self, name: &str, times: u32, site: &mut Site, mut work: impl FnMut(&mut Site, u32)) {
        let number = self.number;
        self.number += 1;
        if self.only.is_some_and(|only| only != number) {
            return;
        }
        let mut allocated = allocations();
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
                let before = allocations();
                counted_section(&mut take);
                allocated = allocations() - before;
            }
        }
        end_of_section();
        println!("{times} {} {} {name}", allocated.number, allocated.bytes);
    }
}

fn take_paths(only: Option<u32>) {
    let mut paths = Paths { only, number: 0 };
    // People do not repeat the same text all the time, and the scripts know a text again that they still have.
    let lines = |start: &str| -> Vec<String> {
        let all = 0..2 * TIMES;
        all.map(|number| format!(r#"{start},"message":"{LINE} {number:04}"}}"#))
            .collect()
    };
    let talk = lines(r#"MSG {"channel":"Development""#);
    let private = lines(r#"PRI {"recipient":"Person 1""#);
    let typing = r#"TPN {"character":"Person 1","status":"typing"}"#;
    let status = r#"STA {"status":"busy","statusmsg":"back in ten minutes"}"#;
    let join = r#"JCH {"channel":"development"}"#;
    let leave = r#"LCH {"channel":"development"}"#;

    let mut site = Site::of(PEOPLE);
    site.fill_channel();
    site.expect(0, &talk[0], "MSG");
    paths.path("MSG to a channel of 200", TIMES, &mut site, |site, time| {
        site.say(0, &talk[time as usize]);
    });
    site.expect(0, &private[0], "PRI");
    paths.path("PRI", TIMES, &mut site, |site, time| {
        site.say(0, &private[time as usize]);
    });
    site.expect(0, typing, "TPN");
    paths.path("TPN", TIMES, &mut site, |site, _| site.say(0, typing));
    site.expect(0, status, "STA");
    paths.path("STA", TIMES, &mut site, |site, _| site.say(0, status));
    site.expect(300, join, "JCH");
    site.expect(300, leave, "LCH");
    paths.path("JCH and LCH, 200 members", SOME_TIMES, &mut site, |site, _| {
        site.say(300, join);
        site.say(300, leave);
    });
    paths.path("PIN", TIMES, &mut site, |site, _| site.say(0, "PIN"));
    let answers: Vec<String> = (0..100).map(|number| login_answer(PEOPLE + number)).collect();
    let mut come = |site: &mut Site, time: u32| {
        let slot = PEOPLE + 1 + time;
        site.enter_as(slot, &answers[slot as usize % answers.len()]);
        site.go(slot);
    };
    paths.path("log-in and end, 1,000 online", FEW_TIMES, &mut site, &mut come);
    paths.path(
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
    hasty.expect(0, &talk[0], "MSG");
    hasty.expect(0, &talk[0], "ERR");
    paths.path(
        "MSG that the throttle refuses",
        TIMES,
        &mut hasty,
        |site, time| {
            site.say(0, &talk[time as usize]);
        },
    );
}
