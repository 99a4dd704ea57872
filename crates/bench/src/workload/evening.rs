//! An evening: channels of all sizes, and all usual activities at once.

use crate::Error;
use crate::load::client::Phase;
use crate::load::crowd::Crowd;
use crate::load::dice::Dice;
use crate::load::hearing::Kind;
use crate::report::sample::Sample;
use crate::workload::yard::Yard;

/// Shares of the activities in percent.
const TALK: u64 = 40;
const WHISPER: u64 = 30;
const TYPE: u64 = 20;
const STATUS: u64 = 4;
const LOOK: u64 = 3;
// The remaining three: a guest logs in or out.

/// The rate is that of all activities. Logging in and out is five in a hundred more, and guests are no
/// listeners.
pub(crate) fn evening(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    yard.log_in()?;
    let share = shape.rate.unwrap_or(f64::INFINITY) / shape.clients as f64;
    yard.check_pause(Kind::Channel, share * 8.0)?;
    yard.check_pause(Kind::Status, share * 8.0 * STATUS as f64 / 100.0)?;
    let guests = yard.crowd.clients.len() - shape.clients;
    settle_unevenly(&mut yard.crowd, shape.clients, shape.rooms)?;
    yard.crowd.expect_whispers(0..shape.clients);
    yard.crowd.expect_announcements(shape.clients);
    yard.calm();
    let mut dice = Dice::new(1);
    let clients = shape.clients;
    let fan = (clients / shape.rooms) as u64;
    yard.converse(fan, |crowd, intended| {
        let deed = dice.below(100) as u64;
        let who = dice.below(clients);
        // Each user has one partner for sending private messages and one for receiving them.
        let friend = (who + clients / 2) % clients;
        if deed < TALK {
            crowd.speak(who, intended, shape.size);
        } else if deed < TALK + WHISPER {
            crowd.whisper(who, friend, intended, shape.size);
        } else if deed < TALK + WHISPER + TYPE {
            let name = name(crowd, friend);
            crowd.say(
                who,
                format!("TPN {{\"character\":{name},\"status\":\"typing\"}}").as_bytes(),
            );
        } else if deed < TALK + WHISPER + TYPE + STATUS {
            crowd.announce(who, intended);
        } else if deed < TALK + WHISPER + TYPE + STATUS + LOOK {
            crowd.say(who, if deed.is_multiple_of(2) { b"ORS" } else { b"CHA" });
        } else if guests > 0 {
            come_or_go(crowd, clients + dice.below(guests))?;
        }
        Ok(())
    })
}

fn name(crowd: &Crowd, index: usize) -> String {
    let name = crowd
        .clients
        .get(index)
        .map_or("", |client| client.identity.character.as_str());
    serde_json::Value::from(name).to_string()
}

fn come_or_go(crowd: &mut Crowd, guest: usize) -> Result<(), Error> {
    match crowd
        .clients
        .get(guest)
        .map(|client| (client.phase, client.joined))
    {
        Some((Phase::Absent, _)) => crowd.open(guest)?,
        Some((Phase::Present, false)) => crowd.ask_to_join(guest),
        Some((Phase::Present, true)) => crowd.close(guest, false),
        _ => {}
    }
    Ok(())
}

/// The first channel is the largest, the n-th has one n-th of its size, and each has at least two members.
fn settle_unevenly(crowd: &mut Crowd, clients: usize, rooms: usize) -> Result<(), Error> {
    let weights: Vec<f64> = (1..=rooms).map(|rank| 1.0 / rank as f64).collect();
    let whole: f64 = weights.iter().sum();
    let spare = clients - 2 * rooms;
    let mut sizes: Vec<usize> = weights
        .iter()
        .map(|weight| 2 + (weight / whole * spare as f64) as usize)
        .collect();
    let rest = clients - sizes.iter().sum::<usize>();
    if let Some(first) = sizes.first_mut() {
        *first += rest;
    }
    crowd.settle_in(0..clients, &sizes)?;
    // The guests join channels in turn.
    let guests = clients..crowd.clients.len();
    for (number, guest) in guests.enumerate() {
        if let Some(client) = crowd.clients.get_mut(guest) {
            client.room = number % rooms;
        }
    }
    Ok(())
}
