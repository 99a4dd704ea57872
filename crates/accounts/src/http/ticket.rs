//! `getApiTicket`: a ticket for the right password, in the shapes that clients read.

use fchatd_edge::http::{HttpRequest, HttpResponse};
use serde::{Serialize, Serializer};

use super::AccountHttp;
use super::form::Form;
use super::reply::{Readers, Refusal};
use crate::desk::CharacterList;
use crate::login::LoginProvider;
use crate::secret::Secret;

/// The answer of `getApiTicket`. Clients use both shapes of `characters` (docs/api.md, tickets).
#[derive(Serialize)]
struct TicketReply {
    error: &'static str,
    ticket: String,
    account_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    characters: Option<Characters>,
    default_character: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    friends: Option<Vec<Friend>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bookmarks: Option<Vec<Bookmark>>,
}

#[derive(Serialize)]
struct Friend {
    source_name: String,
    dest_name: String,
}

#[derive(Serialize)]
struct Bookmark {
    name: String,
}

/// A character by number (0 for none) or by name (empty for none).
#[derive(Serialize)]
#[serde(untagged)]
enum Reference {
    Number(i64),
    Name(String),
}

enum Characters {
    Names(CharacterList),
    NumbersByName(CharacterList),
}

impl Serialize for Characters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Names(list) => serializer.collect_seq(list.characters.iter().map(|one| &one.name)),
            Self::NumbersByName(list) => {
                serializer.collect_map(list.characters.iter().map(|one| (&one.name, one.id.0)))
            }
        }
    }
}

/// Clients use `POST`. Some older clients know `GET` only, where the password is part of the address.
pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest) -> HttpResponse {
    own.json(grant(&own.provider, request).await, Readers::Anyone)
}

async fn grant(provider: &LoginProvider, request: &HttpRequest) -> Result<TicketReply, Refusal> {
    let (form, query) = (Form::by_method(request)?, Form::query(request));
    let account = form.required("account")?;
    let password = Secret::new(form.required("password")?);
    let grant = provider.grant(account, password, request.address).await?;
    let flag = |name| form.flag(name) || query.flag(name);
    let by_number = flag("new_character_list");
    let default = grant.list.default;
    let default_character = if by_number {
        Reference::Number(default.map_or(0, |id| id.0))
    } else {
        let found = grant.list.characters.iter().find(|one| Some(one.id) == default);
        Reference::Name(found.map(|one| one.name.clone()).unwrap_or_default())
    };
    Ok(TicketReply {
        error: "",
        ticket: grant.ticket.reveal().to_owned(),
        account_id: grant.list.account.0,
        default_character,
        characters: (!flag("no_characters")).then_some(if by_number {
            Characters::NumbersByName(grant.list)
        } else {
            Characters::Names(grant.list)
        }),
        friends: (!flag("no_friends")).then(|| {
            let friends = grant.friends.into_iter();
            friends
                .map(|(source_name, dest_name)| Friend {
                    source_name,
                    dest_name,
                })
                .collect()
        }),
        bookmarks: (!flag("no_bookmarks")).then(|| {
            let names = grant.bookmarks.into_iter();
            names.map(|name| Bookmark { name }).collect()
        }),
    })
}
