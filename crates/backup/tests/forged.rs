//! Archives that were cut, changed or forged: each is refused with a sentence, and the folder stays as it is.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use fchatd_backup::{BackupError, Wish, check, make, restore};
use fchatd_store::Store;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

const WISH: Wish = Wish {
    replace: false,
    keep_scripts: false,
};

/// An entry as it stands in an archive, with any name and kind.
fn entry(name: &str, kind: EntryType, link: &str, content: &[u8]) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(content.len() as u64);
    header.set_mode(0o600);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    entry(name, EntryType::Regular, "", content)
}

fn head(format: u32, schema: i64) -> Vec<u8> {
    let head = json!({"format": format, "program": "9.9.9", "made": 1_795_000_000, "schema": schema});
    file("fchatd-backup.json", head.to_string().as_bytes())
}

fn manifest(files: &[(&str, &[u8])]) -> Vec<u8> {
    let digest = |content: &[u8]| -> String {
        Sha256::digest(content)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let files: Vec<_> = files
        .iter()
        .map(|(path, content)| json!({"path": path, "bytes": content.len(), "sha256": digest(content)}))
        .collect();
    file(
        "fchatd-manifest.json",
        json!({"files": files}).to_string().as_bytes(),
    )
}

struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Self {
        let ground = Self {
            folder: TempDir::new().unwrap(),
        };
        fs::create_dir(ground.dir()).unwrap();
        ground
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    fn archive(&self, entries: &[Vec<u8>]) -> PathBuf {
        let path = self.folder.path().join("archive.tar.gz");
        let mut out = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
        for entry in entries {
            out.write_all(entry).unwrap();
        }
        out.write_all(&[0; 1024]).unwrap();
        out.finish().unwrap();
        path
    }

    /// Both uses refuse the archive, and there is nothing outside of the archive and the empty folder.
    #[track_caller]
    fn refused(&self, archive: &Path) -> BackupError {
        let error = check(archive).unwrap_err();
        let again = restore(&self.dir(), archive, WISH).unwrap_err();
        assert_eq!(error.to_string(), again.to_string());
        assert_eq!(fs::read_dir(self.dir()).unwrap().count(), 0, "{error}");
        assert_eq!(fs::read_dir(self.folder.path()).unwrap().count(), 2, "{error}");
        error
    }
}

/// The bytes of a good state.
fn state() -> Vec<u8> {
    let folder = TempDir::new().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.checkpoint().unwrap();
    fs::read(store.path()).unwrap()
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_archive() {
    let ground = Ground::new();
    let state = state();
    let main: &[u8] = b"--!fchatd";
    let files = [("data/fchatd.sqlite", &state[..]), ("script/main.lua", main)];
    let mut entries = vec![head(1, Store::SCHEMA)];
    entries.extend(files.iter().map(|(name, content)| file(name, content)));
    entries.push(manifest(&files));
    let archive = ground.archive(&entries);
    assert_eq!(check(&archive).unwrap().files, 2);
    restore(&ground.dir(), &archive, WISH).unwrap();
    assert_eq!(fs::read(ground.dir().join("script/main.lua")).unwrap(), main);
}

#[test]
fn paths_lead_nowhere_else() {
    let ground = Ground::new();
    let state = state();
    let evil: &[u8] = b"evil";
    for name in [
        "../evil",
        "/tmp/evil-of-fchatd",
        "data/../../evil",
        "data/./evil",
        "evil",
        "data",
        "data/fchatd.lock",
        "data/fchatd.sqlite-wal",
        "data/restore.part/plan.json",
        "data/.hidden",
    ] {
        let files = [("data/fchatd.sqlite", &state[..]), (name, evil)];
        let archive = ground.archive(&[
            head(1, 1),
            file("data/fchatd.sqlite", &state),
            file(name, evil),
            manifest(&files),
        ]);
        let error = ground.refused(&archive);
        assert!(matches!(error, BackupError::Forbidden { .. }), "{name}: {error}");
        assert!(!Path::new("/tmp/evil-of-fchatd").exists());
    }
}

#[test]
fn only_plain_files_are_taken() {
    let ground = Ground::new();
    let state = state();
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::Fifo,
        EntryType::Char,
        EntryType::Block,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
        EntryType::GNULongLink,
        EntryType::GNUSparse,
    ] {
        let archive = ground.archive(&[
            head(1, 1),
            file("data/fchatd.sqlite", &state),
            entry("data/images", kind, "/etc", b""),
            manifest(&[("data/fchatd.sqlite", &state)]),
        ]);
        let error = ground.refused(&archive);
        assert!(
            matches!(error, BackupError::Forbidden { .. }),
            "{kind:?}: {error}"
        );
    }
}

#[test]
fn the_list_of_files_must_fit() {
    let ground = Ground::new();
    let state = state();
    let good = [("data/fchatd.sqlite", &state[..])];
    let other: &[u8] = b"other";
    let twice = [("data/a", other)];
    let head = || head(1, 1);
    let sqlite = || file("data/fchatd.sqlite", &state);
    for (entries, told) in [
        (vec![head(), sqlite()], "its end is missing"),
        (
            vec![head(), sqlite(), file("data/a", other), manifest(&good)],
            "data/a is not in its list",
        ),
        (
            vec![head(), sqlite(), manifest(&[good[0], twice[0]])],
            "data/a is missing",
        ),
        (
            vec![head(), file("data/fchatd.sqlite", other), manifest(&good)],
            "is not as it was written",
        ),
        (
            vec![head(), sqlite(), sqlite(), manifest(&good)],
            "is there twice",
        ),
        (
            vec![head(), sqlite(), manifest(&good), file("data/a", other)],
            "follows its end",
        ),
        (
            vec![head(), sqlite(), file("fchatd-manifest.json", b"{")],
            "can't be read",
        ),
        (
            vec![head(), file("data/a", other), manifest(&twice)],
            "it has no state",
        ),
        (
            vec![
                head(),
                file("data/fchatd.sqlite", other),
                manifest(&[("data/fchatd.sqlite", other)]),
            ],
            "damaged",
        ),
        (vec![sqlite(), manifest(&good)], "is no backup of fchatd"),
        (
            vec![file("fchatd-backup.json", b"{}"), manifest(&good)],
            "is no backup of fchatd",
        ),
        (vec![], "is no backup of fchatd"),
    ] {
        let error = ground.refused(&ground.archive(&entries)).to_string();
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn newer_archives_are_named() {
    let ground = Ground::new();
    for head in [head(2, 1), head(1, Store::SCHEMA + 1)] {
        let error = ground.refused(&ground.archive(&[head])).to_string();
        assert!(error.contains("newer fchatd (9.9.9)"), "{error}");
    }
}

#[test]
fn a_bomb_is_defused() {
    let ground = Ground::new();
    let path = ground.folder.path().join("archive.tar.gz");
    let zeros = vec![0; 1 << 20];
    for (name, kind) in [
        ("data/fchatd.sqlite", EntryType::Regular),
        ("././@LongLink", EntryType::GNULongName),
    ] {
        let mut out = GzEncoder::new(File::create(&path).unwrap(), Compression::best());
        out.write_all(&head(1, 1)).unwrap();
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(200 << 20);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        out.write_all(header.as_bytes()).unwrap();
        for _ in 0..200 {
            out.write_all(&zeros).unwrap();
        }
        out.finish().unwrap();
        assert!(fs::metadata(&path).unwrap().len() < 400_000);
        let error = ground.refused(&path).to_string();
        assert!(
            error.contains("would unpack to more than") || error.contains("a name in it is too long"),
            "{error}"
        );
    }
}

/// Each cut and each changed bit is noticed.
#[test]
fn every_cut_and_every_flipped_bit_is_found() {
    let ground = Ground::new();
    let server = ground.folder.path().join("source");
    fs::create_dir_all(server.join("script")).unwrap();
    drop(Store::open(&server.join("data")).unwrap());
    fs::write(server.join("script/main.lua"), "--!fchatd").unwrap();
    let long = format!("script/{}.lua", "long".repeat(50));
    fs::write(server.join(&long), "return {}").unwrap();
    let path = ground.folder.path().join("archive.tar.gz");
    let made = make(&server, &path, false, "1.2.3").unwrap();
    assert_eq!(
        (made.contents.files, made.contents.head.program.as_str()),
        (3, "1.2.3")
    );
    fs::remove_dir_all(&server).unwrap();
    let whole = fs::read(&path).unwrap();
    let step = whole.len() / 60;
    for cut in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
        fs::write(&path, &whole[..cut]).unwrap();
        ground.refused(&path);
    }
    // Not in the head of gzip, which has a time and a name without an effect.
    for place in (10..whole.len()).step_by(step) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(&path, flipped).unwrap();
        ground.refused(&path);
    }
    fs::write(&path, &whole).unwrap();
    restore(&ground.dir(), &path, WISH).unwrap();
    assert_eq!(fs::read_to_string(ground.dir().join(long)).unwrap(), "return {}");
}

#[test]
fn times_and_rights_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, UNIX_EPOCH};

    let ground = Ground::new();
    let server = ground.folder.path().join("source");
    drop(Store::open(&server.join("data")).unwrap());
    let log = server.join("data/actions/000000000001.jsonl");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    fs::write(&log, "{\"id\":1}\n{\"id\":2,").unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    File::options()
        .write(true)
        .open(&log)
        .unwrap()
        .set_modified(time)
        .unwrap();
    fs::set_permissions(&log, PermissionsExt::from_mode(0o666)).unwrap();
    let path = ground.folder.path().join("archive.tar.gz");
    make(&server, &path, false, "1.2.3").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    restore(&ground.dir(), &path, WISH).unwrap();
    let restored = ground.dir().join("data/actions/000000000001.jsonl");
    // Without the line that was being written, and without the right of all users to write.
    assert_eq!(fs::read_to_string(&restored).unwrap(), "{\"id\":1}\n");
    let metadata = fs::metadata(&restored).unwrap();
    assert_eq!(
        (
            metadata.modified().unwrap(),
            metadata.permissions().mode() & 0o777
        ),
        (time, 0o644)
    );
    assert_eq!(
        fs::metadata(ground.dir().join("data"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o700
    );
}

#[test]
fn builders_of_tar_files_are_refused_too() {
    let ground = Ground::new();
    let path = ground.folder.path().join("archive.tar.gz");
    let out = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
    let mut tar = Builder::new(out);
    let mut header = Header::new_gnu();
    header.set_size(5);
    tar.append_data(&mut header, "hello.txt", &b"hello"[..]).unwrap();
    tar.into_inner().unwrap().finish().unwrap();
    assert!(matches!(ground.refused(&path), BackupError::NoBackup { .. }));
}
