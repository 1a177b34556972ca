//! Tags: created once, attached as a change of the entry, counted, listed.

use agent_memory_proto::{
    ErrorCode, Response,
    limits::TAGS_MAX,
    model::{EntryKind, Id, Tag, TagCategory},
    request::{ListTags, Search, TagFilter, TagSelector},
    response::{EntryTagged, TagCreated, TagPage},
};

use super::{
    fixtures::{START_MS, World, guideline},
    search::search_for,
};
use crate::store::{TagChange, Write};

const KIND: EntryKind = EntryKind::Guideline;
const ALL: ListTags = ListTags { category: None, limit: 100, offset: 0 };

impl World {
    fn tag(&self, name: &str, category: TagCategory, description: Option<&str>) -> Tag {
        Tag {
            id: self.clock.new_id(),
            name: name.to_owned(),
            category,
            description: description.map(str::to_owned),
            is_predefined: false,
            created_at_ms: self.clock.now_ms(),
        }
    }

    async fn create_tag(&self, tag: Tag) -> TagCreated {
        match self.write(Write::CreateTag(tag)).await {
            Ok(Response::TagCreated(created)) => created,
            other => panic!("not created: {other:?}"),
        }
    }

    fn tagging(&self, id: Id, tag: TagSelector, attach: bool) -> Write {
        Write::ChangeTag(TagChange {
            kind: KIND,
            id,
            tag,
            attach,
            version_id: self.clock.new_id(),
            new_tag_id: self.clock.new_id(),
            updated_by: Some("bob".to_owned()),
        })
    }

    async fn change_tag(&self, id: Id, tag: TagSelector, attach: bool) -> EntryTagged {
        match self.write(self.tagging(id, tag, attach)).await {
            Ok(Response::EntryTagged(tagged)) => *tagged,
            other => panic!("not tagged: {other:?}"),
        }
    }

    async fn tags(&self, request: ListTags) -> TagPage {
        self.store.tags.tags(request).await.expect("a page")
    }

    /// Every tag with the number of its entries.
    async fn counts(&self) -> Vec<(String, u64)> {
        self.tags(ALL).await.tags.into_iter().map(|tag| (tag.name, tag.entries)).collect()
    }

    async fn rule_with(&self, name: &str, tags: &[&str]) -> Id {
        let mut draft = guideline(agent_memory_proto::model::ScopeRef::GLOBAL, name, 1);
        draft.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        self.add(draft).await.id
    }
}

fn named(name: &str) -> TagSelector {
    TagSelector::Name(name.to_owned())
}

pub(crate) async fn a_tag_is_there_once(world: World) {
    let rust = world.tag("rust", TagCategory::Language, Some("Written in it"));
    assert_eq!(world.create_tag(rust.clone()).await, TagCreated { tag: rust.clone(), existed: false });
    let again = world.create_tag(world.tag("rust", TagCategory::Meta, Some("another"))).await;
    assert_eq!(again, TagCreated { tag: rust, existed: true }, "what was said of it stays");
    let id = world.rule_with("rule", &[]).await;
    let made = world.change_tag(id, named("slow"), true).await.tag.expect("created");
    assert_eq!((made.category, made.description.clone()), (TagCategory::Custom, None));
    let told = world.create_tag(world.tag("slow", TagCategory::Meta, Some("Takes long"))).await;
    let expected = Tag { category: TagCategory::Meta, description: Some("Takes long".to_owned()), ..made };
    assert_eq!(told, TagCreated { tag: expected, existed: true }, "nothing had been said of it");
    assert_ne!(world.create_tag(world.tag("Rust", TagCategory::Language, None)).await.tag.name, "rust");
}

pub(crate) async fn attaching_is_a_change_of_the_entry(world: World) {
    let id = world.rule_with("rule", &["build"]).await;
    world.clock.advance(1_000);
    world.changes.lock().unwrap().clear();
    let tagged = world.change_tag(id, named("ci"), true).await;
    assert_eq!((tagged.changed, tagged.written.version, tagged.written.conflict), (true, 2, false));
    assert_eq!(world.changes.lock().unwrap().len(), 1);
    let entry = world.get(KIND, id).await.expect("there");
    assert_eq!(
        (entry.tags.clone(), entry.updated_at_ms),
        (vec!["build".to_owned(), "ci".to_owned()], START_MS + 1_000)
    );
    assert_eq!(
        (entry.updated_by.as_deref(), entry.version.change_reason.as_deref()),
        (Some("bob"), Some("tag attached: ci"))
    );
    let again = world.change_tag(id, named("ci"), true).await;
    assert_eq!((again.changed, again.written.version), (false, 2), "it stays as it is");

    let mut search = Search {
        tags: TagFilter { require: vec!["ci".to_owned()], ..TagFilter::default() },
        ..search_for("")
    };
    assert_eq!(world.hits(search.clone()).await, [id]);
    search.tags.require.clear();
    search.query = "ci".to_owned();
    assert_eq!(world.hits(search.clone()).await, [id], "tags are words of the entry");

    let known = tagged.tag.expect("created with it").id;
    let detached = world.change_tag(id, TagSelector::Id(known), false).await;
    assert_eq!((detached.changed, detached.name.as_str(), detached.written.version), (true, "ci", 3));
    assert!(world.hits(search).await.is_empty());
    assert!(!world.change_tag(id, named("ci"), false).await.changed);
    assert!(!world.change_tag(id, named("never heard of"), false).await.changed);
    let history = world.store.entries.history(KIND, id, 10, 0).await.unwrap().expect("there");
    assert_eq!(history.versions.len(), 3);

    let refused = world.refusal(world.tagging(Id([9; 16]), named("ci"), true)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("entryId")));
    let refused = world.refusal(world.tagging(id, TagSelector::Id(Id([9; 16])), true)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("tagId")));
}

pub(crate) async fn an_entry_has_so_many_tags_at_most(world: World) {
    let names: Vec<String> = (0..TAGS_MAX).map(|number| format!("tag {number:02}")).collect();
    let id = world.rule_with("rule", &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let refused = world.refusal(world.tagging(id, named("one more"), true)).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::LimitExceeded, Some("tagName")));
    assert!(!world.counts().await.iter().any(|(name, _)| name == "one more"), "nothing is left of it");
}

pub(crate) async fn tags_are_listed_with_their_use(world: World) {
    world.create_tag(world.tag("unused", TagCategory::Domain, None)).await;
    world.create_tag(world.tag("build", TagCategory::Category, None)).await;
    let one = world.rule_with("one", &["build", "ci"]).await;
    let two = world.rule_with("two", &["build"]).await;
    let count = |name: &str, entries| (name.to_owned(), entries);
    assert_eq!(world.counts().await, [count("build", 2), count("ci", 1), count("unused", 0)]);
    let custom = world.tags(ListTags { category: Some(TagCategory::Custom), ..ALL }).await.tags;
    assert_eq!(custom.iter().map(|tag| tag.name.as_str()).collect::<Vec<_>>(), ["ci"]);
    assert_eq!(custom[0].tag, None, "nobody created it");
    let page = world.tags(ListTags { limit: 2, ..ALL }).await;
    assert_eq!((page.tags.len(), page.has_more), (2, true));
    let page = world.tags(ListTags { limit: 2, offset: 2, ..ALL }).await;
    assert_eq!((page.tags.len(), page.has_more), (1, false));

    world.change_tag(two, named("ci"), true).await;
    world.change_tag(one, named("build"), false).await;
    world.write(world.deactivating(KIND, two)).await.expect("hidden");
    assert_eq!(world.counts().await, [count("build", 1), count("ci", 2), count("unused", 0)]);
    let delete = Write::DeleteEntries { kind: KIND, ids: vec![two], bulk: false, deleted_by: None };
    world.write(delete).await.expect("deleted");
    assert_eq!(world.counts().await, [count("build", 0), count("ci", 1), count("unused", 0)]);
    let of_entry = world.store.tags.tags_named(vec!["ci".to_owned(), "nobody's".to_owned()]).await.unwrap();
    let of_entry: Vec<_> =
        of_entry.into_iter().map(|tag| (tag.name, tag.tag.is_some(), tag.entries)).collect();
    assert_eq!(of_entry, [("ci".to_owned(), true, 1), ("nobody's".to_owned(), false, 0)]);
}
