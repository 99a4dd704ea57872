//! Pictures that the operator gives out: `/images/eicon/…` and its kin, from files below the data folder. Avatars, which
//! people upload, are in `pictures`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use fchatd_edge::http::{HttpRequest, HttpResponse};
use tokio::sync::Semaphore;

use super::AccountHttp;
use super::pictures::{decoded, later, picture_headers};
use crate::error::AccountError;
use crate::profile::picture::{self, neutral};

/// Bytes of a file.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Bytes of a name in a path.
const NAME_MAX: usize = 128;
/// Files that are read at the same time.
const READ_AT_ONCE: usize = 8;
/// Requests for files that are worked on, those that wait to be read included.
const REQUESTS_MAX: usize = 256;
/// The endings that a file may have; clients ask for one of them, for files of any type.
const ENDINGS: [&str; 5] = ["gif", "png", "jpg", "jpeg", "webp"];

/// The bounds of reading files, for all threads that answer requests.
#[derive(Debug)]
pub(super) struct Files {
    requests: Semaphore,
    reading: Arc<Semaphore>,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            requests: Semaphore::new(REQUESTS_MAX),
            reading: Arc::new(Semaphore::new(READ_AT_ONCE)),
        }
    }
}

/// The result of looking for a picture at a place.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Picture {
        media_type: &'static str,
        bytes: Vec<u8>,
        tag: String,
    },
    Unchanged(String),
    Nothing,
}

/// The place of a file below the folder of pictures, in lower case: in the folder `kind`, with at most `most` names
/// below it. The place is empty where the names lead to no file.
pub(super) fn place(kind: &str, most: usize, names: &str) -> PathBuf {
    let names: Option<Vec<String>> = names.split('/').map(name).collect();
    let place = names.filter(|names| names.len() <= most).map(|names| {
        let mut place = PathBuf::from(kind);
        place.extend(names);
        place
    });
    place.unwrap_or_default()
}

/// A name in a path, decoded and in lower case; nothing when it could lead anywhere else.
fn name(part: &str) -> Option<String> {
    let name = decoded(part)?.to_lowercase();
    let fits = !name.is_empty()
        && name.len() <= NAME_MAX
        && !name.starts_with('.')
        && !name
            .chars()
            .any(|one| one.is_control() || matches!(one, '/' | '\\' | ':'));
    fits.then_some(name)
}

/// The picture at a place. Where there is none, the answer is a neutral picture with status 404: browsers show it, and
/// programs that want to know can see it.
pub(super) async fn answer(own: &AccountHttp, request: &HttpRequest, place: PathBuf) -> HttpResponse {
    if let Some(service) = own.provider.accounts()
        && let Err(AccountError::TooManyAttempts { seconds }) = service.begin_request(request.address)
    {
        return later(429, seconds);
    }
    let Ok(_request) = own.files.requests.try_acquire() else {
        return later(503, 1);
    };
    let found = match own.website.pictures().filter(|_| place.file_name().is_some()) {
        Some(folder) => {
            let Ok(turn) = Arc::clone(&own.files.reading).acquire_owned().await else {
                return later(503, 1);
            };
            let known = request.if_none_match.clone();
            let work = move || {
                // Held until the file was read, also when the request was cancelled.
                let _turn = turn;
                find(&folder.join(place), known.as_deref())
            };
            match tokio::task::spawn_blocking(work).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "a picture could not be read");
                    return later(503, 5);
                }
                Err(_) => return later(503, 5),
            }
        }
        None => Found::Nothing,
    };
    let age = |seconds: u32| format!("public, max-age={seconds}");
    match found {
        Found::Picture {
            media_type,
            bytes,
            tag,
        } => HttpResponse {
            status: 200,
            headers: picture_headers(media_type.to_owned(), age(86_400), Some(tag)),
            body: bytes.into(),
        },
        Found::Unchanged(tag) => HttpResponse {
            status: 304,
            headers: picture_headers("image/png".to_owned(), age(86_400), Some(tag)),
            body: Bytes::new(),
        },
        Found::Nothing => {
            static NEUTRAL: OnceLock<Bytes> = OnceLock::new();
            HttpResponse {
                status: 404,
                headers: picture_headers("image/png".to_owned(), age(300), None),
                body: NEUTRAL.get_or_init(|| neutral().into()).clone(),
            }
        }
    }
}

/// The picture in a file of that name, with any ending. `known` is the tag of the browser's copy.
fn find(path: &Path, known: Option<&str>) -> io::Result<Found> {
    let others = ENDINGS.into_iter().map(|ending| path.with_extension(ending));
    for path in std::iter::once(path.to_owned()).chain(others) {
        let about = match fs::metadata(&path) {
            Ok(about) => about,
            Err(error) if is_absence(&error) => continue,
            Err(error) => return Err(error),
        };
        if !about.is_file() || about.len() > FILE_BYTES_MAX {
            continue;
        }
        let since = about
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let tag = format!(
            "\"{:x}-{:x}\"",
            about.len(),
            since.map_or(0, |since| since.as_nanos())
        );
        if known == Some(tag.as_str()) {
            return Ok(Found::Unchanged(tag));
        }
        let mut bytes = Vec::new();
        File::open(&path)?
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)?;
        // By its own bytes: a file that is something else is not given out under any name.
        if let Some(format) = picture::examine(&bytes).filter(|_| bytes.len() as u64 <= FILE_BYTES_MAX) {
            return Ok(Found::Picture {
                media_type: format.media_type,
                bytes,
                tag,
            });
        }
    }
    Ok(Found::Nothing)
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_below_the_folder() {
        for (kind, most, names, wanted) in [
            ("eicon", 1, "Big%20Cat.GIF", "eicon/big cat.gif"),
            ("charinline", 3, "ab/cd/abcd.png", "charinline/ab/cd/abcd.png"),
            ("charimage", 1, "12.png", "charimage/12.png"),
            ("eicon", 1, "a/b.gif", ""),
            ("eicon", 1, "../secret.png", ""),
            ("eicon", 1, "%2e%2e/secret.png", ""),
            ("eicon", 1, "..%2fsecret.png", ""),
            ("eicon", 1, "%2fetc%2fpasswd", ""),
            ("eicon", 1, "..%5csecret.png", ""),
            ("eicon", 1, ".hidden.png", ""),
            ("eicon", 1, "a%00.png", ""),
            ("charinline", 3, "/etc/passwd", ""),
            ("eicon", 1, "", ""),
        ] {
            assert_eq!(place(kind, most, names), PathBuf::from(wanted), "{kind} {names}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_path_leads_out(names in "[a-z./\\\\%0-9eEfF:]{0,30}") {
            let folder = Path::new("/folder");
            for (kind, most) in [("eicon", 1), ("charinline", 3)] {
                let place = place(kind, most, &names);
                proptest::prop_assert!(folder.join(&place).starts_with(folder));
                proptest::prop_assert!(place.components().all(|part| matches!(part, std::path::Component::Normal(_))));
            }
        }
    }

    #[test]
    fn only_pictures_of_a_bearable_size_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        let png = picture::portrait("ada");
        write("cat.png", &png);
        write("text.gif", b"<script>");
        let mut large = png.clone();
        large.resize(FILE_BYTES_MAX as usize + 1, 0);
        write("large.png", &large);
        fs::create_dir(folder.path().join("folder.png")).unwrap();
        let find = |name: &str, known: Option<&str>| super::find(&folder.path().join(name), known).unwrap();
        let Found::Picture {
            media_type,
            bytes,
            tag,
        } = find("cat.gif", None)
        else {
            panic!("another ending will do");
        };
        assert_eq!((media_type, bytes), ("image/png", png));
        assert_eq!(find("cat.png", Some(&tag)), Found::Unchanged(tag.clone()));
        assert!(matches!(find("cat.png", Some("\"x\"")), Found::Picture { .. }));
        for name in ["text.gif", "large.png", "folder.png", "none.png"] {
            assert_eq!(find(name, None), Found::Nothing, "{name}");
        }
    }
}
