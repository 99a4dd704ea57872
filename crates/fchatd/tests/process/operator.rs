//! The operator's tools beside a running server.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::site::{PATIENCE, Server, Site, content_of};
use crate::websocket::{Frame, WebSocket};

const PASSWORD: &str = "correct horse battery";

/// A server with the accounts `ada` and `bob`, each with a character of that name.
fn running(words: &[&str]) -> (Site, Server) {
    let site = Site::new();
    for name in ["ada", "bob"] {
        site.run_with_input(&["account", "add", name], PASSWORD)
            .assert_done();
        site.run(&["character", "add", name, name]).assert_done();
    }
    let server = site.start(words);
    (site, server)
}

fn ask(server: &Server, account: &str) -> Value {
    let form = format!("account={account}&password=correct+horse+battery");
    server.post("/json/getApiTicket.php", &form)
}

fn log_in(server: &Server, name: &str) -> WebSocket {
    let answer = ask(server, name);
    WebSocket::log_in(server, name, answer["ticket"].as_str().unwrap())
}

/// The error with which the server removes a person.
fn put_out(socket: &mut WebSocket) -> Value {
    let text = socket.await_text("ERR ");
    while socket.frame() != Frame::Close(1000) {}
    serde_json::from_str(text.strip_prefix("ERR ").unwrap()).unwrap()
}

#[test]
fn a_ban_takes_effect_while_the_server_runs() {
    let (site, server) = running(&[]);
    let ticket = ask(&server, "ada")["ticket"].as_str().unwrap().to_owned();
    let mut ada = log_in(&server, "ada");
    let mut bob = log_in(&server, "bob");
    let banned = site.run(&["account", "ban", "ADA", "--for", "3d", "--reason", "spam <b>"]);
    banned.assert_done();
    assert_eq!(
        banned.stdout,
        "ADA is banned for 3 days; its tickets have ended\n"
    );
    let told = "This account is banned for another 3 days. The reason given: spam <b>";
    let error = put_out(&mut ada);
    // In the chat as everything that clients show.
    let escaped = told.replace('<', "&lt;").replace('>', "&gt;");
    assert_eq!(
        (error["number"].as_i64(), error["message"].as_str()),
        (Some(9), Some(escaped.as_str()))
    );
    bob.await_text(r#"FLN {"character":"ada"}"#);
    assert_eq!(ask(&server, "ada")["error"], told);
    let mut again = WebSocket::open(&server);
    assert!(
        again
            .identify("ada", &ticket)
            .unwrap_err()
            .contains("\"number\":4")
    );
    let shown = site.run(&["account", "show", "ada"]).stdout;
    assert!(
        shown.contains("banned: until ") && shown.contains("(spam <b>)"),
        "{shown}"
    );
    assert!(shown.contains("tickets: 0\n"), "{shown}");
    site.run(&["account", "unban", "ada"]).assert_done();
    log_in(&server, "ada");
}

#[test]
fn an_away_character_is_removed_too() {
    let (site, server) = running(&[]);
    let ada = log_in(&server, "ada");
    let mut bob = log_in(&server, "bob");
    // Without a close frame: the character stays for a minute, and would come back with its old rights.
    drop(ada);
    site.run(&["account", "ban", "ada"]).assert_done();
    bob.await_text(r#"FLN {"character":"ada"}"#);
}

#[test]
fn rights_passwords_and_characters_change_while_the_server_runs() {
    let (site, server) = running(&[]);
    let mut ada = log_in(&server, "ada");
    let deadline = Instant::now() + PATIENCE;
    site.run(&["account", "admin", "ada"]).assert_done();
    loop {
        ada.say(r#"BRO {"message":"hello"}"#);
        if ada.text().starts_with("BRO ") {
            break;
        }
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(50));
    }
    site.run(&["character", "rename", "ADA", "Ada Lovelace"])
        .assert_done();
    assert_eq!(put_out(&mut ada)["number"], 40);
    assert_eq!(ask(&server, "ada")["characters"][0], "Ada Lovelace");
    site.run(&["character", "add", "bob", "ada"]).assert_done();

    let mut bob = log_in(&server, "bob");
    site.run(&["character", "move", "bob", "ada"]).assert_done();
    assert_eq!(put_out(&mut bob)["number"], 40);
    assert_eq!(ask(&server, "ada")["characters"][1], "bob");
    assert_eq!(ask(&server, "bob")["characters"][0], "ada");

    let ticket = ask(&server, "ada")["ticket"].as_str().unwrap().to_owned();
    let (mut ada, _) = WebSocket::log_in_as(&server, "ada", &ticket, "Ada Lovelace");
    site.run_with_input(&["account", "password", "ada"], "another password\n")
        .assert_done();
    assert_eq!(put_out(&mut ada)["number"], 40);
    assert_ne!(ask(&server, "ada")["error"], "");
}

#[test]
fn a_deleted_account_leaves_nothing_behind_and_nobody_online() {
    let (site, server) = running(&[]);
    let mut ada = log_in(&server, "ada");
    site.run_with_input(&["account", "add", "zebedee-account"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "zebedee-account", "Zebedee"])
        .assert_done();
    site.run(&["account", "delete", "ada", "zebedee-account"])
        .assert_refused(&["--yes"]);
    site.run(&["account", "delete", "ada", "nobody", "--yes"])
        .assert_refused(&["nobody: There is no such account"]);
    let deleted = site.run(&["account", "delete", "ada", "Zebedee-Account", "--yes"]);
    deleted.assert_done();
    assert_eq!(put_out(&mut ada)["number"], 40);
    site.run(&["character", "delete", "bob", "--yes"]).assert_done();
    assert_eq!(site.run(&["account", "list"]).stdout, "2\tbob\n");
    assert_eq!(site.run(&["character", "list", "bob"]).stdout, "");
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
    for (path, content) in content_of(&site.path("data")) {
        let content = content.to_ascii_lowercase();
        assert!(
            !content.windows(7).any(|part| part == b"zebedee"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn invitations_are_made_used_and_taken_back() {
    let (site, server) = running(&["--set", "registration=invitation"]);
    let made = site.run(&["account", "invite", "--for", "7d", "--note", "for Cem"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.contains("no use before registration"), "{made:?}");
    let code = made.stdout.trim();
    let register = |account: &str, code: &str| {
        let form = format!("account={account}&password=correct+horse+battery&invitation={code}");
        server.post("/api/register", &form)["error"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(register("cem", code), "");
    assert!(register("dot", code).contains("not valid"));
    site.run(&["account", "invite"]);
    let listed = site.run(&["account", "invitations"]).stdout;
    assert!(listed.starts_with("1\tused up\tuntil "), "{listed}");
    assert!(listed.ends_with("for Cem\n2\t1 use left\tno end\t\n"), "{listed}");
    site.run(&["account", "revoke", "2"]).assert_done();
    site.run(&["account", "revoke", "2"])
        .assert_refused(&["no invitation 2"]);
    site.run(&["account", "invite", "--for", "3 moons"])
        .code
        .filter(|&code| code == 2)
        .unwrap();
}

#[test]
fn accounts_are_taken_over_beside_a_running_server() {
    let (site, server) = running(&[]);
    let import = |words: &[&str], text: &str| {
        site.run_with_input(
            &[&["account", "import", "-", "--format", "csv"], words].concat(),
            text,
        )
    };
    let good = "name,password,characters\ncem,correct horse battery,Cem;Cemal\n";
    let bad = format!("{good}dot,short,\n");
    let refused = import(&[], &bad);
    refused.assert_refused(&["1 of 2 entries", "--skip-strange"]);
    assert!(refused.stdout.starts_with("line 3: "), "{refused:?}");
    let tried = import(&["--dry-run"], good);
    tried.assert_done();
    assert_eq!(tried.stdout, "1 account with 2 characters would be taken over\n");
    assert_eq!(site.run(&["account", "list"]).stdout, "1\tada\n2\tbob\n");
    let done = import(&["--skip-strange"], &bad);
    done.assert_done();
    assert!(done.stdout.starts_with("left out: line 3: "), "{done:?}");
    assert_eq!(ask(&server, "cem")["default_character"], "Cem");
    site.write(
        "more.json",
        r#"[{"name": "eve", "password": "correct horse battery", "mail": "x"}]"#,
    );
    let more = site.path("more.json");
    let more = more.to_str().unwrap();
    site.run(&["account", "import", more]).assert_refused(&["1 of 1"]);
    site.write("more.json", "{");
    site.run(&["account", "import", more])
        .assert_refused(&["JSON array"]);
    site.run(&["account", "import", "-"])
        .assert_refused(&["--format"]);
}

#[test]
fn lists_are_printed_for_programs() {
    let site = Site::new();
    site.run_with_input(&["account", "add", "ada", "--admin"], PASSWORD)
        .assert_done();
    site.run_with_input(&["account", "add", "bob"], PASSWORD)
        .assert_done();
    site.run(&["character", "add", "ada", "Ada", "--gender", "female"])
        .assert_done();
    site.run(&["character", "add", "ada", "Eve", "--gender", "Purple"])
        .assert_refused(&["\"Purple\" is not one of the genders", "None"]);
    // The reason has a mark that turns the direction of writing around, which a terminal must not get.
    let reason = "spam \u{202e}\"";
    site.run(&["account", "ban", "bob", "--for", "3d", "--reason", reason])
        .assert_done();
    site.run(&["account", "invite", "--note", "for Cem"]);
    let listed = |words: &[&str]| -> Vec<Value> {
        let ended = site.run(&[words, &["--json"]].concat());
        ended.assert_done();
        assert!(!ended.stdout.contains('\u{202e}'));
        let lines = ended.stdout.lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let accounts = listed(&["account", "list"]);
    assert_eq!(accounts.len(), 2);
    assert_eq!(
        accounts[0],
        serde_json::json!({"id": 1, "name": "ada", "admin": true, "banned": false})
    );
    assert_eq!(
        (&accounts[1]["banned"], &accounts[1]["ban_reason"]),
        (&true.into(), &reason.into())
    );
    assert!(accounts[1]["banned_until"].as_i64().unwrap() > 1_700_000_000);
    let [shown] = &listed(&["account", "show", "ada"])[..] else {
        panic!("one object")
    };
    let ada = serde_json::json!({"id": 1, "name": "Ada", "default": true});
    assert_eq!((&shown["characters"][0], &shown["tickets"]), (&ada, &0.into()));
    assert_eq!(listed(&["character", "list", "ada"]), [ada]);
    let invitation = serde_json::json!({"id": 1, "uses_left": 1, "expires_at": 0, "note": "for Cem"});
    assert_eq!(listed(&["account", "invitations"]), [invitation]);
    let registration = serde_json::json!({"registration": "open", "paused": false});
    assert_eq!(listed(&["registration", "status"]), [registration]);
    assert_eq!(
        listed(&["ban", "list"]).len() + listed(&["calls", "list"]).len(),
        0
    );
    assert_eq!(listed(&["log", "actions"]).len(), 0);
    let [checked] = &listed(&["state", "check"])[..] else {
        panic!("one object")
    };
    assert_eq!(
        (&checked["faults"], &checked["accounts"], &checked["characters"]),
        (&serde_json::json!([]), &2.into(), &1.into())
    );
}
