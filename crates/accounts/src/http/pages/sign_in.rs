//! Signing in and out on the website: `/action/script_login.php` as clients use it, and forms without scripts.

use fchatd_edge::http::{HttpRequest, HttpResponse};

use super::frame::{self, COOKIE, Page};
use super::token;
use crate::error::AccountError;
use crate::http::AccountHttp;
use crate::http::form::Form;
use crate::http::reply::Refusal;
use crate::secret::Secret;
use crate::service::AccountService;

/// Bytes of the address to go on to.
const TARGET_MAX: usize = 300;
/// The page for visitors that came from no other page.
const USUAL_TARGET: &str = "/read_notes.php";

/// Begins a session for the right password: status 302 and a cookie.
pub(super) async fn sign_in(
    own: &AccountHttp,
    service: &AccountService,
    request: &HttpRequest,
) -> HttpResponse {
    let form = match Form::read(request) {
        Ok(form) => form,
        Err(refusal) => return refused(own, service, request, None, refusal),
    };
    let begun = begin(own, service, request, &form).await;
    match begun {
        Ok(token) => {
            let lifetime = own.website.session_lifetime();
            let cookie = cookie(request, token.reveal(), lifetime);
            redirect(&target(&form), cookie)
        }
        Err(refusal) => refused(own, service, request, Some(&form), refusal),
    }
}

async fn begin(
    own: &AccountHttp,
    service: &AccountService,
    request: &HttpRequest,
    form: &Form,
) -> Result<Secret, Refusal> {
    let account = form.required("username")?.to_owned();
    let password = Secret::new(form.required("password")?);
    let csrf = form.optional("csrf_token")?;
    if !own.website.forms.is_good(csrf, request.address, service.steady()) {
        return Err(Refusal::new("This form is too old. Please try again."));
    }
    let session = service
        .sign_in(
            account,
            password,
            Secret::new(form.optional("code")?),
            request.address,
        )
        .await?;
    Ok(own.website.begin(session, service.steady())?)
}

/// The form once more, with the reason. Clients take status 302 for success and nothing else.
fn refused(
    own: &AccountHttp,
    service: &AccountService,
    request: &HttpRequest,
    form: Option<&Form>,
    refusal: Refusal,
) -> HttpResponse {
    let (status, wait) = refusal.status();
    let mut sentence = own.refusal(refusal);
    if sentence == AccountError::WrongPassword.to_string() {
        sentence = "The account name or the password is wrong.".to_owned();
    }
    let token = own.website.forms.token(request.address, service.steady());
    let account = form
        .and_then(|form| form.optional("username").ok())
        .unwrap_or_default();
    let target = form.map_or_else(|| USUAL_TARGET.to_owned(), target);
    let form = frame::sign_in_form(&token, &target, account, &sentence);
    Page {
        wait,
        ..Page::titled(if status == 200 { 403 } else { status }, "Sign in", &form)
    }
    .answer()
}

/// Ends the session of the browser.
pub(super) fn sign_out(own: &AccountHttp, service: &AccountService, request: &HttpRequest) -> HttpResponse {
    let csrf = Form::read(request).ok();
    let csrf = csrf.as_ref().and_then(|form| form.optional("csrf_token").ok());
    if !own
        .website
        .forms
        .is_good(csrf.unwrap_or_default(), request.address, service.steady())
    {
        let sentence = "This form is too old. Please go back, load the page again and sign out there.";
        return Page::sentence(403, "Still signed in", sentence).answer();
    }
    if let Some(token) = token(request) {
        own.website.end(&token);
    }
    redirect("/", cookie(request, "", 0))
}

/// The address that a form leads on to: always one of this server.
fn target(form: &Form) -> String {
    let wanted = form.long("return", TARGET_MAX).unwrap_or_default();
    let is_local = wanted.starts_with('/')
        && !wanted.starts_with("//")
        // Browsers take a backslash for a slash, and drop controls.
        && wanted.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local {
        wanted.to_owned()
    } else {
        USUAL_TARGET.to_owned()
    }
}

/// Scripts cannot read it, other websites' forms do not bring it along, and where the browser came by HTTPS it stays there.
fn cookie(request: &HttpRequest, token: &str, lifetime: u64) -> String {
    let secure = if request.is_https { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; Max-Age={lifetime}; HttpOnly; SameSite=Lax{secure}")
}

fn redirect(target: &str, cookie: String) -> HttpResponse {
    let mut answer = Page::sentence(302, "One moment", "The browser goes on by itself.").answer();
    answer.headers.push(("location", target.to_owned()));
    answer.headers.push(("set-cookie", cookie));
    answer
}
