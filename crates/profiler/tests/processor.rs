//! The processor profile of a process with two known loads.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod reader;

use std::hint::black_box;
use std::thread;

use fchatd_profiler::{StartError, processor};
use reader::Profile;
use rustix::time::{ClockId, clock_gettime};

fn used() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn spin(seconds: f64) {
    let end = used() + seconds;
    while used() < end {
        black_box((0..1000).map(black_box).sum::<u64>());
    }
}

#[inline(never)]
fn burn_much() {
    spin(0.9);
    black_box(());
}

#[inline(never)]
fn burn_little() {
    spin(0.3);
    black_box(());
}

/// On a busy machine the system omits many samples, and now and then nearly all.
const ROUNDS_MAX: usize = 30;
/// With fewer samples, the omissions may distort the ratio.
const SAMPLES_LEAST: i64 = 100;

/// The profile of a piece of work.
fn profiled(work: impl FnOnce()) -> Profile {
    assert!(processor::stop().is_none());
    processor::start().unwrap();
    assert_eq!(processor::start(), Err(StartError::Running));
    work();
    let recording = processor::stop().unwrap();
    assert!(processor::stop().is_none());
    Profile::parse(&recording.encode(&["a remark".to_owned()]))
}

fn burn_both() {
    let other = thread::spawn(burn_little);
    burn_much();
    other.join().unwrap();
}

/// A single test, because a process has only one profile.
#[test]
fn time_is_found_where_it_was_spent() {
    let (mut much, mut little) = (0, 0);
    for _ in 0..ROUNDS_MAX {
        let profile = profiled(burn_both);
        check(&profile);
        // The true values are 0.9 and 0.3 s, in samples of 10 ms.
        assert!(profile.sum("cpu", "burn_much") < 1_200_000_000, "{profile:?}");
        much += profile.sum("samples", "burn_much");
        little += profile.sum("samples", "burn_little");
        if much + little >= SAMPLES_LEAST {
            break;
        }
    }
    assert!(0 < little && little < much, "{little} of {much}");

    // A second profile contains no samples of the first one.
    let mut again = 0;
    for _ in 0..ROUNDS_MAX {
        let profile = profiled(burn_little);
        assert_eq!(profile.sum("samples", "burn_much"), 0);
        again += profile.sum("samples", "burn_little");
        if again > 0 {
            break;
        }
    }
    assert!(again > 0);
}

fn check(profile: &Profile) {
    assert_eq!(
        profile.values,
        [("samples", "count"), ("cpu", "nanoseconds")].map(|(kind, unit)| (kind.to_owned(), unit.to_owned()))
    );
    assert_eq!(profile.period, 10_000_000);
    assert!(profile.nanoseconds > 0);
    assert!(profile.remarks.contains(&"a remark".to_owned()));
    let is_here = |file: &String| file.ends_with("tests/processor.rs");
    assert!(
        profile.samples.is_empty() || profile.files.iter().any(is_here),
        "{:?}",
        profile.files
    );
    for (stack, _) in &profile.samples {
        assert!(
            !stack[0].contains("fchatd_profiler") && !stack[0].contains("src/processor.rs"),
            "the profiler sees itself: {stack:?}"
        );
    }
}
