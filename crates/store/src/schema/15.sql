-- Ways to sign in without a password. An account without a password has an empty password hash.

-- People as an identity provider (OpenID Connect) knows them.
CREATE TABLE identity (
    identity_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- A text by which the person recognises it, such as an e-mail address.
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    UNIQUE (issuer, subject)
) STRICT;

CREATE INDEX identity_by_account ON identity (account_id);

-- Keys of authenticators (WebAuthn).
CREATE TABLE passkey (
    passkey_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    credential BLOB NOT NULL UNIQUE CHECK (length(credential) BETWEEN 1 AND 1023),
    -- The random name of the account for authenticators; the same for all its keys.
    user_handle BLOB NOT NULL CHECK (length(user_handle) = 32),
    -- The number of the method of signing in the registry of COSE, and the key in the form of COSE.
    algorithm INTEGER NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) <= 1100),
    sign_count INTEGER NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL
) STRICT;

CREATE INDEX passkey_by_account ON passkey (account_id);
