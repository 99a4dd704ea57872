//! A server's folder of its own, and the program run in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fchatd_dialogue::program;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Generous: nothing here takes more than a few seconds, but other tests want the processor, too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server's folder; it goes away with this value.
pub(crate) struct Site {
    folder: TempDir,
}

/// A program that came to its end.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A running server; it is killed with this value.
pub(crate) struct Server {
    process: Process,
    /// The events with which it says where everything is; if they are not read, the line on standard output.
    pub(crate) announcement: Vec<String>,
    /// The line on standard output with which it told that it is ready.
    ready: String,
    pub(crate) address: SocketAddr,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
    log: Log,
    /// The end of a pipe without a reader.
    _unread: Option<ChildStderr>,
}

/// The use of the output that a server prints after its announcement.
#[allow(dead_code, reason = "the tests of attacks use the rest")]
#[derive(Debug)]
pub(crate) enum Output {
    /// All of it is read.
    Read,
    /// Its pipes are closed.
    Closed,
    /// The pipe of its log stays open, without a reader.
    Unread,
    /// Its log goes into this file.
    To(File),
}

/// The program's log so far.
type Log = Arc<Mutex<String>>;

/// A process that does not outlive its test.
struct Process(Child);

impl Site {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    /// The path of something in the folder.
    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside)
    }

    /// Puts a file into the folder.
    pub(crate) fn write(&self, inside: &str, content: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Puts the rules that are inside the program into the folder, with something at their end.
    pub(crate) fn write_scripts(&self, end: &str) {
        let scripts = fchatd_script::builtin::scripts();
        for (name, source) in &scripts.modules {
            self.write(&format!("script/{name}.lua"), source);
        }
        self.write("script/main.lua", &format!("{}\n{end}\n", scripts.main));
    }

    /// Runs the program with these words after `--dir FOLDER` until it ends.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.run_with_input(words, "")
    }

    /// As [`Site::run`], with further variables in the environment.
    pub(crate) fn run_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Ended {
        let mut command = self.program();
        command.envs(environment.iter().copied());
        Self::finish(self.spawn(command, words, "info"), "")
    }

    /// As [`Site::run`], with something to read.
    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Ended {
        Self::finish(self.spawn(self.program(), words, "info"), input)
    }

    fn finish(mut process: Process, input: &str) -> Ended {
        let child = &mut process.0;
        // A program that does not want it may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let stdout = collect(BufReader::new(child.stdout.take().unwrap()));
        let stderr = collect(BufReader::new(child.stderr.take().unwrap()));
        let code = process.wait();
        Ended {
            code,
            stdout: stdout.join().unwrap(),
            stderr: stderr.join().unwrap(),
        }
    }

    /// Starts the server on a free port and waits until it is ready. It logs all levels, so that tests find
    /// lines that must not be there.
    pub(crate) fn start(&self, words: &[&str]) -> Server {
        self.start_by(self.program(), words)
    }

    /// As [`Site::start`], with another log level.
    pub(crate) fn start_logging(&self, words: &[&str], log: &str) -> Server {
        self.start_with(self.program(), words, log)
    }

    /// As [`Site::start`], by a command that takes the program's words.
    pub(crate) fn start_by(&self, command: Command, words: &[&str]) -> Server {
        self.start_with(command, words, "trace")
    }

    fn start_with(&self, command: Command, words: &[&str], log: &str) -> Server {
        self.start_printing(command, words, log, Output::Read)
    }

    /// As [`Site::start_by`], with another log level and destination of its output.
    pub(crate) fn start_printing(
        &self,
        command: Command,
        words: &[&str],
        log: &str,
        output: Output,
    ) -> Server {
        let layout = program::layout();
        let words: Vec<&str> = ["--set", "port=0"]
            .into_iter()
            .chain(layout.iter().map(String::as_str))
            .chain(words.iter().copied())
            .collect();
        let (level, is_read) = (log, matches!(output, Output::Read));
        let (stderr, output) = match output {
            Output::To(file) => (Stdio::from(file), Output::Unread),
            output => (Stdio::piped(), output),
        };
        let mut process = self.spawn_logging_to(command, &words, log, stderr);
        let child = &mut process.0;
        let log = Log::default();
        let mut unread = child.stderr.take();
        let nothing = || thread::spawn(String::new);
        let stderr = match output {
            Output::Read => collect_lines(unread.take().unwrap(), Arc::clone(&log)),
            _ => nothing(),
        };
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let ready = program::read_announcement(&mut stdout).unwrap();
        let Some(address) = program::announced_address(&ready) else {
            drop(process);
            panic!("not ready: {ready:?}; it says: {}", stderr.join().unwrap());
        };
        let announcement = match is_read && level != "warn" {
            true => announced(&log),
            false => vec![ready.trim_end().to_owned()],
        };
        let is_closed = matches!(output, Output::Closed);
        if is_closed {
            unread = None;
        }
        Server {
            process,
            announcement,
            ready,
            address,
            stdout: if is_closed { nothing() } else { collect(stdout) },
            stderr,
            log,
            _unread: unread,
        }
    }

    #[allow(dead_code, reason = "the tests of attacks use the rest")]
    /// Starts the program, which does not get ready, and waits until its log has something in it.
    pub(crate) fn begin(&self, words: &[&str], part: &str) -> (Child, String) {
        let mut command = self.program();
        command
            .env("RUST_LOG", "info")
            .arg("--dir")
            .arg(self.folder.path())
            .args(words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::default();
        drop(collect_lines(child.stderr.take().unwrap(), Arc::clone(&log)));
        let start = Instant::now();
        while start.elapsed() < PATIENCE && !log.lock().unwrap().contains(part) {
            thread::sleep(Duration::from_millis(5));
        }
        let log = log.lock().unwrap().clone();
        (child, log)
    }

    /// The program that is tested.
    pub(crate) fn program(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_fchatd"))
    }

    /// Runs a program without the environment of the person that runs the tests.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = program::command(program);
        for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::piped());
        command
    }

    fn spawn(&self, command: Command, words: &[&str], log: &str) -> Process {
        self.spawn_logging_to(command, words, log, Stdio::piped())
    }

    fn spawn_logging_to(&self, mut command: Command, words: &[&str], log: &str, stderr: Stdio) -> Process {
        command
            .env("RUST_LOG", log)
            .arg("--dir")
            .arg(self.folder.path())
            .args(words);
        command.stdout(Stdio::piped()).stderr(stderr);
        Process(command.spawn().unwrap())
    }
}

impl Ended {
    /// The program failed with one sentence for the operator, which has all of these in it.
    #[track_caller]
    pub(crate) fn assert_refused(&self, parts: &[&str]) {
        assert_eq!(self.code, Some(1), "{self:?}");
        let sentence: Vec<&str> = self
            .stderr
            .lines()
            .filter(|line| line.starts_with("fchatd: "))
            .collect();
        assert_eq!(sentence.len(), 1, "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not told: {self:?}");
        }
        assert!(!self.stderr.contains("panicked"), "{self:?}");
    }

    /// The program did as it was told.
    #[track_caller]
    pub(crate) fn assert_done(&self) {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
    }
}

impl Server {
    /// Sends the signal that asks a process to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends the signal that asks a process to read its configuration again.
    pub(crate) fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process.0), signal).unwrap();
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Waits until the log has something in it, and returns it; the lines until then are forgotten.
    #[track_caller]
    pub(crate) fn await_log(&self, part: &str) -> String {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mut log = self.log.lock().unwrap();
            if log.contains(part) {
                return std::mem::take(&mut log);
            }
            drop(log);
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{part:?} is not in the log: {}", self.logged());
    }

    /// The part of the log that was not taken by [`Server::await_log`].
    pub(crate) fn logged(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Waits for the end.
    pub(crate) fn ended(mut self) -> Ended {
        let code = self.process.wait();
        let stdout = self.ready + &self.stdout.join().unwrap();
        Ended {
            code,
            stdout,
            stderr: self.stderr.join().unwrap(),
        }
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Asks for a page; the answer as it comes, with its head.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        ))
    }

    /// Sends a form; the body of the answer.
    pub(crate) fn post(&self, path: &str, form: &str) -> serde_json::Value {
        let answer = self.post_whole(path, form);
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Sends a form; the answer as it comes, with its head.
    pub(crate) fn post_whole(&self, path: &str, form: &str) -> String {
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.address,
            form.len()
        ))
    }

    /// Sends a request as it stands; the answer as it comes.
    pub(crate) fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Process {
    fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("it does not come to an end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that something else listens on for as long as the listener lives.
pub(crate) fn taken_port() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// The setting of a free port; its next one is free for UDP, where the bridge listens.
pub(crate) fn port_for_a_bridge() -> String {
    loop {
        let (_taken, port) = taken_port();
        let next = (Ipv4Addr::LOCALHOST, port.saturating_add(1));
        if std::net::UdpSocket::bind(next).is_ok() {
            return format!("port={port}");
        }
    }
}

/// Every file in a folder and below it, with its content.
pub(crate) fn content_of(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.append(&mut content_of(&path));
        } else if path.is_file() {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The events with which a server says where everything is, without time, level and module. They stay in the log.
fn announced(log: &Log) -> Vec<String> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let text = log.lock().unwrap().clone();
        let told: Vec<String> = text
            .lines()
            .filter_map(|line| {
                let modules = ["start", "entrances", "outpost"];
                modules
                    .iter()
                    .find_map(|module| line.split_once(&format!(" INFO fchatd::server::{module}: ")))
            })
            .map(|(_, event)| event.to_owned())
            .collect();
        if told.iter().any(|event| event.starts_with("accounts: ")) {
            return told;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!(
        "the log does not say where everything is: {}",
        log.lock().unwrap()
    );
}

fn collect_lines(from: impl Read + Send + 'static, log: Log) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        for line in BufReader::new(from).lines() {
            let line = line.unwrap() + "\n";
            text.push_str(&line);
            log.lock().unwrap().push_str(&line);
        }
        text
    })
}

fn collect(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}
