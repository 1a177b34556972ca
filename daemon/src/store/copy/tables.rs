//! What a store consists of, for every backend alike: tables, their columns, and the order of their
//! rows. What is made of these is not copied but made anew: indexes, counts, the words of entries.

use self::column as c;
use ColumnKind::{Big, Bytes, Flag, Id, Integer, Real, ScopeId, Small, Tags, Text};

use crate::store::{
    StoreError,
    task_rows::{TASK_BLOCKERS, TASK_VERSIONS, TASKS},
};

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    /// A number, or a flag.
    Int(i64),
    Real(f64),
    Text(String),
    /// Bytes, or an id.
    Bytes(Vec<u8>),
    Tags(Vec<String>),
}

impl Cell {
    /// Its size, by estimate.
    pub(in crate::store) fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Int(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Tags(tags) => tags.iter().map(String::len).sum(),
        }
    }
}

/// The values of a row, in the order of the columns.
pub(crate) type Row = Vec<Cell>;

/// How a column stands in the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// A number of 2, 4 or 8 bytes.
    Small,
    Integer,
    Big,
    Flag,
    Real,
    Text,
    Id,
    /// The id of a scope; that of the global scope is all zeros, or nothing.
    ScopeId,
    Bytes,
    Tags,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) kind: ColumnKind,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) columns: &'static [Column],
    /// The columns that the rows are ordered by. A row stands after those that it refers to.
    pub(in crate::store) order: &'static str,
    /// Rows that are there in a new store, and are not copied.
    pub(in crate::store) rows_of_new_store: u64,
}

impl Table {
    /// The names of the columns.
    pub(in crate::store) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// Whether the row is in every store from the beginning: that of the global scope.
    ///
    /// # Errors
    /// `Corrupt` when it cannot be told.
    pub(in crate::store) fn has_always(&self, row: &Row) -> Result<bool, StoreError> {
        Ok(self.rows_of_new_store > 0 && *self.cell(row, "level")? == Cell::Int(0))
    }

    /// The value of a column in a row.
    ///
    /// # Errors
    /// `Corrupt` when the table has no such column.
    pub(in crate::store) fn cell<'a>(&self, row: &'a Row, name: &str) -> Result<&'a Cell, StoreError> {
        let place = self.columns.iter().position(|column| column.name == name);
        place
            .and_then(|place| row.get(place))
            .ok_or_else(|| StoreError::Corrupt(format!("{} has no {name}", self.name)))
    }
}

/// A column of that name and kind.
pub(in crate::store) const fn column(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind }
}

/// All tables, each after those that it refers to. Locks of files and who waits for them are left out: whoever
/// holds one asks the daemon of the store that was copied, and gets a new one from the daemon of the copy. The tokens of the
/// copy go on where those of the original ended, so that a lock of the original is known to be the older.
/// The audit is left out, too: it tells what was done to a store through its daemons, and that of the copy begins with the copy.
/// The daemons of a PostgreSQL store are left out, too: those of the copy say by themselves that they are there.
pub(in crate::store) const TABLES: &[&Table] = &[
    &SCOPES,
    &ORGS,
    &PROJECTS,
    &SESSIONS,
    &ENTRIES,
    &VERSIONS,
    &CONFLICTS,
    &PERMISSIONS,
    &AGENTS,
    &KEYS,
    &TASKS,
    &TASK_BLOCKERS,
    &TASK_VERSIONS,
    &RELATIONS,
    &TAGS,
];

const SCOPES: Table = Table {
    name: "scopes",
    columns: &[c("key", Big), c("level", Small), c("id", ScopeId), c("parent", Big)],
    order: "level, key",
    rows_of_new_store: 1,
};

const ORGS: Table = Table {
    name: "orgs",
    columns: &[c("scope", Big), c("name", Text), c("metadata", Text), c("created_at_ms", Big)],
    order: "scope",
    rows_of_new_store: 0,
};

const PROJECTS: Table = Table {
    name: "projects",
    columns: &[
        c("scope", Big),
        c("org", Big),
        c("name", Text),
        c("description", Text),
        c("root_path", Text),
        c("metadata", Text),
        c("created_at_ms", Big),
        c("updated_at_ms", Big),
    ],
    order: "scope",
    rows_of_new_store: 0,
};

const SESSIONS: Table = Table {
    name: "sessions",
    columns: &[
        c("scope", Big),
        c("project", Big),
        c("name", Text),
        c("purpose", Text),
        c("agent_id", Text),
        c("status", Small),
        c("metadata", Text),
        c("started_at_ms", Big),
        c("ended_at_ms", Big),
        c("summary", Text),
        c("active_at_ms", Big),
    ],
    order: "scope",
    rows_of_new_store: 0,
};

const ENTRIES: Table = Table {
    name: "entries",
    columns: &[
        c("rowid", Big),
        c("id", Id),
        c("kind", Small),
        c("scope", Big),
        c("is_active", Flag),
        c("version", Integer),
        c("version_id", Id),
        c("created_at_ms", Big),
        c("updated_at_ms", Big),
        c("version_at_ms", Big),
        c("category", Text),
        c("created_by", Text),
        c("updated_by", Text),
        c("version_by", Text),
        c("name", Text),
        c("tags", Tags),
        c("change_reason", Text),
        c("metadata", Text),
        c("conflict", Flag),
        c("priority", Small),
        c("valid_from_ms", Big),
        c("valid_until_ms", Big),
        c("invalidated_by", Id),
        c("confidence", Real),
        c("source", Text),
        c("content", Text),
        c("rationale", Text),
        c("constraints", Text),
        c("examples", Text),
        c("parameters", Text),
        c("verification_rules", Text),
    ],
    order: "rowid",
    rows_of_new_store: 0,
};

const VERSIONS: Table = Table {
    name: "entry_versions",
    columns: &[
        c("entry", Big),
        c("number", Integer),
        c("id", Id),
        c("created_at_ms", Big),
        c("created_by", Text),
        c("change_reason", Text),
        c("conflict", Flag),
        c("priority", Small),
        c("valid_from_ms", Big),
        c("valid_until_ms", Big),
        c("invalidated_by", Id),
        c("confidence", Real),
        c("source", Text),
        c("content", Text),
        c("rationale", Text),
        c("constraints", Text),
        c("examples", Text),
        c("parameters", Text),
        c("verification_rules", Text),
    ],
    order: "entry, number",
    rows_of_new_store: 0,
};

const CONFLICTS: Table = Table {
    name: "conflicts",
    columns: &[
        c("rowid", Big),
        c("id", Id),
        c("entry", Big),
        c("base_version", Integer),
        c("version", Integer),
        c("first_by", Text),
        c("second_by", Text),
        c("at_ms", Big),
        c("resolved_at_ms", Big),
        c("resolved_by", Text),
        c("resolution", Text),
    ],
    order: "rowid",
    rows_of_new_store: 0,
};

const PERMISSIONS: Table = Table {
    name: "permissions",
    columns: &[
        c("id", Id),
        c("agent", Text),
        c("scope", Big),
        c("kind", Small),
        c("level", Small),
        c("created_by", Text),
        c("created_at_ms", Big),
    ],
    order: "id",
    rows_of_new_store: 0,
};

const AGENTS: Table = Table {
    name: "agents",
    columns: &[c("name", Text), c("token_hash", Bytes), c("created_by", Text), c("created_at_ms", Big)],
    order: "name",
    rows_of_new_store: 0,
};

const RELATIONS: Table = Table {
    name: "relations",
    columns: &[
        c("id", Id),
        c("source_entry", Big),
        c("source_project", Big),
        c("target_entry", Big),
        c("target_project", Big),
        c("kind", Small),
        c("metadata", Text),
        c("created_at_ms", Big),
        c("created_by", Text),
    ],
    order: "id",
    rows_of_new_store: 0,
};

const TAGS: Table = Table {
    name: "tags",
    columns: &[
        c("id", Id),
        c("name", Text),
        c("category", Small),
        c("description", Text),
        c("is_predefined", Flag),
        c("created_at_ms", Big),
    ],
    order: "id",
    rows_of_new_store: 0,
};

const KEYS: Table = Table {
    name: "idempotency_keys",
    columns: &[c("key", Id), c("fingerprint", Big), c("at_ms", Big), c("reply", Bytes)],
    order: "key",
    rows_of_new_store: 0,
};
