//! Limits belong to the person: an account at full rate, with any number of connections, costs the
//! others only so much, and what they say themselves is never lost.

use std::net::IpAddr;

use crate::support::{Simulation, answer, chat, enter};
use fchatd_protocol::exchange::{ConnectionId, Departure};
use fchatd_script::builtin;
use fchatd_world::Settings;

/// Some people in Development that hear it all, and the number of these frames that each has got.
fn audience(chat: &mut Simulation, count: u32) -> Vec<ConnectionId> {
    let people: Vec<_> = (0..count)
        .map(|number| enter(chat, 10_000 + number, &format!("Listener {number}")))
        .collect();
    for &person in &people {
        chat.say(person, r#"JCH {"channel":"Development"}"#);
    }
    chat.forget();
    people
}

#[test]
fn reconnecting_after_each_burst_lets_a_person_say_no_more() {
    for grace in ["60", "0"] {
        let mut chat = chat(&[("resume_grace", grace), ("login_pause", "0")]);
        let bob = enter(&mut chat, 2, "Bob");
        let mut said = 0;
        // 20 s with ten log-ins in each.
        for _ in 0..200 {
            let ada = enter(&mut chat, 1, "Ada");
            for _ in 0..6 {
                said += 1;
                let text = format!(r#"PRI {{"recipient":"Bob","message":"{said}"}}"#);
                chat.say(ada, &text);
            }
            chat.go(ada);
            chat.pass(100);
        }
        let heard: Vec<u64> = chat
            .take(bob)
            .into_iter()
            .filter(|(code, _)| code == "PRI")
            .map(|(_, value)| value["message"].as_str().unwrap().parse().unwrap())
            .collect();
        assert!(
            (38..=42).contains(&heard.len()),
            "resume_grace {grace}: {} in 20 s",
            heard.len()
        );
        assert!(heard.is_sorted(), "in the order in which they were said");
    }
}

#[test]
fn messages_that_wait_at_a_log_off_are_sent_before_the_character_goes() {
    for departure in [Departure::Goodbye, Departure::Lost, Departure::Violation] {
        let mut chat = chat(&[("resume_grace", "0")]);
        let bob = enter(&mut chat, 2, "Bob");
        let ada = enter(&mut chat, 1, "Ada");
        chat.say(bob, r#"JCH {"channel":"Development"}"#);
        chat.say(ada, r#"JCH {"channel":"Development"}"#);
        for number in 0..6 {
            let text = format!(r#"MSG {{"channel":"Development","message":"{number}"}}"#);
            chat.say(ada, &text);
        }
        // Commands after the last message mean nothing to an absent character.
        chat.say(ada, r#"LCH {"channel":"Development"}"#);
        chat.forget();
        chat.end(ada, departure);
        assert_eq!(chat.take(bob), [], "{departure:?}: nothing is said early");
        for _ in 0..30 {
            chat.pass(100);
        }
        let codes = chat.codes(bob);
        assert_eq!(codes, ["MSG", "MSG", "MSG", "MSG", "MSG", "FLN"], "{departure:?}");
        assert_eq!(chat.core.world().connection_count(), 1);
        assert_eq!(chat.core.world().user_count(), 1);
        assert_eq!(chat.core.next_due(), None);
    }
}

#[test]
fn whom_the_server_throws_out_says_nothing_more() {
    let mut chat = chat(&[]);
    let bob = enter(&mut chat, 2, "Bob");
    let ada = enter(&mut chat, 1, "Ada");
    for number in 0..6 {
        chat.say(ada, &format!(r#"PRI {{"recipient":"Bob","message":"{number}"}}"#));
    }
    chat.forget();
    chat.end(ada, Departure::Closed);
    assert_eq!(chat.codes(bob), ["FLN"]);
    chat.pass(10_000);
    assert_eq!(chat.take(bob), []);
}

/// Sends each of some commands in turn for so many seconds, a hundred of them in each, and gives a listener's frames.
fn storm(
    chat: &mut Simulation,
    sender: ConnectionId,
    listener: ConnectionId,
    commands: &[&str],
    seconds: u32,
) -> usize {
    let mut heard = 0;
    for turn in 0..seconds * 10 {
        for number in 0..10 {
            let command = commands[(turn * 7 + number) as usize % commands.len()];
            chat.say(sender, command);
        }
        chat.pass(100);
        heard += chat.take(listener).len();
        chat.take(sender);
    }
    heard
}

#[test]
fn joining_and_leaving_in_turn_is_slowed_down() {
    let mut chat = chat(&[]);
    let people = audience(&mut chat, 200);
    let ada = enter(&mut chat, 1, "Ada");
    chat.forget();
    let commands = [
        r#"JCH {"channel":"Development"}"#,
        r#"LCH {"channel":"Development"}"#,
    ];
    let first = storm(&mut chat, ada, people[0], &commands, 60);
    // 6,000 commands were sent. The burst, then ten plain ones in a second, and each of these is several.
    assert!((200..800).contains(&first), "{first}");
    let later = storm(&mut chat, ada, people[0], &commands, 60);
    assert!((60..500).contains(&later), "{later}");
    chat.say(
        people[1],
        r#"MSG {"channel":"Development","message":"still here"}"#,
    );
    let heard = chat.take(people[0]);
    assert!(heard.iter().any(|(_, value)| value["message"] == "still here"));
}

#[test]
fn one_room_that_is_joined_and_left_once_does_not_differ() {
    let mut chat = chat(&[]);
    let people = audience(&mut chat, 200);
    let ada = enter(&mut chat, 1, "Ada");
    chat.forget();
    chat.say(ada, r#"JCH {"channel":"Development"}"#);
    chat.say(ada, r#"LCH {"channel":"Development"}"#);
    assert_eq!(chat.codes(people[0]), ["JCH", "LCH"]);
}

#[test]
fn storms_of_small_commands_end_at_one_rate_for_all_connections_of_an_account() {
    let mut chat = chat(&[("max_per_ip", "100")]);
    let bob = enter(&mut chat, 2, "Bob");
    let many: Vec<_> = (0..10)
        .map(|number| enter(&mut chat, 1, &format!("Ada {number}")))
        .collect();
    chat.forget();
    let mut heard = 0;
    for _ in 0..60 {
        for &one in &many {
            for _ in 0..20 {
                chat.say(one, r#"TPN {"character":"Bob","status":"typing"}"#);
            }
            chat.take(one);
        }
        chat.pass(1000);
        heard += chat.take(bob).len();
    }
    assert!((600..1000).contains(&heard), "{heard} of 12,000");
}

#[test]
fn one_person_is_not_buried_under_invitations() {
    let mut chat = chat(&[("room_flood", "0"), ("command_rate", "0")]);
    let bob = enter(&mut chat, 2, "Bob");
    let many: Vec<_> = (0..3)
        .map(|number| enter(&mut chat, 1, &format!("Ada {number}")))
        .collect();
    let mut rooms = Vec::new();
    for _ in 0..20 {
        chat.say(many[0], r#"CCR {"channel":"Room"}"#);
    }
    for (code, value) in chat.take(many[0]) {
        if code == "JCH" {
            rooms.push(value["channel"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(rooms.len(), 20);
    for room in &rooms {
        chat.say(
            many[0],
            &format!(r#"RST {{"channel":"{room}","status":"public"}}"#),
        );
        for &one in &many[1..] {
            chat.say(one, &format!(r#"JCH {{"channel":"{room}"}}"#));
        }
    }
    chat.forget();
    for _ in 0..100 {
        for room in &rooms {
            for &one in &many {
                chat.say(one, &format!(r#"CIU {{"channel":"{room}","character":"Bob"}}"#));
            }
        }
    }
    assert_eq!(chat.codes(bob).len(), 5, "of 6,000");
}

#[test]
fn rooms_have_a_pace_and_a_number() {
    let mut chat = chat(&[("rooms_max", "60")]);
    let bob = enter(&mut chat, 2, "Bob");
    let mut made = 0;
    for minute in 0..10 {
        for account in 0..5 {
            let name = format!("Ada {account}");
            // A new log-in changes nothing.
            let ada = enter(&mut chat, 100 + account, &name);
            for _ in 0..40 {
                chat.say(ada, r#"CCR {"channel":"Room"}"#);
            }
            made += chat.codes(ada).iter().filter(|code| *code == "ICH").count();
            if minute < 9 {
                chat.end(ada, Departure::Lost);
            }
        }
        chat.pass(1000);
    }
    // Five at once for each account, and hardly more in ten seconds.
    assert!((25..=30).contains(&made), "{made}");
    for _ in 0..200 {
        chat.pass(16_000);
        let Some(ada) = chat.core.world().find_character("Ada 4") else {
            panic!("Ada 4 is there")
        };
        let id = chat.core.world().connection(ada).unwrap().id;
        chat.say(id, r#"CCR {"channel":"Room"}"#);
        chat.forget();
    }
    assert!(chat.core.world().room_count() <= 60);
    chat.say(bob, r#"CCR {"channel":"Bob's own"}"#);
    assert!(chat.codes(bob).contains(&"ICH".to_owned()));
}

#[test]
fn characters_that_are_away_count_for_their_address() {
    let mut chat = chat(&[("max_per_ip", "3")]);
    let bob = enter(&mut chat, 2, "Bob");
    chat.forget();
    let network = |host: u16| IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, host]);
    let mut refused = 0;
    for number in 0..50_u16 {
        let connection = chat.open_from(network(number));
        let (account, name) = (100 + u32::from(number), format!("Sock {number}"));
        chat.log_in_with(connection, &name, &answer(account, account, &name));
        refused += chat
            .errors(connection)
            .iter()
            .filter(|&&number| number == 30)
            .count();
        chat.end(connection, Departure::Lost);
    }
    assert_eq!((chat.core.world().user_count(), refused), (1 + 3, 47));
    // Each of the three comes back, from whichever address of the network.
    for number in [0, 1, 2, 0, 1, 2] {
        let connection = chat.open_from(network(9000 + number));
        let (account, name) = (100 + u32::from(number), format!("Sock {number}"));
        chat.log_in_with(connection, &name, &answer(account, account, &name));
        assert!(chat.errors(connection).is_empty(), "{name}");
        assert_eq!(chat.core.world().count_from(network(1)), 3);
    }
    assert_eq!(chat.codes(bob), ["NLN", "NLN", "NLN"]);
    // When they have gone, the places are free.
    chat.pass(61_000);
    let all: Vec<_> = (0..3).map(|number| format!("Sock {number}")).collect();
    for name in all {
        let key = chat.core.world().find_character(&name).unwrap();
        let id = chat.core.world().connection(key).unwrap().id;
        chat.go(id);
    }
    assert_eq!(chat.core.world().count_from(network(1)), 0);
}

#[test]
fn a_person_at_another_address_is_counted_there() {
    let mut chat = chat(&[("max_per_ip", "2")]);
    let (home, office): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let log_in = |chat: &mut Simulation, address: IpAddr, account: u32, name: &str| {
        let connection = chat.open_from(address);
        chat.log_in_with(connection, name, &answer(account, account, name));
        (connection, chat.errors(connection))
    };
    let counts = |chat: &Simulation| {
        let world = chat.core.world();
        (world.count_from(home), world.count_from(office))
    };
    log_in(&mut chat, home, 1, "Ada");
    log_in(&mut chat, office, 2, "Bob");
    assert_eq!(counts(&chat), (1, 1));
    let (ada, errors) = log_in(&mut chat, office, 1, "Ada");
    assert_eq!((errors, counts(&chat)), (vec![], (0, 2)), "taken over from there");
    let (_, errors) = log_in(&mut chat, office, 3, "Cem");
    assert_eq!(errors, [30]);
    chat.end(ada, Departure::Lost);
    assert_eq!(counts(&chat), (0, 2));
    let (_, errors) = log_in(&mut chat, home, 1, "Ada");
    assert_eq!((errors, counts(&chat)), (vec![], (1, 1)));
}

#[test]
fn a_returning_client_and_a_busy_talker_meet_no_limit() {
    let mut chat = chat(&[]);
    let boss = enter(&mut chat, 2, "Boss");
    chat.pass(1000);
    let world = chat.core.world();
    assert_eq!(world.limit_counts(), fchatd_world::LimitCounts::default());
    audience(&mut chat, 300);
    let ada = enter(&mut chat, 1, "Ada");
    chat.forget();
    // 75 joins at ten in a second, as clients do it when they come back, with all that they ask for at the start.
    for command in [
        "CHA",
        "ORS",
        "STA {\"status\":\"looking\"}",
        "FRL",
        "UPT",
        "IGN {\"action\":\"list\"}",
    ] {
        chat.say(ada, command);
    }
    for _ in 0..75 {
        chat.say(ada, r#"JCH {"channel":"Development"}"#);
        chat.say(ada, r#"LCH {"channel":"Development"}"#);
        chat.pass(200);
    }
    // Then an hour of talk at the pace that is allowed, with signs of typing, and a look at a profile each quarter of a
    // minute.
    chat.say(ada, r#"JCH {"channel":"Development"}"#);
    for half_second in 0..7200 {
        chat.say(
            ada,
            r#"MSG {"channel":"Development","message":"a line of usual length"}"#,
        );
        chat.say(ada, r#"TPN {"character":"Boss","status":"typing"}"#);
        if half_second % 30 == 0 {
            chat.say(ada, r#"PRO {"character":"Boss"}"#);
            chat.say(ada, r#"KIN {"character":"Boss"}"#);
        }
        chat.pass(500);
        assert!(chat.errors(ada).is_empty(), "{half_second}");
        if half_second % 100 == 0 {
            chat.forget();
        }
    }
    let counts = chat.core.world().limit_counts();
    assert_eq!((counts.commands_delayed, counts.commands_refused), (0, 0));
    let _ = boss;
}

#[test]
fn people_are_forgotten_in_the_end() {
    let mut chat = chat(&[]);
    for number in 0..200 {
        let one = enter(&mut chat, 100 + number, &format!("Guest {number}"));
        chat.say(one, r#"STA {"status":"busy"}"#);
        chat.go(one);
    }
    assert_eq!(chat.core.world().people_count(), 200);
    chat.pass(600_000);
    chat.pass(600_000);
    assert_eq!(chat.core.world().people_count(), 0);
}

#[test]
fn a_moderator_who_is_busy_meets_no_limit() {
    let mut chat = chat(&[("maxusers", "5000")]);
    let people = audience(&mut chat, 1000);
    let connection = chat.open();
    let staff = answer(1, 1, "Boss").replace(r#""admin":"0""#, r#""admin":"1""#);
    chat.log_in_with(connection, "Boss", &staff);
    chat.say(connection, r#"JCH {"channel":"Development"}"#);
    chat.forget();
    // Two in a second for a minute: a raid.
    for number in 0..120 {
        let name = format!("Listener {number}");
        let command = if number % 2 == 0 { "CKU" } else { "CBU" };
        chat.say(
            connection,
            &format!(r#"{command} {{"channel":"Development","character":"{name}"}}"#),
        );
        chat.pass(500);
    }
    assert!(chat.errors(connection).is_empty());
    let counts = chat.core.world().limit_counts();
    assert_eq!((counts.commands_delayed, counts.commands_refused), (0, 0));
    let world = chat.core.world();
    let channel = world
        .find_channel("Development")
        .and_then(|key| world.channel(key));
    // All people but the 120, and the moderator.
    assert_eq!(channel.unwrap().members.len(), people.len() - 120 + 1);
}

#[test]
fn a_command_that_scripts_add_has_a_price_without_saying_so() {
    let mut scripts = builtin::scripts();
    scripts
        .main
        .push_str("\nfunction event.XYZ(con, args)\n  s.broadcast('XYZ', {})\n  return const.FERR_OK\nend\n");
    let mut chat = Simulation::with(&scripts, Settings::default(), None);
    let people = audience(&mut chat, 500);
    let ada = enter(&mut chat, 1, "Ada");
    chat.forget();
    let heard = storm(&mut chat, ada, people[0], &["XYZ"], 30);
    // Each is heard by 501 people and counts as two: a burst of 150, then five in a second.
    assert!((200..350).contains(&heard), "{heard}");
}
