-- Accounts of the embedded login provider. Names are ASCII only, so NOCASE folds all of them.
CREATE TABLE account (
    account_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT NOT NULL,
    admin INTEGER NOT NULL DEFAULT 0 CHECK (admin IN (0, 1)),
    banned INTEGER NOT NULL DEFAULT 0 CHECK (banned IN (0, 1)),
    -- Unix seconds; 0 when there is no timeout.
    timeout_until INTEGER NOT NULL DEFAULT 0,
    default_character_id INTEGER REFERENCES character (character_id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE character (
    character_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    gender TEXT,
    orientation TEXT,
    language_preference TEXT,
    furry_preference TEXT,
    role TEXT,
    position TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX character_by_account ON character (account_id);

-- Only the SHA-256 of a ticket is kept: whoever reads this file cannot log in with what it says.
CREATE TABLE ticket (
    ticket_id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    expires_at INTEGER NOT NULL
) STRICT;

CREATE INDEX ticket_by_account ON ticket (account_id);
CREATE INDEX ticket_by_end ON ticket (expires_at);
