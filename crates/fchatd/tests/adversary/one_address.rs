//! Sockets without end: from one address, and from several until the server is full.

use std::io::Read as _;
use std::net::TcpStream;

use crate::attacker::{address, connect};
use crate::bystanders::Bystanders;
use crate::scene::in_each_layout;

/// Opens so many bare connections; those that the server does not close at once.
fn hoard(scene: &crate::scene::Scene, from: usize, count: usize) -> Vec<TcpStream> {
    let sockets = (0..count).filter_map(|_| connect(scene.address(), address(from)).ok());
    sockets.collect()
}

/// How many of them the server has closed.
fn closed(sockets: &mut [TcpStream]) -> usize {
    let is_closed = |socket: &mut TcpStream| {
        socket.set_nonblocking(true).unwrap();
        // Nothing was asked, so that nothing can come but the end.
        !matches!(socket.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    sockets
        .iter_mut()
        .map(is_closed)
        .filter(|is_closed| *is_closed)
        .count()
}

#[test]
fn one_address_has_so_many_sockets_and_no_more() {
    in_each_layout(0, &["--set", "sockets_per_ip=20"], |scene| {
        let bystanders = Bystanders::start(scene);
        let mut websockets = Vec::new();
        for _ in 0..5 {
            websockets.push(scene.websocket(address(0)).unwrap());
        }
        let mut sockets = hoard(scene, 0, 40);
        bystanders.await_gauge("turned away", |count| count == 25);
        assert_eq!(closed(&mut sockets), 25, "those beyond the 20");
        assert!(
            scene.websocket(address(1)).is_ok(),
            "another address is not affected"
        );
        scene.server.await_log("which is all that sockets_per_ip allows");
        bystanders.unharmed(scene);
    });
}

#[test]
fn a_full_server_has_room_for_people() {
    let words = ["--set", "sockets_per_ip=30", "--set", "maxconnections=80"];
    in_each_layout(0, &words, |scene| {
        let bystanders = Bystanders::start(scene);
        let mut sockets: Vec<TcpStream> = (0..10).flat_map(|from| hoard(scene, from, 30)).collect();
        bystanders.await_gauge("closed to make room", |count| count >= 200);
        // Each newcomer takes a place of the attackers.
        for number in 0..30 {
            let page = scene.get("/", address(1000 + number));
            assert!(page.starts_with("HTTP/1.1 200 "), "{number}: {page:.100}");
        }
        assert!(closed(&mut sockets) >= 220);
        scene.server.await_log("nearly all sockets are in use");
        bystanders.unharmed(scene);
    });
}
