//! The role of this chat in its pair, and the questions of the core that are open.

use std::collections::{BTreeMap, BTreeSet};

use fchatd_protocol::exchange::{ConnectionId, Input, Request};
use serde::{Deserialize, Serialize};

/// The role of the chat in its pair.
#[derive(Debug, Default)]
pub(crate) struct Standby {
    pub(crate) is_following: bool,
    /// Whether the chat has made steps of a leader, so that its clock has to go on.
    pub(crate) has_followed: bool,
    /// The questions that are open now. A leader has asked them; a standby asks them when it leads.
    pub(crate) open: Questions,
    /// The generation of the keeper's reports about the present state.
    pub(crate) generation: u64,
}

/// Questions of the core to services beside it. They are part of its state: a standby that does not know one of them could never
/// answer it, so they go with each image. They hold tickets, so they never reach a log or a disk.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Questions {
    /// Log-in checks, by their connections.
    checks: BTreeMap<ConnectionId, Request>,
    /// Questions for characters.
    searches: BTreeMap<u64, Request>,
    /// Questions to web servers.
    web: BTreeSet<u64>,
}

impl Questions {
    /// The core has asked something.
    pub(crate) fn asked(&mut self, request: &Request) {
        match request {
            Request::CheckLogin { connection, .. } => {
                self.checks.insert(*connection, request.clone());
            }
            Request::FindCharacters { id, .. } => drop(self.searches.insert(*id, request.clone())),
            Request::HttpGet { id, .. } | Request::HttpPost { id, .. } => drop(self.web.insert(*id)),
            Request::HttpCancel { ids } => self.web.retain(|id| !ids.contains(id)),
            _ => {}
        }
    }

    /// An input may answer a question, or make its answer useless.
    pub(crate) fn note(&mut self, input: &Input<'_>) {
        match *input {
            Input::LoginAnswer { connection, .. } | Input::Closed { connection, .. } => {
                self.checks.remove(&connection);
            }
            Input::CharactersFound { id, .. } => drop(self.searches.remove(&id)),
            Input::HttpAnswer { id, .. } => drop(self.web.remove(&id)),
            _ => {}
        }
    }

    /// The questions that another core may ask again: reading changes nothing.
    pub(crate) fn repeatable(&self) -> Vec<Request> {
        self.checks
            .values()
            .chain(self.searches.values())
            .cloned()
            .collect()
    }

    /// The questions to web servers, by their numbers.
    pub(crate) fn web(&self) -> impl Iterator<Item = u64> {
        self.web.iter().copied()
    }

    /// An image of the chat: these questions, and the image of its core.
    ///
    /// # Errors
    /// They can't be written.
    pub(crate) fn before(&self, core: &[u8]) -> Result<Vec<u8>, postcard::Error> {
        let mut image = postcard::to_stdvec(self)?;
        image.extend_from_slice(core);
        Ok(image)
    }

    /// The questions of an image of a chat, and the image of its core.
    ///
    /// # Errors
    /// It is no such image.
    pub(crate) fn of(image: &[u8]) -> Result<(Self, &[u8]), postcard::Error> {
        postcard::take_from_bytes(image)
    }
}

#[cfg(test)]
mod tests {
    use fchatd_protocol::exchange::Departure;

    use super::*;

    const PERSONS: [ConnectionId; 3] = [person(1), person(2), person(3)];

    const fn person(slot: u32) -> ConnectionId {
        ConnectionId {
            edge: 1,
            slot,
            generation: 7,
        }
    }

    fn check(connection: ConnectionId) -> Request {
        Request::CheckLogin {
            connection,
            address: [10, 0, 0, 1].into(),
            account: "ada".to_owned(),
            ticket: "secret".to_owned(),
            character: "Ada".to_owned(),
            client_name: String::new(),
            client_version: String::new(),
        }
    }

    fn search(id: u64) -> Request {
        let names = vec!["Bob".to_owned()];
        Request::FindCharacters { id, names }
    }

    fn get(id: u64) -> Request {
        let url = "http://127.0.0.1/".to_owned();
        Request::HttpGet { id, line: 0, url }
    }

    fn post(id: u64) -> Request {
        let (url, form) = ("http://127.0.0.1/".to_owned(), Vec::new());
        Request::HttpPost {
            id,
            line: 0,
            url,
            form,
        }
    }

    #[test]
    fn an_image_has_all_questions_that_nobody_has_answered_and_no_others() {
        let mut open = Questions::default();
        let checks = PERSONS.map(check);
        let others = [
            search(1),
            search(2),
            get(1),
            post(2),
            get(3),
            post(4),
            Request::Halt,
        ];
        for request in checks.iter().chain(&others) {
            open.asked(request);
        }
        open.note(&Input::LoginAnswer {
            connection: PERSONS[0],
            answer: None,
        });
        open.note(&Input::Closed {
            connection: PERSONS[1],
            departure: Departure::Lost,
        });
        open.note(&Input::CharactersFound { id: 1, answer: None });
        open.note(&Input::HttpAnswer {
            id: 1,
            status: 200,
            body: "",
        });
        open.asked(&Request::HttpCancel { ids: vec![2] });
        for core in [&b""[..], b"the image of a core"] {
            let image = open.before(core).unwrap();
            let (read, rest) = Questions::of(&image).unwrap();
            assert_eq!((&read, rest), (&open, core));
            assert_eq!(read.repeatable(), [check(PERSONS[2]), search(2)]);
            assert_eq!(read.web().collect::<Vec<_>>(), [3, 4]);
        }
        assert!(Questions::of(b"\xff\xff").is_err());
    }
}
