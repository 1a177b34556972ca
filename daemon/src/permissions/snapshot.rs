//! All that was said of what agents may do, as it was in the store at one time.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use agent_memory_proto::model::{EntryKind, Permission, ScopeRef};
use foldhash::fast::RandomState;

use super::{
    Asker, OWNER,
    names::is_token,
    rights::{Base, Rights, Said},
};
use crate::store::{KnownAgent, SecretHash};

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
    /// Those whose names are proved, by name.
    agents: Vec<KnownAgent>,
}

impl Snapshot {
    pub(super) fn new(
        number: u64,
        base: Base,
        mut rows: Vec<Permission>,
        mut agents: Vec<KnownAgent>,
    ) -> Self {
        agents.sort_unstable_by(|one, other| one.agent.name.cmp(&other.agent.name));
        rows.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        let of_everyone = rows.iter().filter(|row| row.agent_id == Permission::EVERYONE);
        let everyone = Arc::new(Said::new(of_everyone));
        let names = rows.iter().map(|row| &row.agent_id).filter(|agent| *agent != Permission::EVERYONE);
        let named = names.map(|agent| (agent.clone(), OnceLock::new())).collect();
        let unnamed = Arc::new(Rights::new(base, Said::default(), Arc::clone(&everyone)));
        Self { number, base, rows, everyone, unnamed, named, agents }
    }

    /// How often the rows had changed before.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// All rows, by agent, scope and kind.
    pub(crate) fn rows(&self) -> &[Permission] {
        &self.rows
    }

    /// Those whose names are proved, by name.
    pub(crate) fn agents(&self) -> &[KnownAgent] {
        &self.agents
    }

    /// Which agent a token belongs to. All are looked at, whichever it is.
    pub(crate) fn holder(&self, token: &str) -> Option<&KnownAgent> {
        let hash = SecretHash::of(token);
        let holder = self.agents.iter().fold(None, |found, known| match known.token == hash {
            true => Some(known),
            false => found,
        });
        holder.filter(|_| is_token(token))
    }

    /// What whoever asks may do; `None` when its token is not good any more.
    pub(super) fn rights_of(&self, asker: Asker<'_>) -> Option<Arc<Rights>> {
        match asker {
            Asker::Owner => Some(Arc::clone(&OWNER)),
            Asker::Agent(agent) => Some(self.rights(agent)),
            Asker::Holder(name, token) => {
                let place = self.agents.binary_search_by(|known| known.agent.name.as_str().cmp(name)).ok()?;
                (self.agents[place].token == *token).then(|| self.rights(Some(name)))
            }
        }
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
    use agent_memory_proto::model::{Agent, Id, PermissionLevel};

    use super::*;
    use crate::permissions::names;

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
        let snapshot = Snapshot::new(1, Base::unprotected(PermissionLevel::None), rows, Vec::new());
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

    #[test]
    fn a_name_counts_with_its_own_token_only() {
        let token = |byte: u8| names::new_token(&[byte; 32]);
        let known = |name: &str, byte| KnownAgent {
            agent: Agent { name: name.to_owned(), created_by: None, created_at_ms: 0 },
            token: SecretHash::of(&token(byte)),
        };
        let agents = vec![known("bob", 2), known("ada", 1), known("eve", 3)];
        let snapshot = Snapshot::new(
            1,
            Base::unprotected(PermissionLevel::None),
            vec![row("ada", PermissionLevel::Read)],
            agents,
        );
        let holder = |token: &str| snapshot.holder(token).map(|known| known.agent.name.clone());
        assert_eq!(holder(&token(1)).as_deref(), Some("ada"));
        assert_eq!(holder(&token(2)).as_deref(), Some("bob"));
        for wrong in
            ["", "amt_", &token(4), &token(1)[..67], &format!("{}0", token(1)), &token(171).to_uppercase()]
        {
            assert_eq!(holder(wrong), None, "{wrong}");
        }
        let rights = |name, byte| snapshot.rights_of(Asker::Holder(name, &SecretHash::of(&token(byte))));
        let level = rights("ada", 1).expect("proved").level(&[ScopeRef::GLOBAL], None);
        assert_eq!(level, PermissionLevel::Read);
        assert!(rights("ada", 2).is_none() && rights("nobody", 1).is_none());
    }
}
