//! A site of 50 people on a machine with 64 MiB, with the settings of docs/accounts.md.

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::site::Site;
use crate::websocket::WebSocket;

const PEOPLE: usize = 50;
const PASSWORD: &str = "correct+horse+battery";
const KIBIBYTES: u64 = 64 * 1024;

const SETTINGS: [&str; 12] = [
    "--set",
    "password_threads=1",
    "--set",
    "password_memory=7",
    "--set",
    "threads=1",
    "--set",
    "outbox_max=1048576",
    // All of them come from one address here.
    "--set",
    "max_per_ip=1000",
    "--set",
    "password_patience=60",
];

/// The most memory that the process had, in KiB.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse().unwrap()
}

#[test]
fn fifty_people_fit_into_64_mebibytes() {
    let site = Site::new();
    let mut people = String::from("name,password,characters\n");
    for number in 0..PEOPLE {
        people += &format!("person {number},correct horse battery,Person {number}\n");
    }
    site.write("people.csv", &people);
    let file = site.path("people.csv");
    let import = [&["account", "import", file.to_str().unwrap()][..], &SETTINGS].concat();
    assert_eq!(site.run(&import).code, Some(0));
    let server = site.start_logging(&SETTINGS, "info");
    // From now on the system gives no more memory than that.
    let limit = Rlimit {
        current: Some(KIBIBYTES * 1024),
        maximum: Some(KIBIBYTES * 1024),
    };
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    prlimit(Some(pid), Resource::Data, limit).unwrap();
    // All people come at once, as after a restart.
    let mut sockets: Vec<WebSocket> = std::thread::scope(|scope| {
        let logins: Vec<_> = (0..PEOPLE)
            .map(|number| {
                let server = &server;
                scope.spawn(move || {
                    let form = format!("account=person+{number}&password={PASSWORD}");
                    let answer = server.post("/json/getApiTicket.php", &form);
                    assert_eq!(answer["error"], "", "{answer}");
                    let ticket = answer["ticket"].as_str().unwrap();
                    let account = format!("person {number}");
                    WebSocket::log_in_as(server, &account, ticket, &format!("Person {number}")).0
                })
            })
            .collect();
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    for socket in &mut sockets {
        socket.say(r#"JCH {"channel":"Frontpage"}"#);
        socket.await_text("CDS ");
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        let long = "x".repeat(4000);
        socket.say(&format!(
            r#"MSG {{"channel":"Frontpage","message":"{number} {long}"}}"#
        ));
    }
    let (last, others) = sockets.split_last_mut().unwrap();
    for _ in 1..PEOPLE {
        last.await_text("MSG ");
    }
    for socket in others {
        socket.await_text("MSG ");
    }
    let peak = peak(server.pid());
    assert!(peak <= KIBIBYTES, "{peak} KiB");
}
