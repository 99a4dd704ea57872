//! Limits on HTTP requests in progress, for one address and for all together: requests, request bodies of
//! more than the usual length, and unread answers. All edges of a server share one intake. The minimum speed
//! of a body is here, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fchatd_figures::Histogram;
use fchatd_protocol::address::AddressGroup;
use tokio::sync::Notify;

/// Minimum average speed of a body in bytes a second. A slow phone sends four times as fast. A slower body
/// would hold memory with little progress.
pub(crate) const BODY_RATE: u64 = 8 * 1024;

/// Answers up to this size, in bytes, are not counted: the limit on sockets bounds them. The page at `/` must
/// be available even when others leave their answers unread.
pub(crate) const SMALL_ANSWER: usize = 32 * 1024;

/// Time limit for a body of which `received` bytes have come; `patience` is the limit for the first byte.
pub(crate) fn time_for(received: usize, patience: Duration) -> Duration {
    patience + Duration::from_millis(received as u64 * 1000 / BODY_RATE)
}

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeLimits {
    /// Maximum number of HTTP requests of one address in progress. Beyond it, the request that has waited
    /// longest for its body is aborted.
    pub requests_per_address: usize,
    /// Maximum number of long bodies in transfer.
    pub uploads: usize,
    /// Maximum number of long bodies in transfer from one address.
    pub uploads_per_address: usize,
    /// Maximum number of bytes in long answers that are not read yet, for all clients together.
    pub answers: usize,
    /// The same limit for one address.
    pub answers_per_address: usize,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        Self {
            requests_per_address: 128,
            uploads: 32,
            uploads_per_address: 8,
            answers: 32 << 20,
            answers_per_address: 4 << 20,
        }
    }
}

/// The requests and long bodies in progress.
#[derive(Debug, Default)]
pub struct Intake {
    under_way: Mutex<UnderWay>,
    /// Time from a complete request to its answer.
    pub(crate) durations: Histogram,
}

#[derive(Debug, Default)]
struct UnderWay {
    /// By address, the oldest first.
    requests: HashMap<AddressGroup, Vec<Asked>>,
    uploads: Vec<Upload>,
    /// Unread bytes of answers by address, and their sum.
    answers: HashMap<AddressGroup, usize>,
    answer_bytes: usize,
    last: u64,
    refused: u64,
}

#[derive(Debug)]
struct Asked {
    number: u64,
    /// Whether its body is complete.
    whole: bool,
    given_up: Arc<Notify>,
}

#[derive(Debug)]
struct Upload {
    number: u64,
    group: AddressGroup,
    since: Instant,
    given_up: Arc<Notify>,
}

/// The limit that refuses a long body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// The limit of one address.
    Address,
    /// The limit of all addresses together.
    Everybody,
}

impl Intake {
    /// Requests and bodies that were refused because too many were in progress, since the start.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Current number of requests and of long bodies in progress.
    pub fn under_way(&self) -> (usize, usize) {
        let under_way = self.lock();
        (
            under_way.requests.values().map(Vec::len).sum(),
            under_way.uploads.len(),
        )
    }

    /// Registers a request; `None` when its address has the maximum number and all of them are being
    /// answered.
    pub(crate) fn begin(self: &Arc<Self>, group: AddressGroup, limits: IntakeLimits) -> Option<RequestPlace> {
        let under_way = &mut *self.lock();
        let requests = under_way.requests.entry(group).or_default();
        if requests.len() >= limits.requests_per_address {
            under_way.refused += 1;
            let slowest = requests.iter().position(|asked| !asked.whole)?;
            requests.remove(slowest).given_up.notify_one();
        }
        under_way.last += 1;
        let (number, given_up) = (under_way.last, Arc::new(Notify::new()));
        requests.push(Asked {
            number,
            whole: false,
            given_up: Arc::clone(&given_up),
        });
        Some(RequestPlace {
            intake: Arc::clone(self),
            group,
            number,
            given_up,
        })
    }

    /// Registers a long body. When all places are taken, the address with the most places loses one to an
    /// address that has at least two fewer. So one address cannot occupy all places.
    pub(crate) fn begin_upload(
        self: &Arc<Self>,
        group: AddressGroup,
        limits: IntakeLimits,
    ) -> Result<UploadPlace, NoRoom> {
        let under_way = &mut *self.lock();
        let mut counts: HashMap<AddressGroup, usize> = HashMap::new();
        for upload in &under_way.uploads {
            *counts.entry(upload.group).or_default() += 1;
        }
        let own = counts.get(&group).copied().unwrap_or(0);
        if own >= limits.uploads_per_address {
            under_way.refused += 1;
            return Err(NoRoom::Address);
        }
        if under_way.uploads.len() >= limits.uploads {
            let uploads = under_way.uploads.iter().enumerate();
            // Of the address with the most places, the upload that has had the most time.
            let fullest = uploads.max_by_key(|(_, upload)| {
                let count = counts.get(&upload.group).copied().unwrap_or(0);
                (count, std::cmp::Reverse(upload.since))
            });
            let place = fullest
                .filter(|(_, upload)| counts.get(&upload.group).copied().unwrap_or(0) > own + 1)
                .map(|(place, _)| place);
            under_way.refused += 1;
            let Some(place) = place else {
                return Err(NoRoom::Everybody);
            };
            under_way.uploads.swap_remove(place).given_up.notify_one();
        }
        under_way.last += 1;
        let (number, given_up) = (under_way.last, Arc::new(Notify::new()));
        under_way.uploads.push(Upload {
            number,
            group,
            since: Instant::now(),
            given_up: Arc::clone(&given_up),
        });
        Ok(UploadPlace {
            intake: Arc::clone(self),
            number,
            given_up,
        })
    }

    /// Current number of unread bytes in long answers.
    pub fn unread_answers(&self) -> usize {
        self.lock().answer_bytes
    }

    /// Registers a long answer; `None` when too many bytes are unread, by this address or by all.
    pub(crate) fn begin_answer(
        self: &Arc<Self>,
        group: AddressGroup,
        bytes: usize,
        limits: IntakeLimits,
    ) -> Option<AnswerPlace> {
        let under_way = &mut *self.lock();
        let own = under_way.answers.get(&group).copied().unwrap_or(0) + bytes;
        if own > limits.answers_per_address || under_way.answer_bytes + bytes > limits.answers {
            under_way.refused += 1;
            return None;
        }
        under_way.answers.insert(group, own);
        under_way.answer_bytes += bytes;
        Some(AnswerPlace {
            intake: Arc::clone(self),
            group,
            bytes,
        })
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a request in progress.
#[derive(Debug)]
pub(crate) struct RequestPlace {
    intake: Arc<Intake>,
    group: AddressGroup,
    number: u64,
    given_up: Arc<Notify>,
}

impl RequestPlace {
    /// Waits until a later request of the same address takes over the place.
    pub(crate) async fn given_up(&self) {
        self.given_up.notified().await;
    }

    /// Marks the request as complete: from now on it keeps its place.
    pub(crate) fn is_whole(&self) {
        let requests = &mut self.intake.lock().requests;
        let mut own = requests.get_mut(&self.group).into_iter().flatten();
        if let Some(asked) = own.find(|asked| asked.number == self.number) {
            asked.whole = true;
        }
    }
}

impl Drop for RequestPlace {
    fn drop(&mut self) {
        let requests = &mut self.intake.lock().requests;
        if let Some(own) = requests.get_mut(&self.group) {
            own.retain(|asked| asked.number != self.number);
            if own.is_empty() {
                requests.remove(&self.group);
            }
        }
    }
}

/// The place of a long body, held for as long as its request.
#[derive(Debug)]
pub(crate) struct UploadPlace {
    intake: Arc<Intake>,
    number: u64,
    given_up: Arc<Notify>,
}

impl UploadPlace {
    /// Waits until the place is given to another request.
    pub(crate) async fn given_up(&self) {
        self.given_up.notified().await;
    }
}

impl Drop for UploadPlace {
    fn drop(&mut self) {
        let uploads = &mut self.intake.lock().uploads;
        uploads.retain(|upload| upload.number != self.number);
    }
}

/// The place of a long answer, counted until the client has taken its last byte.
#[derive(Debug)]
pub(crate) struct AnswerPlace {
    intake: Arc<Intake>,
    group: AddressGroup,
    bytes: usize,
}

impl Drop for AnswerPlace {
    fn drop(&mut self) {
        let under_way = &mut *self.intake.lock();
        under_way.answer_bytes -= self.bytes;
        if let Some(own) = under_way.answers.get_mut(&self.group) {
            *own -= self.bytes;
            if *own == 0 {
                under_way.answers.remove(&self.group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn group(last: u8) -> AddressGroup {
        AddressGroup::from(IpAddr::from([192, 0, 2, last]))
    }

    #[tokio::test]
    async fn requests_are_counted_for_each_address() {
        let intake = Arc::new(Intake::default());
        let limits = IntakeLimits {
            requests_per_address: 2,
            ..IntakeLimits::default()
        };
        let begin = |last| intake.begin(group(last), limits);
        let (first, second) = (begin(1).unwrap(), begin(1).unwrap());
        assert!(begin(2).is_some());
        first.is_whole();
        // The body of the first request is complete, the body of the second is not.
        let third = begin(1).unwrap();
        second.given_up().await;
        third.is_whole();
        assert!(begin(1).is_none());
        drop(second);
        assert!(begin(1).is_none(), "a place that was taken is not given back");
        drop(first);
        assert!(begin(1).is_some());
        drop(third);
        assert!(intake.lock().requests.is_empty());
        assert_eq!(intake.refused(), 3);
    }

    #[tokio::test]
    async fn one_address_does_not_take_the_places_of_all() {
        let intake = Arc::new(Intake::default());
        let limits = IntakeLimits {
            uploads: 4,
            uploads_per_address: 3,
            ..IntakeLimits::default()
        };
        let mut held: Vec<_> = (0..3)
            .map(|_| intake.begin_upload(group(1), limits).unwrap())
            .collect();
        assert_eq!(
            intake.begin_upload(group(1), limits).unwrap_err(),
            NoRoom::Address
        );
        let second = intake.begin_upload(group(2), limits).unwrap();
        // All places are taken: the address with three places loses its oldest.
        let third = intake.begin_upload(group(3), limits).unwrap();
        held[0].given_up().await;
        drop(held.remove(0));
        // No address has at least two places more than an address without any.
        let limits = IntakeLimits { uploads: 3, ..limits };
        drop(held.pop());
        assert_eq!(
            intake.begin_upload(group(4), limits).unwrap_err(),
            NoRoom::Everybody
        );
        drop((second, third, held));
        assert!(intake.lock().uploads.is_empty());
    }

    #[test]
    fn unread_answers_are_bounded_for_each_address_and_for_all() {
        let intake = Arc::new(Intake::default());
        let limits = IntakeLimits {
            answers: 600,
            answers_per_address: 200,
            ..IntakeLimits::default()
        };
        let begin = |address, bytes| intake.begin_answer(group(address), bytes, limits);
        let mut held = Vec::new();
        for address in 1..=3 {
            held.extend([begin(address, 100).unwrap(), begin(address, 100).unwrap()]);
            assert!(begin(address, 1).is_none(), "the address has enough");
        }
        assert!(begin(4, 1).is_none(), "all together have enough");
        assert_eq!((intake.unread_answers(), intake.refused()), (600, 4));
        held.pop();
        assert!(begin(4, 100).is_some());
        drop(held);
        assert_eq!(intake.unread_answers(), 0);
        assert!(intake.lock().answers.is_empty());
    }

    #[test]
    fn a_body_has_more_time_the_more_of_it_has_come() {
        let patience = Duration::from_secs(30);
        assert_eq!(time_for(1, patience), patience);
        assert_eq!(time_for(1 << 20, patience), patience + Duration::from_secs(128));
    }
}
