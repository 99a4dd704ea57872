//! No attack at all: people with clients that do much at once, as those of docs/clients.md do. None of them meets a limit, with
//! the limits as they are by default.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use fchatd_dialogue::websocket::WebSocket;

use crate::bystanders::Bystanders;
use crate::scene::{Scene, attacker_account, character};

/// Between two `JCH` of the official client after its log-in.
const JOIN_PAUSE: Duration = Duration::from_millis(100);
/// The pause between messages is the usual one.
const USUAL: &[&str] = &["--set", "msg_flood=0.5"];

/// The next frame that begins like this; an error before it is a failure.
#[track_caller]
fn expect(socket: &mut WebSocket, begin: &str) -> String {
    loop {
        let Some(text) = socket.next_text().unwrap() else {
            panic!("closed with {:?} before {begin}", socket.closed_with);
        };
        assert!(!text.starts_with("ERR "), "{text} before {begin}");
        if text.starts_with(begin) {
            return text;
        }
    }
}

/// Joins a channel and waits for all that belongs to it.
#[track_caller]
fn join(socket: &mut WebSocket, channel: &str) {
    socket.say(&format!(r#"JCH {{"channel":"{channel}"}}"#)).unwrap();
    expect(socket, "CDS ");
}

/// No frame up to now is an error.
#[track_caller]
fn nothing_refused(socket: &mut WebSocket) {
    socket.catch_up().unwrap();
    assert!(!socket.is_closed, "closed with {:?}", socket.closed_with);
    let errors: Vec<&String> = socket
        .heard
        .iter()
        .filter(|text| text.starts_with("ERR "))
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn a_client_that_comes_back_rejoins_75_rooms() {
    let scene = Scene::open(1, USUAL);
    let bystanders = Bystanders::start(&scene);
    for number in 0..75 {
        bystanders.operate(&format!(r#"CRC {{"channel":"Hall {number}"}}"#));
    }
    bystanders.status();
    for _ in 0..2 {
        let mut client = scene.attacker(0);
        client
            .say(r#"STA {"status":"looking","statusmsg":"back again"}"#)
            .unwrap();
        client.say("CHA").unwrap();
        client.say("ORS").unwrap();
        for number in 0..75 {
            client
                .say(&format!(r#"JCH {{"channel":"hall {number}"}}"#))
                .unwrap();
            thread::sleep(JOIN_PAUSE);
        }
        for _ in 0..75 {
            expect(&mut client, "CDS ");
        }
        nothing_refused(&mut client);
        // The network breaks, and the client comes back at once.
        client.reset().unwrap();
    }
    bystanders.unharmed(&scene);
}

#[test]
fn twenty_people_of_one_household_come_in_at_once_and_talk() {
    const PEOPLE: usize = 20;
    let home = Ipv4Addr::new(127, 50, 0, 1);
    let scene = Scene::open(PEOPLE, &[USUAL, &["--set", "max_per_ip=20"]].concat());
    let bystanders = Bystanders::start(&scene);
    bystanders.operate(r#"CRC {"channel":"Kitchen"}"#);
    bystanders.status();
    let mut people: Vec<WebSocket> = (0..PEOPLE)
        .map(|number| {
            // The official client asks for these before it opens the socket.
            let account = attacker_account(number);
            let ticket = scene.ticket(&account, home);
            for list in ["bookmark-list", "friend-list", "character-list"] {
                let form = format!("account={account}&ticket={ticket}");
                let answer = scene.post(&format!("/json/api/{list}.php"), &form, home);
                assert!(answer.contains(r#""error":"""#), "{answer}");
            }
            scene.log_in(&account, &character(number, 0), home)
        })
        .collect();
    for person in &mut people {
        join(person, "Kitchen");
    }
    for (number, person) in people.iter_mut().enumerate() {
        person
            .say(&format!(
                r#"MSG {{"channel":"Kitchen","message":"good morning {number}"}}"#
            ))
            .unwrap();
        person
            .say(r#"STA {"status":"online","statusmsg":"here"}"#)
            .unwrap();
    }
    let last = people.last_mut().unwrap();
    for number in 0..PEOPLE - 1 {
        assert!(expect(last, "MSG ").contains("good morning"), "line {number}");
    }
    for person in &mut people {
        nothing_refused(person);
    }
    bystanders.unharmed(&scene);
}

#[test]
fn a_moderator_has_a_busy_hour() {
    const TROUBLE: usize = 10;
    let scene = Scene::open(TROUBLE + 1, USUAL);
    let bystanders = Bystanders::start(&scene);
    let mut moderator = scene.attacker(0);
    moderator.say(r#"CCR {"channel":"A busy place"}"#).unwrap();
    let joined = expect(&mut moderator, "JCH ");
    let room = joined.split_once(r#""channel":""#).unwrap().1;
    let room = room.split_once('"').unwrap().0.to_owned();
    let mut act = |command: &str, fields: &str, answer: &str| {
        moderator
            .say(&format!(r#"{command} {{"channel":"{room}"{fields}}}"#))
            .unwrap();
        expect(&mut moderator, answer)
    };
    act("RST", r#","status":"public""#, "SYS ");
    let mut people: Vec<WebSocket> = (1..=TROUBLE).map(|number| scene.attacker(number)).collect();
    for person in &mut people {
        join(person, &room);
    }
    for (number, person) in (1..=TROUBLE).zip(&mut people) {
        let name = character(number, 0);
        let own = format!(r#","character":"{name}""#);
        act("CKU", &own, "CKU ");
        join(person, &room);
        act("CTU", &format!(r#"{own},"length":30"#), "CTU ");
        act("CUB", &own, "SYS ");
        join(person, &room);
        act("COA", &own, "COA ");
        act("COR", &own, "COR ");
        act("CBU", &own, "CBU ");
        act("CBL", "", "SYS ");
        act("COL", "", "COL ");
        act(
            "CDS",
            &format!(r#","description":"Rules, version {number}""#),
            "CDS ",
        );
        act("RMO", r#","mode":"chat""#, "RMO ");
    }
    for _ in 0..5 {
        act("RST", r#","status":"private""#, "SYS ");
        act("RST", r#","status":"public""#, "SYS ");
    }
    for number in 1..=TROUBLE {
        let name = character(number, 0);
        act("CUB", &format!(r#","character":"{name}""#), "SYS ");
        act("CIU", &format!(r#","character":"{name}""#), "SYS ");
    }
    for person in &mut people {
        join(person, &room);
        nothing_refused(person);
    }
    nothing_refused(&mut moderator);
    bystanders.unharmed(&scene);
}

#[test]
fn a_client_whose_network_flaps_comes_back_each_time() {
    let scene = Scene::open(1, USUAL);
    let bystanders = Bystanders::start(&scene);
    bystanders.operate(r#"CRC {"channel":"Train"}"#);
    bystanders.status();
    for round in 0..5 {
        let mut client = scene.attacker(0);
        join(&mut client, "Train");
        client
            .say(&format!(
                r#"MSG {{"channel":"Train","message":"tunnel {round}"}}"#
            ))
            .unwrap();
        nothing_refused(&mut client);
        client.reset().unwrap();
    }
    bystanders.unharmed(&scene);
}
