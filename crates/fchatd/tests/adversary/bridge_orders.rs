//! Orders of the real-time bridge that no website may give, rightly signed: a script on the website that can be made to
//! send something must not make an administrator.

use std::net::UdpSocket;
use std::time::{SystemTime, UNIX_EPOCH};

use fchatd_links::sign;

use crate::bystanders::Bystanders;
use crate::scene::Scene;
use crate::site::port_for_a_bridge;

const SECRET: &str = "between the website and the chat";

#[test]
fn the_bridge_takes_documented_orders_only() {
    let port = port_for_a_bridge();
    let words = [
        "--set",
        &port,
        "--set",
        "enablertb=true",
        "--set",
        &format!("rtbsecret={SECRET}"),
    ];
    let scene = Scene::open(1, &words);
    let bystanders = Bystanders::start(&scene);
    let mut mallory = scene.attacker(0);
    let bridge = (scene.address().ip(), scene.address().port() + 1);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut sent = 0;
    // Accounts are numbered from 1: each would be an administrator, or ignore the person that talks.
    for account in 1..20 {
        for (code, more) in [
            ("ADM", r#""admin":1"#),
            ("IGN", r#""action":"add","n":"Tom""#),
            ("XYZ", r#""x":1"#),
        ] {
            let json = format!(r#"{{"a":{account},{more}}}"#);
            for datagram in [
                sign::v2(SECRET, now(), code, &json),
                sign::classic(SECRET, code, &json),
            ] {
                socket.send_to(&datagram, bridge).unwrap();
                sent += 1;
            }
        }
    }
    bystanders.await_gauge("datagrams refused", |refused| refused == sent);
    mallory.say(r#"ZZZ {"command":"status"}"#).unwrap();
    mallory
        .await_text(|text| text.starts_with("ERR ") && text.contains("10"))
        .unwrap();
    assert_eq!(bystanders.gauge("orders taken"), 0);
    let lines = scene
        .server
        .logged()
        .matches("the real-time bridge refused")
        .count();
    assert!((1..=20).contains(&lines), "{lines} lines for {sent} datagrams");
    drop(mallory);
    bystanders.unharmed(&scene);
}
