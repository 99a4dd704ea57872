//! Notes over real sockets: sent by HTTP, announced in the chat, kept over a kill, and refused where the chat refuses.

use serde_json::{Value, json};

use crate::site::{Server, Site};
use crate::websocket::WebSocket;

const PASSWORD: &str = "correct horse battery";

/// A server's folder with the accounts `ada`, with `Ada` and `Anna`, and `bob`, with `Bob`.
fn site() -> Site {
    let site = Site::new();
    for (account, characters) in [("ada", ["Ada", "Anna"].as_slice()), ("bob", &["Bob"])] {
        site.run_with_input(&["account", "add", account], PASSWORD)
            .assert_done();
        for name in characters {
            site.run(&["character", "add", account, name]).assert_done();
        }
    }
    site
}

fn ticket(server: &Server, account: &str) -> String {
    let form = format!("account={account}&password=correct+horse+battery");
    let answer = server.post("/json/getApiTicket.php", &form);
    answer["ticket"].as_str().unwrap().to_owned()
}

/// The answer of `/json/api/NAME.php` to an account.
fn api(server: &Server, name: &str, (account, ticket): (&str, &str), fields: &str) -> Value {
    let form = format!("account={account}&ticket={ticket}&{fields}");
    server.post(&format!("/json/api/{name}.php"), &form)
}

fn note(socket: &mut WebSocket) -> Value {
    let frame = socket.await_text("RTB ");
    serde_json::from_str(&frame[4..]).unwrap()
}

#[test]
fn a_note_is_announced_at_once_and_kept() {
    let site = site();
    let server = site.start(&["--set", "note_max=100"]);
    let (of_ada, of_bob) = (ticket(&server, "ada"), ticket(&server, "bob"));
    let (ada, bob) = (("ada", of_ada.as_str()), ("bob", of_bob.as_str()));
    let (mut first, _) = WebSocket::log_in_as(&server, "ada", &of_ada, "Ada");
    let (mut second, _) = WebSocket::log_in_as(&server, "ada", &of_ada, "Anna");
    let letter = "source_name=Bob&dest_name=Anna&title=Quiet+%3Cb%3E+%26+more&message=Hello+there";
    let sent = api(&server, "note-send", bob, letter);
    assert_eq!(sent, json!({ "error": "", "id": 1 }));
    let news = json!({ "type": "note", "sender": "Bob", "subject": "Quiet &lt;b&gt; &amp; more", "id": 1 });
    for socket in [&mut first, &mut second] {
        assert_eq!(note(socket), news, "every connection of the account");
    }
    let long = format!(
        "source_name=Bob&dest_name=Anna&title=x&message={}",
        "%C3%A4".repeat(51)
    );
    let refused = api(&server, "note-send", bob, &long);
    assert_eq!(refused["error"], "A note has at most 100 bytes.");

    // Each answered note is there after a kill, and the log-in announces nothing a second time.
    server.signal(rustix::process::Signal::KILL);
    let log = server.ended().stderr;
    assert!(
        !log.contains("Quiet") && !log.contains("Hello there"),
        "no log has what people write"
    );
    let server = site.start(&["--set", "note_max=100"]);
    let (_, burst) = WebSocket::log_in_as(&server, "ada", &of_ada, "Anna");
    assert!(!burst.iter().any(|frame| frame.starts_with("RTB ")), "{burst:?}");
    assert_eq!(api(&server, "note-count", ada, "")["unread"], 1);
    let read = api(&server, "note-get", ada, "note_id=1");
    assert_eq!(
        (&read["note"]["title"], &read["note"]["message"], &read["unread"]),
        (&json!("Quiet <b> & more"), &json!("Hello there"), &json!(0))
    );
}

#[test]
fn the_chats_ignores_and_phrases_hold_for_notes() {
    let site = site();
    let server = site.start(&["--set", "blacklist_phrases=cheap pills"]);
    let (of_ada, of_bob) = (ticket(&server, "ada"), ticket(&server, "bob"));
    let (ada, bob) = (("ada", of_ada.as_str()), ("bob", of_bob.as_str()));
    let (mut socket, _) = WebSocket::log_in_as(&server, "ada", &of_ada, "Ada");
    let swallowed = "source_name=Bob&dest_name=Ada&title=Cheap+%5Bb%5Dpills&message=x";
    assert_eq!(api(&server, "note-send", bob, swallowed)["error"], "");
    assert_eq!(api(&server, "note-count", ada, "")["unread"], 0);
    socket.say(r#"IGN {"action":"add","character":"Bob"}"#);
    socket.await_text("IGN ");
    let letter = "source_name=Bob&dest_name=Ada&title=x&message=y";
    let refused = api(&server, "note-send", bob, letter);
    assert_eq!(refused["error"], "This character ignores you.");
    socket.say(r#"IGN {"action":"delete","character":"Bob"}"#);
    socket.await_text("IGN ");
    let sent = api(&server, "note-send", bob, letter);
    assert_eq!(sent["error"], "");
    assert_eq!(
        note(&mut socket)["id"],
        sent["id"],
        "of the swallowed one nothing was heard"
    );
}
