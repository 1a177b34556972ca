//! The full-text index: which words of an entry go into which column. Every write of an entry goes
//! through here, so that the index never differs from the entries.

use agent_memory_proto::model::{Entry, EntryBody};
use rusqlite::Connection;

use crate::store::StoreError;

/// What the index holds of one entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexedText {
    name: String,
    tags: String,
    content: String,
}

impl IndexedText {
    pub(super) fn of(entry: &Entry) -> Self {
        let mut tags = entry.tags.join(" ");
        if let Some(category) = &entry.category {
            tags.push(' ');
            tags.push_str(category);
        }
        Self {
            name: tokens_for_index(&entry.name),
            tags: tokens_for_index(&tags),
            content: tokens_for_index(&body_text(&entry.version.body)),
        }
    }

    pub(super) fn insert(&self, connection: &Connection, rowid: i64) -> Result<(), StoreError> {
        connection
            .prepare_cached("INSERT INTO entry_index (rowid, name, tags, content) VALUES (?1, ?2, ?3, ?4)")?
            .execute((rowid, &self.name, &self.tags, &self.content))?;
        Ok(())
    }

    pub(super) fn update(&self, connection: &Connection, rowid: i64) -> Result<(), StoreError> {
        remove(connection, rowid)?;
        self.insert(connection, rowid)
    }
}

pub(super) fn remove(connection: &Connection, rowid: i64) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM entry_index WHERE rowid = ?1")?.execute([rowid])?;
    Ok(())
}

/// Everything an entry says, so that a plain word that is in it finds it.
fn body_text(body: &EntryBody) -> String {
    let mut text = body.text().to_owned();
    let mut add = |part: Option<&str>| {
        if let Some(part) = part {
            text.push('\n');
            text.push_str(part);
        }
    };
    match body {
        EntryBody::Guideline { rationale, examples, .. } => {
            add(rationale.as_deref());
            add(examples.as_ref().map(|json| json.0.as_str()));
        }
        EntryBody::Knowledge { source, .. } => add(source.as_deref()),
        EntryBody::Tool { parameters, examples, constraints, .. } => {
            add(constraints.as_deref());
            add(parameters.as_ref().map(|json| json.0.as_str()));
            add(examples.as_ref().map(|json| json.0.as_str()));
        }
    }
    text
}

fn tokens_for_index(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}
