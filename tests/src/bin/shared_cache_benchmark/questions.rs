//! What is asked, of which entries, and how answers come to be in Redis.

use agent_memory_proto::{
    Request, Response,
    frame::FLAG_CACHED,
    model::{EntryBody, EntryKind, ScopeRef},
    request::{AddEntry, BulkAddEntries, GetContext},
};
use agent_memory_testbed::Redis;
use agent_memory_tests::{Instance, Wire, requests, until};
use anyhow::{Result, ensure};

const ENTRIES: u64 = 2_000;
/// Questions that are asked again and again.
pub(crate) const QUESTIONS: u64 = 200;
/// Lists with other offsets are other questions, up to so many.
const OFFSETS: u64 = 1_900;
const WORDS: [&str; 8] = ["cache", "socket", "index", "writer", "frame", "redis", "query", "daemon"];

/// One of many questions of a kind.
pub(crate) type Ask = fn(ScopeRef, u64) -> Request;

/// The kinds.
pub(crate) const KINDS: [(&str, Ask); 3] = [("context", context), ("search", search), ("list", list)];

/// The first of many questions that were not asked in earlier rounds.
pub(crate) const fn fresh(round: u64) -> u64 {
    (round + 1) * OFFSETS * 3
}

fn words(number: u64) -> String {
    let word = |n: u64| WORDS[usize::try_from(n).unwrap_or(0) % WORDS.len()];
    format!("{} {} q{number}", word(number), word(number / 8))
}

fn context(scope: ScopeRef, number: u64) -> Request {
    Request::GetContext(GetContext {
        scope,
        inherit: true,
        query: Some(words(number)),
        kinds: Vec::new(),
        budget_tokens: None,
        limit_per_kind: None,
    })
}

fn search(scope: ScopeRef, number: u64) -> Request {
    Request::Search(requests::search(&words(number), Some(scope)))
}

fn list(scope: ScopeRef, number: u64) -> Request {
    let offset = u32::try_from(number % OFFSETS).unwrap_or(0);
    let limit = 20 + u32::try_from(number / OFFSETS % 80).unwrap_or(0);
    requests::list(EntryKind::Knowledge, scope, limit, offset)
}

/// A project.
pub(crate) fn project(wire: &mut Wire) -> Result<ScopeRef> {
    let project = requests::new_id();
    let created = wire.call(&requests::create_project(project, &format!("benchmark {project}")));
    ensure!(matches!(created, Response::Project(_)), "{created:?}");
    Ok(ScopeRef::project(project))
}

/// A project with entries.
pub(crate) fn filled(wire: &mut Wire) -> Result<ScopeRef> {
    let scope = project(wire)?;
    for first in (0..ENTRIES).step_by(100) {
        let drafts = (first..first + 100).map(|number| draft(scope, number)).collect();
        let added = wire.call(&Request::BulkAddEntries(BulkAddEntries { entries: drafts }));
        ensure!(matches!(added, Response::BulkWritten(_)), "{added:?}");
    }
    Ok(scope)
}

fn draft(scope: ScopeRef, number: u64) -> AddEntry {
    let body = EntryBody::Knowledge {
        content: format!("{} {}", words(number), "some more words about nothing. ".repeat(8)),
        confidence: 1.0,
        source: None,
        valid_from_ms: None,
        valid_until_ms: None,
        invalidated_by: None,
    };
    AddEntry { id: None, draft: requests::draft(scope, &format!("entry {number}"), body) }
}

/// Asks until every answer is there for the reader, which keeps none itself.
pub(crate) fn leave(shared: &Instance, reader: &Instance, scope: ScopeRef, question: Ask) {
    let (mut one, mut other) = (shared.connect(), reader.connect());
    for number in 0..QUESTIONS {
        until("the answer is left", || {
            one.exchange(&question(scope, number), &Default::default()).expect("answered");
            let (flags, _) = other.exchange(&question(scope, number), &Default::default()).expect("answered");
            (flags & FLAG_CACHED != 0).then_some(())
        });
    }
}

/// Copies the answers that are in Redis to where bare `GET`s find them; returns how many there are and
/// how many bytes each has.
pub(crate) fn copy_for_floor(redis: &Redis) -> Result<(u64, usize)> {
    let keys = redis.command(&["KEYS", "agentmem:cache:*"])?;
    let (mut count, mut bytes) = (0, 0);
    for key in keys.lines() {
        redis.command(&["COPY", key, &floor_key(count), "REPLACE"])?;
        bytes += redis.command(&["STRLEN", key])?.trim().parse::<usize>()?;
        count += 1;
    }
    ensure!(count > 0, "no answers are in Redis");
    Ok((count, bytes / usize::try_from(count)?))
}

/// Where bare `GET`s find a value.
pub(crate) fn floor_key(number: u64) -> String {
    format!("agentmem:floor:{}", floor_name(number))
}

/// As long as the names of answers are.
pub(crate) fn floor_name(number: u64) -> String {
    format!("{number:0>36}")
}
