//! The certificates of the running server: those of files, and the one of a certificate authority ([`acme`]). Files are read
//! again when the configuration is, and when one of them changes. A certificate with a fault never replaces a good one.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fchatd_edge::{Certificate, Tls};
use fchatd_world::Settings;
use tokio::time::Instant;

use crate::configuration::tls::{self, Files};
use crate::failure::Failure;
use crate::folder::places::data_folder;
use crate::server::acme::{self, Shelf};

/// Interval between two looks at the files. A change is taken when two looks in a row see the same files, so that a
/// certificate and its key are not read while they are being replaced.
const LOOK: Duration = Duration::from_secs(2);
/// Interval between two remarks about a certificate that expires soon.
const REMARK: Duration = Duration::from_secs(86_400);

/// The certificates. See the module.
pub(crate) struct Certificates {
    pub(crate) tls: Arc<Tls>,
    dir: PathBuf,
    files: RefCell<Vec<Files>>,
    /// The certificates of the files, in force.
    of_files: RefCell<Vec<Certificate>>,
    /// The one of a certificate authority, which comes after those of files.
    of_authority: RefCell<Option<Certificate>>,
}

/// The marks of a file that change when it is replaced: its size, its time of change and its number.
type Marks = Vec<Option<(u64, Option<SystemTime>, u64)>>;

impl Certificates {
    /// Reads the certificates; none when no listener speaks TLS.
    ///
    /// # Errors
    /// A sentence about the fault.
    pub(crate) fn open(settings: &Settings, dir: &Path) -> Result<Option<Rc<Self>>, Failure> {
        if !tls::is_wanted(settings) {
            return Ok(None);
        }
        for remark in tls::check(settings, dir)? {
            tracing::warn!("{remark}");
        }
        let files = tls::files(settings, dir)?;
        let of_files = tls::read(&files)?;
        Ok(Some(Rc::new(Self {
            tls: Tls::new(of_files.clone())?,
            dir: dir.to_owned(),
            files: RefCell::new(files),
            of_files: RefCell::new(of_files),
            of_authority: RefCell::default(),
        })))
    }

    /// Starts to follow the files, and to ask the certificate authority where the settings name host names for it.
    ///
    /// # Errors
    /// A sentence: the root certificates of the authority, or a kept certificate, can't be read.
    pub(crate) fn start(self: &Rc<Self>, settings: &Settings) -> Result<(), Failure> {
        if let Some(wish) = tls::wish(settings, &self.dir)? {
            let shelf = Shelf::new(&data_folder(&self.dir));
            if let Ok(Some(kept)) = shelf.certificate(&wish.names) {
                self.adopt(kept);
            }
            let own = Rc::clone(self);
            let adopt = move |certificate| own.adopt(certificate);
            tokio::task::spawn_local(acme::run(wish, shelf, Arc::clone(&self.tls), adopt));
        }
        tokio::task::spawn_local(Rc::clone(self).watch());
        Ok(())
    }

    /// Puts a certificate of the authority in force.
    pub(crate) fn adopt(&self, certificate: Certificate) {
        *self.of_authority.borrow_mut() = Some(certificate);
        self.put_in_force();
    }

    fn put_in_force(&self) {
        let mut all = self.of_files.borrow().clone();
        all.extend(self.of_authority.borrow().clone());
        self.tls.replace(all);
    }

    /// Follows changed settings, and reads all files again.
    pub(crate) async fn follow(&self, settings: &Settings) {
        match tls::files(settings, &self.dir) {
            Ok(files) if !files.is_empty() || self.of_authority.borrow().is_some() => {
                *self.files.borrow_mut() = files;
            }
            Ok(_) => return tell(&"tls_certificate names no file any more".to_owned()),
            Err(failure) => return tell(&failure),
        }
        self.read_again().await;
    }

    async fn read_again(&self) {
        let files = self.files.borrow().clone();
        if files.is_empty() {
            *self.of_files.borrow_mut() = Vec::new();
            return self.put_in_force();
        }
        // Disks can be slow.
        let read = tokio::task::spawn_blocking({
            let files = files.clone();
            move || tls::read(&files)
        });
        match read.await {
            Ok(Ok(certificates)) => self.take(&files, certificates),
            Ok(Err(failure)) => tell(&failure),
            Err(_) => tell(&"reading the certificates panicked".to_owned()),
        }
    }

    fn take(&self, files: &[Files], certificates: Vec<Certificate>) {
        let now = tls::unix_seconds();
        for (files, certificate) in files.iter().zip(&certificates) {
            if let Some(remark) = tls::remark(&files.certificate, certificate) {
                let is_old = |certificate: &Certificate| certificate.not_after <= now;
                if is_old(certificate) && !self.of_files.borrow().iter().any(is_old) {
                    return tell(&remark);
                }
                tracing::warn!("{remark}");
            }
        }
        let ends = certificates.iter().map(|certificate| certificate.not_after).min();
        let names: Vec<&str> = certificates
            .iter()
            .flat_map(|certificate| certificate.names.iter().map(String::as_str))
            .collect();
        tracing::info!(
            "the certificates were read: {}, valid until {}",
            names.join(", "),
            ends.map_or_else(String::new, tls::time)
        );
        *self.of_files.borrow_mut() = certificates;
        self.put_in_force();
    }

    /// Reads the files again when they change, and remarks certificates that expire soon.
    async fn watch(self: Rc<Self>) {
        let (mut seen, mut changed) = (self.look().await, None);
        let mut remarked = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.look().await;
            if now == seen {
                changed = None;
            } else if changed.as_ref() == Some(&now) {
                self.read_again().await;
                (seen, changed) = (now, None);
            } else {
                changed = Some(now);
            }
            if remarked.elapsed() >= REMARK {
                remarked = Instant::now();
                self.read_again().await;
            }
        }
    }

    async fn look(&self) -> Marks {
        let files = self.files.borrow().clone();
        let look = move || {
            let all = files.iter().flat_map(|files| [&files.certificate, &files.key]);
            all.map(|file| marks(file)).collect()
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }
}

fn marks(file: &Path) -> Option<(u64, Option<SystemTime>, u64)> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(file).ok()?;
    Some((found.len(), found.modified().ok(), found.ino()))
}

fn tell(failure: &Failure) {
    tracing::error!("the certificates were not taken, the old ones stay in force: {failure}");
}
