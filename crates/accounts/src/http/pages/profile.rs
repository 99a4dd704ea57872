//! The profile of a character as a page: `/c/NAME`, the address that clients link to.

use std::collections::HashMap;

use fchatd_edge::http::HttpRequest;
use fchatd_store::{CharacterKey, Choice, CustomKink, FriendLink, PageHead};

use super::bbcode::rich;
use super::frame::Page;
use super::html::{Html, segment};
use crate::desk::website::{ProfilePages, Session};
use crate::error::AccountError;
use crate::http::AccountHttp;
use crate::http::api::page_json::fields;
use crate::login::open;
use crate::profile::catalogue::Catalogue;
use crate::service::AccountService;
use crate::service::guard::Cost;

const CHOICES: [(Choice, &str, &str); 4] = [
    (Choice::Favourite, "Favourites", "fave"),
    (Choice::Yes, "Yes", "yes"),
    (Choice::Maybe, "Maybe", "maybe"),
    (Choice::No, "No", "no"),
];

/// The page of a character, for visitors that may see it. It is made on the thread of the account service, which bounds how
/// many are made at once.
pub(super) async fn page(
    own: &AccountHttp,
    service: &AccountService,
    request: &HttpRequest,
    session: Option<&Session>,
    name: &str,
) -> Result<Page, AccountError> {
    let pages = own.website.profile_pages();
    if pages == ProfilePages::Off {
        return Ok(hidden());
    }
    let (name, catalogue) = (name.to_owned(), own.catalogue.now());
    if let Some(session) = session {
        let asked_name = name.clone();
        let tables = catalogue.clone();
        let asked = service.with_session(
            session.clone(),
            request.address,
            Cost::Read,
            move |desk, account| {
                let profile = desk.shown_profile(Some(account.id), &asked_name)?;
                Ok(render(&tables, &profile.head, &profile.friends))
            },
        );
        match asked.await {
            // All visitors may see it, also those with an ended session.
            Err(AccountError::SessionOver) if pages == ProfilePages::Public => {}
            other => return other,
        }
    }
    if pages == ProfilePages::Login {
        return Err(AccountError::SessionOver);
    }
    service
        .for_anyone(request.address, move |desk| {
            let profile = desk.shown_profile(None, &name)?;
            Ok(render(&catalogue, &profile.head, &profile.friends))
        })
        .await
}

/// The page of a name where every name is let in.
pub(super) fn made_up(own: &AccountHttp, name: &str) -> Page {
    if own.website.profile_pages() == ProfilePages::Off {
        return hidden();
    }
    match open::page(name, &CharacterKey::Name(name.to_owned())) {
        Ok(head) => render(&own.catalogue.now(), &head, &[]),
        Err(_) => Page::sentence(404, "No such character", "No character can have this name."),
    }
}

fn hidden() -> Page {
    Page::sentence(404, "No profile here", "Profiles are shown in the chat only.")
}

fn render(catalogue: &Catalogue, head: &PageHead, friends: &[FriendLink]) -> Page {
    let (character, page) = (&head.character, &head.page);
    let picture = format!("/avatar/{}", segment(&character.name.to_lowercase()));
    let mut content = Html::default()
        .raw("<article class=\"profile\">\n<header class=\"person-head\"><img class=\"site-avatar\" alt=\"\" width=\"96\" height=\"96\"")
        .attribute("src", &picture)
        .raw("><div><h1>")
        .text(&character.name)
        .raw("</h1>");
    if !page.title.is_empty() {
        content = content
            .raw("<p class=\"profile-title\">")
            .text(&page.title)
            .raw("</p>");
    }
    content = content.raw("</div></header>\n");
    let description = if page.description.is_empty() {
        Html::default().raw("<p class=\"muted\">Nothing is written here yet.</p>")
    } else {
        let text = rich(&page.description, true);
        Html::default()
            .raw("<div class=\"formatted\">")
            .add(&text)
            .raw("</div>")
    };
    content = part(content, "Description", &description);
    content = field_parts(content, catalogue, head);
    let (kinks, customs) = (kinks(catalogue, head), customs(&page.custom_kinks));
    let standard = ("Kinks", &kinks);
    let own = ("Custom kinks", &customs);
    let order = if page.settings.customs_first {
        [own, standard]
    } else {
        [standard, own]
    };
    for (title, list) in order {
        content = part(content, title, list);
    }
    content = part(content, "Friends", &friend_list(friends));
    Page {
        status: 200,
        title: character.name.clone(),
        content: content.raw("</article>"),
        ..Page::default()
    }
}

/// A part with a heading, unless it is empty.
fn part(html: Html, title: &str, content: &Html) -> Html {
    if content.is_empty() {
        return html;
    }
    let html = html
        .raw("<section class=\"room-part\"><h2>")
        .text(title)
        .raw("</h2>");
    html.add(content).raw("</section>\n")
}

/// The fields in words, by their groups.
fn field_parts(html: Html, catalogue: &Catalogue, head: &PageHead) -> Html {
    let mut groups: HashMap<i64, Html> = HashMap::new();
    for (tag, value) in fields(catalogue, head) {
        let Some(words) = catalogue.words(tag, &value).filter(|words| !words.is_empty()) else {
            continue;
        };
        let group = groups.entry(tag.group_id).or_default();
        let field = std::mem::take(group)
            .raw("<div><dt>")
            .text(&tag.name)
            .raw("</dt><dd>");
        *group = field.add(&rich(words, false)).raw("</dd></div>");
    }
    html.each(catalogue.infotag_groups(), |html, (id, name)| {
        match groups.get(&id) {
            Some(list) => {
                let list = Html::default()
                    .raw("<dl class=\"fields\">")
                    .add(list)
                    .raw("</dl>");
                part(html, name, &list)
            }
            None => html,
        }
    })
}

fn kinks(catalogue: &Catalogue, head: &PageHead) -> Html {
    let columns = Html::default().each(CHOICES, |html, (choice, title, class)| {
        let chosen = head.page.kinks.iter().filter(|(_, own)| *own == choice);
        let names = chosen.filter_map(|(id, _)| catalogue.kink(*id));
        let list = Html::default().each(names, |list, kink| {
            let item = list.raw("<li").attribute("title", &kink.description).raw(">");
            item.text(&kink.name).raw("</li>")
        });
        if list.is_empty() {
            return html;
        }
        let column = html
            .raw("<div class=\"kinks kinks-")
            .raw(class)
            .raw("\"><h3>")
            .raw(title);
        column.raw("</h3><ul>").add(&list).raw("</ul></div>")
    });
    if columns.is_empty() {
        return columns;
    }
    Html::default()
        .raw("<div class=\"kink-columns\">")
        .add(&columns)
        .raw("</div>")
}

fn customs(customs: &[CustomKink]) -> Html {
    let list = Html::default().each(customs, |list, custom| {
        let (title, class) = CHOICES
            .into_iter()
            .find(|(choice, ..)| *choice == custom.choice)
            .map_or(("", "maybe"), |(_, title, class)| (title, class));
        let item = list
            .raw("<li><p><span class=\"tag choice-")
            .raw(class)
            .raw("\">")
            .raw(title);
        let item = item
            .raw("</span> <strong>")
            .text(&custom.name)
            .raw("</strong></p>");
        if custom.description.is_empty() {
            return item.raw("</li>");
        }
        let item = item
            .raw("<div class=\"formatted muted\">")
            .add(&rich(&custom.description, false));
        item.raw("</div></li>")
    });
    if list.is_empty() {
        return list;
    }
    Html::default()
        .raw("<ul class=\"custom-list\">")
        .add(&list)
        .raw("</ul>")
}

fn friend_list(friends: &[FriendLink]) -> Html {
    let list = Html::default().each(friends, |list, link| {
        let name = &link.friend.name;
        let item = list
            .raw("<li><a")
            .attribute("href", &format!("/c/{}", segment(name)))
            .raw(">");
        item.text(name).raw("</a></li>")
    });
    if list.is_empty() {
        return list;
    }
    Html::default()
        .raw("<ul class=\"chips\">")
        .add(&list)
        .raw("</ul>")
}
