//! Remember plain text as the kind of entry it looks like.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response, limits,
    model::{EntryBody, PermissionLevel, ScopeRef},
    request::{AddEntry, EntryDraft, Remember},
    response::SimilarEntry,
};

use super::{Answer, Call, Handled, Reply, checks, drafts};
use crate::{
    remember::{Inferred, infer},
    store::{SimilarQuery, Write, gate},
};

/// Similar entries that are told.
const SIMILAR_MAX: usize = 3;

pub(super) async fn handle(call: Call, mut request: Remember) -> Handled {
    checks::required("text", &request.text, limits::REMEMBER_CHARS_MAX)?;
    // What the text is was decided, and permitted, by what was given; the title is made from what is kept.
    let given = infer(&request.text, request.force_kind);
    let kept = gate::pass_text(call.services.config.secrets, "text", request.text.clone(), &call.masked)?;
    let priority = request.priority.unwrap_or(limits::PRIORITY_DEFAULT);
    checks::priority(priority)?;
    let inferred = match kept == request.text {
        true => given,
        false => Inferred { name: infer(&kept, Some(given.kind)).name, ..given },
    };
    request.text = kept;
    let inferred_by = inferred.inferred_by.clone();
    let scope = request.scope;
    let text = request.text.clone();
    let draft = draft(request, inferred, priority);
    let entry = drafts::new_entry(&call, AddEntry { id: None, draft })?;
    let similar = similar(&call, text, scope).await?;
    let answer = call.write(Write::Remember { entry, inferred_by }).await?;
    let Answer { reply: Reply::Made(Response::Remembered(mut remembered)), flags, .. } = answer else {
        return Err(ErrorBody::new(
            ErrorCode::Internal,
            "the store answered a remembered text with something else",
        ));
    };
    let id = remembered.written.id;
    for entry in similar.into_iter().filter(|entry| entry.id != id) {
        if call.may(entry.scope, Some(entry.kind), PermissionLevel::Read).await? {
            remembered.similar.push(entry);
        }
    }
    remembered.similar.truncate(SIMILAR_MAX);
    Ok(Answer::made(Response::Remembered(remembered), flags, None))
}

/// Entries that may say the same. Nothing is like it in a scope that is not there: if that matters, the
/// write says so.
async fn similar(call: &Call, text: String, scope: ScopeRef) -> Result<Vec<SimilarEntry>, ErrorBody> {
    let scopes = match call.scopes(scope, true).await {
        Err(error) if error.code == ErrorCode::NotFound => return Ok(Vec::new()),
        chain => chain?.to_vec(),
    };
    // One more, since the entry itself may be among them when the request is a repeated one.
    let limit = SIMILAR_MAX as u32 + 1;
    let query = SimilarQuery { text, scopes, limit, deadline: call.deadline };
    Ok(call.services.store.search.similar(query).await?)
}

fn draft(request: Remember, inferred: Inferred, priority: u8) -> EntryDraft {
    let text = request.text;
    let body = match inferred.kind {
        agent_memory_proto::model::EntryKind::Guideline => EntryBody::Guideline {
            content: text,
            priority,
            rationale: None,
            examples: None,
            verification_rules: None,
        },
        agent_memory_proto::model::EntryKind::Knowledge => EntryBody::Knowledge {
            content: text,
            confidence: 1.0,
            source: None,
            valid_from_ms: None,
            valid_until_ms: None,
            invalidated_by: None,
        },
        agent_memory_proto::model::EntryKind::Tool => {
            EntryBody::Tool { description: text, parameters: None, examples: None, constraints: None }
        }
    };
    EntryDraft {
        scope: request.scope,
        name: inferred.name,
        category: inferred.category,
        tags: request.tags,
        metadata: None,
        body,
        created_by: None,
        change_reason: None,
    }
}
