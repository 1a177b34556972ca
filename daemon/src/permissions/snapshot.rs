//! All that was said of what agents may do, as it was in the store at one time.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use agent_memory_proto::model::{EntryKind, Permission, ScopeRef};
use foldhash::fast::RandomState;

use super::rights::{Base, Rights, Said};

/// The rows, and what they mean for each agent.
#[derive(Debug)]
pub(crate) struct Snapshot {
    number: u64,
    base: Base,
    /// By agent, scope and kind.
    rows: Vec<Permission>,
    everyone: Arc<Said>,
    /// Of those who are named in no row.
    unnamed: Arc<Rights>,
    named: HashMap<String, OnceLock<Arc<Rights>>, RandomState>,
}

impl Snapshot {
    pub(super) fn new(number: u64, base: Base, mut rows: Vec<Permission>) -> Self {
        rows.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        let of_everyone = rows.iter().filter(|row| row.agent_id == Permission::EVERYONE);
        let everyone = Arc::new(Said::new(of_everyone));
        let agents = rows.iter().map(|row| &row.agent_id).filter(|agent| *agent != Permission::EVERYONE);
        let named = agents.map(|agent| (agent.clone(), OnceLock::new())).collect();
        let unnamed = Arc::new(Rights::new(base, Said::default(), Arc::clone(&everyone)));
        Self { number, base, rows, everyone, unnamed, named }
    }

    /// How often the rows had changed before.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// All rows, by agent, scope and kind.
    pub(crate) fn rows(&self) -> &[Permission] {
        &self.rows
    }

    /// What an agent may do.
    pub(crate) fn rights(&self, agent: Option<&str>) -> Arc<Rights> {
        let Some((agent, rights)) = agent.and_then(|agent| self.named.get_key_value(agent)) else {
            return Arc::clone(&self.unnamed);
        };
        let rights = rights.get_or_init(|| {
            let own = Said::new(self.rows.iter().filter(|row| row.agent_id == *agent));
            Arc::new(Rights::new(self.base, own, Arc::clone(&self.everyone)))
        });
        Arc::clone(rights)
    }
}

/// What decides what an agent may do in the first of these scopes, the others of which stand above it; `None`
/// where nothing was said.
pub(crate) fn decided_by<'a>(
    rows: &'a [Permission],
    agent: Option<&str>,
    chain: &[ScopeRef],
    kind: Option<EntryKind>,
) -> Option<&'a Permission> {
    let whom = [agent, Some(Permission::EVERYONE)];
    let what = [kind, None];
    chain.iter().find_map(|scope| {
        let mut said = whom.into_iter().flatten().flat_map(|agent| what.map(|kind| (agent, *scope, kind)));
        said.find_map(|wanted| rows.iter().find(|row| key(row) == wanted))
    })
}

type Key<'a> = (&'a str, ScopeRef, Option<EntryKind>);

fn key(row: &Permission) -> Key<'_> {
    (&row.agent_id, row.scope, row.kind)
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::model::{Id, PermissionLevel};

    use super::*;

    fn row(agent: &str, level: PermissionLevel) -> Permission {
        Permission {
            id: Id([1; 16]),
            agent_id: agent.to_owned(),
            scope: ScopeRef::GLOBAL,
            kind: None,
            level,
            created_by: None,
            created_at_ms: 0,
        }
    }

    #[test]
    fn who_is_named_nowhere_has_what_everyone_has() {
        let rows = vec![row("*", PermissionLevel::Read), row("ada", PermissionLevel::Write)];
        let snapshot = Snapshot::new(1, Base::unprotected(PermissionLevel::None), rows);
        let level = |agent: Option<&str>| snapshot.rights(agent).level(&[ScopeRef::GLOBAL], None);
        assert_eq!(level(Some("ada")), PermissionLevel::Write);
        assert_eq!(level(Some("bob")), PermissionLevel::Read);
        assert_eq!(level(None), PermissionLevel::Read);
        assert_eq!(level(Some("*")), PermissionLevel::Read, "nobody is everyone");
        let chain = [ScopeRef::project(Id([3; 16])), ScopeRef::GLOBAL];
        let deciding = |agent| decided_by(snapshot.rows(), agent, &chain, Some(EntryKind::Tool));
        assert_eq!(deciding(Some("ada")).map(|row| row.agent_id.as_str()), Some("ada"));
        assert_eq!(deciding(None).map(|row| row.agent_id.as_str()), Some("*"));
        assert!(Arc::ptr_eq(&snapshot.rights(Some("ada")), &snapshot.rights(Some("ada"))));
    }
}
