//! Tasks: their versions and times, what they are parts of and wait for, and who gets one.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Event, Response,
    limits::TASK_DEPTH_MAX,
    model::{Id, ScopeRef, Task, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType, TaskUrgency},
    request::{ListTasks, TaskHistory, TaskPatch},
    response::{TaskAction, TaskWritten},
};

use super::fixtures::World;
use crate::{
    actors::all_at_once,
    store::{IdempotencyKey, NewTask, StoreError, TaskChange, TaskQuery, TaskWrite, Write},
};

pub(crate) fn details(title: &str) -> TaskDetails {
    TaskDetails { title: title.to_owned(), task_type: TaskType::Bug, ..TaskDetails::default() }
}

fn adding(world: &World, scope: ScopeRef, details: TaskDetails) -> Write {
    Write::Task(TaskWrite::Add(Box::new(NewTask {
        id: world.clock.new_id(),
        version_id: world.clock.new_id(),
        scope,
        details,
        created_by: Some("ada".to_owned()),
        change_reason: Some("first".to_owned()),
    })))
}

fn change(world: &World, id: Id, by: &str) -> TaskChange {
    TaskChange {
        id,
        version_id: world.clock.new_id(),
        updated_by: Some(by.to_owned()),
        change_reason: Some("because".to_owned()),
    }
}

fn updating(world: &World, id: Id, expected_version: Option<u32>, patch: TaskPatch) -> Write {
    let change = change(world, id, "bob");
    Write::Task(TaskWrite::Update { change, expected_version, patch: Box::new(patch) })
}

fn claiming(world: &World, id: Id, agent: &str) -> Write {
    Write::Task(TaskWrite::Claim { id, version_id: world.clock.new_id(), agent_id: agent.to_owned() })
}

fn blocking(world: &World, id: Id, blocker_id: Id) -> Write {
    Write::Task(TaskWrite::AddBlocker { change: change(world, id, "ada"), blocker_id })
}

fn written(reply: Result<Response, StoreError>) -> TaskWritten {
    match reply {
        Ok(Response::TaskWritten(written)) => *written,
        other => panic!("not written: {other:?}"),
    }
}

pub(crate) async fn add(world: &World, scope: ScopeRef, details: TaskDetails) -> Task {
    written(world.write(adding(world, scope, details)).await).task
}

async fn update(world: &World, id: Id, patch: TaskPatch) -> Task {
    written(world.write(updating(world, id, None, patch)).await).task
}

async fn set_status(world: &World, id: Id, status: TaskStatus) -> Task {
    update(world, id, TaskPatch { status: Some(status), ..TaskPatch::default() }).await
}

async fn get(world: &World, id: Id) -> Option<Task> {
    world.store.tasks.task(id).await.expect("a readable store")
}

async fn titles(world: &World, scopes: Option<&[ScopeRef]>, request: ListTasks) -> Vec<String> {
    let query = TaskQuery { request, scopes: scopes.map(<[ScopeRef]>::to_vec) };
    let page = world.store.tasks.tasks(query).await.expect("a readable store");
    page.tasks.into_iter().map(|task| task.details.title).collect()
}

fn field(refused: &ErrorBody) -> (ErrorCode, Option<&str>) {
    (refused.code, refused.field.as_deref())
}

pub(crate) async fn a_task_is_read_back_whole(world: World) {
    let project = ScopeRef::project(world.project("shop").await.id);
    let whole = TaskDetails {
        description: Some("It leaks\nat full thrust, größe 日本".to_owned()),
        category: Some("engine".to_owned()),
        status: TaskStatus::InProgress,
        file: Some("src/engine.rs".to_owned()),
        start_line: Some(10),
        end_line: Some(20),
        assignee: Some("ada".to_owned()),
        reporter: Some("bob".to_owned()),
        due_at_ms: Some(5),
        estimated_minutes: Some(0),
        actual_minutes: Some(10_000_000),
        tags: vec!["a".to_owned(), "tag \"2\"".to_owned()],
        metadata: Some(agent_memory_proto::model::Json(r#"{"a":1}"#.to_owned())),
        ..details("Rewrite the nozzle")
    };
    let added = add(&world, project, whole.clone()).await;
    assert_eq!(added.details, whole);
    let at_ms = world.clock.now_ms();
    assert_eq!((added.started_at_ms, added.assigned_at_ms), (Some(at_ms), Some(at_ms)));
    assert_eq!(get(&world, added.id).await, Some(added.clone()));
    let told = world.changes.lock().expect("no test panicked").last().cloned().expect("a change");
    assert!(matches!(told.event, Some(Event::TaskChanged { task_id, action: TaskAction::Added, .. })
        if task_id == added.id && told.scope == project));
    assert!(!told.touches_answers());

    let nowhere = ScopeRef::project(world.clock.new_id());
    let refused = world.refusal(adding(&world, nowhere, details("lost"))).await;
    assert_eq!(field(&refused), (ErrorCode::NotFound, Some("scopeId")));
    let lines = TaskDetails { end_line: Some(3), ..details("lines of no file") };
    assert_eq!(field(&world.refusal(adding(&world, project, lines)).await).1, Some("endLine"));
    assert_eq!(get(&world, world.clock.new_id()).await, None);
}

pub(crate) async fn every_change_of_a_task_is_a_version(world: World) {
    let task = add(&world, ScopeRef::GLOBAL, details("one")).await;
    world.clock.advance(10);
    let patch = TaskPatch {
        title: Some("two".to_owned()),
        category: Some(Some("c".to_owned())),
        ..TaskPatch::default()
    };
    let second = written(world.write(updating(&world, task.id, Some(1), patch)).await);
    assert_eq!((second.task.version, second.task.details.title.as_str()), (2, "two"));
    assert_eq!(second.task.updated_by.as_deref(), Some("bob"));
    let clear = TaskPatch { category: Some(None), ..TaskPatch::default() };
    let stale = world.refusal(updating(&world, task.id, Some(1), clear.clone())).await;
    assert_eq!(field(&stale), (ErrorCode::Conflict, Some("expectedVersion")));
    assert_eq!(update(&world, task.id, clear).await.details.category, None);
    let unknown = updating(&world, world.clock.new_id(), None, TaskPatch::default());
    assert_eq!(world.refusal(unknown).await.code, ErrorCode::NotFound);

    let hide = || Write::Task(TaskWrite::Deactivate(change(&world, task.id, "ada")));
    assert!(!written(world.write(hide()).await).task.is_active);
    assert_eq!(written(world.write(hide()).await).task.version, 4);
    assert!(titles(&world, None, ListTasks::all()).await.is_empty());
    let hidden = ListTasks { include_inactive: true, ..ListTasks::all() };
    assert_eq!(titles(&world, None, hidden).await, ["two"]);

    let page = |limit, offset| world.store.tasks.task_history(TaskHistory { id: task.id, limit, offset });
    let all = page(10, 0).await.expect("readable").expect("a task");
    let numbers: Vec<u32> = all.versions.iter().map(|version| version.number).collect();
    assert_eq!((numbers, all.current, all.has_more), (vec![4, 3, 2, 1], 4, false));
    assert_eq!((all.versions[3].title.as_str(), all.versions[0].title.as_str()), ("one", "two"));
    assert_eq!(all.versions[3].change_reason.as_deref(), Some("first"));
    let second = page(1, 2).await.expect("readable").expect("a task");
    assert_eq!((second.versions.len(), second.versions[0].number, second.has_more), (1, 2, true));
    assert!(page(1, 50).await.expect("readable").expect("a task").versions.is_empty());
    let nobody = TaskHistory { id: world.clock.new_id(), limit: 1, offset: 0 };
    assert_eq!(world.store.tasks.task_history(nobody).await, Ok(None));
}

pub(crate) async fn the_times_of_a_task_follow_its_status(world: World) {
    let task = add(&world, ScopeRef::GLOBAL, details("one")).await;
    assert_eq!((task.started_at_ms, task.resolved_at_ms), (None, None));
    world.clock.advance(1_000);
    assert_eq!(
        set_status(&world, task.id, TaskStatus::InProgress).await.started_at_ms,
        Some(world.clock.now_ms())
    );
    let started = world.clock.now_ms();
    world.clock.advance(1_000);
    let done = TaskPatch {
        status: Some(TaskStatus::Done),
        resolution: Some(Some("welded".to_owned())),
        ..TaskPatch::default()
    };
    let done = update(&world, task.id, done).await;
    let resolved = world.clock.now_ms();
    assert_eq!((done.started_at_ms, done.resolved_at_ms), (Some(started), Some(resolved)));
    world.clock.advance(1_000);
    let given_up = set_status(&world, task.id, TaskStatus::WontDo).await;
    assert_eq!(given_up.resolved_at_ms, Some(resolved));
    let reopened = set_status(&world, task.id, TaskStatus::Open).await;
    assert_eq!((reopened.resolved_at_ms, reopened.details.resolution), (None, None));
    assert_eq!(reopened.started_at_ms, Some(started));
}

pub(crate) async fn tasks_wait_for_others_and_never_in_a_circle(world: World) {
    let mut ids = Vec::new();
    for title in ["a", "b", "c"] {
        ids.push(add(&world, ScopeRef::GLOBAL, details(title)).await.id);
    }
    let [a, b, c] = ids[..] else { panic!("three") };
    let waits = written(world.write(blocking(&world, a, b)).await).task;
    assert_eq!((waits.blockers.clone(), waits.open_blockers, waits.version), (vec![b], vec![b], 2));
    assert_eq!(written(world.write(blocking(&world, a, b)).await).task.version, 2);
    written(world.write(blocking(&world, b, c)).await);
    for (id, blocker) in [(c, a), (a, a), (b, a)] {
        let refused = world.refusal(blocking(&world, id, blocker)).await;
        assert_eq!(field(&refused), (ErrorCode::Conflict, Some("blockerId")));
    }
    let refused = world.refusal(blocking(&world, c, a)).await;
    assert!(refused.message.ends_with(&format!("{c} -> {a} -> {b} -> {c}")), "{}", refused.message);
    assert_eq!(world.refusal(blocking(&world, a, world.clock.new_id())).await.code, ErrorCode::NotFound);

    let blocked = || ListTasks { only_blocked: true, ..ListTasks::all() };
    assert_eq!(titles(&world, None, blocked()).await, ["a", "b"]);
    set_status(&world, b, TaskStatus::Done).await;
    assert!(titles(&world, None, blocked()).await.is_empty(), "a done blocker blocks no more");
    assert_eq!(get(&world, a).await.expect("there").open_blockers, []);
    set_status(&world, b, TaskStatus::Open).await;
    set_status(&world, c, TaskStatus::Blocked).await;
    assert_eq!(titles(&world, None, blocked()).await, ["a", "b", "c"]);

    let unblock =
        |blocker_id| Write::Task(TaskWrite::RemoveBlocker { change: change(&world, a, "ada"), blocker_id });
    assert_eq!(written(world.write(unblock(b)).await).task.blockers, []);
    assert_eq!(world.refusal(unblock(b)).await.code, ErrorCode::NotFound);
    written(world.write(Write::Task(TaskWrite::Delete { id: c, deleted_by: None })).await);
    assert_eq!(get(&world, b).await.expect("there").blockers, [], "what is gone blocks nothing");
}

pub(crate) async fn tasks_have_parts_to_a_bounded_depth(world: World) {
    let (shop, bank) = (world.project("shop").await.id, world.project("bank").await.id);
    let (shop, bank) = (ScopeRef::project(shop), ScopeRef::project(bank));
    let session = ScopeRef::session(world.session(shop.id).await.id);
    let part = |parent: Id, title: &str| TaskDetails { parent_id: Some(parent), ..details(title) };
    let top = add(&world, shop, details("top")).await.id;
    let mut last = add(&world, session, part(top, "part 2")).await.id;
    let refused = world.refusal(adding(&world, bank, part(top, "elsewhere"))).await;
    assert_eq!(field(&refused), (ErrorCode::InvalidParameter, Some("parentTaskId")));
    let refused = world.refusal(adding(&world, shop, part(last, "wider"))).await;
    assert_eq!(refused.code, ErrorCode::InvalidParameter);
    for depth in 3..=TASK_DEPTH_MAX {
        last = add(&world, session, part(last, &format!("part {depth}"))).await.id;
    }
    let refused = world.refusal(adding(&world, session, part(last, "too deep"))).await;
    assert_eq!(field(&refused), (ErrorCode::LimitExceeded, Some("parentTaskId")));

    let below = |parent_id| TaskPatch { parent_id: Some(parent_id), ..TaskPatch::default() };
    let refused = world.refusal(updating(&world, top, None, below(Some(top)))).await;
    assert_eq!(refused.code, ErrorCode::Conflict);
    // A whole with its parts counts for as many levels as it has.
    let roof = add(&world, shop, details("roof")).await.id;
    let refused = world.refusal(updating(&world, top, None, below(Some(roof)))).await;
    assert_eq!(refused.code, ErrorCode::LimitExceeded);
    let whole = ListTasks { parent_id: Some(top), ..ListTasks::all() };
    assert_eq!(titles(&world, None, whole).await, ["part 2"]);

    let delete = |id| Write::Task(TaskWrite::Delete { id, deleted_by: None });
    assert_eq!(world.refusal(delete(top)).await.code, ErrorCode::Conflict);
    update(&world, last, below(None)).await;
    written(world.write(delete(last)).await);
    assert_eq!(get(&world, last).await, None);
    let two = add(&world, shop, part(roof, "under the roof")).await.id;
    let refused = world.refusal(updating(&world, roof, None, below(Some(two)))).await;
    assert!(refused.message.ends_with(&format!("{roof} -> {two} -> {roof}")), "{}", refused.message);
}

pub(crate) async fn a_claimed_task_has_one_owner(world: World) {
    let task = add(&world, ScopeRef::GLOBAL, details("one")).await;
    let claimed = written(world.write(claiming(&world, task.id, "ada")).await);
    assert_eq!((claimed.action, claimed.previous_status), (TaskAction::Claimed, Some(TaskStatus::Open)));
    let details_now = &claimed.task.details;
    assert_eq!((details_now.assignee.as_deref(), details_now.status), (Some("ada"), TaskStatus::InProgress));
    assert_eq!(claimed.task.assigned_at_ms, Some(world.clock.now_ms()));
    world.clock.advance(61_000);
    let refused = world.refusal(claiming(&world, task.id, "bob")).await;
    assert_eq!(field(&refused), (ErrorCode::Conflict, Some("id")));
    assert!(refused.message.contains("\"ada\"") && refused.message.contains("61 s"), "{}", refused.message);
    let kept = written(world.write(claiming(&world, task.id, "ada")).await);
    assert_eq!((kept.action, kept.task.version), (TaskAction::Kept, 2));

    let free = TaskPatch { assignee: Some(None), ..TaskPatch::default() };
    assert_eq!(update(&world, task.id, free).await.assigned_at_ms, None);
    written(world.write(claiming(&world, task.id, "bob")).await);
    set_status(&world, task.id, TaskStatus::Done).await;
    let refused = world.refusal(claiming(&world, task.id, "bob")).await;
    assert!(refused.message.contains("is done"), "{}", refused.message);

    let blocker = add(&world, ScopeRef::GLOBAL, details("before")).await.id;
    let waiting = add(&world, ScopeRef::GLOBAL, details("after")).await.id;
    written(world.write(blocking(&world, waiting, blocker)).await);
    let refused = world.refusal(claiming(&world, waiting, "ada")).await;
    assert!(refused.message.contains(&blocker.to_string()), "{}", refused.message);
    set_status(&world, blocker, TaskStatus::WontDo).await;
    written(world.write(claiming(&world, waiting, "ada")).await);
    let said = add(&world, ScopeRef::GLOBAL, details("said")).await.id;
    set_status(&world, said, TaskStatus::Blocked).await;
    assert!(world.refusal(claiming(&world, said, "ada")).await.message.contains("is blocked"));
    written(world.write(Write::Task(TaskWrite::Deactivate(change(&world, said, "ada")))).await);
    assert!(world.refusal(claiming(&world, said, "ada")).await.message.contains("deactivated"));
}

pub(crate) async fn of_many_claims_at_once_one_gets_the_task(world: World) {
    let task = add(&world, ScopeRef::GLOBAL, details("one")).await.id;
    let agents: Vec<String> = (0..16).map(|number| format!("agent {number}")).collect();
    let writes = agents.iter().map(|agent| world.write(claiming(&world, task, agent)));
    let outcomes = all_at_once(writes).await;
    let won: Vec<TaskWritten> =
        outcomes.iter().filter(|outcome| outcome.is_ok()).map(|won| written(won.clone())).collect();
    assert_eq!(won.len(), 1);
    let owner = won[0].task.details.assignee.clone().expect("an owner");
    for outcome in outcomes {
        match outcome {
            Ok(_) => {}
            Err(StoreError::Refused(body)) => assert!(body.message.contains(&owner), "{}", body.message),
            Err(other) => panic!("{other}"),
        }
    }
}

pub(crate) async fn a_claim_under_a_key_is_applied_once(world: World) {
    let task = add(&world, ScopeRef::GLOBAL, details("one")).await.id;
    let key = Some(IdempotencyKey { key: world.clock.new_id(), fingerprint: 7 });
    let write = claiming(&world, task, "ada");
    let first = world.write_keyed(write.clone(), key).await.expect("claimed");
    let again = world.write_keyed(write, key).await.expect("claimed");
    assert_eq!((first.reply, first.replayed), (again.reply.clone(), false));
    assert!(again.replayed && written(Ok(again.reply)).action == TaskAction::Claimed);
}

pub(crate) async fn tasks_are_listed_by_what_presses(world: World) {
    let project = world.project("shop").await.id;
    let (shop, session) =
        (ScopeRef::project(project), ScopeRef::session(world.session(Some(project)).await.id));
    let with = |title: &str, severity, urgency| TaskDetails { severity, urgency, ..details(title) };
    use {TaskSeverity as Severity, TaskUrgency as Urgency};
    for (scope, details) in [
        (ScopeRef::GLOBAL, with("fourth", Severity::Low, Urgency::Immediate)),
        (shop, with("second", Severity::High, Urgency::Normal)),
        (shop, with("third", Severity::High, Urgency::Normal)),
        (session, with("first", Severity::High, Urgency::Soon)),
    ] {
        world.clock.advance(1);
        add(&world, scope, details).await;
    }
    let chain = [session, shop, ScopeRef::GLOBAL];
    assert_eq!(titles(&world, Some(&chain), ListTasks::all()).await, ["first", "second", "third", "fourth"]);
    assert_eq!(titles(&world, Some(&[shop]), ListTasks::all()).await, ["second", "third"]);
    assert_eq!(titles(&world, Some(&[]), ListTasks::all()).await, Vec::<String>::new());
    let mut pages = Vec::new();
    for offset in 0..4 {
        let page = ListTasks { limit: 1, offset, ..ListTasks::all() };
        pages.extend(titles(&world, None, page).await);
    }
    assert_eq!(pages, ["first", "second", "third", "fourth"]);

    let narrowed =
        ListTasks { severity: Some(Severity::High), urgency: Some(Urgency::Normal), ..ListTasks::all() };
    assert_eq!(titles(&world, Some(&chain), narrowed).await, ["second", "third"]);
    let mine = TaskDetails {
        assignee: Some("o'brien".to_owned()),
        category: Some("ui".to_owned()),
        task_type: TaskType::Question,
        domain: TaskDomain::Physical,
        status: TaskStatus::Review,
        ..details("mine")
    };
    add(&world, shop, mine).await;
    for narrowed in [
        ListTasks { assignee: Some("o'brien".to_owned()), ..ListTasks::all() },
        ListTasks {
            category: Some("ui".to_owned()),
            assignee: Some("o'brien".to_owned()),
            ..ListTasks::all()
        },
        ListTasks { task_type: Some(TaskType::Question), ..ListTasks::all() },
        ListTasks { domain: Some(TaskDomain::Physical), ..ListTasks::all() },
        ListTasks { statuses: vec![TaskStatus::Done, TaskStatus::Review], ..ListTasks::all() },
    ] {
        assert_eq!(titles(&world, Some(&[shop]), narrowed.clone()).await, ["mine"], "{narrowed:?}");
    }
    let nobody = ListTasks { assignee: Some("nobody".to_owned()), ..ListTasks::all() };
    assert!(titles(&world, None, nobody).await.is_empty());
}

pub(crate) async fn a_deleted_project_takes_its_tasks_along(world: World) {
    let project = world.project("shop").await.id;
    let session = ScopeRef::session(world.session(Some(project)).await.id);
    let top = add(&world, ScopeRef::project(project), details("top")).await.id;
    let part = add(&world, session, TaskDetails { parent_id: Some(top), ..details("part") }).await.id;
    let other = add(&world, ScopeRef::GLOBAL, details("other")).await.id;
    written(world.write(blocking(&world, other, part)).await);
    world.write(Write::DeleteProject(project)).await.expect("deleted");
    assert_eq!((get(&world, top).await, get(&world, part).await), (None, None));
    assert_eq!(get(&world, other).await.expect("stays").blockers, []);
}
