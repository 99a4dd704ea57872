//! The connections to a core: the first messages of each, and the conversation with an edge.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fchatd_cluster::{BEAT, Core, CoreEvent, Down, Hello, Malformed, Up, frame};
use tokio::net::TcpStream;
use tracing::{info, warn};

use super::hall::Hall;
use super::pair::Pair;
use super::relay;
use super::security::{Stream, sentence};
use super::wire::{Inbox, greet, in_time, short, write_all};
use crate::http::HttpService;

/// Minimum interval between two log messages about connections that failed.
const COMPLAINT_PAUSE: Duration = Duration::from_secs(1);
/// The same for a message that is the same as the last one.
const COMPLAINT_AGAIN: Duration = Duration::from_secs(60);

impl<H: HttpService + 'static> Hall<H> {
    /// Serves one connection.
    pub(super) async fn attend(self: Rc<Self>, stream: TcpStream, peer: SocketAddr) {
        self.strangers.set(self.strangers.get() + 1);
        let greeted = self.greet(stream).await;
        self.strangers.set(self.strangers.get() - 1);
        match greeted {
            Ok((stream, Up::Wait(epoch))) => {
                if let Err(error) = self.serve_edge(stream, peer, epoch).await
                    && error.kind() != io::ErrorKind::UnexpectedEof
                {
                    self.complain(peer, &sentence(&error));
                }
            }
            Ok((stream, Up::Join(join))) => match &self.pair {
                Some(pair) => {
                    if let Err(error) = self.serve_standby(pair, stream, &join).await
                        && error.kind() != io::ErrorKind::UnexpectedEof
                    {
                        self.complain(peer, &sentence(&error));
                    }
                }
                None => self.complain(
                    peer,
                    "a core wants to be the standby, and cluster is not set here",
                ),
            },
            Ok((_, Up::Relay(_))) if !self.core.borrow().leads() => {}
            Ok((stream, Up::Relay(node))) => {
                let silence = self.core.borrow().timing().silence;
                let answering = relay::answer(
                    stream,
                    Rc::clone(&self.service),
                    Duration::from_millis(silence),
                    node,
                );
                tokio::select! {
                    () = answering => {}
                    () = self.role_changed() => {}
                }
            }
            Ok(_) => self.complain(peer, "its first message is none that opens a connection"),
            Err(error) => self.complain(peer, &sentence(&error)),
        }
    }

    pub(super) async fn greet(&self, stream: TcpStream) -> io::Result<(Inbox<Box<dyn Stream>>, Up<'static>)> {
        let mut stream = in_time(self.security.accept(stream)).await?;
        in_time(greet(&mut stream)).await?;
        let mut inbox = Inbox::new(stream);
        let first = in_time(inbox.next::<Up<'static>>()).await?;
        Ok((inbox, first))
    }

    pub(super) async fn role_changed(&self) {
        match &self.pair {
            Some(pair) => pair.changed.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until this core leads, tells the edge, and takes its hello.
    pub(super) async fn invite(
        &self,
        stream: Inbox<Box<dyn Stream>>,
        epoch: u64,
    ) -> io::Result<(Inbox<Box<dyn Stream>>, Hello)> {
        let mut stream = stream;
        if let Some(pair) = self.pair.as_ref().filter(|pair| pair.epoch() < epoch)
            && self.core.borrow().leads()
            && !pair.has_engine()
        {
            self.step_down(pair, &pair.view_of_another(epoch));
        }
        let beat = frame(&Down::Beat).map_err(io::Error::other)?;
        while !self.core.borrow().leads() {
            // An edge says nothing while it waits: a byte or an end of the connection ends this one.
            tokio::select! {
                () = self.role_changed() => {}
                () = tokio::time::sleep(Duration::from_millis(BEAT)) => stream.write(&beat).await?,
                _ = stream.next::<Up<'static>>() => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let epoch = self.pair.as_ref().map_or(1, Pair::epoch);
        stream
            .write(&frame(&Down::Leads(epoch)).map_err(io::Error::other)?)
            .await?;
        match in_time(stream.next::<Up<'static>>()).await? {
            Up::Hello(hello) => Ok((stream, hello)),
            _ => Err(io::Error::other("its second message is no hello")),
        }
    }

    pub(super) async fn serve_edge(
        self: &Rc<Self>,
        stream: Inbox<Box<dyn Stream>>,
        peer: SocketAddr,
        epoch: u64,
    ) -> io::Result<()> {
        let (inbox, hello) = self.invite(stream, epoch).await?;
        if !self.core.borrow().leads() {
            return Ok(());
        }
        let (mut inbox, mut writer) = inbox.split();
        let number = self.next_number();
        let mut events = Vec::new();
        let greeted = self
            .core
            .borrow_mut()
            .greet(&hello, number, self.now(), &mut events);
        self.take(events);
        let greeted = match greeted {
            Ok(greeted) => greeted,
            Err(refusal) => {
                self.complain(peer, &refusal.to_string());
                let refused = Core::refuse(&refusal.to_string()).unwrap_or_default();
                let _ = in_time(tokio::io::AsyncWriteExt::write_all(&mut writer, &refused)).await;
                let _ = in_time(tokio::io::AsyncWriteExt::shutdown(&mut writer)).await;
                return Ok(());
            }
        };
        self.take(greeted.replaced.map(CoreEvent::Close).into_iter().collect());
        let seat = greeted.seat;
        let wire = self.new_wire(number);
        if let Some(present) = self.present.borrow_mut().get_mut(usize::from(seat)) {
            *present = Some(Rc::clone(&wire));
        }
        if greeted.fresh {
            info!(
                "the edge {} of {peer} is attached as number {seat} (version {})",
                hello.name, hello.program
            );
        }
        let next = || {
            let frame = self.core.borrow_mut().next_frame(seat, number, self.now());
            frame.or_else(|| wire.bye.replace(false).then(|| short(&Down::Bye)))
        };
        let ended = tokio::select! {
            ended = write_all(writer, &wire.wake, next) => ended,
            ended = self.read(&mut inbox, seat, number) => ended,
            () = wire.closing.notified() => Ok(()),
        };
        self.core.borrow_mut().disconnected(seat, number, self.now());
        self.wires.borrow_mut().remove(&number);
        if let Some(present) = self.present.borrow_mut().get_mut(usize::from(seat))
            && present.as_ref().is_some_and(|present| present.number == number)
        {
            *present = None;
        }
        ended
    }

    pub(super) async fn read<R: tokio::io::AsyncRead + Unpin>(
        &self,
        inbox: &mut Inbox<R>,
        seat: u16,
        number: u64,
    ) -> io::Result<()> {
        loop {
            let message = inbox.next::<Up<'static>>().await?;
            let mut events = Vec::new();
            let is_receipt = matches!(message, Up::Got(_));
            let received: Result<(), Malformed> =
                self.core
                    .borrow_mut()
                    .receive(seat, number, message, self.now(), &mut events);
            self.take(events);
            if let Some(pair) = self.pair.as_ref().filter(|_| is_receipt)
                && let Some((attachment, got)) = self.core.borrow().got(seat)
            {
                pair.got(seat, attachment, got);
            }
            received.map_err(io::Error::other)?;
        }
    }

    /// Tells the operator about a connection that failed, at most once in a while.
    pub(super) fn complain(&self, peer: SocketAddr, reason: &str) {
        self.shared.refused.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let complaint = format!(
            "the connection of {} to the cluster port failed: {reason}",
            peer.ip()
        );
        let mut complained = self.complained.borrow_mut();
        let is_soon = complained.as_ref().is_some_and(|(before, text)| {
            let pause = if *text == complaint {
                COMPLAINT_AGAIN
            } else {
                COMPLAINT_PAUSE
            };
            now - *before < pause
        });
        if !is_soon {
            warn!("{complaint}");
            *complained = Some((now, complaint));
        }
    }
}
