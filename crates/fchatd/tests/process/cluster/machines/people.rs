//! Talking people on all edges, and a person that changes something, while machines die.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::WebSocket;

use crate::site::Server;
use crate::websocket::log_in;

/// The time between two lines of a person.
const REST: Duration = Duration::from_millis(20);
/// Longer than any pause of the chat, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// Talking people, two on each edge, and a person that changes the description of the channel.
pub(super) struct Crowd {
    is_over: Arc<AtomicBool>,
    talkers: Vec<JoinHandle<usize>>,
    listeners: Vec<JoinHandle<Heard>>,
    changer: JoinHandle<usize>,
}

/// The lines that a person has heard: speaker and number, in their order, and the longest time without any.
struct Heard {
    lines: Vec<(usize, usize)>,
    pause: Duration,
}

/// The result of a conversation that was heard completely by all.
pub(super) struct Conversation {
    /// The number of lines in all.
    pub(super) lines: usize,
    /// The longest time in which a person heard nothing.
    pub(super) pause: Duration,
    /// The number of the last change that was answered.
    pub(super) change: usize,
}

/// Opens a connection and logs a person in.
pub(super) fn person(edge: &Server, ticket: &str, name: &str) -> WebSocket {
    let mut socket = WebSocket::over(edge.connect(), "/chat2", "Sec-WebSocket-Version: 13\r\n").unwrap();
    socket.set_patience(Some(PATIENCE)).unwrap();
    socket.say(&log_in(name, ticket, name)).unwrap();
    await_text(&mut socket, "NLN ");
    socket.say(r#"JCH {"channel":"Frontpage"}"#).unwrap();
    loop {
        if await_text(&mut socket, "CDS ").contains("Frontpage") {
            return socket;
        }
    }
}

pub(super) fn await_text(socket: &mut WebSocket, begin: &str) -> String {
    loop {
        let text = socket.next_text().unwrap();
        let text = text.unwrap_or_else(|| panic!("closed with {:?} before {begin}", socket.closed_with));
        assert!(!text.starts_with("ERR "), "{text}");
        if text.starts_with(begin) {
            return text;
        }
    }
}

impl Crowd {
    pub(super) fn on(edges: &[&Server]) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let all = edges.len() * 2;
        let people: Vec<WebSocket> = (0..all)
            .map(|index| {
                person(
                    edges[index / 2],
                    &format!("person {index}"),
                    &format!("Person {index}"),
                )
            })
            .collect();
        let (mut talkers, mut listeners) = (Vec::new(), Vec::new());
        for (own, socket) in people.into_iter().enumerate() {
            let mut writer = socket.writer().unwrap();
            let over = Arc::clone(&is_over);
            talkers.push(thread::spawn(move || {
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    say(&mut writer, &format!("{own}:{number}:"));
                    number += 1;
                    thread::sleep(REST);
                }
                say(&mut writer, &format!("{own}:last:"));
                number
            }));
            listeners.push(thread::spawn(move || listen(socket, all - 1)));
        }
        let mut ada = person(edges[0], "staff", "Ada 1");
        let over = Arc::clone(&is_over);
        let changer = thread::spawn(move || {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                number += 1;
                change_description(&mut ada, number);
                await_description(&mut ada, number);
                thread::sleep(REST);
            }
            number
        });
        Self {
            is_over,
            talkers,
            listeners,
            changer,
        }
    }

    /// Each person has heard all lines of all others, each once, in one order.
    pub(super) fn end(self) -> Conversation {
        self.is_over.store(true, Ordering::Relaxed);
        let said: Vec<usize> = self
            .talkers
            .into_iter()
            .map(|talker| talker.join().unwrap())
            .collect();
        let heard: Vec<Heard> = self
            .listeners
            .into_iter()
            .map(|listener| listener.join().unwrap())
            .collect();
        for (listener, heard) in heard.iter().enumerate() {
            for (speaker, &said) in said
                .iter()
                .enumerate()
                .filter(|(speaker, _)| *speaker != listener)
            {
                let numbers = heard
                    .lines
                    .iter()
                    .filter(|(by, _)| *by == speaker)
                    .map(|(_, number)| *number);
                let numbers: Vec<usize> = numbers.collect();
                let wrong = (0..said)
                    .zip(&numbers)
                    .find(|(expected, number)| expected != *number);
                assert!(
                    numbers.len() == said && wrong.is_none(),
                    "{listener} hears {} of {said} lines of {speaker}; the first wrong one: {wrong:?}",
                    numbers.len()
                );
            }
        }
        for other in 1..heard.len() {
            let of_others = |heard: &Heard| -> Vec<(usize, usize)> {
                let lines = heard.lines.iter().filter(|(by, _)| ![0, other].contains(by));
                lines.copied().collect()
            };
            assert!(
                of_others(&heard[0]) == of_others(&heard[other]),
                "0 and {other} hear another order"
            );
        }
        Conversation {
            lines: said.iter().sum(),
            pause: heard.iter().map(|heard| heard.pause).max().unwrap_or_default(),
            change: self.changer.join().unwrap(),
        }
    }
}

fn say(writer: &mut WebSocket, text: &str) {
    let said = writer.say(&format!(r#"MSG {{"channel":"Frontpage","message":"{text}"}}"#));
    said.unwrap();
}

/// Listens until so many people have said their last line.
fn listen(mut socket: WebSocket, others: usize) -> Heard {
    let mut heard = Heard {
        lines: Vec::new(),
        pause: Duration::ZERO,
    };
    let mut left = others;
    let mut last = Instant::now();
    while left > 0 {
        let text = await_text(&mut socket, "MSG ");
        heard.pause = heard.pause.max(last.elapsed());
        last = Instant::now();
        let (_, line) = text.split_once(r#""message":""#).unwrap();
        let mut words = line.split(':');
        let speaker = words.next().unwrap().parse().unwrap();
        match words.next().unwrap() {
            "last" => left -= 1,
            number => heard.lines.push((speaker, number.parse().unwrap())),
        }
    }
    heard
}

/// Changes the description of the channel.
pub(super) fn change_description(socket: &mut WebSocket, number: usize) {
    let change = format!(r#"CDS {{"channel":"Frontpage","description":"number {number}."}}"#);
    socket.say(&change).unwrap();
}

/// Waits for the answer to a change.
pub(super) fn await_description(socket: &mut WebSocket, number: usize) {
    while !await_text(socket, "CDS ").contains(&format!("number {number}.")) {}
}
