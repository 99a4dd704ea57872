//! Signing in without a password of this site: an identity provider, and passkeys.

use crate::settings::key::section;

section! {
    "Signing in by an identity provider and by passkeys",
    keys: [
        SITE_ADDRESS = key(
            "site_address",
            Unset,
            Restart,
            "the address of the page as people open it, such as https://chat.example.org; needed for passkeys and with oidc_issuer",
        ),
        OIDC_ISSUER = key(
            "oidc_issuer",
            Unset,
            Restart,
            "the identity provider (OpenID Connect) through which people can sign in, such as https://accounts.example.org; exactly \
             as the provider writes it",
        ),
        OIDC_CLIENT_ID = key(
            "oidc_client_id",
            Unset,
            Restart,
            "the name by which the provider knows this site; needed with oidc_issuer. The address to register there is site_address \
             followed by /oidc/return",
        ),
        OIDC_CLIENT_SECRET = key(
            "oidc_client_secret",
            Secret,
            Restart,
            "the secret by which the provider knows this site; without it the site is a public client",
        ),
        OIDC_NAME = key(
            "oidc_name",
            Unset,
            Restart,
            "the provider's name on the button of the page; without it the host of oidc_issuer",
        ),
        OIDC_SCOPES = key(
            "oidc_scopes",
            List(&["email", "profile"]),
            Restart,
            "the scopes to ask the provider for beside openid: they give the names by which people recognise their identity",
        ),
        OIDC_REGISTER = key(
            "oidc_register",
            Choice(&["open", "invitation", "closed"]),
            Restart,
            "accounts for people whom the provider confirms and who have none here: for all of them (open), with an invitation code \
             (invitation), or not at all (closed); registration has no effect on it, but its pause has",
        ),
    ]
}
