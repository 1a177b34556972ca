-- The scheduled backup of this database: which daemon claimed the one that was due last, and how it went.
-- There is one row.
-- Locks: nothing that exists; it only creates.
CREATE TABLE scheduled_backups (
    id            integer PRIMARY KEY CHECK (id = 1),
    due_at_ms     bigint NOT NULL,
    daemon        uuid,
    claimed_at_ms bigint NOT NULL,
    is_done       boolean NOT NULL,
    good_at_ms    bigint,
    failed_at_ms  bigint,
    failure       text
);
INSERT INTO scheduled_backups (id, due_at_ms, claimed_at_ms, is_done) VALUES (1, 0, 0, true);
