//! What one agent may do: the level that is decided for a scope and a kind of entry.

use std::{collections::HashMap, sync::Arc};

use agent_memory_proto::model::{EntryKind, Permission, PermissionLevel, ScopeRef};
use bytes::{BufMut, Bytes, BytesMut};
use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

/// Each kind of entry, and what is no entry or of any kind.
const PLACES: usize = EntryKind::ALL.len() + 1;
const ANY: usize = EntryKind::ALL.len();

/// What was said of an agent, or of everyone, by scope.
#[derive(Debug, Default)]
pub(crate) struct Said(HashMap<ScopeRef, [Option<PermissionLevel>; PLACES], RandomState>);

impl Said {
    pub(super) fn new<'a>(rows: impl Iterator<Item = &'a Permission>) -> Self {
        let mut said = Self::default();
        for row in rows {
            said.0.entry(row.scope).or_default()[place(row.kind)] = Some(row.level);
        }
        said
    }

    /// What was said of a kind in a scope, or of any kind there.
    fn of(&self, scope: ScopeRef, place: usize) -> Option<PermissionLevel> {
        let levels = self.0.get(&scope)?;
        levels[place].or(levels[ANY])
    }
}

/// What one agent may do.
#[derive(Debug)]
pub(crate) struct Rights {
    own: Said,
    everyone: Arc<Said>,
    /// Where nothing was said.
    default: PermissionLevel,
    /// The lowest and the highest level that there is in any scope, for each kind.
    lowest: [PermissionLevel; PLACES],
    highest: [PermissionLevel; PLACES],
    key: u64,
}

const fn place(kind: Option<EntryKind>) -> usize {
    match kind {
        Some(EntryKind::Guideline) => 0,
        Some(EntryKind::Knowledge) => 1,
        Some(EntryKind::Tool) => 2,
        None => ANY,
    }
}

impl Rights {
    pub(super) fn new(default: PermissionLevel, own: Said, everyone: Arc<Said>) -> Self {
        let levels = [default; PLACES];
        let mut rights = Self { own, everyone, default, lowest: levels, highest: levels, key: 0 };
        for place in 0..PLACES {
            // What is said of the global scope is said of every scope where nothing else is.
            let base = rights.said(ScopeRef::GLOBAL, place).unwrap_or(default);
            let scopes = rights.own.0.keys().chain(rights.everyone.0.keys());
            let levels = || scopes.clone().filter_map(|scope| rights.said(*scope, place)).chain([base]);
            let (lowest, highest) = (levels().min(), levels().max());
            rights.lowest[place] = lowest.unwrap_or(base);
            rights.highest[place] = highest.unwrap_or(base);
        }
        if !rights.reads_everything() {
            rights.key = rights.digest();
        }
        rights
    }

    /// Everything, everywhere.
    pub(super) fn all() -> Self {
        Self::new(PermissionLevel::Admin, Said::default(), Arc::default())
    }

    /// Nothing, anywhere.
    pub(super) fn nothing() -> Self {
        Self::new(PermissionLevel::None, Said::default(), Arc::default())
    }

    /// What was said of a kind in this very scope: of the agent before everyone, of the kind before any.
    fn said(&self, scope: ScopeRef, place: usize) -> Option<PermissionLevel> {
        self.own.of(scope, place).or_else(|| self.everyone.of(scope, place))
    }

    /// What the agent may do in the first of these scopes, the others of which stand above it, narrowest
    /// first; with entries of a kind, or with what is no entry.
    pub(crate) fn level(&self, chain: &[ScopeRef], kind: Option<EntryKind>) -> PermissionLevel {
        let place = place(kind);
        chain.iter().find_map(|scope| self.said(*scope, place)).unwrap_or(self.default)
    }

    /// Whether the agent may do it in every scope.
    pub(crate) fn always(&self, kind: Option<EntryKind>, level: PermissionLevel) -> bool {
        self.lowest[place(kind)] >= level
    }

    /// Whether the agent may do it in no scope.
    pub(crate) fn never(&self, kind: Option<EntryKind>, level: PermissionLevel) -> bool {
        self.highest[place(kind)] < level
    }

    /// Whether the agent may read all that there is.
    pub(crate) fn reads_everything(&self) -> bool {
        self.lowest.iter().all(|lowest| *lowest >= PermissionLevel::Read)
    }

    /// Whether the agent may do whatever there is to do.
    pub(crate) fn does_everything(&self) -> bool {
        self.lowest.iter().all(|lowest| *lowest == PermissionLevel::Admin)
    }

    /// Scopes of which something was said that lets the agent do this with entries of a kind there.
    pub(crate) fn scopes_with(&self, kind: Option<EntryKind>, level: PermissionLevel) -> Vec<ScopeRef> {
        let all = self.own.0.keys().chain(self.everyone.0.keys());
        let mut scopes: Vec<ScopeRef> =
            all.filter(|scope| self.said(**scope, place(kind)) >= Some(level)).copied().collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// What stands for a request of these bytes among those of everybody: the bytes alone for whoever reads
    /// everything; else what the agent may do is a part of it. A request never ends with another's bytes
    /// and more: what is left over is refused.
    pub(crate) fn keyed(&self, request: &Bytes) -> Bytes {
        if self.key == 0 {
            return request.clone();
        }
        let mut keyed = BytesMut::with_capacity(request.len() + size_of::<u64>());
        keyed.put_slice(request);
        keyed.put_u64(self.key);
        keyed.freeze()
    }

    fn digest(&self) -> u64 {
        let mut rows: Vec<_> = [&self.own, &*self.everyone]
            .into_iter()
            .enumerate()
            .flat_map(|(of, said)| said.0.iter().map(move |(scope, levels)| (of, *scope, *levels)))
            .collect();
        rows.sort_unstable();
        let mut digest = Sha256::new();
        digest.update([self.default as u8]);
        for (of, scope, levels) in rows {
            digest.update([u8::from(of == 0), scope.level as u8]);
            digest.update(scope.id.map_or([0; 16], |id| id.0));
            digest.update(levels.map(|level| level.map_or(u8::MAX, |level| level as u8)));
        }
        let mut first = [0; size_of::<u64>()];
        first.copy_from_slice(&digest.finalize()[..size_of::<u64>()]);
        u64::from_le_bytes(first).max(1)
    }
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::Id;

    use super::*;

    const PROJECT: ScopeRef = ScopeRef::project(Id([1; 16]));
    const SESSION: ScopeRef = ScopeRef::session(Id([2; 16]));
    const CHAIN: [ScopeRef; 3] = [SESSION, PROJECT, ScopeRef::GLOBAL];
    use EntryKind::{Guideline, Knowledge, Tool};
    use PermissionLevel::{Admin, None as Nothing, Read, Write};

    type Row = (&'static str, ScopeRef, Option<EntryKind>, PermissionLevel);

    fn rights(default: PermissionLevel, rows: &[Row]) -> Rights {
        let of = |name: &str| {
            let rows: Vec<Permission> = rows
                .iter()
                .filter(|(agent, ..)| *agent == name)
                .map(|(agent, scope, kind, level)| Permission {
                    id: Id([9; 16]),
                    agent_id: (*agent).to_owned(),
                    scope: *scope,
                    kind: *kind,
                    level: *level,
                    created_by: None,
                    created_at_ms: 0,
                })
                .collect();
            Said::new(rows.iter())
        };
        Rights::new(default, of("ada"), Arc::new(of("*")))
    }

    /// The default, what was said, and what it makes of guidelines and of what is no entry in the session.
    #[rustfmt::skip]
    const LEVELS: &[(PermissionLevel, &[Row], PermissionLevel, PermissionLevel)] = &[
        (Admin, &[], Admin, Admin),
        (Nothing, &[], Nothing, Nothing),
        (Nothing, &[("*", ScopeRef::GLOBAL, None, Write)], Write, Write),
        (Nothing, &[("ada", ScopeRef::GLOBAL, None, Read)], Read, Read),
        (Admin, &[("ada", ScopeRef::GLOBAL, None, Nothing)], Nothing, Nothing),
        // The narrowest scope decides, whoever it names.
        (Nothing, &[("ada", ScopeRef::GLOBAL, None, Admin), ("*", PROJECT, None, Read)], Read, Read),
        (Admin, &[("ada", PROJECT, None, Nothing), ("*", SESSION, None, Write)], Write, Write),
        // In one scope the agent comes before everyone, and the kind before any.
        (Nothing, &[("ada", PROJECT, None, Read), ("*", PROJECT, None, Admin)], Read, Read),
        (Nothing, &[("ada", PROJECT, None, Read), ("ada", PROJECT, Some(Guideline), Write)], Write, Read),
        (Nothing, &[("ada", PROJECT, None, Read), ("*", PROJECT, Some(Guideline), Admin)], Read, Read),
        (Nothing, &[("*", PROJECT, None, Read), ("*", PROJECT, Some(Guideline), Admin)], Admin, Read),
        // What is said of one kind says nothing of another, nor of what is no entry.
        (Nothing, &[("ada", PROJECT, Some(Guideline), Write)], Write, Nothing),
        (Admin, &[("ada", PROJECT, Some(Tool), Nothing)], Admin, Admin),
        (Nothing, &[("ada", ScopeRef::GLOBAL, None, Read), ("ada", PROJECT, Some(Guideline), Write)], Write, Read),
        // What is said elsewhere says nothing here.
        (Nothing, &[("ada", ScopeRef::project(Id([7; 16])), None, Admin)], Nothing, Nothing),
    ];

    #[test]
    fn the_first_that_was_said_decides() {
        for (number, (default, rows, guideline, none)) in LEVELS.iter().enumerate() {
            let rights = rights(*default, rows);
            assert_eq!(rights.level(&CHAIN, Some(Guideline)), *guideline, "{number}: {rows:?}");
            assert_eq!(rights.level(&CHAIN, None), *none, "{number}: {rows:?}");
        }
    }

    #[test]
    fn always_and_never_agree_with_the_levels() {
        for (default, rows, guideline, _) in LEVELS {
            let rights = rights(*default, rows);
            for level in [Read, Write, Admin] {
                assert!(!rights.always(Some(Guideline), level) || *guideline >= level, "{rows:?}");
                assert!(!rights.never(Some(Guideline), level) || *guideline < level, "{rows:?}");
            }
        }
        let covered = rights(Nothing, &[("*", ScopeRef::GLOBAL, None, Write)]);
        assert!(covered.always(None, Write) && covered.reads_everything(), "the default is never reached");
        let but_one = rights(Admin, &[("ada", PROJECT, Some(Knowledge), Nothing)]);
        assert!(but_one.always(Some(Tool), Admin) && !but_one.always(Some(Knowledge), Read));
        assert!(!but_one.never(Some(Knowledge), Admin) && !but_one.reads_everything());
    }

    #[test]
    fn only_those_with_the_same_rights_share_an_answer() {
        let request = Bytes::from_static(b"question");
        let all = rights(Admin, &[("ada", PROJECT, None, Read)]);
        assert_eq!(all.keyed(&request), request, "whoever reads everything shares with everybody");
        let one = rights(Nothing, &[("ada", PROJECT, None, Read)]);
        let same = rights(Nothing, &[("ada", PROJECT, None, Read)]);
        assert_eq!(one.keyed(&request), same.keyed(&request));
        let others = [
            rights(Nothing, &[]),
            rights(Nothing, &[("*", PROJECT, None, Read)]),
            rights(Nothing, &[("ada", SESSION, None, Read)]),
            rights(Nothing, &[("ada", PROJECT, Some(Tool), Read)]),
        ];
        for other in others {
            assert_ne!(other.keyed(&request), one.keyed(&request));
            assert_ne!(other.keyed(&request), request);
        }
    }

    #[test]
    fn the_scopes_that_may_be_read_are_named() {
        let rows = [("ada", PROJECT, None, Read), ("*", SESSION, None, Nothing)];
        assert_eq!(rights(Nothing, &rows).scopes_with(None, Read), [PROJECT]);
    }
}
