//! The profile of a program without debug information, as release builds are: its functions have their names, from the
//! table of symbols.

mod reader;

use std::alloc::System;
use std::hint::black_box;
use std::process::Command;
use std::{env, fs};

use fchatd_profiler::heap::{self, Sampled};
use reader::Profile;

#[global_allocator]
static ALLOCATOR: Sampled<System> = Sampled(System);

/// Names the file for the profile, in the environment of the stripped copy of this program.
const FILE: &str = "PROFILE_OF_STRIPPED_COPY";

#[inline(never)]
fn hoard(bytes: usize) -> Vec<Vec<u8>> {
    black_box((0..bytes / 1000).map(|_| black_box(vec![7; 1000])).collect())
}

/// One test, which runs itself again from a stripped copy.
#[test]
fn names_are_found_without_debug_information() {
    if let Some(file) = env::var_os(FILE) {
        heap::start().unwrap();
        let kept = hoard(32 << 20);
        let recording = heap::stop().unwrap();
        drop(kept);
        fs::write(file, recording.encode(&[])).unwrap();
        return;
    }
    let copy = env::current_exe().unwrap().with_extension("stripped");
    let file = copy.with_extension("pb");
    let stripped = Command::new("strip")
        .arg("--strip-debug")
        .arg("-o")
        .arg(&copy)
        .arg(env::current_exe().unwrap())
        .status()
        .unwrap();
    assert!(stripped.success());
    let ran = Command::new(&copy)
        .args(["--exact", "names_are_found_without_debug_information"])
        .env(FILE, &file)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    let profile = Profile::parse(&fs::read(&file).unwrap());
    fs::remove_file(copy).unwrap();
    fs::remove_file(file).unwrap();

    assert!(
        !profile.files.iter().any(|file| file.ends_with("stripped.rs")),
        "the copy has debug information: {:?}",
        profile.files
    );
    let hoarded = profile.sum("inuse_space", "stripped::hoard");
    assert!(
        hoarded > 24 << 20,
        "{hoarded} bytes: {:?}",
        profile.samples.first()
    );
    for (stack, _) in &profile.samples {
        let first = stack.first().unwrap();
        assert!(
            !first.contains("fchatd_profiler::") && !first.contains("__rust_alloc"),
            "{stack:?}"
        );
    }
}
