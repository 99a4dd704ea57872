//! The people that have nothing to do with an attack and must not notice it: a person that says a line every 100 ms in a quiet
//! room (or as often as `msg_flood` lets it), listeners, and an operator that looks at `ZZZ status`.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fchatd_dialogue::websocket::WebSocket;

use crate::attacker::PATIENCE;
use crate::scene::{LISTENERS, NEWCOMER, OPERATOR, Scene, TALKER};

/// Their room.
pub(crate) const ROOM: &str = "Quiet Corner";
/// Time between two looks of the operator, and two signs of life of the listeners.
const LOOKS: Duration = Duration::from_millis(500);
/// The bystanders of an attack, from before it until after it.
pub(crate) struct Bystanders {
    talker: Person,
    listeners: Vec<Person>,
    operator: Person,
    ending: Arc<AtomicBool>,
    /// Says the lines, and returns how many there were.
    speech: Option<JoinHandle<usize>>,
    looks: Option<JoinHandle<()>>,
    /// How often the operator has asked.
    asked: Arc<Mutex<usize>>,
}

/// A connection whose frames a thread reads.
#[derive(Clone)]
struct Person {
    name: &'static str,
    writer: Arc<Mutex<WebSocket>>,
    heard: Arc<Mutex<Heard>>,
}

/// The frames that came, in their order.
#[derive(Default)]
struct Heard {
    /// Lines of the talker.
    lines: Vec<String>,
    /// Answers to `ZZZ`.
    status: Vec<String>,
    errors: Vec<String>,
    /// Why the connection ended, if it did.
    end: Option<String>,
}

impl Bystanders {
    /// Logs them in, each from an address of its own, and lets them begin.
    pub(crate) fn start(scene: &Scene) -> Self {
        let mut operator = scene.log_in(OPERATOR, OPERATOR, Ipv4Addr::new(127, 10, 0, 1));
        operator.say(&format!(r#"CRC {{"channel":"{ROOM}"}}"#)).unwrap();
        operator.await_text(|text| text.starts_with("SYS ")).unwrap();
        let mut people: Vec<Person> = LISTENERS
            .into_iter()
            .chain([TALKER])
            .enumerate()
            .map(|(number, name)| {
                let from = Ipv4Addr::new(127, 10, 1, number as u8);
                Person::in_room(name, scene.log_in(name, name, from))
            })
            .collect();
        let operator = Person::in_room(OPERATOR, operator);
        let talker = people.pop().unwrap();
        let ending = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(Mutex::new(0));
        Self {
            speech: {
                let (talker, ending, pace) = (talker.clone(), Arc::clone(&ending), scene.pace);
                Some(thread::spawn(move || talker.speak(&ending, pace)))
            },
            looks: {
                let (operator, ending, asked) = (operator.clone(), Arc::clone(&ending), Arc::clone(&asked));
                let listeners = people.clone();
                Some(thread::spawn(move || {
                    while !ending.load(Ordering::Relaxed) {
                        operator.ask(&asked);
                        for listener in &listeners {
                            listener.say("PIN");
                        }
                        thread::sleep(LOOKS);
                    }
                }))
            },
            talker,
            listeners: people,
            operator,
            ending,
            asked,
        }
    }

    /// The operator's view now.
    #[track_caller]
    pub(crate) fn status(&self) -> String {
        let wanted = self.operator.ask(&self.asked);
        self.operator.wait("the operator gets no answer", |heard| {
            heard.status.len() >= wanted
        });
        self.operator.heard.lock().unwrap().status[wanted - 1].clone()
    }

    /// The number before some words in the operator's view.
    #[track_caller]
    pub(crate) fn gauge(&self, words: &str) -> u64 {
        let status = self.status();
        number_before(&status, words).unwrap_or_else(|| panic!("{words} are not in {status}"))
    }

    /// Waits until this is so for the number that stands before some words.
    #[track_caller]
    pub(crate) fn await_gauge(&self, words: &str, is_reached: impl Fn(u64) -> bool) {
        let start = Instant::now();
        // The status leaves out series of a figure with a label while they are 0.
        while !is_reached(number_before(&self.status(), words).unwrap_or(0)) {
            assert!(start.elapsed() < PATIENCE, "{words}: {}", self.status());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a raw command as the operator. An error that answers it counts against the operator.
    pub(crate) fn operate(&self, command: &str) {
        self.operator.say(command);
    }

    /// Ends their talk and checks the heard lines against the sent ones: each line has been heard once and in order by
    /// all listeners, all are connected and were never refused anything, every look of the operator has been answered,
    /// and a newcomer comes in, hears the talk, and gets the page.
    #[track_caller]
    pub(crate) fn unharmed(mut self, scene: &Scene) {
        self.status();
        self.ending.store(true, Ordering::Relaxed);
        let said = self.speech.take().unwrap().join().unwrap();
        self.looks.take().unwrap().join().unwrap();
        assert!(said > 0);
        let mut newcomer = scene.log_in(NEWCOMER, NEWCOMER, Ipv4Addr::new(127, 10, 2, 1));
        newcomer.say(&format!(r#"JCH {{"channel":"{ROOM}"}}"#)).unwrap();
        newcomer.await_text(|text| text.starts_with("CDS ")).unwrap();
        assert!(!newcomer.is_closed);
        self.talker.say_line(said);
        newcomer
            .await_text(|text| text.starts_with("MSG ") && text.contains(&line(said)))
            .unwrap();
        assert!(!newcomer.is_closed, "the newcomer was cut off");
        let everybody = self.listeners.iter().chain([&self.operator]);
        for person in everybody {
            person.wait("a line is lost", |heard| heard.lines.len() > said);
            let heard = person.heard.lock().unwrap();
            let expected: Vec<String> = (0..=said).map(line).collect();
            assert_eq!(heard.lines, expected, "{} heard something else", person.name);
        }
        let asked = *self.asked.lock().unwrap();
        self.operator
            .wait("a look is not answered", |heard| heard.status.len() == asked);
        for person in self.listeners.iter().chain([&self.operator, &self.talker]) {
            let heard = person.heard.lock().unwrap();
            assert_eq!(heard.end, None, "{} was cut off", person.name);
            assert!(heard.errors.is_empty(), "{}: {:?}", person.name, heard.errors);
        }
        let page = scene.get("/", Ipv4Addr::new(127, 10, 2, 1));
        assert!(page.starts_with("HTTP/1.1 200 "), "no page: {page:.200}");
        let log = scene.server.logged();
        assert!(!log.contains("panicked"), "{log}");
    }
}

impl Drop for Bystanders {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Relaxed);
        for person in self.listeners.iter().chain([&self.operator, &self.talker]) {
            person.shut();
        }
    }
}

impl Person {
    /// Joins the room and has everything read from now on.
    fn in_room(name: &'static str, mut socket: WebSocket) -> Self {
        socket.say(&format!(r#"JCH {{"channel":"{ROOM}"}}"#)).unwrap();
        // Staff have been let into their own room before, with a CDS of that.
        socket
            .await_text(|text| text.starts_with("CDS ") && text.contains(ROOM))
            .unwrap();
        assert!(!socket.is_closed, "{name} was cut off");
        socket.set_patience(None).unwrap();
        let writer = Arc::new(Mutex::new(socket.writer().unwrap()));
        let mut reader = socket;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let person = Self {
            name,
            writer,
            heard: Arc::clone(&heard),
        };
        thread::spawn(move || {
            let end = loop {
                match reader.next_text() {
                    Ok(Some(text)) => heard.lock().unwrap().take(text),
                    Ok(None) => break format!("closed with {:?}", reader.closed_with),
                    Err(error) => break error.to_string(),
                }
            };
            heard.lock().unwrap().end = Some(end);
        });
        person
    }

    /// Says lines until the end; their number.
    fn speak(&self, ending: &AtomicBool, pace: Duration) -> usize {
        let mut said = 0;
        while !ending.load(Ordering::Relaxed) {
            self.say_line(said);
            said += 1;
            thread::sleep(pace);
        }
        said
    }

    fn say_line(&self, number: usize) {
        let line = line(number);
        self.say(&format!(r#"MSG {{"channel":"{ROOM}","message":"{line}"}}"#));
    }

    /// Asks for the status; how many answers there will have been with this one's.
    fn ask(&self, asked: &Mutex<usize>) -> usize {
        let mut asked = asked.lock().unwrap();
        self.say(r#"ZZZ {"command":"status"}"#);
        *asked += 1;
        *asked
    }

    /// A broken connection is reported by its reader.
    fn say(&self, text: &str) {
        let _ = self.writer.lock().unwrap().say(text);
    }

    fn shut(&self) {
        self.writer.lock().unwrap().shut();
    }

    #[track_caller]
    fn wait(&self, complaint: &str, is_so: impl Fn(&Heard) -> bool) {
        let start = Instant::now();
        loop {
            let heard = self.heard.lock().unwrap();
            if is_so(&heard) {
                return;
            }
            assert!(
                heard.end.is_none() && start.elapsed() < PATIENCE,
                "{complaint}: {} heard {} lines (the last one is {:?}) and {} answers, errors {:?}, end {:?}",
                self.name,
                heard.lines.len(),
                heard.lines.last(),
                heard.status.len(),
                heard.errors,
                heard.end
            );
            drop(heard);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Heard {
    fn take(&mut self, text: String) {
        match text.get(..4) {
            Some("MSG ") if text.contains(TALKER) => {
                let line = text.split("\"message\":\"").nth(1);
                let line = line.and_then(|rest| rest.split('"').next());
                self.lines.push(line.unwrap_or(&text).to_owned());
            }
            Some("ZZZ ") => self.status.push(text),
            Some("ERR ") => self.errors.push(text),
            _ => {}
        }
    }
}

/// The line of a number.
fn line(number: usize) -> String {
    format!("line {number} of a quiet talk")
}

/// The number that stands before some words.
fn number_before(status: &str, words: &str) -> Option<u64> {
    let (before, _) = status.split_once(&format!(" {words}"))?;
    before.rsplit([' ', '(', '"', 'n']).next()?.parse().ok()
}
