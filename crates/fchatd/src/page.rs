//! The page at `/`, which is part of the program, and the way from an HTTP request to whoever answers it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use bytes::Bytes;
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse, HttpService};
use fchatd_login::AccountHttp;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

macro_rules! files {
    ($($name:literal $kind:ident;)*) => {
        &[$(($name, $kind, include_bytes!(concat!("../../../web/", $name)).as_slice())),*]
    };
}

/// The files of the page: name, type, content.
const FILES: &[(&str, &str, &[u8])] = files! {
    "index.html" HTML;
    "style.css" STYLE;
    "bbcode.css" STYLE;
    "people.css" STYLE;
    "talk.css" STYLE;
    "account.js" SCRIPT;
    "ads.js" SCRIPT;
    "api.js" SCRIPT;
    "app.js" SCRIPT;
    "avatar-file.js" SCRIPT;
    "bbcode.js" SCRIPT;
    "channels.js" SCRIPT;
    "commands.js" SCRIPT;
    "composer.js" SCRIPT;
    "connection.js" SCRIPT;
    "custom-kinks.js" SCRIPT;
    "dialog.js" SCRIPT;
    "dialogs.js" SCRIPT;
    "dice.js" SCRIPT;
    "entry.js" SCRIPT;
    "find.js" SCRIPT;
    "formatting.js" SCRIPT;
    "frames.js" SCRIPT;
    "friends.js" SCRIPT;
    "lists.js" SCRIPT;
    "log.js" SCRIPT;
    "memory.js" SCRIPT;
    "menu.js" SCRIPT;
    "moderation.js" SCRIPT;
    "note-views.js" SCRIPT;
    "notes.js" SCRIPT;
    "notify.js" SCRIPT;
    "outbox.js" SCRIPT;
    "people.js" SCRIPT;
    "profile.js" SCRIPT;
    "profile-edit.js" SCRIPT;
    "relations.js" SCRIPT;
    "report.js" SCRIPT;
    "roles.js" SCRIPT;
    "room.js" SCRIPT;
    "search.js" SCRIPT;
    "settings.js" SCRIPT;
    "settings-dialog.js" SCRIPT;
    "staff.js" SCRIPT;
    "state.js" SCRIPT;
    "storage.js" SCRIPT;
    "talk.js" SCRIPT;
    "text.js" SCRIPT;
};

/// The page brings everything along and talks to nobody else; the browser holds it to that.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Answers everything that comes over plain HTTP.
pub(crate) struct Site {
    accounts: Rc<AccountHttp>,
}

impl Site {
    /// A site with the page and these accounts.
    pub(crate) fn new(accounts: AccountHttp) -> Self {
        Self {
            accounts: Rc::new(accounts),
        }
    }
}

impl HttpService for Site {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        match self.accounts.route(&request) {
            Some(answer) => answer,
            None => Box::pin(std::future::ready(answer(&request))),
        }
    }

    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        AccountHttp::body_bytes_max(path, usual)
    }
}

fn answer(request: &HttpRequest) -> HttpResponse {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return text(405, "There is nothing here to send to.");
    }
    let name = match request.path.as_str() {
        "/" | "/index.html" => "index.html",
        path => path.strip_prefix("/web/").unwrap_or_default(),
    };
    let Some(&(_, kind, content)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return text(404, "There is no such page here. The chat is at /.");
    };
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    let tag = format!("\"{:016x}\"", hasher.finish());
    let unchanged = request.if_none_match.as_deref() == Some(tag.as_str());
    HttpResponse {
        status: if unchanged { 304 } else { 200 },
        headers: vec![
            ("content-type", kind.into()),
            ("etag", tag),
            ("cache-control", "no-cache".into()),
            ("content-security-policy", POLICY.into()),
            ("x-content-type-options", "nosniff".into()),
            ("referrer-policy", "no-referrer".into()),
        ],
        body: if unchanged {
            Bytes::new()
        } else {
            Bytes::from_static(content)
        },
    }
}

fn text(status: u16, sentence: &'static str) -> HttpResponse {
    HttpResponse {
        status,
        headers: vec![("content-type", "text/plain; charset=utf-8".into())],
        body: Bytes::from_static(sentence.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str, if_none_match: Option<String>) -> HttpResponse {
        answer(&HttpRequest {
            method: "GET".into(),
            path: path.into(),
            query: String::new(),
            content_type: None,
            if_none_match,
            body: Bytes::new(),
            address: [127, 0, 0, 1].into(),
        })
    }

    #[test]
    fn every_file_of_the_page_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert_eq!(
                get(&format!("/web/{name}"), None).status,
                200,
                "{name} is not in the table"
            );
        }
    }

    /// Else the browser would learn of the modules one import after another, a round trip each.
    #[test]
    fn every_module_is_asked_for_at_once() {
        let page = String::from_utf8(get("/", None).body.to_vec()).unwrap();
        for (name, ..) in FILES.iter().filter(|(_, kind, _)| *kind == SCRIPT) {
            let link = match *name {
                "app.js" => "<script type=\"module\" src=\"/web/app.js\">".to_owned(),
                name => format!("<link rel=\"modulepreload\" href=\"/web/{name}\">"),
            };
            assert!(page.contains(&link), "{name} is not in index.html");
        }
    }

    #[test]
    fn what_has_not_changed_is_not_sent_again() {
        let first = get("/", None);
        let tag = first
            .headers
            .iter()
            .find(|(name, _)| *name == "etag")
            .unwrap()
            .1
            .clone();
        let again = get("/", Some(tag));
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(get("/web/../Cargo.toml", None).status, 404);
    }
}
