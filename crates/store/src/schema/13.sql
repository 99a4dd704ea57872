-- One line that the lists of channels show, escaped as on the wire; empty for none.
ALTER TABLE channel ADD COLUMN topic TEXT NOT NULL DEFAULT '';
