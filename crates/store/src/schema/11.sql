-- Notes between characters. A note stands here once: it is in the outbox of its sender and in the inbox of its
-- recipient, until both have deleted it.
CREATE TABLE note (
    note_id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Nothing where the character is deleted.
    sender_id INTEGER REFERENCES character (character_id) ON DELETE SET NULL,
    recipient_id INTEGER REFERENCES character (character_id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    message TEXT NOT NULL,
    -- Bytes of title and message, for the bounds of boxes.
    bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    is_read INTEGER NOT NULL DEFAULT 0 CHECK (is_read IN (0, 1)),
    in_outbox INTEGER NOT NULL CHECK (in_outbox IN (0, 1)),
    in_inbox INTEGER NOT NULL CHECK (in_inbox IN (0, 1))
) STRICT;

-- All that lists, counts and bounds need of a box is in its index.
CREATE INDEX note_by_recipient ON note (recipient_id, in_inbox, is_read, sender_id, bytes);
CREATE INDEX note_by_sender ON note (sender_id, in_outbox, bytes);
