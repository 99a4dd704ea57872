-- What of the chat lasts. Names stand as they were written; the program compares them without case. Order matters to
-- people who read lists, so every list keeps its positions.

-- One row once the chat was saved for the first time; until then the site is new.
CREATE TABLE chat_saved (one INTEGER PRIMARY KEY CHECK (one = 1)) STRICT;

CREATE TABLE channel (
    position INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    -- Title and description are escaped, as on the wire.
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    mode TEXT NOT NULL,
    owner TEXT NOT NULL,
    -- The most members it had at once.
    peak INTEGER NOT NULL
) STRICT;

CREATE TABLE channel_moderator (
    channel INTEGER NOT NULL REFERENCES channel (position) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    appointed_by TEXT NOT NULL,
    -- All times are Unix seconds.
    appointed_at INTEGER NOT NULL,
    PRIMARY KEY (channel, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_ban (
    channel INTEGER NOT NULL REFERENCES channel (position) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    banner TEXT NOT NULL,
    banned_at INTEGER NOT NULL,
    -- 0 for good.
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (channel, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE operator (position INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;

CREATE TABLE super_operator (position INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;

-- The accounts here may be another website's, so they refer to no table.
CREATE TABLE account_ban (
    position INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    character TEXT NOT NULL
) STRICT;

CREATE TABLE account_timeout (
    position INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    character TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_call (
    position INTEGER PRIMARY KEY,
    call TEXT NOT NULL,
    character TEXT NOT NULL,
    report TEXT NOT NULL,
    -- -1 without an uploaded log.
    log INTEGER NOT NULL,
    tab TEXT NOT NULL,
    called_at INTEGER NOT NULL
) STRICT;

-- Whom an account ignores; names in lower case.
CREATE TABLE ignored (
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;
