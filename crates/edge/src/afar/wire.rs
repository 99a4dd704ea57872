//! Reading and writing messages on a connection of a cluster.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use fchatd_cluster::{Decoder, PREAMBLE_BYTES, Preamble, preamble};
use fchatd_protocol::network::NetworkBans;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::Notify;

use super::security::Stream;
use crate::gauges::Gauges;

/// Time limit for connecting, for the handshake and for the first message.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Interval at which the state machines look at the clock.
pub(super) const STEP: Duration = Duration::from_millis(50);
/// Size of one read, in bytes.
const READ_BYTES: usize = 64 << 10;
/// Maximum size of one write, apart from its last frame, in bytes.
const WRITE_BYTES: usize = 256 << 10;

/// A message of the program at the core for the programs at the edges. Each kind replaces the last one of its kind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Message {
    /// Settings of the core that edges follow: keys and values.
    Settings(Vec<(String, String)>),
    /// The banned networks.
    Bans(NetworkBans),
}

/// The counters of an edge, as they go to the core.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Number of open sockets.
    pub(super) sockets: u32,
    pub(super) gauges: Gauges,
}

/// Exchanges the preambles.
pub(super) async fn greet(stream: &mut Box<dyn Stream>) -> io::Result<()> {
    stream.write_all(&preamble()).await?;
    stream.flush().await?;
    let mut theirs = [0; PREAMBLE_BYTES];
    stream.read_exact(&mut theirs).await?;
    Preamble(theirs).check().map_err(io::Error::other)
}

/// A step of connecting, within its time limit.
pub(super) async fn in_time<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the other side does not answer in time");
    tokio::time::timeout(PATIENCE, step).await.map_err(late)?
}

/// The two sides of a connection.
type Reader = ReadHalf<Box<dyn Stream>>;
type Writer = WriteHalf<Box<dyn Stream>>;

/// Messages from a connection.
pub(super) struct Inbox<R> {
    reader: R,
    decoder: Decoder,
    buffer: Box<[u8]>,
}

impl<R: AsyncRead + Unpin> Inbox<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            decoder: Decoder::default(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
        }
    }

    /// The next message. No byte is lost when the future is dropped.
    pub(super) async fn next<M: DeserializeOwned>(&mut self) -> io::Result<M> {
        loop {
            if let Some(message) = self.decoder.take().map_err(io::Error::other)? {
                return Ok(message);
            }
            let count = self.reader.read(&mut self.buffer).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.decoder.push(self.buffer.get(..count).unwrap_or_default());
        }
    }
}

impl Inbox<Box<dyn Stream>> {
    /// Writes a message before the connection is divided.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        in_time(async {
            self.reader.write_all(bytes).await?;
            self.reader.flush().await
        })
        .await
    }

    /// Divides the connection. Bytes that were read already stay in the inbox.
    pub(super) fn split(self) -> (Inbox<Reader>, Writer) {
        let (reader, writer) = tokio::io::split(self.reader);
        let inbox = Inbox {
            reader,
            decoder: self.decoder,
            buffer: self.buffer,
        };
        (inbox, writer)
    }
}

/// Writes frames until the connection breaks. `next` gives the next frame; without one, the task waits for `wake`.
pub(super) async fn write_all<W, B>(
    mut writer: W,
    wake: &Notify,
    mut next: impl FnMut() -> Option<B>,
) -> io::Result<()>
where
    W: AsyncWrite + Unpin,
    B: AsRef<[u8]>,
{
    let mut bytes = Vec::new();
    loop {
        while bytes.len() < WRITE_BYTES
            && let Some(frame) = next()
        {
            bytes.extend_from_slice(frame.as_ref());
        }
        if bytes.is_empty() {
            wake.notified().await;
            continue;
        }
        writer.write_all(&bytes).await?;
        writer.flush().await?;
        bytes.clear();
        bytes.shrink_to(WRITE_BYTES * 2);
    }
}

/// The frame of a message that can't be too long.
pub(super) fn short(message: &impl Serialize) -> Arc<[u8]> {
    fchatd_cluster::frame(message).unwrap_or_default().into()
}
