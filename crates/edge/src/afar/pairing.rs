//! The pair of cores, on the application's thread: it makes images and entries, and carries those of a leader out.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use fchatd_cluster::pair::{Entry, Image, PeerStatus, Stage, View};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

use super::pair::{EngineState, ToHall, seated};
use crate::apart::{Center, Part};
use crate::common::lock;
use crate::edge::Application;

/// Interval of the signs of life of the application's thread.
const PULSE: Duration = Duration::from_millis(50);

/// A message of the thread for edges on other machines.
#[derive(Debug)]
pub(super) enum ToCenter {
    /// A standby needs an image.
    NeedImage,
    /// There is no standby any more.
    Alone,
    /// The standby has all commits up to this one on its disk.
    Kept(u64),
    /// Go on from this image.
    Adopt(Box<Image>),
    /// Make this step.
    Apply(Box<Entry>),
    /// Lead, when all steps are made; with true also when one could not be made.
    Lead(bool),
    /// Stand by: another core leads.
    StandBy,
    /// Go on: the standby does not take over.
    GoOn,
}

/// News of the pair for the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairNews {
    /// The standby has all commits up to this one on its disk; nothing when there is no standby.
    Kept(Option<u64>),
    /// This core leads from now on.
    Leads,
    /// This core stands by from now on.
    StandsBy,
    /// This core has begun anew from an image.
    Adopted,
}

/// The state of the pair, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairStatus {
    /// The name of this core.
    pub node: String,
    /// The last view that it knows.
    pub view: View,
    /// The engine that decides which core leads.
    pub engine: Option<EngineState>,
    /// Whether it leads.
    pub leads: bool,
    /// Whether it has told its standby to lead, and does not know whether it does.
    pub is_handing_over: bool,
    /// Its standby.
    pub peer: Option<PeerStatus>,
    /// Whether it follows a leader.
    pub is_following: bool,
    /// The last entry that it has carried out as a standby.
    pub entry: u64,
    /// Number of entries that it has received and not carried out.
    pub lag: u64,
    /// How long it has been so.
    pub since: Duration,
    /// Images that it has made as a leader.
    pub images: u64,
    /// Standbys that did not come to its results.
    pub diverged: u64,
}

impl PairStatus {
    /// Whether this core leads and its standby has everything.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let is_there = |peer: &PeerStatus| peer.stage == Stage::Protecting;
        self.leads && !self.is_handing_over && self.peer.as_ref().is_some_and(is_there)
    }
}

/// The program's handle on the pair.
#[derive(Debug, Clone)]
pub struct Pairing {
    to_hall: UnboundedSender<ToHall>,
    news: Arc<Mutex<Option<UnboundedReceiver<PairNews>>>>,
    pulse: Arc<AtomicU64>,
}

/// The receiving ends of a [`Pairing`].
pub(super) struct Ends {
    pub(super) from_center: UnboundedReceiver<ToHall>,
    pub(super) to_center: UnboundedSender<ToCenter>,
    pub(super) from_hall: UnboundedReceiver<ToCenter>,
    pub(super) news: UnboundedSender<PairNews>,
    pub(super) pulse: Arc<AtomicU64>,
}

impl Pairing {
    pub(super) fn new() -> (Self, Ends) {
        let (to_hall, from_center) = tokio::sync::mpsc::unbounded_channel();
        let (to_center, from_hall) = tokio::sync::mpsc::unbounded_channel();
        let (news, heard) = tokio::sync::mpsc::unbounded_channel();
        let pulse = Arc::new(AtomicU64::new(0));
        let pairing = Self {
            to_hall,
            news: Arc::new(Mutex::new(Some(heard))),
            pulse: Arc::clone(&pulse),
        };
        let ends = Ends {
            from_center,
            to_center,
            from_hall,
            news,
            pulse,
        };
        (pairing, ends)
    }

    /// The news, once.
    #[must_use]
    pub fn news(&self) -> Option<UnboundedReceiver<PairNews>> {
        lock(&self.news).take()
    }

    /// All commits up to this one are on disk here, as a standby.
    pub fn kept(&self, commit: u64) {
        let _ = self.to_hall.send(ToHall::Kept(commit));
    }

    /// This standby can't keep what the leader does.
    pub fn give_up(&self, reason: &str) {
        let _ = self.to_hall.send(ToHall::Diverged(0, reason.to_owned()));
    }

    /// Has this core lead because an operator wants it.
    ///
    /// # Errors
    /// The reason why it does not.
    pub async fn promote(&self, is_forced: bool) -> Result<String, String> {
        let (reply, answer) = oneshot::channel();
        let _ = self.to_hall.send(ToHall::Promote(is_forced, reply));
        answer.await.unwrap_or_else(|_| Err("the server ends".to_owned()))
    }

    /// Has the standby lead. The application was stopped after this entry.
    pub(crate) async fn hand_over(&self, n: u64) -> Result<String, String> {
        let (reply, answer) = oneshot::channel();
        let _ = self.to_hall.send(ToHall::HandOver(n, reply));
        answer.await.unwrap_or_else(|_| Err("the server ends".to_owned()))
    }

    /// Sends something, and waits until it is dealt with. The other thread never waits for this one.
    fn send_and_wait(&self, message: impl FnOnce(mpsc::Sender<()>) -> ToHall) {
        let (taken, is_taken) = mpsc::channel();
        if self.to_hall.send(message(taken)).is_ok() {
            let _ = is_taken.recv();
        }
    }

    /// Starts the tasks on the application's thread.
    pub(super) fn run<A: Application + 'static>(
        &self,
        center: &Rc<Center<A>>,
        mut from_hall: UnboundedReceiver<ToCenter>,
        news: UnboundedSender<PairNews>,
    ) {
        let pulse = Arc::clone(&self.pulse);
        tokio::task::spawn_local(async move {
            loop {
                pulse.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PULSE).await;
            }
        });
        let (own, center) = (self.clone(), Rc::clone(center));
        tokio::task::spawn_local(async move {
            let mut is_broken = false;
            while let Some(message) = from_hall.recv().await {
                if let Some(told) = own.hear_hall(&center, message, &mut is_broken) {
                    let _ = news.send(told);
                }
                if center.part() == Part::Follows {
                    tokio::task::yield_now().await;
                }
            }
        });
    }

    fn hear_hall<A: Application + 'static>(
        &self,
        center: &Center<A>,
        message: ToCenter,
        is_broken: &mut bool,
    ) -> Option<PairNews> {
        match message {
            ToCenter::NeedImage => {
                let image = center.image(self.to_hall.clone()).map(Box::new);
                self.send_and_wait(|taken| ToHall::Image(image, taken));
                None
            }
            ToCenter::Alone => {
                center.end_entries();
                Some(PairNews::Kept(None))
            }
            ToCenter::Kept(commit) => Some(PairNews::Kept(Some(commit))),
            ToCenter::Adopt(image) => match center.adopt(&image, seated(&image)) {
                Ok(()) => {
                    *is_broken = false;
                    self.send_and_wait(|taken| ToHall::Adopted(image, taken));
                    Some(PairNews::Adopted)
                }
                Err(reason) => {
                    *is_broken = true;
                    let _ = self.to_hall.send(ToHall::Diverged(image.n, reason));
                    None
                }
            },
            ToCenter::Apply(entry) => {
                if *is_broken {
                    return None;
                }
                let message = match center.follow(&entry) {
                    Ok(()) => ToHall::Applied(entry.n),
                    Err(reason) => {
                        *is_broken = true;
                        ToHall::Diverged(entry.n, reason)
                    }
                };
                let _ = self.to_hall.send(message);
                None
            }
            ToCenter::Lead(false) if *is_broken => {
                let _ = self.to_hall.send(ToHall::CannotLead);
                None
            }
            ToCenter::Lead(_) => {
                *is_broken = false;
                let (open, turns) = center.lead();
                self.send_and_wait(|taken| ToHall::Lead(open, turns, taken));
                Some(PairNews::Leads)
            }
            ToCenter::StandBy => {
                center.stand_by();
                Some(PairNews::StandsBy)
            }
            ToCenter::GoOn => {
                center.go_on();
                None
            }
        }
    }
}
