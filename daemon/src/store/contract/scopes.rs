//! Organisations, projects and sessions.

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, Id, Project, ScopeRef, Session, SessionReport, SessionStatus},
    request::{GetProject, ListOrgs, ListProjects, ListSessions, UpdateProject},
    response::Quickstarted,
};

use super::fixtures::{START_MS, World, guideline};
use crate::{actors::all_at_once, store::Write};

async fn chain(world: &World, scope: ScopeRef) -> Option<Vec<ScopeRef>> {
    world.store.scopes.chain(scope).await.expect("a readable store")
}

fn by_name(name: &str, org_id: Option<Id>) -> GetProject {
    GetProject { id: None, root_path: None, name: Some(name.to_owned()), org_id }
}

pub(crate) async fn a_chain_ends_with_global(world: World) {
    assert_eq!(chain(&world, ScopeRef::GLOBAL).await, Some(vec![ScopeRef::GLOBAL]));
    let org = world.org("acme").await;
    let mut owned = world.project_named("owned");
    owned.org_id = Some(org.id);
    let owned = world.create_project(owned).await;
    let free = world.project("free").await;
    let session = world.session(Some(owned.id)).await;
    let (org_scope, project_scope) = (ScopeRef::org(org.id), ScopeRef::project(owned.id));
    let session_scope = ScopeRef::session(session.id);
    let expected = vec![session_scope, project_scope, org_scope, ScopeRef::GLOBAL];
    assert_eq!(chain(&world, session_scope).await, Some(expected));
    let free_scope = ScopeRef::project(free.id);
    assert_eq!(chain(&world, free_scope).await, Some(vec![free_scope, ScopeRef::GLOBAL]));
    let alone = ScopeRef::session(world.session(None).await.id);
    assert_eq!(chain(&world, alone).await, Some(vec![alone, ScopeRef::GLOBAL]));
    assert_eq!(chain(&world, ScopeRef::session(owned.id)).await, None, "an id of another level");
}

pub(crate) async fn organisations_have_their_own_names(world: World) {
    let acme = world.org("acme").await;
    world.org("abba").await;
    let refused = world.refusal(Write::CreateOrg(world.org_named("acme"))).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::AlreadyExists, Some("name")));
    let page = world.store.scopes.orgs(ListOrgs { limit: 1, offset: 1 }).await.unwrap();
    assert_eq!((page.orgs, page.has_more), (vec![acme.clone()], false));
    assert!(world.store.scopes.orgs(ListOrgs { limit: 1, offset: 0 }).await.unwrap().has_more);

    let mut owned = world.project_named("app");
    owned.org_id = Some(acme.id);
    world.create_project(owned.clone()).await;
    world.project("app").await;
    owned.id = world.clock.new_id();
    let refused = world.refusal(Write::CreateProject(owned)).await;
    assert_eq!(refused.code, ErrorCode::AlreadyExists, "names are unique in an organisation");
    let refused = world.refusal(Write::CreateProject(world.project_named("app"))).await;
    assert_eq!(refused.code, ErrorCode::AlreadyExists, "and among projects without one");
    let mut lost = world.project_named("lost");
    lost.org_id = Some(world.clock.new_id());
    let refused = world.refusal(Write::CreateProject(lost)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("orgId")));
}

pub(crate) async fn projects_are_found_by_directory(world: World) {
    let mut project = world.project_named("app");
    project.root_path = Some("/home/ada/app".to_owned());
    let project = world.create_project(project).await;
    let at = |path: &str| GetProject { id: None, root_path: Some(path.to_owned()), name: None, org_id: None };
    let find = async |request| world.store.scopes.project(request).await.unwrap().map(|found| found.id);
    assert_eq!(find(at("/home/ada/app")).await, Some(project.id));
    assert_eq!(find(at("/home/ada/app/src/deep")).await, Some(project.id));
    assert_eq!(find(at("/home/ada/apple")).await, None);
    assert_eq!(find(at("/home/ada")).await, None);
    let mut nested = world.project_named("nested");
    nested.root_path = Some("/home/ada/app/vendored".to_owned());
    let nested = world.create_project(nested).await;
    assert_eq!(find(at("/home/ada/app/vendored/x")).await, Some(nested.id), "the nearest");
    assert_eq!(world.store.scopes.project(by_name("app", None)).await.unwrap(), Some(project.clone()));
    let by_id = GetProject { id: Some(project.id), root_path: None, name: None, org_id: None };
    assert_eq!(world.store.scopes.project(by_id).await.unwrap(), Some(project.clone()));
    let mut same = world.project_named("same directory");
    same.root_path = project.root_path;
    let refused = world.refusal(Write::CreateProject(same)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::AlreadyExists, Some("rootPath")));
}

pub(crate) async fn a_name_that_fits_several_is_a_conflict(world: World) {
    let org = world.org("acme").await;
    let mut owned = world.project_named("app");
    owned.org_id = Some(org.id);
    let owned = world.create_project(owned).await;
    let free = world.project("app").await;
    let refused = world.store.scopes.project(by_name("app", None)).await.unwrap_err();
    let body = agent_memory_proto::ErrorBody::from(refused);
    assert_eq!(body.code, ErrorCode::Conflict);
    let candidates = body.allowed.unwrap();
    assert!(candidates.contains(&owned.id.to_string()) && candidates.contains(&free.id.to_string()));
    let found = world.store.scopes.project(by_name("app", Some(org.id))).await.unwrap();
    assert_eq!(found.map(|project| project.id), Some(owned.id));
    let all = ListProjects { org_id: None, limit: 10, offset: 0 };
    assert_eq!(world.store.scopes.projects(all.clone()).await.unwrap().projects.len(), 2);
    let of_org = ListProjects { org_id: Some(org.id), ..all };
    assert_eq!(world.store.scopes.projects(of_org).await.unwrap().projects, [owned]);
}

pub(crate) async fn a_project_moves(world: World) {
    let org = world.org("acme").await;
    let project = world.project("app").await;
    let session = world.session(Some(project.id)).await;
    let nothing = UpdateProject {
        id: project.id,
        name: None,
        org_id: None,
        description: None,
        root_path: None,
        metadata: None,
    };
    let moving =
        UpdateProject { org_id: Some(Some(org.id)), name: Some("application".to_owned()), ..nothing.clone() };
    world.changes.lock().unwrap().clear();
    let Ok(Response::Project(moved)) = world.write(Write::UpdateProject(moving)).await else { panic!() };
    assert_eq!((moved.org_id, moved.name.as_str()), (Some(org.id), "application"));
    assert!(world.changes.lock().unwrap().iter().any(|change| change.scope_tree));
    let below = chain(&world, ScopeRef::session(session.id)).await.unwrap();
    assert_eq!(below[2], ScopeRef::org(org.id), "its sessions move along");
    let back = UpdateProject { org_id: Some(None), ..nothing.clone() };
    world.write(Write::UpdateProject(back)).await.unwrap();
    assert_eq!(chain(&world, ScopeRef::session(session.id)).await.unwrap().len(), 3);
    let unknown = UpdateProject { id: world.clock.new_id(), ..nothing };
    assert_eq!(world.refusal(Write::UpdateProject(unknown)).await.code, ErrorCode::NotFound);
}

pub(crate) async fn a_deleted_project_takes_everything_along(world: World) {
    let (project, kept) = (world.project("app").await, world.project("kept").await);
    let session = world.session(Some(project.id)).await;
    let mut ids = Vec::new();
    for scope in [ScopeRef::project(project.id), ScopeRef::session(session.id), ScopeRef::project(kept.id)] {
        let mut draft = guideline(scope, "rule", 1);
        draft.tags = vec!["tagged".to_owned()];
        ids.push(world.add(draft).await.id);
    }
    let deleted = world.write(Write::DeleteProject(project.id)).await;
    assert_eq!(deleted, Ok(Response::Done));
    assert_eq!(world.get(EntryKind::Guideline, ids[0]).await, None);
    assert_eq!(world.get(EntryKind::Guideline, ids[1]).await, None);
    assert!(world.get(EntryKind::Guideline, ids[2]).await.is_some());
    assert_eq!(chain(&world, ScopeRef::project(project.id)).await, None);
    assert_eq!(world.store.scopes.session(session.id).await.unwrap(), None);
    assert_eq!(world.refusal(Write::DeleteProject(project.id)).await.code, ErrorCode::NotFound);
    world.project("app").await;
}

pub(crate) async fn sessions_end_and_are_taken_up_again(world: World) {
    let project = world.project("app").await;
    let session = world.session(Some(project.id)).await;
    assert_eq!(world.store.scopes.session(session.id).await.unwrap(), Some(session.clone()));
    let end =
        async |status| match world.write(Write::EndSession { id: session.id, status, summary: None }).await {
            Ok(Response::Session(session)) => (session.status, session.ended_at_ms),
            other => panic!("{other:?}"),
        };
    assert_eq!(end(SessionStatus::Paused).await, (SessionStatus::Paused, None));
    assert_eq!(end(SessionStatus::Active).await, (SessionStatus::Active, None));
    let ended = (SessionStatus::Completed, Some(START_MS));
    assert_eq!(end(SessionStatus::Completed).await, ended);
    world.clock.advance(10);
    assert_eq!(end(SessionStatus::Completed).await, ended, "ending twice is no error and no change");
    let newer = world.session(Some(project.id)).await;
    world.session(None).await;
    let list = ListSessions { project_id: Some(project.id), status: None, limit: 10, offset: 0 };
    let page = world.store.scopes.sessions(list.clone()).await.unwrap();
    let ids: Vec<Id> = page.sessions.iter().map(|report| report.session.id).collect();
    assert_eq!(ids, [newer.id, session.id], "latest start first");
    let active = ListSessions { status: Some(SessionStatus::Active), ..list.clone() };
    let active = world.store.scopes.sessions(active).await.unwrap().sessions;
    assert_eq!(active, [SessionReport { session: newer, summary: None }]);
    let all = ListSessions { project_id: None, limit: 2, ..list };
    assert!(world.store.scopes.sessions(all).await.unwrap().has_more);
    let unknown = Write::EndSession { id: project.id, status: SessionStatus::Paused, summary: None };
    assert_eq!(world.refusal(unknown).await.code, ErrorCode::NotFound);
    let lost = Write::StartSession(world.session_of(Some(world.clock.new_id())));
    let refused = world.refusal(lost).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("projectId")));
}

fn binding(world: &World, project: Option<Project>, create_project: bool) -> Write {
    let session: Session = world.session_of(None);
    Write::Bind { project_id: None, project, create_project, session }
}

async fn bind(world: &World, write: Write) -> Quickstarted {
    match world.write(write).await {
        Ok(Response::Quickstarted(bound)) => *bound,
        other => panic!("not bound: {other:?}"),
    }
}

fn directory(world: &World, path: &str) -> Option<Project> {
    let mut project = world.project_named("app");
    project.root_path = Some(path.to_owned());
    Some(project)
}

pub(crate) async fn binding_finds_or_creates(world: World) {
    let refused = world.refusal(binding(&world, directory(&world, "/app"), false)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("rootPath")));
    let first = bind(&world, binding(&world, directory(&world, "/app"), true)).await;
    assert!(first.project_created && !first.session_resumed);
    assert_eq!(first.session.project_id, Some(first.project.id));
    let second = bind(&world, binding(&world, directory(&world, "/app"), true)).await;
    assert_eq!((second.project.id, second.session.id), (first.project.id, first.session.id));
    assert!(!second.project_created && second.session_resumed);

    let by_id = |session| Write::Bind {
        project_id: Some(first.project.id),
        project: None,
        create_project: false,
        session,
    };
    let other_agent = Session { agent_id: Some("bob".to_owned()), ..world.session_of(None) };
    let third = bind(&world, by_id(other_agent)).await;
    assert!(!third.session_resumed, "another agent has its own session");
    world
        .write(Write::EndSession { id: first.session.id, status: SessionStatus::Completed, summary: None })
        .await
        .unwrap();
    let fourth = bind(&world, by_id(world.session_of(None))).await;
    assert!(!fourth.session_resumed, "what has ended is not taken up");

    let named = bind(&world, binding(&world, Some(world.project_named("by name")), true)).await;
    let again = bind(&world, binding(&world, Some(world.project_named("by name")), false)).await;
    assert_eq!(named.project.id, again.project.id);
    let unknown = Write::Bind {
        project_id: Some(world.clock.new_id()),
        project: directory(&world, "/app"),
        create_project: true,
        session: world.session_of(None),
    };
    let refused = world.refusal(unknown).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("projectId")));
}

pub(crate) async fn binding_races_meet(world: World) {
    let writes: Vec<Write> =
        (0..20).map(|_| binding(&world, directory(&world, "/home/ada/app"), true)).collect();
    let (mut created, mut started) = (0, 0);
    let mut projects = std::collections::BTreeSet::new();
    for reply in all_at_once(writes.into_iter().map(|write| world.write(write))).await {
        let Ok(Response::Quickstarted(bound)) = reply else { panic!("not bound") };
        created += u32::from(bound.project_created);
        started += u32::from(!bound.session_resumed);
        projects.insert(bound.project.id);
    }
    assert_eq!((created, started, projects.len()), (1, 1, 1));
}

pub(crate) async fn directories_of_one_name_are_two_projects(world: World) {
    let first = bind(&world, binding(&world, directory(&world, "/home/ada/app"), true)).await;
    let second = bind(&world, binding(&world, directory(&world, "/home/bob/app"), true)).await;
    assert_eq!((first.project.name.as_str(), second.project.name.as_str()), ("app", "app (2)"));
    assert_ne!(first.project.id, second.project.id);
}
