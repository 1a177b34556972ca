//! New entries with their words and their earlier versions, any number of them stored by one statement
//! of the transaction of a write.

use std::sync::LazyLock;

use agent_memory_proto::model::{Entry, Version};
use tokio_postgres::Row;

use super::{
    entry_columns::{EntryColumns, NAMES, parameters, taken},
    entry_rows::VERSION,
};
use crate::{
    store::{
        postgres::{
            columns::get,
            search::index::IndexRow,
            values::{Value, value},
        },
        rules::Step,
    },
    text::entry::IndexedEntry,
};

/// The columns of the statement's parameters that follow those of the entries.
const MORE: &str = "scope, tokens, frequencies, terms";
const MORE_COUNT: usize = 4;

/// Stores entries, except those whose name or id is taken, and says how many it stored.
pub(super) static INSERT: LazyLock<String> = LazyLock::new(|| {
    // The columns after that of the entry, which is found by its id.
    let kept: Vec<&str> = VERSION.iter().skip(1).map(|(kept, _)| *kept).collect();
    let current: Vec<String> = VERSION.iter().skip(1).map(|(_, current)| format!("v.{current}")).collect();
    let (names, taken, kept, current) = (NAMES.join(", "), taken(), kept.join(", "), current.join(", "));
    let count = NAMES.len() + MORE_COUNT;
    let (columns, versions) = (parameters(1, count), parameters(count + 1, NAMES.len()));
    format!(
        "WITH n AS MATERIALIZED (SELECT * FROM unnest({columns}) AS n ({names}, {MORE})), \
         added AS (\
             INSERT INTO entries ({names}, scope) SELECT {taken}, n.scope FROM n \
             ON CONFLICT DO NOTHING RETURNING rowid, id), \
         words AS (\
             INSERT INTO entry_index (entry, tokens, frequencies, terms) \
             SELECT a.rowid, n.tokens, n.frequencies, n.terms::tsvector FROM added a JOIN n USING (id)), \
         earlier AS (\
             INSERT INTO entry_versions (entry, {kept}) \
             SELECT a.rowid, {current} FROM added a JOIN unnest({versions}) AS v ({names}) USING (id)) \
         SELECT count(*) FROM added"
    )
});

/// How many entries [`INSERT`] stored.
pub(super) fn count(row: Option<&Row>) -> Step<usize> {
    let count: i64 = row.map_or(Ok(0), |row| get(row, 0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// A new entry on its way.
#[derive(Debug)]
pub(super) struct Added {
    scope_key: i64,
    entry: Entry,
    /// The entry as it stood in each of its earlier versions.
    earlier: Vec<Entry>,
    words: IndexRow,
}

impl Added {
    pub(super) fn of(scope_key: i64, entry: &Entry, earlier: &[Version], text: &IndexedEntry) -> Self {
        let states = earlier.iter().map(|version| Entry { version: version.clone(), ..entry.clone() });
        Self {
            scope_key,
            entry: entry.clone(),
            earlier: states.collect(),
            words: IndexRow::of(text, scope_key),
        }
    }
}

/// The parameters of [`INSERT`].
#[derive(Default)]
pub(super) struct Columns<'a> {
    entries: EntryColumns<'a>,
    scopes: Vec<i64>,
    tokens: Vec<i32>,
    frequencies: Vec<&'a [u8]>,
    terms: Vec<&'a str>,
    earlier: EntryColumns<'a>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(all: &'a [Added]) -> Self {
        let mut columns = Self::default();
        for added in all {
            columns.entries.push(&added.entry);
            columns.scopes.push(added.scope_key);
            columns.tokens.push(added.words.tokens);
            columns.frequencies.push(&added.words.frequencies);
            columns.terms.push(&added.words.terms);
            added.earlier.iter().for_each(|state| columns.earlier.push(state));
        }
        columns
    }

    pub(super) fn values(&self) -> Vec<Value<'_>> {
        let mut values = self.entries.values();
        values.extend([
            value(&self.scopes),
            value(&self.tokens),
            value(&self.frequencies),
            value(&self.terms),
        ]);
        values.extend(self.earlier.values());
        values
    }
}
