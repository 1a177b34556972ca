//! Whatever is stored goes through every format and comes back the same, byte for byte.

use std::{io::Cursor, path::Path};

use agent_memory_client::transfer::{self, Format, Item};
use agent_memory_proto::{request::ExportPage, response::ExportedPage};
use agent_memory_tests::{
    Backend, Instance, from_environment, on_every_backend,
    random_store::{RandomStore, random_store},
};
use proptest::test_runner::{Config, TestRunner};

const FORMATS: [Format; 3] = [Format::Json, Format::Yaml, Format::Markdown];

/// So many rounds, unless the environment says otherwise.
fn rounds(few: u32) -> u32 {
    from_environment("AGENT_MEMORY_TRANSFER_ROUNDS", few)
}

fn for_all(few: u32, entries_max: usize, check: impl Fn(&RandomStore)) {
    let config = Config { cases: rounds(few), failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&random_store(entries_max), |store| {
        check(&store);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn everything() -> ExportPage {
    ExportPage {
        kinds: Vec::new(),
        scope: None,
        tags: Vec::new(),
        include_inactive: true,
        include_versions: true,
        cursor: None,
    }
}

fn written(format: Format, store: &RandomStore) -> Vec<u8> {
    let mut document = Vec::new();
    let mut writer = transfer::writer(format, &mut document);
    writer.begin(&everything(), Some(7)).expect("begun");
    let page = ExportedPage {
        scopes: store.scopes.clone(),
        entries: store.entries.clone(),
        next_cursor: None,
        entries_in_store: None,
        changed_at_ms: None,
    };
    writer.page(&page).expect("written");
    assert!(writer.extras(&store.extras).expect("written"), "{format} has a place for everything");
    writer.end().expect("ended");
    drop(writer);
    document
}

fn read(format: Format, document: Vec<u8>) -> RandomStore {
    let (mut scopes, mut entries, mut extras) = (Vec::new(), Vec::new(), Vec::new());
    let shown = String::from_utf8_lossy(&document).into_owned();
    let source = transfer::source(format, Cursor::new(document)).expect("a format that is read");
    let done = source.read(&mut |item| {
        match item {
            Item::Scope(scope) => scopes.push(scope),
            Item::Entry(item) => entries.push(item.entry),
            Item::Extra(item) => extras.push(item.extra),
            Item::Relations(relations) => panic!("{format}: {relations} relations in\n{shown}"),
            Item::Refused(refusal) => panic!("{format}: {refusal:?} of\n{shown}"),
        }
        Ok(())
    });
    done.unwrap_or_else(|error| panic!("{format}: {error:?} of\n{shown}"));
    RandomStore { scopes, entries, extras }
}

#[test]
fn every_format_carries_everything() {
    for_all(100, 3, |store| {
        for format in FORMATS {
            let document = written(format, store);
            let read = read(format, document.clone());
            let text = String::from_utf8_lossy(&document);
            assert_eq!(read.entries, store.entries, "{format}:\n{text}");
            assert_eq!(read.scopes, store.scopes, "{format}:\n{text}");
            assert_eq!(read.extras, store.extras, "{format}:\n{text}");
        }
    });
}

fn path(instance: &Instance, format: Format) -> String {
    instance.root().join(format!("all.{format}")).to_str().expect("text").to_owned()
}

fn export(instance: &Instance, format: Format) -> String {
    let path = path(instance, format);
    let _ = instance.run(["export", &path, "--format", format.name()]).ok();
    std::fs::read_to_string(path).expect("readable")
}

/// Takes a store's contents, if the daemon does.
fn import(instance: &Instance, document: impl AsRef<Path>, format: Format) {
    let document = document.as_ref().to_str().expect("text");
    let _ = instance.run(["import", document, "--format", format.name()]).ok();
}

on_every_backend!(a_store_goes_through_every_format_and_comes_back_the_same);

fn a_store_goes_through_every_format_and_comes_back_the_same(backend: Backend) {
    let few = match backend {
        Backend::Sqlite => 3,
        Backend::Postgres | Backend::PostgresRedis => 1,
    };
    for_all(few, 25, |store| {
        let first = backend.instance();
        let document = path(&first, Format::Json);
        std::fs::write(&document, written(Format::Json, store)).expect("written");
        import(&first, document, Format::Json);
        let complete = export(&first, Format::Json);
        assert_eq!(complete.matches("\"versions\":").count(), store.entries.len());
        assert_eq!(read(Format::Json, complete.clone().into_bytes()).extras, store.extras);
        for format in FORMATS {
            let exported = export(&first, format);
            let second = backend.instance();
            import(&second, path(&first, format), format);
            assert_eq!(export(&second, format), exported, "{format}");
            assert_eq!(export(&second, Format::Json), complete, "through {format}");
        }
    });
}
