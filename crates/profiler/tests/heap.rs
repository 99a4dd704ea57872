//! The heap profile of a process that keeps some memory and frees the rest.

mod reader;

use std::alloc::System;
use std::hint::black_box;
use std::thread;

use fchatd_profiler::{StartError, heap, heap::Sampled};
use reader::Profile;

#[global_allocator]
static ALLOCATOR: Sampled<System> = Sampled(System);

const MIB: i64 = 1 << 20;

#[inline(never)]
fn hoard(bytes: usize) -> Vec<Vec<u8>> {
    black_box((0..bytes / 1000).map(|_| black_box(vec![7; 1000])).collect())
}

#[inline(never)]
fn churn(bytes: usize) {
    for _ in 0..bytes / 100_000 {
        black_box(vec![7_u8; 100_000]);
    }
}

#[inline(never)]
fn enlarge(bytes: usize) -> Vec<u8> {
    let mut grown = Vec::new();
    while grown.len() < bytes {
        grown.extend_from_slice(black_box(&[7; 1000]));
    }
    black_box(grown)
}

#[track_caller]
fn about(value: i64, wanted: i64) {
    // Some hundred objects are recorded, so the error is a few percent.
    assert!(
        (value - wanted).abs() < wanted / 3,
        "{value} is not about {wanted}"
    );
}

/// A single test, because a process has only one profile.
#[test]
fn kept_objects_are_told_from_freed_ones() {
    let before = hoard(8 << 20);
    assert!(heap::stop().is_none());
    heap::start().unwrap();
    assert_eq!(heap::start(), Err(StartError::Running));
    let kept = hoard(32 << 20);
    churn(32 << 20);
    let grown = enlarge(16 << 20);
    // Allocated by one thread, freed by another.
    let handed = thread::spawn(|| hoard(32 << 20)).join().unwrap();
    thread::spawn(move || drop(handed)).join().unwrap();
    drop(before);
    let recording = heap::stop().unwrap();
    assert!(heap::stop().is_none());

    let profile = Profile::parse(&recording.encode(&[]));
    let kinds: Vec<_> = profile.values.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"]
    );
    about(profile.sum("inuse_space", "hoard"), 32 * MIB);
    about(profile.sum("inuse_objects", "hoard"), 32 * MIB / 1000);
    about(profile.sum("alloc_space", "hoard"), 64 * MIB);
    about(profile.sum("alloc_space", "churn"), 32 * MIB);
    assert!(profile.sum("inuse_space", "churn") < MIB);
    // The vector doubles its capacity: it has at least the size of its content, and at most twice that.
    let space = profile.sum("inuse_space", "enlarge");
    assert!((12 * MIB..40 * MIB).contains(&space), "{space}");
    for (stack, _) in &profile.samples {
        assert!(
            !stack[0].contains("src/heap.rs") && !stack[0].contains("__rust_alloc"),
            "{stack:?}"
        );
    }
    drop((kept, grown));

    heap::start().unwrap();
    churn(1 << 20);
    let profile = Profile::parse(&heap::stop().unwrap().encode(&[]));
    assert_eq!(profile.sum("alloc_space", "hoard"), 0);
}
