//! Rows of the table: the page of the chat, pages of the website, reports in a browser, and pictures.

use super::shape::{Kind, optional, required};
use super::{Access, Endpoint, Family, Handler, Method, Place};
use crate::http::{images, pages, pictures, report_page};

use Kind::{Number, Text};

/// An address of the website.
const fn page(path: &'static str, access: Access, handler: Handler) -> Endpoint {
    Endpoint::new(Place::Exact(path), Family::Pages, access, handler)
}

/// Pictures below a folder.
const fn picture(start: &'static str, part: &'static str, end: &'static str, handler: Handler) -> Endpoint {
    let place = Place::Below { start, part, end };
    Endpoint::new(place, Family::Pictures, Access::Anyone, handler)
}

/// A page of the website with that content.
macro_rules! asked {
    ($asked:expr) => {
        Handler::Whole(|own, request, _| Box::pin(async move { pages::answer(&own, &request, $asked).await }))
    };
}

/// Pictures of the operator, with at most so many names in their paths.
macro_rules! operators {
    ($kind:literal, $most:literal) => {
        Handler::Whole(|own, request, part| {
            Box::pin(async move { images::answer(&own, &request, images::place($kind, $most, &part)).await })
        })
    };
}

/// The page of the chat.
const FRONT: Handler = Handler::Whole(|own, request, _| Box::pin(async move { own.front(&request).await }));

/// Files of the page of the chat at a place.
const fn file(place: Place, handler: Handler) -> Endpoint {
    Endpoint::new(place, Family::Chat, Access::Anyone, handler)
}

/// An avatar.
const AVATAR: Handler = Handler::Whole(|own, request, name| {
    Box::pin(async move { pictures::avatar(&own, &request, &name).await })
});

/// The endpoints for browsers.
pub(super) const ROWS: &[Endpoint] = &[
    file(Place::Exact("/"), FRONT).about(
        "Gives the page of the chat, with the token of the form to sign in or the number of unread notes. A request with \
         `Upgrade: websocket` opens the chat itself, at this path and at all others.",
    ),
    file(Place::Exact("/index.html"), FRONT).about("The same as `/`."),
    file(
        Place::Below {
            start: "/web/",
            part: "file",
            end: "",
        },
        Handler::Whole(|own, request, name| Box::pin(async move { (own.page.file)(&request, &name) })),
    )
    .about("Gives a file of the page, such as a script or a style sheet."),
    file(
        Place::Exact("/favicon.ico"),
        Handler::Whole(|own, request, _| Box::pin(async move { (own.page.file)(&request, "favicon.ico") })),
    )
    .about("Gives the icon of the page."),
    Endpoint::new(
        Place::Below {
            start: "/c/",
            part: "name",
            end: "",
        },
        Family::Pages,
        Access::ProfilePages,
        Handler::Whole(|own, request, name| {
            Box::pin(async move { pages::answer(&own, &request, pages::Asked::profile(&name)).await })
        }),
    )
    .about("Shows the profile of a character."),
    page(
        "/action/script_login.php",
        Access::Anyone,
        asked!(pages::Asked::SignIn),
    )
    .takes(&[Method::Post])
    .about("Begins a session of the website: status 302 and a cookie for the right password.")
    .fields(&[
        required(&[("username", Text)], "the name of the account"),
        required(&[("password", Text)], ""),
        required(
            &[("csrf_token", Text)],
            "the token of the form, from the page at `/`",
        ),
        optional(&[("return", Text)], "a path of this server to go on to"),
    ]),
    page(
        "/action/script_logout.php",
        Access::Session,
        asked!(pages::Asked::SignOut),
    )
    .takes(&[Method::Post])
    .about("Ends the session of the browser.")
    .fields(&[required(&[("csrf_token", Text)], "the token of the form")]),
    page("/read_notes.php", Access::Session, asked!(pages::Asked::Notes))
        .about("Lists the received notes of all characters of the account."),
    page("/view_note.php", Access::Session, asked!(pages::Asked::Note))
        .about("Shows a note.")
        .fields(&[required(&[("note_id", Number)], "")]),
    page("/messages.php", Access::Session, asked!(pages::Asked::Messages))
        .about("Shows messages of the site. There are none."),
    page(
        "/fchat/getLog.php",
        Access::Password,
        Handler::Whole(|own, request, _| Box::pin(async move { report_page::answer(&own, &request).await })),
    )
    .takes(&[Method::Get, Method::Post])
    .about("Asks for account and password, and shows a report to administrators and global moderators.")
    .fields(&[required(
        &[("log", Number)],
        "the number of the report, in the query",
    )]),
    picture("/images/avatar/", "name", ".png", AVATAR).about(
        "Gives the avatar of a character, or a pattern made of the name. The type is that of the bytes.",
    ),
    picture("/avatar/", "name", "", AVATAR).about("The same as `/images/avatar/{name}.png`."),
    picture("/images/eicon/", "file", "", operators!("eicon", 1))
        .about("Gives an animated icon of the operator."),
    picture("/images/social/", "file", "", operators!("social", 1)).about("Gives a picture of the operator."),
    picture("/images/charimage/", "file", "", operators!("charimage", 1))
        .about("Gives a picture of the operator."),
    picture("/images/charthumb/", "file", "", operators!("charthumb", 1))
        .about("Gives a picture of the operator."),
    picture("/images/charinline/", "file", "", operators!("charinline", 3))
        .about("Gives a picture of the operator. The path may have two folders before the file."),
];
