//! What one agent may do: the level that is decided for a scope and a kind of entry.

use std::{collections::HashMap, sync::Arc};

use agent_memory_proto::model::{EntryKind, Permission, PermissionLevel, ScopeRef};
use bytes::{BufMut, Bytes, BytesMut};
use foldhash::fast::RandomState;
use sha2::{Digest, Sha256};

use super::protected::Protected;

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

/// What holds where nothing was said, and where more has to be said than elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Base {
    pub(super) level: PermissionLevel,
    pub(super) protected: Protected,
}

impl Base {
    /// Nothing is protected.
    pub(super) const fn unprotected(level: PermissionLevel) -> Self {
        Self { level, protected: Protected { guidelines: false, global: false } }
    }
}

/// What one agent may do.
#[derive(Debug)]
pub(crate) struct Rights {
    own: Said,
    everyone: Arc<Said>,
    base: Base,
    /// The lowest and the highest level that there is in any scope, for each kind.
    lowest: [PermissionLevel; PLACES],
    highest: [PermissionLevel; PLACES],
    key: u64,
}

const KINDS: [Option<EntryKind>; PLACES] =
    [Some(EntryKind::Guideline), Some(EntryKind::Knowledge), Some(EntryKind::Tool), None];

const fn place(kind: Option<EntryKind>) -> usize {
    match kind {
        Some(EntryKind::Guideline) => 0,
        Some(EntryKind::Knowledge) => 1,
        Some(EntryKind::Tool) => 2,
        None => ANY,
    }
}

impl Rights {
    pub(super) fn new(base: Base, own: Said, everyone: Arc<Said>) -> Self {
        let levels = [base.level; PLACES];
        let mut rights = Self { own, everyone, base, lowest: levels, highest: levels, key: 0 };
        for place in 0..PLACES {
            // What is said of the global scope is said of every scope where nothing else is.
            let global = rights.said(ScopeRef::GLOBAL, place);
            let scopes = rights.own.0.keys().chain(rights.everyone.0.keys()).copied();
            let said = scopes.filter_map(|scope| Some((Some(scope), Some(rights.said(scope, place)?))));
            let levels: Vec<PermissionLevel> = said
                .chain([(Some(ScopeRef::GLOBAL), global), (None, global)])
                .map(|(scope, said)| rights.effective(scope, place, said))
                .collect();
            rights.lowest[place] = levels.iter().copied().min().unwrap_or(base.level);
            rights.highest[place] = levels.into_iter().max().unwrap_or(base.level);
        }
        if !rights.reads_everything() {
            rights.key = rights.digest();
        }
        rights
    }

    /// Everything, everywhere.
    pub(super) fn all() -> Self {
        Self::new(Base::unprotected(PermissionLevel::Admin), Said::default(), Arc::default())
    }

    /// Nothing, anywhere.
    pub(super) fn nothing() -> Self {
        Self::new(Base::unprotected(PermissionLevel::None), Said::default(), Arc::default())
    }

    /// What was said of a kind in this very scope: of the agent before everyone, of the kind before any.
    fn said(&self, scope: ScopeRef, place: usize) -> Option<PermissionLevel> {
        self.own.of(scope, place).or_else(|| self.everyone.of(scope, place))
    }

    /// What the agent may do in the first of these scopes, the others of which stand above it, narrowest
    /// first; with entries of a kind, or with what is no entry.
    pub(crate) fn level(&self, chain: &[ScopeRef], kind: Option<EntryKind>) -> PermissionLevel {
        let place = place(kind);
        let said = chain.iter().find_map(|scope| self.said(*scope, place));
        self.effective(chain.first().copied(), place, said)
    }

    /// What it comes to that something was said, or nothing, of a place in a scope: what is protected is only
    /// read below the level admin, and where nothing was said.
    fn effective(
        &self,
        scope: Option<ScopeRef>,
        place: usize,
        said: Option<PermissionLevel>,
    ) -> PermissionLevel {
        let level = said.unwrap_or(self.base.level);
        let is_admin = said == Some(PermissionLevel::Admin);
        if !is_admin && self.base.protected.covers(scope, KINDS[place]) {
            return level.min(PermissionLevel::Read);
        }
        level
    }

    /// The level that writing takes there, for whoever is not allowed to.
    pub(crate) fn needed(
        &self,
        scope: Option<ScopeRef>,
        kind: Option<EntryKind>,
        level: PermissionLevel,
    ) -> PermissionLevel {
        if level == PermissionLevel::Write && self.base.protected.covers(scope, kind) {
            return PermissionLevel::Admin;
        }
        level
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
            all.copied().filter(|scope| self.grants(*scope, place(kind), level)).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    fn grants(&self, scope: ScopeRef, place: usize, level: PermissionLevel) -> bool {
        let said = self.said(scope, place);
        said.is_some() && self.effective(Some(scope), place, said) >= level
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
        digest.update([self.base.level as u8]);
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
        protecting("none", default, rows)
    }

    fn protecting(what: &str, level: PermissionLevel, rows: &[Row]) -> Rights {
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
        let base = Base { level, protected: Protected::of_setting(what) };
        Rights::new(base, of("ada"), Arc::new(of("*")))
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

    #[test]
    fn what_is_protected_is_written_only_by_who_was_granted_admin() {
        let level = |what: &str, default, rows: &[Row], chain: &[ScopeRef], kind| {
            let rights = protecting(what, default, rows);
            let level = rights.level(chain, kind);
            for asked in [Read, Write, Admin] {
                assert!(!rights.always(kind, asked) || level >= asked, "{what} {rows:?}");
                assert!(!rights.never(kind, asked) || level < asked, "{what} {rows:?}");
            }
            level
        };
        let global = [ScopeRef::GLOBAL];
        let written = [("*", ScopeRef::GLOBAL, None, Write)];
        let admin = [("ada", ScopeRef::GLOBAL, None, Admin)];
        for default in [Admin, Nothing] {
            assert_eq!(level("guidelines", default, &written, &CHAIN, Some(Guideline)), Read);
            assert_eq!(level("guidelines", default, &written, &CHAIN, Some(Tool)), Write);
            assert_eq!(level("guidelines", default, &admin, &CHAIN, Some(Guideline)), Admin);
            assert_eq!(level("global", default, &written, &global, Some(Tool)), Read);
            assert_eq!(level("global", default, &written, &global, None), Write);
            assert_eq!(level("global", default, &written, &CHAIN, Some(Tool)), Write);
            assert_eq!(level("global", default, &admin, &global, Some(Tool)), Admin);
        }
        assert_eq!(level("guidelines", Admin, &[], &CHAIN, Some(Guideline)), Read);
        assert_eq!(level("global", Admin, &[], &CHAIN, Some(Tool)), Admin);
        assert_eq!(level("guidelines,global", Nothing, &[], &global, Some(Guideline)), Nothing);
        let rights = protecting("global", Nothing, &written);
        assert_eq!(rights.needed(Some(ScopeRef::GLOBAL), Some(Tool), Write), Admin);
        assert_eq!(rights.needed(Some(PROJECT), Some(Tool), Write), Write);
        assert_eq!(rights.scopes_with(Some(Tool), Write), []);
    }
}
