//! Stores an import: first the scopes that are not there, then every entry with its versions, then what it has
//! beside them. When one of all these is refused, all of it is taken back, and the answer names every one that was.

mod arranged;
mod extras;
mod relations;
mod scopes;
mod tags;
mod tasks;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use agent_memory_proto::{
    ErrorBody, Event, Response,
    event::ChangeAction,
    model::{Entry, EntryKind, ExtraKind, Id, PortableEntry, ScopeRef, Version},
    request::{ConflictStrategy, ImportItem},
    response::{ExtraCount, ImportCount, ImportOutcome, ImportRefusal, ImportReport},
};

use self::arranged::{Arranged, elsewhere, says_the_same, there_already};
use super::{
    Applied,
    refusals::entry_taken,
    reports::scope_changed,
    transaction::{Step, StoredEntry, WriteTransaction},
    words::text_of,
};
use crate::{
    imports::{REFUSALS_MAX, Staged, of_file_system, unknown},
    store::{Change, Import, StoreError},
};

/// Entries whose change is told one by one; of more, subscribers are told that there were changes.
const EVENTS_MAX: usize = 1_000;
/// Entries that are in memory at once, and the bytes with which they are enough.
const BATCH_MAX: usize = 128;
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Created scopes that are told.
const SCOPES_TOLD_MAX: usize = 100;

pub(super) async fn apply(rows: &impl WriteTransaction, import: &Import, at_ms: i64) -> Applied {
    let Some(staged) = &import.staged else { return Err(StoreError::refused(unknown(import.id))) };
    let mut run = Run::new(import, staged, at_ms);
    scopes::create(&mut run, rows).await?;
    let relations_before = run.count_relations(rows).await?;
    let mut items = staged.entries.messages().map_err(|error| of_file_system(&error))?;
    loop {
        let batch = items.batch(BATCH_MAX, BATCH_BYTES_MAX).map_err(|error| of_file_system(&error))?;
        if batch.is_empty() {
            break;
        }
        run.store_batch(rows, batch).await?;
    }
    run.relations_removed = relations_before.saturating_sub(run.count_relations(rows).await?);
    extras::store(&mut run, rows).await?;
    let applied = !import.dry_run && run.report.refused_total == 0;
    run.report.applied = applied;
    let (outcome, changes) = run.into_outcome();
    match applied {
        false => Err(StoreError::TakenBack(Box::new(outcome))),
        true if import.is_plain => Ok((Response::Imported(outcome.report), changes)),
        true => Ok((Response::ImportOutcome(Box::new(outcome)), changes)),
    }
}

/// One import on its way into the store.
struct Run<'a> {
    import: &'a Import,
    staged: &'a Staged,
    at_ms: i64,
    /// The keys of the scopes that entries belong to.
    keys: HashMap<ScopeRef, i64>,
    report: ImportReport,
    counts: BTreeMap<EntryKind, ImportCount>,
    touched: BTreeSet<ScopeRef>,
    created: Vec<ScopeRef>,
    events: Vec<Change>,
    changed: usize,
    /// Entries that were met under another id, and which: what refers to them follows.
    renamed: HashMap<Id, Id>,
    extras: BTreeMap<ExtraKind, ExtraCount>,
    task_links_left_out: u64,
    relations_removed: u64,
}

/// What becomes of an entry.
enum Outcome {
    Created,
    Updated(u32),
    Replaced,
    Skipped,
}

impl<'a> Run<'a> {
    fn new(import: &'a Import, staged: &'a Staged, at_ms: i64) -> Self {
        let report = ImportReport {
            applied: false,
            counts: Vec::new(),
            created_scopes: Vec::new(),
            created_scopes_total: 0,
            refusals: staged.refusals.clone(),
            refused_total: staged.refused_total,
        };
        Self {
            import,
            staged,
            at_ms,
            keys: HashMap::new(),
            report,
            counts: BTreeMap::new(),
            touched: BTreeSet::new(),
            created: Vec::new(),
            events: Vec::new(),
            changed: 0,
            renamed: HashMap::new(),
            extras: BTreeMap::new(),
            task_links_left_out: 0,
            relations_removed: 0,
        }
    }

    fn refuse(&mut self, at: String, name: String, error: ErrorBody) {
        self.report.refused_total += 1;
        if self.report.refusals.len() < REFUSALS_MAX {
            self.report.refusals.push(ImportRefusal { at, name, error });
        }
    }

    /// How many relations there are, where entries that are replaced take some with them.
    async fn count_relations(&self, rows: &impl WriteTransaction) -> Step<u64> {
        match self.staged.options.strategy {
            ConflictStrategy::Replace => rows.count_relations().await,
            ConflictStrategy::Skip | ConflictStrategy::Update | ConflictStrategy::Error => Ok(0),
        }
    }

    async fn store_batch(&mut self, rows: &impl WriteTransaction, items: Vec<ImportItem>) -> Step<()> {
        let batch: Vec<Step<Arranged>> = items.iter().map(|item| self.arranged(&item.entry)).collect();
        let next: Vec<(i64, &Entry)> =
            batch.iter().flatten().map(|arranged| (arranged.scope_key, &arranged.entry)).collect();
        rows.expect_entries(&next).await?;
        for (item, arranged) in items.into_iter().zip(batch) {
            let stored = match arranged {
                Ok(arranged) => self.store(rows, &arranged).await,
                Err(error) => Err(error),
            };
            match stored {
                Ok(()) => {}
                Err(StoreError::Refused(error)) => self.refuse(item.at, item.entry.name, *error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn arranged(&self, portable: &PortableEntry) -> Step<Arranged> {
        let Some(scope_key) = self.keys.get(&portable.scope).copied() else {
            return Err(super::refusals::no_scope(&portable.scope, "scopeId"));
        };
        Arranged::of(scope_key, portable, self.at_ms)
            .ok_or_else(|| StoreError::refused(ErrorBody::missing("versions")))
    }

    async fn store(&mut self, rows: &impl WriteTransaction, arranged: &Arranged) -> Step<()> {
        let Arranged { scope_key, entry, earlier } = arranged;
        let outcome = match find(rows, *scope_key, entry).await? {
            None => {
                insert(rows, *scope_key, entry, earlier).await?;
                Outcome::Created
            }
            Some(old) => {
                let outcome = self.meet(rows, &old, arranged).await?;
                if old.entry.id != entry.id && !matches!(outcome, Outcome::Replaced) {
                    self.renamed.insert(entry.id, old.entry.id);
                }
                outcome
            }
        };
        self.note(entry, &outcome);
        Ok(())
    }

    /// What becomes of an entry that is there already.
    async fn meet(
        &self,
        rows: &impl WriteTransaction,
        old: &StoredEntry,
        arranged: &Arranged,
    ) -> Step<Outcome> {
        let Arranged { scope_key, entry, earlier } = arranged;
        match self.staged.options.strategy {
            ConflictStrategy::Skip => Ok(Outcome::Skipped),
            ConflictStrategy::Error => Err(there_already(&old.entry, entry)),
            ConflictStrategy::Replace => {
                rows.remove_entry(old).await?;
                insert(rows, *scope_key, entry, earlier).await?;
                Ok(Outcome::Replaced)
            }
            ConflictStrategy::Update if old.entry.scope != entry.scope => Err(elsewhere(&old.entry, entry)),
            ConflictStrategy::Update if says_the_same(&old.entry, entry) => Ok(Outcome::Skipped),
            ConflictStrategy::Update => {
                let new = self.next_version(&old.entry, entry);
                if !rows.replace_entry(old, &new).await? {
                    return Err(entry_taken(rows, *scope_key, &new).await?);
                }
                Ok(Outcome::Updated(new.version.number))
            }
        }
    }

    fn next_version(&self, old: &Entry, entry: &Entry) -> Entry {
        let by = self.staged.options.imported_by.clone().or_else(|| entry.version.created_by.clone());
        Entry {
            id: old.id,
            created_at_ms: old.created_at_ms,
            created_by: old.created_by.clone(),
            updated_at_ms: self.at_ms,
            updated_by: by.clone(),
            version: Version {
                id: self.import.clock.new_id(),
                number: old.version.number + 1,
                body: entry.version.body.clone(),
                created_at_ms: self.at_ms,
                created_by: by,
                change_reason: Some("imported".to_owned()),
                conflict: false,
            },
            ..entry.clone()
        }
    }

    fn note(&mut self, entry: &Entry, outcome: &Outcome) {
        let kind = entry.kind();
        let count = self.counts.entry(kind).or_insert(ImportCount {
            kind,
            created: 0,
            updated: 0,
            replaced: 0,
            skipped: 0,
        });
        let (counter, action, version) = match outcome {
            Outcome::Created => (&mut count.created, ChangeAction::Added, entry.version.number),
            Outcome::Updated(version) => (&mut count.updated, ChangeAction::Updated, *version),
            Outcome::Replaced => (&mut count.replaced, ChangeAction::Updated, entry.version.number),
            Outcome::Skipped => {
                count.skipped += 1;
                return;
            }
        };
        *counter += 1;
        let changed_by = self.staged.options.imported_by.clone();
        let (entry_id, scope) = (entry.id, entry.scope);
        self.tell(scope, Event::EntryChanged { entry_id, kind, scope, action, version, changed_by });
    }

    /// Others are told of a change.
    fn tell(&mut self, scope: ScopeRef, event: Event) {
        self.changed += 1;
        self.touched.insert(scope);
        if self.changed <= EVENTS_MAX {
            self.events.push(Change::of_content(scope, Some(event)));
        } else {
            self.events.clear();
        }
    }

    /// The answer, and what others are told: every entry, or, of very many, every scope.
    fn into_outcome(mut self) -> (ImportOutcome, Vec<Change>) {
        let mut changes: Vec<Change> = self.created.iter().map(|scope| scope_changed(*scope)).collect();
        if self.changed > EVENTS_MAX {
            changes.extend(self.touched.iter().map(|scope| Change::of_content(*scope, None)));
            let reason = format!("{} entries and tasks were imported", self.changed);
            if let Some(last) = changes.last_mut() {
                last.event = Some(Event::ChangesMissed { reason });
            }
        } else {
            let told: BTreeSet<ScopeRef> = self.events.iter().map(|change| change.scope).collect();
            changes.extend(self.touched.difference(&told).map(|scope| Change::of_content(*scope, None)));
            changes.append(&mut self.events);
        }
        self.report.counts = self.counts.into_values().collect();
        self.report.created_scopes_total = self.created.len() as u64;
        self.created.truncate(SCOPES_TOLD_MAX);
        self.report.created_scopes = self.created;
        let outcome = ImportOutcome {
            report: self.report,
            extras: self.extras.into_values().collect(),
            task_links_left_out: self.task_links_left_out,
            relations_removed: self.relations_removed,
        };
        (outcome, changes)
    }
}

/// The entry of the same id, else that of the same name.
async fn find(rows: &impl WriteTransaction, scope_key: i64, entry: &Entry) -> Step<Option<StoredEntry>> {
    let kind = entry.kind();
    if let Some(same) = rows.entry(kind, entry.id).await? {
        return Ok(Some(same));
    }
    match rows.entry_named(scope_key, kind, &entry.name).await? {
        Some(named) => rows.entry(kind, named.id).await,
        None => Ok(None),
    }
}

async fn insert(
    rows: &impl WriteTransaction,
    scope_key: i64,
    entry: &Entry,
    earlier: &[Version],
) -> Step<()> {
    if rows.insert_with_history(scope_key, entry, earlier, &text_of(entry)).await? {
        Ok(())
    } else {
        Err(entry_taken(rows, scope_key, entry).await?)
    }
}
