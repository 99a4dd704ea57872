//! Cookies: reading one from a request, and the cookie of a device that stays signed in.

use fchatd_edge::http::{HttpRequest, HttpResponse};

use crate::desk::devices::DeviceToken;

/// The cookie of a device. Over HTTPS it has the prefix with which browsers take it from this host alone.
const DEVICE: [&str; 2] = ["fchatd_device", "__Host-fchatd_device"];

/// The value of the first cookie of that name.
pub(super) fn value<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let cookies = request.cookie.as_deref()?.split(';');
    let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
    let (_, value) = pairs.find(|(own, _)| *own == name)?;
    Some(value.trim())
}

/// The token of the device that a request comes from. Requests for pages of other sites have none.
pub(super) fn device(request: &HttpRequest) -> Option<DeviceToken> {
    if request.is_cross_site {
        return None;
    }
    DeviceToken::parse(value(request, device_name(request))?)
}

/// Has the browser keep a token for so many seconds. Scripts cannot read it, and requests for other sites do not bring it along.
pub(super) fn keep_device(
    response: &mut HttpResponse,
    request: &HttpRequest,
    token: &DeviceToken,
    seconds: u64,
) {
    set_device(response, request, token.reveal(), seconds);
}

/// Has the browser forget its token.
pub(super) fn forget_device(response: &mut HttpResponse, request: &HttpRequest) {
    set_device(response, request, "", 0);
}

fn set_device(response: &mut HttpResponse, request: &HttpRequest, token: &str, seconds: u64) {
    let name = device_name(request);
    let secure = if request.is_https { "; Secure" } else { "" };
    let cookie = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    response.headers.push(("set-cookie", cookie));
}

fn device_name(request: &HttpRequest) -> &'static str {
    let [plain, secure] = DEVICE;
    if request.is_https { secure } else { plain }
}
