//! Lock a file, and wait for it in line when another has it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response,
    frame::FLAG_REPLAYED,
    limits,
    model::{Id, ScopeRef},
    request::CheckoutFile,
};

use super::{
    Call, Handled, Reply,
    checks::{self, JsonShape},
    lock_path,
};
use crate::{
    lifecycle::Phase,
    lock_lines::Place,
    store::{LockClaim, LockOwner, Write, file_taken, goes_to_others},
};

/// How often the first in line looks again where other daemons free files: what they tell may not be heard.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The answer has to be on its way before the caller gives up.
const ANSWER_BEFORE: Duration = Duration::from_millis(250);

pub(super) async fn handle(call: Call, request: CheckoutFile) -> Handled {
    let services = Arc::clone(&call.services);
    services.counters.locks_asked.fetch_add(1, Ordering::Relaxed);
    let handled = check_out(call, request).await;
    if handled.as_ref().is_err_and(|error| error.code == ErrorCode::FileLocked) {
        services.counters.locks_refused.fetch_add(1, Ordering::Relaxed);
    }
    handled
}

async fn check_out(call: Call, request: CheckoutFile) -> Handled {
    let asked_at = Instant::now();
    let wait = wait_of(&call, &request)?;
    let claim = claim_of(&call, request)?;
    let lines = &call.services.lock_lines;
    // Nobody passes those who wait, but its holder, who renews it. Who could not have it is told so at once.
    let waiting = lines.waiting(&claim.path);
    let project = claim.project_id.map(ScopeRef::project);
    if waiting == 0 || call.require("projectId", project).await.is_err() || is_held_by(&call, &claim).await? {
        match attempt(&call, &claim).await {
            Err(error) if error.code == ErrorCode::FileLocked && !wait.is_zero() => {}
            done => return done,
        }
    } else if wait.is_zero() {
        return Err(not_yet(&call, &claim).await);
    }
    let mut answer = in_line(&call, claim, asked_at + wait).await?;
    if let Reply::Made(Response::CheckedOut(checked_out)) = &mut answer.reply {
        checked_out.waited_ms = u64::try_from(asked_at.elapsed().as_millis()).unwrap_or(u64::MAX);
    }
    Ok(answer)
}

/// Takes a place in the line of the path, and tries from its head. An attempt that was begun is not given
/// up: it might have been granted.
async fn in_line(call: &Call, mut claim: LockClaim, until: Instant) -> Handled {
    let path = claim.path.clone();
    // Who is seen to wait has come before whoever comes to another daemon then.
    claim.ticket = call.services.store.locks.ticket().await?;
    let place = call.services.lock_lines.enter(&path)?;
    let turn = tokio::select! {
        turn = tokio::time::timeout_at(until.into(), place.turn()) => turn,
        () = call.services.shutdown.reached(Phase::Draining) => return Err(stopping()),
    };
    let Ok(_turn) = turn else {
        return Err(not_yet(call, &claim).await);
    };
    let outcome = at_its_head(call, &claim, &place, until).await;
    if let Some(ticket) = claim.ticket.filter(|_| !was_granted_now(&outcome)) {
        // It is found out without that, too, a little later.
        let _ = call.services.store.locks.leave_line(path.clone(), ticket).await;
    }
    outcome
}

/// Whether a lock was granted just now: then the place in the line of all daemons ended with that.
fn was_granted_now(outcome: &Handled) -> bool {
    outcome.as_ref().is_ok_and(|answer| {
        let is_new =
            matches!(answer.response(), Some(Response::CheckedOut(checked_out)) if !checked_out.renewed);
        is_new && answer.flags & FLAG_REPLAYED == 0
    })
}

async fn at_its_head(call: &Call, claim: &LockClaim, place: &Place<'_>, until: Instant) -> Handled {
    loop {
        if let Some(ticket) = claim.ticket {
            // First of this daemon's line; those of others are told, too.
            call.services.store.locks.stand_in_line(claim.path.clone(), ticket).await?;
        }
        let refused = match attempt(call, claim).await {
            Err(error) if error.code == ErrorCode::FileLocked => error,
            done => return done,
        };
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(refused);
        }
        // Its end by itself is told by nobody.
        let mut pause = left.min(Duration::from_millis(refused.retry_after_ms.unwrap_or(1).max(1)));
        if call.services.config.store.is_outside() {
            pause = pause.min(LOOK_AGAIN);
        }
        tokio::select! {
            () = place.freed() => {}
            () = tokio::time::sleep(pause) => {}
            () = call.services.shutdown.reached(Phase::Draining) => return Err(stopping()),
        }
    }
}

async fn attempt(call: &Call, claim: &LockClaim) -> Handled {
    let call = Call { now_ms: call.services.clock.now_ms(), ..call.clone() };
    let answer = call.write(Write::CheckoutFile(claim.clone())).await?;
    if let (Some(Response::CheckedOut(checked_out)), Some(redis)) = (answer.response(), &call.services.redis)
        && answer.flags & FLAG_REPLAYED == 0
    {
        redis.show_lock(&checked_out.lock, claim.ttl_ms);
    }
    Ok(answer)
}

async fn is_held_by(call: &Call, claim: &LockClaim) -> Result<bool, ErrorBody> {
    let held = call.services.store.locks.file_lock(claim.path.clone(), call.services.clock.now_ms()).await?;
    Ok(held.is_some_and(|held| claim.owner.holds(&held.lock)))
}

/// Why the file was not had: another has it, or it goes to those who were here before.
async fn not_yet(call: &Call, claim: &LockClaim) -> ErrorBody {
    let held = call.services.store.locks.file_lock(claim.path.clone(), call.services.clock.now_ms()).await;
    match held {
        Ok(Some(held)) => {
            let left_ms = i64::try_from(held.left_ms).unwrap_or(i64::MAX);
            file_taken(&held.lock, held.lock.expires_at_ms.saturating_sub(left_ms))
        }
        Ok(None) => goes_to_others(&claim.path),
        Err(error) => error.into(),
    }
}

fn claim_of(call: &Call, request: CheckoutFile) -> Result<LockClaim, ErrorBody> {
    let path = lock_path::normal(&request.path)?;
    let owner = owner(call, request.agent_id, request.session_id)?;
    checks::optional("reason", request.reason.as_ref(), limits::LOCK_REASON_CHARS_MAX)?;
    let ttl_ms = request.ttl_ms.unwrap_or(limits::LOCK_TTL_MS_DEFAULT);
    if !(limits::LOCK_TTL_MS_MIN..=limits::LOCK_TTL_MS_MAX).contains(&ttl_ms) {
        let allowed = format!("{} to {}", limits::LOCK_TTL_MS_MIN, limits::LOCK_TTL_MS_MAX);
        return Err(ErrorBody::invalid("ttlMs", ttl_ms, allowed));
    }
    Ok(LockClaim {
        id: call.new_id(),
        path,
        owner,
        project_id: request.project_id,
        reason: request.reason,
        metadata: checks::json("metadata", request.metadata, JsonShape::Object)?,
        ttl_ms,
        ticket: None,
    })
}

/// Who holds a lock, or is said to.
pub(super) fn owner(
    call: &Call,
    agent_id: Option<String>,
    session_id: Option<Id>,
) -> Result<LockOwner, ErrorBody> {
    let Some(agent_id) = call.agent_or("agentId", agent_id)? else {
        return Err(ErrorBody::missing("agentId")
            .with_allowed("the name of an agent")
            .with_suggestion("A lock belongs to an agent: say which, or set AGENT_MEMORY_AGENT"));
    };
    Ok(LockOwner { agent_id, session_id })
}

/// How long to wait at most.
fn wait_of(call: &Call, request: &CheckoutFile) -> Result<Duration, ErrorBody> {
    if request.wait_ms > limits::LOCK_WAIT_MS_MAX {
        let allowed = format!("0 to {}", limits::LOCK_WAIT_MS_MAX);
        return Err(ErrorBody::invalid("waitMs", request.wait_ms, allowed));
    }
    let until_deadline = call.deadline.saturating_duration_since(Instant::now());
    Ok(Duration::from_millis(request.wait_ms).min(until_deadline.saturating_sub(ANSWER_BEFORE)))
}

fn stopping() -> ErrorBody {
    ErrorBody::new(ErrorCode::Unavailable, "the daemon is stopping, and nobody waits in line any more")
        .with_retry_after_ms(500)
        .with_suggestion("The file was not checked out; connect again and repeat the request")
}
