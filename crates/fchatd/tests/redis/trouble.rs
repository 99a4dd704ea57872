//! Redis is away, slow, full, or not itself: the chat goes on, and afterwards Redis knows the truth.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::chat::{Chat, Person, await_online, broadcasts};
use crate::server::{PASSWORD, PATIENCE, Place, Redis, Reply, eventually};

/// The log complains of Redis so many times, and of nothing else.
#[track_caller]
fn assert_complaints(log: &str, times: usize) {
    assert_eq!(log.lines().count(), times, "{log}");
    assert_eq!(log.matches("can't be used").count(), times, "{log}");
    assert!(!log.contains(PASSWORD), "{log}");
}

#[test]
fn away_at_the_start() {
    let place = Place::new();
    let chat = Chat::start(&place);
    let mut admin = chat.enter("admin", "Ann");
    admin.announce("nobody hears");
    let ada = chat.enter("ada", "Ada");
    let _bob = chat.enter("bob", "Bob");
    ada.leave();
    await_away(&mut admin);
    let redis = place.start(&[]);
    await_online(&redis, &["Ann", "Bob"]);
    eventually("the action arrives", || broadcasts(&redis) == ["nobody hears"]);
    assert_complaints(&chat.end(), 1);
}

/// Waits until the status knows that Redis can't be used.
#[track_caller]
fn await_away(admin: &mut Person) {
    await_status(admin, |status| {
        status.contains("away") && status.contains("1 outages")
    });
}

/// Waits until the status knows that Redis can be used.
#[track_caller]
fn await_connected(admin: &mut Person) {
    await_status(admin, |status| status.contains("connected"));
}

#[track_caller]
fn await_status(admin: &mut Person, is_so: impl Fn(&str) -> bool) {
    let start = Instant::now();
    loop {
        let status = admin.status();
        if is_so(&status) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{status}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn killed_and_started_again_under_load() {
    let place = Place::new();
    let redis = place.start(&[]);
    let chat = Chat::start(&place);
    let mut admin = chat.enter("admin", "Ann");
    await_online(&redis, &["Ann"]);
    let over = AtomicBool::new(false);
    let (redis, stayed) = thread::scope(|scope| {
        let mut crowds = Vec::new();
        for number in 0..3 {
            let (chat, over) = (&chat, &over);
            crowds.push(scope.spawn(move || {
                let mut stay = Vec::new();
                for turn in 0.. {
                    let name = format!("P{number} {turn}");
                    let person = chat.enter(&name, &name);
                    match turn % 10 {
                        0 => stay.push((name, person)),
                        _ => person.leave(),
                    }
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                }
                stay
            }));
        }
        let mut redis: Redis = redis;
        for round in 0..2 {
            admin.announce(&format!("before {round}"));
            drop(redis);
            for number in 0..20 {
                admin.announce(&format!("meanwhile {round} {number}"));
            }
            redis = place.start(&[]);
            eventually("the actions arrive that it missed", || {
                broadcasts(&redis).contains(&format!("meanwhile {round} 19"))
            });
            await_connected(&mut admin);
        }
        over.store(true, Ordering::Relaxed);
        let stayed: Vec<(String, Person)> = crowds
            .into_iter()
            .flat_map(|crowd| crowd.join().unwrap())
            .collect();
        (redis, stayed)
    });
    let mut names: Vec<&str> = stayed.iter().map(|(name, _)| name.as_str()).collect();
    names.push("Ann");
    await_online(&redis, &names);
    let log = chat.end();
    // An outage that begins with a connection that breaks goes on with one that can't be made: two reasons at most.
    let complaints = log.lines().count();
    assert!((2..=4).contains(&complaints), "{log}");
    assert_complaints(&log, complaints);
}

#[test]
fn stopped_for_a_while() {
    let place = Place::new();
    let redis = place.start(&[]);
    let chat = Chat::start(&place);
    let mut admin = chat.enter("admin", "Ann");
    let ada = chat.enter("ada", "Ada");
    await_online(&redis, &["Ann", "Ada"]);
    redis.stop_for_now();
    admin.announce("in the silence");
    ada.leave();
    let bob = chat.enter("bob", "Bob");
    // Not before it is found out.
    await_away(&mut admin);
    admin.announce("known to be silent");
    bob.leave();
    let _carl = chat.enter("carl", "Carl");
    redis.go_on();
    await_online(&redis, &["Ann", "Carl"]);
    eventually("the actions arrive", || {
        let heard = broadcasts(&redis);
        heard.contains(&"in the silence".to_owned()) && heard.contains(&"known to be silent".to_owned())
    });
    assert_complaints(&chat.end(), 1);
}

#[test]
fn a_wrong_password_until_it_is_right() {
    let place = Place::new();
    let redis = place.start(&[]);
    let chat = Chat::start_with(&place, "battery staple");
    let mut admin = chat.enter("admin", "Ann");
    await_away(&mut admin);
    admin.announce("unheard");
    assert_eq!(redis.online(), [""; 0]);
    assert_eq!(
        redis.ask(&["ACL", "SETUSER", "default", ">battery staple"]),
        Reply::Text("OK".into())
    );
    await_online(&redis, &["Ann"]);
    eventually("the action arrives", || broadcasts(&redis) == ["unheard"]);
    let log = chat.end();
    assert!(log.contains("redispass") && !log.contains("staple"), "{log}");
    assert_complaints(&log, 1);
}

#[test]
fn without_the_password_that_it_wants() {
    let place = Place::new();
    let _redis = place.start(&[]);
    let chat = Chat::start_with(&place, "");
    let mut admin = chat.enter("admin", "Ann");
    await_away(&mut admin);
    let log = chat.end();
    assert!(log.contains("NOAUTH"), "{log}");
    assert_complaints(&log, 1);
}

#[test]
fn out_of_memory_until_there_is_some() {
    refuses_for_a_while(
        &[],
        |redis, _| {
            redis.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        },
        |redis, _| {
            redis.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        },
        "OOM",
    );
}

#[test]
fn a_disk_that_can_not_be_written() {
    refuses_for_a_while(
        &["--save", "3600 100000"],
        |redis, place| {
            // Root may write everywhere, but not where there is no folder.
            std::fs::remove_dir_all(place.data()).unwrap();
            redis.ask(&["BGSAVE"]);
            eventually("saving fails", || {
                matches!(redis.ask(&["SET", "x", "1"]), Reply::Error(_))
            });
        },
        |redis, _| {
            redis.ask(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
        },
        "MISCONF",
    );
}

fn refuses_for_a_while(
    options: &[&str],
    begin: impl Fn(&Redis, &Place),
    end: impl Fn(&Redis, &Place),
    word: &str,
) {
    let place = Place::new();
    let redis = place.start(options);
    let chat = Chat::start(&place);
    let mut admin = chat.enter("admin", "Ann");
    let ada = chat.enter("ada", "Ada");
    await_online(&redis, &["Ann", "Ada"]);
    admin.announce("taken");
    eventually("the action arrives", || broadcasts(&redis) == ["taken"]);
    begin(&redis, &place);
    admin.announce("refused");
    let _bob = chat.enter("bob", "Bob");
    ada.leave();
    await_away(&mut admin);
    end(&redis, &place);
    await_online(&redis, &["Ann", "Bob"]);
    eventually("the action arrives, too", || {
        broadcasts(&redis) == ["taken", "refused"]
    });
    let log = chat.end();
    assert!(log.contains(word), "{log}");
    assert_complaints(&log, 1);
}

#[test]
fn something_else_listens_there() {
    let place = Place::new();
    let listener = TcpListener::bind(("127.0.0.1", place.port)).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 100]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let chat = Chat::start(&place);
    let mut admin = chat.enter("admin", "Ann");
    await_away(&mut admin);
    admin.announce("still here");
    let log = chat.end();
    assert!(log.contains("is not Redis"), "{log}");
    assert_complaints(&log, 1);
}
