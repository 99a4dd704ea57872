//! The connections between the cores.

use std::io;
use std::rc::Rc;

use fchatd_cluster::pair::{Beginning, Join, ToLeader, ToStandby};
use fchatd_cluster::{Up, frame};
use tokio::net::TcpStream;
use tracing::info;

use super::{PAUSE, Pair};
use crate::afar::hall::Hall;
use crate::afar::security::{Stream, sentence};
use crate::afar::wire::{Inbox, STEP, greet, in_time, write_all};
use crate::http::HttpService;

impl<H: HttpService + 'static> Hall<H> {
    /// Serves the connection of another core that wants to be the standby.
    pub(in crate::afar) async fn serve_standby(
        &self,
        pair: &Pair,
        inbox: Inbox<Box<dyn Stream>>,
        join: &Join,
    ) -> io::Result<()> {
        let (mut inbox, mut writer) = inbox.split();
        let number = self.next_number();
        let leads = self.core.borrow().leads() && !pair.leader.borrow().is_handing_over();
        let is_about_to_lead = pair.is_about_to_lead();
        if pair.engine.is_none() && !self.core.borrow().leads() && join.node == pair.view.borrow().leader {
            // The leader asks whether this core leads. After this answer an earlier order to lead must not be carried out.
            pair.standby.borrow_mut().disconnected();
            pair.closing.notify_one();
        }
        let mut events = Vec::new();
        let joined = match leads {
            true if join.epoch > pair.epoch() && pair.engine.is_some() => Err(format!(
                "this core leads in view {}, and has not heard of view {} yet",
                pair.epoch(),
                join.epoch
            )),
            true if join.epoch > pair.epoch() => Err(format!(
                "this core leads in view {}, and the other one knows view {}: one of the two is out of date. Stop one, and \
                 start it with an empty folder, or promote it with --force",
                pair.epoch(),
                join.epoch
            )),
            true => pair
                .leader
                .borrow_mut()
                .join(join, number, self.now(), &mut events),
            false => Err("this core does not lead".to_owned()),
        };
        if let Err(reason) = joined {
            self.carry_out_leader(pair, events);
            let refused = ToStandby::Refused {
                epoch: pair.epoch(),
                leads: leads || is_about_to_lead,
                process: pair.process,
                reason,
            };
            let bytes = frame(&refused).map_err(io::Error::other)?;
            in_time(tokio::io::AsyncWriteExt::write_all(&mut writer, &bytes)).await?;
            return in_time(tokio::io::AsyncWriteExt::shutdown(&mut writer)).await;
        }
        info!("the core {} wants to be the standby", join.node);
        let wire = self.new_wire(number);
        *pair.wire.borrow_mut() = Some(Rc::clone(&wire));
        self.carry_out_leader(pair, events);
        let next = || {
            if !self.is_center_alive() {
                return None;
            }
            pair.leader.borrow_mut().next_frame(number, self.now())
        };
        let read = async {
            loop {
                let message = inbox.next::<ToLeader>().await?;
                let mut events = Vec::new();
                let mut leader = pair.leader.borrow_mut();
                leader.receive(number, message, self.now(), &mut events);
                drop(leader);
                self.carry_out_leader(pair, events);
            }
        };
        let ended = tokio::select! {
            ended = write_all(writer, &wire.wake, next) => ended,
            ended = read => ended,
            () = wire.closing.notified() => Ok(()),
        };
        self.wires.borrow_mut().remove(&number);
        let mut events = Vec::new();
        pair.leader.borrow_mut().disconnected(number, &mut events);
        self.carry_out_leader(pair, events);
        ended
    }

    /// Whether this core tries to reach a leader: it does not lead, and is not about to. It also tries when it does not know
    /// whether the standby leads that was told to.
    pub(in crate::afar) fn wants_leader(&self, pair: &Pair) -> bool {
        let leader = pair.leader.borrow();
        // An engine decides that.
        let is_unsure = leader.is_handing_over() && !leader.has_standby() && pair.engine.is_none();
        (is_unsure || !self.core.borrow().leads())
            && !pair.is_about_to_lead()
            && self.now() >= pair.rest_until.get()
    }

    /// Tries to be the standby of one of the other cores, as long as this core does not lead.
    pub(in crate::afar) async fn look_for_leader(&self, pair: &Pair) {
        let mut is_begun = false;
        loop {
            if !self.wants_leader(pair) {
                tokio::time::sleep(STEP).await;
                continue;
            }
            for core in &pair.cores {
                match self.follow(pair, core).await {
                    Ok(()) => {}
                    Err(error) => tracing::debug!("the core at {core}: {}", sentence(&error)),
                }
                pair.standby.borrow_mut().disconnected();
                self.claim(pair);
                if !self.wants_leader(pair) {
                    break;
                }
            }
            if pair.engine.is_some() {
                self.lead_from_disk(pair);
            } else if !std::mem::replace(&mut is_begun, true) && !self.core.borrow().leads() {
                if pair.beginning() == Beginning::Leads {
                    self.promote(pair, true);
                } else {
                    pair.tell(
                        "no core leads: this one waits for a leader, or for an operator (fchatd cluster promote)",
                    );
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Is the standby of the core at this address, until the connection ends.
    pub(in crate::afar) async fn follow(&self, pair: &Pair, core: &str) -> io::Result<()> {
        let stream = in_time(TcpStream::connect(core)).await?;
        let _ = stream.set_nodelay(true);
        let mut stream = in_time(self.security.connect(stream)).await?;
        in_time(greet(&mut stream)).await?;
        if !self.wants_leader(pair) {
            return Ok(());
        }
        let (mut inbox, writer) = Inbox::new(stream).split();
        let mut first = Some(pair.standby.borrow_mut().connected(pair.epoch(), self.now()));
        let next = || {
            if let Some(join) = first.take() {
                return frame(&Up::Join(join)).ok();
            }
            if !self.is_center_alive() {
                return None;
            }
            let message = pair.standby.borrow_mut().next_message(self.now())?;
            frame(&message).ok()
        };
        let read = async {
            loop {
                let message = inbox.next::<ToStandby>().await?;
                let mut events = Vec::new();
                let mut standby = pair.standby.borrow_mut();
                standby.receive(message, self.now(), &mut events);
                drop(standby);
                self.carry_out_standby(pair, events);
                pair.wake.notify_one();
            }
        };
        tokio::select! {
            ended = write_all(writer, &pair.wake, next) => ended,
            ended = read => ended,
            () = pair.closing.notified() => Ok(()),
        }
    }

    /// Hands everything in the queues of the edges over to their seats.
    pub(in crate::afar) fn drain_links(&self) {
        for (seat, link) in self.links.iter().enumerate() {
            self.serve_seat(seat as u16, link);
        }
    }

    pub(in crate::afar) fn wake_all(&self) {
        for wire in self.present.borrow().iter().flatten() {
            wire.wake.notify_one();
        }
    }
}
