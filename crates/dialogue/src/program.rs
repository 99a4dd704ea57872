//! Runs the real program in tests.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The real program in a folder of its own. Dropping the value ends the program and removes the folder.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// The address on which it listens.
    pub address: SocketAddr,
    log: Option<JoinHandle<String>>,
    folder: TempDir,
}

impl Program {
    /// Starts the program on a free loopback port, with additional command-line arguments.
    ///
    /// # Errors
    /// It does not start; the message contains its output.
    pub fn start(binary: &Path, words: &[String]) -> Result<Self, String> {
        let fault = |error: std::io::Error| format!("{} can't be run: {error}", binary.display());
        let folder = TempDir::new().map_err(fault)?;
        let mut command = command(binary);
        command
            .env("RUST_LOG", "warn")
            .arg("--dir")
            .arg(folder.path())
            .args(["--set", "port=0", "--set", "load_balancers=127.0.0.1"])
            .args(words)
            .args(layout())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = {
            let _nobody_closes = STARTING.lock();
            command.spawn().map_err(fault)?
        };
        let log = child.stderr.take().map(|mut stderr| {
            thread::spawn(move || {
                let mut log = String::new();
                let _ = stderr.read_to_string(&mut log);
                log
            })
        });
        let mut stdout = child.stdout.take().map(BufReader::new);
        let announcement = match &mut stdout {
            Some(stdout) => read_announcement(stdout).map_err(fault)?,
            None => String::new(),
        };
        let Some(address) = announced_address(&announcement) else {
            let _ = child.kill();
            let _ = child.wait();
            let log = log.and_then(|log| log.join().ok()).unwrap_or_default();
            return Err(format!("the server is not ready; it says: {announcement}{log}"));
        };
        // The output is drained so that the pipe does not fill up.
        thread::spawn(move || stdout.map(|mut stdout| std::io::copy(&mut stdout, &mut std::io::sink())));
        Ok(Self {
            child,
            address,
            log,
            folder,
        })
    }

    /// The folder of the program.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills the program; its folder stays until this value is dropped.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it and returns its log. Lines that it was about to write may be missing.
    pub fn end(mut self) -> String {
        self.kill();
        self.take_log()
    }

    /// Stops it with SIGTERM, waits for its end, and returns its whole log.
    ///
    /// # Errors
    /// The system cannot send the signal.
    pub fn stop(mut self) -> io::Result<String> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(self.take_log())
    }

    fn take_log(&mut self) -> String {
        let log = self.log.take();
        log.and_then(|log| log.join().ok()).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command without the environment settings that the user of the tests has for another server.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("FCHATD_") {
            command.env_remove(variable);
        }
    }
    command
}

/// Reads the line with which a server tells that it is ready; an empty text when it has ended.
///
/// # Errors
/// Errors of the pipe.
pub fn read_announcement(stdout: &mut impl BufRead) -> io::Result<String> {
    let mut said = String::new();
    stdout.read_line(&mut said)?;
    Ok(said)
}

/// The address in a server's announcement, in text or JSON; `None` when the server is not ready.
pub fn announced_address(announcement: &str) -> Option<SocketAddr> {
    let words = announcement.lines().next()?.split([' ', '"']);
    words.filter_map(|word| word.parse().ok()).next_back()
}

/// Held while a program starts: until its exec, the child has copies of all sockets of this process, so a
/// socket closed meanwhile would stay open.
pub(crate) static STARTING: Mutex<()> = Mutex::new(());

/// The number of threads for all programs, from the environment: `LAYOUT_THREADS=3`.
fn threads() -> Option<usize> {
    std::env::var("LAYOUT_THREADS").ok()?.parse().ok()
}

/// The command-line arguments for that number.
pub fn layout() -> Vec<String> {
    match threads() {
        Some(threads) => vec!["--set".to_owned(), format!("threads={threads}")],
        None => Vec::new(),
    }
}

/// Number of threads on which a program reads from its connections. It distributes connections to them in
/// turn.
pub(crate) fn readers() -> usize {
    threads().map_or(1, |threads| threads.saturating_sub(1).max(1))
}
