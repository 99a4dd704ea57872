//! Raiders of one network, with accounts and connections of their own: a ban by the operator puts them out at once, and
//! no input of theirs is worked on until it is lifted. A ban of the server itself by mistake is refused.

use std::net::Ipv4Addr;

use crate::attacker::{address, connect, http};
use crate::bystanders::Bystanders;
use crate::scene::{OPERATOR, Scene, attacker_account, character, in_each_layout};

/// The network of [`address`].
const RAIDERS: &str = "127.100.0.0/16";

/// The raiders get neither in nor an answer but the reason.
fn assert_kept_out(scene: &Scene, ticket: &str) {
    let answer = scene.websocket(address(0)).unwrap_err().to_string();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    let form = format!("account={}&ticket={ticket}", attacker_account(0));
    for path in ["/api/characters", "/json/getApiTicket.php", "/api/register"] {
        let answer = scene.post(path, &form, address(1));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{path}: {answer}");
    }
    for path in ["/", "/web/site.css", "/avatar/Tom"] {
        let answer = scene.get(path, address(2));
        assert!(
            answer.starts_with("HTTP/1.1 403 ") && answer.contains("raid"),
            "{path}: {answer}"
        );
    }
    let answer = http(scene.address(), address(3), b"nonsense\r\n\r\n").unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn a_banned_network_is_out_at_once() {
    in_each_layout(2, &["--set", "max_per_ip=10"], |scene| {
        let bystanders = Bystanders::start(scene);
        let mut raiders = [scene.attacker(0), scene.attacker(1)];
        let ticket = scene.ticket(&attacker_account(0), address(0));
        // One that has not logged in, one that has only connected, and one with a broken connection that is waited for.
        let mut stranger = scene.websocket(address(2)).unwrap();
        let _silent = connect(scene.address(), address(3)).unwrap();
        let account = attacker_account(0);
        let mut broken = scene.log_in(&account, &character(0, 1), address(0));
        broken.reset().unwrap();
        drop(broken);

        let add = ["ban", "add", RAIDERS, "--for", "7d", "--reason", "raid"];
        scene.site.run(&add).assert_refused(&["loopback", "--force"]);
        raiders[0].catch_up().unwrap();
        let done = scene.site.run(&[&add[..], &["--force"]].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
        for raider in raiders.iter_mut().chain([&mut stranger]) {
            raider
                .await_text(|text| text.starts_with("ERR ") && text.contains("raid"))
                .unwrap();
            raider.await_close().unwrap();
        }
        assert_kept_out(scene, &ticket);
        let listed = scene.site.run(&["ban", "list", "127.100.0.9", "--json"]).stdout;
        assert!(
            listed.contains(r#""network":"127.100.0.0/16""#) && listed.contains(r#""reason":"raid""#),
            "{listed}"
        );
        bystanders.await_gauge("connections and requests", |refused| refused >= 8);

        let done = scene.site.run(&["ban", "remove", RAIDERS]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let _back = scene.attacker(0);
        bystanders.unharmed(scene);
    });
}

#[test]
fn a_ban_survives_the_process_and_is_undone_like_other_actions() {
    let scene = Scene::open(1, &[]);
    let done = scene
        .site
        .run(&["ban", "add", RAIDERS, "--reason", "raid", "--force"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(scene.websocket(address(0)).is_err());
    let Scene { site, server, .. } = scene;
    server.terminate();
    assert_eq!(server.ended().code, Some(0));
    // Without a server the state is changed itself.
    let done = site.run(&["ban", "add", "203.0.113.0/24", "--for", "1h"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let scene = Scene::resume(site, &[]);
    assert!(scene.websocket(address(0)).is_err(), "it lasts");
    let actions = scene.site.run(&["log", "actions", "--against", RAIDERS]).stdout;
    let number = actions
        .split('#')
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .unwrap();
    let undone = scene.site.run(&["log", "undo", number]);
    assert_eq!(undone.code, Some(0), "{undone:?} {actions}");
    assert!(scene.websocket(address(0)).is_ok());
    let listed = scene.site.run(&["ban", "list"]).stdout;
    assert!(
        listed.contains("203.0.113.0/24") && listed.contains("1 banned network"),
        "{listed}"
    );
}

#[test]
fn administrators_ban_in_the_chat_and_not_themselves() {
    in_each_layout(2, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let (mut raider, mut nobody) = (scene.attacker(0), scene.attacker(1));
        // Only administrators may.
        nobody.say(r#"NBN {"network":"203.0.113.0/24"}"#).unwrap();
        nobody
            .await_text(|text| text.starts_with("ERR ") && text.contains("10"))
            .unwrap();
        let named = format!(r#"NBN {{"character":"{}","reason":"raid"}}"#, character(0, 0));
        bystanders.operate(&named.replace('}', r#","force":true}"#));
        raider.await_text(|text| text.contains("raid")).unwrap();
        raider.await_close().unwrap();
        assert!(scene.websocket(address(0)).is_err());
        assert!(scene.websocket(address(2)).is_ok(), "another address");
        bystanders.operate(r#"NUB {"network":"127.100.0.0/32"}"#);
        let status = || scene.websocket(address(0)).is_ok();
        while !status() {
            bystanders.status();
        }
        let actions = scene.site.run(&["log", "actions", "--by", OPERATOR]).stdout;
        assert!(actions.contains("NBN") && actions.contains("NUB"), "{actions}");
        drop(nobody);
        bystanders.unharmed(scene);
    });
}

#[test]
fn a_ban_holds_behind_a_proxy_for_the_client_alone() {
    let proxy = Ipv4Addr::new(127, 30, 0, 1);
    let words = [
        "--set",
        "load_balancers=127.30.0.1",
        "--set",
        "proxy_header=x-forwarded-for",
    ];
    in_each_layout(0, &words, |scene| {
        let bystanders = Bystanders::start(scene);
        let done = scene
            .site
            .run(&["ban", "add", "203.0.113.0/24", "--reason", "raid"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        scene
            .site
            .run_with(
                &["ban", "add", "127.30.0.0/16"],
                &[("FCHATD_LOAD_BALANCERS", "127.30.0.1")],
            )
            .assert_refused(&["127.30.0.0/16"]);
        let ask = |headers: &str| {
            let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
            http(scene.address(), proxy, request.as_bytes()).unwrap()
        };
        for (headers, status) in [
            ("X-Forwarded-For: 203.0.113.9\r\n", "403"),
            ("X-Forwarded-For: 198.51.100.1, 203.0.113.9:4711\r\n", "403"),
            (
                "X-Forwarded-For: 203.0.113.9\r\nX-Real-IP: 198.51.100.1\r\n",
                "403",
            ),
            ("X-Forwarded-For: 203.0.113.9, 198.51.100.1\r\n", "200"),
            ("", "200"),
        ] {
            let answer = ask(headers);
            assert_eq!(answer.split(' ').nth(1), Some(status), "{headers}: {answer:.300}");
        }
        bystanders.unharmed(scene);
    });
}
