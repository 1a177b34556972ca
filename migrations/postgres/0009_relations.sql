-- That one thing has to do with another. An end is an entry or a project, and a relation goes with either of
-- its ends.
-- Locks: writes of entries and projects, for the moment that it takes to refer to them.
CREATE TABLE relations (
    id             uuid PRIMARY KEY,
    source_entry   bigint REFERENCES entries (rowid) ON DELETE CASCADE,
    source_project bigint REFERENCES projects (scope) ON DELETE CASCADE,
    target_entry   bigint REFERENCES entries (rowid) ON DELETE CASCADE,
    target_project bigint REFERENCES projects (scope) ON DELETE CASCADE,
    kind           smallint NOT NULL CHECK (kind BETWEEN 0 AND 6),
    metadata       text,
    created_at_ms  bigint NOT NULL,
    created_by     text COLLATE "C",
    CHECK ((source_entry IS NULL) <> (source_project IS NULL)),
    CHECK ((target_entry IS NULL) <> (target_project IS NULL))
);
-- One of a kind between the same two. What stands for a project here can be no entry.
CREATE UNIQUE INDEX relations_once ON relations
    (coalesce(source_entry, -source_project), coalesce(target_entry, -target_project), kind);
-- The relations of each end in the order of lists.
CREATE INDEX relations_of_source_entry ON relations (source_entry, id, kind) WHERE source_entry IS NOT NULL;
CREATE INDEX relations_of_target_entry ON relations (target_entry, id, kind) WHERE target_entry IS NOT NULL;
CREATE INDEX relations_of_source_project ON relations (source_project, id, kind) WHERE source_project IS NOT NULL;
CREATE INDEX relations_of_target_project ON relations (target_project, id, kind) WHERE target_project IS NOT NULL;
CREATE INDEX relations_of_kind ON relations (kind, id);
