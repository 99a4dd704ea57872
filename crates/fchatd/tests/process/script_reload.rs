//! The scripts are read again while people talk.

use std::thread;
use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::{WebSocket as TwoWaySocket, wire};

use crate::site::{PATIENCE, Server, Site};
use crate::websocket::{WebSocket, log_in};

const RELOADS: u32 = 100;
const CHANNELS: usize = 5;
/// Talking members of each channel.
const MEMBERS: usize = 6;
/// Messages of all people together in a second.
const RATE: u32 = 5000;
/// Messages between the beginnings of two reloads, at least.
const BETWEEN: u32 = 150;

const WORDS: [&str; 7] = [
    "--dev",
    "--set",
    "max_per_ip=1000",
    "--set",
    "msg_flood=0",
    "--set",
    "luamemory=8",
];

fn name(number: usize) -> String {
    format!("Talker {number:02}")
}

fn channel(number: usize) -> String {
    format!("Room {}", number / MEMBERS)
}

/// The recipient of a person's private messages: the one before in a ring.
fn friend(number: usize) -> usize {
    (number + CHANNELS * MEMBERS - 1) % (CHANNELS * MEMBERS)
}

/// The value of a field of a frame with texts that need no escapes.
fn field<'t>(frame: &'t str, key: &str) -> &'t str {
    let start = frame.find(&format!("\"{key}\":\"")).unwrap() + key.len() + 4;
    frame[start..].split('"').next().unwrap()
}

/// A person in a channel, on a connection that one thread writes to and another one reads.
fn enter(server: &Server, number: usize) -> TwoWaySocket {
    let mut socket = TwoWaySocket::over(server.connect(), "/chat2", wire::VERSION).unwrap();
    socket.set_patience(Some(PATIENCE)).unwrap();
    socket.say(&log_in(&name(number), "t", &name(number))).unwrap();
    socket.await_text(|text| text.starts_with("NLN ")).unwrap();
    let join = format!(r#"JCH {{"channel":"{}"}}"#, channel(number));
    socket.say(&join).unwrap();
    socket.await_text(|text| text.starts_with("CDS ")).unwrap();
    socket.heard.clear();
    socket
}

/// Reads one person's frames until all people have said "end": each message once and in its order, nothing wrong.
fn listen(mut socket: TwoWaySocket, number: usize) -> u64 {
    let mut next = vec![[0_u64; 2]; CHANNELS * MEMBERS];
    let mut open = MEMBERS;
    let mut heard = 0;
    while open > 0 {
        let frame = socket.next_text().unwrap().unwrap();
        let private = match &frame[..3] {
            "MSG" => 0,
            "PRI" => 1,
            "ERR" | "SYS" | "FLN" | "LCH" => panic!("{} hears {frame}", name(number)),
            _ => continue,
        };
        let from: usize = field(&frame, "character")["Talker ".len()..].parse().unwrap();
        let next = &mut next[from][private];
        match field(&frame, "message") {
            "end" => open -= 1,
            count => {
                assert_eq!(count.parse(), Ok(*next), "{} hears {frame}", name(number));
                *next += 1;
                heard += 1;
            }
        }
    }
    heard
}

fn zzz(admin: &mut WebSocket, arguments: &str) -> String {
    admin.say(&format!("ZZZ {{{arguments}}}"));
    admin.await_text("ZZZ ")
}

fn reload(admin: &mut WebSocket) -> String {
    zzz(admin, r#""command":"reload","arg":"yes""#)
}

/// Makes rules by which `UPT` is answered with an error of this number.
fn write_rules(site: &Site, number: u32) {
    site.write_scripts(&format!("function event.UPT() return {number} end"));
}

fn check_rules(admin: &mut WebSocket, number: u32) {
    admin.say("UPT");
    let answer = admin.await_text("ERR ");
    assert!(
        answer.contains(&format!("\"number\":{number},"))
            || answer.contains(&format!("\"number\":{number}}}")),
        "{answer}"
    );
}

#[test]
fn nothing_is_lost_while_the_scripts_are_read_again_a_hundred_times() {
    let site = Site::new();
    write_rules(&site, 8);
    let server = site.start_logging(&WORDS, "warn");
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    for room in 0..CHANNELS {
        admin.say(&format!(r#"CRC {{"channel":"Room {room}"}}"#));
        admin.await_text("SYS ");
    }
    let readers: Vec<TwoWaySocket> = (0..CHANNELS * MEMBERS)
        .map(|number| enter(&server, number))
        .collect();
    let mut people: Vec<TwoWaySocket> = readers.iter().map(|reader| reader.writer().unwrap()).collect();
    let listeners: Vec<_> = readers
        .into_iter()
        .enumerate()
        .map(|(number, reader)| thread::spawn(move || listen(reader, number)))
        .collect();

    let (told, reloaded) = std::sync::mpsc::channel();
    let (wanted, wishes) = std::sync::mpsc::channel::<u32>();
    let administrator = thread::spawn(move || {
        for round in wishes {
            // Rules that are different each time, so that an old state would be seen.
            let number = 8 + round % 2;
            write_rules(&site, number);
            let answer = reload(&mut admin);
            assert!(answer.contains("fresh state"), "{answer}");
            check_rules(&mut admin, number);
            told.send(()).unwrap();
        }
        (admin, site)
    });

    let start = Instant::now();
    let mut said = [0_u64; 2];
    let mut count = vec![[0_u64; 2]; people.len()];
    let (mut rounds, mut done, mut sent, mut since) = (0, 0, 0_u32, BETWEEN);
    while done < RELOADS {
        for (number, socket) in people.iter_mut().enumerate() {
            let private = usize::from((sent / people_count()) % 4 == 3);
            let text = count[number][private];
            count[number][private] += 1;
            said[private] += 1;
            let said = match private {
                0 => format!(r#"MSG {{"channel":"{}","message":"{text}"}}"#, channel(number)),
                _ => format!(
                    r#"PRI {{"recipient":"{}","message":"{text}"}}"#,
                    name(friend(number))
                ),
            };
            socket.say(&said).unwrap();
            sent += 1;
            since += 1;
        }
        if reloaded.try_recv().is_ok() {
            done += 1;
        }
        if rounds == done && rounds < RELOADS && since >= BETWEEN {
            (since, rounds) = (0, rounds + 1);
            wanted.send(rounds).unwrap();
        }
        assert!(!administrator.is_finished(), "the administrator failed");
        let due = start + Duration::from_secs(1) * sent / RATE;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    for (number, socket) in people.iter_mut().enumerate() {
        let to_all = format!(r#"MSG {{"channel":"{}","message":"end"}}"#, channel(number));
        let to_one = format!(
            r#"PRI {{"recipient":"{}","message":"end"}}"#,
            name(friend(number))
        );
        for text in [to_all, to_one] {
            socket.say(&text).unwrap();
        }
    }
    drop(wanted);
    let (mut admin, _site) = administrator.join().unwrap();
    let heard: u64 = listeners
        .into_iter()
        .map(|listener| listener.join().unwrap())
        .sum();
    // Each message in a channel has its other members for hearers.
    assert_eq!(heard, said[0] * (MEMBERS as u64 - 1) + said[1]);
    println!("{sent} messages in {:?}", start.elapsed());
    admin.say(r#"ZZZ {"command":"status"}"#);
    let status = admin.await_text("ZZZ ");
    let online = format!("characters: {} online", people.len() + 1);
    assert!(status.contains(&online), "{status}");
}

fn people_count() -> u32 {
    (CHANNELS * MEMBERS) as u32
}

/// Asks for a reload that must fail with this in its text, and checks that the rules stay.
fn fails(server: &Server, admin: &mut WebSocket, parts: &[&str]) {
    let answer = reload(admin);
    for part in parts {
        assert!(answer.contains(part), "{part:?} is not told: {answer}");
    }
    assert!(answer.contains("nothing has changed"), "{answer}");
    check_rules(admin, 8);
    // A newcomer's log-in runs by the old rules, too.
    WebSocket::log_in(server, "Newcomer", "t");
}

#[test]
fn broken_scripts_change_nothing_and_nobody_waits_for_them() {
    let site = Site::new();
    write_rules(&site, 8);
    let server = site.start_logging(&[&WORDS[..], &["--set", "luatimeout=3"]].concat(), "warn");
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    let mut alice = WebSocket::log_in(&server, "Alice", "t");
    check_rules(&mut admin, 8);
    for (end, parts) in [
        ("this is no Lua", &["main.lua:"][..]),
        ("error('at load')", &["main.lua:", "at load"]),
        ("require('nowhere')", &["nowhere"]),
        (
            "function deep() error('x') end function chat_init() c.createChannel('Half') deep() end",
            &["main.lua:", "in deep", "in chat_init"],
        ),
        (
            "function chat_init() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end",
            &["not enough memory"],
        ),
    ] {
        site.write_scripts(end);
        fails(&server, &mut admin, parts);
    }
    write_rules(&site, 9);
    site.write("script/talking.lua", "\n\nlocal = 5");
    fails(&server, &mut admin, &["talking.lua:3:"]);
    std::fs::remove_file(site.path("script/main.lua")).unwrap();
    std::fs::create_dir(site.path("script/main.lua")).unwrap();
    fails(&server, &mut admin, &["main.lua", "can't be read"]);
    std::fs::remove_dir(site.path("script/main.lua")).unwrap();

    // While scripts loop for ever on the side, people talk.
    site.write_scripts("function chat_init() while true do end end");
    admin.say(r#"ZZZ {"command":"reload","arg":"yes"}"#);
    alice.say(r#"PRI {"recipient":"Admin","message":"still there?"}"#);
    let first = loop {
        let text = admin.text();
        if text.starts_with("PRI ") || text.starts_with("ZZZ ") {
            break text;
        }
    };
    assert!(first.contains("still there?"), "{first}");
    let answer = admin.await_text("ZZZ ");
    assert!(
        answer.contains("took too long") && answer.contains("nothing has changed"),
        "{answer}"
    );
    check_rules(&mut admin, 8);

    // And when all is well again, it works.
    write_rules(&site, 9);
    assert!(reload(&mut admin).contains("fresh state"));
    check_rules(&mut admin, 9);
    alice.say(r#"JCH {"channel":"Half"}"#);
    assert!(
        alice.await_text("ERR ").contains("\"number\":26"),
        "no half of them was left behind"
    );
    server.terminate();
    let log = server.ended().stderr;
    assert!(
        log.contains("in deep") && log.contains("took too long"),
        "the log tells it too: {log}"
    );
}
