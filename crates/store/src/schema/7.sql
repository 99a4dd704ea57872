-- Names that look alike are found without reading all of them. The expression is the one of the program
-- (`lookalike::EXPRESSION`): an index is used only where the two are the same, letter by letter.
CREATE INDEX character_by_skeleton ON character (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(name), ' ', ''), '-', ''), '_', ''), '.', ''), '0', 'o'), '1', 'l'), 'i', 'l'), 'm', 'rn'), 'w', 'vv')
);
CREATE INDEX operator_by_skeleton ON operator (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(name), ' ', ''), '-', ''), '_', ''), '.', ''), '0', 'o'), '1', 'l'), 'i', 'l'), 'm', 'rn'), 'w', 'vv')
);
CREATE INDEX super_operator_by_skeleton ON super_operator (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(name), ' ', ''), '-', ''), '_', ''), '.', ''), '0', 'o'), '1', 'l'), 'i', 'l'), 'm', 'rn'), 'w', 'vv')
);
CREATE INDEX channel_by_owner_skeleton ON channel (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(owner), ' ', ''), '-', ''), '_', ''), '.', ''), '0', 'o'), '1', 'l'), 'i', 'l'), 'm', 'rn'), 'w', 'vv')
);
CREATE INDEX channel_moderator_by_skeleton ON channel_moderator (
    replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(name), ' ', ''), '-', ''), '_', ''), '.', ''), '0', 'o'), '1', 'l'), 'i', 'l'), 'm', 'rn'), 'w', 'vv')
);

-- When the password was entered that a ticket goes back to, in Unix seconds: a renewed ticket keeps the time of the one
-- that it replaces. Tickets of older programs were good for half an hour.
ALTER TABLE ticket ADD COLUMN entered_at INTEGER NOT NULL DEFAULT 0;
UPDATE ticket SET entered_at = max(expires_at - 1800, 0);

-- Whether the metadata of a picture was removed; pictures of older programs may still have some.
ALTER TABLE avatar ADD COLUMN cleaned INTEGER NOT NULL DEFAULT 0 CHECK (cleaned IN (0, 1));
CREATE INDEX avatar_not_cleaned ON avatar (character_id) WHERE cleaned = 0;
