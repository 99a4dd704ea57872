//! A machine that sleeps for longer than a client may be silent: frames sent meanwhile count.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::scene::in_each_layout;

/// Longer than `silence_timeout`.
const PAUSE: Duration = Duration::from_secs(10);
/// Looks after the pause, over so much time that the clock of an edge has turned several times.
const LOOKS: usize = 10;

#[test]
fn nobody_is_silent_while_the_server_does_not_listen() {
    const PEOPLE: usize = 3;
    in_each_layout(PEOPLE, &["--set", "silence_timeout=8"], |scene| {
        let mut people: Vec<_> = (0..PEOPLE).map(|number| scene.attacker(number)).collect();
        let mut ask = || {
            for person in &mut people {
                person.say("XXX").unwrap();
                while !person
                    .next_text()
                    .unwrap()
                    .is_some_and(|text| text.starts_with("ERR "))
                {
                    assert!(!person.is_closed, "closed with {:?}", person.closed_with);
                }
            }
        };
        ask();
        scene.server.signal(Signal::STOP);
        thread::sleep(PAUSE);
        scene.server.signal(Signal::CONT);
        for _ in 0..LOOKS {
            ask();
            thread::sleep(Duration::from_millis(300));
        }
    });
}
