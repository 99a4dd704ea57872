//! A WebSocket client, no bigger than these tests need.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::site::Server;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;

/// A server's frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Close(u16),
}

/// A connection to the chat.
pub(crate) struct WebSocket {
    stream: TcpStream,
}

impl WebSocket {
    /// Shakes hands.
    pub(crate) fn open(server: &Server) -> Self {
        Self::open_with(server, "").unwrap()
    }

    /// Shakes hands, with further header lines.
    ///
    /// # Errors
    /// The head of the answer that refuses it; nothing, when there is none.
    pub(crate) fn open_with(server: &Server, headers: &str) -> Result<Self, String> {
        Self::shake_hands(server.connect(), headers)
    }

    /// As [`WebSocket::open_with`], on a connection.
    pub(crate) fn shake_hands(mut stream: TcpStream, headers: &str) -> Result<Self, String> {
        let request = format!(
            "GET /chat2 HTTP/1.1\r\nHost: test\r\n{headers}Upgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        // A refused client may find the connection closed already.
        let _ = stream.write_all(request.as_bytes());
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read_exact(&mut byte).is_err() {
                return Err(String::new());
            }
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        if !head.starts_with("HTTP/1.1 101 ") {
            return Err(head);
        }
        // The answer to that key, from RFC 6455, section 1.3.
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Ok(Self { stream })
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
        self.say(&format!(
            r#"IDN {{"method":"ticket","account":"{character}","ticket":"{ticket}","character":"{character}","cname":"test","cversion":"1"}}"#
        ));
        loop {
            match self.frame() {
                Frame::Text(text) if text.starts_with("NLN ") => return Ok(()),
                Frame::Text(text) if text.starts_with("ERR ") => return Err(text),
                Frame::Text(_) => {}
                Frame::Close(code) => panic!("closed with {code}"),
            }
        }
    }

    /// Logs in with an account's ticket; the frames up to the own `NLN`.
    pub(crate) fn log_in_as(
        server: &Server,
        account: &str,
        ticket: &str,
        character: &str,
    ) -> (Self, Vec<String>) {
        let mut socket = Self::open(server);
        socket.say(&format!(
            r#"IDN {{"method":"ticket","account":"{account}","ticket":"{ticket}","character":"{character}","cname":"test","cversion":"1"}}"#
        ));
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

    /// The same connection once more, for another thread to read from.
    pub(crate) fn reader(&self) -> Self {
        Self {
            stream: self.stream.try_clone().unwrap(),
        }
    }

    /// Reads until a `PIN` comes.
    #[track_caller]
    pub(crate) fn await_pin(&mut self) {
        while self.frame() != Frame::Text("PIN".into()) {}
    }

    /// The next text that is no `PIN`.
    #[track_caller]
    pub(crate) fn text(&mut self) -> String {
        loop {
            match self.frame() {
                Frame::Text(text) if text == "PIN" => {}
                Frame::Text(text) => return text,
                Frame::Close(code) => panic!("closed with {code}"),
            }
        }
    }

    /// Reads until a frame of this command comes, and returns it.
    #[track_caller]
    pub(crate) fn await_code(&mut self, code: &str) -> String {
        loop {
            let text = self.text();
            if text.starts_with(code) {
                return text;
            }
        }
    }

    /// Reads until the close frame; gives its code.
    pub(crate) fn closed(&mut self) -> u16 {
        loop {
            if let Frame::Close(code) = self.frame() {
                return code;
            }
        }
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends a message.
    pub(crate) fn say(&mut self, text: &str) {
        self.send(TEXT, text.as_bytes());
    }

    /// Reads until a text that begins like this, and returns it.
    pub(crate) fn await_text(&mut self, begin: &str) -> String {
        loop {
            match self.frame() {
                Frame::Text(text) if text.starts_with(begin) => return text,
                Frame::Text(_) => {}
                Frame::Close(code) => panic!("closed with {code}"),
            }
        }
    }

    /// Answers a close frame.
    pub(crate) fn close(&mut self, code: u16) {
        self.send(CLOSE, &code.to_be_bytes());
    }

    /// The next frame but for pings.
    pub(crate) fn frame(&mut self) -> Frame {
        loop {
            let [first, second] = self.read();
            let length = match second {
                126 => usize::from(u16::from_be_bytes(self.read())),
                127 => usize::try_from(u64::from_be_bytes(self.read())).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).unwrap();
            match first {
                0x81 => return Frame::Text(String::from_utf8(payload).unwrap()),
                0x88 => return Frame::Close(u16::from_be_bytes([payload[0], payload[1]])),
                0x89 => {}
                _ => panic!("a frame begins with {first:#x}"),
            }
        }
    }

    fn read<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) {
        const MASK: [u8; 4] = [1, 2, 3, 4];
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len()).unwrap() {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend(long.to_be_bytes());
            }
        }
        frame.extend(MASK);
        frame.extend(
            payload
                .iter()
                .zip(MASK.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        self.stream.write_all(&frame).unwrap();
    }
}
