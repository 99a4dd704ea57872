//! Writes by a ring to real sockets. Without io_uring in the kernel, these tests do nothing.
#![expect(clippy::print_stderr, reason = "figures for the person who runs the test")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;

use fchatd_ring::{Ring, Send};

fn ring() -> Option<Ring> {
    Ring::new()
        .inspect_err(|error| eprintln!("this kernel gives no ring: {error}"))
        .ok()
}

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, _) = listener.accept().unwrap();
    near.set_nonblocking(true).unwrap();
    (near, far)
}

#[test]
fn many_writes_arrive_each_at_its_socket_in_order() {
    let Some(mut ring) = ring() else { return };
    let mut pairs: Vec<_> = (0..20).map(|_| pair()).collect();
    let texts: Vec<String> = (0..1000).map(|number| format!("{number};")).collect();
    let sends: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| Send {
            socket: pairs[number % 20].0.as_fd(),
            bytes: text.as_bytes(),
        })
        .collect();
    let mut results = Vec::new();
    ring.send_all(&sends, &mut results);
    assert!(ring.works());
    let counts: Vec<_> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(counts, texts.iter().map(String::len).collect::<Vec<_>>());
    for (socket, (near, mut far)) in pairs.drain(..).enumerate() {
        drop(near);
        let mut heard = String::new();
        far.read_to_string(&mut heard).unwrap();
        let expected: String = (socket..1000)
            .step_by(20)
            .map(|number| texts[number].as_str())
            .collect();
        assert_eq!(heard, expected);
    }
}

#[test]
fn a_full_socket_takes_a_part_and_then_nothing_and_no_other_waits_for_it() {
    let Some(mut ring) = ring() else { return };
    let (full, _far_full) = pair();
    let (free, mut far) = pair();
    let much = vec![b'x'; 64 << 20];
    let mut results = Vec::new();
    let mut written = 0;
    loop {
        results.clear();
        let sends = [
            Send {
                socket: full.as_fd(),
                bytes: &much,
            },
            Send {
                socket: free.as_fd(),
                bytes: b"on",
            },
        ];
        ring.send_all(&sends, &mut results);
        assert_eq!(*results[1].as_ref().unwrap(), 2);
        let mut heard = [0; 2];
        far.read_exact(&mut heard).unwrap();
        match &results[0] {
            Ok(count) => {
                assert!(*count < much.len());
                written += count;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                break;
            }
        }
    }
    assert!(written > 0);
}

#[test]
fn a_broken_socket_is_an_error_of_its_own() {
    let Some(mut ring) = ring() else { return };
    let (broken, far_broken) = pair();
    let (whole, mut far) = pair();
    broken.shutdown(std::net::Shutdown::Write).unwrap();
    drop(far_broken);
    let send = |socket| Send {
        socket,
        bytes: b"word",
    };
    let mut results = Vec::new();
    ring.send_all(&[send(broken.as_fd()), send(whole.as_fd())], &mut results);
    assert_eq!(results[0].as_ref().unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(*results[1].as_ref().unwrap(), 4);
    let mut heard = [0; 4];
    far.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"word");
    assert!(ring.works());
}
