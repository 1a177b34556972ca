//! The file of `@modelcontextprotocol/server-memory`: a line of JSON for each entity and relation.

use std::collections::BTreeMap;

use agent_memory_proto::model::EntryKind;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::gathered::{Gathered, Position, SourceEntry, one_line};

/// The tag of what comes from this source.
const SOURCE: &str = "server-memory";
/// Largest line, in bytes.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// After so many refused lines the rest is not looked at.
const REFUSED_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Line {
    Entity(Entity),
    Relation(Relation),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    name: String,
    entity_type: String,
    observations: Vec<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relation {
    from: String,
    to: String,
    relation_type: String,
}

/// Reads the file's bytes. Every line that is wrong is refused.
pub(super) fn gather(file: &str, bytes: &[u8]) -> Gathered {
    let mut gathered = Gathered::default();
    let mut entities = Vec::new();
    let mut relations = Vec::new();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let position = Position { file: file.to_owned(), line: index + 1 };
        match read(line) {
            Ok(None) => {}
            Ok(Some(Line::Entity(entity))) => entities.push((position, entity)),
            Ok(Some(Line::Relation(relation))) => relations.push((position, relation)),
            Err(reason) => gathered.refuse(position, reason),
        }
        if gathered.refused.len() == REFUSED_MAX {
            let rest = Position { file: file.to_owned(), line: index + 2 };
            gathered.refuse(rest, "not looked at: too much was refused before it");
            break;
        }
    }
    if let Some((position, _)) = relations.first() {
        let kept = format!("{} relations, kept as lines of text with their entities", relations.len());
        gathered.note(position.clone(), kept);
    }
    let related = related(&entities, relations, &mut gathered);
    for ((position, entity), related) in entities.into_iter().zip(related) {
        gathered.entries.push(entry(position, entity, &related));
    }
    gathered
}

fn read(line: &[u8]) -> Result<Option<Line>, String> {
    if line.len() > LINE_BYTES_MAX {
        return Err(format!("a line of {} bytes, of at most {LINE_BYTES_MAX}", line.len()));
    }
    let line = std::str::from_utf8(line).map_err(|_| "no text in UTF-8".to_owned())?.trim();
    if line.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(line).map(Some).map_err(|error| {
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        format!("neither an entity nor a relation: {}", one_line(reason))
    })
}

/// The lines about its relations for each entity. A relation goes to the entity it starts from, or
/// to the one it ends at when only that is in the file.
fn related(
    entities: &[(Position, Entity)],
    relations: Vec<(Position, Relation)>,
    gathered: &mut Gathered,
) -> Vec<Vec<String>> {
    let mut places = BTreeMap::new();
    for (index, (_, entity)) in entities.iter().enumerate() {
        places.entry(entity.name.as_str()).or_insert(index);
    }
    let mut related = vec![Vec::new(); entities.len()];
    for (position, Relation { from, to, relation_type }) in relations {
        let line = one_line(&format!("{from} {relation_type} {to}"));
        match places.get(from.as_str()).or_else(|| places.get(to.as_str())) {
            Some(index) => related[*index].push(line),
            None => gathered.note(
                position,
                format!("relation {line:?} left out: neither of its entities is in the file"),
            ),
        }
    }
    related
}

fn entry(position: Position, entity: Entity, related: &[String]) -> SourceEntry {
    let mut content = match entity.observations.as_slice() {
        [] => format!("{} ({})", one_line(&entity.name), one_line(&entity.entity_type)),
        [observation] if related.is_empty() => observation.clone(),
        observations => list(observations),
    };
    if !related.is_empty() {
        content.push_str("\n\nRelations:\n");
        content.push_str(&list(related));
    }
    let mut entry = SourceEntry::new(SOURCE, EntryKind::Knowledge, &entity.name, content, position);
    entry.categorise(&entity.entity_type);
    if !entity.rest.is_empty() {
        entry.metadata.insert("fields".to_owned(), Value::Object(entity.rest));
    }
    entry
}

fn list(items: &[String]) -> String {
    let items = items.iter().map(|item| format!("- {}", item.trim_end().replace('\n', "\n  ")));
    items.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("samples/memory.jsonl");

    #[test]
    fn entities_become_knowledge_with_their_relations_as_lines() {
        let gathered = gather("memory.jsonl", SAMPLE.as_bytes()).settled();
        assert_eq!(gathered.refused, []);
        let by_name = |name: &str| gathered.entries.iter().find(|entry| entry.name == name).expect(name);
        let ada = by_name("Ada_Lindqvist");
        assert_eq!(ada.kind, EntryKind::Knowledge);
        assert_eq!(ada.tags, ["server-memory", "person"]);
        assert_eq!(
            ada.content,
            "- Maintains the billing service\n- Prefers short commit messages\n\n\
             Relations:\n- Ada_Lindqvist maintains billing-service\n- Ada_Lindqvist works_at Nordwind"
        );
        let decision = by_name("Use PostgreSQL for invoices");
        assert_eq!(decision.category.as_deref(), Some("decision"));
        assert_eq!(decision.content, "Chosen in March because invoices need transactions across tables");
        assert_eq!(
            by_name("Nordwind").content,
            "Nordwind (organization)\n\nRelations:\n- Skagen AB owns Nordwind"
        );
        assert_eq!(by_name("billing-service").metadata["fields"]["createdAt"], "2025-06-01T10:00:00Z");
        let notes: Vec<_> = gathered.notes.iter().map(ToString::to_string).collect();
        assert_eq!(
            notes,
            [
                "memory.jsonl:5: 4 relations, kept as lines of text with their entities",
                "memory.jsonl:8: relation \"ghost haunts nobody\" left out: neither of its entities is in the file"
            ]
        );
    }

    #[test]
    fn every_bad_line_is_told_and_refuses_the_file() {
        let good = r#"{"type":"entity","name":"a","entityType":"t","observations":["x"]}"#;
        let bad = [
            "{",
            "[]",
            "null",
            r#"{"type":"entity","name":"a"}"#,
            r#"{"type":"thing","name":"a"}"#,
            r#"{"type":"entity","name":"a","entityType":"t","observations":[1]}"#,
            r#"{"type":"entity","name":"a","entityType":"t","observations":"x"}"#,
            r#"{"type":"relation","from":"a","to":"b"}"#,
        ];
        let text = format!("{good}\n\r\n{}\n", bad.join("\n"));
        let gathered = gather("m", text.as_bytes()).settled();
        let lines: Vec<_> = gathered.refused.iter().map(|remark| remark.position.line).collect();
        assert_eq!(lines, (3..11).collect::<Vec<_>>());
        assert_eq!(
            gathered.refused[3].to_string(),
            "m:6: neither an entity nor a relation: missing field `entityType`"
        );
    }

    #[test]
    fn hostile_bytes_are_refused_within_bounds() {
        let long = vec![b' '; LINE_BYTES_MAX + 1];
        let deep = "[".repeat(100_000);
        for bytes in [&[0xff, 0xfe][..], &long, deep.as_bytes()] {
            assert_eq!(gather("m", bytes).refused.len(), 1);
        }
        assert_eq!(gather("m", "x\n".repeat(100_000).as_bytes()).refused.len(), REFUSED_MAX + 1);
        assert_eq!(gather("m", b""), Gathered::default());
    }

    #[test]
    fn entities_of_one_name_are_numbered_and_the_first_has_the_relations() {
        let text = "{\"type\":\"entity\",\"name\":\"a\",\"entityType\":\"\",\"observations\":[\"x\"]}\n"
            .repeat(2)
            + r#"{"type":"relation","from":"a","to":"z","relationType":"knows"}"#;
        let entries = gather("m", text.as_bytes()).settled().entries;
        assert_eq!(entries[0].content, "- x\n\nRelations:\n- a knows z");
        assert_eq!((entries[1].name.as_str(), entries[1].content.as_str()), ("a (2)", "x"));
    }
}
