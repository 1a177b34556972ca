//! Random permissions, and agents that try what they may and what they may not: each is allowed what a plain table
//! of what was said allows, and nothing else, also from the caches and after a restart. `AGENT_MEMORY_MODEL_CASES`
//! sets how many sequences there are.

use std::collections::BTreeMap;

use agent_memory_proto::{
    ErrorCode, Request, Response,
    handshake::Purpose,
    model::{EntryBody, EntryKind, Id, PermissionLevel, ScopeRef},
    request::*,
};
use agent_memory_tests::{
    Backend, Daemon, Hello, Instance, Wire, from_environment, on_every_backend, requests,
};
use proptest::{prelude::*, test_runner::TestRunner};

use PermissionLevel::{Admin, None as Nothing, Read, Write};

/// Everyone, two who are named, and one who is not.
const AGENTS: [&str; 4] = ["*", "ada", "eve", "bob"];
const KINDS: [Option<EntryKind>; 4] =
    [Some(EntryKind::Guideline), Some(EntryKind::Knowledge), Some(EntryKind::Tool), None];
/// Scopes by number, each with those above it: global, organisation, its project, its session, another project.
const CHAINS: [&[usize]; 5] = [&[0], &[1, 0], &[2, 1, 0], &[3, 2, 1, 0], &[4, 0]];

#[derive(Clone, Debug)]
enum Step {
    Grant { agent: usize, scope: usize, kind: usize, level: PermissionLevel },
    Revoke { agent: usize, scope: usize, kind: usize, level: PermissionLevel },
    Add { agent: usize, scope: usize, kind: usize },
    Get { agent: usize, scope: usize, kind: usize },
    Delete { agent: usize, scope: usize, kind: usize },
    Search { agent: usize, scope: usize, kind: usize, inherit: bool },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let level = prop_oneof![Just(Read), Just(Write), Just(Admin)];
    let said = (0..3_usize, 0..5_usize, 0..4_usize, level);
    let tried = || (1..4_usize, 0..5_usize, 0..3_usize);
    let step = prop_oneof![
        4 => said.clone().prop_map(|(agent, scope, kind, level)| Step::Grant { agent, scope, kind, level }),
        2 => said.prop_map(|(agent, scope, kind, level)| Step::Revoke { agent, scope, kind, level }),
        4 => tried().prop_map(|(agent, scope, kind)| Step::Add { agent, scope, kind }),
        5 => tried().prop_map(|(agent, scope, kind)| Step::Get { agent, scope, kind }),
        2 => tried().prop_map(|(agent, scope, kind)| Step::Delete { agent, scope, kind }),
        6 => (tried(), any::<bool>())
            .prop_map(|((agent, scope, kind), inherit)| Step::Search { agent, scope, kind, inherit }),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..60)
}

struct World {
    instance: Instance,
    daemon: Daemon,
    owner: Wire,
    agents: Vec<Wire>,
    scopes: [ScopeRef; 5],
    /// What was said of which agent in which scope for which kind.
    said: BTreeMap<(usize, usize, usize), PermissionLevel>,
    default: PermissionLevel,
    /// An entry of each kind in each scope, which everybody can try to read.
    seeds: BTreeMap<(usize, usize), Id>,
    added: u32,
}

fn open(instance: &Instance, agent: &str) -> Wire {
    Wire::open(&instance.socket(), &Hello::new(Purpose::Library).of_agent(agent)).expect("opens")
}

fn agents(instance: &Instance) -> Vec<Wire> {
    AGENTS.iter().map(|agent| open(instance, agent)).collect()
}

fn entry(scope: ScopeRef, kind: usize, name: &str) -> Request {
    let content = "a common word".to_owned();
    match KINDS[kind] {
        Some(EntryKind::Guideline) => requests::add_guideline(scope, name, &content),
        Some(EntryKind::Tool) => {
            let body =
                EntryBody::Tool { description: content, parameters: None, examples: None, constraints: None };
            Request::AddEntry(AddEntry { id: None, draft: requests::draft(scope, name, body) })
        }
        _ => requests::add_knowledge(scope, name, &content),
    }
}

fn written(response: Response) -> Id {
    match response {
        Response::Written(written) => written.id,
        other => panic!("not written: {other:?}"),
    }
}

impl World {
    fn new(backend: Backend, strict: bool) -> Self {
        let (mode, default) = if strict { ("strict", Nothing) } else { ("permissive", Admin) };
        let instance = backend.instance().with("PERMISSIONS_MODE", mode).without_rate_limits();
        let daemon = instance.start_daemon();
        let mut owner = open(&instance, "");
        let [org, project, session, other] = [(); 4].map(|()| requests::new_id());
        let create = CreateOrg { id: Some(org), name: "acme".to_owned(), metadata: None };
        assert!(matches!(owner.call(&Request::CreateOrg(create)), Response::Org(_)));
        for (id, org_id, name) in [(project, Some(org), "shop"), (other, None, "blog")] {
            let Request::CreateProject(create) = requests::create_project(id, name) else { unreachable!() };
            let create = Request::CreateProject(CreateProject { org_id, ..create });
            assert!(matches!(owner.call(&create), Response::Project(_)));
        }
        let start = StartSession { id: Some(session), ..requests::start_session(Some(project)) };
        assert!(matches!(owner.call(&Request::StartSession(start)), Response::Session(_)));
        let scopes = [
            ScopeRef::GLOBAL,
            ScopeRef::org(org),
            ScopeRef::project(project),
            ScopeRef::session(session),
            ScopeRef::project(other),
        ];
        let mut seeds = BTreeMap::new();
        for (number, scope) in scopes.iter().enumerate() {
            for kind in 0..3 {
                let add = entry(*scope, kind, &format!("seed {number} {kind}"));
                seeds.insert((number, kind), written(owner.call(&add)));
            }
        }
        let agents = agents(&instance);
        let (said, added) = (BTreeMap::new(), 0);
        Self { instance, daemon, owner, agents, scopes, said, default, seeds, added }
    }

    /// What the first that was said allows: of the narrowest scope, of the agent, of the kind.
    fn level(&self, agent: usize, scope: usize, kind: usize) -> PermissionLevel {
        let any = KINDS.len() - 1;
        let whom = [(agent, kind), (agent, any), (0, kind), (0, any)];
        let mut found = CHAINS[scope]
            .iter()
            .flat_map(|scope| whom.map(|(agent, kind)| self.said.get(&(agent, *scope, kind))))
            .flatten();
        found.next().copied().unwrap_or(self.default)
    }

    fn check(
        &mut self,
        agent: usize,
        request: &Request,
        is_allowed: bool,
    ) -> Result<Response, TestCaseError> {
        let response = self.agents[agent].call(request);
        let is_denied = match &response {
            Response::Error(error) if error.code == ErrorCode::PermissionDenied => true,
            Response::Error(error) => return Err(TestCaseError::fail(format!("{request:?}: {error}"))),
            _ => false,
        };
        prop_assert_eq!(!is_denied, is_allowed, "{} {:?}: {:?}", AGENTS[agent], request, response);
        Ok(response)
    }

    fn play(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Grant { agent, scope, kind, level } => {
                let (agent_id, scope_ref) = (AGENTS[agent].to_owned(), self.scopes[scope]);
                let (kind_of, created_by, admin_key) = (KINDS[kind], None, None);
                let grant = GrantPermission {
                    agent_id,
                    scope: scope_ref,
                    kind: kind_of,
                    level,
                    created_by,
                    admin_key,
                };
                let answer = self.owner.call(&Request::GrantPermission(grant));
                prop_assert!(matches!(answer, Response::Permission(_)), "{:?}", answer);
                self.said.insert((agent, scope, kind), level);
            }
            Step::Revoke { agent, scope, kind, level } => {
                let target = PermissionTarget::Level {
                    agent_id: AGENTS[agent].to_owned(),
                    scope: self.scopes[scope],
                    kind: KINDS[kind],
                    level,
                };
                let revoke = RevokePermission { target, created_by: None, admin_key: None };
                let answer = self.owner.call(&Request::RevokePermission(revoke));
                prop_assert!(matches!(answer, Response::Permission(_)), "{:?}", answer);
                let below = [Nothing, Read, Write].into_iter().filter(|below| *below < level).max();
                self.said.insert((agent, scope, kind), below.unwrap_or(Nothing));
            }
            Step::Add { agent, scope, kind } => {
                self.added += 1;
                let add = entry(self.scopes[scope], kind, &format!("added {}", self.added));
                self.check(agent, &add, self.level(agent, scope, kind) >= Write)?;
            }
            Step::Get { agent, scope, kind } => {
                let (id, kind_of) = (self.seeds[&(scope, kind)], KINDS[kind].expect("a kind"));
                let selector = EntrySelector::Id(id);
                let get = Request::GetEntry(GetEntry { kind: kind_of, selector, include_inactive: false });
                self.check(agent, &get, self.level(agent, scope, kind) >= Read)?;
            }
            Step::Delete { agent, scope, kind } => {
                self.added += 1;
                let add = entry(self.scopes[scope], kind, &format!("added {}", self.added));
                let id = written(self.owner.call(&add));
                let delete = Request::DeleteEntry(DeleteEntry { kind: KINDS[kind].expect("a kind"), id });
                self.check(agent, &delete, self.level(agent, scope, kind) == Admin)?;
            }
            Step::Search { agent, scope, kind, inherit } => self.search(agent, scope, kind, inherit)?,
            Step::Restart => {
                self.daemon.stop();
                self.daemon = self.instance.start_daemon();
                (self.owner, self.agents) = (open(&self.instance, ""), agents(&self.instance));
            }
        }
        Ok(())
    }

    /// What was seeded is found in the scope and in those above it that may be read.
    fn search(
        &mut self,
        agent: usize,
        scope: usize,
        kind: usize,
        inherit: bool,
    ) -> Result<(), TestCaseError> {
        let kinds = vec![KINDS[kind].expect("a kind")];
        let search = requests::search("seed", Some(self.scopes[scope]));
        let search = Request::Search(Search { kinds, inherit, limit: 100, ..search });
        let is_allowed = self.level(agent, scope, kind) >= Read;
        if let Response::SearchPage(page) = self.check(agent, &search, is_allowed)? {
            let chain = if inherit { CHAINS[scope] } else { &CHAINS[scope][..1] };
            let mut wanted: Vec<Id> = chain
                .iter()
                .filter(|scope| self.level(agent, **scope, kind) >= Read)
                .map(|scope| self.seeds[&(*scope, kind)])
                .collect();
            let mut found: Vec<Id> = page.hits.iter().map(|hit| hit.id).collect();
            wanted.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, wanted, "{} {:?}", AGENTS[agent], search);
        }
        Ok(())
    }
}

fn nobody_does_what_was_not_said(backend: Backend) {
    let cases = from_environment("AGENT_MEMORY_MODEL_CASES", if backend == Backend::Sqlite { 20 } else { 8 });
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&(any::<bool>(), steps()), |(strict, steps)| {
        let mut world = World::new(backend, strict);
        for step in &steps {
            world.play(step)?;
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

on_every_backend!(nobody_does_what_was_not_said,);
