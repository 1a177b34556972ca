//! Remember plain text as the kind of entry it looks like.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Response, limits,
    model::{EntryBody, Id},
    request::{AddEntry, EntryDraft, Remember, RememberInstead},
    response::{Remembered, RememberedInstead},
};

use super::{Answer, Call, Handled, Reply, checks, drafts, similar};
use crate::{
    remember::{Inferred, infer},
    store::{NewEntry, Succession, Write, gate},
};

pub(super) async fn handle(call: Call, request: Remember) -> Handled {
    let (entry, inferred_by) = inferred(&call, request)?;
    let (told, flags) = store(&call, &entry, Write::Remember { entry: entry.clone(), inferred_by }).await?;
    Ok(Answer::made(Response::Remembered(told.remembered), flags, None))
}

/// As [`handle`], and entries make room for it.
pub(super) async fn handle_instead(call: Call, request: RememberInstead) -> Handled {
    let RememberInstead { remember, supersedes } = request;
    let supersedes = similar::superseded(&call, &supersedes)?;
    let (entry, inferred_by) = inferred(&call, remember)?;
    let inferred_by = Some(inferred_by);
    let succession = Succession { entry: entry.clone(), inferred_by, supersedes };
    let (told, flags) = store(&call, &entry, Write::Succeed(Box::new(succession))).await?;
    Ok(Answer::made(Response::RememberedInstead(Box::new(told)), flags, None))
}

/// The entry that a text becomes, and which rule decided its kind.
fn inferred(call: &Call, mut request: Remember) -> Result<(NewEntry, String), ErrorBody> {
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
    let draft = draft(request, inferred, priority);
    Ok((drafts::new_entry(call, AddEntry { id: None, draft })?, inferred_by))
}

/// Stores it, and looks for what may say the same.
async fn store(call: &Call, entry: &NewEntry, write: Write) -> Result<(RememberedInstead, u8), ErrorBody> {
    let found = similar::find(call, "", entry.draft.body.text(), entry.draft.scope).await?;
    let Answer { reply, flags, .. } = call.write(write).await?;
    let mut told = match reply {
        Reply::Made(Response::Remembered(remembered)) => {
            RememberedInstead { remembered, superseded: Vec::new() }
        }
        Reply::Made(Response::RememberedInstead(told)) => *told,
        _ => {
            return Err(ErrorBody::new(
                ErrorCode::Internal,
                "the store answered a remembered text with something else",
            ));
        }
    };
    let Remembered { written, similar, .. } = &mut told.remembered;
    let without: Vec<Id> = told.superseded.iter().chain([&*written]).map(|one| one.id).collect();
    *similar = super::similar::tellable(call, found, &without).await?;
    Ok((told, flags))
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
