//! Backups: what a store was comes back, and what it was before that is kept.

use std::path::Path;

use agent_memory_proto::model::{EntryKind, ScopeRef};

use super::{
    audit,
    fixtures::{World, guideline, knowledge, new_content},
};
use crate::{
    backups::BackupDirectory,
    store::{
        KeptAside, StoreError,
        sqlite::{SqliteOptions, examine_backup, prepare_backup, seal_backup},
    },
};

/// A backup of the world: a directory with a store in it.
async fn backed_up(world: &World) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    world.store.backups.copy_out(directory.path().to_owned()).await.unwrap();
    let file = SqliteOptions::new(directory.path()).database();
    let sealed = seal_backup(&file, world.clock.now_ms()).unwrap();
    assert_eq!(examine_backup(&file, "copy").unwrap(), sealed);
    directory
}

async fn put_back(world: &World, staged: &Path, aside: &Path) -> Result<KeptAside, StoreError> {
    prepare_backup(staged, &world.clock).unwrap();
    let aside = BackupDirectory::new(aside.to_owned());
    world.store.backups.restore(staged.to_owned(), aside, world.clock.now_ms()).await
}

pub(crate) async fn what_was_is_put_back_and_what_is_is_kept(world: World) {
    let project = world.project("app").await;
    let scope = ScopeRef::project(project.id);
    let kept = world.add(guideline(scope, "kept", 7)).await;
    world.add(knowledge(scope, "a fact")).await;
    let changed = world.add(guideline(ScopeRef::GLOBAL, "changed", 7)).await;
    world.update(changed.id, new_content("second", "ada")).await;
    let backup = backed_up(&world).await;

    world.update(changed.id, new_content("third", "bob")).await;
    let gone = world.add(guideline(scope, "gone", 7)).await;
    let other = world.project("later").await;
    world.add(guideline(ScopeRef::project(other.id), "gone, too", 1)).await;
    let aside = tempfile::tempdir().unwrap();
    let KeptAside { backup: file, damage } = put_back(&world, backup.path(), aside.path()).await.unwrap();
    assert_eq!(damage, None);
    assert!(world.get(EntryKind::Guideline, kept.id).await.is_some());
    assert_eq!(world.get(EntryKind::Guideline, changed.id).await.unwrap().version.number, 2);
    assert_eq!(world.get(EntryKind::Guideline, gone.id).await, None);
    assert_eq!(world.store.scopes.chain(ScopeRef::project(other.id)).await, Ok(None));
    let health = world.store.health.probe().await.unwrap();
    assert_eq!((health.0.entries, health.1), ([2, 1, 0], Vec::<String>::new()));
    // New ones go on from there.
    world.add(guideline(scope, "gone", 7)).await;
    world.update(changed.id, new_content("another third", "ada")).await;

    let again = tempfile::tempdir().unwrap();
    std::fs::copy(aside.path().join(file.filename), SqliteOptions::new(again.path()).database()).unwrap();
    put_back(&world, again.path(), aside.path()).await.unwrap();
    assert!(world.get(EntryKind::Guideline, gone.id).await.is_some(), "what was replaced comes back");
    assert_eq!(world.get(EntryKind::Guideline, changed.id).await.unwrap().version.number, 3);
}

pub(crate) async fn a_restore_leaves_the_audit_as_it_is(world: World) {
    world.add(guideline(ScopeRef::GLOBAL, "before", 7)).await;
    let backup = backed_up(&world).await;
    world.add(guideline(ScopeRef::GLOBAL, "taken back", 7)).await;
    let told = audit::all(&world).await;
    let aside = tempfile::tempdir().unwrap();
    put_back(&world, backup.path(), aside.path()).await.unwrap();
    assert_eq!(audit::all(&world).await, told);
    world.add(guideline(ScopeRef::GLOBAL, "after", 7)).await;
    let lines = audit::all(&world).await;
    assert_eq!((&lines[1..], lines.len()), (told.as_slice(), 3));
}

pub(crate) async fn what_cannot_be_put_back_changes_nothing(world: World) {
    let kept = world.add(guideline(ScopeRef::GLOBAL, "kept", 7)).await;
    let (empty, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = BackupDirectory::new(aside.path().join("file"));
    std::fs::write(directory.path(), "in the way").unwrap();
    let backup = backed_up(&world).await;
    prepare_backup(backup.path(), &world.clock).unwrap();
    let restored = world.store.backups.restore(backup.path().to_owned(), directory, world.clock.now_ms());
    restored.await.expect_err("it cannot be kept aside");
    let nowhere = empty.path().join("absent");
    let aside = BackupDirectory::new(aside.path().to_owned());
    world.store.backups.restore(nowhere, aside, world.clock.now_ms()).await.expect_err("there is nothing");
    assert!(world.get(EntryKind::Guideline, kept.id).await.is_some());
    world.add(guideline(ScopeRef::GLOBAL, "after", 7)).await;
}
