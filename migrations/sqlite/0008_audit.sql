-- What was done, by whom and from where: written at the end, read from there, and forgotten from the beginning.
-- It refers to nothing: what it tells of may be gone.
CREATE TABLE audit (
    number         INTEGER PRIMARY KEY,
    at_ms          INTEGER NOT NULL,
    action         INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    id             BLOB,
    scope_level    INTEGER,
    scope_id       BLOB,
    before_version INTEGER,
    after_version  INTEGER,
    times          INTEGER NOT NULL,
    detail         TEXT,
    agent          TEXT,
    session        BLOB,
    via            INTEGER NOT NULL,
    host           TEXT NOT NULL,
    daemon         BLOB NOT NULL
) STRICT;
