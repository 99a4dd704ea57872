//! TLS: certificates from files or from a certificate authority.

use crate::settings::key::section;

section! {
    "TLS",
    keys: [
        TLS_CERTIFICATE = key(
            "tls_certificate",
            List(&[]),
            Live,
            "PEM files with certificates and their chains, for the tls listeners; clients get the one for the name that they ask for, and otherwise the first; paths are relative to the server's folder",
        ),
        TLS_KEY = key(
            "tls_key",
            List(&[]),
            Live,
            "PEM files with the private keys, in the same order as tls_certificate",
        ),
        HSTS = key(
            "hsts",
            Whole(0, 0, 63_072_000, "seconds"),
            Live,
            "time for which a browser that has used HTTPS uses nothing else for this host (Strict-Transport-Security); 0: no such header. It can't be taken back before that time",
        ),
        ACME_NAMES = key(
            "acme_names",
            List(&[]),
            Restart,
            "host names for which the server gets one certificate from a certificate authority by ACME, and renews it; with this setting you agree to the authority's terms of service",
        ),
        ACME_DIRECTORY = key(
            "acme_directory",
            Text("https://acme-v02.api.letsencrypt.org/directory"),
            Restart,
            "address of the authority's ACME directory",
        ),
        ACME_CONTACT = key(
            "acme_contact",
            Unset,
            Restart,
            "mail address that the authority gets with a new account",
        ),
        ACME_CHALLENGE = key(
            "acme_challenge",
            Choice(&["tls-alpn-01", "http-01"]),
            Restart,
            "proof that the names are this server's: a handshake on port 443 of each name, or a request to its port 80; a listener of this server must be reached there",
        ),
        ACME_ROOT = key(
            "acme_root",
            Unset,
            Restart,
            "PEM file with the root certificates of a private authority; unset: those of browsers",
        ),
    ]
}
