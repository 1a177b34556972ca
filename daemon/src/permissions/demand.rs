//! What each request demands of whoever asks. Every request has its line here: one without does not compile.

use agent_memory_proto::{
    Request, limits,
    model::{EntryKind, Id, PermissionLevel, ScopeRef},
    request::{
        CheckoutFile, EntrySelector, GetProject, PermissionTarget, Quickstart, Remember, UpdateProject,
    },
};

use crate::remember::infer;

/// Something in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) scope: ScopeRef,
    /// Entries of which kind; `None` for what is no entry.
    pub(super) kind: Option<EntryKind>,
    pub(super) level: PermissionLevel,
}

/// What a request demands.
#[derive(Debug)]
pub(super) enum Demand {
    /// Nothing: it says nothing of what is stored.
    Nothing,
    /// Nothing to ask; what may not be read is left out of the answer by the handler.
    LeftOut,
    /// A level in each of these places.
    Places(Vec<Place>),
    /// A level with each of these entries, wherever they are.
    Entries { entries: Vec<(EntryKind, Id)>, level: PermissionLevel },
    /// Reading the entries of a scope, and of those above it where it inherits; without a scope, of all.
    Reading { scope: Option<ScopeRef>, kinds: Vec<EntryKind>, inherit: bool },
    /// A level with each of these tasks, wherever they are.
    Tasks { ids: Vec<Id>, level: PermissionLevel },
    /// A level with the entry of a conflict.
    Conflict { id: Id, level: PermissionLevel },
    /// Writing everywhere: what is handed over may be of any scope, and may create some. Not of whoever shows
    /// the admin key.
    BeginningImport(Option<String>),
    /// The same, unless it was begun with the key.
    GoingOnWithImport(Id),
    /// The same. Of an import that is not under way the store may have the answer, for whoever has its key of
    /// idempotency: the handler demands it when it has none.
    FinishingImport(Id),
    /// A level everywhere.
    Everywhere(PermissionLevel),
    /// A level everywhere, with what is no entry.
    EverywhereWhatIsNoEntry(PermissionLevel),
    /// A level with the lock of a file.
    Lock { path: String, level: PermissionLevel },
    /// Reading a project that is found by what it is called.
    Project(Box<GetProject>),
    /// Writing in the project that is found, or creating it.
    Binding(Box<Quickstart>),
    /// Writing at a place, and what is superseded there or elsewhere.
    Succeeding { place: Place, supersedes: Vec<Id> },
    /// Writing entries of every kind in a session and in its project.
    Promoting(Id),
    /// Administering the scope of a permission.
    Permission(Id),
}

use PermissionLevel::{Admin, Read, Write};

/// The kind of a request is decided here, and nowhere else.
#[allow(clippy::too_many_lines, reason = "a line for each variant")]
pub(super) fn demand(request: &Request) -> Demand {
    match request {
        // A subscription is answered by the connection, which passes on only what may be read.
        Request::Echo(_)
        | Request::Health
        | Request::Config
        | Request::Subscribe
        | Request::HandOver(_)
        | Request::ClusterStatus
        | Request::Authenticate(_) => Demand::Nothing,
        // Of everything that is stored, whoever it belongs to.
        Request::CreateBackup(_)
        | Request::ListBackups
        | Request::VerifyBackup(_)
        | Request::RestoreBackup(_)
        | Request::CleanupBackups(_)
        | Request::ReadAudit(_)
        | Request::RegisterAgent(_)
        | Request::RevokeAgent(_)
        | Request::ListAgents(_)
        | Request::Stop
        | Request::MeasureFloor(_)
        | Request::EchoStored(_) => place(ScopeRef::GLOBAL, None, Admin),
        Request::AddEntry(add) => place(add.draft.scope, Some(add.draft.body.kind()), Write),
        Request::UpdateEntry(update) => entry(update.patch.body.kind(), update.id, Write),
        Request::GetEntry(get) => match &get.selector {
            EntrySelector::Id(id) => entry(get.kind, *id, Read),
            EntrySelector::Name { scope, inherit, .. } => reading(Some(*scope), vec![get.kind], *inherit),
        },
        Request::ListEntries(list) => reading(list.scope, vec![list.kind], list.inherit),
        Request::EntryHistory(history) => entry(history.kind, history.id, Read),
        Request::DeactivateEntry(hide) => entry(hide.kind, hide.id, Write),
        Request::DeleteEntry(delete) => entry(delete.kind, delete.id, Admin),
        Request::BulkAddEntries(bulk) => Demand::Places(
            bulk.entries
                .iter()
                .map(|add| Place { scope: add.draft.scope, kind: Some(add.draft.body.kind()), level: Write })
                .collect(),
        ),
        Request::BulkUpdateEntries(bulk) => Demand::Entries {
            entries: bulk.updates.iter().map(|update| (update.patch.body.kind(), update.id)).collect(),
            level: Write,
        },
        Request::BulkDeleteEntries(bulk) => {
            Demand::Entries { entries: bulk.ids.iter().map(|id| (bulk.kind, *id)).collect(), level: Admin }
        }
        Request::CreateOrg(_) => place(ScopeRef::GLOBAL, None, Write),
        Request::ListOrgs(_) => Demand::LeftOut,
        Request::CreateProject(create) => place(org_or_global(create.org_id), None, Write),
        Request::UpdateProject(update) => Demand::Places(update_of_project(update)),
        Request::GetProject(get) => match get.id {
            Some(id) => place(ScopeRef::project(id), None, Read),
            None => Demand::Project(Box::new(get.clone())),
        },
        Request::ListProjects(list) => left_out(list.org_id.map(ScopeRef::org)),
        Request::DeleteProject(delete) => place(ScopeRef::project(delete.id), None, Admin),
        Request::StartSession(start) => place(project_or_global(start.project_id), None, Write),
        Request::EndSession(end) => place(ScopeRef::session(end.id), None, Write),
        Request::ListSessions(list) => left_out(list.project_id.map(ScopeRef::project)),
        Request::Search(search) => reading(search.scope, search.kinds.clone(), search.inherit),
        Request::GetContext(context) => reading(Some(context.scope), context.kinds.clone(), context.inherit),
        Request::Remember(remember) => place(remember.scope, Some(kind_of(remember)), Write),
        Request::AddEntryInstead(new) => {
            let draft = &new.add.draft;
            succeeding(draft.scope, draft.body.kind(), &new.supersedes)
        }
        Request::RememberInstead(new) => {
            succeeding(new.remember.scope, kind_of(&new.remember), &new.supersedes)
        }
        Request::Consolidate(consolidate) => {
            tidying(consolidate.scope, &consolidate.kinds, consolidate.changes_entries())
        }
        Request::Forget(forget) => tidying(forget.scope, &forget.kinds, !forget.dry_run),
        Request::Quickstart(quickstart) => Demand::Binding(Box::new(quickstart.clone())),
        Request::ExportExtras(export) => reading(export.page.scope, export.page.kinds.clone(), false),
        Request::ExportPage(export) => reading(export.scope, export.kinds.clone(), false),
        Request::BeginImport(begin) => Demand::BeginningImport(begin.admin_key.clone()),
        Request::StageImport(stage) => Demand::GoingOnWithImport(stage.import_id),
        Request::StageExtras(stage) => Demand::GoingOnWithImport(stage.import_id),
        Request::EndImport(end) => Demand::GoingOnWithImport(end.import_id),
        Request::FinishImport(finish) => Demand::FinishingImport(finish.import_id),
        Request::CheckoutFile(checkout) => Demand::Places(checkout_of_file(checkout)),
        Request::CheckinFile(checkin) => Demand::Lock { path: checkin.path.clone(), level: Write },
        Request::GetFileLock(get) => Demand::Lock { path: get.path.clone(), level: Read },
        Request::ListFileLocks(list) => left_out(list.project_id.map(ScopeRef::project)),
        Request::ForceUnlockFile(unlock) => Demand::Lock { path: unlock.path.clone(), level: Admin },
        Request::GrantPermission(grant) => place(grant.scope, None, Admin),
        Request::RevokePermission(revoke) => match &revoke.target {
            PermissionTarget::Id(id) => Demand::Permission(*id),
            PermissionTarget::Level { scope, .. } => place(*scope, None, Admin),
        },
        Request::AddTask(add) => place(add.scope, None, Write),
        Request::UpdateTask(update) => task(update.id, Write),
        Request::GetTask(get) => task(get.id, Read),
        Request::ListTasks(list) => match list.scope {
            Some(scope) => place(scope, None, Read),
            None => Demand::EverywhereWhatIsNoEntry(Read),
        },
        Request::TaskHistory(history) => task(history.id, Read),
        Request::DeactivateTask(hide) => task(hide.id, Write),
        Request::DeleteTask(delete) => task(delete.id, Admin),
        Request::AddTaskBlocker(add) => Demand::Tasks { ids: vec![add.id, add.blocker_id], level: Write },
        Request::RemoveTaskBlocker(remove) => task(remove.id, Write),
        Request::ClaimTask(claim) => task(claim.id, Write),
        Request::ListConflicts(_) => Demand::LeftOut,
        Request::GetConflict(get) => Demand::Conflict { id: get.id, level: Read },
        Request::ResolveConflict(resolve) => Demand::Conflict { id: resolve.id, level: Write },
        Request::PromoteSession(promote) => Demand::Promoting(promote.id),
        Request::FinishSession(finish) => place(ScopeRef::session(finish.id), None, Write),
        // Relations lead anywhere, and what is known of tags counts the entries of every scope.
        Request::ListRelations(_) | Request::SearchRelated(_) | Request::ListTags(_) => {
            Demand::Everywhere(Read)
        }
        Request::CreateRelation(_) | Request::DeleteRelation(_) => Demand::Everywhere(Write),
        Request::CreateTag(_) => place(ScopeRef::GLOBAL, None, Write),
        Request::AttachTag(tag) | Request::DetachTag(tag) => entry(tag.kind, tag.id, Write),
        Request::TagsOfEntry(tags) => entry(tags.kind, tags.id, Read),
        // Of itself an agent may know; of others the handler asks for more.
        Request::CheckPermission(_) | Request::ListPermissions(_) => Demand::LeftOut,
    }
}

fn place(scope: ScopeRef, kind: Option<EntryKind>, level: PermissionLevel) -> Demand {
    Demand::Places(vec![Place { scope, kind, level }])
}

fn entry(kind: EntryKind, id: Id, level: PermissionLevel) -> Demand {
    Demand::Entries { entries: vec![(kind, id)], level }
}

fn task(id: Id, level: PermissionLevel) -> Demand {
    Demand::Tasks { ids: vec![id], level }
}

const fn reading(scope: Option<ScopeRef>, kinds: Vec<EntryKind>, inherit: bool) -> Demand {
    Demand::Reading { scope, kinds, inherit }
}

fn succeeding(scope: ScopeRef, kind: EntryKind, supersedes: &[Id]) -> Demand {
    let place = Place { scope, kind: Some(kind), level: Write };
    Demand::Succeeding { place, supersedes: supersedes.to_vec() }
}

/// Entries of some kinds, or of all when none is named, are looked at, or changed.
fn tidying(scope: ScopeRef, kinds: &[EntryKind], changes: bool) -> Demand {
    if !changes {
        return reading(Some(scope), kinds.to_vec(), false);
    }
    let kinds = EntryKind::ALL.into_iter().filter(|kind| kinds.is_empty() || kinds.contains(kind));
    Demand::Places(kinds.map(|kind| Place { scope, kind: Some(kind), level: Write }).collect())
}

/// A list of what is in a scope, which must be readable itself.
fn left_out(scope: Option<ScopeRef>) -> Demand {
    scope.map_or(Demand::LeftOut, |scope| place(scope, None, Read))
}

/// What the text becomes; one that is too long is refused whatever it is.
fn kind_of(remember: &Remember) -> EntryKind {
    if remember.text.len() > 4 * limits::REMEMBER_CHARS_MAX {
        return EntryKind::Knowledge;
    }
    infer(&remember.text, remember.force_kind).kind
}

fn org_or_global(org: Option<Id>) -> ScopeRef {
    org.map_or(ScopeRef::GLOBAL, ScopeRef::org)
}

fn project_or_global(project: Option<Id>) -> ScopeRef {
    project.map_or(ScopeRef::GLOBAL, ScopeRef::project)
}

/// A project that moves inherits from elsewhere what may be done with it: that is for its admins.
fn update_of_project(update: &UpdateProject) -> Vec<Place> {
    let project = ScopeRef::project(update.id);
    match update.org_id {
        None => vec![Place { scope: project, kind: None, level: Write }],
        Some(org) => vec![
            Place { scope: project, kind: None, level: Admin },
            Place { scope: org_or_global(org), kind: None, level: Write },
        ],
    }
}

/// A lock belongs to a project, to a session, to both, or to nothing narrower than everything.
fn checkout_of_file(checkout: &CheckoutFile) -> Vec<Place> {
    let project = checkout.project_id.map(ScopeRef::project);
    let session = checkout.session_id.map(ScopeRef::session);
    let mut scopes: Vec<ScopeRef> = project.into_iter().chain(session).collect();
    if scopes.is_empty() {
        scopes.push(ScopeRef::GLOBAL);
    }
    scopes.into_iter().map(|scope| Place { scope, kind: None, level: Write }).collect()
}
