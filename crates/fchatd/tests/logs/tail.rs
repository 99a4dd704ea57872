//! `fchatd log tail`.

use std::io::{BufRead, BufReader};
use std::process::Child;

use crate::place::{Place, eventually};

struct Tail(Child, BufReader<std::process::ChildStdout>);

impl Tail {
    /// The next line about a private message. The line of a log-in may come before, depending on the
    /// speed of both.
    fn said(&mut self) -> String {
        let mut line = String::new();
        while !line.contains("message_private") {
            line.clear();
            assert!(self.1.read_line(&mut line).unwrap() > 0, "it has ended");
        }
        line
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn it_reads_on_when_the_server_is_there_again() {
    let place = Place::new();
    place.know("Admin", 1);
    place.know("Ada", 2);
    let begin = |words: &[&str]| {
        let mut child = place.begin_log(words);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Tail(child, stdout)
    };
    // Before there is a server at all.
    let mut plain = begin(&["tail"]);
    let mut json = begin(&[
        "tail",
        "--json",
        "--socket",
        place.path("chat.sock").to_str().unwrap(),
    ]);
    for round in 0..2 {
        let server = place.start();
        let mut admin = server.enter("Admin");
        eventually("both read", || {
            admin.status("chat log readers").starts_with("2 now")
        });
        admin.tell(r#"PRI {"recipient":"Admin","message":"<i>\u001b[2J"}"#);
        let line = plain.said();
        assert!(
            line.ends_with("  message_private   Admin -> Admin: <i>\\u{1b}[2J\n"),
            "{round}: {line:?}"
        );
        let line = json.said();
        assert!(
            line.starts_with(r#"{"message_type":"message_private","from_character":"Admin""#),
            "{line}"
        );
        if round == 0 {
            server.kill();
        } else {
            server.stop();
        }
    }
}
