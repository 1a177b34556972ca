//! A full disk, on a small file system of its own. Mounting one needs root; without it the test
//! says so and checks nothing.

use std::{io::Write as _, path::PathBuf, process::Command};

use agent_memory_proto::{
    Response,
    model::{EntryKind, Id, ScopeRef},
    request::EntryDraft,
};

use super::{audit, open};
use crate::{
    actors::{all_at_once, block_on},
    store::{
        StoreError,
        contract::fixtures::{World, guideline},
        sqlite::SqliteOptions,
    },
};

/// A mounted tmpfs, unmounted at the end.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "agent-memory-test"])
            .arg(directory.path())
            .output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(directory))
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

fn rule(name: &str) -> EntryDraft {
    guideline(ScopeRef::GLOBAL, &format!("{name} {}", "long ".repeat(400)), 1)
}

/// Adds some rules, all of which are under way before the first is answered.
async fn add_together(world: &World, round: u32) -> Vec<Result<Response, StoreError>> {
    let write = |number| world.write(world.adding(rule(&format!("rule {round} {number}"))));
    all_at_once((0..16).map(write)).await
}

/// Takes all the room that is left.
fn fill(path: &std::path::Path) {
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    for size in [65_536, 4_096, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

#[test]
fn a_full_disk_refuses_writes_and_serves_reads_until_there_is_room() {
    let Some(disk) = SmallDisk::mount(8) else {
        eprintln!("not checked: mounting a small file system needs root");
        return;
    };
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![0; 4 * 1024 * 1024]).unwrap();
    let options = SqliteOptions::new(disk.path());
    block_on(async {
        let (world, handle) = open(options.clone());
        let mut acknowledged: Vec<Id> = Vec::new();
        let mut refused = None;
        for round in 0.. {
            assert!(round < 1_000, "the disk does not fill up");
            for result in add_together(&world, round).await {
                match result {
                    Ok(Response::Written(written)) => acknowledged.push(written.id),
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => refused = Some(error),
                }
            }
            if refused.is_some() {
                break;
            }
        }
        let refused = refused.expect("a refusal");
        assert!(matches!(refused, StoreError::DiskFull(_)), "{refused:?}");
        assert!(refused.is_certainly_not_applied());

        let filler = disk.path().join("filler");
        // The writer makes room by emptying its log, and small writes fit again: take that, too.
        let mut probes = 0;
        let (health, problems) = loop {
            fill(&filler);
            let (health, problems) = world.store.health.probe().await.unwrap();
            if !health.connected {
                break (health, problems);
            }
            probes += 1;
            assert!(probes < 10_000, "a full disk must not look healthy");
        };
        assert!(problems.iter().any(|problem| problem.contains("writes fail")), "{problems:?}");
        assert!(health.read_us.is_some(), "reads go on");

        std::fs::remove_file(&ballast).unwrap();
        std::fs::remove_file(&filler).unwrap();
        let after = world.add(rule("after")).await;
        acknowledged.push(after.id);
        assert!(world.store.health.probe().await.unwrap().0.connected);
        for id in &acknowledged {
            assert!(world.get(EntryKind::Guideline, *id).await.is_some(), "acknowledged and lost");
        }
        let (health, _) = world.store.health.probe().await.unwrap();
        assert_eq!(health.entries[0], acknowledged.len() as u64, "refused and stored");
        handle.close().await;
    })
    .unwrap();
    audit(&options);
}
