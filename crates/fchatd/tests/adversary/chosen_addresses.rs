//! Clients behind a proxy that write the headers by which proxies tell addresses, to choose their own.

use std::io::Read as _;
use std::io::Write as _;
use std::net::Ipv4Addr;

use fchatd_dialogue::websocket::{WebSocket, wire};

use crate::attacker::{connect, http};
use crate::bystanders::Bystanders;
use crate::scene::{Scene, in_each_layout};

/// A wrong password of an account that no other person tries.
fn guess(scene: &Scene, proxy: Ipv4Addr, headers: &str, number: usize) -> String {
    let form = format!("account=nobody{number}&password=wrong");
    let request = format!(
        "POST /json/getApiTicket.php HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    http(scene.address(), proxy, request.as_bytes()).unwrap()
}

#[test]
fn a_client_behind_a_proxy_has_one_address() {
    let proxy = Ipv4Addr::new(127, 30, 0, 1);
    // The proxy writes one header. The client writes all others, and the left part of that one.
    for (setting, told) in [
        (
            "x-forwarded-for",
            "X-Forwarded-For: 6.6.6.N, 203.0.113.9\r\nX-Real-IP: 6.6.6.N\r\nForwarded: for=6.6.6.N\r\n",
        ),
        (
            "x-real-ip",
            "X-Real-IP: 203.0.113.9\r\nX-Forwarded-For: 6.6.6.N\r\nForwarded: for=6.6.6.N\r\n",
        ),
        (
            "forwarded",
            "Forwarded: for=\"6.6.6.N, for=\"203.0.113.9:N\"\r\nX-Real-IP: 6.6.6.N\r\nX-Forwarded-For: 6.6.6.N\r\n",
        ),
        (
            "",
            "X-Forwarded-For: 6.6.6.N, 203.0.113.9\r\nX-Real-IP: 6.6.6.N\r\n",
        ),
    ] {
        let words = [
            "--set",
            "load_balancers=127.30.0.1",
            "--set",
            &format!("proxy_header={setting}"),
        ];
        let scene = Scene::open(0, &words);
        let mut waits = false;
        for number in 1..=200 {
            let answer = guess(&scene, proxy, &told.replace('N', &number.to_string()), number);
            assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
            waits = answer.contains("Too many");
            if waits {
                break;
            }
        }
        assert!(
            waits,
            "{setting:?}: 200 guesses of one client under 200 addresses"
        );
    }
}

#[test]
fn strangers_who_tell_addresses_are_not_believed_and_noticed_once() {
    in_each_layout(0, &["--set", "proxy_header=x-real-ip"], |scene| {
        let bystanders = Bystanders::start(scene);
        let stranger = Ipv4Addr::new(127, 40, 0, 1);
        for number in 0..20 {
            let headers = format!("X-Real-IP: 203.0.113.{number}\r\n");
            let stream = connect(scene.address(), stranger).unwrap();
            let socket = WebSocket::over(stream, "/chat2", &format!("{}{headers}", wire::VERSION));
            drop(socket.unwrap());
        }
        let log = scene.server.await_log("load_balancers");
        assert!(log.contains("X-Real-IP"), "{log}");
        bystanders.unharmed(scene);
        let log = log + &scene.server.logged();
        assert_eq!(log.matches("is not in load_balancers").count(), 1, "{log}");
    });
}

/// A proxy in front may route by another `Host` than the server would see.
#[test]
fn requests_name_their_host_once() {
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
        let socket = format!("Upgrade: websocket\r\nConnection: Upgrade\r\n{key}");
        for (line, hosts, rest, status) in [
            ("GET / HTTP/1.1", "", "Connection: close\r\n", "400"),
            (
                "GET / HTTP/1.1",
                "Host: a\r\nHost: b\r\n",
                "Connection: close\r\n",
                "400",
            ),
            ("GET / HTTP/1.1", "Host: a\r\n", "Connection: close\r\n", "200"),
            ("GET / HTTP/1.0", "", "", "200"),
            ("GET / HTTP/1.0", "Host: a\r\nHost: a\r\n", "", "400"),
            ("GET /chat2 HTTP/1.1", "", socket.as_str(), "400"),
            (
                "GET /chat2 HTTP/1.1",
                "Host: a\r\nHost: a\r\n",
                socket.as_str(),
                "400",
            ),
            ("GET /chat2 HTTP/1.1", "Host: a\r\n", socket.as_str(), "101"),
        ] {
            let mut stream = connect(scene.address(), Ipv4Addr::new(127, 40, 0, 2)).unwrap();
            let request = format!("{line}\r\n{hosts}{rest}\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer);
            assert_eq!(answer.split(' ').nth(1), Some(status), "{request}");
        }
        bystanders.unharmed(scene);
    });
}
