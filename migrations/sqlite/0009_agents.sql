-- Agents whose names are proved, and the SHA-256 of their tokens.
CREATE TABLE agents (
    name          TEXT PRIMARY KEY,
    token_hash    BLOB NOT NULL CHECK (length(token_hash) = 32),
    created_by    TEXT,
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
