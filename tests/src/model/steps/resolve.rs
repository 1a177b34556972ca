//! Makes requests of steps: places become the ids that came of them.

use agent_memory_proto::{
    Request, Response,
    model::{BodyPatch, EntryBody, EntryKind, Id, Json, ScopeRef},
    request::*,
};

use super::{Change, Expected, NewEntry, NewId, Pick, Step, Where, Wish, agent_name};
use crate::{
    model::{Asked, Model},
    requests::new_id,
};

/// Words that no language has: each is its own stem.
const WORDS: [&str; 6] = ["zorgam", "quimbot", "fendrak", "moltok", "brixum", "tavlun"];
const TAGS: [&str; 3] = ["zorgam", "hadrup", "kelvot"];
/// Some of them name one file, and some none.
const PATHS: [&str; 9] =
    ["a.rs", "b.rs", "./a.rs", "x/../b.rs", "c/d.rs", "c//d.rs", "e.rs", "/c/d.rs/", "..."];
/// The year 2000 and the year 2200.
const LONG_AGO_MS: i64 = 946_684_800_000;
const FAR_AHEAD_MS: i64 = 7_258_118_400_000;

/// What the steps of one sequence have made so far, in its order.
#[derive(Debug, Default)]
pub struct Known {
    /// What keeps this sequence apart from those before it.
    case: u32,
    orgs: Vec<Id>,
    projects: Vec<Id>,
    sessions: Vec<Id>,
    entries: Vec<(EntryKind, Id)>,
    writes: Vec<Asked>,
}

impl Known {
    /// Nothing yet.
    #[must_use]
    pub fn new(case: u32) -> Self {
        Self { case, ..Self::default() }
    }

    /// Takes note of what came of a request.
    pub fn learn(&mut self, asked: &Asked, answer: &Response) {
        if asked.request.is_write() {
            self.writes.push(asked.clone());
        }
        match answer {
            Response::Org(org) => add(&mut self.orgs, org.id),
            Response::Project(project) => add(&mut self.projects, project.id),
            Response::Session(session) => add(&mut self.sessions, session.id),
            Response::Written(written) => add(&mut self.entries, (written.kind, written.id)),
            Response::Remembered(remembered) => {
                add(&mut self.entries, (remembered.written.kind, remembered.written.id));
            }
            Response::BulkWritten(all) => {
                all.iter().for_each(|written| add(&mut self.entries, (written.kind, written.id)));
            }
            _ => {}
        }
    }

    /// The request of a step; `None` when there is nothing yet that it could be about.
    #[must_use]
    pub fn asked(&self, step: &Step, model: &Model) -> Option<Asked> {
        let agent = agent_name(step.agent);
        let request = match &step.wish {
            Wish::Repeat(pick) => return picked(&self.writes, *pick).cloned(),
            Wish::KeyAgain { step, name } => {
                // Of a request that was refused nothing is kept.
                let key = picked(&self.writes, *step)?.key.filter(|key| model.keeps(*key))?;
                let key = Some(key);
                return Some(Asked { agent, key, request: self.create_org(*name) });
            }
            Wish::Reconnect | Wish::Restart { .. } => return None,
            wish => {
                self.scopes(wish).or_else(|| self.entries(wish, model)).or_else(|| self.locks(wish, model))?
            }
        };
        let key = request.is_write().then(new_id);
        Some(Asked { agent, key, request })
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each request")]
    fn scopes(&self, wish: &Wish) -> Option<Request> {
        Some(match wish {
            Wish::CreateOrg { name } => self.create_org(*name),
            Wish::ListOrgs(page) => Request::ListOrgs(ListOrgs { limit: page.limit, offset: page.offset }),
            Wish::CreateProject { org, name, path } => Request::CreateProject(CreateProject {
                id: Some(new_id()),
                org_id: org.map(|org| id(&self.orgs, org)),
                name: self.name(*name),
                description: path.map(|path| format!("described by {path}")),
                root_path: path.map(|path| self.root_path(path)),
                metadata: None,
            }),
            Wish::UpdateProject { project, name, org, path } => Request::UpdateProject(UpdateProject {
                id: id(&self.projects, *project),
                name: name.map(|name| self.name(name)),
                org_id: org.map(|org| org.map(|org| id(&self.orgs, org))),
                description: path.map(|path| path.map(|path| format!("moved to {path}"))),
                root_path: path.map(|path| path.map(|path| self.root_path(path))),
                metadata: None,
            }),
            Wish::GetProjectById(project) => {
                get_project(Some(id(&self.projects, *project)), None, None, None)
            }
            Wish::GetProjectAt(path) => {
                get_project(None, Some(format!("{}/src", self.root_path(*path))), None, None)
            }
            Wish::GetProjectNamed { name, org } => {
                get_project(None, None, Some(self.name(*name)), org.map(|org| id(&self.orgs, org)))
            }
            Wish::ListProjects { org, page } => Request::ListProjects(ListProjects {
                org_id: org.map(|org| id(&self.orgs, org)),
                limit: page.limit,
                offset: page.offset,
            }),
            Wish::DeleteProject { project, confirm } => Request::DeleteProject(DeleteProject {
                id: id(&self.projects, *project),
                confirm: *confirm,
                admin_key: None,
            }),
            Wish::StartSession { project, names_agent } => Request::StartSession(StartSession {
                id: (!names_agent).then(new_id),
                project_id: project.map(|project| id(&self.projects, project)),
                name: names_agent.then(|| "night shift".to_owned()),
                purpose: None,
                agent_id: names_agent.then(|| agent_name(0)),
                metadata: None,
            }),
            Wish::EndSession { session, status } => {
                Request::EndSession(EndSession { id: id(&self.sessions, *session), status: *status })
            }
            Wish::FinishSession { session, status, says } => Request::FinishSession(FinishSession {
                id: id(&self.sessions, *session),
                status: *status,
                summary: says.then(|| format!("all is {status}")),
            }),
            Wish::ListSessions { project, status, page } => Request::ListSessions(ListSessions {
                project_id: project.map(|project| id(&self.projects, project)),
                status: *status,
                limit: page.limit,
                offset: page.offset,
            }),
            _ => return None,
        })
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each request")]
    fn entries(&self, wish: &Wish, model: &Model) -> Option<Request> {
        Some(match wish {
            Wish::Add(new) => Request::AddEntry(self.add(new)),
            Wish::BulkAdd(all) => {
                // Only an answer to one entry tells the id that the daemon made.
                let with_id = |new| {
                    let add = self.add(new);
                    AddEntry { id: add.id.or_else(|| Some(new_id())), ..add }
                };
                Request::BulkAddEntries(BulkAddEntries { entries: all.iter().map(with_id).collect() })
            }
            Wish::Update(change) => Request::UpdateEntry(self.update(change, model)),
            Wish::BulkUpdate(all) => Request::BulkUpdateEntries(BulkUpdateEntries {
                updates: all.iter().map(|change| self.update(change, model)).collect(),
            }),
            Wish::Get { entry, wrong_kind } => {
                let (kind, id) = self.entry(*entry);
                let kind = if *wrong_kind { other_kind(kind) } else { kind };
                let selector = EntrySelector::Id(id);
                Request::GetEntry(GetEntry { kind, selector, include_inactive: false })
            }
            Wish::GetNamed { kind, name, scope, inherit, include_inactive } => Request::GetEntry(GetEntry {
                kind: *kind,
                selector: EntrySelector::Name {
                    name: self.name(*name),
                    scope: self.scope(*scope),
                    inherit: *inherit,
                },
                include_inactive: *include_inactive,
            }),
            Wish::List { kind, scope, inherit, include_inactive, detail, page } => {
                Request::ListEntries(ListEntries {
                    kind: *kind,
                    scope: scope.map(|scope| self.scope(scope)),
                    inherit: *inherit,
                    include_inactive: *include_inactive,
                    category: detail.is_multiple_of(4).then(|| category(*kind, detail / 4)),
                    limit: page.limit,
                    offset: page.offset,
                })
            }
            Wish::History { entry, page } => {
                let (kind, id) = self.entry(*entry);
                Request::EntryHistory(EntryHistory { kind, id, limit: page.limit, offset: page.offset })
            }
            Wish::Deactivate { entry } => {
                let (kind, id) = self.entry(*entry);
                let change_reason = Some("no longer so".to_owned());
                Request::DeactivateEntry(DeactivateEntry { kind, id, updated_by: None, change_reason })
            }
            Wish::Delete { entry } => {
                let (kind, id) = self.entry(*entry);
                Request::DeleteEntry(DeleteEntry { kind, id })
            }
            Wish::BulkDelete { kind, entries } => {
                let ids = entries.iter().map(|entry| self.entry(*entry).1).collect();
                Request::BulkDeleteEntries(BulkDeleteEntries { kind: *kind, ids })
            }
            Wish::Remember { form, scope, words } => Request::Remember(Remember {
                text: match form {
                    0 => format!("decision: {}", text(words)),
                    1 => format!("always {}", text(words)),
                    _ => text(words),
                },
                scope: self.scope(*scope),
                force_kind: None,
                priority: (*form == 3).then_some(70),
                tags: Vec::new(),
            }),
            Wish::Search { words, scope, inherit, include_inactive, detail, limit } => {
                let mut search = Search::new(text(words), scope.map(|scope| self.scope(scope)));
                search.inherit = *inherit;
                search.include_inactive = *include_inactive;
                search.limit = *limit;
                filter(&mut search, *detail);
                Request::Search(search)
            }
            _ => return None,
        })
    }

    fn locks(&self, wish: &Wish, model: &Model) -> Option<Request> {
        Some(match wish {
            Wish::Checkout { path, session, project, ttl, waits } => Request::CheckoutFile(CheckoutFile {
                path: self.file(*path),
                agent_id: None,
                session_id: session.map(|session| id(&self.sessions, session)),
                project_id: project.map(|project| id(&self.projects, project)),
                reason: ttl.is_multiple_of(2).then(|| format!("reason {ttl}")),
                metadata: None,
                ttl_ms: match ttl % 8 {
                    0 => None,
                    1 => Some(999),
                    more => Some(600_000 * u64::from(more)),
                },
                wait_ms: if *waits { 20 } else { 0 },
            }),
            Wish::Checkin { path, session, token } => Request::CheckinFile(CheckinFile {
                token: match token {
                    Expected::Any => None,
                    Expected::Current => model.token(&self.file(*path)),
                    Expected::Other(other) => Some(u64::MAX / 4 - u64::from(*other)),
                },
                path: self.file(*path),
                agent_id: None,
                session_id: session.map(|session| id(&self.sessions, session)),
            }),
            Wish::LockStatus { path } => Request::GetFileLock(GetFileLock { path: self.file(*path) }),
            Wish::ListLocks { agent: of, session, project, page } => Request::ListFileLocks(ListFileLocks {
                project_id: project.map(|project| id(&self.projects, project)),
                agent_id: of.map(agent_name),
                session_id: session.map(|session| id(&self.sessions, session)),
                limit: page.limit,
                offset: page.offset,
            }),
            Wish::ForceUnlock { path } => Request::ForceUnlockFile(ForceUnlockFile {
                path: self.file(*path),
                agent_id: None,
                reason: None,
                admin_key: None,
            }),
            _ => return None,
        })
    }

    fn add(&self, new: &NewEntry) -> AddEntry {
        let text = text(&new.words);
        let body = match new.kind {
            EntryKind::Guideline => EntryBody::Guideline {
                content: text,
                // Some are too large.
                priority: new.detail % 106,
                rationale: new.detail.is_multiple_of(3).then(|| WORDS[0].to_owned()),
                examples: None,
                verification_rules: None,
            },
            EntryKind::Knowledge => EntryBody::Knowledge {
                content: text,
                confidence: f64::from(new.detail % 102) / 100.0,
                source: new.detail.is_multiple_of(3).then(|| WORDS[1].to_owned()),
                valid_from_ms: new.detail.is_multiple_of(11).then_some(LONG_AGO_MS),
                valid_until_ms: match new.detail % 7 {
                    0 => Some(LONG_AGO_MS + 1),
                    1 => Some(FAR_AHEAD_MS),
                    _ => None,
                },
                invalidated_by: None,
            },
            EntryKind::Tool => EntryBody::Tool {
                description: text,
                parameters: None,
                examples: None,
                constraints: new.detail.is_multiple_of(3).then(|| WORDS[2].to_owned()),
            },
        };
        let draft = EntryDraft {
            scope: self.scope(new.scope),
            name: self.name(new.name),
            category: new.detail.is_multiple_of(4).then(|| category(new.kind, new.detail / 4)),
            tags: tags(&new.tags),
            metadata: new
                .detail
                .is_multiple_of(5)
                .then(|| Json(r#"{ "b": [1, 2.50], "a": "x" }"#.to_owned())),
            body,
            created_by: new.detail.is_multiple_of(9).then(|| "somebody else".to_owned()),
            change_reason: new.detail.is_multiple_of(6).then(|| "it was told".to_owned()),
        };
        let id = match new.id {
            NewId::Made => None,
            NewId::Given => Some(new_id()),
            NewId::Taken(pick) => Some(self.entry(pick).1),
        };
        AddEntry { id, draft }
    }

    fn update(&self, change: &Change, model: &Model) -> UpdateEntry {
        let (kind, id) = self.entry(change.entry);
        let content = change.words.as_deref().map(text);
        let detail = change.detail;
        let body = match kind {
            EntryKind::Guideline => BodyPatch::Guideline {
                content,
                priority: detail.is_multiple_of(3).then_some(detail % 101),
                rationale: detail
                    .is_multiple_of(5)
                    .then(|| detail.is_multiple_of(2).then(|| WORDS[3].to_owned())),
                examples: None,
                verification_rules: None,
            },
            EntryKind::Knowledge => BodyPatch::Knowledge {
                content,
                confidence: detail.is_multiple_of(3).then_some(0.5),
                source: None,
                valid_from_ms: None,
                valid_until_ms: detail
                    .is_multiple_of(7)
                    .then_some(detail.is_multiple_of(2).then_some(FAR_AHEAD_MS)),
                invalidated_by: detail.is_multiple_of(5).then(|| detail.is_multiple_of(2).then_some(id)),
            },
            EntryKind::Tool => BodyPatch::Tool {
                description: content,
                parameters: None,
                examples: None,
                constraints: detail
                    .is_multiple_of(5)
                    .then(|| detail.is_multiple_of(2).then(|| WORDS[4].to_owned())),
            },
        };
        let patch = EntryPatch {
            name: change.name.map(|name| self.name(name)),
            category: detail
                .is_multiple_of(9)
                .then(|| detail.is_multiple_of(2).then(|| category(kind, detail))),
            tags: change.tags.as_deref().map(tags),
            metadata: detail
                .is_multiple_of(11)
                .then(|| detail.is_multiple_of(2).then(|| Json("{\"c\":null}".to_owned()))),
            body,
            updated_by: detail.is_multiple_of(13).then(|| "somebody else".to_owned()),
            change_reason: detail.is_multiple_of(4).then(|| "it was not so".to_owned()),
        };
        let expected_version = match change.expected {
            Expected::Any => None,
            Expected::Current => model.version(id),
            Expected::Other(other) => Some(other.into()),
        };
        UpdateEntry { id, expected_version, patch }
    }

    fn create_org(&self, name: u8) -> Request {
        Request::CreateOrg(CreateOrg { id: Some(new_id()), name: self.name(name), metadata: None })
    }

    fn entry(&self, pick: Pick) -> (EntryKind, Id) {
        picked(&self.entries, pick).copied().unwrap_or_else(|| (EntryKind::Knowledge, new_id()))
    }

    fn scope(&self, place: Where) -> ScopeRef {
        match place {
            Where::Global => ScopeRef::GLOBAL,
            Where::Org(pick) => ScopeRef::org(id(&self.orgs, pick)),
            Where::Project(pick) => ScopeRef::project(id(&self.projects, pick)),
            Where::Session(pick) => ScopeRef::session(id(&self.sessions, pick)),
        }
    }

    fn name(&self, name: u8) -> String {
        match name {
            255 => String::new(),
            254 => " \u{3000}".to_owned(),
            name => format!("{} of case {}", WORDS[usize::from(name) % WORDS.len()], self.case),
        }
    }

    fn root_path(&self, path: u8) -> String {
        // One lies below another.
        let below = ["", "/one", "/one/deeper", "/two"][usize::from(path) % 4];
        format!("/src/{}{below}", self.case)
    }

    fn file(&self, path: u8) -> String {
        match PATHS[usize::from(path) % PATHS.len()] {
            "..." => "no/absolute/path".to_owned(),
            name => format!("/src/{}/{name}", self.case),
        }
    }
}

fn add<T: PartialEq>(known: &mut Vec<T>, one: T) {
    if !known.contains(&one) {
        known.push(one);
    }
}

fn picked<T>(known: &[T], pick: Pick) -> Option<&T> {
    (pick > 0 && !known.is_empty()).then(|| &known[usize::from(pick) % known.len()])
}

fn id(known: &[Id], pick: Pick) -> Id {
    picked(known, pick).copied().unwrap_or_else(new_id)
}

fn text(words: &[u8]) -> String {
    words.iter().map(|word| WORDS[usize::from(*word) % WORDS.len()]).collect::<Vec<_>>().join(" ")
}

fn tags(tags: &[u8]) -> Vec<String> {
    tags.iter().map(|tag| TAGS[usize::from(*tag) % TAGS.len()].to_owned()).collect()
}

fn category(kind: EntryKind, number: u8) -> String {
    let all = match kind {
        EntryKind::Guideline => ["style", "testing", "git"],
        EntryKind::Knowledge => ["decision", "context", "bogus"],
        EntryKind::Tool => ["mcp", "api", "fact"],
    };
    all[usize::from(number) % all.len()].to_owned()
}

const fn other_kind(kind: EntryKind) -> EntryKind {
    match kind {
        EntryKind::Guideline => EntryKind::Tool,
        EntryKind::Knowledge => EntryKind::Guideline,
        EntryKind::Tool => EntryKind::Knowledge,
    }
}

fn filter(search: &mut Search, detail: u8) {
    let tag = || vec![TAGS[usize::from(detail) % TAGS.len()].to_owned()];
    match detail % 10 {
        0 => search.kinds = vec![EntryKind::ALL[usize::from(detail) % 3]],
        1 => search.tags.include = tag(),
        2 => search.tags.require = tag(),
        3 => search.tags.exclude = tag(),
        4 => search.category = Some(category(EntryKind::Tool, detail)),
        5 => search.priority_min = Some(detail % 101),
        6 => search.priority_max = Some(detail % 101),
        7 => search.created_by = Some(agent_name(detail % 3)),
        _ => {}
    }
}

fn get_project(
    id: Option<Id>,
    root_path: Option<String>,
    name: Option<String>,
    org_id: Option<Id>,
) -> Request {
    Request::GetProject(GetProject { id, root_path, name, org_id })
}
