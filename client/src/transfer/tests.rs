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
fn a_last_field_keeps_its_empty_lines() {
    for reason in ["a", "a\n", "a\n\n", "#   \n  b\n\n", "\n", " \n \n"] {
        let mut entry = PortableEntry::new(ScopeRef::GLOBAL, "a", guideline("x"));
        entry.versions[0].change_reason = Some(reason.to_owned());
        for format in [Format::Json, Format::Yaml, Format::Markdown] {
            let document = written(format, &entry);
            assert_eq!(entries(format, &document)[0].1, entry, "{format}\n{document}");
        }
    }
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
    assert!(
        refused(Format::Markdown, "```yaml\nversion: \"2.0\"\nmetadata: {}\n```\n## Tools\n").contains("2.0")
    );
    assert!(refused(Format::Markdown, "## Tools\n### a\n```\nx").contains("line 3"));
    let error = source(Format::OpenApi, Cursor::new(Vec::new())).err().expect("written only");
    assert_eq!(error.code, ErrorCode::InvalidParameter);
}

#[test]
fn only_a_head_is_read_as_a_head() {
    let head = "```yaml\nversion: \"2.0\"\nmetadata:\n  types: [tools]\n```\n";
    let tools = "## Tools\n\n### a\n\nx\n";
    for top in ["# Memory\n\n", "\n", "---\ntags: [x]\nversion: 9\n---\n\n# Memory\n"] {
        assert!(refused(Format::Markdown, &format!("{top}{head}{tools}")).contains("2.0"), "{top}");
    }
    let compose = "```yaml\nversion: \"3.8\"\nservices: {}\n```\n";
    let template = "```yaml\nname: {{ name }\nother: *alias\n```\n";
    for stray in [
        format!("# Memory\n\nHow it began:\n\n{head}"),
        format!("# Memory\n{compose}"),
        format!("# Memory\n{template}"),
        format!("```sh\nx\n```\n{head}"),
    ] {
        assert_eq!(entries(Format::Markdown, &format!("{stray}{tools}")).len(), 1, "{stray}");
    }
    for block in [head, compose, template] {
        let document = format!("## Guidelines\n\n{block}\n{tools}");
        assert_eq!(entries(Format::Markdown, &document).len(), 1, "{document}");
    }
}

#[test]
fn relations_that_are_no_list_are_refused_with_their_kind() {
    for (relations, kind) in
        [("{\"a\": [1]}", "an object"), ("\"x\"", "a text"), ("7", "a number"), ("true", "true or false")]
    {
        let document = format!(
            "{{\"version\": \"1.0\", \"relations\": {relations}, \"entries\": \
             {{\"tools\": [{{\"scopeType\": \"global\", \"name\": \"a\", \"description\": \"x\"}}]}}}}"
        );
        for format in [Format::Json, Format::Yaml] {
            let items = read(format, &document).unwrap_or_else(|error| panic!("{error:?} of {document}"));
            let [Item::Refused(refusal), Item::Entry(_)] = &items[..] else { panic!("{items:?}") };
            assert_eq!(refusal.at, "relations");
            assert!(refusal.error.message.contains(kind), "{}", refusal.error.message);
        }
    }
    for (relations, items) in [("null", 0), ("[]", 0), ("[{}, 1]", 2)] {
        let document = format!("{{\"relations\": {relations}, \"entries\": {{}}}}");
        assert_eq!(read(Format::Json, &document).expect("a document").len(), items, "{document}");
    }
}
