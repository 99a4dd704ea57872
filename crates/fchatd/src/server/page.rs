//! The page at `/`, which is part of the program. Its paths are rows of the table of endpoints (`fchatd_accounts`).

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use fchatd_accounts::{ChatPage, FrontPage};
use fchatd_edge::http::{HttpRequest, HttpResponse};
use zlib_rs::{DeflateConfig, ReturnCode};

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/x-icon";

/// A file of the page, as the build script made it.
struct PageFile {
    /// The name below `/web/`.
    name: &'static str,
    /// The `Content-Type`.
    kind: &'static str,
    /// Whether the name changes with the content, so that browsers may keep the file.
    is_hashed: bool,
    /// A hash of the content.
    hash: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
    brotli: Option<&'static [u8]>,
}

/// The files of the page. The build script lists them.
const FILES: &[PageFile] = include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// How long browsers may keep a file whose name has a hash: a year, and without asking again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Browsers keep the file and ask about it each time.
const ASK_AGAIN: &str = "no-cache";

/// Window bits of zlib that mean: the largest window (15), with the head and the checksum of gzip (16).
const GZIP_WINDOW_BITS: i32 = 15 + 16;

/// The page brings everything along and talks to no other server; the browser holds it to that.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The page for the table of endpoints.
pub(super) const PAGE: ChatPage = ChatPage { front, file: answer };

/// Whether the page at `/` is wanted.
pub(super) fn is_front(request: &HttpRequest) -> bool {
    matches!(request.path.as_str(), "/" | "/index.html") && matches!(request.method.as_str(), "GET" | "HEAD")
}

/// The page at `/`, with two things that programs look for in it: the token of the form to sign in, and the number of unread notes. It is the
/// same for an address and an hour as long as nothing comes, so that browsers need not load it again.
pub(super) fn front(request: &HttpRequest, visitor: Option<&FrontPage>) -> HttpResponse {
    let Some(page) = file("index.html").and_then(|file| std::str::from_utf8(file.plain).ok()) else {
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
    let mut answer = document(request, page);
    answer.headers.push(("vary", "Cookie, Accept-Encoding".into()));
    answer
}

/// The administration page. It holds no data: its scripts ask for them.
pub(super) fn administration(request: &HttpRequest) -> HttpResponse {
    if !matches!(request.method.as_str(), "GET" | "HEAD") {
        return nothing(request);
    }
    let Some(page) = file("admin.html").and_then(|file| std::str::from_utf8(file.plain).ok()) else {
        return text(404, "There is no page here.");
    };
    let mut answer = document(request, page.to_owned());
    answer.headers.push(("vary", "Accept-Encoding".into()));
    answer
}

/// A document with the tag of its content, compressed where the client understands that.
fn document(request: &HttpRequest, page: String) -> HttpResponse {
    let mut hasher = DefaultHasher::new();
    page.hash(&mut hasher);
    let wants_gzip = accepts(request.accept_encoding.as_deref().unwrap_or_default(), "gzip");
    let form = if wants_gzip { "gzip" } else { "" };
    let tag = format!("{:016x}{form}", hasher.finish());
    let compressed = if wants_gzip && !is_known(request, &tag) {
        gzip(page.as_bytes())
    } else {
        None
    };
    let encoding = compressed
        .is_some()
        .then_some(("content-encoding", "gzip".into()));
    let content = compressed.unwrap_or_else(|| page.into_bytes());
    let mut answer = tagged(request, HTML, &tag, Bytes::from(content));
    answer.headers.push(("cache-control", "private, no-cache".into()));
    answer.headers.extend(encoding);
    answer
}

/// `content` in the format of gzip, at a level that costs less than sending the rest would. No part of the page is chosen by a stranger, so
/// the compressed length tells nothing about the token in it.
fn gzip(content: &[u8]) -> Option<Vec<u8>> {
    let config = DeflateConfig {
        level: 6,
        window_bits: GZIP_WINDOW_BITS,
        ..DeflateConfig::default()
    };
    let mut output = vec![0; content.len()];
    match zlib_rs::compress_slice(&mut output, content, config) {
        (written, ReturnCode::Ok) => Some(written.to_vec()),
        // A page that does not get smaller is sent as it is.
        _ => None,
    }
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

fn file(name: &str) -> Option<&'static PageFile> {
    FILES.iter().find(|file| file.name == name)
}

/// The answer to a request for a file of the page; `None` for other paths. For edges, which have no table of endpoints.
pub(super) fn file_answer(request: &HttpRequest) -> Option<HttpResponse> {
    let name = match request.path.as_str() {
        "/favicon.ico" => "favicon.ico",
        path => path.strip_prefix("/web/")?,
    };
    Some(match request.method.as_str() {
        "GET" | "HEAD" => answer(request, name),
        _ => nothing(request),
    })
}

/// A file of the page.
fn answer(request: &HttpRequest, name: &str) -> HttpResponse {
    // The page itself has places for the visitor's part, and is at `/` only.
    let Some(file) = file(name).filter(|file| file.kind != HTML) else {
        return nothing(request);
    };
    let (encoding, content) = packed(file, request.accept_encoding.as_deref().unwrap_or_default());
    let tag = format!("{}{}", file.hash, encoding.unwrap_or_default());
    let mut answer = tagged(request, file.kind, &tag, Bytes::from_static(content));
    let keep = if file.is_hashed { FOR_EVER } else { ASK_AGAIN };
    answer
        .headers
        .extend([("cache-control", keep.into()), ("vary", "Accept-Encoding".into())]);
    answer
        .headers
        .extend(encoding.map(|encoding| ("content-encoding", encoding.into())));
    answer
}

/// The answer where the table has no endpoint.
pub(super) fn nothing(request: &HttpRequest) -> HttpResponse {
    match request.method.as_str() {
        "GET" | "HEAD" => text(404, "There is no such page here. The chat is at /."),
        _ => text(405, "There is nothing here to send to."),
    }
}

/// The smallest form of a file that the client understands, with the name of its encoding.
fn packed(file: &PageFile, accepted: &str) -> (Option<&'static str>, &'static [u8]) {
    let forms = [("br", file.brotli), ("gzip", file.gzip)];
    let mut understood = forms
        .into_iter()
        .filter(|(encoding, _)| accepts(accepted, encoding));
    match understood.find_map(|(encoding, content)| content.map(|content| (encoding, content))) {
        Some((encoding, content)) => (Some(encoding), content),
        None => (None, file.plain),
    }
}

/// Whether an `Accept-Encoding` header names the encoding, and not with the weight 0.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|offer| {
        let (name, weight) = offer.split_once(';').unwrap_or((offer, "q=1"));
        let weight = weight
            .trim()
            .strip_prefix("q=")
            .and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(encoding) && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// Whether the browser has the content with this tag already.
fn is_known(request: &HttpRequest, tag: &str) -> bool {
    let known = request.if_none_match.as_deref().unwrap_or_default();
    known.strip_prefix('"').and_then(|known| known.strip_suffix('"')) == Some(tag)
}

/// An answer with the tag of its content. It has no body where the browser has that content already.
fn tagged(request: &HttpRequest, kind: &'static str, tag: &str, content: Bytes) -> HttpResponse {
    let unchanged = is_known(request, tag);
    HttpResponse {
        status: if unchanged { 304 } else { 200 },
        headers: vec![
            ("content-type", kind.into()),
            ("etag", format!("\"{tag}\"")),
            ("content-security-policy", POLICY.into()),
            ("x-content-type-options", "nosniff".into()),
            ("referrer-policy", "no-referrer".into()),
        ],
        body: if unchanged { Bytes::new() } else { content },
    }
}

/// A sentence as an answer.
pub(super) fn text(status: u16, sentence: &'static str) -> HttpResponse {
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
            accept_encoding: None,
            cookie: None,
            authorization: None,
            user_agent: None,
            is_cross_site: false,
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

    fn header(answer: &HttpResponse, wanted: &str) -> Option<String> {
        let found = answer.headers.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| value.clone())
    }

    /// A first visit loads the page, a script and a style sheet. Browsers know Brotli over TLS only.
    #[test]
    fn the_page_is_three_files() {
        for (accepted, bytes_max) in [("gzip, deflate, br", 80 * 1024), ("gzip, deflate", 100_000)] {
            let bytes = first_visit(accepted);
            assert!(bytes <= bytes_max, "{bytes} with {accepted}");
        }
    }

    /// The bytes that a browser loads at its first visit.
    fn first_visit(accepted: &str) -> usize {
        let html = String::from_utf8(get("/", None).body.to_vec()).unwrap();
        let mut visit = request("/", None);
        visit.accept_encoding = Some(accepted.to_owned());
        let page = front(&visit, None);
        assert_eq!(header(&page, "content-encoding").unwrap(), "gzip");
        let mut bytes = page.body.len();
        assert!(bytes < html.len() / 2, "{bytes} of {}", html.len());
        visit.if_none_match = header(&page, "etag");
        assert_eq!(front(&visit, None).status, 304);
        let mut names: Vec<&str> = html.split("\"/web/").skip(1).collect();
        for name in &mut names {
            *name = name.split('"').next().unwrap();
            let mut request = request(&format!("/web/{name}"), None);
            request.accept_encoding = Some(accepted.to_owned());
            let file = answer(&request, name);
            assert_eq!(file.status, 200, "{name}");
            assert_eq!(header(&file, "cache-control").unwrap(), FOR_EVER);
            bytes += file.body.len();
        }
        assert_eq!(names.len(), 2, "{names:?}");
        bytes
    }

    #[test]
    fn the_smallest_form_that_the_client_understands_is_sent() {
        let script = FILES.iter().find(|file| file.kind == SCRIPT).unwrap();
        let of = |accepted: &str| {
            let mut request = request(&format!("/web/{}", script.name), None);
            request.accept_encoding = Some(accepted.to_owned());
            let answer = answer(&request, script.name);
            assert_eq!(header(&answer, "vary").unwrap(), "Accept-Encoding");
            (
                header(&answer, "content-encoding"),
                header(&answer, "etag"),
                answer.body,
            )
        };
        let (plain, plain_tag, plain_body) = of("");
        let (gzip, gzip_tag, gzip_body) = of("br;q=0, GZIP;q=0.5");
        let (brotli, brotli_tag, brotli_body) = of("gzip, deflate, br, zstd");
        assert_eq!(
            (plain, gzip.as_deref(), brotli.as_deref()),
            (None, Some("gzip"), Some("br"))
        );
        assert!(brotli_body.len() < gzip_body.len() && gzip_body.len() < plain_body.len());
        assert!(plain_tag != gzip_tag && gzip_tag != brotli_tag);
        for nonsense in ["identity", "gzip;q=x", "brother", ";;,,=", "gzip;level=9"] {
            assert_eq!(of(nonsense).0, None, "{nonsense}");
        }
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        for path in ["/", "/web/site.css", "/web/favicon.ico"] {
            let tag = header(&get(path, None), "etag");
            let again = get(path, tag);
            assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
            assert!(header(&again, "cache-control").unwrap().ends_with("no-cache"));
        }
        assert_eq!(get("/web/index.html", None).status, 404);
        assert_eq!(get("/web/../Cargo.toml", None).status, 404);
    }

    #[test]
    fn the_page_has_what_programs_look_for() {
        let header = |answer: &HttpResponse, wanted: &str| header(answer, wanted).unwrap();
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
        assert_eq!(header(&stranger, "vary"), "Cookie, Accept-Encoding");
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
