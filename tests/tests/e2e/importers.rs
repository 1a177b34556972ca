//! What users already have is imported: the memory file of another server, files for agents, Markdown.
//! A second import updates what the first one made.

use std::{fs, path::Path};

use agent_memory_tests::{Backend, Instance, on_every_backend};
use serde_json::{Value, json};

const MEMORY: &str = r#"{"type":"entity","name":"Ada","entityType":"person","observations":["Maintains billing","Likes short commits"]}
{"type":"entity","name":"Use PostgreSQL","entityType":"decision","observations":["Invoices need transactions"]}
{"type":"relation","from":"Ada","to":"Nordwind","relationType":"works_at"}
{"type":"relation","from":"ghost","to":"nobody","relationType":"haunts"}
"#;
const CLAUDE_MD: &str =
    "# Shop\n\nSee @docs/more.md first.\n\n## Commands\n\n`just build`\n\n## Style\n\nShort.\n";

fn write(root: &Path, name: &str, text: &str) -> String {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
    fs::write(&path, text).expect("a file");
    path.to_str().expect("text").to_owned()
}

/// An instance with a project, and the directory of that.
fn with_project(backend: Backend) -> (Instance, String) {
    let instance = backend.instance();
    let directory = instance.root().join("shop");
    fs::create_dir(&directory).expect("makes");
    let directory = directory.to_str().expect("text").to_owned();
    instance.json(["project", "create", "shop", "--root", &directory]);
    (instance, directory)
}

fn import(instance: &Instance, arguments: &[&str]) -> Value {
    instance.json(["--project", "shop", "import"].iter().chain(arguments))
}

fn knowledge(instance: &Instance, title: &str) -> Value {
    instance.json(["--project", "shop", "knowledge", "get", title])["knowledge"].clone()
}

fn versions(instance: &Instance, kind: &str, name: &str) -> usize {
    let history = instance.json(["--project", "shop", kind, "history", name]);
    history["versions"].as_array().expect("versions").len()
}

fn a_server_memory_file_is_imported_and_updated(backend: Backend) {
    let (instance, directory) = with_project(backend);
    let path = write(directory.as_ref(), "memory.jsonl", MEMORY);
    let trial =
        instance.run(["--project", "shop", "import", "--from", "server-memory", &path, "--dry-run"]).ok();
    assert!(trial.err.contains("memory.jsonl:4: relation \"ghost haunts nobody\" left out"), "{}", trial.err);
    let _ = instance.run(["--project", "shop", "knowledge", "get", "Ada"]).code_is(4);

    import(&instance, &["--from", "server-memory", &path]);
    let ada = knowledge(&instance, "Ada");
    assert_eq!(
        ada["currentVersion"]["content"],
        "- Maintains billing\n- Likes short commits\n\nRelations:\n- Ada works_at Nordwind"
    );
    assert_eq!((&ada["category"], &ada["tags"]), (&json!("fact"), &json!(["person", "server-memory"])));
    assert_eq!(knowledge(&instance, "Use PostgreSQL")["category"], "decision");

    import(&instance, &["--from", "server-memory", &path]);
    assert_eq!(versions(&instance, "knowledge", "Ada"), 1, "the same again changes nothing");
    write(directory.as_ref(), "memory.jsonl", &MEMORY.replace("short commits", "long commits"));
    import(&instance, &["--from", "server-memory", &path]);
    assert_eq!(versions(&instance, "knowledge", "Ada"), 2);
    assert_eq!(versions(&instance, "knowledge", "Use PostgreSQL"), 1);
}

fn what_is_wrong_is_told_with_its_place_and_nothing_is_imported(backend: Backend) {
    let (instance, directory) = with_project(backend);
    let blank = r#"{"type":"entity","name":"blank","entityType":"t","observations":[" "]}"#;
    let path =
        write(directory.as_ref(), "memory.jsonl", &format!("{MEMORY}{{\"type\":\"entity\"}}\n{blank}\n"));
    let ran = instance.run(["--project", "shop", "import", "--from", "server-memory", &path]).code_is(5);
    let told = format!("{}{}", ran.out, ran.err);
    assert!(told.contains("memory.jsonl:5"), "{told}");
    assert!(told.contains("memory.jsonl:6"), "{told}");
    let _ = instance.run(["--project", "shop", "knowledge", "get", "Ada"]).code_is(4);
}

fn files_for_agents_and_markdown_are_imported(backend: Backend) {
    let (instance, directory) = with_project(backend);
    write(directory.as_ref(), "CLAUDE.md", CLAUDE_MD);
    write(directory.as_ref(), "AGENTS.md", "## Setup\n\npnpm install\n");
    let notes = "---\ntitle: One queue\ncategory: decision\ntags: [queue]\n---\nWe keep one queue.\n";
    let decision = write(directory.as_ref(), "notes/adr/1.md", notes);
    let folder = Path::new(&decision).ancestors().nth(2).expect("notes").to_str().expect("text");

    let ran = instance.run(["--project", "shop", "import", "--from", "claude", &directory]).ok();
    assert!(ran.err.contains("CLAUDE.md:3: @docs/more.md not followed"), "{}", ran.err);
    import(&instance, &["--from", "agents-md", &directory]);
    import(&instance, &["--from", "markdown", folder]);
    for (name, content) in [
        ("CLAUDE.md", "See @docs/more.md first."),
        ("CLAUDE.md: Commands", "`just build`"),
        ("CLAUDE.md: Style", "Short."),
        ("AGENTS.md: Setup", "pnpm install"),
    ] {
        let found = instance.json(["--project", "shop", "guideline", "get", name]);
        assert_eq!(found["guideline"]["currentVersion"]["content"], content, "{name}");
    }
    let queue = knowledge(&instance, "One queue");
    assert_eq!((&queue["category"], &queue["tags"]), (&json!("decision"), &json!(["markdown", "queue"])));
    assert_eq!(queue["metadata"]["importedFrom"]["file"], "adr/1.md");

    write(directory.as_ref(), "CLAUDE.md", &CLAUDE_MD.replace("Short.", "Shorter."));
    import(&instance, &["--from", "claude", &directory]);
    assert_eq!(versions(&instance, "guideline", "CLAUDE.md: Style"), 2);
    assert_eq!(versions(&instance, "guideline", "CLAUDE.md: Commands"), 1);
}

on_every_backend!(
    a_server_memory_file_is_imported_and_updated,
    what_is_wrong_is_told_with_its_place_and_nothing_is_imported,
    files_for_agents_and_markdown_are_imported,
);
