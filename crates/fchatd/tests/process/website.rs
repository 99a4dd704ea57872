//! The website over real sockets: clients sign in as their programs do it, and browsers follow links to profiles.

use std::io::{Read, Write};

use crate::site::{Server, Site};

fn site() -> Site {
    let site = Site::new();
    site.run_with_input(&["account", "add", "ada"], "correct horse battery")
        .assert_done();
    site.run(&["character", "add", "ada", "Ada Lovelace", "--gender", "Female"])
        .assert_done();
    site
}

/// Asks with further lines in the head.
fn ask(server: &Server, method: &str, path: &str, lines: &str, form: &str) -> String {
    let mut stream = server.connect();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n{lines}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn get_with(server: &Server, path: &str, lines: &str) -> String {
    ask(server, "GET", path, lines, "")
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// As clients find it: the first `<input` of a line with that name, and letters and digits as its value.
fn csrf_token(page: &str) -> &str {
    let line = page
        .lines()
        .find(|line| line.contains("<input") && line.contains("csrf_token"));
    let (_, rest) = line.unwrap().split_once("<input").unwrap();
    let (_, value) = rest.split_once("value=\"").unwrap();
    let (token, _) = value.split_once('"').unwrap();
    assert!(
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{token}"
    );
    token
}

#[test]
fn clients_sign_in_and_count_notes() {
    let site = site();
    let server = site.start(&[
        "--set",
        "load_balancers=127.0.0.1",
        "--set",
        "proxy_header=x-forwarded-for",
    ]);
    let page = server.get("/");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let token = csrf_token(&page);
    assert!(page.contains(&format!("<meta name=\"csrf-token\" content=\"{token}\">")));
    let tag = header(&page, "etag").unwrap();
    let again = get_with(&server, "/", &format!("If-None-Match: {tag}"));
    assert!(
        again.starts_with("HTTP/1.1 304 "),
        "the page stays in caches: {again}"
    );

    let form = format!("username=ada&password=correct+horse+battery&csrf_token={token}");
    let wrong = server.post_whole("/action/script_login.php", &form.replace("horse", "mule"));
    assert!(wrong.starts_with("HTTP/1.1 403 "), "{wrong}");
    let answer = server.post_whole("/action/script_login.php", &form);
    assert!(answer.starts_with("HTTP/1.1 302 "), "{answer}");
    let cookie = header(&answer, "set-cookie").unwrap();
    assert!(
        cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"),
        "{cookie}"
    );
    let cookie = format!("Cookie: {}", cookie.split(';').next().unwrap());
    let page = get_with(&server, "/", &cookie);
    assert!(page.contains("NavigationNotecount\" hidden>0 Notes"), "{page}");
    assert!(page.contains("NavigationMessages\" hidden>0 Messages"), "{page}");
    for path in ["/read_notes.php", "/messages.php", "/c/ada%20lovelace"] {
        let answer = get_with(&server, path, &cookie);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        assert!(server.get(path).starts_with("HTTP/1.1 403 "), "{path}");
    }
    let https = "X-Forwarded-Proto: https";
    let answer = ask(&server, "POST", "/action/script_login.php", https, &form);
    assert!(
        header(&answer, "set-cookie").unwrap().ends_with("; Secure"),
        "{answer}"
    );
}

#[test]
fn profiles_follow_the_configuration() {
    let site = site();
    site.write("script/startup_config.lua", "profile_pages = \"public\"\n");
    let server = site.start(&[]);
    let page = server.get("/c/Ada%20Lovelace");
    assert!(
        page.starts_with("HTTP/1.1 200 ") && page.contains("<h1>Ada Lovelace</h1>"),
        "{page}"
    );
    assert!(server.get("/c/Nobody").starts_with("HTTP/1.1 404 "));
    site.write("script/startup_config.lua", "profile_pages = \"off\"\n");
    server.hang_up();
    server.await_log("In force now: profile_pages");
    assert!(server.get("/c/Ada%20Lovelace").starts_with("HTTP/1.1 404 "));
}

#[test]
fn files_are_given_out() {
    let site = site();
    site.write("data/images/social/x.png", "no picture at all");
    let server = site.start(&[]);
    for (path, status, kind) in [
        ("/favicon.ico", "200", "image/x-icon"),
        ("/web/site.css", "200", "text/css; charset=utf-8"),
        ("/images/avatar/ada%20lovelace.png", "200", "image/png"),
        ("/images/social/x.png", "404", "image/png"),
        ("/images/eicon/../../fchatd.sqlite", "404", "image/png"),
        ("/images/eicon/..%2f..%2ffchatd.sqlite", "404", "image/png"),
    ] {
        let answer = get_with(&server, path, "Accept: */*");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
        assert_eq!(header(&answer, "content-type"), Some(kind), "{path}");
        assert!(!answer.contains("SQLite format"), "{path}");
    }
}
