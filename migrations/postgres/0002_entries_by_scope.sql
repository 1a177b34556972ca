-- The entries of a scope from the latest on, for searches in it by words that many entries have. It is
-- of an expression, so that no other statement that begins with the scope can take it for a list half in
-- order; the scope itself stands in it for scans of the index alone.
-- Locks: writes of entries, while the index is made (a second or so for a million); reads go on.
CREATE INDEX entries_by_scope ON entries ((scope + 0), rowid) INCLUDE (scope);
