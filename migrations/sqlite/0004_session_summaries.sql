-- What a session came to, and when somebody last began or took it up.
ALTER TABLE sessions ADD COLUMN summary TEXT;
ALTER TABLE sessions ADD COLUMN active_at_ms INTEGER;
-- Those that may have been abandoned.
CREATE INDEX sessions_under_way ON sessions (started_at_ms) WHERE status = 0;
