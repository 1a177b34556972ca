//! The check of every request before its handler: what it demands is held against what the agent may do. What
//! is demanded of scopes, entries, projects and locks is looked up only for agents who may do different things
//! in different scopes.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request,
    model::{EntryKind, Id, PermissionLevel, Project, ScopeRef},
    request::{GetProject, Quickstart},
};
use futures_util::future::try_join_all;

use super::{
    demand::{Demand, Place, demand},
    refusal,
};
use crate::{
    handlers::{Call, checks, lock_path},
    store::StoreError,
};

use PermissionLevel::{Read, Write};

/// Refuses a request that the agent may not make. A request for several kinds of entries is narrowed to those
/// that it may read, and one that names a project by its name or directory to the project that was found.
///
/// # Errors
/// `PermissionDenied`, and what the store says.
pub(crate) async fn authorise(call: &Call, request: &mut Request) -> Result<(), ErrorBody> {
    if call.rights.does_everything() {
        return Ok(());
    }
    match demand(request) {
        Demand::Nothing | Demand::LeftOut => Ok(()),
        Demand::Places(places) => check_places(call, &places).await,
        Demand::Entries { entries, level } => check_entries(call, &entries, level).await,
        Demand::Reading { scope, kinds, inherit } => {
            let kinds = readable_kinds(call, scope, &kinds, inherit).await?;
            narrow(request, kinds);
            Ok(())
        }
        Demand::Tasks { ids, level } => check_tasks(call, &ids, level).await,
        Demand::Conflict { id, level } => check_conflict(call, id, level).await,
        Demand::BeginningImport(key) => match may_import(call) {
            // The handler looks at the key of whoever may without one.
            Err(_) if call.shows_admin_key(key.as_deref()).await? => Ok(()),
            may => may,
        },
        Demand::GoingOnWithImport(import) => check_import(call, import, false),
        Demand::FinishingImport(import) => check_import(call, import, true),
        Demand::Everywhere(level) => check_everywhere(call, level),
        Demand::EverywhereWhatIsNoEntry(level) => check_everywhere_without_kind(call, level),
        Demand::Lock { path, level } => check_lock(call, &path, level).await,
        Demand::Project(wanted) => check_project(call, *wanted, request).await,
        Demand::Binding(wanted) => check_binding(call, &wanted, request).await,
        Demand::Succeeding { place, supersedes } => check_succeeding(call, place, &supersedes).await,
        Demand::Promoting(id) => check_promoting(call, id).await,
        Demand::Permission(id) => check_permission(call, id).await,
    }
}

/// What a request that was refused asked for, as far as it says so by itself.
pub(crate) fn asked_for(request: &Request) -> (Option<Id>, Option<ScopeRef>) {
    match demand(request) {
        Demand::Places(places) => (None, places.first().map(|place| place.scope)),
        Demand::Entries { entries, .. } => (entries.first().map(|(_, id)| *id), None),
        Demand::Tasks { ids, .. } => (ids.first().copied(), None),
        Demand::Conflict { id, .. } | Demand::Permission(id) => (Some(id), None),
        Demand::Reading { scope, .. } => (None, scope),
        Demand::Promoting(id) => (None, Some(ScopeRef::session(id))),
        Demand::Succeeding { place, supersedes } => (supersedes.first().copied(), Some(place.scope)),
        Demand::Binding(wanted) => (None, wanted.project_id.map(ScopeRef::project)),
        Demand::Nothing
        | Demand::LeftOut
        | Demand::Everywhere(_)
        | Demand::EverywhereWhatIsNoEntry(_)
        | Demand::BeginningImport(_)
        | Demand::GoingOnWithImport(_)
        | Demand::FinishingImport(_)
        | Demand::Lock { .. }
        | Demand::Project(_) => (None, None),
    }
}

/// Whether a request demands nothing, so that it is answered though it is not known what the agent may do.
pub(crate) fn demands_nothing(request: &Request) -> bool {
    matches!(demand(request), Demand::Nothing)
}

/// Entries of every kind may leave the session and come into its project.
async fn check_promoting(call: &Call, id: Id) -> Result<(), ErrorBody> {
    let session = call.services.store.scopes.session(id).await?;
    let project = session.and_then(|session| session.project_id).map(ScopeRef::project);
    for scope in std::iter::once(ScopeRef::session(id)).chain(project) {
        for kind in EntryKind::ALL {
            call.demand(scope, Some(kind), Write).await?;
        }
    }
    Ok(())
}

/// What is superseded may be of any kind, anywhere.
async fn check_succeeding(call: &Call, place: Place, supersedes: &[Id]) -> Result<(), ErrorBody> {
    check_places(call, &[place]).await?;
    if supersedes.is_empty() {
        return Ok(());
    }
    checks::bulk("supersedes", supersedes.len())?;
    for id in supersedes {
        let found = async {
            for kind in EntryKind::ALL {
                if let Some(entry) = call.services.store.entries.get(kind, *id).await? {
                    return Ok(Some((entry.scope, Some(kind))));
                }
            }
            Ok(None)
        };
        check_found(call, ("entry", *id), &EntryKind::ALL.map(Some), Write, found).await?;
    }
    Ok(())
}

async fn check_places(call: &Call, places: &[Place]) -> Result<(), ErrorBody> {
    checks::bulk("entries", places.len())?;
    for Place { scope, kind, level } in places {
        call.demand(*scope, *kind, *level).await?;
    }
    Ok(())
}

async fn check_entries(
    call: &Call,
    entries: &[(EntryKind, Id)],
    level: PermissionLevel,
) -> Result<(), ErrorBody> {
    checks::bulk("ids", entries.len())?;
    try_join_all(entries.iter().map(async |(kind, id)| {
        let found = async {
            let entry = call.services.store.entries.get(*kind, *id).await?;
            Ok(entry.map(|entry| (entry.scope, Some(*kind))))
        };
        check_found(call, (kind.name(), *id), &[Some(*kind)], level, found).await
    }))
    .await
    .map(drop)
}

async fn check_tasks(call: &Call, ids: &[Id], level: PermissionLevel) -> Result<(), ErrorBody> {
    for id in ids {
        let found = async { Ok(call.services.store.tasks.task(*id).await?.map(|task| (task.scope, None))) };
        check_found(call, ("task", *id), &[None], level, found).await?;
    }
    Ok(())
}

async fn check_conflict(call: &Call, id: Id, level: PermissionLevel) -> Result<(), ErrorBody> {
    let found = async {
        let conflict = call.services.store.conflicts.conflict(id).await?;
        Ok(conflict.map(|conflict| (conflict.scope, Some(conflict.kind))))
    };
    check_found(call, ("conflict", id), &EntryKind::ALL.map(Some), level, found).await
}

/// What is not there is refused as what may not be touched is: nobody learns which of the two. `found` says
/// in which scope it is, and of which of the `kinds`; it is asked only where that matters.
async fn check_found(
    call: &Call,
    (what, id): (&str, Id),
    kinds: &[Option<EntryKind>],
    level: PermissionLevel,
    found: impl Future<Output = Result<Option<(ScopeRef, Option<EntryKind>)>, StoreError>>,
) -> Result<(), ErrorBody> {
    if kinds.iter().all(|kind| call.rights.always(*kind, level)) {
        return Ok(());
    }
    let needed = kinds.iter().map(|kind| call.rights.needed(None, *kind, level)).max().unwrap_or(level);
    let refused = || refusal::with(call.agent.as_deref(), what, id, needed);
    if kinds.iter().all(|kind| call.rights.never(*kind, level)) {
        return Err(refused());
    }
    let (scope, kind) = found.await?.ok_or_else(refused)?;
    if call.may(scope, kind, level).await? { Ok(()) } else { Err(refused()) }
}

/// The kinds of those asked for that may be read there; all of them when they are empty.
async fn readable_kinds(
    call: &Call,
    scope: Option<ScopeRef>,
    asked: &[EntryKind],
    inherit: bool,
) -> Result<Vec<EntryKind>, ErrorBody> {
    let all = EntryKind::ALL;
    let wanted = if asked.is_empty() { all.as_slice() } else { asked };
    let agent = call.agent.as_deref();
    let Some(scope) = scope else { return readable_everywhere(call, wanted) };
    if wanted.iter().all(|kind| call.rights.always(Some(*kind), Read)) {
        return Ok(wanted.to_vec());
    }
    let only = if let [only] = wanted { Some(*only) } else { None };
    let refused = || refusal::in_scope(agent, scope, only, Read);
    if wanted.iter().all(|kind| call.rights.never(Some(*kind), Read)) {
        return Err(refused());
    }
    let chain = match call.chain(scope).await {
        Ok(chain) => chain,
        Err(error) if error.code == ErrorCode::NotFound => return Err(refused()),
        Err(error) => return Err(error),
    };
    let may = |kind: EntryKind, depth: usize| call.rights.level(&chain[depth..], Some(kind)) >= Read;
    let kinds: Vec<EntryKind> = wanted.iter().copied().filter(|kind| may(*kind, 0)).collect();
    let Some(first) = kinds.first() else { return Err(refused()) };
    let depths = if inherit { 1..chain.len() } else { 1..1 };
    if depths.into_iter().any(|depth| kinds.iter().any(|kind| may(*kind, depth) != may(*first, depth))) {
        return Err(refusal::kinds_differ(agent, &kinds));
    }
    Ok(kinds)
}

/// Of everything only what may be read everywhere can be answered: pages would tell how much is left out.
fn readable_everywhere(call: &Call, wanted: &[EntryKind]) -> Result<Vec<EntryKind>, ErrorBody> {
    let rights = &call.rights;
    let only = if let [only] = wanted { Some(*only) } else { None };
    let refused = |kind: Option<EntryKind>| {
        let possible = wanted.iter().flat_map(|kind| rights.scopes_with(Some(*kind), Read));
        let mut possible: Vec<ScopeRef> = possible.collect();
        possible.sort_unstable();
        possible.dedup();
        refusal::everywhere(call.agent.as_deref(), kind, Read, &possible)
    };
    let kinds: Vec<EntryKind> =
        wanted.iter().copied().filter(|kind| !rights.never(Some(*kind), Read)).collect();
    if kinds.is_empty() {
        return Err(refused(only));
    }
    match kinds.iter().find(|kind| !rights.always(Some(**kind), Read)) {
        Some(differs) => Err(refused(Some(*differs))),
        None => Ok(kinds),
    }
}

/// Leaves out of a request the kinds that may not be read.
fn narrow(request: &mut Request, readable: Vec<EntryKind>) {
    let kinds = match request {
        Request::Search(search) => &mut search.kinds,
        Request::GetContext(context) => &mut context.kinds,
        Request::ExportPage(export) => &mut export.kinds,
        Request::ExportExtras(export) => &mut export.page.kinds,
        Request::Consolidate(consolidate) => &mut consolidate.kinds,
        Request::Forget(forget) => &mut forget.kinds,
        // Of one kind, which may be read.
        _ => return,
    };
    let is_all = EntryKind::ALL.iter().all(|kind| readable.contains(kind));
    if !(kinds.is_empty() && is_all) {
        *kinds = readable;
    }
}

/// Refuses whoever may not import without the admin key.
pub(crate) fn may_import(call: &Call) -> Result<(), ErrorBody> {
    check_everywhere(call, Write)
}

fn check_import(call: &Call, import: Id, may_have_ended: bool) -> Result<(), ErrorBody> {
    match call.services.imports.begun_with_key(import, &call.importer()) {
        Some(true) => Ok(()),
        None if may_have_ended => Ok(()),
        Some(false) | None => may_import(call),
    }
}

fn check_everywhere(call: &Call, level: PermissionLevel) -> Result<(), ErrorBody> {
    let kinds = EntryKind::ALL.into_iter().map(Some).chain([None]);
    match kinds.into_iter().find(|kind| !call.rights.always(*kind, level)) {
        None => Ok(()),
        Some(kind) => Err(refusal::everywhere(call.agent.as_deref(), kind, level, &[])),
    }
}

fn check_everywhere_without_kind(call: &Call, level: PermissionLevel) -> Result<(), ErrorBody> {
    if call.rights.always(None, level) {
        return Ok(());
    }
    let possible = call.rights.scopes_with(None, level);
    Err(refusal::everywhere(call.agent.as_deref(), None, level, &possible))
}

/// A file that nobody has locked is nobody's: the handler says so.
async fn check_lock(call: &Call, path: &str, level: PermissionLevel) -> Result<(), ErrorBody> {
    if call.rights.always(None, level) {
        return Ok(());
    }
    if call.rights.never(None, level) {
        return Err(refusal::in_scope(call.agent.as_deref(), ScopeRef::GLOBAL, None, level));
    }
    let path = lock_path::normal(path)?;
    match call.services.store.locks.file_lock(path, call.now_ms).await? {
        Some(held) => call.demand(Call::scope_of_lock(&held.lock), None, level).await,
        None => Ok(()),
    }
}

/// What is found is asked for by its id from then on: it is what was looked at.
async fn check_project(call: &Call, wanted: GetProject, request: &mut Request) -> Result<(), ErrorBody> {
    if call.rights.always(None, Read) {
        return Ok(());
    }
    let named = wanted.root_path.clone().or_else(|| wanted.name.clone()).unwrap_or_default();
    let refused = || refusal::project(call.agent.as_deref(), &named, Read);
    if call.rights.never(None, Read) {
        return Err(refused());
    }
    let Some(Project { id: project, .. }) = found_project(call, wanted, &named).await? else {
        return Err(refused());
    };
    if !call.may(ScopeRef::project(project), None, Read).await? {
        return Err(refused());
    }
    if let Request::GetProject(get) = request {
        *get = GetProject { id: Some(project), root_path: None, name: None, org_id: None };
    }
    Ok(())
}

/// The project that a name or a directory leads to. A name that fits several is refused: whose they are is not
/// told.
async fn found_project(
    call: &Call,
    mut wanted: GetProject,
    named: &str,
) -> Result<Option<Project>, ErrorBody> {
    checks::root_path(wanted.root_path.as_ref())?;
    wanted.root_path = wanted.root_path.map(checks::normal_root_path);
    match call.services.store.scopes.project(wanted).await.map_err(ErrorBody::from) {
        Err(error) if error.code == ErrorCode::Conflict => {
            Err(refusal::project(call.agent.as_deref(), named, Read))
        }
        found => found,
    }
}

/// Who binds a project writes in it, or creates one; it is bound by its id from then on.
async fn check_binding(call: &Call, wanted: &Quickstart, request: &mut Request) -> Result<(), ErrorBody> {
    if call.rights.always(None, Write) {
        return Ok(());
    }
    if let Some(id) = wanted.project_id {
        return call.demand(ScopeRef::project(id), None, Write).await;
    }
    let name = if wanted.root_path.is_some() { None } else { wanted.project_name.clone() };
    let Some(named) = wanted.root_path.as_ref().or(name.as_ref()).filter(|_| !call.rights.never(None, Write))
    else {
        return call.demand(ScopeRef::GLOBAL, None, Write).await;
    };
    let find = GetProject { id: None, root_path: wanted.root_path.clone(), name: name.clone(), org_id: None };
    let found = found_project(call, find, named).await?;
    let directory = wanted.root_path.clone().map(checks::normal_root_path);
    // A directory within that of another project becomes a project of its own, and so does a name that only a
    // project of an organisation has.
    let is_meant = |project: &Project| match &directory {
        Some(_) => project.root_path == directory,
        None => project.org_id.is_none(),
    };
    match found.filter(is_meant) {
        Some(project) => {
            call.demand(ScopeRef::project(project.id), None, Write).await?;
            if let Request::Quickstart(quickstart) = request {
                quickstart.project_id = Some(project.id);
            }
            Ok(())
        }
        None => call.demand(ScopeRef::GLOBAL, None, Write).await,
    }
}

async fn check_permission(call: &Call, id: Id) -> Result<(), ErrorBody> {
    let snapshot = call.services.permissions.current(&call.services).await?;
    let refused = || refusal::permission(call.agent.as_deref(), id);
    let row = snapshot.rows().iter().find(|row| row.id == id).ok_or_else(refused)?;
    if call.may(row.scope, None, PermissionLevel::Admin).await? { Ok(()) } else { Err(refused()) }
}
