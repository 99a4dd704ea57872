//! The certificate that the server gets by itself (ACME): when to ask for it, and where it and the account are kept. A failure
//! keeps the old certificate, and the chat goes on.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fchatd_edge::{Certificate, Tls};
use fchatd_links::acme::{self, Issued, Prover, Wish};

use crate::configuration::tls;
use crate::failure::Failure;
use crate::folder::places::read_if_there;

/// A certificate is renewed when this part of its life is left: a third.
const LEFT: i64 = 3;
/// The renewal is moved forward by a random part of the life, up to this one, so that servers do not renew at once.
const JITTER: i64 = 20;
/// Pauses after failures, in seconds; the last one repeats. Authorities allow few failures in an hour.
const PAUSES: [u64; 5] = [60, 300, 1800, 3600, 4 * 3600];
/// Maximum interval between two looks at the clock, which may be set meanwhile.
const LOOK: Duration = Duration::from_secs(600);

/// The files of one authority and one set of names.
pub(crate) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// The folder for ACME below the folder with the state.
    pub(crate) fn new(data: &Path) -> Self {
        Self {
            folder: data.join("acme"),
        }
    }

    /// The kept certificate, if it is for these names.
    ///
    /// # Errors
    /// The file is there and can't be used.
    pub(crate) fn certificate(&self, names: &[String]) -> Result<Option<Certificate>, Failure> {
        let file = self.folder.join("certificate.pem");
        let Some(text) = read_if_there(&file)? else {
            return Ok(None);
        };
        // One file has the chain and the key, so that they are replaced together.
        let certificate = Certificate::from_pem(text.as_bytes(), text.as_bytes())
            .map_err(|fault| format!("{}: {}", file.display(), fault.phrase))?;
        Ok(Some(certificate).filter(|certificate| covers(certificate, names)))
    }

    /// The kept account of this authority.
    fn account(&self, directory: &str) -> Option<String> {
        let text = fs::read_to_string(self.folder.join("account")).ok()?;
        let (of, account) = text.split_once('\n')?;
        (of == directory).then(|| account.to_owned())
    }

    fn keep_account(&self, directory: &str, account: &str) -> Result<(), Failure> {
        self.write("account", &format!("{directory}\n{account}"))
    }

    fn keep_certificate(&self, issued: &Issued) -> Result<(), Failure> {
        self.write(
            "certificate.pem",
            &format!("{}{}", issued.certificate, issued.key),
        )
    }

    /// Replaces a file, all or nothing. Only the server's user may read it.
    fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        let (file, new) = (self.folder.join(name), self.folder.join(format!("{name}.new")));
        let write = || {
            fs::create_dir_all(&self.folder)?;
            let mut options = fs::OpenOptions::new();
            let mut written = options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&new)?;
            written.write_all(text.as_bytes())?;
            written.sync_all()?;
            fs::rename(&new, &file)
        };
        write().map_err(|error: std::io::Error| format!("{} can't be written: {error}", file.display()))
    }
}

/// Whether a certificate has all names.
fn covers(certificate: &Certificate, names: &[String]) -> bool {
    names.iter().all(|name| certificate.names.contains(name))
}

/// Answers challenges on the listeners.
struct Answers(Arc<Tls>);

impl Prover for Answers {
    fn prepare(&self, name: &str, token: &str, answer: &str, digest: &[u8; 32]) -> Result<(), String> {
        self.0.answer_by_token(token, answer.to_owned());
        self.0
            .answer_by_certificate(name, digest)
            .map_err(|fault| format!("the answer to the challenge for {name} can't be made: {fault}"))
    }
}

/// Gets certificates for listeners and renews them, for as long as the server runs. `adopt` puts each into force.
pub(crate) async fn run(wish: Wish, shelf: Shelf, listeners: Arc<Tls>, adopt: impl Fn(Certificate)) {
    let kept = shelf.certificate(&wish.names);
    let mut kept = kept.unwrap_or_else(|failure| {
        tracing::error!("the kept certificate can't be used, and another one is asked for: {failure}");
        None
    });
    let mut failures = 0;
    loop {
        let due = kept.as_ref().map_or(0, due);
        while let Some(wait) = wait_until(due, tls::unix_seconds()) {
            tokio::time::sleep(wait).await;
        }
        tracing::info!(
            "asking {} for a certificate for {}",
            wish.directory,
            wish.names.join(", ")
        );
        match renew(&wish, &shelf, &listeners).await {
            Ok(certificate) => {
                adopt(certificate.clone());
                kept = Some(certificate);
                failures = 0;
            }
            Err(failure) => {
                let pause = PAUSES
                    .get(failures)
                    .or(PAUSES.last())
                    .copied()
                    .unwrap_or_default();
                failures += 1;
                let state = match &kept {
                    Some(old) => format!("the old one stays in force until {}", tls::time(old.not_after)),
                    None => "there is none".to_owned(),
                };
                tracing::error!("no new certificate, {state}: {failure}. The next try is in {pause} s");
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
        }
    }
}

async fn renew(wish: &Wish, shelf: &Shelf, listeners: &Arc<Tls>) -> Result<Certificate, Failure> {
    let account = shelf.account(&wish.directory);
    let keep = |text: &str| shelf.keep_account(&wish.directory, text);
    let answers = Answers(Arc::clone(listeners));
    let issued = acme::issue(wish, account.as_deref(), keep, &answers).await;
    listeners.forget_challenges();
    let issued = issued?;
    let certificate = Certificate::from_pem(issued.certificate.as_bytes(), issued.key.as_bytes())
        .map_err(|fault| format!("the new certificate can't be used: {}", fault.phrase))?;
    let now = tls::unix_seconds();
    if !covers(&certificate, &wish.names) {
        return Err("the certificate authority gave a certificate for other names".to_owned());
    }
    if certificate.not_after <= now {
        return Err(
            "the certificate authority gave a certificate that has expired: compare the clock".to_owned(),
        );
    }
    if let Err(failure) = shelf.keep_certificate(&issued) {
        tracing::error!("{failure}; the new certificate is in force until the server ends");
    }
    tracing::info!(
        "there is a new certificate for {}, valid until {}",
        certificate.names.join(", "),
        tls::time(certificate.not_after)
    );
    Ok(certificate)
}

/// The time until the next look at the clock; `None` when a renewal is due. Times are in Unix seconds.
fn wait_until(due: i64, now: i64) -> Option<Duration> {
    let left = u64::try_from(due.saturating_sub(now)).ok()?;
    (left > 0).then(|| Duration::from_secs(left).min(LOOK))
}

/// The time of the next renewal, in Unix seconds.
fn due(certificate: &Certificate) -> i64 {
    let life = (certificate.not_after - certificate.not_before).max(0);
    let mut random = [0; 4];
    // Without random numbers there is no jitter.
    let _ = getrandom::fill(&mut random);
    let jitter = life / JITTER * i64::from(u32::from_be_bytes(random)) / i64::from(u32::MAX);
    certificate.not_after - life / LEFT - jitter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_waits_no_longer_than_until_it_is_due() {
        assert_eq!(wait_until(1000, 10), Some(LOOK));
        assert_eq!(wait_until(1000, 985), Some(Duration::from_secs(15)));
        assert_eq!((wait_until(1000, 1000), wait_until(0, i64::MAX)), (None, None));
    }

    #[test]
    fn files_are_kept_for_one_authority_and_readable_by_nobody_else() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path());
        assert!(shelf.certificate(&[]).unwrap().is_none());
        shelf.keep_account("https://one.example/", "first").unwrap();
        shelf.keep_account("https://one.example/", "second").unwrap();
        assert_eq!(shelf.account("https://one.example/").as_deref(), Some("second"));
        assert_eq!(shelf.account("https://two.example/"), None);
        let mode = fs::metadata(folder.path().join("acme/account"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
        fs::write(folder.path().join("acme/certificate.pem"), "nothing").unwrap();
        assert!(shelf.certificate(&[]).is_err());
    }
}
