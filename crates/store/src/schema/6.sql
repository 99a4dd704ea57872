-- The account behind a call for the staff, since an account may have only some open ones; 0 where it is not known.
ALTER TABLE staff_call ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
