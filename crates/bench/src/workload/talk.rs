//! Chat in one channel, in many channels, or in private.

use crate::Error;
use crate::load::hearing::Kind;
use crate::load::pace::Pace;
use crate::report::sample::Sample;
use crate::workload::yard::Yard;

/// Messages a second of each speaker; unlimited in a closed loop.
fn share(pace: Pace, speakers: usize) -> f64 {
    match pace {
        Pace::Closed(_) => f64::INFINITY,
        Pace::Open(rate) => rate / speakers.max(1) as f64,
    }
}

/// Some members of each channel talk in turn.
pub(crate) fn in_channels(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    yard.log_in()?;
    yard.check_pause(Kind::Channel, share(shape.pace(), shape.speakers * shape.rooms))?;
    yard.crowd.settle(
        0..shape.clients,
        shape.rooms,
        shape.speakers,
        shape.channel.as_deref(),
    )?;
    yard.calm();
    let speakers = (shape.rooms * shape.speakers.max(1)).min(shape.clients);
    let fan = (shape.clients / shape.rooms).saturating_sub(1) as u64;
    let mut next = 0;
    yard.converse(fan, |crowd, intended| {
        crowd.speak(next, intended, shape.size);
        next = (next + 1) % speakers;
        Ok(())
    })
}

/// Some users talk, each to one other user.
pub(crate) fn in_private(mut yard: Yard<'_>) -> Result<Sample, Error> {
    let shape = yard.shape;
    let speakers = shape.speakers.clamp(1, shape.clients / 2);
    yard.log_in()?;
    yard.check_pause(Kind::Private, share(shape.pace(), speakers))?;
    yard.crowd.expect_whispers(0..shape.clients);
    yard.calm();
    let mut next = 0;
    yard.converse(1, |crowd, intended| {
        crowd.whisper(next, next + shape.clients / 2, intended, shape.size);
        next = (next + 1) % speakers;
        Ok(())
    })
}
