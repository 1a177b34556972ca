//! The requests of each operation, by number.

use std::sync::Arc;

use agent_memory_proto::{
    Request,
    model::EntryKind,
    request::{CheckinFile, CheckoutFile, Echo, EntrySelector, GetContext, GetEntry, ListEntries, Search},
};

use super::{corpus, crew::Maker, operation::Operation, scratch::Scratch};

/// Distinct questions of cached reads: all of them stay in the cache.
const CACHED_QUESTIONS: u64 = 16;
/// Hits that each of them has at most.
const CACHED_HITS: u32 = 10;
/// Who locks. A lock of a benchmark that was interrupted ends soon.
const LOCK_OWNER: &str = "benchmark";
const LOCK_TTL_MS: u64 = 60_000;
/// Rows of a scoped read.
const ROWS: u32 = 20;

/// Makes the requests of one operation. `offset` is where the numbers of this part begin, so that
/// the parts of a measurement do not ask the same again.
pub(crate) fn maker(operation: Operation, scratch: &Arc<Scratch>, seed: u64, offset: u64) -> Maker {
    let (scratch, operation) = (Arc::clone(scratch), operation.question());
    if operation == Operation::CachedRead {
        let questions: Vec<_> = (0..CACHED_QUESTIONS)
            .map(|number| Arc::new(request(operation, &scratch, seed, number)))
            .collect();
        return Arc::new(move |number| Arc::clone(in_turn(&questions, number)));
    }
    Arc::new(move |number| Arc::new(request(operation, &scratch, seed, offset + number)))
}

/// An echo with a request and a reply of these sizes.
pub(crate) fn echo(request_bytes: usize, reply_bytes: usize) -> Maker {
    // Both messages have a variant (4 bytes) and a length (8 bytes) around their content; the
    // request also says how much it wants (4 bytes).
    let payload = vec![0; request_bytes.saturating_sub(16)];
    let reply_bytes = u32::try_from(reply_bytes.saturating_sub(12)).unwrap_or(u32::MAX).min(1 << 20);
    let request = Arc::new(Request::Echo(Echo { payload, reply_bytes }));
    Arc::new(move |_| Arc::clone(&request))
}

/// The request of a number.
pub(crate) fn request(operation: Operation, scratch: &Scratch, seed: u64, number: u64) -> Request {
    match operation.question() {
        Operation::Echo => Request::Echo(Echo { payload: vec![0; 64], reply_bytes: 512 }),
        Operation::CachedRead | Operation::CheckedCachedRead => {
            let search = corpus::search(!seed, number % CACHED_QUESTIONS, scratch.scope());
            Request::Search(Search { limit: CACHED_HITS, ..search })
        }
        Operation::SimpleRead | Operation::CheckedRead => {
            let (kind, id) = *in_turn(&scratch.entries, number);
            let selector = EntrySelector::Id(id);
            Request::GetEntry(GetEntry { kind, selector, include_inactive: false })
        }
        Operation::ScopedRead => Request::ListEntries(ListEntries {
            kind: EntryKind::Guideline,
            scope: Some(agent_memory_proto::model::ScopeRef::session(*in_turn(&scratch.sessions, number))),
            inherit: true,
            include_inactive: false,
            category: None,
            limit: ROWS,
            offset: 0,
        }),
        Operation::Search => Request::Search(corpus::search(seed, number, scratch.scope())),
        Operation::Context => Request::GetContext(GetContext {
            scope: agent_memory_proto::model::ScopeRef::session(*in_turn(&scratch.sessions, number)),
            inherit: true,
            query: None,
            kinds: Vec::new(),
            budget_tokens: None,
            limit_per_kind: None,
        }),
        Operation::Write => Request::AddEntry(corpus::written(seed, number, scratch.scope())),
        Operation::Lock => Request::CheckoutFile(CheckoutFile {
            path: format!("/benchmark/{}/{number}", scratch.project_id),
            agent_id: Some(LOCK_OWNER.to_owned()),
            session_id: None,
            project_id: None,
            reason: None,
            metadata: None,
            ttl_ms: Some(LOCK_TTL_MS),
            wait_ms: 0,
        }),
    }
}

/// The second half of an operation that has one: what was locked is unlocked.
pub(crate) fn after(request: &Request) -> Option<Request> {
    let Request::CheckoutFile(checkout) = request else { return None };
    Some(Request::CheckinFile(CheckinFile {
        path: checkout.path.clone(),
        agent_id: checkout.agent_id.clone(),
        session_id: None,
        token: None,
    }))
}

fn in_turn<T>(all: &[T], number: u64) -> &T {
    let index = number % (all.len() as u64).max(1);
    &all[usize::try_from(index).expect("an index below the length of a slice")]
}
