-- Each thing that lasts can be changed by itself. Names stand as they were written and are found by their folded form
-- (ASCII letters in lower case). Where the order means nothing to people, it follows from what is kept.

ALTER TABLE channel RENAME TO old_channel;
ALTER TABLE channel_moderator RENAME TO old_channel_moderator;
ALTER TABLE channel_ban RENAME TO old_channel_ban;
ALTER TABLE account_ban RENAME TO old_account_ban;
ALTER TABLE account_timeout RENAME TO old_account_timeout;
ALTER TABLE staff_call RENAME TO old_staff_call;

CREATE TABLE channel (
    folded TEXT PRIMARY KEY,
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
    -- The channel's folded name.
    channel TEXT NOT NULL REFERENCES channel (folded) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    appointed_by TEXT NOT NULL,
    -- All times are Unix seconds.
    appointed_at INTEGER NOT NULL,
    PRIMARY KEY (channel, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_ban (
    channel TEXT NOT NULL REFERENCES channel (folded) ON DELETE CASCADE,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    banner TEXT NOT NULL,
    banned_at INTEGER NOT NULL,
    -- 0 for good.
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (channel, folded)
) STRICT, WITHOUT ROWID;

-- The accounts here may be another website's, so they refer to no table.
CREATE TABLE account_ban (account INTEGER PRIMARY KEY, character TEXT NOT NULL) STRICT;

CREATE TABLE account_timeout (
    account INTEGER PRIMARY KEY,
    character TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_call (
    -- The order in which they came.
    position INTEGER PRIMARY KEY,
    call TEXT NOT NULL UNIQUE,
    character TEXT NOT NULL,
    report TEXT NOT NULL,
    -- -1 without an uploaded log.
    log INTEGER NOT NULL,
    tab TEXT NOT NULL,
    called_at INTEGER NOT NULL
) STRICT;

-- Of two that the program held to be the same, it used the first channel, but the last ban.
INSERT OR IGNORE INTO channel
    SELECT lower(name), name, title, description, kind, mode, owner, peak FROM old_channel ORDER BY position;
INSERT INTO channel_moderator
    SELECT lower(c.name), m.position, m.name, m.appointed_by, m.appointed_at
    FROM old_channel_moderator AS m JOIN old_channel AS c ON c.position = m.channel
    WHERE NOT EXISTS
        (SELECT 1 FROM old_channel AS o WHERE lower(o.name) = lower(c.name) AND o.position < c.position);
INSERT OR REPLACE INTO channel_ban
    SELECT lower(c.name), lower(b.name), b.name, b.banner, b.banned_at, b.ends_at
    FROM old_channel_ban AS b JOIN old_channel AS c ON c.position = b.channel
    WHERE NOT EXISTS
        (SELECT 1 FROM old_channel AS o WHERE lower(o.name) = lower(c.name) AND o.position < c.position)
    ORDER BY b.channel, b.position;
INSERT OR REPLACE INTO account_ban SELECT account, character FROM old_account_ban ORDER BY position;
INSERT OR REPLACE INTO account_timeout
    SELECT account, character, ends_at FROM old_account_timeout ORDER BY position;
INSERT OR IGNORE INTO staff_call
    SELECT position, call, character, report, log, tab, called_at FROM old_staff_call ORDER BY position;

DROP TABLE old_channel_moderator;
DROP TABLE old_channel_ban;
DROP TABLE old_channel;
DROP TABLE old_account_ban;
DROP TABLE old_account_timeout;
DROP TABLE old_staff_call;
