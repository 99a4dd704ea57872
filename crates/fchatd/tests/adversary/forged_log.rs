//! Text of others with line breaks, control characters and ANSI escapes, in every place from where it may come to the log,
//! the action log and the chat log.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixStream;

use crate::attacker::{address, http};
use crate::bystanders::Bystanders;
use crate::scene::{OPERATOR, Scene, attacker_account, character};
use crate::site::{Output, Site};

const FORGED: &str = r"x\n2026-01-01T00:00:00.000000Z ERROR forged: line\r\u001b[2Jx\u0085\u2028\t\u202ey";

#[test]
fn no_text_of_others_begins_a_line() {
    let site = Site::new();
    site.write_scripts(
        "function event.UPT(con, arguments) print(arguments.text) error(arguments.text) end
         function event.PCR(con, arguments) error(('%s'):format(arguments.text), 0) end
         function rtb.XYZ(arguments) error(arguments.text) end",
    );
    let socket = site.path("chat.sock");
    let place = format!("log_socket_path={}", socket.display());
    let words = ["--set", &place, "--set", "log_start=true"];
    let command = site.program();
    let scene = Scene::open_by(site, command, 2, &words, ("trace", Output::Read));
    let reader = BufReader::new(UnixStream::connect(&socket).unwrap());
    let bystanders = Bystanders::start(&scene);

    let mut attacker = scene.attacker(0);
    for command in ["UPT", "PCR", "LRP", "ZZZ", "VAR", "QQQ", "SFC"] {
        let text = format!(r#"{command} {{"text":"{FORGED}","action":"report","report":"{FORGED}"}}"#);
        attacker.say(&text).unwrap();
    }
    for field in ["character", "channel", "status", "message", "statusmsg"] {
        for command in ["IGN", "JCH", "STA", "MSG", "PRO", "CCR"] {
            attacker
                .say(&format!(r#"{command} {{"{field}":"{FORGED}","action":"add"}}"#))
                .unwrap();
        }
    }
    attacker
        .say(&format!(r#"MSG {{"channel":"Frontpage","message":"{FORGED}"}}"#))
        .unwrap();
    attacker.say(r#"JCH {"channel":"Frontpage"}"#).unwrap();
    attacker.await_text(|text| text.starts_with("CDS ")).unwrap();
    attacker
        .say(&format!(
            r#"MSG {{"channel":"Frontpage","message":"{FORGED} said"}}"#
        ))
        .unwrap();
    // A person that sends any status.
    let ticket = scene.ticket(&attacker_account(1), address(1));
    let mut client = scene.websocket(address(1)).unwrap();
    client
        .say(&format!(
            r#"IDN {{"method":"ticket","account":"{}","ticket":"{ticket}","character":"{}","cname":"{FORGED}","cversion":"{FORGED}"}}"#,
            attacker_account(1),
            character(1, 0)
        ))
        .unwrap();
    client.await_text(|text| text.starts_with("NLN ")).unwrap();
    let mut stranger = scene.websocket(address(2)).unwrap();
    stranger
        .say(&format!(
            r#"IDN {{"method":"ticket","account":"{FORGED}","ticket":"{FORGED}","character":"{FORGED}","cname":"c","cversion":"1"}}"#
        ))
        .unwrap();
    let _ = stranger.await_text(|text| text.starts_with("ERR "));
    for path in [
        "/%0aERROR%20forged",
        "/\x1b[2J",
        "/x\u{85}y",
        "/json/api/a%0ab.php",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: \x1b[31m\r\nConnection: close\r\n\r\n");
        let _ = http(scene.address(), address(3), request.as_bytes());
    }
    // A moderator's reason goes to the action log.
    let mut operator = scene.log_in(OPERATOR, OPERATOR, address(4));
    let whom = character(1, 0);
    operator
        .say(&format!(
            r#"TMO {{"character":"{whom}","time":"30","reason":"{FORGED}"}}"#
        ))
        .unwrap();
    operator.say(&format!(r#"BRO {{"message":"{FORGED}"}}"#)).unwrap();
    operator.await_text(|text| text.starts_with("BRO ")).unwrap();

    let mut talked = false;
    for line in reader.lines().map_while(Result::ok) {
        let entry: serde_json::Value = serde_json::from_str(&line).expect("each line is an entry");
        // JSON escapes the bytes that end a line or begin a terminal's command; programs read the rest.
        assert!(!line.bytes().any(|byte| byte.is_ascii_control()), "{line:?}");
        talked = entry["body"].as_str().is_some_and(|body| body.ends_with("said"));
        if talked {
            break;
        }
    }
    assert!(talked, "the chat log ended before the message");
    // The operator was taken over, so the bystanders have one less; their lines are still to arrive.
    drop(bystanders);
    scene.server.terminate();
    let Scene { server, site, .. } = scene;
    let ended = server.ended();
    assert_eq!(ended.code, Some(0));
    let mut marks = 0;
    // So much is logged that lines may be lost on a slow machine.
    let is_note =
        |line: &str| line.starts_with("fchatd: ") && line.contains(" lines of output were lost here");
    for line in ended.stderr.lines().filter(|line| !is_note(line)) {
        let (time, _) = line.split_at_checked(11).unwrap_or((line, ""));
        let is_time = time.len() == 11
            && time.ends_with('T')
            && time.starts_with("20")
            && !time.starts_with("2026-01-01");
        assert!(is_time, "this is no line of the log: {line:?}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
        marks += line.matches("forged").count();
    }
    assert!(marks >= 3, "the log has the texts, escaped: {marks}");
    for entry in fs::read_dir(site.path("data/actions")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).expect("each line is an action");
        }
    }
    let shown = site.run(&["log", "actions"]);
    for line in shown.stdout.lines() {
        assert!(line.contains(" #"), "this is no action: {line:?}");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}
