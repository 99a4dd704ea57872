//! An etcd cluster of one member or several.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Process, command, eventually, free_port, loopback};

/// How long a member may take for its status.
const ANSWER: Duration = Duration::from_secs(5);

/// Where a member runs.
#[derive(Debug, Clone)]
pub struct Seat {
    /// The address on which it listens.
    pub address: IpAddr,
    /// The words before its command, such as `ip netns exec NAME`.
    pub before: Vec<String>,
}

/// A running cluster. Its members are killed with this value.
#[derive(Debug)]
pub struct EtcdCluster {
    members: Vec<Member>,
    further: Vec<String>,
    scheme: &'static str,
    folder: TempDir,
}

#[derive(Debug)]
struct Member {
    seat: Seat,
    client: u16,
    peer: u16,
    process: Option<Process>,
}

impl EtcdCluster {
    /// Starts a cluster of so many members on this process's loopback address, and waits until it has a leader.
    #[must_use]
    pub fn start(members: usize) -> Self {
        let seat = Seat {
            address: loopback().into(),
            before: Vec::new(),
        };
        let cluster = Self::on(vec![seat; members], &[]);
        eventually("etcd has a leader", || cluster.leader().is_some());
        cluster
    }

    /// Starts one member that offers TLS only, with this certificate and its key.
    #[must_use]
    pub fn start_tls(certificate: &str, key: &str) -> Self {
        let folder = TempDir::new().expect("there is a temporary folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("the folder can be written");
            path.to_string_lossy().into_owned()
        };
        let files = [write("certificate.pem", certificate), write("key.pem", key)];
        let [certificate, key] = files;
        let seat = Seat {
            address: loopback().into(),
            before: Vec::new(),
        };
        let further = [
            "--cert-file".to_owned(),
            certificate,
            "--key-file".to_owned(),
            key,
        ];
        Self::in_folder(folder, vec![seat], &further, "https")
    }

    /// Starts a member in each seat, with further arguments, and waits for nothing.
    #[must_use]
    pub fn on(seats: Vec<Seat>, further: &[String]) -> Self {
        let folder = TempDir::new().expect("there is a temporary folder");
        Self::in_folder(folder, seats, further, "http")
    }

    fn in_folder(folder: TempDir, seats: Vec<Seat>, further: &[String], scheme: &'static str) -> Self {
        let has_own = |seat: &Seat| !seat.before.is_empty();
        let member = |seat: Seat| Member {
            client: if has_own(&seat) {
                2379
            } else {
                free_port(seat.address)
            },
            peer: if has_own(&seat) {
                2380
            } else {
                free_port(seat.address)
            },
            seat,
            process: None,
        };
        let mut cluster = Self {
            members: seats.into_iter().map(member).collect(),
            further: further.to_vec(),
            scheme,
            folder,
        };
        for index in 0..cluster.members.len() {
            cluster.start_again(index);
        }
        cluster
    }

    /// The addresses for clients.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let url = |member: &Member| format!("{}://{}:{}", self.scheme, member.seat.address, member.client);
        self.members.iter().map(url).collect()
    }

    /// The file with a member's log.
    #[must_use]
    pub fn log(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("m{index}.log"))
    }

    /// Starts a member with the data that it has.
    pub fn start_again(&mut self, index: usize) {
        let peers: Vec<String> = self
            .members
            .iter()
            .enumerate()
            .map(|(index, member)| format!("m{index}=http://{}:{}", member.seat.address, member.peer))
            .collect();
        let member = &self.members[index];
        let client = format!("{}://{}:{}", self.scheme, member.seat.address, member.client);
        let peer = format!("http://{}:{}", member.seat.address, member.peer);
        let program = std::env::var_os("ETCD").unwrap_or_else(|| "etcd".into());
        let log = File::options().create(true).append(true).open(self.log(index));
        let mut command = command(&member.seat.before, program);
        command
            .args(["--name", &format!("m{index}"), "--data-dir"])
            .arg(self.folder.path().join(format!("m{index}")))
            .args([
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
            ])
            .args([
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
            ])
            .args([
                "--initial-cluster",
                &peers.join(","),
                "--initial-cluster-state",
                "new",
            ])
            .args(["--logger", "zap", "--log-outputs", "stderr"])
            .args(&self.further)
            .stderr(log.expect("the folder can be written"));
        self.members[index].process = Some(Process::start(&mut command));
    }

    /// Kills a member (SIGKILL).
    pub fn kill(&mut self, index: usize) {
        self.members[index].process = None;
    }

    /// Stops a member for now (SIGSTOP).
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

    /// The member that leads, as it says itself. Members in other network namespaces have to be reachable from here.
    #[must_use]
    pub fn leader(&self) -> Option<usize> {
        (0..self.members.len()).find(|&index| {
            let status = self.status(index);
            let text = |pointer: &str| status.as_ref()?.pointer(pointer)?.as_str().map(str::to_owned);
            let leader = text("/leader").filter(|leader| leader != "0");
            leader.is_some() && leader == text("/header/member_id")
        })
    }

    fn status(&self, index: usize) -> Option<Value> {
        self.members[index].process.as_ref()?;
        self.post(index, "/v3/maintenance/status", "{}")
    }

    /// Adds a user with this password, who may use the keys of fchatd, and turns authentication on.
    ///
    /// # Panics
    /// etcd refuses.
    pub fn protect(&self, user: &str, password: &str) {
        let name = format!(r#""{user}","password":"{password}""#);
        // The keys from "fchatd/" to "fchatd0".
        let keys = r#"{"permType":"READWRITE","key":"ZmNoYXRkLw==","range_end":"ZmNoYXRkMA=="}"#;
        for (path, body) in [
            (
                "user/add",
                r#"{"name":"root","password":"root of etcd"}"#.to_owned(),
            ),
            ("role/add", r#"{"name":"root"}"#.to_owned()),
            ("user/grant", r#"{"user":"root","role":"root"}"#.to_owned()),
            ("user/add", format!(r#"{{"name":{name}}}"#)),
            ("role/add", r#"{"name":"chat"}"#.to_owned()),
            ("role/grant", format!(r#"{{"name":"chat","perm":{keys}}}"#)),
            ("user/grant", format!(r#"{{"user":"{user}","role":"chat"}}"#)),
            ("enable", "{}".to_owned()),
        ] {
            let answer = self
                .post(0, &format!("/v3/auth/{path}"), &body)
                .unwrap_or_default();
            assert!(answer.get("error").is_none(), "{path}: {answer}");
        }
    }

    /// Asks a member in its JSON gateway.
    fn post(&self, index: usize, path: &str, body: &str) -> Option<Value> {
        let member = &self.members[index];
        let address = SocketAddr::new(member.seat.address, member.client);
        let mut stream = TcpStream::connect_timeout(&address, ANSWER).ok()?;
        stream.set_read_timeout(Some(ANSWER)).ok()?;
        let request = format!(
            "POST {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }
}
