-- Files that agents have checked out. A row may be past its time: it is as good as none then.
CREATE TABLE file_locks (
    path           TEXT PRIMARY KEY,
    id             BLOB NOT NULL,
    token          INTEGER NOT NULL,
    agent_id       TEXT NOT NULL,
    session        BLOB, -- ids, not keys of scopes
    project        BLOB,
    reason         TEXT,
    metadata       TEXT,
    acquired_at_ms INTEGER NOT NULL,
    expires_at_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX file_locks_by_session ON file_locks (session) WHERE session IS NOT NULL;
CREATE INDEX file_locks_by_expiry ON file_locks (expires_at_ms);

-- The fencing token that was given out last. It stays when locks go: tokens only grow.
CREATE TABLE fencing (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO fencing (id, last) VALUES (1, 0);
