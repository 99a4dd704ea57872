//! The steps of the fan's model test, and the generator of random sequences.

use proptest::collection::vec;
use proptest::prelude::*;

use super::PLENTY;

/// A connection: an index into all connections ever opened, modulo their number.
pub(super) type Which = usize;

#[derive(Debug, Clone)]
pub(super) enum Wish {
    Send(Which, Vec<u8>),
    Say(u32, Option<Which>, Vec<u8>),
    SayEveryone(Vec<u8>),
    Identified(Which),
    Departed(Which),
    Join(u32, Which),
    Leave(u32, Which),
    CloseChannel(u32),
    Close(Which, u32),
    Await(u64),
    OtherEdge(Which),
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The room of its socket, and its window when it has compression.
    Open(usize, u8),
    Apply(Vec<Wish>),
    EdgeSend(Which, Vec<u8>),
    EdgeSendAll(Vec<u8>),
    Flush,
    Room(Which, usize),
    Fail(Which),
    Resume(Which),
    Stored(u64),
    Linger(Which),
    Finish(Which),
    Release(Which),
}

/// Upper bound (exclusive) of the commits' numbers.
pub(super) const COMMITS: u64 = 12;

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let length = prop_oneof![8 => 0..200usize, 1 => 2000..6000usize];
    (any::<u8>(), length).prop_map(|(byte, length)| vec![byte; length])
}

fn window() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 2 => Just(15), 1 => 8..15u8]
}

fn wish() -> impl Strategy<Value = Wish> {
    let who = 0..64usize;
    prop_oneof![
        6 => (who.clone(), payload()).prop_map(|(who, bytes)| Wish::Send(who, bytes)),
        6 => (0..4u32, proptest::option::of(who.clone()), payload())
            .prop_map(|(channel, except, bytes)| Wish::Say(channel, except, bytes)),
        3 => payload().prop_map(Wish::SayEveryone),
        3 => who.clone().prop_map(Wish::Identified),
        1 => who.clone().prop_map(Wish::Departed),
        8 => (0..4u32, who.clone()).prop_map(|(channel, who)| Wish::Join(channel, who)),
        3 => (0..4u32, who.clone()).prop_map(|(channel, who)| Wish::Leave(channel, who)),
        1 => (0..4u32).prop_map(Wish::CloseChannel),
        1 => (who.clone(), 0..9u32).prop_map(|(who, delay)| Wish::Close(who, delay)),
        3 => prop_oneof![2 => Just(0), 3 => 1..COMMITS].prop_map(Wish::Await),
        1 => who.prop_map(Wish::OtherEdge),
    ]
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let who = 0..64usize;
    let room = prop_oneof![Just(0), 1..400usize, Just(PLENTY), Just(PLENTY)];
    prop_oneof![
        5 => (room.clone(), window()).prop_map(|(room, window)| Step::Open(room, window)),
        10 => vec(wish(), 1..20).prop_map(Step::Apply),
        3 => (who.clone(), payload()).prop_map(|(who, bytes)| Step::EdgeSend(who, bytes)),
        1 => payload().prop_map(Step::EdgeSendAll),
        8 => Just(Step::Flush),
        4 => (who.clone(), room).prop_map(|(who, room)| Step::Room(who, room)),
        1 => who.clone().prop_map(Step::Fail),
        5 => who.clone().prop_map(Step::Resume),
        3 => (0..COMMITS).prop_map(Step::Stored),
        1 => who.clone().prop_map(Step::Linger),
        1 => who.clone().prop_map(Step::Finish),
        2 => who.prop_map(Step::Release),
    ]
}
