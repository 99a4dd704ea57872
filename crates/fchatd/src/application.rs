//! The chat as the application of an edge: the core, the clock, and the questions that the core has for others.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use fchatd_core::Core;
use fchatd_edge::Application;
use fchatd_login::{LoginCheck, LoginOutcome, LoginProvider, Secret};
use fchatd_protocol::exchange::{ConnectionId, Input, Operation, Outputs, Request};
use fchatd_world::Now;
use tokio::sync::mpsc::UnboundedSender;

/// The answer of the login provider on its way back; nothing when it failed.
pub(crate) type LoginAnswer = (ConnectionId, Option<String>);

/// Gives the core the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now {
            monotonic: self.started.elapsed().as_millis() as u64,
            unix: unix.as_millis() as i64,
        }
    }
}

/// See the module.
pub(crate) struct Chat {
    core: Core,
    clock: Clock,
    now: Now,
    provider: LoginProvider,
    answers: UnboundedSender<LoginAnswer>,
}

impl Chat {
    /// A chat whose login answers go through `answers`; as many as there are login slots can wait in it.
    pub(crate) fn new(
        core: Core,
        clock: Clock,
        provider: LoginProvider,
        answers: UnboundedSender<LoginAnswer>,
    ) -> Self {
        Self {
            core,
            clock,
            now: clock.now(),
            provider,
            answers,
        }
    }

    fn ask(&self, request: Request) {
        let Request::CheckLogin {
            connection,
            address,
            account,
            ticket,
            character,
            client_name,
            client_version,
        } = request;
        let ticket = Secret::new(ticket);
        let check = LoginCheck {
            account,
            ticket,
            character,
            client_name,
            client_version,
            address,
        };
        let (provider, answers) = (self.provider.clone(), self.answers.clone());
        tokio::task::spawn_local(async move {
            let answer = match provider.check(check).await {
                LoginOutcome::Answer(answer) => Some(answer),
                LoginOutcome::Failed => None,
            };
            // Nobody receives any more when the server is going down.
            let _ = answers.send((connection, answer));
        });
    }
}

impl Application for Chat {
    fn begin_turn(&mut self) {
        self.now = self.clock.now();
        self.core.turn();
    }

    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        let handled = catch_unwind(AssertUnwindSafe(|| self.core.handle(self.now, input, outputs)));
        if handled.is_err() {
            tracing::error!("the core panicked; the connection that caused it is closed");
            if let Input::Message { connection, .. } | Input::LoginAnswer { connection, .. } = input {
                outputs.operations.push(Operation::Close {
                    connection,
                    delay_milliseconds: 0,
                });
            }
        }
        for request in std::mem::take(&mut outputs.requests) {
            self.ask(request);
        }
    }
}
