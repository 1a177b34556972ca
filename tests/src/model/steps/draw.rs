//! Draws sequences of steps.

use agent_memory_proto::model::{EntryKind, SessionStatus};
use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::select,
    strategy::BoxedStrategy,
};

use super::{AGENTS, Change, Expected, NewEntry, NewId, Page, Step, Where, Wish};

/// A sequence of up to so many steps, with this many restarts in ten thousand steps.
pub fn steps(most: usize, restarts: u32) -> impl Strategy<Value = Vec<Step>> {
    let step = (0..AGENTS, wish(restarts)).prop_map(|(agent, wish)| Step { agent, wish });
    vec(step, 1..=most)
}

fn wish(restarts: u32) -> BoxedStrategy<Wish> {
    prop_oneof![
        1_000 => scope_wish(),
        3_500 => write_wish(),
        2_500 => read_wish(),
        1_500 => lock_wish(),
        800 => any::<u8>().prop_map(Wish::Repeat),
        150 => (any::<u8>(), 0..4_u8).prop_map(|(step, name)| Wish::KeyAgain { step, name }),
        150 => Just(Wish::Reconnect),
        restarts => any::<bool>().prop_map(|killed| Wish::Restart { killed }),
    ]
    .boxed()
}

fn pick() -> impl Strategy<Value = u8> {
    prop_oneof![19 => 1..=255_u8, 1 => Just(0)]
}

fn place() -> impl Strategy<Value = Where> {
    prop_oneof![
        2 => Just(Where::Global),
        2 => pick().prop_map(Where::Org),
        5 => pick().prop_map(Where::Project),
        4 => pick().prop_map(Where::Session),
    ]
}

fn kind() -> impl Strategy<Value = EntryKind> {
    select(EntryKind::ALL.to_vec())
}

fn page() -> impl Strategy<Value = Page> {
    let limit = prop_oneof![6 => 1..=5_u32, 6 => Just(100_u32), 1 => select(vec![0, 101, u32::MAX])];
    let offset = prop_oneof![8 => 0..=3_u32, 1 => select(vec![10_000, 10_001, u32::MAX])];
    (limit, offset).prop_map(|(limit, offset)| Page { limit, offset })
}

fn status() -> impl Strategy<Value = SessionStatus> {
    select(SessionStatus::ALL.to_vec())
}

fn words() -> impl Strategy<Value = Vec<u8>> {
    vec(0..6_u8, 1..4)
}

fn new_entry() -> impl Strategy<Value = NewEntry> {
    let id = prop_oneof![8 => Just(NewId::Given), 3 => Just(NewId::Made), 1 => pick().prop_map(NewId::Taken)];
    (kind(), place(), name(), words(), vec(0..3_u8, 0..3), any::<u8>(), id).prop_map(
        |(kind, scope, name, words, tags, detail, id)| NewEntry {
            kind,
            scope,
            name,
            words,
            tags,
            detail,
            id,
        },
    )
}

/// Few names, and two that are none.
fn name() -> impl Strategy<Value = u8> {
    prop_oneof![30 => 0..6_u8, 1 => 254..=255_u8]
}

fn change() -> impl Strategy<Value = Change> {
    let change = (
        (pick(), expected()),
        option::weighted(0.2, name()),
        option::weighted(0.7, words()),
        option::weighted(0.3, vec(0..3_u8, 0..3)),
        any::<u8>(),
    );
    change.prop_map(|((entry, expected), name, words, tags, detail)| Change {
        entry,
        expected,
        name,
        words,
        tags,
        detail,
    })
}

fn expected() -> impl Strategy<Value = Expected> {
    prop_oneof![
        4 => Just(Expected::Any),
        4 => Just(Expected::Current),
        1 => any::<u8>().prop_map(Expected::Other),
    ]
}

fn scope_wish() -> BoxedStrategy<Wish> {
    prop_oneof![
        1 => name().prop_map(|name| Wish::CreateOrg { name }),
        1 => page().prop_map(Wish::ListOrgs),
        3 => (option::of(pick()), name(), option::of(0..4_u8))
            .prop_map(|(org, name, path)| Wish::CreateProject { org, name, path }),
        2 => (pick(), option::of(name()), option::of(option::of(pick())), option::of(option::of(0..4_u8)))
            .prop_map(|(project, name, org, path)| Wish::UpdateProject { project, name, org, path }),
        1 => pick().prop_map(Wish::GetProjectById),
        1 => (0..4_u8).prop_map(Wish::GetProjectAt),
        1 => (0..6_u8, option::of(pick())).prop_map(|(name, org)| Wish::GetProjectNamed { name, org }),
        1 => (option::of(pick()), page()).prop_map(|(org, page)| Wish::ListProjects { org, page }),
        1 => (pick(), any::<bool>()).prop_map(|(project, confirm)| Wish::DeleteProject { project, confirm }),
        2 => (option::weighted(0.8, pick()), any::<bool>())
            .prop_map(|(project, names_agent)| Wish::StartSession { project, names_agent }),
        2 => (pick(), status()).prop_map(|(session, status)| Wish::EndSession { session, status }),
        2 => (pick(), status(), any::<bool>())
            .prop_map(|(session, status, says)| Wish::FinishSession { session, status, says }),
        1 => (option::of(pick()), option::of(status()), page())
            .prop_map(|(project, status, page)| Wish::ListSessions { project, status, page }),
    ]
    .boxed()
}

fn write_wish() -> BoxedStrategy<Wish> {
    prop_oneof![
        10 => new_entry().prop_map(Wish::Add),
        9 => change().prop_map(Wish::Update),
        2 => vec(new_entry(), 0..4).prop_map(Wish::BulkAdd),
        2 => vec(change(), 0..4).prop_map(Wish::BulkUpdate),
        2 => pick().prop_map(|entry| Wish::Deactivate { entry }),
        2 => pick().prop_map(|entry| Wish::Delete { entry }),
        1 => (kind(), vec(pick(), 0..3)).prop_map(|(kind, entries)| Wish::BulkDelete { kind, entries }),
        3 => (0..4_u8, place(), words()).prop_map(|(form, scope, words)| Wish::Remember { form, scope, words }),
    ]
    .boxed()
}

fn read_wish() -> BoxedStrategy<Wish> {
    let scope = || option::weighted(0.85, place());
    let flags = || (any::<bool>(), proptest::bool::weighted(0.3));
    prop_oneof![
        2 => (pick(), proptest::bool::weighted(0.1))
            .prop_map(|(entry, wrong_kind)| Wish::Get { entry, wrong_kind }),
        3 => (kind(), name(), place(), flags()).prop_map(|(kind, name, scope, (inherit, include_inactive))| {
            Wish::GetNamed { kind, name, scope, inherit, include_inactive }
        }),
        4 => (kind(), scope(), flags(), any::<u8>(), page()).prop_map(
            |(kind, scope, (inherit, include_inactive), detail, page)| Wish::List {
                kind,
                scope,
                inherit,
                include_inactive,
                detail,
                page,
            }
        ),
        2 => (pick(), page()).prop_map(|(entry, page)| Wish::History { entry, page }),
        4 => (vec(0..6_u8, 0..3), scope(), flags(), any::<u8>(), select(vec![1_u32, 2, 5, 100, 0])).prop_map(
            |(words, scope, (inherit, include_inactive), detail, limit)| Wish::Search {
                words,
                scope,
                inherit,
                include_inactive,
                detail,
                limit,
            }
        ),
    ]
    .boxed()
}

fn lock_wish() -> BoxedStrategy<Wish> {
    let session = || option::weighted(0.3, pick());
    let project = || option::weighted(0.2, pick());
    prop_oneof![
        5 => (0..9_u8, session(), project(), any::<u8>(), proptest::bool::weighted(0.05)).prop_map(
            |(path, session, project, ttl, waits)| Wish::Checkout { path, session, project, ttl, waits }
        ),
        3 => (0..9_u8, session(), expected())
            .prop_map(|(path, session, token)| Wish::Checkin { path, session, token }),
        2 => (0..9_u8).prop_map(|path| Wish::LockStatus { path }),
        2 => (option::of(0..AGENTS), session(), project(), page())
            .prop_map(|(agent, session, project, page)| Wish::ListLocks { agent, session, project, page }),
        1 => (0..9_u8).prop_map(|path| Wish::ForceUnlock { path }),
    ]
    .boxed()
}
