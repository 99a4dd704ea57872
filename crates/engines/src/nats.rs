//! NATS servers with JetStream, one or a cluster.

use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::process::{Process, eventually, free_port, loopback};

/// Running servers. They are killed with this value.
#[derive(Debug)]
pub struct NatsCluster {
    members: Vec<Member>,
    further: String,
    folder: TempDir,
}

#[derive(Debug)]
struct Member {
    client: SocketAddr,
    peer: SocketAddr,
    process: Option<Process>,
}

impl NatsCluster {
    /// Starts so many servers, which write each change to the disk before they confirm it, with further lines of configuration, and
    /// waits until they accept connections.
    #[must_use]
    pub fn start(members: usize, further: &str) -> Self {
        let ip = IpAddr::from(loopback());
        let free = || SocketAddr::new(ip, free_port(ip));
        let member = || Member {
            client: free(),
            peer: free(),
            process: None,
        };
        let mut cluster = Self {
            members: (0..members).map(|_| member()).collect(),
            further: further.to_owned(),
            folder: TempDir::new().expect("there is a temporary folder"),
        };
        for index in 0..members {
            cluster.start_again(index);
        }
        cluster
    }

    /// The addresses for clients.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let url = |member: &Member| format!("nats://{}", member.client);
        self.members.iter().map(url).collect()
    }

    /// Starts a server with the data that it has, and waits until it accepts connections.
    pub fn start_again(&mut self, index: usize) {
        let member = &self.members[index];
        let folder = self.folder.path().join(format!("m{index}"));
        let mut text = format!(
            "listen: \"{}\"\nserver_name: m{index}\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n{}\n",
            member.client,
            folder.display(),
            self.further
        );
        if self.members.len() > 1 {
            let routes = self
                .members
                .iter()
                .map(|member| format!("\"nats-route://{}\"", member.peer));
            let routes: Vec<String> = routes.collect();
            let cluster = format!(
                "cluster {{ name: test, listen: \"{}\", routes: [{}] }}\n",
                member.peer,
                routes.join(", ")
            );
            text.push_str(&cluster);
        }
        let path = folder.with_extension("conf");
        fs::write(&path, text).expect("the folder can be written");
        let log = folder.with_extension("log");
        let log = File::options().create(true).append(true).open(log);
        let mut command = Command::new(program());
        command
            .arg("-c")
            .arg(path)
            .stderr(log.expect("the folder can be written"));
        let address = member.client;
        self.members[index].process = Some(Process::start(&mut command));
        eventually("the NATS server accepts connections", || {
            TcpStream::connect(address).is_ok()
        });
    }

    /// Kills a server (SIGKILL).
    pub fn kill(&mut self, index: usize) {
        self.members[index].process = None;
    }

    /// Stops a server for now (SIGSTOP).
    pub fn freeze(&self, index: usize) {
        self.signal(index, Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self, index: usize) {
        self.signal(index, Signal::CONT);
    }

    fn signal(&self, index: usize, signal: Signal) {
        if let Some(process) = &self.members[index].process {
            process.signal(signal);
        }
    }
}

/// The server of the environment variable NATS_SERVER, that of the Python package that `tests/run` installs, or that of the machine.
/// Debian 12 has one that is too old.
fn program() -> PathBuf {
    let installed = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/.tools/nats/bin/nats-server"
    ));
    match std::env::var_os("NATS_SERVER") {
        Some(program) => program.into(),
        None if installed.exists() => installed,
        None => "nats-server".into(),
    }
}
