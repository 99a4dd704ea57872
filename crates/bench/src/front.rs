//! Servers with TLS in front: by themselves (`tls:COMMAND`), or behind an nginx that terminates it (`nginx:COMMAND`). Both have the same
//! new certificate with an ECDSA key, and the same protocol versions.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Error;
use crate::server::{Running, START, Site, free_port, start};

/// A program in front of a server. Dropping the value ends it.
#[derive(Debug)]
pub(crate) struct Front {
    /// The program, if it is another one.
    child: Option<Child>,
    _folder: TempDir,
}

impl Front {
    /// The processes in front.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let Some(child) = &self.child else {
            return Vec::new();
        };
        let main = child.id();
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap_or_default();
        let workers = children.split_whitespace().filter_map(|word| word.parse().ok());
        std::iter::once(main).chain(workers).collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Some(pid) = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            // The main process ends its workers.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = child.wait();
    }
}

/// Starts the server of a text that begins with `tls:` or `nginx:`; `None` for other texts.
///
/// # Errors
/// It does not start.
pub(crate) fn ready(text: &str, settings: &[(&str, String)]) -> Option<Result<Running, Error>> {
    if let Some(command) = text.strip_prefix("tls:") {
        return Some(native(command.trim(), settings));
    }
    text.strip_prefix("nginx:")
        .map(|command| behind_nginx(command.trim(), settings))
}

fn native(command: &str, settings: &[(&str, String)]) -> Result<Running, Error> {
    let folder = certificate()?;
    let place = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        "{command} --set listen=tls://127.0.0.1:{{port}} --set tls_certificate={} --set tls_key={}",
        place("chat.pem"),
        place("chat.key")
    );
    let mut running = start(&text, settings)?;
    running.site = Site::parse(&format!("wss://{}", running.site.address))?;
    running.front = Some(Front {
        child: None,
        _folder: folder,
    });
    Ok(running)
}

fn behind_nginx(command: &str, settings: &[(&str, String)]) -> Result<Running, Error> {
    let folder = certificate()?;
    let mut settings = settings.to_vec();
    settings.push(("load_balancers", "127.0.0.1".to_owned()));
    let mut running = start(command, &settings)?;
    let port = free_port()?;
    let configuration = folder.path().join("nginx.conf");
    fs::write(&configuration, nginx(folder.path(), port, running.site.address))
        .map_err(|error| Error::because(configuration.display(), error))?;
    let program = std::env::var_os("NGINX").unwrap_or_else(|| "nginx".into());
    let child = Command::new(&program)
        .arg("-c")
        .arg(&configuration)
        .arg("-p")
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            Error::because(
                format!(
                    "{} can't be started; apt-get install nginx-light has it",
                    program.display()
                ),
                error,
            )
        })?;
    let mut front = Front {
        child: Some(child),
        _folder: folder,
    };
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = front
            .child
            .as_mut()
            .is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
        if ended || begun.elapsed() > START {
            let log = front._folder.path().join("error.log");
            let said = fs::read_to_string(log).unwrap_or_default();
            return Err(Error::because("nginx is not ready", said));
        }
        thread::sleep(Duration::from_millis(20));
    }
    running.site = Site::parse(&format!("wss://127.0.0.1:{port}"))?;
    running.front = Some(front);
    Ok(running)
}

/// The configuration of docs/proxies.md, with a worker for each processor and no log.
fn nginx(folder: &Path, port: u16, server: SocketAddr) -> String {
    let folder = folder.display();
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    format!(
        "daemon off; {user} worker_processes auto; worker_rlimit_nofile 65536; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/chat.pem; ssl_certificate_key {folder}/chat.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    tcp_nodelay on;
    location / {{
      proxy_pass http://{server};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      proxy_read_timeout 1h; proxy_send_timeout 1h;
    }}
  }}
}}
"
    )
}

/// A folder with a certificate that signs itself, and its key.
fn certificate() -> Result<TempDir, Error> {
    let fault = |error: &dyn std::fmt::Display| Error::because("no certificate could be made", error);
    let folder = TempDir::new().map_err(|error| fault(&error))?;
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(|error| fault(&error))?;
    for (name, text) in [
        ("chat.pem", made.cert.pem()),
        ("chat.key", made.signing_key.serialize_pem()),
    ] {
        fs::write(folder.path().join(name), text).map_err(|error| fault(&error))?;
    }
    Ok(folder)
}
