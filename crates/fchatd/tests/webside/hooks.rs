//! Webhooks: the events for receivers, and that nothing is lost when they or the server go away.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fchatd_links::sign;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::chat::Person;
use crate::receiver::{Asked, Deed, Receiver, answer, eventually};
use crate::site::{Server, Site, taken_port};

const SECRET: &str = "known to both and nobody else";

fn start(site: &Site, hooks: &str, settings: &[&str]) -> Server {
    let (hooks, secret) = (format!("webhooks={hooks}"), format!("webhook_secret={SECRET}"));
    let mut words = vec![
        "--set",
        "load_balancers=127.0.0.1",
        "--set",
        &hooks,
        "--set",
        &secret,
    ];
    for setting in settings {
        match setting.starts_with("--") {
            true => words.push(setting),
            false => words.extend(["--set", setting]),
        }
    }
    site.start(&words)
}

/// The announced events, in their order.
fn announced(asked: &[Asked]) -> Vec<String> {
    let message = |asked: &Asked| asked.json()["args"]["message"].as_str().unwrap().to_owned();
    asked.iter().map(message).collect()
}

#[test]
fn receivers_are_told_of_actions_reports_and_numbers() {
    let all = Receiver::start(|_| answer(204, ""));
    let reports = Receiver::start(|_| answer(200, "thanks"));
    let hooks = format!(
        "action {all}\n users>1 {all}\n users<2 {all}\n report {reports}",
        all = all.url("/all?key=hidden"),
        reports = reports.url("/reports")
    );
    let site = Site::new();
    let server = start(&site, &hooks, &["--dev"]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    admin.announce("hello, ä all");
    let asked = all.await_asked(1);
    let told = asked[0].json();
    assert_eq!(
        (&told["event"], &told["name"], &told["type"]),
        (&json!("action"), &json!("Ann"), &json!("BRO"))
    );
    assert_eq!(told["args"]["message"], "hello, ä all");
    assert!(told["time"].as_i64().unwrap() > 1_700_000_000);
    assert_eq!(asked[0].path, "/all?key=hidden");
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(asked[0].header("x-fchatd-event"), Some("action"));
    assert_eq!(asked[0].header("x-fchatd-id"), told["id"].as_str());
    let signature = asked[0].header("x-fchatd-signature").unwrap();
    let time = signature.strip_prefix("t=").unwrap().split(',').next().unwrap();
    let expected = sign::webhook(SECRET, time.parse().unwrap(), asked[0].body.as_bytes());
    assert_eq!(signature, expected);

    let mut ada = Person::enter(&server, "ada", "Ada");
    let told = all.await_asked(2)[1].json();
    assert_eq!(
        (&told["event"], &told["users"], &told["threshold"]),
        (&json!("users_over"), &json!(2), &json!(1))
    );
    ada.say(r#"SFC {"action":"report","report":"help","tab":"Frontpage","logid":7}"#);
    ada.told();
    let told = reports.await_asked(1)[0].json();
    assert_eq!((&told["event"], &told["name"]), (&json!("report"), &json!("Ada")));
    assert_eq!(
        (&told["args"]["report"], &told["args"]["logid"]),
        (&json!("help"), &json!(7))
    );
    assert_eq!(all.await_asked(3)[2].json()["type"], "SFC");
    ada.leave();
    let told = all.await_asked(4)[3].json();
    assert_eq!(
        (&told["event"], &told["users"]),
        (&json!("users_under"), &json!(1))
    );
    eventually("all are taken", || {
        all.asked().len() == 4 && reports.asked().len() == 1
    });
    let status = admin.status("webhooks");
    assert!(
        status.contains("2 receivers, 0 away") && status.contains("0 tries failed"),
        "{status}"
    );
    server.terminate();
    let log = server.ended().stderr;
    assert!(!log.contains("hidden") && !log.contains(SECRET), "{log}");
}

/// Events are told in their order, with any first answer of a receiver, and another one does not wait for it.
#[test]
fn a_receiver_that_is_not_well_is_tried_again_and_hurts_nobody() {
    let tries = AtomicUsize::new(0);
    let ill = Receiver::start(move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => answer(500, "not now"),
        1 => Deed::Raw("HTTP/1.1 20".to_owned()),
        2 => answer(302, "moved"),
        // It has taken it, as far as the server can know.
        3 => Deed::Raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthat is all".to_owned()),
        4 => answer(200, &"x".repeat(300_000)),
        _ => answer(200, ""),
    });
    let silent = Receiver::start(|_| Deed::Silence);
    let well = Receiver::start(|_| answer(200, ""));
    let hooks = [&ill, &silent, &well].map(|receiver| format!("action {}", receiver.url("/")));
    let site = Site::new();
    let server = start(&site, &hooks.join(" "), &["--dev"]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    let messages = ["one", "two", "three", "four"];
    for message in messages {
        admin.announce(message);
    }
    assert_eq!(announced(&well.await_asked(4)), messages);
    let asked = announced(&ill.await_asked(7));
    assert_eq!(asked, ["one", "one", "one", "one", "two", "three", "four"]);
    let ids: Vec<Value> = ill
        .asked()
        .iter()
        .map(|asked| asked.json()["id"].clone())
        .collect();
    assert!(ids[0] == ids[3] && ids[3] != ids[4] && ids[4] != ids[5]);
    let status = admin.status("webhooks");
    assert!(status.contains("3 receivers, "), "{status}");
    let of_silent = announced(&silent.asked());
    assert!(
        of_silent.iter().all(|message| message == "one"),
        "the others wait for it: {of_silent:?}"
    );
    server.terminate();
    let log = server.ended();
    assert_eq!(log.code, Some(0));
    assert!(log.stderr.contains("it answers with status 500") && log.stderr.contains("takes them again"));
}

#[test]
fn when_too_many_wait_the_oldest_go_and_are_counted() {
    let port = taken_port().1;
    let site = Site::new();
    let hooks = format!("action http://127.0.0.1:{port}/");
    let server = start(&site, &hooks, &["--dev", "webhook_queue=3"]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    for number in 0..8 {
        admin.announce(&number.to_string());
    }
    let receiver = Receiver::start_at(port, |_| answer(200, ""));
    receiver.await_asked(3);
    let last = |count: usize| {
        let asked = announced(&receiver.asked());
        asked.len() >= count && asked.last().is_some_and(|message| message == "7")
    };
    eventually("the last one comes", || last(3));
    let asked = announced(&receiver.asked());
    assert_eq!(asked[asked.len() - 3..], ["5", "6", "7"]);
    let status = admin.status("webhooks");
    assert!(
        status.contains("0 deliveries waiting") && status.contains("5 dropped"),
        "{status}"
    );
}

fn know(logins: &fchatd_dialogue::site::Site, account: i64, name: &str) {
    let answer = json!({
        "error": "",
        "account": {"account_id": account, "admin": "1", "banned": 0, "timeout": 0},
        "char": {"character_id": account, "name": name},
        "select": {}, "kinks": [], "friends": [], "ignores": [], "bits": {},
    });
    logins.know(name, name, Some(answer.to_string()));
}

/// A client that has seen the answer to a change finds its webhook delivered after any end of the program.
#[test]
fn waiting_webhooks_survive_kill_9_and_come_in_order() {
    let logins = fchatd_dialogue::site::Site::start().unwrap();
    know(&logins, 1, "Ann");
    let login_url = format!("login_url={}", logins.url());
    let port = taken_port().1;
    let hooks = format!("action http://127.0.0.1:{port}/");
    let site = Site::new();
    let mut made = Vec::new();
    for run in 0..3 {
        let server = start(&site, &hooks, &[&login_url]);
        let mut admin = Person::enter(&server, "Ann", "Ann");
        for number in 0..4 {
            let name = format!("Mod {run} {number}");
            let arguments = json!({"action": "add", "character": name});
            admin.say(&format!("SCP {arguments}"));
            // The first has no answer, but each later answer shows its effect.
            admin.say(r#"UNB {"character":"Nobody"}"#);
            admin.hear(|text| text.starts_with("SYS ") && text.contains("Nothing is recorded"));
            made.push(name);
        }
        server.signal(Signal::KILL);
        server.ended();
    }
    let receiver = Receiver::start_at(port, |_| answer(200, ""));
    let server = start(&site, &hooks, &[&login_url]);
    receiver.await_asked(made.len());
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
    let came: Vec<String> = receiver
        .asked()
        .iter()
        .map(|asked| asked.json()["args"]["character"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(came, made);
    // Without a receiver: deliveries to a receiver that is not named any more are dropped, with a line in the log.
    drop(receiver);
    let server = start(&site, &hooks, &[&login_url]);
    let mut admin = Person::enter(&server, "Ann", "Ann");
    admin.announce("for nobody");
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
    let other = format!("action http://127.0.0.1:{port}/other");
    let server = start(&site, &other, &[&login_url]);
    server.await_log("1 deliveries were for receivers that are not in webhooks any more");
}

#[test]
fn a_damaged_queue_does_not_keep_the_server_from_starting() {
    let receiver = Receiver::start(|_| answer(200, ""));
    let site = Site::new();
    site.write(
        "data/deliveries.sqlite",
        &"no database at all, but long enough for one".repeat(100),
    );
    let server = start(&site, &format!("action {}", receiver.url("/")), &[]);
    server.await_log("the queue of the webhooks was damaged");
    assert!(site.path("data/deliveries.sqlite.damaged-1").exists());
}

#[test]
fn mistakes_are_named_at_the_start_without_secrets() {
    let site = Site::new();
    for (settings, told) in [
        (
            &["webhooks=report http://hidden/"][..],
            "webhooks need a webhook_secret",
        ),
        (
            &["webhooks=report ftp://hidden/", "webhook_secret=x"],
            "webhooks: pair 1: it must be an address",
        ),
        (
            &["webhooks=people http://hidden/"],
            "webhooks: pair 1 must begin with an event",
        ),
        (
            &["http_hosts=http://x/"],
            "http_hosts: \"http://x/\" is no host name",
        ),
    ] {
        let mut words = vec!["check"];
        for setting in settings {
            words.extend(["--set", setting]);
        }
        let ended = site.run(&words);
        ended.assert_refused(&[told]);
        assert!(!ended.stderr.contains("hidden"), "{}", ended.stderr);
    }
}

/// The code block of a language in the page about webhooks.
fn example(language: &str) -> String {
    let page = include_str!("../../../../docs/webhooks.md");
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a receiver of the documentation and lets the server send it an event; gives the receiver's output.
fn run_example(command: &mut Command, port: u16) -> String {
    let mut receiver = Running(
        command
            .env("WEBHOOK_SECRET", SECRET)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let stderr = receiver.0.stderr.take().unwrap();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = BufReader::new(stderr).read_to_string(&mut text);
        text
    });
    let stdout = receiver.0.stdout.take().unwrap();
    let (sender, lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    let site = Site::new();
    let server = start(&site, &format!("action http://127.0.0.1:{port}/"), &["--dev"]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    admin.announce("für alle");
    let line = lines.recv_timeout(Duration::from_secs(40));
    drop(receiver);
    line.unwrap_or_else(|_| panic!("{}", errors.join().unwrap()))
}

#[test]
fn the_receiver_in_python_takes_what_is_signed() {
    let port = taken_port().1;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receiver.py");
    std::fs::write(&file, example("python")).unwrap();
    let line = run_example(
        Command::new("python3").arg("-u").arg(&file).arg(port.to_string()),
        port,
    );
    assert!(line.starts_with("action ") && line.contains("für alle"), "{line}");
}

#[test]
fn the_receiver_in_php_takes_what_is_signed_where_there_is_php() {
    if Command::new("php").arg("-v").output().is_err() {
        return;
    }
    let port = taken_port().1;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("receiver.php");
    std::fs::write(&file, example("php")).unwrap();
    let log = folder.path().join("seen.log");
    std::fs::write(&log, "").unwrap();
    let mut command = Command::new("php");
    command
        .args(["-S", &format!("127.0.0.1:{port}"), "-t"])
        .arg(folder.path())
        .arg(&file)
        .env("WEBHOOK_SECRET", SECRET)
        .env("WEBHOOK_LOG", &log)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let receiver = Running(command.spawn().unwrap());
    let site = Site::new();
    let server = start(&site, &format!("action http://127.0.0.1:{port}/"), &["--dev"]);
    let mut admin = Person::enter(&server, "admin", "Ann");
    admin.announce("für alle");
    eventually("it is seen", || {
        std::fs::read_to_string(&log).unwrap().contains("action ")
    });
    drop(receiver);
}
