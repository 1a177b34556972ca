//! Long random histories of writes, each step compared with a model that is simple enough to be
//! right: a map of names to versions.

use std::collections::BTreeMap;

use agent_memory_proto::{
    ErrorCode, Response,
    model::{EntryKind, Id, ScopeRef},
};

use super::fixtures::{World, guideline, new_content};
use crate::store::{IdempotencyKey, ListQuery, StoreError, Write, WriteOutcome};

const STEPS: u32 = 600;
const NAMES: [&str; 5] = ["tabs", "spaces", "quotes", "commas", "semicolons"];

/// A repeatable source of choices.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Known {
    id: Id,
    version: u32,
    is_active: bool,
    content: String,
}

type Model = BTreeMap<(ScopeRef, &'static str), Known>;

pub(crate) async fn random_histories_match_a_model(world: World) {
    let project = world.project("app").await;
    let scopes = [ScopeRef::project(project.id), ScopeRef::GLOBAL];
    for seed in 1..=5_u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut model = read_model(&world, &scopes).await;
        for step in 0..STEPS / 5 {
            world.clock.advance(i64::try_from(dice.roll(4)).unwrap());
            let place = (scopes[dice.roll(2)], NAMES[dice.roll(NAMES.len())]);
            let (write, expected) = choose(&world, &mut dice, &model, place, step);
            let key = IdempotencyKey { key: world.clock.new_id(), fingerprint: seed };
            let outcome = world.write_keyed(write.clone(), Some(key)).await;
            compare(&outcome, &expected, step);
            if let Ok(first) = &outcome
                && dice.roll(3) == 0
            {
                let again = world.write_keyed(write, Some(key)).await.expect("the same answer");
                assert_eq!((again.replayed, &again.reply), (true, &first.reply));
            }
            if let Ok(state) = expected {
                match (state, outcome.map(|outcome| outcome.reply)) {
                    (Some(mut known), Ok(Response::Written(written))) => {
                        known.id = written.id;
                        model.insert(place, known);
                    }
                    (None, _) => _ = model.remove(&place),
                    (state, reply) => panic!("{state:?} {reply:?}"),
                }
            }
        }
        assert_eq!(read_model(&world, &scopes).await, model, "seed {seed}");
    }
}

/// What is expected of a write: what its place holds afterwards, or the refusal.
type Expected = Result<Option<Known>, ErrorCode>;

fn choose(
    world: &World,
    dice: &mut Dice,
    model: &Model,
    place: (ScopeRef, &'static str),
    step: u32,
) -> (Write, Expected) {
    let known = model.get(&place).cloned();
    let unknown = Known { id: world.clock.new_id(), version: 0, is_active: true, content: String::new() };
    let here = known.clone().unwrap_or(unknown);
    let or_not_found =
        |state: Option<Known>| if known.is_some() { Ok(state) } else { Err(ErrorCode::NotFound) };
    match dice.roll(6) {
        0 | 1 => {
            let new =
                Known { version: 1, is_active: true, content: format!("What {} says", place.1), ..here };
            let expected = if known.is_some() { Err(ErrorCode::AlreadyExists) } else { Ok(Some(new)) };
            (world.adding(guideline(place.0, place.1, 1)), expected)
        }
        2 => {
            let content = format!("step {step}");
            let patch = new_content(&content, "ada");
            let new = Known { version: here.version + 1, content, ..here.clone() };
            (world.updating(here.id, patch), or_not_found(Some(new)))
        }
        3 => {
            let stale = world.updating_from(here.id, Some(here.version + 7), new_content("stale", "bob"));
            let refused = if known.is_some() { ErrorCode::Conflict } else { ErrorCode::NotFound };
            (stale, Err(refused))
        }
        4 => {
            let version = here.version + u32::from(here.is_active);
            let new = Known { version, is_active: false, ..here.clone() };
            (world.deactivating(EntryKind::Guideline, here.id), or_not_found(Some(new)))
        }
        _ => {
            let (kind, ids) = (EntryKind::Guideline, vec![here.id]);
            (Write::DeleteEntries { kind, ids, bulk: false, deleted_by: None }, or_not_found(None))
        }
    }
}

fn compare(outcome: &Result<WriteOutcome, StoreError>, expected: &Expected, step: u32) {
    match (outcome, expected) {
        (Ok(outcome), Ok(state)) => {
            let Response::Written(written) = &outcome.reply else { panic!("step {step}: {outcome:?}") };
            if let Some(known) = state {
                assert_eq!(written.version, known.version, "step {step}");
            }
        }
        (Err(StoreError::Refused(body)), Err(code)) => assert_eq!(body.code, *code, "step {step}: {body}"),
        other => panic!("step {step}: {other:?}"),
    }
}

/// The model of what the store says.
async fn read_model(world: &World, scopes: &[ScopeRef]) -> Model {
    let mut model = Model::new();
    for scope in scopes {
        let query = ListQuery {
            kind: EntryKind::Guideline,
            scopes: Some(vec![*scope]),
            include_inactive: true,
            category: None,
            limit: 100,
            offset: 0,
        };
        for entry in world.store.entries.list(query).await.expect("a readable store").entries {
            let name = NAMES.into_iter().find(|name| *name == entry.name).expect("a known name");
            let history = world.store.entries.history(EntryKind::Guideline, entry.id, 100, 0).await.unwrap();
            let versions = history.expect("a history").versions;
            assert!(versions.iter().map(|version| version.number).eq((1..=entry.version.number).rev()));
            let known = Known {
                id: entry.id,
                version: entry.version.number,
                is_active: entry.is_active,
                content: entry.version.body.text().to_owned(),
            };
            model.insert((*scope, name), known);
        }
    }
    model
}
