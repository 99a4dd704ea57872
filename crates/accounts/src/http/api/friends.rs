//! Friends and requests for friendship.

use fchatd_store::{AccountId, CharacterId, CharacterKey, FriendLink, FriendRequestLink, Someone};
use serde_json::{Map, Value, json};

use crate::desk::AccountDesk;
use crate::desk::people::{Asked, Side};
use crate::error::AccountError;
use crate::http::endpoints::Signed;
use crate::http::form::Form;
use crate::http::reply::{Refusal, done};

/// The lists of an account.
struct Lists {
    account: AccountId,
    friends: Vec<FriendLink>,
    requests: Vec<FriendRequestLink>,
    bookmarks: Vec<Someone>,
}

pub(in crate::http) async fn friend_list(signed: Signed) -> Result<Value, Refusal> {
    Ok(json!({ "error": "", "friends": lists(signed).await?.friends() }))
}

/// `request-list`: requests that wait for the account.
pub(in crate::http) async fn request_list(signed: Signed) -> Result<Value, Refusal> {
    Ok(json!({ "error": "", "requests": lists(signed).await?.incoming() }))
}

/// `request-pending`: requests of the account that wait for others.
pub(in crate::http) async fn request_pending(signed: Signed) -> Result<Value, Refusal> {
    Ok(json!({ "error": "", "requests": lists(signed).await?.outgoing() }))
}

/// `friend-bookmark-lists`: the lists with a set flag; all lists without one.
pub(in crate::http) async fn all_lists(signed: Signed) -> Result<Value, Refusal> {
    type List = fn(&Lists) -> Vec<Value>;
    let known: [(&str, List); 4] = [
        ("bookmarklist", Lists::bookmarks),
        ("friendlist", Lists::friends),
        ("requestlist", Lists::incoming),
        ("requestpending", Lists::outgoing),
    ];
    let all = !known.iter().any(|(name, _)| signed.form.flag(name));
    let wanted = known.map(|(name, list)| (name, list, all || signed.form.flag(name)));
    let lists = lists(signed).await?;
    let mut answer = Map::new();
    answer.insert("error".to_owned(), json!(""));
    for (name, list, is_wanted) in wanted {
        if is_wanted {
            answer.insert(name.to_owned(), list(&lists).into());
        }
    }
    Ok(answer.into())
}

async fn lists(signed: Signed) -> Result<Lists, Refusal> {
    signed
        .work(|desk, account| {
            Ok(Lists {
                account: account.id,
                friends: desk.accounts.friends_of_account(account.id)?,
                requests: desk.accounts.friend_requests(account.id)?,
                bookmarks: desk.accounts.bookmarks(account.id)?,
            })
        })
        .await
}

impl Lists {
    fn friends(&self) -> Vec<Value> {
        let entry = |link: &FriendLink| {
            // The time since which a person is away is told to no one.
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
}

pub(in crate::http) async fn request_send(signed: Signed) -> Result<Value, Refusal> {
    let source = one_of(
        &signed.form,
        &[("source", "source"), ("source_id", "source_name")],
    )?;
    let target = one_of(
        &signed.form,
        &[
            ("target_id", "target_name"),
            ("target", "target"),
            ("dest_id", "dest_name"),
        ],
    )?;
    let asked = signed
        .work(move |desk, account| {
            let (source, target) = (found(desk, source)?, found(desk, target)?);
            desk.ask_friend(account.id, &source, &target)
        })
        .await?;
    Ok(match asked {
        Asked::Request(request) => json!({ "error": "", "request": shown_request(&request) }),
        // Clients show this link as an open request. The friend list has it as a friend at once.
        Asked::Friend(link) => json!({ "error": "", "request": shown_friend(&link) }),
    })
}

pub(in crate::http) async fn friend_remove(signed: Signed) -> Result<Value, Refusal> {
    let source = signed.form.character("source_id", "source_name")?;
    let other = signed.form.character("dest_id", "dest_name")?;
    signed
        .work(move |desk, account| desk.remove_friend(account.id, &source, &other))
        .await?;
    Ok(done())
}

pub(in crate::http) async fn request_accept(signed: Signed) -> Result<Value, Refusal> {
    let request = signed.form.number("request_id")?;
    signed
        .work(move |desk, account| desk.accept_friend(account.id, request))
        .await?;
    Ok(done())
}

/// The account withdraws a request of its own.
pub(in crate::http) async fn request_cancel(signed: Signed) -> Result<Value, Refusal> {
    drop_request(signed, Side::Source).await
}

/// The account declines a request of another one.
pub(in crate::http) async fn request_deny(signed: Signed) -> Result<Value, Refusal> {
    drop_request(signed, Side::Target).await
}

async fn drop_request(signed: Signed, side: Side) -> Result<Value, Refusal> {
    let request = signed.form.number("request_id")?;
    signed
        .work(move |desk, account| desk.drop_request(account.id, request, side))
        .await?;
    Ok(done())
}

/// The character that the first given pair of fields names. A pair is the field of an id and that of a name. Where both are
/// the same field, the answer has a name and, if it is a number, an id for the case that no character has that name.
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

/// `character-friends`: the friends that the owner of the character shows.
pub(in crate::http) async fn of_character(signed: Signed) -> Result<Value, Refusal> {
    let key = signed.form.character("id", "name")?;
    let friends = signed
        .work(move |desk, account| desk.visible_friends(account.id, &key))
        .await?;
    let friends: Vec<_> = friends.iter().map(|link| simple(&link.friend)).collect();
    Ok(json!({ "error": "", "friends": friends }))
}

/// `character-friend-list`: the links between a character and the account's own ones.
pub(in crate::http) async fn with_character(signed: Signed) -> Result<Value, Refusal> {
    let key = signed.form.character("id", "name")?;
    let (account, who, friends, requests) = signed
        .work(move |desk, account| {
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
