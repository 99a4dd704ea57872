//! The leader's side of the replication: it sends entries to the standby, and says which orders may go out.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Entry, IMAGE_MAX, Image, Join, LAG_MAX, PIECE, ToLeader, ToStandby, UNHELD_MAX, View};
use crate::codec::{Malformed, frame};
use crate::limits::{BEAT, FRAME_MAX};

/// Age of the oldest entry that was not carried out, at which a new standby counts as caught up, in milliseconds.
const CAUGHT_UP: u64 = 100;

/// How far a standby is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its image.
    Waiting,
    /// It has not carried out everything since the image yet, or has not stored it.
    Catching,
    /// Orders wait for it. The view does not name it yet.
    Holding,
    /// Orders wait for it, and the view names it. It does not know that yet.
    Named,
    /// Orders wait for it, and it knows that the view names it.
    Protecting,
}

/// Work for the leader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaderEvent {
    /// Make an image, and hand over all entries after it.
    NeedImage,
    /// Write the view that names this standby, then call [`Leader::written`].
    Protect(String),
    /// The standby is gone, for this reason. Write the view without a standby if the last one named it, then call
    /// [`Leader::alone`].
    Lost(String, String),
    /// Orders of entries up to this one may go out.
    Release(u64),
    /// The standby has all commits up to this one on its disk.
    Kept(u64),
    /// The standby leads, in the view of this number.
    Deposed(u64),
    /// Close this connection.
    Close(u64),
}

/// The standby, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its name.
    pub node: String,
    /// How far it is.
    pub stage: Stage,
    /// Number of entries that it has not received.
    pub unheld: u64,
    /// Number of entries that it has not carried out.
    pub unapplied: u64,
    /// Since when it is in the view, or since when it is connected.
    pub since: u64,
}

#[derive(Debug)]
struct Peer {
    node: String,
    connection: u64,
    stage: Stage,
    since: u64,
    heard: u64,
    spoke: u64,
    /// Frames that were not sent yet.
    frames: VecDeque<Arc<[u8]>>,
    /// The entries that it has not received: number and weight.
    unheld: VecDeque<(u64, usize)>,
    unheld_weight: usize,
    /// The entries that it has not carried out: number and time.
    unapplied: VecDeque<(u64, u64)>,
    received: u64,
    applied: u64,
    kept: Option<u64>,
    /// Whether it was told to lead.
    is_handed_over: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Leader {
    node: String,
    program: String,
    machine: String,
    silence: u64,
    /// The last entry.
    last: u64,
    peer: Option<Peer>,
    /// Whether the view names a standby, also one that is gone; and the number of that view.
    is_named: bool,
    named_in: u64,
    /// Whether a standby was told to lead. It is not known whether it does.
    gave_over: bool,
    /// Images that were sent, and standbys that came to another result.
    pub images: u64,
    /// See `images`.
    pub diverged: u64,
}

impl Leader {
    /// A leader without a standby.
    #[must_use]
    pub fn new(node: &str, program: &str, machine: &str, silence: u64) -> Self {
        Self {
            node: node.to_owned(),
            program: program.to_owned(),
            machine: machine.to_owned(),
            silence,
            last: 0,
            peer: None,
            is_named: false,
            named_in: 0,
            gave_over: false,
            images: 0,
            diverged: 0,
        }
    }

    /// Changes the time of silence.
    pub fn set_silence(&mut self, silence: u64) {
        self.silence = silence;
    }

    /// Whether a standby holds all orders back. Then the view names it, or is about to.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let peer = self.peer.as_ref();
        peer.is_some_and(|peer| peer.stage == Stage::Protecting)
    }

    /// Whether entries are wanted.
    #[must_use]
    pub fn has_standby(&self) -> bool {
        self.peer.is_some()
    }

    /// The standby.
    #[must_use]
    pub fn peer(&self) -> Option<PeerStatus> {
        self.peer.as_ref().map(|peer| PeerStatus {
            node: peer.node.clone(),
            stage: peer.stage,
            unheld: peer.unheld.len() as u64,
            unapplied: peer.unapplied.len() as u64,
            since: peer.since,
        })
    }

    /// A core wants to be the standby, on a new connection.
    ///
    /// # Errors
    /// The reason for the refusal.
    pub fn join(
        &mut self,
        join: &Join,
        connection: u64,
        now: u64,
        events: &mut Vec<LeaderEvent>,
    ) -> Result<(), String> {
        if join.node == self.node {
            return Err(format!(
                "a core named {} is the leader already: give each core a name of its own (node)",
                join.node
            ));
        }
        if join.program != self.program || join.machine != self.machine {
            return Err(format!(
                "the leader runs fchatd {} on {}, and this core fchatd {} on {}: both must be the same, because both have to come \
                 to the same results",
                self.program, self.machine, join.program, join.machine
            ));
        }
        if let Some(peer) = &self.peer {
            if peer.node != join.node {
                return Err(format!("the core {} is the standby already", peer.node));
            }
            self.lose("it has connected again", events);
        }
        if self.is_named {
            return Err("the leader is still giving its last standby up".to_owned());
        }
        self.peer = Some(Peer {
            node: join.node.clone(),
            connection,
            stage: Stage::Waiting,
            since: now,
            heard: now,
            spoke: now,
            frames: VecDeque::new(),
            unheld: VecDeque::new(),
            unheld_weight: 0,
            unapplied: VecDeque::new(),
            received: 0,
            applied: 0,
            kept: None,
            is_handed_over: false,
        });
        events.push(LeaderEvent::NeedImage);
        Ok(())
    }

    /// The image for the standby that waits.
    ///
    /// # Errors
    /// The image is too large: then there is no standby.
    pub fn image(&mut self, image: &Image, epoch: u64, now: u64) -> Result<(), Malformed> {
        let Some(peer) = self.peer.as_mut().filter(|peer| peer.stage == Stage::Waiting) else {
            return Ok(());
        };
        let bytes = postcard::to_allocvec(image).map_err(|_| Malformed::Garbage)?;
        if bytes.len() > IMAGE_MAX {
            return Err(Malformed::TooLong(bytes.len()));
        }
        for piece in bytes.chunks(PIECE) {
            peer.frames.push_back(
                frame(&ToStandby::Piece {
                    node: self.node.clone(),
                    epoch,
                    whole: bytes.len() as u64,
                    bytes: piece.to_vec(),
                })?
                .into(),
            );
        }
        (peer.stage, peer.heard) = (Stage::Catching, now);
        (peer.received, peer.applied) = (image.n.saturating_sub(1), image.n.saturating_sub(1));
        // The image counts as an entry: it has to be received and carried out.
        peer.unheld.push_back((image.n, 0));
        peer.unapplied.push_back((image.n, u64::MAX));
        self.last = image.n;
        self.images += 1;
        Ok(())
    }

    /// The application has made a step. An entry that is too large ends the standby.
    pub fn entry(&mut self, entry: Entry, now: u64, events: &mut Vec<LeaderEvent>) {
        let Some(peer) = self.peer.as_mut().filter(|peer| peer.stage != Stage::Waiting) else {
            return;
        };
        if peer.is_handed_over {
            return;
        }
        let n = entry.n;
        self.last = n;
        let message = ToStandby::Entry(Box::new(entry));
        match frame(&message) {
            Ok(bytes) => {
                peer.unheld.push_back((n, bytes.len()));
                peer.unheld_weight += bytes.len();
                peer.unapplied.push_back((n, now));
                peer.frames.push_back(bytes.into());
                if peer.unheld_weight > UNHELD_MAX {
                    self.lose("it has not received entries of 64 MiB", events);
                }
            }
            Err(_) => self.lose(&format!("an entry is longer than {FRAME_MAX} bytes"), events),
        }
    }

    /// An edge has received its orders up to this one.
    pub fn got(&mut self, seat: u16, attachment: u64, got: u64) {
        if let Some(peer) = self.peer.as_mut().filter(|peer| peer.stage != Stage::Waiting)
            && let Ok(bytes) = frame(&ToStandby::Got {
                seat,
                attachment,
                got,
            })
        {
            peer.frames.push_back(bytes.into());
        }
    }

    /// Gives over to the standby: it leads after this entry, which is the last one. Returns false when there is no standby in the
    /// view.
    #[must_use]
    pub fn hand_over(&mut self, n: u64) -> bool {
        let peer = self.peer.as_mut().filter(|peer| peer.stage == Stage::Protecting);
        let (Some(peer), Ok(bytes)) = (peer, frame(&ToStandby::Lead { n })) else {
            return false;
        };
        peer.frames.push_back(bytes.into());
        peer.is_handed_over = true;
        self.gave_over = true;
        true
    }

    /// The view may name the standby from now on, although that is not known yet: an engine was asked to write it.
    pub fn may_be_written(&mut self) {
        self.is_named = true;
    }

    /// The view that names the standby is written.
    pub fn written(&mut self, view: &View) {
        (self.is_named, self.named_in) = (true, view.epoch);
        if let Some(peer) = self.peer.as_mut().filter(|peer| peer.stage == Stage::Holding)
            && view.standby.as_ref() == Some(&peer.node)
            && let Ok(bytes) = frame(&ToStandby::InView(view.clone()))
        {
            peer.stage = Stage::Named;
            peer.frames.push_back(bytes.into());
        }
    }

    /// Whether the standby is gone and the view names it still, because it could not be written.
    #[must_use]
    pub fn wants_alone(&self) -> bool {
        self.is_named && self.peer.is_none() && !self.gave_over
    }

    /// The view names no standby any more: all orders may go out.
    pub fn alone(&mut self) {
        self.is_named = false;
    }

    /// A message of the standby has arrived.
    pub fn receive(&mut self, connection: u64, message: ToLeader, now: u64, events: &mut Vec<LeaderEvent>) {
        let Some(peer) = self.peer.as_mut().filter(|peer| peer.connection == connection) else {
            return;
        };
        peer.heard = now;
        match message {
            ToLeader::Held {
                received,
                applied,
                kept,
                view,
            } => {
                self.held(received, applied, kept, now, events);
                let named_in = self.named_in;
                if let Some(peer) = self.peer.as_mut().filter(|peer| peer.stage == Stage::Named)
                    && view == named_in
                {
                    (peer.stage, peer.since) = (Stage::Protecting, now);
                }
            }
            ToLeader::Diverged { n, reason } => {
                self.diverged += 1;
                self.lose(
                    &format!("it does not come to the same result at entry {n}: {reason}"),
                    events,
                );
            }
            ToLeader::Led(epoch) => events.push(LeaderEvent::Deposed(epoch)),
        }
    }

    fn held(
        &mut self,
        received: u64,
        applied: u64,
        kept: Option<u64>,
        now: u64,
        events: &mut Vec<LeaderEvent>,
    ) {
        let last = self.last;
        let Some(peer) = self.peer.as_mut().filter(|peer| peer.stage != Stage::Waiting) else {
            return;
        };
        // Numbers above the last entry are no receipt of ours.
        if received > last || applied > received {
            return self.lose("it acknowledges entries that were never sent", events);
        }
        peer.received = peer.received.max(received);
        peer.applied = peer.applied.max(applied);
        while let Some((_, weight)) = peer.unheld.pop_front_if(|(n, _)| *n <= received) {
            peer.unheld_weight -= weight;
        }
        while peer.unapplied.pop_front_if(|(n, _)| *n <= applied).is_some() {}
        if kept > peer.kept {
            peer.kept = kept;
            events.extend(kept.map(LeaderEvent::Kept));
        }
        let oldest = peer.unapplied.front().map_or(now, |&(_, at)| at.min(now));
        if peer.stage == Stage::Catching && peer.kept.is_some() && now - oldest <= CAUGHT_UP {
            // First the orders wait, then the view is written: between the two the standby may be needed already.
            (peer.stage, peer.since) = (Stage::Holding, now);
            events.push(LeaderEvent::Release(peer.received));
            events.push(LeaderEvent::Protect(peer.node.clone()));
        } else if matches!(peer.stage, Stage::Holding | Stage::Named | Stage::Protecting) {
            events.push(LeaderEvent::Release(peer.received));
        }
    }

    /// Another core leads: there is no standby, and nothing to hand over.
    pub fn reset(&mut self, events: &mut Vec<LeaderEvent>) {
        self.lose("another core leads", events);
        (self.is_named, self.gave_over) = (false, false);
    }

    /// Gives the standby up.
    pub fn lose(&mut self, reason: &str, events: &mut Vec<LeaderEvent>) {
        let Some(peer) = self.peer.take() else { return };
        events.push(LeaderEvent::Close(peer.connection));
        events.push(LeaderEvent::Lost(peer.node, reason.to_owned()));
    }

    /// Whether the standby was told to lead. Then this core must not go on by itself.
    #[must_use]
    pub fn is_handing_over(&self) -> bool {
        self.gave_over
    }

    /// The standby that was told to lead does not lead, and will not.
    pub fn go_on(&mut self) {
        self.gave_over = false;
    }

    /// A connection has ended.
    pub fn disconnected(&mut self, connection: u64, events: &mut Vec<LeaderEvent>) {
        if self
            .peer
            .as_ref()
            .is_some_and(|peer| peer.connection == connection)
        {
            self.lose("its connection has ended", events);
        }
    }

    /// Looks at the clock. Call it several times in each beat.
    pub fn tick(&mut self, now: u64, events: &mut Vec<LeaderEvent>) {
        let Some(peer) = &self.peer else { return };
        let oldest = peer.unapplied.front().map_or(now, |&(_, at)| at.min(now));
        if now.saturating_sub(peer.heard) > self.silence && peer.stage != Stage::Waiting {
            self.lose("nothing was heard of it for cluster_silence", events);
        } else if now - oldest > LAG_MAX {
            self.lose("it is more than 6 seconds behind", events);
        }
    }

    /// The next frame for the standby, if there is one now.
    pub fn next_frame(&mut self, connection: u64, now: u64) -> Option<Arc<[u8]>> {
        let peer = self.peer.as_mut().filter(|peer| peer.connection == connection)?;
        if let Some(bytes) = peer.frames.pop_front() {
            peer.spoke = now;
            return Some(bytes);
        }
        if now.saturating_sub(peer.spoke) >= BEAT {
            peer.spoke = now;
            return frame(&ToStandby::Beat).ok().map(Arc::from);
        }
        None
    }
}
