//! The longest texts that are allowed, in the scripts that need most room, can be stored and found.

use agent_memory_proto::{
    limits::CONTENT_CHARS_MAX,
    model::{EntryBody, EntryKind, ScopeRef},
};

use super::on_empty_store;
use crate::store::contract::{World, fixtures::knowledge, search::search_for};

async fn long_texts_are_stored_and_found(world: World) {
    let alphabets: [fn(u32) -> Option<char>; 3] = [
        |number| char::from_u32(0x4e00 + number * 7 % 20_000),
        |number| char::from_u32(0x2_0000 + number * 11 % 40_000),
        |number| {
            if number % 6 == 5 { Some(' ') } else { char::from_u32(0x0400 + number * 31 % 97 % 48 + 0x10) }
        },
    ];
    for (index, letter) in alphabets.into_iter().enumerate() {
        let mut draft = knowledge(ScopeRef::GLOBAL, &format!("long {index}"));
        let text: String = (0..u32::try_from(CONTENT_CHARS_MAX).unwrap()).filter_map(letter).collect();
        if let EntryBody::Knowledge { content, .. } = &mut draft.body {
            *content = text;
        }
        let id = world.add(draft).await.id;
        assert!(world.get(EntryKind::Knowledge, id).await.is_some());
        let found = world.store.search.search(crate::store::SearchQuery {
            request: search_for(&format!("\"long {index}\"")),
            scopes: None,
            now_ms: world.clock.now_ms(),
            deadline: std::time::Instant::now() + std::time::Duration::from_secs(60),
        });
        assert_eq!(found.await.unwrap().hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [id]);
    }
}

#[test]
fn the_longest_texts_in_any_script() {
    on_empty_store(|world| Box::pin(long_texts_are_stored_and_found(world)));
}
