//! One core with edges as processes of their own: people on different edges talk, and deaths of links, edges and cores are
//! what docs/cluster.md says.

mod cores;
mod guided;
mod machines;
pub(crate) mod nodes;
mod pair;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use nodes::{Cluster, Proxy, edge_words};

use crate::site::{PATIENCE, Server, Site};
use crate::websocket::WebSocket;

fn join(person: &mut WebSocket) {
    person.say(r#"JCH {"channel":"Frontpage"}"#);
    person.await_text("CDS ");
}

fn say(person: &mut WebSocket, text: &str) {
    person.say(&format!(r#"MSG {{"channel":"Frontpage","message":"{text}"}}"#));
}

#[test]
fn people_on_two_edges_talk_and_the_page_is_there() {
    let cluster = Cluster::start(&["max_per_ip=2"]);
    let (_first_site, first) = cluster.edge("edge-a", &[]);
    let (_second_site, second) = cluster.edge("edge-b", &["threads=3"]);
    let mut ada = WebSocket::log_in(&first, "Ada", "any");
    let mut bob = WebSocket::log_in(&second, "Bob", "any");
    join(&mut ada);
    join(&mut bob);
    say(&mut ada, "from the first");
    assert!(bob.await_text("MSG ").contains("from the first"));
    say(&mut bob, "from the second");
    assert!(ada.await_text("MSG ").contains("from the second"));
    // The limit of an address holds across edges.
    let refused = WebSocket::open(&first).identify("Cem", "any").unwrap_err();
    assert!(refused.contains("\"number\":30"), "{refused}");

    for edge in [&first, &second] {
        assert!(edge.get("/web/site.css").starts_with("HTTP/1.1 200 "));
        assert!(edge.get("/").contains("<html"));
        assert!(edge.get("/health").starts_with("HTTP/1.1 200 "));
        let ticket = edge.post("/json/getApiTicket.php", "account=Ada&password=any");
        assert_eq!(ticket["error"], "", "{ticket}");
        assert!(edge.get("/json/nothing-like-this").starts_with("HTTP/1.1 404 "));
    }
    drop((ada, bob));
    cluster.core().terminate();
    let ended = cluster.core.unwrap().ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for edge in [first, second] {
        edge.await_log("the core ends");
        edge.terminate();
        let ended = edge.ended();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    }
}

/// Broken links, and messages of each speaker.
const CUTS: usize = 40;
const LINES: usize = 400;

#[test]
fn a_link_that_breaks_again_and_again_loses_and_doubles_nothing() {
    // A busy machine may need seconds to connect again.
    let cluster = Cluster::start(&["cluster_silence=30"]);
    let proxy = Proxy::start(cluster.address);
    let (_first_site, first) = cluster.edge_by("edge-a", proxy.address, &[]);
    let (_second_site, second) = cluster.edge_by("edge-b", proxy.address, &[]);
    let names = ["Ada", "Bob", "Cem", "Dot"];
    let mut people: Vec<WebSocket> = names
        .iter()
        .zip([&first, &second, &first, &second])
        .map(|(name, edge)| WebSocket::log_in(edge, name, "any"))
        .collect();
    people.iter_mut().for_each(join);
    let talk = thread::spawn(move || {
        for number in 0..LINES {
            for person in &mut people {
                say(person, &format!("line {number}."));
            }
            thread::sleep(Duration::from_millis(5));
        }
        people
    });
    let mut cuts = 0;
    while cuts < CUTS && !talk.is_finished() {
        cuts += proxy.cut();
        thread::sleep(Duration::from_millis(60));
    }
    let mut people = talk.join().unwrap();
    // Until now the lines waited in the buffers of the sockets.
    let heard = people.iter_mut().map(|person| {
        let all = (names.len() - 1) * LINES;
        (0..all).map(|_| person.await_text("MSG ")).collect()
    });
    let heard: Vec<Vec<String>> = heard.collect();
    assert!(cuts > 4, "{cuts} links were cut");
    for (listener, texts) in names.iter().zip(&heard) {
        for speaker in names.iter().filter(|speaker| *speaker != listener) {
            let by = format!(r#""character":"{speaker}""#);
            let lines: Vec<&String> = texts.iter().filter(|text| text.contains(&by)).collect();
            assert_eq!(lines.len(), LINES, "{listener} hears {speaker}");
            for (number, line) in lines.iter().enumerate() {
                assert!(
                    line.contains(&format!("line {number}.")),
                    "{listener}: {line} for {number}"
                );
            }
        }
    }
    // All listeners hear one order.
    let without = |texts: &[String], names: [&str; 2]| -> Vec<String> {
        let by = names.map(|name| format!(r#""character":"{name}""#));
        let is_other = |text: &&String| !by.iter().any(|by| text.contains(by));
        texts.iter().filter(is_other).cloned().collect()
    };
    for other in 1..names.len() {
        let pair = [names[0], names[other]];
        assert_eq!(without(&heard[0], pair), without(&heard[other], pair));
    }
    drop(people);
}

#[test]
fn people_of_a_killed_edge_come_back_on_another_one() {
    let cluster = Cluster::start(&["cluster_silence=0.5"]);
    let (_first_site, first) = cluster.edge("edge-a", &[]);
    let (_second_site, second) = cluster.edge("edge-b", &[]);
    let mut ada = WebSocket::log_in(&first, "Ada", "any");
    let mut bob = WebSocket::log_in(&second, "Bob", "any");
    join(&mut ada);
    join(&mut bob);
    drop(first);
    let log = cluster.core().await_log("the edge edge-a is gone");
    assert!(log.contains("until they connect again"), "{log}");
    say(&mut bob, "is somebody there?");
    let mut ada = WebSocket::log_in(&second, "Ada", "any");
    say(&mut ada, "nobody noticed");
    // Neither a log-off nor a log-in comes before it.
    loop {
        let text = bob.text();
        assert!(!text.starts_with("FLN ") && !text.starts_with("NLN "), "{text}");
        if text.starts_with("MSG ") {
            assert!(text.contains("nobody noticed"), "{text}");
            break;
        }
    }
    // A new process of that name is a new edge.
    let (_again_site, again) = cluster.edge("edge-a", &[]);
    let mut cem = WebSocket::log_in(&again, "Cem", "any");
    join(&mut cem);
    say(&mut cem, "from the new one");
    assert!(bob.await_text("MSG ").contains("from the new one"));
}

#[test]
fn connections_stay_while_the_core_is_away_and_begin_anew_after_it() {
    let mut cluster = Cluster::start(&["drain_time=0", "cluster_patience=600"]);
    let (_site, edge) = cluster.edge("edge-a", &[]);
    let mut ada = WebSocket::log_in(&edge, "Ada", "any");
    join(&mut ada);
    cluster.kill_core();
    say(&mut ada, "nobody hears this");
    let answer = edge.post_whole("/json/getApiTicket.php", "account=Ada&password=any");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nretry-after: 1\r\n"),
        "{answer}"
    );
    // The page is there without a core, too.
    assert!(edge.get("/web/site.css").starts_with("HTTP/1.1 200 "));
    await_health(&edge, "503");
    cluster.start_again();
    assert_eq!(ada.closed(), 1012);
    edge.await_log("attached to the core as edge");
    await_health(&edge, "200");
    let mut ada = WebSocket::log_in(&edge, "Ada", "any");
    join(&mut ada);
}

fn await_health(edge: &Server, status: &str) {
    let begin = Instant::now();
    while !edge.get("/health").starts_with(&format!("HTTP/1.1 {status} ")) {
        assert!(begin.elapsed() < PATIENCE, "/health does not become {status}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_edge_without_a_core_closes_its_connections_after_a_while() {
    let mut cluster = Cluster::start(&["drain_time=0", "cluster_patience=1"]);
    let (_site, edge) = cluster.edge("edge-a", &[]);
    let mut ada = WebSocket::log_in(&edge, "Ada", "any");
    cluster.kill_core();
    assert_eq!(ada.closed(), 1012);
    let log = edge.await_log("cluster_patience");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn an_edge_that_is_drained_sends_its_people_elsewhere() {
    let cluster = Cluster::start(&["drain_time=0"]);
    let (_first_site, first) = cluster.edge("edge-a", &[]);
    let (_second_site, second) = cluster.edge("edge-b", &[]);
    let mut ada = WebSocket::log_in(&first, "Ada", "any");
    let mut bob = WebSocket::log_in(&second, "Bob", "any");
    join(&mut ada);
    join(&mut bob);
    first.terminate();
    assert_eq!(ada.closed(), 1012);
    ada.close();
    let ended = first.ended();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    cluster.core().await_log("the edge edge-a has ended in order");
    let mut ada = WebSocket::log_in(&second, "Ada", "any");
    say(&mut ada, "here again");
    loop {
        let text = bob.text();
        assert!(!text.starts_with("FLN "), "{text}");
        if text.starts_with("MSG ") {
            break;
        }
    }
}

#[test]
fn the_operator_sees_the_edges_drains_one_and_bans_networks_on_all() {
    let cluster = Cluster::start_with(&[], &["drain_time=0"]);
    let status = cluster.site.run(&["cluster", "status"]);
    assert!(status.stdout.contains("no edge is attached"), "{status:?}");
    let (_site, edge) = cluster.edge("edge-a", &[]);
    let begin = Instant::now();
    loop {
        let status = cluster.site.run(&["cluster", "status"]);
        if status.stdout.contains("edge-a (thread 1): connected, version") {
            assert_eq!(status.code, Some(0), "{status:?}");
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "{status:?}");
    }
    let json = cluster.site.run(&["cluster", "status", "--json"]);
    assert!(json.stdout.contains(r#""node":"edge-a""#), "{json:?}");
    assert!(edge.get("/health").starts_with("HTTP/1.1 200 "));
    let words = ["ban", "add", "127.0.0.0/8", "--for", "1d", "--force"];
    let banned = cluster.site.run(&words);
    assert_eq!(banned.code, Some(0), "{banned:?}");
    await_health(&edge, "403");
    let lifted = cluster.site.run(&["ban", "remove", "127.0.0.0/8"]);
    assert_eq!(lifted.code, Some(0), "{lifted:?}");
    await_health(&edge, "200");
    let unknown = cluster.site.run(&["cluster", "drain", "edge-x"]);
    unknown.assert_refused(&["no edge is named edge-x"]);
    let drained = cluster.site.run(&["cluster", "drain", "edge-a"]);
    assert_eq!(drained.code, Some(0), "{drained:?}");
    assert_eq!(edge.ended().code, Some(0));
    let other = Site::new();
    other
        .run(&["cluster", "status"])
        .assert_refused(&["no core runs in"]);
}

#[test]
fn strangers_on_the_cluster_port_are_told_and_change_nothing() {
    let cluster = Cluster::start(&[]);
    let (_site, edge) = cluster.edge("edge-a", &[]);
    let mut ada = WebSocket::log_in(&edge, "Ada", "any");
    join(&mut ada);

    // Garbage, a half-open connection, and one that ends at once.
    let mut garbage = TcpStream::connect(cluster.address).unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = garbage.read_to_end(&mut answer);
    let silent = TcpStream::connect(cluster.address).unwrap();
    drop(TcpStream::connect(cluster.address).unwrap());
    cluster.core().await_log("to the cluster port failed");

    // The key of another cluster.
    let other = Site::new();
    other.run(&["cluster", "key"]).assert_done();
    refused(
        &other,
        "edge-b",
        &cluster,
        &[],
        "certificate is of another cluster",
    );
    // No TLS.
    refused(
        &cluster.edge_site(),
        "edge-b",
        &cluster,
        &["cluster_plain=true"],
        "the core at",
    );
    // A name that is taken.
    refused(
        &cluster.edge_site(),
        "edge-a",
        &cluster,
        &[],
        "another edge named edge-a",
    );

    say(&mut ada, "as before");
    let mut bob = WebSocket::log_in(&edge, "Bob", "any");
    join(&mut bob);
    say(&mut ada, "as ever");
    assert!(bob.await_text("MSG ").contains("as ever"));
    drop(silent);
    cluster.core().terminate();
    let ended = cluster.core.unwrap().ended();
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
}

/// An edge that can't attach says why, and ends in order.
#[track_caller]
fn refused(site: &Site, name: &str, cluster: &Cluster, further: &[&str], reason: &str) {
    let words = edge_words(name, cluster.address, further);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (mut child, log) = site.begin(&words, reason);
    assert!(log.contains(reason), "{log}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let site = Site::new();
    let check = |words: &[&str]| site.run(&[words, &["check"]].concat());
    check(&["--set", "role=edge", "--set", "node=a"]).assert_refused(&["needs cores"]);
    let edge = [
        "--set",
        "role=edge",
        "--set",
        "node=a",
        "--set",
        "cores=10.0.0.1:9730",
    ];
    check(&edge).assert_refused(&["cluster.pem is not there", "fchatd cluster key"]);
    site.run(&["cluster", "key"]).assert_done();
    site.run(&["cluster", "key"])
        .assert_refused(&["is there already"]);
    assert_eq!(check(&edge).code, Some(0));
    check(&[&edge[..], &["--dev"]].concat()).assert_refused(&["--dev has no effect on an edge"]);
    site.write("cluster.pem", "nonsense");
    check(&edge).assert_refused(&["one certificate"]);
}
