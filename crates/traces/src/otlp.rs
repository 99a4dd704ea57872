//! The messages of OTLP, as far as traces need them, in the binary form of Protocol Buffers. Numbers of fields are those of
//! `opentelemetry/proto/trace/v1/trace.proto` and its neighbours, version 1. Unknown fields of answers are skipped.

use std::time::Duration;

use prost::Message;

use crate::clock::Moment;
use crate::span::{self, Kind, Thread};

/// `SpanFlags`: the trace is sampled (bit 0), and it is known that the parent is not remote (bit 8 without bit 9).
const SAMPLED_WITH_LOCAL_PARENT: u32 = 0x101;

#[derive(Clone, PartialEq, Message)]
struct ExportTraceServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct InstrumentationScope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Content", tags = "1, 3")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Content {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Number(i64),
}

#[derive(Clone, PartialEq, Message)]
struct ExportTraceServiceResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// The answer of a receiver that has accepted a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Number of spans that it has refused nevertheless.
    pub rejected: u64,
    /// Its reason, or its advice; empty for none.
    pub message: String,
}

/// Reads the body of an answer with the status 200; `None` when it is not OTLP.
#[must_use]
pub fn acceptance(body: &[u8]) -> Option<Acceptance> {
    let answer = ExportTraceServiceResponse::decode(body).ok()?;
    let partial = answer.partial_success.unwrap_or_default();
    Some(Acceptance {
        rejected: u64::try_from(partial.rejected_spans).ok()?,
        message: partial.error_message,
    })
}

/// A request with these spans.
pub(crate) fn request(spans: &[span::Span], moment: Moment, version: &str) -> Vec<u8> {
    let scope = InstrumentationScope {
        name: "fchatd".to_owned(),
        version: version.to_owned(),
    };
    let resource = Resource {
        attributes: vec![text("service.name", "fchatd"), text("service.version", version)],
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                scope: Some(scope),
                spans: spans.iter().map(|span| Span::of(span, moment)).collect(),
            }],
        }],
    };
    request.encode_to_vec()
}

impl Span {
    fn of(span: &span::Span, moment: Moment) -> Self {
        let thread = match span.thread {
            Thread::Chat => "chat".to_owned(),
            Thread::Edge(number) => format!("edge {number}"),
        };
        let mut attributes = vec![text("thread.name", thread)];
        attributes.extend(span.attributes.iter().flatten().map(|&(key, value)| match value {
            span::Value::Word(word) => text(key, word),
            span::Value::Number(number) => pair(key, Content::Number(number)),
        }));
        Self {
            trace_id: span.context.trace.to_be_bytes().to_vec(),
            span_id: span.context.span.to_be_bytes().to_vec(),
            parent_span_id: span
                .parent
                .map_or_else(Vec::new, |parent| parent.to_be_bytes().to_vec()),
            name: span.name.to_owned(),
            kind: match span.kind {
                Kind::Internal => 1,
                Kind::Server => 2,
                Kind::Client => 3,
            },
            start_time_unix_nano: nanoseconds(moment.unix_of(span.time.0)),
            end_time_unix_nano: nanoseconds(moment.unix_of(span.time.1)),
            attributes,
            flags: SAMPLED_WITH_LOCAL_PARENT,
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn text(key: &str, text: impl Into<String>) -> KeyValue {
    pair(key, Content::Text(text.into()))
}

fn pair(key: &str, content: Content) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            content: Some(content),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_other_texts_are_no_answers() {
        let of = |rejected, message: &str| {
            Some(Acceptance {
                rejected,
                message: message.to_owned(),
            })
        };
        assert_eq!(acceptance(b""), of(0, ""));
        assert_eq!(acceptance(b"\x0a\x00"), of(0, ""));
        assert_eq!(acceptance(b"\x0a\x06\x08\x05\x12\x02no"), of(5, "no"));
        // An unknown field is skipped.
        assert_eq!(acceptance(b"\x0a\x02\x08\x07\x10\x01"), of(7, ""));
        for garbage in [
            &b"<html>"[..],
            b"{\"partialSuccess\":{}}",
            b"\x0a\x7f",
            b"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert_eq!(acceptance(garbage), None, "{garbage:?}");
        }
    }
}
