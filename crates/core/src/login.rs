//! The mechanics of logging in: `IDN`, the login check, its time limit and its answer. The decision and its
//! meaning are the script's `event.ident_callback` (docs/lua.md).

use fchatd_protocol::address::{AddressGroup, is_internal};
use fchatd_protocol::error;
use fchatd_protocol::exchange::{ConnectionId, Request};
use fchatd_protocol::json::read::Node;
use fchatd_world::settings::keys;
use fchatd_world::{Admission, ConnectionKey, State};

use crate::Core;
use crate::dispatch::IDENTIFY;
use crate::fields::{self, CREDENTIAL_BYTES_MAX, IDENTIFICATION_BYTES_MAX};

/// Addresses of which the log says that they have all their sessions.
const FULL_ADDRESSES_MAX: usize = 64;

impl Core {
    /// `IDN`: runs its checks in the order of docs/protocol.md, then asks the login provider.
    pub(crate) fn identify(&mut self, key: ConnectionKey, payload: &str) {
        let Some(connection) = self.world.connection(key) else {
            return;
        };
        let (id, address) = (connection.id, connection.address);
        if connection.state != State::Connected {
            self.world.send_error(key, error::ALREADY_IDENT, None);
            return;
        }
        if self.world.user_count() >= self.world.settings.count(keys::MAXUSERS) && !self.has_a_place(payload)
        {
            return self.refuse(key, error::SERVER_FULL);
        }
        if payload.len() > IDENTIFICATION_BYTES_MAX || self.tape.parse(payload).is_err() {
            return self.refuse(key, error::BAD_SYNTAX);
        }
        let field = |name: &str| match self.tape.get(name) {
            Some(Node::Text(text)) if text.len() <= CREDENTIAL_BYTES_MAX => Some(text.to_owned()),
            _ => None,
        };
        let fields = (
            field("method"),
            field("account"),
            field("ticket"),
            field("character"),
            field("cname"),
            field("cversion"),
        );
        let (
            Some(method),
            Some(account),
            Some(ticket),
            Some(character),
            Some(client_name),
            Some(client_version),
        ) = fields
        else {
            return self.refuse(key, error::BAD_SYNTAX);
        };
        if method != "ticket" {
            return self.refuse(key, error::UNKNOWN_AUTH_METHOD);
        }
        // However many come at once: the log-in provider gives each check its turn where it asks a site.
        self.world.set_state(
            key,
            State::Identifying {
                since: self.world.now.monotonic,
            },
        );
        self.world.outputs.requests.push(Request::CheckLogin {
            connection: id,
            address,
            account,
            ticket,
            character,
            client_name: fields::client(&client_name),
            client_version: fields::client(&client_version),
        });
    }

    /// Whether the character that wants in is online already, and would only go on.
    fn has_a_place(&mut self, payload: &str) -> bool {
        self.world.settings.number(keys::RESUME_GRACE) > 0.0
            && self.tape.parse(payload).is_ok()
            && self
                .tape
                .text("character")
                .is_some_and(|name| self.world.find_character(&name).is_some())
    }

    /// The login provider answered, or failed.
    pub(crate) fn login_answer(&mut self, id: ConnectionId, answer: Option<&str>) {
        let Some(key) = self.world.find_id(id) else { return };
        let pending = |state| matches!(state, State::Identifying { .. });
        if !self
            .world
            .connection(key)
            .is_some_and(|connection| pending(connection.state))
        {
            return;
        }
        self.world.begin_command(key);
        let fault = match answer {
            None => Some(error::LOGIN_TIMED_OUT),
            // The classic server tells an answer that is no JSON from one that did not come.
            Some(answer) if self.tape.parse(answer).is_err() || !self.tape.is_object() => {
                Some(error::FATAL_INTERNAL)
            }
            Some(_) => None,
        };
        if let Some(number) = fault {
            self.refuse(key, number);
            self.explain_errors(Some(IDENTIFY), "");
            return self.settle();
        }
        match self.world.pace_login(self.account_of_answer()) {
            Admission::Now => self.admit(id, key),
            Admission::At(until) => self.world.queue_login(key, answer.unwrap_or_default(), until),
            Admission::Refused(seconds) => {
                let text = format!("This account has logged in too often. Try again in {seconds} s.");
                self.world.send_error(key, error::NO_LOGIN_SLOT, Some(&text));
                self.world.close(key, false);
                self.explain_errors(Some(IDENTIFY), "");
                self.settle();
            }
        }
    }

    /// A log-in with an answer of some time ago may go on now.
    pub(crate) fn let_in(&mut self, key: ConnectionKey, answer: &str) {
        let Some(id) = self.world.connection(key).map(|connection| connection.id) else {
            return;
        };
        self.world.begin_turn();
        self.world.begin_command(key);
        // It was parsed once already.
        if self.tape.parse(answer).is_ok() {
            self.admit(id, key);
        }
    }

    /// The number of the account in the answer on the tape; 0 where the answer is a refusal, since that costs no frames.
    fn account_of_answer(&self) -> i64 {
        if self.tape.text("error").is_some_and(|error| !error.is_empty()) {
            return 0;
        }
        let number = self
            .tape
            .get("account")
            .and_then(|account| account.get("account_id"));
        match number {
            Some(Node::Number(number)) => number as i64,
            Some(Node::Text(text)) => text.parse().unwrap_or(0),
            _ => 0,
        }
    }

    /// Has the script decide about the log-in whose answer is on the tape.
    fn admit(&mut self, id: ConnectionId, key: ConnectionKey) {
        let refused = self.world.limit_counts().addresses_full;
        let number = self.call(key, "ident_callback");
        if self.world.limit_counts().addresses_full > refused {
            self.remark_full_address(key);
        }
        // The character may go on where an earlier connection of its broke off.
        let (key, resumed) = match self.world.find_id(id) {
            Some(now) => (now, now != key),
            None => (key, false),
        };
        let identified = self
            .world
            .connection(key)
            .is_some_and(|connection| connection.is_identified());
        if number != Some(error::OK) || !identified {
            match number {
                // The script may have announced the character before it failed: take that back for all to see.
                None => self.world.depart(key),
                Some(_) if resumed => self.world.depart(key),
                // Nothing is seen by others of a log-in that was refused.
                Some(_) => self.world.retract(key),
            }
            match number {
                _ if self.world.is_closing(key) => {}
                None => self.world.close(key, false),
                Some(error::OK) => self.refuse(key, error::IDENT_FAILED),
                Some(number) => self.refuse(key, number),
            }
        } else if let Some(connection) = self.world.connection(key) {
            tracing::debug!(character = %connection.name, address = %connection.address, "came online");
            self.world.know_person(key);
        }
        self.explain_errors(Some(IDENTIFY), "");
        self.settle();
    }

    /// Says in the log, once for each address, that an address of the operator's own network has all its sessions: most
    /// likely it is a reverse proxy that is not in `load_balancers`, and then all visitors share its limit. Nothing is said of
    /// other addresses, since a household with one session too many is nothing that an operator has to look into.
    fn remark_full_address(&mut self, key: ConnectionKey) {
        let Some(address) = self.world.connection(key).map(|connection| connection.address) else {
            return;
        };
        let group = AddressGroup::from(address);
        let is_new = !self.full_addresses.contains(&group);
        if is_internal(address) && is_new && self.full_addresses.len() < FULL_ADDRESSES_MAX {
            self.full_addresses.push(group);
            tracing::warn!(
                %address,
                "a log-in from {address} is refused (ERR 30), because max_per_ip sessions are online from there. If {address} is \
                 your reverse proxy, add it to load_balancers and set proxy_header: else all visitors behind it count as one \
                 address. This is said once for each address"
            );
        }
    }

    /// Refuses the log-ins with a check that takes too long.
    pub(crate) fn time_out_logins(&mut self) {
        let limit = (self.world.settings.number(keys::LOGINTIMEOUT) * 1000.0) as u64;
        if let Some(moment) = self.world.now.monotonic.checked_sub(limit) {
            for key in self.world.identifying_since(moment) {
                self.refuse(key, error::LOGIN_TIMED_OUT);
            }
        }
    }
}
