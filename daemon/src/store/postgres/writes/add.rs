//! New entries of one or many callers, stored by one statement: rows, words, the answers under their
//! keys, what the audit says, and what others are told. What cannot be stored like that is left out, and goes the exact
//! path.

use std::{collections::HashSet, sync::LazyLock};

use agent_memory_proto::{
    codec::Message,
    model::{AuditEntry, Entry, Id},
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::entry_columns::{EntryColumns, NAMES, parameters, taken};
use crate::{
    store::{
        IdempotencyKey, StoreError, Write, WriteOutcome,
        columns::level_code,
        postgres::{
            PostgresStore,
            audit::{self, AuditColumns},
            columns::{code, get, scope_uuid, uuid},
            connection::BEGIN,
            payload::{self, Filling},
            search::index::{IndexRow, SCOPED_TERMS},
            values::{Value, value},
        },
        rules::{Addition, PreparedWrite, audit_lines},
    },
    text::entry::IndexedEntry,
};

/// The columns of the statement's parameters that follow those of the entries.
const MORE: &str =
    "scope_level, scope_id, tokens, frequencies, terms, line, payload, key, fingerprint, reply";
const MORE_COUNT: usize = 10;

static ADD: LazyLock<String> = LazyLock::new(|| {
    let (names, taken) = (NAMES.join(", "), taken());
    let (audit, said, says) = (audit::names("audit_"), audit::names(""), audit::names("n.audit_"));
    let count = NAMES.len() + MORE_COUNT + audit::COUNT;
    let (columns, channel, origin) = (parameters(1, count), count + 1, count + 2);
    format!(
        "WITH n AS MATERIALIZED (\
             SELECT * FROM unnest({columns}) WITH ORDINALITY AS n ({names}, {MORE}, {audit}, place)), \
         w AS MATERIALIZED (\
             SELECT n.place, n.id, n.tokens, n.frequencies, n.terms, s.key AS scope \
             FROM n JOIN scopes s ON s.level = n.scope_level AND s.id = n.scope_id \
             WHERE (SELECT k.key FROM idempotency_keys k WHERE k.key = n.key) IS NULL \
             FOR KEY SHARE OF s SKIP LOCKED), \
         added AS (\
             INSERT INTO entries ({names}, scope) SELECT {taken}, w.scope FROM w JOIN n USING (place) \
             ORDER BY w.scope, n.kind, n.name_key, n.place ON CONFLICT DO NOTHING RETURNING rowid, id), \
         words AS (\
             INSERT INTO entry_index (entry, tokens, frequencies, terms) \
             SELECT a.rowid, w.tokens, w.frequencies, {SCOPED_TERMS} FROM added a JOIN w USING (id)), \
         kept AS (\
             INSERT INTO idempotency_keys (key, fingerprint, at_ms, reply) \
             SELECT n.key, n.fingerprint, n.created_at_ms, n.reply FROM added a JOIN n USING (id) \
             WHERE n.key IS NOT NULL), \
         audited AS (\
             INSERT INTO audit ({said}) SELECT {says} FROM added a JOIN n USING (id) ORDER BY n.place), \
         told AS MATERIALIZED (\
             SELECT pg_notify(${channel}, ${origin} || string_agg(E'\\n' || n.line, '' ORDER BY n.place)) \
             FROM added a JOIN n USING (id) GROUP BY n.payload) \
         SELECT n.place FROM added a JOIN n USING (id), (SELECT count(*) FROM told) AS t"
    )
});

/// The writes that one statement stores, with what each will answer.
struct Additions<'a> {
    writes: &'a [&'a PreparedWrite],
    additions: Vec<Addition>,
    replies: Vec<Vec<u8>>,
    /// A line for each entry.
    audit: Vec<AuditEntry>,
}

impl<'a> Additions<'a> {
    /// What the writes, which only add entries, will store.
    ///
    /// # Errors
    /// When an answer cannot be encoded.
    fn of(writes: &'a [&'a PreparedWrite]) -> Result<Self, StoreError> {
        let mut additions = Vec::with_capacity(writes.len());
        let mut replies = Vec::with_capacity(writes.len());
        let mut audit = Vec::with_capacity(writes.len());
        for write in writes {
            let Write::AddEntries { entries, bulk } = &*write.request.write else {
                return Err(StoreError::Other("only new entries are stored like this".to_owned()));
            };
            let addition = Addition::of(entries, *bulk, write.request.at_ms);
            audit.extend(audit_lines(&write.request, &addition.reply, &addition.changes));
            let reply = addition.reply.encode().map_err(|error| StoreError::Other(error.to_string()))?;
            additions.push(addition);
            replies.push(reply);
        }
        Ok(Self { writes, additions, replies, audit })
    }

    fn parameters(&self, origin: Id) -> Parameters<'_> {
        let audit = AuditColumns::of(&self.audit);
        let mut parameters = Parameters { origin: origin.to_string(), audit, ..Parameters::default() };
        let mut filling = Filling::default();
        for ((write, addition), reply) in self.writes.iter().zip(&self.additions).zip(&self.replies) {
            // The answer to many entries is kept once.
            let mut key = write.request.idempotency;
            for ((entry, text), change) in addition.entries.iter().zip(&write.texts).zip(&addition.changes) {
                let line = payload::line(change);
                parameters.payloads.push(i32::try_from(filling.place(&line)).unwrap_or(i32::MAX));
                parameters.lines.push(line);
                parameters.push(entry, text, key.take().map(|key| (key, reply.as_slice())));
            }
        }
        parameters
    }

    fn into_outcomes(self) -> impl Iterator<Item = WriteOutcome> {
        self.additions.into_iter().map(|addition| WriteOutcome {
            reply: addition.reply,
            changes: addition.changes,
            replayed: false,
        })
    }
}

/// The parameters of [`ADD`].
#[derive(Default)]
struct Parameters<'a> {
    columns: EntryColumns<'a>,
    levels: Vec<i16>,
    scopes: Vec<Uuid>,
    tokens: Vec<i32>,
    frequencies: Vec<Vec<u8>>,
    terms: Vec<String>,
    lines: Vec<String>,
    payloads: Vec<i32>,
    keys: Vec<Option<Uuid>>,
    fingerprints: Vec<Option<i64>>,
    replies: Vec<&'a [u8]>,
    audit: AuditColumns<'a>,
    origin: String,
}

impl<'a> Parameters<'a> {
    fn push(&mut self, entry: &'a Entry, text: &IndexedEntry, kept: Option<(IdempotencyKey, &'a [u8])>) {
        self.columns.push(entry);
        self.levels.push(code(level_code(entry.scope.level)));
        self.scopes.push(scope_uuid(&entry.scope));
        let words = IndexRow::without_scope(text);
        self.tokens.push(words.tokens);
        self.frequencies.push(words.frequencies);
        self.terms.push(words.terms);
        self.keys.push(kept.map(|(key, _)| uuid(key.key)));
        self.fingerprints.push(kept.map(|(key, _)| key.fingerprint.cast_signed()));
        self.replies.push(kept.map_or(&[], |(_, reply)| reply));
    }

    fn values(&self) -> Vec<Value<'_>> {
        let mut values = self.columns.values();
        values.extend([
            value(&self.levels),
            value(&self.scopes),
            value(&self.tokens),
            value(&self.frequencies),
            value(&self.terms),
            value(&self.lines),
            value(&self.payloads),
            value(&self.keys),
            value(&self.fingerprints),
            value(&self.replies),
        ]);
        values.extend(self.audit.values());
        values.extend([value(&payload::CHANNEL), value(&self.origin)]);
        values
    }
}

/// Which of the entries were stored, in the order of the parameters.
fn places(rows: &[Row]) -> Result<HashSet<usize>, StoreError> {
    let places = rows.iter().map(|row| {
        let place: i64 = get(row, 0)?;
        Ok(usize::try_from(place).unwrap_or_default().saturating_sub(1))
    });
    places.collect()
}

/// Stores new entries of many callers, one each, in one round trip. What has no outcome was not
/// stored.
///
/// # Errors
/// None was stored, unless it is `Unsettled`.
pub(super) async fn each(
    store: &PostgresStore,
    writes: &[&PreparedWrite],
) -> Result<Vec<Option<WriteOutcome>>, StoreError> {
    let additions = Additions::of(writes)?;
    let stored = {
        let parameters = additions.parameters(store.origin);
        let connection = store.lease().await?;
        places(&connection.write_and_notify(&ADD, &parameters.values()).await?)?
    };
    let outcomes = additions.into_outcomes().enumerate();
    Ok(outcomes.map(|(place, outcome)| stored.contains(&place).then_some(outcome)).collect())
}

/// Stores the new entries of one caller, or, when something stands in the way of one, none: then
/// there is no outcome.
///
/// # Errors
/// None was stored, unless it is `Unsettled`.
pub(super) async fn all(
    store: &PostgresStore,
    write: &PreparedWrite,
) -> Result<Option<WriteOutcome>, StoreError> {
    let writes = [write];
    let additions = Additions::of(&writes)?;
    let connection = store.lease().await?;
    let stored = {
        let parameters = additions.parameters(store.origin);
        connection.begin_with(BEGIN, &ADD, &parameters.values()).await
    };
    let stored = match stored {
        Ok(rows) if rows.len() == write.texts.len() => connection.commit_then_flush(None).await.map(|_| true),
        other => other.map(|_| false),
    };
    if !matches!(stored, Ok(true)) {
        connection.rollback().await;
    }
    Ok(if stored? { additions.into_outcomes().next() } else { None })
}
