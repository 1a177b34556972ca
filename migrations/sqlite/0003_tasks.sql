-- Tasks, each with its current version. Codes are in the order of the protocol's words: status backlog, open,
-- in_progress, blocked, review, done, wont_do; severity and urgency the most pressing first, as lists are.
CREATE TABLE tasks (
    key               INTEGER PRIMARY KEY,
    id                BLOB NOT NULL UNIQUE,
    scope             INTEGER NOT NULL REFERENCES scopes (key),
    is_active         INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    task_type         INTEGER NOT NULL,
    domain            INTEGER NOT NULL,
    severity          INTEGER NOT NULL,
    urgency           INTEGER NOT NULL,
    version           INTEGER NOT NULL,
    version_id        BLOB NOT NULL,
    created_at_ms     INTEGER NOT NULL,
    created_by        TEXT,
    updated_at_ms     INTEGER NOT NULL,
    updated_by        TEXT,
    assignee          TEXT,
    assigned_at_ms    INTEGER,
    reporter          TEXT,
    parent            BLOB,              -- the id of a task of the same scope, or of one above it
    due_at_ms         INTEGER,
    started_at_ms     INTEGER,
    resolved_at_ms    INTEGER,
    estimated_minutes INTEGER,
    actual_minutes    INTEGER,
    start_line        INTEGER,
    end_line          INTEGER,
    title             TEXT NOT NULL,
    description       TEXT,
    category          TEXT,
    resolution        TEXT,
    file              TEXT,
    tags              TEXT NOT NULL,     -- JSON array, sorted
    metadata          TEXT,
    change_reason     TEXT
) STRICT;
-- The order of lists.
CREATE INDEX tasks_in_scope ON tasks (scope, severity, urgency, created_at_ms, id);
CREATE INDEX tasks_by_status ON tasks (scope, status, severity, urgency, created_at_ms, id);
CREATE INDEX tasks_in_order ON tasks (severity, urgency, created_at_ms, id);
CREATE INDEX tasks_by_parent ON tasks (parent) WHERE parent IS NOT NULL;
CREATE INDEX tasks_by_assignee ON tasks (assignee) WHERE assignee IS NOT NULL;

-- What has to be done before a task.
CREATE TABLE task_blockers (
    task    INTEGER NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    blocker INTEGER NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    PRIMARY KEY (task, blocker)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_blockers_by_blocker ON task_blockers (blocker);

-- Every version of a task, the current one too. Never changed.
CREATE TABLE task_versions (
    task          INTEGER NOT NULL REFERENCES tasks (key) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    id            BLOB NOT NULL,
    created_at_ms INTEGER NOT NULL,
    created_by    TEXT,
    change_reason TEXT,
    status        INTEGER NOT NULL,
    assignee      TEXT,
    title         TEXT NOT NULL,
    description   TEXT,
    resolution    TEXT,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
