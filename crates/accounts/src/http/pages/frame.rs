//! The frame that all pages of the website share: head, navigation, headers of the answer. The pages load nothing but
//! style sheets and pictures of this server, and run no scripts.

use bytes::Bytes;
use fchatd_edge::http::HttpResponse;

use super::html::Html;

/// Style sheets and pictures of this server, forms to this server, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The cookie with the session of the website.
pub(in crate::http) const COOKIE: &str = "site_session";

/// A page before it is framed.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) title: String,
    pub(super) content: Html,
    /// Seconds after which another try makes sense, where that is known.
    pub(super) wait: Option<u64>,
    /// The name of the account that is signed in, and the token of its forms.
    pub(super) viewer: Option<(String, String)>,
}

impl Page {
    /// A page with a title, which is its heading too.
    pub(super) fn titled(status: u16, title: &str, content: &Html) -> Self {
        let heading = Html::default().raw("<h1>").text(title).raw("</h1>");
        Self {
            status,
            title: title.to_owned(),
            content: heading.add(content),
            ..Self::default()
        }
    }

    /// A page of one sentence.
    pub(super) fn sentence(status: u16, title: &str, sentence: &str) -> Self {
        Self::titled(status, title, &paragraph(sentence))
    }

    /// The answer with the page.
    pub(super) fn answer(self) -> HttpResponse {
        let viewer = self.viewer.as_ref();
        let navigation = viewer.map_or_else(Html::default, |(account, csrf)| navigation(account, csrf));
        let html = Html::default()
            .raw(
                "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
                 <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n\
                 <link rel=\"icon\" href=\"/favicon.ico\">\n<link rel=\"stylesheet\" href=\"/web/site.css\">\n<title>",
            )
            .text(&self.title)
            .raw(
                "</title>\n</head>\n<body class=\"site\">\n<header class=\"site-head\"><a class=\"site-home\" href=\"/\">Chat</a>",
            )
            .add(&navigation)
            .raw("</header>\n<main class=\"site-main\">\n")
            .add(&self.content)
            .raw("\n</main>\n</body>\n</html>\n");
        let mut headers = headers();
        headers.extend(
            self.wait
                .map(|seconds| ("retry-after", seconds.max(1).to_string())),
        );
        HttpResponse {
            status: self.status,
            headers,
            body: Bytes::from(html.into_string()),
        }
    }
}

/// A sentence of its own.
pub(super) fn paragraph(sentence: &str) -> Html {
    Html::default().raw("<p>").text(sentence).raw("</p>")
}

/// The headers of all pages. Pages can depend on the session, so no cache keeps them.
pub(super) fn headers() -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("content-security-policy", POLICY.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-robots-tag", "noindex".to_owned()),
    ]
}

fn navigation(account: &str, csrf: &str) -> Html {
    let html = Html::default().raw(
        "<nav aria-label=\"Website\"><a href=\"/read_notes.php\">Notes</a> <a href=\"/messages.php\">Messages</a></nav>\
         <form method=\"post\" action=\"/action/script_logout.php\"><input type=\"hidden\" name=\"csrf_token\"",
    );
    let html = html
        .attribute("value", csrf)
        .raw("><span class=\"muted\">")
        .text(account);
    html.raw("</span> <button type=\"submit\">Sign out</button></form>")
}

/// The form to sign in with, which leads on to a page of this server.
pub(super) fn sign_in_form(csrf: &str, target: &str, account: &str, refusal: &str) -> Html {
    let mut html = Html::default();
    if !refusal.is_empty() {
        html = html
            .raw("<p class=\"form-error\" role=\"alert\">")
            .text(refusal)
            .raw("</p>");
    }
    html.raw("<form class=\"stack\" method=\"post\" action=\"/action/script_login.php\">\n<input type=\"hidden\" name=\"csrf_token\"")
        .attribute("value", csrf)
        .raw(">\n<input type=\"hidden\" name=\"return\"")
        .attribute("value", target)
        .raw(">\n<label>Account <input name=\"username\" autocomplete=\"username\" autocapitalize=\"none\" required")
        .attribute("value", account)
        .raw(
            "></label>\n<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\" \
             required></label>\n<label>Code of the second factor, if the account has one <input name=\"code\" \
             autocomplete=\"one-time-code\" autocapitalize=\"none\"></label>\n<button class=\"primary\" type=\"submit\">Sign in</button>\n</form>",
        )
}
