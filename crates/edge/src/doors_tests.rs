//! Tests of the places for sockets, with simulated times.

use std::net::IpAddr;

use super::*;

const PLACES: Places = Places { total: 16, group: 10 };

fn group(last: u8) -> AddressGroup {
    AddressGroup::from(IpAddr::from([192, 0, 2, last]))
}

fn connection(slot: u32) -> ConnectionId {
    ConnectionId {
        edge: 0,
        slot,
        generation: 0,
    }
}

fn enter(doors: &Doors, last: u8, now: Instant) -> Option<Admission> {
    doors.enter(Some(group(last)), PLACES, now).admission
}

#[test]
fn a_group_has_so_many_places_and_old_anonymous_sockets_make_room_in_it() {
    let (doors, now) = (Doors::default(), Instant::now());
    let first: Vec<_> = (0..10).map(|_| enter(&doors, 1, now).unwrap()).collect();
    assert!(enter(&doors, 1, now).is_none(), "all of its places are taken");
    assert!(enter(&doors, 2, now).is_some(), "another group is not affected");
    assert_eq!(doors.evicted(), 0);
    doors.identified(first[0].number);
    assert!(doors.upgraded(first[1].number, connection(7)));
    let later = now + SETTLED;
    let answer = doors.enter(Some(group(1)), PLACES, later);
    assert!(answer.admission.is_some());
    assert_eq!(
        answer.evicted,
        Some(connection(7)),
        "not the one that has identified"
    );
    for admission in &first {
        doors.leave(admission.number);
        doors.leave(admission.number);
    }
    let book = lock(&doors.book);
    assert_eq!((book.sockets.len(), book.anonymous), (2, 2));
}

#[test]
fn when_nearly_full_the_group_with_most_makes_room_and_people_keep_their_places() {
    let (doors, now) = (Doors::default(), Instant::now());
    for last in 1..=4 {
        let person = enter(&doors, last, now).unwrap();
        doors.identified(person.number);
    }
    let mut attackers: Vec<Admission> = (0..10).map(|_| enter(&doors, 9, now).unwrap()).collect();
    assert_eq!(doors.evicted(), 0);
    // From now on each new socket evicts an attacker's socket, the oldest first.
    let later = now + SETTLED;
    for last in 20..30 {
        assert!(enter(&doors, last, later).is_some(), "{last}");
        doors.leave(attackers.remove(0).number);
    }
    assert_eq!(doors.evicted(), 10);
    // Clients that have just connected do not evict each other, and the limit is never exceeded.
    let mut admitted = 0;
    for last in 30..60 {
        admitted += usize::from(enter(&doors, last, later).is_some());
    }
    assert_eq!(lock(&doors.book).sockets.len(), PLACES.total);
    assert_eq!(admitted, 2);
}

#[test]
fn an_evicted_socket_hears_of_it_in_each_phase() {
    let (doors, now) = (Doors::default(), Instant::now());
    let tight = Places { total: 2, group: 2 };
    let first = doors.enter(Some(group(1)), tight, now).admission.unwrap();
    let second = doors.enter(Some(group(1)), tight, now).admission.unwrap();
    let later = now + SETTLED;
    assert!(
        doors.enter(Some(group(1)), tight, later).admission.is_none(),
        "there is no place at all"
    );
    assert!(!doors.upgraded(first.number, connection(1)), "it has to leave");
    assert!(doors.upgraded(second.number, connection(2)));
}

#[test]
fn sockets_of_a_proxy_count_for_the_client_once_it_is_known() {
    let (doors, now) = (Doors::default(), Instant::now());
    let mut own = Vec::new();
    for _ in 0..11 {
        own.push(doors.enter(None, PLACES, now).admission.unwrap());
    }
    let client = group(5);
    for admission in &own[..10] {
        assert!(doors.belongs_to(admission.number, client, PLACES, now));
        assert!(
            doors.belongs_to(admission.number, client, PLACES, now),
            "said again"
        );
    }
    assert!(!doors.belongs_to(own[10].number, client, PLACES, now));
    assert!(doors.belongs_to(own[10].number, group(6), PLACES, now));
    assert_eq!(doors.anonymous(), 11);
    own.iter().for_each(|admission| doors.leave(admission.number));
    let book = lock(&doors.book);
    assert!(book.groups.is_empty() && book.ranks.is_empty() && book.anonymous == 0 && book.leaving == 0);
}
