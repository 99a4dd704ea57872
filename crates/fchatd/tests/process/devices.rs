//! Devices that stay signed in to the page, over real sockets: restarts, operators, and pages of other sites.

use std::io::{Read, Write};

use crate::site::{Server, Site, content_of};
use crate::websocket::WebSocket;

const PASSWORD: &str = "correct horse battery";
const FORM: &str = "account=ada&password=correct+horse+battery&stay=true";

/// A server with the account `ada` and her character `Ada`.
fn with_ada(words: &[&str]) -> (Site, Server) {
    let site = Site::new();
    site.run_with_input(&["account", "add", "ada"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "ada", "Ada"]).assert_done();
    let server = site.start(words);
    (site, server)
}

/// Sends a form with further lines in the head: the cookie that is set, if one is, and the JSON.
fn ask(server: &Server, path: &str, lines: &str, form: &str) -> (Option<String>, serde_json::Value) {
    let mut stream = server.connect();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n{lines}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let cookie = lines.find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let cookie = cookie.map(|(_, value)| value.split(';').next().unwrap().to_owned());
    (cookie, serde_json::from_str(body).unwrap())
}

fn resume(server: &Server, cookie: &str) -> serde_json::Value {
    ask(server, "/api/resume", &format!("Cookie: {cookie}\r\n"), "").1
}

#[test]
fn a_device_comes_back_after_a_restart_and_its_token_is_kept_nowhere() {
    let (site, server) = with_ada(&[]);
    let (cookie, answer) = ask(&server, "/api/sign-in", "User-Agent: <script>\r\n", FORM);
    assert_eq!(answer["error"], "", "{answer}");
    let cookie = cookie.unwrap();
    let ticket = resume(&server, &cookie)["ticket"].as_str().unwrap().to_owned();
    let socket = WebSocket::log_in(&server, "Ada", &ticket);
    server.terminate();
    drop(socket);
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (_, token) = cookie.split_once('=').unwrap();
    for secret in token.split('.').chain([ticket.as_str(), "<script>"]) {
        assert!(!ended.stderr.contains(secret) && !ended.stdout.contains(secret));
        for (path, content) in content_of(&site.path("data")) {
            let found = content
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    let server = site.start(&[]);
    let answer = resume(&server, &cookie);
    assert_eq!(
        (&answer["error"], &answer["account"]),
        (&"".into(), &"ada".into())
    );
    WebSocket::log_in(&server, "Ada", answer["ticket"].as_str().unwrap());
}

#[test]
fn operators_and_pages_of_other_sites() {
    let (site, server) = with_ada(&[]);
    let (cookie, _) = ask(&server, "/api/sign-in", "", FORM);
    let cookie = cookie.unwrap();
    for lines in [
        "Origin: https://evil.example\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: null\r\n",
    ] {
        let lines = format!("{lines}Cookie: {cookie}\r\n");
        let (set, answer) = ask(&server, "/api/resume", &lines, "");
        assert_eq!(set, None);
        assert!(
            answer["error"].as_str().unwrap().contains("another site"),
            "{answer}"
        );
    }
    let own = format!("Origin: http://chat.example\r\nCookie: {cookie}\r\n");
    assert_eq!(ask(&server, "/api/resume", &own, "").1["error"], "");
    site.run(&["account", "ban", "ada"]).assert_done();
    site.run(&["account", "unban", "ada"]).assert_done();
    assert_ne!(resume(&server, &cookie)["error"], "");

    let (cookie, _) = ask(&server, "/api/sign-in", "", FORM);
    site.run_with_input(&["account", "password", "ada"], PASSWORD)
        .assert_done();
    assert_ne!(resume(&server, &cookie.unwrap())["error"], "");
}

#[test]
fn it_can_be_switched_off() {
    let (_site, server) = with_ada(&["--set", "stay_signed_in=0"]);
    let (cookie, answer) = ask(&server, "/api/sign-in", "", FORM);
    assert_eq!(cookie, None);
    assert!(
        answer["error"].as_str().unwrap().contains("switched off"),
        "{answer}"
    );
}
