-- What operators do with accounts, also beside a running server.

-- Why an account may not enter, for its owner; empty where nothing was said.
ALTER TABLE account ADD COLUMN ban_reason TEXT NOT NULL DEFAULT '';

-- What another process has done, for a running server: it looks here and takes the rows away. Only numbers stand
-- here, so that nothing stays of what was deleted.
CREATE TABLE account_event (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('put out', 'banned', 'admin', 'not admin', 'character put out')),
    account_id INTEGER NOT NULL,
    -- 0 where it is about the account.
    character_id INTEGER NOT NULL
) STRICT;

-- Only the SHA-256 of an invitation's code is kept.
CREATE TABLE invitation (
    invitation_id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    uses_left INTEGER NOT NULL CHECK (uses_left >= 0),
    -- Unix seconds; 0 when it does not end.
    expires_at INTEGER NOT NULL,
    note TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
