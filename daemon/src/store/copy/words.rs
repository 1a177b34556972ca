//! The words of a copied entry, made anew: each backend keeps them in a form of its own.

use agent_memory_proto::model::{EntryBody, EntryKind, Json};

use super::tables::{Cell, Row, Table};
use crate::{store::StoreError, text::entry::IndexedEntry};

/// An entry's row id, the key of its scope, its tags and its words.
pub(in crate::store) struct Words<'a> {
    pub(in crate::store) rowid: i64,
    pub(in crate::store) scope_key: i64,
    pub(in crate::store) tags: &'a [String],
    pub(in crate::store) text: IndexedEntry,
}

/// The words of a row of `entries`.
///
/// # Errors
/// `Corrupt` when it is none.
pub(in crate::store) fn words_of<'a>(table: &Table, row: &'a Row) -> Result<Words<'a>, StoreError> {
    let cell = |name| table.cell(row, name);
    let Cell::Tags(tags) = cell("tags")? else { return Err(corrupt("tags")) };
    let name = text(cell("name")?).ok_or_else(|| corrupt("name"))?;
    let category = text(cell("category")?);
    let indexed = IndexedEntry::of(&name, tags, category.as_deref(), &body(table, row)?);
    Ok(Words { rowid: int(cell("rowid")?)?, scope_key: int(cell("scope")?)?, tags, text: indexed })
}

/// As much of the body as words are made of.
fn body(table: &Table, row: &Row) -> Result<EntryBody, StoreError> {
    let texts = |name| Ok::<_, StoreError>(text(table.cell(row, name)?));
    let json = |name| Ok::<_, StoreError>(texts(name)?.map(Json));
    let content = texts("content")?.unwrap_or_default();
    let kind = usize::try_from(int(table.cell(row, "kind")?)?).ok();
    Ok(match kind.and_then(|kind| EntryKind::ALL.get(kind)).ok_or_else(|| corrupt("kind"))? {
        EntryKind::Guideline => EntryBody::Guideline {
            content,
            priority: 0,
            rationale: texts("rationale")?,
            examples: json("examples")?,
            verification_rules: json("verification_rules")?,
        },
        EntryKind::Knowledge => EntryBody::Knowledge {
            content,
            confidence: 1.0,
            source: texts("source")?,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        EntryKind::Tool => EntryBody::Tool {
            description: content,
            parameters: json("parameters")?,
            examples: json("examples")?,
            constraints: texts("constraints")?,
        },
    })
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}

fn int(cell: &Cell) -> Result<i64, StoreError> {
    match cell {
        Cell::Int(number) => Ok(*number),
        _ => Err(corrupt("a number")),
    }
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("an entry cannot be read: {what}"))
}
