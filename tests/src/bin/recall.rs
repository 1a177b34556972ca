//! Measures recall: `recall [--json] [--postgres] [DOCUMENTS QUERIES]`, both files of JSON lines. Without
//! files it takes the set of this repository. Starts a daemon of its own on an empty store.

use std::{path::PathBuf, process::ExitCode};

use agent_memory_tests::{
    Backend,
    recall::{Collection, read_documents, read_queries},
};

fn main() -> anyhow::Result<ExitCode> {
    let (options, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/recall");
    let (documents, queries) = match files.as_slice() {
        [] => (own.join("documents.jsonl"), own.join("queries.jsonl")),
        [documents, queries] => (PathBuf::from(documents), PathBuf::from(queries)),
        _ => {
            eprintln!("usage: recall [--json] [--postgres] [DOCUMENTS QUERIES]");
            return Ok(ExitCode::from(2));
        }
    };
    let (documents, queries) = (read_documents(&documents)?, read_queries(&queries)?);
    let is_postgres = options.iter().any(|option| option == "--postgres");
    let backend = if is_postgres { Backend::Postgres } else { Backend::Sqlite };
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let report = Collection::load(&mut wire, &documents).measure(&mut wire, &queries);
    if options.iter().any(|option| option == "--json") {
        println!("{}", report.json());
    } else {
        print!("{}", report.table());
    }
    Ok(ExitCode::SUCCESS)
}
