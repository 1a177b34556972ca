//! The filters of a search as SQL conditions on `entries e`, with their values.

use agent_memory_proto::{model::EntryKind, request::Search};
use rusqlite::types::Value;

use crate::store::sqlite::columns::kind_code;

/// SQL text with its values, in the order of their marks.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Sql {
    pub(in crate::store::sqlite) text: String,
    pub(in crate::store::sqlite) values: Vec<Value>,
}

impl Sql {
    pub(in crate::store::sqlite) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends text with one mark, and its value.
    pub(in crate::store::sqlite) fn with(&mut self, text: &str, value: impl Into<Value>) -> &mut Self {
        self.text.push_str(text);
        self.values.push(value.into());
        self
    }

    /// Appends `text` if there is a value.
    pub(in crate::store::sqlite) fn with_some(
        &mut self,
        text: &str,
        value: Option<impl Into<Value>>,
    ) -> &mut Self {
        if let Some(value) = value {
            self.with(text, value);
        }
        self
    }

    /// Appends `(?, ?, ...)`.
    pub(in crate::store::sqlite) fn list<T: Into<Value>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.text.push('(');
        for (index, value) in values.into_iter().enumerate() {
            self.with(if index > 0 { ", ?" } else { "?" }, value);
        }
        self.push(")")
    }
}

/// Appends the conditions of a search, each with a leading `AND`. `scope_keys` are the narrowest
/// first; `None` looks everywhere.
pub(super) fn push_filters(sql: &mut Sql, search: &Search, scope_keys: Option<&[i64]>, now_ms: i64) {
    if let Some(keys) = scope_keys {
        sql.push(" AND e.scope IN ").list(keys.iter().copied());
    }
    if !search.kinds.is_empty() && EntryKind::ALL.iter().any(|kind| !search.kinds.contains(kind)) {
        sql.push(" AND e.kind IN ").list(search.kinds.iter().map(|kind| kind_code(*kind)));
    }
    sql.with_some(" AND e.category = ?", search.category.clone())
        .with_some(" AND (e.priority IS NULL OR e.priority >= ?)", search.priority_min)
        .with_some(" AND (e.priority IS NULL OR e.priority <= ?)", search.priority_max)
        .with_some(" AND e.created_at_ms >= ?", search.created_after_ms)
        .with_some(" AND e.created_at_ms < ?", search.created_before_ms)
        .with_some(" AND e.updated_at_ms >= ?", search.updated_after_ms)
        .with_some(" AND e.updated_at_ms < ?", search.updated_before_ms)
        .with_some(" AND e.created_by = ?", search.created_by.clone());
    push_tags(sql, search);
    push_validity(sql, search, now_ms);
    if !search.include_inactive {
        // What made room for another was there until then. A time without a beginning is no earlier one.
        let begins = [search.at_time_ms, search.valid_during_ms.map(|(from, _)| from)];
        sql.push(if begins.into_iter().flatten().max().is_some_and(|begin| begin > i64::MIN) {
            " AND (e.is_active = 1 OR e.invalidated_by IS NOT NULL)"
        } else {
            " AND e.is_active = 1"
        });
        push_not_overridden(sql, scope_keys.unwrap_or_default());
    }
}

fn push_tags(sql: &mut Sql, search: &Search) {
    const ANY: &str = "EXISTS (SELECT 1 FROM entry_tags t WHERE t.entry = e.rowid AND t.tag IN ";
    if !search.tags.include.is_empty() {
        sql.push(" AND ").push(ANY).list(search.tags.include.iter().cloned()).push(")");
    }
    for tag in &search.tags.require {
        sql.with(
            " AND EXISTS (SELECT 1 FROM entry_tags t WHERE t.entry = e.rowid AND t.tag = ?)",
            tag.clone(),
        );
    }
    if !search.tags.exclude.is_empty() {
        sql.push(" AND NOT ").push(ANY).list(search.tags.exclude.iter().cloned()).push(")");
    }
}

/// Knowledge has a time in which it is true; the other kinds have none and pass. A time that the
/// caller names is a filter of its own; the present is one only unless everything is asked for.
fn push_validity(sql: &mut Sql, search: &Search, now_ms: i64) {
    let asked = search.at_time_ms.map(|at| (at, at)).into_iter().chain(search.valid_during_ms);
    let mut windows: Vec<(i64, i64)> = asked.collect();
    let is_past = !windows.is_empty();
    if !is_past && !search.include_inactive {
        windows.push((now_ms, now_ms));
    }
    for (from, until) in windows {
        sql.with(" AND (e.valid_from_ms IS NULL OR e.valid_from_ms <= ?)", until)
            .with(" AND (e.valid_until_ms IS NULL OR e.valid_until_ms > ?)", from);
    }
    if !search.include_inactive {
        // What was replaced is out, unless its end is known and lies after the time asked about.
        sql.push(if is_past {
            " AND (e.invalidated_by IS NULL OR e.valid_until_ms IS NOT NULL)"
        } else {
            " AND e.invalidated_by IS NULL"
        });
    }
}

/// Leaves out an entry whose name is taken by an active one in a narrower scope of the chain.
pub(in crate::store::sqlite) fn push_not_overridden(sql: &mut Sql, scope_keys: &[i64]) {
    for narrower in 1..scope_keys.len() {
        sql.push(" AND (e.scope IN ").list(scope_keys[..narrower].iter().copied()).with(
            " OR NOT EXISTS (SELECT 1 FROM entries n WHERE n.scope = ? AND n.kind = e.kind \
                 AND n.name = e.name AND n.is_active = 1))",
            scope_keys[narrower - 1],
        );
    }
}
