//! A crowd comes back: two hundred official clients, with the real program, after a crash, a restart and a stop. Nothing is
//! timed here; `fchatd-bench crowd` with its defaults (`tests/nightly crowd`) does that with two thousand.
#![expect(clippy::panic, reason = "a test may fail")]

use fchatd_bench::crowd::{self, Event, Measure};
use fchatd_bench::server::Wanted;

const PEOPLE: usize = 200;

fn everybody_comes_back(event: Event) {
    let server = Wanted::parse(&format!("'{}'", env!("CARGO_BIN_EXE_fchatd")));
    let how = Measure {
        people: PEOPLE,
        rooms: 5,
        channels: 20,
        before: 0.5,
        // The server is down for the first attempt of all people, and there for the second one.
        down: 0.5,
        second: 0.2,
        ..Measure::default()
    };
    let outcome =
        crowd::measure(&server, event, &how, |_| {}).unwrap_or_else(|error| panic!("{event:?}: {error}"));
    assert_eq!(
        (outcome.refused, outcome.first_refusal.as_deref()),
        (0, None),
        "{outcome:?}"
    );
    assert_eq!(outcome.back, PEOPLE, "{outcome:?}");
    assert!(outcome.survived && outcome.deliveries > 0, "{outcome:?}");
    let unexpected = |kind: &&String| kind.contains("without") || kind.starts_with("ERR ");
    assert_eq!(outcome.retries.0.keys().find(unexpected), None, "{outcome:?}");
}

#[test]
fn everybody_comes_back_after_a_crash() {
    everybody_comes_back(Event::Kill);
}

#[test]
fn everybody_comes_back_after_a_restart() {
    everybody_comes_back(Event::Restart);
}

#[test]
fn everybody_comes_back_after_a_stop() {
    everybody_comes_back(Event::Stop);
}
