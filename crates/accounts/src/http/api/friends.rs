//! Endpoints of friends, requests for friendship and bookmarks.

use fchatd_store::{AccountId, CharacterId, CharacterKey, FriendLink, FriendRequestLink, Someone};
use serde_json::{Map, Value, json};

use super::Endpoint;
use crate::desk::AccountDesk;
use crate::desk::people::{Asked, Side};
use crate::error::AccountError;
use crate::http::form::Form;
use crate::http::reply::{Refusal, done};
use crate::service::guard::Cost;
use crate::service::{AccountService, Caller};

/// What an account has of friends.
struct Lists {
    account: AccountId,
    friends: Vec<FriendLink>,
    requests: Vec<FriendRequestLink>,
    bookmarks: Vec<Someone>,
}

pub(super) async fn lists(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    let lists = service
        .with_account(caller, Cost::Read, |desk, account| {
            Ok(Lists {
                account: account.id,
                friends: desk.accounts.friends_of_account(account.id)?,
                requests: desk.accounts.friend_requests(account.id)?,
                bookmarks: desk.accounts.bookmarks(account.id)?,
            })
        })
        .await?;
    Ok(match endpoint {
        Endpoint::FriendList => json!({ "error": "", "friends": lists.friends() }),
        Endpoint::RequestList => json!({ "error": "", "requests": lists.incoming() }),
        Endpoint::RequestPending => json!({ "error": "", "requests": lists.outgoing() }),
        _ => lists.asked_for(form),
    })
}

impl Lists {
    fn friends(&self) -> Vec<Value> {
        let entry = |link: &FriendLink| {
            // Nobody is told since when somebody is away.
            json!({ "id": link.id, "source": link.own.name, "dest": link.friend.name, "last_online": 0 })
        };
        self.friends.iter().map(entry).collect()
    }

    fn incoming(&self) -> Vec<Value> {
        self.requests(|request| &request.target)
    }

    fn outgoing(&self) -> Vec<Value> {
        self.requests(|request| &request.source)
    }

    fn requests(&self, own: impl Fn(&FriendRequestLink) -> &Someone) -> Vec<Value> {
        let own = self
            .requests
            .iter()
            .filter(|request| own(request).account == self.account);
        own.map(
            |request| json!({ "id": request.id, "source": request.source.name, "dest": request.target.name }),
        )
        .collect()
    }

    fn bookmarks(&self) -> Vec<Value> {
        self.bookmarks.iter().map(|one| json!(one.name)).collect()
    }

    /// Those lists whose flags are set; all where none is.
    fn asked_for(&self, form: &Form) -> Value {
        type List = fn(&Lists) -> Vec<Value>;
        let known: [(&str, List); 4] = [
            ("bookmarklist", Self::bookmarks),
            ("friendlist", Self::friends),
            ("requestlist", Self::incoming),
            ("requestpending", Self::outgoing),
        ];
        let all = !known.iter().any(|(name, _)| form.flag(name));
        let mut answer = Map::new();
        answer.insert("error".to_owned(), json!(""));
        for (name, list) in known {
            if all || form.flag(name) {
                answer.insert(name.to_owned(), list(self).into());
            }
        }
        answer.into()
    }
}

pub(super) async fn change(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    match endpoint {
        Endpoint::RequestSend | Endpoint::RequestSendTwo => {
            let source = one_of(form, &[("source", "source"), ("source_id", "source_name")])?;
            let target = one_of(
                form,
                &[
                    ("target_id", "target_name"),
                    ("target", "target"),
                    ("dest_id", "dest_name"),
                ],
            )?;
            let asked = service
                .with_account(caller, Cost::Change, move |desk, account| {
                    let (source, target) = (found(desk, source)?, found(desk, target)?);
                    desk.ask_friend(account.id, &source, &target)
                })
                .await?;
            Ok(match asked {
                Asked::Request(request) => json!({ "error": "", "request": shown_request(&request) }),
                // Clients show what they are given as an open request; the friend list has it rightly at once.
                Asked::Friend(link) => json!({ "error": "", "request": shown_friend(&link) }),
            })
        }
        Endpoint::FriendRemove => {
            let source = form.character("source_id", "source_name")?;
            let other = form.character("dest_id", "dest_name")?;
            service
                .with_account(caller, Cost::Change, move |desk, account| {
                    desk.remove_friend(account.id, &source, &other)
                })
                .await?;
            Ok(done())
        }
        _ => {
            let request = form.number("request_id")?;
            service
                .with_account(caller, Cost::Change, move |desk, account| match endpoint {
                    Endpoint::RequestAccept => desk.accept_friend(account.id, request),
                    Endpoint::RequestCancel => desk.drop_request(account.id, request, Side::Source),
                    _ => desk.drop_request(account.id, request, Side::Target),
                })
                .await?;
            Ok(done())
        }
    }
}

/// The character that the first given pair of fields names. A pair is the field of an id and that of a name. Where both are
/// the same field, the answer has a name and, if it is a number, an id for the case that nobody has that name.
fn one_of(form: &Form, pairs: &[(&str, &str)]) -> Result<Vec<CharacterKey>, Refusal> {
    let is_given = |name: &str| form.given(name).is_some_and(|value| !value.is_empty());
    let given = pairs.iter().find(|(id, name)| is_given(id) || is_given(name));
    match given.or(pairs.last()) {
        Some((id, name)) if id != name => Ok(vec![form.character(id, name)?]),
        Some((field, _)) => {
            let name = form.character("", field)?;
            let id = form
                .number(field)
                .ok()
                .map(|id| CharacterKey::Id(CharacterId(id)));
            Ok(std::iter::once(name).chain(id).collect())
        }
        None => Err(Refusal::new("No character is named.")),
    }
}

/// The first of the keys by which a character is found, or the first one.
fn found(desk: &mut AccountDesk, keys: Vec<CharacterKey>) -> Result<CharacterKey, AccountError> {
    for key in &keys {
        match desk.someone(key) {
            Ok(_) => return Ok(key.clone()),
            Err(AccountError::UnknownCharacter) => {}
            Err(error) => return Err(error),
        }
    }
    keys.into_iter().next().ok_or(AccountError::UnknownCharacter)
}

/// `character-friends` is what others see; `character-friend-list` is what stands between a character and the own ones.
pub(super) async fn of_character(
    service: &AccountService,
    endpoint: Endpoint,
    form: &Form,
    caller: Caller,
) -> Result<Value, Refusal> {
    let key = form.character("id", "name")?;
    if endpoint == Endpoint::CharacterFriends {
        let friends = service
            .with_account(caller, Cost::Read, move |desk, account| {
                desk.visible_friends(account.id, &key)
            })
            .await?;
        let friends: Vec<_> = friends.iter().map(|link| simple(&link.friend)).collect();
        return Ok(json!({ "error": "", "friends": friends }));
    }
    let (account, who, friends, requests) = service
        .with_account(caller, Cost::Read, move |desk, account| {
            let who = desk.someone(&key)?;
            let friends = desk.accounts.friends_of_account(account.id)?;
            let requests = desk.accounts.friend_requests(account.id)?;
            Ok((account.id, who, friends, requests))
        })
        .await?;
    let existing: Vec<_> = friends
        .iter()
        .filter(|link| link.friend.id == who.id)
        .map(shown_friend)
        .collect();
    let involved = |own: &Someone, other: &Someone| own.account == account && other.id == who.id;
    let pending: Vec<_> = requests
        .iter()
        .filter(|one| involved(&one.source, &one.target))
        .map(shown_request)
        .collect();
    let incoming: Vec<_> = requests
        .iter()
        .filter(|one| involved(&one.target, &one.source))
        .map(shown_request)
        .collect();
    Ok(
        json!({ "error": "", "name": who.name, "existing": existing, "pending": pending, "incoming": incoming }),
    )
}

fn shown_request(request: &FriendRequestLink) -> Value {
    shown(request.id, &request.source, &request.target, request.created_at)
}

fn shown_friend(link: &FriendLink) -> Value {
    shown(link.id, &link.own, &link.friend, link.created_at)
}

fn shown(id: i64, source: &Someone, target: &Someone, created_at: u64) -> Value {
    json!({ "id": id, "source": simple(source), "target": simple(target), "createdAt": created_at })
}

fn simple(one: &Someone) -> Value {
    json!({ "id": one.id.0, "name": one.name, "deleted": false })
}
