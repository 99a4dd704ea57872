//! Measures against accounts: bans, timeouts and hell-bans, also by the names of characters of unknown accounts;
//! and accounts that are watched for a while.

use std::sync::Arc;

use fchatd_protocol::text::fold;
use serde::{Deserialize, Serialize};

use crate::changes::Thing;
use crate::settings::keys;
use crate::world::{ConnectionKey, World};

/// How long an account is watched, in milliseconds.
const WATCH_MILLISECONDS: u64 = 20 * 60 * 1000;

/// An account is kept out for a time.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Timeout {
    pub(crate) character: Arc<str>,
    /// Unix seconds.
    pub(crate) until: i64,
}

/// An account is watched.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AltWatch {
    character: Arc<str>,
    /// Milliseconds, monotonic.
    until: u64,
}

/// A measure against a character of an unknown account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Measure {
    /// The account is kept out for good.
    Ban,
    /// The account is kept out for a time.
    Timeout,
    /// Nothing of the account reaches others.
    HellBan,
}

impl Measure {
    /// As it is kept.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Measure::Ban => "ban",
            Measure::Timeout => "timeout",
            Measure::HellBan => "hellban",
        }
    }

    /// The measure of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Measure::Ban, Measure::Timeout, Measure::HellBan]
            .into_iter()
            .find(|measure| measure.as_str() == name)
    }
}

/// The record of such a measure, kept under the name in lower case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    /// Unix seconds; 0 for good.
    pub(crate) until: i64,
}

/// A measure against an account as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanction {
    /// `ban`, `timeout` or `hellban`.
    pub kind: &'static str,
    /// The character under whose name it is kept.
    pub character: Arc<str>,
    /// The number of the account; nothing while it is not known.
    pub account: Option<i64>,
    /// Its end, in Unix seconds; 0 for none.
    pub until: i64,
}

impl World {
    /// All measures against accounts, in no order.
    pub fn sanctions(&self) -> impl Iterator<Item = Sanction> {
        let of = |measure: Measure, account: Option<i64>, character: &Arc<str>, until: i64| Sanction {
            kind: measure.as_str(),
            character: Arc::clone(character),
            account,
            until,
        };
        let bans = self.account_bans.iter();
        let timeouts = self.account_timeouts.iter();
        let hellbans = self.account_hellbans.iter();
        bans.map(move |(&account, name)| of(Measure::Ban, Some(account), name, 0))
            .chain(timeouts.map(move |(&account, timeout)| {
                of(Measure::Timeout, Some(account), &timeout.character, timeout.until)
            }))
            .chain(hellbans.map(move |(&account, name)| of(Measure::HellBan, Some(account), name, 0)))
            .chain(
                self.named
                    .iter()
                    .map(move |((_, measure), named)| of(*measure, None, &named.name, named.until)),
            )
    }

    /// Keeps the account of a character out for good, under the character's name. Where the account is not known, the
    /// ban takes effect at the next log-in of the character. False, and nothing done, where no more can be kept.
    pub fn ban_account(&mut self, name: &str) -> bool {
        self.sanction(Measure::Ban, name, 0)
    }

    /// Keeps the account of a character out for some seconds, as [`World::ban_account`] does.
    pub fn time_out_account(&mut self, name: &str, seconds: i64) -> bool {
        let until = self.unix_seconds().saturating_add(seconds);
        self.sanction(Measure::Timeout, name, until)
    }

    /// Has nothing of the account of a character reach others, as [`World::ban_account`] does.
    pub fn hellban_account(&mut self, name: &str) -> bool {
        self.sanction(Measure::HellBan, name, 0)
    }

    fn sanction(&mut self, measure: Measure, name: &str, until: i64) -> bool {
        let person = self.person(name).filter(|person| person.account != 0);
        if let Some(person) = person {
            self.sanction_account(measure, person.account, Arc::from(person.name), until);
            return true;
        }
        let key = (Arc::from(&*fold(name)), measure);
        if !self.named.contains_key(&key) && self.named.len() >= self.settings.count(keys::NAME_BANS_MAX) {
            return false;
        }
        self.changed(Thing::Named(Arc::clone(&key.0), measure));
        let name = Arc::from(name);
        self.named.insert(key, Named { name, until });
        true
    }

    /// How many measures against names wait for the account to be known.
    pub fn name_ban_count(&self) -> usize {
        self.named.len()
    }

    fn sanction_account(&mut self, measure: Measure, account: i64, character: Arc<str>, until: i64) {
        match measure {
            Measure::Ban => {
                self.account_bans.insert(account, character);
                self.changed(Thing::Ban(account));
            }
            Measure::Timeout => {
                self.account_timeouts
                    .insert(account, Timeout { character, until });
                self.changed(Thing::Timeout(account));
            }
            Measure::HellBan => {
                self.account_hellbans.insert(account, character);
                self.changed(Thing::HellBan(account));
                for key in self.of_account(account).to_vec() {
                    self.set_hellbanned(key, true);
                }
            }
        }
        if measure != Measure::HellBan {
            self.withdraw_invitations(account);
        }
    }

    /// The account of a character has become known: bans and timeouts of the name become ones of the account.
    pub fn bind_bans(&mut self, name: &str, account: i64) {
        self.bind(&[Measure::Ban, Measure::Timeout], name, account);
    }

    /// As [`World::bind_bans`], for a hell-ban.
    pub(crate) fn bind_hellban(&mut self, name: &str, account: i64) {
        self.bind(&[Measure::HellBan], name, account);
    }

    fn bind(&mut self, measures: &[Measure], name: &str, account: i64) {
        if self.named.is_empty() || account == 0 {
            return;
        }
        let folded: Arc<str> = Arc::from(&*fold(name));
        for &measure in measures {
            if let Some(named) = self.named.remove(&(Arc::clone(&folded), measure)) {
                self.changed(Thing::Named(Arc::clone(&folded), measure));
                self.sanction_account(measure, account, named.name, named.until);
            }
        }
    }

    fn forget_named(&mut self, name: &str, measure: Measure) -> bool {
        let key = (Arc::from(&*fold(name)), measure);
        let was_there = self.named.remove(&key).is_some();
        if was_there {
            self.changed(Thing::Named(key.0, measure));
        }
        was_there
    }

    /// Lifts the bans recorded under a name; whether there was one.
    pub fn unban_account(&mut self, name: &str) -> bool {
        let before = self.account_bans.len();
        self.account_bans.retain(|&account, character| {
            let stays = !character.eq_ignore_ascii_case(name);
            if !stays {
                self.marks.changed(Thing::Ban(account));
            }
            stays
        });
        let lifted = self.account_bans.len() < before;
        self.forget_named(name, Measure::Ban) || lifted
    }

    /// Whether an account is kept out for good.
    pub fn is_account_banned(&self, account: i64) -> bool {
        self.account_bans.contains_key(&account)
    }

    /// Lifts the timeouts recorded under a name; whether there was one.
    pub fn lift_timeout(&mut self, name: &str) -> bool {
        let before = self.account_timeouts.len();
        self.account_timeouts.retain(|&account, timeout| {
            let stays = !timeout.character.eq_ignore_ascii_case(name);
            if !stays {
                self.marks.changed(Thing::Timeout(account));
            }
            stays
        });
        let lifted = self.account_timeouts.len() < before;
        self.forget_named(name, Measure::Timeout) || lifted
    }

    /// Lifts the hell-bans recorded under a name, and the one of the character's account; whether there was one.
    pub fn lift_hellban(&mut self, name: &str) -> bool {
        let account = self.account_of(name);
        let mut lifted = Vec::new();
        self.account_hellbans.retain(|&held, character| {
            let stays = !character.eq_ignore_ascii_case(name) && Some(held) != account;
            if !stays {
                lifted.push(held);
            }
            stays
        });
        lifted.sort_unstable();
        for &account in &lifted {
            self.changed(Thing::HellBan(account));
            for key in self.of_account(account).to_vec() {
                self.set_hellbanned(key, false);
            }
        }
        self.forget_named(name, Measure::HellBan) || !lifted.is_empty()
    }

    /// Whether nothing of an account reaches others, by a measure taken here.
    pub fn is_account_hellbanned(&self, account: i64) -> bool {
        self.account_hellbans.contains_key(&account)
    }

    /// Measures against names that wait for a log-in.
    pub fn named_sanctions(&self) -> usize {
        self.named.len()
    }

    /// The seconds for which an account is still kept out.
    pub fn account_timeout(&self, account: i64) -> Option<i64> {
        let left = self.account_timeouts.get(&account)?.until - self.unix_seconds();
        (left > 0).then_some(left)
    }

    /// Watches the account behind a connection for 20 minutes.
    pub fn watch_account(&mut self, key: ConnectionKey) {
        let until = self.now.monotonic + WATCH_MILLISECONDS;
        if let Some(connection) = self.connections.get(key) {
            let character = connection.name.clone();
            self.alt_watches
                .insert(connection.account, AltWatch { character, until });
        }
    }

    /// The character that is the reason for watching an account.
    pub fn watched(&self, account: i64) -> Option<&Arc<str>> {
        self.alt_watches
            .get(&account)
            .filter(|watch| watch.until > self.now.monotonic)
            .map(|watch| &watch.character)
    }

    /// Forgets ended measures.
    pub(crate) fn expire_sanctions(&mut self) {
        let (now, monotonic) = (self.unix_seconds(), self.now.monotonic);
        self.account_timeouts.retain(|&account, timeout| {
            let stays = timeout.until > now;
            if !stays {
                self.marks.changed(Thing::Timeout(account));
            }
            stays
        });
        self.alt_watches.retain(|_, watch| watch.until > monotonic);
        self.named.retain(|(folded, measure), named| {
            let stays = named.until == 0 || named.until > now;
            if !stays {
                self.marks.changed(Thing::Named(Arc::clone(folded), *measure));
            }
            stays
        });
    }
}
