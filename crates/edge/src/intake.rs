//! How much of HTTP one address, and all together, may have under way: requests, and bodies of requests that are
//! longer than usual. One intake serves all edges of a server. How fast a body must come is in here, too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fchatd_protocol::address::AddressGroup;
use tokio::sync::Notify;

/// Bytes of a body that have to come in each second, over its whole time: a slow phone sends four times as many. Slower
/// ones hold memory for little.
pub(crate) const BODY_RATE: u64 = 8 * 1024;

/// Answers of at most so many bytes are not counted: the bound of sockets bounds them, and the page at `/` must be there
/// also when others leave their answers unread.
pub(crate) const SMALL_ANSWER: usize = 32 * 1024;

/// How long a body may take of which so many bytes have come; `patience` is for the first of them.
pub(crate) fn time_for(received: usize, patience: Duration) -> Duration {
    patience + Duration::from_millis(received as u64 * 1000 / BODY_RATE)
}

/// The bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeLimits {
    /// HTTP requests of one address that are worked on at once. When there are more, the one whose body has been
    /// waited for longest is given up.
    pub requests_per_address: usize,
    /// Long bodies that are on their way at once.
    pub uploads: usize,
    /// Those of one address.
    pub uploads_per_address: usize,
    /// Bytes of long answers that wait to be read by all clients together.
    pub answers: usize,
    /// Those of one address.
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

/// The requests and long bodies that are under way.
#[derive(Debug, Default)]
pub struct Intake(Mutex<UnderWay>);

#[derive(Debug, Default)]
struct UnderWay {
    /// Of each address, the oldest first.
    requests: HashMap<AddressGroup, Vec<Asked>>,
    uploads: Vec<Upload>,
    /// Bytes of the answers that each address has not read, and of all of them.
    answers: HashMap<AddressGroup, usize>,
    answer_bytes: usize,
    last: u64,
    refused: u64,
}

#[derive(Debug)]
struct Asked {
    number: u64,
    /// Whether its body has come.
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

/// Why there is no room for a long body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// The address has enough of them under way.
    Address,
    /// So have all together.
    Everybody,
}

impl Intake {
    /// Requests and bodies that were refused because too many were under way, since the start.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Requests and long bodies that are under way now.
    pub fn under_way(&self) -> (usize, usize) {
        let under_way = self.lock();
        (
            under_way.requests.values().map(Vec::len).sum(),
            under_way.uploads.len(),
        )
    }

    /// A request begins; nothing when its address has enough under way, and all of them are being answered.
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

    /// A body turns out to be long. When all places are taken, the address that has most of them gives one up for
    /// an address that has fewer by two: so nobody fills them for others.
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
            // Of the fullest address the one that has had most time.
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

    /// Bytes of long answers that wait to be read now.
    pub fn unread_answers(&self) -> usize {
        self.lock().answer_bytes
    }

    /// A long answer begins; nothing when too many wait to be read, by this address or by all.
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is worked on.
#[derive(Debug)]
pub(crate) struct RequestPlace {
    intake: Arc<Intake>,
    group: AddressGroup,
    number: u64,
    given_up: Arc<Notify>,
}

impl RequestPlace {
    /// Waits until a later request of the same address takes the place.
    pub(crate) async fn given_up(&self) {
        self.given_up.notified().await;
    }

    /// The whole request is there: from now on it keeps its place.
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

/// A long body that is on its way, and lasts as long as its request.
#[derive(Debug)]
pub(crate) struct UploadPlace {
    intake: Arc<Intake>,
    number: u64,
    given_up: Arc<Notify>,
}

impl UploadPlace {
    /// Waits until the place is given to somebody else.
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

/// A long answer that is on its way to its client, and counts until its last byte was taken.
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
        // The body of the first has come, that of the second has not.
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
        // All are taken: the address with three gives its oldest up.
        let third = intake.begin_upload(group(3), limits).unwrap();
        held[0].given_up().await;
        drop(held.remove(0));
        // Nobody has two more than none has.
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
