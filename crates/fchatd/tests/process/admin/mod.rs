//! The administration over HTTP: each endpoint with rights and without, hostile requests, and the action log.

mod access;
mod chat;
mod people;
mod server;
mod tokens;

use serde_json::{Value, json};

use crate::site::{Server, Site};

const PASSWORD: &str = "correct horse battery";

/// A server with the administrator `boss` and the person `ada`, each with a character of that name.
pub(crate) struct Scene {
    site: Site,
    server: Server,
}

/// A caller: the headers with which its requests come.
#[derive(Clone, Default)]
pub(crate) struct Caller(String);

/// An answer: its status, its head, and the JSON of its body.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Scene {
    fn start(words: &[&str]) -> Self {
        let site = Site::new();
        site.run_with_input(&["account", "add", "boss", "--admin"], PASSWORD)
            .assert_done();
        site.run_with_input(&["account", "add", "ada"], PASSWORD)
            .assert_done();
        for name in ["boss", "ada"] {
            site.run(&["character", "add", name, name]).assert_done();
        }
        let server = site.start(words);
        Self { site, server }
    }

    /// A request as it stands, with the headers of a caller.
    fn send(&self, method: &str, path: &str, caller: &Caller, kind: &str, body: &str) -> Answer {
        let Caller(headers) = caller;
        let answer = self.server.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}Content-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.server.address,
            body.len()
        ));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_owned(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.send("GET", &format!("/admin/api/{path}"), caller, "text/plain", "")
    }

    fn post(&self, caller: &Caller, path: &str, fields: &Value) -> Answer {
        let path = format!("/admin/api/{path}");
        self.send("POST", &path, caller, "application/json", &fields.to_string())
    }

    /// A session of the administrator.
    fn boss(&self) -> Caller {
        let fields = json!({ "account": "boss", "password": PASSWORD });
        self.post(&Caller::default(), "sign-in", &fields).signed_in()
    }

    /// A program with a new token.
    fn token(&self, name: &str, scopes: &str) -> Caller {
        let made = self
            .site
            .run(&["admin", "token", "add", name, "--scope", scopes, "--for", "30d"]);
        assert_eq!(made.code, Some(0), "{made:?}");
        Caller::with_token(made.stdout.trim())
    }

    /// The latest entry of the action log.
    fn last_action(&self) -> Value {
        let log = self.site.run(&["log", "actions", "--json"]).stdout;
        serde_json::from_str(log.lines().last().unwrap()).unwrap()
    }
}

impl Caller {
    fn with_token(token: &str) -> Self {
        Self(format!("Authorization: Bearer {token}\r\n"))
    }

    /// The same with another header.
    fn and(&self, header: &str) -> Self {
        Self(format!("{}{header}\r\n", self.0))
    }
}

impl Answer {
    /// The caller with the cookie of the answer.
    fn signed_in(&self) -> Caller {
        assert_eq!(self.status, 200, "{self:?}");
        let cookie = self
            .head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "))
            .unwrap();
        Caller(format!(
            "Cookie: other=1; {}\r\n",
            cookie.split(';').next().unwrap()
        ))
    }

    #[track_caller]
    fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        let sentence = self.body["error"].as_str().unwrap();
        assert!(sentence.len() > 10, "{self:?}");
    }

    #[track_caller]
    fn assert_done(&self, part: &str) {
        assert_eq!(self.status, 200, "{self:?}");
        let sentence = self.body["done"].as_str().unwrap();
        assert!(sentence.contains(part), "{sentence}");
    }
}
