//! The program in each layout: all on one thread, and the rules apart from one thread of the network and from two.

use rustix::process::Signal;

use crate::site::{Site, content_of};
use crate::websocket::WebSocket;

const LAYOUTS: [&str; 3] = ["threads=1", "threads=2", "threads=3"];
/// On three threads, neighbours in this list are on different ones.
const PEOPLE: [&str; 4] = ["admin", "Bob", "Cem", "Dot"];
const MESSAGES: usize = 50;

#[test]
fn everybody_hears_the_same_and_the_recording_replays() {
    for layout in LAYOUTS {
        eprintln!("{layout}");
        let site = Site::new();
        let settings = [layout, "recorder=4", "msg_flood=0", "max_per_ip=10"];
        let words: Vec<&str> = settings
            .into_iter()
            .flat_map(|setting| ["--set", setting])
            .collect();
        let server = site.start_logging(&[&["--dev"], &words[..]].concat(), "info");
        let mut people = PEOPLE.map(|name| WebSocket::log_in(&server, name, "any"));
        for person in &mut people {
            person.say(r#"JCH {"channel":"Frontpage"}"#);
            person.await_text("CDS ");
        }
        for number in 0..MESSAGES {
            for person in &mut people {
                person.say(&format!(r#"MSG {{"channel":"Frontpage","message":"{number}"}}"#));
            }
        }
        let heard = people.each_mut().map(|person| {
            let all = (PEOPLE.len() - 1) * MESSAGES;
            (0..all).map(|_| person.await_text("MSG ")).collect::<Vec<_>>()
        });
        same_order(&heard);

        people[0].say(r#"ZZZ {"command":"status"}"#);
        let status = people[0].await_text("ZZZ ");
        assert!(status.contains("4 WebSocket connections"), "{status}");
        drop(people);
        server.terminate();
        let ended = server.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(
            !ended.stderr.contains("ERROR") && !ended.stderr.contains("panicked"),
            "{ended:?}"
        );

        let recordings = content_of(&site.path("recordings"));
        let (file, _) = recordings.first().unwrap();
        let replayed = site.run(&["replay", file.to_str().unwrap()]);
        replayed.assert_done();
        assert!(
            replayed
                .stdout
                .contains("all outputs are the same, byte for byte"),
            "{replayed:?}"
        );
    }
}

/// Of the lines that two people have both heard, each of them has heard the same in the same order.
fn same_order(heard: &[Vec<String>]) {
    let said_by = |text: &str, who: &str| text.contains(&format!(r#""character":"{who}""#));
    for (first, mine) in PEOPLE.iter().zip(heard) {
        for (second, theirs) in PEOPLE.iter().zip(heard) {
            let both = |texts: &[String]| -> Vec<String> {
                let others = texts
                    .iter()
                    .filter(|text| !said_by(text, first) && !said_by(text, second));
                others.cloned().collect()
            };
            assert_eq!(both(mine), both(theirs), "{first} and {second}");
        }
    }
}

#[test]
fn settings_that_change_reach_all_threads() {
    for layout in LAYOUTS {
        eprintln!("{layout}");
        let site = Site::new();
        site.write("script/startup_config.lua", "ping_interval = 80\n");
        let server = site.start_logging(&["--dev", "--set", layout], "info");
        let mut people = ["Ada", "Bob"].map(|name| WebSocket::log_in(&server, name, "any"));
        site.write("script/startup_config.lua", "ping_interval = 1\n");
        server.signal(Signal::HUP);
        for person in &mut people {
            // One may have been due in any case.
            person.await_text("PIN");
            person.await_text("PIN");
        }
    }
}
