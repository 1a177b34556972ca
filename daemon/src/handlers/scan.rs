//! A walk over the active entries of a scope by id, from a cursor on, as far as one call goes. Shared by the requests
//! that keep a scope tidy.

use std::time::Instant;

use agent_memory_proto::{
    ErrorBody, ErrorCode, limits,
    model::{Entry, EntryKind, Id, PortableEntry, ScopeRef, Version},
};

use super::Call;
use crate::store::{ExportQuery, ExportedEntries};

/// Where, over which kinds, and from where on.
pub(super) struct Scan<'a> {
    call: &'a Call,
    scope: ScopeRef,
    kinds: &'a [EntryKind],
    /// What was read and not looked at.
    read: std::vec::IntoIter<PortableEntry>,
    has_more: bool,
    /// The last that was looked at.
    after: Option<Id>,
    started: Instant,
    /// Entries that were looked at.
    pub(super) examined: u64,
}

impl<'a> Scan<'a> {
    /// Begins after the entry of the cursor. A scope that is not there has no entries: whoever changes something
    /// there is refused by the write.
    pub(super) fn new(
        call: &'a Call,
        scope: ScopeRef,
        kinds: &'a [EntryKind],
        cursor: Option<&str>,
    ) -> Result<Self, ErrorBody> {
        let after = cursor.map(read).transpose()?;
        Ok(Self {
            call,
            scope,
            kinds,
            read: Vec::new().into_iter(),
            has_more: true,
            after,
            started: Instant::now(),
            examined: 0,
        })
    }

    /// Where the walk is.
    pub(super) const fn place(&self) -> Option<Id> {
        self.after
    }

    /// Whether half of the time of the call is used up: the rest is for what becomes of what was found.
    pub(super) fn is_late(&self) -> bool {
        let (left, used) =
            (self.call.deadline.saturating_duration_since(Instant::now()), self.started.elapsed());
        used > left
    }

    /// The next entry of one of the kinds; `None` at the end of the scope.
    pub(super) async fn next(&mut self) -> Result<Option<Entry>, ErrorBody> {
        loop {
            for entry in self.read.by_ref() {
                self.after = entry.id.or(self.after);
                let is_wanted = entry.kind().is_some_and(|kind| is_of(self.kinds, kind));
                if let Some(entry) = Some(entry).filter(|_| is_wanted).and_then(current) {
                    self.examined += 1;
                    return Ok(Some(entry));
                }
            }
            if !self.has_more {
                return Ok(None);
            }
            let query = ExportQuery {
                kind: if let [only] = self.kinds { Some(*only) } else { None },
                scope: Some(self.scope),
                include_inactive: false,
                include_versions: false,
                after: self.after,
            };
            let ExportedEntries { entries, has_more } =
                self.call.services.store.transfer.export_entries(query).await?;
            self.read = entries.into_iter();
            self.has_more = has_more;
        }
    }
}

/// Checks what every such request has: its scope, which has to be there unless something is changed in it, and how
/// much it wants.
pub(super) async fn check(call: &Call, scope: ScopeRef, changes: bool, limit: u32) -> Result<(), ErrorBody> {
    if !(1..=limits::TIDIED_MAX).contains(&limit) {
        return Err(ErrorBody::invalid("limit", limit, format!("1 to {}", limits::TIDIED_MAX)));
    }
    match call.scopes(scope, false).await {
        Err(error) if changes && error.code == ErrorCode::NotFound => Ok(()),
        found => found.map(drop),
    }
}

/// Refuses a number of days that cannot be meant, and says since when nobody may have changed what is stale.
pub(super) fn unchanged_since(call: &Call, stale_days: u32) -> Result<i64, ErrorBody> {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    if !(1..=limits::STALE_DAYS_MAX).contains(&stale_days) {
        return Err(ErrorBody::invalid("staleDays", stale_days, format!("1 to {}", limits::STALE_DAYS_MAX)));
    }
    Ok(call.now_ms - i64::from(stale_days) * DAY_MS)
}

/// Whether a kind is asked for; all are when none is named.
fn is_of(kinds: &[EntryKind], kind: EntryKind) -> bool {
    kinds.is_empty() || kinds.contains(&kind)
}

fn read(cursor: &str) -> Result<Id, ErrorBody> {
    cursor
        .parse()
        .map_err(|_| ErrorBody::invalid("cursor", cursor, "a nextCursor of an earlier answer, unchanged"))
}

/// The entry as it stands.
fn current(entry: PortableEntry) -> Option<Entry> {
    let version = entry.versions.into_iter().next_back()?;
    Some(Entry {
        id: entry.id?,
        scope: entry.scope,
        name: entry.name,
        category: entry.category,
        tags: entry.tags,
        metadata: entry.metadata,
        is_active: entry.is_active,
        created_at_ms: entry.created_at_ms?,
        created_by: entry.created_by,
        updated_at_ms: entry.updated_at_ms?,
        updated_by: entry.updated_by,
        version: Version {
            id: version.id?,
            number: version.number,
            body: version.body,
            created_at_ms: version.created_at_ms?,
            created_by: version.created_by,
            change_reason: version.change_reason,
            conflict: version.conflict,
        },
    })
}
