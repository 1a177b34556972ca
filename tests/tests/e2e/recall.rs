//! Recall on the committed set does not fall, and a plain word that is in an entry finds it.

use std::path::PathBuf;

use agent_memory_tests::{
    Backend, on_every_backend,
    recall::{Collection, read_documents, read_queries},
};

const RECALL_AT_5_MIN: f64 = 0.93;
const RECALL_AT_10_MIN: f64 = 0.93;
const MRR_MIN: f64 = 0.87;

fn data(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/recall").join(file)
}

fn recall_of_the_committed_set_stays(backend: Backend) {
    let documents = read_documents(&data("documents.jsonl")).expect("documents");
    let queries = read_queries(&data("queries.jsonl")).expect("queries");
    assert!(documents.len() >= 120 && queries.len() >= 80);
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    let report = Collection::load(&mut wire, &documents).measure(&mut wire, &queries);
    assert!(report.recall_at_5 >= RECALL_AT_5_MIN, "{}", report.table());
    assert!(report.recall_at_10 >= RECALL_AT_10_MIN, "{}", report.table());
    assert!(report.mean_reciprocal_rank >= MRR_MIN, "{}", report.table());
}

fn every_plain_word_of_an_entry_finds_it(backend: Backend) {
    let documents = read_documents(&data("documents.jsonl")).expect("documents");
    let instance = backend.instance().without_rate_limits();
    let _daemon = instance.start_daemon();
    let mut wire = instance.connect();
    for document in documents.iter().step_by(7) {
        // Each alone, so that a common word cannot push it off the first page.
        let mut alone = document.clone();
        alone.scope.clone_from(&document.id);
        let collection = Collection::load(&mut wire, std::slice::from_ref(&alone));
        let text = format!("{} {} {}", document.name, document.text, document.tags.join(" "));
        for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 1) {
            let found = collection.find(&mut wire, word, &alone.scope);
            assert_eq!(found, std::slice::from_ref(&document.id), "{word:?} of {text:?}");
        }
    }
}

on_every_backend!(recall_of_the_committed_set_stays, every_plain_word_of_an_entry_finds_it,);
