//! People in the chat: an ordinary client with a log-in, whose failures fail the test.

use std::net::TcpStream;

pub(crate) use fchatd_dialogue::visitor::{Frame, Refused};
use fchatd_dialogue::visitor::{Stream, Visitor};

use crate::site::Server;

/// A connection to the chat.
pub(crate) struct WebSocket(Visitor);

impl WebSocket {
    /// Shakes hands.
    pub(crate) fn open(server: &Server) -> Self {
        Self::open_with(server, &[]).unwrap()
    }

    /// Shakes hands, with further headers.
    ///
    /// # Errors
    /// The server refuses it.
    pub(crate) fn open_with(server: &Server, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        Self::over_with(server.connect(), headers)
    }

    /// Shakes hands on a connection, with further headers.
    ///
    /// # Errors
    /// The server refuses it.
    pub(crate) fn over_with(stream: TcpStream, headers: &[(&str, &str)]) -> Result<Self, Refused> {
        Visitor::over(stream, headers).map(Self)
    }

    /// Shakes hands on a stream, such as TLS.
    pub(crate) fn over_stream(stream: Box<dyn Stream>) -> Result<Self, Refused> {
        Visitor::over_stream(stream, &[]).map(Self)
    }

    /// Shakes hands on a connection.
    pub(crate) fn over(stream: TcpStream) -> Self {
        Self::over_with(stream, &[]).unwrap()
    }

    /// Opens a connection and logs in with an account of the character's name; the first frames are read away.
    pub(crate) fn log_in(server: &Server, character: &str, ticket: &str) -> Self {
        let mut socket = Self::open(server);
        socket.identify(character, ticket).unwrap();
        socket
    }

    /// Logs in; the first frames are read away.
    ///
    /// # Errors
    /// The error that refuses it.
    pub(crate) fn identify(&mut self, character: &str, ticket: &str) -> Result<(), String> {
        self.say(&log_in(character, ticket, character));
        let answer = self.await_any(&["NLN ", "ERR "]);
        if answer.starts_with("ERR ") {
            return Err(answer);
        }
        Ok(())
    }

    /// Logs in with an account's ticket; the frames up to the own `NLN`.
    pub(crate) fn log_in_as(
        server: &Server,
        account: &str,
        ticket: &str,
        character: &str,
    ) -> (Self, Vec<String>) {
        let mut socket = Self::open(server);
        socket.say(&log_in(account, ticket, character));
        let mut frames = Vec::new();
        loop {
            let frame = socket.text();
            assert!(!frame.starts_with("ERR "), "{frame}");
            let done = frame.starts_with("NLN ");
            frames.push(frame);
            if done {
                return (socket, frames);
            }
        }
    }

    /// The next frame, without pings.
    #[track_caller]
    pub(crate) fn frame(&mut self) -> Frame {
        self.0.frame().unwrap()
    }

    /// The next text that is no `PIN`.
    #[track_caller]
    pub(crate) fn text(&mut self) -> String {
        self.0.await_text(|text| text != "PIN").unwrap()
    }

    /// Reads until a text that begins like this, and returns it. It may be a `PIN`.
    #[track_caller]
    pub(crate) fn await_text(&mut self, begin: &str) -> String {
        self.await_any(&[begin])
    }

    #[track_caller]
    fn await_any(&mut self, begins: &[&str]) -> String {
        let is_it = |text: &str| begins.iter().any(|begin| text.starts_with(begin));
        self.0.await_text(is_it).unwrap()
    }

    /// Reads until the close frame; gives its code.
    #[track_caller]
    pub(crate) fn closed(&mut self) -> u16 {
        self.0.await_close().unwrap()
    }

    /// Sends a message.
    #[track_caller]
    pub(crate) fn say(&mut self, text: &str) {
        self.0.say(text).unwrap();
    }

    /// Answers a close frame, and waits for the end of the connection.
    #[track_caller]
    pub(crate) fn close(&mut self) {
        self.0.close().unwrap();
    }
}

/// The command with which a character logs in.
pub(crate) fn log_in(account: &str, ticket: &str, character: &str) -> String {
    format!(
        r#"IDN {{"method":"ticket","account":"{account}","ticket":"{ticket}","character":"{character}","cname":"test","cversion":"1"}}"#
    )
}
