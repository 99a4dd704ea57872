//! Counters of the bridge by sender, in a bounded table.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::verifier::Refusal;

/// Maximum number of unauthorised senders that are counted separately. An address is easily forged, so there
/// may be any number of them.
const SOURCES_MAX: usize = 64;
/// Number of senders in a line of status.
const SOURCES_SHOWN: usize = 5;

/// The counters of one sender since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The source address of the datagrams; all loopback addresses count as one. `None` for all senders
    /// beyond the limit of the table.
    pub address: Option<IpAddr>,
    /// Accepted datagrams.
    pub accepted: u64,
    /// Refused datagrams.
    pub refused: u64,
    /// The reason for the last refusal.
    pub last_refusal: Option<Refusal>,
}

/// The counters of the bridge since the start.
#[derive(Debug, Default)]
pub struct Counters {
    sources: Mutex<Vec<Source>>,
}

impl Counters {
    /// Accepted datagrams.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.lock().iter().map(|source| source.accepted).sum()
    }

    /// Refused datagrams.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.lock().iter().map(|source| source.refused).sum()
    }

    /// Each sender.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.lock().clone()
    }

    /// Counts a datagram; returns the number of refused datagrams of its sender.
    pub(crate) fn count(&self, sender: IpAddr, refusal: Option<Refusal>) -> u64 {
        let sender = match sender {
            loopback if loopback.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            other => other,
        };
        let mut sources = self.lock();
        // Authorised senders (the website and loopback) are always counted separately.
        let is_full = refusal == Some(Refusal::Address) && sources.len() >= SOURCES_MAX;
        let find = |address| {
            sources
                .iter()
                .position(|source: &Source| source.address == address)
        };
        let place = find(Some(sender)).or_else(|| find(None).filter(|_| is_full));
        let place = place.unwrap_or_else(|| {
            sources.push(Source {
                address: (!is_full).then_some(sender),
                accepted: 0,
                refused: 0,
                last_refusal: None,
            });
            sources.len() - 1
        });
        let Some(source) = sources.get_mut(place) else {
            return 0;
        };
        match refusal {
            None => source.accepted += 1,
            Some(refusal) => {
                source.refused += 1;
                source.last_refusal = Some(refusal);
            }
        }
        source.refused
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Source>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (accepted, refused) = (self.accepted(), self.refused());
        write!(
            formatter,
            "{accepted} orders taken, {refused} datagrams refused so far"
        )?;
        let mut sources = self.sources();
        sources.sort_by_key(|source| std::cmp::Reverse(source.refused));
        for source in sources.iter().take(SOURCES_SHOWN) {
            match source.address {
                Some(address) => write!(formatter, "; {address}: ")?,
                None => formatter.write_str("; others: ")?,
            }
            write!(formatter, "{} taken, {} refused", source.accepted, source.refused)?;
            if let Some(refusal) = source.last_refusal {
                write!(formatter, ", the last since {refusal}")?;
            }
        }
        match sources.len().saturating_sub(SOURCES_SHOWN) {
            0 => Ok(()),
            more => write!(formatter, "; and {more} further senders"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_an_end_and_loses_no_count() {
        let counters = Counters::default();
        let website = IpAddr::from([192, 0, 2, 7]);
        counters.count(website, None);
        for number in 0..1000u16 {
            let [high, low] = number.to_be_bytes();
            let forged = IpAddr::from([198, 51, high, low]);
            counters.count(forged, Some(Refusal::Address));
        }
        counters.count(IpAddr::from([127, 0, 0, 1]), None);
        counters.count(IpAddr::from([127, 9, 9, 9]), Some(Refusal::Signature));
        assert_eq!((counters.accepted(), counters.refused()), (2, 1001));
        let sources = counters.sources();
        assert_eq!(sources.len(), SOURCES_MAX + 2);
        assert_eq!(sources[0].address, Some(website));
        assert_eq!((sources[0].accepted, sources[0].refused), (1, 0));
        assert!(counters.to_string().contains("others: "), "{counters}");
    }

    #[test]
    fn a_sender_is_told_with_its_reason() {
        let counters = Counters::default();
        assert_eq!(
            counters.count(IpAddr::from([192, 0, 2, 8]), Some(Refusal::Address)),
            1
        );
        assert_eq!(
            counters.count(IpAddr::from([192, 0, 2, 8]), Some(Refusal::Address)),
            2
        );
        let text = counters.to_string();
        assert!(
            text.starts_with(
                "0 orders taken, 2 datagrams refused so far; 192.0.2.8: 0 taken, 2 refused, the last"
            ),
            "{text}"
        );
    }
}
