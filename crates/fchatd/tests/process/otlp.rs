//! A receiver of traces: OTLP over HTTP, decoded from the wire format of Protocol Buffers without the code of the server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use crate::site::PATIENCE;

/// A received span.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) trace: Vec<u8>,
    pub(crate) id: Vec<u8>,
    /// Empty for a root.
    pub(crate) parent: Vec<u8>,
    pub(crate) name: String,
    pub(crate) kind: u64,
    /// Begin and end, in nanoseconds since the epoch.
    pub(crate) time: (u64, u64),
    /// Numbers as text.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// The value of a field.
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Number(number) => panic!("{number} is a number"),
        }
    }

    fn number(&self) -> u64 {
        match self {
            Self::Number(number) => *number,
            Self::Bytes(bytes) => panic!("{bytes:?} are bytes"),
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }
}

/// The fields of a message, in their order.
fn fields(mut message: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn varint(message: &mut &[u8]) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (first, rest) = message.split_first().unwrap();
            *message = rest;
            number |= u64::from(first & 0x7f) << shift;
            shift += 7;
            if first & 0x80 == 0 {
                return number;
            }
        }
    }
    fn take<'a>(message: &mut &'a [u8], count: usize) -> &'a [u8] {
        let (taken, rest) = message.split_at(count);
        *message = rest;
        taken
    }
    let mut fields = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)),
            1 => Field::Number(u64::from_le_bytes(take(&mut message, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut message) as usize;
                Field::Bytes(take(&mut message, length))
            }
            5 => Field::Number(u64::from(u32::from_le_bytes(
                take(&mut message, 4).try_into().unwrap(),
            ))),
            kind => panic!("there is no type {kind}"),
        };
        fields.push((key >> 3, field));
    }
    fields
}

/// The messages in a repeated field.
fn messages(message: &[u8], number: u64) -> Vec<&[u8]> {
    let fields = fields(message).into_iter();
    fields
        .filter(|(field, _)| *field == number)
        .map(|(_, field)| field.bytes())
        .collect()
}

fn attribute(message: &[u8]) -> (String, String) {
    let (mut key, mut value) = (String::new(), String::new());
    for (number, field) in fields(message) {
        match number {
            1 => key = field.text(),
            2 => {
                for (number, field) in fields(field.bytes()) {
                    value = match number {
                        1 => field.text(),
                        3 => field.number().to_string(),
                        other => panic!("a value of the kind {other}"),
                    };
                }
            }
            other => panic!("an attribute with the field {other}"),
        }
    }
    (key, value)
}

fn span(message: &[u8]) -> Seen {
    let mut seen = Seen {
        trace: Vec::new(),
        id: Vec::new(),
        parent: Vec::new(),
        name: String::new(),
        kind: 0,
        time: (0, 0),
        attributes: BTreeMap::new(),
    };
    for (number, field) in fields(message) {
        match number {
            1 => seen.trace = field.bytes().to_vec(),
            2 => seen.id = field.bytes().to_vec(),
            4 => seen.parent = field.bytes().to_vec(),
            5 => seen.name = field.text(),
            6 => seen.kind = field.number(),
            7 => seen.time.0 = field.number(),
            8 => seen.time.1 = field.number(),
            9 => drop({
                let (key, value) = attribute(field.bytes());
                seen.attributes.insert(key, value)
            }),
            16 => assert_eq!(field.number() & 1, 1, "the flag of samples"),
            other => panic!("a span with the field {other}"),
        }
    }
    assert_eq!((seen.trace.len(), seen.id.len()), (16, 8), "{seen:?}");
    seen
}

/// The spans of a request.
fn decoded(request: &[u8]) -> Vec<Seen> {
    let mut spans = Vec::new();
    for resource_spans in messages(request, 1) {
        let resource = messages(resource_spans, 1)[0];
        let attributes: BTreeMap<_, _> = messages(resource, 1).into_iter().map(attribute).collect();
        assert_eq!(attributes["service.name"], "fchatd");
        assert_eq!(attributes["service.version"], env!("CARGO_PKG_VERSION"));
        for scope_spans in messages(resource_spans, 2) {
            spans.extend(messages(scope_spans, 2).into_iter().map(span));
        }
    }
    spans
}

#[derive(Default)]
struct Received {
    spans: Mutex<Vec<Seen>>,
    news: Condvar,
}

/// An HTTP server that receives spans, or behaves badly.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    received: Arc<Received>,
    /// The whole answers that follow, each for one request; the last is repeated.
    answers: Arc<Mutex<Vec<&'static [u8]>>>,
}

/// The answer of a receiver that has taken all spans.
pub(crate) const ACCEPTED: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";

impl Receiver {
    /// A receiver with these answers. An empty answer is none: the connection stays open without one.
    pub(crate) fn start(answers: &[&'static [u8]]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (received, answers) = (Arc::<Received>::default(), Arc::new(Mutex::new(answers.to_vec())));
        let (noting, giving) = (Arc::clone(&received), Arc::clone(&answers));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (received, answers) = (Arc::clone(&noting), Arc::clone(&giving));
                thread::spawn(move || serve(&stream.unwrap(), &received, &answers));
            }
        });
        Self {
            address,
            received,
            answers,
        }
    }

    /// Changes the answers.
    pub(crate) fn answer(&self, answers: &[&'static [u8]]) {
        *self.answers.lock().unwrap() = answers.to_vec();
    }

    /// Waits until the received spans have what `find` looks for.
    #[track_caller]
    pub(crate) fn await_spans<T>(&self, find: impl Fn(&[Seen]) -> Option<T>) -> T {
        let mut spans = self.received.spans.lock().unwrap();
        loop {
            if let Some(found) = find(&spans) {
                return found;
            }
            let (next, waited) = self.received.news.wait_timeout(spans, PATIENCE).unwrap();
            assert!(!waited.timed_out(), "it does not come: {next:#?}");
            spans = next;
        }
    }

    /// The spans so far.
    pub(crate) fn spans(&self) -> Vec<Seen> {
        self.received.spans.lock().unwrap().clone()
    }
}

/// Takes requests of a connection until it ends.
fn serve(stream: &TcpStream, received: &Received, answers: &Mutex<Vec<&'static [u8]>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut head) = (0, Vec::new());
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(number) = line.strip_prefix("content-length: ") {
                length = number.parse().unwrap();
            }
            head.push(line);
        }
        assert_eq!(head[0], "post /v1/traces http/1.1");
        assert!(
            head.iter()
                .any(|line| line == "content-type: application/x-protobuf"),
            "{head:?}"
        );
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = {
            let mut answers = answers.lock().unwrap();
            if answers.len() > 1 {
                answers.remove(0)
            } else {
                answers[0]
            }
        };
        let spans = decoded(&body);
        if answer == ACCEPTED {
            received.spans.lock().unwrap().extend(spans);
        }
        received.news.notify_all();
        if (&mut &*stream).write_all(answer).is_err() {
            return;
        }
    }
}
