-- What agents may do. `agent` is * for everyone; a kind of -1 stands for entries of any kind, and for what
-- is no entry.
-- Locks: nothing that exists; it only creates.
CREATE TABLE permissions (
    id            uuid PRIMARY KEY,
    agent         text COLLATE "C" NOT NULL,
    scope         bigint NOT NULL REFERENCES scopes (key),
    kind          smallint NOT NULL CHECK (kind BETWEEN -1 AND 2), -- any, guideline, knowledge, tool
    level         smallint NOT NULL CHECK (level BETWEEN 0 AND 3), -- none, read, write, admin
    created_by    text COLLATE "C",
    created_at_ms bigint NOT NULL,
    UNIQUE (agent, scope, kind)
);
CREATE INDEX permissions_by_scope ON permissions (scope);
