//! The stream of a connection while it speaks HTTP, and the two halves of the socket of a WebSocket.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_rustls::server::TlsStream;

use super::handshake::FAREWELL;
use super::session::{Session, Writer};
use crate::fan::Socket;

/// A stream with or without TLS. The one with TLS is boxed, because it is large.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// Ends a connection after its last answer. TLS has an end of its own, so that a client can tell a whole answer from one that
    /// was cut off.
    pub(crate) async fn end(self) {
        if let Self::Tls(mut stream) = self {
            let _ = tokio::time::timeout(FAREWELL, stream.shutdown()).await;
        }
    }

    /// The two halves for a WebSocket.
    pub(crate) fn into_split(self) -> (Reading, Writing) {
        match self {
            Self::Plain(stream) => {
                let (reading, writing) = stream.into_split();
                (Reading::Plain(reading), Writing::Plain(writing))
            }
            Self::Tls(stream) => {
                let (stream, tls) = stream.into_inner();
                let session = Session::new(stream, tls);
                (Reading::Tls(Rc::clone(&session)), Writing::Tls(Writer(session)))
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// The reading half of a WebSocket's socket.
pub(crate) enum Reading {
    Plain(OwnedReadHalf),
    Tls(Rc<Session>),
}

impl Reading {
    /// Reads some bytes; none at the end.
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(session) => session.poll_read(context, buffer),
        }
    }

    /// The socket.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket.as_ref(),
            Self::Tls(session) => &session.stream,
        }
    }
}

/// The writing half of a WebSocket's socket. Dropping it closes this side of the connection.
pub(crate) enum Writing {
    Plain(OwnedWriteHalf),
    Tls(Writer),
}

impl Writing {
    /// The socket.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket.as_ref(),
            Self::Tls(writer) => &writer.0.stream,
        }
    }
}

impl Socket for Writing {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let socket = match self {
            Self::Plain(socket) => socket,
            Self::Tls(writer) => return writer.0.try_write(bytes),
        };
        // Bypasses the runtime. The runtime would first check its own readiness flag, which is separate
        // memory for each connection and cold in a fan-out. It is informed only of full sockets.
        match SockRef::from(socket.as_ref()).send(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.try_write(bytes),
            written => written,
        }
    }

    fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.try_write_vectored(pieces),
            Self::Tls(writer) => {
                let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.iter().copied()).collect();
                writer.0.try_write(&bytes)
            }
        }
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Plain(socket) => Some(socket.as_ref().as_fd()),
            // Bytes that bypass the session would not be encrypted.
            Self::Tls(_) => None,
        }
    }
}
