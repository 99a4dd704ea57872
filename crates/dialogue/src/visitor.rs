//! A visitor of the chat for ordinary conversations, through a WebSocket client that is kept elsewhere (tungstenite).
//! So the tests of the program do not depend on our own reading of the protocol. Malformed frames, resets, connections
//! with two threads and measured loads need [`crate::websocket`].

use std::io;
use std::net::{SocketAddr, TcpStream};

use tungstenite::client::ClientRequestBuilder;
use tungstenite::http::{Response, Uri};
use tungstenite::{Error, HandshakeError, Message};

use crate::websocket::PATIENCE;

/// A frame of the server, without pings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text, `PIN` too.
    Text(String),
    /// A close frame with its code; 0 without one.
    Close(u16),
}

/// A refused handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The server answered with this HTTP status.
    Status(u16),
    /// The connection ended or failed before an answer.
    NoAnswer,
}

/// A connection to the chat.
pub struct Visitor {
    socket: tungstenite::WebSocket<Box<dyn Stream>>,
}

/// A stream with a read timeout, such as a TCP connection or TLS over one.
pub trait Stream: io::Read + io::Write + Send {}

impl<S: io::Read + io::Write + Send> Stream for S {}

impl std::fmt::Debug for Visitor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Visitor").finish_non_exhaustive()
    }
}

impl Visitor {
    /// Opens a connection from this machine.
    ///
    /// # Errors
    /// The connection or the handshake fails.
    pub fn open(server: SocketAddr) -> Result<Self, Refused> {
        let stream = TcpStream::connect(server).map_err(|_| Refused::NoAnswer)?;
        Self::over(stream, &[])
    }

    /// Like [`Visitor::open`], over an existing TCP connection, and with further headers (name and value).
    ///
    /// # Errors
    /// The handshake fails.
    pub fn over(stream: TcpStream, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        let prepared = stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.set_nodelay(true));
        prepared.map_err(|_| Refused::NoAnswer)?;
        Self::over_stream(Box::new(stream), headers)
    }

    /// Like [`Visitor::over`], over any stream.
    ///
    /// # Errors
    /// The handshake fails.
    pub fn over_stream(stream: Box<dyn Stream>, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        let request = headers.iter().fold(
            ClientRequestBuilder::new(Uri::from_static("ws://test/chat2")),
            |request, (name, value)| request.with_header(*name, *value),
        );
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(HandshakeError::Failure(Error::Http(answer))) => Err(Refused::Status(status(&answer))),
            Err(_) => Err(Refused::NoAnswer),
        }
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The connection is broken.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        self.socket.send(Message::text(text)).map_err(io_error)
    }

    /// The next frame.
    ///
    /// # Errors
    /// The connection is broken or has ended, or nothing arrives in time.
    pub fn frame(&mut self) -> io::Result<Frame> {
        loop {
            match self.socket.read().map_err(io_error)? {
                Message::Text(text) => return Ok(Frame::Text(text.as_str().to_owned())),
                Message::Close(close) => return Ok(Frame::Close(close.map_or(0, |close| close.code.into()))),
                Message::Ping(_) | Message::Pong(_) => {}
                Message::Binary(_) | Message::Frame(_) => {
                    return Err(io::Error::other("the server sent a frame that is no text"));
                }
            }
        }
    }

    /// Reads until a text matches, and returns it. Earlier texts are dropped.
    ///
    /// # Errors
    /// The server closes the connection before, or nothing arrives in time.
    pub fn await_text(&mut self, mut is_it: impl FnMut(&str) -> bool) -> io::Result<String> {
        loop {
            match self.frame()? {
                Frame::Text(text) if is_it(&text) => return Ok(text),
                Frame::Text(_) => {}
                Frame::Close(code) => return Err(io::Error::other(format!("closed with {code}"))),
            }
        }
    }

    /// Reads until the server's close frame, and returns its code.
    ///
    /// # Errors
    /// The connection ends without one, or nothing arrives in time.
    pub fn await_close(&mut self) -> io::Result<u16> {
        loop {
            if let Frame::Close(code) = self.frame()? {
                return Ok(code);
            }
        }
    }

    /// Closes the connection in order: sends a close frame, or answers the server's, and reads until the end.
    ///
    /// # Errors
    /// The connection is broken, or does not end in time.
    pub fn close(&mut self) -> io::Result<()> {
        let mut result = self.socket.close(None);
        while result.is_ok() {
            result = self.socket.read().map(drop);
        }
        match result {
            Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(()),
            Err(error) => Err(io_error(error)),
        }
    }
}

fn status<T>(answer: &Response<T>) -> u16 {
    answer.status().as_u16()
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::other(other),
    }
}
