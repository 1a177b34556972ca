-- What agents may do. `agent` is * for everyone; a kind of -1 stands for entries of any kind, and for what
-- is no entry.
CREATE TABLE permissions (
    id            BLOB PRIMARY KEY,
    agent         TEXT NOT NULL,
    scope         INTEGER NOT NULL REFERENCES scopes (key),
    kind          INTEGER NOT NULL CHECK (kind BETWEEN -1 AND 2), -- any, guideline, knowledge, tool
    level         INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3), -- none, read, write, admin
    created_by    TEXT,
    created_at_ms INTEGER NOT NULL,
    UNIQUE (agent, scope, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX permissions_by_scope ON permissions (scope);
