//! Random tags, tasks and relations between what is there: tasks are parts of and wait for tasks before them,
//! relations lead anywhere and back.

use std::collections::BTreeSet;

use agent_memory_proto::model::{
    EntryKind, Id, Node, PortableEntry, PortableExtra, PortableScope, PortableTask, Relation, RelationKind,
    ScopeRef, Tag, TagCategory, Task, TaskDetails, TaskDomain, TaskSeverity, TaskStatus, TaskType,
    TaskUrgency, TaskVersion,
};
use proptest::{
    collection::vec,
    option,
    prelude::{Strategy, any},
    sample::select,
};

use super::{id, name, object, text, time, unique};

/// Extras whose ends are numbers yet.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    tags: Vec<Tag>,
    tasks: Vec<(PortableTask, [u8; 3])>,
    relations: Vec<(Relation, [u8; 2])>,
}

pub(super) fn drawn(most: usize) -> impl Strategy<Value = Drawn> {
    (
        vec(tag(), 0..=most),
        vec((task(), any::<[u8; 3]>()), 0..=most),
        vec((relation(), any::<[u8; 2]>()), 0..=most),
    )
        .prop_map(|(tags, tasks, relations)| Drawn { tags, tasks, relations })
}

pub(super) fn joined(
    drawn: Drawn,
    scopes: &[PortableScope],
    entries: &[PortableEntry],
) -> Vec<PortableExtra> {
    let mut extras = Vec::new();
    for (index, tag) in drawn.tags.into_iter().enumerate() {
        let name = format!("{}{index}", tag.name);
        extras.push(PortableExtra::Tag(Tag { id: unique(tag.id, 6, index), name, ..tag }));
    }
    let mut tasks: Vec<Task> = Vec::new();
    for (index, (mut carried, [scope, parent, blocker])) in drawn.tasks.into_iter().enumerate() {
        let task = &mut carried.task;
        task.id = unique(task.id, 7, index);
        task.scope = match usize::from(scope) % (scopes.len() + 1) {
            0 => ScopeRef::GLOBAL,
            place => scopes[place - 1].scope(),
        };
        let before = |number: u8| tasks.get(usize::from(number) % (2 * tasks.len() + 1));
        // Parents have none themselves: that is never too deep.
        let parent = before(parent).filter(|of| of.scope == task.scope && of.details.parent_id.is_none());
        task.details.parent_id = parent.map(|parent| parent.id);
        task.blockers = before(blocker).map(|blocker| blocker.id).into_iter().collect();
        tasks.push(task.clone());
        extras.push(PortableExtra::Task(Box::new(carried)));
    }
    let projects = scopes.iter().filter_map(|scope| match scope {
        PortableScope::Project(project) => Some(Node::project(project.id)),
        PortableScope::Org(_) | PortableScope::Session(_) => None,
    });
    let of_entry = |entry: &PortableEntry| Some(Node::entry(entry.kind()?, entry.id?));
    let nodes: Vec<Node> = projects.chain(entries.iter().filter_map(of_entry)).collect();
    let mut seen = BTreeSet::new();
    for (index, (relation, [from, to])) in drawn.relations.into_iter().enumerate() {
        let node = |number: u8| nodes.get(usize::from(number) % nodes.len().max(1)).copied();
        let (Some(source), Some(target)) = (node(from), node(to)) else { break };
        if seen.insert((source, target, relation.kind)) {
            let id = unique(relation.id, 8, index);
            extras.push(PortableExtra::Relation(Relation { id, source, target, ..relation }));
        }
    }
    extras
}

fn tag() -> impl Strategy<Value = Tag> {
    (id(), name(), select(TagCategory::ALL.to_vec()), option::of(text()), any::<bool>(), time()).prop_map(
        |(id, name, category, description, is_predefined, created_at_ms)| Tag {
            id,
            name,
            category,
            description,
            is_predefined,
            created_at_ms,
        },
    )
}

fn relation() -> impl Strategy<Value = Relation> {
    let nobody = Node::entry(EntryKind::Tool, Id([0; 16]));
    (id(), select(RelationKind::ALL.to_vec()), object(), time(), option::of(name())).prop_map(
        move |(id, kind, metadata, created_at_ms, created_by)| Relation {
            id,
            source: nobody,
            target: nobody,
            kind,
            metadata,
            created_at_ms,
            created_by,
        },
    )
}

fn task() -> impl Strategy<Value = PortableTask> {
    let stamps = (time(), option::of(time()), option::of(time()), option::of(time()), time());
    let authors = (option::of(name()), option::of(name()), option::of(text()));
    (id(), id(), details(), stamps, authors, any::<bool>(), vec((version(), 1..20_u32), 0..3)).prop_map(
        |(id, version_id, details, stamps, (created_by, updated_by, change_reason), is_active, drawn)| {
            let mut number = 0;
            let mut earlier = Vec::new();
            for (version, step) in drawn {
                number += step;
                earlier.push(TaskVersion { number, ..version });
            }
            let task = Task {
                id,
                scope: ScopeRef::GLOBAL,
                details,
                blockers: Vec::new(),
                open_blockers: Vec::new(),
                assigned_at_ms: stamps.1,
                started_at_ms: stamps.2,
                resolved_at_ms: stamps.3,
                is_active,
                created_at_ms: stamps.0,
                created_by,
                updated_by,
                updated_at_ms: stamps.4,
                version: number + 1,
                version_id,
                change_reason,
            };
            PortableTask { task, earlier }
        },
    )
}

fn details() -> impl Strategy<Value = TaskDetails> {
    let words = (
        select(TaskType::ALL.to_vec()),
        select(TaskDomain::ALL.to_vec()),
        select(TaskSeverity::ALL.to_vec()),
        select(TaskUrgency::ALL.to_vec()),
        select(TaskStatus::ALL.to_vec()),
    );
    let names = (option::of(name()), option::of(name()), option::of(name()), vec(name(), 0..3));
    let lines = option::of((name(), 1..1_000_u32, 0..1_000_u32));
    let numbers =
        (option::of(0..253_402_207_200_000_i64), option::of(0..10_000_u32), option::of(0..10_000_u32));
    (name(), (option::of(text()), option::of(text())), words, names, lines, numbers, object()).prop_map(
        |(
            title,
            (description, resolution),
            words,
            (category, assignee, reporter, mut tags),
            lines,
            numbers,
            metadata,
        )| {
            tags.sort_unstable();
            tags.dedup();
            TaskDetails {
                title,
                description,
                task_type: words.0,
                domain: words.1,
                severity: words.2,
                urgency: words.3,
                category,
                status: words.4,
                resolution,
                start_line: lines.as_ref().map(|(_, first, _)| *first),
                end_line: lines.as_ref().map(|(_, first, more)| first + more),
                file: lines.map(|(file, ..)| file),
                assignee,
                reporter,
                parent_id: None,
                due_at_ms: numbers.0,
                estimated_minutes: numbers.1,
                actual_minutes: numbers.2,
                tags,
                metadata,
            }
        },
    )
}

fn version() -> impl Strategy<Value = TaskVersion> {
    let texts = (name(), option::of(text()), option::of(text()), option::of(text()));
    let who = (option::of(name()), option::of(name()));
    (id(), time(), texts, who, select(TaskStatus::ALL.to_vec())).prop_map(
        |(
            id,
            created_at_ms,
            (title, description, resolution, change_reason),
            (created_by, assignee),
            status,
        )| {
            TaskVersion {
                id,
                number: 0,
                created_at_ms,
                created_by,
                change_reason,
                title,
                description,
                status,
                resolution,
                assignee,
            }
        },
    )
}
