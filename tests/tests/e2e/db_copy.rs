//! A store moves up to PostgreSQL and back, on the command line.

use agent_memory_testbed::Postgres;
use agent_memory_tests::Instance;
use serde_json::json;

#[test]
fn a_store_moves_up_to_postgresql_and_back() {
    let server = Postgres::start().expect("a PostgreSQL server");
    let url = server.url("postgres");
    let instance = Instance::new().with("PG_URL", &url);
    let text = "Use tabs, never spaces, in Makefiles";
    let added = instance.json(["guideline", "add", "tabs", text, "--scope", "global"]);

    let refused = instance.run(["db", "copy", "--from", "sqlite", "--to", "postgres"]).code_is(1);
    assert!(refused.err.contains("in use by another agent-memoryd: process"), "{}", refused.err);
    assert!(refused.err.contains("agent-memory daemon stop"), "{}", refused.err);
    let _ = instance.run(["daemon", "stop"]).ok();

    let dry = instance.json(["db", "copy", "--from", "sqlite", "--to", "postgres", "--dry-run"]);
    assert_eq!((&dry["success"], &dry["same"]), (&json!(true), &json!(false)));
    let copied = instance.run(["db", "copy", "--from", "sqlite", "--to", "postgres"]).ok();
    assert!(copied.out.contains("both sides are the same"), "{}", copied.out);
    assert!(copied.err.contains("copying entries: 1 rows"), "{}", copied.err);
    let again = instance.run(["db", "copy", "--from", "sqlite", "--to", "postgres"]).code_is(1);
    assert!(again.err.contains("is not empty: it has 1 in entries"), "{}", again.err);
    let dry = instance.json(["db", "copy", "--from", "sqlite", "--to", "postgres", "--dry-run"]);
    assert_eq!(dry["same"], true);

    let above = Instance::new().with_database(&url);
    let found = above.json(["query", "search", "makefile", "--scope", "global"]);
    assert!(found.to_string().contains(added["guideline"]["id"].as_str().expect("an id")), "{found}");
    let _ = above.run(["daemon", "stop"]).ok();

    let back = Instance::new().with("PG_URL", &url);
    let _ = back.run(["db", "copy", "--from", "postgres", "--to", "sqlite"]).ok();
    #[cfg(unix)]
    for path in [back.data_dir().to_owned(), back.data_dir().join("memory.db")] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} is for its owner only", path.display());
    }
    let found = back.json(["query", "search", "makefile", "--scope", "global"]);
    assert!(found.to_string().contains(added["guideline"]["id"].as_str().expect("an id")), "{found}");
    let _ = back.run(["daemon", "stop"]).ok();
}

#[test]
fn what_cannot_be_copied_is_said() {
    let instance = Instance::new().with("PG_URL", "postgres://nobody@127.0.0.1:1/nothing");
    let refused = instance.run(["db", "copy", "--from", "sqlite", "--to", "sqlite"]).code_is(1);
    assert!(refused.err.contains("the same backend"), "{}", refused.err);
    let refused = instance.run(["db", "copy", "--from", "sqlite", "--to", "postgres"]).code_is(1);
    assert!(refused.err.contains("there is no store in"), "{}", refused.err);
    let refused = instance.run(["db", "copy", "--from", "postgres", "--to", "sqlite"]).code_is(1);
    assert!(refused.err.contains("127.0.0.1"), "{}", refused.err);
}
