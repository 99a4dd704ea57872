//! HTTP answers of the edge itself, and the collection of request bodies. The answers to banned networks are
//! in `gate`. A temporary refusal has a status code that clients treat as temporary, a `Retry-After` header,
//! and can be read by pages of other sites.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use fchatd_protocol::address::AddressGroup;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, AUTHORIZATION, CONNECTION,
    CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER, USER_AGENT,
};
use hyper::{HeaderMap, Request, Response, StatusCode, Version};

use crate::edge::EdgeSettings;
use crate::fetch_site;
use crate::http::{HttpRequest, HttpService};
use crate::http_trace::Trace;
use crate::intake::{AnswerPlace, Intake, NoRoom, RequestPlace, SMALL_ANSWER, UploadPlace, time_for};
use crate::proxy::Origin;

/// Bytes of the name of a client's program that are passed on.
const USER_AGENT_MAX: usize = 512;

const TOO_LONG: (StatusCode, &str) = (
    StatusCode::PAYLOAD_TOO_LARGE,
    "The body of this request is too long.",
);
const CUT_OFF: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "The body of this request was cut off.");
const TOO_SLOW: (StatusCode, &str) = (
    StatusCode::REQUEST_TIMEOUT,
    "The body of this request came too slowly.",
);
const BUSY: (StatusCode, &str) = (
    StatusCode::SERVICE_UNAVAILABLE,
    "The server is busy. Please try again in a moment.",
);
const TOO_MANY: (StatusCode, &str) = (
    StatusCode::TOO_MANY_REQUESTS,
    "Too many requests of your address are being worked on. Please try again in a moment.",
);

/// Value of `Retry-After` on a temporary refusal, in seconds.
const RETRY_SECONDS: &str = "1";

/// The reason to refuse a request's head, if any. From HTTP/1.1 on, a request must name its host exactly
/// once. Otherwise a proxy in front may see another host than the server does (RFC 9112, section 3.2).
pub(crate) fn refuse_head(version: Version, headers: &HeaderMap) -> Option<Response<Full<Bytes>>> {
    let sentence = match headers.get_all(HOST).iter().count() {
        1 => return None,
        0 if version < Version::HTTP_11 => return None,
        0 => "An HTTP/1.1 request needs the header \"Host\".",
        _ => "A request can have the header \"Host\" only once.",
    };
    let mut response = text(StatusCode::BAD_REQUEST, sentence);
    response
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    Some(response)
}

/// Collects a request's body and passes the request to the service. The error is the answer to a refused
/// body.
pub(crate) async fn answer<H: HttpService>(
    request: Request<Incoming>,
    origin: &Origin,
    service: &H,
    settings: &EdgeSettings,
    patience: Duration,
) -> Result<Response<Full<Bytes>>, Response<Full<Bytes>>> {
    let group = AddressGroup::from(origin.address);
    let refused = |(status, sentence)| text(status, sentence);
    let Some(asked) = settings.intake.begin(group, settings.intake_limits) else {
        // The body did not cause this refusal.
        return Ok(refused(TOO_MANY));
    };
    let (head, body) = request.into_parts();
    let collecting = Collecting {
        intake: &settings.intake,
        asked: &asked,
        group,
        settings,
        patience,
        usual: settings.body_bytes_max,
        most: service.body_bytes_max(head.uri.path(), settings.body_bytes_max),
    };
    // The place of a long body is held until the answer is ready: the body is in memory for that long.
    let (body, _upload) = collecting.collect(body).await.map_err(refused)?;
    asked.is_whole();
    let request = HttpRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_type: header(&head.headers, &CONTENT_TYPE),
        if_none_match: header(&head.headers, &IF_NONE_MATCH),
        accept_encoding: header(&head.headers, &ACCEPT_ENCODING),
        cookie: header(&head.headers, &COOKIE),
        authorization: header(&head.headers, &AUTHORIZATION),
        user_agent: header(&head.headers, &USER_AGENT).map(|text| cut(text, USER_AGENT_MAX)),
        is_cross_site: fetch_site::is_cross_site(&head.headers),
        is_https: origin.is_https,
        body,
        address: origin.address,
    };
    let trace = Trace::begin(&request, service, settings);
    let begun = Instant::now();
    let answer = service.call(request).await;
    settings.intake.durations.record(begun.elapsed());
    if let Some(trace) = trace {
        trace.end(begun, &answer);
    }
    // A file of the page is in memory once, for any number of readers.
    let is_counted = answer.body.len() > SMALL_ANSWER && answer.body.is_unique();
    let body = if is_counted {
        let Some(place) = settings
            .intake
            .begin_answer(group, answer.body.len(), settings.intake_limits)
        else {
            return Ok(refused(BUSY));
        };
        Bytes::from_owner(Counted {
            body: answer.body,
            _place: place,
        })
    } else {
        answer.body
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    Ok(response)
}

/// The body of an answer that is counted until it is dropped.
struct Counted {
    body: Bytes,
    _place: AnswerPlace,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The limits of one body.
struct Collecting<'a> {
    intake: &'a Arc<Intake>,
    asked: &'a RequestPlace,
    group: AddressGroup,
    settings: &'a EdgeSettings,
    patience: Duration,
    /// Maximum size of any body, in bytes.
    usual: usize,
    /// Maximum size of this body, in bytes.
    most: usize,
}

impl Collecting<'_> {
    /// Collects the body, and takes a place among the long bodies if it is long. The place is taken when more
    /// than the usual number of bytes has been received; the announcement alone takes no place.
    async fn collect(
        &self,
        mut body: Incoming,
    ) -> Result<(Bytes, Option<UploadPlace>), (StatusCode, &'static str)> {
        // A client that announces a body beyond the limit need not send it.
        if body.size_hint().lower() > self.most as u64 {
            return Err(TOO_LONG);
        }
        let began = Instant::now();
        let (mut collected, mut place) = (BytesMut::new(), None);
        loop {
            let end = began + time_for(collected.len(), self.patience);
            let next = tokio::select! {
                next = tokio::time::timeout_at(end.into(), body.frame()) => next.map_err(|_| TOO_SLOW)?,
                () = given_up(place.as_ref()) => return Err(BUSY),
                () = self.asked.given_up() => return Err(TOO_MANY),
            };
            let Some(frame) = next else { break };
            let Ok(data) = frame.map_err(|_| CUT_OFF)?.into_data() else {
                continue;
            };
            let length = collected.len() + data.len();
            if length > self.most {
                return Err(TOO_LONG);
            }
            if length > self.usual && place.is_none() {
                let limits = self.settings.intake_limits;
                let taken = self.intake.begin_upload(self.group, limits);
                place = Some(taken.map_err(|full| match full {
                    NoRoom::Address => TOO_MANY,
                    NoRoom::Everybody => BUSY,
                })?);
            }
            collected.extend_from_slice(&data);
        }
        Ok((collected.freeze(), place))
    }
}

async fn given_up(place: Option<&UploadPlace>) {
    match place {
        Some(place) => place.given_up().await,
        None => std::future::pending().await,
    }
}

/// The first bytes of a text, up to the bound and to the end of a character.
fn cut(mut text: String, bytes: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes));
    text
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// The answer to a client behind a proxy whose address has its maximum number of sockets.
pub(crate) fn too_many_sockets() -> Response<Full<Bytes>> {
    let mut response = text(
        StatusCode::TOO_MANY_REQUESTS,
        "There are too many connections from your address.",
    );
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// An answer of one sentence. It contains no data of the site, so any page may read it. Without that
/// permission, a page of another site would report a network error. A temporary refusal has a `Retry-After`
/// header.
pub(crate) fn text(status: StatusCode, sentence: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(sentence.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After"),
    );
    if is_temporary(status) {
        headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
    }
    if status == StatusCode::REQUEST_TIMEOUT {
        // The rest of the body may still arrive, and is no request.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Whether the same request may succeed a moment later.
fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_refusals_say_when_to_try_again_and_can_be_read_by_all_pages() {
        let made =
            [TOO_LONG, CUT_OFF, TOO_SLOW, BUSY, TOO_MANY].map(|(status, sentence)| text(status, sentence));
        for (response, is_temporary) in made.iter().zip([false, false, true, true, true]) {
            let headers = response.headers();
            assert_eq!(headers.contains_key(RETRY_AFTER), is_temporary, "{response:?}");
            assert_eq!(headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).unwrap(), "*");
            assert_eq!(headers.get(ACCESS_CONTROL_EXPOSE_HEADERS).unwrap(), "Retry-After");
        }
        let full = too_many_sockets();
        assert_eq!(full.status(), 429);
        assert!(full.headers().contains_key(RETRY_AFTER));
    }
}
