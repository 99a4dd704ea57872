-- Rooms live on through a restart, with those who are invited.

CREATE TABLE channel_invitation (
    -- Of `channel`.
    channel TEXT NOT NULL REFERENCES channel (folded) ON DELETE CASCADE,
    -- The name of the invited, in lower case.
    folded TEXT NOT NULL,
    PRIMARY KEY (channel, folded)
) STRICT, WITHOUT ROWID;

-- The people online, for the next start.

-- One row: when the server was last known to run, in Unix seconds.
CREATE TABLE session_clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    alive_at INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    -- The name in lower case.
    folded TEXT PRIMARY KEY,
    -- The character as others see it, and its roles: the program's `SessionHead` as JSON.
    head TEXT NOT NULL,
    -- The answer of the login check, as far as it is of use later: `SessionProfile` as JSON.
    profile TEXT NOT NULL DEFAULT '{}',
    -- Messages whose time has not come: a list of commands as JSON.
    waiting TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;

-- Rows are here only while their session is. A channel that is gone is left out when this is read.
CREATE TABLE session_seat (
    session TEXT NOT NULL REFERENCES session (folded) ON DELETE CASCADE,
    -- The channel's name in lower case.
    channel TEXT NOT NULL,
    -- The `missed_since` in the session's head for which `heard` counts; 0 for none.
    absence INTEGER NOT NULL,
    -- The number of the last line that the client has had there; the greatest number while it hears the channel.
    heard INTEGER NOT NULL,
    PRIMARY KEY (session, channel)
) STRICT, WITHOUT ROWID;

-- Lines that were said to people whose connection was broken.
CREATE TABLE session_line (
    number INTEGER PRIMARY KEY,
    in_channel INTEGER NOT NULL CHECK (in_channel IN (0, 1)),
    -- The name of a channel or a character, in lower case.
    recipient TEXT NOT NULL,
    -- The name in lower case of the member of the channel that has said it; empty where there is none.
    sender TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX session_line_by_recipient ON session_line (recipient, in_channel);
