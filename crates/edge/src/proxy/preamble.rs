//! The header of the PROXY protocol, versions 1 and 2, which a load balancer sends before anything else on a connection. It is read
//! byte for byte, so that nothing of the client's first request is lost.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ppp::{HeaderResult, v1, v2};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// Time limit for the header. Load balancers send it at once.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(5);
/// Maximum length of a version 1 header, which the protocol fixes.
const V1_BYTES_MAX: usize = 107;
/// Maximum length of a version 2 header. The addresses take 36 bytes at most; certificates' names may follow.
const V2_BYTES_MAX: usize = 4096;
/// The shortest header is `PROXY UNKNOWN` with its line end.
const SHORTEST: usize = 15;
/// Bytes of a version 2 header before its variable part.
const V2_FIXED: usize = 16;
/// Type of the field about TLS in version 2, and the bit in its first byte: the client used TLS.
const TLS_FIELD: u8 = 0x20;
const TLS_USED: u8 = 1;

/// The client, as a load balancer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// `None` when the connection is the load balancer's own, such as a health check.
    pub(crate) address: Option<IpAddr>,
    /// Whether the client spoke TLS with the load balancer.
    pub(crate) is_tls: bool,
}

/// The reason why there is no client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection ended before its first byte: a check whether the port is open.
    Silent,
    /// The header did not come in time, or the connection broke.
    Late,
    /// The first bytes are no header.
    Missing,
    /// The header is not valid, or too long.
    Invalid,
}

/// Reads the header, and nothing after it.
pub(crate) async fn read(stream: &mut TcpStream, time: Duration) -> Result<Client, Fault> {
    match tokio::time::timeout(time, collect(stream)).await {
        Err(_) => Err(Fault::Late),
        Ok(collected) => parse(&collected?),
    }
}

async fn collect(stream: &mut TcpStream) -> Result<Vec<u8>, Fault> {
    let mut header = vec![0; SHORTEST];
    match stream.read_exact(&mut header).await {
        Ok(_) => {}
        // Too short for a header; the bytes tell whether it was to be one.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && header.first() == Some(&0) => {
            return Err(Fault::Silent);
        }
        Err(_) => {
            return Err(if is_begun(&header) {
                Fault::Late
            } else {
                Fault::Missing
            });
        }
    }
    let late = |_| Fault::Late;
    if header.starts_with(v2::PROTOCOL_PREFIX) {
        header.push(stream.read_u8().await.map_err(late)?);
        let length = header
            .last_chunk()
            .map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        if length > V2_BYTES_MAX - V2_FIXED {
            return Err(Fault::Invalid);
        }
        header.resize(V2_FIXED + length, 0);
        let rest = header.get_mut(V2_FIXED..).unwrap_or_default();
        stream.read_exact(rest).await.map_err(late)?;
        return Ok(header);
    }
    if !header.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        return Err(Fault::Missing);
    }
    while header.last() != Some(&b'\n') {
        if header.len() == V1_BYTES_MAX {
            return Err(Fault::Invalid);
        }
        header.push(stream.read_u8().await.map_err(late)?);
    }
    Ok(header)
}

/// Whether the first bytes, followed by zeros, can be those of a header.
fn is_begun(bytes: &[u8]) -> bool {
    let length = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    let begun = bytes.get(..length).unwrap_or_default();
    [v1::PROTOCOL_PREFIX.as_bytes(), v2::PROTOCOL_PREFIX]
        .iter()
        .any(|prefix| prefix.starts_with(begun) || begun.starts_with(prefix))
}

fn parse(header: &[u8]) -> Result<Client, Fault> {
    let (address, is_tls) = match HeaderResult::parse(header) {
        HeaderResult::V1(Ok(header)) => match header.addresses {
            v1::Addresses::Tcp4(addresses) => (Some(addresses.source_address.into()), false),
            v1::Addresses::Tcp6(addresses) => (Some(addresses.source_address.into()), false),
            v1::Addresses::Unknown => (None, false),
        },
        HeaderResult::V2(Ok(header)) => {
            let address = match (header.command, header.addresses) {
                (v2::Command::Local, _) => None,
                (_, v2::Addresses::IPv4(addresses)) => Some(addresses.source_address.into()),
                (_, v2::Addresses::IPv6(addresses)) => Some(addresses.source_address.into()),
                (_, v2::Addresses::Unspecified | v2::Addresses::Unix(_)) => None,
            };
            let mut fields = header.tlvs().map_while(Result::ok);
            let tls = fields.find(|field| field.kind == TLS_FIELD);
            let first = tls.and_then(|field| field.value.first().copied());
            (address, first.is_some_and(|bits| bits & TLS_USED != 0))
        }
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => return Err(Fault::Invalid),
    };
    Ok(Client {
        address: address.map(|address: IpAddr| address.to_canonical()),
        is_tls,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Sends bytes in pieces, and returns the result and the bytes after the header.
    fn send(pieces: &[&[u8]], ends: bool) -> (Result<Client, Fault>, Vec<u8>) {
        let runtime = crate::edge::runtime().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            client.set_nodelay(true).unwrap();
            let (mut server, _) = listener.accept().await.unwrap();
            let sending = async {
                for piece in pieces {
                    client.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
                if ends {
                    client.shutdown().await.unwrap();
                }
                client
            };
            let (read, mut client) = tokio::join!(read(&mut server, TIME_MAX), sending);
            client.shutdown().await.unwrap();
            let mut rest = Vec::new();
            server.read_to_end(&mut rest).await.unwrap();
            (read, rest)
        })
    }

    fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut header = v2::PROTOCOL_PREFIX.to_vec();
        header.extend([0x20 | command, family]);
        header.extend((body.len() as u16).to_be_bytes());
        header.extend(body);
        header
    }

    fn client(address: &str, is_tls: bool) -> Client {
        Client {
            address: Some(address.parse().unwrap()),
            is_tls,
        }
    }

    const OWN: Client = Client {
        address: None,
        is_tls: false,
    };
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";

    #[test]
    fn both_versions_are_read_to_their_end_and_no_further() {
        let four = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x34, 0, 80];
        let mut six = [0; 36];
        six[..2].copy_from_slice(&[0x20, 1]);
        six[15] = 7;
        let with_tls = [&four[..], &[0x20, 0, 5, 1, 0, 0, 0, 0]].concat();
        let without_tls = [&four[..], &[0x20, 0, 5, 0, 0, 0, 0, 0]].concat();
        let cases = [
            (
                b"PROXY TCP4 203.0.113.9 10.0.0.1 4660 80\r\n".to_vec(),
                client("203.0.113.9", false),
            ),
            (
                b"PROXY TCP6 2001::7 ::1 4660 80\r\n".to_vec(),
                client("2001::7", false),
            ),
            (
                b"PROXY TCP6 ::ffff:203.0.113.9 ::1 1 2\r\n".to_vec(),
                client("203.0.113.9", false),
            ),
            (b"PROXY UNKNOWN\r\n".to_vec(), OWN),
            (version_2(1, 0x11, &four), client("203.0.113.9", false)),
            (version_2(1, 0x21, &six), client("2001::7", false)),
            (version_2(1, 0x11, &with_tls), client("203.0.113.9", true)),
            (version_2(1, 0x11, &without_tls), client("203.0.113.9", false)),
            (version_2(0, 0, &[]), OWN),
            (version_2(0, 0x11, &four), OWN),
        ];
        for (header, expected) in cases {
            let whole = [&header, REQUEST].concat();
            assert_eq!(
                send(&[&whole], false),
                (Ok(expected), REQUEST.to_vec()),
                "{header:?}"
            );
            let bytes: Vec<&[u8]> = header.chunks(1).chain([REQUEST]).collect();
            assert_eq!(
                send(&bytes, false),
                (Ok(expected), REQUEST.to_vec()),
                "{header:?}"
            );
        }
    }

    #[test]
    fn anything_else_is_a_fault() {
        let long = [b"PROXY TCP4 ".to_vec(), vec![b'1'; 200]].concat();
        let huge = version_2(1, 0x11, &vec![0; V2_BYTES_MAX]);
        let cases: [(&[u8], Fault); 10] = [
            (b"", Fault::Silent),
            (b"PROXY TCP4", Fault::Late),
            (b"GET /", Fault::Missing),
            (b"GET / HTTP/1.1\r\nHost: chat\r\n\r\n", Fault::Missing),
            (b"PROXYTCP4 203.0.113.9 10.0.0.1 1 2\r\n", Fault::Invalid),
            (b"PROXY TCP4 203.0.113.900 10.0.0.1 1 2\r\n", Fault::Invalid),
            (b"PROXY TCP5 203.0.113.9 10.0.0.1 1 2\r\n", Fault::Invalid),
            (&long, Fault::Invalid),
            (&huge, Fault::Invalid),
            (&version_2(7, 0x11, &[0; 12]), Fault::Invalid),
        ];
        for (bytes, fault) in cases {
            assert_eq!(send(&[bytes], true).0, Err(fault), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(body in prop::collection::vec(any::<u8>(), 0..80), command in 0..4_u8, family: u8) {
            let _ = parse(&version_2(command, family, &body));
            let _ = parse(&[b"PROXY ", &body[..]].concat());
            let _ = parse(&body);
        }
    }
}
