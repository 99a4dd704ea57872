//! Measures the gain and cost of compression: a channel of 200 gets chat lines, and none, half or all of the
//! members have negotiated compression. Bytes are counted on the sockets, processor time on the edge's
//! thread. `cargo run --release -p fchatd-edge --example deflate`.
#![expect(clippy::print_stdout, reason = "it reports to the person who runs it")]

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use bytes::Bytes;
use fchatd_dialogue::websocket::wire;
use fchatd_edge::http::{HttpFuture, HttpRequest, HttpResponse, HttpService};
use fchatd_edge::{Application, Edge, EdgeSettings, listen, runtime, serve};
use fchatd_protocol::exchange::{ChannelId, Input, Operation, Outputs};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const MEMBERS: usize = 200;
const LINES: usize = 2000;
/// Maximum number of lines in transit.
const OUTSTANDING: usize = 4;

const PROSE: &str = "She looks up from her book as the door creaks open, and the candles on the long table bend in the \
    draught. \"You are late,\" she says, not unkindly, and closes the old volume over one finger. Outside the rain has turned \
    the courtyard into a mirror of broken lanterns; somewhere below, the kitchen still argues about tomorrow's feast. He shakes \
    the water from his cloak, hangs it where it can drip on nobody's boots, and only then allows himself a crooked smile. \
    \"The bridge at Harrow Mill is gone,\" he answers. \"I had to swim the horse across, and she has not forgiven me yet.\" A \
    log shifts in the hearth and sends up a small fountain of sparks. For a while neither of them speaks. ";

/// A single channel with all connections; each message goes to all members.
struct Room;

impl Application for Room {
    fn handle(&mut self, input: Input<'_>, outputs: &mut Outputs) {
        let channel = ChannelId(0);
        match input {
            Input::Opened { connection, .. } => {
                outputs.operations.push(Operation::Join { channel, connection });
            }
            Input::Message { text, .. } => {
                let frame = outputs.frame(|out| out.extend_from_slice(text.as_bytes()));
                outputs.operations.push(Operation::SendChannel {
                    channel,
                    except: None,
                    frame,
                });
            }
            _ => {}
        }
    }
}

struct Nothing;

impl HttpService for Nothing {
    fn call(&self, _request: HttpRequest) -> HttpFuture {
        Box::pin(std::future::ready(HttpResponse {
            status: 404,
            headers: Vec::new(),
            body: Bytes::new(),
        }))
    }
}

/// Processor time of a thread of this process, in nanoseconds.
fn processor_time(thread: &str) -> Result<u64, Failure> {
    let statistics = std::fs::read_to_string(format!("/proc/{thread}/schedstat"))?;
    Ok(statistics.split(' ').next().unwrap_or_default().parse()?)
}

fn connect(address: SocketAddr, deflate: bool) -> Result<TcpStream, Failure> {
    let mut stream = TcpStream::connect(address)?;
    let offer = if deflate {
        "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    } else {
        ""
    };
    let headers = format!("{}{offer}", wire::VERSION);
    stream.write_all(wire::upgrade("/", "localhost", &headers).as_bytes())?;
    wire::read_head(&mut stream)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn line(number: usize, length: usize) -> String {
    let text: String = PROSE
        .chars()
        .cycle()
        .skip(number * 37 % PROSE.len())
        .take(length)
        .collect();
    let text = text.replace('"', "\\\"");
    format!(
        "MSG {{\"character\":\"Amber Vale\",\"message\":\"{text}\",\"channel\":\"ADH-1f0b6f3a86f1d0c9a2b4\"}}"
    )
}

/// Sends lines of `length` characters. Returns bytes and microseconds for each delivery.
fn measure(length: usize, deflating: usize) -> Result<(f64, f64), Failure> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || -> Result<(), Failure> {
        let id = std::fs::read_link("/proc/thread-self")?;
        runtime()?.block_on(async {
            let listener = listen(([127, 0, 0, 1], 0).into())?;
            sender.send((listener.local_addr()?, id.to_string_lossy().into_owned()))?;
            let edge = Edge::new(EdgeSettings::default(), Room);
            edge.run();
            serve(edge, listener, Arc::default(), Rc::new(Nothing)).await;
            Ok(())
        })
    });
    let (address, edge) = receiver.recv()?;
    let members = (0..MEMBERS)
        .map(|index| connect(address, index < deflating))
        .collect::<Result<Vec<_>, _>>()?;
    let mut speaker = members[0].try_clone()?;
    let mut members: Vec<_> = members.into_iter().map(std::io::BufReader::new).collect();
    let mut say =
        |number| -> Result<(), Failure> { Ok(speaker.write_all(&wire::text(&line(number, length)))?) };
    let mut bytes = 0;
    let mut begin = 0;
    let warm_up = LINES / 10;
    for number in 0..OUTSTANDING {
        say(number)?;
    }
    for number in 0..warm_up + LINES {
        if number == warm_up {
            (bytes, begin) = (0, processor_time(&edge)?);
        }
        for member in &mut members {
            bytes += wire::size_of(wire::read(member)?.1.len());
        }
        if number + OUTSTANDING < warm_up + LINES {
            say(number + OUTSTANDING)?;
        }
    }
    let time = processor_time(&edge)? - begin;
    let deliveries = (LINES * MEMBERS) as f64;
    Ok((bytes as f64 / deliveries, time as f64 / 1000.0 / deliveries))
}

fn main() -> Result<(), Failure> {
    println!(
        "{MEMBERS} members, {LINES} lines, {OUTSTANDING} outstanding; bytes and µs of the edge for each delivery"
    );
    println!(
        "{:>10}  {:>16}  {:>16}  {:>16}",
        "characters", "without", "half of them", "all"
    );
    // Not longer than the sample text, which would repeat otherwise.
    for length in [150, 300, 500, 1000] {
        print!("{length:>10}");
        for deflating in [0, MEMBERS / 2, MEMBERS] {
            let (bytes, time) = measure(length, deflating)?;
            print!("  {bytes:>6.0} B {time:>5.2} µs");
            std::io::stdout().flush()?;
        }
        println!();
    }
    Ok(())
}
