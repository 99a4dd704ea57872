//! A talk command from a script, over real sockets: the script of `docs/talk-commands.md`, installed as the page says.

use fchatd_script::builtin;
use serde_json::{Value, json};

use crate::site::{Server, Site};
use crate::websocket::WebSocket;

const PAGE: &str = include_str!("../../../../docs/talk-commands.md");

/// The fenced Lua blocks of the page.
fn blocks() -> Vec<&'static str> {
    let blocks = PAGE.split("```lua\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

/// A server with the rules of the page.
fn start(site: &Site, settings: &[&str]) -> Server {
    let blocks = blocks();
    let [module, line] = blocks.as_slice() else {
        panic!("the page has a module and a line of main.lua");
    };
    site.write_scripts("");
    site.write("script/whisper.lua", module);
    let main = builtin::scripts().main;
    let after = main.find("require(\"talking\")").unwrap();
    let after = after + main[after..].find('\n').unwrap() + 1;
    let (head, tail) = main.split_at(after);
    site.write("script/main.lua", &format!("{head}{line}{tail}"));
    let checked = site.run(&["check"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let mut words = vec!["--dev", "--set", "max_per_ip=100"];
    for setting in settings {
        words.extend(["--set", setting]);
    }
    site.start_logging(&words, "warn")
}

fn enter(server: &Server, name: &str) -> WebSocket {
    let mut socket = WebSocket::log_in(server, name, "t");
    socket.say(r#"JCH {"channel":"Development"}"#);
    socket.await_text("CDS ");
    socket
}

fn whisper(from: &mut WebSocket, to: &str, message: &str) {
    let payload = json!({"channel": "Development", "character": to, "message": message});
    from.say(&format!("XWH {payload}"));
}

/// The code and the message of the next message or whisper that a client hears; an error is a failure.
fn heard(socket: &mut WebSocket) -> (String, String) {
    loop {
        let text = socket.text();
        let (code, json) = text.split_once(' ').unwrap();
        assert_ne!(code, "ERR", "{text}");
        if code == "XWH" || code == "MSG" {
            let value: Value = serde_json::from_str(json).unwrap();
            return (code.to_owned(), value["message"].as_str().unwrap().to_owned());
        }
    }
}

#[test]
fn whispers_and_messages_arrive_in_the_order_in_which_they_were_sent() {
    let site = Site::new();
    let server = start(&site, &["msg_flood=0.2"]);
    let (mut ada, mut bob) = (enter(&server, "Ada"), enter(&server, "Bob"));
    whisper(&mut ada, "Bob", "1");
    ada.say(r#"MSG {"channel":"Development","message":"2"}"#);
    whisper(&mut ada, "Bob", "3");
    whisper(&mut ada, "Bob", "4");
    for (code, message) in [("XWH", "1"), ("MSG", "2"), ("XWH", "3"), ("XWH", "4")] {
        assert_eq!(heard(&mut bob), (code.to_owned(), message.to_owned()));
    }
}

#[test]
fn whispers_are_sent_again_after_a_broken_connection() {
    let site = Site::new();
    let server = start(&site, &["msg_flood=0"]);
    let mut admin = WebSocket::log_in(&server, "Admin", "admin");
    let (mut ada, bob) = (enter(&server, "Ada"), enter(&server, "Bob"));
    drop(bob);
    // Until the server has noticed it.
    loop {
        admin.say(r#"ZZZ {"command":"status"}"#);
        if admin.await_text("ZZZ ").contains("1 characters that are away") {
            break;
        }
    }
    whisper(&mut ada, "Bob", "held");
    ada.say("UPT");
    ada.await_text("UPT ");
    let mut bob = WebSocket::log_in(&server, "Bob", "t");
    assert_eq!(heard(&mut bob), ("XWH".to_owned(), "held".to_owned()));
    whisper(&mut ada, "Bob", "at once");
    assert_eq!(heard(&mut bob), ("XWH".to_owned(), "at once".to_owned()));
}
