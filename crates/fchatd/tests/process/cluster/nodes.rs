//! A core and edges as processes on this machine, and a proxy between them that cuts connections.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::site::{Server, Site};

/// A cluster with one core.
pub(crate) struct Cluster {
    pub(crate) site: Site,
    pub(crate) core: Option<Server>,
    pub(crate) address: SocketAddr,
}

/// The settings of a core, as words of the command line.
pub(crate) fn core_words(port: u16, further: &[&str]) -> Vec<String> {
    let port = format!("cluster_port={port}");
    let settings = [
        "role=core",
        "node=core",
        "cluster_bind=127.0.0.1",
        &port,
        "msg_flood=0",
        "max_per_ip=100",
    ];
    words(settings.iter().chain(further))
}

pub(crate) fn words<'a>(settings: impl Iterator<Item = &'a &'a str>) -> Vec<String> {
    settings
        .flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()])
        .collect()
}

pub(crate) fn borrowed(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

impl Cluster {
    /// Starts a core in which every account and ticket is accepted.
    pub(crate) fn start(further: &[&str]) -> Self {
        Self::start_with(&["--dev"], further)
    }

    /// Starts a core with these options.
    pub(crate) fn start_with(options: &[&str], further: &[&str]) -> Self {
        let site = Site::new();
        site.run(&["cluster", "key"]).assert_done();
        let words = core_words(0, further);
        let core = site.start_logging(&[options, &borrowed(&words)].concat(), "info");
        let address = core.address;
        assert!(
            core.announcement[0].contains("is a core"),
            "{:?}",
            core.announcement
        );
        Self {
            site,
            core: Some(core),
            address,
        }
    }

    /// The core, which runs.
    pub(crate) fn core(&self) -> &Server {
        self.core.as_ref().unwrap()
    }

    /// Kills the core and waits for its end.
    pub(crate) fn kill_core(&mut self) {
        self.core = None;
    }

    /// Starts the core again where it was.
    pub(crate) fn start_again(&mut self) {
        let words = core_words(self.address.port(), &[]);
        let core = self
            .site
            .start_logging(&[&["--dev"], &borrowed(&words)[..]].concat(), "info");
        self.core = Some(core);
    }

    /// Starts an edge.
    pub(crate) fn edge(&self, name: &str, further: &[&str]) -> (Site, Server) {
        self.edge_by(name, self.address, further)
    }

    /// Starts an edge that finds its core at this address.
    pub(crate) fn edge_by(&self, name: &str, core: SocketAddr, further: &[&str]) -> (Site, Server) {
        let site = self.edge_site();
        let words = edge_words(name, core, further);
        let edge = site.start_logging(&borrowed(&words), "info");
        (site, edge)
    }

    /// A folder for an edge, with the key.
    pub(crate) fn edge_site(&self) -> Site {
        let site = Site::new();
        copy(&self.site.path("cluster.pem"), &site.path("cluster.pem"));
        site
    }
}

/// The settings of an edge, as words of the command line.
pub(crate) fn edge_words(name: &str, core: SocketAddr, further: &[&str]) -> Vec<String> {
    let (node, cores) = (format!("node={name}"), format!("cores={core}"));
    let settings = ["role=edge", &node, &cores];
    words(settings.iter().chain(further))
}

fn copy(from: &Path, to: &Path) {
    fs::copy(from, to).unwrap();
}

/// Passes bytes on between edges and a core, and cuts all connections on request.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub(crate) fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let held = Arc::clone(&streams);
        thread::spawn(move || {
            for incoming in listener.incoming() {
                let (Ok(near), Ok(far)) = (incoming, TcpStream::connect(to)) else {
                    continue;
                };
                let mut held = held.lock().unwrap();
                held.extend([near.try_clone().unwrap(), far.try_clone().unwrap()]);
                pass(near.try_clone().unwrap(), far.try_clone().unwrap());
                pass(far, near);
            }
        });
        Self { address, streams }
    }

    /// Cuts all connections; returns how many there were.
    pub(crate) fn cut(&self) -> usize {
        let streams = std::mem::take(&mut *self.streams.lock().unwrap());
        for stream in &streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
        streams.len() / 2
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = from.shutdown(Shutdown::Both);
        let _ = to.shutdown(Shutdown::Both);
    });
}
