-- The first schema. Ids are UUIDs as 16 bytes, times are milliseconds since the Unix epoch.

-- Every scope has a small integer key, which entries and indexes carry instead of level and id.
-- Key 1 is the global scope. A parent is the next wider scope that the scope belongs to.
CREATE TABLE scopes (
    key    INTEGER PRIMARY KEY,
    level  INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3), -- global, org, project, session
    id     BLOB NOT NULL,                                  -- empty for the global scope
    parent INTEGER REFERENCES scopes (key),
    UNIQUE (level, id)
) STRICT;
CREATE INDEX scopes_by_parent ON scopes (parent);
INSERT INTO scopes (key, level, id, parent) VALUES (1, 0, x'', NULL);

CREATE TABLE orgs (
    scope         INTEGER PRIMARY KEY REFERENCES scopes (key),
    name          TEXT NOT NULL UNIQUE,
    metadata      TEXT,
    created_at_ms INTEGER NOT NULL
) STRICT;

-- `org` is 0 for a project without one, so that names are unique among those too.
CREATE TABLE projects (
    scope         INTEGER PRIMARY KEY REFERENCES scopes (key),
    org           INTEGER NOT NULL DEFAULT 0,
    name          TEXT NOT NULL,
    description   TEXT,
    root_path     TEXT UNIQUE,
    metadata      TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    UNIQUE (name, org)
) STRICT;
CREATE INDEX projects_by_org ON projects (org, name);

-- `project` is 0 for a session without one.
CREATE TABLE sessions (
    scope         INTEGER PRIMARY KEY REFERENCES scopes (key),
    project       INTEGER NOT NULL DEFAULT 0,
    name          TEXT,
    purpose       TEXT,
    agent_id      TEXT,
    status        INTEGER NOT NULL CHECK (status BETWEEN 0 AND 3), -- active, paused, completed, discarded
    metadata      TEXT,
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER
) STRICT;
CREATE INDEX sessions_by_project ON sessions (project, started_at_ms DESC);
CREATE INDEX sessions_by_start ON sessions (started_at_ms DESC);

-- An entry with its current version: a read by id touches one row. Columns that filters look at
-- come first, the long ones last.
CREATE TABLE entries (
    rowid              INTEGER PRIMARY KEY,
    id                 BLOB NOT NULL UNIQUE,
    kind               INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2), -- guideline, knowledge, tool
    scope              INTEGER NOT NULL REFERENCES scopes (key),
    is_active          INTEGER NOT NULL DEFAULT 1,
    priority           INTEGER,                                       -- of guidelines
    created_at_ms      INTEGER NOT NULL,
    updated_at_ms      INTEGER NOT NULL,
    valid_from_ms      INTEGER,                                       -- of knowledge
    valid_until_ms     INTEGER,
    invalidated_by     BLOB,
    category           TEXT,
    created_by         TEXT,
    updated_by         TEXT,
    version            INTEGER NOT NULL,
    version_id         BLOB NOT NULL,
    version_at_ms      INTEGER NOT NULL,
    version_by         TEXT,
    conflict           INTEGER NOT NULL DEFAULT 0,
    confidence         REAL,
    name               TEXT NOT NULL,
    tags               TEXT NOT NULL DEFAULT '[]',                    -- JSON array, sorted
    change_reason      TEXT,
    source             TEXT,
    content            TEXT NOT NULL,                                 -- a tool's description
    rationale          TEXT,
    constraints        TEXT,
    examples           TEXT,
    parameters         TEXT,
    verification_rules TEXT,
    metadata           TEXT
) STRICT;
-- Deactivated entries keep their names.
CREATE UNIQUE INDEX entries_by_name ON entries (scope, kind, name);
-- The order of lists. Only guidelines have a priority, so one index serves all kinds.
CREATE INDEX entries_in_scope ON entries (scope, kind, priority DESC, updated_at_ms DESC, id);
CREATE INDEX entries_of_kind ON entries (kind, priority DESC, updated_at_ms DESC, id);
-- The next time at which the validity of something changes.
CREATE INDEX entries_by_valid_from ON entries (valid_from_ms) WHERE valid_from_ms IS NOT NULL;
CREATE INDEX entries_by_valid_until ON entries (valid_until_ms) WHERE valid_until_ms IS NOT NULL;
-- Knowledge that is not simply true for ever: few, as a rule.
CREATE INDEX entries_bounded ON entries (scope)
    WHERE valid_from_ms IS NOT NULL OR valid_until_ms IS NOT NULL OR invalidated_by IS NOT NULL;

-- Versions that are no longer current; the current one is in `entries`. Never changed.
CREATE TABLE entry_versions (
    entry              INTEGER NOT NULL REFERENCES entries (rowid) ON DELETE CASCADE,
    number             INTEGER NOT NULL,
    id                 BLOB NOT NULL,
    created_at_ms      INTEGER NOT NULL,
    created_by         TEXT,
    change_reason      TEXT,
    conflict           INTEGER NOT NULL,
    priority           INTEGER,
    valid_from_ms      INTEGER,
    valid_until_ms     INTEGER,
    invalidated_by     BLOB,
    confidence         REAL,
    source             TEXT,
    content            TEXT NOT NULL,
    rationale          TEXT,
    constraints        TEXT,
    examples           TEXT,
    parameters         TEXT,
    verification_rules TEXT,
    PRIMARY KEY (entry, number)
) STRICT, WITHOUT ROWID;

-- For filters by tag. Kept in step with `entries.tags` by every write.
CREATE TABLE entry_tags (
    tag   TEXT NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (tag, entry)
) STRICT, WITHOUT ROWID;

-- Two agents changed one entry within the conflict window, without naming the version they knew.
-- `id` is the id of the later version.
CREATE TABLE conflicts (
    rowid          INTEGER PRIMARY KEY,
    id             BLOB NOT NULL UNIQUE,
    entry          INTEGER NOT NULL REFERENCES entries (rowid) ON DELETE CASCADE,
    base_version   INTEGER NOT NULL,
    version        INTEGER NOT NULL,
    first_by       TEXT,
    second_by      TEXT,
    at_ms          INTEGER NOT NULL,
    resolved_at_ms INTEGER,
    resolved_by    TEXT,
    resolution     TEXT
) STRICT;
CREATE INDEX conflicts_by_entry ON conflicts (entry);

-- The words of each entry, already cut and stemmed, and `s` with the key of its scope, which lets a
-- search skip what lies outside its scopes. The row id is that of the entry. It holds no text of
-- its own. The tokenizer cuts at spaces only: words have no other characters of ASCII than letters
-- and digits.
CREATE VIRTUAL TABLE entry_index USING fts5 (
    name, tags, content, scope,
    content = '',
    contentless_delete = 1,
    tokenize = 'ascii'
);

-- Active entries of each scope and kind, so that health and contexts need not count them.
CREATE TABLE entry_counts (
    scope  INTEGER NOT NULL REFERENCES scopes (key) ON DELETE CASCADE,
    kind   INTEGER NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (scope, kind)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER entries_added AFTER INSERT ON entries WHEN new.is_active BEGIN
    INSERT INTO entry_counts (scope, kind, active) VALUES (new.scope, new.kind, 1)
        ON CONFLICT (scope, kind) DO UPDATE SET active = active + 1;
END;
CREATE TRIGGER entries_removed AFTER DELETE ON entries WHEN old.is_active BEGIN
    UPDATE entry_counts SET active = active - 1 WHERE scope = old.scope AND kind = old.kind;
END;
CREATE TRIGGER entries_switched AFTER UPDATE OF is_active ON entries WHEN old.is_active <> new.is_active BEGIN
    INSERT INTO entry_counts (scope, kind, active) VALUES (new.scope, new.kind, new.is_active)
        ON CONFLICT (scope, kind) DO UPDATE SET active = active + new.is_active - old.is_active;
END;

-- Row ids grow with time, so the oldest keys are found without an index of their own.
CREATE TABLE idempotency_keys (
    rowid       INTEGER PRIMARY KEY,
    key         BLOB NOT NULL UNIQUE,
    fingerprint INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    reply       BLOB NOT NULL
) STRICT;

-- What the health check writes and reads back.
CREATE TABLE canary (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    value INTEGER NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
INSERT INTO canary (id, value, at_ms) VALUES (1, 0, 0);
