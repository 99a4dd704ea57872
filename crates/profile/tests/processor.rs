//! The profile of processor time, of a process that does two things.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod reader;

use std::hint::black_box;
use std::thread;

use fchatd_profile::{StartError, processor};
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

/// One test, as there is one profile in a process.
#[test]
fn time_is_found_where_it_was_spent() {
    assert!(processor::stop().is_none());
    processor::start().unwrap();
    assert_eq!(processor::start(), Err(StartError::Running));
    let other = thread::spawn(burn_little);
    burn_much();
    other.join().unwrap();
    let recording = processor::stop().unwrap();
    assert!(processor::stop().is_none());

    let profile = Profile::parse(&recording.encode(&["a remark".to_owned()]));
    assert_eq!(
        profile.values,
        [("samples", "count"), ("cpu", "nanoseconds")].map(|(kind, unit)| (kind.to_owned(), unit.to_owned()))
    );
    assert_eq!(profile.period, 10_000_000);
    assert!(profile.nanoseconds > 0);
    assert!(profile.remarks.contains(&"a remark".to_owned()));
    let (much, little) = (profile.sum("cpu", "burn_much"), profile.sum("cpu", "burn_little"));
    // The truth is 0.9 and 0.3 s, in samples of 10 ms that may also come a little late.
    assert!((600_000_000..1_200_000_000).contains(&much), "{much} {profile:?}");
    assert!(
        (100_000_000..600_000_000).contains(&little),
        "{little} {profile:?}"
    );
    assert!(
        profile
            .files
            .iter()
            .any(|file| file.ends_with("tests/processor.rs")),
        "{:?}",
        profile.files
    );
    for (stack, _) in &profile.samples {
        assert!(
            !stack[0].contains("fchatd_profile") && !stack[0].contains("src/processor.rs"),
            "the profiler sees itself: {stack:?}"
        );
    }

    // It can be started again, and knows nothing of the time before.
    processor::start().unwrap();
    burn_little();
    let profile = Profile::parse(&processor::stop().unwrap().encode(&[]));
    assert_eq!(profile.sum("samples", "burn_much"), 0);
    assert!(profile.sum("samples", "burn_little") > 5);
}
