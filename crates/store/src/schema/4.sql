-- What people keep with their accounts: profiles, friends, bookmarks, memos, pictures, reports. Everything hangs on its
-- account or character and goes with it.

ALTER TABLE character ADD COLUMN custom_title TEXT NOT NULL DEFAULT '';
ALTER TABLE character ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE character ADD COLUMN customs_first INTEGER NOT NULL DEFAULT 0 CHECK (customs_first IN (0, 1));
ALTER TABLE character ADD COLUMN show_friends INTEGER NOT NULL DEFAULT 1 CHECK (show_friends IN (0, 1));
ALTER TABLE character ADD COLUMN prevent_bookmarks INTEGER NOT NULL DEFAULT 0 CHECK (prevent_bookmarks IN (0, 1));
-- Hours east of Greenwich.
ALTER TABLE character ADD COLUMN timezone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE character ADD COLUMN views INTEGER NOT NULL DEFAULT 0;
-- Unix seconds; 0 for a profile that was never saved.
ALTER TABLE character ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;

-- The numbers are those of the site's own tables of fields and kinks.
CREATE TABLE character_infotag (
    character_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    infotag INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (character_id, infotag)
) STRICT, WITHOUT ROWID;

CREATE TABLE character_kink (
    character_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    kink INTEGER NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('fave', 'yes', 'maybe', 'no')),
    PRIMARY KEY (character_id, kink)
) STRICT, WITHOUT ROWID;

CREATE TABLE custom_kink (
    custom_kink_id INTEGER PRIMARY KEY AUTOINCREMENT,
    character_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('fave', 'yes', 'maybe', 'no'))
) STRICT;

CREATE INDEX custom_kink_by_character ON custom_kink (character_id);

CREATE TABLE custom_kink_child (
    custom_kink_id INTEGER NOT NULL REFERENCES custom_kink (custom_kink_id) ON DELETE CASCADE,
    kink INTEGER NOT NULL,
    PRIMARY KEY (custom_kink_id, kink)
) STRICT, WITHOUT ROWID;

-- Both are friends of each other, so each pair stands here once.
CREATE TABLE friendship (
    friendship_id INTEGER PRIMARY KEY AUTOINCREMENT,
    lesser_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    greater_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    UNIQUE (lesser_id, greater_id),
    CHECK (lesser_id < greater_id)
) STRICT;

CREATE INDEX friendship_by_greater ON friendship (greater_id);

CREATE TABLE friend_request (
    request_id INTEGER PRIMARY KEY AUTOINCREMENT,
    source_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    target_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    UNIQUE (source_id, target_id)
) STRICT;

CREATE INDEX friend_request_by_target ON friend_request (target_id);

CREATE TABLE bookmark (
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    character_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    PRIMARY KEY (account_id, character_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bookmark_by_character ON bookmark (character_id);

CREATE TABLE memo (
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    character_id INTEGER NOT NULL REFERENCES character (character_id) ON DELETE CASCADE,
    note TEXT NOT NULL,
    PRIMARY KEY (account_id, character_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memo_by_character ON memo (character_id);

CREATE TABLE avatar (
    character_id INTEGER PRIMARY KEY REFERENCES character (character_id) ON DELETE CASCADE,
    -- What it is by its own first bytes.
    media_type TEXT NOT NULL,
    image BLOB NOT NULL
) STRICT;

CREATE TABLE report (
    report_id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (account_id) ON DELETE CASCADE,
    character TEXT NOT NULL,
    reported TEXT NOT NULL,
    channel TEXT NOT NULL,
    text TEXT NOT NULL,
    log TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX report_by_account ON report (account_id);

-- Names of characters that were deleted, so that nobody can take the place of somebody else. Only the SHA-256 of a
-- name in lower case is kept.
CREATE TABLE retired_name (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    -- Who may have it again, for as long as the account is there.
    account_id INTEGER REFERENCES account (account_id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX retired_name_by_account ON retired_name (account_id);
