//! The program takes its own place: the process, its listening sockets and the connections that wait in them stay.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use fchatd_service::inherit::{self, Named};

use crate::failure::Failure;
use crate::options::Options;
use crate::output;

/// How long checking configuration and scripts may take.
const CHECK: Duration = Duration::from_secs(60);
/// Variables that a child must not take for its own.
const OURS: [&str; 4] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "LISTEN_PID", "LISTEN_FDS"];

/// Has the program that would take over check configuration and scripts, as `fchatd check` does.
///
/// # Errors
/// Its error output; it can't be run.
pub(crate) async fn check(options: &Options) -> Result<(), Failure> {
    let program = program();
    let mut command = tokio::process::Command::new(&program);
    command
        .args(options.arguments())
        .arg("check")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for variable in OURS {
        command.env_remove(variable);
    }
    let output = tokio::time::timeout(CHECK, command.output())
        .await
        .map_err(|_| format!("{} check did not end in time", program.display()))?
        .map_err(|error| format!("{} can't be run: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = said
        .lines()
        .map(|line| line.strip_prefix("fchatd: ").unwrap_or(line));
    let said = lines.collect::<Vec<_>>().join("\n");
    Err(if said.is_empty() {
        format!("{} check failed ({})", program.display(), output.status)
    } else {
        said
    })
}

/// Runs the program in this process; it comes back only when that failed.
pub(crate) fn replace(sockets: Vec<Named>) -> Failure {
    let program = program();
    let mut command = std::process::Command::new(&program);
    command.args(std::env::args_os().skip(1));
    output::flush();
    let error = inherit::replace(command, sockets);
    format!(
        "{} can't be run any more ({error}); everything is saved: start the server again by hand",
        program.display()
    )
}

/// The program as it was started. The file that the system names as running may be an old one that has been replaced since.
fn program() -> PathBuf {
    let started_as = std::env::args_os().next();
    let path = std::env::var_os("PATH");
    started_as
        .and_then(|name| find(name, path))
        .or_else(|| std::env::current_exe().ok())
        .unwrap_or_else(|| PathBuf::from("fchatd"))
}

fn find(name: OsString, path: Option<OsString>) -> Option<PathBuf> {
    if Path::new(&name).components().count() > 1 {
        return Some(PathBuf::from(name)).filter(|file| file.is_file());
    }
    std::env::split_paths(&path?)
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_as_a_shell_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("fchatd");
        std::fs::write(&file, "").unwrap();
        let path = std::env::join_paths([Path::new("/nowhere"), folder.path()]).unwrap();
        assert_eq!(find("fchatd".into(), Some(path.clone())), Some(file.clone()));
        assert_eq!(find(file.clone().into(), None), Some(file));
        assert_eq!(find("other".into(), Some(path)), None);
        assert_eq!(find("/nowhere/fchatd".into(), None), None);
    }
}
