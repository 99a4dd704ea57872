//! Plain HTTP answers.

use std::cell::Cell;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, IF_NONE_MATCH};
use hyper::{HeaderMap, Request, Response, StatusCode};

use crate::http::{HttpRequest, HttpService};

/// Bodies over the usual limit that one thread takes at the same time.
const LARGE_BODIES_MAX: usize = 32;

thread_local! {
    static LARGE_BODIES: Cell<usize> = const { Cell::new(0) };
}

/// A place among the large bodies, for as long as the request is worked on.
struct LargeBody;

impl LargeBody {
    fn begin() -> Option<Self> {
        let count = LARGE_BODIES.get();
        (count < LARGE_BODIES_MAX).then(|| {
            LARGE_BODIES.set(count + 1);
            Self
        })
    }
}

impl Drop for LargeBody {
    fn drop(&mut self) {
        LARGE_BODIES.set(LARGE_BODIES.get().saturating_sub(1));
    }
}

/// Collects a request's body and has the service answer it; the error is the answer to a body that is refused.
pub(crate) async fn answer<H: HttpService>(
    request: Request<Incoming>,
    address: IpAddr,
    service: &H,
    body_bytes_max: usize,
    patience: Duration,
) -> Result<Response<Full<Bytes>>, Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let usual = body_bytes_max;
    let small = body
        .size_hint()
        .upper()
        .is_some_and(|bytes| bytes <= usual as u64);
    let body_bytes_max = if small {
        usual
    } else {
        service.body_bytes_max(head.uri.path(), usual)
    };
    let too_long = || {
        text(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body of this request is too long.",
        )
    };
    // Who says how long it is need not send it.
    if body.size_hint().lower() > body_bytes_max as u64 {
        return Err(too_long());
    }
    // A few large bodies may be on their way at a time; without that bound they would be all the memory there is.
    let _place = if body_bytes_max > usual {
        match LargeBody::begin() {
            Some(place) => Some(place),
            None => {
                return Err(text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The server is busy. Please try again in a moment.",
                ));
            }
        }
    } else {
        None
    };
    let collected = tokio::time::timeout(patience, Limited::new(body, body_bytes_max).collect()).await;
    let body = match collected {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return Err(too_long());
        }
        Ok(Err(_)) => {
            return Err(text(
                StatusCode::BAD_REQUEST,
                "The body of this request was cut off.",
            ));
        }
        Err(_) => {
            return Err(text(
                StatusCode::REQUEST_TIMEOUT,
                "The body of this request came too slowly.",
            ));
        }
    };
    let request = HttpRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        content_type: header(&head.headers, &CONTENT_TYPE),
        if_none_match: header(&head.headers, &IF_NONE_MATCH),
        body,
        address,
    };
    let answer = service.call(request).await;
    let mut response = Response::new(Full::new(answer.body));
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

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// An answer of one sentence.
pub(crate) fn text(status: StatusCode, sentence: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(sentence.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}
