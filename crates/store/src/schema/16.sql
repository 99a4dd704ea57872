-- Tokens of programs that administer the server over HTTP. Only the SHA-256 of a token is kept.
CREATE TABLE admin_token (
    admin_token_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    digest BLOB NOT NULL UNIQUE,
    -- The words of its rights with commas between them.
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- The time of its last use, to a minute, in Unix seconds; 0 before the first.
    used_at INTEGER NOT NULL DEFAULT 0
) STRICT;
