//! From a frame's payload to a call: decoded, counted, limited, with its deadline.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request, codec::Message, handshake::Purpose, model::AuditVia, request::Envelope,
};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::greeting::Peer;
use crate::{
    handlers::Call,
    lifecycle::Phase,
    limiter::Allowance,
    permissions::{Permissions, Who, who},
    secrets::scrubbed,
    services::{Live, Services},
    store::IdempotencyKey,
};

/// Who asks without a name.
const ANONYMOUS: &str = "anonymous";

/// A request that may go on.
pub(super) struct Admitted {
    pub(super) call: Call,
    pub(super) request: Request,
    /// The request's own bytes, without the envelope: the key of its cached answer.
    pub(super) bytes: Bytes,
    /// Whether [`ask`] must say first that it may go on.
    pub(super) allowance: Allowance,
}

/// Decodes and checks one request.
pub(super) fn admit(services: &Arc<Services>, peer: &Peer, payload: &Bytes) -> Result<Admitted, ErrorBody> {
    services.counters.total.fetch_add(1, Ordering::Relaxed);
    let undecodable = |error: agent_memory_proto::codec::CodecError| {
        ErrorBody::new(ErrorCode::InvalidParameter, error.to_string()).with_field("request").with_suggestion(
            "Client and daemon are of different versions, or the client is at fault; update both",
        )
    };
    let (envelope, rest) = Envelope::decode_prefix(payload).map_err(undecodable)?;
    let bytes = payload.slice(payload.len() - rest.len()..);
    let request = Request::decode(&bytes).map_err(undecodable)?;
    if services.shutdown.phase() > Phase::Running {
        return Err(stopping(services));
    }
    let claimed = agent_of(&envelope, peer)?;
    let (Who { agent, proof, by_hand }, may) =
        who(services, peer.purpose, &peer.credentials, claimed, &request);
    let mut allowance = Allowance::Granted;
    if !peer.limits_lifted {
        let live = services.live.load();
        let limited = live.limiter.admit(agent.as_deref().unwrap_or(ANONYMOUS));
        allowance =
            limited.inspect_err(|error| note(services, &live, agent.as_deref(), request.name(), error))?;
    }
    let wait = match envelope.deadline_ms {
        0 => services.config.request_timeout,
        deadline_ms => Duration::from_millis(deadline_ms.into()),
    };
    let idempotency = envelope
        .idempotency_key
        .filter(|_| request.is_write())
        .map(|key| IdempotencyKey { key, fingerprint: fingerprint(&bytes) });
    let call = Call {
        services: Arc::clone(services),
        agent,
        protocol: peer.protocol,
        proof,
        credentials: Arc::clone(&peer.credentials),
        by_hand,
        line: Arc::downgrade(&peer.line),
        via: via(peer.purpose),
        session: envelope.session_id,
        rights: Permissions::nothing(),
        deadline: Instant::now() + wait,
        idempotency,
        now_ms: services.clock.now_ms(),
        masked: Arc::default(),
    };
    if let Err(error) = may {
        let name = request.name();
        let what = error.value.as_ref().map(|claimed| scrubbed(format!("{name} as {claimed}")));
        call.note_refusal(what.as_deref().unwrap_or(name), None, None, &error);
        return Err(error);
    }
    Ok(Admitted { call, request, bytes, allowance })
}

/// Asks for the allowance of one request where daemons share them.
pub(super) async fn ask(
    services: Arc<Services>,
    agent: Option<String>,
    request: &'static str,
) -> Result<(), ErrorBody> {
    let live = services.live.load_full();
    let limited = live.limiter.ask(agent.as_deref().unwrap_or(ANONYMOUS)).await;
    limited.inspect_err(|error| note(&services, &live, agent.as_deref(), request, error))
}

/// Takes note of a refusal.
fn note(services: &Services, live: &Live, agent: Option<&str>, request: &str, error: &ErrorBody) {
    services.counters.rate_limit_hits.fetch_add(1, Ordering::Relaxed);
    if live.config.perf {
        tracing::info!(agent, request, "rate limited: {}", error.message);
    }
}

/// What a daemon that is stopping answers to everything new.
pub(super) fn stopping(services: &Services) -> ErrorBody {
    let retry_after_ms =
        u64::try_from(services.config.shutdown_timeout.as_millis()).unwrap_or(u64::MAX).min(500);
    ErrorBody::new(ErrorCode::Unavailable, "the daemon is stopping")
        .with_retry_after_ms(retry_after_ms)
        .with_suggestion("Nothing was done; connect again and repeat the request")
}

const fn via(purpose: Purpose) -> AuditVia {
    match purpose {
        Purpose::Library | Purpose::Probe => AuditVia::Library,
        Purpose::CommandLine => AuditVia::CommandLine,
        Purpose::Bridge => AuditVia::Mcp,
        Purpose::Benchmark => AuditVia::Benchmark,
    }
}

fn agent_of(envelope: &Envelope, peer: &Peer) -> Result<Option<String>, ErrorBody> {
    let agent = match &envelope.agent_id {
        Some(agent) => agent.clone(),
        None => peer.agent_id.clone(),
    };
    if agent.is_empty() {
        return Ok(None);
    }
    crate::handlers::checks::agent("agentId", &agent)?;
    Ok(Some(agent))
}

/// Tells whether a repeated key comes with the same request. Kept in the store, so its algorithm
/// may not change: the first 8 bytes of SHA-256.
fn fingerprint(bytes: &[u8]) -> u64 {
    let digest = Sha256::digest(bytes);
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}
