//! Unix sockets that only the user of this process can connect to.

use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen as begin, socket_with,
};
use thiserror::Error;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;

/// Why there is no socket.
#[derive(Debug, Error)]
pub enum LocalSocketError {
    /// Somebody listens there already.
    #[error("{path} is in use: another process listens on it. Stop that one, or choose another path")]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// Something else is there, which is left alone.
    #[error("{path} is there already and is no socket; choose another path, or move it away")]
    Occupied {
        /// Where.
        path: PathBuf,
    },
    /// The system gives none.
    #[error("no socket can be made at {path}: {source}")]
    System {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Listens on a socket at a path, with mode 0600 from its first moment on. The file that a dead process has left there
/// is replaced.
///
/// # Errors
/// Somebody listens there, something else is there, or the system gives no socket.
pub fn listen(path: &Path) -> Result<UnixListener, LocalSocketError> {
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
    // Nobody can connect before it listens.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failure)?;
    begin(&socket, BACKLOG).map_err(|error| failure(error.into()))?;
    Ok(UnixListener::from(socket))
}

/// Takes away what a dead process has left.
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
        // Its queue is full: somebody is there.
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(failure(error)),
        Ok(_) | Err(_) => Err(LocalSocketError::InUse { path: path_of() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_is_replaced_and_the_living_are_not() {
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
