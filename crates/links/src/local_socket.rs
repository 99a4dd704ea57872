//! Unix sockets, by default such that only the user of this process can connect to them.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen as begin, socket_with,
};
use thiserror::Error;

/// Length of the kernel's queue of connections that are not accepted yet.
const BACKLOG: i32 = 64;

/// The reason why a socket can't be created.
#[derive(Debug, Error)]
pub enum LocalSocketError {
    /// Another process listens there already.
    #[error("{path} is in use: another process listens on it. Stop that one, or choose another path")]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The path exists and is no socket; it is left unchanged.
    #[error("{path} is there already and is no socket; choose another path, or move it away")]
    Occupied {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("no socket can be made at {path}: {source}")]
    System {
        /// The path.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
}

/// Listens on a socket at a path, with mode 0600 from the start. A socket file of a dead process is replaced.
///
/// # Errors
/// Another process listens there, the path is no socket, or the system refuses.
pub fn listen(path: &Path) -> Result<UnixListener, LocalSocketError> {
    listen_with(path, 0o600, BACKLOG)
}

/// Listens like [`listen`], with another mode and another length of the kernel's queue.
///
/// # Errors
/// As [`listen`].
pub fn listen_with(path: &Path, mode: u32, backlog: i32) -> Result<UnixListener, LocalSocketError> {
    let failure = |source: std::io::Error| LocalSocketError::System {
        path: path.to_owned(),
        source,
    };
    clear(path)?;
    let made = || {
        let address = SocketAddrUnix::new(path)?;
        let socket = socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC,
            None,
        )?;
        bind(&socket, &address)?;
        Ok(socket)
    };
    let socket = made().map_err(|error: Errno| {
        if error == Errno::NAMETOOLONG {
            let told = "paths of sockets must have less than 108 bytes";
            return failure(std::io::Error::new(ErrorKind::InvalidFilename, told));
        }
        failure(error.into())
    })?;
    // No client can connect before the socket listens.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(failure)?;
    begin(&socket, backlog).map_err(|error| failure(error.into()))?;
    Ok(UnixListener::from(socket))
}

/// Removes the socket file of a dead process.
fn clear(path: &Path) -> Result<(), LocalSocketError> {
    let (path_of, failure) = (
        || path.to_owned(),
        |source| LocalSocketError::System {
            path: path.to_owned(),
            source,
        },
    );
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failure(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(LocalSocketError::Occupied { path: path_of() });
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path).map_err(failure)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        // A full queue means that a process listens.
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(failure(error)),
        Ok(_) | Err(_) => Err(LocalSocketError::InUse { path: path_of() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_ended_processes_are_replaced_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let first = listen(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(matches!(listen(&path), Err(LocalSocketError::InUse { .. })));
        drop(first);
        assert!(path.exists(), "as after a kill");
        let _again = listen(&path).unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "precious").unwrap();
        assert!(matches!(listen(&file), Err(LocalSocketError::Occupied { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        let long = folder.path().join("x".repeat(120));
        let told = listen(&long).unwrap_err().to_string();
        assert!(told.contains("less than 108 bytes"), "{told}");
    }
}
