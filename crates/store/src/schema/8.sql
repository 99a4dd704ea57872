-- Moderation that also holds for accounts, for people who are offline, and against raids.

-- Whether the channel lets in moderators and invited people only.
ALTER TABLE channel ADD COLUMN locked INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1));
-- Slow mode: the least time between two joins, in seconds; 0 without one.
ALTER TABLE channel ADD COLUMN join_pause INTEGER NOT NULL DEFAULT 0;

-- The account of the banned character; 0 while it is not known.
ALTER TABLE channel_ban ADD COLUMN account INTEGER NOT NULL DEFAULT 0;

-- Accounts of which nothing reaches others, under the name of a character.
CREATE TABLE account_hellban (account INTEGER PRIMARY KEY, character TEXT NOT NULL) STRICT;

-- Measures against characters whose account is not known yet; they take effect at the next log-in.
CREATE TABLE name_sanction (
    folded TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('ban', 'timeout', 'hellban')),
    name TEXT NOT NULL,
    -- Unix seconds; 0 for good.
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (folded, kind)
) STRICT, WITHOUT ROWID;
