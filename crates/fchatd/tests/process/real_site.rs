//! A public site from its package to its restoration: install the .deb, set a name, get a certificate from a real authority, open the
//! page in Chromium over TLS, make the first administrator, scrape with Prometheus, back up, destroy, restore, talk on.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use rustls::pki_types::{CertificateDer, UnixTime};
use tempfile::TempDir;

use crate::package::{PASSWORD, System, can_install, packages};
use crate::pebble::{Pebble, free_port};
use crate::prometheus::Prometheus;
use crate::site::{Server, Site};
use crate::tls::{Secured, trusting_at};
use crate::websocket::{WebSocket, log_in};

const HOST: &str = "chat.example";

/// The site as its visitors reach it: by its name, and with a certificate that they verify.
struct Public {
    address: SocketAddr,
    root: CertificateDer<'static>,
}

impl Public {
    fn connect(&self) -> Secured {
        trusting_at(self.root.clone(), self.address, HOST, UnixTime::now()).unwrap()
    }

    fn ask(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8(answer).unwrap()
    }

    /// Logs an account in with its character of the same name, which joins the channel. The result is the channel's description.
    fn enter(&self, name: &str) -> (WebSocket, String) {
        let form = format!("account={name}&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.ask(&format!(
            "POST /json/getApiTicket.php HTTP/1.0\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            form.len()
        ));
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let answer: serde_json::Value = serde_json::from_str(body).unwrap();
        let mut socket = WebSocket::over_stream(Box::new(self.connect())).unwrap();
        socket.say(&log_in(name, answer["ticket"].as_str().unwrap(), name));
        socket.await_text("NLN ");
        socket.say(r#"JCH {"channel":"Frontpage"}"#);
        // Administrators are in another channel already.
        let description = loop {
            let text = socket.await_text("CDS ");
            if text.contains("Frontpage") {
                break text;
            }
        };
        (socket, description)
    }
}

/// Each of the two hears the other.
fn talk(one: &mut WebSocket, other: &mut WebSocket, text: &str) {
    let line = format!(r#"MSG {{"channel":"Frontpage","message":"{text}"}}"#);
    one.say(&line);
    assert!(other.await_text("MSG ").contains(text));
    other.say(&line);
    assert!(one.await_text("MSG ").contains(text));
}

/// The content of the page after its scripts have run, in a Chromium that trusts the authority as it trusts others.
fn page_in_chromium(root: &CertificateDer<'_>, port: u16) -> String {
    let home = TempDir::new().unwrap();
    let database = home.path().join(".pki/nssdb");
    fs::create_dir_all(&database).unwrap();
    fs::write(home.path().join("root.der"), root).unwrap();
    let database = format!("sql:{}", database.display());
    let done = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(home.path())
            .env("HOME", home.path());
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{program} can't be run ({error}): tests/run installs it"));
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    done("certutil", &["-d", &database, "-N", "--empty-password"]);
    done(
        "certutil",
        &[
            "-d", &database, "-A", "-t", "C,,", "-n", "pebble", "-i", "root.der",
        ],
    );
    let profile = format!("--user-data-dir={}", home.path().join("profile").display());
    let resolver = format!("--host-resolver-rules=MAP {HOST} 127.0.0.1");
    let words = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--no-proxy-server",
    ];
    let more = [&*profile, &resolver, "--virtual-time-budget=5000", "--dump-dom"];
    let program = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let page = format!("https://{HOST}:{port}/");
    done(&program, &[&words[..], &more, &[page.as_str()]].concat())
}

/// Starts the server as the unit does, and waits until it has a certificate.
fn serve(system: &System, site: &Site, pebble: &Pebble, told: &str) -> (Server, Public) {
    let server = system.serve(site);
    server.await_log(told);
    let public = Public {
        address: server.address,
        root: pebble.root(),
    };
    (server, public)
}

#[test]
fn a_public_site_from_its_package_to_its_restoration() {
    if !can_install() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this test takes root, namespaces, and dpkg"
        );
        return;
    }
    let (pebble, out) = (Pebble::start(), TempDir::new().unwrap());
    let (package, _) = packages(env!("CARGO_PKG_VERSION"), out.path());
    let system = System::start();
    system.bring(&package);
    system.bring(&pebble.folder.path().join("pebble.pem"));
    let name = Path::new(package.file_name().unwrap());
    let install = format!("dpkg --install /packages/{} </dev/null", name.display());
    system.done(&install);

    // The operator's settings: a name, the authority, and the ports of this test.
    let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let settings = format!(
        "listen = {{\"tls://127.0.0.1:{}\"}}\nacme_names = {{\"{HOST}\"}}\nacme_directory = \"{}\"\n\
         acme_root = \"/packages/pebble.pem\"\nhsts = 3600\nadmin_listen = \"{metrics}\"\nmax_per_ip = 9\n",
        pebble.tls, pebble.directory
    );
    system.done(&format!(
        "cat >/etc/fchatd/startup_config.lua <<'END'\n{settings}END"
    ));
    for (name, words) in [("Ada", &["--admin"][..]), ("Bob", &[])] {
        system.fchatd(&[&["account", "add", name], words].concat(), PASSWORD);
        system.fchatd(&["character", "add", name, name], "");
    }
    let site = Site::new();
    let (server, public) = serve(
        &system,
        &site,
        &pebble,
        "there is a new certificate for chat.example",
    );
    let page = public.ask(&format!("GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n"));
    assert!(
        page.starts_with("HTTP/1.0 200 ") || page.starts_with("HTTP/1.1 200 "),
        "{page}"
    );
    assert!(page.contains("max-age=3600"), "{page}");
    let shown = page_in_chromium(&public.root, public.address.port());
    assert!(
        shown.contains("Create an account") || shown.contains("Sign in"),
        "{shown}"
    );

    let (mut ada, _) = public.enter("Ada");
    let (mut bob, _) = public.enter("Bob");
    talk(&mut ada, &mut bob, "before the fire");
    ada.say(r#"CDS {"channel":"Frontpage","description":"a description from before"}"#);
    while !bob.await_text("CDS ").contains("from before") {}
    let prometheus = Prometheus::start(metrics);
    prometheus.await_up();
    assert_eq!(
        prometheus.query("fchatd_characters")["data"]["result"][0]["value"][1],
        "2"
    );

    system.fchatd(&["backup", "/tmp/chat.tar.gz"], "");
    let served = public.connect().conn.peer_certificates().unwrap()[0]
        .clone()
        .into_owned();
    drop((ada, bob));
    system.done("kill $(pidof fchatd)");
    assert_eq!(server.ended().code, Some(0));
    system.done("dpkg --purge fchatd </dev/null && test ! -e /var/lib/fchatd -a ! -e /etc/fchatd");

    system.done(&install);
    system.fchatd(&["backup", "--check", "/tmp/chat.tar.gz"], "");
    system.fchatd(&["restore", "--keep-scripts", "/tmp/chat.tar.gz"], "");
    // These lines are in docs/packages.md.
    system.done("tar xzf /tmp/chat.tar.gz -C /etc/fchatd --strip-components=1 script");
    system.done("chgrp -R fchatd /etc/fchatd");
    assert_eq!(system.done("cat /etc/fchatd/startup_config.lua"), settings);
    let (server, public) = serve(&system, &site, &pebble, "listener: tls://");
    let again = public.connect().conn.peer_certificates().unwrap()[0]
        .clone()
        .into_owned();
    assert_eq!(served, again, "the certificate came back with the backup");
    let (mut ada, description) = public.enter("Ada");
    assert!(description.contains("a description from before"), "{description}");
    let (mut bob, _) = public.enter("Bob");
    talk(&mut ada, &mut bob, "after the fire");
    assert_eq!(prometheus.query("fchatd_build_info")["status"], "success");
    system.done("kill $(pidof fchatd)");
    assert_eq!(server.ended().code, Some(0));
}
