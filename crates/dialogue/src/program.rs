//! The real program, as tests run it.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

/// The real program, running in a folder of its own; both go away with this value.
#[derive(Debug)]
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: Option<JoinHandle<String>>,
    folder: TempDir,
}

impl Program {
    /// Starts it on a free port of the loopback, with further words on its command line.
    ///
    /// # Errors
    /// It does not start; what it says is in the message.
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
        // It must not fill up.
        thread::spawn(move || stdout.map(|mut stdout| std::io::copy(&mut stdout, &mut std::io::sink())));
        Ok(Self {
            child,
            address,
            log,
            folder,
        })
    }

    /// The folder that it runs in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it; its folder stays until this value goes.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it and returns its log.
    pub fn end(mut self) -> String {
        self.kill();
        self.log
            .take()
            .and_then(|log| log.join().ok())
            .unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program, without what the person who runs the tests has set for a server of theirs.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("FCHATD_") {
            command.env_remove(variable);
        }
    }
    command
}

/// Reads what the server prints until it is ready, or has ended.
///
/// # Errors
/// Those of the pipe.
pub fn read_announcement(stdout: &mut impl BufRead) -> io::Result<String> {
    let mut said = String::new();
    while !said.contains("accounts: ") && stdout.read_line(&mut said)? > 0 {}
    Ok(said)
}

/// Where a server listens that has announced itself so; nothing when it is not ready.
pub fn announced_address(announcement: &str) -> Option<SocketAddr> {
    announcement.lines().next()?.rsplit(' ').next()?.parse().ok()
}

/// Held while a program starts: until it runs, it has all our sockets, too, and one that is closed meanwhile stays open.
pub(crate) static STARTING: Mutex<()> = Mutex::new(());

/// `LAYOUT_THREADS=3` runs all programs on so many threads.
fn threads() -> Option<usize> {
    std::env::var("LAYOUT_THREADS").ok()?.parse().ok()
}

/// The words for the program's command line that do so.
pub fn layout() -> Vec<String> {
    match threads() {
        Some(threads) => vec!["--set".to_owned(), format!("threads={threads}")],
        None => Vec::new(),
    }
}

/// On how many threads a program reads from its connections. It shares them out one after another.
pub(crate) fn readers() -> usize {
    threads().map_or(1, |threads| threads.saturating_sub(1).max(1))
}
