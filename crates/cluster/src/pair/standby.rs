//! The standby's side of the replication: it takes an image and entries, and says how far it has come.

use super::{Entry, IMAGE_MAX, Image, Join, ToLeader, ToStandby, View};
use crate::limits::BEAT;

/// Work for the standby.
#[derive(Debug, PartialEq, Eq)]
pub enum StandbyEvent {
    /// Begin anew from this image, then call [`Standby::applied`] with its entry. The view is that of the leader, without this
    /// core.
    Adopt(Box<Image>, View),
    /// Carry out an entry, then call [`Standby::applied`].
    Apply(Box<Entry>),
    /// An edge has received its orders up to this one: seat, attachment, order.
    Got(u16, u64, u64),
    /// The view names this core as standby: write it down, and call [`Standby::named`].
    InView(View),
    /// The leader gives over: lead, and call [`Standby::led`].
    Lead,
    /// The other core does not accept this one: the number of its view, whether it leads, its process, the reason.
    Refused(u64, bool, u64, String),
    /// The leader was silent for too long, or has sent something that does not fit: close the connection.
    Broken(&'static str),
}

/// See the module.
#[derive(Debug)]
pub struct Standby {
    join: Join,
    silence: u64,
    is_connected: bool,
    is_joining: bool,
    /// The bytes of the image that have arrived.
    image: Vec<u8>,
    heard: u64,
    spoke: u64,
    /// Whether the leader has to be told how far this core has come.
    is_unsaid: bool,
    received: u64,
    applied: u64,
    kept: Option<u64>,
    /// The number of the view that names this core, when it is written down.
    view: u64,
    /// Whether all of the present image has been adopted.
    has_machine: bool,
    /// The entry after which this core leads.
    lead_after: Option<u64>,
    farewell: Option<ToLeader>,
    is_stopped: bool,
}

impl Standby {
    /// A core that is not connected.
    #[must_use]
    pub fn new(join: Join, silence: u64) -> Self {
        Self {
            join,
            silence,
            is_connected: false,
            is_joining: false,
            image: Vec::new(),
            heard: 0,
            spoke: 0,
            is_unsaid: false,
            received: 0,
            applied: 0,
            kept: None,
            view: 0,
            has_machine: false,
            lead_after: None,
            farewell: None,
            is_stopped: false,
        }
    }

    /// Changes the time of silence.
    pub fn set_silence(&mut self, silence: u64) {
        self.silence = silence;
    }

    /// A new connection. The result is its first message.
    pub fn connected(&mut self, epoch: u64, now: u64) -> Join {
        self.is_connected = true;
        self.is_joining = true;
        self.is_stopped = false;
        self.image.clear();
        (self.heard, self.spoke) = (now, now);
        self.lead_after = None;
        self.farewell = None;
        Join {
            epoch,
            ..self.join.clone()
        }
    }

    /// The connection has ended. An order to lead that was not carried out ends with it.
    pub fn disconnected(&mut self) {
        self.is_connected = false;
        self.is_joining = false;
        self.lead_after = None;
        self.image = Vec::new();
    }

    /// Whether a leader accepts this core on the present connection.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.is_connected && (!self.is_joining || !self.image.is_empty())
    }

    /// Acknowledges nothing more. To be called before this core leads.
    pub fn stop(&mut self) {
        self.is_stopped = true;
        self.is_unsaid = false;
    }

    /// Whether the leader is told nothing more. Entries that arrive are not carried out.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// The last entry that was carried out.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.applied
    }

    /// Number of entries that were received and not carried out.
    #[must_use]
    pub fn lag(&self) -> u64 {
        self.received.saturating_sub(self.applied)
    }

    /// An entry, or the image up to it, was carried out.
    pub fn applied(&mut self, n: u64, events: &mut Vec<StandbyEvent>) {
        self.applied = n;
        self.has_machine = true;
        self.is_unsaid = true;
        self.look_at_lead(events);
    }

    fn look_at_lead(&mut self, events: &mut Vec<StandbyEvent>) {
        if self.lead_after == Some(self.applied) && !self.is_stopped {
            self.lead_after = None;
            self.stop();
            events.push(StandbyEvent::Lead);
        }
    }

    /// All commits up to this one are on this core's disk, and the state of the image, too.
    pub fn kept(&mut self, commit: u64) {
        self.is_unsaid |= self.kept.is_none_or(|kept| kept < commit);
        self.kept = self.kept.max(Some(commit));
    }

    /// The view of this number, which names this core, is written down.
    pub fn named(&mut self, epoch: u64) {
        self.view = epoch;
        self.is_unsaid = true;
    }

    /// An entry did not have the same result.
    pub fn diverged(&mut self, n: u64, reason: &str) {
        self.farewell = Some(ToLeader::Diverged {
            n,
            reason: reason.to_owned(),
        });
    }

    /// This core leads, in the view of this number.
    pub fn led(&mut self, epoch: u64) {
        self.farewell = Some(ToLeader::Led(epoch));
    }

    /// A message of the leader has arrived.
    pub fn receive(&mut self, message: ToStandby, now: u64, events: &mut Vec<StandbyEvent>) {
        if self.is_stopped {
            return;
        }
        self.heard = now;
        match message {
            ToStandby::Refused {
                epoch,
                leads,
                process,
                reason,
            } => events.push(StandbyEvent::Refused(epoch, leads, process, reason)),
            ToStandby::Piece {
                node,
                epoch,
                whole,
                bytes,
            } => {
                let view = View {
                    epoch,
                    leader: node,
                    standby: None,
                };
                self.piece(view, whole, &bytes, events);
            }
            ToStandby::Entry(entry) if !self.is_joining => {
                if entry.n != self.received + 1 {
                    return events.push(StandbyEvent::Broken("an entry is missing"));
                }
                self.received = entry.n;
                self.is_unsaid = true;
                events.push(StandbyEvent::Apply(entry));
            }
            ToStandby::Got {
                seat,
                attachment,
                got,
            } if !self.is_joining => events.push(StandbyEvent::Got(seat, attachment, got)),
            ToStandby::InView(view) if !self.is_joining => events.push(StandbyEvent::InView(view)),
            ToStandby::Lead { n } if !self.is_joining => {
                self.lead_after = Some(n);
                self.look_at_lead(events);
            }
            ToStandby::Entry(_) | ToStandby::Got { .. } | ToStandby::InView(_) | ToStandby::Lead { .. } => {
                events.push(StandbyEvent::Broken("the image is not complete"));
            }
            ToStandby::Beat => {}
        }
    }

    fn piece(&mut self, view: View, whole: u64, bytes: &[u8], events: &mut Vec<StandbyEvent>) {
        let whole = usize::try_from(whole).unwrap_or(usize::MAX);
        if !self.is_joining || whole > IMAGE_MAX || self.image.len() + bytes.len() > whole {
            return events.push(StandbyEvent::Broken("a part of the image does not fit"));
        }
        self.image.extend_from_slice(bytes);
        if self.image.len() < whole {
            return;
        }
        let image = std::mem::take(&mut self.image);
        let Ok(image) = postcard::from_bytes::<Image>(&image) else {
            return events.push(StandbyEvent::Broken("the image can't be read"));
        };
        self.is_joining = false;
        self.received = image.n;
        self.applied = image.n.saturating_sub(1);
        self.kept = None;
        self.view = 0;
        self.is_unsaid = false;
        events.push(StandbyEvent::Adopt(Box::new(image), view));
    }

    /// Looks at the clock. Call it several times in each beat.
    pub fn tick(&mut self, now: u64, events: &mut Vec<StandbyEvent>) {
        if self.is_connected && !self.is_stopped && now.saturating_sub(self.heard) > self.silence {
            events.push(StandbyEvent::Broken(
                "nothing was heard of it for cluster_silence",
            ));
        }
    }

    /// The next message for the leader, if there is one now. After a farewell the connection has to be closed.
    pub fn next_message(&mut self, now: u64) -> Option<ToLeader> {
        if !self.is_connected {
            return None;
        }
        if let Some(farewell) = self.farewell.take() {
            self.is_stopped = true;
            return Some(farewell);
        }
        let is_due = self.is_unsaid || now.saturating_sub(self.spoke) >= BEAT;
        if self.is_stopped || self.is_joining || !is_due {
            return None;
        }
        self.is_unsaid = false;
        self.spoke = now;
        Some(ToLeader::Held {
            received: self.received,
            applied: self.applied,
            kept: self.kept,
            view: self.view,
        })
    }
}
