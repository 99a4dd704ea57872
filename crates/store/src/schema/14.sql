-- Accounts as people expect them: devices that stay signed in, a second factor, application passwords, and reset links.

-- A browser that stays signed in to the page. Only digests (SHA-256) of the two halves of its token are kept.
CREATE TABLE device (
    device_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    -- Of the half that stays the same.
    family BLOB NOT NULL UNIQUE CHECK (length(family) = 32),
    -- Of the half that changes: the newest one, and the one before it, which is empty at first.
    current BLOB NOT NULL CHECK (length(current) = 32),
    previous BLOB NOT NULL CHECK (length(previous) IN (0, 32)),
    -- Whether the browser has sent the newest one. Until then an answer may have been lost on its way.
    is_confirmed INTEGER NOT NULL CHECK (is_confirmed IN (0, 1)),
    -- Unix seconds: when the newest half was made, when the device signed in, was last seen, and when the password was
    -- last entered there.
    rotated_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    entered_at INTEGER NOT NULL,
    -- The browser in words, and the address group of the last use.
    name TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;
CREATE INDEX device_of_account ON device (account_id);
CREATE INDEX device_by_use ON device (seen_at);

-- A ticket that a device got ends with the device.
ALTER TABLE ticket ADD COLUMN device_id INTEGER REFERENCES device (device_id) ON DELETE CASCADE;
CREATE INDEX ticket_of_device ON ticket (device_id) WHERE device_id IS NOT NULL;

-- The secret that an authenticator app shares with the server (RFC 6238). It is here as it is: a key to encrypt it would have to
-- stand beside it.
CREATE TABLE second_factor (
    account_id INTEGER PRIMARY KEY REFERENCES account (account_id) ON DELETE CASCADE,
    secret BLOB NOT NULL CHECK (length(secret) = 20),
    -- Whether a code of it was entered. Before that it does not count.
    is_confirmed INTEGER NOT NULL CHECK (is_confirmed IN (0, 1)),
    -- The number of the time step of the last code that was accepted; none of it or of an earlier one is accepted again.
    last_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- The SHA-256 of codes that take the place of the app, once each.
CREATE TABLE recovery_code (
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    PRIMARY KEY (account_id, digest)
) STRICT, WITHOUT ROWID;

-- Passwords that the server made for programs that cannot ask for a code. Only their SHA-256 is kept.
CREATE TABLE application_password (
    application_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    name TEXT NOT NULL,
    -- Unix seconds; the second one is 0 until it is used.
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    UNIQUE (account_id, digest)
) STRICT;

-- A ticket that an application password got ends with it.
ALTER TABLE ticket ADD COLUMN application_id INTEGER REFERENCES application_password (application_id) ON DELETE CASCADE;
CREATE INDEX ticket_of_application ON ticket (application_id) WHERE application_id IS NOT NULL;

-- A link with which a new password can be set once; of each account the newest one. Only its SHA-256 is kept.
CREATE TABLE reset_link (
    account_id INTEGER PRIMARY KEY REFERENCES account (account_id) ON DELETE CASCADE,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    -- Unix seconds.
    expires_at INTEGER NOT NULL
) STRICT;

-- Changes of accounts by operators on the command line, for the action log of the server: it takes the rows away.
CREATE TABLE operator_action (
    action_id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL CHECK (code IN ('RSL', 'SFR')),
    -- The name of the account.
    account TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
