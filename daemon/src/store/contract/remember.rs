//! Remembered texts.

use agent_memory_proto::{Response, model::ScopeRef, request::EntryDraft, response::Remembered};

use super::fixtures::{World, guideline, knowledge};
use crate::store::Write;

async fn remember(world: &World, draft: EntryDraft) -> Remembered {
    let write = Write::Remember { entry: world.new_entry(draft), inferred_by: "a rule".to_owned() };
    match world.write(write).await {
        Ok(Response::Remembered(remembered)) => remembered,
        other => panic!("not remembered: {other:?}"),
    }
}

pub(crate) async fn remembered_texts_are_stored_once(world: World) {
    let first = remember(&world, knowledge(ScopeRef::GLOBAL, "ports")).await;
    assert_eq!((first.existed, first.written.version, first.inferred_by.as_str()), (false, 1, "a rule"));
    world.changes.lock().unwrap().clear();
    let again = remember(&world, knowledge(ScopeRef::GLOBAL, "ports")).await;
    assert_eq!((again.existed, again.written.id, again.written.version), (true, first.written.id, 1));
    assert_eq!(world.changes.lock().unwrap().len(), 0, "nothing changed");

    let mut other = guideline(ScopeRef::GLOBAL, "ports", 1);
    let numbered = remember(&world, other.clone()).await;
    assert_eq!(numbered.written.name, "ports", "another kind has its own names");
    other.body = agent_memory_proto::model::EntryBody::Guideline {
        content: "Another text".to_owned(),
        priority: 1,
        rationale: None,
        examples: None,
        verification_rules: None,
    };
    let numbered = remember(&world, other.clone()).await;
    assert_eq!((numbered.existed, numbered.written.name.as_str()), (false, "ports (2)"));
    let again = remember(&world, other).await;
    assert_eq!((again.existed, again.written.id), (true, numbered.written.id));
}
