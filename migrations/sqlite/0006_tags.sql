-- What is known of tags. Entries carry the names of theirs, whether they stand here or not.
CREATE TABLE tags (
    rowid         INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE,
    name          TEXT NOT NULL UNIQUE,
    category      INTEGER NOT NULL CHECK (category BETWEEN 0 AND 4), -- language, domain, category, meta, custom
    description   TEXT,
    is_predefined INTEGER NOT NULL DEFAULT 0,
    created_at_ms INTEGER NOT NULL
) STRICT;
