//! What a write stores last, sent together with the end of its transaction: new states of entries,
//! entries that go, the answer under its key, and what other daemons are told. And new entries of an
//! import, which are stored together.

use std::sync::LazyLock;

use agent_memory_proto::model::{AuditEntry, Entry};

use super::{
    added::{self, Added},
    entry_columns::{EntryColumns, NAMES, parameters, taken},
    entry_rows::VERSION,
    transaction::GIVEN_UP,
};
use crate::store::{
    IdempotencyKey, StoreError,
    postgres::{
        audit::{self, AuditColumns},
        columns::{get, uuid},
        connection::Connection,
        payload,
        search::index::IndexRow,
        values::{Value, value},
    },
    rules::{Step, StoredEntry, reads_the_same, text_of},
};

/// What is still to be stored.
#[derive(Debug, Default)]
pub(super) struct Later {
    /// Old and new states, no entry twice.
    pub(super) replaced: Vec<(StoredEntry, Entry)>,
    /// Row ids.
    pub(super) removed: Vec<i64>,
    /// Entries whose ids and names are free once those that go are gone.
    pub(super) added: Vec<Added>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) reply: Option<(IdempotencyKey, i64, Vec<u8>)>,
    /// What the audit says of the write.
    pub(super) audit: Vec<AuditEntry>,
}

/// Two agents changed an entry at once.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) rowid: i64,
    pub(super) old: Entry,
    pub(super) new: Entry,
    pub(super) at_ms: i64,
}

/// How many parameters [`closing`] takes.
const CLOSING_COUNT: usize = 13 + audit::COUNT;

/// What every closing statement does beside its own work: conflicts, the answer, notifications, the audit. A key
/// that is there already fails it.
fn closing(first: usize) -> String {
    let (conflicts, kept) = (parameters(first, 7), parameters(first + 7, 4));
    let (channel, payloads) = (first + 11, first + 12);
    format!(
        "clashes AS (INSERT INTO conflicts (id, entry, base_version, version, first_by, second_by, at_ms) \
             SELECT * FROM unnest({conflicts})), \
         kept AS (INSERT INTO idempotency_keys (key, fingerprint, at_ms, reply) \
             SELECT * FROM unnest({kept})), \
         {}, \
         told AS MATERIALIZED (SELECT pg_notify(${channel}, p) FROM unnest(${payloads}) AS p)",
        audit::appending(first + 13)
    )
}

static CLOSE: LazyLock<String> =
    LazyLock::new(|| format!("WITH {} SELECT 0::bigint, (SELECT count(*) FROM told)", closing(1)));

static REMOVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH removed AS (DELETE FROM entries WHERE rowid = ANY ($1) RETURNING 1), {} \
         SELECT (SELECT count(*) FROM removed), (SELECT count(*) FROM told)",
        closing(2)
    )
});

static REPLACE: LazyLock<String> = LazyLock::new(|| replacing(None));
/// One entry is looked for by the index, also while the server does not know yet how many there are.
static REPLACE_ONE: LazyLock<String> = LazyLock::new(|| replacing(Some(NAMES.len() + 6 + CLOSING_COUNT)));

fn replacing(only: Option<usize>) -> String {
    let (names, taken) = (NAMES.join(", "), taken());
    let kept: Vec<&str> = VERSION.iter().map(|(kept, _)| *kept).collect();
    let current: Vec<String> = VERSION.iter().map(|(_, current)| format!("e.{current}")).collect();
    let (kept, current) = (kept.join(", "), current.join(", "));
    let columns = parameters(1, NAMES.len() + 1);
    let words = parameters(NAMES.len() + 2, 4);
    let is_only = |column| only.map_or_else(String::new, |only| format!(" AND {column} = ${only}"));
    let (entry_is_only, words_are_only) = (is_only("e.rowid"), is_only("i.entry"));
    format!(
        "WITH n AS MATERIALIZED (SELECT * FROM unnest({columns}) AS n ({names}, rowid)), \
         old AS (INSERT INTO entry_versions ({kept}) \
             SELECT {current} FROM n JOIN entries e ON e.rowid = n.rowid{entry_is_only}), \
         words AS (UPDATE entry_index i \
             SET tokens = w.tokens, frequencies = w.frequencies, terms = w.terms::tsvector \
             FROM unnest({words}) AS w (entry, tokens, frequencies, terms) \
             WHERE i.entry = w.entry{words_are_only}), \
         changed AS (UPDATE entries e SET ({names}) = ROW ({taken}) FROM n \
             WHERE e.rowid = n.rowid{entry_is_only} AND (e.name_key = n.name_key OR NOT EXISTS (SELECT FROM entries o \
                 WHERE o.scope = e.scope AND o.kind = e.kind AND o.name_key = n.name_key)) \
             RETURNING 1), {} \
         SELECT (SELECT count(*) FROM changed), (SELECT count(*) FROM told)",
        closing(NAMES.len() + 6)
    )
}

impl Later {
    /// Takes out what goes with the end of the transaction.
    pub(super) fn what_comes_last(&mut self) -> Self {
        Self { reply: self.reply.take(), audit: std::mem::take(&mut self.audit), ..Self::default() }
    }

    /// Whether anything waits that other statements have to see.
    pub(super) fn has_rows(&self) -> bool {
        !self.replaced.is_empty() || !self.removed.is_empty() || !self.conflicts.is_empty()
    }

    /// Stores the new entries, after those have gone whose place they take.
    ///
    /// # Errors
    /// `Contended` when an id or a name was taken meanwhile; else as [`Connection::rows`].
    pub(super) async fn store_added(&mut self, connection: &Connection) -> Step<()> {
        const REMOVE: &str = "DELETE FROM entries WHERE rowid = ANY ($1)";
        let added = std::mem::take(&mut self.added);
        if added.is_empty() {
            return Ok(());
        }
        let removed = std::mem::take(&mut self.removed);
        if !removed.is_empty() {
            connection.rows(REMOVE, &[value(&removed)]).await?;
        }
        let stored = connection.row(&added::INSERT, &added::Columns::of(&added).values()).await?;
        if added::count(stored.as_ref())? == added.len() {
            return Ok(());
        }
        Err(StoreError::Contended(GIVEN_UP.to_owned()))
    }

    /// Stores everything else, with the payloads of the notifications, and commits if it `ends` the
    /// transaction. Returns how many entries were replaced or removed.
    ///
    /// # Errors
    /// As [`Connection::commit_then_flush`].
    pub(super) async fn store(&self, connection: &Connection, payloads: &[String], ends: bool) -> Step<i64> {
        let kept = Closing::of(self, payloads);
        let columns = Columns::of(&self.replaced);
        let (sql, mut values): (&str, Vec<Value<'_>>) =
            match (self.replaced.as_slice(), self.removed.is_empty()) {
                ([_], _) => (&REPLACE_ONE, columns.values()),
                ([_, ..], _) => (&REPLACE, columns.values()),
                ([], false) => (&REMOVE, vec![value(&self.removed)]),
                ([], true) => (&CLOSE, Vec::new()),
            };
        kept.push_to(&mut values);
        if let [(old, _)] = self.replaced.as_slice() {
            values.push(value(&old.rowid));
        }
        let rows = if ends {
            connection.commit_then_flush(Some((sql, &values))).await?
        } else {
            connection.rows(sql, &values).await?
        };
        rows.first().map_or(Ok(0), |row| get(row, 0))
    }
}

/// The parameters of [`REPLACE`].
#[derive(Default)]
struct Columns<'a> {
    entries: EntryColumns<'a>,
    rowids: Vec<i64>,
    reworded: Vec<i64>,
    tokens: Vec<i32>,
    frequencies: Vec<Vec<u8>>,
    terms: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(replaced: &'a [(StoredEntry, Entry)]) -> Self {
        let mut columns = Self::default();
        for (old, new) in replaced {
            columns.entries.push(new);
            columns.rowids.push(old.rowid);
            if !reads_the_same(&old.entry, new) {
                let words = IndexRow::of(&text_of(new), old.scope_key);
                columns.reworded.push(old.rowid);
                columns.tokens.push(words.tokens);
                columns.frequencies.push(words.frequencies);
                columns.terms.push(words.terms);
            }
        }
        columns
    }

    fn values(&self) -> Vec<Value<'_>> {
        let mut values = self.entries.values();
        values.extend([
            value(&self.rowids),
            value(&self.reworded),
            value(&self.tokens),
            value(&self.frequencies),
            value(&self.terms),
        ]);
        values
    }
}

/// The parameters of [`closing`].
struct Closing<'a> {
    conflict_ids: Vec<uuid::Uuid>,
    entries: Vec<i64>,
    base_versions: Vec<i32>,
    versions: Vec<i32>,
    first_by: Vec<Option<&'a str>>,
    second_by: Vec<Option<&'a str>>,
    conflicts_at_ms: Vec<i64>,
    keys: Vec<uuid::Uuid>,
    fingerprints: Vec<i64>,
    kept_at_ms: Vec<i64>,
    replies: Vec<&'a [u8]>,
    payloads: &'a [String],
    audit: AuditColumns<'a>,
}

impl<'a> Closing<'a> {
    fn of(later: &'a Later, payloads: &'a [String]) -> Self {
        let version = |entry: &Entry| i32::try_from(entry.version.number).unwrap_or(i32::MAX);
        let conflicts = &later.conflicts;
        let reply = later.reply.as_slice();
        Self {
            conflict_ids: conflicts.iter().map(|one| uuid(one.new.version.id)).collect(),
            entries: conflicts.iter().map(|one| one.rowid).collect(),
            base_versions: conflicts.iter().map(|one| version(&one.old)).collect(),
            versions: conflicts.iter().map(|one| version(&one.new)).collect(),
            first_by: conflicts.iter().map(|one| one.old.version.created_by.as_deref()).collect(),
            second_by: conflicts.iter().map(|one| one.new.version.created_by.as_deref()).collect(),
            conflicts_at_ms: conflicts.iter().map(|one| one.at_ms).collect(),
            keys: reply.iter().map(|(key, _, _)| uuid(key.key)).collect(),
            fingerprints: reply.iter().map(|(key, _, _)| key.fingerprint.cast_signed()).collect(),
            kept_at_ms: reply.iter().map(|(_, at_ms, _)| *at_ms).collect(),
            replies: reply.iter().map(|(_, _, reply)| reply.as_slice()).collect(),
            payloads,
            audit: AuditColumns::of(&later.audit),
        }
    }

    fn push_to<'b>(&'b self, values: &mut Vec<Value<'b>>) {
        values.extend([
            value(&self.conflict_ids),
            value(&self.entries),
            value(&self.base_versions),
            value(&self.versions),
            value(&self.first_by),
            value(&self.second_by),
            value(&self.conflicts_at_ms),
            value(&self.keys),
            value(&self.fingerprints),
            value(&self.kept_at_ms),
            value(&self.replies),
            value(&payload::CHANNEL),
            value(&self.payloads),
        ]);
        values.extend(self.audit.values());
    }
}
