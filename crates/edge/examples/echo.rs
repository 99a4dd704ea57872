//! An echo server on the edge of the chat server, for conformance suites and load tools: `cargo run --release
//! -p fchatd-edge --example echo -- 127.0.0.1:9001`.
#![expect(clippy::print_stdout, reason = "it reports to the person who runs it")]

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse, HttpService};
use fchatd_edge::{Application, Edge, EdgeSettings, listen, runtime, serve};
use fchatd_protocol::exchange::{Input, Operation, Outputs};

/// Sends every message back to its sender.
struct Echo;

impl Application for Echo {
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        if let Input::Message { connection, text } = input {
            let frame = outputs.frame(|out| out.extend_from_slice(text.as_bytes()));
            outputs.operations.push(Operation::Send { connection, frame });
        }
    }
}

/// Answers plain HTTP requests with an explanation.
struct Sign;

impl HttpService for Sign {
    fn call(&self, _request: HttpRequest) -> HttpFuture {
        Box::pin(std::future::ready(HttpResponse {
            status: 200,
            headers: vec![("content-type", "text/plain; charset=utf-8".into())],
            body: Bytes::from_static(b"Connect with a WebSocket: every message comes back.\n"),
        }))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:9001".into())
        .parse()?;
    let settings = EdgeSettings {
        message_bytes_max: 32 << 20,
        outbox_bytes_max: 256 << 20,
        echo_binary: true,
        // Messages are compressed even when that is not worth it.
        deflate_bytes_min: 0,
        ..EdgeSettings::default()
    };
    runtime()?.block_on(async {
        let listener = listen(address)?;
        println!("echoing on ws://{}/", listener.local_addr()?);
        let edge = Edge::new(settings, Echo);
        edge.run();
        serve(edge, listener, Arc::default(), Rc::new(Sign)).await;
        Ok(())
    })
}
