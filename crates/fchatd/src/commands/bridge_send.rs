//! `fchatd bridge send`: the reference sender of the real-time bridge (docs/bridge.md).

use std::io::ErrorKind;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use fchatd_links::sign;
use fchatd_protocol::json::read::Tape;
use fchatd_world::settings::keys;

use crate::configuration;
use crate::configuration::listen::listening_address;
use crate::failure::Failure;
use crate::folder::places::read_if_there;
use crate::options::Options;
use crate::output::say;

/// How long the system may take to report a missing listener, which it can on one machine only.
const ECHO: Duration = Duration::from_millis(200);

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum BridgeAction {
    /// Send an order as a website does, such as: fchatd bridge send KIK '{"a":7}'
    Send(Sending),
}

/// An order and its receiver.
#[derive(Debug, Clone, Args)]
pub(crate) struct Sending {
    /// Use the classic signature, which can be replayed, instead of the v2 form
    #[arg(long)]
    classic: bool,
    /// The address of the bridge; by default this machine and the server's port + 1
    #[arg(long, value_name = "HOST:PORT")]
    to: Option<String>,
    /// A file with the secret in its first line; by default rtbsecret of the configuration, or FCHATD_RTBSECRET of
    /// the environment
    #[arg(long, value_name = "FILE")]
    secret_file: Option<std::path::PathBuf>,
    /// RTB, HLB, KIK or CDL, or one of rtb_commands
    #[arg(value_name = "CODE")]
    code: String,
    /// Its arguments as a JSON object, such as {"a":7}
    #[arg(value_name = "JSON")]
    json: String,
}

/// Sends it.
///
/// # Errors
/// A sentence about the mistake in the order, or the reason why it can't be sent.
pub(crate) fn send(options: &Options, sending: &Sending) -> Result<(), Failure> {
    let Sending { code, json, .. } = sending;
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(format!(
            "an order begins with three capital letters such as KIK; these are {code:?}"
        ));
    }
    let tape = Tape::of(json).ok().filter(Tape::is_object);
    if tape.is_none() {
        return Err(format!(
            "the arguments must be a JSON object such as '{{\"a\":7}}', in quotes for the shell; they are {json:?}"
        ));
    }
    if options.set.iter().any(|setting| setting.starts_with("rtbsecret")) {
        return Err(
            "whoever is on this machine can read command lines: give the secret with --secret-file, in the \
             configuration, or as FCHATD_RTBSECRET in the environment"
                .to_owned(),
        );
    }
    let secret = match &sending.secret_file {
        Some(file) => secret_of(file)?,
        None => configuration::load(options)?.text(keys::RTBSECRET).to_owned(),
    };
    if secret.is_empty() {
        return Err(
            "there is no secret to sign with: set rtbsecret in the configuration, or give --secret-file"
                .to_owned(),
        );
    }
    let datagram = match sending.classic {
        true => sign::classic(&secret, code, json),
        false => sign::v2(&secret, unix_seconds(), code, json),
    };
    if datagram.len() > sign::DATAGRAM_BYTES_MAX {
        return Err(format!(
            "the order has {} bytes, and a datagram holds {}",
            datagram.len(),
            sign::DATAGRAM_BYTES_MAX
        ));
    }
    let to = place(options, sending)?;
    transmit(&datagram, to)?;
    let form = if sending.classic { "classic" } else { "v2" };
    say!("sent {} bytes to UDP {to} in the {form} form", datagram.len());
    say!(
        "Nobody answers on this bridge, so whether it arrived and was believed can't be known here: what is refused is \
         in the server's log and in ZZZ status."
    );
    Ok(())
}

fn secret_of(file: &Path) -> Result<String, Failure> {
    match read_if_there(file)? {
        Some(text) => Ok(text.lines().next().unwrap_or_default().to_owned()),
        None => Err(format!("{} is not there", file.display())),
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn place(options: &Options, sending: &Sending) -> Result<SocketAddr, Failure> {
    let Some(text) = &sending.to else {
        let server = listening_address(&configuration::load(options)?)?;
        let port = server.port().checked_add(1).filter(|port| *port > 1);
        let port = port.ok_or("the server's port is not known: say where with --to HOST:PORT")?;
        let ip = match server.ip() {
            any if any.is_unspecified() => [127, 0, 0, 1].into(),
            ip => ip,
        };
        return Ok(SocketAddr::new(ip, port));
    };
    let fault = |what: String| format!("--to must be HOST:PORT such as 127.0.0.1:9723; {text:?} {what}");
    let mut found = text
        .to_socket_addrs()
        .map_err(|error| fault(format!("can't be used: {error}")))?;
    found.next().ok_or_else(|| fault("has no address".to_owned()))
}

fn transmit(datagram: &[u8], to: SocketAddr) -> Result<(), Failure> {
    let any: SocketAddr = if to.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let sent = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(to)?;
        socket.send(datagram)?;
        socket.set_read_timeout(Some(ECHO))?;
        match socket.recv(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Err(error),
            _ => Ok(()),
        }
    });
    sent.map_err(|error| match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!("nobody listens on UDP {to}: does the server run, with enablertb = true?")
        }
        _ => format!("it could not be sent to UDP {to}: {error}"),
    })
}
