//! The administration on the chat's thread, as the handlers of the endpoints use it.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use fchatd_accounts::{AccountDesk, AccountError, AccountService, LoginProvider};
use fchatd_protocol::exchange::Outputs;
use fchatd_world::{Settings, World};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::asked::Asked;
use super::caller::{Access, Caller};
use super::reply::Refusal;
use super::series::Series;
use crate::failure::Failure;
use crate::folder::action_log;
use crate::options::Options;
use crate::server::chat::Chat;
use crate::server::layout::ChatEdges;
use crate::server::{operators, orders};

/// Rows of a list, where a request does not say how many, and at most.
const ROWS: u64 = 50;
const ROWS_MAX: u64 = 200;

/// The administration on the chat's thread.
pub(crate) struct Admin {
    pub(super) edge: ChatEdges,
    pub(super) chat: Chat,
    pub(super) options: Options,
    pub(super) provider: LoginProvider,
    /// The desk of the command line; none where nothing is stored.
    pub(super) desk: Option<Arc<Mutex<AccountDesk>>>,
    pub(super) access: RefCell<Access>,
    pub(super) series: RefCell<Series>,
    /// Held while the action log is read, which may be long.
    pub(super) reading: Semaphore,
    /// Held while settings are written.
    pub(super) editing: Semaphore,
    /// Held while a backup is made.
    pub(super) backing_up: Semaphore,
}

impl Admin {
    /// The administration of a chat.
    pub(crate) fn new(
        options: &Options,
        edge: &ChatEdges,
        chat: &Chat,
        provider: LoginProvider,
        desk: Option<AccountDesk>,
    ) -> Self {
        Self {
            edge: edge.clone(),
            chat: chat.clone(),
            options: options.clone(),
            provider,
            desk: desk.map(|desk| Arc::new(Mutex::new(desk))),
            access: RefCell::default(),
            series: RefCell::default(),
            reading: Semaphore::new(1),
            editing: Semaphore::new(1),
            backing_up: Semaphore::new(1),
        }
    }

    /// Reads the settings in force.
    pub(super) fn with_settings<T>(&self, work: impl FnOnce(&Settings) -> T) -> T {
        self.with_world(|world| work(&world.settings))
    }

    /// Reads the world between two inputs.
    pub(super) fn with_world<T>(&self, work: impl FnOnce(&World) -> T) -> T {
        self.edge
            .interject(|chat, _| chat.with_core(&mut Outputs::default(), |core, _, _| work(core.world())))
    }

    /// Does something at the desk of the command line, on a thread that may block.
    pub(super) async fn at_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let desk = self.desk.clone().ok_or_else(Refusal::nothing_stored)?;
        let done = tokio::task::spawn_blocking(move || {
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut desk)
        });
        done.await
            .map_err(|_| Refusal::failed("the server failed while it did this; its log says how"))?
            .map_err(Refusal::from)
    }

    /// The account service; refuses where a website keeps the accounts.
    pub(super) fn service(&self) -> Result<&AccountService, Refusal> {
        self.provider.accounts().ok_or_else(Refusal::accounts_elsewhere)
    }

    /// As [`Admin::at_desk`], about accounts that are kept here. The chat hears of the change at once.
    pub(super) async fn with_accounts<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut AccountDesk) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let service = self.service()?.clone();
        let done = self.at_desk(work).await?;
        match service.hear_operators().await {
            Ok(actions) => operators::keep(actions, &self.chat),
            // It is heard within a second all the same.
            Err(error) => tracing::debug!(%error, "a change of an account could not be told at once"),
        }
        Ok(done)
    }

    pub(super) fn action_log(&self) -> PathBuf {
        action_log::folder(&self.options.dir)
    }
}

/// A request whose caller may make it.
pub(super) struct Work {
    pub(super) admin: Rc<Admin>,
    pub(super) caller: Caller,
    pub(super) asked: Asked,
}

impl Work {
    /// Puts the action into the action log in the name of the caller.
    pub(super) async fn note(&self, code: &str, arguments: &Value) {
        let Admin { edge, chat, .. } = &*self.admin;
        orders::note(&self.caller.name, code, &arguments.to_string(), edge, chat).await;
    }
}

/// Rows of a page of a list.
pub(super) fn page_of(asked: &Asked) -> Result<usize, Refusal> {
    Ok(asked.whole_within("limit", ROWS, ROWS_MAX)? as usize)
}

/// The answer to a change: a sentence about the result.
pub(super) fn told(sentence: impl Into<String>) -> Value {
    serde_json::json!({ "done": sentence.into() })
}

/// The refusal of a change by a rule.
pub(super) fn refused(sentence: Failure) -> Refusal {
    Refusal::refused(sentence)
}
