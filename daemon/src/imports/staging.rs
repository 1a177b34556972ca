//! What was handed over of one import: its scopes and its entries, each in a spool, and what was refused
//! on the way.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{Id, PortableScope, ScopeRef},
    request::{ImportItem, ImportOptions},
    response::ImportRefusal,
};

use super::{Spool, Spooled};
use crate::store::Gated;

/// Refusals that are told; all are counted.
pub const REFUSALS_MAX: usize = 100;

/// One import before it is stored.
#[derive(Debug)]
pub struct Staging {
    salt: Id,
    options: ImportOptions,
    mapping: BTreeMap<ScopeRef, ScopeRef>,
    entries_max: u64,
    parts: u32,
    entries: u64,
    spooled_scopes: Spool<PortableScope>,
    spooled_entries: Spool<ImportItem>,
    /// The scopes that entries belong to.
    named: BTreeSet<ScopeRef>,
    refusals: Vec<ImportRefusal>,
    refused_total: u64,
}

/// What was handed over, to be read.
#[derive(Debug)]
pub struct Staged {
    /// How to import.
    pub options: ImportOptions,
    /// The scopes that are described, unless they become others.
    pub scopes: Spooled<PortableScope>,
    /// The entries, checked, with all their ids and times.
    pub entries: Spooled<ImportItem>,
    /// The scopes that entries belong to.
    pub named: BTreeSet<ScopeRef>,
    /// Entries that were refused already, the first of them.
    pub refusals: Vec<ImportRefusal>,
    /// How many were.
    pub refused_total: u64,
}

impl Staging {
    pub(super) fn new(
        id: Id,
        directory: &Path,
        options: ImportOptions,
        entries_max: u64,
    ) -> io::Result<Self> {
        Ok(Self {
            salt: id,
            mapping: options.scope_mapping.iter().map(|mapping| (mapping.from, mapping.to)).collect(),
            options,
            entries_max,
            parts: 0,
            entries: 0,
            spooled_scopes: Spool::create(directory)?,
            spooled_entries: Spool::create(directory)?,
            named: BTreeSet::new(),
            refusals: Vec::new(),
            refused_total: 0,
        })
    }

    /// What new ids are made from: no two imports make the same.
    #[must_use]
    pub fn salt(&self) -> Id {
        self.salt
    }

    /// How to import.
    #[must_use]
    pub fn options(&self) -> &ImportOptions {
        &self.options
    }

    /// Entries that were handed over so far.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The scope that a scope of the import becomes.
    #[must_use]
    pub fn mapped(&self, scope: ScopeRef) -> ScopeRef {
        self.mapping.get(&scope).copied().unwrap_or(scope)
    }

    /// Takes the next part: false when it came before.
    ///
    /// # Errors
    /// When a part is missing before it, or it would be too many entries.
    pub fn expect(&mut self, part: u32, entries: usize) -> Result<bool, ErrorBody> {
        if part < self.parts {
            return Ok(false);
        }
        if part > self.parts {
            return Err(ErrorBody::invalid("part", part, format!("{}, the next one", self.parts)));
        }
        let total = self.entries + entries as u64;
        if total > self.entries_max {
            let message = format!("an import has at most {} entries", self.entries_max);
            return Err(ErrorBody::new(ErrorCode::LimitExceeded, message).with_field("entries").with_suggestion(
                "Nothing was stored; import it in several files, or raise the daemon's AGENT_MEMORY_MAX_IMPORT_ENTRIES",
            ));
        }
        self.parts += 1;
        self.entries = total;
        Ok(true)
    }

    /// Adds a scope, unless it becomes another one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn push_scope(&mut self, scope: &Gated<PortableScope>) -> io::Result<()> {
        if self.mapping.contains_key(&scope.scope()) {
            return Ok(());
        }
        self.named.insert(scope.scope());
        self.named.extend(match &**scope {
            PortableScope::Org(_) => None,
            PortableScope::Project(project) => project.org_id.map(ScopeRef::org),
            PortableScope::Session(session) => session.project_id.map(ScopeRef::project),
        });
        self.spooled_scopes.push(scope)
    }

    /// Adds an entry that was found to be right.
    ///
    /// # Errors
    /// What the file system says.
    pub fn push_entry(&mut self, item: &Gated<ImportItem>) -> io::Result<()> {
        self.named.insert(item.entry.scope);
        self.spooled_entries.push(item)
    }

    /// Notes that an entry was refused.
    pub fn refuse(&mut self, refusal: ImportRefusal) {
        self.refused_total += 1;
        if self.refusals.len() < REFUSALS_MAX {
            self.refusals.push(refusal);
        }
    }

    /// Everything that was handed over.
    ///
    /// # Errors
    /// What the file system says.
    pub fn staged(&mut self) -> io::Result<Staged> {
        Ok(Staged {
            options: self.options.clone(),
            scopes: self.spooled_scopes.spooled()?,
            entries: self.spooled_entries.spooled()?,
            named: self.named.clone(),
            refusals: self.refusals.clone(),
            refused_total: self.refused_total,
        })
    }
}
