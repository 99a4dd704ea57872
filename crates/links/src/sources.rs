//! Counters of the bridge by sender, in a bounded table.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fchatd_figures::{Row, Series, Sink, Table, Value};

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
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    sources: Vec<Source>,
    /// Refused datagrams by their [`Refusal`].
    refused: [u64; Refusal::NUMBER],
}

/// The figures of the bridge. The counters of single senders are a remark: senders are no closed set.
pub(crate) static FIGURES: Table<Counters> = Table {
    section: "real-time bridge",
    rows: &[
        Row::counter(
            "fchatd_bridge_orders_total",
            "orders taken",
            "Datagrams of the real-time bridge that were accepted.",
            |of| of.accepted().into(),
        ),
        Row::counters(
            "fchatd_bridge_refused_total",
            "datagrams refused",
            "reason",
            "Datagrams of the real-time bridge that were refused.",
            &[
                Series::new("address", "wrong address", |of| of.because(Refusal::Address)),
                Series::new("unsigned", "unsigned", |of| of.because(Refusal::Unsigned)),
                Series::new("classic_form", "in the classic form", |of| {
                    of.because(Refusal::ClassicForm)
                }),
                Series::new("signature", "wrong signature", |of| {
                    of.because(Refusal::Signature)
                }),
                Series::new("no_time", "without a time", |of| of.because(Refusal::Time)),
                Series::new("old", "too old", |of| of.because(Refusal::Old)),
                Series::new("early", "from the future", |of| of.because(Refusal::Early)),
                Series::new("replayed", "seen before", |of| of.because(Refusal::Replayed)),
                Series::new("rate", "too many in a minute", |of| of.because(Refusal::Full)),
                Series::new("arguments", "wrong arguments", |of| {
                    of.because(Refusal::Arguments)
                }),
                Series::new("no_command", "no command", |of| of.because(Refusal::Command)),
                Series::new("unknown_command", "unknown command", |of| {
                    of.because(Refusal::Unknown)
                }),
            ],
        ),
    ],
};

impl Counters {
    /// Accepted datagrams.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.lock().sources.iter().map(|source| source.accepted).sum()
    }

    /// Refused datagrams.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.lock().sources.iter().map(|source| source.refused).sum()
    }

    /// Datagrams that were refused for this reason.
    fn because(&self, refusal: Refusal) -> Value {
        self.lock().refused.get(refusal as usize).copied().into()
    }

    /// Puts the figures of the bridge into a sink, and a remark about the senders.
    pub fn figures(&self, sink: &mut dyn Sink) {
        FIGURES.put(self, sink);
        if let Some(senders) = self.senders() {
            sink.remark(FIGURES.section, senders);
        }
    }

    /// Each sender.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        self.lock().sources.clone()
    }

    /// Counts a datagram; returns the number of refused datagrams of its sender.
    pub(crate) fn count(&self, sender: IpAddr, refusal: Option<Refusal>) -> u64 {
        let sender = match sender {
            loopback if loopback.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            other => other,
        };
        let book = &mut *self.lock();
        if let Some(refusal) = refusal
            && let Some(refused) = book.refused.get_mut(refusal as usize)
        {
            *refused += 1;
        }
        let sources = &mut book.sources;
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

    /// The senders with most refused datagrams, as text; nothing when there are none.
    fn senders(&self) -> Option<String> {
        let mut sources = self.sources();
        sources.sort_by_key(|source| std::cmp::Reverse(source.refused));
        let shown = sources.iter().take(SOURCES_SHOWN).map(|source| {
            let name = match source.address {
                Some(address) => address.to_string(),
                None => "others".to_owned(),
            };
            let mut text = format!("{name}: {} taken, {} refused", source.accepted, source.refused);
            if let Some(refusal) = source.last_refusal {
                text.push_str(&format!(", the last since {refusal}"));
            }
            text
        });
        let mut lines: Vec<String> = shown.collect();
        match sources.len().saturating_sub(SOURCES_SHOWN) {
            0 => {}
            more => lines.push(format!("and {more} further senders")),
        }
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use fchatd_figures::StatusText;

    use super::*;

    fn text(counters: &Counters) -> String {
        let mut text = StatusText::default();
        counters.figures(&mut text);
        text.finish()
    }

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
        let text = text(&counters);
        assert!(text.contains("others: "), "{text}");
        assert!(
            text.contains("1001 datagrams refused (1000 wrong address, 1 wrong signature)"),
            "{text}"
        );
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
        let text = text(&counters);
        assert!(
            text.starts_with(
                "real-time bridge: so far 0 orders taken, 2 datagrams refused (2 wrong address); 192.0.2.8: 0 taken, 2 \
                 refused, the last"
            ),
            "{text}"
        );
    }
}
