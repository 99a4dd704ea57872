//! The listener for programs that watch the server (`admin_listen`): metrics for Prometheus, and health checks. It has a thread
//! of its own, so that slow or many readers never delay the chat. The chat's thread only reads the values.

mod answers;
mod question;
mod readiness;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use fchatd_edge::side::{self, SideLimits};
use fchatd_edge::{listen, runtime};
use fchatd_world::Settings;
use tokio::sync::mpsc;

pub(crate) use self::answers::probe;
pub(crate) use self::readiness::{Readiness, Stage};
use crate::configuration::network::{AdminListen, admin_listen};
use crate::failure::Failure;
use crate::server::layout::ChatEdges;
use crate::server::monitor::answers::Answers;
use crate::server::monitor::question::Question;

/// Connections that are served at once, and the time of each.
const LIMITS: SideLimits = SideLimits {
    connections: 32,
    head: Duration::from_secs(2),
    time: Duration::from_secs(10),
};
/// Questions that wait for the chat's thread.
const QUESTIONS_MAX: usize = 64;

/// The open listener.
#[derive(Debug)]
pub(crate) struct Monitor {
    listener: TcpListener,
    /// Its address.
    pub(crate) local: SocketAddr,
}

impl Monitor {
    /// Opens the listener that the settings ask for, if any. Another program on the address of the default is no reason to
    /// keep people out of the chat: then there are no metrics, and the log says so.
    ///
    /// # Errors
    /// An address that the operator has chosen can't be listened on.
    pub(crate) fn open(settings: &Settings) -> Result<Option<Self>, Failure> {
        let (address, is_chosen) = match admin_listen(settings)? {
            AdminListen::Nowhere => return Ok(None),
            AdminListen::Default(address) => (address, false),
            AdminListen::Chosen(address) => (address, true),
        };
        match Self::bind(address) {
            Ok(monitor) => {
                if !address.ip().is_loopback() {
                    tracing::warn!(
                        "admin_listen is {address}: every machine that reaches it can read the metrics. They name no \
                         people. Let a firewall admit only the machines that monitor this server"
                    );
                }
                Ok(Some(monitor))
            }
            Err(error) if is_chosen => Err(format!(
                "admin_listen: {address} can't be listened on ({error}): choose another address, or \"\" for none"
            )),
            Err(error) => {
                tracing::warn!(
                    "there are no metrics and no health checks at {address} ({error}): set admin_listen to a free \
                     address, or to \"\" for none"
                );
                Ok(None)
            }
        }
    }

    fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = listen(address)?.into_std()?;
        let local = listener.local_addr()?;
        Ok(Self { listener, local })
    }

    /// Starts to answer, until the process ends.
    ///
    /// # Errors
    /// No thread could be started.
    pub(crate) fn serve(self, edge: &ChatEdges, readiness: Readiness) -> Result<(), Failure> {
        let (ask, asked) = mpsc::channel(QUESTIONS_MAX);
        tokio::task::spawn_local(reply(edge.clone(), asked));
        let refused =
            |error: io::Error| format!("the listener of admin_listen could not be started: {error}");
        let listener = self.listener;
        thread::Builder::new()
            .name("monitor".to_owned())
            .spawn(move || {
                let served = runtime().and_then(|runtime| {
                    runtime.block_on(async {
                        let listener = tokio::net::TcpListener::from_std(listener)?;
                        let answers = Rc::new(Answers::new(ask, readiness));
                        let answer = move |request| Rc::clone(&answers).answer(request);
                        side::serve(listener, LIMITS, Rc::new(answer)).await;
                        Ok(())
                    })
                });
                if let Err(error) = served {
                    tracing::error!(%error, "the listener of admin_listen has ended");
                }
            })
            .map(drop)
            .map_err(refused)
    }
}

/// Answers questions on the chat's thread.
async fn reply(edge: ChatEdges, mut asked: mpsc::Receiver<Question>) {
    while let Some(question) = asked.recv().await {
        // A reader that has given up is no matter.
        match question {
            Question::Samples(answer) => {
                let mut samples = Vec::new();
                edge.interject(|chat, _| chat.figures(&mut samples));
                edge.figures(&mut samples);
                let _ = answer.send(samples);
            }
            Question::Alive(answer) => drop(answer.send(edge.are_alive())),
        }
    }
}
