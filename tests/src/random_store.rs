//! Random contents of a store, for property tests: scopes, entries of every kind with versions, tags, tasks and
//! relations, and texts that formats trip over. Every one of them is one that the daemon takes.

mod extras;

use agent_memory_proto::model::{
    EntryBody, EntryKind, Id, Json, Org, PortableEntry, PortableExtra, PortableScope, PortableVersion,
    Project, ScopeLevel, ScopeRef, Session, SessionStatus,
};
use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::select,
};
use serde_json::Value;

/// What formats give a meaning to.
const TRAPS: [&str; 56] = [
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "  ",
    " \n",
    "\t\n",
    "```",
    "````",
    "```yaml\n",
    "~~~",
    "`",
    "# ",
    "## Tools\n",
    "### x\n",
    "#### Earlier version\n",
    "---\n",
    "...\n",
    ": ",
    ":",
    " #",
    "#",
    "- ",
    "? ",
    "| ",
    "> ",
    "|+\n",
    "&a",
    "*a",
    "!!str ",
    "%YAML 1.2\n",
    "@",
    "\"",
    "'",
    "\\",
    "\\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    "<<",
    "null",
    "~",
    "true",
    "no",
    "1e3",
    "0x1f",
    "-0.0",
    "2026-11-23",
    "\u{feff}",
    "\u{2028}",
    "\u{85}",
    "<b>&amp;</b>",
];

/// Scopes, entries and what is beside them, as an export has them.
#[derive(Clone, Debug)]
pub struct RandomStore {
    /// Organisations, projects, sessions, in this order.
    pub scopes: Vec<PortableScope>,
    /// Entries of one kind after those of the other, in the order of an export.
    pub entries: Vec<PortableEntry>,
    /// Tags, tasks, relations, in this order, each by id.
    pub extras: Vec<PortableExtra>,
}

/// A store with up to so many entries.
pub fn random_store(entries_max: usize) -> impl Strategy<Value = RandomStore> {
    let extras = extras::drawn(entries_max / 2);
    (scopes(), vec(entry(), 0..=entries_max), extras).prop_map(|(scopes, mut entries, drawn)| {
        entries.sort_by_key(|entry| {
            [EntryKind::Tool, EntryKind::Guideline]
                .iter()
                .position(|kind| Some(*kind) == entry.kind())
                .unwrap_or(2)
        });
        for (index, entry) in entries.iter_mut().enumerate() {
            let at = usize::from(entry.id.map_or(0, |id| id.0[15]));
            entry.scope = match at % (scopes.len() + 1) {
                0 => ScopeRef::GLOBAL,
                scope => scopes[scope - 1].scope(),
            };
            entry.name.push_str(&index.to_string());
            entry.id = entry.id.map(|id| unique(id, 4, index));
            for (number, version) in entry.versions.iter_mut().enumerate() {
                version.id = version.id.map(|id| unique(id, 5, index * 100 + number));
            }
        }
        let extras = extras::joined(drawn, &scopes, &entries);
        RandomStore { scopes, entries, extras }
    })
}

/// Text of any characters but NUL.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-zA-Zäß名🚀 ]{1,8}",
        3 => select(TRAPS.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_filter("NUL", |c| *c != '\0').prop_map(String::from),
    ];
    vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

/// Text that is not blank.
fn required() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => text().prop_map(|text| if text.trim().is_empty() { format!("x{text}") } else { text }),
        1 => select(vec!["null", "~", "1e3", "no", "x\n\n", "\n x", " x ", "\tx", "x\r"]).prop_map(str::to_owned),
    ]
}

/// One line that is not blank.
fn name() -> impl Strategy<Value = String> {
    required().prop_map(|text| {
        let line: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        if line.trim().is_empty() { "name".to_owned() } else { line }
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Option<Json>> {
    option::of(
        vec((text(), value()), 0..4)
            .prop_map(|members| Json::from(&Value::Object(members.into_iter().collect()))),
    )
}

fn array() -> impl Strategy<Value = Option<Json>> {
    option::of(vec(value(), 0..4).prop_map(|items| Json::from(&Value::from(items))))
}

/// The years 1 to 9999.
fn time() -> impl Strategy<Value = i64> {
    -62_135_596_800_000_i64..=253_402_207_200_000
}

fn id() -> impl Strategy<Value = Id> {
    any::<[u8; 16]>().prop_map(Id)
}

/// The id with that mark and number in it. The last byte stays.
fn unique(mut id: Id, mark: u8, number: usize) -> Id {
    id.0[0] = mark;
    id.0[1..5].copy_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
    id
}

fn scopes() -> impl Strategy<Value = Vec<PortableScope>> {
    let org = (id(), name(), object(), time());
    let project = (id(), name(), (option::of(text()), any::<bool>()), object(), (time(), time()));
    let session = (
        id(),
        (option::of(text()), option::of(text()), option::of(text())),
        select(SessionStatus::ALL.to_vec()),
        object(),
        (time(), option::of(time())),
    );
    (vec(org, 0..3), vec(project, 0..3), vec(session, 0..3)).prop_map(|(orgs, projects, sessions)| {
        let mut scopes = Vec::new();
        for (index, (id, name, metadata, created_at_ms)) in orgs.into_iter().enumerate() {
            let name = format!("{name}{index}");
            scopes.push(PortableScope::Org(Org { id: unique(id, 1, index), name, metadata, created_at_ms }));
        }
        let org_id = scopes.first().and_then(|scope| scope.scope().id);
        for (index, (id, name, (description, has_org), metadata, times)) in projects.into_iter().enumerate() {
            scopes.push(PortableScope::Project(Project {
                id: unique(id, 2, index),
                org_id: org_id.filter(|_| has_org),
                name: format!("{name}{index}"),
                description,
                root_path: has_org.then(|| format!("/src/{index}")),
                metadata,
                created_at_ms: times.0,
                updated_at_ms: times.1,
            }));
        }
        let project_id = scopes
            .last()
            .map(PortableScope::scope)
            .filter(|last| last.level == ScopeLevel::Project)
            .and_then(|last| last.id);
        for (index, (id, (name, purpose, agent_id), status, metadata, times)) in
            sessions.into_iter().enumerate()
        {
            scopes.push(PortableScope::Session(Session {
                id: unique(id, 3, index),
                project_id: project_id.filter(|_| index > 0),
                name,
                purpose,
                agent_id,
                status,
                metadata,
                started_at_ms: times.0,
                ended_at_ms: times.1,
            }));
        }
        scopes
    })
}

fn entry() -> impl Strategy<Value = PortableEntry> {
    select(EntryKind::ALL.to_vec()).prop_flat_map(|kind| {
        (
            (id(), name(), category(kind), any::<bool>()),
            (vec(name(), 0..4), object()),
            (time(), option::of(name()), time(), option::of(name())),
            vec(version(kind), 1..4),
        )
            .prop_map(
                |((id, name, category, is_active), (mut tags, metadata), stamps, mut versions)| {
                    tags.sort_unstable();
                    tags.dedup();
                    for (index, version) in versions.iter_mut().enumerate() {
                        version.number = version.number * 4 + u32::try_from(index).unwrap_or(0) + 1;
                    }
                    versions.sort_by_key(|version| version.number);
                    versions.dedup_by_key(|version| version.number);
                    PortableEntry {
                        id: Some(id),
                        scope: ScopeRef::GLOBAL,
                        name,
                        category,
                        tags,
                        metadata,
                        is_active,
                        created_at_ms: Some(stamps.0),
                        created_by: stamps.1,
                        updated_at_ms: Some(stamps.2),
                        updated_by: stamps.3,
                        versions,
                    }
                },
            )
    })
}

fn category(kind: EntryKind) -> proptest::strategy::BoxedStrategy<Option<String>> {
    let of = |words: &[&str]| select(words.iter().map(|word| Some((*word).to_owned())).collect::<Vec<_>>());
    match kind {
        EntryKind::Guideline => option::of(name()).boxed(),
        EntryKind::Knowledge => of(&["decision", "fact", "context", "reference"]).boxed(),
        EntryKind::Tool => of(&["mcp", "cli", "function", "api"]).boxed(),
    }
}

fn version(kind: EntryKind) -> impl Strategy<Value = PortableVersion> {
    (id(), 0..30_u32, body(kind), time(), option::of(name()), option::of(text()), any::<bool>()).prop_map(
        |(id, number, body, created_at_ms, created_by, change_reason, conflict)| PortableVersion {
            id: Some(id),
            number,
            body,
            created_at_ms: Some(created_at_ms),
            created_by,
            change_reason,
            conflict,
        },
    )
}

fn body(kind: EntryKind) -> proptest::strategy::BoxedStrategy<EntryBody> {
    match kind {
        EntryKind::Guideline => {
            (required(), 0..=100_u8, option::of(text()), object(), object())
                .prop_map(|(content, priority, rationale, examples, verification_rules)| {
                    EntryBody::Guideline { content, priority, rationale, examples, verification_rules }
                })
                .boxed()
        }
        EntryKind::Knowledge => {
            (required(), 0.0..=1.0_f64, option::of(text()), option::of(time()), option::of(id()))
                .prop_map(|(content, confidence, source, valid_from_ms, invalidated_by)| {
                    EntryBody::Knowledge {
                        content,
                        confidence,
                        source,
                        valid_from_ms,
                        valid_until_ms: valid_from_ms.filter(|from| from % 2 == 0).map(|from| from + 1),
                        invalidated_by,
                    }
                })
                .boxed()
        }
        EntryKind::Tool => (required(), object(), array(), option::of(text()))
            .prop_map(|(description, parameters, examples, constraints)| EntryBody::Tool {
                description,
                parameters,
                examples,
                constraints,
            })
            .boxed(),
    }
}
