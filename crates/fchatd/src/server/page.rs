//! The page at `/`, which is part of the program. Its paths are rows of the table of endpoints (`fchatd_accounts`).

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use fchatd_accounts::{AccountHttp, ChatPage, FrontPage};
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse, HttpService};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/x-icon";

/// The files of the page: name, type, content. The build script lists them.
const FILES: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// The page brings everything along and talks to no other server; the browser holds it to that.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page for the table of endpoints.
const PAGE: ChatPage = ChatPage { front, file: answer };

/// Answers everything that comes over plain HTTP.
pub(crate) struct Site {
    http: AccountHttp,
}

impl Site {
    /// A site with the page and these accounts.
    pub(crate) fn new(accounts: AccountHttp) -> Self {
        Self {
            http: accounts.with_page(PAGE),
        }
    }
}

impl HttpService for Site {
    fn call(&self, request: HttpRequest) -> HttpFuture {
        let answer = self.http.route(&request);
        answer.unwrap_or_else(|| Box::pin(std::future::ready(nothing(&request))))
    }

    fn body_bytes_max(&self, path: &str, usual: usize) -> usize {
        AccountHttp::body_bytes_max(path, usual)
    }
}

/// The page at `/`, with two things that programs look for in it: the token of the form to sign in, and the number of unread notes. It is the
/// same for an address and an hour as long as nothing comes, so that browsers need not load it again.
fn front(request: &HttpRequest, visitor: Option<&FrontPage>) -> HttpResponse {
    let Some(page) = file("index.html").and_then(|(_, content)| std::str::from_utf8(content).ok()) else {
        return text(404, "There is no page here.");
    };
    let page = page
        .replacen(
            "<!--site:head-->\n",
            &visitor.map_or_else(String::new, head_of),
            1,
        )
        .replacen(
            "<!--site:body-->\n",
            &visitor.map_or_else(String::new, body_of),
            1,
        );
    let mut answer = tagged(request, HTML, Bytes::from(page));
    for (name, value) in &mut answer.headers {
        if *name == "cache-control" {
            "private, no-cache".clone_into(value);
        }
    }
    answer.headers.push(("vary", "Cookie".into()));
    answer
}

fn head_of(visitor: &FrontPage) -> String {
    format!("<meta name=\"csrf-token\" content=\"{}\">\n", visitor.csrf_token)
}

/// The names of the elements are those by which clients find them.
fn body_of(visitor: &FrontPage) -> String {
    match visitor.unread {
        Some((notes, messages)) => format!(
            "<p id=\"NavigationNotecount\" hidden>{notes} Notes</p>\n<p id=\"NavigationMessages\" hidden>{messages} Messages</p>\n\
             <noscript><p class=\"noscript\"><a href=\"/read_notes.php\">Notes</a></p></noscript>\n"
        ),
        None => format!(
            "<noscript>\n<form class=\"noscript stack\" method=\"post\" action=\"/action/script_login.php\">\n\
             <input type=\"hidden\" name=\"csrf_token\" value=\"{}\">\n\
             <label>Account <input name=\"username\" autocomplete=\"username\" required></label>\n\
             <label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" required></label>\n\
             <button class=\"primary\" type=\"submit\">Sign in to read notes and profiles</button>\n</form>\n</noscript>\n",
            visitor.csrf_token
        ),
    }
}

fn file(name: &str) -> Option<(&'static str, &'static [u8])> {
    let found = FILES.iter().find(|(known, ..)| *known == name);
    found.map(|&(_, kind, content)| (kind, content))
}

/// A file of the page.
fn answer(request: &HttpRequest, name: &str) -> HttpResponse {
    match file(name) {
        Some((kind, content)) => tagged(request, kind, Bytes::from_static(content)),
        None => nothing(request),
    }
}

/// The answer where the table has no endpoint.
fn nothing(request: &HttpRequest) -> HttpResponse {
    match request.method.as_str() {
        "GET" | "HEAD" => text(404, "There is no such page here. The chat is at /."),
        _ => text(405, "There is nothing here to send to."),
    }
}

/// An answer that browsers keep, and ask about once more each time.
fn tagged(request: &HttpRequest, kind: &'static str, content: Bytes) -> HttpResponse {
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
        body: if unchanged { Bytes::new() } else { content },
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

    fn request(path: &str, if_none_match: Option<String>) -> HttpRequest {
        HttpRequest {
            method: "GET".into(),
            path: path.into(),
            query: String::new(),
            content_type: None,
            if_none_match,
            cookie: None,
            is_https: false,
            body: Bytes::new(),
            address: [127, 0, 0, 1].into(),
        }
    }

    fn get(path: &str, if_none_match: Option<String>) -> HttpResponse {
        let request = request(path, if_none_match);
        match path.strip_prefix("/web/") {
            Some(name) => answer(&request, name),
            None => front(&request, None),
        }
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
    fn an_unchanged_page_is_not_sent_again() {
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

    #[test]
    fn the_page_has_what_programs_look_for() {
        let header = |answer: &HttpResponse, wanted: &str| {
            let found = answer.headers.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.clone()).unwrap()
        };
        let of = |visitor: Option<&FrontPage>, known: Option<String>| front(&request("/", known), visitor);
        let words = |answer: &HttpResponse| String::from_utf8(answer.body.to_vec()).unwrap();
        let mut visitor = FrontPage {
            csrf_token: "0123abcd".to_owned(),
            unread: None,
        };
        let stranger = of(Some(&visitor), None);
        assert!(words(&stranger).contains("<meta name=\"csrf-token\" content=\"0123abcd\">"));
        let input = "<input type=\"hidden\" name=\"csrf_token\" value=\"0123abcd\">";
        let first = words(&stranger)
            .lines()
            .find(|line| line.contains("csrf_token"))
            .map(str::to_owned);
        assert_eq!(first.as_deref(), Some(input), "on a line of its own");
        assert!(!words(&stranger).contains("NavigationNotecount"));
        assert_eq!(header(&stranger, "vary"), "Cookie");
        assert_eq!(header(&stranger, "cache-control"), "private, no-cache");
        visitor.unread = Some((3, 0));
        let known = of(Some(&visitor), None);
        assert!(words(&known).contains("<p id=\"NavigationNotecount\" hidden>3 Notes</p>"));
        assert!(words(&known).contains("<p id=\"NavigationMessages\" hidden>0 Messages</p>"));
        assert!(!words(&known).contains("csrf_token"), "nobody signs in twice");
        let tag = header(&known, "etag");
        assert_eq!(of(Some(&visitor), Some(tag.clone())).status, 304);
        visitor.unread = Some((4, 0));
        assert_eq!(of(Some(&visitor), Some(tag)).status, 200, "something came");
        assert!(
            !words(&of(None, None)).contains("<!--site"),
            "nothing is left of the places"
        );
        // The edge counts no answer of that size, so the page is there under any load.
        assert!(known.body.len() < 32 * 1024);
    }
}
