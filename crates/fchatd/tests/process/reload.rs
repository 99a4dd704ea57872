//! Reading the configuration again: a changed setting takes effect where it is used, or is named.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};

use fchatd_dialogue::visitor::Refused;

use crate::site::{Server, Site};
use crate::websocket::{Frame, WebSocket, log_in};

const CONFIGURATION: &str = "script/startup_config.lua";

/// Writes a configuration and has it read; `told` is the log's line then.
#[track_caller]
fn reload(site: &Site, server: &Server, source: &str, told: &str) {
    site.write(CONFIGURATION, source);
    server.hang_up();
    let log = server.await_log("the scripts were");
    assert!(log.contains(told), "{told}: {log}");
}

#[test]
fn limits_and_floods_change_and_who_is_online_is_told() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    let mut bob = WebSocket::log_in(&server, "Bob", "any");
    reload(
        &site,
        &server,
        "msg_flood = 0\npriv_max = 10\nmaxusers = 2\n",
        "In force now: maxusers, priv_max, msg_flood.",
    );
    let told = [bob.await_text("VAR "), bob.await_text("VAR ")].concat();
    assert!(told.contains("priv_max") && told.contains("10"), "{told}");
    for _ in 0..3 {
        ada.say(r#"PRI {"recipient":"Bob","message":"short"}"#);
        bob.await_text("PRI ");
    }
    ada.say(r#"PRI {"recipient":"Bob","message":"longer than that"}"#);
    ada.await_text("ERR ");
    let refused = WebSocket::open(&server).identify("Eve", "any").unwrap_err();
    assert!(refused.contains(r#""number":2"#), "{refused}");
    reload(&site, &server, "", "In force now: maxusers, priv_max, msg_flood.");
    WebSocket::log_in(&server, "Eve", "any");
}

#[test]
fn an_administrator_is_told_what_changed_and_what_waits() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut admin = WebSocket::log_in(&server, "admin", "any");
    admin.say("RLD");
    admin.await_text("SYS ");
    server.await_log("nothing has changed");
    admin.say("UPT");
    let next = loop {
        match admin.frame() {
            Frame::Text(text) if text.starts_with("NLN ") || text == "PIN" => {}
            other => break other,
        }
    };
    assert!(
        matches!(&next, Frame::Text(text) if text.starts_with("UPT ")),
        "{next:?}"
    );

    // The port of the command line wins; the file's port changes nothing.
    site.write(
        CONFIGURATION,
        "port = 1\nmsg_max = 5\nbindaddr = '::1'\nlogin_url = 'http://127.0.0.1:1/x'\n",
    );
    admin.say("RLD");
    admin.await_text("SYS ");
    let told = admin.await_text("SYS ");
    assert!(told.contains("In force now: msg_max."), "{told}");
    assert!(told.contains("started again: bindaddr, login_url."), "{told}");
    server.await_log("started again: bindaddr, login_url.");
    WebSocket::log_in(&server, "Still here", "any");
}

#[test]
fn a_configuration_with_a_mistake_changes_nothing() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut admin = WebSocket::log_in(&server, "admin", "any");
    for (source, parts) in [
        (
            "msg_max = 5\nmaxusers = 'x'\n",
            &["startup_config.lua:2: maxusers"][..],
        ),
        ("msg_max = 5\nmsg_max = = 5\n", &["startup_config.lua:2: "]),
        (
            "msg_max = 5\nload_balancers = {'10.0.0.300'}\n",
            &["startup_config.lua:2: load_balancers"],
        ),
        (
            "msg_max = 5\nwhile true do end\n",
            &["startup_config.lua:2: ", "too long"],
        ),
    ] {
        site.write(CONFIGURATION, source);
        admin.say("RLD");
        admin.await_text("SYS ");
        let told = admin.await_text("SYS ");
        let log = server.await_log("the old one stays in force");
        for part in parts {
            assert!(told.contains(part) && log.contains(part), "{part}: {told} {log}");
        }
        admin.say(r#"JCH {"channel":"Frontpage"}"#);
        admin.say(r#"MSG {"channel":"Frontpage","message":"longer than five"}"#);
        server.hang_up();
        server.await_log("the old one stays in force");
    }
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    ada.await_text("CDS ");
    ada.say(r#"PRI {"recipient":"admin","message":"longer than five"}"#);
    assert!(admin.await_text("PRI ").contains("longer than five"));
}

#[test]
fn the_edge_takes_its_settings() {
    let site = Site::new();
    let server = site.start(&["--dev"]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    reload(
        &site,
        &server,
        "ping_interval = 1\nallowed_origin = 'https://chat.example'\nmax_per_ip = 1\n\
         load_balancers = {'127.0.0.1'}\n",
        "In force now: max_per_ip, load_balancers, allowed_origin, ping_interval.",
    );
    ada.await_text("PIN");
    let refused = WebSocket::open_with(&server, &[("Origin", "https://other.example")]).err();
    assert_eq!(refused, Some(Refused::Status(403)));
    let known = WebSocket::open_with(&server, &[("Origin", "https://chat.example")]);
    assert!(
        known.unwrap().identify("Bob", "any").is_err(),
        "one from each address"
    );
    let elsewhere = WebSocket::open_with(&server, &[("X-Real-IP", "192.0.2.1")]);
    elsewhere.unwrap().identify("Bob", "any").unwrap();

    reload(&site, &server, "maxconnections = 1\n", "maxconnections");
    let turned_away = WebSocket::open_with(&server, &[]).err();
    assert_eq!(turned_away, Some(Refused::NoAnswer));
    reload(&site, &server, "", "maxconnections");
    WebSocket::log_in(&server, "Bob", "any");
}

#[test]
fn the_outbox_takes_its_bound() {
    let site = Site::new();
    // A client that is cut off is gone at once, not away.
    let others = "msg_flood = 0\nresume_grace = 0\n";
    site.write(CONFIGURATION, &format!("{others}outbox_max = 1e9\n"));
    let server = site.start(&["--dev"]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    let slow = WebSocket::log_in(&server, "Slow", "any");
    reload(
        &site,
        &server,
        &format!("{others}outbox_max = 65536\n"),
        "In force now: outbox_max.",
    );
    // More than the system keeps for a socket, less than the bound before.
    let message = format!(r#"PRI {{"recipient":"Slow","message":"{}"}}"#, "x".repeat(45_000));
    for _ in 0..600 {
        ada.say(&message);
    }
    ada.await_text("FLN ");
    drop(slow);
}

#[test]
fn accounts_take_their_settings() {
    let site = Site::new();
    let server = site.start(&[]);
    let site_says = || {
        let answer = server.get("/api/site");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<serde_json::Value>(body).unwrap()
    };
    let register = |name: &str| {
        let form = format!("account={name}&password=long+enough+for+this");
        server.post("/api/register", &form)["error"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let ticket = || {
        let form = "account=ada&password=long+enough+for+this";
        server.post("/json/getApiTicket.php", form)["ticket"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let is_good =
        |ticket: &str| server.post("/api/characters", &format!("account=ada&ticket={ticket}"))["error"] == "";
    assert_eq!(register("ada"), "");
    let [first, second] = [ticket(), ticket()];
    assert!(is_good(&first) && is_good(&second));
    reload(
        &site,
        &server,
        "registrations_per_address = 1\ntickets_per_account = 1\ngenders = {'None', 'Fox'}\n",
        "In force now: registrations_per_address, tickets_per_account, genders.",
    );
    assert_ne!(register("bob"), "", "one was made already");
    let third = ticket();
    assert!(is_good(&third) && !is_good(&first) && !is_good(&second));
    assert_eq!(site_says()["genders"], serde_json::json!(["None", "Fox"]));
    let form = format!("account=ada&ticket={third}&name=Ada&gender=Fox");
    assert_eq!(server.post("/api/character-create", &form)["error"], "");

    reload(&site, &server, "registration = 'closed'\n", "registration");
    assert_eq!(site_says()["registration"], "closed");
    assert_ne!(register("bob"), "");
    reload(&site, &server, "", "registration");
    assert_eq!(register("bob"), "");
}

#[test]
fn log_in_checks_take_their_bounds() {
    // A site that takes every question and answers none.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = silent.local_addr().unwrap();
    let login_url = format!("login_url = 'http://{address}/login'\n");
    let site = Site::new();
    site.write(
        CONFIGURATION,
        &format!("{login_url}logintimeout = 3600\nlogin_connection_pool = 1\n"),
    );
    let server = site.start(&[]);
    let asks = |name: &str| {
        let mut visitor = WebSocket::open(&server);
        visitor.say(&log_in(name, "any", name));
        visitor
    };
    let question = || {
        let mut head = [0; 5];
        let mut connection = silent.accept().unwrap().0;
        connection.read_exact(&mut head).unwrap();
        connection
    };
    let (_ada, _first) = (asks("Ada"), question());
    reload(
        &site,
        &server,
        &format!("{login_url}logintimeout = 3600\nlogin_connection_pool = 6\n"),
        "In force now: login_connection_pool.",
    );
    // All come from one address, which may have half of the checks.
    let (_bob, _second) = (asks("Bob"), question());
    let (_eve, _third) = (asks("Eve"), question());
    reload(
        &site,
        &server,
        &format!("{login_url}logintimeout = 1\n"),
        "In force now: logintimeout",
    );
    let (mut late, _fourth) = (asks("Late"), question());
    late.await_text("ERR ");
}

#[test]
fn a_signal_reads_the_scripts_too() {
    let site = Site::new();
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/../../script");
    for entry in std::fs::read_dir(ours).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_str().unwrap();
            site.write(
                &format!("script/{name}"),
                &std::fs::read_to_string(&path).unwrap(),
            );
        }
    }
    let main = std::fs::read_to_string(format!("{ours}/main.lua")).unwrap();
    let answering = |text: &str| {
        format!("{main}\nfunction event.UPT(con) u.send(con, 'SYS', {{ message = '{text}' }}) return 0 end\n")
    };
    site.write("script/main.lua", &answering("old"));
    let server = site.start(&["--dev"]);
    let mut ada = WebSocket::log_in(&server, "Ada", "any");
    let mut says = |expected: &str| {
        ada.say("UPT");
        let heard = ada.await_text("SYS ");
        assert!(heard.contains(expected), "{heard}");
    };
    says("old");
    site.write(
        "script/main.lua",
        "event = {}\nlocal function boom() error('broken') end\nboom()\n",
    );
    server.hang_up();
    let log = server.await_log("the old ones go on");
    assert!(log.contains("main.lua:2: broken"), "{log}");
    says("old");
    site.write("script/main.lua", &answering("new"));
    server.hang_up();
    server.await_log("the scripts were read again");
    says("new");
}
