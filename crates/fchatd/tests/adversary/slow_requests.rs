//! Requests that do not get on: bodies that come a byte at a time, heads without an end, answers without a reader.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};

use crate::attacker::{address, connect, http};
use crate::bystanders::Bystanders;
use crate::scene::{Scene, in_each_layout};

/// More than the places for long bodies.
const BODIES: usize = 48;
/// More than a usual body may have.
const LONG: usize = 100_000;

/// Begins a long body and sends so much of it.
fn begin(scene: &Scene, from: Ipv4Addr, sent: usize) -> TcpStream {
    let mut stream = connect(scene.address(), from).unwrap();
    let head = format!(
        "POST /api/profile-save HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {LONG}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server may refuse it on the way.
    let _ = stream.write_all(&vec![b'a'; sent]);
    stream
}

/// Another person uploads something long; it counts that it is taken, not that its ticket is good.
fn assert_uploads_go(scene: &Scene, from: Ipv4Addr) {
    let form = format!("account=nobody&ticket=none&text={}", "a".repeat(LONG));
    let answer = scene.post("/api/profile-save", &form, from);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:.300}");
}

#[test]
fn bodies_a_byte_at_a_time_keep_nobody_from_uploading() {
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        // From one address, and from many.
        for addresses in [1, BODIES] {
            let mut slow: Vec<TcpStream> = (0..BODIES)
                .map(|number| begin(scene, address(number % addresses), 1))
                .collect();
            for _ in 0..5 {
                for stream in &mut slow {
                    let _ = stream.write_all(b"a");
                }
                assert_uploads_go(scene, Ipv4Addr::new(127, 50, 0, 1));
            }
            bystanders.await_gauge("being answered", |requests| requests >= BODIES as u64);
        }
        bystanders.unharmed(scene);
    });
}

#[test]
fn long_bodies_of_one_address_leave_room_for_others() {
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        // Each has sent so much that it holds a place.
        let held: Vec<TcpStream> = (0..BODIES).map(|_| begin(scene, address(0), LONG - 10)).collect();
        bystanders.await_gauge("refused for being too many", |refused| {
            refused == BODIES as u64 - 8
        });
        assert_eq!(bystanders.gauge("of them long"), 8);
        // Four more addresses fill all places, and yet no other one is refused.
        let others: Vec<TcpStream> = (1..6)
            .flat_map(|number| (0..8).map(move |_| number))
            .map(|number| begin(scene, address(number), LONG - 10))
            .collect();
        bystanders.await_gauge("of them long", |uploads| uploads == 32);
        assert_uploads_go(scene, Ipv4Addr::new(127, 50, 0, 1));
        scene.assert_memory_bounded();
        drop((held, others));
        bystanders.unharmed(scene);
    });
}

#[test]
fn one_address_has_so_many_requests_under_way() {
    in_each_layout(0, &["--set", "http_requests_per_address=10"], |scene| {
        let bystanders = Bystanders::start(scene);
        let slow: Vec<TcpStream> = (0..10).map(|_| begin(scene, address(0), 1)).collect();
        bystanders.await_gauge("being answered", |requests| requests >= 10);
        // Whole requests go before trickling ones, of the same address, too.
        assert!(scene.get("/", address(0)).starts_with("HTTP/1.1 200 "));
        assert!(scene.get("/", address(1)).starts_with("HTTP/1.1 200 "));
        bystanders.await_gauge("refused for being too many", |refused| refused == 1);
        let further: Vec<TcpStream> = (0..10).map(|_| begin(scene, address(0), 1)).collect();
        bystanders.await_gauge("refused for being too many", |refused| refused == 10);
        assert!(bystanders.gauge("being answered") <= 10);
        drop(further);
        drop(slow);
        bystanders.unharmed(scene);
    });
}

#[test]
fn heads_without_an_end_and_answers_that_nobody_reads_harm_nobody() {
    in_each_layout(0, &[], |scene| {
        let bystanders = Bystanders::start(scene);
        let mut heads = Vec::new();
        for number in 0..BODIES {
            let mut stream = connect(scene.address(), address(number)).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n").unwrap();
            heads.push(stream);
        }
        let mut unread = Vec::new();
        for number in 0..BODIES {
            let mut stream = connect(scene.address(), address(number)).unwrap();
            // The same page over and over, until the server stops to read.
            let request = b"GET /web/site.css HTTP/1.1\r\nHost: x\r\n\r\n".repeat(50);
            let _ = stream.write_all(&request);
            unread.push(stream);
        }
        for stream in &mut heads {
            let _ = stream.write_all(b"X: y\r\n");
        }
        assert_uploads_go(scene, Ipv4Addr::new(127, 50, 0, 1));
        let answer = http(
            scene.address(),
            Ipv4Addr::new(127, 50, 0, 2),
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        );
        assert!(answer.unwrap().starts_with("HTTP/1.1 200 "));
        scene.assert_memory_bounded();
        drop((heads, unread));
        bystanders.unharmed(scene);
    });
}
