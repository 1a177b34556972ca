//! What a write reads first, read together with the beginning of its transaction: the rules ask for
//! it one by one, and need not wait.

use std::{collections::HashMap, sync::LazyLock};

use agent_memory_proto::model::{Entry, EntryKind, Id, ScopeRef};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    entry_rows,
    expected::{Name, Names, name_of},
    idempotency, lock_rows,
};
use crate::store::{
    Write, WriteRequest,
    columns::{kind_code, level_code},
    postgres::{
        columns::{ENTRY, code, entry_from_row, get, scope_uuid, text_key, uuid},
        connection::Connection,
        file_locks::{FIND, path_lock_from_row},
        values::{Value, value},
    },
    rules::{KeptReply, PathLock, Step, StoredEntry},
};

/// What was read. Each thing is handed out once: whoever asks again reads anew. Only entries and their names
/// are kept up to date, and handed out again.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    pub(super) kept: Option<Option<KeptReply>>,
    pub(super) entries: HashMap<Id, Option<StoredEntry>>,
    /// Those of entries that were expected.
    pub(super) names: Names,
    pub(super) scope: Option<(ScopeRef, Option<i64>)>,
    pub(super) named: Option<(EntryKind, String, Option<Entry>)>,
    pub(super) path_lock: Option<PathLock>,
}

impl Ahead {
    /// The entry of that name; `None` when it has to be read.
    pub(super) fn entry_named(&self, name: &Name) -> Option<Option<Entry>> {
        match self.names.get(name)? {
            None => Some(None),
            Some(id) => self.entries.get(id)?.as_ref().map(|stored| Some(stored.entry.clone())),
        }
    }

    /// Whether nobody has the id and the name of a new entry.
    pub(super) fn is_free(&self, scope_key: i64, entry: &Entry) -> bool {
        matches!(self.entries.get(&entry.id), Some(None))
            && matches!(self.names.get(&name_of(scope_key, entry)), Some(None))
    }

    /// An entry is to be read when it is asked for.
    pub(super) fn forget(&mut self, scope_key: i64, entry: &Entry) {
        self.entries.remove(&entry.id);
        self.names.remove(&name_of(scope_key, entry));
    }

    /// An entry is gone, and its name is free.
    pub(super) fn removed(&mut self, old: &StoredEntry) {
        self.entries.insert(old.entry.id, None);
        if let Some(holder) = self.names.get_mut(&name_of(old.scope_key, &old.entry)) {
            *holder = None;
        }
    }

    /// An entry has a new state.
    pub(super) fn replaced(&mut self, old: &StoredEntry, new: &Entry) {
        if old.entry.name != new.name {
            self.names.remove(&name_of(old.scope_key, &old.entry));
            self.names.remove(&name_of(old.scope_key, new));
        }
        self.entries.insert(new.id, Some(StoredEntry { entry: new.clone(), ..*old }));
    }

    /// Forgets the entries when they are many.
    pub(super) fn make_room(&mut self) {
        if self.entries.len() > REMEMBERED_MAX {
            self.entries.clear();
            self.names.clear();
        }
    }
}

/// Entries that are remembered as they stand: beyond, they are read again when they are asked for.
const REMEMBERED_MAX: usize = 1_000;

/// The entries are locked in the order of their ids, so that no two writers wait for each other.
static ENTRIES: LazyLock<String> = LazyLock::new(|| locking("= ANY ($1)"));
/// One entry is looked for by the index, also while the server does not know yet how many there are.
static ONE_ENTRY: LazyLock<String> = LazyLock::new(|| locking("= $1"));

fn locking(ids: &str) -> String {
    format!(
        "SELECT {ENTRY}, e.rowid, e.scope FROM entries e JOIN scopes s ON s.key = e.scope \
         WHERE e.id {ids} ORDER BY e.id FOR UPDATE OF e"
    )
}
const SCOPE: &str = "SELECT key FROM scopes WHERE level = $1 AND id = $2";
static NAMED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY} FROM scopes s JOIN entries e ON e.scope = s.key \
         WHERE s.level = $1 AND s.id = $2 AND e.kind = $3 AND e.name_key = $4"
    )
});

/// Begins the transaction of a write; `None` when there is nothing to read ahead, and it was not.
pub(super) async fn begin(
    connection: &Connection,
    begin: &str,
    request: &WriteRequest,
) -> Step<Option<Ahead>> {
    let (ids, scope, draft) =
        (entries_of(&request.write), scope_of(&request.write), draft_of(&request.write));
    let uuids: Vec<Uuid> = ids.iter().copied().map(uuid).collect();
    let key = request.idempotency.map(|key| uuid(key.key));
    let place = scope.map(|scope| (code(level_code(scope.level)), scope_uuid(&scope)));
    let name = draft.map(|(kind, name)| (code(kind_code(kind)), text_key(name)));

    let key_values: Vec<Value<'_>> = key.iter().map(value).collect();
    let (entries, entry_values): (&str, _) = match uuids.as_slice() {
        [only] => (&ONE_ENTRY, [value(only)]),
        _ => (&ENTRIES, [value(&uuids)]),
    };
    let scope_values: Vec<Value<'_>> =
        place.iter().flat_map(|(level, id)| [value(level), value(id)]).collect();
    let mut name_values = scope_values.clone();
    name_values.extend(name.iter().flat_map(|(kind, name)| [value(kind), value(name)]));
    let mut statements: Vec<(&str, &[Value<'_>])> = Vec::new();
    if key.is_some() {
        statements.push((idempotency::FIND, &key_values));
    }
    if !uuids.is_empty() {
        statements.push((entries, &entry_values));
    }
    let path = path_of(&request.write).map(|path| (lock_rows::path_number(path), text_key(path)));
    let path_values: Vec<[Value<'_>; 1]> =
        path.iter().flat_map(|(number, key)| [[value(number)], [value(key)]]).collect();
    if let [number, key] = path_values.as_slice() {
        statements.push((lock_rows::LOCK_PATH, number));
        statements.push((&FIND, key));
    }
    // After the path is locked, which may take a while.
    if scope.is_some() {
        statements.push((SCOPE, &scope_values));
    }
    if draft.is_some() {
        statements.push((&NAMED, &name_values));
    }
    if statements.is_empty() {
        return Ok(None);
    }
    let mut answers = connection.begin_with_all(begin, &statements).await?.into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let mut ahead = Ahead::default();
    if key.is_some() {
        ahead.kept = Some(next().first().map(idempotency::from_row).transpose()?);
    }
    if !ids.is_empty() {
        ahead.entries = found(&ids, &next())?;
    }
    if path.is_some() {
        next(); // Of the statement that locks the path.
        ahead.path_lock = next().first().map(path_lock_from_row).transpose()?;
    }
    if let Some(scope) = scope {
        ahead.scope = Some((scope, next().first().map(|row| get(row, 0)).transpose()?));
    }
    if let Some((kind, name)) = draft {
        ahead.named = Some((kind, name.to_owned(), next().first().map(entry_from_row).transpose()?));
    }
    Ok(Some(ahead))
}

fn found(ids: &[Id], rows: &[Row]) -> Step<HashMap<Id, Option<StoredEntry>>> {
    let mut entries: HashMap<Id, Option<StoredEntry>> = ids.iter().map(|id| (*id, None)).collect();
    for row in rows {
        let stored = entry_rows::stored_from_row(row)?;
        entries.insert(stored.entry.id, Some(stored));
    }
    Ok(entries)
}

/// The entries that a write changes.
fn entries_of(write: &Write) -> Vec<Id> {
    match write {
        Write::UpdateEntries { updates, .. } => updates.iter().map(|update| update.id).collect(),
        Write::DeactivateEntry { id, .. } => vec![*id],
        Write::ChangeTag(change) => vec![change.id],
        Write::DeleteEntries { ids, .. } => ids.clone(),
        _ => Vec::new(),
    }
}

/// The file that a write locks or unlocks.
fn path_of(write: &Write) -> Option<&str> {
    match write {
        Write::CheckoutFile(claim) => Some(&claim.path),
        Write::CheckinFile { path, .. } => Some(path),
        _ => None,
    }
}

/// The scope that a write asks for first, without having locked the scopes before.
fn scope_of(write: &Write) -> Option<ScopeRef> {
    match write {
        Write::Remember { entry, .. } => Some(entry.draft.scope),
        Write::CheckoutFile(claim) => claim.project_id.map(ScopeRef::project),
        _ => None,
    }
}

/// The kind and the name of an entry that is to be found or made in that scope.
fn draft_of(write: &Write) -> Option<(EntryKind, &str)> {
    match write {
        Write::Remember { entry, .. } => Some((entry.draft.body.kind(), &entry.draft.name)),
        _ => None,
    }
}
