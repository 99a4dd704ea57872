//! The machine's clock is set back and forth while the server runs. A small library in front of the system's gives the
//! program a clock that the test can set.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::unix::fs::FileExt as _;
use std::process::Command;

use crate::bystanders::Bystanders;
use crate::scene::{OPERATOR, Scene, attacker_account};
use crate::site::{Output, Site};

const HERE: Ipv4Addr = Ipv4Addr::new(127, 100, 0, 1);
const DAY: i64 = 86400;

/// Adds the seconds in the file `CLOCK_OFFSET` to the clock that tells the date.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

static volatile int64_t *offset;
static int (*real)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real = dlsym(RTLD_NEXT, "clock_gettime");
    int file = open(getenv("CLOCK_OFFSET"), O_RDONLY | O_CLOEXEC);
    void *seen = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    if (seen != MAP_FAILED) offset = seen;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && offset) time->tv_sec += *offset;
    return result;
}
"#;

/// A clock that can be set.
struct Clock(File);

impl Clock {
    /// The clock, and the program with it.
    fn new(site: &Site) -> (Self, Command) {
        site.write("clock.c", LIBRARY);
        let (source, library) = (site.path("clock.c"), site.path("clock.so"));
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        assert!(
            built.unwrap().success(),
            "the C compiler that SQLite was built with is there"
        );
        site.write("offset", "\0\0\0\0\0\0\0\0");
        let offset = site.path("offset");
        let mut command = site.command(env!("CARGO_BIN_EXE_fchatd"));
        command.env("LD_PRELOAD", library).env("CLOCK_OFFSET", &offset);
        (Self(File::options().write(true).open(offset).unwrap()), command)
    }

    fn set(&self, offset: i64) {
        self.0.write_all_at(&offset.to_ne_bytes(), 0).unwrap();
    }
}

#[test]
fn a_clock_that_is_set_back_and_forth_locks_nobody_out() {
    let site = Site::new();
    let (clock, command) = Clock::new(&site);
    let scene = Scene::open_by(site, command, 2, &[], ("warn", Output::Read));
    let bystanders = Bystanders::start(&scene);
    let mut attacker = scene.attacker(0);
    for (round, offset) in [0, -DAY, 400 * DAY, 0, -400 * DAY, DAY, 0]
        .into_iter()
        .enumerate()
    {
        clock.set(offset);
        // A log-in with the password, a ticket that is good now, and talk.
        let ticket = scene.new_ticket(&attacker_account(1), HERE);
        assert!(ticket.is_ok(), "round {round}: {ticket:?}");
        attacker.say("PIN").unwrap();
        attacker
            .say(&format!(
                r#"PRI {{"recipient":"{OPERATOR}","message":"round {round}"}}"#
            ))
            .unwrap();
        bystanders.status();
    }
    bystanders.unharmed(&scene);
}
