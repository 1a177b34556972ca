//! Reads: what is found in rows that were put there by hand, and that lists follow the index.

use agent_memory_proto::{
    model::{EntryKind, Id, ScopeRef},
    request::{GetProject, ListOrgs, ListProjects, ListSessions},
};
use agent_memory_testbed::Postgres;
use futures_util::future::join_all;

use super::{PostgresOptions, World, open};
use crate::{
    actors::block_on,
    store::{ListQuery, StoreError},
};

const ROWS: &str = "
    INSERT INTO scopes (level, id, parent) VALUES (1, '00000000-0000-0000-0000-0000000000a1', 1),
        (2, '00000000-0000-0000-0000-0000000000b1', 2), (3, '00000000-0000-0000-0000-0000000000c1', 3);
    INSERT INTO orgs (scope, name, created_at_ms) VALUES (2, 'acme', 1);
    INSERT INTO projects (scope, org, name, root_path, root_path_key, created_at_ms, updated_at_ms)
        SELECT 3, 2, 'app', '/home/ada/app', substr(encode(sha256('/home/ada/app'), 'hex'), 1, 32)::uuid, 1, 1;
    INSERT INTO sessions (scope, project, status, started_at_ms) VALUES (4, 3, 0, 1);
    INSERT INTO entries (id, kind, scope, name_key, priority, version, version_id, created_at_ms, updated_at_ms,
            version_at_ms, name, content, valid_from_ms)
        SELECT ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, n % 2, 1 + n % 4,
            substr(encode(sha256(convert_to('entry ' || n / 8, 'UTF8')), 'hex'), 1, 32)::uuid,
            CASE n % 2 WHEN 0 THEN n % 100 END, 2, gen_random_uuid(), n, n, n, 'entry ' || n / 8, 'text', n
        FROM generate_series(1, 20000) n ON CONFLICT DO NOTHING;
    INSERT INTO entry_versions (entry, number, id, created_at_ms, conflict, content)
        SELECT rowid, 1, gen_random_uuid(), 1, false, 'before' FROM entries;
    ANALYZE;";

fn id(tail: u8, part: u8) -> Id {
    let mut bytes = [0; 16];
    (bytes[7], bytes[15]) = (part, tail);
    Id(bytes)
}

/// Of an entry of [`ROWS`] below 10, or of none.
fn id_of_entry(number: u8, is_there: bool) -> Id {
    let mut id = id(number, 0);
    id.0[9] = u8::from(is_there);
    id
}

fn chain() -> Vec<ScopeRef> {
    let scope = |tail| id(tail, 0);
    vec![
        ScopeRef::session(scope(0xc1)),
        ScopeRef::project(scope(0xb1)),
        ScopeRef::org(scope(0xa1)),
        ScopeRef::GLOBAL,
    ]
}

/// Runs a test on a store that has [`ROWS`].
fn on_rows(test: impl AsyncFnOnce(World, &Postgres)) {
    let server = Postgres::start().unwrap();
    block_on(async {
        let (world, handle) = open(PostgresOptions::new(server.url("postgres").parse().unwrap())).await;
        server.sql("postgres", ROWS).unwrap();
        test(world, &server).await;
        handle.close().await;
    })
    .unwrap();
}

#[test]
fn what_stands_above_entries_is_found() {
    on_rows(async |world, _| {
        let scopes = &world.store.scopes;
        let orgs = scopes.orgs(ListOrgs { limit: 5, offset: 0 }).await.unwrap();
        assert_eq!((orgs.orgs.len(), orgs.has_more), (1, false));
        let by_path =
            |path: &str| GetProject { id: None, name: None, org_id: None, root_path: Some(path.to_owned()) };
        for (path, is_there) in
            [("/home/ada/app/src/bin", true), ("/home/ada/app", true), ("/home/ada", false)]
        {
            assert_eq!(scopes.project(by_path(path)).await.unwrap().is_some(), is_there, "{path}");
        }
        for org_id in [None, Some(id(0xa1, 0))] {
            let named = GetProject { id: None, name: Some("app".to_owned()), org_id, root_path: None };
            assert!(scopes.project(named).await.unwrap().is_some());
            let page = scopes.projects(ListProjects { org_id, limit: 5, offset: 0 }).await.unwrap();
            assert_eq!(page.projects.len(), 1);
        }
        for project_id in [None, Some(id(0xb1, 0))] {
            let request = ListSessions { project_id, status: None, limit: 5, offset: 0 };
            assert_eq!(scopes.sessions(request).await.unwrap().sessions.len(), 1);
        }
        assert!(scopes.session(id(0xc1, 0)).await.unwrap().is_some());
    });
}

#[test]
fn entries_are_found_by_name_and_have_their_history() {
    on_rows(async |world, _| {
        let entries = &world.store.entries;
        let find = |scopes| entries.find(EntryKind::Guideline, "entry 7".to_owned(), scopes, false);
        let narrow = find(chain()).await.unwrap().expect("an entry");
        assert_eq!(narrow.scope, chain()[1], "the narrowest that has it");
        assert_eq!(find(vec![ScopeRef::GLOBAL]).await.unwrap().expect("an entry").scope, ScopeRef::GLOBAL);
        for (limit, offset, found, more) in
            [(5, 0, vec![2, 1], false), (1, 0, vec![2], true), (5, 1, vec![1], false), (5, 2, vec![], false)]
        {
            let history = entries.history(EntryKind::Guideline, narrow.id, limit, offset).await.unwrap();
            let history = history.expect("it is there");
            let numbers: Vec<u32> = history.versions.iter().map(|version| version.number).collect();
            assert_eq!((numbers, history.has_more), (found, more));
        }
        assert_eq!(entries.history(EntryKind::Tool, narrow.id, 5, 0).await.unwrap(), None);
        assert_eq!(entries.next_validity_change(17).await.unwrap(), Some(18));
        assert_eq!(entries.next_validity_change(20_000).await.unwrap(), None);
    });
}

/// Each caller gets what it asked for, whoever else asks for it at the same time.
#[test]
fn callers_at_once_get_each_their_own_entry() {
    on_rows(async |world, _| {
        let entries = &world.store.entries;
        // Of the first entries, 1 to 4 are there; the odd ones lack what knowledge has.
        let wanted: Vec<(EntryKind, Id, &str)> = (0..200_u8)
            .map(|n| {
                let (tail, kind) = (n % 7 + 1, EntryKind::ALL[usize::from(n / 7 % 3)]);
                let answer = match (n % 5 > 0 && tail <= 4, kind) {
                    (true, EntryKind::Guideline) if tail % 2 == 0 => "an entry",
                    (true, EntryKind::Knowledge) if tail % 2 == 1 => "corrupt",
                    _ => "none",
                };
                (kind, id_of_entry(tail, n % 5 > 0), answer)
            })
            .collect();
        for callers in [1, 2, 200] {
            for some in wanted.chunks(callers) {
                let found = join_all(some.iter().map(|(kind, id, _)| entries.get(*kind, *id))).await;
                for ((kind, id, answer), found) in some.iter().zip(found) {
                    match found {
                        Ok(Some(found)) => {
                            assert_eq!((*answer, found.id), ("an entry", *id));
                            assert_eq!(found.version.body.kind(), *kind);
                        }
                        Ok(None) => assert_eq!(*answer, "none", "{kind:?} {id}"),
                        Err(StoreError::Corrupt(_)) => assert_eq!(*answer, "corrupt", "{kind:?} {id}"),
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }
        }
    });
}

#[test]
fn inherited_lists_are_merged_in_order() {
    on_rows(async |world, _| {
        let list = async |scopes: Option<Vec<ScopeRef>>, limit, offset| {
            let query = ListQuery {
                kind: EntryKind::Guideline,
                scopes,
                include_inactive: false,
                category: None,
                limit,
                offset,
            };
            world.store.entries.list(query).await.unwrap()
        };
        let whole = list(Some(chain()), 5_000, 0).await;
        assert_eq!((whole.entries.len(), whole.has_more), (2_501, false), "every name once");
        let order = |entry: &agent_memory_proto::model::Entry| {
            let agent_memory_proto::model::EntryBody::Guideline { priority, .. } = entry.version.body else {
                panic!("no guideline")
            };
            (std::cmp::Reverse(priority), std::cmp::Reverse(entry.updated_at_ms), entry.id)
        };
        assert!(whole.entries.is_sorted_by_key(order));
        for offset in [0, 7, 100, 2_495] {
            let page = list(Some(chain()), 10, offset).await;
            let start = offset as usize;
            assert_eq!(page.entries, whole.entries[start..(start + 10).min(whole.entries.len())]);
        }
        assert_eq!(list(Some(vec![]), 10, 0).await.entries, []);
        assert_eq!(list(None, 5, 0).await.entries[0].updated_at_ms, 19_898);
    });
}
