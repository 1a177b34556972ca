-- What a session came to, and when somebody last began or took it up.
-- Locks: sessions, for a moment.
ALTER TABLE sessions ADD COLUMN summary text;
ALTER TABLE sessions ADD COLUMN active_at_ms bigint;
-- Those that may have been abandoned.
CREATE INDEX sessions_under_way ON sessions (started_at_ms) WHERE status = 0;
