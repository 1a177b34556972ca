//! Context: the memory of a scope under a token budget. Reads what could go in, has the plan made,
//! reads the texts that were chosen.

mod candidates;
mod totals;

use agent_memory_proto::response::{Context, ContextEntry};
use rusqlite::{Connection, Row};

use super::{
    columns::{id_from, kind_from, scope_from, tags_from},
    scope_keys,
};
use crate::store::{
    ContextQuery, StoreError,
    answers::{
        heads,
        plan::{self, Chosen},
    },
};

/// The memory of the scopes.
///
/// # Errors
/// What SQLite says.
pub(super) fn gather(connection: &Connection, query: &ContextQuery) -> Result<Context, StoreError> {
    let keys = scope_keys::find_all(connection, &query.scopes)?;
    let candidates = candidates::read(connection, query, &keys)?;
    let chosen = plan::choose(&candidates.entries, query.budget_tokens);
    let mut entries = Vec::with_capacity(chosen.len());
    let mut statement = connection.prepare_cached(
        "SELECT e.id, e.kind, e.name, s.level, s.id, e.category, e.tags, e.updated_at_ms, e.created_by, \
         e.priority, e.content FROM entries e JOIN scopes s ON s.key = e.scope WHERE e.rowid = ?1",
    )?;
    for choice in &chosen {
        entries.push(statement.query_row([choice.rowid], |row| read_entry(row, choice))?);
    }
    Ok(heads::context(query, entries, candidates.totals))
}

fn read_entry(row: &Row<'_>, choice: &Chosen) -> rusqlite::Result<ContextEntry> {
    let content = row.get_ref(10)?.as_str()?;
    let (text, is_cut) = heads::text(content, choice);
    Ok(ContextEntry {
        id: id_from(row, 0)?,
        kind: kind_from(row, 1)?,
        name: row.get(2)?,
        text,
        is_cut,
        scope: scope_from(row, 3)?,
        category: row.get(5)?,
        tags: tags_from(row, 6)?,
        updated_at_ms: row.get(7)?,
        created_by: row.get(8)?,
        priority: row.get(9)?,
    })
}
