//! Time between two ads of a character in a channel: the server's, or the longer one that the channel's description
//! asks for. The timer belongs to the character, so leaving and reconnecting do not change it.

use std::sync::Arc;

use fchatd_protocol::duration;

use crate::channel::Channel;
use crate::settings::keys;
use crate::world::{ChannelKey, ConnectionKey, World};

/// The longest time that a description can ask for, in seconds: a day. A slip of the pen must not end all ads.
const INTERVAL_MAX: f64 = 86_400.0;
/// Maximum length of the text behind the bracket, in bytes.
const TAG_MAX: usize = 32;

/// The seconds between two ads that a description asks for by a tag such as `[ads: 30min]`, which people write
/// by convention; 0 where there is none. The first tag that can be read counts.
#[expect(clippy::indexing_slicing, reason = "the places were found in this text")]
pub fn interval(description: &str) -> f64 {
    let bytes = description.as_bytes();
    let mut rest = bytes;
    while let Some(place) = rest.iter().position(|&byte| byte == b'[') {
        rest = &rest[place + 1..];
        let inside = &rest[..rest.len().min(TAG_MAX)];
        if let Some(end) = inside.iter().position(|&byte| byte == b']')
            && let Ok(tag) = std::str::from_utf8(&inside[..end])
            && let Some(seconds) = parse(&tag.to_ascii_lowercase())
        {
            return seconds;
        }
    }
    0.0
}

/// `ads: 30min`, in lower case. A number without a unit is in minutes.
fn parse(tag: &str) -> Option<f64> {
    let time = tag
        .trim()
        .strip_prefix("ads")?
        .trim_start()
        .strip_prefix(':')?
        .trim();
    let is_bare = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds = if is_bare {
        time.parse::<f64>().ok()? * 60.0
    } else {
        duration::parse(time.trim_end_matches('.')).ok()?.as_secs_f64()
    };
    Some(seconds.min(INTERVAL_MAX))
}

impl World {
    /// Whether a character may post an ad in a channel now: true while it is too soon, and otherwise the time
    /// starts anew.
    pub fn throttle_ad(&mut self, channel: ChannelKey, connection: ConnectionKey, seconds: f64) -> bool {
        let now = self.now.monotonic;
        let Some(folded) = self
            .connections
            .get(connection)
            .map(|connection| connection.folded.clone())
        else {
            return false;
        };
        let Some(place) = self.channels.get_mut(channel) else {
            return false;
        };
        let previous = place.ads.get(&folded).copied();
        if previous.is_some_and(|last| (now.saturating_sub(last) as f64) < seconds * 1000.0) {
            return true;
        }
        place.ads.insert(Arc::clone(&folded), now);
        self.remember_ad(channel, folded, previous);
        false
    }

    /// The seconds that a character has to wait for its next ad in a channel where `seconds` lie between two.
    pub fn ad_wait(&self, channel: ChannelKey, connection: ConnectionKey, seconds: f64) -> f64 {
        let last = self.connections.get(connection).and_then(|connection| {
            let channel = self.channels.get(channel)?;
            channel.ads.get(&connection.folded).copied()
        });
        let passed = |last| self.now.monotonic.saturating_sub(last) as f64 / 1000.0;
        last.map_or(0.0, |last| (seconds - passed(last)).max(0.0))
    }

    /// Forgets timers that no longer matter.
    pub(crate) fn forget_old_ads(&mut self) {
        let now = self.now.monotonic;
        let usual = self.settings.number(keys::LFRP_FLOOD);
        let keys: Vec<_> = self.channels.iter().map(|(key, _)| key).collect();
        for key in keys {
            if let Some(channel) = self.channels.get_mut(key)
                && !channel.ads.is_empty()
            {
                let milliseconds = (longest(channel, usual) * 1000.0) as u64;
                channel
                    .ads
                    .retain(|_, &mut last| now.saturating_sub(last) < milliseconds);
            }
        }
    }
}

fn longest(channel: &Channel, usual: f64) -> f64 {
    interval(&channel.description).max(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_people_write() {
        for (description, seconds) in [
            ("[ads: 30min]", 1800.0),
            ("Be nice. [ADS:45 Minutes] Bye.", 2700.0),
            ("[b]Rules[/b] [ ads : 1.5h ]", 5400.0),
            ("[ads: 90 s]", 90.0),
            ("[ads: 20]", 1200.0),
            ("[ads: 10 min.]", 600.0),
            ("[ads: soon] [ads: 2h]", 7200.0),
            ("[ads: .5h]", 1800.0),
            ("[ads: 1h30m]", 5400.0),
            ("[ads: 3 days]", INTERVAL_MAX),
            ("[ads: 9999999h]", INTERVAL_MAX),
            ("", 0.0),
            ("ads: 30min", 0.0),
            ("[ads: ]", 0.0),
            ("[ads: 1.2.3min]", 0.0),
            ("[ads: -5min]", 0.0),
            ("[ads: 30 fortnights]", 0.0),
            ("[ads: 30min", 0.0),
            ("[adsé: 30min]", 0.0),
            ("[[ads: 30min]]", 1800.0),
        ] {
            assert_eq!(interval(description), seconds, "{description}");
        }
    }
}
