//! What was handed over of one import: its scopes, its entries and what it has beside them, each in a spool, and
//! what was refused on the way.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
};

use agent_memory_proto::{
    ErrorBody, ErrorCode,
    model::{ExtraKind, Id, PortableExtra, PortableScope, ScopeRef},
    request::{ImportExtra, ImportItem, ImportOptions},
    response::ImportRefusal,
};

use super::{Spool, Spooled};
use crate::store::Gated;

/// Refusals that are told; all are counted.
pub const REFUSALS_MAX: usize = 100;

/// Tags, tasks and relations that an import may have, for each entry that it may have.
const EXTRAS_PER_ENTRY: u64 = 10;

/// One import before it is stored.
#[derive(Debug)]
pub struct Staging {
    salt: Id,
    options: ImportOptions,
    mapping: BTreeMap<ScopeRef, ScopeRef>,
    entries_max: u64,
    parts: u32,
    entries: u64,
    extras: u64,
    spooled_scopes: Spool<PortableScope>,
    spooled_entries: Spool<ImportItem>,
    spooled_extras: [Spool<ImportExtra>; ExtraKind::ALL.len()],
    relations_left_out: u64,
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
    /// What there is beside the entries, by the place of its kind.
    pub extras: [Spooled<ImportExtra>; ExtraKind::ALL.len()],
    /// How much there is of all kinds together.
    pub extras_total: u64,
    /// Relations whose end becomes a scope that cannot have any.
    pub relations_left_out: u64,
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
            extras: 0,
            spooled_scopes: Spool::create(directory)?,
            spooled_entries: Spool::create(directory)?,
            spooled_extras: [Spool::create(directory)?, Spool::create(directory)?, Spool::create(directory)?],
            relations_left_out: 0,
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

    /// Entries and extras that were handed over so far.
    #[must_use]
    pub fn handed_over(&self) -> u64 {
        self.entries + self.extras
    }

    /// The scope that a scope of the import becomes.
    #[must_use]
    pub fn mapped(&self, scope: ScopeRef) -> ScopeRef {
        self.mapping.get(&scope).copied().unwrap_or(scope)
    }

    /// Takes the next part: false when it came before.
    ///
    /// # Errors
    /// When a part is missing before it, or it would be too many entries or extras.
    pub fn expect(&mut self, part: u32, entries: usize, extras: usize) -> Result<bool, ErrorBody> {
        if part < self.parts {
            return Ok(false);
        }
        if part > self.parts {
            return Err(ErrorBody::invalid("part", part, format!("{}, the next one", self.parts)));
        }
        let (entries, extras) = (self.entries + entries as u64, self.extras + extras as u64);
        let extras_max = self.entries_max.saturating_mul(EXTRAS_PER_ENTRY);
        for (what, field, total, most) in [
            ("entries", "entries", entries, self.entries_max),
            ("tags, tasks and relations", "extras", extras, extras_max),
        ] {
            if total > most {
                let message = format!("an import has at most {most} {what}");
                return Err(ErrorBody::new(ErrorCode::LimitExceeded, message).with_field(field).with_suggestion(
                    "Nothing was stored; import it in several files, or raise the daemon's AGENT_MEMORY_MAX_IMPORT_ENTRIES",
                ));
            }
        }
        self.parts += 1;
        (self.entries, self.extras) = (entries, extras);
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

    /// Adds something beside the entries that was found to be right.
    ///
    /// # Errors
    /// What the file system says.
    pub fn push_extra(&mut self, item: &Gated<ImportExtra>) -> io::Result<()> {
        if let PortableExtra::Task(task) = &item.extra {
            self.named.insert(task.task.scope);
        }
        self.spooled_extras[item.extra.kind() as usize].push(item)
    }

    /// Notes that a relation has an end that is nowhere.
    pub fn leave_relation_out(&mut self) {
        self.relations_left_out += 1;
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
            extras: {
                let [tags, tasks, relations] = &mut self.spooled_extras;
                [tags.spooled()?, tasks.spooled()?, relations.spooled()?]
            },
            extras_total: self.extras,
            relations_left_out: self.relations_left_out,
            named: self.named.clone(),
            refusals: self.refusals.clone(),
            refused_total: self.refused_total,
        })
    }
}
