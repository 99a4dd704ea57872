//! What scripts ask of web servers, until the answers come.

use fchatd_protocol::exchange::Request;
use serde::{Deserialize, Serialize};

use crate::world::{ConnectionKey, Map, World};

/// So many questions may be open at once.
const OPEN_MAX: usize = 1000;

/// A question that has not been answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebCall {
    /// The name of the function in `httpcb` that gets the answer.
    pub callback: String,
    /// For whom the script asks.
    pub connection: Option<ConnectionKey>,
    /// The connection whose isolated rules ask; nothing for everybody's.
    pub isolated: Option<ConnectionKey>,
    /// What the script wants back with the answer, as JSON.
    pub extras: Option<String>,
}

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct WebCalls {
    open: Map<u64, WebCall>,
    last: u64,
}

impl WebCalls {
    /// Takes the question of an answer.
    pub fn take(&mut self, id: u64) -> Option<WebCall> {
        self.open.remove(&id)
    }
}

impl World {
    /// Asks a web server, with a form or without; false when too many questions are open.
    pub fn ask_web(&mut self, call: WebCall, url: &str, form: Option<Vec<(String, String)>>) -> bool {
        let calls = &mut self.web_calls;
        if calls.open.len() >= OPEN_MAX {
            return false;
        }
        calls.last += 1;
        let id = calls.last;
        calls.open.insert(id, call);
        let url = url.to_owned();
        self.outputs.requests.push(match form {
            Some(form) => Request::HttpPost { id, url, form },
            None => Request::HttpGet { id, url },
        });
        true
    }
}
