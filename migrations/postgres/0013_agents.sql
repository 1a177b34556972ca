-- Agents whose names are proved, and the SHA-256 of their tokens.
-- Locks: nothing that exists; it only creates.
CREATE TABLE agents (
    name          text COLLATE "C" PRIMARY KEY,
    token_hash    bytea NOT NULL CHECK (length(token_hash) = 32),
    created_by    text COLLATE "C",
    created_at_ms bigint NOT NULL
);
