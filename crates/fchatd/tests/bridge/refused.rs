//! Datagrams with faults. Behind each bunch goes one that is right: when its effect is seen, all before
//! it were looked at.

use fchatd_links::sign;

use crate::site::{SECRET, Site, now};

/// Sends these, which are all refused, and one that is not.
fn assert_refused(settings: &[&str], datagrams: &[Vec<u8>], reason: &str) {
    let site = Site::start(settings);
    let mut admin = site.admin();
    for datagram in datagrams {
        site.send(datagram);
    }
    site.send(&sign::v2(SECRET, now(), "HLB", r#"{"a":990}"#));
    admin.hear_silenced(990);
    let status = admin.status();
    let counted = format!("1 orders taken, {} datagrams refused", datagrams.len());
    assert!(status.contains(&counted) && status.contains(reason), "{status}");
    assert_eq!(admin.silenced(), 1, "of something that was refused");
    let log = site.program.stop().unwrap();
    let told = log.lines().filter(|line| line.contains(reason)).count();
    // Ten at once, and then one in some seconds.
    let least = datagrams.len().min(10);
    assert!((least..=least + datagrams.len() / 10).contains(&told), "{log}");
    assert!(log.contains("127.0.0.1:"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

fn classic(json: &str) -> Vec<u8> {
    sign::classic(SECRET, "HLB", json)
}

fn at(time: u64) -> Vec<u8> {
    sign::v2(SECRET, time, "HLB", r#"{"a":7}"#)
}

#[test]
fn a_wrong_secret() {
    let datagrams = [
        sign::classic("another", "HLB", r#"{"a":7}"#),
        sign::v2("another", now(), "HLB", r#"{"a":7}"#),
        sign::classic("", "HLB", r#"{"a":7}"#),
    ];
    assert_refused(&[], &datagrams, "its signature is wrong");
}

#[test]
fn another_time() {
    assert_refused(&[], &[at(now() - 3600), at(0), at(now() - 61)], "it is too old");
    assert_refused(&[], &[at(now() + 3600), at(u64::MAX)], "comes from the future");
}

#[test]
fn the_classic_form_that_is_switched_off() {
    let datagrams = [classic(r#"{"a":7}"#), classic(r#"{"a":8}"#)];
    assert_refused(&["rtbclassic=false"], &datagrams, "in the classic form");
}

#[test]
fn shortened_datagrams_are_refused() {
    let mut cut = Vec::new();
    for whole in [classic(r#"{"a":7}"#), at(now())] {
        cut.extend(
            (40..whole.len())
                .rev()
                .step_by(3)
                .take(4)
                .map(|end| whole[..end].to_vec()),
        );
    }
    // Of v2 so little is left that it has no signature, of both that it is not theirs.
    cut.retain(|datagram| !datagram.starts_with(b"v2") || datagram.len() > 66);
    assert_refused(&[], &cut, "its signature is wrong");
    let stumps = [
        Vec::new(),
        b"v2".to_vec(),
        classic("{}")[..20].to_vec(),
        at(now())[..60].to_vec(),
    ];
    assert_refused(&[], &stumps, "it is not signed");
}

#[test]
fn a_flood_is_told_seldom_and_counted() {
    let flood: Vec<Vec<u8>> = (0..200)
        .map(|number| format!("noise {number}").into_bytes())
        .collect();
    assert_refused(&[], &flood, "it is not signed");
}

#[test]
fn replayed_and_in_another_order() {
    let site = Site::start(&[]);
    let mut admin = site.admin();
    let order = |account: u64| sign::v2(SECRET, now(), "HLB", &format!(r#"{{"a":{account}}}"#));
    let (first, second, third) = (order(1), order(2), order(3));
    for datagram in [&third, &first, &third, &second, &first, &first] {
        site.send(datagram);
    }
    site.send(&order(990));
    for account in [3, 1, 2, 990] {
        admin.hear_silenced(account);
    }
    assert_eq!(admin.silenced(), 4);
    let status = admin.status();
    assert!(status.contains("4 orders taken, 3 datagrams refused"), "{status}");
    assert!(status.contains("seen before"), "{status}");
}

#[test]
fn the_classic_form_can_not_tell_a_replay() {
    let site = Site::start(&[]);
    let mut admin = site.admin();
    for _ in 0..2 {
        site.send(&classic(r#"{"a":7}"#));
    }
    site.send(&sign::v2(SECRET, now(), "HLB", r#"{"a":990}"#));
    admin.hear_silenced(990);
    assert_eq!(admin.silenced(), 3);
}

#[test]
fn as_large_as_can_be_and_no_json() {
    let site = Site::start(&[]);
    let mut admin = site.admin();
    let long = format!(r#"{{"a":7,"x":"{}"}}"#, "x".repeat(65_000));
    for datagram in [classic(&long), sign::v2(SECRET, now(), "HLB", &long)] {
        site.send(&datagram);
        admin.hear_silenced(7);
    }
    // Commands that no website may send.
    for code in ["ADM", "IGN", "XYZ"] {
        site.send(&sign::classic(SECRET, code, r#"{"a":7,"admin":1}"#));
    }
    // Noise of any size, and rightly signed datagrams without an effect.
    site.send(&vec![b'a'; sign::DATAGRAM_BYTES_MAX]);
    for json in ["", "[]", "{", r#"{"a":"#] {
        site.send(&classic(json));
        site.send(&sign::v2(SECRET, now(), "HLB", json));
    }
    site.send(&sign::v2(SECRET, now(), "HLB", r#"{"a":990}"#));
    admin.hear_silenced(990);
    let status = admin.status();
    assert!(
        status.contains("3 orders taken, 12 datagrams refused"),
        "{status}"
    );
    assert!(status.contains("are no JSON object"), "{status}");
}

/// From another address than loopback to loopback, as far as this machine has another one.
#[test]
fn an_address_that_may_not_send() {
    let outside = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    // Nothing is sent by this; the system picks the address that it would send from.
    let Ok(own) = outside.connect("192.0.2.1:9").and_then(|()| outside.local_addr()) else {
        return;
    };
    if own.ip().is_loopback() {
        return;
    }
    let site = Site::start(&["rtbaddress=192.0.2.7"]);
    let sender = std::net::UdpSocket::bind((own.ip(), 0)).unwrap();
    for datagram in [classic(r#"{"a":7}"#), at(now())] {
        sender.send_to(&datagram, site.bridge()).unwrap();
    }
    let mut admin = site.admin();
    let mut status = admin.status();
    while !status.contains(" 2 datagrams refused") {
        status = admin.status();
    }
    assert!(
        status.contains(&format!("{}: 0 taken, 2 refused", own.ip())),
        "{status}"
    );
    assert_eq!(admin.silenced(), 0);
}
