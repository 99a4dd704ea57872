-- Rooms count for the account that made them, also after a restart.

-- The account; a negative number for a character without one, and 0 while it is not known.
ALTER TABLE channel ADD COLUMN maker INTEGER NOT NULL DEFAULT 0;
