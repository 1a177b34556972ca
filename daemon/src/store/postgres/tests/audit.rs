//! What must hold for every store, whatever was done to it.

use agent_memory_testbed::Postgres;

/// Checks the tables of a store.
pub(super) fn audit(server: &Postgres) {
    for (rule, broken) in [
        (
            "every entry is in the index, under its scope",
            "SELECT count(*) FROM entries e LEFT JOIN entry_index i ON i.entry = e.rowid \
             WHERE i.entry IS NULL OR NOT i.terms @@ ('''S' || e.scope || '''')::tsquery",
        ),
        (
            "only entries are in the index",
            "SELECT count(*) FROM entry_index WHERE entry NOT IN (SELECT rowid FROM entries)",
        ),
        (
            "the counts are right",
            "SELECT count(*) FROM \
             (SELECT scope, kind, sum(active) AS active FROM entry_counts GROUP BY 1, 2) c \
             FULL JOIN (SELECT scope, kind, count(*) AS active FROM entries WHERE is_active GROUP BY 1, 2) e \
             USING (scope, kind) WHERE coalesce(c.active, 0) <> coalesce(e.active, 0)",
        ),
        (
            "versions have no gap",
            "SELECT count(*) FROM entries e WHERE e.version - 1 <> \
             (SELECT count(*) FROM entry_versions v WHERE v.entry = e.rowid AND v.number < e.version)",
        ),
        (
            "organisations, projects and sessions are the scopes",
            "SELECT count(*) FROM scopes s WHERE s.level > 0 AND NOT EXISTS (SELECT scope FROM orgs WHERE scope = s.key \
             UNION SELECT scope FROM projects WHERE scope = s.key UNION SELECT scope FROM sessions WHERE scope = s.key)",
        ),
    ] {
        assert_eq!(server.sql("postgres", broken).unwrap(), "0", "{rule}");
    }
}
