//! The steps of the scaling guide that move a store from SQLite to PostgreSQL, word for word: as an agent
//! and an administrator follow them.

use agent_memory_testbed::Postgres;
use agent_memory_tests::{Bridge, Instance};
use serde_json::{Value, json};

/// Step 2 of the guide.
const CREATE_DATABASE: &str = "CREATE DATABASE agent_memory;";
const CREATE_USER: &str = "CREATE USER agent_memory_user WITH PASSWORD 'secure-password';";
const GRANT: &str = "GRANT ALL PRIVILEGES ON DATABASE agent_memory TO agent_memory_user;";

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("text")
}

#[test]
fn a_store_moves_from_sqlite_to_postgresql_as_the_guide_says() {
    let below = Instance::new();
    let _ = below.run(["project", "create", "rocket", "--root", "/src/rocket"]).ok();
    let _ = below.run(["--project", "rocket", "guideline", "add", "tabs", "Use tabs in Makefiles"]).ok();
    let _ = below.run(["knowledge", "add", "port", "The port is 5432", "--scope", "global"]).ok();
    let mut agent = Bridge::start(&below, "mover");
    let exported = agent.call_ok("memory_export", &json!({ "action": "export", "format": "json" }));
    // The document stands between two fences, after a line of the answer's own.
    let (_, fenced) = text(&exported).split_once("```json\n").expect("a fence, and the document");
    let document = fenced.strip_suffix("```").expect("a fence after it");
    let _ = agent.close();

    let server = Postgres::start().expect("a PostgreSQL server");
    for statement in [CREATE_DATABASE, CREATE_USER, GRANT] {
        server.sql("postgres", statement).expect("as the guide says");
    }
    let above = Instance::new()
        .with("DB_TYPE", "postgresql")
        .with("PG_HOST", "localhost")
        .with("PG_PORT", server.port())
        .with("PG_DATABASE", "agent_memory")
        .with("PG_USER", "agent_memory_user")
        .with("PG_PASSWORD", "secure-password")
        .with("ADMIN_KEY", "your-admin-key");
    let mut agent = Bridge::start(&above, "mover");
    let import =
        json!({ "action": "import", "content": document, "format": "json", "admin_key": "your-admin-key" });
    let imported = agent.call_ok("memory_import", &import);
    assert!(text(&imported).starts_with("Imported: guidelines 1 created; knowledge 1 created"), "{imported}");
    let health = agent.call_ok("memory_health", &json!({}));
    let database = &health["structuredContent"]["database"];
    assert_eq!((&database["type"], &database["connected"]), (&json!("postgresql"), &json!(true)), "{health}");

    let found = above.json(["--project", "rocket", "query", "search", "makefile"]);
    assert!(found.to_string().contains("tabs"), "{found}");
    let path = above.root().join("above.json");
    let _ = above.run(["export", path.to_str().expect("ASCII")]).ok();
    assert_eq!(std::fs::read_to_string(path).expect("readable"), document);
}
