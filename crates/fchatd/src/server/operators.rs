//! The work of operators on the command line while the server runs.

use std::time::Duration;

use fchatd_accounts::{LoginProvider, OperatorAction};
use fchatd_protocol::exchange::{ActionEntry, Request, Undo};
use fchatd_protocol::json::write::Object;

use super::chat::Chat;

/// The greatest delay after which an operator's change is noticed.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks again and again, for as long as the server runs.
pub(super) async fn hear(provider: LoginProvider, chat: Chat) {
    let Some(service) = provider.accounts() else {
        return;
    };
    let mut failing = false;
    loop {
        // At once, too: changes before the start must not remove people that come in now.
        match service.hear_operators().await {
            Ok(actions) => {
                failing = false;
                keep(actions, &chat);
            }
            Err(error) if !failing => {
                failing = true;
                tracing::warn!(
                    "it could not be seen what operators have done, which is tried again: {error}"
                );
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Chat {
    /// Has an action of an operator written into the action log.
    pub(crate) fn keep_action(&self, entry: ActionEntry) {
        self.0.borrow().keep(Request::Action(Box::new(entry)));
    }

    /// Has the configuration read again, without an administrator: the log has the result.
    pub(crate) fn read_configuration(&self) {
        self.0.borrow().around.reload.ask(None);
    }
}

/// Has actions of operators written into the action log.
pub(super) fn keep(actions: Vec<OperatorAction>, chat: &Chat) {
    for action in actions {
        chat.keep_action(entry(action));
    }
}

/// The entry of the action log.
fn entry(action: OperatorAction) -> ActionEntry {
    let mut arguments = Vec::new();
    Object::open(&mut arguments)
        .text("account", &action.account)
        .close();
    let arguments = String::from_utf8(arguments).unwrap_or_default();
    ActionEntry {
        name: Undo::OPERATOR.to_owned(),
        arguments,
        code: action.code,
        time: i64::try_from(action.made_at).unwrap_or(i64::MAX),
        target: None,
        channel: None,
    }
}
