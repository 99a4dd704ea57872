//! The TLS session of a WebSocket. The fan-out writes frames through it as if it was a socket that never blocks.
//!
//! A record that the socket has not taken completely can't be made again. So its plaintext counts as not written until the
//! whole record is sent: the fan-out keeps these bytes in the connection's backlog and offers them again, and the session
//! passes over them (`owed`). With this rule the backlog, which is bounded and charged to the memory budget, is never
//! smaller than the encrypted bytes that wait here, apart from the few bytes around each record.
//!
//! Between two messages rustls holds no plaintext and no record, and a read buffer of 4 KiB at most.

use std::cell::RefCell;
use std::io::{self, IoSlice, Read, Write};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use rustls::ServerConnection;
use socket2::SockRef;
use tokio::io::{Interest, ReadBuf};
use tokio::net::TcpStream;

/// Maximum size of the plaintext of one record, in bytes, which TLS fixes.
const RECORD: usize = 16 * 1024;

/// Maximum number of reads in one poll. A record takes five; records without data must not hold up the other connections.
const READS_PER_POLL: usize = 16;

/// A session, shared by the two halves of a connection.
pub(crate) struct Session {
    pub(crate) stream: TcpStream,
    state: RefCell<State>,
}

struct State {
    tls: ServerConnection,
    /// Plaintext of the record that waits for the socket, in bytes. The caller of [`Session::try_write`] still has it.
    owed: usize,
}

/// The socket as rustls writes and reads it.
struct Direct<'a>(&'a TcpStream);

impl Write for Direct<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match SockRef::from(self.0).send(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.0.try_write(bytes),
            written => written,
        }
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match SockRef::from(self.0).send_vectored(pieces) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.0.try_write_vectored(pieces),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Direct<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(Interest::READABLE, || {
            let mut socket = &*SockRef::from(self.0);
            socket.read(bytes)
        })
    }
}

impl State {
    /// Writes what waits for the socket; false when the socket is full.
    fn flush(&mut self, stream: &TcpStream) -> io::Result<bool> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Direct(stream)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Takes plaintext that has arrived; `None` when there is none.
    fn take(&mut self, buffer: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        match self.tls.reader().read(buffer.initialize_unfilled()) {
            Ok(count) => {
                buffer.advance(count);
                Some(Ok(()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl Session {
    /// The session of a connection whose handshake is over.
    pub(crate) fn new(stream: TcpStream, tls: ServerConnection) -> Rc<Self> {
        let state = RefCell::new(State { tls, owed: 0 });
        Rc::new(Self { stream, state })
    }

    /// Encrypts and sends some of `bytes`. The bytes that are not sent must be at the beginning of the next call's.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let state = &mut *self.state.borrow_mut();
        if !state.flush(&self.stream)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mut sent = std::mem::take(&mut state.owed).min(bytes.len());
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            let record = rest.get(..RECORD).unwrap_or(rest);
            state.tls.writer().write_all(record)?;
            if !state.flush(&self.stream)? {
                state.owed = record.len();
                break;
            }
            sent += record.len();
        }
        if sent == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(sent)
    }

    /// Reads and decrypts some bytes; none at the end.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        for _ in 0..READS_PER_POLL {
            if let Some(taken) = self.state.borrow_mut().take(buffer) {
                return Poll::Ready(taken);
            }
            ready!(self.stream.poll_read_ready(context))?;
            let state = &mut *self.state.borrow_mut();
            match state.tls.read_tls(&mut Direct(&self.stream)) {
                // A connection that ends without the end of TLS has ended all the same: WebSocket has its own close.
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Poll::Ready(Err(error)),
            }
            let processed = state.tls.process_new_packets();
            // An alert, or a new key of TLS 1.3. If the socket is full, it is sent before the next record.
            let _ = state.flush(&self.stream);
            if let Err(error) = processed {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The writing half. Dropping it ends this side of TLS and of the connection.
pub(crate) struct Writer(pub(crate) Rc<Session>);

impl Drop for Writer {
    fn drop(&mut self) {
        let Session { stream, state } = &*self.0;
        if let Ok(mut state) = state.try_borrow_mut() {
            state.tls.send_close_notify();
            let _ = state.flush(stream);
        }
        let _ = SockRef::from(stream).shutdown(std::net::Shutdown::Write);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
    use tokio_rustls::TlsAcceptor;

    use super::super::{Certificate, Tls, provider};
    use super::*;

    const BYTES: usize = 256 << 10;

    fn pattern(length: usize) -> Vec<u8> {
        (0..length)
            .map(|index| (index ^ (index >> 8) ^ (index >> 16)) as u8)
            .collect()
    }

    /// A client that reads to the end of TLS, and returns all bytes.
    fn read_all(address: std::net::SocketAddr, root: rustls::pki_types::CertificateDer<'static>) -> Vec<u8> {
        let mut roots = RootCertStore::empty();
        roots.add(root).unwrap();
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("chat.example").unwrap();
        let client = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = std::net::TcpStream::connect(address).unwrap();
        SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
        let mut stream = StreamOwned::new(client, stream);
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all
    }

    #[tokio::test]
    async fn a_full_socket_loses_and_doubles_no_byte() {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec!["chat.example".to_owned()]).unwrap();
        let signed = parameters.self_signed(&key).unwrap();
        let certificate =
            Certificate::from_pem(signed.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        assert_eq!(certificate.names, ["chat.example"]);
        let tls = Tls::new(vec![certificate]).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let root = signed.der().clone();
        let client = std::thread::spawn(move || read_all(address, root));
        let (stream, _) = listener.accept().await.unwrap();
        SockRef::from(&stream).set_send_buffer_size(4096).unwrap();
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.config));
        let (stream, tls) = acceptor.accept(stream).await.unwrap().into_inner();
        let writer = Writer(Session::new(stream, tls));
        // As the fan-out does: the bytes that were not taken are offered again, with more behind them.
        let (all, mut sent, mut offered, mut full) = (pattern(BYTES), 0, 0, 0);
        while sent < BYTES {
            offered = BYTES.min(offered.max(sent) + 1 + (sent * 7) % 40_000);
            match writer.0.try_write(&all[sent..offered]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    full += 1;
                    writer.0.stream.writable().await.unwrap();
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert!(full > 2, "the socket was hardly ever full");
        drop(writer);
        assert!(client.join().unwrap() == all);
    }
}
