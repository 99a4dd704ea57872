//! How existing clients log in: their requests in their order, over real sockets (docs/clients.md). Changes that they
//! make over HTTP reach them in the chat.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::site::{Server, Site};
use crate::websocket::{Frame, WebSocket};

const PASSWORD: &str = "correct horse battery";

/// A server with the accounts `ada`, with `Ada Lovelace` and `anna`, and `bob`, with `Bob`.
fn site() -> Site {
    let site = Site::new();
    for (account, characters) in [("ada", ["Ada Lovelace", "anna"].as_slice()), ("bob", &["Bob"])] {
        site.run_with_input(&["account", "add", account], PASSWORD)
            .assert_done();
        for name in characters {
            site.run(&["character", "add", account, name, "--gender", "Female"])
                .assert_done();
        }
    }
    site
}

fn ticket(server: &Server, account: &str) -> String {
    let answer = server.post(
        "/json/getApiTicket.php",
        &format!("account={account}&password=correct+horse+battery"),
    );
    answer["ticket"].as_str().unwrap().to_owned()
}

fn api(server: &Server, name: &str, own: &str, fields: &str) -> Value {
    let answer = server.post(&format!("/json/api/{name}.php"), &format!("{own}&{fields}"));
    assert_eq!(answer["error"], "", "{name}: {answer}");
    answer
}

/// Axios and aiohttp look at the head, too.
fn json_of(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
    assert!(head.contains("\r\naccess-control-allow-origin: *"), "{head}");
    serde_json::from_str(body).unwrap()
}

#[test]
fn the_official_client_comes_in() {
    let site = site();
    let server = site.start(&[]);
    let post = |name: &str, form: &str| {
        let path = format!("/json/{name}.php?__fchat=web/3.0.16");
        let answer = json_of(&server.post_whole(&path, form));
        assert_eq!(answer["error"], "", "{name}");
        answer
    };
    let form = "account=ada&password=correct+horse+battery&no_friends=true&no_bookmarks=true&new_character_list=true";
    let grant = post("getApiTicket", form);
    assert_eq!(grant["characters"], json!({"Ada Lovelace": 1, "anna": 2}));
    assert_eq!(grant["default_character"], 1);
    let own = format!("account=ada&ticket={}", ticket(&server, "ada"));
    assert_eq!(post("api/bookmark-list", &own)["characters"], json!([]));
    assert_eq!(post("api/friend-list", &own)["friends"], json!([]));
    let (_, frames) = WebSocket::log_in_as(&server, "ada", &ticket(&server, "ada"), "Ada Lovelace");
    let nln: Value = serde_json::from_str(&frames.last().unwrap()[4..]).unwrap();
    assert_eq!(nln["identity"], "Ada Lovelace");
    let preflight = server.get("/json/api/mapping-list.php");
    assert!(json_of(&preflight)["listitems"].as_array().unwrap().len() > 20);
}

#[test]
fn its_forks_get_what_they_wait_for() {
    for words in [[].as_slice(), &["--dev"]] {
        let site = site();
        let server = site.start(words);
        let grant = server.post(
            "/json/getApiTicket.php",
            "account=ada&password=correct+horse+battery&new_character_list=true",
        );
        let names: Vec<_> = grant["characters"].as_object().unwrap().keys().cloned().collect();
        let name = names[0].as_str();
        let ticket = grant["ticket"].as_str().unwrap();
        let own = format!("account=ada&ticket={ticket}");
        api(&server, "bookmark-list", &own, "");
        api(&server, "friend-list", &own, "");
        let (_socket, frames) = WebSocket::log_in_as(&server, "ada", ticket, name);
        assert!(
            frames
                .last()
                .unwrap()
                .contains(&format!("\"identity\":\"{name}\""))
        );
        let mapping = json_of(&server.get("/json/api/mapping-list.php?__fchat=horizon"));
        for table in ["kinks", "kink_groups", "infotags", "infotag_groups", "listitems"] {
            assert!(mapping[table].is_array(), "{table}");
        }
        let data = api(
            &server,
            "character-data",
            &own,
            &format!("name={}", name.replace(' ', "+")),
        );
        for (key, fits) in [
            ("badges", Value::is_array as fn(&Value) -> bool),
            ("images", Value::is_array),
            ("character_list", Value::is_array),
            ("settings", Value::is_object),
            ("current_user", Value::is_object),
            ("custom_kinks", Value::is_object),
            ("kinks", Value::is_object),
            ("infotags", Value::is_object),
            ("inlines", Value::is_object),
            ("description", Value::is_string),
            ("custom_title", Value::is_string),
            ("id", Value::is_i64),
            ("created_at", Value::is_i64),
            ("updated_at", Value::is_i64),
            ("views", Value::is_i64),
        ] {
            assert!(fits(&data[key]), "{key}: {data}");
        }
        assert_eq!(data["name"], *name);
        // The website's own session, which these try only to count notes: where it fails, they log that and go on. There are
        // no accounts to sign in with in the open mode.
        assert!(server.get("/").starts_with("HTTP/1.1 200 "));
        let session = server.post_whole("/action/script_login.php", "username=ada&password=x&csrf_token=");
        let status = if words.is_empty() { "403" } else { "404" };
        assert!(session.starts_with(&format!("HTTP/1.1 {status} ")), "{session}");
    }
}

#[test]
fn a_bot_library_comes_in() {
    let site = site();
    let server = site.start(&[]);
    let form = "account=ada&password=correct+horse+battery";
    let grant = json_of(&server.post_whole("/json/getApiTicket.php", form));
    assert_eq!(grant["characters"], json!(["Ada Lovelace", "anna"]));
    assert_eq!(grant["default_character"], "Ada Lovelace");
    assert_eq!((&grant["friends"], &grant["bookmarks"]), (&json!([]), &json!([])));
    let ticket = grant["ticket"].as_str().unwrap();
    let (_, frames) = WebSocket::log_in_as(&server, "ada", ticket, "anna");
    assert_eq!(
        frames.iter().filter(|frame| frame.starts_with("NLN ")).count(),
        1,
        "its own is the first"
    );
}

#[test]
fn changes_over_http_reach_the_chat() {
    let site = site();
    let server = site.start(&[]);
    let (ada, bob) = (ticket(&server, "ada"), ticket(&server, "bob"));
    let (of_ada, of_bob) = (
        format!("account=ada&ticket={ada}"),
        format!("account=bob&ticket={bob}"),
    );
    let (mut anna, _) = WebSocket::log_in_as(&server, "ada", &ada, "anna");
    let (mut lovelace, _) = WebSocket::log_in_as(&server, "ada", &ada, "Ada Lovelace");
    let (mut other, _) = WebSocket::log_in_as(&server, "bob", &bob, "Bob");
    let news = |socket: &mut WebSocket| -> Value {
        let frame = socket.await_text("RTB ");
        let news: Value = serde_json::from_str(&frame[4..]).unwrap();
        json!([news["type"], news["name"]])
    };
    api(&server, "bookmark-add", &of_ada, "name=bOB");
    for socket in [&mut anna, &mut lovelace] {
        assert_eq!(
            news(socket),
            json!(["trackadd", "Bob"]),
            "every connection of the account"
        );
    }
    api(&server, "bookmark-remove", &of_ada, "id=3");
    assert_eq!(news(&mut anna), json!(["trackrem", "Bob"]));
    let asked = api(&server, "request-send2", &of_ada, "source_id=1&target_id=3");
    assert_eq!(news(&mut other), json!(["friendrequest", "Ada Lovelace"]));
    let request = asked["request"]["id"].to_string();
    api(
        &server,
        "request-accept",
        &of_bob,
        &format!("request_id={request}"),
    );
    assert_eq!(news(&mut other), json!(["friendadd", "Ada Lovelace"]));
    assert_eq!(news(&mut anna), json!(["friendadd", "Bob"]));
    let ignored = server.post("/api/ignore-add", &format!("{of_bob}&name=anna"));
    assert_eq!(ignored["error"], "");
    let frame = other.await_text("IGN ");
    assert_eq!(
        serde_json::from_str::<Value>(&frame[4..]).unwrap(),
        json!({"action": "add", "character": "anna"})
    );
    other.say("IGN {\"action\":\"list\"}");
    assert!(
        other.await_text("IGN ").contains("\"anna\""),
        "the chat's own list has changed"
    );
    anna.say("PRI {\"recipient\":\"Bob\",\"message\":\"psst\"}");
    assert!(anna.await_text("ERR ").contains("\"number\":20"), "and is obeyed");
    server.post("/api/ignore-remove", &format!("{of_bob}&name=ANNA"));
    assert!(other.await_text("IGN ").contains("\"delete\""));
    let (_, burst) = WebSocket::log_in_as(&server, "bob", &bob, "Bob");
    let friends = burst.iter().find(|frame| frame.starts_with("FRL ")).unwrap();
    assert!(friends.contains("\"Ada Lovelace\""), "{friends}");
    api(
        &server,
        "friend-remove",
        &of_bob,
        "source_name=Bob&dest_name=Ada+Lovelace",
    );
    assert_eq!(news(&mut lovelace)[0], "trackrem");
    assert_eq!(news(&mut lovelace), json!(["friendadd", "Bob"]));
    assert_eq!(news(&mut lovelace), json!(["friendremove", "Bob"]));
    let gone = server.post(
        "/api/account-delete",
        "account=ada&password=correct+horse+battery",
    );
    assert_eq!(gone["error"], "");
    assert!(anna.await_text("ERR ").contains("\"number\":40"));
    while matches!(anna.frame(), Frame::Text(_)) {}
    let ended = {
        server.terminate();
        server.ended()
    };
    for secret in [
        ada.as_str(),
        bob.as_str(),
        "correct horse",
        "correct+horse",
        "psst",
    ] {
        assert!(!ended.stderr.contains(secret), "{secret} is in the log");
    }
}

#[test]
fn bodies_have_limits_and_large_ones_their_own_paths() {
    let site = site();
    let server = site.start(&[]);
    let own = format!("account=ada&ticket={}", ticket(&server, "ada"));
    let long = "x".repeat(200_000);
    for path in [
        "/json/api/friend-list.php",
        "/json/getApiTicket.php",
        "/api/register",
        "/",
    ] {
        let mut stream = server.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 200000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The server need not take all of it.
        let _ = stream.write_all(long.as_bytes());
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413", "{path}");
    }
    let form = format!("{own}&character=anna&reportText=noise&log={long}");
    let answer = server.post("/json/api/report-submit.php", &form);
    assert_eq!(answer, json!({"error": "", "log_id": "1"}));
    let form = format!("{own}&name=anna&description={}", "%C3%A4".repeat(25_000));
    assert_eq!(server.post("/api/profile-save", &form)["error"], "");
}

#[test]
fn an_operator_can_replace_the_fields_of_profiles() {
    let site = site();
    let tables = r#"{"kinks": [{"id": "7", "name": "Chess", "group_id": 1}], "kink_groups": [{"id": 1, "name": "Games"}],
        "infotags": [{"id": 1, "name": "Motto", "type": "text", "group_id": 1}],
        "infotag_groups": [{"id": 1, "name": "All"}], "listitems": []}"#;
    site.write("profile_fields.json", tables);
    site.run(&["check"]).assert_done();
    let server = site.start(&[]);
    let mapping = json_of(&server.get("/json/api/mapping-list.php"));
    assert_eq!(
        mapping["kinks"],
        json!([{"id": "7", "name": "Chess", "description": "", "group_id": "1"}])
    );
    site.write(
        "profile_fields.json",
        &tables.replace("\"group_id\": 1}]", "\"group_id\": 9}]"),
    );
    site.run(&["check"])
        .assert_refused(&["profile_fields.json", "group 9"]);
}

#[test]
fn a_person_downloads_the_data_of_the_account() {
    let site = site();
    let server = site.start(&[]);
    let own = format!("account=ada&ticket={}", ticket(&server, "ada"));
    api(&server, "bookmark-add", &own, "name=Bob");
    let data = server.post("/api/me/export", &own);
    assert_eq!(data["account"]["name"], "ada", "{data}");
    let names: Vec<&Value> = data["characters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["Ada Lovelace", "anna"]);
    assert_eq!(data["bookmarks"], json!(["Bob"]));
    assert_eq!(data["complete"], true);
    let again = server.post_whole("/api/me/export", &own);
    let head = again.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 429 "), "{again}");
    assert!(head.contains("\r\nretry-after: "), "{again}");
}
