//! What the entries of an import will meet, read for many of them by one statement.

use std::{collections::HashMap, sync::LazyLock};

use agent_memory_proto::model::{Entry, EntryKind, Id};
use uuid::Uuid;

use super::{ahead::Ahead, entry_rows, transaction::PgTransaction};
use crate::store::{
    columns::kind_code,
    postgres::{
        columns::{ENTRY, code, text_key, uuid},
        values::value,
    },
    rules::{Step, StoredEntry},
};

/// A name in the scope of a key.
pub(super) type Name = (i64, EntryKind, String);
/// Who has which name, as far as that is known.
pub(super) type Names = HashMap<Name, Option<Id>>;

/// The name of an entry.
pub(super) fn name_of(scope_key: i64, entry: &Entry) -> Name {
    (scope_key, entry.kind(), entry.name.clone())
}

/// Entries with one of the ids or one of the names, locked in the order of their ids, so that no two
/// writers wait for each other.
static FIND: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {ENTRY}, e.rowid, e.scope FROM entries e JOIN scopes s ON s.key = e.scope \
         WHERE e.rowid = ANY (ARRAY( \
             SELECT o.rowid FROM unnest($1) AS n (id) JOIN entries o ON o.id = n.id \
             UNION \
             SELECT o.rowid FROM unnest($2, $3, $4) AS n (scope, kind, name_key) JOIN entries o \
                 ON o.scope = n.scope AND o.kind = n.kind AND o.name_key = n.name_key)) \
         ORDER BY e.id FOR UPDATE OF e"
    )
});

/// Reads the entries that have the ids or names of some new ones. What was known before is forgotten.
pub(super) async fn read(rows: &PgTransaction<'_>, next: &[(i64, &Entry)]) -> Step<Ahead> {
    let ids: Vec<Uuid> = next.iter().map(|(_, entry)| uuid(entry.id)).collect();
    let scopes: Vec<i64> = next.iter().map(|(scope_key, _)| *scope_key).collect();
    let kinds: Vec<i16> = next.iter().map(|(_, entry)| code(kind_code(entry.kind()))).collect();
    let names: Vec<Uuid> = next.iter().map(|(_, entry)| text_key(&entry.name)).collect();
    let values = [value(&ids), value(&scopes), value(&kinds), value(&names)];
    // A plan that was made when the table was new walks through all of it, or through an index of lists.
    let found = rows.rows_planned_anew(&FIND, &values).await?;
    let found = found.iter().map(entry_rows::stored_from_row).collect::<Step<Vec<StoredEntry>>>()?;
    let mut ahead = Ahead {
        entries: next.iter().map(|(_, entry)| (entry.id, None)).collect(),
        names: next.iter().map(|(scope_key, entry)| (name_of(*scope_key, entry), None)).collect(),
        ..Ahead::default()
    };
    for stored in found {
        // One that another writer renamed meanwhile does not have the name that it was found by.
        if let Some(holder) = ahead.names.get_mut(&name_of(stored.scope_key, &stored.entry)) {
            *holder = Some(stored.entry.id);
        }
        ahead.entries.insert(stored.entry.id, Some(stored));
    }
    Ok(ahead)
}
