-- Who is let in at all: networks that are kept out, and whether nobody can make an account for now.

CREATE TABLE network_ban (
    -- An address or a CIDR block, with the bits behind its prefix cleared.
    network TEXT PRIMARY KEY,
    -- Unix seconds; 0 when it does not end.
    ends_at INTEGER NOT NULL,
    -- For the people of that network; empty where none was given.
    reason TEXT NOT NULL,
    banner TEXT NOT NULL,
    banned_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row while registration is paused.
CREATE TABLE registration_pause (
    one INTEGER PRIMARY KEY CHECK (one = 1)
) STRICT;
