//! The load generator against the real program: every workload runs, small and short, and nothing goes missing.
#![expect(clippy::panic, reason = "a test may fail")]

use std::path::Path;

use fchatd_bench::load::people::People;
use fchatd_bench::report::sample::Sample;
use fchatd_bench::server::Wanted;
use fchatd_bench::siege::attacks::named;
use fchatd_bench::siege::{self, Measure};
use fchatd_bench::workload::Workload;
use fchatd_bench::workload::shape::{Shape, Wishes};
use fchatd_dialogue::Program;

const CLIENTS: usize = 24;

fn wishes() -> Wishes {
    Wishes {
        clients: Some(CLIENTS),
        rooms: Some(3),
        neighbours: Some(3),
        flood_rate: Some(500.0),
        seconds: Some(0.2),
        warm_up: Some(0.05),
        ..Wishes::default()
    }
}

fn measure(workload: Workload, wishes: &Wishes) -> Sample {
    measure_behind("", workload, wishes)
}

/// With a word in front of the command, such as `tls:`.
fn measure_behind(front: &str, workload: Workload, wishes: &Wishes) -> Sample {
    let server = Wanted::parse(&format!("fchatd={front}'{}'", env!("CARGO_BIN_EXE_fchatd")));
    let sample = workload.measure(&server, &People::default(), &Shape::new(workload, wishes));
    let sample = sample.unwrap_or_else(|error| panic!("{workload:?}: {error}"));
    assert_eq!(sample.faults(), 0.0, "{workload:?}: {sample:?}");
    sample
}

fn has(sample: &Sample, names: &[&str]) {
    for name in names {
        assert!(
            sample.get(name).is_some_and(|value| value > 0.0),
            "{name} in {sample:?}"
        );
    }
}

#[test]
fn talk_arrives_whole() {
    for workload in [Workload::Big, Workload::Huge, Workload::Many, Workload::Private] {
        let sample = measure(workload, &wishes());
        has(
            &sample,
            &[
                "deliveries_per_second",
                "latency_p99_ms",
                "server_cpu_us_per_delivery",
            ],
        );
    }
    let sample = measure(
        Workload::Big,
        &Wishes {
            rate: Some(100.0),
            ..wishes()
        },
    );
    has(&sample, &["generator_late_p99_ms"]);
}

#[test]
fn talk_arrives_whole_over_tls_too() {
    for front in ["tls:", "nginx:"] {
        for workload in [Workload::Big, Workload::Private, Workload::Idle] {
            let sample = measure_behind(front, workload, &wishes());
            if workload != Workload::Idle {
                has(&sample, &["deliveries_per_second", "server_cpu_us_per_delivery"]);
            }
        }
    }
}

#[test]
fn storms_pass() {
    let sample = measure(Workload::Login, &wishes());
    has(
        &sample,
        &[
            "log_ins_per_second",
            "full_house_bytes_per_log_in",
            "resident_kib_per_client",
        ],
    );
    has(&measure(Workload::Reconnect, &wishes()), &["returns_per_second"]);
    has(
        &measure(Workload::Presence, &wishes()),
        &["changes_per_second", "deliveries_per_second"],
    );
}

#[test]
fn people_who_are_only_there_are_measured() {
    let sample = measure(Workload::Idle, &wishes());
    has(&sample, &["resident_mib"]);
    assert!(sample.get("idle_cpu_percent").is_some(), "{sample:?}");
}

#[test]
fn an_evening_has_everything() {
    let sample = measure(
        Workload::Evening,
        &Wishes {
            rate: Some(400.0),
            ..wishes()
        },
    );
    has(&sample, &["deliveries_per_second"]);
}

/// The rules against floods are as in real life here.
#[test]
fn bad_neighbours_do_not_make_a_quiet_channel_lose_anything() {
    let sample = measure(
        Workload::Fairness,
        &Wishes {
            rooms: Some(1),
            rate: Some(20.0),
            ..wishes()
        },
    );
    has(
        &sample,
        &["alone_p99_ms", "latency_p99_ms", "flood_messages_per_second"],
    );
}

/// The protection of the chat from floods must not be taken for its speed.
#[test]
fn a_server_that_holds_people_back_is_not_measured() {
    let mut program = Program::start(
        Path::new(env!("CARGO_BIN_EXE_fchatd")),
        &["--dev".into(), "--set".into(), "max_per_ip=99".into()],
    )
    .unwrap();
    let server = Wanted::parse(&program.address.to_string());
    let shape = Shape::new(Workload::Big, &wishes());
    let error = Workload::Big
        .measure(&server, &People::default(), &shape)
        .unwrap_err();
    assert!(error.to_string().contains("msg_flood=0"), "{error}");
    program.kill();
}

/// A site with accounts: tickets are asked for with passwords, once for each account.
#[test]
fn people_with_passwords_get_tickets() {
    let words = [
        "--set",
        "max_per_ip=99",
        "--set",
        "msg_flood=0",
        "--set",
        "tickets_per_account=1",
    ];
    let program = Program::start(Path::new(env!("CARGO_BIN_EXE_fchatd")), &words.map(str::to_owned)).unwrap();
    let password = "correct horse battery";
    let operate = |words: &[&str]| {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_fchatd"))
            .arg("--dir")
            .arg(program.folder())
            .args(words)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), password.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{words:?}");
    };
    let mut lines = String::new();
    for account in ["ada", "grace"] {
        operate(&["account", "add", account]);
        for number in 0..2 {
            let character = format!("{account} {number}");
            operate(&["character", "add", account, &character]);
            lines.push_str(&format!("{account}\t{password}\t{character}\n"));
        }
    }
    let file = program.folder().join("people");
    std::fs::write(&file, lines).unwrap();
    let people = People {
        people: Some(file),
        ..People::default()
    };
    let server = Wanted::parse(&program.address.to_string());
    let shape = Shape::new(
        Workload::Private,
        &Wishes {
            clients: Some(4),
            ..wishes()
        },
    );
    let sample = Workload::Private.measure(&server, &people, &shape).unwrap();
    assert_eq!(sample.faults(), 0.0, "{sample:?}");
    // Another user's process is not looked at without its number.
    assert!(sample.get("server_cpu_us_per_delivery").is_none());
    let more = Shape::new(
        Workload::Private,
        &Wishes {
            clients: Some(6),
            ..wishes()
        },
    );
    assert!(
        Workload::Private
            .measure(&server, &people, &more)
            .unwrap_err()
            .to_string()
            .contains("has 4 people")
    );
    let wrong = People {
        password: Some("wrong".to_owned()),
        account: "ada".to_owned(),
        ..People::default()
    };
    let error = Workload::Private.measure(&server, &wrong, &shape).unwrap_err();
    assert!(
        error.to_string().contains("no ticket for the account ada"),
        "{error}"
    );
}

/// The figures depend on the machine; here it counts that the attack arrives, and that it is seen in the counts.
#[test]
fn a_siege_tells_who_noticed_and_what_was_refused() {
    let server = Wanted::parse(&format!("'{}'", env!("CARGO_BIN_EXE_fchatd")));
    let how = Measure {
        seconds: 1.0,
        recovery: 0.0,
        people: 20,
        nice: 0,
        set: Vec::new(),
    };
    for attack in named(&["reports".to_owned(), "requests".to_owned()]).unwrap() {
        let outcome = siege::measure(&server, attack, 2, &how).unwrap();
        assert!(outcome.survived, "{outcome:?}");
        assert_eq!(
            (outcome.lost, outcome.disordered, outcome.cut_off),
            (0, 0, 0),
            "{outcome:?}"
        );
        assert!(outcome.p99_ms > 0.0 && outcome.peak_mib > 0.0, "{outcome:?}");
        assert!(outcome.operator.looks > 0, "{outcome:?}");
        assert!(!outcome.refused.0.is_empty(), "{outcome:?}");
    }
    let error = named(&["nonsense".to_owned()]).unwrap_err().to_string();
    assert!(
        error.contains("there is no attack nonsense; there are empty-frames,"),
        "{error}"
    );
}
