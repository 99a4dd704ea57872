//! A PostgreSQL server with a database of its own.

use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, geteuid};
use tempfile::TempDir;

use crate::process::{Process, eventually, free_port, loopback};

/// The user of the database, who owns it.
pub const USER: &str = "chat";
/// Their password.
pub const PASSWORD: &str = "correct horse";

/// A server. It is killed with this value.
#[derive(Debug)]
pub struct PostgresServer {
    address: SocketAddr,
    folder: TempDir,
    process: Option<Process>,
    further: Vec<String>,
}

impl PostgresServer {
    /// Makes a database and starts its server, with further settings such as `fsync=off`.
    #[must_use]
    pub fn start(further: &[&str]) -> Self {
        let ip = IpAddr::from(loopback());
        let folder = TempDir::new().expect("there is a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("the folder is ours");
        let mut server = Self {
            address: SocketAddr::new(ip, free_port(ip)),
            folder,
            process: None,
            further: further.iter().map(|&setting| setting.to_owned()).collect(),
        };
        let data = server.data();
        fs::create_dir(&data).expect("the folder can be written");
        let password = server.folder.path().join("password");
        fs::write(&password, PASSWORD).expect("the folder can be written");
        if let Some((user, group)) = other_user() {
            chown(&data, Some(user), Some(group)).expect("root may give folders away");
        }
        let made = server
            .command("initdb")
            .args([
                "-N",
                "-E",
                "UTF8",
                "--locale=C",
                "-A",
                "scram-sha-256",
                "-U",
                USER,
            ])
            .arg("--pwfile")
            .arg(password)
            .stdout(Stdio::null())
            .status();
        assert!(
            made.is_ok_and(|status| status.success()),
            "initdb fails: run `tests/run rust`, which installs PostgreSQL"
        );
        server.start_again();
        server
    }

    /// A file of the server's folder that it may read, such as a key.
    #[must_use]
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.data().join(name);
        fs::write(&path, text).expect("the folder can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
        if let Some((user, group)) = other_user() {
            chown(&path, Some(user), Some(group)).expect("root may give files away");
        }
        path
    }

    /// A setting for the next start.
    pub fn set(&mut self, setting: &str) {
        self.further.push(setting.to_owned());
    }

    /// Its connection string, with the user and without the password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://{USER}@{}/postgres", self.address)
    }

    /// Starts the server with the data that it has, and waits until it answers. After a kill that takes a few attempts: the server
    /// looks whether children of the killed one are left.
    pub fn start_again(&mut self) {
        self.process = None;
        let mut process = self.spawn();
        eventually("PostgreSQL answers", || {
            if process.ended().is_some() {
                process = self.spawn();
            }
            let asked = Command::new(programs().join("pg_isready"))
                .args(["-q", "-h", &self.address.ip().to_string()])
                .args(["-p", &self.address.port().to_string()])
                .status();
            asked.is_ok_and(|status| status.success())
        });
        self.process = Some(process);
    }

    fn spawn(&self) -> Process {
        let log = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(log);
        let log = log.expect("the folder can be written");
        let mut command = self.command("postgres");
        command.stderr(log).arg("-D").arg(self.data());
        let own = [
            format!("listen_addresses={}", self.address.ip()),
            format!("port={}", self.address.port()),
            "unix_socket_directories=".to_owned(),
        ];
        for setting in own.iter().chain(&self.further) {
            command.args(["-c", setting]);
        }
        Process::start(&mut command)
    }

    /// Kills the server and all its children (SIGKILL).
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Stops it with its children for now (SIGSTOP).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of PostgreSQL, as a user that it runs for, in a folder that this user may see.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(programs().join(program));
        command.env("PGDATA", self.data()).current_dir("/");
        if let Some((user, group)) = other_user() {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The newest version that Debian's packages have installed, or the one that POSTGRES_BIN names.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("POSTGRES_BIN") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| number(path));
    newest.map_or_else(PathBuf::new, |path| path.join("bin"))
}

/// PostgreSQL refuses to run as root: the user and the group as which it runs then.
fn other_user() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody"))
}
