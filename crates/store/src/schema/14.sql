-- Accounts as people expect them: devices that stay signed in, a second factor, application passwords, links and e-mail.

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
