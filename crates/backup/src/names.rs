//! The names of files in archives, and the files of a folder that no archive has.

/// The folders of a server that are backed up.
pub(crate) const PARTS: [&str; 2] = [DATA, SCRIPT];
pub(crate) const DATA: &str = "data";
pub(crate) const SCRIPT: &str = "script";

/// Where a restore puts files before they come to their places, in the data folder.
pub(crate) const STAGE: &str = "restore.part";
/// The begin of the names of folders with the state from before a restore.
pub(crate) const BEFORE: &str = "before-restore-";
/// The lock file of the data folder.
pub(crate) const LOCK: &str = "fchatd.lock";
/// The control socket of a running server.
const SOCKET: &str = "control.sock";
/// Bytes of a name at most.
const NAME_BYTES_MAX: usize = 1024;

/// Whether a file or folder of this name is left out: hidden ones, the lock, traces of restores, and files beside a database:
/// its log, its index, and copies of older schemas.
pub(crate) fn is_left_out(name: &str) -> bool {
    name.starts_with('.')
        || [LOCK, SOCKET, STAGE].contains(&name)
        || name.starts_with(BEFORE)
        || name.contains(".sqlite-")
        || name.contains(".sqlite.")
}

/// Why an entry of an archive must not have this name; nothing when it may.
pub(crate) fn fault(name: &str) -> Option<&'static str> {
    if name.len() > NAME_BYTES_MAX {
        return Some("has a name that is too long");
    }
    let mut parts = name.split('/');
    let part = parts.next().unwrap_or_default();
    if !PARTS.contains(&part) {
        return Some("is outside of the server's folder");
    }
    let mut depth = 0;
    for component in parts {
        depth += 1;
        if component.is_empty() || component == "." || component == ".." || component.contains('\0') {
            return Some("leads out of its folder");
        }
        if is_left_out(component) {
            return Some("is a file that no backup has");
        }
    }
    (depth == 0).then_some("is no file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        for good in [
            "data/fchatd.sqlite",
            "data/images/eicon/big cat.gif",
            "script/main.lua",
            "data/a..b",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        let long = format!("data/{}", "x".repeat(2000));
        for bad in [
            "",
            "/",
            "data",
            "data/",
            "/etc/passwd",
            "../data/x",
            "data/../../x",
            "data/./x",
            "data//x",
            "script/..",
            "etc/passwd",
            "data/x\0y",
            "./data/x",
            "data/fchatd.lock",
            "data/fchatd.sqlite-wal",
            "data/restore.part/journal",
            "data/before-restore-1/x",
            "script/.git/config",
            "data/deliveries.sqlite.damaged-1",
            "DATA/x",
            &long,
        ] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
    }
}
