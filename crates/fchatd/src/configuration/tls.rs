//! The certificates of the settings: their files, and the faults that an operator can mend.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use fchatd_edge::Certificate;
use fchatd_links::acme::{Proof, Wish};
use fchatd_world::Settings;
use fchatd_world::settings::keys;
use jiff::Timestamp;

use crate::configuration::cluster::{self, Role};
use crate::configuration::listen;
use crate::failure::Failure;

/// Maximum number of certificates.
const CERTIFICATES_MAX: usize = 64;
/// Maximum number of names of the certificate of an authority, as the authorities have it.
const NAMES_MAX: usize = 100;
/// Maximum size of a file, in bytes. A chain has a few kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The part of its life at whose beginning a certificate that was not renewed is remarked: the last tenth.
const LAST_PART: i64 = 10;

/// The two files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Whether a listener speaks TLS.
pub(crate) fn is_wanted(settings: &Settings) -> bool {
    let speaks = |wanted: &listen::Wanted| wanted.is_tls;
    cluster::role(settings) != Role::Core
        && listen::listeners(settings).is_ok_and(|listeners| listeners.iter().any(speaks))
}

/// The files that the settings name.
///
/// # Errors
/// A sentence: the two lists do not match.
pub(crate) fn files(settings: &Settings, dir: &Path) -> Result<Vec<Files>, Failure> {
    let (certificates, keys) = (settings.list(keys::TLS_CERTIFICATE), settings.list(keys::TLS_KEY));
    if certificates.len() != keys.len() {
        return Err(format!(
            "tls_key must have one file for each file of tls_certificate, in the same order; there are {} keys and {} certificates",
            keys.len(),
            certificates.len()
        ));
    }
    if certificates.len() > CERTIFICATES_MAX {
        return Err(format!(
            "tls_certificate must have at most {CERTIFICATES_MAX} files; it has {}",
            certificates.len()
        ));
    }
    let pairs = certificates.iter().zip(keys);
    Ok(pairs
        .map(|(certificate, key)| Files {
            certificate: dir.join(certificate),
            key: dir.join(key),
        })
        .collect())
}

/// Reads all certificates.
///
/// # Errors
/// A sentence about the first file with a fault.
pub(crate) fn read(files: &[Files]) -> Result<Vec<Certificate>, Failure> {
    files.iter().map(read_one).collect()
}

fn read_one(files: &Files) -> Result<Certificate, Failure> {
    let chain = read_file("tls_certificate", &files.certificate)?;
    let key = read_file("tls_key", &files.key)?;
    Certificate::from_pem(&chain, &key).map_err(|fault| {
        let (setting, file) = if fault.is_of_key {
            ("tls_key", &files.key)
        } else {
            ("tls_certificate", &files.certificate)
        };
        format!("{setting}: {}: {}", file.display(), fault.phrase)
    })
}

fn read_file(setting: &str, file: &Path) -> Result<Vec<u8>, Failure> {
    let fault = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{setting}: {} is not there", file.display()),
        std::io::ErrorKind::PermissionDenied => format!(
            "{setting}: {} can't be read ({error}): let the user of the server read it, and its folders",
            file.display()
        ),
        _ => format!("{setting}: {} can't be read: {error}", file.display()),
    };
    if std::fs::metadata(file).map_err(fault)?.len() > FILE_BYTES_MAX {
        return Err(format!(
            "{setting}: {} is too large for a PEM file",
            file.display()
        ));
    }
    std::fs::read(file).map_err(fault)
}

/// Remarks about the validity of a certificate now.
pub(crate) fn remark(file: &Path, certificate: &Certificate) -> Option<String> {
    let now = unix_seconds();
    let life = certificate.not_after - certificate.not_before;
    let fault = if certificate.not_after <= now {
        format!(
            "has expired at {}: clients refuse it. Renew it",
            time(certificate.not_after)
        )
    } else if certificate.not_before > now {
        format!(
            "is not valid before {}: clients refuse it. Compare the clock of this machine",
            time(certificate.not_before)
        )
    } else if certificate.names.is_empty() {
        "has no host name (subject alternative name): clients refuse it".to_owned()
    } else if certificate.not_after - now < life / LAST_PART {
        format!("expires at {}: renew it", time(certificate.not_after))
    } else {
        return None;
    };
    Some(format!("tls_certificate: {} {fault}", file.display()))
}

/// Checks the certificates that the settings name. The result is remarks about them.
///
/// # Errors
/// A sentence: a listener with TLS has no certificate, or a file has a fault.
pub(crate) fn check(settings: &Settings, dir: &Path) -> Result<Vec<String>, Failure> {
    if !is_wanted(settings) {
        return Ok(Vec::new());
    }
    let files = files(settings, dir)?;
    if files.is_empty() && wish(settings, dir)?.is_none() {
        return Err(
            "listen has a tls:// listener, and there is no certificate: set tls_certificate and tls_key, or acme_names"
                .to_owned(),
        );
    }
    let certificates = read(&files)?;
    let remarks = files.iter().zip(&certificates);
    Ok(remarks
        .filter_map(|(files, certificate)| remark(&files.certificate, certificate))
        .collect())
}

/// The certificate that the settings want of a certificate authority, if any.
///
/// # Errors
/// A sentence about the setting that is wrong.
pub(crate) fn wish(settings: &Settings, dir: &Path) -> Result<Option<Wish>, Failure> {
    let names: Vec<String> = settings
        .list(keys::ACME_NAMES)
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    if names.is_empty() {
        return Ok(None);
    }
    if cluster::role(settings) != Role::All {
        return Err(
            "acme_names must be empty in a cluster, where several edges have one name: use tls_certificate"
                .to_owned(),
        );
    }
    if names.len() > NAMES_MAX {
        return Err(format!(
            "acme_names must have at most {NAMES_MAX} names; it has {}",
            names.len()
        ));
    }
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let is_name = |name: &&String| !name.is_empty() && name.len() < 254 && name.bytes().all(is_letter);
    if let Some(name) = names.iter().find(|name| !is_name(name)) {
        return Err(format!(
            "acme_names must have host names such as chat.example, without wildcards; it has {name:?}"
        ));
    }
    let directory = settings.text(keys::ACME_DIRECTORY).trim().to_owned();
    if !directory.starts_with("https://") {
        return Err(format!(
            "acme_directory must be an address that begins with https://; it is {directory:?}"
        ));
    }
    let text = |key| Some(settings.text(key).trim().to_owned()).filter(|text| !text.is_empty());
    let roots = text(keys::ACME_ROOT).map(|file| read_file("acme_root", &dir.join(file)));
    Ok(Some(Wish {
        directory,
        roots: roots.transpose()?,
        contact: text(keys::ACME_CONTACT),
        names,
        proof: match settings.text(keys::ACME_CHALLENGE) {
            "http-01" => Proof::Http,
            _ => Proof::TlsAlpn,
        },
    }))
}

/// A time as a text.
pub(crate) fn time(unix: i64) -> String {
    Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |time| time.to_string())
}

/// The time now, in Unix seconds.
pub(crate) fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
