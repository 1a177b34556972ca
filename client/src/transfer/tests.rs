//! Documents from outside: what people write, what other systems change, and what is meant to do harm.

use std::io::Cursor;

use agent_memory_proto::{
    ErrorCode,
    model::{EntryBody, Json, PortableEntry, ScopeRef},
    request::ExportPage,
    response::ExportedPage,
};

use super::{Format, Item, SourceError, source, writer};

fn read(format: Format, document: &str) -> Result<Vec<Item>, SourceError> {
    let mut items = Vec::new();
    source(format, Cursor::new(document.to_owned().into_bytes())).expect("it is read").read(&mut |item| {
        items.push(item);
        Ok(())
    })?;
    Ok(items)
}

fn refused(format: Format, document: &str) -> String {
    match read(format, document) {
        Err(SourceError::Unreadable(body)) => body.message.clone(),
        other => panic!("{other:?} of {document}"),
    }
}

fn entries(format: Format, document: &str) -> Vec<(String, PortableEntry)> {
    let items = read(format, document).unwrap_or_else(|error| panic!("{error:?} of {document}"));
    let entry = |item| match item {
        Item::Entry(item) => (item.at, item.entry),
        other => panic!("{other:?}"),
    };
    items.into_iter().map(entry).collect()
}

fn written(format: Format, entry: &PortableEntry) -> String {
    let mut document = Vec::new();
    let mut out = writer(format, &mut document);
    let request = ExportPage {
        kinds: Vec::new(),
        scope: None,
        tags: Vec::new(),
        include_inactive: true,
        include_versions: true,
        cursor: None,
    };
    out.begin(&request, None).expect("begun");
    let entries = vec![entry.clone()];
    let page = ExportedPage {
        scopes: Vec::new(),
        entries,
        next_cursor: None,
        entries_in_store: None,
        changed_at_ms: None,
    };
    out.page(&page).expect("written");
    out.end().expect("ended");
    drop(out);
    String::from_utf8(document).expect("text")
}

fn guideline(content: &str) -> EntryBody {
    EntryBody::Guideline {
        content: content.to_owned(),
        priority: 50,
        rationale: None,
        examples: None,
        verification_rules: None,
    }
}

#[test]
fn what_a_person_writes_is_read() {
    let markdown = "# Ours\n\nWhat we agreed on.\n\n## Guidelines\n\n### Use tabs\n\nAlways.\n\n```sh\n### x\n```\n\
                    \n### Small\r\n```yaml\r\ntags: [a]\r\npriority: 70\r\n```\r\n```markdown content\r\nA\r\nB\r\n```\r\n";
    let read = entries(Format::Markdown, markdown);
    assert_eq!(read[0].0, "entries.guidelines[0] (line 7)");
    assert_eq!(read[0].1.name, "Use tabs");
    assert_eq!(read[0].1.versions[0].body, guideline("Always.\n\n```sh\n### x\n```"));
    assert_eq!((read[1].1.name.as_str(), &read[1].1.tags), ("Small", &vec!["a".to_owned()]));
    let EntryBody::Guideline { content, priority, .. } = &read[1].1.versions[0].body else { panic!() };
    assert_eq!((content.as_str(), *priority), ("A\nB", 70));

    let yaml = "version: 1.1 # by hand\nentries:\n  guidelines:\n  - {name: Use tabs, content: Always.}\n";
    assert_eq!(entries(Format::Yaml, yaml)[0].1.versions[0].body, guideline("Always."));
}

#[test]
fn a_heading_is_the_name_and_the_text_a_block() {
    let mut entry = PortableEntry::new(ScopeRef::GLOBAL, "Use tabs", guideline("Always.\n```\n## x"));
    let document = written(Format::Markdown, &entry);
    assert!(document.contains("\n### Use tabs\n\n```yaml\nscopeType: global\npriority: 50\n"), "{document}");
    assert!(document.contains("\n````markdown content\nAlways.\n```\n## x\n````\n"), "{document}");
    assert_eq!(entries(Format::Markdown, &document)[0].1, entry);
    "a *b*".clone_into(&mut entry.name);
    let document = written(Format::Markdown, &entry);
    assert!(document.contains("\n### a \\*b\\*\n"), "{document}");
    assert_eq!(entries(Format::Markdown, &document)[0].1, entry);
}

#[test]
fn the_deepest_json_and_the_longest_names_of_fields_survive() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(63), "]".repeat(63));
    let long = serde_json::json!({ "k".repeat(5_000): 1, " \n": { "x y: z\n".repeat(300): [[], {}] } });
    for metadata in [Json(deep), Json::from(&long)] {
        let mut entry = PortableEntry::new(ScopeRef::GLOBAL, "a", guideline("x"));
        entry.metadata = Some(metadata);
        for format in [Format::Json, Format::Yaml, Format::Markdown] {
            let document = written(format, &entry);
            assert_eq!(entries(format, &document)[0].1, entry, "{format}\n{document}");
        }
    }
}

#[test]
fn bombs_are_refused() {
    let bomb = "entries:\n  tools: []\na: &a [x,x,x]\nb: [*a,*a,*a]\n";
    let deep = format!("entries: {}{}", "[".repeat(5_000), "]".repeat(5_000));
    let blocks = format!(
        "entries:\n{}",
        (1..3_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<String>()
    );
    for document in
        [bomb, &deep, &blocks, "entries: {tools: []}\n---\nentries: {tools: []}\n", "a: {", "x", ""]
    {
        let message = refused(Format::Yaml, document);
        assert!(!message.contains('\n'), "{message}");
    }
    let item = "## Tools\n### a\n```yaml\nx: &a [b]\ny: *a\n```\n";
    let items = read(Format::Markdown, item).expect("a document");
    assert!(
        matches!(&items[..], [Item::Refused(refusal)] if refusal.at == "entries.tools[0] (line 2)"),
        "{items:?}"
    );
    let beside = "## Tools\n### a\n```markdown description\nx\n```\ny\n";
    assert!(matches!(&read(Format::Markdown, beside).expect("a document")[..], [Item::Refused(_)]));
}

#[test]
fn what_is_no_export_is_told() {
    for format in [Format::Json, Format::Yaml] {
        assert!(refused(format, "{\"scopes\": {}}").contains("entries"), "{format}");
        assert!(refused(format, "{\"version\": \"2.0\", \"entries\": {}}").contains("2.0"), "{format}");
    }
    assert!(refused(Format::Markdown, "# Title\n\ntext\n").contains("entries"));
    assert!(refused(Format::Markdown, "## Notes\n").contains("line 1"));
    assert!(refused(Format::Markdown, "```yaml\nversion: \"2.0\"\n```\n## Tools\n").contains("2.0"));
    assert!(refused(Format::Markdown, "## Tools\n### a\n```\nx").contains("line 3"));
    let error = source(Format::OpenApi, Cursor::new(Vec::new())).err().expect("written only");
    assert_eq!(error.code, ErrorCode::InvalidParameter);
}
