//! Resources: the memory of the bound project, and single entries.

use agent_memory_proto::{
    ErrorBody, ErrorCode, Request,
    model::{EntryKind, Id},
    request::{EntrySelector, GetContext, GetEntry},
};
use rmcp::{
    ErrorData,
    model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate},
};
use serde_json::json;

use super::{arguments::Refusal, bridge::Bridge, prompts::failed, text};
use crate::CallOptions;

const CONTEXT: &str = "memory://context";
const ENTRY: &str = "memory://entry/";
const MIME: &str = "text/markdown";

/// The resources with a fixed address.
pub(super) fn list() -> Vec<Resource> {
    vec![
        Resource::new(CONTEXT, "context")
            .with_title("Project memory")
            .with_description("What memory holds for the bound project, most important first")
            .with_mime_type(MIME),
    ]
}

/// The others.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{ENTRY}{{id}}"), "entry")
            .with_title("Memory entry")
            .with_description("One guideline, knowledge or tool entry, whole")
            .with_mime_type(MIME),
    ]
}

/// What is at an address.
pub(super) async fn read(
    bridge: &Bridge,
    uri: String,
    client_name: &str,
) -> Result<ReadResourceResult, ErrorData> {
    let options = bridge.options(client_name);
    let found = if uri == CONTEXT {
        context(bridge, options).await
    } else {
        match uri.strip_prefix(ENTRY).map(str::parse::<Id>) {
            Some(Ok(id)) => entry(bridge, id, options).await,
            _ => return Err(missing(&uri)),
        }
    };
    let text = match found {
        Ok(text) => text,
        Err(body) if body.code == ErrorCode::NotFound => return Err(missing(&uri)),
        Err(body) => return Err(failed(&body)),
    };
    Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(MIME)]))
}

fn missing(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("no resource {uri:.200}"), Some(json!({ "uri": uri })))
}

async fn context(bridge: &Bridge, options: CallOptions) -> Result<String, Refusal> {
    let scopes = bridge.bound.scopes(&bridge.client, options.clone(), false).await?;
    let request = Request::GetContext(GetContext {
        scope: scopes.where_bound(),
        inherit: true,
        query: None,
        kinds: Vec::new(),
        budget_tokens: None,
        limit_per_kind: None,
    });
    ask(bridge, &request, options).await
}

/// The address does not say the kind, so each is asked for.
async fn entry(bridge: &Bridge, id: Id, options: CallOptions) -> Result<String, Refusal> {
    for kind in EntryKind::ALL {
        let selector = EntrySelector::Id(id);
        let request = Request::GetEntry(GetEntry { kind, selector, include_inactive: true });
        match ask(bridge, &request, options.clone()).await {
            Err(body) if body.code == ErrorCode::NotFound => {}
            other => return other,
        }
    }
    Err(Box::new(ErrorBody::not_found("entry", id)))
}

async fn ask(bridge: &Bridge, request: &Request, options: CallOptions) -> Result<String, Refusal> {
    let reply = bridge.client.call(request, options).await.map_err(|error| Box::new(error.to_body()))?;
    let names = bridge.names(request, &reply.response).await;
    let text = text::response(request, &reply.response, &names);
    Ok(text::with_degradation(text, reply.degraded.as_ref()))
}
