//! Requests of scripts to web servers, until the answers come.

use std::fmt;

use fchatd_protocol::exchange::Request;
use serde::{Deserialize, Serialize};

use crate::settings::keys;
use crate::world::{ConnectionKey, Map, World};

/// The longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 8 << 10;
/// The most that the fields of a form may hold together, in bytes.
const FORM_BYTES_MAX: usize = 64 << 10;
/// The most that a script may want back with an answer, in bytes of JSON.
const EXTRAS_BYTES_MAX: usize = 64 << 10;

/// A question that has not been answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebCall {
    /// The name of the function in `httpcb` that gets the answer.
    pub callback: String,
    /// The origin of the request.
    pub connection: Option<ConnectionKey>,
    /// The connection with the isolated rules that ask; nothing for the common rules.
    pub isolated: Option<ConnectionKey>,
    /// The data that the script wants back with the answer, as JSON.
    pub extras: Option<String>,
}

/// Why a question is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebRefusal {
    /// So many are open.
    Open(usize),
    /// So many were asked by the call at hand.
    PerCall(usize),
    /// The address is too long.
    Address,
    /// The form is too long.
    Form,
    /// The extras are too long.
    Extras,
}

/// The error for the author of the script.
impl fmt::Display for WebRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(most) => write!(
                formatter,
                "too many questions to web servers are open (http_open = {most})"
            ),
            Self::PerCall(most) => write!(
                formatter,
                "one call may ask web servers {most} times (http_per_call)"
            ),
            Self::Address => write!(formatter, "an address may have {} KiB", ADDRESS_BYTES_MAX >> 10),
            Self::Form => write!(
                formatter,
                "the fields of a form may have {} KiB together",
                FORM_BYTES_MAX >> 10
            ),
            Self::Extras => write!(
                formatter,
                "extras may have {} KiB as JSON",
                EXTRAS_BYTES_MAX >> 10
            ),
        }
    }
}

impl std::error::Error for WebRefusal {}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct WebCalls {
    open: Map<u64, WebCall>,
    last: u64,
    /// How many the input at hand has asked.
    asked: usize,
}

impl WebCalls {
    /// Takes the question of an answer.
    pub fn take(&mut self, id: u64) -> Option<WebCall> {
        self.open.remove(&id)
    }

    /// How many are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub(crate) fn begin_input(&mut self) {
        self.asked = 0;
    }
}

impl World {
    /// Asks a web server, with a form or without.
    ///
    /// # Errors
    /// It is too much, and was not asked.
    pub fn ask_web(
        &mut self,
        call: WebCall,
        url: &str,
        form: Option<Vec<(String, String)>>,
    ) -> Result<(), WebRefusal> {
        let (open_max, asked_max) = (
            self.settings.count(keys::HTTP_OPEN),
            self.settings.count(keys::HTTP_PER_CALL),
        );
        let calls = &mut self.web_calls;
        if calls.open.len() >= open_max {
            return Err(WebRefusal::Open(open_max));
        }
        if calls.asked >= asked_max {
            return Err(WebRefusal::PerCall(asked_max));
        }
        if url.len() > ADDRESS_BYTES_MAX {
            return Err(WebRefusal::Address);
        }
        let fields = form.iter().flatten();
        if fields.map(|(key, value)| key.len() + value.len()).sum::<usize>() > FORM_BYTES_MAX {
            return Err(WebRefusal::Form);
        }
        if call
            .extras
            .as_ref()
            .is_some_and(|extras| extras.len() > EXTRAS_BYTES_MAX)
        {
            return Err(WebRefusal::Extras);
        }
        calls.asked += 1;
        calls.last += 1;
        let (id, line) = (calls.last, call.connection.map_or(0, line));
        calls.open.insert(id, call);
        let url = url.to_owned();
        self.outputs.requests.push(match form {
            Some(form) => Request::HttpPost { id, line, url, form },
            None => Request::HttpGet { id, line, url },
        });
        Ok(())
    }

    /// The connection of the request has gone: its answers are not needed, and no other connection may get them.
    pub(crate) fn cancel_web_calls(&mut self, key: ConnectionKey) {
        let open = &mut self.web_calls.open;
        if open.is_empty() {
            return;
        }
        let theirs = open.iter().filter(|(_, call)| call.connection == Some(key));
        let mut ids: Vec<u64> = theirs.map(|(&id, _)| id).collect();
        if ids.is_empty() {
            return;
        }
        ids.sort_unstable();
        for id in &ids {
            open.remove(id);
        }
        self.outputs.requests.push(Request::HttpCancel { ids });
    }
}

/// The line of a connection's requests, which is never 0.
fn line(key: ConnectionKey) -> u64 {
    ((u64::from(key.generation) << 32) | u64::from(key.index)) + 1
}
