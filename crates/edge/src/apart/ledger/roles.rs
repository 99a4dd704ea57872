//! The roles of an application in its pair: images, the steps of another one, and the change of the leader.

use std::sync::atomic::Ordering;

use fchatd_cluster::pair::{Entry, Image};
use fchatd_protocol::exchange::{ConnectionId, Input};
use tokio::sync::mpsc::UnboundedSender;

use super::{Ledger, Part};
use crate::afar::ToHall;
use crate::apart::Center;
use crate::apart::link::{EdgeOrder, SeatEvent, Turn};
use crate::edge::Application;
use crate::journey::Journeys;

impl<A: Application + 'static> Center<A> {
    /// Makes an image for a standby. From here on all steps go to it as entries.
    ///
    /// # Errors
    /// The reason why it can't be made now.
    pub(crate) fn image(&self, to: UnboundedSender<ToHall>) -> Result<Image, String> {
        let load = &mut *self.workload.borrow_mut();
        self.ledger(|ledger| ledger.standby = None);
        let replica = load
            .application
            .replica()
            .ok_or("this server can't be one of a pair")?;
        let application = replica.image(&mut load.outputs);
        if application.is_ok() {
            replica.record(true);
        }
        // The scripts were started afresh, and may have said something.
        self.send_out(load);
        let application = application?;
        let image = self.ledger(|ledger| {
            ledger.entry = Entry::default();
            ledger.tags.clear();
            ledger.standby = Some(to);
            Image {
                n: ledger.n,
                application,
                seats: fchatd_cluster::SeatsImage::default(),
                open: ledger.open.iter().copied().collect(),
                turns: ledger.turns(),
                unfinished: ledger.unfinished.clone(),
                notes: ledger
                    .notes
                    .iter()
                    .map(|(kind, note)| (*kind, note.to_vec()))
                    .collect(),
                stored: ledger.stored,
            }
        });
        image.ok_or_else(|| "this server can't be one of a pair".to_owned())
    }

    /// There is no standby any more.
    pub(crate) fn end_entries(&self) {
        self.ledger(|ledger| {
            ledger.standby = None;
            ledger.entry = Entry::default();
        });
        if let Some(replica) = self.workload.borrow_mut().application.replica() {
            replica.record(false);
        }
    }

    /// Stops for a moment to hand over. The result is the number of the last entry; nothing when this core does not lead.
    pub(crate) fn stop_for_handover(&self) -> Option<u64> {
        let stop = |ledger: &mut Ledger| {
            (ledger.part == Part::Leads).then(|| {
                ledger.part = Part::Stopped;
                ledger.n
            })
        };
        self.ledger(stop).flatten()
    }

    /// Goes on after a stop.
    pub(crate) fn go_on(&self) {
        self.ledger(|ledger| {
            if ledger.part == Part::Stopped {
                ledger.part = Part::Leads;
            }
        });
        self.intake.filled.notify_one();
    }

    /// Becomes a standby that knows nothing.
    pub(crate) fn stand_by(&self) {
        self.ledger(|ledger| {
            *ledger = Ledger {
                part: Part::Follows,
                ..Ledger::default()
            };
        });
        self.seated.store(0, Ordering::SeqCst);
        let load = &mut *self.workload.borrow_mut();
        self.drop_turns(load);
        if let Some(replica) = load.application.replica() {
            replica.record(false);
            replica.stand_by();
        }
    }

    /// Goes on from the image of a leader.
    ///
    /// # Errors
    /// The reason why it can't be done.
    pub(crate) fn adopt(&self, image: &Image, seated: u64) -> Result<(), String> {
        if !self.is_following() {
            return Err("this core does not stand by any more".to_owned());
        }
        let load = &mut *self.workload.borrow_mut();
        let replica = load
            .application
            .replica()
            .ok_or("this server can't be one of a pair")?;
        replica.adopt(&image.application)?;
        self.seated.store(seated, Ordering::SeqCst);
        self.ledger(|ledger| {
            *ledger = Ledger {
                part: Part::Follows,
                n: image.n,
                open: image.open.iter().copied().collect(),
                turns: (0..).zip(image.turns.iter().copied()).collect(),
                unfinished: image.unfinished.clone(),
                notes: image
                    .notes
                    .iter()
                    .map(|(kind, note)| (*kind, note.as_slice().into()))
                    .collect(),
                stored: image.stored,
                ..Ledger::default()
            };
        });
        Ok(())
    }

    /// Makes a step of the leader.
    ///
    /// # Errors
    /// The step can't be made, or has another result.
    pub(crate) fn follow(&self, entry: &Entry) -> Result<(), String> {
        if entry.is_unrepeatable {
            return Err("a script ran out of time at the leader".to_owned());
        }
        if self.ledger(|ledger| (ledger.part, ledger.n + 1)) != Some((Part::Follows, entry.n)) {
            return Err("the entry does not follow the last one".to_owned());
        }
        let load = &mut *self.workload.borrow_mut();
        for event in &entry.events {
            self.make_event(event);
        }
        let replica = load
            .application
            .replica()
            .ok_or("this server can't be one of a pair")?;
        let mut seen = |input: &Input<'_>| self.note_input(input);
        let followed = replica.follow(&entry.calls, &mut load.outputs, &mut seen);
        let digest = self.ledger(|ledger| match entry.digest {
            0 => 0,
            _ => ledger.digest(&load.outputs),
        });
        if followed.is_err() || digest != Some(entry.digest) {
            load.outputs.clear();
            followed?;
            return Err("its outputs are others".to_owned());
        }
        self.send_out(load);
        for &(seat, turn) in &entry.done {
            if let Some(link) = self.links.get(usize::from(seat)) {
                self.enqueue(link, EdgeOrder::Answered(turn));
                link.wake.notify_one();
            }
        }
        self.ledger(|ledger| {
            ledger.turns.extend(entry.done.iter().copied());
            ledger.unfinished.clone_from(&entry.unfinished);
            ledger.n = entry.n;
        });
        Ok(())
    }

    /// Leads from now on. The result is the open connections, and the last turn of each seat that is handled or about to be.
    pub(crate) fn lead(&self) -> (Vec<ConnectionId>, Vec<u64>) {
        let load = &mut *self.workload.borrow_mut();
        if let Some(replica) = load.application.replica() {
            replica.lead(&mut self.own.borrow_mut());
        }
        let result = self.ledger(|ledger| {
            ledger.part = Part::Leads;
            let (mut open, mut turns) = (ledger.open.clone(), ledger.turns());
            if let Some(unfinished) = ledger.unfinished.take() {
                // The edge has to take this turn for handled, since it is handled next.
                for input in unfinished.inputs.iter() {
                    match input {
                        Input::Opened { connection, .. } => drop(open.insert(connection)),
                        Input::Closed { connection, .. } => drop(open.remove(&connection)),
                        _ => {}
                    }
                }
                if let Some(turn) = turns.get_mut(usize::from(unfinished.seat)) {
                    *turn = unfinished.turn;
                }
                let turn = Turn {
                    edge: unfinished.seat,
                    number: unfinished.turn,
                    inputs: unfinished.inputs,
                    journeys: Journeys::default(),
                    wants_answer: true,
                    event: unfinished.is_last.then_some(SeatEvent::Left),
                };
                if let Some(link) = self.links.get(usize::from(turn.edge)) {
                    link.restore(&turn);
                }
                load.turns.push_front(turn);
                load.handled = 0;
            }
            (open.into_iter().collect(), turns)
        });
        self.intake.filled.notify_one();
        result.unwrap_or_default()
    }
}
